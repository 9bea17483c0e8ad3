//! What autoscalers do in the course of a run, as a table.

use super::{Page, plain_table};
use crate::results::explanation::{AutoscalerRow, ScalingRow};
use crate::results::words::counted;
use crate::units::SimTime;

/// Steps that are told one by one.
const MOST_STEPS: usize = 40;

impl Page {
    pub(super) fn autoscalers(&self, scalers: &[AutoscalerRow]) -> String {
        let told = scalers.iter().map(|scaler| self.autoscaler(scaler));
        told.collect()
    }

    fn autoscaler(&self, scaler: &AutoscalerRow) -> String {
        let mut text = format!("\nAutoscaler of {}\n", scaler.of);
        text += &self.paragraph(&scaler.rule);
        let row = |step: &ScalingRow| {
            vec![
                clock(step.asked_at),
                clock(step.at),
                format!("{} to {}", step.from, step.to),
                step.why.clone(),
            ]
        };
        let start = counted(u64::from(scaler.start), &scaler.unit);
        if scaler.steps.is_empty() {
            text += &self.paragraph(&format!("It stays at {start} all along."));
        } else {
            text += &self.paragraph(&format!("It begins with {start}."));
            let units = format!("{}s", scaler.unit);
            let header = [
                "asked for",
                "there",
                &units,
                "the load of the minute before",
            ];
            let rows = scaler.steps.iter().take(MOST_STEPS).map(row).collect();
            text += &plain_table(&header, rows, self.width);
        }
        let hidden = scaler.steps.len().saturating_sub(MOST_STEPS);
        if hidden > 0 {
            text += &self.paragraph(&format!(
                "And {} more: --format json has all of them.",
                counted(hidden as u64, "step")
            ));
        }
        text += &self
            .paragraph("The rule sees the load to expect, never what chance makes of it in a run.");
        let unseen = scaler.unseen.iter().map(|unseen| self.paragraph(unseen));
        text + &unseen.collect::<String>()
    }
}

/// An instant of the run, to the second.
fn clock(seconds: f64) -> String {
    SimTime::from_secs_f64(seconds.round()).to_string()
}

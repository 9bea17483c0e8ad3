//! Autoscalers: rules by which node pools and firewalls scale in the course of a run.
//!
//! A rule looks at the load to expect, minute by minute, and never at the chance of a replication. So what it does is known
//! before the run: it becomes events at known instants, the same in every replication.

mod expected;
mod firewall;
mod nodes;

pub(super) use firewall::Passing;
pub(super) use nodes::NodeRule;

use super::Note;
use crate::fault::Code;
use crate::outbound::plural;
use crate::units::SimTime;

/// What a rule made of the load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Autoscaler {
    /// What scales, as in a sentence: `node pool apps`, `firewall Firewall`.
    pub of: String,
    /// What it scales by: `node` or `instance`.
    pub unit: &'static str,
    /// The rule, a sentence or two.
    pub rule: String,
    /// How many there are at the start.
    pub start: u32,
    /// What it does in the course of the run, in the order in which that takes effect.
    pub steps: Vec<ScalingStep>,
    /// What of the load the rule cannot see, a sentence each.
    pub unseen: Vec<String>,
}

/// One step of an autoscaler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScalingStep {
    /// When the rule asked for it.
    pub asked_at: SimTime,
    /// When it takes effect, before the end of the run.
    pub at: SimTime,
    /// How many there were.
    pub from: u32,
    /// How many there are from then on.
    pub to: u32,
    /// Why, with the arithmetic.
    pub why: String,
}

/// How often a rule looks, which is what it averages over: Azure Monitor's grain.
const MINUTE: SimTime = SimTime::from_secs(60);

impl Autoscaler {
    /// What a reader of a result should know.
    pub(super) fn note(&self) -> Note {
        let counts = self.steps.iter().map(|step| step.to).chain([self.start]);
        let (least, most) = counts.fold((u32::MAX, 0), |(least, most), count| {
            (least.min(count), most.max(count))
        });
        let done = match self.steps.len() {
            0 => format!("stays at {}", plural(self.start, self.unit)),
            steps => format!(
                "scales {} by its rule, between {least} and {}",
                plural(steps as u64, "time"),
                plural(most, self.unit)
            ),
        };
        let mut text = format!(
            "The {} {done}. The rule sees the load to expect of every minute, not what chance makes of it in a \
             replication; `snatsim explain` has its schedule.",
            self.of
        );
        for unseen in &self.unseen {
            text += " ";
            text += unseen;
        }
        Note {
            code: Code::F0171,
            text,
        }
    }
}

/// The ends of the minutes of a run, each with when it began.
fn minutes(duration: SimTime) -> impl Iterator<Item = (SimTime, SimTime)> {
    let count = duration.as_nanos().div_ceil(MINUTE.as_nanos());
    let end = |minute: u64| SimTime::from_nanos(minute * MINUTE.as_nanos());
    (1..count).map(move |minute| (end(minute - 1), end(minute)))
}

/// A rate or a number of connections, as people read it.
fn figure(number: f64) -> String {
    match number {
        n if n >= 100.0 => crate::outbound::thousands(n.round() as i64),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

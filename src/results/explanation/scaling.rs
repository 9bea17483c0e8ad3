//! What autoscalers do in the course of a run, which is known before it.

use crate::model::{Autoscaler, Model, ScalingStep};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an autoscaler does. Times in seconds from the start of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutoscalerRow {
    /// What scales, such as `node pool apps`.
    pub of: String,
    /// What it scales by: `node` or `instance`.
    pub unit: String,
    /// Its rule.
    pub rule: String,
    /// How many there are at the start.
    pub start: u32,
    /// The most there ever are.
    pub highest: u32,
    /// What it does, in the order of time.
    pub steps: Vec<ScalingRow>,
    /// What of the load the rule cannot see.
    pub unseen: Vec<String>,
}

/// A step of an autoscaler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScalingRow {
    /// When the rule asks for it.
    pub asked_at: f64,
    /// When it takes effect.
    pub at: f64,
    /// How many there were.
    pub from: u32,
    /// How many there are from then on.
    pub to: u32,
    /// Why, with the arithmetic.
    pub why: String,
}

pub(super) fn of(model: &Model) -> Vec<AutoscalerRow> {
    model.autoscalers.iter().map(row).collect()
}

fn row(scaler: &Autoscaler) -> AutoscalerRow {
    let counts = scaler.steps.iter().map(|step| step.to);
    let taken = |step: &ScalingStep| ScalingRow {
        asked_at: step.asked_at.as_secs_f64(),
        at: step.at.as_secs_f64(),
        from: step.from,
        to: step.to,
        why: step.why.clone(),
    };
    AutoscalerRow {
        of: scaler.of.clone(),
        unit: scaler.unit.to_owned(),
        rule: scaler.rule.clone(),
        start: scaler.start,
        highest: counts.chain([scaler.start]).max().unwrap_or(scaler.start),
        steps: scaler.steps.iter().map(taken).collect(),
        unseen: scaler.unseen.clone(),
    }
}

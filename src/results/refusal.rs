//! The document of a scenario that could not become a model.

use super::document::*;
use super::figures::About;
use super::findings;
use crate::fault::Fault;
use crate::model::Model;
use crate::scenario::Loaded;

/// The document of `loaded`, a variation of the scenario of `base` that breaks the rules of `faults`: every outbound
/// type is refused.
pub fn refused(loaded: &Loaded, base: &Model, faults: &[Fault], about: &About) -> Document {
    let spec = &loaded.spec;
    let reason = faults.first().map_or("", |fault| fault.found.as_str());
    let outbounds = spec.outbound.as_deref().unwrap_or_default();
    let assumptions = match &spec.assumptions {
        Some(words) => words
            .resolve("")
            .unwrap_or_else(|_| base.assumptions.clone()),
        None => base.assumptions.clone(),
    };
    Document {
        schema_version: SCHEMA_VERSION,
        snatsim: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: spec.name.clone().unwrap_or_else(|| base.name.clone()),
        scenario_sha256: about.scenario_sha256.clone(),
        seed: spec.seed.unwrap_or(base.seed.0),
        replications: spec.replications.unwrap_or(base.replications),
        duration: spec.duration.as_secs_f64(),
        warmup: spec.warmup.unwrap_or(base.warmup).as_secs_f64(),
        confidence: spec.confidence.unwrap_or(base.confidence),
        outbounds: outbounds
            .iter()
            .map(|outbound| {
                let kind = outbound.outbound_type.clone().unwrap_or_default();
                OutboundResult {
                    name: outbound.name.clone().unwrap_or_else(|| kind.clone()),
                    outbound_type: kind,
                    verdict: Verdict::Refused,
                    summary: format!("The scenario breaks a rule: {reason}"),
                    depends_on: Vec::new(),
                    alternatives: None,
                    findings: faults.iter().map(findings::refusal).collect(),
                    figures: None,
                }
            })
            .collect(),
        clock_at_start: None,
        bursts: Vec::new(),
        comparisons: Vec::new(),
        assumptions: serde_json::to_value(assumptions).expect("assumptions are plain values"),
        not_tried: Vec::new(),
    }
}

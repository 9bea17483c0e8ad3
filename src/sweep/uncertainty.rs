//! Reruns under what else documents say of each assumption: which of them a verdict hangs on.

use crate::engine::{Grouping, IpChoice, PoolPlan};
use crate::fault::Code;
use crate::model::{self, Model, Outbound};
use crate::outbound::Assumptions;
use crate::results::holds::same_holds;
use crate::results::{self, About, Alternative, Document, NotTried, OutboundResult};
use crate::scenario::{Diagnostics, Loaded};
use crate::simulate::{Detail, simulate};
use crate::units::SimTime;
use std::io;

/// A rerun: one assumption with another value, and the outbound types that this can matter to.
#[derive(Clone, Debug)]
pub struct Trial {
    assumption: &'static str,
    value: &'static str,
    model: Model,
    /// Places of its outbounds among those of the scenario.
    outbounds: Vec<usize>,
}

/// The reruns of a scenario.
#[derive(Clone, Debug)]
pub struct Trials {
    /// Those that can change something.
    pub runs: Vec<Trial>,
    /// Readings under which the scenario cannot be simulated.
    pub not_tried: Vec<NotTried>,
}

/// All reruns that can change something: one assumption at a time, each value but the one in force. `document` is the
/// result of `model`, which `loaded` made.
///
/// # Errors
/// A file of the scenario that was there before and is no longer.
pub fn trials(
    loaded: &Loaded,
    model: &Model,
    document: &Document,
    files: &mut dyn FnMut(&str) -> io::Result<Vec<u8>>,
) -> Result<Trials, Diagnostics> {
    let said = loaded.spec.assumptions.clone().unwrap_or_default();
    let (mut runs, mut not_tried) = (Vec::new(), Vec::new());
    for assumption in Assumptions::ALL {
        for value in model.assumptions.others(assumption.name) {
            let mut varied = loaded.clone();
            varied.spec.assumptions = Some(said.with(assumption.name, value));
            let mut varied = match model::build(&varied, files) {
                Ok(varied) => varied,
                Err(found) if found.only(Code::E0416) => {
                    not_tried.push(NotTried {
                        assumption: assumption.name.to_owned(),
                        value: reading(value),
                    });
                    continue;
                }
                Err(found) => return Err(found),
            };
            let pairs = model.outbounds.iter().zip(&varied.outbounds).enumerate();
            let outbounds: Vec<usize> = pairs
                .filter(|(i, (was, is))| {
                    // Every connection meets its node.
                    let nodes = was.plan.is_ok() && model.node_nat != varied.node_nat;
                    nodes || can_matter((model, was), (&varied, is), &document.outbounds[*i])
                })
                .map(|(i, _)| i)
                .collect();
            let kept = outbounds
                .iter()
                .map(|i| varied.outbounds[*i].clone())
                .collect();
            varied.outbounds = kept;
            if !outbounds.is_empty() {
                runs.push(Trial {
                    assumption: assumption.name,
                    value,
                    model: varied,
                    outbounds,
                });
            }
        }
    }
    Ok(Trials { runs, not_tried })
}

/// Runs all of them, on the connections of `document`, and writes into it what they came to.
pub fn run_trials(
    trials: &Trials,
    document: &mut Document,
    about: &About,
    progress: &(dyn Fn(u64, u64) + Sync),
) {
    let mut found: Vec<Vec<Alternative>> = vec![Vec::new(); document.outbounds.len()];
    let in_all = trials.runs.len() as u64;
    for (done, trial) in (0..).zip(&trials.runs) {
        progress(done, in_all);
        let run = simulate(&trial.model, Detail::Table, &|_, _| ());
        let varied = results::document(&trial.model, &run, about);
        for (place, outbound) in trial.outbounds.iter().zip(varied.outbounds) {
            found[*place].push(Alternative {
                assumption: trial.assumption.to_owned(),
                value: reading(trial.value),
                verdict: outbound.verdict,
                failure_probability: outbound.figures.map(|figures| figures.failure_probability),
            });
        }
    }
    progress(in_all, in_all);
    document.not_tried.clone_from(&trials.not_tried);
    for (outbound, found) in document.outbounds.iter_mut().zip(found) {
        results::add_alternatives(outbound, found);
    }
}

/// A value of the table of assumptions, as in a scenario.
fn reading(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("the table holds JSON texts")
}

/// Whether a rerun could come to anything else: the outbound type as it was in `model` and is in `varied`.
fn can_matter(
    (model, was): (&Model, &Outbound),
    (varied, is): (&Model, &Outbound),
    result: &OutboundResult,
) -> bool {
    if was.plan.is_ok() != is.plan.is_ok() || model.epochs != varied.epochs {
        return true;
    }
    let (mut before, mut after) = (was.plans(), is.plans());
    loop {
        match (before.next(), after.next()) {
            (None, None) => return was.buckets != is.buckets || breaking(was) != breaking(is),
            (Some(was), Some(is)) if !plan_can_matter(model, was, is, result) => {}
            _ => return true,
        }
    }
}

/// Of each change of the type, whether it breaks what is open.
fn breaking(outbound: &Outbound) -> Vec<bool> {
    let migrations = outbound.migrations.iter();
    migrations.map(|migration| migration.breaks).collect()
}

fn plan_can_matter(model: &Model, was: &PoolPlan, is: &PoolPlan, result: &OutboundResult) -> bool {
    let figures = result.figures.as_ref();
    // Counters leave the warm-up out.
    let none_refused = model.warmup == SimTime::ZERO
        && figures.is_some_and(|figures| figures.connections.refused_syns == 0);
    // While a destination is silent, connections meet a half-open time that they do not meet otherwise.
    let silence = model.epochs.iter().any(|epoch| !epoch.silent.is_empty());
    let mut alike = PoolPlan {
        holds: match silence || !same_holds(model, was, is) {
            true => is.holds,
            false => was.holds,
        },
        ..is.clone()
    };
    if none_refused {
        // What a refused SYN looks like, and where a try would have looked on, never came up.
        alike.refused_syn = was.refused_syn;
    }
    if let Grouping::Buckets { ips, choice, .. } = was.grouping
        && (ips == 1 || none_refused && choice == IpChoice::Random)
    {
        alike.grouping = was.grouping.clone();
    }
    alike != *was
}

#[cfg(test)]
mod tests;

//! What a sweep comes to: how often each verdict was given, and where failures begin.

use super::axes::Grid;
use super::manifest::Manifest;
use crate::results::{Document, Estimate, Verdict};

/// What a sweep comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Name of the sweep.
    pub sweep: String,
    /// Points that were looked at.
    pub points: u64,
    /// Points of the whole sweep.
    pub of: u64,
    /// Replications of every point.
    pub replications: u32,
    /// Seed of every point.
    pub seed: u64,
    /// Rows of the table by verdict, from the best to the worst.
    pub verdicts: [(Verdict, u64); 5],
    /// Every outbound, in the order of its first appearance.
    pub outbounds: Vec<Outbound>,
}

/// An outbound of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Outbound {
    /// Name.
    pub name: String,
    /// Points at which it was simulated.
    pub simulated: u64,
    /// Points at which connections failed for lack of a port.
    pub exhausted: u64,
    /// The first of them.
    pub first_failure: Option<FirstFailure>,
}

/// The first point at which connections fail.
#[derive(Clone, Debug, PartialEq)]
pub struct FirstFailure {
    /// Its number.
    pub point: u64,
    /// Name and value of every axis.
    pub at: Vec<(String, String)>,
    /// How many failed.
    pub failure_probability: Estimate,
}

impl Summary {
    /// Of no point yet.
    pub(super) fn new(manifest: &Manifest) -> Summary {
        Summary {
            sweep: manifest.sweep.clone(),
            points: 0,
            of: manifest.points,
            replications: manifest.replications,
            seed: manifest.seed,
            verdicts: Verdict::ALL.map(|verdict| (verdict, 0)),
            outbounds: Vec::new(),
        }
    }

    /// Takes in a point; they come in order.
    pub(super) fn add(&mut self, grid: &Grid, point: u64, document: &Document) {
        self.points += 1;
        let at = || {
            let at = grid.at(point);
            let labels = at.iter();
            labels
                .map(|(dimension, i)| (dimension.name.clone(), dimension.labels[*i].clone()))
                .collect()
        };
        for result in &document.outbounds {
            let figures = result.figures.as_ref();
            let failed = figures.map(|figures| &figures.failure_probability);
            self.add_row(point, &result.name, result.verdict, failed, at);
        }
    }

    /// Takes in a row of the table: the verdict on an outbound at a point, how many failed where it was simulated, and
    /// name and value of every axis there.
    pub(super) fn add_row(
        &mut self,
        point: u64,
        name: &str,
        verdict: Verdict,
        failed: Option<&Estimate>,
        at: impl FnOnce() -> Vec<(String, String)>,
    ) {
        self.verdicts[verdict as usize].1 += 1;
        let known = self.outbounds.iter().position(|known| known.name == name);
        let index = known.unwrap_or_else(|| {
            self.outbounds.push(Outbound {
                name: name.to_owned(),
                simulated: 0,
                exhausted: 0,
                first_failure: None,
            });
            self.outbounds.len() - 1
        });
        let outbound = &mut self.outbounds[index];
        let Some(failed) = failed else {
            return;
        };
        outbound.simulated += 1;
        if verdict == Verdict::Exhausted {
            outbound.exhausted += 1;
            outbound.first_failure.get_or_insert_with(|| FirstFailure {
                point,
                at: at(),
                failure_probability: failed.clone(),
            });
        }
    }
}

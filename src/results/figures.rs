//! From a run to the document: every outbound with its verdict, its figures and its findings.

mod outbound;
mod probability;
#[cfg(test)]
mod tests;
mod verdict;

pub(super) use verdict::TIGHT;

use super::analytic::{self, Analysis};
use super::document::*;
use super::holds::{HoldTimes, Slowest, hold_times, slowest};
use super::interval;
use super::{findings, summary, varying};
use crate::engine::{Grouping, PoolPlan};
use crate::model::{Model, Outbound, Stage};
use crate::record::Tally;
use crate::simulate::{OutboundRun, RunResult};

/// What a document says that neither the model nor the run knows.
#[derive(Clone, Debug)]
pub struct About {
    /// SHA-256 of the scenario after overrides and of every file it names, in hexadecimal.
    pub scenario_sha256: String,
    /// Whether outbounds are compared with each other.
    pub compare: bool,
}

/// The document of a run. A run with [`Detail::Table`](crate::simulate::Detail::Table) leaves out what needs minute series.
pub fn document(model: &Model, run: &RunResult, about: &About) -> Document {
    let subjects: Vec<Option<Subject>> = model
        .outbounds
        .iter()
        .zip(&run.outbounds)
        .map(|(outbound, run)| Subject::of(model, outbound, run.as_ref()))
        .collect();
    let outbounds = model
        .outbounds
        .iter()
        .zip(&subjects)
        .map(|(outbound, subject)| match (&outbound.plan, subject) {
            (Err(faults), _) => findings::refused(outbound, faults),
            (Ok(_), Some(subject)) => subject.result(about),
            (Ok(_), None) => unreachable!("every outbound that Azure accepts was simulated"),
        })
        .collect();
    Document {
        schema_version: SCHEMA_VERSION,
        snatsim: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: model.name.clone(),
        scenario_sha256: about.scenario_sha256.clone(),
        seed: model.seed.0,
        replications: model.replications,
        duration: model.duration.as_secs_f64(),
        warmup: model.warmup.as_secs_f64(),
        confidence: model.confidence,
        clock_at_start: varying::clock_at_start(model),
        bursts: varying::bursts(model),
        outbounds,
        comparisons: if about.compare {
            comparisons(model, &subjects)
        } else {
            Vec::new()
        },
        assumptions: serde_json::to_value(&model.assumptions)
            .expect("assumptions are plain values"),
        not_tried: Vec::new(),
    }
}

/// Paired differences of all outbounds that were simulated, in the order of the file.
fn comparisons(model: &Model, subjects: &[Option<Subject>]) -> Vec<Comparison> {
    let simulated: Vec<&Subject> = subjects.iter().flatten().collect();
    let mut found = Vec::new();
    for (index, a) in simulated.iter().enumerate() {
        for b in &simulated[index + 1..] {
            let (of_a, of_b) = (a.shares(|run| &run.total), b.shares(|run| &run.total));
            let paired = interval::paired_difference(&of_a, &of_b, model.confidence);
            found.extend(paired.map(|(difference, bounds)| Comparison {
                a: a.outbound.name.clone(),
                b: b.outbound.name.clone(),
                metric: "failureProbability".to_owned(),
                difference,
                low: bounds.map(|bounds| bounds.low),
                high: bounds.map(|bounds| bounds.high),
                pairs: of_a.len() as u32,
            }));
        }
    }
    found
}

/// One outbound that was simulated, with what its figures are made from.
pub(super) struct Subject<'a> {
    pub model: &'a Model,
    pub outbound: &'a Outbound,
    pub plan: &'a PoolPlan,
    pub run: &'a OutboundRun,
    /// Counters summed over replications.
    pub total: Tally,
    /// Hold times that the model implies; none without connections.
    pub holds: Option<HoldTimes>,
    /// The workload that takes longest to fill its share of the ports.
    pub slowest: Option<Slowest>,
    analysis: Analysis,
}

impl<'a> Subject<'a> {
    fn of(model: &'a Model, outbound: &'a Outbound, run: Option<&'a OutboundRun>) -> Option<Self> {
        let (Ok(plan), Some(run)) = (&outbound.plan, run) else {
            return None;
        };
        let reaching = model.reaching(outbound);
        Some(Subject {
            model,
            outbound,
            plan,
            run,
            total: sum(run.replications.iter().map(|run| &run.total)),
            holds: hold_times(&reaching, plan),
            slowest: slowest(&reaching, plan),
            analysis: match (refused_by_nodes(run), outbound.stages(model.nodes.len())) {
                (true, _) => {
                    analytic::analyse(&reaching, plan).against("connections refused on nodes")
                }
                (false, stages) if stages.len() > 1 => {
                    let pools = stages.last().map_or(0, |last| last.pools.end);
                    analytic::analyse(&reaching, plan).of_several_types(pools)
                }
                (false, _) => analytic::analyse(&reaching, plan),
            },
        })
    }

    fn result(&self, about: &About) -> OutboundResult {
        let figures = self.figures();
        let of_ports = self.verdict_of_ports();
        let of_nodes = figures.node_nat.as_ref().map(NodeNatResult::verdict);
        let verdict = of_nodes.map_or(of_ports, |of_nodes| of_nodes.max(of_ports));
        OutboundResult {
            name: self.outbound.name.clone(),
            outbound_type: self.outbound.kind.word().to_owned(),
            verdict,
            summary: summary::summary(of_ports, &figures, self),
            depends_on: self.depends_on(of_ports),
            alternatives: None,
            findings: findings::findings(of_ports, &figures, self, about),
            figures: Some(figures),
        }
    }

    fn pool_count(&self) -> usize {
        let stages = self.outbound.stages(self.model.nodes.len());
        stages.last().map_or(0, |last| last.pools.end)
    }

    /// What each of its pools is.
    pub fn pool_kind(&self) -> PoolKind {
        let stages = self.outbound.stages(self.model.nodes.len());
        let kind = |stage: &Stage| match stage.plan().grouping {
            Grouping::ByNode => PoolKind::Node,
            Grouping::Buckets { .. } => PoolKind::Bucket,
            Grouping::ByGateway(_) => PoolKind::Gateway,
            Grouping::Shared if stage.kind.is_nat_gateway() => PoolKind::Gateway,
            Grouping::Shared => PoolKind::Pool,
        };
        let mut kinds = stages.iter().map(kind);
        let first = kinds.next().unwrap_or(PoolKind::Pool);
        match kinds.all(|kind| kind == first) {
            true => first,
            false => PoolKind::Pool,
        }
    }

    pub fn pool_name(&self, pool: usize) -> String {
        self.model.pool_name(self.outbound, pool)
    }
}

/// Whether any connection that takes a port was refused on its node.
fn refused_by_nodes(run: &OutboundRun) -> bool {
    let mut runs = run.replications.iter();
    runs.any(|run| run.total.kept != [0; 3])
}

fn sum<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut sum, tally| {
        sum.add(tally);
        sum
    })
}

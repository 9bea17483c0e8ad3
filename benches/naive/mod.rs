//! The naive simulator everybody writes first, as the baseline: one `BinaryHeap` of (time, sequence, what) with every
//! arrival and every release in it.
//!
//! Two of them: [`loss`] knows one workload, one endpoint and one SYN, [`retrying`] everything else that the benches
//! simulate. Neither records more than the counts it returns.

mod loss;
mod retrying;

use snatsim::engine::{Grouping, PoolPlan};
use snatsim::model::Model;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What came of the connections of one run.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Connections that arrived.
    pub offered: u64,
    /// Those that found no port.
    pub failed: u64,
    /// Those undecided at the end.
    pub pending: u64,
}

/// One run of the only outbound type of `model`.
pub fn simulate(model: &Model, seed: u64) -> Counts {
    let [outbound] = &model.outbounds[..] else {
        panic!(
            "{}: the naive simulator takes one outbound type",
            model.name
        );
    };
    let plan = outbound.plan.as_ref().expect("Azure accepts it");
    match loss::Workload::of(model, plan) {
        Some(workload) => loss::simulate(&workload, seed),
        None => retrying::simulate(model, plan, seed),
    }
}

/// Pools, and the seconds for which a port is held after the end of its connection.
fn pools_and_hold(model: &Model, plan: &PoolPlan) -> (usize, f64) {
    assert!(plan.active_limit.is_none(), "one limit a pool");
    assert!(
        !matches!(plan.grouping, Grouping::ByGateway(_)),
        "all pools alike"
    );
    let pools = plan.pools(model.nodes.len());
    (pools, plan.holds.after_fin.as_secs_f64())
}

struct Event<W> {
    at: f64,
    sequence: u64,
    what: W,
}

impl<W> PartialEq for Event<W> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<W> Eq for Event<W> {}

impl<W> PartialOrd for Event<W> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<W> Ord for Event<W> {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .at
            .total_cmp(&self.at)
            .then(other.sequence.cmp(&self.sequence))
    }
}

/// The one queue.
struct Queue<W> {
    events: BinaryHeap<Event<W>>,
    sequence: u64,
}

impl<W> Queue<W> {
    fn new() -> Self {
        Queue {
            events: BinaryHeap::new(),
            sequence: 0,
        }
    }

    fn push(&mut self, at: f64, what: W) {
        self.sequence += 1;
        let sequence = self.sequence;
        self.events.push(Event { at, sequence, what });
    }

    /// The next event, unless it is not before `end`.
    fn pop(&mut self, end: f64) -> Option<(f64, W)> {
        let Event { at, what, .. } = self.events.pop()?;
        (at < end).then_some((at, what))
    }
}

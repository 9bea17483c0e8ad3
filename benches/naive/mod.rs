//! The naive simulator everybody writes first, as the baseline: one `BinaryHeap` of (time, sequence, what) with every
//! arrival and every release in it.
//!
//! [`loss`] knows one workload, one endpoint and one SYN; [`halved`] pools that lose ports in the course of that, [`quiet`]
//! connections that fall silent and [`requests`] pools of connections; [`retrying`] everything else that the benches
//! simulate. None records more than the counts it returns.

mod halved;
mod loss;
mod quiet;
mod requests;
mod retrying;

use snatsim::engine::{Grouping, PoolPlan, Protocol};
use snatsim::model::{Mix, Model, OpenProcess, Traffic, Workload};
use snatsim::traffic::Law;
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
    if model.has_events() {
        return halved::simulate(model, outbound, seed);
    }
    if model.workloads[0].pool.is_some() {
        return requests::simulate(model, plan, seed);
    }
    if model.workloads[0].packets.reconnects {
        return quiet::simulate(model, plan, seed);
    }
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

/// Arrivals per second of a workload, from where to where, how long and which end; none where they are more than Poisson.
fn poisson(workload: &Workload) -> Option<(f64, &Mix)> {
    match &workload.traffic {
        Traffic::Open {
            process: OpenProcess::Poisson,
            per_second,
            profile: None,
            bursts,
            mix,
        } if bursts.is_empty() => Some((*per_second, mix)),
        _ => None,
    }
}

/// The only workload, its arrivals per second and node, and the mean of its lives, where that is all there is to it.
fn only(model: &Model) -> (&Workload, f64, f64) {
    let [workload] = &model.workloads[..] else {
        panic!("{}: one workload", model.name);
    };
    let Some((per_second, mix)) = poisson(workload) else {
        panic!("{}: Poisson arrivals only", workload.name);
    };
    let Law::Exponential { mean } = mix.lifetime else {
        panic!("{}: exponential lives only", workload.name);
    };
    let plain = mix.endpoints.len() == 1
        && mix.close.fin == 1.0
        && mix.nodes.len() == model.nodes.len()
        && workload.connect.syn_retries + workload.connect.syn_linear_timeouts == 0
        && workload.retry.attempts == 1;
    assert!(
        plain,
        "{}: one SYN toward one endpoint from every node",
        workload.name
    );
    (workload, per_second / model.nodes.len() as f64, mean)
}

/// From a refused SYN to the end of its only try, in seconds.
fn patience(workload: &Workload) -> f64 {
    workload.schedule(Protocol::Tcp).end as f64 / 1e9
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

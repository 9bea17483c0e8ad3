//! The naive simulator everybody writes first, as the baseline: one `BinaryHeap` with every arrival and every release
//! in it, an arrival event per node, a release event per accepted connection.

use rand_distr::{Distribution, Exp};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// What is simulated: Poisson arrivals, each port held for an exponential and then a fixed time.
pub struct Workload {
    /// Nodes, each with its own arrivals.
    pub nodes: usize,
    /// Pools: one a node, or one for all.
    pub pools: usize,
    /// Ports per pool.
    pub ports: u32,
    /// Arrivals per second over all nodes.
    pub per_second: f64,
    /// Mean of the exponential part of a hold.
    pub active_seconds: f64,
    /// Fixed part of a hold.
    pub hold_seconds: f64,
    /// Length of the run.
    pub seconds: f64,
    /// Seed.
    pub seed: u64,
}

enum What {
    Arrival { node: usize },
    Release { pool: usize },
}

struct Event {
    at: f64,
    sequence: u64,
    what: What,
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .at
            .total_cmp(&self.at)
            .then(other.sequence.cmp(&self.sequence))
    }
}

/// Connections offered and lost.
pub fn simulate(workload: &Workload) -> (u64, u64) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(workload.seed);
    let gap = Exp::new(workload.per_second / workload.nodes as f64).unwrap();
    let active = Exp::new(1.0 / workload.active_seconds).unwrap();
    let mut events = BinaryHeap::new();
    let mut used = vec![0u32; workload.pools];
    let (mut sequence, mut offered, mut lost) = (0, 0, 0);
    let mut push = |events: &mut BinaryHeap<Event>, at, what| {
        sequence += 1;
        events.push(Event { at, sequence, what });
    };
    for node in 0..workload.nodes {
        push(&mut events, gap.sample(&mut rng), What::Arrival { node });
    }
    while let Some(Event { at, what, .. }) = events.pop() {
        if at >= workload.seconds {
            break;
        }
        match what {
            What::Release { pool } => used[pool] -= 1,
            What::Arrival { node } => {
                let pool = node % workload.pools;
                offered += 1;
                if used[pool] < workload.ports {
                    used[pool] += 1;
                    let held = active.sample(&mut rng) + workload.hold_seconds;
                    push(&mut events, at + held, What::Release { pool });
                } else {
                    lost += 1;
                }
                push(
                    &mut events,
                    at + gap.sample(&mut rng),
                    What::Arrival { node },
                );
            }
        }
    }
    (offered, lost)
}

//! One workload toward one endpoint, one SYN a connection: an arrival event a node, a release event an accepted
//! connection.

use super::{Counts, Queue, patience, poisson, pools_and_hold};
use rand_distr::{Distribution, Exp};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use snatsim::engine::{Grouping, PoolPlan};
use snatsim::model::Model;
use snatsim::traffic::Law;

/// What is simulated: Poisson arrivals, each port held for an exponential and then a fixed time.
pub struct Workload {
    /// Nodes, each with its own arrivals.
    nodes: usize,
    /// Pools: one a node, or one for all.
    pools: usize,
    /// Ports per pool.
    ports: u32,
    /// Arrivals per second over all nodes.
    per_second: f64,
    /// Mean of the exponential part of a hold.
    active_seconds: f64,
    /// Fixed part of a hold.
    hold_seconds: f64,
    /// From a refused SYN to the end of its only try.
    patience: f64,
    /// Length of the run.
    seconds: f64,
}

impl Workload {
    /// What `model` says, if it is as plain as that.
    pub fn of(model: &Model, plan: &PoolPlan) -> Option<Self> {
        let [workload] = &model.workloads[..] else {
            return None;
        };
        let (per_second, mix) = poisson(workload)?;
        let Law::Exponential { mean } = mix.lifetime else {
            return None;
        };
        let one_syn = workload.connect.syn_retries + workload.connect.syn_linear_timeouts == 0;
        let even = mix.nodes.len() == model.nodes.len()
            && mix.nodes.iter().all(|(_, share)| *share == mix.nodes[0].1);
        let plain = one_syn
            && even
            && workload.retry.attempts == 1
            && mix.endpoints.len() == 1
            && mix.close.fin == 1.0
            && !matches!(plan.grouping, Grouping::Buckets { .. });
        let (pools, hold_seconds) = pools_and_hold(model, plan);
        plain.then_some(Workload {
            nodes: model.nodes.len(),
            pools,
            ports: plan.limit,
            per_second,
            active_seconds: mean,
            hold_seconds,
            patience: patience(workload),
            seconds: model.duration.as_secs_f64(),
        })
    }
}

enum What {
    Arrival { node: usize },
    Release { pool: usize },
}

/// One run.
pub fn simulate(workload: &Workload, seed: u64) -> Counts {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let gap = Exp::new(workload.per_second / workload.nodes as f64).unwrap();
    let active = Exp::new(1.0 / workload.active_seconds).unwrap();
    let mut queue = Queue::new();
    let mut used = vec![0u32; workload.pools];
    let (mut offered, mut established, mut failed) = (0, 0, 0);
    for node in 0..workload.nodes {
        queue.push(gap.sample(&mut rng), What::Arrival { node });
    }
    while let Some((at, what)) = queue.pop(workload.seconds) {
        match what {
            What::Release { pool } => used[pool] -= 1,
            What::Arrival { node } => {
                let pool = node % workload.pools;
                offered += 1;
                if used[pool] < workload.ports {
                    used[pool] += 1;
                    established += 1;
                    let held = active.sample(&mut rng) + workload.hold_seconds;
                    queue.push(at + held, What::Release { pool });
                } else if at + workload.patience < workload.seconds {
                    failed += 1;
                }
                queue.push(at + gap.sample(&mut rng), What::Arrival { node });
            }
        }
    }
    Counts {
        offered,
        failed,
        pending: offered - established - failed,
    }
}

//! One workload whose requests go through pools of connections toward one endpoint: the idle connection used last, or a new
//! one; a pool closes what is idle for too long or too much.

use super::{Counts, Queue, only, patience, pools_and_hold};
use rand_distr::{Distribution, Exp, StandardUniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use snatsim::engine::PoolPlan;
use snatsim::model::Model;
use snatsim::traffic::{Instances, PoolSettings};
use std::collections::VecDeque;

enum What {
    Request {
        node: usize,
    },
    /// A request is done with a connection of this pool.
    Done {
        node: usize,
        pool: usize,
    },
    /// The connection that was put aside as this one has been idle for long enough.
    Tired {
        node: usize,
        pool: usize,
        number: u64,
    },
    Release {
        node: usize,
    },
}

/// One run.
pub fn simulate(model: &Model, plan: &PoolPlan, seed: u64) -> Counts {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (workload, rate, mean) = only(model);
    let Some(PoolSettings {
        instances: Instances::PerNode(per_node),
        max_idle: Some(max_idle),
        max_open: None,
        idle_timeout: Some(idle_timeout),
        max_lifetime: None,
        keepalive: None,
    }) = workload.pool
    else {
        panic!(
            "{}: pools by node that keep some connections for a while",
            workload.name
        );
    };
    assert!(
        idle_timeout < plan.holds.idle,
        "the network forgets no connection"
    );
    let idle_timeout = idle_timeout.as_secs_f64();
    let (gap, life) = (Exp::new(rate).unwrap(), Exp::new(1.0 / mean).unwrap());
    let (nodes, hold) = pools_and_hold(model, plan);
    assert!(nodes == model.nodes.len(), "ports by node");
    let (patience, end) = (patience(workload), model.duration.as_secs_f64());
    let mut queue = Queue::new();
    let mut used = vec![0u32; nodes];
    // By pool, the numbers under which its idle connections were put aside, the last at the back.
    let mut idle: Vec<VecDeque<u64>> = vec![VecDeque::new(); nodes * per_node as usize];
    let mut put_aside = 0;
    let (mut offered, mut established, mut failed) = (0, 0, 0);
    for node in 0..nodes {
        queue.push(gap.sample(&mut rng), What::Request { node });
    }
    while let Some((at, what)) = queue.pop(end) {
        match what {
            What::Release { node } => used[node] -= 1,
            What::Request { node } => {
                queue.push(at + gap.sample(&mut rng), What::Request { node });
                let drawn: f64 = StandardUniform.sample(&mut rng);
                let pool = node * per_node as usize + (drawn * f64::from(per_node)) as usize;
                let done = at + life.sample(&mut rng);
                if idle[pool].pop_back().is_none() {
                    offered += 1;
                    if used[node] == plan.limit {
                        failed += u64::from(at + patience < end);
                        continue;
                    }
                    used[node] += 1;
                    established += 1;
                }
                queue.push(done, What::Done { node, pool });
            }
            What::Done { node, pool } => {
                if idle[pool].len() == max_idle as usize {
                    queue.push(at + hold, What::Release { node });
                    continue;
                }
                put_aside += 1;
                let number = put_aside;
                idle[pool].push_back(number);
                queue.push(at + idle_timeout, What::Tired { node, pool, number });
            }
            What::Tired { node, pool, number } => {
                // One that is still idle is the one that was put aside first.
                if idle[pool].front() == Some(&number) {
                    idle[pool].pop_front();
                    queue.push(at + hold, What::Release { node });
                }
            }
        }
    }
    Counts {
        offered,
        failed,
        pending: offered - established - failed,
    }
}

//! One workload toward one endpoint, one SYN a connection, and pools whose ports become fewer and more in the course of the
//! run: every port has a number, and whoever holds one that is taken away loses it.

use super::{Counts, Queue, only, patience, pools_and_hold};
use rand_distr::{Distribution, Exp, StandardUniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use snatsim::model::{Model, Outbound};

enum What {
    Arrival {
        pool: usize,
    },
    /// `epoch` is that in which the port was handed out.
    Release {
        pool: usize,
        port: u32,
        epoch: usize,
    },
    Change {
        limit: u32,
    },
}

/// One run.
pub fn simulate(model: &Model, outbound: &Outbound, seed: u64) -> Counts {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (workload, rate, mean) = only(model);
    let (gap, life) = (Exp::new(rate).unwrap(), Exp::new(1.0 / mean).unwrap());
    let limits: Vec<u32> = outbound.plans().map(|plan| plan.limit).collect();
    let plan = outbound.plans().next().expect("Azure accepts it");
    let (pools, hold) = pools_and_hold(model, plan);
    assert!(pools == model.nodes.len(), "ports by node");
    let (patience, end) = (patience(workload), model.duration.as_secs_f64());
    let mut queue = Queue::new();
    for (epoch, limit) in model.epochs.iter().zip(&limits).skip(1) {
        queue.push(epoch.at.as_secs_f64(), What::Change { limit: *limit });
    }
    for pool in 0..pools {
        queue.push(gap.sample(&mut rng), What::Arrival { pool });
    }
    let mut limit = limits[0];
    let mut free: Vec<Vec<u32>> = vec![(0..limit).collect(); pools];
    let mut epoch = 0;
    // By port, the epoch in which it came back, if it was ever away.
    let mut since: Vec<usize> = vec![0; limits.iter().copied().max().unwrap_or(0) as usize];
    let (mut offered, mut established, mut failed) = (0, 0, 0);
    while let Some((at, what)) = queue.pop(end) {
        match what {
            What::Release { pool, port, epoch } => {
                if port < limit && epoch >= since[port as usize] {
                    free[pool].push(port);
                }
            }
            What::Change { limit: is } => {
                epoch += 1;
                for free in &mut free {
                    free.retain(|port| *port < is);
                    free.extend(limit..is);
                }
                since[limit.min(is) as usize..].fill(epoch);
                limit = is;
            }
            What::Arrival { pool } => {
                offered += 1;
                queue.push(at + gap.sample(&mut rng), What::Arrival { pool });
                let free = &mut free[pool];
                if free.is_empty() {
                    failed += u64::from(at + patience < end);
                    continue;
                }
                established += 1;
                let drawn: f64 = StandardUniform.sample(&mut rng);
                let port = free.swap_remove((drawn * free.len() as f64) as usize);
                let held = life.sample(&mut rng) + hold;
                queue.push(at + held, What::Release { pool, port, epoch });
            }
        }
    }
    Counts {
        offered,
        failed,
        pending: offered - established - failed,
    }
}

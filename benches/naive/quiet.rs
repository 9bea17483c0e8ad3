//! One workload toward one endpoint whose connections fall silent, are forgotten, and are opened again by their owners, who
//! learn of it at once: gaps between packets are drawn one by one.

use super::{Counts, Queue, only, patience, pools_and_hold};
use rand_distr::{Distribution, Exp};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use snatsim::engine::{OnIdle, PoolPlan};
use snatsim::model::Model;
use snatsim::traffic::Law;

enum What {
    Arrival {
        pool: usize,
    },
    /// For the rest of its life.
    Again {
        pool: usize,
        life: f64,
    },
    Release {
        pool: usize,
    },
}

/// One run.
pub fn simulate(model: &Model, plan: &PoolPlan, seed: u64) -> Counts {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (workload, rate, mean) = only(model);
    let packets = &workload.packets;
    let (Some(Law::Exponential { mean: between }), None) = (&packets.gap, packets.keepalive) else {
        panic!("{}: exponential gaps, and no keepalive", workload.name);
    };
    assert!(plan.on_idle == OnIdle::Reset, "owners learn at once");
    let (arrival, life) = (Exp::new(rate).unwrap(), Exp::new(1.0 / mean).unwrap());
    let packet = Exp::new(1.0 / between).unwrap();
    let (pools, hold) = pools_and_hold(model, plan);
    assert!(pools == model.nodes.len(), "ports by node");
    let idle = plan.holds.idle.as_secs_f64();
    let after_idle = plan.holds.after_idle.as_secs_f64();
    let (patience, end) = (patience(workload), model.duration.as_secs_f64());
    let mut queue = Queue::new();
    let mut used = vec![0u32; pools];
    let (mut offered, mut established, mut failed) = (0, 0, 0);
    for pool in 0..pools {
        queue.push(arrival.sample(&mut rng), What::Arrival { pool });
    }
    while let Some((at, what)) = queue.pop(end) {
        let (pool, life) = match what {
            What::Release { pool } => {
                used[pool] -= 1;
                continue;
            }
            What::Arrival { pool } => {
                queue.push(at + arrival.sample(&mut rng), What::Arrival { pool });
                (pool, life.sample(&mut rng))
            }
            What::Again { pool, life } => (pool, life),
        };
        offered += 1;
        if used[pool] == plan.limit {
            failed += u64::from(at + patience < end);
            continue;
        }
        used[pool] += 1;
        established += 1;
        let mut last = 0.0;
        let broken = loop {
            let gap = packet.sample(&mut rng).min(life - last);
            if gap >= idle {
                break true;
            }
            last += gap;
            if last >= life {
                break false;
            }
        };
        if !broken {
            queue.push(at + life + hold, What::Release { pool });
            continue;
        }
        let lost = last + idle;
        queue.push(at + lost + after_idle, What::Release { pool });
        if lost < life {
            let life = life - lost;
            queue.push(at + lost, What::Again { pool, life });
        }
    }
    Counts {
        offered,
        failed,
        pending: offered - established - failed,
    }
}

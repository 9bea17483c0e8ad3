//! Any number of workloads and endpoints, SYN retransmits and retries: an arrival event for every workload on every
//! node, a release event for every port handed out, an event for every SYN that is not the first.

use super::{Counts, Queue, poisson, pools_and_hold};
use rand_distr::{Distribution, Exp, LogNormal, StandardUniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use snatsim::engine::{Grouping, Jitter, PoolPlan, Protocol, RefusedSyn};
use snatsim::model::{Mix, Model};
use snatsim::traffic::Law;

enum Life {
    Exponential(Exp<f64>),
    Lognormal(LogNormal<f64>),
}

impl Life {
    fn of(law: &Law) -> Self {
        match *law {
            Law::Exponential { mean } => Life::Exponential(Exp::new(1.0 / mean).unwrap()),
            Law::Lognormal { mu, sigma } => Life::Lognormal(LogNormal::new(mu, sigma).unwrap()),
            ref other => panic!("no life by {other:?}"),
        }
    }

    fn sample(&self, rng: &mut Xoshiro256PlusPlus) -> f64 {
        match self {
            Life::Exponential(law) => law.sample(rng),
            Life::Lognormal(law) => law.sample(rng),
        }
    }
}

/// A workload; times in seconds.
struct Workload {
    /// The share of all endpoints up to and with each, and what a port toward it is busy toward.
    up_to: Vec<f64>,
    keys: Vec<u32>,
    life: Life,
    /// From each SYN of a try to the next, and from the last to the end of the try.
    gaps: Vec<f64>,
    attempts: u8,
    backoff: f64,
    factor: f64,
    jitter: f64,
}

impl Workload {
    fn of(workload: &snatsim::model::Workload, mix: &Mix, keys: &[usize]) -> Self {
        assert!(mix.close.fin == 1.0, "all connections end by FIN");
        let schedule = workload.schedule(Protocol::Tcp);
        let due = schedule.syns.iter().chain([&schedule.end]);
        let due: Vec<f64> = due.map(|nanos| *nanos as f64 / 1e9).collect();
        Workload {
            up_to: mix
                .endpoints
                .iter()
                .scan(0.0, |sum, (_, share)| {
                    *sum += share;
                    Some(*sum)
                })
                .collect(),
            keys: mix
                .endpoints
                .iter()
                .map(|(endpoint, _)| keys[*endpoint as usize] as u32)
                .collect(),
            life: Life::of(&mix.lifetime),
            gaps: due.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            attempts: schedule.attempts.try_into().expect("a few tries"),
            backoff: schedule.backoff / 1e9,
            factor: schedule.factor,
            jitter: match schedule.jitter {
                Jitter::Uniform(most) => most,
                Jitter::Exponential => panic!("pauses of the benched scenarios spread evenly"),
            },
        }
    }

    fn key(&self, rng: &mut Xoshiro256PlusPlus) -> u32 {
        if let [key] = self.keys[..] {
            return key;
        }
        let drawn: f64 = StandardUniform.sample(rng);
        let place = self.up_to.partition_point(|up_to| *up_to < drawn);
        self.keys[place.min(self.keys.len() - 1)]
    }

    /// The pause after try `attempt`, the first being 0.
    fn pause(&self, attempt: u8, rng: &mut Xoshiro256PlusPlus) -> f64 {
        let drawn: f64 = StandardUniform.sample(rng);
        let jitter = 1.0 + self.jitter * (2.0 * drawn - 1.0);
        self.backoff * self.factor.powi(i32::from(attempt)) * jitter
    }
}

/// One workload on one node.
struct Source {
    workload: u16,
    node: u32,
    gap: Exp<f64>,
}

enum What {
    Arrival {
        source: u32,
    },
    Syn {
        stock: u32,
        workload: u16,
        attempt: u8,
        syn: u8,
    },
    Release {
        stock: u32,
    },
}

/// One run.
pub fn simulate(model: &Model, plan: &PoolPlan, seed: u64) -> Counts {
    assert!(plan.refused_syn == RefusedSyn::Silent);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let keys = model.keys(plan);
    let key_count = keys.iter().max().map_or(0, |last| *last as u32 + 1);
    let (pools, hold) = pools_and_hold(model, plan);
    let (workloads, sources) = workloads(model, &keys);
    let pool = |node: u32, rng: &mut Xoshiro256PlusPlus| match plan.grouping {
        Grouping::ByNode => node,
        Grouping::Shared | Grouping::ByGateway(_) => 0,
        Grouping::Buckets { .. } => {
            let drawn: f64 = StandardUniform.sample(rng);
            (drawn * pools as f64) as u32
        }
    };
    let end = model.duration.as_secs_f64();
    let mut used = vec![0u32; pools * key_count as usize];
    let (mut offered, mut established, mut failed) = (0, 0, 0);
    let mut queue = Queue::new();
    for (source, of) in (0..).zip(&sources) {
        queue.push(of.gap.sample(&mut rng), What::Arrival { source });
    }
    while let Some((at, what)) = queue.pop(end) {
        let (stock, workload, attempt, syn) = match what {
            What::Release { stock } => {
                used[stock as usize] -= 1;
                continue;
            }
            What::Arrival { source } => {
                let of = &sources[source as usize];
                offered += 1;
                queue.push(at + of.gap.sample(&mut rng), What::Arrival { source });
                let key = workloads[usize::from(of.workload)].key(&mut rng);
                (pool(of.node, &mut rng) * key_count + key, of.workload, 0, 0)
            }
            What::Syn {
                stock,
                workload,
                attempt,
                syn,
            } => (stock, workload, attempt, syn),
        };
        let of = &workloads[usize::from(workload)];
        let ports = &mut used[stock as usize];
        if *ports < plan.limit {
            *ports += 1;
            established += 1;
            let held = of.life.sample(&mut rng) + hold;
            queue.push(at + held, What::Release { stock });
            continue;
        }
        let next = at + of.gaps[usize::from(syn)];
        if usize::from(syn) + 1 < of.gaps.len() {
            let what = What::Syn {
                stock,
                workload,
                attempt,
                syn: syn + 1,
            };
            queue.push(next, what);
        } else if attempt + 1 < of.attempts {
            let node = stock / key_count;
            let what = What::Syn {
                stock: pool(node, &mut rng) * key_count + stock % key_count,
                workload,
                attempt: attempt + 1,
                syn: 0,
            };
            queue.push(next + of.pause(attempt, &mut rng), what);
        } else if next < end {
            failed += 1;
        }
    }
    Counts {
        offered,
        failed,
        pending: offered - established - failed,
    }
}

/// The workloads, and each of them on each of its nodes.
fn workloads(model: &Model, keys: &[usize]) -> (Vec<Workload>, Vec<Source>) {
    let mut sources = Vec::new();
    let workloads = (0..).zip(&model.workloads).map(|(index, workload)| {
        let Some((per_second, mix)) = poisson(workload) else {
            panic!("{}: Poisson arrivals only", workload.name);
        };
        sources.extend(mix.nodes.iter().map(|(node, share)| Source {
            workload: index,
            node: *node,
            gap: Exp::new(per_second * share).unwrap(),
        }));
        Workload::of(workload, mix, keys)
    });
    (workloads.collect(), sources)
}

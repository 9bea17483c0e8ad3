//! Cases with known answers: what theory says, what the simulator finds, how far apart they may lie.
//!
//! Tests run them short, `cargo run --release --example validate` long.

mod blocking;
mod exact;
mod filling;
mod formula;

use crate::models::{
    FIN, LOAD_BALANCER_HOLDS, NO_HOLDS, constant, firewall, load_balancer, mix, model, nat_gateway,
    plan, poisson, s, tcp_endpoints, workload,
};
use crate::theory::{Chain, poisson_cdf, ratio};
use snatsim::engine::{ActiveLimit, Grouping, Jitter, PoolPlan};
use snatsim::model::{Mix, Model, Traffic, Workload};
use snatsim::results::erlang::{erlang_b, ports_for};
use snatsim::simulate::{Detail, OutboundRun, ReplicationRun, simulate};
use snatsim::traffic::{Close, Connect, Law, Retry};
use snatsim::units::{Seed, SimTime};

/// How long to simulate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// In every `cargo test`.
    Test,
    /// When the published table is made.
    Long,
}

impl Effort {
    /// `arrivals` in a test, ten times as many in a long run, 1e8 at most.
    fn arrivals(self, arrivals: f64) -> f64 {
        match self {
            Effort::Test => arrivals,
            Effort::Long => (10.0 * arrivals).min(1e8),
        }
    }

    /// `runs` in a test, ten times as many in a long run.
    fn runs(self, runs: u32) -> u32 {
        match self {
            Effort::Test => runs,
            Effort::Long => 10 * runs,
        }
    }
}

/// How a finding is judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judge {
    /// It is the expected figure.
    Exact,
    /// Within [`MOST_ERRORS`] of this standard error of what theory says exactly.
    StandardError(f64),
    /// Within the published tolerance of what theory says about.
    Approximation,
}

/// Standard errors that a finding may lie from what is expected: 1 run in 2,000 would by chance.
pub const MOST_ERRORS: f64 = 3.5;

/// What was expected and what was found.
#[derive(Clone, Debug)]
pub struct Check {
    /// The case.
    pub name: String,
    /// What theory says.
    pub expected: f64,
    /// What was simulated.
    pub simulated: f64,
    /// How the two are compared.
    pub judge: Judge,
    /// Published tolerance, absolute; a run of a test may be too short for it.
    pub tolerance: Option<f64>,
}

impl Check {
    fn exact(name: impl Into<String>, expected: f64, simulated: f64) -> Check {
        Check {
            name: name.into(),
            expected,
            simulated,
            judge: Judge::Exact,
            tolerance: None,
        }
    }

    /// An estimate, with the published `relative` tolerance.
    fn estimate(
        name: impl Into<String>,
        expected: f64,
        simulated: f64,
        error: f64,
        relative: Option<f64>,
    ) -> Check {
        Check {
            name: name.into(),
            expected,
            simulated,
            judge: Judge::StandardError(error),
            tolerance: relative.map(|relative| relative * expected.abs()),
        }
    }

    fn about(name: impl Into<String>, expected: f64, simulated: f64, relative: f64) -> Check {
        Check {
            name: name.into(),
            expected,
            simulated,
            judge: Judge::Approximation,
            tolerance: Some(relative * expected.abs()),
        }
    }

    /// Standard errors between the two.
    pub fn z(&self) -> Option<f64> {
        match self.judge {
            Judge::StandardError(error) => Some((self.simulated - self.expected) / error),
            _ => None,
        }
    }

    /// Whether the finding holds up.
    pub fn holds(&self, effort: Effort) -> bool {
        let apart = (self.simulated - self.expected).abs();
        let within_published = self.tolerance.is_none_or(|tolerance| apart <= tolerance);
        match self.judge {
            Judge::Exact => apart == 0.0,
            Judge::Approximation => within_published,
            Judge::StandardError(error) => {
                let long = effort == Effort::Long;
                apart <= MOST_ERRORS * error && (within_published || !long)
            }
        }
    }
}

/// A group of cases about one thing.
pub struct Theme {
    /// What it is about.
    pub title: &'static str,
    /// Simulates its cases.
    pub run: fn(Effort) -> Vec<Check>,
}

/// Every theme.
pub const THEMES: [Theme; 16] = [
    Theme {
        title: "The formula itself",
        run: formula::formula,
    },
    Theme {
        title: "Erlang-B, any law of holds of the same mean",
        run: blocking::any_law,
    },
    Theme {
        title: "Erlang-B at the pools of Azure",
        run: blocking::azure_pools,
    },
    Theme {
        title: "Fixed blocks against one shared pool",
        run: blocking::partition,
    },
    Theme {
        title: "Ports reused toward other destinations",
        run: blocking::destinations,
    },
    Theme {
        title: "Engset: clients that wait",
        run: blocking::engset,
    },
    Theme {
        title: "Ports in use without a limit are Poisson",
        run: filling::occupancy,
    },
    Theme {
        title: "From an empty start",
        run: filling::transient,
    },
    Theme {
        title: "Time to the first refusal",
        run: filling::exhaustion,
    },
    Theme {
        title: "Evenly spaced arrivals",
        run: exact::evenly_spaced,
    },
    Theme {
        title: "Peak over a horizon",
        run: filling::peaks,
    },
    Theme {
        title: "Retries after long pauses",
        run: blocking::retries,
    },
    Theme {
        title: "Retrials: refused for ever until answered",
        run: blocking::retrials,
    },
    Theme {
        title: "Azure Firewall: two instances are two pools",
        run: blocking::split,
    },
    Theme {
        title: "Rates that saturate",
        run: exact::saturation,
    },
    Theme {
        title: "Replays of what happened to others",
        run: exact::replays,
    },
];

/// Ports without end, with active connections counted.
fn limitless(grouping: Grouping) -> PoolPlan {
    const NEVER: u32 = 1_000_000;
    PoolPlan {
        active_limit: Some(ActiveLimit {
            limit: NEVER,
            counts_held: false,
        }),
        ..plan(grouping, NEVER, NO_HOLDS)
    }
}

/// One SYN and one try, over as soon as it is refused.
const PURE_LOSS: Connect = Connect {
    timeout: Some(SimTime::from_nanos(1)),
    syn_retries: 0,
    syn_linear_timeouts: 0,
};

/// Mean hold of the models of theory, in seconds.
const HOLD: f64 = 1.0;

const EXPONENTIAL: Law = Law::Exponential { mean: HOLD };

/// Mean holds until nothing of an empty start is left, where holds have an exponential tail.
const WARM_UP_HOLDS: f64 = 16.0;

fn pure_loss(traffic: Traffic) -> Workload {
    Workload {
        connect: PURE_LOSS,
        ..workload(traffic)
    }
}

/// Poisson arrivals of `load` erlang to one pool, counted over `arrivals` after `warmup` holds.
fn one_pool(load: f64, ports: u32, law: Law, warmup: f64, arrivals: f64) -> Model {
    let workloads = vec![pure_loss(poisson(load / HOLD, mix(&[1.0], &[1.0], law)))];
    let duration = s((warmup + arrivals / load) * HOLD);
    Model {
        seed: own_seed(&[load, f64::from(ports)]),
        warmup: s(warmup * HOLD),
        ..model(
            duration,
            1,
            tcp_endpoints(1),
            workloads,
            [plan(Grouping::Shared, ports, NO_HOLDS)],
        )
    }
}

/// A seed of its own for every case: with one for all, all would meet the same luck.
fn own_seed(case: &[f64]) -> Seed {
    let parts: Vec<u64> = case.iter().map(|value| value.to_bits()).collect();
    Seed(1).stream(&parts)
}

fn run(model: &Model, detail: Detail) -> OutboundRun {
    let result = simulate(model, detail, &|_, _| {});
    let first = result.outbounds.into_iter().next().flatten();
    first.expect("a run of the first outbound")
}

fn first(model: &Model, detail: Detail) -> ReplicationRun {
    run(model, detail).replications.remove(0)
}

fn share_failed(tally: &snatsim::record::Tally) -> f64 {
    tally.failed as f64 / tally.decided() as f64
}

/// Share failed, with the jackknife's standard error over 40 batches of the run.
fn batched(run: &ReplicationRun) -> (f64, f64) {
    const BATCHES: usize = 40;
    let length = run.slots.len().div_ceil(BATCHES);
    let batches: Vec<(f64, f64)> = run
        .slots
        .chunks(length)
        .map(|slots| {
            let failed: u64 = slots.iter().map(|slot| slot.failed).sum();
            let decided: u64 = slots.iter().map(|slot| slot.offered - slot.pending).sum();
            (failed as f64, decided as f64)
        })
        .collect();
    ratio(&batches)
}

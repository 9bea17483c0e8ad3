//! How often intervals hold the truth: many independent runs of cells whose blocking is known exactly.

use super::models::*;
use snatsim::engine::Grouping;
use snatsim::model::Model;
use snatsim::results::erlang::erlang_b;
use snatsim::results::{About, Estimate, IntervalMethod, document, precision};
use snatsim::simulate::{Detail, RunResult, simulate, simulate_more};
use snatsim::traffic::Law;
use snatsim::units::Seed;

/// Independent runs of a case.
pub const RUNS: u64 = 400;

/// How often an interval held the truth.
pub struct Coverage {
    /// What was run.
    pub name: String,
    /// Runs whose interval was made the way that is tested.
    pub runs: u64,
    /// Those whose interval held the truth.
    pub held: u64,
    /// Shares of `held` that are right: at 95 % with 400 runs a standard error is 1.1 %, and 92 to 98 % are 2.75 of
    /// them to either side.
    pub right: [f64; 2],
    /// Clusters of failures to expect in a run, about.
    pub clusters: f64,
}

impl Coverage {
    /// Share of runs whose interval held the truth.
    pub fn share(&self) -> f64 {
        self.held as f64 / self.runs as f64
    }

    /// Whether that is as it should be.
    pub fn is_right(&self) -> bool {
        (self.right[0]..=self.right[1]).contains(&self.share())
    }
}

/// A mean hold in seconds: long against the second after which a refused connection gives up, because what has not
/// given up when a run ends is left out.
const HOLD: f64 = 100.0;

/// A cell: ports, Erlang, the law of lives and the hold-down.
struct Case {
    name: &'static str,
    ports: u32,
    load: f64,
    law: Law,
    hold_down: f64,
}

fn cases() -> Vec<Case> {
    let lognormal = Law::lognormal_mean_sigma(HOLD, 1.0).expect("a law");
    #[rustfmt::skip]
    let cases = vec![
        Case { name: "exponential", ports: 20, load: 12.0, law: Law::Exponential { mean: HOLD }, hold_down: 0.0 },
        Case { name: "constant", ports: 20, load: 12.0, law: Law::Constant(s(HOLD)), hold_down: 0.0 },
        Case { name: "lognormal", ports: 20, load: 12.0, law: lognormal, hold_down: 0.0 },
        Case { name: "hold-down", ports: 64, load: 52.0, law: Law::Exponential { mean: 0.1 * HOLD }, hold_down: 0.9 * HOLD },
    ];
    cases
}

impl Case {
    fn blocking(&self) -> f64 {
        erlang_b(self.load, u64::from(self.ports))
    }

    /// Clusters of failures in this many arrivals, by the mean length of one in a cell without memory.
    fn clusters(&self, arrivals: f64) -> f64 {
        arrivals * self.blocking() * (1.0 - self.load / f64::from(self.ports))
    }

    /// Arrivals that bring this many clusters.
    fn arrivals(&self, clusters: f64) -> f64 {
        clusters / self.clusters(1.0)
    }

    /// A run of `replications` that see `arrivals` between them.
    fn model(&self, replications: u32, arrivals: f64, seed: u64) -> Model {
        const WARM_UP: f64 = 30.0 * HOLD;
        let mut plan = plan(Grouping::Shared, self.ports, NO_HOLDS);
        plan.holds.after_fin = s(self.hold_down);
        let rate = self.load / HOLD;
        let workloads = vec![workload(poisson(
            rate,
            mix(&[1.0], &[1.0], self.law.clone()),
        ))];
        Model {
            seed: Seed(seed),
            warmup: s(WARM_UP),
            replications,
            ..model(
                s(WARM_UP + arrivals / rate / f64::from(replications)),
                1,
                tcp_endpoints(1),
                workloads,
                [plan],
            )
        }
    }
}

fn estimate(model: &Model, run: &RunResult) -> Estimate {
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    let document = document(model, run, &about);
    let figures = document.outbounds[0].figures.as_ref().expect("figures");
    figures.failure_probability.clone()
}

/// Whether an interval of this method holds `truth`; none where it was made another way.
fn holds(found: &Estimate, method: IntervalMethod, truth: f64) -> Option<bool> {
    let (low, high) = (found.low?, found.high?);
    (found.method == method).then_some(low <= truth && truth <= high)
}

fn count(
    name: String,
    clusters: f64,
    right: [f64; 2],
    held: impl Fn(u64) -> Option<bool>,
) -> Coverage {
    let all: Vec<bool> = (1..=RUNS).filter_map(held).collect();
    Coverage {
        name,
        runs: all.len() as u64,
        held: all.iter().filter(|held| **held).count() as u64,
        right,
        clusters,
    }
}

const NINETY_FIVE: [f64; 2] = [0.92, 0.98];
/// 95 % or more, less two standard errors.
const NOT_BELOW_NINETY_FIVE: [f64; 2] = [0.95 - 0.022, 1.0];

/// Intervals over 10 replications, and at length over 40.
pub fn replications(long: bool) -> Vec<Coverage> {
    let mut found = Vec::new();
    for case in cases() {
        let lengths = [(10, 50.0), (10, 400.0), (40, 200.0)];
        for (replications, clusters) in lengths.into_iter().take(if long { 3 } else { 1 }) {
            let name = format!("{}, {replications} replications", case.name);
            found.push(count(name, clusters, NINETY_FIVE, |seed| {
                let model = case.model(replications, case.arrivals(clusters), seed);
                let run = simulate(&model, Detail::Table, &|_, _| {});
                holds(
                    &estimate(&model, &run),
                    IntervalMethod::Replications,
                    case.blocking(),
                )
            }));
        }
    }
    found
}

/// Intervals over batches of one long replication, and at length of three.
pub fn batches(long: bool) -> Vec<Coverage> {
    let mut found = Vec::new();
    for case in cases() {
        let lengths = [(1, 100.0), (3, 400.0)];
        for (replications, clusters) in lengths.into_iter().take(if long { 2 } else { 1 }) {
            let name = format!("{}, batches of {replications}", case.name);
            found.push(count(name, clusters, NINETY_FIVE, |seed| {
                let model = case.model(replications, case.arrivals(clusters), seed);
                let run = simulate(&model, Detail::Table, &|_, _| {});
                holds(
                    &estimate(&model, &run),
                    IntervalMethod::Batches,
                    case.blocking(),
                )
            }));
        }
    }
    found
}

/// Upper bounds where none failed, in runs so long that the bound would just miss the truth, and longer: it may do so
/// in one run of twenty.
pub fn zero_failures() -> Vec<Coverage> {
    // Lives of very different lengths and no hold-down: several spells of refusals in a row, and so fewer of them than
    // the bound reckons with.
    let spells = Case {
        name: "lognormal, one replication",
        ports: 64,
        load: 48.0,
        law: Law::lognormal_mean_sigma(HOLD, 1.0).expect("a law"),
        hold_down: 0.0,
    };
    let usual = cases().into_iter().map(|case| (case, 10));
    let mut found = Vec::new();
    for (case, replications) in usual.chain([(spells, 1)]) {
        for clusters in [3.05, 3.5] {
            let name = format!("{}, none failed", case.name);
            found.push(count(name, clusters, NOT_BELOW_NINETY_FIVE, |seed| {
                let model = case.model(replications, case.arrivals(clusters), seed);
                let run = simulate(&model, Detail::Table, &|_, _| {});
                let found = estimate(&model, &run);
                // A miss is a run without a failure whose bound is too low; others make no bound.
                let held = holds(&found, IntervalMethod::ZeroFailures, case.blocking());
                Some(held.unwrap_or(true))
            }));
        }
    }
    found
}

/// Intervals of runs that stopped when they were narrow enough.
pub fn stopped(long: bool) -> Vec<Coverage> {
    const MOST: u32 = 320;
    let mut found = Vec::new();
    for case in cases().into_iter().rev().take(if long { 4 } else { 1 }) {
        let name = format!("{}, stopped at 20 %", case.name);
        let clusters = 50.0;
        found.push(count(name, clusters, NINETY_FIVE, |seed| {
            let mut model = case.model(20, case.arrivals(clusters), seed);
            let mut run = simulate(&model, Detail::Table, &|_, _| {});
            loop {
                let about = About {
                    scenario_sha256: String::new(),
                    compare: false,
                };
                let wide = precision(&document(&model, &run, &about), 0.2).too_wide;
                if wide.is_empty() || model.replications >= MOST {
                    break;
                }
                // The same time in every replication: what has run is kept.
                model.replications *= 2;
                simulate_more(&model, &mut run, Detail::Table, &|_, _| {});
            }
            holds(
                &estimate(&model, &run),
                IntervalMethod::Replications,
                case.blocking(),
            )
        }));
    }
    found
}

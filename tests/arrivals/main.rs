//! Loads that move in the course of a run, against textbooks, chains that are solved here, and plain counting.

#[path = "../support/models.rs"]
#[allow(dead_code)]
mod models;

mod chains;
mod counts;
mod streams;

use models::*;
use snatsim::engine::{Grouping, PoolPlan};
use snatsim::model::{Mix, Model, OpenProcess, Traffic, Workload};
use snatsim::simulate::{Detail, OutboundRun, simulate};
use snatsim::traffic::{Bursty, Correlation, Law, Profile, State};

/// Standard errors within which an estimate has to lie: missed by chance once in 150,000.
const ERRORS: f64 = 4.5;

/// Ports that never run out.
const PLENTY: u32 = 10_000;

fn open(process: OpenProcess, per_second: f64, mix: Mix) -> Workload {
    workload(Traffic::Open {
        process,
        per_second,
        profile: None,
        bursts: Vec::new(),
        mix,
    })
}

fn with_profile(mut workload: Workload, moved_by: Profile) -> Workload {
    let Traffic::Open { profile, .. } = &mut workload.traffic else {
        unreachable!("the workload is open")
    };
    *profile = Some(moved_by);
    workload
}

fn bursty(on: (f64, f64), off: (f64, f64), correlation: Correlation) -> Bursty {
    let state = |(per_second, mean)| State {
        per_second,
        mean: s(mean),
    };
    Bursty {
        on: state(on),
        off: state(off),
        correlation,
    }
}

fn exponential(mean: f64) -> Law {
    Law::exponential(mean).expect("a law")
}

fn by_node(ports: u32) -> PoolPlan {
    plan(Grouping::ByNode, ports, NO_HOLDS)
}

fn run(model: &Model) -> OutboundRun {
    let mut run = simulate(model, Detail::Table, &|_, _| {});
    run.outbounds.remove(0).expect("a plan that can be run")
}

/// Mean and its standard error.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

#[track_caller]
fn agrees(what: &str, (found, error): (f64, f64), expected: f64) {
    println!("{what}: {found} ± {error} for {expected}");
    assert!(
        (found - expected).abs() <= ERRORS * error,
        "{what}: {found} ± {error} is not {expected}"
    );
}

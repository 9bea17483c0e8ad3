//! The naive simulators of the benches simulate what the engine simulates: the share of failed connections is the same.

#[path = "../benches/naive/mod.rs"]
mod naive;
#[path = "../benches/workbench/mod.rs"]
#[allow(dead_code)]
mod workbench;

use rayon::prelude::*;
use snatsim::model::Model;
use snatsim::simulate::{Detail, simulate};
use workbench::WORKBENCHES;

const RUNS: u32 = 10;

/// With 2 × 10 runs the difference of two equal means, over its estimated standard error, follows Student's t with
/// 9 to 18 degrees of freedom: beyond 6 in one of 5,000 tests at worst.
const MOST_ERRORS: f64 = 6.0;

/// Mean, and the variance of the mean.
fn mean(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, squares / (n * (n - 1.0)))
}

fn engine(model: &Model) -> Vec<f64> {
    let run = simulate(model, Detail::Table, &|_, _| {});
    let outbound = run.outbounds[0].as_ref().expect("Azure accepts it");
    let shares = outbound.replications.iter().map(|replication| {
        let counts = &replication.total;
        counts.failed as f64 / (counts.offered - counts.pending) as f64
    });
    shares.collect()
}

fn naive(model: &Model) -> Vec<f64> {
    let seeds = (0..u64::from(model.replications)).into_par_iter();
    let shares = seeds.map(|seed| {
        let counts = naive::simulate(model, seed);
        counts.failed as f64 / (counts.offered - counts.pending) as f64
    });
    shares.collect()
}

#[test]
fn the_naive_simulators_fail_as_many_connections_as_the_engine() {
    for bench in &WORKBENCHES {
        // The thousand pools are those of LB-2.
        if bench.name == "pools" {
            continue;
        }
        let mut model = workbench::model(bench.name, bench.short / 4.0);
        model.replications = RUNS;
        let (engine, engine_variance) = mean(&engine(&model));
        let (naive, naive_variance) = mean(&naive(&model));
        let error = (engine_variance + naive_variance).sqrt();
        let z = (engine - naive) / error;
        println!(
            "{}: engine {engine:.6}, naive {naive:.6}, z {z:.2}",
            bench.name
        );
        assert!(naive > 0.0, "{}: nothing fails", bench.name);
        assert!(
            z.abs() <= MOST_ERRORS,
            "{}: {engine} of connections fail in the engine and {naive} in the naive simulator: \
             {z:.1} standard errors apart",
            bench.name
        );
    }
}

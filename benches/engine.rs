//! The engine against the naive simulators, for people: `cargo bench`, or `cargo bench -- LB-1` for one scenario.
//!
//! One iteration simulates a share of a scenario of `scenarios/`; throughput is in connections, and the ratio of two
//! lines of one scenario is the speed-up. The engine runs on one thread and records what the default table of `run`
//! shows, or everything (`full`). What is published is measured through the program: `examples/measure`.

#[allow(dead_code)]
mod naive;
#[allow(dead_code)]
mod workbench;

use criterion::{
    BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use snatsim::model::Model;
use snatsim::simulate::{Detail, simulate};
use std::hint::black_box;
use std::time::Duration;
use workbench::{HELD, WORKBENCHES};

/// Share of the scenarios of [`HELD`]: time enough to fill the pool and to get ports back.
const HELD_SHARES: [f64; HELD.len()] = [0.05, 0.05, 0.375];

fn against_naive(criterion: &mut Criterion) {
    for bench in &WORKBENCHES {
        let model = workbench::model(bench.name, bench.short);
        compare(criterion, bench.name, &model, true);
    }
}

/// Without the naive simulator, which takes half a minute for an iteration of the largest.
fn held(criterion: &mut Criterion) {
    for (name, share) in HELD.into_iter().zip(HELD_SHARES) {
        compare(criterion, name, &workbench::model(name, share), false);
    }
}

fn compare(criterion: &mut Criterion, name: &str, model: &Model, against_naive: bool) {
    let one_thread = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread can be started");
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5));
    group.throughput(Throughput::Elements(workbench::connections(model) as u64));
    if against_naive {
        group.bench_function(BenchmarkId::from_parameter("naive"), |bencher| {
            bencher.iter(|| black_box(naive::simulate(model, 1)));
        });
    }
    for (line, detail) in [("engine", Detail::Table), ("engine, full", Detail::Full)] {
        group.bench_function(BenchmarkId::from_parameter(line), |bencher| {
            bencher.iter(|| one_thread.install(|| black_box(simulate(model, detail, &|_, _| {}))));
        });
    }
    group.finish();
}

criterion_group!(benches, against_naive, held);
criterion_main!(benches);

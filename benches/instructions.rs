//! Instructions of the hot loop, counted by valgrind: the same on every run, so a gate can hold them.
//!
//! `cargo run --release --example instructions` runs this and holds what it counts against `instructions.txt`. It needs valgrind
//! and `gungraun-runner` in the version of the `gungraun` in `Cargo.toml`.

// The macros of gungraun make public items.
#![allow(missing_docs)]

#[allow(dead_code)]
mod workbench;

use gungraun::Callgrind;
use gungraun::prelude::*;
use snatsim::model::Model;
use snatsim::simulate::{Detail, RunResult, simulate};
use std::hint::black_box;

/// About this many connections: enough that what comes before the loop is lost in them.
const CONNECTIONS: f64 = 200_000.0;

/// The model, and one thread for it: this one, because only its instructions are counted.
fn ready(name: &str) -> (Model, rayon::ThreadPool) {
    let whole = workbench::connections(&workbench::model(name, 1.0));
    let here = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread()
        .build()
        .expect("this thread is in no pool yet");
    (workbench::model(name, CONNECTIONS / whole), here)
}

#[library_benchmark(setup = ready)]
#[bench::lb_1("LB-1")]
#[bench::lb_2("LB-2")]
#[bench::nat_1("NAT-1")]
#[bench::retries("retries")]
fn run((model, here): (Model, rayon::ThreadPool)) -> RunResult {
    here.install(|| black_box(simulate(&model, Detail::Table, &|_, _| {})))
}

library_benchmark_group!(name = engine, benchmarks = run);
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = engine
);

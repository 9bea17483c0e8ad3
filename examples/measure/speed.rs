//! Speed on one thread against the naive simulator, the price of recording everything, and memory.

use crate::document::{Memory, Speed};
use crate::figures::{Rounds, number};
use crate::naive;
use crate::process::{Used, run};
use crate::workbench::{self, HELD, WORKBENCHES};
use std::path::Path;
use std::process::Command;

/// The scenarios, in the order of the tables.
pub fn names() -> impl Iterator<Item = &'static str> {
    WORKBENCHES.iter().map(|bench| bench.name).chain(HELD)
}

/// The naive simulator as a program of its own, so that both are measured alike.
pub fn print_naive(name: &str) {
    let counts = naive::simulate(&workbench::model(name, 1.0), 1);
    println!("{} {} {}", counts.offered, counts.failed, counts.pending);
}

/// The program on one thread.
pub fn snatsim(program: &Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["run", "--quiet", "--threads", "1"]);
    command.arg(workbench::file(name));
    command
}

/// Scenario `name` by the program, by the program with everything recorded and by the naive simulator, in turn.
pub fn against_naive(program: &Path, name: &str, rounds: usize) -> Speed {
    let mut taken: [Vec<Used>; 3] = Default::default();
    let mut naive_counts = (0.0, 0.0);
    let directory = tempfile::tempdir().expect("there is room for results");
    for _ in 0..rounds {
        let (table, _) = run(&snatsim(program, name));
        let (full, _) = run(snatsim(program, name)
            .args(["--no-report", "-o"])
            .arg(directory.path()));
        let this = std::env::current_exe().expect("this program has a path");
        let (naive, printed) = run(Command::new(this).args(["naive", name]));
        naive_counts = offered_and_share(&printed);
        println!(
            "{name}: naive {} s, program {} s, recording everything {} s",
            number(naive.cpu),
            number(table.cpu),
            number(full.cpu)
        );
        taken[0].push(table);
        taken[1].push(full);
        taken[2].push(naive);
    }
    let [table, full, naive] = taken;
    let (connections, failed) = counts(&directory.path().join("result.json"));
    let of = |one: &[Used], other: &[Used]| {
        Rounds::of(
            one.iter()
                .zip(other)
                .map(|(one, other)| one.cpu / other.cpu),
        )
    };
    let nanos = |used: &[Used], connections: f64| {
        Rounds::of(used.iter().map(|used| used.cpu * 1e9 / connections))
    };
    Speed {
        description: workbench::model(name, 1.0).description,
        rounds: table.len(),
        connections,
        failed,
        naive_failed: naive_counts.1,
        naive_nanos: nanos(&naive, naive_counts.0),
        nanos: nanos(&table, connections),
        times_naive: of(&naive, &table),
        full_over_table: of(&full, &table),
        peak: Rounds::of(table.iter().map(|used| used.peak)),
        naive_peak: Rounds::of(naive.iter().map(|used| used.peak)),
    }
}

/// Connections offered, and the share that failed, as [`print_naive`] has it.
fn offered_and_share(printed: &str) -> (f64, f64) {
    let counts: Vec<f64> = printed
        .split_whitespace()
        .map(|count| count.parse().expect("counts"))
        .collect();
    (counts[0], counts[1] / (counts[0] - counts[2]))
}

/// Connections offered, and the share that failed, of the only outbound type.
fn counts(result: &Path) -> (f64, f64) {
    let text = std::fs::read_to_string(result).expect("the program wrote its result");
    let result: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let outbound = &result["outbounds"][0];
    let figure = |value: &serde_json::Value| value.as_f64().expect("a number");
    (
        figure(&outbound["connections"]["offered"]),
        figure(&outbound["failureProbability"]["estimate"]),
    )
}

/// The same load for one, four and sixteen times as long.
pub fn memory(program: &Path) -> Vec<(String, Memory)> {
    const NAME: &str = "LB-2";
    let model = workbench::model(NAME, 1.0);
    let seconds = model.duration.as_secs_f64();
    let longer = [1.0, 4.0, 16.0].map(|times| {
        let duration = format!("/duration={}s", seconds * times);
        let (used, _) = run(snatsim(program, NAME).args(["--set", &duration]));
        println!("{NAME} for {} s: {} bytes", seconds * times, used.peak);
        let memory = Memory {
            connections: workbench::connections(&model) * times,
            peak: used.peak,
        };
        (format!("{NAME} for {times} times its duration"), memory)
    });
    longer.into()
}

//! Simulates every case with a known answer at length and prints the table that `docs/validation.md` publishes.
//!
//! `cargo run --release --example validate`; `-- --quick` runs what the tests run, `-- --rare`
//! only intervals and rare refusals. Exits with 1 if a case fails.

#[path = "../tests/oracles/cases.rs"]
mod cases;
#[path = "../tests/support/coverage.rs"]
mod coverage;
#[path = "../tests/support/models.rs"]
#[allow(dead_code)]
mod models;
#[path = "../tests/support/rarity.rs"]
#[allow(dead_code)]
mod rarity;
#[path = "../tests/oracles/theory.rs"]
mod theory;

use cases::{Check, Effort, Judge, MOST_ERRORS, THEMES};
use std::process::ExitCode;

fn main() -> ExitCode {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    let quick = asked("--quick");
    let effort = if quick { Effort::Test } else { Effort::Long };
    println!(
        "A case holds within {MOST_ERRORS} standard errors of its exact answer, and within its published tolerance."
    );
    let mut all_hold = true;
    let themes = if asked("--rare") { &[] } else { &THEMES[..] };
    for theme in themes {
        println!("\n### {}\n", theme.title);
        println!("| case | expected | simulated | standard error | z | tolerance | ok |");
        println!("|---|---:|---:|---:|---:|---:|---|");
        for check in (theme.run)(effort) {
            let holds = check.holds(effort);
            all_hold &= holds;
            println!("{}", row(&check, holds));
        }
    }
    all_hold &= intervals(effort == Effort::Long);
    all_hold &= rare_refusals(if quick { 2 } else { 20 });
    if all_hold {
        ExitCode::SUCCESS
    } else {
        eprintln!("some cases fail");
        ExitCode::FAILURE
    }
}

/// How often intervals hold the truth.
fn intervals(long: bool) -> bool {
    println!(
        "\n### Intervals: how many of {} hold the truth\n",
        coverage::RUNS
    );
    println!("| case | clusters a run | held | of | share | ok |");
    println!("|---|---:|---:|---:|---:|---|");
    let all = [
        coverage::replications(long),
        coverage::batches(long),
        coverage::zero_failures(),
        coverage::stopped(long),
    ];
    let mut right = true;
    for found in all.iter().flatten() {
        right &= found.is_right();
        println!(
            "| {} | {} | {} | {} | {:.1} % | {} |",
            found.name,
            found.clusters,
            found.held,
            found.runs,
            100.0 * found.share(),
            if found.is_right() { "yes" } else { "NO" }
        );
    }
    right
}

/// `--rare` against the formula: at least 18 of 20 seeds within 20 %, with a relative standard error of at most 10 %.
fn rare_refusals(seeds: u64) -> bool {
    println!("\n### Refusals too rare to see, {seeds} seeds each\n");
    println!(
        "| ports | expected | lives | within 20 % | farthest | largest relative standard error | ok |"
    );
    println!("|---:|---:|---|---:|---:|---:|---|");
    let mut right = true;
    for ports in [128, 1_024, 2_560] {
        for target in [1e-6, 1e-9] {
            for (name, law) in rarity::laws() {
                let all: Vec<_> = (1..=seeds)
                    .map(|seed| rarity::found(&rarity::node(ports, target, law.clone(), seed)))
                    .collect();
                let apart =
                    |found: &snatsim::simulate::rare::Rare| (found.estimate / target - 1.0).abs();
                let within = all.iter().filter(|found| apart(found) < 0.2).count() as u64;
                let farthest = all.iter().map(apart).fold(0.0, f64::max);
                let error = all
                    .iter()
                    .map(|found| found.relative_error)
                    .fold(0.0, f64::max);
                let ok = 10 * within >= 9 * seeds && error <= 0.1;
                right &= ok;
                println!(
                    "| {ports} | {target:e} | {name} | {within} of {seeds} | {:.1} % | {:.1} % | {} |",
                    100.0 * farthest,
                    100.0 * error,
                    if ok { "yes" } else { "NO" }
                );
            }
        }
    }
    right
}

fn row(check: &Check, holds: bool) -> String {
    let error = match check.judge {
        Judge::StandardError(error) => number(error),
        Judge::Exact => "exact".to_owned(),
        Judge::Approximation => "approximation".to_owned(),
    };
    let z = check.z().map_or(String::new(), |z| format!("{z:.2}"));
    let tolerance = check
        .tolerance
        .map_or(String::new(), |tolerance| format!("±{}", number(tolerance)));
    let ok = if holds { "yes" } else { "NO" };
    format!(
        "| {} | {} | {} | {error} | {z} | {tolerance} | {ok} |",
        check.name,
        number(check.expected),
        number(check.simulated)
    )
}

/// Five significant digits.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if !(1e-3..1e6).contains(&size) => format!("{value:.4e}"),
        size => {
            let decimals = (4 - size.log10().floor() as i32).max(0) as usize;
            let text = format!("{value:.decimals$}");
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
                false => text,
            }
        }
    }
}

//! Simulates every case with a known answer at length and prints the table that `docs/validation.md` publishes.
//!
//! `cargo run --release --example validate`; `-- --quick` runs what the tests run. Exits with 1 if a case fails.

#[path = "../tests/oracles/cases.rs"]
mod cases;
#[path = "../tests/support/models.rs"]
#[allow(dead_code)]
mod models;
#[path = "../tests/oracles/theory.rs"]
mod theory;

use cases::{Check, Effort, Judge, MOST_ERRORS, THEMES};
use std::process::ExitCode;

fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let effort = if quick { Effort::Test } else { Effort::Long };
    println!(
        "A case holds within {MOST_ERRORS} standard errors of its exact answer, and within its published tolerance."
    );
    let mut all_hold = true;
    for theme in THEMES {
        println!("\n### {}\n", theme.title);
        println!("| case | expected | simulated | standard error | z | tolerance | ok |");
        println!("|---|---:|---:|---:|---:|---:|---|");
        for check in (theme.run)(effort) {
            let holds = check.holds(effort);
            all_hold &= holds;
            println!("{}", row(&check, holds));
        }
    }
    if all_hold {
        ExitCode::SUCCESS
    } else {
        eprintln!("some cases fail");
        ExitCode::FAILURE
    }
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

//! Measures the speed that `docs/performance.md` publishes, through the release binary, and writes its tables.
//!
//! `cargo run --release --example measure`, on a machine with nothing else to do: half an hour. `-- LB-1 threads`
//! measures those parts and leaves the others as they were measured before; `-- tables` only writes the tables again;
//! `-- --rounds 3` takes fewer than the seven rounds that the medians are of.
//! Figures are kept in `docs/performance.json`.

mod document;
mod figures;
#[path = "../../benches/naive/mod.rs"]
mod naive;
#[path = "../support/parts.rs"]
mod parts;
mod process;
mod profile;
mod speed;
mod threads;
#[path = "../../benches/workbench/mod.rs"]
#[allow(dead_code)]
mod workbench;

use document::{Measured, Row, put};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The parts that are no scenario of their own.
const PARTS: [&str; 4] = ["memory", "threads", "day", "profile"];

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [naive, name] = &arguments[..]
        && naive == "naive"
    {
        speed::print_naive(name);
        return ExitCode::SUCCESS;
    }
    if let [run, program, arguments @ ..] = &arguments[..]
        && run == process::RUN
    {
        process::print_run(program, arguments);
        return ExitCode::SUCCESS;
    }
    let mut rounds = 7;
    if let Some(place) = arguments.iter().position(|argument| argument == "--rounds") {
        let number = arguments
            .get(place + 1)
            .and_then(|number| number.parse().ok());
        let Some(number @ 1..) = number else {
            eprintln!("--rounds takes a number, 1 or more");
            return ExitCode::from(2);
        };
        rounds = number;
        arguments.drain(place..place + 2);
    }
    let known: Vec<&str> = speed::names().chain(PARTS).chain(["tables"]).collect();
    if let Some(unknown) = arguments.iter().find(|part| !known.contains(&&part[..])) {
        eprintln!("no part {unknown}; there are {}", known.join(", "));
        return ExitCode::from(2);
    }
    let chosen: BTreeSet<&str> = match arguments.is_empty() {
        true => known.into_iter().collect(),
        false => arguments.iter().map(String::as_str).collect(),
    };
    if cfg!(debug_assertions) {
        eprintln!(
            "the naive simulator has to be built as the program is: cargo run --release --example measure"
        );
        return ExitCode::from(2);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut measured = Measured::read(root);
    if chosen.iter().any(|part| *part != "tables") {
        measure(&chosen, rounds, root, &mut measured);
    }
    measured.write(root);
    ExitCode::SUCCESS
}

/// Measures the chosen parts; the figures are on disk after each.
fn measure(chosen: &BTreeSet<&str>, rounds: usize, root: &Path, measured: &mut Measured) {
    let program = build();
    let on = machine();
    println!("{on}");
    for name in speed::names().filter(|name| chosen.contains(name)) {
        put(
            &mut measured.speed,
            on.row(name, speed::against_naive(&program, name, rounds)),
        );
        measured.write(root);
    }
    if chosen.contains("memory") {
        measured.memory = on.rows(speed::memory(&program));
        measured.write(root);
    }
    if chosen.contains("threads") {
        measured.threads = on.rows(threads::two_against_one(&program, rounds));
        measured.write(root);
    }
    if chosen.contains("day") {
        measured.day = on.rows(threads::day(&program));
        measured.write(root);
    }
    if chosen.contains("profile") {
        measured.profile = on.rows(profile::profiles(&program));
        measured.write(root);
    }
}

/// Builds the program that people run; its path.
fn build() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--release", "--bin", "snatsim"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo can be run");
    assert!(built.success(), "the program has to build");
    let here = std::env::current_exe().expect("this program has a path");
    let release = here.parent().and_then(Path::parent);
    release.expect("target/release/examples").join("snatsim")
}

/// What is measured, and on what.
struct Machine(String);

impl Machine {
    fn row<T>(&self, name: &str, figures: T) -> Row<T> {
        Row {
            name: name.to_owned(),
            on: self.0.clone(),
            figures,
        }
    }

    fn rows<T>(&self, named: Vec<(String, T)>) -> Vec<Row<T>> {
        let row = |(name, figures): (String, T)| self.row(&name, figures);
        named.into_iter().map(row).collect()
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn machine() -> Machine {
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        output.map_or(String::new(), |output| {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        })
    };
    let commit = said("git", &["show", "--no-patch", "--format=%h of %cs"]);
    let changed = match said("git", &["status", "--porcelain", "src", "Cargo.lock"]).is_empty() {
        true => "",
        false => " with changes",
    };
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rust = said("rustc", &["--version"]);
    let rust: Vec<&str> = rust.split(' ').take(2).collect();
    Machine(format!(
        "{cores} cores of {model} with {}, {}, commit {commit}{changed}",
        vectors(),
        rust.join(" ")
    ))
}

/// The widest vectors that the program would use here.
fn vectors() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::arch::is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if std::arch::is_x86_feature_detected!("avx2") {
            return "AVX2";
        }
    }
    "the vectors that every such processor has"
}

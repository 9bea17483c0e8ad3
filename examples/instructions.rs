//! Holds the instructions of the hot loop against `benches/instructions.txt`, within 3 % both ways.
//!
//! `cargo run --release --example instructions`; `-- --write` writes the file anew, for a change that is meant. It needs valgrind
//! and `gungraun-runner`, in the version of the `gungraun` in `Cargo.toml`.

use anyhow::{Context, bail, ensure};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Relative change that is let pass: other builds of one source differ by less, a bad idea in the loop by more.
const BAND: f64 = 0.03;

const HEAD: &str = "\
# Instructions of the hot loop by scenario, AVX2 code under valgrind, Rust 1.95.
# `cargo run --release --example instructions -- --write` writes this file.
";

fn main() -> anyhow::Result<ExitCode> {
    let write = std::env::args().any(|argument| argument == "--write");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("benches/instructions.txt");
    let counted = count(root)?;
    if write {
        std::fs::write(&file, written(&counted))?;
        println!("wrote {}", file.display());
        return Ok(ExitCode::SUCCESS);
    }
    let kept = read(&std::fs::read_to_string(&file)?)?;
    ensure!(
        kept.keys().eq(counted.keys()),
        "other scenarios are counted than were: `cargo run --release --example instructions -- --write`"
    );
    let mut inside = true;
    for (name, now) in &counted {
        let change = *now as f64 / kept[name] as f64 - 1.0;
        let fits = change.abs() <= BAND;
        inside &= fits;
        let verdict = if fits { "" } else { ": more than 3 %" };
        println!("{name}: {now}, {:+.2} %{verdict}", 100.0 * change);
    }
    if inside {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!(
        "The hot loop takes another number of instructions than it did. If that is meant, and `cargo bench` agrees, \
         `cargo run --release --example instructions -- --write` keeps the new counts."
    );
    Ok(ExitCode::FAILURE)
}

/// Runs the benches; instructions by name.
fn count(root: &Path) -> anyhow::Result<BTreeMap<String, u64>> {
    // Valgrind knows no AVX-512, so that wherever there is AVX2 the same code runs.
    #[cfg(target_arch = "x86_64")]
    let avx2 = std::arch::is_x86_feature_detected!("avx2");
    #[cfg(not(target_arch = "x86_64"))]
    let avx2 = false;
    ensure!(
        avx2,
        "the counts are those of AVX2 code, which this processor does not run"
    );
    let home = tempfile::tempdir()?;
    let status = Command::new(env!("CARGO"))
        .args(["bench", "--locked", "--bench", "instructions", "--"])
        .arg("--save-summary=json")
        .arg(format!("--home={}", home.path().display()))
        .current_dir(root)
        .status()?;
    if !status.success() {
        bail!(
            "nothing was counted. Counting takes valgrind (Debian: apt-get install valgrind) and the runner: \
             cargo install --locked gungraun-runner --version as gungraun in Cargo.toml"
        );
    }
    let mut counts = BTreeMap::new();
    summaries(home.path(), &mut counts)?;
    Ok(counts)
}

/// Instructions of every summary in `folder`.
fn summaries(folder: &Path, counts: &mut BTreeMap<String, u64>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            summaries(&path, counts)?;
        } else if path.ends_with("summary.json") {
            let summary: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
            let name = summary["id"].as_str().context("a summary has an id")?;
            let count = summary
                .pointer("/profiles/0/data/total/metrics/Ir/values/new")
                .and_then(Value::as_u64)
                .context("a summary has its instructions")?;
            counts.insert(name.to_owned(), count);
        }
    }
    Ok(())
}

fn written(counts: &BTreeMap<String, u64>) -> String {
    let mut text = HEAD.to_owned();
    for (name, count) in counts {
        writeln!(text, "{name} {count}").expect("a String takes all");
    }
    text
}

fn read(text: &str) -> anyhow::Result<BTreeMap<String, u64>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let counts = lines.map(|line| {
        let (name, count) = line.split_once(' ').context("a name and a count")?;
        Ok((name.to_owned(), count.parse()?))
    });
    counts.collect()
}

//! Where the time goes, by `perf record` of the program's own clock: functions as compiled, and source files with what
//! the compiler inlined put where it was written.

use crate::document::Profile;
use crate::process::run;
use crate::speed::snatsim;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// The scenarios that are profiled, and samples a second: a few thousand in all, for `perf` takes long over each.
const PROFILED: [(&str, &str); 7] = [
    ("LB-1", "4000"),
    ("LB-2", "4000"),
    ("NAT-1", "4000"),
    ("retries", "1000"),
    ("firewall", "400"),
    ("overload", "400"),
    ("held-1e7", "200"),
];

/// Shares smaller than this, in percent, are left to the rest.
const LEAST_PERCENT: f64 = 2.0;

/// The profiles; none, with a word about it, where there is no `perf` (Debian's package `linux-perf`).
pub fn profiles(program: &Path) -> Vec<(String, Profile)> {
    if Command::new("perf").arg("--version").output().is_err() {
        eprintln!("no profile: there is no `perf` here (Debian: apt-get install linux-perf)");
        return Vec::new();
    }
    let directory = tempfile::tempdir().expect("there is room for samples");
    let samples = directory.path().join("perf.data");
    let mut own = BTreeSet::new();
    own_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut own);
    let profiled = PROFILED.map(|(name, per_second)| {
        let run_of = snatsim(program, name);
        let mut record = Command::new("perf");
        record.args(["record", "--quiet", "--no-buildid-cache", "-e", "cpu-clock"]);
        record.args(["-F", per_second, "-o"]);
        record.arg(&samples).arg("--").arg(program);
        run(record.args(run_of.get_args()));
        let profile = Profile {
            functions: shares(&samples, "sym")
                .into_iter()
                .map(|(name, percent)| (plain(&name), percent))
                .filter(|(_, percent)| *percent >= LEAST_PERCENT)
                .collect(),
            files: by_file(shares(&samples, "srcfile"), &own),
        };
        println!("{name}: {profile:#?}");
        (name.to_owned(), profile)
    });
    profiled.into()
}

/// Shares of the samples in percent, largest first.
fn shares(samples: &Path, by: &str) -> Vec<(String, f64)> {
    let mut report = Command::new("perf");
    report.args(["report", "--stdio", "--quiet", "--no-children"]);
    report.args(["--sort", by, "--fields", &format!("overhead,{by}"), "-i"]);
    let (_, printed) = run(report.arg(samples));
    let shares = printed.lines().filter_map(|line| {
        let (percent, what) = line.trim().split_once('%')?;
        let percent = percent.parse().expect("a percentage");
        Some((what.trim().to_owned(), percent))
    });
    let mut shares: Vec<(String, f64)> = shares.collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

/// Names of the source files in `folder`.
fn own_files(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            own_files(&path, found);
        } else if let Some(name) = path.file_name() {
            found.insert(name.to_string_lossy().into_owned());
        }
    }
}

/// Own files by themselves, and all else in one row.
fn by_file(shares: Vec<(String, f64)>, own: &BTreeSet<String>) -> Vec<(String, f64)> {
    let (mut named, rest): (Vec<_>, Vec<_>) = shares
        .into_iter()
        .partition(|(file, percent)| own.contains(file) && *percent >= LEAST_PERCENT);
    named
        .iter_mut()
        .for_each(|(file, _)| *file = format!("`{file}`"));
    let rest: f64 = rest.iter().map(|(_, percent)| percent).sum();
    let rest = (rest * 100.0).round() / 100.0;
    named.push((
        "the standard library (inlined), the system, the rest".to_owned(),
        rest,
    ));
    named
}

/// `[.] snatsim::a::b::c_avx2_version` is `a::b::c`: the crate goes without saying, and the processor is named elsewhere.
fn plain(name: &str) -> String {
    let name = name.trim_start_matches("[.] ").trim_start_matches("[k] ");
    let name = name.trim_start_matches("snatsim::");
    let name = name.split("_avx").next().expect("text before a mark");
    name.to_owned()
}

//! What is said of a sweep.

use super::{Cell, Contents, Listed, Table};
use crate::report::chart::plain;
use crate::report::{Sweeps, quoted, sweep};
use crate::results::Verdict;
use crate::results::words::{count, counted, estimate};
use crate::sweep::{Row, SavedSweep, Summary};
use std::collections::BTreeSet;

impl Contents {
    /// Of a sweep, or of several over the same axes.
    pub fn of_sweeps(sweeps: &Sweeps, title: Option<&str>) -> Contents {
        let (mut lead, mut subtitles, mut runs) = (Vec::new(), Vec::new(), Vec::new());
        let mut outbounds = 0;
        for (label, saved) in sweeps.parts() {
            let of = |text: String| match label {
                Some(label) => plain(&format!("{label}: {text}")),
                None => plain(&text),
            };
            let summary = saved.summary();
            let told = summary.outbounds.iter().take(sweep::SPOKEN_OF);
            lead.extend(told.map(|outbound| of(sweep::sentence(outbound))));
            outbounds += summary.outbounds.len();
            subtitles.push(subtitle(saved, &summary));
            runs.push(run(label, saved));
        }
        subtitles.dedup();
        let more = (outbounds - lead.len()) as u64;
        Contents {
            title: title.map_or_else(|| plain(&sweeps.title()), plain),
            subtitle: subtitles.join("; "),
            lead,
            more_outbounds: (more > 0).then(|| format!("{} in the table.", counted(more, "more outbound"))),
            tables: vec![verdicts(sweeps)],
            lists: vec![points_of(sweeps)],
            assumptions_say: "Those of the scenario, unless an axis sets them; the result.json of every point repeats \
                              them, and every row of the table names in dependsOn what a verdict hangs on."
                .to_owned(),
            runs,
            ..Contents::default()
        }
    }
}

fn subtitle(saved: &SavedSweep, summary: &Summary) -> String {
    let points = match summary.points == summary.of {
        true => counted(summary.points, "point"),
        false => format!("{} of {}", summary.points, counted(summary.of, "point")),
    };
    format!(
        "Sweep of the scenario {}: {points}, {} each, seed {}",
        plain(&saved.scenario),
        counted(u64::from(saved.replications), "replication"),
        saved.seed
    )
}

/// The command that makes it again.
fn command(saved: &SavedSweep) -> String {
    let sets = saved.overrides.iter().flat_map(|(pointer, value)| {
        let set = format!("{}={}", plain(pointer), plain(value));
        ["--set".to_owned(), set]
    });
    let words = ["snatsim", "sweep", "SWEEP"].map(str::to_owned);
    let words: Vec<String> = words.into_iter().chain(sets).collect();
    format!("{} -o DIR", quoted(&words))
}

/// How to make it again.
fn run(label: Option<&str>, saved: &SavedSweep) -> Listed {
    let item = |name: &str, value: String, typed: bool| (name.to_owned(), value, typed);
    Listed {
        label: label.map(plain),
        items: vec![
            item("Command", command(saved), true),
            item(
                "SWEEP",
                format!("the file of the sweep {}", plain(&saved.name)),
                false,
            ),
            item("SHA-256 of the sweep", saved.sha256.clone(), true),
            item("Seed", saved.seed.to_string(), false),
            item("Replications", saved.replications.to_string(), false),
            item(
                "Simulated with",
                format!("snatsim {}", plain(&saved.snatsim)),
                false,
            ),
        ],
    }
}

/// How often each verdict was given to each outbound.
fn verdicts(sweeps: &Sweeps) -> Table {
    let row = |name: &str| {
        let counts = Verdict::ALL.map(|verdict| {
            let rows = sweeps.rows().iter();
            let many = rows
                .filter(|row| row.outbound == name && row.verdict == verdict)
                .count();
            Cell::number(count(many as u64), Some(many as f64))
        });
        [Cell::text(name)].into_iter().chain(counts).collect()
    };
    Table {
        id: "comparison".to_owned(),
        title: "Points by verdict".to_owned(),
        header: ["outbound"]
            .into_iter()
            .chain(Verdict::ALL.map(Verdict::word))
            .map(str::to_owned)
            .collect(),
        rows: sweeps
            .outbounds()
            .iter()
            .map(|one| row(&one.shown))
            .collect(),
        ..Table::default()
    }
}

/// Rows of the table of points; the rest is in the CSV.
const POINTS: usize = 200;

fn points_of(sweeps: &Sweeps) -> Table {
    let all = sweeps.rows();
    let axes = sweeps.axes().iter().map(|axis| plain(&axis.name));
    let figures = ["outbound", "verdict", "connections failed", "ports at peak"].map(str::to_owned);
    // By point, so that every outbound of a point stays.
    let points: BTreeSet<u64> = all.iter().map(|row| row.point).collect();
    let rows_of_point = all.len().div_ceil(points.len().max(1)).max(1);
    let every = points
        .len()
        .div_ceil((POINTS / rows_of_point).max(1))
        .max(1);
    let drawn: BTreeSet<u64> = points.iter().copied().step_by(every).collect();
    let rows: Vec<&Row> = all
        .iter()
        .filter(|row| drawn.contains(&row.point))
        .collect();
    let row = |row: &Row| {
        let at = sweeps
            .axes()
            .iter()
            .zip(&row.at)
            .map(|(axis, i)| Cell::text(&axis.labels[*i]));
        let found = &row.failure_probability;
        let failed = match row.limit {
            Some(_) => estimate(found),
            None => "-".to_owned(),
        };
        let ports = match (row.peak_used, row.limit) {
            (_, Some(0)) => "no ports".to_owned(),
            (Some(peak), Some(limit)) => {
                format!("{} of {}", count(u64::from(peak)), count(u64::from(limit)))
            }
            _ => "-".to_owned(),
        };
        let figures = [
            Cell::text(&row.outbound),
            Cell::text(row.verdict.word()),
            Cell::number(failed, found.estimate),
            Cell::number(ports, row.peak_used.map(f64::from)),
        ];
        at.chain(figures).collect()
    };
    Table {
        id: "points".to_owned(),
        title: "Points".to_owned(),
        header: axes.chain(figures).collect(),
        note: (every > 1).then(|| {
            format!(
                "{} of {}, evenly; table.csv has all.",
                count(drawn.len() as u64),
                counted(points.len() as u64, "point")
            )
        }),
        rows: rows.into_iter().map(row).collect(),
        ..Table::default()
    }
}

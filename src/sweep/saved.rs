//! A sweep as its directory holds it, read back from `manifest.json` and `table.csv`.

use super::directory::read_manifest;
use super::error::Error;
use super::manifest::Shard;
use super::summary::Summary;
use crate::results::{Estimate, IntervalMethod, Verdict};
use serde_json::Value;
use std::path::Path;

/// A whole sweep, without its histograms.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedSweep {
    /// Name of the sweep.
    pub name: String,
    /// Version of snatsim that made it.
    pub snatsim: String,
    /// SHA-256 of the sweep, in hexadecimal.
    pub sha256: String,
    /// Name of the base scenario.
    pub scenario: String,
    /// Seed of every point.
    pub seed: u64,
    /// Replications of every point.
    pub replications: u32,
    /// Points of the whole sweep.
    pub points: u64,
    /// Which part of the points the directory holds.
    pub of: Shard,
    /// The axes; the last one is the fastest.
    pub axes: Vec<SavedAxis>,
    /// One row a point and outbound, in the order of the table.
    pub rows: Vec<Row>,
}

/// An axis of a sweep; of those that advance together the first.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedAxis {
    /// Name: the column of the table.
    pub name: String,
    /// Places in the scenario, of all that advance together.
    pub pointers: Vec<String>,
    /// The values.
    pub values: Vec<Value>,
    /// What the table calls them.
    pub labels: Vec<String>,
}

/// What came of an outbound at a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The point.
    pub point: u64,
    /// Its position on every axis.
    pub at: Vec<usize>,
    /// Name of the outbound.
    pub outbound: String,
    /// Its type, as in a scenario.
    pub outbound_type: String,
    /// The verdict.
    pub verdict: Verdict,
    /// failed / (offered - pending); without a number where nothing was simulated.
    pub failure_probability: Estimate,
    /// Ports of a pool toward one key; none where nothing was simulated.
    pub limit: Option<u32>,
    /// Highest number of ports in use toward one key.
    pub peak_used: Option<u32>,
}

impl SavedSweep {
    /// Whether a directory holds a sweep.
    pub fn is_in(path: &Path) -> bool {
        path.join("manifest.json").is_file()
    }

    /// Reads a directory that `sweep -o` or `merge` wrote.
    ///
    /// # Errors
    /// When a file is missing, as the table is where points are, or is not what it was.
    pub fn read(path: &Path) -> Result<SavedSweep, Error> {
        let manifest = read_manifest(path)?;
        let grid = &manifest.axes;
        let mut axes = Vec::new();
        for axis in &grid.0 {
            let first = &axis.0[0];
            axes.push(SavedAxis {
                name: first.name.clone(),
                pointers: axis.0.iter().flat_map(|one| one.pointers.clone()).collect(),
                values: first.values.clone(),
                labels: first.labels.clone(),
            });
        }
        let positions = |point: u64| -> Vec<usize> {
            let mut rest = point;
            let mut at: Vec<usize> = grid
                .0
                .iter()
                .rev()
                .map(|axis| {
                    let len = axis.len() as u64;
                    let position = (rest % len) as usize;
                    rest /= len;
                    position
                })
                .collect();
            at.reverse();
            at
        };
        Ok(SavedSweep {
            of: manifest.part(),
            rows: rows(&path.join("table.csv"), positions)?,
            axes,
            name: manifest.sweep,
            snatsim: manifest.snatsim,
            sha256: manifest.sweep_sha256,
            scenario: manifest.scenario,
            seed: manifest.seed,
            replications: manifest.replications,
            points: manifest.points,
        })
    }
}

impl SavedSweep {
    /// What it comes to.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary {
            sweep: self.name.clone(),
            points: self.of.points(self.points).count() as u64,
            of: self.points,
            replications: self.replications,
            seed: self.seed,
            verdicts: Verdict::ALL.map(|verdict| (verdict, 0)),
            outbounds: Vec::new(),
        };
        for row in &self.rows {
            let failed = row.limit.map(|_| &row.failure_probability);
            summary.add_row(row.point, &row.outbound, row.verdict, failed, || {
                let labels = self.axes.iter().zip(&row.at);
                labels
                    .map(|(axis, i)| (axis.name.clone(), axis.labels[*i].clone()))
                    .collect()
            });
        }
        summary
    }
}

fn rows(path: &Path, positions: impl Fn(u64) -> Vec<usize>) -> Result<Vec<Row>, Error> {
    let damaged = |reason: &str| Error::Damaged {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    let plain = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(source) => Error::read(path)(source),
        other => damaged(&format!("{other:?}")),
    };
    let mut csv = csv::Reader::from_path(path).map_err(plain)?;
    let header = csv.headers().map_err(plain)?.clone();
    let column = |name: &str| {
        let places = header.iter().enumerate();
        let place = places.filter(|(_, column)| *column == name).last();
        place
            .map(|(i, _)| i)
            .ok_or_else(|| damaged(&format!("it has no column {name}")))
    };
    let [point, outbound, kind, verdict] = [
        column("point")?,
        column("outbound")?,
        column("outboundType")?,
        column("verdict")?,
    ];
    let [estimate, low, high, method] = [
        column("failureProbability.estimate")?,
        column("failureProbability.low")?,
        column("failureProbability.high")?,
        column("failureProbability.method")?,
    ];
    let (limit, peak) = (column("pools.limit")?, column("pools.peakUsed")?);
    let word = |text: &str| Value::String(text.to_owned());
    let mut rows = Vec::new();
    for record in csv.records() {
        let record = record.map_err(plain)?;
        let text = |column: usize| record.get(column).unwrap_or_default();
        let number = |column: usize| text(column).parse::<f64>().ok();
        let point: u64 = text(point)
            .parse()
            .map_err(|_| damaged("the number of a point is none"))?;
        let method = serde_json::from_value(word(text(method))).unwrap_or(IntervalMethod::None);
        rows.push(Row {
            point,
            at: positions(point),
            outbound: text(outbound).to_owned(),
            outbound_type: text(kind).to_owned(),
            verdict: serde_json::from_value(word(text(verdict)))
                .map_err(|_| damaged("a verdict is none"))?,
            failure_probability: Estimate {
                estimate: number(estimate),
                low: number(low),
                high: number(high),
                method,
            },
            limit: text(limit).parse().ok(),
            peak_used: text(peak).parse().ok(),
        });
    }
    Ok(rows)
}

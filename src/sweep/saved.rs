//! A sweep as its directory holds it, read back from `manifest.json` and `table.csv`.

use super::axes::Dimension;
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
    /// Overrides of the base scenario, pointer and value.
    pub overrides: Vec<(String, String)>,
    /// Points of the whole sweep.
    pub points: u64,
    /// Which part of the points the directory holds.
    pub of: Shard,
    /// The axes; the last one is the fastest.
    pub axes: Vec<SavedAxis>,
    /// One row a point and outbound, in the order of the table.
    pub rows: Vec<Row>,
}

/// An axis of a sweep; those that advance together are one.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedAxis {
    /// Name: the column of the table, or what the columns of all that advance together begin with.
    pub name: String,
    /// Places in the scenario, of all that advance together.
    pub pointers: Vec<String>,
    /// The values; where those of one thing that advance together are not the same, what they are called.
    pub values: Vec<Value>,
    /// What the table calls them; where those of one thing are not the same all of them: `100, 120`.
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

impl SavedAxis {
    /// Dimensions that advance together. Those of one thing, `idleMinutes.loadBalancer` and `idleMinutes.natGateway`, are
    /// told together; of different things the first stands for all.
    fn of(together: &[Dimension]) -> SavedAxis {
        let first = &together[0];
        let pointers = together.iter().flat_map(|one| one.pointers.clone());
        let common = common_name(together);
        let told = match common {
            Some(_) => together,
            None => &together[..1],
        };
        let labels: Vec<String> = (0..first.labels.len())
            .map(|position| {
                let mut labels: Vec<&str> = told
                    .iter()
                    .map(|one| one.labels[position].as_str())
                    .collect();
                labels.dedup();
                labels.join(", ")
            })
            .collect();
        let alike = told.iter().all(|one| one.values == first.values);
        SavedAxis {
            name: common.unwrap_or_else(|| first.name.clone()),
            pointers: pointers.collect(),
            values: match alike {
                true => first.values.clone(),
                false => labels.iter().cloned().map(Value::String).collect(),
            },
            labels,
        }
    }
}

/// The words that the names of all begin with, if there are any.
fn common_name(together: &[Dimension]) -> Option<String> {
    let (first, others) = together.split_first()?;
    let words =
        |one: &'_ Dimension| -> Vec<String> { one.name.split('.').map(str::to_owned).collect() };
    let mut common = words(first);
    for other in others {
        let other = words(other);
        let same = common.iter().zip(&other).take_while(|(a, b)| a == b);
        common.truncate(same.count());
    }
    (!common.is_empty()).then(|| common.join("."))
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
            axes.push(SavedAxis::of(&axis.0));
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
            overrides: manifest.overrides,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn dimension(name: &str, values: &[u64]) -> Dimension {
        Dimension {
            name: name.to_owned(),
            pointers: vec![format!("/{name}")],
            values: values.iter().map(|value| Value::from(*value)).collect(),
            labels: values.iter().map(u64::to_string).collect(),
            pointer_places: Vec::new(),
            values_place: String::new(),
        }
    }

    #[test]
    fn values_that_advance_together_are_all_told_where_they_differ() {
        let (lb, nat) = ("idleMinutes.loadBalancer", "idleMinutes.natGateway");
        let apart = SavedAxis::of(&[dimension(lb, &[4, 100]), dimension(nat, &[4, 120])]);
        assert_eq!(apart.name, "idleMinutes");
        assert_eq!(apart.labels, ["4", "100, 120"]);
        // No number that is one outbound's alone is a place on the axis.
        assert_eq!(apart.values[1], Value::from("100, 120"));
        let alike = SavedAxis::of(&[dimension(lb, &[4, 30]), dimension(nat, &[4, 30])]);
        assert_eq!(alike.values, [4, 30].map(Value::from));
        let other = SavedAxis::of(&[dimension("nodes", &[1, 50]), dimension("rate", &[10, 500])]);
        assert_eq!(other.name, "nodes");
        assert_eq!(other.values, [1, 50].map(Value::from));
        assert_eq!(other.pointers, ["/nodes", "/rate"]);
    }
}

//! `manifest.json`: what a directory of a sweep holds, so that it can be continued, merged and read alone.

use super::axes::Grid;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The version of the directory's format.
pub const SCHEMA_VERSION: u32 = 1;

/// What a directory of a sweep holds. No times, threads or names of machines, so that the same sweep has the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Version of this format.
    pub schema_version: u32,
    /// Version of snatsim that makes it.
    pub snatsim: String,
    /// Name of the sweep.
    pub sweep: String,
    /// SHA-256 over the sweep file, the base scenario after overrides and every file it names, in hexadecimal.
    pub sweep_sha256: String,
    /// Name of the base scenario.
    pub scenario: String,
    /// SHA-256 of the base scenario after overrides and every file it names, in hexadecimal.
    pub scenario_sha256: String,
    /// Seed of every point, unless an axis sets it.
    pub seed: u64,
    /// Replications of every point, unless an axis sets them.
    pub replications: u32,
    /// Overrides of the base scenario, as they were given on the command line: pointer and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<(String, String)>,
    /// Points of the whole sweep.
    pub points: u64,
    /// Which part of the points this is, where it is not all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The axes with their values; the last one is the fastest. Axes in one list advance together.
    pub(super) axes: Grid,
}

/// One of several parts of a sweep: the points whose number leaves `index` when divided by `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which, from 0.
    pub index: u64,
    /// How many there are, at least 1.
    pub of: u64,
}

impl Shard {
    /// All points.
    pub const WHOLE: Shard = Shard { index: 0, of: 1 };

    /// Its points, in order, of `points` in all.
    pub fn points(self, points: u64) -> impl Iterator<Item = u64> + Send + Clone {
        (self.index..points).step_by(usize::try_from(self.of).unwrap_or(usize::MAX))
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let expected = || "expected I/N, such as 0/4, 1/4, 2/4 and 3/4 for four shards".to_owned();
        let (index, of) = text.split_once('/').ok_or_else(expected)?;
        let (Ok(index), Ok(of)) = (index.parse(), of.parse::<u64>()) else {
            return Err(expected());
        };
        match of.checked_sub(1) {
            None => Err("there is at least one shard: 0/1".to_owned()),
            Some(last) if index > last => Err(format!(
                "shards are counted from 0: the last of {of} is {last}/{of}"
            )),
            Some(_) => Ok(Shard { index, of }),
        }
    }
}

impl Manifest {
    /// The part of the sweep that it speaks of.
    pub fn part(&self) -> Shard {
        self.shard.unwrap_or(Shard::WHOLE)
    }

    /// The same sweep as a whole.
    pub(super) fn whole(&self) -> Manifest {
        Manifest {
            shard: None,
            ..self.clone()
        }
    }

    /// What this one, which a directory holds, has other than `wanted`; nothing if they are of the same work.
    pub(super) fn differences(&self, wanted: &Manifest) -> Vec<String> {
        let mut reasons = Vec::new();
        let mut differs = |there: &dyn fmt::Display, here: &dyn fmt::Display, what: &str| {
            if there.to_string() != here.to_string() {
                reasons.push(format!("{what} there is {there}, here {here}"));
            }
        };
        let part = |manifest: &Manifest| match manifest.shard {
            Some(shard) => format!("shard {shard}"),
            None => "the whole sweep".to_owned(),
        };
        differs(&self.schema_version, &wanted.schema_version, "the format");
        differs(&self.snatsim, &wanted.snatsim, "the version of snatsim");
        differs(&self.sweep, &wanted.sweep, "the name");
        differs(&part(self), &part(wanted), "the part");
        differs(&self.seed, &wanted.seed, "the seed");
        differs(
            &self.replications,
            &wanted.replications,
            "the number of replications",
        );
        if self.scenario_sha256 != wanted.scenario_sha256 && reasons.is_empty() {
            reasons.push(format!(
                "the base scenario \"{}\", a file that it names or an override is not the same",
                wanted.scenario
            ));
        }
        let json = |grid: &Grid| serde_json::to_value(grid).expect("axes are plain values");
        if json(&self.axes) != json(&wanted.axes) {
            reasons.push("the axes are not the same".to_owned());
        }
        if self.sweep_sha256 != wanted.sweep_sha256 && reasons.is_empty() {
            reasons.push("the sweep file is not the same".to_owned());
        }
        reasons
    }
}

//! The words of a sweep, as they stand in the file; nothing is checked here but their kinds.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Number, Value};

/// A sweep: a base scenario, and axes of values that it is simulated with.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"scenario\": …, \"axes\": [ … ], … }"
)]
pub struct SweepSpec {
    /// The JSON Schema, for editors.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Name of the sweep, default `sweep`.
    pub name: Option<String>,
    /// What it shows, in one sentence.
    pub description: Option<String>,
    /// The scenario that every point is a variation of.
    pub scenario: BaseSpec,
    /// Whether the Azure types that the scenario lacks are filled in, as `snatsim compare` does; default false.
    pub compare: Option<bool>,
    /// Independent replications of every point; those of the scenario by default.
    pub replications: Option<u32>,
    /// Seed of every point, so that all meet the same random numbers; that of the scenario by default.
    pub seed: Option<u64>,
    /// What varies. The points are the product of the axes, the last one fastest.
    pub axes: Vec<AxisSpec>,
}

/// Where the base scenario comes from.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    expecting = "an object with exactly one of \"file\", \"inline\", \"example\""
)]
pub enum BaseSpec {
    /// A file, relative to the sweep.
    File(String),
    /// The scenario itself. Files that it names are relative to the sweep.
    Inline(Map<String, Value>),
    /// A built-in scenario; `snatsim example` lists them.
    Example(String),
}

/// One axis: places in the scenario, and the values they take, given as one of `values`, `range` and `logRange`;
/// or `paired` axes that advance together.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an axis: { \"name\": …, \"pointer\": …, \"values\": [ … ] }, or { \"paired\": [ … ] }"
)]
pub struct AxisSpec {
    /// Name: the column of the table.
    pub name: Option<String>,
    /// JSON pointer into the scenario; elements of lists by name or number.
    pub pointer: Option<String>,
    /// Several pointers that are set to the same value.
    pub pointers: Option<Vec<String>>,
    /// Any values.
    pub values: Option<Vec<Value>>,
    /// What the table calls the values, one each; needed where a value is an object or a list.
    pub labels: Option<Vec<String>>,
    /// Evenly spaced numbers.
    pub range: Option<RangeSpec>,
    /// Numbers in equal ratios.
    pub log_range: Option<LogRangeSpec>,
    /// Axes of equal length that advance together.
    pub paired: Option<Vec<AxisSpec>>,
}

/// Evenly spaced numbers: `from`, `from + step`, … up to `to`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object: { \"from\": 4, \"to\": 120, \"step\": 4 }"
)]
pub struct RangeSpec {
    /// The first.
    #[schemars(with = "f64")]
    pub from: Number,
    /// None lies beyond.
    #[schemars(with = "f64")]
    pub to: Number,
    /// From one to the next, not 0; below 0 where `to` is below `from`.
    #[schemars(with = "f64")]
    pub step: Number,
}

/// Numbers in equal ratios from `from` to `to`, rounded to four significant digits.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object: { \"from\": 1, \"to\": 1000, \"count\": 10 }"
)]
pub struct LogRangeSpec {
    /// The first, above 0.
    pub from: f64,
    /// The last, above 0.
    pub to: f64,
    /// How many, at least 2.
    pub count: u32,
    /// Whole numbers, each once; default false.
    pub integers: Option<bool>,
}

//! Grids of scenarios: axes over JSON pointers, run in parallel, resumed, sharded and merged.

mod axes;
mod directory;
mod error;
mod manifest;
mod merge;
mod parallel;
#[cfg(feature = "parquet")]
mod parquet;
mod plan;
mod point;
mod run;
mod saved;
mod spec;
mod summary;
mod table;
mod uncertainty;

pub use error::Error;
pub use manifest::{Manifest, Shard};
pub use merge::merge;
pub use plan::{Inputs, Sweep, load};
pub use run::{Progress, Work, run, stream};
pub use saved::{Row, SavedAxis, SavedSweep};
pub use spec::{AxisSpec, BaseSpec, LogRangeSpec, RangeSpec, SweepSpec};
pub use summary::{FirstFailure, Outbound, Summary};
pub use uncertainty::{Trial, Trials, run_trials, trials};

/// The JSON Schema of a sweep.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(SweepSpec).to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "snatsim sweep".into());
    }
    schema
}

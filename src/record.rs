//! What a run writes down: counters, histograms and minute series; merging is associative and commutative.

mod accumulator;
mod latency;
mod layout;
mod recorder;
mod replication;
mod series;
mod tally;

pub use accumulator::{Accumulator, Totals};
pub use latency::{Latencies, SpanCounts};
pub use layout::{ClassUse, KeyUse, Layout, Parts, Window};
pub use recorder::GroupRecorder;
pub use replication::{FirstFailure, Minutes, ReplicationRun};
pub use tally::{Cause, Slot, Tally, UsedCounts};

/// How much a run writes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What the table of `run` shows.
    Table,
    /// Everything that is published.
    Full,
}

//! What a run writes down: counters, histograms and minute series; merging is associative and commutative.

mod latency;
mod recorder;
mod replication;
mod taken;
mod tally;

pub use latency::{Latencies, SpanCounts};
pub use recorder::{Accumulator, ClassUse, GroupRecorder, KeyUse, Layout, Parts, Totals, Window};
pub use replication::{FirstFailure, Minutes, ReplicationRun};
pub use taken::{HighestUse, Limits, TakenBack};
pub use tally::{Cause, Slot, Tally, UsedCounts};

/// How much a run writes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What the table of `run` shows.
    Table,
    /// Everything that is published.
    Full,
}

//! What a run writes down: counters, histograms and minute series; merging is associative and commutative.

mod latency;
mod tally;

pub use latency::Latencies;
pub use tally::{Cause, Slot, Tally, UsedCounts};

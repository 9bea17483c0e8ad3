//! What one replication of one outbound type comes to.

use super::taken::{HighestUse, TakenBack};
use super::tally::{Slot, Tally, UsedCounts};
use crate::units::SimTime;

/// What came of one replication of one outbound type.
///
/// Slots and minutes cover [warmup, duration). Slots are equal parts of it (none where no batches are needed),
/// minutes are those of the run, the first and last cut to the window.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplicationRun {
    /// All connections.
    pub total: Tally,
    /// By pool; a connection belongs to the pool of its first try, port time to the pool that holds the port.
    pub by_pool: Vec<Tally>,
    /// By destination.
    pub by_destination: Vec<Tally>,
    /// By workload.
    pub by_workload: Vec<Tally>,
    /// The cohort by time of first SYN.
    pub slots: Vec<Slot>,
    /// The first refused SYN of a connection that fails, over the whole run.
    pub first_failure: Option<FirstFailure>,
    /// Peak of ports active or held toward a pool's fullest key, from warm-up on, by pool.
    pub peak_used: Vec<u32>,
    /// Peak of what counts toward the second limit of the fullest key, where the plan has one, by pool.
    pub peak_active: Vec<u32>,
    /// Whether the pool refused a SYN from warm-up on, by pool.
    pub refused: Vec<bool>,
    /// Peak by destination, over its pools and keys.
    pub peak_by_destination: Vec<u32>,
    /// Peak by workload, over the pools and keys it uses.
    pub peak_by_workload: Vec<u32>,
    /// What was taken back at the beginning of each epoch but the first; empty where nothing changes.
    pub taken_back: Vec<TakenBack>,
    /// The highest use where limits change in the course of the run, from warm-up on.
    pub highest_use: Option<HighestUse>,
    /// Series; only with [`Detail::Full`](super::Detail::Full).
    pub minutes: Option<Minutes>,
}

/// A failed connection's first refused SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FirstFailure {
    /// When the SYN was refused.
    pub at: SimTime,
    /// Pool index.
    pub pool: u32,
    /// Destination index.
    pub destination: u32,
}

/// Minute series of one replication; `value[pool × minutes + minute]`, minute 0 holding the end of the warm-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minutes {
    /// Minutes from warm-up on.
    pub minutes: usize,
    /// Index of the first of them in the run.
    pub first: usize,
    /// Peak of ports active or held toward the pool's fullest key.
    pub peak: Vec<u32>,
    /// SYNs that got a port, over all keys of the pool.
    pub granted: Vec<u32>,
    /// SYNs that found none, over all keys of the pool.
    pub refused: Vec<u32>,
    /// Active connections when the minute ends, over all keys of the pool; all 0 where the plan has no second limit.
    pub active: Vec<u32>,
    /// Peaks by destination: over (pool, minute) the maximum over its keys.
    pub by_destination: Vec<UsedCounts>,
    /// Peaks by workload: over (pool, minute) of the pools it uses, the maximum over the keys it uses.
    pub by_workload: Vec<UsedCounts>,
}

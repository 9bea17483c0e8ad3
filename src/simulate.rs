//! (model, seed) to result: cells in parallel, folded into integers that do not depend on the order.

use crate::model::Model;
use crate::record::{Latencies, Slot, Tally, UsedCounts};
use crate::units::SimTime;

/// How much a run writes down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What the table of `run` shows.
    Table,
    /// Everything that is published.
    Full,
}

/// What came of one run of a model.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// One entry per outbound of the model; none where Azure would refuse it.
    pub outbounds: Vec<Option<OutboundRun>>,
}

/// What came of one outbound type.
#[derive(Clone, Debug)]
pub struct OutboundRun {
    /// One entry per replication, in order.
    pub replications: Vec<ReplicationRun>,
    /// Granted SYN minus first SYN of the first try, of offered connections that were established.
    pub connect_latency: Latencies,
    /// Grant to release of every port granted to an offered connection. Empty without [`Detail::Full`].
    pub port_hold: Latencies,
    /// Mean of (ports active or held over the limit), over time from warm-up on and over replications,
    /// of the fullest (pool, key); in [0, 1].
    pub fullest_mean_use: f64,
}

/// What came of one replication of one outbound type.
///
/// Slots and minutes cover [warmup, duration). Slots are [`slots_in`] equal parts of it,
/// minutes are those of the run, the first and last cut to the window.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Series; only with [`Detail::Full`].
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
    /// Active connections when the minute ends, over all keys of the pool.
    pub active: Vec<u32>,
    /// Peaks by destination: over (pool, minute) the maximum over its keys.
    pub by_destination: Vec<UsedCounts>,
    /// Peaks by workload: over (pool, minute) of the pools it uses, the maximum over the keys it uses.
    pub by_workload: Vec<UsedCounts>,
}

/// Slots the window of a model is divided into: enough to make up batches of any length from.
pub fn slots_in(model: &Model) -> usize {
    const MOST: u64 = 4_000;
    const SHORTEST_NANOS: u64 = 1_000_000;
    let window = model.duration.saturating_sub(model.warmup).as_nanos();
    (window / SHORTEST_NANOS).clamp(1, MOST) as usize
}

/// Simulates every outbound of `model` that Azure would accept.
///
/// A pure function of the model (its seed included): the same bytes for any number of threads.
/// `progress` hears (pieces done, pieces in all), from several threads and in no particular order.
pub fn simulate(model: &Model, detail: Detail, progress: &(dyn Fn(u64, u64) + Sync)) -> RunResult {
    let _ = (model, detail, progress);
    todo!()
}

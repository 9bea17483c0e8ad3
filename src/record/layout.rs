//! What is counted and for whom: the window, and how cells, classes and stocks map to what is reported.

use crate::units::SimTime;

/// The window [warmup, duration) that is counted, and how it is divided.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Start of counting.
    pub warmup: SimTime,
    /// End of the run.
    pub duration: SimTime,
    /// Equal parts for batches, at least 1.
    pub slots: usize,
}

impl Window {
    /// The minute of the run that holds the end of the warm-up.
    pub fn first_minute(&self) -> usize {
        self.warmup.minute()
    }

    /// Minutes that reach into the window.
    pub fn minutes(&self) -> usize {
        self.duration
            .as_nanos()
            .div_ceil(SimTime::MINUTE.as_nanos()) as usize
            - self.first_minute()
    }

    pub(super) fn slot_nanos(&self) -> u64 {
        let window = self.duration.saturating_sub(self.warmup).as_nanos();
        window.div_ceil(self.slots as u64).max(1)
    }

    /// Time between `from` and `until` that lies in the window, in nanoseconds.
    #[inline]
    pub(super) fn clip(&self, from: u64, until: u64) -> u64 {
        let from = from.max(self.warmup.as_nanos());
        until.min(self.duration.as_nanos()).saturating_sub(from)
    }
}

/// Whom a class of connections counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassUse {
    /// Workload index.
    pub workload: u32,
    /// Destination index.
    pub destination: u32,
}

/// Who uses a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// Destination indices.
    pub destinations: Vec<u32>,
    /// Workload indices.
    pub workloads: Vec<u32>,
}

/// How the cells, classes and stocks of a group map to what is reported.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Buckets per key.
    pub buckets: u32,
    /// By cell, the pool that it is: a node or a gateway; empty where the buckets are the pools.
    pub cell_pools: Vec<u32>,
    /// By class.
    pub classes: Vec<ClassUse>,
    /// By key of a cell.
    pub keys: Vec<KeyUse>,
    /// The ports that the mean use of a stock is measured by: by cell, by bucket, or one number for all.
    pub limits: Vec<u32>,
    /// Whether held ports count toward the second limit.
    pub active_counts_held: bool,
}

impl Layout {
    #[inline]
    pub(super) fn pool(&self, cell: usize, bucket: u32) -> u32 {
        if self.cell_pools.is_empty() {
            bucket
        } else {
            self.cell_pools[cell]
        }
    }

    pub(super) fn limit(&self, cell: usize, bucket: u32) -> u32 {
        // Buckets lie in one cell: a place is one or the other.
        self.limits[(cell + bucket as usize).min(self.limits.len() - 1)]
    }

    pub(super) fn cells(&self) -> usize {
        self.cell_pools.len().max(1)
    }
}

/// What the accumulator of a replication is sized by.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Pools of the outbound type.
    pub pools: usize,
    /// Keys by destination.
    pub destination_keys: Vec<usize>,
    /// Keys by workload.
    pub workload_keys: Vec<usize>,
    /// By workload, the pools it uses, ascending.
    pub workload_pools: Vec<Vec<u32>>,
}

impl Parts {
    /// The workloads that use both `key` and `pool`.
    pub(super) fn workloads_of<'a>(
        &'a self,
        key: &'a KeyUse,
        pool: u32,
    ) -> impl Iterator<Item = u32> + 'a {
        let uses = move |workload: &u32| {
            self.workload_pools[*workload as usize]
                .binary_search(&pool)
                .is_ok()
        };
        key.workloads.iter().copied().filter(uses)
    }
}

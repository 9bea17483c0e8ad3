//! Counters of connections and of port time.

#[cfg(doc)]
use crate::engine::AtNode;
use std::collections::BTreeMap;

/// What a port was held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// TCP, from the grant to the last packet.
    Open = 0,
    /// Hold-down after FIN.
    FinHold = 1,
    /// Hold-down after RST.
    RstHold = 2,
    /// From the last packet of an abandoned or broken connection to the release.
    Idle = 3,
    /// The whole hold of a UDP flow.
    Udp = 4,
    /// The whole hold of an unanswered try.
    HalfOpen = 5,
}

impl Cause {
    /// All causes, in index order.
    pub const ALL: [Cause; 6] = [
        Cause::Open,
        Cause::FinHold,
        Cause::RstHold,
        Cause::Idle,
        Cause::Udp,
        Cause::HalfOpen,
    ];
}

/// Counters of one group of connections (all, a pool's, a destination's, a workload's).
///
/// Counts are of offered connections; `port_nanos` is of the clock from warm-up on, by [`Cause`].
/// At every moment after a run: offered = established + failed + unanswered + pending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Connections whose first SYN lies in [warmup, duration).
    pub offered: u64,
    /// Some try got a port and an answer.
    pub established: u64,
    /// The last try ran out for lack of a port.
    pub failed: u64,
    /// The last try had a port and no answer.
    pub unanswered: u64,
    /// Undecided at `duration`.
    pub pending: u64,
    /// Established, then lost its port under its owner.
    pub broken: u64,
    /// Established, but not on the first SYN.
    pub delayed: u64,
    /// The first SYN found no port.
    pub refused_first: u64,
    /// Tries begun.
    pub tries: u64,
    /// SYNs sent.
    pub syns: u64,
    /// SYNs that found no port.
    pub refused_syns: u64,
    /// First SYNs that were never sent for want of a local port.
    pub unsent: u64,
    /// Tries and SYNs that were kept on their node, by [`AtNode`].
    pub kept: [u64; 3],
    /// Failed connections that their node refused last, by [`AtNode`].
    pub failed_at_node: [u64; 3],
    /// Port time by cause, in nanoseconds, clipped to [warmup, duration). Only with [`Detail::Full`](crate::record::Detail::Full).
    pub port_nanos: [u128; 6],
}

impl Tally {
    /// Adds another group's counters.
    pub fn add(&mut self, other: &Tally) {
        self.offered += other.offered;
        self.established += other.established;
        self.failed += other.failed;
        self.unanswered += other.unanswered;
        self.pending += other.pending;
        self.broken += other.broken;
        self.delayed += other.delayed;
        self.refused_first += other.refused_first;
        self.tries += other.tries;
        self.syns += other.syns;
        self.refused_syns += other.refused_syns;
        self.unsent += other.unsent;
        for (mine, theirs) in self.kept.iter_mut().zip(other.kept) {
            *mine += theirs;
        }
        for (mine, theirs) in self.failed_at_node.iter_mut().zip(other.failed_at_node) {
            *mine += theirs;
        }
        for (mine, theirs) in self.port_nanos.iter_mut().zip(other.port_nanos) {
            *mine += theirs;
        }
    }

    /// Connections whose fate is known.
    pub fn decided(&self) -> u64 {
        self.offered - self.pending
    }
}

/// Cohort counts of one slot of the window [warmup, duration), by the time of the first SYN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Connections offered in the slot.
    pub offered: u64,
    /// Of those, failed.
    pub failed: u64,
    /// Of those, pending.
    pub pending: u64,
}

/// How often each number of used ports was a minute's peak.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedCounts(pub BTreeMap<u32, u64>);

impl UsedCounts {
    /// Counts `times` minutes with a peak of `used`.
    pub fn add(&mut self, used: u32, times: u64) {
        if times > 0 {
            *self.0.entry(used).or_default() += times;
        }
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &UsedCounts) {
        for (used, times) in &other.0 {
            self.add(*used, *times);
        }
    }

    /// The nearest-rank quantile: the ⌈p n⌉-th smallest; 0 when nothing was counted.
    pub fn quantile(&self, p: f64) -> u32 {
        let n: u64 = self.0.values().sum();
        let rank = ((p * n as f64).ceil() as u64).clamp(1, n.max(1));
        let mut seen = 0;
        for (used, times) in &self.0 {
            seen += times;
            if seen >= rank {
                return *used;
            }
        }
        0
    }
}

//! Counters of requests that go through pools of connections.

use super::Latencies;
use crate::engine::RequestStep;
use crate::units::SimTime;

/// What became of the requests of a workload that were made in [warmup, duration).
///
/// What is neither reused, opened nor failed was still undecided at the end.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    /// Requests made.
    pub made: u64,
    /// Found a connection that was open before.
    pub reused: u64,
    /// Had one opened.
    pub opened: u64,
    /// Had to wait because all connections that the pool may have were in use.
    pub queued: u64,
    /// Met a connection that had idled out without a word, and had to have another.
    pub broken: u64,
    /// Had one opened for them that got no port, or no answer.
    pub failed: u64,
    /// From the request to its connection.
    pub wait: Latencies,
}

impl Requests {
    /// Counts a step of a request.
    pub fn count(&mut self, step: RequestStep) {
        match step {
            RequestStep::Made => self.made += 1,
            RequestStep::Queued => self.queued += 1,
            RequestStep::Broken => self.broken += 1,
            RequestStep::Failed => self.failed += 1,
            RequestStep::Reused { waited } => {
                self.reused += 1;
                self.wait.record(SimTime::from_nanos(waited));
            }
            RequestStep::Opened { waited } => {
                self.opened += 1;
                self.wait.record(SimTime::from_nanos(waited));
            }
        }
    }

    /// Adds another's.
    pub fn merge(&mut self, other: &Requests) {
        self.made += other.made;
        self.reused += other.reused;
        self.opened += other.opened;
        self.queued += other.queued;
        self.broken += other.broken;
        self.failed += other.failed;
        self.wait.merge(&other.wait);
    }
}

//! What is taken of one limit of a node.

use crate::engine::releases::{HeapReleases, Releases};

/// What is taken of it, and the most that was.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub taken: u64,
    pub back: HeapReleases,
    /// When would have come back what came back early.
    pub early: HeapReleases,
    /// In use when it was looked at last.
    pub used: u64,
    /// Whether it was looked at since peaks count.
    pub counts: bool,
    pub peak: u64,
}

impl Places {
    /// In use at `at`; what is in use from `from` on counts toward the peak.
    pub fn used(&mut self, at: u64, from: u64) -> u64 {
        if at >= from && !self.counts {
            self.counts = true;
            self.peak = self.taken + self.early.advance(from) - self.back.advance(from);
        }
        self.used = self.taken + self.early.advance(at) - self.back.advance(at);
        self.used
    }

    /// Takes one more, after [`Places::used`].
    pub fn take(&mut self) {
        self.taken += 1;
        self.used += 1;
        if self.counts {
            self.peak = self.peak.max(self.used);
        }
    }

    pub fn give_back(&mut self, at: u64) {
        self.back.push(at);
    }

    /// Gives back at `at` what was to come back at `was`, if it was to come back at all.
    pub fn give_back_early(&mut self, at: u64, was: Option<u64>) {
        self.back.push(at);
        if let Some(was) = was {
            self.early.push(was);
        }
    }

    /// The most that was in use at a time from `from` on.
    pub fn highest(&mut self, from: u64) -> u64 {
        if !self.counts {
            self.used(from, from);
        }
        self.peak
    }
}

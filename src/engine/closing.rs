//! What a source hears of its connections, and what it says of those that it closes.

use super::Tag;
use super::connection::End;

/// A connection is settled. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whom it counts for.
    pub tag: Tag,
    /// Its number, as in its arrival.
    pub id: u32,
    /// How it is settled.
    pub outcome: Outcome,
}

/// How a connection is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has a port and an answer.
    Established {
        /// Since when.
        at: u64,
        /// Whose port it has.
        stock: u32,
    },
    /// It failed, or nobody answered.
    Settled {
        /// When the last try ends; may lie ahead.
        at: u64,
    },
}

impl Verdict {
    #[inline(always)]
    pub(super) fn new(tag: Tag, id: u32, outcome: Outcome) -> Self {
        Verdict { tag, id, outcome }
    }
}

/// The port of a connection that its source closes, for the source to keep until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whom it counts for.
    pub tag: Tag,
    /// Whose port it is.
    pub stock: u32,
    /// Since when, in nanoseconds.
    pub at: u64,
}

/// The end of a connection that was opened until closed: told when it ends; with [`End::Broken`], when it has idled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Its port.
    pub held: Held,
    /// When it sent its last packet, in nanoseconds.
    pub last_packet: u64,
    /// How it ends.
    pub end: End,
}

/// What happens to a request that goes through a pool of connections. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestStep {
    /// It is made.
    Made,
    /// It waits: all connections that the pool may have are in use.
    Queued,
    /// It meets a connection that has idled out without a word, and has to open another.
    Broken,
    /// It has a connection that was open before.
    Reused {
        /// Since it was made.
        waited: u64,
    },
    /// It has a connection that was opened for it.
    Opened {
        /// Since it was made.
        waited: u64,
    },
    /// The connection opened for it got no port, or no answer.
    Failed,
}

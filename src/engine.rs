//! The engine: a clock, ports coming back, and the loop over one cell. It owns the traits its neighbours implement.

mod calendar;
mod cell;
mod closing;
mod connection;
mod epochs;
mod ladder;
mod ledger;
mod node;
mod pending;
mod plan;
mod releases;
mod rules;
mod stock;

pub use calendar::{Calendar, Due};
pub use cell::{Cell, Context};
pub use closing::{Closing, Held, Outcome, RequestStep, Verdict};
pub use connection::{Arrival, Class, End, Jitter, Schedule, Sort};
pub use epochs::{Change, NewType, Taken};
pub use ladder::LadderReleases;
pub use ledger::{Ledger, Lottery, Noting};
pub use node::{
    Address, AtNode, Fate, NodeLayer, NodePeaks, NodeRules, Origin, OutboundNat, Syn, System,
};
pub use plan::{
    ActiveLimit, Ceiling, Gateways, Grouping, Holds, IpChoice, OnIdle, PoolPlan, Protocol,
    RefusedSyn, UdpKey,
};
pub use releases::{HeapReleases, ReleaseSize, Releases, WheelReleases};
pub use rules::{Among, CellRules};

use crate::units::SimTime;

/// Where a cell's connections come from. Times in nanoseconds.
pub trait Source {
    /// Whether it has steps of its own, and closes connections; what has none does not pay for them.
    const CLOSES: bool = false;

    /// Whether SYNs have to leave their nodes before they ask for a port; where they need not nobody pays for it.
    const GATED: bool = false;

    /// Whether [`Source::at_hand`] may hold several; where it never does nobody looks.
    const IN_RUNS: bool = true;

    /// When the next connection arrives; `u64::MAX` when none is left.
    fn peek(&self) -> u64;

    /// The next connection.
    fn take(&mut self) -> Arrival;

    /// The connections that come next, in time order, where they are at hand and nobody waits for their verdict;
    /// may be fewer than there are, or none.
    fn at_hand(&self) -> &[Arrival];

    /// Leaves out the next `count` connections of [`Source::at_hand`].
    fn skip(&mut self, count: usize);

    /// A connection is settled.
    fn verdict<T: Recorder>(&mut self, verdict: Verdict, recorder: &mut T);

    /// When it does the next thing that opens nothing; `u64::MAX` for never. At one instant that comes before any SYN.
    fn next_step(&self) -> u64 {
        u64::MAX
    }

    /// Does that; a connection that is closed by it.
    fn step<T: Recorder>(&mut self, _recorder: &mut T) -> Option<Closing> {
        None
    }

    /// A SYN is about to leave its node: what keeps it there, if anything.
    fn leave_node(&mut self, _syn: &Syn) -> Option<AtNode> {
        None
    }

    /// What became of the SYN of [`Source::leave_node`].
    fn settle_at_node(&mut self, _syn: &Syn, _fate: Fate) {}

    /// What kept the SYN of [`Source::leave_node`] on its node, if anything did.
    fn kept_at_node(&self) -> Option<AtNode> {
        None
    }
}

/// Arrivals that wait for nothing, in time order.
#[derive(Clone, Debug)]
pub struct OpenLoop<'a>(pub &'a [Arrival]);

impl Source for OpenLoop<'_> {
    #[inline]
    fn peek(&self) -> u64 {
        self.0.first().map_or(u64::MAX, |arrival| arrival.at)
    }

    #[inline]
    fn take(&mut self) -> Arrival {
        let (first, rest) = self.0.split_first().expect("peek saw an arrival");
        self.0 = rest;
        *first
    }

    #[inline]
    fn at_hand(&self) -> &[Arrival] {
        self.0
    }

    #[inline]
    fn skip(&mut self, count: usize) {
        self.0 = &self.0[count..];
    }

    #[inline]
    fn verdict<T: Recorder>(&mut self, _verdict: Verdict, _recorder: &mut T) {}
}

/// One arrival that waits for nothing.
#[derive(Clone, Debug)]
pub struct OneArrival(pub Option<Arrival>);

impl Source for OneArrival {
    const IN_RUNS: bool = false;

    #[inline]
    fn peek(&self) -> u64 {
        self.0.map_or(u64::MAX, |arrival| arrival.at)
    }

    #[inline]
    fn take(&mut self) -> Arrival {
        self.0.take().expect("peek saw an arrival")
    }

    #[inline]
    fn at_hand(&self) -> &[Arrival] {
        &[]
    }

    #[inline]
    fn skip(&mut self, _count: usize) {}

    #[inline]
    fn verdict<T: Recorder>(&mut self, _verdict: Verdict, _recorder: &mut T) {}
}

/// Whom an event counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Index of the connection's class.
    pub class: u32,
    /// Bucket of its first try.
    pub bucket: u32,
    /// Whether it is offered: its first SYN does not lie in the warm-up.
    pub offered: bool,
    /// When its first SYN was sent, in nanoseconds.
    pub first_at: u64,
}

impl Tag {
    /// That of `arrival`, on the same side of warm-up as this one, and the port that it got at once and gives back at
    /// `release`.
    fn answered(self, arrival: &Arrival, release: u64) -> (Tag, Grant) {
        let tag = Tag {
            class: arrival.sort.class(),
            first_at: arrival.at,
            ..self
        };
        let grant = Grant {
            at: arrival.at,
            open_until: arrival.at.saturating_add(arrival.life),
            release_at: release,
            end: arrival.sort.end(),
        };
        (tag, grant)
    }
}

/// A port handed out. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// When.
    pub at: u64,
    /// The last packet of a TCP connection that is answered.
    pub open_until: u64,
    /// When the port is free again.
    pub release_at: u64,
    /// How the connection ends.
    pub end: End,
}

/// What happened at one stock (the ports of one pool toward one key) between two borders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// When it began.
    pub start: SimTime,
    /// Most ports active or held, those at its beginning included.
    pub peak: u32,
    /// Most active connections, where the plan has a second limit.
    pub peak_active: u32,
    /// Both since the limits changed last, where they changed within the period.
    pub last_peaks: (u32, u32),
    /// SYNs that got a port.
    pub granted: u64,
    /// SYNs that found none.
    pub refused: u64,
    /// Active connections when it ended, where the plan has a second limit.
    pub active_at_end: u32,
}

/// A port taken back before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// What was booked when it was handed out.
    pub grant: Grant,
    /// When it was taken back, in nanoseconds.
    pub at: u64,
    /// Whether its connection was still open, and what opened it is still there: it was broken.
    pub breaks: bool,
    /// Whether it counted as broken before, because it was to idle out later.
    pub counted: bool,
}

/// What listens to a cell. Every call says what just happened; none of them can change it.
pub trait Recorder {
    /// A connection sends the first SYN of its first try.
    fn offered(&mut self, tag: Tag);
    /// More tries begun, more SYNs sent than those of `offered`.
    fn sent(&mut self, tag: Tag, tries: u64, syns: u64);
    /// A connection's first SYN found no port.
    fn refused(&mut self, tag: Tag);
    /// A later SYN was sent and found no port; the first of this many more tries.
    fn refused_again(&mut self, tag: Tag, tries: u64);
    /// A SYN got a port of `stock`; of a connection that was opened until closed, told when it ends.
    fn granted(&mut self, tag: Tag, stock: u32, grant: Grant);
    /// A connection is established, this many nanoseconds after its first SYN; `delayed` if not by that SYN.
    fn established(&mut self, tag: Tag, latency: u64, delayed: bool);
    /// An established connection loses its port under its owner before the end of the run.
    fn broken(&mut self, tag: Tag);
    /// A connection failed for lack of a port; its first refused SYN was at `first_refused`, in `bucket`.
    fn failed(&mut self, tag: Tag, first_refused: SimTime, bucket: u32);
    /// Connections that arrived one after the other, all like `tag` but for the time, and failed on their only SYN:
    /// all that `offered`, `refused` and `failed` say.
    fn lost(&mut self, tag: Tag, arrivals: &[Arrival]);
    /// Connections that arrived one after the other, on the side of warm-up that `tag` is on, and got a port of their
    /// only stock and an answer at once: all that `offered`, `granted` and `established` say. `releases` says when each
    /// port is free again.
    fn answered(&mut self, tag: Tag, arrivals: &[Arrival], releases: &[u64]) {
        for (arrival, release) in arrivals.iter().zip(releases) {
            let (tag, grant) = tag.answered(arrival, *release);
            self.offered(tag);
            self.granted(tag, 0, grant);
            self.established(tag, 0, false);
        }
    }
    /// A SYN was kept on its node; `unsent` where it would have been the first of its connection and there was none.
    fn kept(&mut self, _tag: Tag, _why: AtNode, _unsent: bool) {}
    /// A connection failed, and what refused it last was its node.
    fn failed_at_node(&mut self, _tag: Tag, _why: AtNode) {}
    /// A connection had a port in its last try, and no answer.
    fn unanswered(&mut self, tag: Tag);
    /// A connection will be undecided at the end of the run.
    fn pending(&mut self, tag: Tag);
    /// What happens to a request of `class` that was made at `made_at`, where requests go through pools.
    fn request(&mut self, _class: u32, _made_at: u64, _step: RequestStep) {}
    /// A port of `stock` is taken back: what [`Recorder::granted`] heard of it holds only until then.
    fn cut(&mut self, _tag: Tag, _stock: u32, _cut: Cut) {}
    /// A port that was noted in a [`Ledger`] was held this long in all, in nanoseconds.
    fn held(&mut self, _tag: Tag, _nanos: u64) {}
    /// The most ports in use, and active connections, of `stock` in this period, before its limits change.
    fn peaked(&mut self, _stock: u32, _peaks: (u32, u32)) {}
    /// A period of `stock` from warm-up on, not called where nothing was in use.
    fn period(&mut self, stock: u32, period: Period);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Holds that are all different.
    pub(crate) fn holds() -> Holds {
        Holds {
            idle: SimTime::from_secs(240),
            after_fin: SimTime::from_secs(65),
            after_rst: SimTime::from_secs(16),
            after_idle: SimTime::from_secs(3),
            half_open: SimTime::from_secs(30),
            udp_idle: SimTime::from_secs(120),
            after_udp: SimTime::from_secs(5),
        }
    }
}

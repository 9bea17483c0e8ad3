//! Bursts by the clock: so many connections from this instant on, once or again and again.

use crate::units::SimTime;

/// A burst of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// When it begins.
    pub at: SimTime,
    /// After which time it comes again, at least `over`; none where it comes once.
    pub every: Option<SimTime>,
    /// Connections over the whole cluster, at least 1.
    pub connections: u64,
    /// Span over which every node opens its part, evenly spaced.
    pub over: SimTime,
    /// Span over which the starts of the nodes are spread: node i of n begins i/n of it later.
    pub stagger: SimTime,
}

impl Burst {
    /// How often it begins before `end`.
    pub fn times(&self, end: SimTime) -> u64 {
        match self.every {
            _ if self.at >= end => 0,
            None => 1,
            Some(every) => (end - self.at).as_nanos().div_ceil(every.as_nanos()),
        }
    }

    /// Connections whose time begins in `[from, until)`, the stagger and the span left aside.
    pub fn begun(&self, from: SimTime, until: SimTime) -> f64 {
        (self.times(until) - self.times(from)) as f64 * self.connections as f64
    }

    /// The part of a node and endpoint: `count` connections, `before` of all having been dealt to the pairs before it,
    /// on node `place` of `nodes`.
    pub fn part(&self, count: u64, before: u64, place: u64, nodes: u64) -> BurstPart {
        BurstPart {
            first: self
                .at
                .as_nanos()
                .saturating_add(part_of(self.stagger, place, nodes)),
            every: self.every,
            over: self.over,
            count,
            before,
            connections: self.connections,
        }
    }
}

/// `part / of` of a span, in whole nanoseconds, rounded down.
fn part_of(span: SimTime, part: u64, of: u64) -> u64 {
    (u128::from(span.as_nanos()) * u128::from(part) / u128::from(of)) as u64
}

/// What one pair of node and endpoint opens in a burst.
#[derive(Clone, Copy, Debug)]
pub struct BurstPart {
    first: u64,
    every: Option<SimTime>,
    over: SimTime,
    count: u64,
    before: u64,
    connections: u64,
}

impl BurstPart {
    /// When its connection `j`, counted from 0 over all times, is opened: the i-th of a time at (i + b) / `count` of
    /// `over`, b being the share of all connections dealt before. So pairs take turns.
    pub(super) fn at(&self, j: u64) -> u64 {
        let (time, i) = (j / self.count, j % self.count);
        let begins = match (time, self.every) {
            (0, _) => self.first,
            (_, None) => return u64::MAX,
            (_, Some(every)) => self
                .first
                .saturating_add(every.as_nanos().saturating_mul(time)),
        };
        let turns = u128::from(i) * u128::from(self.connections) + u128::from(self.before);
        let all = u128::from(self.count) * u128::from(self.connections);
        begins.saturating_add((u128::from(self.over.as_nanos()) * turns / all) as u64)
    }

    /// Connections to expect before `end`, the stagger left aside.
    pub(super) fn expected(&self, end: SimTime) -> f64 {
        let times = self.every.map_or(1.0, |every| {
            (end.as_secs_f64() / every.as_secs_f64()).max(1.0)
        });
        self.count as f64 * times
    }
}

//! Whose turn it is: everything that shares a node or a gateway, in the order of time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// What has something to do at a time, of the side with an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// SYNs that are sent again, and those of further tries, of a cell.
    Syn(usize, usize),
    /// A stream of arrivals.
    Stream(usize, usize),
    /// The arrivals of a trace.
    Trace(usize),
    /// The clients of a cell.
    Clients(usize, usize),
}

impl Lane {
    /// Index of its side.
    pub fn side(self) -> usize {
        match self {
            Lane::Syn(side, _)
            | Lane::Stream(side, _)
            | Lane::Trace(side)
            | Lane::Clients(side, _) => side,
        }
    }
}

/// When a lane has something to do, in nanoseconds, and whose it is: workload, node or block of nodes, endpoint.
pub(super) type Next = (u64, u32, [u64; 2]);

/// What is first in this order has its turn first: when, whether it is an arrival, whose, of which lane.
type Turn = (u64, bool, u32, [u64; 2], Lane);

/// All lanes in the order of time; at one instant SYNs that wait go first, then arrivals in the order of workloads.
pub(super) struct Order {
    turns: BinaryHeap<Reverse<Turn>>,
    /// By lane, when its turn is; one that was put off is found out when its old turn comes.
    queued: BTreeMap<Lane, u64>,
    until: u64,
}

impl Order {
    /// Nobody has a turn; what is due at or after `until` never gets one.
    pub fn new(until: u64) -> Self {
        Order {
            turns: BinaryHeap::new(),
            queued: BTreeMap::new(),
            until,
        }
    }

    /// Gives `lane` its next turn, unless it has one that is not later.
    pub fn requeue(&mut self, lane: Lane, next: Option<Next>) {
        let Some((at, workload, unit)) = next else {
            return;
        };
        let queued = self.queued.entry(lane).or_insert(u64::MAX);
        if at < *queued && at < self.until {
            *queued = at;
            let is_arrival = !matches!(lane, Lane::Syn(..));
            let turn = (at, is_arrival, workload, unit, lane);
            self.turns.push(Reverse(turn));
        }
    }

    /// The next turn; `next` says what a lane has to do by now.
    pub fn next(&mut self, mut next: impl FnMut(Lane) -> Option<Next>) -> Option<(u64, Lane)> {
        loop {
            let Reverse((at, _, _, _, lane)) = self.turns.pop()?;
            if self.queued.get(&lane) != Some(&at) {
                continue;
            }
            self.queued.insert(lane, u64::MAX);
            let now = next(lane);
            if now.is_some_and(|(due, ..)| due == at) {
                return Some((at, lane));
            }
            self.requeue(lane, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_in_time_and_those_put_off_come_later() {
        let mut order = Order::new(100);
        let mut due = BTreeMap::from([
            (Lane::Stream(0, 0), 7),
            (Lane::Syn(0, 1), 7),
            (Lane::Clients(0, 0), 5),
            (Lane::Trace(1), 100),
        ]);
        for (lane, at) in &due {
            order.requeue(*lane, Some((*at, 0, [0, 0])));
        }
        due.insert(Lane::Clients(0, 0), 9);
        let mut turns = Vec::new();
        while let Some((at, lane)) = order.next(|lane| Some((due[&lane], 0, [0, 0]))) {
            turns.push((at, lane));
            due.insert(lane, u64::MAX);
        }
        let expected = [
            (7, Lane::Syn(0, 1)),
            (7, Lane::Stream(0, 0)),
            (9, Lane::Clients(0, 0)),
        ];
        assert_eq!(turns, expected);
    }
}

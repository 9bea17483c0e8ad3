//! Whose turn it is: everything that shares a node or a gateway, in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What has something to do at a time, of the side with an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// All lanes, numbered: SYNs that wait first, then streams, traces and clients, each in the order of sides.
pub(super) struct Lanes {
    all: Vec<Lane>,
    /// By side, the number of the SYNs of its first cell.
    syns: Vec<usize>,
    /// By side, the number of the clients of its first cell.
    clients: Vec<usize>,
}

impl Lanes {
    /// Those of sides with so many streams and cells.
    pub fn of(sides: &[(usize, usize)]) -> Self {
        let mut lanes = Lanes {
            all: Vec::new(),
            syns: Vec::new(),
            clients: Vec::new(),
        };
        let sides = || sides.iter().copied().enumerate();
        for (side, (_, cells)) in sides() {
            lanes.syns.push(lanes.all.len());
            lanes
                .all
                .extend((0..cells).map(|cell| Lane::Syn(side, cell)));
        }
        for (side, (streams, _)) in sides() {
            lanes
                .all
                .extend((0..streams).map(|index| Lane::Stream(side, index)));
        }
        lanes.all.extend(sides().map(|(side, _)| Lane::Trace(side)));
        for (side, (_, cells)) in sides() {
            lanes.clients.push(lanes.all.len());
            lanes
                .all
                .extend((0..cells).map(|cell| Lane::Clients(side, cell)));
        }
        lanes
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.all.len()
    }

    /// The lane with a number.
    pub fn get(&self, number: usize) -> Lane {
        self.all[number]
    }

    /// The numbers of what an event in a cell may put off or bring forward: its SYNs and its clients.
    pub fn of_cell(&self, side: usize, cell: usize) -> [usize; 2] {
        [self.syns[side] + cell, self.clients[side] + cell]
    }
}

/// When a lane has something to do, in nanoseconds, and whose it is: workload, node or block of nodes, endpoint.
pub(super) type Next = (u64, u32, [u64; 2]);

/// What is first in this order has its turn first: when, whether it is an arrival, whose, number of the lane.
type Turn = (u64, bool, u32, [u64; 2], usize);

/// All lanes in the order of time; at one instant SYNs that wait go first, then arrivals in the order of workloads.
pub(super) struct Order {
    turns: BinaryHeap<Reverse<Turn>>,
    lanes: Lanes,
    /// By lane, when its turn is; one that was put off is found out when its old turn comes.
    queued: Vec<u64>,
    until: u64,
}

impl Order {
    /// Nobody has a turn; what is due at or after `until` never gets one.
    pub fn new(lanes: Lanes, until: u64) -> Self {
        Order {
            turns: BinaryHeap::new(),
            queued: vec![u64::MAX; lanes.count()],
            lanes,
            until,
        }
    }

    /// The lanes.
    pub fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Gives a lane its next turn, unless it has one that is not later.
    pub fn requeue(&mut self, number: usize, next: Option<Next>) {
        let Some((at, workload, unit)) = next else {
            return;
        };
        if at < self.queued[number] && at < self.until {
            self.queued[number] = at;
            let is_arrival = !matches!(self.lanes.get(number), Lane::Syn(..));
            let turn = (at, is_arrival, workload, unit, number);
            self.turns.push(Reverse(turn));
        }
    }

    /// The next turn: when, and the number of the lane; `next` says what a lane has to do by now.
    pub fn next(&mut self, mut next: impl FnMut(Lane) -> Option<Next>) -> Option<(u64, usize)> {
        loop {
            let Reverse((at, _, _, _, number)) = self.turns.pop()?;
            if self.queued[number] != at {
                continue;
            }
            self.queued[number] = u64::MAX;
            let now = next(self.lanes.get(number));
            if now.is_some_and(|(due, ..)| due == at) {
                return Some((at, number));
            }
            self.requeue(number, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_come_in_time_and_those_put_off_come_later() {
        // SYNs 0 and 1, stream 2, traces 3 and 4, clients 5 and 6.
        let lanes = Lanes::of(&[(1, 2), (0, 0)]);
        assert_eq!(lanes.of_cell(0, 1), [1, 6]);
        let mut order = Order::new(lanes, 100);
        let mut due = [u64::MAX, 7, 7, u64::MAX, 100, 5, u64::MAX];
        let place = |lane: Lane| match lane {
            Lane::Syn(_, cell) => cell,
            Lane::Stream(..) => 2,
            Lane::Trace(side) => 3 + side,
            Lane::Clients(_, cell) => 5 + cell,
        };
        for (number, at) in due.iter().enumerate() {
            order.requeue(number, Some((*at, 0, [0, 0])));
        }
        due[5] = 9;
        let mut turns = Vec::new();
        while let Some((at, number)) = order.next(|lane| Some((due[place(lane)], 0, [0, 0]))) {
            turns.push((at, number));
            due[number] = u64::MAX;
        }
        assert_eq!(turns, [(7, 1), (7, 2), (9, 5)]);
    }
}

//! Connections that wait for their next SYN, in order.

use super::Tag;
use super::connection::End;
use std::cmp::Reverse;
use std::collections::binary_heap::PeekMut;
use std::collections::{BinaryHeap, VecDeque};

/// A connection between two of its SYNs. Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub tag: Tag,
    pub life: u64,
    pub id: u32,
    pub end: End,
    /// Where its next SYN looks for a port.
    pub stock: u32,
    /// When a SYN of it was first refused.
    pub first_refused: u64,
    /// The bucket that refused it.
    pub refused_bucket: u32,
    pub try_start: u64,
    /// Number of the try, from 1.
    pub tried: u32,
    /// Index of its next SYN in the schedule.
    pub syn: u32,
}

/// The order of SYNs: when it is due, since when that is known, and the how-manieth it was to be queued.
type Turn = (u64, u64, u64);

/// The queue: earliest first; at one instant the one known for longer, then the one queued first.
///
/// SYNs that wait for the same step of the same class come due in the order in which they are queued, unless pauses
/// are drawn. So each step has a line of its own, and the heap holds only the first of each line, and what came out of
/// line.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    first: BinaryHeap<Reverse<(Turn, Place)>>,
    lines: Vec<VecDeque<(Turn, Attempt)>>,
    /// Those out of line, by place; and places that are free.
    single: Vec<Attempt>,
    free: Vec<u32>,
    queued: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Line(u32),
    Single(u32),
}

impl Pending {
    /// When the next SYN is due; `u64::MAX` when none is.
    #[inline]
    pub fn next_due(&self) -> u64 {
        self.first
            .peek()
            .map_or(u64::MAX, |Reverse(((due, ..), _))| *due)
    }

    pub fn push(&mut self, due: u64, since: u64, attempt: Attempt) {
        let turn = (due, since, self.queued);
        self.queued += 1;
        let index = line(&attempt);
        if index >= self.lines.len() {
            self.lines.resize_with(index + 1, VecDeque::new);
        }
        let line = &mut self.lines[index];
        match line.back() {
            Some((last, _)) if *last > turn => {
                let place = self.out_of_line(attempt);
                self.first.push(Reverse((turn, place)));
            }
            Some(_) => line.push_back((turn, attempt)),
            None => {
                line.push_back((turn, attempt));
                self.first.push(Reverse((turn, Place::Line(index as u32))));
            }
        }
    }

    fn out_of_line(&mut self, attempt: Attempt) -> Place {
        Place::Single(match self.free.pop() {
            Some(place) => {
                self.single[place as usize] = attempt;
                place
            }
            None => {
                self.single.push(attempt);
                self.single.len() as u32 - 1
            }
        })
    }

    pub fn pop(&mut self) -> Attempt {
        const DUE: &str = "a SYN is due";
        let mut first = self.first.peek_mut().expect(DUE);
        match first.0.1 {
            Place::Line(index) => {
                let line = &mut self.lines[index as usize];
                let (_, attempt) = line.pop_front().expect(DUE);
                match line.front() {
                    Some((turn, _)) => *first = Reverse((*turn, Place::Line(index))),
                    None => {
                        PeekMut::pop(first);
                    }
                }
                attempt
            }
            Place::Single(place) => {
                PeekMut::pop(first);
                self.free.push(place);
                self.single[place as usize]
            }
        }
    }
}

/// The line of what `attempt` waits for.
fn line(attempt: &Attempt) -> usize {
    /// Steps of a class that have a line each; later tries and SYNs share the last.
    const TRIES: u32 = 4;
    const SYNS: u32 = 16;
    let (tried, syn) = (attempt.tried.min(TRIES) - 1, attempt.syn.min(SYNS - 1));
    ((attempt.tag.class * TRIES + tried) * SYNS + syn) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attempt(class: u32, tried: u32, syn: u32, id: u32) -> Attempt {
        Attempt {
            tag: Tag {
                class,
                bucket: 0,
                offered: true,
                first_at: 0,
            },
            life: 0,
            id,
            end: End::Fin,
            stock: 0,
            first_refused: 0,
            refused_bucket: 0,
            try_start: 0,
            tried,
            syn,
        }
    }

    proptest! {
        /// In line or out of it, SYNs come out by their turn: against a plain heap of all of them.
        #[test]
        fn syns_come_out_by_their_turn(
            steps in prop::collection::vec((0u64..40, 0u64..3, 0u32..2, 1u32..7, 0u32..20, any::<bool>()), 1..200)
        ) {
            let mut pending = Pending::default();
            let mut plain = BinaryHeap::new();
            let (mut id, mut pops) = (0, Vec::new());
            for (due, since, class, tried, syn, pop) in steps {
                pending.push(due, since, attempt(class, tried, syn, id));
                plain.push(Reverse((due, since, id)));
                id += 1;
                if pop {
                    prop_assert_eq!(pending.next_due(), plain.peek().map_or(0, |Reverse((due, ..))| *due));
                    pops.push((pending.pop().id, plain.pop().map(|Reverse((.., id))| id)));
                }
            }
            while let Some(Reverse((due, _, id))) = plain.pop() {
                prop_assert_eq!(pending.next_due(), due);
                pops.push((pending.pop().id, Some(id)));
            }
            prop_assert_eq!(pending.next_due(), u64::MAX);
            for (found, expected) in pops {
                prop_assert_eq!(Some(found), expected);
            }
        }
    }
}

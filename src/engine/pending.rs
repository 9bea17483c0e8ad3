//! Connections that wait for their next SYN, in order.

use super::Tag;
use super::connection::End;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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

/// The queue: earliest first; at one instant the one known for longer, then the one queued first.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending {
    queue: BinaryHeap<Reverse<(u64, u64, u64, u32)>>,
    waiting: Vec<Attempt>,
    free: Vec<u32>,
    queued: u64,
}

impl Pending {
    /// When the next SYN is due; `u64::MAX` when none is.
    #[inline]
    pub fn next_due(&self) -> u64 {
        self.queue
            .peek()
            .map_or(u64::MAX, |Reverse((due, ..))| *due)
    }

    pub fn push(&mut self, due: u64, since: u64, attempt: Attempt) {
        let place = match self.free.pop() {
            Some(place) => {
                self.waiting[place as usize] = attempt;
                place
            }
            None => {
                self.waiting.push(attempt);
                self.waiting.len() as u32 - 1
            }
        };
        self.queue.push(Reverse((due, since, self.queued, place)));
        self.queued += 1;
    }

    pub fn pop(&mut self) -> Attempt {
        let Reverse((.., place)) = self.queue.pop().expect("a SYN is due");
        self.free.push(place);
        self.waiting[place as usize]
    }
}

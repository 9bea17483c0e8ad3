//! Connections that wait for their next SYN, in order.

use super::Tag;
use super::calendar::{Calendar, Due};
use super::connection::{Arrival, Class, Sort};
use super::rules::CellRules;

/// A connection between two of its SYNs, in 48 bytes. Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// When its first SYN was sent.
    pub first_at: u64,
    pub life: u64,
    /// When a SYN of it was first refused.
    pub first_refused: u64,
    pub id: u32,
    pub sort: Sort,
    /// Where its next SYN looks for a port.
    pub stock: u32,
    /// Number of the try, from 1.
    pub tried: u32,
    /// The bucket of its first try.
    pub bucket: u16,
    /// The bucket that refused it first.
    pub refused_bucket: u16,
    /// Index of its next SYN in the schedule.
    pub syn: u16,
    /// Whether its first SYN does not lie in the warm-up.
    pub offered: bool,
    /// Whether its try has a port already, and sends on for want of an answer.
    pub has_port: bool,
}

impl Attempt {
    /// That of an arrival whose first SYN asks `stock`, one of bucket `bucket`; `offered` where it does not lie in the warm-up.
    #[inline(always)]
    pub fn first(arrival: Arrival, stock: u32, bucket: u32, offered: bool) -> Self {
        let Arrival { at, life, id, sort } = arrival;
        Attempt {
            first_at: at,
            life,
            first_refused: u64::MAX,
            id,
            sort,
            stock,
            tried: 1,
            bucket: bucket as u16,
            refused_bucket: bucket as u16,
            syn: 0,
            offered,
            has_port: false,
        }
    }

    /// The stock where the SYNs of its try look for a port under `rules`.
    pub fn placed(&self, rules: &CellRules, classes: &[Class]) -> u32 {
        let class = &classes[self.sort.class() as usize];
        rules.place(class, self.sort, self.first_at, self.id, self.tried)
    }

    #[inline(always)]
    pub fn tag(&self) -> Tag {
        Tag {
            class: self.sort.class(),
            bucket: u32::from(self.bucket),
            offered: self.offered,
            first_at: self.first_at,
        }
    }
}

/// The queue: earliest first; at one instant the one known for longer, then the one queued first.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(Calendar<Waiting>);

/// A SYN that waits, in one line of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Waiting {
    due: u64,
    /// Since when that is known.
    since: u64,
    attempt: Attempt,
}

impl Due for Waiting {
    type Turn = u64;

    #[inline(always)]
    fn due(&self) -> u64 {
        self.due
    }

    #[inline(always)]
    fn turn(&self) -> u64 {
        self.since
    }
}

impl Pending {
    /// When the next SYN is due; `u64::MAX` when none is.
    #[inline(always)]
    pub fn next_due(&self) -> u64 {
        self.0.next_due()
    }

    /// Queues the next SYN of `attempt`, due at `due`, which is known since `since`. Not before one that was removed.
    #[inline]
    pub fn push(&mut self, due: u64, since: u64, attempt: Attempt) {
        self.0.push(Waiting {
            due,
            since,
            attempt,
        });
    }

    /// The connection whose SYN is next; one must be due.
    #[inline(always)]
    pub fn next(&mut self) -> &mut Attempt {
        &mut self.0.first().attempt
    }

    /// Removes the SYN that [`Pending::next`] saw.
    #[inline]
    pub fn pop(&mut self) -> Attempt {
        self.0.pop().attempt
    }

    /// Changes all that wait, in what decides neither when nor whose turn it is.
    pub fn change(&mut self, change: impl Fn(&mut Attempt)) {
        let all: Vec<Waiting> = self.0.drain().collect();
        for mut waiting in all {
            change(&mut waiting.attempt);
            self.0.push(waiting);
        }
    }

    /// Removes the SYNs that `leaves` picks, in their order. The queue begins anew: SYNs to come may be due before those.
    pub fn remove(&mut self, leaves: impl Fn(&Attempt) -> bool) -> impl Iterator<Item = Attempt> {
        let all: Vec<Waiting> = self.0.drain().collect();
        let (left, stay): (Vec<Waiting>, Vec<Waiting>) = all
            .into_iter()
            .partition(|waiting| leaves(&waiting.attempt));
        for waiting in stay {
            self.0.push(waiting);
        }
        left.into_iter().map(|waiting| waiting.attempt)
    }

    /// Queues the next SYN of the same try, due at `due`, for the one that [`Pending::next`] saw.
    #[inline(always)]
    pub fn again(&mut self, due: u64) {
        self.0.again(|waiting| {
            waiting.since = waiting.due;
            waiting.due = due;
            waiting.attempt.syn += 1;
        });
    }
}

//! Connections that wait for their next SYN, in order.

use super::Tag;
use super::connection::End;
use std::cmp::Ordering;

/// A connection between two of its SYNs. Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    pub tag: Tag,
    pub life: u64,
    /// When a SYN of it was first refused.
    pub first_refused: u64,
    pub id: u32,
    /// Where its next SYN looks for a port.
    pub stock: u32,
    /// The bucket that refused it first.
    pub refused_bucket: u32,
    /// Number of the try, from 1.
    pub tried: u32,
    /// Index of its next SYN in the schedule.
    pub syn: u16,
    pub end: End,
}

/// The queue: earliest first; at one instant the one known for longer, then the one queued first.
///
/// A calendar queue (Brown, 1988): a ring of days, each with what is due in it, in this round of the ring or a later one.
/// Only the SYNs of a day that has begun are put in order. Days become shorter when many SYNs fall into one, and longer
/// when most are empty; that changes nothing but the time it takes.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// The ring: when the first SYN of each day is due, `u64::MAX` where none is. Empty until somebody waits.
    firsts: Vec<u64>,
    /// What is due on each day of the ring, in the order in which it was queued.
    days: Vec<Vec<Waiting>>,
    /// A day is 2 to this power long.
    day_bits: u32,
    /// The first day, from 0, that has not begun.
    tomorrow: u64,
    /// SYNs in the ring.
    count: usize,
    /// The SYNs of the day that has begun.
    today: Vec<Waiting>,
    /// Those of them that are not sent yet, the next one last: when they are due, and which they are.
    ready: Vec<(u64, u32)>,
    next_due: u64,
    /// Room for days to come.
    spare: Vec<Vec<Waiting>>,
}

/// A SYN that waits.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    due: u64,
    /// Since when that is known.
    since: u64,
    attempt: Attempt,
}

/// Days at first, of a quarter of a second each: they hold 137 s, more than Linux waits between two SYNs.
const FIRST_DAYS: usize = 512;
const FIRST_DAY_BITS: u32 = 28;

/// Fewer days are not worth the change; more of them no longer stay in the cache with what is due on them.
const FEWEST_DAYS: usize = 64;
const MOST_DAYS: usize = 2_048;

/// More SYNs than this in a day make it too long.
const MANY: usize = 16;

/// More empty days than this in a row make days too short.
const IDLE_DAYS: u64 = 64;

const DUE: &str = "a SYN is due";

impl Default for Pending {
    fn default() -> Self {
        Pending {
            firsts: Vec::new(),
            days: Vec::new(),
            day_bits: FIRST_DAY_BITS,
            tomorrow: 0,
            count: 0,
            today: Vec::new(),
            ready: Vec::new(),
            next_due: u64::MAX,
            spare: Vec::new(),
        }
    }
}

impl Pending {
    /// When the next SYN is due; `u64::MAX` when none is.
    #[inline(always)]
    pub fn next_due(&self) -> u64 {
        self.next_due
    }

    /// Queues the next SYN of `attempt`, due at `due`, which is known since `since`. Not before one that was removed.
    #[inline]
    pub fn push(&mut self, due: u64, since: u64, attempt: Attempt) {
        self.queue(Waiting {
            due,
            since,
            attempt,
        });
        self.next_due = self.next_due.min(due);
    }

    /// The connection whose SYN is next; one must be due.
    #[inline(always)]
    pub fn next(&mut self) -> &Attempt {
        if self.ready.is_empty() {
            self.begin_day(self.next_due >> self.day_bits);
        }
        let (_, index) = self.ready.last().expect(DUE);
        &self.today[*index as usize].attempt
    }

    /// Removes the SYN that [`Pending::next`] saw.
    #[inline]
    pub fn pop(&mut self) -> Attempt {
        let index = self.strike();
        self.look_ahead();
        self.today[index].attempt
    }

    /// Queues the next SYN of the same try, due at `due`, for the one that [`Pending::next`] saw.
    #[inline(always)]
    pub fn again(&mut self, due: u64) {
        let index = self.strike();
        let mut waiting = self.today[index];
        waiting.since = waiting.due;
        waiting.due = due;
        waiting.attempt.syn += 1;
        self.queue(waiting);
        self.look_ahead();
    }

    #[inline(always)]
    fn strike(&mut self) -> usize {
        let (_, index) = self.ready.pop().expect(DUE);
        index as usize
    }

    #[inline(always)]
    fn look_ahead(&mut self) {
        self.next_due = match self.ready.last() {
            Some((due, _)) => *due,
            None => self.first_to_come(),
        };
    }

    #[inline(always)]
    fn queue(&mut self, waiting: Waiting) {
        if waiting.due >> self.day_bits < self.tomorrow {
            self.make_ready(waiting);
        } else {
            self.write(waiting);
        }
    }

    /// Puts a SYN in its place among those of days that have begun. It was queued last.
    fn make_ready(&mut self, waiting: Waiting) {
        let is_later = |(due, index): &(u64, u32)| {
            (waiting.due, waiting.since) < (*due, self.today[*index as usize].since)
        };
        let place = self.ready.partition_point(is_later);
        if self.ready.is_empty() {
            self.today.clear();
        }
        let index = self.today.len() as u32;
        self.ready.insert(place, (waiting.due, index));
        self.today.push(waiting);
    }

    /// The place in the ring of the day of `due`.
    #[inline(always)]
    fn place(&self, due: u64) -> usize {
        (due >> self.day_bits) as usize & (self.days.len() - 1)
    }

    /// Writes a SYN into its day.
    #[inline]
    fn write(&mut self, waiting: Waiting) {
        if self.days.is_empty() {
            self.set_days(FIRST_DAYS, FIRST_DAY_BITS);
        }
        let place = self.place(waiting.due);
        let (first, day) = (&mut self.firsts[place], &mut self.days[place]);
        *first = waiting.due.min(*first);
        if day.capacity() == 0 {
            *day = self.spare.pop().unwrap_or_default();
        }
        day.push(waiting);
        self.count += 1;
    }

    /// Takes what is due on the day at `place` of the ring.
    #[inline]
    fn tear_out(&mut self, place: usize) -> Vec<Waiting> {
        self.firsts[place] = u64::MAX;
        let day = std::mem::take(&mut self.days[place]);
        self.count -= day.len();
        day
    }

    /// Makes ready what is due on `day`.
    fn begin_day(&mut self, day: u64) {
        self.tomorrow = day + 1;
        let bits = self.day_bits;
        let due_today = self.tear_out(day as usize & (self.days.len() - 1));
        let mut yesterday = std::mem::replace(&mut self.today, due_today);
        let busy = yesterday.len().max(self.today.len());
        yesterday.clear();
        self.spare.push(yesterday);
        let is_today = |waiting: &Waiting| waiting.due >> bits == day;
        if !self.today.iter().all(is_today) {
            let later = self.today.extract_if(.., |waiting| !is_today(waiting));
            let later: Vec<Waiting> = later.collect();
            later.into_iter().for_each(|waiting| self.write(waiting));
        }
        // From the last one queued to the first: that is the order among equals.
        let last_first = self.today.iter().enumerate().rev();
        self.ready
            .extend(last_first.map(|(index, waiting)| (waiting.due, index as u32)));
        let since = |index: u32| self.today[index as usize].since;
        self.ready
            .sort_by(|(due, index), (other_due, other)| match other_due.cmp(due) {
                Ordering::Equal => since(*other).cmp(&since(*index)),
                order => order,
            });
        if busy > MANY && self.days.len() < MOST_DAYS && bits > 0 {
            self.tomorrow *= 2;
            self.set_days(self.days.len() * 2, bits - 1);
        }
    }

    /// When the first SYN of the days to come is due.
    #[inline]
    fn first_to_come(&mut self) -> u64 {
        if self.count == 0 {
            return u64::MAX;
        }
        let days = self.days.len() as u64;
        let mut round = self.tomorrow..self.tomorrow + days;
        let firsts = &self.firsts;
        let is_due = |day: &u64| firsts[(day & (days - 1)) as usize] >> self.day_bits == *day;
        let Some(day) = round.find(is_due) else {
            return *firsts.iter().min().expect("there are days");
        };
        let first = firsts[(day & (days - 1)) as usize];
        if day - self.tomorrow > IDLE_DAYS && self.days.len() > FEWEST_DAYS {
            self.tomorrow /= 2;
            self.set_days(self.days.len() / 2, self.day_bits + 1);
        }
        first
    }

    /// Goes on with `days` days, each 2 to the power of `bits` long.
    #[cold]
    fn set_days(&mut self, days: usize, bits: u32) {
        let before = std::mem::replace(&mut self.days, vec![Vec::new(); days]);
        self.firsts = vec![u64::MAX; days];
        self.day_bits = bits;
        self.count = 0;
        // What is due at one instant was on one day, and keeps its order.
        for mut day in before {
            day.drain(..).for_each(|waiting| self.write(waiting));
            if day.capacity() > 0 {
                self.spare.push(day);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    fn attempt(id: u32) -> Attempt {
        Attempt {
            tag: Tag {
                class: 0,
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
            tried: 1,
            syn: 0,
        }
    }

    proptest! {
        /// SYNs come out by their turn, however far ahead they are due: against a plain heap of all of them.
        #[test]
        fn syns_come_out_by_their_turn(
            scale in 0u32..40,
            steps in prop::collection::vec((0u64..40, any::<bool>(), 0u64..3, 0usize..4), 1..400)
        ) {
            let mut pending = Pending::default();
            let mut plain = BinaryHeap::new();
            let mut clock = 0;
            for (id, (ahead, far, since, pops)) in (0..).zip(steps) {
                let due = clock + (ahead << if far { scale } else { 0 });
                pending.push(due, since, attempt(id));
                plain.push(Reverse((due, since, id)));
                for _ in 0..pops.saturating_sub(1) {
                    prop_assert_eq!(pending.next_due(), plain.peek().map_or(u64::MAX, |Reverse((due, ..))| *due));
                    let Some(Reverse((due, _, id))) = plain.pop() else {
                        break;
                    };
                    clock = due;
                    prop_assert_eq!({ pending.next(); pending.pop().id }, id);
                }
            }
            while let Some(Reverse((due, _, id))) = plain.pop() {
                prop_assert_eq!(pending.next_due(), due);
                prop_assert_eq!({ pending.next(); pending.pop().id }, id);
            }
            prop_assert_eq!(pending.next_due(), u64::MAX);
        }
    }
}

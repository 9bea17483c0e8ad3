//! Connections that wait for their next SYN, in order.

use super::Tag;
use super::connection::{Arrival, Sort};

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
        }
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
    /// The latest time at which a SYN of the ring was ever due.
    latest: u64,
    /// The SYNs of the day that has begun.
    today: Vec<Waiting>,
    /// They in order: when each is due, from `base` on, and below that its index.
    ready: Vec<u64>,
    /// How many of those are sent.
    sent: usize,
    base: u64,
    next_due: u64,
    /// Room for days to come.
    spare: Vec<Vec<Waiting>>,
}

/// A SYN that waits, in one line of the cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Waiting {
    due: u64,
    /// Since when that is known.
    since: u64,
    attempt: Attempt,
}

/// Days at first, of half a second each: they hold 137 s, more than Linux waits between two SYNs.
const FIRST_DAYS: usize = 256;
const FIRST_DAY_BITS: u32 = 29;

/// Fewer days are not worth the change; more of them no longer stay in the cache with what is due on them.
const FEWEST_DAYS: usize = 64;
const MOST_DAYS: usize = 2_048;

/// More SYNs than this in a day make it too long.
const MANY: usize = 40;

/// More empty days than this in a row make days too short.
const IDLE_DAYS: u64 = 64;

/// Of the keys of a day; a day is at most 2^31 ns long.
const INDEX_BITS: u32 = 32;

#[inline(always)]
fn index(key: u64) -> usize {
    key as u32 as usize
}

impl Default for Pending {
    fn default() -> Self {
        Pending {
            firsts: Vec::new(),
            days: Vec::new(),
            day_bits: FIRST_DAY_BITS,
            tomorrow: 0,
            count: 0,
            latest: 0,
            today: Vec::new(),
            ready: Vec::new(),
            sent: 0,
            base: 0,
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
    pub fn next(&mut self) -> &mut Attempt {
        if self.sent == self.ready.len() {
            self.begin_day(self.next_due >> self.day_bits);
        }
        &mut self.today[index(self.ready[self.sent])].attempt
    }

    /// Removes the SYN that [`Pending::next`] saw.
    #[inline]
    pub fn pop(&mut self) -> Attempt {
        let index = self.strike();
        self.look_ahead();
        self.today[index].attempt
    }

    /// Removes all SYNs, in their order. The queue begins anew: SYNs to come may be due before those.
    pub fn drain(&mut self) -> impl Iterator<Item = Attempt> + use<> {
        let mut all = std::mem::take(self);
        std::iter::from_fn(move || {
            (all.next_due < u64::MAX).then(|| {
                all.next();
                all.pop()
            })
        })
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
        let index = index(self.ready[self.sent]);
        self.sent += 1;
        index
    }

    #[inline(always)]
    fn look_ahead(&mut self) {
        self.next_due = match self.ready.get(self.sent) {
            Some(key) => self.base + (key >> INDEX_BITS),
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

    /// Puts a SYN in its place among those of the day that has begun. It was queued last.
    fn make_ready(&mut self, waiting: Waiting) {
        if self.sent == self.ready.len() {
            self.clear_today();
        }
        let offset = waiting.due - self.base;
        let goes_before = |key: &u64| {
            (key >> INDEX_BITS, self.today[index(*key)].since) <= (offset, waiting.since)
        };
        let place = self.sent + self.ready[self.sent..].partition_point(goes_before);
        let key = offset << INDEX_BITS | self.today.len() as u64;
        self.ready.insert(place, key);
        self.today.push(waiting);
    }

    /// Forgets what was sent, all there was.
    #[inline]
    fn clear_today(&mut self) {
        self.today.clear();
        self.ready.clear();
        self.sent = 0;
    }

    /// The place in the ring of the day of `due`.
    #[inline(always)]
    fn place(&self, due: u64) -> usize {
        (due >> self.day_bits) as usize & (self.days.len() - 1)
    }

    /// Writes a SYN into its day.
    #[inline(always)]
    fn write(&mut self, waiting: Waiting) {
        if self.days.is_empty() {
            self.set_days(FIRST_DAYS, FIRST_DAY_BITS);
        }
        let place = self.place(waiting.due);
        self.latest = self.latest.max(waiting.due);
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
        self.base = day << self.day_bits;
        let busy = self.today.len();
        self.clear_today();
        let due_today = self.tear_out(day as usize & (self.days.len() - 1));
        let busy = busy.max(due_today.len());
        self.spare
            .push(std::mem::replace(&mut self.today, due_today));
        let next_round = day + self.days.len() as u64;
        if self.latest >> self.day_bits >= next_round {
            let is_later = |waiting: &mut Waiting| waiting.due >> self.day_bits > day;
            let later: Vec<Waiting> = self.today.extract_if(.., is_later).collect();
            later.into_iter().for_each(|waiting| self.write(waiting));
        }
        let key = |(index, waiting): (usize, &Waiting)| {
            (waiting.due - self.base) << INDEX_BITS | index as u64
        };
        self.ready.extend(self.today.iter().enumerate().map(key));
        self.ready.sort_unstable();
        let at_once = |keys: &[u64]| keys[0] >> INDEX_BITS == keys[1] >> INDEX_BITS;
        if self.ready.windows(2).any(at_once) {
            let since = |key: u64| self.today[index(key)].since;
            self.ready
                .sort_by_key(|key| (*key >> INDEX_BITS, since(*key)));
        }
        if busy > MANY && self.days.len() < MOST_DAYS {
            self.tomorrow *= 2;
            self.set_days(self.days.len() * 2, self.day_bits - 1);
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
    use crate::engine::End;
    use proptest::prelude::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    fn attempt(id: u32) -> Attempt {
        Attempt {
            first_at: 0,
            life: 0,
            first_refused: 0,
            id,
            sort: Sort::new(0, 0, End::Fin),
            stock: 0,
            tried: 1,
            bucket: 0,
            refused_bucket: 0,
            syn: 0,
            offered: true,
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

        /// What is queued after all was removed comes out by its turn too, though it is due before that.
        #[test]
        fn a_queue_that_was_emptied_begins_anew(
            before in prop::collection::vec(0u64..10_000_000_000_000, 1..40),
            after in prop::collection::vec(0u64..10_000_000_000_000, 1..40),
        ) {
            let mut pending = Pending::default();
            let queue = |pending: &mut Pending, dues: &[u64]| {
                for (id, due) in (0..).zip(dues) {
                    pending.push(*due, 0, attempt(id));
                }
                let mut in_order: Vec<(u64, u32)> = dues.iter().copied().zip(0..).collect();
                in_order.sort();
                let ids: Vec<u32> = pending.drain().map(|attempt| attempt.id).collect();
                (ids, in_order.into_iter().map(|(_, id)| id).collect::<Vec<_>>())
            };
            for dues in [before, after] {
                let (found, wanted) = queue(&mut pending, &dues);
                prop_assert_eq!(found, wanted);
            }
        }
    }
}

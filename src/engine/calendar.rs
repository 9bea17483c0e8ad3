//! A queue of what is due at a time: earliest first, whatever is due and however far ahead.

/// What waits for its time.
pub trait Due: Copy {
    /// What decides between two that are due at one instant, the lower one first.
    type Turn: Ord;

    /// When it is due, in nanoseconds; before `u64::MAX`.
    fn due(&self) -> u64;

    /// Its turn among those that are due at the same instant.
    fn turn(&self) -> Self::Turn;
}

/// What waits, earliest first; at one instant by turn, then the one queued first. Times in nanoseconds.
///
/// A calendar queue (Brown, 1988): a ring of days, each with what is due in it, in this round of the ring or a later one.
/// Only what is due on a day that has begun is put in order. Days become shorter when much falls into one, and longer
/// when most are empty or most of what is found on them is due in a later round; that changes nothing but the time it
/// takes.
#[derive(Clone, Debug)]
pub struct Calendar<E> {
    /// The ring: when the first of each day is due, `u64::MAX` where none is. Empty until something waits.
    firsts: Vec<u64>,
    /// What is due on each day of the ring, in the order in which it was queued.
    days: Vec<Vec<E>>,
    /// A day is 2 to this power long.
    day_bits: u32,
    /// The first day, from 0, that has not begun.
    tomorrow: u64,
    /// How many are in the ring.
    count: usize,
    /// The latest time at which one of the ring was ever due.
    latest: u64,
    /// What is due on the day that has begun.
    today: Vec<E>,
    /// They in order: when each is due, from `base` on, and below that its index.
    ready: Vec<u64>,
    /// How many of those are done.
    done: usize,
    base: u64,
    next_due: u64,
    /// Room for days to come.
    spare: Vec<Vec<E>>,
}

/// Days at first, of half a second each: they hold 137 s, more than Linux waits between two SYNs.
const FIRST_DAYS: usize = 256;
const FIRST_DAY_BITS: u32 = 29;

/// Fewer days are not worth the change; more of them no longer stay in the cache with what is due on them.
const FEWEST_DAYS: usize = 64;
const MOST_DAYS: usize = 2_048;

/// More than this in a day make it too long.
const MANY: usize = 40;

/// More empty days than this in a row make days too short.
const IDLE_DAYS: u64 = 64;

/// Of the keys of a day: 268 million that are due on it do not fit into memory.
const INDEX_BITS: u32 = 28;

/// The longest day, so that its keys have room for when in it something is due.
const MOST_DAY_BITS: u32 = 35;

#[inline(always)]
fn index(key: u64) -> usize {
    (key & ((1 << INDEX_BITS) - 1)) as usize
}

impl<E> Default for Calendar<E> {
    fn default() -> Self {
        Calendar {
            firsts: Vec::new(),
            days: Vec::new(),
            day_bits: FIRST_DAY_BITS,
            tomorrow: 0,
            count: 0,
            latest: 0,
            today: Vec::new(),
            ready: Vec::new(),
            done: 0,
            base: 0,
            next_due: u64::MAX,
            spare: Vec::new(),
        }
    }
}

impl<E: Due> Calendar<E> {
    /// When the next is due; `u64::MAX` when none is.
    #[inline(always)]
    pub fn next_due(&self) -> u64 {
        self.next_due
    }

    /// Queues one that is not due before what was removed.
    #[inline]
    pub fn push(&mut self, entry: E) {
        let due = entry.due();
        self.queue(entry);
        self.next_due = self.next_due.min(due);
    }

    /// The next, to be looked at or changed in what decides neither when nor whose turn it is; one must be due.
    #[inline(always)]
    pub fn first(&mut self) -> &mut E {
        if self.done == self.ready.len() {
            self.begin_day(self.next_due >> self.day_bits);
        }
        &mut self.today[index(self.ready[self.done])]
    }

    /// Removes the one that [`Calendar::first`] saw.
    #[inline]
    pub fn pop(&mut self) -> E {
        let index = self.strike();
        self.look_ahead();
        self.today[index]
    }

    /// Queues the one that [`Calendar::first`] saw again, changed, not due before it was.
    #[inline(always)]
    pub fn again(&mut self, change: impl FnOnce(&mut E)) {
        let index = self.strike();
        let mut entry = self.today[index];
        change(&mut entry);
        self.queue(entry);
        self.look_ahead();
    }

    /// Removes all, in their order. The queue begins anew: what is to come may be due before those.
    pub fn drain(&mut self) -> impl Iterator<Item = E> + use<E> {
        let mut all = std::mem::take(self);
        std::iter::from_fn(move || {
            (all.next_due < u64::MAX).then(|| {
                all.first();
                all.pop()
            })
        })
    }

    #[inline(always)]
    fn strike(&mut self) -> usize {
        let index = index(self.ready[self.done]);
        self.done += 1;
        index
    }

    #[inline(always)]
    fn look_ahead(&mut self) {
        self.next_due = match self.ready.get(self.done) {
            Some(key) => self.base + (key >> INDEX_BITS),
            None => self.first_to_come(),
        };
    }

    #[inline(always)]
    fn queue(&mut self, entry: E) {
        if entry.due() >> self.day_bits < self.tomorrow {
            self.make_ready(entry);
        } else {
            self.write(entry);
        }
    }

    /// Puts one in its place among those of the day that has begun. It was queued last.
    fn make_ready(&mut self, entry: E) {
        if self.done == self.ready.len() {
            self.clear_today();
        }
        let Some(offset) = entry.due().checked_sub(self.base) else {
            return self.begin_earlier(entry);
        };
        let goes_before = |key: &u64| {
            (key >> INDEX_BITS, self.today[index(*key)].turn()) <= (offset, entry.turn())
        };
        let place = self.done + self.ready[self.done..].partition_point(goes_before);
        let key = offset << INDEX_BITS | self.today.len() as u64;
        self.ready.insert(place, key);
        self.today.push(entry);
    }

    /// Queues one that is due before the day that has begun, because that one was only looked at.
    #[cold]
    fn begin_earlier(&mut self, entry: E) {
        let keys = self.ready.split_off(self.done).into_iter();
        let rest: Vec<E> = keys.map(|key| self.today[index(key)]).collect();
        self.clear_today();
        self.tomorrow = entry.due() >> self.day_bits;
        self.write(entry);
        rest.into_iter().for_each(|entry| self.write(entry));
    }

    /// Forgets what is done, all there was.
    #[inline]
    fn clear_today(&mut self) {
        self.today.clear();
        self.ready.clear();
        self.done = 0;
    }

    /// The place in the ring of the day of `due`.
    #[inline(always)]
    fn place(&self, due: u64) -> usize {
        (due >> self.day_bits) as usize & (self.days.len() - 1)
    }

    /// Writes one into its day.
    #[inline(always)]
    fn write(&mut self, entry: E) {
        if self.days.is_empty() {
            self.set_days(FIRST_DAYS, FIRST_DAY_BITS);
        }
        let place = self.place(entry.due());
        self.latest = self.latest.max(entry.due());
        let (first, day) = (&mut self.firsts[place], &mut self.days[place]);
        *first = entry.due().min(*first);
        if day.capacity() == 0 {
            *day = self.spare.pop().unwrap_or_default();
        }
        day.push(entry);
        self.count += 1;
    }

    /// Takes what is due on the day at `place` of the ring.
    #[inline]
    fn tear_out(&mut self, place: usize) -> Vec<E> {
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
        let mut misplaced = 0;
        if self.latest >> self.day_bits >= next_round {
            let is_later = |entry: &mut E| entry.due() >> self.day_bits > day;
            let later: Vec<E> = self.today.extract_if(.., is_later).collect();
            misplaced = later.len();
            later.into_iter().for_each(|entry| self.write(entry));
        }
        let key =
            |(index, entry): (usize, &E)| (entry.due() - self.base) << INDEX_BITS | index as u64;
        self.ready.extend(self.today.iter().enumerate().map(key));
        self.ready.sort_unstable();
        let at_once = |keys: &[u64]| keys[0] >> INDEX_BITS == keys[1] >> INDEX_BITS;
        if self.ready.windows(2).any(at_once) {
            let turn = |key: u64| self.today[index(key)].turn();
            self.ready
                .sort_by_key(|key| (*key >> INDEX_BITS, turn(*key)));
        }
        if busy > MANY && self.days.len() < MOST_DAYS {
            self.tomorrow *= 2;
            self.set_days(self.days.len() * 2, self.day_bits - 1);
        } else if misplaced > self.today.len() / 4 {
            self.reach_farther();
        }
    }

    /// Makes the round longer, by longer days where there is little in them, else by more days.
    #[cold]
    fn reach_farther(&mut self) {
        let is_short = self.today.len() < MANY / 4 && self.day_bits < MOST_DAY_BITS;
        // What is begun and what is not are not of one day.
        if is_short && self.tomorrow.is_multiple_of(2) {
            self.tomorrow /= 2;
            self.set_days(self.days.len(), self.day_bits + 1);
        } else if !is_short && self.days.len() < MOST_DAYS {
            self.set_days(self.days.len() * 2, self.day_bits);
        }
    }

    /// When the first of the days to come is due.
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
        if day - self.tomorrow > IDLE_DAYS
            && self.days.len() > FEWEST_DAYS
            && self.day_bits < MOST_DAY_BITS
        {
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
            day.drain(..).for_each(|entry| self.write(entry));
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

    /// When it is due, its turn, its number.
    type Entry = (u64, u64, u32);

    impl Due for Entry {
        type Turn = u64;

        fn due(&self) -> u64 {
            self.0
        }

        fn turn(&self) -> u64 {
            self.1
        }
    }

    proptest! {
        /// They come out by their turn, however far ahead they are due: against a plain heap of all of them.
        #[test]
        fn what_waits_comes_out_by_its_turn(
            scale in 0u32..40,
            always_far in any::<bool>(),
            steps in prop::collection::vec((0u64..40, any::<bool>(), 0u64..3, 0usize..4, any::<bool>()), 1..400)
        ) {
            let mut calendar = Calendar::default();
            let mut plain = BinaryHeap::new();
            let mut clock = 0;
            for (number, (ahead, far, turn, pops, looks)) in (0..).zip(steps) {
                let due = clock + (ahead << if far || always_far { scale } else { 0 });
                calendar.push((due, turn, number));
                plain.push(Reverse((due, turn, number)));
                for _ in 0..pops.saturating_sub(1) {
                    prop_assert_eq!(calendar.next_due(), plain.peek().map_or(u64::MAX, |Reverse((due, ..))| *due));
                    let Some(Reverse(next)) = plain.pop() else {
                        break;
                    };
                    clock = next.0;
                    prop_assert_eq!({ calendar.first(); calendar.pop() }, next);
                }
                if looks && let Some(Reverse(next)) = plain.peek() {
                    prop_assert_eq!(calendar.first(), next);
                }
            }
            while let Some(Reverse(next)) = plain.pop() {
                prop_assert_eq!(calendar.next_due(), next.0);
                prop_assert_eq!({ calendar.first(); calendar.pop() }, next);
            }
            prop_assert_eq!(calendar.next_due(), u64::MAX);
        }

        /// What is queued after all was removed comes out by its turn too, though it is due before that.
        #[test]
        fn a_calendar_that_was_emptied_begins_anew(
            before in prop::collection::vec(0u64..10_000_000_000_000, 1..40),
            after in prop::collection::vec(0u64..10_000_000_000_000, 1..40),
        ) {
            let mut calendar = Calendar::default();
            for dues in [before, after] {
                let mut entries: Vec<Entry> =
                    dues.into_iter().zip(0..).map(|(due, number)| (due, 0, number)).collect();
                entries.iter().for_each(|entry| calendar.push(*entry));
                entries.sort();
                prop_assert_eq!(calendar.drain().collect::<Vec<_>>(), entries);
            }
        }

        /// Many that are due far ahead, all the time: days grow longer and more, and nothing else changes.
        #[test]
        fn the_round_grows_to_what_is_due_far_ahead(
            spans in prop::collection::vec(1u64..4_000_000_000_000, 700..900)
        ) {
            let mut calendar = Calendar::default();
            let mut plain = BinaryHeap::new();
            for (number, span) in (0..).zip(&spans) {
                calendar.push((*span, 0, number));
                plain.push(Reverse((*span, 0, number)));
            }
            for (number, span) in (1_000..).zip(spans.iter().rev().chain(&spans)) {
                let Reverse(next) = plain.pop().unwrap();
                prop_assert_eq!({ calendar.first(); calendar.pop() }, next);
                calendar.push((next.0 + span, 0, number));
                plain.push(Reverse((next.0 + span, 0, number)));
            }
            prop_assert!(calendar.days.len() << calendar.day_bits > FIRST_DAYS << FIRST_DAY_BITS);
        }
    }
}

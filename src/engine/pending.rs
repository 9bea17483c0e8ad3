//! Connections that wait for their next SYN, in order.

use super::Tag;
use super::connection::End;
use std::cmp::Reverse;
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
/// are drawn. So each step has a line of its own, to which is only appended, and the next SYN is the first of some line;
/// a heap keeps those that came out of line.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    /// When the first of each line is due, `u64::MAX` where nobody waits; the heap has the place of line 0.
    due: Vec<u64>,
    /// The line whose first is next.
    next: usize,
    lines: Vec<VecDeque<(Turn, Attempt)>>,
    out_of_line: BinaryHeap<Reverse<(Turn, u32)>>,
    /// Those in the heap by place, and places that are free.
    placed: Vec<Attempt>,
    free: Vec<u32>,
    /// By step, its line; 0 where it has none yet.
    line_of: Vec<u32>,
    queued: u64,
}

impl Default for Pending {
    fn default() -> Self {
        Pending {
            due: vec![u64::MAX],
            next: 0,
            lines: vec![VecDeque::new()],
            out_of_line: BinaryHeap::new(),
            placed: Vec::new(),
            free: Vec::new(),
            line_of: Vec::new(),
            queued: 0,
        }
    }
}

const DUE: &str = "a SYN is due";

impl Pending {
    /// When the next SYN is due; `u64::MAX` when none is.
    #[inline(always)]
    pub fn next_due(&self) -> u64 {
        self.due[self.next]
    }

    pub fn push(&mut self, due: u64, since: u64, attempt: Attempt) {
        let turn = (due, since, self.queued);
        self.queued += 1;
        let index = self.line(&attempt);
        let line = &mut self.lines[index];
        match line.back() {
            _ if index == 0 => self.leave_line(turn, attempt),
            Some((last, _)) if *last > turn => self.leave_line(turn, attempt),
            Some(_) => line.push_back((turn, attempt)),
            None => {
                line.push_back((turn, attempt));
                self.starts_line(index);
            }
        }
    }

    fn leave_line(&mut self, turn: Turn, attempt: Attempt) {
        let place = self.place(attempt);
        self.out_of_line.push(Reverse((turn, place)));
        self.starts_line(0);
    }

    /// Removes the next SYN.
    pub fn pop(&mut self) -> Attempt {
        let next = self.next;
        let attempt = if next == 0 {
            let Reverse((_, place)) = self.out_of_line.pop().expect(DUE);
            self.free.push(place);
            self.placed[place as usize]
        } else {
            self.lines[next].pop_front().expect(DUE).1
        };
        self.due[next] = self.first(next).map_or(u64::MAX, |(due, ..)| due);
        self.next = self.earliest();
        attempt
    }

    /// The line whose first is next. In passes without branches: which line it is cannot be guessed.
    #[inline(always)]
    fn earliest(&self) -> usize {
        let due = self.due.iter().fold(u64::MAX, |due, at| due.min(*at));
        let (mut earliest, mut at_that_time) = (0, 0);
        for (line, at) in self.due.iter().enumerate() {
            let is = usize::from(*at == due);
            earliest += is * line;
            at_that_time += is;
        }
        if at_that_time == 1 {
            return earliest;
        }
        let lines = 0..self.due.len();
        lines.fold(0, |first, line| match self.goes_before(line, first) {
            true => line,
            false => first,
        })
    }

    /// The turn of the first of a line.
    fn first(&self, line: usize) -> Option<Turn> {
        match line {
            0 => self.out_of_line.peek().map(|Reverse((turn, _))| *turn),
            _ => self.lines[line].front().map(|(turn, _)| *turn),
        }
    }

    #[inline(always)]
    fn goes_before(&self, line: usize, other: usize) -> bool {
        let (due, other_due) = (self.due[line], self.due[other]);
        due < other_due
            || (due == other_due && due < u64::MAX && self.first(line) < self.first(other))
    }

    /// The first of `line` may have changed for an earlier one.
    fn starts_line(&mut self, line: usize) {
        self.due[line] = self.first(line).map_or(u64::MAX, |(due, ..)| due);
        if self.goes_before(line, self.next) {
            self.next = line;
        }
    }

    fn place(&mut self, attempt: Attempt) -> u32 {
        match self.free.pop() {
            Some(place) => {
                self.placed[place as usize] = attempt;
                place
            }
            None => {
                self.placed.push(attempt);
                self.placed.len() as u32 - 1
            }
        }
    }

    /// The line of what `attempt` waits for, a new one if nothing did before; 0 when there are too many to look through.
    #[inline]
    fn line(&mut self, attempt: &Attempt) -> usize {
        /// Steps of a class that have a line each; later tries and SYNs share the last.
        const TRIES: u32 = 4;
        const SYNS: u32 = 16;
        let (tried, syn) = (attempt.tried.min(TRIES) - 1, attempt.syn.min(SYNS - 1));
        let step = ((attempt.tag.class * TRIES + tried) * SYNS + syn) as usize;
        match self.line_of.get(step) {
            Some(line) if *line > 0 => *line as usize,
            _ => self.new_line(step),
        }
    }

    #[cold]
    fn new_line(&mut self, step: usize) -> usize {
        const MOST_LINES: usize = 64;
        if self.lines.len() == MOST_LINES {
            return 0;
        }
        if step >= self.line_of.len() {
            self.line_of.resize(step + 1, 0);
        }
        let line = self.lines.len();
        self.line_of[step] = line as u32;
        self.lines.push(VecDeque::new());
        self.due.push(u64::MAX);
        line
    }
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
            steps in prop::collection::vec((0u64..40, 0u64..3, 0u32..4, 1u32..7, 0u32..20, any::<bool>()), 1..200)
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

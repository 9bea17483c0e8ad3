//! What was handed out, kept where an event may take it back.

use super::connection::{Arrival, End};
use super::rules::CellRules;
use super::{Cut, Grant, Period, Recorder, RequestStep, Tag};
use crate::units::{SimTime, mix};

/// The ports of a cell that are in use, by stock, each stock's in the order in which they were handed out.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    stocks: Vec<Vec<Entry>>,
    /// By stock, the number of entries at which those that have come back are left out.
    tidy_at: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    tag: Tag,
    grant: Grant,
    /// End of activity, in nanoseconds.
    inactive_at: u64,
}

impl Entry {
    /// Whether its connection is open at `at`.
    fn is_open(&self, at: u64) -> bool {
        match self.grant.end {
            End::Unanswered => false,
            // Its owner still wants it after the last packet.
            End::Broken => at < self.inactive_at,
            _ => at < self.grant.open_until,
        }
    }

    /// What it means to take its port back at `at`, of which its connection breaks where what opened it is still there.
    fn cut(&self, at: u64, taking: Taking) -> Cut {
        let is_open = self.is_open(at);
        Cut {
            grant: self.grant,
            at,
            breaks: is_open && !taking.owners_leave,
            // When the port was handed out, if it was to be lost before the end of the run.
            counted: is_open && self.grant.end == End::Broken && self.inactive_at < taking.duration,
        }
    }
}

/// How ports are taken back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taking {
    /// Whether what opened the connections leaves with them: they end, and do not break.
    pub owners_leave: bool,
    /// The end of the run, in nanoseconds.
    pub duration: u64,
}

impl Ledger {
    /// Nothing is in use, in `stocks` stocks.
    pub fn new(stocks: usize) -> Self {
        const FIRST_TIDY: usize = 64;
        Ledger {
            stocks: vec![Vec::new(); stocks],
            tidy_at: vec![FIRST_TIDY; stocks],
        }
    }

    fn note<T: Recorder>(&mut self, stock: u32, entry: Entry, recorder: &mut T) {
        let (entries, tidy_at) = (
            &mut self.stocks[stock as usize],
            &mut self.tidy_at[stock as usize],
        );
        entries.push(entry);
        if entries.len() >= *tidy_at {
            forget_returned(entries, entry.grant.at, recorder);
            *tidy_at = (*tidy_at).max(2 * entries.len());
        }
    }

    /// Takes back the ports of `stock` that `takes` picks from those in use at `at`, in the order in which they were
    /// handed out. How many were taken.
    pub(super) fn take_back<T: Recorder>(
        &mut self,
        stock: u32,
        at: u64,
        taking: Taking,
        mut takes: impl FnMut() -> bool,
        recorder: &mut T,
    ) -> usize {
        let entries = &mut self.stocks[stock as usize];
        forget_returned(entries, at, recorder);
        let before = entries.len();
        entries.retain(|entry| {
            let taken = takes();
            if taken {
                recorder.held(entry.tag, at - entry.grant.at);
                recorder.cut(entry.tag, stock, entry.cut(at, taking));
            }
            !taken
        });
        before - entries.len()
    }

    /// Of the ports of `stock` in use, until when each is active and until when it is held.
    pub(super) fn times(&self, stock: u32) -> impl Iterator<Item = (u64, u64)> + Clone {
        let entries = self.stocks[stock as usize].iter();
        entries.map(|entry| (entry.inactive_at, entry.grant.release_at))
    }

    /// The run ends: what is still in use comes back when it was to.
    pub fn finish<T: Recorder>(self, recorder: &mut T) {
        for mut entries in self.stocks {
            forget_returned(&mut entries, u64::MAX, recorder);
        }
    }
}

/// Leaves out what has come back by `at`.
fn forget_returned<T: Recorder>(entries: &mut Vec<Entry>, at: u64, recorder: &mut T) {
    entries.retain(|entry| {
        let Grant {
            at: from,
            release_at,
            ..
        } = entry.grant;
        let is_back = release_at <= at;
        if is_back {
            recorder.held(entry.tag, release_at - from);
        }
        !is_back
    });
}

/// Which of a pool's ports are taken away: uniformly at random without replacement, from a stream of its own.
///
/// It is asked once for every port in use. Each is as likely as any other to be among those that are taken, and so is each
/// port that is not in use, so the number of ports in use that are taken is hypergeometric.
#[derive(Clone, Copy, Debug)]
pub struct Lottery {
    seed: u64,
    drawn: u64,
    ports: u64,
    taken: u64,
}

impl Lottery {
    /// `taken` of `ports` ports are taken away.
    pub fn new(seed: u64, ports: u32, taken: u32) -> Self {
        Lottery {
            seed,
            drawn: 0,
            ports: u64::from(ports),
            taken: u64::from(taken.min(ports)),
        }
    }

    /// Whether the next port is taken.
    pub fn takes(&mut self) -> bool {
        let bits = mix(self.seed, self.drawn);
        let drawn = (u128::from(bits) * u128::from(self.ports)) >> 64;
        let takes = (drawn as u64) < self.taken;
        self.drawn += 1;
        self.ports = self.ports.saturating_sub(1);
        self.taken -= u64::from(takes);
        takes
    }
}

/// Notes in a ledger what a cell hands out and does not get back before an event may take it, and passes everything on.
#[derive(Debug)]
pub struct Noting<'a, T> {
    /// The cell's.
    pub ledger: &'a mut Ledger,
    /// The rules in force.
    pub rules: &'a CellRules,
    /// When they end, in nanoseconds; `u64::MAX` where they last.
    pub until: u64,
    /// Hears everything.
    pub recorder: &'a mut T,
}

impl<T: Recorder> Recorder for Noting<'_, T> {
    fn offered(&mut self, tag: Tag) {
        self.recorder.offered(tag);
    }

    fn sent(&mut self, tag: Tag, tries: u64, syns: u64) {
        self.recorder.sent(tag, tries, syns);
    }

    fn refused(&mut self, tag: Tag) {
        self.recorder.refused(tag);
    }

    fn refused_again(&mut self, tag: Tag, tries: u64) {
        self.recorder.refused_again(tag, tries);
    }

    fn granted(&mut self, tag: Tag, stock: u32, grant: Grant) {
        self.recorder.granted(tag, stock, grant);
        if grant.release_at <= self.until {
            self.recorder.held(tag, grant.release_at - grant.at);
            return;
        }
        let entry = Entry {
            tag,
            grant,
            inactive_at: self.rules.inactive_at(&grant),
        };
        self.ledger.note(stock, entry, self.recorder);
    }

    fn answered(&mut self, tag: Tag, arrivals: &[Arrival], releases: &[u64]) {
        if releases.iter().all(|release| *release <= self.until) {
            return self.recorder.answered(tag, arrivals, releases);
        }
        for (arrival, release) in arrivals.iter().zip(releases) {
            let (tag, grant) = tag.answered(arrival, *release);
            self.offered(tag);
            self.granted(tag, 0, grant);
            self.established(tag, 0, false);
        }
    }

    fn established(&mut self, tag: Tag, latency: u64, delayed: bool) {
        self.recorder.established(tag, latency, delayed);
    }

    fn broken(&mut self, tag: Tag) {
        self.recorder.broken(tag);
    }

    fn failed(&mut self, tag: Tag, first_refused: SimTime, bucket: u32) {
        self.recorder.failed(tag, first_refused, bucket);
    }

    fn lost(&mut self, tag: Tag, arrivals: &[Arrival]) {
        self.recorder.lost(tag, arrivals);
    }

    fn unanswered(&mut self, tag: Tag) {
        self.recorder.unanswered(tag);
    }

    fn request(&mut self, class: u32, made_at: u64, step: RequestStep) {
        self.recorder.request(class, made_at, step);
    }

    fn pending(&mut self, tag: Tag) {
        self.recorder.pending(tag);
    }

    fn period(&mut self, stock: u32, period: Period) {
        self.recorder.period(stock, period);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lottery_over_all_ports_takes_exactly_as_many_as_it_is_told() {
        for seed in 0..50 {
            let mut lottery = Lottery::new(seed, 1_024, 512);
            let taken = (0..1_024).filter(|_| lottery.takes()).count();
            assert_eq!(taken, 512);
        }
    }

    /// The mean of a hypergeometric number is n K / N, its variance n K / N (1 - K / N) (N - n) / (N - 1); five standard
    /// errors of the mean over 4,000 draws.
    #[test]
    fn of_the_ports_in_use_as_many_are_taken_as_their_share() {
        let (ports, taken, used, draws) = (1_024.0, 384.0, 300.0, 4_000.0);
        let total: usize = (0..draws as u64)
            .map(|seed| {
                let mut lottery = Lottery::new(mix(7, seed), ports as u32, taken as u32);
                (0..used as u32).filter(|_| lottery.takes()).count()
            })
            .sum();
        let share = taken / ports;
        let variance = used * share * (1.0 - share) * (ports - used) / (ports - 1.0);
        let mean = total as f64 / draws;
        assert!((mean - used * share).abs() < 5.0 * (variance / draws).sqrt());
    }
}

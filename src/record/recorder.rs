//! Listens to the cells of one group and adds what it hears to the run of a replication.

use super::accumulator::raise;
use super::replication::FirstFailure;
use super::series::Entry;
use super::taken::{HighestUse, Limits, TakenBack};
use super::{Accumulator, Cause, Layout, Parts, Slot, Tally, Totals, Window};
use crate::engine::{Arrival, AtNode, Cut, End, Grant, Period, Recorder, RequestStep, Sort, Tag};
use crate::units::SimTime;
use std::ops::Range;

/// The recorder of one group. `FULL` writes down what [`Detail::Full`](super::Detail::Full) asks for.
#[derive(Debug)]
pub struct GroupRecorder<'a, const FULL: bool> {
    layout: &'a Layout,
    window: Window,
    totals: &'a mut Totals,
    tallies: Vec<Tally>,
    cell: usize,
    cell_tallies: usize,
    slot_nanos: u64,
    slot_start: u64,
    slot_end: u64,
    slot: usize,
    /// Connections lost in the current cell and slot, not yet in the tally and the slot.
    lost_in_slot: u64,
    zero_latencies: u64,
    held_nanos: Vec<u128>,
    first_failure: Option<FirstFailure>,
    entries: Vec<Entry>,
    peaks: Vec<(u32, u32)>,
    refused: Vec<bool>,
    epochs: Option<Epochs>,
}

/// Where limits change in the course of a run.
#[derive(Debug)]
pub(super) struct Epochs {
    /// Of the stocks of every cell or bucket, or one for all.
    limits: Vec<Limits>,
    pub highest_use: HighestUse,
    /// By epoch but the first.
    pub taken_back: Vec<TakenBack>,
}

impl<'a, const FULL: bool> GroupRecorder<'a, FULL> {
    /// A recorder that has heard nothing.
    pub fn new(layout: &'a Layout, window: Window, totals: &'a mut Totals) -> Self {
        let stocks = layout.cells() * layout.keys.len() * layout.buckets as usize;
        let tallies = layout.cells() * layout.classes.len() * layout.buckets as usize;
        GroupRecorder {
            layout,
            window,
            totals,
            tallies: vec![Tally::default(); tallies],
            cell: 0,
            cell_tallies: 0,
            slot_nanos: window.slot_nanos(),
            slot_start: 0,
            slot_end: 0,
            slot: 0,
            lost_in_slot: 0,
            zero_latencies: 0,
            held_nanos: vec![0; stocks],
            first_failure: None,
            entries: Vec::new(),
            peaks: vec![(0, 0); stocks],
            refused: vec![false; stocks],
            epochs: None,
        }
    }

    /// Hears of the first epoch: the limits of every cell or bucket, or one for all. How long ports are held is heard when
    /// they come back.
    pub fn begin_epochs(&mut self, limits: Vec<Limits>) {
        self.epochs = Some(Epochs {
            limits,
            highest_use: HighestUse::default(),
            taken_back: Vec::new(),
        });
    }

    /// Hears of the next epoch; what is taken back at its beginning comes before its limits.
    pub fn begin_next_epoch(&mut self) {
        if let Some(epochs) = &mut self.epochs {
            epochs.taken_back.push(TakenBack::default());
        }
    }

    /// Hears of the limits of the epoch.
    pub fn set_limits(&mut self, limits: Vec<Limits>) {
        if let Some(epochs) = &mut self.epochs {
            epochs.limits = limits;
        }
    }

    /// The cell that is heard from now on.
    #[inline]
    pub fn listen_to(&mut self, cell: usize) {
        self.settle_lost();
        self.cell = cell;
        self.cell_tallies = cell * self.layout.classes.len() * self.layout.buckets as usize;
    }

    /// Whether a connection failed.
    pub fn has_failure(&self) -> bool {
        self.first_failure.is_some()
    }

    /// Opens the slot of `at` and says from when to when it is; the warm-up is one too.
    pub fn open_slot(&mut self, at: u64) -> Range<u64> {
        let warmup = self.window.warmup.as_nanos();
        if at < warmup {
            return 0..warmup;
        }
        self.slot(at);
        self.slot_start..self.slot_end
    }

    /// Counts connections that the only stock of the current cell lost in the open slot: as [`Recorder::lost`] does, but
    /// for the first failure, which was before them.
    #[inline(always)]
    pub fn lost_unseen(&mut self, connections: u64) {
        // No slot is open in the warm-up.
        if self.slot_end > 0 {
            self.lost_in_slot += connections;
        }
    }

    #[inline(always)]
    fn tally(&mut self, tag: Tag) -> &mut Tally {
        let within = tag.class * self.layout.buckets + tag.bucket;
        &mut self.tallies[self.cell_tallies + within as usize]
    }

    /// The slot of a first SYN in the window.
    #[inline(always)]
    fn slot(&mut self, first_at: u64) -> &mut Slot {
        if first_at < self.slot_start || first_at >= self.slot_end {
            self.go_to_slot(first_at);
        }
        &mut self.totals.slots[self.slot]
    }

    #[cold]
    #[inline(never)]
    fn go_to_slot(&mut self, first_at: u64) {
        self.settle_lost();
        let since = first_at - self.window.warmup.as_nanos();
        self.slot = ((since / self.slot_nanos) as usize).min(self.window.slots - 1);
        self.slot_start = self.window.warmup.as_nanos() + self.slot as u64 * self.slot_nanos;
        self.slot_end = self.slot_start + self.slot_nanos;
    }

    /// Adds what [`Recorder::lost`] counted in the current cell and slot to where it belongs.
    #[inline]
    fn settle_lost(&mut self) {
        let count = std::mem::take(&mut self.lost_in_slot);
        if count > 0 {
            // Only a cell with one class and one bucket loses connections in runs.
            let tally = &mut self.tallies[self.cell_tallies];
            tally.offered += count;
            tally.refused_syns += count;
            tally.refused_first += count;
            tally.failed += count;
            let slot = &mut self.totals.slots[self.slot];
            slot.offered += count;
            slot.failed += count;
        }
    }

    #[inline]
    fn note_failure(&mut self, tag: Tag, first_refused: SimTime, bucket: u32) {
        if self
            .first_failure
            .is_none_or(|first| first_refused <= first.at)
        {
            let failure = FirstFailure {
                at: first_refused,
                pool: self.layout.pool(self.cell, bucket),
                destination: self.layout.classes[tag.class as usize].destination,
            };
            self.first_failure = [self.first_failure, Some(failure)]
                .into_iter()
                .flatten()
                .min();
        }
    }

    #[inline(always)]
    fn stock(&self, stock: u32) -> usize {
        self.cell * self.layout.keys.len() * self.layout.buckets as usize + stock as usize
    }

    /// Adds what was heard to `run`.
    pub fn add_to(mut self, parts: &Parts, run: &mut Accumulator) {
        self.settle_lost();
        self.totals.latency.record_zeros(self.zero_latencies);
        let layout = self.layout;
        let per_cell = layout.classes.len() * layout.buckets as usize;
        for (index, tally) in self.tallies.iter().enumerate() {
            let class = layout.classes[index % per_cell / layout.buckets as usize];
            let pool = layout.pool(index / per_cell, index as u32 % layout.buckets);
            run.by_pool[pool as usize].add(tally);
            run.by_destination[class.destination as usize].add(tally);
            run.by_workload[class.workload as usize].add(tally);
        }
        let stocks_per_cell = layout.keys.len() * layout.buckets as usize;
        let window = (self.window.duration - self.window.warmup).as_nanos() as f64;
        for (index, (peak, peak_active)) in self.peaks.iter().enumerate() {
            let pool = layout.pool(index / stocks_per_cell, index as u32 % layout.buckets) as usize;
            let key = &layout.keys[index % stocks_per_cell / layout.buckets as usize];
            raise(&mut run.peak_used[pool], *peak);
            raise(&mut run.peak_active[pool], *peak_active);
            run.refused[pool] |= self.refused[index];
            for destination in &key.destinations {
                raise(&mut run.peak_by_destination[*destination as usize], *peak);
            }
            for workload in parts.workloads_of(key, pool as u32) {
                raise(&mut run.peak_by_workload[workload as usize], *peak);
            }
            let limit = layout.limit(index / stocks_per_cell, index as u32 % layout.buckets);
            let use_ = self.held_nanos[index] as f64 / (window * f64::from(limit));
            run.fullest_mean_use = run.fullest_mean_use.max(use_);
        }
        if let Some(epochs) = &self.epochs {
            run.add_epochs(epochs);
        }
        run.first_failure = [run.first_failure, self.first_failure]
            .into_iter()
            .flatten()
            .min();
        self.give_minutes(parts, run);
    }

    /// Whether it has written down so many minutes that they should be added to the run.
    pub fn has_many_minutes(&self) -> bool {
        /// They and what they are added to stay in the cache.
        const MANY: usize = 4_096;
        self.entries.len() >= MANY
    }

    /// Adds the minutes written down so far to `run`, and forgets them.
    pub fn give_minutes(&mut self, parts: &Parts, run: &mut Accumulator) {
        if let Some(series) = &mut run.series {
            series.add(parts, self.layout, &self.entries);
        }
        self.entries.clear();
    }
}

/// What a port is held for while its connection is open, and after.
fn causes(end: End) -> (Cause, Cause) {
    match end {
        End::Fin => (Cause::Open, Cause::FinHold),
        End::Rst => (Cause::Open, Cause::RstHold),
        End::Abandon | End::Broken => (Cause::Open, Cause::Idle),
        End::Udp => (Cause::Udp, Cause::Udp),
        End::Unanswered => (Cause::HalfOpen, Cause::HalfOpen),
    }
}

impl<const FULL: bool> Recorder for GroupRecorder<'_, FULL> {
    #[inline(always)]
    fn offered(&mut self, tag: Tag) {
        if tag.offered {
            self.tally(tag).offered += 1;
            self.slot(tag.first_at).offered += 1;
        }
    }

    #[inline]
    fn sent(&mut self, tag: Tag, tries: u64, syns: u64) {
        if tag.offered {
            let tally = self.tally(tag);
            tally.tries += tries;
            tally.syns += syns;
        }
    }

    #[inline]
    fn refused(&mut self, tag: Tag) {
        if tag.offered {
            let tally = self.tally(tag);
            tally.refused_syns += 1;
            tally.refused_first += 1;
        }
    }

    #[inline(always)]
    fn refused_again(&mut self, tag: Tag, tries: u64) {
        if tag.offered {
            let tally = self.tally(tag);
            tally.tries += tries;
            tally.syns += 1;
            tally.refused_syns += 1;
        }
    }

    #[inline(always)]
    fn granted(&mut self, tag: Tag, stock: u32, grant: Grant) {
        let stock = self.stock(stock);
        self.held_nanos[stock] += u128::from(self.window.clip(grant.at, grant.release_at));
        if FULL {
            let open = self.window.clip(grant.at, grant.open_until);
            let after = self.window.clip(grant.open_until, grant.release_at);
            let (while_open, then) = causes(grant.end);
            let tally = self.tally(tag);
            tally.port_nanos[while_open as usize] += u128::from(open);
            tally.port_nanos[then as usize] += u128::from(after);
            if tag.offered && self.epochs.is_none() {
                self.totals
                    .hold
                    .record(SimTime::from_nanos(grant.release_at - grant.at));
            }
        }
    }

    #[inline(always)]
    fn established(&mut self, tag: Tag, latency: u64, delayed: bool) {
        if tag.offered {
            let tally = self.tally(tag);
            tally.established += 1;
            tally.delayed += u64::from(delayed);
            if latency == 0 {
                self.zero_latencies += 1;
            } else {
                self.totals.latency.record(SimTime::from_nanos(latency));
            }
        }
    }

    fn broken(&mut self, tag: Tag) {
        if tag.offered {
            self.tally(tag).broken += 1;
        }
    }

    #[inline]
    fn failed(&mut self, tag: Tag, first_refused: SimTime, bucket: u32) {
        if tag.offered {
            self.tally(tag).failed += 1;
            self.slot(tag.first_at).failed += 1;
        }
        self.note_failure(tag, first_refused, bucket);
    }

    fn kept(&mut self, tag: Tag, why: AtNode, unsent: bool) {
        if tag.offered {
            let tally = self.tally(tag);
            tally.kept[why as usize] += 1;
            tally.unsent += u64::from(unsent);
        }
    }

    fn failed_at_node(&mut self, tag: Tag, why: AtNode) {
        if tag.offered {
            let tally = self.tally(tag);
            tally.failed += 1;
            tally.failed_at_node[why as usize] += 1;
            self.slot(tag.first_at).failed += 1;
        }
    }

    fn lost(&mut self, tag: Tag, arrivals: &[Arrival]) {
        let (Some(first), Some(last)) = (arrivals.first(), arrivals.last()) else {
            return;
        };
        self.note_failure(tag, SimTime::from_nanos(first.at), tag.bucket);
        if !tag.offered {
            return;
        }
        if first.at >= self.slot_start && last.at < self.slot_end {
            self.lost_in_slot += arrivals.len() as u64;
        } else {
            for arrival in arrivals {
                self.slot(arrival.at);
                self.lost_in_slot += 1;
            }
        }
    }

    #[inline(always)]
    fn answered(&mut self, tag: Tag, arrivals: &[Arrival], releases: &[u64]) {
        let Some(last) = arrivals.last() else { return };
        let classes = self.layout.classes.len();
        let tallies = &mut self.tallies[self.cell_tallies..];
        let mut held = 0;
        if FULL {
            let (window, first) = (self.window, arrivals[0].sort);
            let ends = releases.iter().copied().fold(0, u64::max);
            let all_counts = tag.offered && ends <= window.duration.as_nanos();
            let one_sort = arrivals.iter().all(|arrival| arrival.sort == first);
            let mut count_for = |sort: Sort, open: u64, after: u64| {
                let (while_open, then) = causes(sort.end());
                let class = if classes == 1 { 0 } else { sort.class() };
                let tally = &mut tallies[class as usize];
                tally.port_nanos[while_open as usize] += u128::from(open);
                tally.port_nanos[then as usize] += u128::from(after);
                held += open + after;
            };
            let both = arrivals.iter().zip(releases);
            if all_counts && one_sort {
                let (open, all) = both.fold((0, 0), |(open, all), (arrival, release)| {
                    (open + arrival.life, all + (release - arrival.at))
                });
                count_for(first, open, all - open);
            } else {
                for (arrival, release) in both {
                    let open_until = arrival.at.saturating_add(arrival.life);
                    let open = window.clip(arrival.at, open_until);
                    count_for(arrival.sort, open, window.clip(open_until, *release));
                }
            }
            if tag.offered {
                let holds = arrivals.iter().zip(releases);
                let holds = holds.map(|(arrival, release)| release - arrival.at);
                self.totals.hold.record_all(holds);
            }
        } else {
            for (arrival, release) in arrivals.iter().zip(releases) {
                held += self.window.clip(arrival.at, *release);
            }
        }
        let stock = self.stock(0);
        self.held_nanos[stock] += u128::from(held);
        if !tag.offered {
            return;
        }
        let count = arrivals.len() as u64;
        self.zero_latencies += count;
        let tallies = &mut self.tallies[self.cell_tallies..];
        if classes == 1 {
            tallies[0].offered += count;
            tallies[0].established += count;
        } else {
            for arrival in arrivals {
                let tally = &mut tallies[arrival.sort.class() as usize];
                tally.offered += 1;
                tally.established += 1;
            }
        }
        if tag.first_at >= self.slot_start && last.at < self.slot_end {
            self.totals.slots[self.slot].offered += count;
        } else {
            for arrival in arrivals {
                self.slot(arrival.at).offered += 1;
            }
        }
    }

    fn request(&mut self, class: u32, made_at: u64, step: RequestStep) {
        if made_at >= self.window.warmup.as_nanos() {
            let workload = self.layout.classes[class as usize].workload;
            self.totals
                .requests
                .entry(workload)
                .or_default()
                .count(step);
        }
    }

    fn unanswered(&mut self, tag: Tag) {
        if tag.offered {
            self.tally(tag).unanswered += 1;
        }
    }

    fn pending(&mut self, tag: Tag) {
        if tag.offered {
            self.tally(tag).pending += 1;
            self.slot(tag.first_at).pending += 1;
        }
    }

    fn cut(&mut self, tag: Tag, stock: u32, cut: Cut) {
        let Cut {
            grant,
            at,
            breaks,
            counted,
        } = cut;
        let stock = self.stock(stock);
        self.held_nanos[stock] -= u128::from(self.window.clip(at, grant.release_at));
        if FULL {
            let open = self.window.clip(at, grant.open_until);
            let after = self.window.clip(at.max(grant.open_until), grant.release_at);
            let (while_open, then) = causes(grant.end);
            let tally = self.tally(tag);
            tally.port_nanos[while_open as usize] -= u128::from(open);
            tally.port_nanos[then as usize] -= u128::from(after);
        }
        if tag.offered {
            let broken = &mut self.tally(tag).broken;
            *broken = *broken + u64::from(breaks) - u64::from(counted);
        }
        if let Some(now) = self
            .epochs
            .as_mut()
            .and_then(|all| all.taken_back.last_mut())
        {
            now.add(&TakenBack {
                ports: 1,
                broken: u64::from(breaks && tag.offered),
            });
        }
    }

    fn held(&mut self, tag: Tag, nanos: u64) {
        if FULL && tag.offered {
            self.totals.hold.record(SimTime::from_nanos(nanos));
        }
    }

    fn peaked(&mut self, stock: u32, (peak, peak_active): (u32, u32)) {
        // Buckets lie in one cell: a place is one or the other.
        let place = self.cell + (stock % self.layout.buckets) as usize;
        if let Some(epochs) = &mut self.epochs {
            let limits = &epochs.limits[place.min(epochs.limits.len() - 1)];
            let here = HighestUse::of(limits, peak, peak_active);
            epochs.highest_use = epochs.highest_use.max(here);
        }
    }

    fn period(&mut self, stock: u32, period: Period) {
        self.peaked(stock, period.last_peaks);
        let index = self.stock(stock);
        let peak_active = if self.layout.active_counts_held {
            period.peak
        } else {
            period.peak_active
        };
        let (peak_used, highest_active) = &mut self.peaks[index];
        raise(peak_used, period.peak);
        raise(highest_active, peak_active);
        self.refused[index] |= period.refused > 0;
        if FULL {
            self.entries.push(Entry {
                pool: self.layout.pool(self.cell, stock % self.layout.buckets),
                key: stock / self.layout.buckets,
                minute: (period.start.minute() - self.window.first_minute()) as u32,
                peak: period.peak,
                granted: period.granted as u32,
                refused: period.refused as u32,
                active: period.active_at_end,
            });
        }
    }
}

//! Listens to the cells of one group and adds what it hears to the run of a replication.

use super::replication::{FirstFailure, Minutes, ReplicationRun};
use super::taken::{HighestUse, Limits, TakenBack};
use super::{Cause, Detail, Latencies, Slot, Tally, UsedCounts};
use crate::engine::{Arrival, Cut, End, Grant, Period, Recorder, Sort, Tag};
use crate::units::SimTime;
use std::ops::Range;

/// The window [warmup, duration) that is counted, and how it is divided.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Start of counting.
    pub warmup: SimTime,
    /// End of the run.
    pub duration: SimTime,
    /// Equal parts for batches, at least 1.
    pub slots: usize,
}

impl Window {
    /// The minute of the run that holds the end of the warm-up.
    pub fn first_minute(&self) -> usize {
        self.warmup.minute()
    }

    /// Minutes that reach into the window.
    pub fn minutes(&self) -> usize {
        self.duration
            .as_nanos()
            .div_ceil(SimTime::MINUTE.as_nanos()) as usize
            - self.first_minute()
    }

    fn slot_nanos(&self) -> u64 {
        let window = self.duration.saturating_sub(self.warmup).as_nanos();
        window.div_ceil(self.slots as u64).max(1)
    }

    /// Time between `from` and `until` that lies in the window, in nanoseconds.
    #[inline]
    fn clip(&self, from: u64, until: u64) -> u64 {
        let from = from.max(self.warmup.as_nanos());
        until.min(self.duration.as_nanos()).saturating_sub(from)
    }
}

/// Whom a class of connections counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassUse {
    /// Workload index.
    pub workload: u32,
    /// Destination index.
    pub destination: u32,
}

/// Who uses a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    /// Destination indices.
    pub destinations: Vec<u32>,
    /// Workload indices.
    pub workloads: Vec<u32>,
}

/// How the cells, classes and stocks of a group map to what is reported.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Buckets per key.
    pub buckets: u32,
    /// The node that is the pool of each cell; empty where the bucket is the pool.
    pub cell_pools: Vec<u32>,
    /// By class.
    pub classes: Vec<ClassUse>,
    /// By key of a cell.
    pub keys: Vec<KeyUse>,
    /// Ports of a stock.
    pub limit: u32,
    /// Whether held ports count toward the second limit.
    pub active_counts_held: bool,
}

impl Layout {
    #[inline]
    fn pool(&self, cell: usize, bucket: u32) -> u32 {
        if self.cell_pools.is_empty() {
            bucket
        } else {
            self.cell_pools[cell]
        }
    }

    fn cells(&self) -> usize {
        self.cell_pools.len().max(1)
    }
}

/// What is counted over groups before it is added up; one a thread.
#[derive(Clone, Debug)]
pub struct Totals {
    /// The cohort by time of first SYN.
    pub slots: Vec<Slot>,
    /// Connect latencies.
    pub latency: Latencies,
    /// Port holds.
    pub hold: Latencies,
}

impl Totals {
    /// Nothing yet.
    pub fn new(window: &Window) -> Self {
        Totals {
            slots: vec![Slot::default(); window.slots],
            latency: Latencies::default(),
            hold: Latencies::default(),
        }
    }

    /// Adds another thread's.
    pub fn merge(&mut self, other: &Totals) {
        for (mine, theirs) in self.slots.iter_mut().zip(&other.slots) {
            mine.offered += theirs.offered;
            mine.failed += theirs.failed;
            mine.pending += theirs.pending;
        }
        self.latency.merge(&other.latency);
        self.hold.merge(&other.hold);
    }
}

/// What one stock did in one minute.
#[derive(Clone, Copy, Debug)]
struct Entry {
    pool: u32,
    key: u32,
    minute: u32,
    peak: u32,
    granted: u32,
    refused: u32,
    active: u32,
}

/// The recorder of one group. `FULL` writes down what [`Detail::Full`] asks for.
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
struct Epochs {
    limits: Limits,
    highest_use: HighestUse,
    /// By epoch but the first.
    taken_back: Vec<TakenBack>,
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

    /// Hears of the first epoch: its limits. How long ports are held is heard when they come back.
    pub fn begin_epochs(&mut self, limits: Limits) {
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
    pub fn set_limits(&mut self, limits: Limits) {
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
            let use_ = self.held_nanos[index] as f64 / (window * f64::from(layout.limit));
            run.fullest_mean_use = run.fullest_mean_use.max(use_);
        }
        if let Some(epochs) = &self.epochs {
            run.add_epochs(epochs);
        }
        run.first_failure = [run.first_failure, self.first_failure]
            .into_iter()
            .flatten()
            .min();
        if FULL {
            run.series.as_mut().expect("full detail keeps series").add(
                parts,
                layout,
                &self.entries,
            );
        }
    }
}

fn raise(value: &mut u32, to: u32) {
    *value = (*value).max(to);
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
            let spans = arrivals.iter().zip(releases).map(|(arrival, release)| {
                let open_until = arrival.at.saturating_add(arrival.life);
                let open = window.clip(arrival.at, open_until);
                (arrival.sort, open, window.clip(open_until, *release))
            });
            let mut count_for = |sort: Sort, open: u64, after: u64| {
                let (while_open, then) = causes(sort.end());
                let class = if classes == 1 { 0 } else { sort.class() };
                let tally = &mut tallies[class as usize];
                tally.port_nanos[while_open as usize] += u128::from(open);
                tally.port_nanos[then as usize] += u128::from(after);
                held += open + after;
            };
            if arrivals.iter().all(|arrival| arrival.sort == first) {
                let (open, after) = spans.fold((0, 0), |(open, after), (_, more, then)| {
                    (open + more, after + then)
                });
                count_for(first, open, after);
            } else {
                spans.for_each(|(sort, open, after)| count_for(sort, open, after));
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
        let Cut { grant, at, breaks } = cut;
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
        if breaks && tag.offered {
            self.tally(tag).broken += 1;
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

    fn peaked(&mut self, (peak, peak_active): (u32, u32)) {
        if let Some(epochs) = &mut self.epochs {
            let active = if self.layout.active_counts_held {
                peak
            } else {
                peak_active
            };
            let here = HighestUse::of(&epochs.limits, peak, active);
            epochs.highest_use = epochs.highest_use.max(here);
        }
    }

    fn period(&mut self, stock: u32, period: Period) {
        self.peaked(period.last_peaks);
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

/// How the minute peaks of a destination or workload are gathered.
#[derive(Clone, Debug)]
enum Gather {
    /// It has one key: every entry is a value.
    OneKey(UsedCounts),
    /// It has several: the maximum over keys, by (pool, minute).
    Grid(Vec<u32>),
}

impl Gather {
    fn counts(self, cells: u64) -> UsedCounts {
        let mut counts = match self {
            Gather::OneKey(counts) => counts,
            Gather::Grid(mut peaks) => {
                let mut counts = UsedCounts::default();
                peaks.retain(|peak| *peak > 0);
                peaks.sort_unstable();
                for run in peaks.chunk_by(|a, b| a == b) {
                    counts.add(run[0], run.len() as u64);
                }
                counts
            }
        };
        let seen: u64 = counts.0.values().sum();
        counts.add(0, cells - seen);
        counts
    }
}

/// Minute series being added up.
#[derive(Clone, Debug)]
struct Series {
    minutes: usize,
    first: usize,
    peak: Vec<u32>,
    granted: Vec<u32>,
    refused: Vec<u32>,
    active: Vec<u32>,
    by_destination: Vec<Gather>,
    by_workload: Vec<Gather>,
}

impl Series {
    fn add(&mut self, parts: &Parts, layout: &Layout, entries: &[Entry]) {
        let mut destinations = Gathering::new(&mut self.by_destination);
        let mut workloads = Gathering::new(&mut self.by_workload);
        for entry in entries {
            let place = entry.pool as usize * self.minutes + entry.minute as usize;
            raise(&mut self.peak[place], entry.peak);
            self.granted[place] += entry.granted;
            self.refused[place] += entry.refused;
            self.active[place] += entry.active;
            let key = &layout.keys[entry.key as usize];
            for destination in &key.destinations {
                destinations.add(*destination, place, entry.peak);
            }
            for workload in parts.workloads_of(key, entry.pool) {
                workloads.add(workload, place, entry.peak);
            }
        }
        destinations.finish();
        workloads.finish();
    }
}

/// Adds entries to gathers; values of those with one key are sorted first, which is cheaper than counting each.
struct Gathering<'a> {
    gathers: &'a mut [Gather],
    values: Vec<(u32, u32)>,
}

impl<'a> Gathering<'a> {
    fn new(gathers: &'a mut [Gather]) -> Self {
        Gathering {
            gathers,
            values: Vec::new(),
        }
    }

    fn add(&mut self, index: u32, place: usize, peak: u32) {
        match &mut self.gathers[index as usize] {
            Gather::Grid(peaks) => raise(&mut peaks[place], peak),
            Gather::OneKey(_) if peak > 0 => self.values.push((index, peak)),
            Gather::OneKey(_) => {}
        }
    }

    fn finish(mut self) {
        self.values.sort_unstable();
        for run in self.values.chunk_by(|a, b| a == b) {
            let (index, peak) = run[0];
            if let Gather::OneKey(counts) = &mut self.gathers[index as usize] {
                counts.add(peak, run.len() as u64);
            }
        }
    }
}

/// What the accumulator of a replication is sized by.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Pools of the outbound type.
    pub pools: usize,
    /// Keys by destination.
    pub destination_keys: Vec<usize>,
    /// Keys by workload.
    pub workload_keys: Vec<usize>,
    /// By workload, the pools it uses, ascending.
    pub workload_pools: Vec<Vec<u32>>,
}

impl Parts {
    /// The workloads that use both `key` and `pool`.
    fn workloads_of<'a>(&'a self, key: &'a KeyUse, pool: u32) -> impl Iterator<Item = u32> + 'a {
        let uses = move |workload: &u32| {
            self.workload_pools[*workload as usize]
                .binary_search(&pool)
                .is_ok()
        };
        key.workloads.iter().copied().filter(uses)
    }
}

/// A replication being added up; the order of adding does not matter.
#[derive(Clone, Debug)]
pub struct Accumulator {
    by_pool: Vec<Tally>,
    by_destination: Vec<Tally>,
    by_workload: Vec<Tally>,
    first_failure: Option<FirstFailure>,
    peak_used: Vec<u32>,
    peak_active: Vec<u32>,
    refused: Vec<bool>,
    peak_by_destination: Vec<u32>,
    peak_by_workload: Vec<u32>,
    /// Mean over time of (ports held over the limit) of the fullest stock.
    pub fullest_mean_use: f64,
    taken_back: Vec<TakenBack>,
    highest_use: Option<HighestUse>,
    series: Option<Series>,
}

impl Accumulator {
    /// Nothing yet.
    pub fn new(parts: &Parts, window: &Window, detail: Detail) -> Self {
        let cells = parts.pools * window.minutes();
        let gather = |keys: &Vec<usize>| -> Vec<Gather> {
            let one = |keys: &usize| match keys {
                0 | 1 => Gather::OneKey(UsedCounts::default()),
                _ => Gather::Grid(vec![0; cells]),
            };
            keys.iter().map(one).collect()
        };
        let series = (detail == Detail::Full).then(|| Series {
            minutes: window.minutes(),
            first: window.first_minute(),
            peak: vec![0; cells],
            granted: vec![0; cells],
            refused: vec![0; cells],
            active: vec![0; cells],
            by_destination: gather(&parts.destination_keys),
            by_workload: gather(&parts.workload_keys),
        });
        Accumulator {
            by_pool: vec![Tally::default(); parts.pools],
            by_destination: vec![Tally::default(); parts.destination_keys.len()],
            by_workload: vec![Tally::default(); parts.workload_keys.len()],
            first_failure: None,
            peak_used: vec![0; parts.pools],
            peak_active: vec![0; parts.pools],
            refused: vec![false; parts.pools],
            peak_by_destination: vec![0; parts.destination_keys.len()],
            peak_by_workload: vec![0; parts.workload_keys.len()],
            fullest_mean_use: 0.0,
            taken_back: Vec::new(),
            highest_use: None,
            series,
        }
    }

    fn add_epochs(&mut self, epochs: &Epochs) {
        let highest = self.highest_use.unwrap_or_default();
        self.highest_use = Some(highest.max(epochs.highest_use));
        let later = epochs.taken_back.len();
        self.taken_back.resize(later, TakenBack::default());
        for (mine, theirs) in self.taken_back.iter_mut().zip(&epochs.taken_back) {
            mine.add(theirs);
        }
    }

    /// The replication, once everything was added; `slots` are its cohort.
    pub fn finish(mut self, parts: &Parts, slots: Vec<Slot>) -> ReplicationRun {
        let mut total = Tally::default();
        let tallies = [
            &mut self.by_pool,
            &mut self.by_destination,
            &mut self.by_workload,
        ];
        for tally in tallies.into_iter().flatten() {
            // A try and its SYN come with every offered connection; only more of them were counted.
            tally.tries += tally.offered;
            tally.syns += tally.offered;
        }
        self.by_workload.iter().for_each(|tally| total.add(tally));
        let minutes = self.series.map(|series| {
            let all = (parts.pools * series.minutes) as u64;
            let of_pools = |pools: usize| (pools * series.minutes) as u64;
            let workloads = series.by_workload.into_iter().zip(&parts.workload_pools);
            Minutes {
                minutes: series.minutes,
                first: series.first,
                peak: series.peak,
                granted: series.granted,
                refused: series.refused,
                active: series.active,
                by_destination: series
                    .by_destination
                    .into_iter()
                    .map(|g| g.counts(all))
                    .collect(),
                by_workload: workloads
                    .map(|(g, pools)| g.counts(of_pools(pools.len())))
                    .collect(),
            }
        });
        ReplicationRun {
            total,
            by_pool: self.by_pool,
            by_destination: self.by_destination,
            by_workload: self.by_workload,
            slots,
            first_failure: self.first_failure,
            peak_used: self.peak_used,
            peak_active: self.peak_active,
            refused: self.refused,
            peak_by_destination: self.peak_by_destination,
            peak_by_workload: self.peak_by_workload,
            taken_back: self.taken_back,
            highest_use: self.highest_use,
            minutes,
        }
    }
}

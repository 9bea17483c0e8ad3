//! Minute series of a replication, gathered stock by stock and minute by minute.

use super::accumulator::raise;
use super::{Layout, Parts, UsedCounts};

/// What one stock did in one minute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub pool: u32,
    pub key: u32,
    pub minute: u32,
    pub peak: u32,
    pub granted: u32,
    pub refused: u32,
    pub active: u32,
}

/// How the minute peaks of a destination or workload are gathered.
#[derive(Clone, Debug)]
pub(super) enum Gather {
    /// It has one key: every entry is a value.
    OneKey(UsedCounts),
    /// It has several: the maximum over keys, by (pool, minute).
    Grid(Vec<u32>),
}

impl Gather {
    pub fn counts(self, cells: u64) -> UsedCounts {
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
pub(super) struct Series {
    pub minutes: usize,
    pub first: usize,
    pub peak: Vec<u32>,
    pub granted: Vec<u32>,
    pub refused: Vec<u32>,
    pub active: Vec<u32>,
    pub by_destination: Vec<Gather>,
    pub by_workload: Vec<Gather>,
}

impl Series {
    pub fn add(&mut self, parts: &Parts, layout: &Layout, entries: &[Entry]) {
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

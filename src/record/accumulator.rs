//! A replication being added up, group by group.

use super::recorder::Epochs;
use super::replication::{FirstFailure, Minutes, ReplicationRun};
use super::series::{Gather, Series};
use super::taken::{HighestUse, TakenBack};
use super::{Detail, Latencies, Parts, Requests, Slot, Tally, UsedCounts, Window};
use std::collections::BTreeMap;

/// What is counted over groups before it is added up; one a thread.
#[derive(Clone, Debug)]
pub struct Totals {
    /// The cohort by time of first SYN.
    pub slots: Vec<Slot>,
    /// Connect latencies.
    pub latency: Latencies,
    /// Port holds.
    pub hold: Latencies,
    /// Requests that go through pools, by workload.
    pub requests: BTreeMap<u32, Requests>,
}

impl Totals {
    /// Nothing yet.
    pub fn new(window: &Window) -> Self {
        Totals {
            slots: vec![Slot::default(); window.slots],
            latency: Latencies::default(),
            hold: Latencies::default(),
            requests: BTreeMap::new(),
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
        for (workload, requests) in &other.requests {
            self.requests.entry(*workload).or_default().merge(requests);
        }
    }
}

/// Makes it no less than `to`.
pub(super) fn raise(value: &mut u32, to: u32) {
    *value = (*value).max(to);
}

/// A replication being added up; the order of adding does not matter.
#[derive(Clone, Debug)]
pub struct Accumulator {
    pub(super) by_pool: Vec<Tally>,
    pub(super) by_destination: Vec<Tally>,
    pub(super) by_workload: Vec<Tally>,
    pub(super) first_failure: Option<FirstFailure>,
    pub(super) peak_used: Vec<u32>,
    pub(super) peak_active: Vec<u32>,
    pub(super) refused: Vec<bool>,
    pub(super) peak_by_destination: Vec<u32>,
    pub(super) peak_by_workload: Vec<u32>,
    /// Mean over time of (ports held over the limit) of the fullest stock.
    pub fullest_mean_use: f64,
    taken_back: Vec<TakenBack>,
    highest_use: Option<HighestUse>,
    pub(super) series: Option<Series>,
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

    /// Adds what the epochs of a group came to.
    pub(super) fn add_epochs(&mut self, epochs: &Epochs) {
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
            tally.syns += tally.offered - tally.unsent;
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

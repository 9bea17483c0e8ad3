//! What arrives at a group of cells, window by window.

use super::epochs::Epochs;
use super::groups::{Group, Moves};
use crate::engine::Arrival;
use crate::traffic::{Dealt, Stream, class_seed};
use crate::units::{Seed, SimTime};

/// Everything that arrives at a group, window by window.
pub(super) struct Feed<'a> {
    streams: Vec<Stream<'a>>,
    traced: &'a [Arrival],
    workloads: Vec<u32>,
    now: u64,
    window: u64,
    end: u64,
    /// When the epochs after the first begin.
    borders: Vec<u64>,
    moves: Option<Moving<'a>>,
}

/// Nodes that come and go.
struct Moving<'a> {
    moves: &'a Moves,
    /// By stream, the seed of its class.
    seeds: Vec<u64>,
}

impl<'a> Feed<'a> {
    /// Everything that arrives at `group` in the replication whose seed is `seed`, for cells in this many chunks, `alone` where
    /// no other group runs beside it.
    pub fn new(
        group: &'a Group,
        seed: Seed,
        duration: SimTime,
        chunks: usize,
        alone: bool,
    ) -> Self {
        /// Arrivals in a window, about: they and the cells' queues share the second-level cache.
        const ALONE: f64 = 4_096.0;
        /// Enough for threads to do between two meetings, where there is other work for one that waits.
        const SHARED: f64 = 32_768.0;
        /// The same where there is none.
        const SHARED_ALONE: f64 = 131_072.0;
        /// Arrivals of one stream at one cell that the sort takes for a run to merge, with room for chance.
        const RUN: f64 = 128.0;
        let streams: Vec<Stream> = group
            .streams
            .iter()
            .map(|plan| Stream::new(plan, seed, plan.expected(duration)))
            .collect();
        let open: f64 = group
            .streams
            .iter()
            .map(|plan| plan.expected(duration))
            .sum();
        let runs = match streams.len() {
            0 | 1 => 0.0,
            several => RUN * (several * group.cells.len()) as f64,
        };
        let arrivals = match (chunks, alone) {
            (1, _) => ALONE.max(runs).min(SHARED),
            (_, false) => SHARED,
            (_, true) => SHARED_ALONE,
        };
        let windows = (open + group.traced.len() as f64) / arrivals;
        let windows = windows.ceil().max(1.0);
        Feed {
            streams,
            traced: &group.traced,
            workloads: group.classes.iter().map(|class| class.workload).collect(),
            now: 0,
            window: (duration.as_nanos() as f64 / windows).ceil() as u64,
            end: duration.as_nanos(),
            borders: Vec::new(),
            moves: None,
        }
    }

    /// The same, with windows that end where epochs do, and arrivals of nodes that are not there dealt to the others.
    pub fn with_epochs(self, epochs: &Epochs, group: &'a Group, seed: Seed) -> Self {
        let moving = |moves| Moving {
            moves,
            seeds: group
                .streams
                .iter()
                .map(|stream| {
                    let class = &group.classes[stream.class as usize];
                    class_seed(seed, u64::from(class.workload), u64::from(class.endpoint))
                })
                .collect(),
        };
        Feed {
            borders: epochs.borders().collect(),
            moves: group.moves.as_ref().map(moving),
            ..self
        }
    }

    /// The only stream there is, and the end of the run.
    pub fn only_stream(&mut self) -> (&mut Stream<'a>, u64) {
        let [stream] = &mut self.streams[..] else {
            unreachable!("the group said that it has one stream");
        };
        (stream, self.end)
    }

    /// Deals the arrivals of the next window to their cells in time order; its end, or none when the run is over.
    pub fn next_window(&mut self, arrivals: &mut Dealt) -> Option<u64> {
        if self.now >= self.end {
            return None;
        }
        let mut until = self.now.saturating_add(self.window).min(self.end);
        let begun = self.borders.partition_point(|border| *border <= self.now);
        if let Some(border) = self.borders.get(begun) {
            until = until.min(*border);
        }
        arrivals.clear();
        for (index, stream) in self.streams.iter_mut().enumerate() {
            match &self.moves {
                None => stream.deal(until, arrivals),
                Some(moving) => {
                    let seed = moving.seeds[index];
                    let mut here = Vec::new();
                    stream.hand_over(until, |batch| {
                        let dealt = batch
                            .iter()
                            .filter_map(|arrival| moving.moves.deal(begun, index, seed, arrival));
                        here.extend(dealt);
                    });
                    arrivals.deal(here.into_iter());
                }
            }
        }
        let ready = self.traced.partition_point(|arrival| arrival.at < until);
        let (now, later) = self.traced.split_at(ready);
        arrivals.deal(now.iter().copied());
        self.traced = later;
        if self.streams.len() + usize::from(!now.is_empty()) > 1 {
            let workload = |arrival: &Arrival| self.workloads[arrival.sort.class() as usize];
            for cell in 0..arrivals.cells() {
                let arrivals = arrivals.of_mut(cell);
                arrivals.sort_by_key(|arrival| (arrival.at, workload(arrival)));
            }
        }
        self.now = until;
        Some(until)
    }
}

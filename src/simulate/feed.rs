//! What arrives at a group of cells, window by window.

use super::groups::Group;
use crate::engine::Arrival;
use crate::traffic::{Dealt, Stream};
use crate::units::{Seed, SimTime};

/// Everything that arrives at a group, window by window.
pub(super) struct Feed<'a> {
    streams: Vec<Stream<'a>>,
    traced: &'a [Arrival],
    workloads: Vec<u32>,
    now: u64,
    window: u64,
    end: u64,
}

impl<'a> Feed<'a> {
    /// Everything that arrives at `group` in the replication whose seed is `seed`, for cells in this many chunks.
    pub fn new(group: &'a Group, seed: Seed, duration: SimTime, chunks: usize) -> Self {
        /// Arrivals in a window, about: they and the cells' queues share the second-level cache.
        const ALONE: f64 = 4_096.0;
        /// Enough for threads to do between two meetings.
        const SHARED: f64 = 131_072.0;
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
        let arrivals = if chunks > 1 {
            SHARED
        } else {
            ALONE.max(runs).min(32_768.0)
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
        let until = self.now.saturating_add(self.window).min(self.end);
        arrivals.clear();
        for stream in &mut self.streams {
            stream.deal(until, arrivals);
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

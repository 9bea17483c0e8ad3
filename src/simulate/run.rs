//! Runs one group of cells through the whole horizon, window by window.

use super::groups::Group;
use crate::engine::{
    Arrival, Cell, CellRules, Class, Context, HeapReleases, OpenLoop, PoolPlan, Releases, Sort,
    WheelReleases,
};
use crate::record::{Accumulator, Detail, GroupRecorder, Parts, Totals, Window};
use crate::traffic::{Clients, Dealt, Mixed, Stream, class_seed};
use crate::units::{Seed, SimTime};
use std::sync::Mutex;

/// Which queue keeps the releases; the result is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// The one that is faster for the group.
    Fitting,
    /// Always the heap.
    #[cfg(test)]
    Heap,
    /// Always the wheel.
    #[cfg(test)]
    Wheel,
}

/// What a thread keeps from group to group.
pub(super) struct Scratch {
    pub totals: Totals,
    /// Arrivals of a window, by cell.
    arrivals: Dealt,
}

impl Scratch {
    pub fn new(window: &Window) -> Self {
        Scratch {
            totals: Totals::new(window),
            arrivals: Dealt::new(0),
        }
    }
}

/// What every group of a replication is run with.
pub(super) struct Job<'a> {
    pub plan: &'a PoolPlan,
    pub window: &'a Window,
    pub seed: Seed,
    pub queue: Queue,
    pub coupled: bool,
}

/// Arrivals in a window, about: they and the cells' queues share the second-level cache.
const WINDOW_ARRIVALS: f64 = 4_096.0;

/// From this many ports in use on, the wheel is faster than the heap.
const WHEEL_FROM_USED: f64 = 24.0;

impl Job<'_> {
    /// Runs `group` and adds what was recorded to `run`. Returns, by scope of the plan's ceiling, the sum over
    /// stocks of the most ports in use at a time.
    pub fn run(
        &self,
        group: &Group,
        parts: &Parts,
        detail: Detail,
        scratch: &mut Scratch,
        run: &Mutex<Accumulator>,
    ) -> Vec<u64> {
        match detail {
            Detail::Table => self.run_detail::<false>(group, parts, scratch, run),
            Detail::Full => self.run_detail::<true>(group, parts, scratch, run),
        }
    }

    fn run_detail<const FULL: bool>(
        &self,
        group: &Group,
        parts: &Parts,
        scratch: &mut Scratch,
        run: &Mutex<Accumulator>,
    ) -> Vec<u64> {
        let most_used = group
            .cells
            .iter()
            .map(|cell| cell.expected_used)
            .fold(0.0, f64::max);
        let wheel = match self.queue {
            Queue::Fitting => most_used >= WHEEL_FROM_USED,
            #[cfg(test)]
            Queue::Heap => false,
            #[cfg(test)]
            Queue::Wheel => true,
        };
        match wheel {
            true => self.run_cells::<WheelReleases, FULL>(group, parts, scratch, run),
            false => self.run_cells::<HeapReleases, FULL>(group, parts, scratch, run),
        }
    }

    fn run_cells<R: Releases, const FULL: bool>(
        &self,
        group: &Group,
        parts: &Parts,
        scratch: &mut Scratch,
        run: &Mutex<Accumulator>,
    ) -> Vec<u64> {
        let Window {
            warmup, duration, ..
        } = *self.window;
        let step = if FULL { SimTime::MINUTE } else { duration };
        let rules = CellRules::new(self.plan, warmup, duration, step, self.coupled);
        let classes = self.classes(group);
        let keys = group.layout.keys.len() as u32;
        let new_cell =
            |cell: &super::groups::CellPlan| Cell::new(&rules, keys, &R::sized(cell.size));
        let mut cells: Vec<Cell<R>> = group.cells.iter().map(new_cell).collect();
        let mut clients: Vec<Clients> = group
            .cells
            .iter()
            .map(|cell| Clients::new(&cell.clients, self.seed))
            .collect();
        let closed = group.closed.contains(&true);
        let workloads: Vec<u32> = group.classes.iter().map(|class| class.workload).collect();

        let Scratch { totals, arrivals } = scratch;
        arrivals.reset(cells.len());
        let mut recorder = GroupRecorder::<FULL>::new(&group.layout, *self.window, totals);
        let mut feed = Feed::new(group, self.seed, duration);
        if let Some(stream) = feed.only_stream()
            && !closed
            && group.loses_most(self.plan.binding_limit())
        {
            let end = duration.as_nanos();
            run_in_order(stream, &mut cells, &rules, &classes, &mut recorder, end);
            feed.now = end;
        }
        while let Some(until) = feed.next_window(arrivals) {
            for (index, cell) in cells.iter_mut().enumerate() {
                let mut open = OpenLoop(arrivals.of(index));
                recorder.listen_to(index);
                let recorder = &mut recorder;
                let (rules, classes) = (&rules, &classes[..]);
                if closed {
                    let source = &mut Mixed {
                        open,
                        clients: &mut clients[index],
                        workloads: &workloads,
                        closed: &group.closed,
                    };
                    let mut context = Context {
                        rules,
                        classes,
                        source,
                        recorder,
                    };
                    cell.run(&mut context, until);
                } else {
                    let source = &mut open;
                    let mut context = Context {
                        rules,
                        classes,
                        source,
                        recorder,
                    };
                    cell.run(&mut context, until);
                }
            }
        }
        let mut under_ceiling = vec![0; self.plan.ceiling_scopes()];
        for (index, cell) in cells.iter_mut().enumerate() {
            recorder.listen_to(index);
            cell.finish(&rules, &mut recorder);
            if !under_ceiling.is_empty() {
                for stock in 0..keys * group.layout.buckets {
                    under_ceiling[rules.instance(stock) as usize] += u64::from(cell.highest(stock));
                }
            }
        }
        recorder.add_to(parts, &mut run.lock().expect("no thread panicked"));
        under_ceiling
    }

    fn classes(&self, group: &Group) -> Vec<Class> {
        let class = |plan: &super::groups::ClassPlan| Class {
            key: plan.key,
            seed: class_seed(
                self.seed,
                u64::from(plan.workload),
                u64::from(plan.endpoint),
            ),
            schedule: plan.schedule.clone(),
        };
        group.classes.iter().map(class).collect()
    }
}

/// Runs the cells of one class in the order of arrivals, not each on its own: what arrives at a cell that is known to be
/// full is only counted, neither dealt nor looked at again.
fn run_in_order<R: Releases, const FULL: bool>(
    stream: &mut Stream,
    cells: &mut [Cell<R>],
    rules: &CellRules,
    classes: &[Class],
    recorder: &mut GroupRecorder<FULL>,
    end: u64,
) {
    let mut full = Full::default();
    let mut slot = 0..0;
    stream.batches(end, |arrivals| {
        let mut next = 0;
        loop {
            next += arrivals.pass_by(next, |at, cell| full.loses(at, cell));
            let Some(arrival) = arrivals.get(next) else {
                break;
            };
            next += 1;
            if arrival.at >= slot.end {
                for (index, cell) in cells.iter_mut().enumerate() {
                    full.settle(index, cell, recorder);
                }
                slot = recorder.open_slot(arrival.at);
            }
            let index = arrival.sort.cell() as usize;
            let cell = &mut cells[index];
            full.settle(index, cell, recorder);
            let mut context = Context {
                rules,
                classes,
                source: &mut OpenLoop(std::slice::from_ref(&arrival)),
                recorder: &mut *recorder,
            };
            cell.run(&mut context, arrival.at + 1);
            if recorder.has_failure() {
                full.until[index] = cell.loses_until(rules, classes).min(slot.end);
            }
        }
    });
    for (index, cell) in cells.iter_mut().enumerate() {
        full.settle(index, cell, recorder);
    }
}

/// What is known of full cells that share a stream.
struct Full {
    /// Until when nothing that arrives gets a port.
    until: [u64; Sort::CELLS],
    /// Connections lost since that was known.
    lost: [u64; Sort::CELLS],
}

impl Default for Full {
    fn default() -> Self {
        Full {
            until: [0; Sort::CELLS],
            lost: [0; Sort::CELLS],
        }
    }
}

impl Full {
    /// Counts what arrives at a full cell; false where the cell may have a port for it.
    #[inline(always)]
    fn loses(&mut self, at: u64, cell: u32) -> bool {
        let lost = at < self.until[cell as usize];
        self.lost[cell as usize] += u64::from(lost);
        lost
    }

    /// Tells `cell` and the recorder what was counted, and the recorder that it hears this cell from now on.
    #[inline(always)]
    fn settle<R: Releases, const FULL: bool>(
        &mut self,
        index: usize,
        cell: &mut Cell<R>,
        recorder: &mut GroupRecorder<FULL>,
    ) {
        let connections = std::mem::take(&mut self.lost[index]);
        cell.lose_unseen(connections);
        recorder.listen_to(index);
        recorder.lost_unseen(connections);
    }
}

/// Everything that arrives at a group, window by window.
struct Feed<'a> {
    streams: Vec<Stream<'a>>,
    traced: &'a [Arrival],
    workloads: Vec<u32>,
    now: u64,
    window: u64,
    end: u64,
}

impl<'a> Feed<'a> {
    fn new(group: &'a Group, seed: Seed, duration: SimTime) -> Self {
        let seconds = duration.as_secs_f64();
        let expected = |per_second: f64| per_second * seconds;
        let streams: Vec<Stream> = group
            .streams
            .iter()
            .map(|plan| Stream::new(plan, seed, expected(plan.process.per_second())))
            .collect();
        let open: f64 = group
            .streams
            .iter()
            .map(|plan| expected(plan.process.per_second()))
            .sum();
        let windows = ((open + group.traced.len() as f64) / WINDOW_ARRIVALS)
            .ceil()
            .max(1.0);
        Feed {
            streams,
            traced: &group.traced,
            workloads: group.classes.iter().map(|class| class.workload).collect(),
            now: 0,
            window: (duration.as_nanos() as f64 / windows).ceil() as u64,
            end: duration.as_nanos(),
        }
    }

    /// The stream of arrivals, where there is one and nothing else.
    fn only_stream(&mut self) -> Option<&mut Stream<'a>> {
        match (&mut self.streams[..], self.traced) {
            ([stream], []) => Some(stream),
            _ => None,
        }
    }

    /// Deals the arrivals of the next window to their cells in time order; its end, or none when the run is over.
    fn next_window(&mut self, arrivals: &mut Dealt) -> Option<u64> {
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

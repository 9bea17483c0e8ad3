//! Runs one group of cells through the whole horizon, window by window.

use super::feed::Feed;
use super::groups::Group;
use super::in_order::run_in_order;
use crate::engine::{
    Cell, CellRules, Class, Context, Grouping, HeapReleases, LadderReleases, OpenLoop, PoolPlan,
    Releases, WheelReleases,
};
use crate::record::{Accumulator, Detail, GroupRecorder, Parts, Totals, Window};
use crate::traffic::{Clients, Dealt, Mixed, class_seed};
use crate::units::{Seed, SimTime};
use rayon::prelude::*;
use std::sync::Mutex;

/// Which queue keeps the releases; the result is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    /// The one that is faster for the group.
    Fitting,
    /// The heap.
    Heap,
    /// The wheel.
    Wheel,
    /// The ladder.
    Ladder,
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
    /// Chunks that the cells of a group may be cut into, to run side by side; the result is the same.
    pub most_chunks: usize,
}

/// From this many ports in use on, the wheel is faster than the heap.
const WHEEL_FROM_USED: f64 = 24.0;

/// From this many on, when the wheel no longer fits the cache, the ladder is faster still.
const LADDER_FROM_USED: f64 = 30_000.0;

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
        let queue = match self.queue {
            Queue::Fitting if most_used >= LADDER_FROM_USED => Queue::Ladder,
            Queue::Fitting if most_used >= WHEEL_FROM_USED => Queue::Wheel,
            Queue::Fitting => Queue::Heap,
            chosen => chosen,
        };
        match queue {
            Queue::Ladder => self.run_cells::<LadderReleases, FULL>(group, parts, scratch, run),
            Queue::Wheel => self.run_cells::<WheelReleases, FULL>(group, parts, scratch, run),
            _ => self.run_cells::<HeapReleases, FULL>(group, parts, scratch, run),
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
        let rules_of = |plan: &PoolPlan| CellRules::new(plan, warmup, duration, step, self.coupled);
        let rules: Vec<CellRules> = match self.plan.grouping {
            Grouping::ByGateway(_) => {
                let pools = group.layout.cell_pools.iter();
                pools
                    .map(|pool| rules_of(&self.plan.of_pool(*pool as usize)))
                    .collect()
            }
            _ => vec![rules_of(self.plan)],
        };
        let classes = self.classes(group);
        let keys = group.layout.keys.len() as u32;
        let new_cell = |(index, cell): (usize, &super::groups::CellPlan)| {
            Cell::new(
                &rules[index.min(rules.len() - 1)],
                keys,
                R::sized(cell.size),
            )
        };
        let mut cells: Vec<Cell<R>> = group.cells.iter().enumerate().map(new_cell).collect();
        let mut clients: Vec<Clients> = group
            .cells
            .iter()
            .map(|cell| Clients::new(&cell.clients, self.seed))
            .collect();
        let shared = Shared {
            closed: group.closed.contains(&true).then_some(&group.closed),
            workloads: group.classes.iter().map(|class| class.workload).collect(),
            loses_most: group.loses_most,
            rules,
            classes,
        };
        let Scratch { totals, arrivals } = scratch;
        arrivals.reset(cells.len());
        let window = *self.window;
        let chunks = self.chunks(cells.len());
        let per_chunk = cells.len().div_ceil(chunks);
        let mut further: Vec<Totals> = vec![Totals::new(&window); chunks - 1];
        let mut chunks: Vec<Chunk<R, FULL>> = std::iter::once(&mut *totals)
            .chain(&mut further)
            .enumerate()
            .map(|(index, totals)| Chunk {
                first: index * per_chunk,
                cells: cells.drain(..per_chunk.min(cells.len())).collect(),
                clients: clients.drain(..per_chunk.min(clients.len())).collect(),
                recorder: GroupRecorder::new(&group.layout, window, totals),
            })
            .collect();
        let feed = Feed::new(group, self.seed, duration, chunks.len());
        run_chunks(&mut chunks, feed, arrivals, &shared, |recorder| {
            if recorder.has_many_minutes() {
                recorder.give_minutes(parts, &mut run.lock().expect("no thread panicked"));
            }
        });
        let mut under_ceiling = vec![0; self.plan.ceiling_scopes()];
        for mut chunk in chunks {
            chunk.finish(&shared, &mut under_ceiling);
            chunk
                .recorder
                .add_to(parts, &mut run.lock().expect("no thread panicked"));
        }
        further.iter().for_each(|further| totals.merge(further));
        under_ceiling
    }

    /// Into how many chunks a group of cells is cut.
    fn chunks(&self, cells: usize) -> usize {
        /// Fewer are not worth the trouble.
        const CELLS: usize = 2;
        (cells / CELLS).clamp(1, self.most_chunks)
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

/// What the cells of a group have in common.
struct Shared<'a> {
    /// Of every cell, or one for all.
    rules: Vec<CellRules>,
    classes: Vec<Class>,
    /// By class, its workload.
    workloads: Vec<u32>,
    /// By class, whether clients open its connections, if any does.
    closed: Option<&'a Vec<bool>>,
    loses_most: bool,
}

impl Shared<'_> {
    fn rules(&self, cell: usize) -> &CellRules {
        &self.rules[cell.min(self.rules.len() - 1)]
    }
}

/// Cells of a group that run on one thread at a time, and who listens to them.
struct Chunk<'a, R, const FULL: bool> {
    /// Index of its first cell in the group.
    first: usize,
    cells: Vec<Cell<R>>,
    clients: Vec<Clients<'a>>,
    recorder: GroupRecorder<'a, FULL>,
}

impl<R: Releases, const FULL: bool> Chunk<'_, R, FULL> {
    /// Runs its cells over the window of `arrivals`, which ends at `until`.
    fn run(&mut self, arrivals: &Dealt, until: u64, shared: &Shared) {
        let classes = &shared.classes;
        let recorder = &mut self.recorder;
        for (offset, cell) in self.cells.iter_mut().enumerate() {
            let index = self.first + offset;
            let rules = shared.rules(index);
            let mut open = OpenLoop(arrivals.of(index));
            recorder.listen_to(index);
            if let Some(closed) = shared.closed {
                let source = &mut Mixed {
                    open,
                    clients: &mut self.clients[offset],
                    workloads: &shared.workloads,
                    closed,
                };
                let mut context = Context {
                    rules,
                    classes,
                    source,
                    recorder: &mut *recorder,
                };
                cell.run(&mut context, until);
            } else {
                let mut context = Context {
                    rules,
                    classes,
                    source: &mut open,
                    recorder: &mut *recorder,
                };
                cell.run(&mut context, until);
            }
        }
    }

    /// Ends its cells, and adds to each scope of a ceiling the most ports of each of its stocks that were in use.
    fn finish(&mut self, shared: &Shared, under_ceiling: &mut [u64]) {
        for (offset, cell) in self.cells.iter_mut().enumerate() {
            let rules = shared.rules(self.first + offset);
            self.recorder.listen_to(self.first + offset);
            cell.finish(rules, &mut self.recorder);
            if !under_ceiling.is_empty() {
                for (stock, highest) in (0..).zip(cell.highest()) {
                    under_ceiling[rules.instance(stock) as usize] += u64::from(highest);
                }
            }
        }
    }
}

/// Runs all chunks of a group to the end: one on this thread, several side by side and beside the drawing of what
/// arrives next. `then` looks at who listened to a window.
fn run_chunks<'l, R: Releases, const FULL: bool>(
    chunks: &mut [Chunk<'l, R, FULL>],
    mut feed: Feed,
    arrivals: &mut Dealt,
    shared: &Shared,
    then: impl Fn(&mut GroupRecorder<'l, FULL>) + Sync,
) {
    if let [chunk] = chunks {
        if shared.loses_most {
            let Chunk {
                cells, recorder, ..
            } = chunk;
            let (stream, end) = feed.only_stream();
            return run_in_order(
                stream,
                end,
                cells,
                shared.rules(0),
                &shared.classes,
                recorder,
            );
        }
        while let Some(until) = feed.next_window(arrivals) {
            chunk.run(arrivals, until, shared);
            then(&mut chunk.recorder);
        }
        return;
    }
    let mut later = arrivals.clone();
    let mut window = feed.next_window(arrivals);
    while let Some(until) = window {
        let run = || {
            chunks.par_iter_mut().for_each(|chunk| {
                chunk.run(arrivals, until, shared);
                then(&mut chunk.recorder);
            });
        };
        (window, ()) = rayon::join(|| feed.next_window(&mut later), run);
        std::mem::swap(arrivals, &mut later);
    }
}

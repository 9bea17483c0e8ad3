//! Runs one group of cells through the whole horizon, window by window.

use super::epochs::Epochs;
use super::feed::Feed;
use super::groups::{CellPlan, Group};
use super::in_order::run_in_order;
use crate::engine::{
    Cell, CellRules, Change, Class, Context, Grouping, HeapReleases, LadderReleases, Ledger,
    NewType, Noting, OpenLoop, PoolPlan, Recorder, Releases, Source, WheelReleases,
};
use crate::record::{Accumulator, Detail, GroupRecorder, Parts, Totals, Window};
use crate::traffic::{Caller, Callers, Clients, ConnectionPools, Dealt, Mixed, Owners, class_seed};
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
    pub epochs: &'a Epochs<'a>,
    pub window: &'a Window,
    pub seed: Seed,
    pub queue: Queue,
    pub coupled: bool,
    /// Chunks that the cells of a group may be cut into, to run side by side; the result is the same.
    pub most_chunks: usize,
    /// Whether fewer groups run at a time than there are threads.
    pub alone: bool,
}

/// From this many ports in use on, the wheel is faster than the heap.
const WHEEL_FROM_USED: f64 = 24.0;

/// From this many on, when the wheel no longer fits the cache, the ladder is faster still.
const LADDER_FROM_USED: f64 = 30_000.0;

impl Job<'_> {
    /// Runs `group` and adds what was recorded to `run`. Returns, by ceiling that is watched, the sum over
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
        let duration = self.window.duration;
        let step = if FULL { SimTime::MINUTE } else { duration };
        let rules = self.rules(0, group, step);
        let several = self.epochs.are_several();
        let classes = self.classes(group);
        let keys = group.layout.keys.len() as u32;
        let new_cell = |(index, cell): (usize, &CellPlan)| {
            Cell::new(
                &rules[index.min(rules.len() - 1)],
                keys,
                R::sized(cell.size),
            )
        };
        let mut cells: Vec<Cell<R>> = group.cells.iter().enumerate().map(new_cell).collect();
        let have_callers = group.has_callers();
        let mut callers: Vec<Callers> = match have_callers {
            true => group
                .cells
                .iter()
                .map(|cell| self.callers(group, cell))
                .collect(),
            false => Vec::new(),
        };
        let mut shared = Shared {
            waiting: have_callers.then_some(&group.waiting),
            workloads: group.classes.iter().map(|class| class.workload).collect(),
            loses_most: group.loses_most && !several,
            epoch_ends: self.epochs.end(0),
            rules,
            classes,
        };
        let Scratch { totals, arrivals } = scratch;
        match group.nodes_apart {
            true => arrivals.reset_to_one(),
            false => arrivals.reset(cells.len()),
        }
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
                callers: callers.drain(..per_chunk.min(callers.len())).collect(),
                recorder: GroupRecorder::new(&group.layout, window, totals),
                ledgers: Vec::new(),
            })
            .collect();
        if several {
            chunks
                .iter_mut()
                .for_each(|chunk| chunk.begin_epochs(self.epochs, group));
        }
        let feed = Feed::new(group, self.seed, duration, chunks.len(), self.alone);
        let feed = feed.with_epochs(self.epochs, group, self.seed);
        let heard = |recorder: &mut GroupRecorder<FULL>| {
            if recorder.has_many_minutes() {
                recorder.give_minutes(parts, &mut run.lock().expect("no thread panicked"));
            }
        };
        let then = |chunks: &mut [Chunk<R, FULL>], shared: &mut Shared, at: u64| {
            let Some(epoch) = self.epochs.beginning_at(at) else {
                return;
            };
            let rules = self.rules(epoch, group, step);
            for chunk in chunks {
                chunk.begin_epoch(self, epoch, at, group, shared, &rules);
            }
            shared.rules = rules;
            shared.epoch_ends = self.epochs.end(epoch);
        };
        run_chunks(&mut chunks, feed, arrivals, &mut shared, heard, then);
        let mut under_ceiling = vec![0; self.epochs.least_ceilings().len()];
        for mut chunk in chunks {
            chunk.finish(&shared, duration.as_nanos(), &mut under_ceiling);
            chunk
                .recorder
                .add_to(parts, &mut run.lock().expect("no thread panicked"));
        }
        further.iter().for_each(|further| totals.merge(further));
        under_ceiling
    }

    /// The rules of an epoch: of every cell, or one for all.
    pub fn rules(&self, epoch: usize, group: &Group, step: SimTime) -> Vec<CellRules> {
        let Window {
            warmup, duration, ..
        } = *self.window;
        let plan = self.epochs.plan(epoch);
        let rules_of = |plan: &PoolPlan| {
            let rules = CellRules::new(plan, warmup, duration, step, self.coupled)
                .with_silent(self.epochs.silent(epoch, group))
                .with_open(self.epochs.open(epoch));
            match self.epochs.among(epoch) {
                Some(among) => rules.among(among, plan.grouping == Grouping::ByNode, self.coupled),
                None => rules,
            }
        };
        match plan.grouping {
            Grouping::ByGateway(_) => {
                let pools = group.layout.cell_pools.iter();
                pools
                    .map(|pool| rules_of(&plan.of_pool(*pool as usize)))
                    .collect()
            }
            _ => vec![rules_of(plan)],
        }
    }

    /// Who waits for verdicts in a cell.
    pub fn callers<'g>(&self, group: &'g Group, cell: &'g CellPlan) -> Callers<'g> {
        Callers {
            clients: Clients::new(&cell.clients, self.seed),
            owners: Owners::new(&group.owners, self.seed),
            pools: ConnectionPools::new(&cell.pools, self.seed, self.window.duration),
        }
    }

    /// Into how many chunks a group of cells is cut.
    fn chunks(&self, cells: usize) -> usize {
        /// Fewer are not worth the trouble.
        const CELLS: usize = 2;
        (cells / CELLS).clamp(1, self.most_chunks)
    }

    /// The classes of a group.
    pub fn classes(&self, group: &Group) -> Vec<Class> {
        let class = |plan: &super::groups::ClassPlan| Class {
            key: plan.key,
            first_node: plan.first_node,
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
    /// By class, who waits for the verdicts on its connections, if anybody does.
    waiting: Option<&'a Vec<Caller>>,
    loses_most: bool,
    /// When the epoch ends, in nanoseconds; `u64::MAX` for the last.
    epoch_ends: u64,
}

impl Shared<'_> {
    fn rules(&self, cell: usize) -> &CellRules {
        of_cell(&self.rules, cell)
    }
}

/// The rules of a cell, of every cell or one for all.
fn of_cell(rules: &[CellRules], cell: usize) -> &CellRules {
    &rules[cell.min(rules.len() - 1)]
}

/// Cells of a group that run on one thread at a time, and who listens to them.
struct Chunk<'a, R, const FULL: bool> {
    /// Index of its first cell in the group.
    first: usize,
    cells: Vec<Cell<R>>,
    /// By cell who waits for verdicts; empty where nobody does.
    callers: Vec<Callers<'a>>,
    recorder: GroupRecorder<'a, FULL>,
    /// By cell, what is in use, where events may take it back; else empty.
    ledgers: Vec<Ledger>,
}

impl<R: Releases, const FULL: bool> Chunk<'_, R, FULL> {
    /// Runs its cells over the window of `arrivals`, which ends at `until`.
    fn run(&mut self, arrivals: &Dealt, until: u64, shared: &Shared) {
        let recorder = &mut self.recorder;
        for (offset, cell) in self.cells.iter_mut().enumerate() {
            let index = self.first + offset;
            let rules = shared.rules(index);
            let mut open = OpenLoop(arrivals.of(index));
            recorder.listen_to(index);
            let ledger = self.ledgers.get_mut(offset);
            let Some(waiting) = shared.waiting else {
                run_cell(cell, shared, rules, &mut open, recorder, ledger, until);
                continue;
            };
            let source = &mut Mixed {
                open,
                callers: &mut self.callers[offset],
                workloads: &shared.workloads,
                waiting,
            };
            run_cell(cell, shared, rules, source, recorder, ledger, until);
        }
    }

    /// Begins the first of several epochs: notes what is handed out from now on.
    fn begin_epochs(&mut self, epochs: &Epochs, group: &Group) {
        self.recorder.begin_epochs(epochs.limits(0, group));
        let ledger = |cell: &Cell<R>| Ledger::new(cell.stocks());
        self.ledgers = self.cells.iter().map(ledger).collect();
    }

    /// Takes its cells into the epoch that begins at `at`, from what was so `before` to its `rules`.
    fn begin_epoch(
        &mut self,
        job: &Job,
        epoch: usize,
        at: u64,
        group: &Group,
        before: &Shared,
        rules: &[CellRules],
    ) {
        self.recorder.begin_next_epoch();
        let end = job.window.duration.as_nanos();
        for (offset, cell) in self.cells.iter_mut().enumerate() {
            let index = self.first + offset;
            self.recorder.listen_to(index);
            let callers = self.callers.get_mut(offset);
            if let Some(callers) = callers.filter(|_| job.epochs.breaks_all(epoch)) {
                let after = job.epochs.plan(epoch);
                let network = (after.holds.idle, after.on_idle);
                let rules = before.rules(index);
                let recorder = &mut Noting {
                    ledger: &mut self.ledgers[offset],
                    rules,
                    until: at,
                    recorder: &mut self.recorder,
                };
                for closing in callers.pools.lose_all((at, end), network) {
                    cell.close(rules, closing, recorder);
                }
            }
            let migration = job.epochs.type_begins(epoch).then(|| NewType {
                rules: of_cell(rules, index),
                classes: &before.classes,
                breaks: job.epochs.breaks_all(epoch),
            });
            let change = Change {
                at,
                before: before.rules(index),
                migration,
            };
            let taken = |stock| job.epochs.taken(epoch, group, index, stock, job.seed);
            cell.go_through(
                &change,
                &mut self.ledgers[offset],
                taken,
                &mut self.recorder,
            );
        }
        self.recorder.set_limits(job.epochs.limits(epoch, group));
    }

    /// Ends its cells, and adds to each scope of a ceiling the most ports of each of its stocks that were in use.
    fn finish(&mut self, shared: &Shared, end: u64, under_ceiling: &mut [u64]) {
        for (offset, cell) in self.cells.iter_mut().enumerate() {
            let rules = shared.rules(self.first + offset);
            self.recorder.listen_to(self.first + offset);
            cell.finish(rules, &mut self.recorder);
            let callers = self.callers.get_mut(offset).into_iter();
            let closings = callers.flat_map(|callers| callers.pools.close_all(end));
            if let Some(ledger) = self.ledgers.get_mut(offset) {
                let recorder = &mut Noting {
                    ledger,
                    rules,
                    until: shared.epoch_ends,
                    recorder: &mut self.recorder,
                };
                closings.for_each(|closing| cell.close(rules, closing, recorder));
                std::mem::take(ledger).finish(&mut self.recorder);
            } else {
                closings.for_each(|closing| cell.close(rules, closing, &mut self.recorder));
            }
            if !under_ceiling.is_empty() {
                for (stock, highest) in (0..).zip(cell.highest()) {
                    under_ceiling[rules.scope(stock) as usize] += u64::from(highest);
                }
            }
        }
    }
}

/// Runs `cell` until `until` on what `source` brings; where it has a ledger, what it hands out is noted there.
#[inline(always)]
fn run_cell<R: Releases, S: Source, const FULL: bool>(
    cell: &mut Cell<R>,
    shared: &Shared,
    rules: &CellRules,
    source: &mut S,
    recorder: &mut GroupRecorder<FULL>,
    ledger: Option<&mut Ledger>,
    until: u64,
) {
    let classes = &shared.classes;
    match ledger {
        None => {
            let mut context = Context {
                rules,
                classes,
                source,
                recorder,
            };
            cell.run(&mut context, until);
        }
        Some(ledger) => {
            let recorder = &mut Noting {
                ledger,
                rules,
                until: shared.epoch_ends,
                recorder,
            };
            let mut context = Context {
                rules,
                classes,
                source,
                recorder,
            };
            run_noting(cell, &mut context, until);
        }
    }
}

/// Apart, so that the loop without a ledger is as fast as alone.
#[inline(never)]
fn run_noting<R: Releases, S: Source, T: Recorder>(
    cell: &mut Cell<R>,
    context: &mut Context<S, T>,
    until: u64,
) {
    cell.run(context, until);
}

/// Runs all chunks of a group to the end: one on this thread, several side by side and beside the drawing of what
/// arrives next. `heard` looks at who listened to a window; `then` comes after every window, with its end.
fn run_chunks<'l, 's, R: Releases, const FULL: bool>(
    chunks: &mut [Chunk<'l, R, FULL>],
    mut feed: Feed,
    arrivals: &mut Dealt,
    shared: &mut Shared<'s>,
    heard: impl Fn(&mut GroupRecorder<'l, FULL>) + Sync,
    then: impl Fn(&mut [Chunk<'l, R, FULL>], &mut Shared<'s>, u64),
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
            heard(&mut chunk.recorder);
            then(std::slice::from_mut(chunk), shared, until);
        }
        return;
    }
    let mut later = arrivals.clone();
    let mut window = feed.next_window(arrivals);
    while let Some(until) = window {
        let run = || {
            chunks.par_iter_mut().for_each(|chunk| {
                chunk.run(arrivals, until, shared);
                heard(&mut chunk.recorder);
            });
        };
        (window, ()) = rayon::join(|| feed.next_window(&mut later), run);
        then(chunks, shared, until);
        std::mem::swap(arrivals, &mut later);
    }
}

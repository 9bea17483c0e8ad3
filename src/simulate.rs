//! (model, seed) to result: cells in parallel, folded into integers that do not depend on the order.

mod aside;
mod epochs;
mod feed;
mod groups;
mod in_order;
mod nodes;
pub mod rare;
mod run;
mod stages;
#[cfg(test)]
mod tests;

use crate::engine::PoolPlan;
use crate::model::{Model, Outbound};
use crate::record::{Accumulator, Latencies, Parts, Requests, Totals, Window};
use crate::units::Seed;
use aside::Counter;
use epochs::Epochs;
use groups::{Cells, Group, Side};
use nodes::Nodes;
use rayon::prelude::*;
use run::{Job, Queue, Scratch};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

pub use aside::Asides;
pub use nodes::{NodePeak, NodeRun, Toward};

pub use crate::record::{Detail, FirstFailure, HighestUse, Minutes, ReplicationRun, TakenBack};

/// What came of one run of a model.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// One entry per outbound of the model; none where Azure would refuse it.
    pub outbounds: Vec<Option<OutboundRun>>,
}

/// What came of one outbound type.
#[derive(Clone, Debug)]
pub struct OutboundRun {
    /// One entry per replication, in order.
    pub replications: Vec<ReplicationRun>,
    /// Granted SYN minus first SYN of the first try, of offered connections that were established.
    pub connect_latency: Latencies,
    /// Grant to release of every port granted to an offered connection. Empty without [`Detail::Full`].
    pub port_hold: Latencies,
    /// (Ports active or held over the limit) of the fullest pool and key, averaged over time from warm-up on and over
    /// replications; in [0, 1].
    pub fullest_mean_use: f64,
    /// The same by replication, averaged over time only.
    pub mean_uses: Vec<f64>,
    /// Connections that take no port, summed over replications; first SYN in [warmup, duration).
    pub asides: Asides,
    /// Requests that go through pools of connections, by workload, summed over replications; made in [warmup, duration).
    pub requests: BTreeMap<u32, Requests>,
    /// What the node's own layer came to; none where the model has none.
    pub nodes: Option<NodeRun>,
}

impl RunResult {
    /// Adds further replications of the same model.
    fn append(&mut self, more: RunResult) {
        for (mine, theirs) in self.outbounds.iter_mut().zip(more.outbounds) {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                mine.append(theirs);
            }
        }
    }
}

impl OutboundRun {
    fn append(&mut self, more: OutboundRun) {
        self.replications.extend(more.replications);
        self.connect_latency.merge(&more.connect_latency);
        self.port_hold.merge(&more.port_hold);
        self.mean_uses.extend(more.mean_uses);
        self.fullest_mean_use = mean(&self.mean_uses);
        add(&mut self.asides, more.asides);
        merge_requests(&mut self.requests, &more.requests);
        if let (Some(mine), Some(theirs)) = (&mut self.nodes, &more.nodes) {
            mine.merge(theirs);
        }
    }
}

fn add(sum: &mut Asides, more: Asides) {
    for (key, connections) in more {
        *sum.entry(key).or_insert(0) += connections;
    }
}

fn merge_requests(sum: &mut BTreeMap<u32, Requests>, more: &BTreeMap<u32, Requests>) {
    for (workload, requests) in more {
        sum.entry(*workload).or_default().merge(requests);
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Slots the window of a model is divided into: enough to make up batches of any length from, where there are too few
/// replications for an interval without batches.
pub fn slots_in(model: &Model) -> usize {
    const MOST: u64 = 500;
    const ENOUGH_REPLICATIONS: u32 = 10;
    if model.replications >= ENOUGH_REPLICATIONS {
        return 1;
    }
    const SHORTEST_NANOS: u64 = 1_000_000;
    let window = model.duration.saturating_sub(model.warmup).as_nanos();
    (window / SHORTEST_NANOS).clamp(1, MOST) as usize
}

/// Simulates every outbound of `model` that Azure would accept.
///
/// A pure function of the model (its seed included): the same bytes for any number of threads.
/// `progress` hears (pieces done, pieces in all), from several threads and in no particular order.
pub fn simulate(model: &Model, detail: Detail, progress: &(dyn Fn(u64, u64) + Sync)) -> RunResult {
    simulate_with(model, detail, Queue::Fitting, progress)
}

/// Simulates the replications of `model` that `run` lacks: the same bytes as all of them at once.
///
/// `run` is one of this very model with fewer replications, but no fewer than make an interval without batches
/// ([`slots_in`] of both is 1).
pub fn simulate_more(
    model: &Model,
    run: &mut RunResult,
    detail: Detail,
    progress: &(dyn Fn(u64, u64) + Sync),
) {
    assert_eq!(slots_in(model), 1, "enough replications from the start");
    let done = run
        .outbounds
        .iter()
        .flatten()
        .map(|run| run.replications.len());
    let from = done.max().unwrap_or(0) as u32;
    run.append(simulate_from(from, model, detail, Queue::Fitting, progress));
}

fn simulate_with(
    model: &Model,
    detail: Detail,
    queue: Queue,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> RunResult {
    simulate_from(0, model, detail, queue, progress)
}

/// Replications from this one on.
fn simulate_from(
    from: u32,
    model: &Model,
    detail: Detail,
    queue: Queue,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> RunResult {
    let work: Vec<Option<Work>> = model
        .outbounds
        .par_iter()
        .map(|outbound| {
            outbound
                .plan
                .as_ref()
                .ok()
                .map(|plan| Work::new(model, outbound, plan))
        })
        .collect();
    let pieces: usize = work.iter().flatten().map(Work::pieces).sum();
    let in_all = pieces as u64 * u64::from(model.replications.saturating_sub(from));
    let how = How {
        detail,
        queue,
        most_chunks: most_chunks(in_all),
        alone: in_all < rayon::current_num_threads() as u64,
    };
    let done = AtomicU64::new(0);
    let tick = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, in_all);
    let outbounds = work
        .par_iter()
        .map(|work| {
            work.as_ref()
                .map(|work| work.outbound(from, model, how, &tick))
        })
        .collect();
    RunResult { outbounds }
}

/// How a model is run: nothing of it changes what comes out but `detail`.
#[derive(Clone, Copy)]
struct How {
    detail: Detail,
    queue: Queue,
    most_chunks: usize,
    alone: bool,
}

/// Into how many chunks each group of cells may be cut, so that all threads have work to the end where there are
/// `pieces` groups and replications to run.
fn most_chunks(pieces: u64) -> usize {
    const PIECES_PER_THREAD: u64 = 16;
    const CHUNKS_PER_THREAD: usize = 4;
    match rayon::current_num_threads() {
        1 => 1,
        threads if pieces >= PIECES_PER_THREAD * threads as u64 => 1,
        threads => CHUNKS_PER_THREAD * threads,
    }
}

/// One outbound type, ready to run.
struct Work<'a> {
    epochs: Epochs<'a>,
    cells: Cells<'a>,
    parts: Parts,
    groups: Vec<Group>,
    aside: Counter<'a>,
    window: Window,
    /// The nodes before it, where they have limits; then there are no groups.
    nodes: Option<Nodes<'a>>,
}

impl<'a> Work<'a> {
    fn new(model: &'a Model, outbound: &'a Outbound, plan: &'a PoolPlan) -> Self {
        let epochs = Epochs::new(model, outbound, plan);
        let cells = match epochs.side_by_side() {
            Some(plan) => {
                Cells::new(model, Cow::Owned(plan), &outbound.paths, Side::Pool).with_nodes_apart()
            }
            None => Cells::new(model, Cow::Borrowed(plan), &outbound.paths, Side::Pool),
        };
        let window = Window {
            warmup: model.warmup,
            duration: model.duration,
            slots: slots_in(model),
        };
        let nat = model.node_nat.as_ref();
        let nodes = nat.map(|nat| Nodes::new(model, nat, outbound, plan, window));
        let mut parts = cells.parts();
        epochs.tell_pools(&mut parts);
        let mut groups = match nodes {
            Some(_) => Vec::new(),
            None => cells.groups(),
        };
        groups.iter_mut().for_each(|group| epochs.lay_out(group));
        Work {
            epochs,
            parts,
            groups,
            nodes,
            cells,
            aside: Counter::new(model, outbound, plan, window),
            window,
        }
    }

    /// Pieces that a replication is run in.
    fn pieces(&self) -> usize {
        match &self.nodes {
            Some(nodes) => nodes.pieces(),
            None => self.groups.len(),
        }
    }

    fn outbound(
        &self,
        from: u32,
        model: &Model,
        how: How,
        tick: &(dyn Fn() + Sync),
    ) -> OutboundRun {
        let spans = Mutex::new((Latencies::default(), Latencies::default()));
        let asides = Mutex::new(Asides::new());
        let requests = Mutex::new(BTreeMap::new());
        let replications: Vec<(ReplicationRun, f64, Option<NodeRun>)> = (u64::from(from)
            ..u64::from(model.replications))
            .into_par_iter()
            .map(|replication| {
                let seed = model.seed.stream(&[replication]);
                let (run, totals, aside, nodes) = match &self.nodes {
                    Some(nodes) => self.replication_of(nodes, seed, how, tick),
                    None => {
                        let (run, totals) = self.replication(seed, how, tick);
                        (run, totals, self.aside.count(seed), None)
                    }
                };
                add(&mut asides.lock().expect(NO_PANIC), aside);
                merge_requests(&mut requests.lock().expect(NO_PANIC), &totals.requests);
                let mut spans = spans.lock().expect(NO_PANIC);
                spans.0.merge(&totals.latency);
                spans.1.merge(&totals.hold);
                let mean_use = self.epochs.mean_use(run.fullest_mean_use);
                (run.finish(&self.parts, totals.slots), mean_use, nodes)
            })
            .collect();
        let (connect_latency, port_hold) = spans.into_inner().expect(NO_PANIC);
        let mean_uses = replications.iter().map(|(_, mean_use, _)| *mean_use);
        let mean_uses: Vec<f64> = mean_uses.collect();
        let nodes = replications.iter().filter_map(|(.., nodes)| nodes.clone());
        let nodes = nodes.reduce(|mut all, more| {
            all.merge(&more);
            all
        });
        OutboundRun {
            fullest_mean_use: mean(&mean_uses),
            mean_uses,
            replications: replications.into_iter().map(|(run, ..)| run).collect(),
            nodes,
            connect_latency,
            port_hold,
            asides: asides.into_inner().expect(NO_PANIC),
            requests: requests.into_inner().expect(NO_PANIC),
        }
    }

    /// A replication in which connections leave their nodes first.
    fn replication_of(
        &self,
        nodes: &Nodes,
        seed: Seed,
        how: How,
        tick: &(dyn Fn() + Sync),
    ) -> (Accumulator, Totals, Asides, Option<NodeRun>) {
        let run = Mutex::new(Accumulator::new(&self.parts, &self.window, how.detail));
        let totals = Mutex::new(Totals::new(&self.window));
        let (came, clients) =
            nodes.replication(&self.epochs, seed, how.detail, &run, &totals, tick);
        let mut asides = self.aside.count_without_clients(seed);
        add(&mut asides, clients);
        (
            run.into_inner().expect(NO_PANIC),
            totals.into_inner().expect(NO_PANIC),
            asides,
            Some(came),
        )
    }

    fn replication(&self, seed: Seed, how: How, tick: &(dyn Fn() + Sync)) -> (Accumulator, Totals) {
        let detail = how.detail;
        let run = Mutex::new(Accumulator::new(&self.parts, &self.window, detail));
        let totals = Mutex::new(Totals::new(&self.window));
        let ceilings = self.epochs.least_ceilings();
        let under_ceiling = Mutex::new(vec![0u64; ceilings.len()]);
        let job = Job {
            epochs: &self.epochs,
            window: &self.window,
            seed,
            queue: how.queue,
            coupled: false,
            most_chunks: how.most_chunks,
            alone: how.alone,
        };
        self.groups
            .par_iter()
            .fold(
                || Scratch::new(&self.window),
                |mut scratch, group| {
                    let highest = job.run(group, &self.parts, detail, &mut scratch, &run);
                    let mut sums = under_ceiling.lock().expect(NO_PANIC);
                    sums.iter_mut()
                        .zip(highest)
                        .for_each(|(sum, highest)| *sum += highest);
                    tick();
                    scratch
                },
            )
            .for_each(|scratch| totals.lock().expect(NO_PANIC).merge(&scratch.totals));
        let under_ceiling = under_ceiling.into_inner().expect(NO_PANIC);
        let mut sums = under_ceiling.iter().zip(ceilings);
        if sums.any(|(sum, ceiling)| *sum > ceiling)
            && let Some(mut all) = self.cells.coupled()
        {
            self.epochs.lay_out(&mut all);
            return self.coupled_replication(
                &all,
                Job {
                    coupled: true,
                    ..job
                },
                detail,
            );
        }
        (
            run.into_inner().expect(NO_PANIC),
            totals.into_inner().expect(NO_PANIC),
        )
    }

    /// The replication again in one time-ordered loop over all cells, with the ceiling enforced.
    fn coupled_replication(&self, all: &Group, job: Job, detail: Detail) -> (Accumulator, Totals) {
        let run = Mutex::new(Accumulator::new(&self.parts, &self.window, detail));
        let mut scratch = Scratch::new(&self.window);
        job.run(all, &self.parts, detail, &mut scratch, &run);
        (run.into_inner().expect(NO_PANIC), scratch.totals)
    }
}

/// Locks are poisoned only by a panic, which ends the run anyway.
const NO_PANIC: &str = "no thread panicked";

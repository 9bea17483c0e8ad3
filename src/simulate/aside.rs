//! What takes no port, counted as it arrives: bypassed connections on a path without limits, denied ones on one without
//! ports.

use super::epochs::Epochs;
use super::groups::{Cells, Group, Side};
use super::run::{Job, Queue, Scratch};
use crate::engine::{Grouping, PoolPlan, RefusedSyn};
use crate::model::{Model, Outbound, Path};
use crate::record::{Accumulator, Detail, Parts, Window};
use crate::traffic::{Caller, CellMarks, Ends, Law, Stream, StreamPlan};
use crate::units::{Seed, SimTime};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Connections by index of the path ([`crate::model::Paths::decisions`]), workload and destination.
pub type Asides = BTreeMap<(usize, u32, u32), u64>;

/// Everything of one outbound type that takes no port.
pub(super) struct Counter<'a> {
    model: &'a Model,
    window: Window,
    paths: Vec<OnePath>,
}

/// What takes one path.
struct OnePath {
    index: usize,
    plan: PoolPlan,
    parts: Parts,
    groups: Vec<Group>,
}

impl<'a> Counter<'a> {
    pub fn new(model: &'a Model, outbound: &'a Outbound, plan: &PoolPlan, window: Window) -> Self {
        let decisions = outbound.paths.decisions().iter().enumerate();
        let paths = decisions
            .filter(|_| !outbound.paths.all_take_ports())
            .filter_map(|(index, decision)| {
                let plan = plan_of(decision.path, plan)?;
                let (parts, mut groups) = {
                    let side = Side::Aside(index);
                    let cells = Cells::new(model, Cow::Borrowed(&plan), &outbound.paths, side);
                    (cells.parts(), cells.groups())
                };
                for stream in groups.iter_mut().flat_map(|group| &mut group.streams) {
                    forget_lives(stream);
                }
                Some(OnePath {
                    index,
                    plan,
                    parts,
                    groups,
                })
            });
        Counter {
            model,
            window: Window { slots: 1, ..window },
            paths: paths.collect(),
        }
    }

    /// What arrives from warm-up on in the replication whose seed is `seed`: the connections that would take ports if
    /// they could.
    pub fn count(&self, seed: Seed) -> Asides {
        let mut asides = self.count_without_clients(seed);
        for path in &self.paths {
            for (workload, destination, connections) in self.opened_by_clients(path, seed) {
                if connections > 0 {
                    let key = (path.index, workload, destination);
                    *asides.entry(key).or_insert(0) += connections;
                }
            }
        }
        asides
    }

    /// The same without what clients and pools open.
    pub fn count_without_clients(&self, seed: Seed) -> Asides {
        let mut asides = Asides::new();
        for path in &self.paths {
            let mut add = |workload: u32, destination: u32, connections: u64| {
                if connections > 0 {
                    let key = (path.index, workload, destination);
                    *asides.entry(key).or_insert(0) += connections;
                }
            };
            for group in &path.groups {
                let class = |class: u32| {
                    let plan = &group.classes[class as usize];
                    let destination = self.model.endpoints[plan.endpoint as usize].destination;
                    (plan.workload, destination)
                };
                for stream in &group.streams {
                    let (workload, destination) = class(stream.class);
                    add(workload, destination, self.drawn(stream, seed));
                }
                let from = self.window.warmup.as_nanos();
                for arrival in group.traced.iter().filter(|arrival| arrival.at >= from) {
                    let (workload, destination) = class(arrival.sort.class());
                    add(workload, destination, 1);
                }
            }
        }
        asides
    }

    /// Arrivals of a stream.
    fn drawn(&self, stream: &StreamPlan, seed: Seed) -> u64 {
        let duration = self.window.duration;
        let from = self.window.warmup.as_nanos();
        let expected = stream.expected(duration);
        let mut count = 0;
        Stream::new(stream, seed, expected).hand_over(duration.as_nanos(), |drawn| {
            count += drawn.iter().filter(|arrival| arrival.at >= from).count() as u64;
        });
        count
    }

    /// What clients and pools open, who wait for their verdicts: they run as under an outbound type.
    fn opened_by_clients(&self, path: &OnePath, seed: Seed) -> Vec<(u32, u32, u64)> {
        let job = Job {
            epochs: &Epochs::under(self.model, &path.plan),
            window: &self.window,
            seed,
            queue: Queue::Fitting,
            coupled: false,
            most_chunks: 1,
            alone: false,
        };
        let mut opened = Vec::new();
        for group in path.groups.iter().filter(|group| group.has_callers()) {
            let clients = Group {
                streams: Vec::new(),
                traced: Vec::new(),
                ..group.clone()
            };
            let run = Accumulator::new(&path.parts, &self.window, Detail::Table);
            let run = Mutex::new(run);
            let mut scratch = Scratch::new(&self.window);
            job.run(&clients, &path.parts, Detail::Table, &mut scratch, &run);
            let run = run.into_inner().expect("no thread panicked");
            let run = run.finish(&path.parts, scratch.totals.slots);
            let of_clients = group.classes.iter().zip(&group.waiting);
            let mut seen: Vec<u32> = Vec::new();
            for (class, _) in of_clients.filter(|(_, who)| **who != Caller::Nobody) {
                if seen.contains(&class.workload) {
                    continue;
                }
                seen.push(class.workload);
                // All who wait of a workload connect to one destination.
                let destination = self.model.endpoints[class.endpoint as usize].destination;
                let offered = run.by_workload[class.workload as usize].offered;
                opened.push((class.workload, destination, offered));
            }
        }
        opened
    }
}

/// What connections on `path` meet instead of the pools of `plan`: no limit, or no port; none where they take its ports.
pub(super) fn plan_of(path: Path, plan: &PoolPlan) -> Option<PoolPlan> {
    let limit = match path {
        Path::Snat => return None,
        Path::Bypassed(_) => u32::MAX,
        Path::Denied(_) => 0,
    };
    Some(PoolPlan {
        grouping: Grouping::Shared,
        limit,
        active_limit: None,
        ceiling: None,
        // What rules and routes drop is never answered.
        refused_syn: RefusedSyn::Silent,
        ..plan.clone()
    })
}

/// Only when they arrive is drawn of connections that nothing happens to.
fn forget_lives(stream: &mut StreamPlan) {
    stream.cells = CellMarks::one(0);
    stream.lifetime = Law::Constant(SimTime::ZERO);
    stream.ends = Ends::udp();
}

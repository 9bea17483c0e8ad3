//! Which cells there are: keys from resolved addresses, blocks of nodes, and the groups of cells that share nothing.

mod builder;
mod moves;
mod open;
mod pooled;
mod shares;

use crate::engine::{Arrival, Grouping, PoolPlan, ReleaseSize, Schedule, Sort};
use crate::model::{Model, Paths, Traffic, Workload};
use crate::record::{Layout, Parts};
use crate::traffic::{Caller, ClientPlan, OwnerPlan, PooledPlan, StreamPlan, TraceRow};
use builder::GroupBuilder;
pub(super) use moves::{Moves, add_apart};
use shares::{DealtBurst, deal, shares_before, ways};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// Nodes whose connections are drawn together.
const BLOCK: usize = Sort::CELLS;

/// Cells that are fed by the same streams.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub layout: Layout,
    pub classes: Vec<ClassPlan>,
    pub streams: Vec<StreamPlan>,
    /// Recorded arrivals, in time order.
    pub traced: Vec<Arrival>,
    /// By cell.
    pub cells: Vec<CellPlan>,
    /// By class, who waits for the verdicts on its connections.
    pub waiting: Vec<Caller>,
    /// By class, what its owners need to reconnect; none where they do not.
    pub owners: Vec<Option<OwnerPlan>>,
    /// Whether it is one stream of connections with one SYN each, of which the cells lose a good part.
    pub loses_most: bool,
    /// Where nodes come and go and each has pools of its own: who opens the connections of those that are not there.
    pub moves: Option<Moves>,
    /// Whether arrivals are marked with their node ([`node_of`]) and not with their cell; then there is one cell.
    pub nodes_apart: bool,
}

impl Group {
    /// Whether anybody waits for verdicts.
    pub fn has_callers(&self) -> bool {
        self.waiting.iter().any(|who| *who != Caller::Nobody)
    }
}

/// A class before its replication is known.
#[derive(Clone, Debug)]
pub(super) struct ClassPlan {
    pub key: u32,
    pub workload: u32,
    pub endpoint: u32,
    /// Where arrivals are marked with their node: the node that the mark 0 stands for.
    pub first_node: u32,
    pub schedule: Schedule,
}

/// What one cell is started with.
#[derive(Clone, Debug)]
pub(super) struct CellPlan {
    /// Clients, in the order in which they go at one instant.
    pub clients: Vec<ClientPlan>,
    /// Pools of connections, in the same order.
    pub pools: Vec<PooledPlan>,
    /// What the releases of a stock are sized by.
    pub size: ReleaseSize,
    /// Ports of a stock that are in use on average, if none is refused.
    pub expected_used: f64,
}

/// Which connections are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// Those that take a port.
    Pool,
    /// Those on the path with this index.
    Aside(usize),
}

/// Everything about one outbound type that does not depend on the replication.
pub(super) struct Cells<'a> {
    model: &'a Model,
    plan: Cow<'a, PoolPlan>,
    paths: &'a Paths,
    side: Side,
    /// Whether arrivals are marked with their node and not with their cell.
    nodes_apart: bool,
    /// Dense index of every endpoint's key.
    keys: Vec<usize>,
    key_count: usize,
    facts: Vec<WorkloadFacts>,
}

/// What the groups need of a workload, worked out once.
#[derive(Default)]
struct WorkloadFacts {
    /// The share of connections before each node and endpoint; for evenly spaced arrivals.
    before_node: BTreeMap<u32, f64>,
    before_endpoint: BTreeMap<u32, f64>,
    /// Clients by endpoint and node.
    dealt: BTreeMap<u32, Vec<(u32, u32)>>,
    /// The bursts, dealt.
    bursts: Vec<DealtBurst>,
    /// Mean lifetime, and one that few exceed, in seconds.
    life: (f64, f64),
}

impl WorkloadFacts {
    fn new(workload: &Workload, model: &Model, longest: f64) -> Self {
        let (Traffic::Open { mix, .. } | Traffic::Closed { mix, .. }) = &workload.traffic else {
            return WorkloadFacts::default();
        };
        let mut dealt: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        if let Traffic::Closed { clients, .. } = workload.traffic {
            for (node, endpoint, count) in deal(clients, mix, &ways(mix, model)) {
                dealt.entry(endpoint).or_default().push((node, count));
            }
        }
        let bursts = match &workload.traffic {
            Traffic::Open { bursts, .. } => bursts.as_slice(),
            _ => &[],
        };
        WorkloadFacts {
            before_node: shares_before(&mix.nodes),
            before_endpoint: shares_before(&mix.endpoints),
            dealt,
            bursts: bursts
                .iter()
                .map(|burst| DealtBurst::new(burst.connections, mix))
                .collect(),
            life: (
                mix.lifetime.mean().min(longest),
                mix.lifetime.quantile(0.98),
            ),
        }
    }
}

impl<'a> Cells<'a> {
    pub fn new(model: &'a Model, plan: Cow<'a, PoolPlan>, paths: &'a Paths, side: Side) -> Self {
        let keys = model.keys(&plan);
        let longest = model.duration.as_secs_f64();
        let facts = model
            .workloads
            .iter()
            .map(|workload| WorkloadFacts::new(workload, model, longest))
            .collect();
        Cells {
            model,
            plan,
            paths,
            side,
            nodes_apart: false,
            key_count: keys.iter().max().map_or(0, |last| last + 1),
            keys,
            facts,
        }
    }

    /// The same with arrivals that are marked with their node ([`node_of`]).
    pub fn with_nodes_apart(self) -> Self {
        Cells {
            nodes_apart: true,
            ..self
        }
    }

    /// Whether connections of `workload` from `node` to `endpoint` are looked at.
    fn takes(&self, workload: u32, node: u32, endpoint: u32) -> bool {
        match self.side {
            Side::Pool => self.paths.takes_port(workload, node, endpoint),
            Side::Aside(path) => self.paths.index(workload, node, endpoint) == Some(path),
        }
    }

    /// The endpoints to which connections of a workload are looked at, ascending.
    fn endpoints_of(&self, index: u32) -> Vec<u32> {
        let workload = &self.model.workloads[index as usize];
        let mut endpoints = endpoints_of(workload);
        if !self.paths.all_take_ports() {
            let kinds = self.paths.one_of_each_kind(nodes_of(workload).into_iter());
            endpoints
                .retain(|endpoint| kinds.iter().any(|node| self.takes(index, *node, *endpoint)));
        }
        endpoints
    }

    /// The pools of `pools` that the connections of a workload may use, ascending.
    fn pools_of(&self, workload: &Workload, pools: usize) -> Vec<u32> {
        match self.plan.grouping {
            Grouping::ByNode | Grouping::ByGateway(_) => {
                let nodes = nodes_of(workload).into_iter();
                distinct(nodes.filter_map(|node| self.plan.pool_of(node)).collect())
            }
            Grouping::Shared | Grouping::Buckets { .. } => (0..pools as u32).collect(),
        }
    }

    /// What is reported by pool, destination and workload.
    pub fn parts(&self) -> Parts {
        let pools = self.plan.pools(self.model.nodes.len());
        let mut destination_keys = vec![Vec::new(); self.model.destinations.len()];
        for (endpoint, key) in self.model.endpoints.iter().zip(&self.keys) {
            destination_keys[endpoint.destination as usize].push(*key);
        }
        let workload_keys = self.model.workloads.iter().map(|workload| {
            let keys = endpoints_of(workload).into_iter();
            distinct(keys.map(|i| self.keys[i as usize]).collect()).len()
        });
        let workload_pools = self
            .model
            .workloads
            .iter()
            .map(|workload| self.pools_of(workload, pools));
        Parts {
            pools,
            workload_keys: workload_keys.collect(),
            workload_pools: workload_pools.collect(),
            destination_keys: destination_keys
                .into_iter()
                .map(|keys| distinct(keys).len())
                .collect(),
        }
    }

    /// The groups of cells that share nothing.
    pub fn groups(&self) -> Vec<Group> {
        let nodes = self.model.nodes.len();
        let blocks: Vec<Range<usize>> = match self.plan.grouping {
            Grouping::ByNode => (0..nodes)
                .step_by(BLOCK)
                .map(|from| from..(from + BLOCK).min(nodes))
                .collect(),
            _ => std::iter::once(0..nodes).collect(),
        };
        let classes = self.classes_by_key();
        let mut traced = self.traced_by(blocks.len());
        let mut groups = Vec::with_capacity(classes.len() * blocks.len());
        for (key, classes) in classes.iter().enumerate() {
            for (index, block) in blocks.iter().enumerate() {
                let rows = std::mem::take(&mut traced[key * blocks.len() + index]);
                groups.extend(self.group(classes, block.clone(), rows));
            }
        }
        if self.plan.grouping == Grouping::ByNode {
            moves::add(self.model, &mut groups);
        }
        groups
    }

    /// All cells as one, for a ceiling that they share.
    pub fn coupled(&self) -> Option<Group> {
        self.within(0..self.model.nodes.len())
    }

    /// All cells of these nodes as one, for what they share.
    pub fn within(&self, nodes: Range<usize>) -> Option<Group> {
        let classes: Vec<ClassPlan> = self.classes_by_key().into_iter().flatten().collect();
        let traced = self.traced_by(1).into_iter().flatten();
        let traced = traced.filter(|(.., row)| nodes.contains(&(row.node as usize)));
        self.group(&classes, nodes.clone(), traced.collect())
    }

    /// By key, its classes in the order of workloads and endpoints.
    fn classes_by_key(&self) -> Vec<Vec<ClassPlan>> {
        let mut by_key = vec![Vec::new(); self.key_count];
        for (index, workload) in (0u32..).zip(&self.model.workloads) {
            for endpoint in self.endpoints_of(index) {
                let key = self.keys[endpoint as usize];
                by_key[key].push(ClassPlan {
                    key: key as u32,
                    workload: index,
                    endpoint,
                    first_node: 0,
                    schedule: workload.schedule(self.model.endpoints[endpoint as usize].protocol),
                });
            }
        }
        by_key
    }

    /// By key and block, the rows of all traces: (workload, row number, row).
    fn traced_by(&self, blocks: usize) -> Vec<Vec<(u32, u32, TraceRow)>> {
        let mut by = vec![Vec::new(); self.key_count * blocks];
        for (index, workload) in (0u32..).zip(&self.model.workloads) {
            if let Traffic::Trace(rows) = &workload.traffic {
                for (number, row) in rows.iter().enumerate() {
                    if !self.takes(index, row.node, row.endpoint) {
                        continue;
                    }
                    let block = if blocks > 1 {
                        row.node as usize / BLOCK
                    } else {
                        0
                    };
                    by[self.keys[row.endpoint as usize] * blocks + block].push((
                        index,
                        number as u32,
                        *row,
                    ));
                }
            }
        }
        by
    }

    fn group(
        &self,
        classes: &[ClassPlan],
        block: Range<usize>,
        rows: Vec<(u32, u32, TraceRow)>,
    ) -> Option<Group> {
        let mut builder = GroupBuilder::new(self, classes, block);
        for (class, plan) in classes.iter().enumerate() {
            builder.add_class(class as u32, plan);
        }
        builder.add_rows(rows);
        builder.finish()
    }
}

/// Classes that each class of a group of `nodes` nodes is divided into where arrivals are marked with their node.
pub(super) fn parts_of_class(nodes: usize) -> usize {
    nodes.div_ceil(BLOCK)
}

/// The node of an arrival that is marked with it, counted from the first of its group of `nodes` nodes.
pub(super) fn node_of(sort: Sort, nodes: usize) -> usize {
    sort.class() as usize % parts_of_class(nodes) * BLOCK + sort.cell() as usize
}

/// The endpoints a workload connects to, ascending.
fn endpoints_of(workload: &Workload) -> Vec<u32> {
    let endpoints: Vec<u32> = match &workload.traffic {
        Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => mix
            .endpoints
            .iter()
            .map(|(endpoint, _)| *endpoint)
            .collect(),
        Traffic::Trace(rows) => rows.iter().map(|row| row.endpoint).collect(),
    };
    distinct(endpoints)
}

/// The nodes a workload connects from, ascending.
pub(super) fn nodes_of(workload: &Workload) -> Vec<u32> {
    let nodes: Vec<u32> = match &workload.traffic {
        Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => {
            mix.nodes.iter().map(|(node, _)| *node).collect()
        }
        Traffic::Trace(rows) => rows.iter().map(|row| row.node).collect(),
    };
    distinct(nodes)
}

/// Each once, ascending.
fn distinct<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all.dedup();
    all
}

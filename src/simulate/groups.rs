//! Which cells there are: keys from resolved addresses, blocks of nodes, and the streams that feed each group of cells.

mod moves;
mod open;

pub(super) use moves::Moves;

use crate::engine::Sort;
use crate::engine::{Arrival, End, Grouping, PoolPlan, Protocol, ReleaseSize, Schedule};
use crate::model::{Mix, Model, Paths, Traffic, Workload};
use crate::record::{ClassUse, KeyUse, Layout, Parts};
use crate::traffic::{ClientPlan, CloseKind, Ends, Law, StreamPlan, TraceRow};
use std::collections::BTreeMap;
use std::ops::Range;

/// Nodes whose connections are drawn together.
const BLOCK: usize = Sort::CELLS;

/// Erlang a port from which on a cell is known to be full most of the time: a third of the connections finds no port.
const MUCH: f64 = 1.5;

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
    /// By class, whether clients open its connections.
    pub closed: Vec<bool>,
    /// Whether it is one stream of connections with one SYN each, of which the cells lose a good part.
    pub loses_most: bool,
    /// Where nodes come and go and each has a cell of its own: who opens the connections of those that are not there.
    pub moves: Option<Moves>,
}

/// A class before its replication is known.
#[derive(Clone, Debug)]
pub(super) struct ClassPlan {
    pub key: u32,
    pub workload: u32,
    pub endpoint: u32,
    pub schedule: Schedule,
}

/// What one cell is started with.
#[derive(Clone, Debug)]
pub(super) struct CellPlan {
    /// Clients, in the order in which they go at one instant.
    pub clients: Vec<ClientPlan>,
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
    plan: &'a PoolPlan,
    paths: &'a Paths,
    side: Side,
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
    fn new(workload: &Workload, longest: f64) -> Self {
        let (Traffic::Open { mix, .. } | Traffic::Closed { mix, .. }) = &workload.traffic else {
            return WorkloadFacts::default();
        };
        let mut dealt: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
        if let Traffic::Closed { clients, .. } = workload.traffic {
            for (node, endpoint, count) in deal(clients, mix) {
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

/// A burst as its connections are dealt to nodes and endpoints.
struct DealtBurst {
    connections: u64,
    /// By endpoint, its parts in the order of nodes.
    parts: BTreeMap<u32, Vec<Part>>,
}

/// What one node opens to one endpoint.
struct Part {
    node: u32,
    /// Which of the workload's nodes it is.
    place: u64,
    count: u64,
    /// Connections dealt to the pairs before it.
    before: u64,
}

impl DealtBurst {
    fn new(connections: u64, mix: &Mix) -> Self {
        let mut parts: BTreeMap<u32, Vec<Part>> = BTreeMap::new();
        let mut before = 0;
        let endpoints = mix.endpoints.len();
        for (pair, (node, endpoint, count)) in deal(connections, mix).into_iter().enumerate() {
            if count == 0 {
                continue;
            }
            let count = u64::from(count);
            parts.entry(endpoint).or_default().push(Part {
                node,
                place: (pair / endpoints) as u64,
                count,
                before,
            });
            before += count;
        }
        DealtBurst { connections, parts }
    }

    /// The parts that go to `endpoint`.
    fn of(&self, endpoint: u32) -> &[Part] {
        self.parts.get(&endpoint).map_or(&[], Vec::as_slice)
    }
}

impl<'a> Cells<'a> {
    pub fn new(model: &'a Model, plan: &'a PoolPlan, paths: &'a Paths, side: Side) -> Self {
        let keys = model.keys(plan);
        let longest = model.duration.as_secs_f64();
        let facts = model
            .workloads
            .iter()
            .map(|workload| WorkloadFacts::new(workload, longest))
            .collect();
        Cells {
            model,
            plan,
            paths,
            side,
            key_count: keys.iter().max().map_or(0, |last| last + 1),
            keys,
            facts,
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

    /// What is reported by pool, destination and workload.
    pub fn parts(&self) -> Parts {
        let pools = self.plan.pools(self.model.nodes.len());
        let mut destination_keys = vec![Vec::new(); self.model.destinations.len()];
        for (endpoint, key) in self.model.endpoints.iter().zip(&self.keys) {
            destination_keys[endpoint.destination as usize].push(*key);
        }
        let distinct = |mut keys: Vec<usize>| {
            keys.sort_unstable();
            keys.dedup();
            keys.len()
        };
        let workload_keys = self.model.workloads.iter().map(|workload| {
            distinct(
                endpoints_of(workload)
                    .iter()
                    .map(|i| self.keys[*i as usize])
                    .collect(),
            )
        });
        let workload_pools = self
            .model
            .workloads
            .iter()
            .map(|workload| match self.plan.grouping {
                Grouping::ByNode => nodes_of(workload),
                _ => (0..pools as u32).collect(),
            });
        Parts {
            pools,
            workload_keys: workload_keys.collect(),
            workload_pools: workload_pools.collect(),
            destination_keys: destination_keys.into_iter().map(distinct).collect(),
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
        let classes: Vec<ClassPlan> = self.classes_by_key().into_iter().flatten().collect();
        let traced = self.traced_by(1).into_iter().flatten().collect();
        self.group(&classes, 0..self.model.nodes.len(), traced)
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

/// Shares of everything before each entry.
fn shares_before(shares: &[(u32, f64)]) -> BTreeMap<u32, f64> {
    let mut before = 0.0;
    let mut map = BTreeMap::new();
    for (index, share) in shares {
        map.insert(*index, before);
        before += share;
    }
    map
}

/// The endpoints a workload connects to, ascending.
fn endpoints_of(workload: &Workload) -> Vec<u32> {
    let mut endpoints: Vec<u32> = match &workload.traffic {
        Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => mix
            .endpoints
            .iter()
            .map(|(endpoint, _)| *endpoint)
            .collect(),
        Traffic::Trace(rows) => rows.iter().map(|row| row.endpoint).collect(),
    };
    endpoints.sort_unstable();
    endpoints.dedup();
    endpoints
}

/// The nodes a workload connects from, ascending.
fn nodes_of(workload: &Workload) -> Vec<u32> {
    let mut nodes: Vec<u32> = match &workload.traffic {
        Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => {
            mix.nodes.iter().map(|(node, _)| *node).collect()
        }
        Traffic::Trace(rows) => rows.iter().map(|row| row.node).collect(),
    };
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

fn share_of(shares: &[(u32, f64)], index: u32) -> f64 {
    match shares.binary_search_by_key(&index, |(index, _)| *index) {
        Ok(place) => shares[place].1,
        Err(_) => 0.0,
    }
}

struct GroupBuilder<'a> {
    cells: &'a Cells<'a>,
    classes: &'a [ClassPlan],
    block: Range<usize>,
    streams: Vec<StreamPlan>,
    traced: Vec<Arrival>,
    clients: Vec<Vec<ClientPlan>>,
    closed: Vec<bool>,
    /// By cell: arrivals per second, and those times the mean hold.
    rates: Vec<f64>,
    loads: Vec<f64>,
    /// Spans by which nearly every port has come back, longest.
    horizon: f64,
    used: Vec<bool>,
}

impl<'a> GroupBuilder<'a> {
    fn new(cells: &'a Cells<'a>, classes: &'a [ClassPlan], block: Range<usize>) -> Self {
        let count = if cells.plan.grouping == Grouping::ByNode {
            block.len()
        } else {
            1
        };
        GroupBuilder {
            cells,
            classes,
            block,
            streams: Vec::new(),
            traced: Vec::new(),
            clients: vec![Vec::new(); count],
            closed: vec![false; classes.len()],
            rates: vec![0.0; count],
            loads: vec![0.0; count],
            horizon: 1.0,
            used: vec![false; count],
        }
    }

    fn cell(&self, node: u32) -> usize {
        match self.cells.plan.grouping {
            Grouping::ByNode => node as usize - self.block.start,
            _ => 0,
        }
    }

    fn ends(&self, mix: &Mix, endpoint: u32) -> Ends {
        match self.cells.model.endpoints[endpoint as usize].protocol {
            Protocol::Tcp => Ends::tcp(mix.close),
            Protocol::Udp => Ends::udp(),
        }
    }

    /// Counts `per_second` arrivals at `cell` toward the sizes of its queues.
    fn expect(&mut self, cell: usize, per_second: f64, mean_hold: f64) {
        self.used[cell] = true;
        self.rates[cell] += per_second;
        self.loads[cell] += per_second * mean_hold;
    }

    fn add_class(&mut self, class: u32, plan: &ClassPlan) {
        let model = self.cells.model;
        let workload = &model.workloads[plan.workload as usize];
        match &workload.traffic {
            Traffic::Open { .. } => self.add_open(class, plan),
            Traffic::Closed { think, mix, .. } => self.add_clients(class, plan, think, mix),
            Traffic::Trace(_) => {}
        }
    }

    /// Mean hold in seconds; raises the horizon to nearly all holds.
    fn hold(&mut self, mix: &Mix, class: &ClassPlan) -> f64 {
        /// Ends that are rarer than this may wait in the heap.
        const RARE: f64 = 0.02;
        let holds = &self.cells.plan.holds;
        let (mean, long) = self.cells.facts[class.workload as usize].life;
        let (idle, udp) = (
            holds.idle + holds.after_idle,
            holds.udp_idle + holds.after_udp,
        );
        let ends = match self.cells.model.endpoints[class.endpoint as usize].protocol {
            Protocol::Udp => vec![(1.0, mean, long, udp)],
            Protocol::Tcp => vec![
                (mix.close.fin, mean, long, holds.after_fin),
                (mix.close.rst, mean, long, holds.after_rst),
                (mix.close.abandon, mean, long, idle),
                (mix.close.unanswered, 60.0, 60.0, holds.half_open),
            ],
        };
        for (weight, _, long, after) in &ends {
            if *weight > RARE {
                self.horizon = self.horizon.max(long + after.as_secs_f64());
            }
        }
        ends.iter()
            .map(|(weight, mean, _, after)| weight * (mean + after.as_secs_f64()))
            .sum()
    }

    fn add_clients(&mut self, class: u32, plan: &ClassPlan, think: &Law, mix: &Mix) {
        self.closed[class as usize] = true;
        let hold = self.hold(mix, plan);
        let turn = think.mean() + mix.lifetime.mean();
        let cells = self.cells;
        for (node, count) in &cells.facts[plan.workload as usize].dealt[&plan.endpoint] {
            let (node, count) = (*node, *count);
            let takes = cells.takes(plan.workload, node, plan.endpoint);
            if !takes || !self.block.contains(&(node as usize)) || count == 0 {
                continue;
            }
            let cell = self.cell(node);
            self.expect(cell, f64::from(count) / turn.max(1e-3), hold);
            let ends = self.ends(mix, plan.endpoint);
            self.clients[cell].push(ClientPlan {
                class,
                clients: count,
                think: think.clone(),
                lifetime: mix.lifetime.clone(),
                ends,
                unit: [
                    u64::from(plan.workload),
                    u64::from(plan.endpoint),
                    u64::from(node),
                ],
            });
        }
    }

    fn add_rows(&mut self, rows: Vec<(u32, u32, TraceRow)>) {
        let model = self.cells.model;
        let holds = &self.cells.plan.holds;
        let seconds = model.duration.as_secs_f64();
        let class_of: BTreeMap<(u32, u32), u32> = (0u32..)
            .zip(self.classes)
            .map(|(index, class)| ((class.workload, class.endpoint), index))
            .collect();
        for (workload, number, row) in rows {
            let class = class_of[&(workload, row.endpoint)];
            let cell = self.cell(row.node);
            let end = match row.close {
                CloseKind::Fin => End::Fin,
                CloseKind::Rst => End::Rst,
                CloseKind::Abandon => End::Abandon,
                CloseKind::Unanswered => End::Unanswered,
            };
            let protocol = model.endpoints[row.endpoint as usize].protocol;
            let end = end
                .with_keepalive(row.keepalive, row.lifetime, holds)
                .over(protocol);
            let after = match end {
                End::Fin => holds.after_fin,
                End::Rst => holds.after_rst,
                End::Abandon | End::Broken => holds.idle,
                End::Udp => holds.udp_idle,
                End::Unanswered => holds.half_open,
            };
            let hold = row.lifetime.as_secs_f64() + after.as_secs_f64();
            self.expect(cell, 1.0 / seconds, hold);
            self.horizon = self.horizon.max(after.as_secs_f64() + 60.0);
            self.traced.push(Arrival {
                at: row.start.as_nanos(),
                life: row.lifetime.as_nanos(),
                id: number,
                sort: Sort::new(class, cell as u32, end),
            });
        }
        let node_of = |arrival: &Arrival| {
            let class = &self.classes[arrival.sort.class() as usize];
            match &model.workloads[class.workload as usize].traffic {
                Traffic::Trace(rows) => rows[arrival.id as usize].node,
                _ => 0,
            }
        };
        self.traced.sort_by_key(|arrival| {
            let class = &self.classes[arrival.sort.class() as usize];
            (
                arrival.at,
                class.workload,
                node_of(arrival),
                class.endpoint,
                arrival.id,
            )
        });
    }

    /// The group, unless nothing ever connects in it; cells without traffic are left out.
    fn finish(mut self) -> Option<Group> {
        if !self.used.contains(&true) {
            return None;
        }
        let kept: Vec<usize> = (0..self.used.len())
            .filter(|cell| self.used[*cell])
            .collect();
        let mut place = vec![0; self.used.len()];
        for (new, old) in kept.iter().enumerate() {
            place[*old] = new as u32;
        }
        for stream in &mut self.streams {
            stream.cells.renumber(&place);
        }
        for arrival in &mut self.traced {
            arrival.sort = Sort::new(
                arrival.sort.class(),
                place[arrival.sort.cell() as usize],
                arrival.sort.end(),
            );
        }
        self.streams.sort_by_key(|stream| in_order(&stream.unit));
        for clients in &mut self.clients {
            clients.sort_by_key(|pair| in_order(&pair.unit));
        }
        let plan = self.cells.plan;
        let by_node = plan.grouping == Grouping::ByNode;
        let buckets = if by_node { 1 } else { plan.pools(0).max(1) } as u32;
        let keys = self.keys();
        let stocks = f64::from(buckets) * keys.len() as f64;
        let limit = f64::from(plan.binding_limit());
        let loses_most = buckets == 1
            && plan.active_limit.is_none_or(|active| active.counts_held)
            && self.is_one_stream_of_pure_loss()
            && kept.iter().all(|cell| self.loads[*cell] > MUCH * limit);
        let cells = kept.iter().map(|old| {
            let (rate, load) = (self.rates[*old] / stocks, self.loads[*old] / stocks);
            let mean_hold = if rate > 0.0 { load / rate } else { 1.0 };
            let used = load.min(limit);
            CellPlan {
                clients: std::mem::take(&mut self.clients[*old]),
                size: ReleaseSize {
                    per_second: used / mean_hold.max(1e-6),
                    horizon: self.horizon,
                    ports: (used + 6.0 * used.sqrt() + 16.0).min(limit) as u64,
                },
                expected_used: used,
            }
        });
        let cells = cells.collect();
        let mut class_plans = self.classes.to_vec();
        for (dense, same_key) in class_plans.chunk_by_mut(|a, b| a.key == b.key).enumerate() {
            same_key
                .iter_mut()
                .for_each(|class| class.key = dense as u32);
        }
        Some(Group {
            layout: Layout {
                buckets,
                cell_pools: match by_node {
                    true => kept
                        .iter()
                        .map(|cell| (self.block.start + cell) as u32)
                        .collect(),
                    false => Vec::new(),
                },
                classes: self.class_uses(),
                keys,
                limit: plan.binding_limit(),
                active_counts_held: plan.active_limit.is_some_and(|active| active.counts_held),
            },
            classes: class_plans,
            streams: self.streams,
            traced: self.traced,
            cells,
            closed: self.closed,
            loses_most,
            moves: None,
        })
    }

    fn is_one_stream_of_pure_loss(&self) -> bool {
        let ([class], [stream]) = (self.classes, &self.streams[..]) else {
            return false;
        };
        let open = self.traced.is_empty() && !self.closed.contains(&true);
        open && stream.is_steady() && class.schedule.is_pure_loss()
    }

    fn class_uses(&self) -> Vec<ClassUse> {
        let endpoints = &self.cells.model.endpoints;
        let use_of = |class: &ClassPlan| ClassUse {
            workload: class.workload,
            destination: endpoints[class.endpoint as usize].destination,
        };
        self.classes.iter().map(use_of).collect()
    }

    fn keys(&self) -> Vec<KeyUse> {
        let uses = self.class_uses();
        let same_key = self.classes.chunk_by(|a, b| a.key == b.key);
        let mut from = 0;
        let keys = same_key.map(|classes| {
            let uses = &uses[from..from + classes.len()];
            from += classes.len();
            let distinct = |mut all: Vec<u32>| {
                all.sort_unstable();
                all.dedup();
                all
            };
            KeyUse {
                destinations: distinct(uses.iter().map(|class| class.destination).collect()),
                workloads: distinct(uses.iter().map(|class| class.workload).collect()),
            }
        });
        keys.collect()
    }
}

/// The order of units at one instant: workload, node (or block), endpoint.
fn in_order([workload, endpoint, node]: &[u64; 3]) -> [u64; 3] {
    [*workload, *node, *endpoint]
}

/// Clients, or connections of a burst, by (node, endpoint), in the order of both: by largest remainder of their number ×
/// share, ties to the lower index.
fn deal(clients: u64, mix: &Mix) -> Vec<(u32, u32, u32)> {
    let mut pairs: Vec<(u32, u32, u64, f64)> = Vec::new();
    for (node, node_share) in &mix.nodes {
        for (endpoint, endpoint_share) in &mix.endpoints {
            let fair = clients as f64 * node_share * endpoint_share;
            pairs.push((*node, *endpoint, fair as u64, fair - fair.floor()));
        }
    }
    let dealt: u64 = pairs.iter().map(|(_, _, count, _)| count).sum();
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    // Shares are sums of floats: remainders closer than this are ties.
    let remainder = |i: usize| (pairs[i].3 * 1e9).round() as i64;
    order.sort_by_key(|i| (-remainder(*i), *i));
    let lucky: Vec<usize> = order
        .into_iter()
        .take((clients - dealt.min(clients)) as usize)
        .collect();
    for i in lucky {
        pairs[i].2 += 1;
    }
    pairs
        .into_iter()
        .map(|(node, endpoint, count, _)| (node, endpoint, count as u32))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Close;
    use crate::units::SimTime;

    #[test]
    fn clients_are_dealt_by_largest_remainder() {
        let mix = Mix {
            nodes: vec![(0, 0.5), (1, 0.3), (2, 0.2)],
            endpoints: vec![(0, 0.5), (1, 0.5)],
            lifetime: Law::Constant(SimTime::from_secs(1)),
            close: Close {
                fin: 1.0,
                rst: 0.0,
                abandon: 0.0,
                unanswered: 0.0,
            },
        };
        let counts: Vec<u32> = deal(7, &mix).into_iter().map(|(.., count)| count).collect();
        // 1.75 1.75 1.05 1.05 0.7 0.7
        assert_eq!(counts, [2, 2, 1, 1, 1, 0]);
    }
}

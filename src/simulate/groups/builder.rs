//! One group of cells, put together class by class.

use super::{CellPlan, Cells, ClassPlan, Group, Side, distinct, parts_of_class};
use crate::engine::{Arrival, End, Grouping, Protocol, ReleaseSize, Sort};
use crate::model::{Mix, Traffic};
use crate::record::{ClassUse, KeyUse, Layout};
use crate::traffic::{
    Caller, ClientPlan, CloseKind, Ends, Law, OwnerPlan, PooledPlan, Quiet, StreamPlan, TraceRow,
};
use std::collections::BTreeMap;
use std::ops::Range;

/// Erlang a port from which on a cell is known to be full most of the time: a third of the connections finds no port.
const MUCH: f64 = 1.5;

/// A group while its classes are added, one after the other.
pub(super) struct GroupBuilder<'a> {
    pub cells: &'a Cells<'a>,
    classes: &'a [ClassPlan],
    pub block: Range<usize>,
    pub streams: Vec<StreamPlan>,
    traced: Vec<Arrival>,
    clients: Vec<Vec<ClientPlan>>,
    pub pools: Vec<Vec<PooledPlan>>,
    pub waiting: Vec<Caller>,
    pub owners: Vec<Option<OwnerPlan>>,
    /// By cell: arrivals per second, and those times the mean hold.
    rates: Vec<f64>,
    pub loads: Vec<f64>,
    /// Spans by which nearly every port has come back, longest.
    horizon: f64,
    used: Vec<bool>,
}

impl<'a> GroupBuilder<'a> {
    pub fn new(cells: &'a Cells<'a>, classes: &'a [ClassPlan], block: Range<usize>) -> Self {
        let count = match &cells.plan.grouping {
            Grouping::ByNode => block.len(),
            Grouping::ByGateway(gateways) => gateways.sizes.len(),
            Grouping::Shared | Grouping::Buckets { .. } => 1,
        };
        GroupBuilder {
            cells,
            classes,
            block,
            streams: Vec::new(),
            traced: Vec::new(),
            clients: vec![Vec::new(); count],
            pools: vec![Vec::new(); count],
            waiting: vec![Caller::Nobody; classes.len()],
            owners: vec![None; classes.len()],
            rates: vec![0.0; count],
            loads: vec![0.0; count],
            horizon: 1.0,
            used: vec![false; count],
        }
    }

    pub fn cell(&self, node: u32) -> usize {
        match self.cells.plan.pool_of(node) {
            Some(pool) => pool as usize - self.first_pool(),
            None => 0,
        }
    }

    /// The class and the mark of what `node` opens, of class `class`.
    pub fn place(&self, class: u32, node: u32) -> (u32, u32) {
        if !self.cells.nodes_apart {
            return (class, self.cell(node) as u32);
        }
        let within = node as usize - self.block.start;
        let part = within / Sort::CELLS;
        let class = class as usize * self.parts_of_class() + part;
        (class as u32, (within % Sort::CELLS) as u32)
    }

    /// Into how many classes each class is divided.
    fn parts_of_class(&self) -> usize {
        match self.cells.nodes_apart {
            true => parts_of_class(self.block.len()),
            false => 1,
        }
    }

    /// The pool of its first cell.
    fn first_pool(&self) -> usize {
        match self.cells.plan.grouping {
            Grouping::ByNode => self.block.start,
            _ => 0,
        }
    }

    pub fn ends(&self, mix: &Mix, endpoint: u32) -> Ends {
        match self.cells.model.endpoints[endpoint as usize].protocol {
            Protocol::Tcp => Ends::tcp(mix.close),
            Protocol::Udp => Ends::udp(),
        }
    }

    /// Which connections of a class idle out inside their lives; what takes no port is never lost.
    pub fn quiet(&self, plan: &ClassPlan) -> Option<Quiet> {
        let (cells, model) = (self.cells, self.cells.model);
        let workload = &model.workloads[plan.workload as usize];
        let protocol = model.endpoints[plan.endpoint as usize].protocol;
        match cells.side {
            Side::Pool => workload.quiet(protocol, &cells.plan),
            Side::Aside(_) => None,
        }
    }

    /// Counts `per_second` arrivals at `cell` toward the sizes of its queues.
    pub fn expect(&mut self, cell: usize, per_second: f64, mean_hold: f64) {
        self.used[cell] = true;
        self.rates[cell] += per_second;
        self.loads[cell] += per_second * mean_hold;
    }

    pub fn add_class(&mut self, class: u32, plan: &ClassPlan) {
        let model = self.cells.model;
        let workload = &model.workloads[plan.workload as usize];
        match &workload.traffic {
            Traffic::Open { .. } => self.add_open(class, plan),
            Traffic::Closed { think, mix, .. } => self.add_clients(class, plan, think, mix),
            Traffic::Trace(_) => {}
        }
    }

    /// Mean hold in seconds; raises the horizon to nearly all holds.
    pub fn hold(&mut self, mix: &Mix, class: &ClassPlan) -> f64 {
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
        self.waiting[class as usize] = Caller::Client;
        let hold = self.hold(mix, plan);
        let turn = think.mean() + mix.lifetime.mean();
        let quiet = self.quiet(plan);
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
            let (class, mark) = self.place(class, node);
            self.clients[cell].push(ClientPlan {
                class,
                mark,
                clients: count,
                think: think.clone(),
                lifetime: mix.lifetime.clone(),
                ends,
                quiet: quiet.clone(),
                unit: [
                    u64::from(plan.workload),
                    u64::from(plan.endpoint),
                    u64::from(node),
                ],
            });
        }
    }

    pub fn add_rows(&mut self, rows: Vec<(u32, u32, TraceRow)>) {
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
            let (class, mark) = self.place(class, row.node);
            let hold = row.lifetime.as_secs_f64() + after.as_secs_f64();
            self.expect(cell, 1.0 / seconds, hold);
            self.horizon = self.horizon.max(after.as_secs_f64() + 60.0);
            self.traced.push(Arrival {
                at: row.start.as_nanos(),
                life: match end {
                    End::Broken => 0,
                    _ => row.lifetime.as_nanos(),
                },
                id: number,
                sort: Sort::new(class, mark, end),
            });
        }
        let parts = self.parts_of_class();
        let node_of = |arrival: &Arrival| {
            let class = &self.classes[arrival.sort.class() as usize / parts];
            match &model.workloads[class.workload as usize].traffic {
                Traffic::Trace(rows) => rows[arrival.id as usize].node,
                _ => 0,
            }
        };
        self.traced.sort_by_key(|arrival| {
            let class = &self.classes[arrival.sort.class() as usize / parts];
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
    pub fn finish(mut self) -> Option<Group> {
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
        // Nodes keep their numbers.
        let marked_with_cells = !self.cells.nodes_apart;
        for stream in self.streams.iter_mut().filter(|_| marked_with_cells) {
            stream.cells.renumber(&place);
        }
        for arrival in self.traced.iter_mut().filter(|_| marked_with_cells) {
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
        for pools in &mut self.pools {
            pools.sort_by_key(|pools| in_order(&pools.unit));
        }
        let plan = &*self.cells.plan;
        let (cell_is_pool, buckets) = match plan.grouping {
            Grouping::ByNode | Grouping::ByGateway(_) => (true, 1),
            Grouping::Shared | Grouping::Buckets { .. } => (false, plan.pools(0).max(1) as u32),
        };
        let first_pool = self.first_pool();
        let pool_of_cell = |cell: usize| if cell_is_pool { first_pool + cell } else { 0 };
        let keys = self.keys();
        let stocks = f64::from(buckets) * keys.len() as f64;
        let alike = !matches!(plan.grouping, Grouping::ByGateway(_));
        let limit = f64::from(plan.binding_limit());
        let loses_most = alike
            && buckets == 1
            && plan.active_limit.is_none_or(|active| active.counts_held)
            && self.is_one_stream_of_pure_loss()
            && kept.iter().all(|cell| self.loads[*cell] > MUCH * limit);
        let cells = kept.iter().map(|old| {
            let (rate, load) = (self.rates[*old] / stocks, self.loads[*old] / stocks);
            let mean_hold = if rate > 0.0 { load / rate } else { 1.0 };
            let limit = f64::from(plan.of_pool(pool_of_cell(*old)).binding_limit());
            let used = load.min(limit);
            CellPlan {
                clients: std::mem::take(&mut self.clients[*old]),
                pools: std::mem::take(&mut self.pools[*old]),
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
        let parts = self.parts_of_class();
        let mut class_plans = each_in(parts, class_plans);
        for (index, class) in class_plans.iter_mut().enumerate() {
            class.first_node = (index % parts * Sort::CELLS) as u32;
        }
        Some(Group {
            layout: Layout {
                buckets,
                cell_pools: match cell_is_pool {
                    true => kept.iter().map(|cell| pool_of_cell(*cell) as u32).collect(),
                    false => Vec::new(),
                },
                classes: each_in(parts, self.class_uses()),
                keys,
                limits: match alike {
                    true => vec![plan.binding_limit()],
                    false => kept
                        .iter()
                        .map(|cell| plan.of_pool(*cell).binding_limit())
                        .collect(),
                },
                active_counts_held: plan.active_limit.is_some_and(|active| active.counts_held),
            },
            classes: class_plans,
            streams: self.streams,
            traced: self.traced,
            cells,
            waiting: each_in(parts, self.waiting),
            owners: each_in(parts, self.owners),
            loses_most,
            moves: None,
            nodes_apart: self.cells.nodes_apart,
        })
    }

    fn is_one_stream_of_pure_loss(&self) -> bool {
        let ([class], [stream]) = (self.classes, &self.streams[..]) else {
            return false;
        };
        let open = self.traced.is_empty() && self.waiting == [Caller::Nobody];
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
            KeyUse {
                destinations: distinct(uses.iter().map(|class| class.destination).collect()),
                workloads: distinct(uses.iter().map(|class| class.workload).collect()),
            }
        });
        keys.collect()
    }
}

/// Every one so many times.
fn each_in<T: Clone>(parts: usize, all: Vec<T>) -> Vec<T> {
    let times = |one: T| std::iter::repeat_n(one, parts);
    all.into_iter().flat_map(times).collect()
}

/// The order of units at one instant: workload, node (or block), endpoint.
fn in_order([workload, endpoint, node]: &[u64; 3]) -> [u64; 3] {
    [*workload, *node, *endpoint]
}

//! What changes in the course of a run, as the cells of one outbound type meet it.

use super::groups::{Group, add_apart, nodes_of};
use super::stages::Stages;
use crate::engine::{ActiveLimit, Among, Grouping, Lottery, PoolPlan, Protocol, Taken};
use crate::model::{Buckets, Model, Outbound};
use crate::record::{Limits, Parts};
use crate::units::Seed;

/// Names the random streams of what is taken back, in the place of a workload: there is no such workload.
const TAKEN_BACK: u64 = u64::MAX - 1;

/// The epochs of one outbound type, the first included; one where nothing changes.
#[derive(Clone, Debug)]
pub(super) struct Epochs<'a> {
    model: &'a Model,
    plans: Vec<PoolPlan>,
    /// By epoch; empty where buckets stay.
    buckets: Vec<Buckets>,
    /// Where the type changes.
    stages: Option<Stages>,
}

impl<'a> Epochs<'a> {
    /// Those of `outbound` under `plan`, its first.
    pub fn new(model: &'a Model, outbound: &Outbound, plan: &PoolPlan) -> Self {
        let mut plans = vec![plan.clone()];
        plans.extend(outbound.later_plans.iter().cloned());
        // A second limit that comes later needs to know what is active before it comes.
        if plans.iter().any(|plan| plan.active_limit.is_some()) {
            for plan in &mut plans {
                plan.active_limit.get_or_insert(ActiveLimit {
                    limit: u32::MAX,
                    counts_held: false,
                });
            }
        }
        Epochs {
            model,
            stages: Stages::of(outbound, model.nodes.len(), &plans),
            plans,
            buckets: outbound.buckets.clone(),
        }
    }

    /// All epochs under one `plan`, for what takes no port: only destinations change.
    pub fn under(model: &'a Model, plan: &PoolPlan) -> Self {
        Epochs {
            model,
            plans: vec![plan.clone(); model.epochs.len()],
            buckets: Vec::new(),
            stages: None,
        }
    }

    /// Where the type changes: a plan of which the pools of all types are the buckets, for what does not ask which of them
    /// are in force.
    pub fn side_by_side(&self) -> Option<PoolPlan> {
        let stages = self.stages.as_ref()?;
        Some(stages.side_by_side(&self.plans[0]))
    }

    /// Where the type changes: says which pools of which type the workloads use.
    pub fn tell_pools(&self, parts: &mut Parts) {
        let Some(stages) = &self.stages else {
            return;
        };
        let workloads = self.model.workloads.iter();
        for (workload, pools) in workloads.zip(&mut parts.workload_pools) {
            *pools = stages.pools_of(&nodes_of(workload));
        }
    }

    /// Where the type changes: who opens what for nodes that are not there.
    pub fn lay_out(&self, group: &mut Group) {
        if self.stages.is_some() {
            add_apart(self.model, group);
        }
    }

    /// Where the pools of an epoch stand among those of all types; none where there is one.
    pub fn among(&self, epoch: usize) -> Option<&Among> {
        self.stages.as_ref().map(|stages| stages.among(epoch))
    }

    /// The plan of an epoch, by index.
    pub fn plan(&self, epoch: usize) -> &PoolPlan {
        &self.plans[epoch]
    }

    /// Whether anything changes.
    pub fn are_several(&self) -> bool {
        self.plans.len() > 1
    }

    /// At least the mean use of a pool, given that of the first epoch's ports: of the fewest ports that it ever has. 0 where
    /// the type changes.
    pub fn mean_use(&self, of_first: f64) -> f64 {
        if !self.are_several() {
            return of_first;
        }
        // The pools of several types have no common measure; their peaks are bound by the limits of their own.
        if self.stages.is_some() {
            return 0.0;
        }
        let limit = |plan: &PoolPlan, pool: usize| f64::from(plan.of_pool(pool).binding_limit());
        let more = |pool: usize| {
            let limits = self.plans.iter().map(|plan| limit(plan, pool).max(1.0));
            limit(&self.plans[0], pool) / limits.fold(f64::INFINITY, f64::min)
        };
        let pools = 0..gateways(&self.plans[0]).unwrap_or(1);
        (of_first * pools.map(more).fold(1.0, f64::max)).min(1.0)
    }

    /// By sum of active connections that is watched for a ceiling, the least ceiling of all epochs.
    pub fn least_ceilings(&self) -> Vec<u64> {
        if let Some(stages) = &self.stages {
            return stages.least_ceilings(&self.plans);
        }
        let ceilings = self.plans.iter().filter_map(|plan| plan.ceiling);
        let least = ceilings.map(|ceiling| ceiling.limit).min();
        vec![least.unwrap_or(u64::MAX); self.plans[0].ceiling_scopes()]
    }

    /// When the epochs after the first begin, in nanoseconds.
    pub fn borders(&self) -> impl Iterator<Item = u64> {
        let later = self.model.epochs.iter().take(self.plans.len()).skip(1);
        later.map(|epoch| epoch.at.as_nanos())
    }

    /// When an epoch ends, in nanoseconds; `u64::MAX` for the last.
    pub fn end(&self, epoch: usize) -> u64 {
        self.borders().nth(epoch).unwrap_or(u64::MAX)
    }

    /// The epoch that begins at `at`.
    pub fn beginning_at(&self, at: u64) -> Option<usize> {
        let place = self.borders().position(|border| border == at)?;
        Some(place + 1)
    }

    /// The limits of the stocks of a group in an epoch: by cell, by bucket, or one for all.
    pub fn limits(&self, epoch: usize, group: &Group) -> Vec<Limits> {
        let plan = self.plan(epoch);
        let limits = |pool: usize| Limits::of(&plan.of_pool(pool));
        if let Some(stages) = &self.stages {
            let pools = 0..group.layout.buckets;
            let plans = pools.map(|pool| stages.plan(&self.plans, epoch, pool));
            return plans.map(Limits::of).collect();
        }
        match gateways(plan) {
            Some(_) => {
                let pools = group.layout.cell_pools.iter();
                pools.map(|pool| limits(*pool as usize)).collect()
            }
            None => vec![limits(0)],
        }
    }

    /// By class of `group`, whether its destination does not answer in an epoch; empty where all answer. Flows have no
    /// answer that anybody waits for.
    pub fn silent(&self, epoch: usize, group: &Group) -> Vec<bool> {
        let silent = &self.model.epochs[epoch].silent;
        if silent.is_empty() {
            return Vec::new();
        }
        let is_silent = |class: &super::groups::ClassPlan| {
            let endpoint = &self.model.endpoints[class.endpoint as usize];
            endpoint.protocol == Protocol::Tcp && silent.contains(&endpoint.destination)
        };
        let silent: Vec<bool> = group.classes.iter().map(is_silent).collect();
        match silent.contains(&true) {
            true => silent,
            false => Vec::new(),
        }
    }

    /// The buckets that take new connections in an epoch; none where all do.
    pub fn open(&self, epoch: usize) -> Option<Vec<u32>> {
        self.buckets.get(epoch).map(|buckets| buckets.open.clone())
    }

    /// Whether another type begins with an epoch.
    pub fn type_begins(&self, epoch: usize) -> bool {
        let stages = self.stages.as_ref();
        stages.is_some_and(|stages| stages.begin_with(epoch))
    }

    /// Whether all connections break at the beginning of an epoch.
    pub fn breaks_all(&self, epoch: usize) -> bool {
        let stages = self.stages.as_ref();
        stages.is_some_and(|stages| stages.break_at(epoch))
    }

    /// Whether the node of a stock, if it is a node's, leaves at the beginning of an epoch.
    fn node_leaves(&self, epoch: usize, group: &Group, cell: usize, bucket: u32) -> bool {
        let node = match &self.stages {
            Some(stages) => stages.node(bucket),
            None if self.plan(epoch).grouping == Grouping::ByNode => {
                Some(group.layout.cell_pools[cell])
            }
            None => None,
        };
        let epochs = &self.model.epochs;
        node.is_some_and(|node| epochs[epoch - 1].has(node) && !epochs[epoch].has(node))
    }

    /// What becomes of the ports of stock `stock` of a cell at the beginning of an epoch.
    pub fn taken(&self, epoch: usize, group: &Group, cell: usize, stock: u32, seed: Seed) -> Taken {
        let (key, bucket) = (stock / group.layout.buckets, stock % group.layout.buckets);
        if self.node_leaves(epoch, group, cell, bucket) {
            return Taken::WithNode;
        }
        let is_there = |epoch: usize| {
            let buckets = self.buckets.get(epoch);
            buckets.is_none_or(|buckets| buckets.there[bucket as usize])
        };
        if is_there(epoch - 1) && !is_there(epoch) {
            return Taken::All;
        }
        let pool = group.layout.cell_pools.get(cell).copied().unwrap_or(bucket);
        let limit = |epoch: usize| match &self.stages {
            Some(stages) => stages.plan(&self.plans, epoch, pool).limit,
            None => self.plan(epoch).of_pool(pool as usize).limit,
        };
        let (before, after) = (limit(epoch - 1), limit(epoch));
        if after >= before {
            return Taken::None;
        }
        let class = group.classes.iter().find(|class| class.key == key);
        let class = class.expect("every key has a class");
        let parts = [
            TAKEN_BACK,
            epoch as u64,
            u64::from(class.workload),
            u64::from(class.endpoint),
            u64::from(pool),
        ];
        Taken::Some(Lottery::new(seed.stream(&parts).0, before, before - after))
    }
}

/// How many NAT Gateways there are with ports of their own; none where all pools are alike.
fn gateways(plan: &PoolPlan) -> Option<usize> {
    match &plan.grouping {
        Grouping::ByGateway(gateways) => Some(gateways.sizes.len()),
        _ => None,
    }
}

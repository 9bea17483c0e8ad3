//! What changes in the course of a run, as the cells of one outbound type meet it.

use super::groups::Group;
use crate::engine::{ActiveLimit, Grouping, Lottery, PoolPlan, Protocol, Taken};
use crate::model::{Buckets, Model, Outbound};
use crate::record::Limits;
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
            plans,
            buckets: outbound.buckets.clone(),
        }
    }

    /// One epoch under `plan`.
    pub fn one(model: &'a Model, plan: &PoolPlan) -> Self {
        Epochs {
            model,
            plans: vec![plan.clone()],
            buckets: Vec::new(),
        }
    }

    /// The plan of an epoch, by index.
    pub fn plan(&self, epoch: usize) -> &PoolPlan {
        &self.plans[epoch]
    }

    /// Whether anything changes.
    pub fn are_several(&self) -> bool {
        self.plans.len() > 1
    }

    /// The mean use of a pool, given that of the first epoch's ports: of the fewest ports that it ever has.
    pub fn mean_use(&self, of_first: f64) -> f64 {
        let limits = self.plans.iter().map(|plan| plan.binding_limit().max(1));
        match limits.min() {
            Some(fewest) if self.are_several() => {
                let first = self.plans[0].binding_limit();
                (of_first * f64::from(first) / f64::from(fewest)).min(1.0)
            }
            _ => of_first,
        }
    }

    /// When the epochs after the first begin, in nanoseconds.
    pub fn borders(&self) -> impl Iterator<Item = u64> {
        let later = self.model.epochs.iter().take(self.plans.len()).skip(1);
        later.map(|epoch| epoch.at.as_nanos())
    }

    /// The epoch that begins at `at`.
    pub fn beginning_at(&self, at: u64) -> Option<usize> {
        let place = self.borders().position(|border| border == at)?;
        Some(place + 1)
    }

    /// The limits of a stock in an epoch.
    pub fn limits(&self, epoch: usize) -> Limits {
        let plan = self.plan(epoch);
        Limits {
            ports: plan.limit,
            active: plan.active_limit.map(|active| active.limit),
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
        group.classes.iter().map(is_silent).collect()
    }

    /// The buckets that take new connections in an epoch; none where all do.
    pub fn open(&self, epoch: usize) -> Option<Vec<u32>> {
        self.buckets.get(epoch).map(|buckets| buckets.open.clone())
    }

    /// Whether the node of cell `cell` leaves at the beginning of an epoch.
    pub fn node_leaves(&self, epoch: usize, group: &Group, cell: usize) -> bool {
        if self.plan(epoch).grouping != Grouping::ByNode {
            return false;
        }
        let node = group.layout.cell_pools[cell];
        let epochs = &self.model.epochs;
        epochs[epoch - 1].has(node) && !epochs[epoch].has(node)
    }

    /// What becomes of the ports of stock `stock` of a cell at the beginning of an epoch.
    pub fn taken(&self, epoch: usize, group: &Group, cell: usize, stock: u32, seed: Seed) -> Taken {
        let (key, bucket) = (stock / group.layout.buckets, stock % group.layout.buckets);
        let is_there = |epoch: usize| {
            let buckets = self.buckets.get(epoch);
            buckets.is_none_or(|buckets| buckets.there[bucket as usize])
        };
        if is_there(epoch - 1) && !is_there(epoch) {
            return Taken::All;
        }
        let (before, after) = (self.plan(epoch - 1).limit, self.plan(epoch).limit);
        if after >= before {
            return Taken::None;
        }
        let pool = group.layout.cell_pools.get(cell).copied().unwrap_or(bucket);
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

//! Outbound types that come one after the other, as one cell meets them: the pools of all side by side, as its buckets.

use crate::engine::{Among, Grouping, IpChoice, PoolPlan};
use crate::model::Outbound;
use std::ops::Range;

/// The types that an outbound has one after the other.
#[derive(Clone, Debug)]
pub(super) struct Stages(Vec<Stage>);

#[derive(Clone, Debug)]
struct Stage {
    epochs: Range<usize>,
    by_node: bool,
    /// Whether what is open when it begins breaks.
    breaks: bool,
    /// Its ceilings among those of all.
    scopes: Range<u32>,
    among: Among,
}

impl Stages {
    /// Those of `outbound`, whose plans by epoch are `plans`; none where there is one.
    pub fn of(outbound: &Outbound, nodes: usize, plans: &[PoolPlan]) -> Option<Stages> {
        if !outbound.migrates() {
            return None;
        }
        let mut scopes: Vec<u32> = Vec::new();
        let mut stages: Vec<Stage> = Vec::new();
        for stage in outbound.stages(nodes) {
            let plan = &plans[stage.epochs.start];
            let first_scope = stages.last().map_or(0, |before| before.scopes.end);
            // What has no ceiling counts toward one that nothing reaches.
            let own_scopes = plan.ceiling_scopes().max(1) as u32;
            let pools = stage.pools.start as u32..stage.pools.end as u32;
            let by_ip = match plan.grouping {
                Grouping::Buckets { ips, .. } => ips,
                _ => u32::MAX,
            };
            scopes.extend((0..pools.end - pools.start).map(|pool| first_scope + pool / by_ip));
            stages.push(Stage {
                epochs: stage.epochs,
                by_node: plan.grouping == Grouping::ByNode,
                breaks: stage.breaks,
                scopes: first_scope..first_scope + own_scopes,
                among: Among {
                    own: pools,
                    scopes: Vec::new(),
                },
            });
        }
        for stage in &mut stages {
            stage.among.scopes = scopes.clone();
        }
        Some(Stages(stages))
    }

    /// The type of an epoch.
    fn at(&self, epoch: usize) -> &Stage {
        let mut stages = self.0.iter();
        let stage = stages.find(|stage| stage.epochs.contains(&epoch));
        stage.expect("every epoch has a type")
    }

    /// The type whose pool `pool` is.
    fn whose(&self, pool: u32) -> &Stage {
        let mut stages = self.0.iter();
        let stage = stages.find(|stage| stage.among.own.contains(&pool));
        stage.expect("every pool is of a type")
    }

    /// Pools of all types.
    fn pools(&self) -> u32 {
        self.0.last().map_or(0, |last| last.among.own.end)
    }

    /// Whether another type begins with an epoch.
    pub fn begin_with(&self, epoch: usize) -> bool {
        epoch > 0 && self.at(epoch).epochs.start == epoch
    }

    /// Whether a type begins with an epoch, and what is open then breaks.
    pub fn break_at(&self, epoch: usize) -> bool {
        self.begin_with(epoch) && self.at(epoch).breaks
    }

    /// Where the pools of an epoch stand.
    pub fn among(&self, epoch: usize) -> &Among {
        &self.at(epoch).among
    }

    /// The node whose pool `pool` is; none where nodes share it.
    pub fn node(&self, pool: u32) -> Option<u32> {
        let stage = self.whose(pool);
        stage.by_node.then(|| pool - stage.among.own.start)
    }

    /// The pools that connections from `nodes` may use, ascending.
    pub fn pools_of(&self, nodes: &[u32]) -> Vec<u32> {
        let of_stage = |stage: &Stage| -> Vec<u32> {
            let own = &stage.among.own;
            match stage.by_node {
                true => nodes.iter().map(|node| own.start + node).collect(),
                false => own.clone().collect(),
            }
        };
        self.0.iter().flat_map(of_stage).collect()
    }

    /// The plan that pool `pool` is under in an epoch: that of its type, the last one where the type is gone, the first one
    /// where it is still to come.
    pub fn plan<'p>(&self, plans: &'p [PoolPlan], epoch: usize, pool: u32) -> &'p PoolPlan {
        let epochs = &self.whose(pool).epochs;
        &plans[epoch.clamp(epochs.start, epochs.end - 1)]
    }

    /// A plan of which the pools of all types are the buckets, and all else as in `first`.
    pub fn side_by_side(&self, first: &PoolPlan) -> PoolPlan {
        PoolPlan {
            grouping: Grouping::Buckets {
                ips: self.pools(),
                instances: 1,
                choice: IpChoice::Random,
            },
            ..first.clone()
        }
    }

    /// By ceiling, the least that it is in the epochs of its type.
    pub fn least_ceilings(&self, plans: &[PoolPlan]) -> Vec<u64> {
        let of_stage = |stage: &Stage| {
            let of_type = plans[stage.epochs.clone()].iter();
            let watched = of_type.filter(|plan| plan.ceiling_scopes() > 0);
            let ceilings = watched.filter_map(|plan| plan.ceiling.map(|ceiling| ceiling.limit));
            let least = ceilings.min().unwrap_or(u64::MAX);
            vec![least; stage.scopes.len()]
        };
        self.0.iter().flat_map(of_stage).collect()
    }
}

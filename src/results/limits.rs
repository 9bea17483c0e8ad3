//! The ports of each pool, minute by minute, where events change them.

use crate::model::{Buckets, Epoch, Model, Outbound, Stage};
use crate::outbound::Metric;
use crate::units::SimTime;

/// Ports of the pools of an outbound type toward one key.
pub struct PoolLimits<'a> {
    epochs: &'a [Epoch],
    /// The types that it has one after the other.
    stages: Vec<Stage<'a>>,
    /// By epoch; empty where buckets stay.
    buckets: &'a [Buckets],
}

impl<'a> PoolLimits<'a> {
    /// Those of `outbound`, which Azure accepts.
    pub fn of(model: &'a Model, outbound: &'a Outbound) -> Self {
        PoolLimits {
            epochs: &model.epochs,
            stages: outbound.stages(model.nodes.len()),
            buckets: &outbound.buckets,
        }
    }

    /// The type whose pool `pool` is.
    pub fn stage_of(&self, pool: usize) -> &Stage<'a> {
        let mut stages = self.stages.iter();
        let stage = stages.find(|stage| stage.pools.contains(&pool));
        stage.expect("every pool is of a type")
    }

    /// Whether a metric speaks of pool `pool`, where pools are of several types.
    pub fn publishes(&self, pool: usize, metric: &Metric) -> bool {
        self.stages.len() == 1 || self.stage_of(pool).kind.metrics().contains(metric)
    }

    /// The most ports that a pool has in a minute of the run; none where its node, its bucket or its type is not there.
    pub fn in_minute(&self, pool: usize, minute: usize) -> Option<u32> {
        let stage = self.stage_of(pool);
        let own = pool - stage.pools.start;
        let limit = |epoch: usize| {
            let within = epoch.clamp(stage.epochs.start, stage.epochs.end - 1);
            stage.plans[within - stage.epochs.start].of_pool(own).limit
        };
        if let [_] = self.epochs {
            return Some(limit(0));
        }
        let begins = SimTime::from_nanos(minute as u64 * SimTime::MINUTE.as_nanos());
        let ends = begins.saturating_add(SimTime::MINUTE);
        // The epoch in which the minute begins, and those that begin in it.
        let from = self.epochs.partition_point(|epoch| epoch.at <= begins);
        let until = self.epochs.partition_point(|epoch| epoch.at < ends);
        let within = from.saturating_sub(1)..until;
        let there = within.filter(|index| {
            let buckets = self.buckets.get(*index);
            let has_bucket = buckets.is_none_or(|buckets| buckets.there[pool]);
            let node = stage.node(pool);
            has_bucket && node.is_none_or(|node| self.epochs[*index].has(node))
        });
        there.map(limit).max()
    }
}

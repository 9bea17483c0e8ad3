//! The ports of each pool, minute by minute, where events change them.

use crate::engine::{Grouping, PoolPlan};
use crate::model::{Buckets, Epoch, Model, Outbound};
use crate::units::SimTime;

/// Ports of the pools of an outbound type toward one key.
pub struct PoolLimits<'a> {
    /// Its plans and when each begins, in order.
    plans: Vec<(&'a Epoch, &'a PoolPlan)>,
    /// By epoch; empty where buckets stay.
    buckets: &'a [Buckets],
}

impl<'a> PoolLimits<'a> {
    /// Those of `outbound`, which Azure accepts.
    pub fn of(model: &'a Model, outbound: &'a Outbound) -> Self {
        PoolLimits {
            plans: model.epochs.iter().zip(outbound.plans()).collect(),
            buckets: &outbound.buckets,
        }
    }

    /// The most ports that a pool has in a minute of the run; none where its node or bucket is not there.
    pub fn in_minute(&self, pool: usize, minute: usize) -> Option<u32> {
        if let [(_, plan)] = self.plans[..] {
            return Some(plan.of_pool(pool).limit);
        }
        let begins = SimTime::from_nanos(minute as u64 * SimTime::MINUTE.as_nanos());
        let ends = begins.saturating_add(SimTime::MINUTE);
        // The epoch in which the minute begins, and those that begin in it.
        let from = self.plans.partition_point(|(epoch, _)| epoch.at <= begins);
        let until = self.plans.partition_point(|(epoch, _)| epoch.at < ends);
        let within = from.saturating_sub(1)..until;
        let there = within.filter(|index| {
            let (epoch, plan) = self.plans[*index];
            let has_bucket = self
                .buckets
                .get(*index)
                .is_none_or(|buckets| buckets.there[pool]);
            has_bucket && (plan.grouping != Grouping::ByNode || epoch.has(pool as u32))
        });
        there
            .map(|index| self.plans[index].1.of_pool(pool).limit)
            .max()
    }
}

//! The ports of each pool, minute by minute, where events change them.

use crate::engine::{Grouping, PoolPlan};
use crate::model::{Epoch, Model, Outbound};
use crate::units::SimTime;

/// Ports of the pools of an outbound type toward one key.
pub struct PoolLimits<'a> {
    /// Its plans and when each begins, in order.
    plans: Vec<(&'a Epoch, &'a PoolPlan)>,
}

impl<'a> PoolLimits<'a> {
    /// Those of `outbound`, which Azure accepts.
    pub fn of(model: &'a Model, outbound: &'a Outbound) -> Self {
        PoolLimits {
            plans: model.epochs.iter().zip(outbound.plans()).collect(),
        }
    }

    /// The most ports that a pool has in a minute of the run; none where it is that of a node which is not there.
    pub fn in_minute(&self, pool: usize, minute: usize) -> Option<u32> {
        let begins = SimTime::from_nanos(minute as u64 * SimTime::MINUTE.as_nanos());
        let ends = begins.saturating_add(SimTime::MINUTE);
        // The epoch in which the minute begins, and those that begin in it.
        let from = self.plans.partition_point(|(epoch, _)| epoch.at <= begins);
        let until = self.plans.partition_point(|(epoch, _)| epoch.at < ends);
        let within = &self.plans[from.saturating_sub(1)..until];
        let there = within
            .iter()
            .filter(|(epoch, plan)| plan.grouping != Grouping::ByNode || epoch.has(pool as u32));
        there.map(|(_, plan)| plan.limit).max()
    }
}

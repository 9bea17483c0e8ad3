//! Requests that go through pools of connections: whose they are, and what the network does to their connections.

use super::builder::GroupBuilder;
use super::{ClassPlan, Side};
use crate::traffic::{Caller, CellMarks, IdleLoss, PoolSettings, PooledPlan, StreamPlan};
use std::collections::BTreeMap;

impl GroupBuilder<'_> {
    /// Makes the streams of a class from the one with index `first` on, each of one node, the requests of its pools.
    pub(super) fn make_requests(
        &mut self,
        first: usize,
        class: u32,
        plan: &ClassPlan,
        settings: &PoolSettings,
    ) {
        self.waiting[class as usize] = Caller::Pool;
        let mut by_node: BTreeMap<u32, Vec<StreamPlan>> = BTreeMap::new();
        for stream in self.streams.drain(first..) {
            // The lower half of a unit of one node is the node.
            let node = stream.unit[2] as u32;
            let pools: Vec<(u32, f64)> = (0..).zip(settings.instances.on(node)).collect();
            by_node.entry(node).or_default().push(StreamPlan {
                cells: CellMarks::weighted(&pools),
                ..stream
            });
        }
        let loss = self.loss(settings);
        for (node, requests) in by_node {
            let cell = self.cell(node);
            let (class, mark) = self.place(class, node);
            self.pools[cell].push(PooledPlan {
                class,
                mark,
                requests,
                pools: settings.instances.on(node).len(),
                settings: *settings,
                loss,
                unit: [
                    u64::from(plan.workload),
                    u64::from(plan.endpoint),
                    u64::from(node),
                ],
            });
        }
    }

    /// What the network does to idle connections; what takes no port is never lost.
    fn loss(&self, settings: &PoolSettings) -> Option<IdleLoss> {
        let plan = &self.cells.plan;
        match self.cells.side {
            Side::Pool => IdleLoss::under(settings, plan.holds.idle, plan.on_idle),
            Side::Aside(_) => None,
        }
    }
}

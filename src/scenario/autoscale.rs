//! The words of a node pool that scales by a rule.

use super::ScenarioSpec;
use crate::fault::step;
use crate::outbound::Assumptions;
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// A rule by which a node pool scales between its `minCount` and `maxCount`, minute by minute. It sees the expected
/// connections per second of the workloads on the pool, never the chance of one replication.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a rule: { \"connectionsPerSecondPerNode\": 40 }"
)]
pub struct NodePoolAutoscaleSpec {
    /// Connections per second (requests, where the workload has a `pool`) that a node is there for, above 0: the pool
    /// wants as many nodes as that takes, rounded up.
    pub connections_per_second_per_node: f64,
    /// How long it takes from the want of a node until it is there, default `3m`, which no document gives.
    pub scale_up_after: Option<SimTime>,
    /// How long a node has to be unneeded before it leaves, default `10m` (`scale-down-unneeded-time` of the cluster
    /// autoscaler profile, `aks:articles/aks/cluster-autoscaler.md`).
    pub scale_down_unneeded_time: Option<SimTime>,
    /// How long after nodes were asked for none leaves, default `10m` (`scale-down-delay-after-add` of that profile).
    pub scale_down_delay_after_add: Option<SimTime>,
}

impl ScenarioSpec {
    /// Where the first thing stands that may change something in the course of the run: the events, or an autoscaler.
    pub fn eventful(&self, assumptions: &Assumptions) -> Option<String> {
        let events = self.events.as_ref().filter(|events| !events.is_empty());
        if events.is_some() {
            return Some("/events".to_owned());
        }
        let pools = self.cluster.iter();
        let mut pools = pools.flat_map(|cluster| cluster.node_pools.iter().flatten());
        if let Some(place) = pools.position(|pool| pool.autoscale.is_some()) {
            let pointer = step("/cluster/nodePools", place);
            return Some(step(&pointer, "autoscale"));
        }
        let mut entries = self.outbound.iter().flatten();
        let place = entries.position(|entry| entry.firewall_scaling(assumptions).is_some())?;
        let pointer = step(&step("/outbound", place), "azureFirewall");
        Some(step(&pointer, "autoscaleConfiguration"))
    }
}

//! The words of what happens in the course of a run.

use crate::outbound::{MaxSurge, OutboundSpec};
use crate::units::SimTime;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Deserialize;

/// Something that happens at an instant of the run: `at`, and one key that names the kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an event: { \"at\": \"1h\", \"scale\": { \"nodePool\": \"apps\", \"count\": 51 } }"
)]
pub struct EventSpec {
    /// When, from the start of the run, warm-up included; above 0 and below `duration`.
    pub at: SimTime,
    /// An outbound type is configured anew: what is given takes the place of what is there, null stands for Azure's
    /// default, and what is left out stays (RFC 7396). With another `outboundType` it begins anew, as `az aks update
    /// --outbound-type` does it: connections that are open break, and what is left out has its default. `name` says
    /// which entry of `outbound`; it may be left out where there is one.
    #[serde(default)]
    #[schemars(schema_with = "patch_schema")]
    pub set_outbound: Option<OutboundSpec>,
    /// A node pool gets another number of nodes.
    pub scale: Option<ScaleSpec>,
    /// A node pool is upgraded node by node.
    pub upgrade: Option<UpgradeSpec>,
    /// A destination stops answering.
    pub stop_answering: Option<StopAnsweringSpec>,
    /// A firewall loses an instance.
    pub lose_instance: Option<LoseInstanceSpec>,
}

/// An entry of `outbound` of which anything may be left out.
fn patch_schema(generator: &mut SchemaGenerator) -> Schema {
    let mut schema = OutboundSpec::json_schema(generator);
    schema.remove("required");
    schema.remove("description");
    schema
}

/// A node pool gets another number of nodes, all at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"nodePool\": \"apps\", \"count\": 51 }"
)]
pub struct ScaleSpec {
    /// The node pool.
    pub node_pool: String,
    /// Nodes it has from then on, at least 1. Nodes with the highest numbers leave first.
    pub count: u32,
}

/// A rolling upgrade: surge nodes join, nodes are drained and come back empty, as many at a time as there are surge nodes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"nodePool\": \"apps\", \"batchTime\": \"5m\" }"
)]
pub struct UpgradeSpec {
    /// The node pool.
    pub node_pool: String,
    /// How long the nodes of a batch are away: drained, set up anew, joined again.
    pub batch_time: SimTime,
    /// Nodes it adds and takes at a time; `maxSurge` of the node pool if left out.
    pub max_surge: Option<MaxSurge>,
}

/// A destination stops answering for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"destination\": \"sql\", \"for\": \"2m\" }"
)]
pub struct StopAnsweringSpec {
    /// Name of the destination.
    pub destination: String,
    /// How long, above 0.
    #[serde(rename = "for")]
    pub span: SimTime,
}

/// A firewall loses an instance, with all connections on it, and gets another in its place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"outbound\": \"Firewall\", \"instance\": 0 }"
)]
pub struct LoseInstanceSpec {
    /// Name of the entry of `outbound`; may be left out where there is one.
    pub outbound: Option<String>,
    /// Which instance, counted from 0, default 0.
    pub instance: Option<u32>,
    /// How long until another takes its place, default `10s`: `articles/firewall/firewall-faq.yml`.
    #[serde(rename = "for")]
    pub span: Option<SimTime>,
}

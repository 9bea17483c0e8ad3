//! The explanation of a scenario: what its outbound types come to by arithmetic alone, nothing simulated.

mod load;
mod nodes;
mod ports;
mod scaling;

pub use load::{Load, LoadRow};
pub use nodes::{NodeLayerRow, OutboundNatRow, TableOrigin};
pub use ports::{
    CustomPorts, FirewallPorts, LoadBalancerPorts, NatGatewayPorts, NextStep, OneMoreIp, Ports,
    TableRow,
};
pub use scaling::{AutoscalerRow, ScalingRow};

use crate::fault::Fault;
use crate::model::{Model, Outbound, PathShare};
use crate::outbound::{MaxSurge, Origin, Timer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `snatsim explain SCENARIO` says. Times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Explanation {
    /// Version of this format.
    pub schema_version: u32,
    /// Version of snatsim that made it.
    pub snatsim: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Who counts as a node.
    pub nodes: Nodes,
    /// What autoscalers do in the course of a run; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub autoscalers: Vec<AutoscalerRow>,
    /// One entry per outbound of the scenario, in its order.
    pub outbounds: Vec<ExplainedOutbound>,
}

/// Who counts as a node, and where addresses come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Nodes {
    /// Nodes there are: what Azure's table of automatic ports is entered with.
    pub count: u64,
    /// The most nodes there may be during an upgrade: what manual ports are checked against.
    pub counted: u64,
    /// What would be counted under other readings of `maxSurge` where it is not set, if that is another number.
    pub otherwise: Vec<OtherSurge>,
    /// Pool by pool.
    pub pools: Vec<CountedPoolRow>,
    /// Subnets and the pod CIDR, where the scenario gives their size.
    pub addresses: Vec<AddressRow>,
    /// The node's own layer; absent without `cluster.nodeNat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_nat: Option<NodeLayerRow>,
    /// Why AKS would refuse the cluster under any outbound type of Azure; empty where it would not.
    pub refusals: Vec<Refusal>,
}

/// What is counted under another reading of `maxSurge` where it is not set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OtherSurge {
    /// The reading.
    pub max_surge: String,
    /// Counted nodes in all.
    pub counted: u64,
}

/// A node pool as Azure counts it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CountedPoolRow {
    /// Name.
    pub name: String,
    /// Nodes it has.
    pub count: u32,
    /// The most it may have: the larger of `count` and `maxCount`.
    pub most: u32,
    /// Its `maxSurge`.
    pub max_surge: String,
    /// Whether the scenario sets it; otherwise it is the assumption `maxSurge`.
    pub max_surge_is_set: bool,
    /// Nodes an upgrade adds.
    pub surge: u32,
    /// All of them: `most` + `surge`.
    pub counted: u64,
    /// Where its pods have their addresses from; none where the scenario names no plugin.
    pub pod_network: Option<String>,
    /// Whose address leaves the node.
    pub source_address: Option<String>,
}

/// A range of addresses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddressRow {
    /// What it is.
    pub name: String,
    /// Addresses that counted nodes take of it.
    pub needed: u64,
    /// How that came about.
    pub arithmetic: String,
    /// Addresses it has to give.
    pub available: u64,
    /// Further counted nodes until it is full.
    pub nodes_left: u64,
}

/// What is to be said of one outbound type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExplainedOutbound {
    /// Name of the outbound.
    pub name: String,
    /// Its type, as in a scenario.
    pub outbound_type: String,
    /// Why Azure would refuse it, besides what it says of the cluster; empty where it would not.
    pub refusals: Vec<Refusal>,
    /// What else Azure's documents say about this setup.
    pub notes: Vec<String>,
    /// Its ports; none where a refusal leaves them open.
    pub ports: Option<Ports>,
    /// Hold times in force.
    pub timers: Vec<TimerRow>,
    /// What the workloads ask of the ports.
    pub load: Option<Load>,
    /// The path of each destination.
    pub paths: Vec<PathRow>,
}

/// Why Azure would refuse an outbound type, or the whole cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refusal {
    /// Code, explained by `snatsim explain CODE`.
    pub code: String,
    /// JSON pointer into the scenario.
    pub pointer: String,
    /// What was found, in Azure's own words where they are known, and the arithmetic.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// How to mend it.
    pub remedy: String,
}

/// A hold time in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TimerRow {
    /// Its name in the block `timers`.
    pub name: String,
    /// Seconds.
    pub seconds: f64,
    /// Where it comes from.
    pub from: TimerOrigin,
    /// Other values of the assumption that a document gives or that are as likely, as JSON texts; empty where it is certain.
    pub others: Vec<String>,
}

/// Where a hold time comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TimerOrigin {
    /// A document of Azure gives it, and there is no setting.
    Type,
    /// There is a setting, which the scenario leaves at its default.
    Default,
    /// This field of the profile.
    Profile(String),
    /// The block `timers` of the outbound.
    Timers,
    /// The assumption of this name.
    Assumption(String),
}

/// The path of a share of a workload's connections to a destination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathRow {
    /// Name of the workload.
    pub workload: String,
    /// Name of the destination.
    pub destination: String,
    /// Share of the workload's connections to the destination, in (0, 1].
    pub share: f64,
    /// What becomes of them: `snat`, `bypassed` or `denied`.
    pub path: String,
    /// Why: of `snat` that is `outboundType`.
    pub reason: String,
    /// The rule, route or setting that decided it.
    pub rule: String,
}

/// Version of this format.
const SCHEMA_VERSION: u32 = 1;

/// Explains the scenario of `model`.
pub fn explain(model: &Model) -> Explanation {
    Explanation {
        schema_version: SCHEMA_VERSION,
        snatsim: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: model.name.clone(),
        nodes: nodes(model),
        autoscalers: scaling::of(model),
        outbounds: model
            .outbounds
            .iter()
            .map(|outbound| explain_outbound(model, outbound))
            .collect(),
    }
}

/// The JSON Schema of an explanation.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Explanation).to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "snatsim explanation".into());
    }
    schema
}

fn nodes(model: &Model) -> Nodes {
    let networks = &model.cluster.addresses.networks;
    let pool = |(i, pool): (usize, &crate::outbound::CountedPool)| CountedPoolRow {
        name: pool.name.clone(),
        count: pool.count,
        most: pool.nodes,
        max_surge: pool.max_surge.to_string(),
        max_surge_is_set: pool.surge_is_set,
        surge: pool.surge,
        counted: u64::from(pool.nodes) + u64::from(pool.surge),
        pod_network: networks.get(i).map(|network| network.name().to_owned()),
        source_address: networks
            .get(i)
            .map(|network| network.source_address().to_owned()),
    };
    let pools: Vec<CountedPoolRow> = model.cluster.pools.iter().enumerate().map(pool).collect();
    Nodes {
        count: pools.iter().map(|pool| u64::from(pool.count)).sum(),
        counted: pools.iter().map(|pool| pool.counted).sum(),
        otherwise: other_surges(model),
        pools,
        addresses: model
            .cluster
            .addresses
            .ranges
            .iter()
            .map(|range| AddressRow {
                name: range.name.clone(),
                needed: range.needed,
                arithmetic: range.arithmetic.clone(),
                available: range.available,
                nodes_left: range.nodes_left,
            })
            .collect(),
        node_nat: nodes::of(model),
        refusals: model
            .cluster
            .addresses
            .refusals
            .iter()
            .map(refusal)
            .collect(),
    }
}

fn other_surges(model: &Model) -> Vec<OtherSurge> {
    let pools = &model.cluster.pools;
    if pools.iter().all(|pool| pool.surge_is_set) {
        return Vec::new();
    }
    let counted = crate::outbound::counted_nodes(pools);
    let readings = model.assumptions.others("maxSurge").into_iter();
    let readings = readings.filter_map(|text| serde_json::from_str::<MaxSurge>(text).ok());
    readings
        .map(|reading| OtherSurge {
            max_surge: reading.to_string(),
            counted: pools
                .iter()
                .map(|pool| match pool.surge_is_set {
                    true => u64::from(pool.nodes) + u64::from(pool.surge),
                    false => u64::from(pool.nodes) + u64::from(reading.of(pool.nodes)),
                })
                .sum(),
        })
        .filter(|other: &OtherSurge| other.counted != counted)
        .collect()
}

fn explain_outbound(model: &Model, outbound: &Outbound) -> ExplainedOutbound {
    let of_cluster = &model.cluster.addresses.refusals;
    let refusals = outbound.plan.as_ref().err();
    // What Azure would refuse is explained as if it took it.
    let plan = outbound.plan.as_ref().ok().or(outbound.setup.plan.as_ref());
    let timers = outbound
        .setup
        .timers
        .iter()
        .flat_map(|timers| timers.named());
    let ports = plan.and_then(|plan| Ports::of(outbound, plan));
    let mut load = plan.map(|plan| Load::of(&model.reaching(outbound), outbound, plan));
    if let (Some(Ports::LoadBalancer(ports)), Some(load)) = (&ports, &mut load) {
        let step = ports.next_step.as_ref();
        load.caveats.extend(step.and_then(|step| load.after(step)));
    }
    ExplainedOutbound {
        name: outbound.name.clone(),
        outbound_type: outbound.kind.word().to_owned(),
        refusals: refusals
            .into_iter()
            .flatten()
            .filter(|fault| !of_cluster.contains(fault))
            .map(refusal)
            .collect(),
        notes: outbound
            .notes
            .iter()
            .map(|note| note.text.clone())
            .collect(),
        ports,
        timers: timers
            .map(|(name, timer)| timer_row(model, name, timer))
            .collect(),
        load,
        paths: paths(model, outbound),
    }
}

fn refusal(fault: &Fault) -> Refusal {
    Refusal {
        code: fault.code.id().to_owned(),
        pointer: fault.pointer.clone(),
        found: fault.found.clone(),
        allowed: fault.allowed.clone(),
        remedy: fault.remedy.clone(),
    }
}

fn timer_row(model: &Model, name: &str, timer: Timer) -> TimerRow {
    let others = match timer.origin {
        Origin::Assumption(assumption) => model.assumptions.others(assumption),
        _ => Vec::new(),
    };
    TimerRow {
        name: name.to_owned(),
        seconds: timer.value.as_secs_f64(),
        from: match timer.origin {
            Origin::Type => TimerOrigin::Type,
            Origin::Default => TimerOrigin::Default,
            Origin::Profile(field) => TimerOrigin::Profile(field.to_owned()),
            Origin::Timers => TimerOrigin::Timers,
            Origin::Assumption(name) => TimerOrigin::Assumption(name.to_owned()),
        },
        others: others.into_iter().map(str::to_owned).collect(),
    }
}

/// The path of each workload to each destination.
fn paths(model: &Model, outbound: &Outbound) -> Vec<PathRow> {
    let row = |share: PathShare| {
        let (path, reason) = share.decision.path.words();
        PathRow {
            workload: model.workloads[share.workload as usize].name.clone(),
            destination: model.destinations[share.destination as usize].clone(),
            share: share.share,
            path: path.to_owned(),
            reason: reason.to_owned(),
            rule: share.decision.rule,
        }
    };
    model.paths(outbound).into_iter().map(row).collect()
}

#[cfg(test)]
mod tests;

//! The node's own layer: its limits and the arithmetic behind them.

use crate::engine::{NodeRules, System};
use crate::model::{Model, PodNetwork};
use crate::outbound::ConntrackSize;
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a connection passes on its node before the outbound type. Times in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeLayerRow {
    /// First local port of a node's own address.
    pub first_local_port: u16,
    /// Last local port of a node's own address.
    pub last_local_port: u16,
    /// Local ports of a node's own address toward one destination address and port.
    pub local_ports: u64,
    /// By workload, those of a pod.
    pub pod_local_ports: BTreeMap<String, u64>,
    /// How long a pod's local port is taken after it closed the connection.
    pub time_wait: f64,
    /// Ports of a node's address toward one destination address and port.
    pub masquerade_ports: u64,
    /// Whether any node masquerades what its pods send to the internet.
    pub masquerades: bool,
    /// Connections in a node's table.
    pub conntrack: u64,
    /// Where that comes from.
    pub conntrack_from: TableOrigin,
    /// What the scenario sets, whether that holds or not.
    pub conntrack_set: Option<u64>,
    /// vCPUs of a node.
    #[serde(rename = "vCPUs")]
    pub v_cpus: u32,
    /// Memory of a node in GiB.
    #[serde(rename = "memoryGiB")]
    pub memory_gib: u32,
    /// The size of the table by vCPUs, as observed.
    pub conntrack_observed: u64,
    /// The size of the table by memory, as documented.
    pub conntrack_documented: u64,
    /// How long a connection stays in the table after FIN.
    pub tracked_after_fin: f64,
    /// After RST.
    pub tracked_after_rst: f64,
    /// After the last packet of one that nobody closes.
    pub tracked_established: f64,
    /// After a SYN without an answer.
    pub tracked_syn: f64,
    /// After the last packet of a UDP flow.
    pub tracked_udp: f64,
    /// After that of one that lasted for more than two seconds.
    pub tracked_udp_stream: f64,
    /// What pods of Windows nodes are translated to; none without such nodes.
    pub outbound_nat: Option<OutboundNatRow>,
}

/// Ports of a Windows node's address that its pods share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OutboundNatRow {
    /// Nodes that translate so.
    pub nodes: u64,
    /// Ports of each.
    pub ports: u64,
    /// Whether that is toward each destination address and port, or in all.
    pub per_destination: bool,
    /// How long one is held after its connection, in seconds.
    pub hold: f64,
}

/// Where the size of a node's connection table comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TableOrigin {
    /// The scenario sets it.
    Set,
    /// By vCPUs, as observed.
    Observed,
    /// By memory, as documented.
    Documented,
}

/// The layer of `model`, if it has one.
pub(super) fn of(model: &Model) -> Option<NodeLayerRow> {
    let nat = model.node_nat.as_ref()?;
    let (rules, table) = (&nat.rules, &nat.table);
    let seconds = |time: SimTime| time.as_secs_f64();
    let pods_only = |network: &PodNetwork| {
        matches!(network, PodNetwork::PodSubnet | PodNetwork::PodSubnetStatic)
    };
    Some(NodeLayerRow {
        first_local_port: nat.local_ports.0,
        last_local_port: nat.local_ports.1,
        local_ports: rules.local_ports,
        pod_local_ports: model
            .workloads
            .iter()
            .zip(&rules.pod_local_ports)
            .zip(&nat.pods)
            .filter(|(_, pods)| !pods.host_network)
            .map(|((workload, ports), _)| (workload.name.clone(), *ports))
            .collect(),
        time_wait: seconds(rules.time_wait),
        masquerade_ports: rules.masquerade_ports,
        masquerades: !nat.networks.iter().all(pods_only),
        conntrack: rules.conntrack,
        conntrack_from: match (table.set, model.assumptions.conntrack_size) {
            (_, ConntrackSize::Observed) => TableOrigin::Observed,
            (Some(_), ConntrackSize::Documented) => TableOrigin::Set,
            (None, ConntrackSize::Documented) => TableOrigin::Documented,
        },
        conntrack_set: table.set,
        v_cpus: table.v_cpus,
        memory_gib: table.memory_gib,
        conntrack_observed: table.observed(),
        conntrack_documented: table.documented(),
        tracked_after_fin: seconds(rules.tracked_after_fin),
        tracked_after_rst: seconds(rules.tracked_after_rst),
        tracked_established: seconds(rules.tracked_established),
        tracked_syn: seconds(rules.tracked_syn),
        tracked_udp: seconds(rules.tracked_udp),
        tracked_udp_stream: seconds(rules.tracked_udp_stream),
        outbound_nat: outbound_nat(rules),
    })
}

fn outbound_nat(rules: &NodeRules) -> Option<OutboundNatRow> {
    let translate = rules.systems.iter();
    let nodes = translate.filter(|system| **system == System::OutboundNat);
    let nodes = nodes.count() as u64;
    (nodes > 0).then_some(OutboundNatRow {
        nodes,
        ports: rules.outbound_nat.ports,
        per_destination: rules.outbound_nat.by_key,
        hold: rules.outbound_nat.hold.as_secs_f64(),
    })
}

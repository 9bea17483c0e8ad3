//! The words of the node's own layer: local ports, the masquerade, conntrack.

use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a connection passes on its node before the outbound type: local ports of its pod, the masquerade to the node's
/// address, the connection table. `{}` is a node of AKS as it is set up by default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: {} for a node as AKS sets it up"
)]
pub struct NodeNatSpec {
    /// First and last local port of the node's own address, which pods on the host network share, as AKS writes the sysctl,
    /// default `"32768 60999"`: the first 1024 to 60999, the last 32768 to 65535. Other pods have `localPortRange`.
    #[serde(rename = "netIpv4IpLocalPortRange")]
    pub net_ipv4_ip_local_port_range: Option<String>,
    /// Connections that a node tracks at most, 131,072 to 2,097,152, under the assumption `conntrackSize` `"documented"`;
    /// left out, what follows from `memoryGiB`. As observed it has no effect: what follows from `vCPUs` holds.
    pub net_netfilter_nf_conntrack_max: Option<u64>,
    /// vCPUs of a node, default 4, as a Standard_D4s_v5 has.
    #[serde(rename = "vCPUs")]
    pub v_cpus: Option<u32>,
    /// Memory of a node in GiB, default 16, as a Standard_D4s_v5 has.
    #[serde(rename = "memoryGiB")]
    pub memory_gib: Option<u32>,
    /// How long a connection stays in the table.
    pub conntrack_timeouts: Option<ConntrackTimeoutsSpec>,
}

/// How long a connection stays in the table of its node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "time-outs: { \"tcpTimeWait\": \"2m\" }"
)]
pub struct ConntrackTimeoutsSpec {
    /// After the last packet of a connection that nobody closes, default 24h, as kube-proxy sets it.
    pub tcp_established: Option<SimTime>,
    /// After FIN, default 2m, as Linux has it.
    pub tcp_time_wait: Option<SimTime>,
    /// After RST, default 10s, as Linux has it.
    pub tcp_close: Option<SimTime>,
    /// After a SYN without an answer, default 2m, as Linux has it.
    pub tcp_syn_sent: Option<SimTime>,
    /// After the last packet of a UDP flow, default 30s.
    pub udp: Option<SimTime>,
    /// After the last packet of a UDP flow that lasted for more than two seconds, default 2m, as Linux has it.
    pub udp_stream: Option<SimTime>,
}

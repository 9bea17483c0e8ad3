//! The words of a scenario, as they stand in the file; nothing is checked here but their kinds.

use super::autoscale::NodePoolAutoscaleSpec;
use super::events::EventSpec;
use super::network::NetworkSpec;
use super::node_nat::NodeNatSpec;
use super::system_traffic::SystemTrafficSpec;
use crate::engine::Protocol;
use crate::outbound::{AssumptionsSpec, MaxSurge, OutboundSpec};
use crate::traffic::words::{
    ActivitySpec, ArrivalsSpec, BurstSpec, CloseSpec, ConnectSpec, LawSpec, PlacementSpec,
    PoolSpec, PopularitySpec, ProfileSpec, RetrySpec,
};
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// A scenario: a cluster, where its workloads connect to, and the outbound types to compare.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"duration\": …, \"workloads\": [ … ], … }"
)]
pub struct ScenarioSpec {
    /// The JSON Schema, for editors.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// Name of the scenario, default `scenario`.
    pub name: Option<String>,
    /// What it shows, in one sentence.
    pub description: Option<String>,
    /// Length of a run, warm-up included.
    pub duration: SimTime,
    /// Start of counting, default 0.
    pub warmup: Option<SimTime>,
    /// Independent replications, at least 1, default 10.
    pub replications: Option<u32>,
    /// Seed of all random numbers, default 1.
    pub seed: Option<u64>,
    /// Confidence of all intervals, in (0, 1), default 0.95.
    pub confidence: Option<f64>,
    /// The cluster; may be left out when all workloads are traces.
    pub cluster: Option<ClusterSpec>,
    /// What stands between the nodes and the outbound type: security rules, routes, an HTTP proxy.
    pub network: Option<NetworkSpec>,
    /// Where workloads connect to.
    pub destinations: Option<Vec<DestinationSpec>>,
    /// Who opens connections.
    pub workloads: Vec<WorkloadSpec>,
    /// The outbound types to simulate, each in the shape of an AKS `networkProfile`.
    pub outbound: Option<Vec<OutboundSpec>>,
    /// What happens in the course of the run. At one instant in the order of the list.
    pub events: Option<Vec<EventSpec>>,
    /// What Azure does not document, or documents in two ways.
    pub assumptions: Option<AssumptionsSpec>,
}

/// The cluster.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"nodePools\": [ … ] }"
)]
pub struct ClusterSpec {
    /// AKS network plugin. Where it is said, nodes and pods are held against what it has room for.
    pub network_plugin: Option<NetworkPlugin>,
    /// AKS network plugin mode.
    pub network_plugin_mode: Option<NetworkPluginMode>,
    /// Addresses of pods with kubenet and overlay, a /24 a node; `10.244.0.0/16` if left out.
    pub pod_cidr: Option<String>,
    /// Addresses of the nodes' subnet, such as `10.240.0.0/16`, for every pool that gives none of its own. AKS
    /// knows a subnet by its id, which does not tell its size.
    pub subnet_address_prefix: Option<String>,
    /// Addresses of the pods' subnet (Azure CNI Pod Subnet) for every pool that gives none of its own.
    pub pod_subnet_address_prefix: Option<String>,
    /// `LoadBalancer` Services; they matter to SNAT where they share the frontend of the outbound rule.
    pub load_balancer_services: Option<Vec<ServiceSpec>>,
    /// Static egress gateways, for the workloads that name one. Their nodes are none of `nodePools`.
    pub static_egress_gateways: Option<Vec<StaticEgressGatewaySpec>>,
    /// The node's own layer before the outbound type: local ports of pods, the masquerade, conntrack. Left out, nodes
    /// have room for everything.
    pub node_nat: Option<NodeNatSpec>,
    /// What nodes and system pods open by themselves, as workloads of its own; `{}` for assumed rates. Left out, there is
    /// none.
    pub system_traffic: Option<SystemTrafficSpec>,
    /// The node pools.
    pub node_pools: Option<Vec<NodePoolSpec>>,
}

/// A static egress gateway: a node pool of mode `Gateway` and the configuration that pods are annotated with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a static egress gateway: { \"name\": \"partners\", \"gatewayPrefixSize\": 30, \"gatewayNodes\": 2 }"
)]
pub struct StaticEgressGatewaySpec {
    /// Name of the `StaticGatewayConfiguration`.
    pub name: String,
    /// Length of the prefix of its public IPs, 28 to 31: 16 to 2 of them.
    pub gateway_prefix_size: u8,
    /// Nodes of the gateway node pool, at most one a public IP.
    pub gateway_nodes: u32,
    /// Networks that are reached as if there were no gateway; left out, none.
    pub exclude_cidrs: Option<Vec<String>>,
}

/// AKS network plugins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NetworkPlugin {
    /// Azure CNI.
    Azure,
    /// kubenet.
    Kubenet,
    /// The cluster brings its own.
    None,
}

/// Modes of the network plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NetworkPluginMode {
    /// Azure CNI Overlay.
    Overlay,
}

/// How the pods of a node pool get addresses of a pod subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum PodIpAllocationMode {
    /// One by one, in batches of 16 a node.
    DynamicIndividual,
    /// In blocks of 16 that a node has for life.
    StaticBlock,
}

/// A Kubernetes Service of type `LoadBalancer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a Service: { \"ports\": [80, 443], \"frontend\": \"outbound\" }"
)]
pub struct ServiceSpec {
    /// Its name, for the reader.
    pub name: Option<String>,
    /// Ports it listens on, 1 to 65535.
    pub ports: Vec<u16>,
    /// Which public IP it has, default `own`.
    pub frontend: Option<ServiceFrontend>,
}

/// Which public IP a `LoadBalancer` Service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ServiceFrontend {
    /// One of its own, as AKS gives it: it takes no SNAT ports.
    Own,
    /// One of the outbound rule: every port takes the block of 8 SNAT ports it lies in.
    Outbound,
}

/// A node pool.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a node pool: { \"name\": \"apps\", \"count\": 3 }"
)]
pub struct NodePoolSpec {
    /// Its name; its nodes are called `name-0`, `name-1`, ….
    pub name: String,
    /// Nodes it has.
    pub count: u32,
    /// The fewest nodes `autoscale` leaves it, 1 to `count`; beside `autoscale` only.
    pub min_count: Option<u32>,
    /// Nodes the autoscaler may give it, at least `count`.
    pub max_count: Option<u32>,
    /// A rule by which it scales between `minCount` and `maxCount` in the course of the run; left out, its nodes stay
    /// but for `events`.
    pub autoscale: Option<NodePoolAutoscaleSpec>,
    /// Nodes an upgrade adds: a number such as `"1"` or a share such as `"10%"`.
    pub max_surge: Option<MaxSurge>,
    /// Whether every node has a public IP of its own, default false.
    #[serde(rename = "enableNodePublicIP", alias = "enableNodePublicIp")]
    pub enable_node_public_ip: Option<bool>,
    /// Pods a node may have, 10 to 250; if left out what the network plugin has by default.
    pub max_pods: Option<u32>,
    /// Resource id of the nodes' subnet, for the reader; its size is in `subnetAddressPrefix`.
    #[serde(rename = "vnetSubnetID", alias = "vnetSubnetId")]
    pub vnet_subnet_id: Option<String>,
    /// Addresses of the nodes' subnet. Pools that name the same ones share it.
    pub subnet_address_prefix: Option<String>,
    /// Resource id of the pods' subnet: with it (or its addresses) the pool is one of Azure CNI Pod Subnet.
    #[serde(rename = "podSubnetID", alias = "podSubnetId")]
    pub pod_subnet_id: Option<String>,
    /// Addresses of the pods' subnet. Pools that name the same ones share it.
    pub pod_subnet_address_prefix: Option<String>,
    /// How pods get addresses of it, default `DynamicIndividual`.
    #[serde(rename = "podIPAllocationMode", alias = "podIpAllocationMode")]
    pub pod_ip_allocation_mode: Option<PodIpAllocationMode>,
    /// What its nodes run, default `Linux`. Pods of a Windows node share 64 ports of its address, unless
    /// `windowsProfile` says otherwise, which `nodeNat` simulates.
    pub os_type: Option<OsType>,
    /// What holds on Windows only.
    pub windows_profile: Option<WindowsProfileSpec>,
}

/// What the nodes of a pool run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum OsType {
    /// Ubuntu or Azure Linux.
    #[default]
    Linux,
    /// Windows Server.
    Windows,
}

/// `windowsProfile` of a node pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"disableOutboundNat\": true }"
)]
pub struct WindowsProfileSpec {
    /// Whether pods keep their own addresses instead of sharing 64 ports of their node's (`az aks nodepool add
    /// --disable-windows-outbound-nat`), default false.
    pub disable_outbound_nat: Option<bool>,
}

impl NodePoolSpec {
    /// Whether its nodes run Windows.
    pub fn is_windows(&self) -> bool {
        self.os_type == Some(OsType::Windows)
    }

    /// Whether OutboundNAT of Windows is off.
    pub fn disables_outbound_nat(&self) -> bool {
        let profile = self.windows_profile.as_ref();
        profile.and_then(|profile| profile.disable_outbound_nat) == Some(true)
    }
}

/// A destination: one service that connections go to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a destination: { \"name\": \"sql\", \"port\": 1433 }"
)]
pub struct DestinationSpec {
    /// Its name.
    pub name: String,
    /// Its IP address, which routes, security rules and private ranges go by; left out, a public address that no other
    /// destination has.
    pub address: Option<String>,
    /// Its port, 1 to 65535.
    pub port: u16,
    /// Transport protocol, default `tcp`.
    pub protocol: Option<ProtocolSpec>,
    /// Different addresses behind it, default 1.
    pub endpoints: Option<u32>,
    /// How connections spread over its endpoints, default `even`.
    pub popularity: Option<PopularitySpec>,
    /// How it is reached, default `internet`.
    pub route: Option<RouteWord>,
    /// Share of its connections that take `route`, in [0, 1], default 1; the others go to the internet.
    pub route_share: Option<f64>,
}

/// How a destination is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RouteWord {
    /// By the outbound type.
    Internet,
    /// A private endpoint (Private Link).
    PrivateEndpoint,
    /// A service endpoint on the nodes' subnet.
    ServiceEndpoint,
    /// A peered virtual network.
    Peering,
    /// The virtual network itself.
    Vnet,
    /// An internal load balancer.
    InternalLoadBalancer,
    /// A VPN or ExpressRoute gateway.
    OnPremises,
    /// Azure Storage of the same region by its public name.
    SameRegionStorage,
}

/// Transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ProtocolSpec {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl From<ProtocolSpec> for Protocol {
    fn from(word: ProtocolSpec) -> Protocol {
        match word {
            ProtocolSpec::Tcp => Protocol::Tcp,
            ProtocolSpec::Udp => Protocol::Udp,
        }
    }
}

/// A workload: connections of one kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a workload: { \"name\": …, \"destination\": …, \"arrivals\": …, \"lifetime\": … }"
)]
pub struct WorkloadSpec {
    /// Its name.
    pub name: String,
    /// The node pool it runs on; all when left out.
    pub node_pool: Option<String>,
    /// How its connections spread over the nodes, default `even`.
    pub placement: Option<PlacementSpec>,
    /// Pods it has, at least 1, instead of `placement`: dealt evenly to the nodes in their order, so 5 on 20 nodes load the
    /// first 5.
    pub replicas: Option<u32>,
    /// Share of its connections that one of the `replicas` opens, in [0, 1], the first, on the first node; the others split
    /// the rest evenly. Without it all open alike.
    pub noisy_replica: Option<f64>,
    /// Name of the destination; not for traces.
    pub destination: Option<String>,
    /// When connections are opened; may be left out where there are `bursts`.
    pub arrivals: Option<ArrivalsSpec>,
    /// How the rate of the arrivals moves with the time of day or week; not for traces and clients.
    pub profile: Option<ProfileSpec>,
    /// Bursts by the clock, beside the arrivals; not for traces and clients.
    pub bursts: Option<Vec<BurstSpec>>,
    /// How long a connection lives; not for traces.
    pub lifetime: Option<LawSpec>,
    /// How connections end, default all by FIN; not for traces.
    pub close: Option<CloseSpec>,
    /// A packet is sent at the latest this long after the last one, above 0. With neither this nor `activity` packets
    /// flow all along; with this alone all gaps are as long. A gap as long as the idle timeout breaks the connection.
    pub keepalive: Option<SimTime>,
    /// When packets flow on an open connection.
    pub activity: Option<ActivitySpec>,
    /// Whether the owner of a connection that broke opens another for the rest of its lifetime, when it learns of that;
    /// default false.
    pub reconnect: Option<bool>,
    /// The pools of connections that the arrivals go through; they are requests then, and `lifetime` says how long a
    /// request uses a connection.
    pub pool: Option<PoolSpec>,
    /// SYN schedule of a try.
    pub connect: Option<ConnectSpec>,
    /// What the application does when a try fails.
    pub retry: Option<RetrySpec>,
    /// Whether it ignores the cluster's HTTP proxy, as pods with the annotation
    /// `kubernetes.azure.com/no-http-proxy-vars` do; default false, for traces true: they say where connections went.
    pub no_http_proxy_vars: Option<bool>,
    /// The static egress gateway of its pods, as their annotation `kubernetes.azure.com/static-gateway-configuration` says;
    /// left out, none.
    pub static_egress_gateway: Option<String>,
    /// Whether its pods are on the network of their node (`hostNetwork` of a pod), default false. It matters to
    /// `cluster.nodeNat`: such pods share the local ports of the node's address.
    pub host_network: Option<bool>,
    /// First and last local port of each pod, default `"32768 60999"`: what its securityContext sets the sysctl
    /// `net.ipv4.ip_local_port_range` to. Only `nodeNat` asks for it.
    pub local_port_range: Option<String>,
}

//! The words of a scenario's network: security rules, routes and the HTTP proxy, as Azure's own tools print them.

use crate::outbound::Ignored;
use crate::traffic::words::PoolSpec;
use schemars::JsonSchema;
use serde::Deserialize;

/// What stands between the nodes and the outbound type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"nsg\": { … }, \"routeTable\": [ … ] }"
)]
pub struct NetworkSpec {
    /// Networks that are reached privately: the virtual network and its peers, such as `10.224.0.0/12`. Left out, all
    /// private ranges count.
    pub vnet_address_space: Option<Vec<String>>,
    /// Network security groups.
    pub nsg: Option<NsgSpec>,
    /// Routes of the nodes' subnet, as `az network route-table route list -o json` prints them.
    pub route_table: Option<Vec<RouteSpec>>,
    /// AKS's HTTP proxy, as in `az aks show --query httpProxyConfig`.
    pub http_proxy_config: Option<HttpProxyConfigSpec>,
    /// The proxy of `httpProxyConfig` as pods of the cluster, whose own connections meet the outbound type. Left out, it is
    /// somewhere else, and what it opens is not simulated.
    pub proxy: Option<ProxySpec>,
}

/// An HTTP proxy on nodes of the cluster: it opens connections for the workloads that go to it.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"nodePool\": \"proxy\", \"pool\": { \"idleTimeout\": \"90s\" } }"
)]
pub struct ProxySpec {
    /// The node pool that its pods are on.
    pub node_pool: String,
    /// Its pods, at least 1, dealt evenly to the nodes of the pool in their order; left out, all nodes open alike.
    pub replicas: Option<u32>,
    /// Whether it opens TLS, as one whose certificate the cluster trusts (`trustedCa`) may, default false: connections to
    /// port 443 then go through it as tunnels, each with an upstream connection of its own.
    #[serde(rename = "opensTLS")]
    pub opens_tls: Option<bool>,
    /// The pools of connections that it keeps open to each endpoint, by which many requests share few connections; left
    /// out, it opens one for every connection that comes to it.
    pub pool: Option<PoolSpec>,
}

/// Network security groups: each list as `az network nsg rule list -o json` prints it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object: { \"subnet\": [ … ], \"nic\": [ … ] }"
)]
pub struct NsgSpec {
    /// Of the nodes' subnet; left out, it has none.
    pub subnet: Option<Vec<NsgRuleSpec>>,
    /// Of the nodes' network interfaces; left out, they have none.
    pub nic: Option<Vec<NsgRuleSpec>>,
}

/// A security rule. Inbound ones are read and have no effect.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a security rule: { \"name\": …, \"priority\": 100, \"direction\": \"Outbound\", \"access\": \"Deny\", … }"
)]
pub struct NsgRuleSpec {
    /// Its name.
    pub name: String,
    /// 100 to 4096; the lowest number is looked at first.
    pub priority: i64,
    /// Which way.
    pub direction: DirectionSpec,
    /// What it does.
    pub access: AccessSpec,
    /// Transport protocol.
    pub protocol: RuleProtocolSpec,
    /// A network, an address, `*`, `Internet` or `VirtualNetwork`.
    pub destination_address_prefix: Option<String>,
    /// Several of them.
    pub destination_address_prefixes: Option<Vec<String>>,
    /// A port such as `443`, a range such as `1000-2000`, or `*`.
    pub destination_port_range: Option<String>,
    /// Several of them.
    pub destination_port_ranges: Option<Vec<String>>,
    /// `*`, or a prefix that holds all nodes: `VirtualNetwork`, `0.0.0.0/0`.
    pub source_address_prefix: Option<String>,
    /// Several of them.
    pub source_address_prefixes: Option<Vec<String>>,
    /// `*`, or `0-65535`.
    pub source_port_range: Option<String>,
    /// Several of them.
    pub source_port_ranges: Option<Vec<String>>,
    /// Application security groups; none can be named.
    pub destination_application_security_groups: Option<Vec<Ignored>>,
    /// Application security groups; none can be named.
    pub source_application_security_groups: Option<Vec<Ignored>>,

    /// Azure's, not used here.
    pub description: Option<Ignored>,
    /// Azure's, not used here.
    pub etag: Option<Ignored>,
    /// Azure's, not used here.
    pub id: Option<Ignored>,
    /// Azure's, not used here.
    pub provisioning_state: Option<Ignored>,
    /// Azure's, not used here.
    pub resource_group: Option<Ignored>,
    /// Azure's, not used here.
    #[serde(rename = "type")]
    pub kind: Option<Ignored>,
}

/// Direction of a security rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum DirectionSpec {
    /// To the nodes.
    Inbound,
    /// From the nodes.
    Outbound,
}

/// What a security rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum AccessSpec {
    /// Lets through.
    Allow,
    /// Stops.
    Deny,
}

/// Protocol of a security rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum RuleProtocolSpec {
    /// All.
    #[serde(rename = "*")]
    Any,
    /// TCP.
    #[serde(alias = "TCP")]
    Tcp,
    /// UDP.
    #[serde(alias = "UDP")]
    Udp,
    /// ICMP, which takes no SNAT port.
    #[serde(alias = "ICMP")]
    Icmp,
    /// ESP, which takes no SNAT port.
    #[serde(alias = "ESP")]
    Esp,
    /// AH, which takes no SNAT port.
    #[serde(alias = "AH")]
    Ah,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a route: { \"addressPrefix\": \"0.0.0.0/0\", \"nextHopType\": \"VirtualAppliance\", \"nextHopIpAddress\": \"10.1.0.4\" }"
)]
pub struct RouteSpec {
    /// Its name.
    pub name: Option<String>,
    /// The network it is for, such as `0.0.0.0/0`.
    pub address_prefix: String,
    /// Where to.
    pub next_hop_type: NextHopTypeSpec,
    /// Address of the appliance, with `VirtualAppliance`.
    pub next_hop_ip_address: Option<String>,

    /// Azure's, not used here.
    pub etag: Option<Ignored>,
    /// Azure's, not used here.
    pub has_bgp_override: Option<Ignored>,
    /// Azure's, not used here.
    pub id: Option<Ignored>,
    /// Azure's, not used here.
    pub provisioning_state: Option<Ignored>,
    /// Azure's, not used here.
    pub resource_group: Option<Ignored>,
    /// Azure's, not used here.
    #[serde(rename = "type")]
    pub kind: Option<Ignored>,
}

/// Next hop of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum NextHopTypeSpec {
    /// A firewall or another appliance.
    VirtualAppliance,
    /// The internet.
    Internet,
    /// Nowhere: packets are dropped.
    None,
    /// The virtual network.
    VnetLocal,
    /// A VPN or ExpressRoute gateway.
    VirtualNetworkGateway,
}

/// `httpProxyConfig` of AKS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: { \"httpProxy\": \"http://10.1.0.4:3128\", … }"
)]
pub struct HttpProxyConfigSpec {
    /// Proxy for connections to port 80, such as `http://10.1.0.4:3128`.
    pub http_proxy: Option<String>,
    /// Proxy for connections to port 443; `httpProxy` if left out.
    pub https_proxy: Option<String>,
    /// What goes direct: names of destinations, suffixes such as `.contoso.com`, addresses and networks.
    pub no_proxy: Option<Vec<String>>,

    /// Azure's, not used here.
    pub effective_no_proxy: Option<Ignored>,
    /// Whether the cluster uses it, default true.
    pub enabled: Option<bool>,
    /// Azure's, not used here.
    pub trusted_ca: Option<Ignored>,
}

//! The words of an entry of `outbound`: an AKS `networkProfile` as `az aks show` prints it, and ours beside it.

use super::custom::CustomBlock;
use super::firewall::AzureFirewallBlock;
use super::load_balancer::LoadBalancerProfile;
use super::nat_gateway::NatGatewayProfile;
use super::nat_gateways::NatGatewaySpec;
use crate::units::SimTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use std::borrow::Cow;

/// One outbound type to simulate. The shape is that of an AKS `networkProfile`, so what
/// `az aks show --query networkProfile` prints can be pasted; null means Azure's default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = both_spellings)]
pub struct OutboundSpec {
    /// Name in results; the outbound type if left out.
    pub name: Option<String>,
    /// The outbound type, in the words of AKS, or `custom`.
    #[schemars(schema_with = "super::outbound_type_schema")]
    pub outbound_type: Option<String>,
    /// For `loadBalancer`.
    pub load_balancer_profile: Option<LoadBalancerProfile>,
    /// For `managedNATGateway` and `userAssignedNATGateway`.
    pub nat_gateway_profile: Option<NatGatewayProfile>,
    /// For `userAssignedNATGateway`: further gateways, each on the subnets of some node pools. The other pools leave by
    /// that of `natGatewayProfile`. AKS knows nothing of them.
    pub nat_gateways: Option<Vec<NatGatewaySpec>>,
    /// For `userDefinedRouting`: the firewall the default route leads to. AKS knows nothing of it.
    pub azure_firewall: Option<AzureFirewallBlock>,
    /// For `custom`.
    pub custom: Option<CustomBlock>,
    /// Hold times that outrank those of the type.
    pub timers: Option<Timers>,

    /// Azure's, not used here.
    pub advanced_networking: Option<Ignored>,
    /// Azure's, not used here.
    #[serde(rename = "dnsServiceIP", alias = "dnsServiceIp")]
    pub dns_service_ip: Option<Ignored>,
    /// Azure's, not used here.
    pub docker_bridge_cidr: Option<Ignored>,
    /// Azure's, not used here.
    pub ip_families: Option<Ignored>,
    /// Azure's, not used here.
    pub kube_proxy_config: Option<Ignored>,
    /// Azure's, not used here.
    pub load_balancer_sku: Option<Ignored>,
    /// Azure's, not used here.
    pub monitoring: Option<Ignored>,
    /// Azure's, not used here.
    pub network_dataplane: Option<Ignored>,
    /// Azure's, not used here.
    pub network_mode: Option<Ignored>,
    /// AKS network plugin: that of the cluster, where `cluster.networkPlugin` does not say it.
    pub network_plugin: Option<String>,
    /// AKS network plugin mode, beside `networkPlugin`.
    pub network_plugin_mode: Option<String>,
    /// Azure's, not used here.
    pub network_policy: Option<Ignored>,
    /// Addresses of pods, beside `networkPlugin`.
    pub pod_cidr: Option<String>,
    /// Azure's, not used here.
    pub pod_cidrs: Option<Ignored>,
    /// Azure's, not used here.
    pub pod_link_local_access: Option<Ignored>,
    /// Azure's, not used here.
    pub service_cidr: Option<Ignored>,
    /// Azure's, not used here.
    pub service_cidrs: Option<Ignored>,
    /// Azure's, not used here.
    pub static_egress_gateway_profile: Option<Ignored>,
}

/// Hold times of ports. What is left out keeps the value of the outbound type.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Timers {
    /// TCP idle timeout, from the last packet. Moves the UDP idle timeout of `loadBalancer` and `custom` too.
    pub idle: Option<SimTime>,
    /// How long a port is kept after a FIN.
    pub hold_after_fin: Option<SimTime>,
    /// How long a port is kept after an RST.
    pub hold_after_rst: Option<SimTime>,
    /// How long a port is kept after the idle timeout.
    pub hold_after_idle: Option<SimTime>,
    /// How long a port is kept after the last unanswered SYN.
    pub half_open: Option<SimTime>,
    /// UDP idle timeout, from the last packet.
    pub udp_idle: Option<SimTime>,
    /// How long a port is kept after the UDP idle timeout.
    pub hold_after_udp: Option<SimTime>,
}

/// A value that may stand in the file and means nothing to the simulator.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Ignored)
    }
}

impl JsonSchema for Ignored {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Ignored".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

/// Lets a schema take `managedOutboundIps` beside `managedOutboundIPs`: the CLI prints one,
/// ARM the other, and an editor should underline neither.
pub(super) fn both_spellings(schema: &mut Schema) {
    let Some(properties) = schema
        .get_mut("properties")
        .and_then(serde_json::Value::as_object_mut)
    else {
        return;
    };
    let others: Vec<_> = properties
        .iter()
        .filter(|(name, _)| name.contains("IP"))
        .map(|(name, value)| (name.replace("IP", "Ip"), value.clone()))
        .collect();
    properties.extend(others);
}

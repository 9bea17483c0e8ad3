//! What Azure does not document, or documents in two ways: one field each, with its default and what else is said.

use super::azure;
use super::cluster::MaxSurge;
use super::review::thousands;
use crate::engine::{IpChoice, RefusedSyn};
use crate::fault::{Code, Fault, step};
use crate::units::SimTime;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// One assumption, as data for documents and for reruns over the alternatives. Values are JSON texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Name of the field in the file.
    pub name: &'static str,
    /// What is assumed.
    pub meaning: &'static str,
    /// The value where the file says nothing.
    pub default: &'static str,
    /// Other values that a document gives or that are as likely.
    pub alternatives: &'static [&'static str],
    /// The document behind the default and behind the doubt.
    pub source: &'static str,
}

/// From one list: the resolved struct, the struct of the file, and the table for documents.
macro_rules! assumptions {
    ($(#[doc = $meaning:literal] $field:ident, $name:literal: $type:ty = $default:expr, $text:literal, or $alternatives:expr, from $source:literal;)*) => {
        /// The assumptions in force. Results repeat them.
        #[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
        pub struct Assumptions {
            $(#[doc = $meaning] #[doc = concat!("\n\nDefault `", $text, "`. ", $source)] #[serde(rename = $name)] pub $field: $type,)*
        }

        impl Default for Assumptions {
            fn default() -> Self {
                Assumptions { $($field: $default),* }
            }
        }

        /// `assumptions` of a scenario: what is left out keeps its default.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct AssumptionsSpec {
            $(#[doc = $meaning] #[doc = concat!("\n\nDefault `", $text, "`. ", $source)] #[serde(rename = $name)] pub $field: Option<$type>,)*
        }

        impl AssumptionsSpec {
            fn over_defaults(&self) -> Assumptions {
                let default = Assumptions::default();
                Assumptions { $($field: self.$field.unwrap_or(default.$field)),* }
            }
        }

        impl Assumptions {
            /// All of them, in the order of the struct.
            pub const ALL: &[Assumption] = &[$(Assumption {
                name: $name,
                meaning: $meaning,
                default: $text,
                alternatives: &$alternatives,
                source: $source,
            }),*];
        }

        impl AssumptionsSpec {
            /// These with one assumption set to another value, a JSON text as in the table; as they are where there is no
            /// assumption of that name or no such value.
            pub fn with(&self, name: &str, value: &str) -> AssumptionsSpec {
                let mut spec = self.clone();
                match name {
                    $($name => spec.$field = serde_json::from_str(value).ok().or(spec.$field),)*
                    _ => {}
                }
                spec
            }
        }
    };
}

assumptions! {
    #[doc = "Whether ports in a hold-down count toward NAT Gateway's 50,000 connections per public IP and endpoint."]
    nat_held_ports_count_to_endpoint_limit, "natHeldPortsCountToEndpointLimit": bool = false, "false",
        or ["true"],
        from "`articles/nat-gateway/nat-gateway-resource.md` speaks of connections and is silent on held ports.";
    #[doc = "How long NAT Gateway holds a port after the idle timeout."]
    nat_hold_after_idle, "natHoldAfterIdle": SimTime = SimTime::ZERO, "\"0s\"",
        or ["\"1m5s\""],
        from "`articles/nat-gateway/nat-gateway-resource.md` names hold-downs after FIN, RST and half-open only.";
    #[doc = "Whether open connections break when a NAT Gateway takes the place of another outbound type; if not, they keep their ports until they end."]
    nat_gateway_breaks_open_connections, "natGatewayBreaksOpenConnections": bool = true, "true",
        or ["false"],
        from "`aks:articles/aks/egress-outboundtype.md`: a change of the outbound type drops them; `articles/nat-gateway/faq.yml`: they stay on the old path until they close; `articles/nat-gateway/nat-sku.md`: they might be interrupted.";
    #[doc = "Whether Load Balancer keeps a port for 240 s after FIN and 15 s after RST; if not, it is free at once."]
    load_balancer_release_timers, "loadBalancerReleaseTimers": bool = true, "true",
        or ["false"],
        from "`articles/load-balancer/load-balancer-outbound-connections.md` has them in its revision of 2020-06-24; later ones dropped them and never contradicted them.";
    #[doc = "How long Load Balancer holds a port after the idle timeout."]
    load_balancer_hold_after_idle, "loadBalancerHoldAfterIdle": SimTime = SimTime::ZERO, "\"0s\"",
        or [],
        from "`articles/load-balancer/load-balancer-outbound-connections.md` (2020-06-24): released at once.";
    #[doc = "How long Load Balancer holds the port of a connection that is not answered, from its last SYN."]
    load_balancer_half_open, "loadBalancerHalfOpen": SimTime = SimTime::from_secs(30), "\"30s\"",
        or ["\"4m\""],
        from "Not documented; 30 s is NAT Gateway's (`articles/nat-gateway/nat-gateway-resource.md`), 4 min the shortest idle timeout.";
    #[doc = "Ports per node and public IP that Load Balancer allocates automatically beyond 1,000 nodes, or `\"refuse\"`."]
    automatic_ports_above_1000_nodes, "automaticPortsAbove1000Nodes": BeyondTable = BeyondTable::Ports(32), "32",
        or ["\"refuse\""],
        from "The table in `articles/load-balancer/load-balancer-outbound-connections.md` ends at 1,000; `includes/container-service-limits.md` allows clusters of 5,000.";
    #[doc = "Nodes that an upgrade adds to a pool whose `maxSurge` is not set."]
    max_surge, "maxSurge": MaxSurge = MaxSurge::Nodes(1), "\"1\"",
        or ["\"10%\""],
        from "1 in `aks:articles/aks/upgrade-aks-node-pools-rolling.md`, 10 % in `aks:articles/aks/best-practices-performance-scale-large.md`.";
    #[doc = "The most instances an Azure Firewall scales to."]
    firewall_max_instances, "firewallMaxInstances": u32 = 20, "20",
        or ["50"],
        from "20 in `articles/firewall/firewall-known-issues.md`, 50 in `articles/firewall/prescaling.md` (2025-10-13).";
    #[doc = "How a firewall instance chooses the public IP of a connection: at random for good, or on to the next one with a free port."]
    firewall_ip_choice, "firewallIpChoice": FirewallIpChoice = FirewallIpChoice::Random, "\"random\"",
        or ["\"fallback\""],
        from "Random in `articles/firewall/integrate-with-nat-gateway.md` (2023-10-25); its revision of 2025-09-19 no longer says so.";
    #[doc = "How long Azure Firewall holds the port of a connection that is not answered, from its last SYN."]
    firewall_half_open, "firewallHalfOpen": SimTime = SimTime::from_secs(30), "\"30s\"",
        or ["\"4m\""],
        from "Not documented; 30 s is NAT Gateway's (`articles/nat-gateway/nat-gateway-resource.md`), 4 min the firewall's idle timeout.";
    #[doc = "How long Azure Firewall holds a port after the TCP idle timeout."]
    firewall_hold_after_idle, "firewallHoldAfterIdle": SimTime = SimTime::ZERO, "\"0s\"",
        or [],
        from "`articles/firewall/firewall-faq.yml`: a port is available the moment its connection closes.";
    #[doc = "UDP idle timeout of Azure Firewall."]
    firewall_udp_idle, "firewallUdpIdle": SimTime = SimTime::from_secs(240), "\"4m\"",
        or ["\"2m\""],
        from "Not documented; 4 min is its TCP idle timeout (`articles/firewall/tcp-session-behavior.md`), 2 min the least that RFC 4787 allows.";
    #[doc = "How long Azure Firewall holds a port after a UDP flow has idled out."]
    firewall_hold_after_udp, "firewallHoldAfterUdp": SimTime = SimTime::ZERO, "\"0s\"",
        or ["\"1m5s\""],
        from "Not documented for UDP; none for TCP (`articles/firewall/firewall-faq.yml`), 65 s on NAT Gateway.";
    #[doc = "What a client sees of a SYN for which there is no port: nothing, or a reset."]
    refused_syn, "refusedSyn": RefusedSynSeen = RefusedSynSeen::Silent, "\"silent\"",
        or ["\"reset\""],
        from "No document says that anything is sent back; `articles/load-balancer/load-balancer-standard-diagnostics.md` says that connections fail to establish.";
    #[doc = "How large a node's connection table is where `cluster.nodeNat` does not say: max(32,768 x vCPUs, 131,072) as observed, or memory / 16,384 as documented."]
    conntrack_size, "conntrackSize": ConntrackSize = ConntrackSize::Observed, "\"observed\"",
        or ["\"documented\""],
        from "`aks:articles/aks/custom-node-configuration-reference.md` has the memory; Azure/AKS issues 3051 and 5529 saw that kube-proxy overwrites it.";
    #[doc = "Whether the masquerade gives a new connection the port of one that was closed and is still in the node's connection table, where no other is left."]
    masquerade_reuses_closed, "masqueradeReusesClosed": bool = false, "false",
        or ["true"],
        from "Linux does so from 6.3 on (netfilter: snat: evict closing tcp entries on reply tuple collision), and was seen to with 6.18; Ubuntu 22.04 nodes have 5.15.";
    #[doc = "Whether a Windows node has 64 ports (OutboundNAT) toward each destination address and port, or in all."]
    windows_outbound_nat_ports, "windowsOutboundNatPorts": WindowsPorts = WindowsPorts::PerDestination, "\"perDestination\"",
        or ["\"inAll\""],
        from "`aks:articles/aks/nat-gateway.md` has \"64 ports on the host IP\" and does not say whether one serves several destinations, as it does in every other translation of Azure.";
    #[doc = "How long a Windows node holds a port (OutboundNAT) after its connection was closed or has idled out on its way."]
    windows_outbound_nat_hold, "windowsOutboundNatHold": SimTime = SimTime::ZERO, "\"0s\"",
        or ["\"2m\""],
        from "Not documented: 0s is the least that it can be, 2 min what Linux holds a translation for after FIN (Documentation/networking/nf_conntrack-sysctl.rst).";
    #[doc = "Whether the socket of an abandoned connection stays open, and with it its local port taken, until a reset comes."]
    abandoned_sockets_stay_open, "abandonedSocketsStayOpen": bool = true, "true",
        or ["false"],
        from "Not documented: an application that leaks connections keeps their sockets, one that is gone does not.";
}

impl Assumptions {
    /// The values of the assumption of this name other than the one in force that a document gives or that are as likely,
    /// as JSON texts.
    pub fn others(&self, name: &str) -> Vec<&'static str> {
        let in_force = serde_json::to_value(self).expect("assumptions are plain values");
        let in_force = in_force[name].to_string();
        let known = Assumptions::ALL.iter().filter(|known| known.name == name);
        known
            .filter(|known| !known.alternatives.is_empty())
            .flat_map(|known| std::iter::once(&known.default).chain(known.alternatives))
            .copied()
            .filter(|value| *value != in_force)
            .collect()
    }
}

impl AssumptionsSpec {
    /// The assumptions in force; `pointer` is where they stand in the file.
    ///
    /// # Errors
    /// All values that no document gives.
    pub fn resolve(&self, pointer: &str) -> Result<Assumptions, Vec<Fault>> {
        let assumptions = self.over_defaults();
        let faults: Vec<Fault> = [
            instances_fault(assumptions.firewall_max_instances, pointer),
            beyond_table_fault(assumptions.automatic_ports_above_1000_nodes, pointer),
        ]
        .into_iter()
        .flatten()
        .collect();
        if faults.is_empty() {
            Ok(assumptions)
        } else {
            Err(faults)
        }
    }
}

fn instances_fault(most: u32, pointer: &str) -> Option<Fault> {
    let range = azure::FIREWALL_INSTANCES_LEAST..=azure::FIREWALL_INSTANCES_MOST;
    (!range.contains(&most)).then(|| Fault {
        code: Code::E0305,
        pointer: step(pointer, "firewallMaxInstances"),
        found: format!("firewallMaxInstances is {}.", thousands(most)),
        allowed: format!("{} to {} instances", range.start(), range.end()),
        remedy: "Use 20 (Azure Firewall's known issues) or 50 (prescaling).".to_owned(),
    })
}

fn beyond_table_fault(beyond: BeyondTable, pointer: &str) -> Option<Fault> {
    let BeyondTable::Ports(ports) = beyond else {
        return None;
    };
    let legal =
        ports > 0 && ports <= azure::LB_AUTOMATIC_MOST && ports.is_multiple_of(azure::LB_BLOCK);
    (!legal).then(|| Fault {
        code: Code::E0305,
        pointer: step(pointer, "automaticPortsAbove1000Nodes"),
        found: format!("automaticPortsAbove1000Nodes is {}.", thousands(ports)),
        allowed: "a multiple of 8 from 8 to 1,024, or \"refuse\"".to_owned(),
        remedy: "Use 32, the last value of Azure's table, or \"refuse\".".to_owned(),
    })
}

/// What automatic allocation does beyond the 1,000 nodes that Azure's table ends at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeyondTable {
    /// It gives every node this many ports per public IP.
    Ports(u32),
    /// It is refused.
    Refuse,
}

/// How a firewall instance chooses the public IP of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FirewallIpChoice {
    /// At random, and that is that.
    Random,
    /// At random, then the next one that has a free port.
    Fallback,
}

/// What a client sees of a SYN for which there is no port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RefusedSynSeen {
    /// Nothing: it is dropped.
    Silent,
    /// A reset: the try ends at once.
    Reset,
}

/// How large a node's connection table is where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ConntrackSize {
    /// As kube-proxy sets it: by vCPUs.
    Observed,
    /// As the documents have it: by memory.
    Documented,
}

/// What the 64 ports of a Windows node are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WindowsPorts {
    /// So many toward each destination address and port.
    PerDestination,
    /// So many in all.
    InAll,
}

impl From<FirewallIpChoice> for IpChoice {
    fn from(choice: FirewallIpChoice) -> IpChoice {
        match choice {
            FirewallIpChoice::Random => IpChoice::Random,
            FirewallIpChoice::Fallback => IpChoice::Fallback,
        }
    }
}

impl From<RefusedSynSeen> for RefusedSyn {
    fn from(seen: RefusedSynSeen) -> RefusedSyn {
        match seen {
            RefusedSynSeen::Silent => RefusedSyn::Silent,
            RefusedSynSeen::Reset => RefusedSyn::Reset,
        }
    }
}

impl Serialize for BeyondTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            BeyondTable::Ports(ports) => serializer.serialize_u32(*ports),
            BeyondTable::Refuse => serializer.serialize_str("refuse"),
        }
    }
}

impl<'de> Deserialize<'de> for BeyondTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortsOrRefuse)
    }
}

struct PortsOrRefuse;

impl Visitor<'_> for PortsOrRefuse {
    type Value = BeyondTable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of ports such as 32, or \"refuse\"")
    }

    fn visit_u64<E: Error>(self, ports: u64) -> Result<BeyondTable, E> {
        u32::try_from(ports)
            .map(BeyondTable::Ports)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(ports), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<BeyondTable, E> {
        match text {
            "refuse" => Ok(BeyondTable::Refuse),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

impl JsonSchema for BeyondTable {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "BeyondTable".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "integer", "minimum": 8, "maximum": 1024, "multipleOf": 8 },
                { "const": "refuse" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn with(name: &str, value: Value) -> AssumptionsSpec {
        serde_json::from_value(json!({ name: value })).expect("a known assumption")
    }

    #[test]
    fn the_table_of_assumptions_tells_the_defaults_that_are_used() {
        let written = serde_json::to_value(Assumptions::default()).expect("JSON");
        let written = written.as_object().expect("an object");
        assert_eq!(written.len(), Assumptions::ALL.len());
        for assumption in Assumptions::ALL {
            assert_eq!(
                written[assumption.name].to_string(),
                assumption.default,
                "{}",
                assumption.name
            );
        }
    }

    #[test]
    fn every_alternative_is_taken_and_changes_what_is_assumed() {
        for assumption in Assumptions::ALL {
            for text in assumption.alternatives {
                let value: Value = serde_json::from_str(text).expect("JSON");
                let resolved = with(assumption.name, value.clone())
                    .resolve("/assumptions")
                    .expect("legal");
                assert_ne!(resolved, Assumptions::default(), "{}", assumption.name);
                let written = serde_json::to_value(resolved).expect("JSON");
                assert_eq!(written[assumption.name], value, "{}", assumption.name);
            }
        }
    }

    #[test]
    fn the_others_are_all_documented_values_but_the_one_in_force() {
        let with = |value: &str| AssumptionsSpec::default().with("natHoldAfterIdle", value);
        let others = |spec: AssumptionsSpec| {
            let assumptions = spec.resolve("").expect("legal");
            assumptions.others("natHoldAfterIdle")
        };
        assert_eq!(others(AssumptionsSpec::default()), ["\"1m5s\""]);
        assert_eq!(others(with("\"1m5s\"")), ["\"0s\""]);
        assert_eq!(others(with("\"65s\"")), ["\"0s\""]);
        assert_eq!(others(with("\"3s\"")), ["\"0s\"", "\"1m5s\""]);
        assert_eq!(
            Assumptions::default().others("loadBalancerHoldAfterIdle"),
            [""; 0]
        );
    }

    #[test]
    fn an_assumption_is_set_by_its_name() {
        for assumption in Assumptions::ALL {
            for value in assumption.alternatives {
                let spec = AssumptionsSpec::default().with(assumption.name, value);
                let resolved = spec.resolve("").expect("legal");
                let written = serde_json::to_value(resolved).expect("JSON");
                assert_eq!(written[assumption.name].to_string(), *value);
            }
        }
    }

    #[test]
    fn null_means_the_default() {
        for assumption in Assumptions::ALL {
            let resolved = with(assumption.name, Value::Null).resolve("");
            assert_eq!(resolved, Ok(Assumptions::default()), "{}", assumption.name);
        }
    }

    #[test]
    fn values_no_document_gives_are_told_all_at_once() {
        let spec: AssumptionsSpec = serde_json::from_value(json!({
            "firewallMaxInstances": 51, "automaticPortsAbove1000Nodes": 33
        }))
        .expect("known assumptions");
        let faults = spec.resolve("/assumptions").expect_err("refused");
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/assumptions/firewallMaxInstances",
                "/assumptions/automaticPortsAbove1000Nodes"
            ]
        );
    }

    #[test]
    fn an_unknown_assumption_is_an_error() {
        assert!(
            serde_json::from_value::<AssumptionsSpec>(json!({ "natHoldAfterFin": "1s" })).is_err()
        );
    }
}

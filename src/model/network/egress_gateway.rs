//! Static egress gateways of a cluster: which connections of annotated pods leave through them.

use super::super::build::{Review, check_names};
use super::network;
use crate::fault::{Code, Fault, step};
use crate::scenario::{ScenarioSpec, StaticEgressGatewaySpec};
use ipnet::IpNet;
use std::net::IpAddr;

/// A gateway node pool with its prefix of public IPs. `aks:articles/aks/configure-static-egress-gateway.md`.
#[derive(Clone, Debug)]
pub struct EgressGateway {
    pub name: String,
    /// Networks that are reached as if there were no gateway.
    excluded: Vec<IpNet>,
}

/// Where gateways stand in a scenario.
const POINTER: &str = "/cluster/staticEgressGateways";

/// Lengths of the prefix of public IPs: 16 down to 2 of them.
const PREFIXES: std::ops::RangeInclusive<u8> = 28..=31;

impl EgressGateway {
    pub(super) fn read_all(spec: &ScenarioSpec, review: &mut Review) -> Vec<EgressGateway> {
        let declared = declared(spec);
        let names = declared.iter().map(|gateway| gateway.name.as_str());
        check_names("static egress gateway", POINTER, names, review);
        if let (Some(pointer), false) = (pod_subnet(spec), declared.is_empty()) {
            review.fault(Fault {
                code: Code::E0239,
                pointer,
                found: "Pods have addresses of a subnet of their own, and the cluster has a static egress gateway."
                    .to_owned(),
                allowed: "static egress gateways with any network plugin but Azure CNI Pod Subnet".to_owned(),
                remedy: "Take the pod subnet out, or the gateway.".to_owned(),
            });
        }
        let gateways = declared.iter().enumerate();
        gateways
            .map(|(i, gateway)| read(gateway, &step(POINTER, i), review))
            .collect()
    }

    /// Whether connections to `address` go through it; an address that is not known is a public one.
    pub fn takes(&self, address: Option<IpAddr>) -> bool {
        let excludes = |network: &IpNet| match address {
            Some(address) => network.contains(&address),
            None => network.prefix_len() == 0,
        };
        !self.excluded.iter().any(excludes)
    }
}

fn declared(spec: &ScenarioSpec) -> &[StaticEgressGatewaySpec] {
    let cluster = spec.cluster.as_ref();
    cluster
        .and_then(|cluster| cluster.static_egress_gateways.as_deref())
        .unwrap_or_default()
}

/// Names of the gateways there are.
pub fn names(spec: &ScenarioSpec) -> Vec<String> {
    let gateways = declared(spec).iter();
    gateways.map(|gateway| gateway.name.clone()).collect()
}

/// Where the cluster speaks of a subnet for pods.
fn pod_subnet(spec: &ScenarioSpec) -> Option<String> {
    let cluster = spec.cluster.as_ref()?;
    if cluster.pod_subnet_address_prefix.is_some() {
        return Some("/cluster/podSubnetAddressPrefix".to_owned());
    }
    let pools = cluster.node_pools.iter().flatten().enumerate();
    let field = pools.filter_map(|(i, pool)| {
        let field = match (&pool.pod_subnet_id, &pool.pod_subnet_address_prefix) {
            (Some(_), _) => "podSubnetID",
            (_, Some(_)) => "podSubnetAddressPrefix",
            _ => return None,
        };
        Some(step(&step("/cluster/nodePools", i), field))
    });
    field.into_iter().next()
}

fn read(spec: &StaticEgressGatewaySpec, pointer: &str, review: &mut Review) -> EgressGateway {
    let size = spec.gateway_prefix_size;
    if !PREFIXES.contains(&size) {
        review.fault(Fault {
            code: Code::E0239,
            pointer: step(pointer, "gatewayPrefixSize"),
            found: format!("A prefix of public IPs of length {size}."),
            allowed: "28 to 31: 16 to 2 public IPs".to_owned(),
            remedy: "Set it to what `az aks nodepool show --query gatewayProfile` prints."
                .to_owned(),
        });
    } else if spec.gateway_nodes > 1 << (32 - size) {
        review.fault(Fault {
            code: Code::E0239,
            pointer: step(pointer, "gatewayNodes"),
            found: format!(
                "{} gateway nodes with a /{size}, which has {} public IPs.",
                spec.gateway_nodes,
                1 << (32 - size)
            ),
            allowed: "as many nodes as the prefix has public IPs".to_owned(),
            remedy: "Use fewer nodes, or a larger prefix (a smaller number).".to_owned(),
        });
    } else if spec.gateway_nodes == 0 {
        review.fault(Fault {
            code: Code::E0239,
            pointer: step(pointer, "gatewayNodes"),
            found: "A gateway without nodes.".to_owned(),
            allowed: "1 node or more".to_owned(),
            remedy: "Give it a node, or take the gateway out.".to_owned(),
        });
    }
    let mut excluded = Vec::new();
    for (i, text) in spec.exclude_cidrs.iter().flatten().enumerate() {
        match network(text) {
            Some(network) => excluded.push(network),
            None => review.fault(Fault {
                code: Code::E0239,
                pointer: step(&step(pointer, "excludeCidrs"), i),
                found: format!("\"{text}\" is no network."),
                allowed: "a network in CIDR notation, such as \"10.0.0.0/8\"".to_owned(),
                remedy: "List the excludeCidrs of the StaticGatewayConfiguration.".to_owned(),
            }),
        }
    }
    EgressGateway {
        name: spec.name.clone(),
        excluded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn what_is_excluded_goes_by_the_normal_path() {
        let gateway = EgressGateway {
            name: "partners".to_owned(),
            excluded: vec![
                "10.0.0.0/8".parse().unwrap(),
                "203.0.113.40".parse::<IpAddr>().unwrap().into(),
            ],
        };
        let to = |text: &str| gateway.takes(Some(text.parse().unwrap()));
        assert_eq!(
            ["10.1.2.3", "203.0.113.40", "203.0.113.41"].map(to),
            [false, false, true]
        );
        assert!(gateway.takes(None));
        let everything = IpNet::new(Ipv4Addr::UNSPECIFIED.into(), 0).unwrap();
        let none = EgressGateway {
            excluded: vec![everything],
            ..gateway
        };
        assert!(!none.takes(None));
    }
}

//! What stands between the nodes and the outbound type: address space, security rules, routes, the HTTP proxy.

mod egress_gateway;
mod nsg;
mod proxy;
mod routes;
mod target;

pub(super) use egress_gateway::{EgressGateway, names as egress_gateways};
pub(super) use proxy::Proxy;
pub(super) use routes::{Hop, Next};
pub(super) use target::{Flow, Special, Target};

use super::build::Review;
use crate::fault::{Code, Fault, step};
use crate::scenario::{NetworkSpec, ScenarioSpec};
use ipnet::IpNet;
use nsg::{Nsg, Tags};
use routes::Routes;
use std::net::IpAddr;

/// The network of a scenario.
pub(super) struct Network {
    /// Looked at one after the other: interface, then subnet.
    nsgs: Vec<Nsg>,
    pub(super) routes: Routes,
    pub(super) proxy: Proxy,
    pub(super) egress_gateways: Vec<EgressGateway>,
}

impl Network {
    pub(super) fn read(spec: &ScenarioSpec, review: &mut Review) -> Network {
        const POINTER: &str = "/network";
        let egress_gateways = EgressGateway::read_all(spec, review);
        let none = NetworkSpec::default();
        let spec = spec.network.as_ref().unwrap_or(&none);
        let space = spec
            .vnet_address_space
            .as_deref()
            .map(|texts| space(texts, &step(POINTER, "vnetAddressSpace"), review));
        let nsg = spec.nsg.clone().unwrap_or_default();
        let at = step(POINTER, "nsg");
        let groups = [("nic", nsg.nic), ("subnet", nsg.subnet)];
        let nsgs = groups.into_iter().filter_map(|(name, rules)| {
            Some(Nsg::read(name, rules.as_deref()?, &step(&at, name), review))
        });
        Network {
            nsgs: nsgs.collect(),
            routes: Routes::read(
                space.as_deref(),
                spec.route_table.as_deref().unwrap_or_default(),
                &step(POINTER, "routeTable"),
                review,
            ),
            proxy: Proxy::read(
                spec.http_proxy_config
                    .as_ref()
                    .filter(|config| config.enabled != Some(false)),
                &step(POINTER, "httpProxyConfig"),
                review,
            ),
            egress_gateways,
        }
    }

    /// The security rule that stops `flow`, as part of a sentence; none where all let it through. `has_default` as in
    /// [`Routes::next`].
    pub(super) fn denies(&self, flow: &Flow, has_default: bool) -> Option<String> {
        let tags = Tags {
            virtual_network: self.routes.in_virtual_network(flow.target, has_default),
            internet: !flow.target.is_private() && !self.routes.in_space(flow.target),
        };
        self.nsgs.iter().find_map(|nsg| nsg.denies(flow, tags))
    }
}

/// The networks of `vnetAddressSpace`.
fn space(texts: &[String], pointer: &str, review: &mut Review) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for (i, text) in texts.iter().enumerate() {
        match network(text) {
            Some(network) => networks.push(network),
            None => review.fault(Fault {
                code: Code::E0230,
                pointer: step(pointer, i),
                found: format!("\"{text}\" is no network."),
                allowed: "a network in CIDR notation, such as \"10.224.0.0/12\"".to_owned(),
                remedy: "List what `az network vnet show --query addressSpace.addressPrefixes` prints, and the networks \
                         of peers."
                    .to_owned(),
            }),
        }
    }
    networks
}

/// A network in CIDR notation, or one address.
fn network(text: &str) -> Option<IpNet> {
    let network = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    network.ok().map(|network: IpNet| network.trunc())
}

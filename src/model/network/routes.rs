//! The routes of the nodes' subnet: the longest prefix decides, and among equal ones the user's.

use super::super::build::Review;
use super::network;
use super::target::{PRIVATE_RANGES, Target};
use crate::fault::{Code, Fault, step};
use crate::scenario::{NextHopTypeSpec, RouteSpec};
use ipnet::{IpNet, Ipv4Net};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hop {
    /// To an appliance.
    Appliance(IpAddr),
    /// To the internet.
    Internet,
    /// Nowhere.
    Nowhere,
    /// Into the virtual network.
    Vnet,
    /// To a VPN or ExpressRoute gateway.
    Gateway,
}

/// What the routes say of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// Where to.
    pub hop: Hop,
    /// Whether the user has said so.
    pub by_user: bool,
    /// Which route, as part of a sentence.
    pub rule: String,
}

/// The routes of a subnet, those of Azure included.
pub struct Routes {
    routes: Vec<Route>,
}

struct Route {
    network: IpNet,
    hop: Hop,
    by_user: bool,
    /// Its place in the file, where it has one.
    pointer: String,
    rule: String,
}

impl Routes {
    /// `space` are the networks of the virtual network; none where nothing is said of them.
    pub fn read(
        space: Option<&[IpNet]>,
        table: &[RouteSpec],
        pointer: &str,
        review: &mut Review,
    ) -> Routes {
        let mut routes = system_routes(space);
        let mut seen: BTreeMap<IpNet, usize> = BTreeMap::new();
        for (i, spec) in table.iter().enumerate() {
            let at = step(pointer, i);
            let Some((network, hop)) = read(spec, &at, review) else {
                continue;
            };
            if let Some(first) = seen.insert(network, i) {
                review.fault(Fault {
                    code: Code::E0235,
                    pointer: step(&at, "addressPrefix"),
                    found: format!("Routes {first} and {i} are both for {network}."),
                    allowed: "each prefix once in a route table".to_owned(),
                    remedy: "Remove one of them.".to_owned(),
                });
            }
            routes.push(Route {
                network,
                hop,
                by_user: true,
                rule: rule(spec, network, hop),
                pointer: at,
            });
        }
        Routes { routes }
    }

    /// Where `target` is sent. `articles/virtual-network/virtual-networks-udr-overview.md`. With a default route of the
    /// user's, which `has_default` says is there even if the file does not give it, Azure takes its routes to None for
    /// private ranges away.
    pub fn next(&self, target: Target, has_default: bool) -> Next {
        let has_default = has_default || self.default().is_some();
        let holds = |route: &&Route| route.by_user || route.hop != Hop::Nowhere || !has_default;
        let found = self
            .routes
            .iter()
            .filter(|route| target.is_in(&route.network))
            .filter(holds)
            // At equal length the user's, and the virtual network over Azure's default of None.
            .max_by_key(|route| {
                (
                    route.network.prefix_len(),
                    route.by_user,
                    route.hop == Hop::Vnet,
                )
            })
            .expect("Azure has a route for everything");
        Next {
            hop: found.hop,
            by_user: found.by_user,
            rule: found.rule.clone(),
        }
    }

    /// Whether the service tag `VirtualNetwork` holds `target`: the address space, what is connected with it, and the
    /// prefixes of user-defined routes. `articles/virtual-network/service-tags-overview.md`.
    pub fn in_virtual_network(&self, target: Target, has_default: bool) -> bool {
        let holds = |route: &Route| {
            (route.by_user || route.hop == Hop::Vnet) && target.is_in(&route.network)
        };
        let everything = IpNet::V4(Ipv4Net::default());
        target == Target::Private
            || (has_default && target.is_in(&everything))
            || self.routes.iter().any(holds)
    }

    /// Whether `target` lies in the networks of the virtual network.
    pub fn in_space(&self, target: Target) -> bool {
        let holds = |route: &Route| {
            !route.by_user && route.hop == Hop::Vnet && target.is_in(&route.network)
        };
        self.routes.iter().any(holds)
    }

    /// The user's default route: where it leads, and its place in the file.
    pub fn default(&self) -> Option<(Hop, &str)> {
        let is_default = |route: &&Route| {
            route.by_user && route.network.prefix_len() == 0 && route.network.addr().is_ipv4()
        };
        let route = self.routes.iter().find(is_default)?;
        Some((route.hop, &route.pointer))
    }
}

/// Azure's own routes. Where nothing is said of the virtual network, every private range counts as reached by it.
fn system_routes(space: Option<&[IpNet]>) -> Vec<Route> {
    let system = |network: &IpNet, hop, rule: String| Route {
        network: *network,
        hop,
        by_user: false,
        pointer: String::new(),
        rule,
    };
    let mut routes: Vec<Route> = ["0.0.0.0/0", "::/0"]
        .iter()
        .map(|text| {
            let network = text.parse().expect("a network");
            let rule = format!("Azure's system route {text} to Internet");
            system(&network, Hop::Internet, rule)
        })
        .collect();
    match space {
        None => routes.extend(PRIVATE_RANGES.iter().map(|range| {
            let rule = format!("{range} is private and taken to be reached without NAT");
            system(range, Hop::Vnet, rule)
        })),
        Some(space) => {
            routes.extend(PRIVATE_RANGES.iter().map(|range| {
                let rule = format!(
                    "Azure's system route {range} to None: network.vnetAddressSpace does not hold the address"
                );
                system(range, Hop::Nowhere, rule)
            }));
            routes.extend(space.iter().map(|network| {
                let rule = format!("{network} of network.vnetAddressSpace");
                system(network, Hop::Vnet, rule)
            }));
        }
    }
    routes
}

fn rule(spec: &RouteSpec, network: IpNet, hop: Hop) -> String {
    let name = spec.name.as_deref().map(|name| format!("{name}, "));
    let name = name.unwrap_or_default();
    match hop {
        Hop::Appliance(address) => format!("route {name}{network} to VirtualAppliance {address}"),
        _ => format!("route {name}{network} to {:?}", spec.next_hop_type),
    }
}

fn read(spec: &RouteSpec, pointer: &str, review: &mut Review) -> Option<(IpNet, Hop)> {
    let network = network(&spec.address_prefix);
    if network.is_none() {
        review.fault(Fault {
            code: Code::E0235,
            pointer: step(pointer, "addressPrefix"),
            found: format!("\"{}\" is no network.", spec.address_prefix),
            allowed: "a network in CIDR notation, such as \"0.0.0.0/0\"".to_owned(),
            remedy: "Instead of a service tag write a route for each network that it stands for and that a destination \
                     lies in."
                .to_owned(),
        });
    }
    let at = step(pointer, "nextHopIpAddress");
    let text = spec.next_hop_ip_address.as_deref();
    let text = text.filter(|text| !text.is_empty());
    let fault = |found: String, remedy: &str| Fault {
        code: Code::E0236,
        pointer: at.clone(),
        found,
        allowed: "the appliance's address with VirtualAppliance, and with nothing else".to_owned(),
        remedy: remedy.to_owned(),
    };
    let hop = match (spec.next_hop_type, text) {
        (NextHopTypeSpec::VirtualAppliance, Some(text)) => match text.parse() {
            Ok(address) => Hop::Appliance(address),
            Err(_) => {
                review.fault(fault(
                    format!("\"{text}\" is no IP address."),
                    "Write the private address of the appliance, such as \"10.1.0.4\".",
                ));
                return None;
            }
        },
        (NextHopTypeSpec::VirtualAppliance, None) => {
            review.fault(Fault {
                pointer: pointer.to_owned(),
                ..fault(
                    "A route to VirtualAppliance without nextHopIpAddress.".to_owned(),
                    "Add \"nextHopIpAddress\": the private address of the firewall or appliance.",
                )
            });
            return None;
        }
        (other, Some(_)) => {
            review.fault(fault(
                format!("A nextHopIpAddress with a route to {other:?}."),
                "Remove it, or set nextHopType to \"VirtualAppliance\".",
            ));
            return None;
        }
        (NextHopTypeSpec::Internet, None) => Hop::Internet,
        (NextHopTypeSpec::None, None) => Hop::Nowhere,
        (NextHopTypeSpec::VnetLocal, None) => Hop::Vnet,
        (NextHopTypeSpec::VirtualNetworkGateway, None) => Hop::Gateway,
    };
    Some((network?, hop))
}

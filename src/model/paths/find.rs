//! Finds the path to every endpoint, in the order in which a packet meets what decides.

use super::super::network::{Flow, Hop, Network, Next, Special, Target};
use super::{Bypass, Client, Decision, Denial, Origins, Path, Paths};
use crate::engine::Protocol;
use crate::outbound::Way;
use crate::scenario::RouteWord;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// An endpoint, as far as paths depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Name of its destination.
    pub name: Arc<str>,
    /// Its literal address.
    pub address: Option<IpAddr>,
    pub protocol: Protocol,
    pub port: u16,
    /// How it is reached; none by the internet.
    pub route: Option<RouteWord>,
}

/// The paths to `places` by an outbound type of this kind.
pub fn resolve(places: &[Place], network: &Network, way: Way, origins: &Origins) -> Paths {
    let mut known: BTreeMap<Decision, u32> = BTreeMap::new();
    let mut decisions = Vec::new();
    let finder = Finder { network, way };
    let mut by_endpoint: Vec<Arc<[u32]>> = Vec::with_capacity(places.len());
    for (i, place) in places.iter().enumerate() {
        // The endpoints of a destination without addresses are all alike.
        if i > 0 && places[i - 1] == *place {
            by_endpoint.push(by_endpoint[i - 1].clone());
            continue;
        }
        let paths = origins.all().map(|(own_ip, client)| {
            let decision = finder.decide(place, Origin { own_ip, client });
            *known.entry(decision).or_insert_with_key(|decision| {
                decisions.push(decision.clone());
                decisions.len() as u32 - 1
            })
        });
        by_endpoint.push(paths.collect());
    }
    let take_ports = |paths: &Arc<[u32]>| {
        let used = origins.all().zip(paths.iter());
        used.filter(|((own_ip, _), _)| !own_ip || !origins.own_ip.is_empty())
            .all(|(_, path)| decisions[*path as usize].path == Path::Snat)
    };
    Paths {
        some_take_none: !by_endpoint.iter().all(take_ports),
        decisions,
        by_endpoint,
        origins: origins.clone(),
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy)]
struct Origin {
    /// Whether its node has a public IP of its own.
    own_ip: bool,
    client: Client,
}

/// Finds paths under one outbound type.
#[derive(Clone, Copy)]
struct Finder<'a> {
    network: &'a Network,
    way: Way,
}

fn bypassed(why: Bypass, rule: impl Into<String>) -> Decision {
    Decision {
        path: Path::Bypassed(why),
        rule: rule.into(),
    }
}

fn denied(why: Denial, rule: impl Into<String>) -> Decision {
    Decision {
        path: Path::Denied(why),
        rule: rule.into(),
    }
}

fn takes_port(rule: impl Into<String>) -> Decision {
    Decision {
        path: Path::Snat,
        rule: rule.into(),
    }
}

fn blocked() -> Decision {
    denied(
        Denial::OutboundType,
        "outboundType block, whose NSG rules stop what goes to the internet",
    )
}

impl Finder<'_> {
    /// In the order in which a packet meets what decides: the client's proxy, the host's security rules, the routes, the
    /// outbound type.
    fn decide(self, place: &Place, origin: Origin) -> Decision {
        if let (None, Some(address)) = (place.route, place.address) {
            match Special::of(address) {
                Some(Special::Local) => {
                    return bypassed(Bypass::Local, "the address never leaves the link");
                }
                Some(Special::Platform) => {
                    return bypassed(Bypass::AzurePlatform, "168.63.129.16 is on every host");
                }
                None => {}
            }
        }
        let proxy = &self.network.proxy;
        let instead = proxy.instead(&place.name, place.address, place.protocol, place.port);
        if let Some((flow, name)) = instead.filter(|_| origin.client.cooperates) {
            return self.by_proxy(&flow, name);
        }
        let flow = Flow {
            target: target(place),
            protocol: place.protocol,
            port: place.port,
        };
        if let Some(rule) = self.network.denies(&flow, self.has_default()) {
            return denied(Denial::Nsg, rule);
        }
        let stays_inside = || self.next(flow.target).hop == Hop::Vnet;
        if self.way == Way::Blocked && !flow.target.is_private() && !stays_inside() {
            return blocked();
        }
        let by = self.own_ip(place, origin);
        match place.route {
            None | Some(RouteWord::Internet) => self.by_routes(flow.target, by, false),
            Some(RouteWord::SameRegionStorage) => self.by_routes(flow.target, by, true),
            Some(route) => by_declared(route),
        }
    }

    /// The public IP that a connection to `place` has without the outbound type: of the static egress gateway of its pod,
    /// or of its node.
    fn own_ip(self, place: &Place, origin: Origin) -> Option<Decision> {
        let gateways = &self.network.egress_gateways;
        let gateway = origin.client.gateway.map(|index| &gateways[index]);
        match gateway.filter(|gateway| gateway.takes(place.address)) {
            Some(gateway) => Some(bypassed(
                Bypass::StaticEgressGateway,
                format!("static egress gateway {}", gateway.name),
            )),
            None => origin
                .own_ip
                .then(|| bypassed(Bypass::NodePublicIp, "enableNodePublicIP of the node pool")),
        }
    }

    fn by_proxy(self, flow: &Flow, name: String) -> Decision {
        if let Some(rule) = self.network.denies(flow, self.has_default()) {
            return denied(Denial::Nsg, rule);
        }
        match flow.target {
            Target::Address(_) => {
                let next = self.next(flow.target);
                match next.hop {
                    Hop::Nowhere => denied(Denial::NextHopNone, next.rule),
                    _ => bypassed(Bypass::HttpProxy, name),
                }
            }
            _ => bypassed(Bypass::HttpProxy, name),
        }
    }

    /// userDefinedRouting has a default route to the firewall, whether the file gives it or not.
    fn has_default(self) -> bool {
        self.way == Way::Firewall
    }

    fn next(self, target: Target) -> Next {
        self.network.routes.next(target, self.has_default())
    }

    fn by_routes(self, target: Target, own_ip: Option<Decision>, storage: bool) -> Decision {
        let next = self.next(target);
        match next.hop {
            Hop::Vnet => bypassed(Bypass::Vnet, next.rule),
            Hop::Gateway => bypassed(Bypass::OnPremises, next.rule),
            Hop::Nowhere => denied(Denial::NextHopNone, next.rule),
            Hop::Appliance(address) if self.way == Way::Firewall && self.is_firewall(address) => {
                self.by_firewall(target, next.rule)
            }
            Hop::Appliance(_) => bypassed(Bypass::VirtualAppliance, next.rule),
            // AKS wants a default route to the firewall; a table without one is taken to go on with it.
            Hop::Internet if self.way == Way::Firewall && !next.by_user => {
                self.by_firewall(target, "the default route to the firewall".to_owned())
            }
            Hop::Internet => self.to_internet(own_ip, storage, next.rule),
        }
    }

    /// The firewall is where the default route leads; every appliance, where the file has no default route.
    fn is_firewall(self, address: IpAddr) -> bool {
        match self.network.routes.default() {
            Some((Hop::Appliance(firewall), _)) => firewall == address,
            Some(_) => false,
            None => true,
        }
    }

    /// `articles/firewall/snat-private-range.md`, for network rules.
    fn by_firewall(self, target: Target, rule: String) -> Decision {
        match target.is_private() {
            true => bypassed(Bypass::FirewallPrivateRange, rule),
            false => takes_port(rule),
        }
    }

    /// `articles/nat-gateway/nat-overview.md` has the order of precedence.
    fn to_internet(self, own_ip: Option<Decision>, storage: bool, rule: String) -> Decision {
        match (self.way, own_ip) {
            (Way::LoadBalancer | Way::NatGateway, _) if storage => bypassed(
                Bypass::SameRegionStorage,
                "route sameRegionStorage, over private Azure addresses",
            ),
            (Way::LoadBalancer | Way::Firewall | Way::Nothing, Some(own_ip)) => own_ip,
            (Way::LoadBalancer | Way::NatGateway | Way::Custom, _) => takes_port(rule),
            (Way::Firewall, None) => denied(
                Denial::NoPublicPath,
                format!("{rule}: userDefinedRouting makes no other way out"),
            ),
            (Way::Nothing, None) => denied(
                Denial::OutboundType,
                "outboundType none, which sets up no way out",
            ),
            (Way::Blocked, _) => blocked(),
        }
    }
}

/// What rules see of a place: the address behind a private route is another than the public one.
fn target(place: &Place) -> Target {
    let literal = place.address.map(Target::Address);
    match place.route {
        None
        | Some(RouteWord::Internet | RouteWord::ServiceEndpoint | RouteWord::SameRegionStorage) => {
            literal.unwrap_or(Target::Public)
        }
        Some(_) => literal
            .filter(|target| target.is_private())
            .unwrap_or(Target::Private),
    }
}

fn by_declared(route: RouteWord) -> Decision {
    let (why, word) = match route {
        RouteWord::PrivateEndpoint => (Bypass::PrivateEndpoint, "privateEndpoint"),
        RouteWord::ServiceEndpoint => (Bypass::ServiceEndpoint, "serviceEndpoint"),
        RouteWord::Peering => (Bypass::Peering, "peering"),
        RouteWord::Vnet => (Bypass::Vnet, "vnet"),
        RouteWord::InternalLoadBalancer => (Bypass::InternalLoadBalancer, "internalLoadBalancer"),
        RouteWord::OnPremises => (Bypass::OnPremises, "onPremises"),
        RouteWord::Internet | RouteWord::SameRegionStorage => {
            unreachable!("it follows the routes")
        }
    };
    bypassed(why, format!("route {word} of the destination"))
}

//! Whether a connection takes a port of an outbound type, and what decided it.

use super::network::{Flow, Hop, Network, Special, Target};
use super::{Model, Outbound, Traffic};
use crate::engine::Protocol;
use crate::outbound::Way;
use crate::scenario::RouteWord;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

/// What becomes of a connection under an outbound type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Path {
    /// It takes a port.
    Snat,
    /// It goes another way and takes none.
    Bypassed(Bypass),
    /// It is stopped before any NAT.
    Denied(Denial),
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($(#[$of:meta])* $variant:ident $word:literal $text:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$of])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[$name] = &[$($name::$variant),*];

            /// The word for it in a result.
            pub const fn word(self) -> &'static str {
                match self {
                    $($name::$variant => $word,)*
                }
            }

            /// It in a sentence, after what happened to a connection.
            pub const fn text(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }
        }
    };
}

words! {
    /// Why a connection takes no port.
    Bypass:
    /// Private Link: from a private address to a private address.
    PrivateEndpoint "privateEndpoint" "by private endpoint";
    /// The backbone, with the subnet as identity.
    ServiceEndpoint "serviceEndpoint" "by service endpoint";
    /// A peered virtual network.
    Peering "peering" "by peering";
    /// Inside the virtual network.
    Vnet "vnet" "inside the virtual network";
    /// A load balancer inside the virtual network.
    InternalLoadBalancer "internalLoadBalancer" "by internal load balancer";
    /// A VPN or ExpressRoute gateway.
    OnPremises "onPremises" "by VPN or ExpressRoute gateway";
    /// Azure Storage of the same region, over private Azure addresses.
    SameRegionStorage "sameRegionStorage" "to storage of the same region";
    /// The firewall does not translate what goes to private ranges.
    FirewallPrivateRange "firewallPrivateRange" "by the firewall, which does not translate private ranges";
    /// An appliance that is not simulated.
    VirtualAppliance "virtualAppliance" "by an appliance that is not simulated";
    /// A public IP of the node's own: one to one, with all its ports.
    NodePublicIp "nodePublicIP" "by the node's own public IP";
    /// It goes to the cluster's HTTP proxy.
    HttpProxy "httpProxy" "by HTTP proxy";
    /// The platform's own address.
    AzurePlatform "azurePlatform" "to the platform's own address";
    /// Loopback, link-local, multicast or broadcast.
    Local "local" "to local addresses";
}

words! {
    /// Why a connection is stopped.
    Denial:
    /// A security rule.
    Nsg "nsg" "by NSG";
    /// A route that leads nowhere.
    NextHopNone "nextHopNone" "by a route to None";
    /// An outbound type without egress.
    OutboundType "outboundType" "by the outbound type";
    /// A route to the internet where no public path is.
    NoPublicPath "noPublicPath" "for want of a public path";
}

impl Path {
    /// The word for it in a result, and the word for the reason.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Path::Snat => ("snat", "outboundType"),
            Path::Bypassed(why) => ("bypassed", why.word()),
            Path::Denied(why) => ("denied", why.word()),
        }
    }
}

/// A path and what decided it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decision {
    /// What becomes of the connection.
    pub path: Path,
    /// The rule, route or setting, as part of a sentence.
    pub rule: String,
}

/// The paths of all connections under one outbound type. What may take different paths is drawn from different streams,
/// so that each of them is taken as a whole.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// The different ones.
    decisions: Vec<Decision>,
    /// By endpoint, those of the four origins; empty where every connection takes a port.
    by_endpoint: Vec<[u32; 4]>,
    origins: Origins,
}

/// What of the origin of a connection matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// By node, whether it has a public IP of its own; empty where none has.
    pub own_ip: Arc<[bool]>,
    /// By workload, whether it goes by the HTTP proxy; empty where none does.
    pub cooperates: Arc<[bool]>,
}

/// A share of a workload's connections to a destination, and the path it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct PathShare {
    /// Index into [`Model::workloads`].
    pub workload: u32,
    /// Index into [`Model::destinations`].
    pub destination: u32,
    /// Share of the workload's connections to the destination, above 0; of a trace, of its rows.
    pub share: f64,
    /// The path, and what decided it.
    pub decision: Decision,
}

impl Paths {
    /// Whether every connection takes a port.
    pub fn all_take_ports(&self) -> bool {
        self.by_endpoint.is_empty()
    }

    /// Whether any node has a public IP of its own.
    pub fn has_own_ips(&self) -> bool {
        !self.origins.own_ip.is_empty()
    }

    /// Whether `node` has a public IP of its own.
    pub fn has_own_ip(&self, node: u32) -> bool {
        self.origins.own_ip.get(node as usize) == Some(&true)
    }

    /// The different paths there are.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// Of `nodes` the first of each kind: what holds for these holds for all of them.
    pub fn one_of_each_kind(&self, nodes: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut found: [Option<u32>; 2] = [None; 2];
        for node in nodes {
            found[usize::from(self.has_own_ip(node))].get_or_insert(node);
        }
        found.into_iter().flatten().collect()
    }

    /// Index of the path from `node` to `endpoint`; none where every connection takes a port.
    pub fn index(&self, workload: u32, node: u32, endpoint: u32) -> Option<usize> {
        self.of_origin(workload, self.has_own_ip(node), endpoint)
    }

    fn of_origin(&self, workload: u32, own_ip: bool, endpoint: u32) -> Option<usize> {
        let cooperates = self.origins.cooperates.get(workload as usize) == Some(&true);
        let origin = usize::from(own_ip) + 2 * usize::from(cooperates);
        let paths = self.by_endpoint.get(endpoint as usize)?;
        Some(paths[origin] as usize)
    }

    /// Whether connections from `node` to `endpoint` take a port.
    pub fn takes_port(&self, workload: u32, node: u32, endpoint: u32) -> bool {
        self.index(workload, node, endpoint)
            .is_none_or(|index| self.decisions[index].path == Path::Snat)
    }
}

/// An endpoint, as far as paths depend on it.
#[derive(Clone, Debug)]
pub(super) struct Place {
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
pub(super) fn resolve(places: &[Place], network: &Network, way: Way, origins: &Origins) -> Paths {
    let mut known: BTreeMap<Decision, u32> = BTreeMap::new();
    let mut decisions = Vec::new();
    let mut by_endpoint = Vec::with_capacity(places.len());
    for place in places {
        let origin = |index: usize| {
            let origin = Origin {
                own_ip: index & 1 == 1 && !origins.own_ip.is_empty(),
                cooperates: index & 2 == 2 && !origins.cooperates.is_empty(),
            };
            let decision = Finder { network, way }.decide(place, origin);
            *known.entry(decision).or_insert_with_key(|decision| {
                decisions.push(decision.clone());
                decisions.len() as u32 - 1
            })
        };
        by_endpoint.push([0, 1, 2, 3].map(origin));
    }
    if decisions.iter().all(|decision| decision.path == Path::Snat) {
        by_endpoint.clear();
    }
    Paths {
        decisions,
        by_endpoint,
        origins: origins.clone(),
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy)]
struct Origin {
    own_ip: bool,
    cooperates: bool,
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
        if let Some((flow, name)) = instead.filter(|_| origin.cooperates) {
            return self.by_proxy(&flow, name);
        }
        let flow = Flow {
            target: target(place),
            protocol: place.protocol,
            port: place.port,
        };
        if let Some(rule) = self.network.denies(&flow) {
            return denied(Denial::Nsg, rule);
        }
        let stays_inside = || self.network.routes.next(flow.target).hop == Hop::Vnet;
        if self.way == Way::Blocked && !flow.target.is_private() && !stays_inside() {
            return blocked();
        }
        match place.route {
            None | Some(RouteWord::Internet) => self.by_routes(flow.target, origin, false),
            Some(RouteWord::SameRegionStorage) => self.by_routes(flow.target, origin, true),
            Some(route) => by_declared(route),
        }
    }

    fn by_proxy(self, flow: &Flow, name: String) -> Decision {
        if let Some(rule) = self.network.denies(flow) {
            return denied(Denial::Nsg, rule);
        }
        match flow.target {
            Target::Address(_) => {
                let next = self.network.routes.next(flow.target);
                match next.hop {
                    Hop::Nowhere => denied(Denial::NextHopNone, next.rule),
                    _ => bypassed(Bypass::HttpProxy, name),
                }
            }
            _ => bypassed(Bypass::HttpProxy, name),
        }
    }

    fn by_routes(self, target: Target, origin: Origin, storage: bool) -> Decision {
        let next = self.network.routes.next(target);
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
            Hop::Internet => self.to_internet(origin, storage, next.rule),
        }
    }

    /// The firewall is where the default route leads; every appliance, where it leads nowhere in particular.
    fn is_firewall(self, address: IpAddr) -> bool {
        match self.network.routes.default() {
            Some((Hop::Appliance(firewall), _)) => firewall == address,
            _ => true,
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
    fn to_internet(self, origin: Origin, storage: bool, rule: String) -> Decision {
        let own_ip = || bypassed(Bypass::NodePublicIp, "enableNodePublicIP of the node pool");
        match self.way {
            Way::LoadBalancer | Way::NatGateway if storage => bypassed(
                Bypass::SameRegionStorage,
                "route sameRegionStorage, over private Azure addresses",
            ),
            Way::LoadBalancer if origin.own_ip => own_ip(),
            Way::LoadBalancer | Way::NatGateway | Way::Custom => takes_port(rule),
            Way::Firewall if origin.own_ip => own_ip(),
            Way::Firewall => denied(
                Denial::NoPublicPath,
                format!("{rule}: userDefinedRouting makes no other way out"),
            ),
            Way::Nothing if origin.own_ip => own_ip(),
            Way::Nothing => denied(
                Denial::OutboundType,
                "outboundType none, which sets up no way out",
            ),
            Way::Blocked => blocked(),
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

impl Model {
    /// The paths of all connections under `outbound`, by workload and destination: what is known before anything is
    /// simulated. Those that take a port are among them.
    pub fn paths(&self, outbound: &Outbound) -> Vec<PathShare> {
        let paths = &outbound.paths;
        let whole = Decision {
            path: Path::Snat,
            rule: "nothing goes before the outbound type".to_owned(),
        };
        let mut shares: BTreeMap<(u32, u32, Option<usize>), f64> = BTreeMap::new();
        let mut totals: BTreeMap<(u32, u32), f64> = BTreeMap::new();
        for (workload, of) in (0u32..).zip(&self.workloads) {
            let mut add = |endpoint: u32, index: Option<usize>, share: f64| {
                let destination = self.endpoints[endpoint as usize].destination;
                *shares.entry((workload, destination, index)).or_insert(0.0) += share;
                *totals.entry((workload, destination)).or_insert(0.0) += share;
            };
            match &of.traffic {
                Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => {
                    for own_ip in [false, true] {
                        let nodes = mix.nodes.iter();
                        let nodes = nodes.filter(|(node, _)| paths.has_own_ip(*node) == own_ip);
                        let nodes: f64 = nodes.map(|(_, share)| share).sum();
                        for (endpoint, share) in mix.endpoints.iter().filter(|_| nodes > 0.0) {
                            let index = paths.of_origin(workload, own_ip, *endpoint);
                            add(*endpoint, index, nodes * share);
                        }
                    }
                }
                Traffic::Trace(rows) => {
                    for row in rows {
                        let index = paths.index(workload, row.node, row.endpoint);
                        add(row.endpoint, index, 1.0);
                    }
                }
            }
        }
        shares
            .into_iter()
            .map(|((workload, destination, index), share)| PathShare {
                workload,
                destination,
                share: share / totals[&(workload, destination)],
                decision: index.map_or_else(
                    || paths.decisions.first().unwrap_or(&whole).clone(),
                    |index| paths.decisions[index].clone(),
                ),
            })
            .collect()
    }

    /// The model as the pools of `outbound` see it: without what takes no port. Names, nodes and endpoints keep their
    /// places; a workload of which nothing is left opens nothing ([`Traffic::is_empty`]).
    ///
    /// For rates and laws; the simulation leaves out the very connections instead, so that those left stay the same.
    pub fn reaching(&self, outbound: &Outbound) -> Cow<'_, Model> {
        if outbound.paths.all_take_ports() {
            return Cow::Borrowed(self);
        }
        let mut model = self.clone();
        for (workload, of) in (0u32..).zip(&mut model.workloads) {
            match &mut of.traffic {
                Traffic::Open {
                    per_second, mix, ..
                } => *per_second *= mix.keep(workload, &outbound.paths),
                Traffic::Closed { clients, mix, .. } => {
                    let share = mix.keep(workload, &outbound.paths);
                    *clients = (*clients as f64 * share).round() as u64;
                }
                Traffic::Trace(rows) => {
                    rows.retain(|row| outbound.paths.takes_port(workload, row.node, row.endpoint))
                }
            }
        }
        Cow::Owned(model)
    }
}

impl super::Mix {
    /// Keeps what takes a port and says which share of the connections that is; where it is none, the mix stays what it is.
    ///
    /// It is always all connections from some nodes to some endpoints: a node's own public IP goes before an outbound type
    /// whatever the destination.
    fn keep(&mut self, workload: u32, paths: &Paths) -> f64 {
        let to = |node: u32| -> Vec<(u32, f64)> {
            let endpoints = self.endpoints.iter().copied();
            let takes = |(endpoint, _): &(u32, f64)| paths.takes_port(workload, node, *endpoint);
            endpoints.filter(takes).collect()
        };
        let kinds = paths.one_of_each_kind(self.nodes.iter().map(|(node, _)| *node));
        let kinds: Vec<(bool, Vec<(u32, f64)>)> = kinds
            .into_iter()
            .map(|node| (paths.has_own_ip(node), to(node)))
            .filter(|(_, endpoints)| !endpoints.is_empty())
            .collect();
        let Some((_, endpoints)) = kinds.first().cloned() else {
            return 0.0;
        };
        let takes = |node: u32| {
            let own_ip = paths.has_own_ip(node);
            kinds.iter().any(|(kind, _)| *kind == own_ip)
        };
        let nodes = self.nodes.iter().copied();
        let nodes: Vec<(u32, f64)> = nodes.filter(|(node, _)| takes(*node)).collect();
        normalise(nodes, &mut self.nodes) * normalise(endpoints, &mut self.endpoints)
    }
}

/// Puts `kept` in the place of `shares`, adding up to 1, and says what they added up to.
fn normalise(mut kept: Vec<(u32, f64)>, shares: &mut Vec<(u32, f64)>) -> f64 {
    let sum = kept.iter().map(|(_, share)| share).sum::<f64>();
    if kept.len() == shares.len() {
        return 1.0;
    }
    kept.iter_mut().for_each(|(_, share)| *share /= sum);
    *shares = kept;
    sum
}

//! Whether a connection takes a port of an outbound type, and what decided it.

mod find;
mod reaching;

pub(super) use find::{Place, resolve};

use super::{Model, Outbound, Traffic};
use std::collections::BTreeMap;
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
    /// A static egress gateway: public IPs of the gateway's nodes, which are not simulated.
    StaticEgressGateway "staticEgressGateway" "by static egress gateway";
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

impl Decision {
    /// Host and port of the HTTP proxy that takes it, as written, whatever calls it so.
    pub fn proxy(&self) -> Option<&str> {
        let is_proxy = self.path == Path::Bypassed(Bypass::HttpProxy);
        let (_, address) = self.rule.split_once("://").filter(|_| is_proxy)?;
        address.split('/').next()
    }
}

/// The paths of all connections under one outbound type. What may take different paths is drawn from different streams,
/// so that each of them is taken as a whole.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    /// The different ones.
    decisions: Vec<Decision>,
    /// By endpoint, those of all origins; of a model made by hand none, and every connection takes a port.
    by_endpoint: Vec<Arc<[u32]>>,
    /// Whether a connection there can be takes no port.
    some_take_none: bool,
    origins: Origins,
}

/// What of the origin of a connection matters.
#[derive(Clone, Debug, Default)]
pub(super) struct Origins {
    /// By node, whether it has a public IP of its own; empty where none has.
    pub own_ip: Arc<[bool]>,
    /// The different kinds of clients there are.
    pub clients: Vec<Client>,
    /// By workload, which of them it is.
    pub client_of: Arc<[u32]>,
}

/// What of a workload matters to the paths of its connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Client {
    /// Whether it goes by the HTTP proxy.
    pub cooperates: bool,
    /// The static egress gateway of its pods.
    pub gateway: Option<usize>,
}

impl Origins {
    pub fn new(own_ip: Arc<[bool]>, of_workloads: &[Client]) -> Self {
        let mut clients: Vec<Client> = Vec::new();
        let place = |client: &Client| match clients.iter().position(|known| known == client) {
            Some(place) => place as u32,
            None => {
                clients.push(*client);
                clients.len() as u32 - 1
            }
        };
        let client_of = of_workloads.iter().map(place).collect();
        Origins {
            own_ip,
            clients,
            client_of,
        }
    }

    /// All there are, in the order of [`Origins::index`]: whether the node has a public IP of its own, and the client.
    pub fn all(&self) -> impl Iterator<Item = (bool, Client)> + '_ {
        let clients = self.clients.iter();
        clients.flat_map(|client| [(false, *client), (true, *client)])
    }

    fn index(&self, workload: u32, own_ip: bool) -> usize {
        let client = self.client_of.get(workload as usize).copied().unwrap_or(0);
        2 * client as usize + usize::from(own_ip)
    }
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
        !self.some_take_none
    }

    /// Whether every connection takes the same path under both, whatever rule says so.
    pub(super) fn lead_alike(&self, other: &Paths) -> bool {
        // Of every client first the nodes without a public IP of their own, then those with one.
        let by = if self.has_own_ips() { 1 } else { 2 };
        let taken = |paths: &Paths| -> Vec<Vec<Path>> {
            let endpoints = paths.by_endpoint.iter();
            let of = |decisions: &Arc<[u32]>| {
                let decisions = decisions.iter().step_by(by);
                decisions
                    .map(|index| paths.decisions[*index as usize].path)
                    .collect()
            };
            endpoints.map(of).collect()
        };
        taken(self) == taken(other)
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

    /// Index of the path from `node` to `endpoint`; none in a model made by hand.
    pub fn index(&self, workload: u32, node: u32, endpoint: u32) -> Option<usize> {
        self.of_origin(workload, self.has_own_ip(node), endpoint)
    }

    fn of_origin(&self, workload: u32, own_ip: bool, endpoint: u32) -> Option<usize> {
        let paths = self.by_endpoint.get(endpoint as usize)?;
        Some(paths[self.origins.index(workload, own_ip)] as usize)
    }

    /// Whether connections from `node` to `endpoint` take a port.
    pub fn takes_port(&self, workload: u32, node: u32, endpoint: u32) -> bool {
        self.index(workload, node, endpoint)
            .is_none_or(|index| self.decisions[index].path == Path::Snat)
    }
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
                decision: index
                    .map_or(&whole, |index| &paths.decisions[index])
                    .clone(),
            })
            .collect()
    }
}

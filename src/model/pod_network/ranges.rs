//! How many addresses the nodes and pods of a cluster take, range by range.

use super::super::build::Review;
use super::{CLUSTER, PodNetwork};
use crate::fault::{Code, Fault, step};
use crate::outbound::{CountedPool, azure, plural, thousands};
use crate::scenario::{ClusterSpec, NodePoolSpec};
use ipnet::Ipv4Net;

/// A range of addresses and what counted nodes take of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressRange {
    /// What it is: `subnet 10.240.0.0/16`, `pod CIDR 10.244.0.0/16`.
    pub name: String,
    /// Addresses it has to give.
    pub available: u64,
    /// Addresses that the counted nodes take.
    pub needed: u64,
    /// How `needed` came about: `apps (30 + 3) x (1 + 30)`.
    pub arithmetic: String,
    /// Further nodes of the pool that takes most, before it is full.
    pub nodes_left: u64,
}

/// The ranges that have a size, and what AKS would refuse of them.
pub(super) fn read(
    cluster: &ClusterSpec,
    networks: &[PodNetwork],
    counted: &[CountedPool],
    review: &mut Review,
) -> (Vec<AddressRange>, Vec<Fault>) {
    let pools = cluster.node_pools.as_deref().unwrap_or_default();
    let (mut ranges, mut refusals) = (Vec::new(), Vec::new());
    let mut takers = Vec::new();
    for (i, ((pool, network), counted)) in pools.iter().zip(networks).zip(counted).enumerate() {
        let at = step("/cluster/nodePools", i);
        takers.extend(takes(cluster, pool, *network, counted, &at, review));
    }
    let mut prefixes: Vec<(Range, Ipv4Net)> = Vec::new();
    for taker in &takers {
        if !prefixes.contains(&(taker.range, taker.prefix)) {
            prefixes.push((taker.range, taker.prefix));
        }
    }
    for (range, prefix) in prefixes {
        let of_range: Vec<&Taker> = takers
            .iter()
            .filter(|taker| taker.range == range && taker.prefix == prefix)
            .collect();
        let (room, pointer) = (room(range, prefix, &of_range), &of_range[0].pointer);
        if room.needed > room.available {
            let fault = too_small(range, prefix, &room, &of_range, pointer);
            refusals.push(fault);
        }
        ranges.push(room);
    }
    (ranges, refusals)
}

/// What kind of range.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    Nodes,
    PodCidr,
    PodSubnet,
}

/// A pool that takes addresses of a range.
struct Taker {
    range: Range,
    prefix: Ipv4Net,
    /// Where the range is said.
    pointer: String,
    /// Name of the subnet, if its id is said.
    subnet: Option<String>,
    pool: String,
    nodes: u64,
    surge: u64,
    /// Addresses a node takes, and how that came about.
    per_node: u64,
    why: String,
    /// Whether they depend on `maxPods`.
    counts_pods: bool,
}

/// What `pool` takes, of each range that has a size.
fn takes(
    cluster: &ClusterSpec,
    pool: &NodePoolSpec,
    network: PodNetwork,
    counted: &CountedPool,
    at: &str,
    review: &mut Review,
) -> Vec<Taker> {
    let max_pods = u64::from(pool.max_pods.unwrap_or(network.default_max_pods()));
    let of =
        |range, said: (Option<Ipv4Net>, String), id: &Option<String>, per_node, why: String| {
            let (prefix, pointer) = said;
            Some(Taker {
                range,
                prefix: prefix?,
                pointer,
                subnet: id.as_deref().map(last_segment),
                pool: counted.name.clone(),
                nodes: u64::from(counted.nodes),
                surge: u64::from(counted.surge),
                per_node,
                counts_pods: matches!(
                    (range, network),
                    (Range::Nodes, PodNetwork::NodeSubnet)
                        | (Range::PodSubnet, PodNetwork::PodSubnetStatic)
                ),
                why,
            })
        };
    let mut pick = |own: &Option<String>, shared: &Option<String>, field: &str| match (own, shared)
    {
        (Some(text), _) => prefix(text, step(at, field), review),
        (None, Some(text)) => prefix(text, step(CLUSTER, field), review),
        (None, None) => (None, at.to_owned()),
    };
    let nodes = pick(
        &pool.subnet_address_prefix,
        &cluster.subnet_address_prefix,
        "subnetAddressPrefix",
    );
    let pods = pick(
        &pool.pod_subnet_address_prefix,
        &cluster.pod_subnet_address_prefix,
        "podSubnetAddressPrefix",
    );
    let node_itself = match network {
        PodNetwork::NodeSubnet => (1 + max_pods, format!("(1 + {max_pods} pods)")),
        _ => (1, "1".to_owned()),
    };
    let id = &pool.vnet_subnet_id;
    let mut takers = vec![of(Range::Nodes, nodes, id, node_itself.0, node_itself.1)];
    let batch = azure::POD_SUBNET_BATCH;
    match network {
        PodNetwork::Kubenet | PodNetwork::Overlay => {
            let default = Some(azure::POD_CIDR_DEFAULT.to_owned());
            let said = pick(&None, &cluster.pod_cidr.clone().or(default), "podCidr");
            let name = Some("networkProfile.podCIDR".to_owned());
            let per_node = azure::POD_CIDR_PER_NODE;
            takers.push(of(
                Range::PodCidr,
                said,
                &name,
                per_node,
                format!("{per_node} (a /24)"),
            ));
        }
        PodNetwork::PodSubnet => {
            let why = format!("{batch} (a batch)");
            takers.push(of(Range::PodSubnet, pods, &pool.pod_subnet_id, batch, why));
        }
        PodNetwork::PodSubnetStatic => {
            // A node keeps one address of its blocks for itself.
            let blocks = (max_pods + 1).div_ceil(batch);
            let why = format!(
                "{} ({} of {batch} for {max_pods} pods and the node)",
                blocks * batch,
                plural(blocks, "block")
            );
            takers.push(of(
                Range::PodSubnet,
                pods,
                &pool.pod_subnet_id,
                blocks * batch,
                why,
            ));
        }
        PodNetwork::NodeSubnet | PodNetwork::Own => {}
    }
    takers.into_iter().flatten().collect()
}

fn last_segment(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}

fn prefix(text: &str, pointer: String, review: &mut Review) -> (Option<Ipv4Net>, String) {
    let found: Option<Ipv4Net> = text.parse().ok();
    let found = found.filter(|prefix| *prefix == prefix.trunc());
    if found.is_none() {
        let known = review
            .problems
            .iter()
            .any(|problem| problem.fault.pointer == pointer);
        if !known {
            review.fault(Fault {
                code: Code::E0255,
                pointer: pointer.clone(),
                found: format!("\"{text}\" is no IPv4 address prefix."),
                allowed: "the first address and the length, such as \"10.240.0.0/16\"".to_owned(),
                remedy: "Take it from `az network vnet subnet show --query addressPrefix`."
                    .to_owned(),
            });
        }
    }
    (found, pointer)
}

fn room(range: Range, prefix: Ipv4Net, takers: &[&Taker]) -> AddressRange {
    let size = 1u64 << (32 - prefix.prefix_len());
    let (what, available) = match range {
        Range::Nodes => ("subnet", size.saturating_sub(azure::SUBNET_RESERVED)),
        Range::PodSubnet => ("pod subnet", size.saturating_sub(azure::SUBNET_RESERVED)),
        Range::PodCidr => ("pod CIDR", size),
    };
    let needed = takers
        .iter()
        .map(|taker| (taker.nodes + taker.surge) * taker.per_node)
        .sum();
    let each: Vec<String> = takers
        .iter()
        .map(|taker| {
            format!(
                "{} ({} + {}) x {}",
                taker.pool, taker.nodes, taker.surge, taker.why
            )
        })
        .collect();
    let most = takers.iter().map(|taker| taker.per_node).max().unwrap_or(1);
    AddressRange {
        name: format!("{what} {prefix}"),
        available,
        needed,
        arithmetic: each.join(", "),
        nodes_left: available.saturating_sub(needed) / most,
    }
}

/// In AKS's own words, but for pod subnets, where none are known.
fn too_small(
    range: Range,
    prefix: Ipv4Net,
    room: &AddressRange,
    takers: &[&Taker],
    pointer: &str,
) -> Fault {
    let AddressRange {
        needed, available, ..
    } = room;
    let subnet = takers[0].subnet.as_ref();
    let name = subnet.map_or_else(String::new, |name| format!(", Subnet Name {name}"));
    let words = match range {
        Range::Nodes | Range::PodCidr => format!(
            "Azure refuses it as InsufficientSubnetSize: \"Pre-allocated IPs {needed} exceeds IPs available {available} in Subnet Cidr {prefix}{name}.\""
        ),
        Range::PodSubnet => format!(
            "The nodes take {} addresses of pod subnet {prefix}, which has {}.",
            thousands(*needed),
            thousands(*available)
        ),
    };
    // How many pods a node may have matters only to some.
    let counts_pods = takers.iter().any(|taker| taker.counts_pods);
    let (reserved, kept) = match range {
        Range::PodCidr => (0, String::new()),
        Range::Nodes | Range::PodSubnet => {
            let reserved = azure::SUBNET_RESERVED;
            (reserved, format!(" less {reserved} that Azure keeps"))
        }
    };
    Fault {
        code: Code::E0253,
        pointer: pointer.to_owned(),
        found: format!(
            "{words} Counted are the most nodes of each pool and its maxSurge: {} = {}.",
            room.arithmetic,
            thousands(*needed)
        ),
        allowed: format!(
            "at most {} addresses: a /{} has {}{kept}",
            thousands(*available),
            prefix.prefix_len(),
            thousands(1u64 << (32 - prefix.prefix_len())),
        ),
        remedy: format!(
            "Take a /{} or larger, or lower count, maxCount{} of a pool.",
            fitting(*needed + reserved),
            match counts_pods {
                true => ", maxSurge or maxPods",
                false => " or maxSurge",
            }
        ),
    }
}

/// Length of the smallest prefix with this many addresses.
fn fitting(addresses: u64) -> u32 {
    32u32.saturating_sub(addresses.next_power_of_two().trailing_zeros())
}

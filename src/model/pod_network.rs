//! Where pods have their addresses from, how many that takes, and whose address leaves the node.

mod ranges;

pub use ranges::AddressRange;

use super::build::Review;
use crate::fault::{Code, Fault, step};
use crate::outbound::{CountedPool, azure, plural, thousands};
use crate::scenario::{
    ClusterSpec, NetworkPlugin, NetworkPluginMode, NodePoolSpec, PodIpAllocationMode,
};

/// Where the pods of a node pool have their addresses from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PodNetwork {
    /// kubenet: from the pod CIDR, a /24 a node.
    Kubenet,
    /// Azure CNI Overlay: from the pod CIDR, a /24 a node.
    Overlay,
    /// Azure CNI Node Subnet: from the subnet of the nodes, all that a node may have at once.
    NodeSubnet,
    /// Azure CNI Pod Subnet: from a subnet of their own, in batches of 16.
    PodSubnet,
    /// Azure CNI Pod Subnet with static blocks of 16.
    PodSubnetStatic,
    /// The cluster brings its own plugin, of which nothing is known.
    Own,
}

impl PodNetwork {
    /// What AKS calls it.
    pub fn name(self) -> &'static str {
        match self {
            PodNetwork::Kubenet => "kubenet",
            PodNetwork::Overlay => "Azure CNI Overlay",
            PodNetwork::NodeSubnet => "Azure CNI Node Subnet",
            PodNetwork::PodSubnet => "Azure CNI Pod Subnet",
            PodNetwork::PodSubnetStatic => "Azure CNI Pod Subnet (static block)",
            PodNetwork::Own => "a plugin of your own",
        }
    }

    /// Whose address leaves the node.
    /// `aks:articles/aks/concepts-network-legacy-cni.md`, `aks:articles/aks/concepts-network-azure-cni-overlay.md`.
    pub fn source_address(self) -> &'static str {
        match self {
            PodNetwork::Kubenet => "the node's, wherever a pod connects to",
            PodNetwork::Overlay => {
                "the node's outside of the pod CIDR, also to peered networks and on-premises"
            }
            PodNetwork::NodeSubnet => {
                "the node's outside of the virtual network (ip-masq-agent), the pod's own inside"
            }
            PodNetwork::PodSubnet | PodNetwork::PodSubnetStatic => {
                "the pod's own, everywhere: nothing is masqueraded, and a NAT Gateway has to be on the pod subnet too"
            }
            PodNetwork::Own => "what that plugin makes of it",
        }
    }

    /// Pods a node may have where nothing is said.
    /// `aks:articles/aks/concepts-network-ip-address-planning.md`, `aks:articles/aks/concepts-network-azure-cni-overlay.md`.
    fn default_max_pods(self) -> u32 {
        match self {
            PodNetwork::NodeSubnet => 30,
            PodNetwork::Overlay => 250,
            _ => 110,
        }
    }

    fn takes_pod_cidr(self) -> bool {
        matches!(self, PodNetwork::Kubenet | PodNetwork::Overlay)
    }
}

/// The addresses of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// By node pool; none where no plugin is named.
    pub networks: Vec<PodNetwork>,
    /// What has a size.
    pub ranges: Vec<AddressRange>,
    /// What AKS would refuse of it.
    pub refusals: Vec<Fault>,
}

const CLUSTER: &str = "/cluster";

/// Reads them; what makes no sense goes into `review`.
pub(super) fn read(
    cluster: &ClusterSpec,
    counted: &[CountedPool],
    review: &mut Review,
) -> Addresses {
    let pools = cluster.node_pools.as_deref().unwrap_or_default();
    let mut found = Addresses {
        refusals: sizes(pools),
        ..Addresses::default()
    };
    let Some(plugin) = plugin(cluster, pools, review) else {
        return found;
    };
    let of_pool = |(i, pool): (usize, &NodePoolSpec)| network(plugin, cluster, pool, i, review);
    found.networks = pools.iter().enumerate().map(of_pool).collect();
    let kubenet = plugin == NetworkPlugin::Kubenet;
    found
        .refusals
        .extend(kubenet.then(|| routes(counted)).flatten());
    let (ranges, refusals) = ranges::read(cluster, &found.networks, counted, review);
    found.ranges = ranges;
    found.refusals.extend(refusals);
    found
}

/// Limits that hold under any plugin.
fn sizes(pools: &[NodePoolSpec]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if pools.len() > azure::NODE_POOLS {
        faults.push(Fault {
            code: Code::E0251,
            pointer: "/cluster/nodePools".to_owned(),
            found: format!("The cluster has {} node pools.", pools.len()),
            allowed: format!("at most {} node pools in a cluster", azure::NODE_POOLS),
            remedy: "Merge pools, or simulate one of several clusters.".to_owned(),
        });
    }
    let most = |pool: &NodePoolSpec| pool.max_count.unwrap_or(0).max(pool.count);
    let nodes: u64 = pools.iter().map(|pool| u64::from(most(pool))).sum();
    if nodes > u64::from(azure::NODES_PER_CLUSTER) {
        faults.push(Fault {
            code: Code::E0251,
            pointer: "/cluster/nodePools".to_owned(),
            found: format!(
                "The pools may grow to {} in all, by maxCount where there is one.",
                plural(nodes, "node")
            ),
            allowed: format!(
                "at most {} nodes in a cluster",
                thousands(azure::NODES_PER_CLUSTER)
            ),
            remedy: "Lower maxCount, or simulate one of several clusters.".to_owned(),
        });
    }
    for (i, pool) in pools.iter().enumerate() {
        let at = step("/cluster/nodePools", i);
        let said = [("count", Some(pool.count)), ("maxCount", pool.max_count)];
        let large = said.into_iter().find_map(|(field, nodes)| {
            let nodes = nodes.filter(|nodes| *nodes > azure::NODES_PER_POOL)?;
            Some((field, nodes))
        });
        if let Some((field, nodes)) = large {
            faults.push(Fault {
                code: Code::E0251,
                pointer: step(&at, field),
                found: format!(
                    "Node pool \"{}\" has a {field} of {}.",
                    pool.name,
                    thousands(nodes)
                ),
                allowed: format!(
                    "at most {} nodes in a pool",
                    thousands(azure::NODES_PER_POOL)
                ),
                remedy: format!(
                    "Spread the nodes over {} pools.",
                    nodes.div_ceil(azure::NODES_PER_POOL)
                ),
            });
        }
        let range = azure::PODS_PER_NODE;
        if let Some(pods) = pool.max_pods.filter(|pods| !range.contains(pods)) {
            faults.push(Fault {
                code: Code::E0252,
                pointer: step(&at, "maxPods"),
                found: format!("maxPods of node pool \"{}\" is {}.", pool.name, thousands(pods)),
                allowed: format!("{} to {} pods a node", range.start(), range.end()),
                remedy: "Leave it out for what the network plugin has by default: 30 with Azure CNI Node Subnet, 110 \
                         with kubenet and Azure CNI Pod Subnet, 250 with Azure CNI Overlay."
                    .to_owned(),
            });
        }
    }
    faults
}

/// The plugin; none where nothing is said that depends on it.
fn plugin(
    cluster: &ClusterSpec,
    pools: &[NodePoolSpec],
    review: &mut Review,
) -> Option<NetworkPlugin> {
    let overlay = cluster.network_plugin_mode == Some(NetworkPluginMode::Overlay);
    let said = cluster.network_plugin;
    match said {
        Some(NetworkPlugin::Kubenet | NetworkPlugin::None) if overlay => misfit(
            step(CLUSTER, "networkPluginMode"),
            "networkPluginMode \"overlay\" goes with networkPlugin \"azure\".",
            "\"overlay\" with networkPlugin \"azure\"",
            "Set networkPlugin to \"azure\", or leave networkPluginMode out.",
            review,
        ),
        None if overlay => return Some(NetworkPlugin::Azure),
        None if says_sizes(cluster, pools) => misfit(
            CLUSTER.to_owned(),
            "Subnets or the pod CIDR have a size, but the cluster does not say which networkPlugin shares them out.",
            "sizes together with networkPlugin",
            "Add \"networkPlugin\": \"azure\" (for Azure CNI Overlay with \"networkPluginMode\": \"overlay\") or \"kubenet\".",
            review,
        ),
        Some(_) if pools.is_empty() && says_sizes(cluster, pools) => misfit(
            CLUSTER.to_owned(),
            "Subnets or the pod CIDR have a size, but the cluster has no node pools that take addresses of them.",
            "sizes together with nodePools",
            "Add nodePools, or leave the sizes out.",
            review,
        ),
        _ => {}
    }
    said
}

fn says_sizes(cluster: &ClusterSpec, pools: &[NodePoolSpec]) -> bool {
    let of_cluster = [
        &cluster.pod_cidr,
        &cluster.subnet_address_prefix,
        &cluster.pod_subnet_address_prefix,
    ];
    let of_pool =
        |pool: &NodePoolSpec| pool.subnet_address_prefix.is_some() || speaks_of_pod_subnet(pool);
    of_cluster.iter().any(|said| said.is_some()) || pools.iter().any(of_pool)
}

fn speaks_of_pod_subnet(pool: &NodePoolSpec) -> bool {
    pool.pod_subnet_id.is_some()
        || pool.pod_subnet_address_prefix.is_some()
        || pool.pod_ip_allocation_mode.is_some()
}

/// Where the pods of a pool have their addresses from.
fn network(
    plugin: NetworkPlugin,
    cluster: &ClusterSpec,
    pool: &NodePoolSpec,
    index: usize,
    review: &mut Review,
) -> PodNetwork {
    let overlay = cluster.network_plugin_mode == Some(NetworkPluginMode::Overlay);
    let has_subnet = pool.pod_subnet_id.is_some()
        || pool.pod_subnet_address_prefix.is_some()
        || cluster.pod_subnet_address_prefix.is_some();
    let static_block = pool.pod_ip_allocation_mode == Some(PodIpAllocationMode::StaticBlock);
    let network = match plugin {
        NetworkPlugin::Kubenet => PodNetwork::Kubenet,
        NetworkPlugin::None => PodNetwork::Own,
        NetworkPlugin::Azure if overlay => PodNetwork::Overlay,
        NetworkPlugin::Azure if has_subnet && static_block => PodNetwork::PodSubnetStatic,
        NetworkPlugin::Azure if has_subnet => PodNetwork::PodSubnet,
        NetworkPlugin::Azure => PodNetwork::NodeSubnet,
    };
    let at = step("/cluster/nodePools", index);
    let of_subnet = matches!(network, PodNetwork::PodSubnet | PodNetwork::PodSubnetStatic);
    if !of_subnet && speaks_of_pod_subnet(pool) {
        misfit(
            at,
            &format!(
                "Node pool \"{}\" speaks of a pod subnet, but its pods have their addresses by {}.",
                pool.name,
                network.name()
            ),
            "a pod subnet with networkPlugin \"azure\", without networkPluginMode; podIPAllocationMode with a pod subnet",
            "Leave out the pod subnet and podIPAllocationMode, or set the plugin they belong to.",
            review,
        );
    }
    if index == 0 && !of_subnet && cluster.pod_subnet_address_prefix.is_some() {
        misfit(
            step(CLUSTER, "podSubnetAddressPrefix"),
            &format!(
                "There is a pod subnet, but pods have their addresses by {}.",
                network.name()
            ),
            "a pod subnet with networkPlugin \"azure\", without networkPluginMode",
            "Leave podSubnetAddressPrefix out, or set the plugin it belongs to.",
            review,
        );
    }
    if index == 0 && cluster.pod_cidr.is_some() && !network.takes_pod_cidr() {
        misfit(
            step(CLUSTER, "podCidr"),
            &format!(
                "There is a podCidr, but pods have their addresses by {}.",
                network.name()
            ),
            "podCidr with kubenet or networkPluginMode \"overlay\"",
            "Leave podCidr out, or set the plugin it belongs to.",
            review,
        );
    }
    network
}

fn misfit(pointer: String, found: &str, allowed: &str, remedy: &str, review: &mut Review) {
    review.fault(Fault {
        code: Code::E0254,
        pointer,
        found: found.to_owned(),
        allowed: allowed.to_owned(),
        remedy: remedy.to_owned(),
    });
}

/// Every node of kubenet takes a route.
fn routes(counted: &[CountedPool]) -> Option<Fault> {
    let nodes: u64 = counted.iter().map(|pool| u64::from(pool.nodes)).sum();
    let each: Vec<String> = counted
        .iter()
        .map(|pool| format!("{} {}", pool.name, pool.nodes))
        .collect();
    (nodes > u64::from(azure::KUBENET_NODES)).then(|| Fault {
        code: Code::E0250,
        pointer: "/cluster/networkPlugin".to_owned(),
        found: format!(
            "kubenet has a route for every node in a table that holds {}, and the pools may grow to {} = {}.",
            azure::KUBENET_NODES,
            each.join(" + "),
            plural(nodes, "node"),
        ),
        allowed: format!("at most {} nodes with kubenet", azure::KUBENET_NODES),
        remedy: "Use Azure CNI Overlay (\"networkPlugin\": \"azure\", \"networkPluginMode\": \"overlay\"), or lower count or maxCount."
            .to_owned(),
    })
}

#[cfg(test)]
mod tests;

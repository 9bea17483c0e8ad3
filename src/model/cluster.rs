//! The nodes of a cluster, pool by pool.

use super::build::{Review, among, check_names};
use super::events::Events;
use super::services::outbound_frontend_rules;
use crate::fault::{Code, Fault, step};
use crate::outbound::{ClusterFacts, MaxSurge, PoolFacts, azure};
use crate::scenario::{NodePoolSpec, ScenarioSpec, WorkloadSpec};
use std::ops::Range;

/// Nodes that AKS allows in a cluster.
const MAX_NODES: usize = azure::NODES_PER_CLUSTER as usize;

/// The nodes there are.
pub(super) struct Cluster {
    /// Their names, in the order of pools.
    pub(super) nodes: Vec<String>,
    /// By node, whether it has a public IP of its own; empty where none has.
    pub(super) own_ips: Vec<bool>,
    /// The pools; none where every source of the traces is a node.
    pools: Option<Vec<Pool>>,
    /// Ports of inbound rules on the outbound frontend.
    outbound_frontend_rules: Vec<u16>,
}

struct Pool {
    facts: PoolFacts,
    /// Its nodes, as indices.
    nodes: Range<usize>,
}

impl Cluster {
    pub(super) fn read(spec: &ScenarioSpec, events: &Events, review: &mut Review) -> Cluster {
        let declared = spec
            .cluster
            .as_ref()
            .and_then(|cluster| cluster.node_pools.as_deref())
            .unwrap_or_default();
        let words = spec.cluster.as_ref();
        let outbound_frontend_rules = words
            .map(|cluster| outbound_frontend_rules(cluster, review))
            .unwrap_or_default();
        if declared.is_empty() {
            let traced = |workload: &WorkloadSpec| {
                let arrivals = workload.arrivals.as_ref();
                arrivals.is_some_and(|arrivals| arrivals.is_trace())
            };
            if !spec.workloads.iter().all(traced) {
                review.fault(no_nodes("The cluster has no node pools."));
            }
            return Cluster {
                nodes: Vec::new(),
                own_ips: Vec::new(),
                pools: None,
                outbound_frontend_rules,
            };
        }
        const POINTER: &str = "/cluster/nodePools";
        let names = declared.iter().map(|pool| pool.name.as_str());
        check_names("node pool", POINTER, names, review);
        for (i, pool) in declared.iter().enumerate() {
            check_max_count(pool, &step(POINTER, i), review);
        }
        let most: Vec<u32> = (0..declared.len()).map(|i| events.most_nodes(i)).collect();
        let total: u64 = most.iter().copied().map(u64::from).sum();
        match total {
            _ if declared.iter().all(|pool| pool.count == 0) => {
                review.fault(no_nodes("No node pool has a node: every count is 0."))
            }
            total if total > MAX_NODES as u64 => review.fault(too_many(
                POINTER,
                &format!("{total} nodes over all pools."),
                "Use fewer nodes, or simulate one of several clusters.",
            )),
            _ => {}
        }
        Cluster {
            outbound_frontend_rules,
            ..Cluster::of(declared, &most, total <= MAX_NODES as u64)
        }
    }

    /// The cluster of these pools, with the most nodes that each ever has; without `name_nodes` their nodes stay out, for
    /// there are too many.
    fn of(declared: &[NodePoolSpec], most: &[u32], name_nodes: bool) -> Cluster {
        let mut nodes = Vec::new();
        let mut pools = Vec::new();
        let mut own_ips = Vec::new();
        for (pool, most) in declared.iter().zip(most) {
            let first = nodes.len();
            let count = if name_nodes { *most } else { 0 };
            nodes.extend((0..count).map(|i| format!("{}-{i}", pool.name)));
            own_ips.resize(nodes.len(), pool.enable_node_public_ip == Some(true));
            pools.push(Pool {
                facts: PoolFacts {
                    name: pool.name.clone(),
                    // A count beyond the limit is refused before anybody adds it up.
                    count: pool.count.min(MAX_NODES as u32),
                    max_count: pool.max_count,
                    max_surge: pool.max_surge,
                    without_outbound_nat: pool.is_windows() && pool.disables_outbound_nat(),
                },
                nodes: first..nodes.len(),
            });
        }
        if !own_ips.contains(&true) {
            own_ips.clear();
        }
        Cluster {
            nodes,
            own_ips,
            pools: Some(pools),
            outbound_frontend_rules: Vec::new(),
        }
    }

    /// Whether the file has node pools; else every source of a trace is a node.
    pub(super) fn is_declared(&self) -> bool {
        self.pools.is_some()
    }

    /// The nodes of a pool, or all of them. None, with the fault reported, where it does not exist or is empty.
    pub(super) fn pool(
        &self,
        name: Option<&str>,
        workload: &str,
        review: &mut Review,
    ) -> Option<Range<usize>> {
        let Some(name) = name else {
            return Some(0..self.nodes.len());
        };
        let pools = self.pools.as_deref().unwrap_or_default();
        let pool = pools.iter().find(|pool| pool.facts.name == name);
        match pool {
            Some(pool) if pool.nodes.is_empty() => {
                // Where no pool has a node, that is said once, at the cluster.
                if !self.nodes.is_empty() {
                    review.fault(Fault {
                        code: Code::E0202,
                        pointer: step(workload, "nodePool"),
                        found: format!("Node pool \"{name}\" has a count of 0."),
                        allowed: "a pool with at least one node".to_owned(),
                        remedy: "Raise its count, or let the workload run on another pool."
                            .to_owned(),
                    });
                }
                None
            }
            Some(pool) => Some(pool.nodes.clone()),
            None => {
                let names: Vec<String> = pools.iter().map(|pool| pool.facts.name.clone()).collect();
                let (allowed, remedy) = among("node pool", name, &names);
                review.fault(Fault {
                    code: Code::E0203,
                    pointer: step(workload, "nodePool"),
                    found: format!("There is no node pool \"{name}\"."),
                    allowed,
                    remedy,
                });
                None
            }
        }
    }

    /// Makes every source of the traces a node, called by its text.
    pub(super) fn adopt(&mut self, sources: Vec<String>, pointer: &str, review: &mut Review) {
        if sources.len() > MAX_NODES {
            review.fault(too_many(
                pointer,
                &format!("{} sources in the traces, each a node.", sources.len()),
                "Say with \"nodes\" which networks the nodes are in: \"nodes\": [\"10.0.0.0/24\"].",
            ));
        }
        self.nodes = sources;
    }

    /// By node, the index of its pool; empty where every source of the traces is a node.
    pub(super) fn pools_by_node(&self) -> Vec<usize> {
        let pools = self.pools.iter().flatten().enumerate();
        pools
            .flat_map(|(index, pool)| pool.nodes.clone().map(move |_| index))
            .collect()
    }

    /// What the rules of outbound types need to know.
    pub(super) fn facts(&self) -> ClusterFacts {
        let pools = match &self.pools {
            Some(pools) => pools.iter().map(|pool| pool.facts.clone()).collect(),
            // Machines of a log are no pool that Azure would add upgrade nodes to.
            None => vec![PoolFacts {
                name: "sources".to_owned(),
                count: u32::try_from(self.nodes.len()).unwrap_or(u32::MAX),
                max_count: None,
                max_surge: Some(MaxSurge::Nodes(0)),
                without_outbound_nat: false,
            }],
        };
        ClusterFacts {
            pools,
            outbound_frontend_rules: self.outbound_frontend_rules.clone(),
        }
    }
}

fn check_max_count(pool: &NodePoolSpec, pointer: &str, review: &mut Review) {
    let Some(max) = pool.max_count.filter(|max| *max < pool.count) else {
        return;
    };
    review.fault(Fault {
        code: Code::E0205,
        pointer: step(pointer, "maxCount"),
        found: format!("maxCount {max} is below count {}.", pool.count),
        allowed: format!("{} or more", pool.count),
        remedy: "Raise maxCount, or remove it where there is no autoscaler.".to_owned(),
    });
}

fn no_nodes(found: &str) -> Fault {
    Fault {
        code: Code::E0202,
        pointer: "/cluster/nodePools".to_owned(),
        found: found.to_owned(),
        allowed: "at least one node; only where all workloads are traces may nodePools be left out"
            .to_owned(),
        remedy: "Write \"cluster\": { \"nodePools\": [ { \"name\": \"apps\", \"count\": 3 } ] }."
            .to_owned(),
    }
}

fn too_many(pointer: &str, found: &str, remedy: &str) -> Fault {
    Fault {
        code: Code::E0215,
        pointer: pointer.to_owned(),
        found: found.to_owned(),
        allowed: "at most 5,000 nodes, as in AKS".to_owned(),
        remedy: remedy.to_owned(),
    }
}

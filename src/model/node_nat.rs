//! The node's own layer under its rules: local ports, the masquerade, conntrack.

use super::build::Review;
use super::cluster::Cluster;
use super::pod_network::PodNetwork;
use super::{Bypass, CountedCluster, Endpoint, Note, Outbound, Path, Traffic, Workload};
use crate::engine::{Address, End, NodeRules, OnIdle, OutboundNat, PoolPlan, Protocol, System};
use crate::fault::{Code, Fault, step};
use crate::outbound::{Assumptions, ConntrackSize, WindowsPorts, azure, thousands};
use crate::scenario::{
    ConntrackTimeoutsSpec, NodeNatSpec, NodePoolSpec, ScenarioSpec, WorkloadSpec,
};
use crate::traffic::words::Replicas;
use crate::units::SimTime;
use std::ops::{Range, RangeInclusive};

/// What connections pass on their nodes before the outbound type.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeNat {
    /// Limits and time-outs.
    pub rules: NodeRules,
    /// First and last local port of a node's own address.
    pub local_ports: (u16, u16),
    /// How the size of a node's table came about.
    pub table: TableSize,
    /// By node, where its pods have their addresses from, which decides what is masqueraded.
    pub networks: Vec<PodNetwork>,
    /// By workload.
    pub pods: Vec<Pods>,
}

/// The size of a node's connection table, by the three that have a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// What the scenario sets.
    pub set: Option<u64>,
    /// vCPUs of a node.
    pub v_cpus: u32,
    /// Memory of a node in GiB.
    pub memory_gib: u32,
}

/// The pods that open the connections of a workload.
#[derive(Clone, Debug, PartialEq)]
pub struct Pods {
    /// Whether they are on the network of their node.
    pub host_network: bool,
    /// The nodes they may be on.
    pub nodes: Range<usize>,
    /// How many there are; where nothing is said one on each node.
    pub replicas: Option<Replicas>,
}

/// Ports that a Linux masquerade gives: 1024 to 65535, where the port that a connection comes with is not below them
/// (`nf_nat_l4proto_unique_tuple` of the kernel's net/netfilter/nf_nat_core.c).
const MASQUERADE_PORTS: u64 = 64_512;

/// How long Linux keeps the local port of a connection that it closed (`TCP_TIMEWAIT_LEN` of include/net/tcp.h).
const TIME_WAIT: SimTime = SimTime::from_secs(60);

/// Time-outs of Linux's connection table that nothing on a node of AKS is documented to set
/// (Documentation/networking/nf_conntrack-sysctl.rst): after FIN (`tcp_timeout_time_wait`), after RST
/// (`tcp_timeout_close`), after a SYN without an answer (`tcp_timeout_syn_sent`).
const TRACKED_AFTER_FIN: SimTime = SimTime::from_secs(120);
const TRACKED_AFTER_RST: SimTime = SimTime::from_secs(10);
const TRACKED_SYN: SimTime = SimTime::from_secs(120);

/// How long Linux keeps a UDP flow that went both ways for more than two seconds (`udp_timeout_stream` of the same).
const TRACKED_UDP_STREAM: SimTime = SimTime::from_secs(120);

/// A node of the size that AKS's own examples have: a Standard_D4s_v5.
const V_CPUS: u32 = 4;
const MEMORY_GIB: u32 = 16;

/// What a virtual machine of Azure may have, with room to grow.
const V_CPUS_RANGE: RangeInclusive<u32> = 1..=2_048;
const MEMORY_GIB_RANGE: RangeInclusive<u32> = 1..=65_536;

const POINTER: &str = "/cluster/nodeNat";

impl TableSize {
    /// What the documents say: memory / 16,384 bytes.
    pub fn documented(&self) -> u64 {
        (u64::from(self.memory_gib) << 30) / azure::CONNTRACK_BYTES
    }

    /// What was seen on nodes: max(32,768 × vCPUs, 131,072).
    pub fn observed(&self) -> u64 {
        (azure::CONNTRACK_PER_CPU * u64::from(self.v_cpus)).max(azure::CONNTRACK_LEAST)
    }

    /// The size in force: as observed kube-proxy sets its own over what the node was set to.
    pub fn in_force(&self, assumed: ConntrackSize) -> u64 {
        match assumed {
            ConntrackSize::Observed => self.observed(),
            ConntrackSize::Documented => self.set.unwrap_or_else(|| self.documented()),
        }
    }
}

impl NodeNat {
    /// Whether what takes `path` leaves `node` with the node's address.
    ///
    /// OutboundNAT of Windows is taken to leave the virtual network alone, whatever the network plugin: an earlier revision of
    /// `aks:articles/aks/nat-gateway.md` says that what is peered is not among the exceptions of its configuration.
    pub fn leaves_as_node(&self, node: usize, path: Path) -> bool {
        match self.rules.systems.get(node) {
            Some(System::OutboundNat) => PodNetwork::NodeSubnet.masquerades(path),
            _ => self.networks[node].masquerades(path),
        }
    }
}

impl Pods {
    /// The address of pod `pod` of workload `workload` on `node`.
    pub fn address(&self, workload: u32, node: u32, pod: u32) -> Address {
        Address {
            node,
            pod: (!self.host_network).then_some((workload, pod)),
        }
    }

    /// The shares of the workload's connections that its pods on `node` open, in the order of pods; at least one.
    pub fn on(&self, node: u32) -> Vec<f64> {
        let within = node as usize - self.nodes.start;
        let shares = self
            .replicas
            .map(|replicas| replicas.on(within, self.nodes.len()));
        shares
            .filter(|shares| !shares.is_empty())
            .unwrap_or_else(|| vec![1.0])
    }
}

impl PodNetwork {
    /// Whether what takes `path` leaves the node with the node's address.
    ///
    /// Inside the virtual network is what Node Subnet leaves alone: `aks:articles/aks/concepts-network-legacy-cni.md`. What
    /// goes to a static egress gateway is tunnelled there as it is.
    pub fn masquerades(self, path: Path) -> bool {
        let inside = matches!(
            path,
            Path::Bypassed(Bypass::Vnet | Bypass::PrivateEndpoint | Bypass::InternalLoadBalancer)
        );
        let never = matches!(
            path,
            Path::Bypassed(Bypass::Local | Bypass::StaticEgressGateway)
        );
        match self {
            PodNetwork::Kubenet | PodNetwork::Overlay => !never,
            PodNetwork::NodeSubnet => !never && !inside,
            PodNetwork::PodSubnet | PodNetwork::PodSubnetStatic | PodNetwork::Own => false,
        }
    }
}

/// The layer of the scenario; none where it asks for none, or what it says breaks a rule.
pub(super) fn read(
    spec: &ScenarioSpec,
    cluster: &Cluster,
    counted: &CountedCluster,
    assumptions: &Assumptions,
    review: &mut Review,
) -> Option<NodeNat> {
    let words = spec
        .cluster
        .as_ref()
        .and_then(|cluster| cluster.node_nat.as_ref());
    let pools = spec.cluster.as_ref();
    let pools = pools
        .and_then(|cluster| cluster.node_pools.as_deref())
        .unwrap_or_default();
    windows(pools, words.is_some(), review);
    let Some(words) = words else {
        refuse_ranges(&spec.workloads, review);
        return None;
    };
    let before = review.problems.len();
    let said = words.net_ipv4_ip_local_port_range.as_deref();
    let pointer = step(POINTER, "netIpv4IpLocalPortRange");
    let local_ports = local_ports(
        said,
        &pointer,
        azure::LOCAL_PORT_FIRST,
        azure::LOCAL_PORT_LAST,
        review,
    );
    let table = table(words, review);
    let rules = NodeRules {
        local_ports: ports_of(local_ports),
        pod_local_ports: pod_local_ports(&spec.workloads, review),
        masquerade_ports: MASQUERADE_PORTS,
        conntrack: table.in_force(assumptions.conntrack_size),
        time_wait: TIME_WAIT,
        reuses_closed: assumptions.masquerade_reuses_closed,
        abandoned_stay_open: assumptions.abandoned_sockets_stay_open,
        systems: systems(pools, cluster),
        outbound_nat: OutboundNat {
            ports: azure::WINDOWS_OUTBOUND_NAT_PORTS,
            by_key: assumptions.windows_outbound_nat_ports == WindowsPorts::PerDestination,
            hold: assumptions.windows_outbound_nat_hold,
        },
        ..timeouts(words, review)
    };
    let networks = networks(cluster, counted, review);
    review
        .notes
        .extend(assumed_size(words, &table, assumptions));
    if let Some(pointer) = spec.eventful(assumptions) {
        review.fault(Fault {
            code: Code::E0283,
            pointer,
            found: "The scenario has events or autoscalers beside \"nodeNat\": nodes that come and go, and ports that are \
                    taken back."
                .to_owned(),
            allowed: "nodeNat in a scenario without events and autoscalers".to_owned(),
            remedy: "Remove nodeNat or the events; what is so before and after an event can be simulated apart.".to_owned(),
        });
    }
    let pods = spec.workloads.iter().enumerate();
    let pods: Vec<Pods> = pods
        .map(|(i, workload)| pods_of(workload, i, cluster, review))
        .collect();
    (review.problems.len() == before).then_some(NodeNat {
        rules,
        local_ports,
        table,
        networks,
        pods,
    })
}

/// By workload, the local ports of a pod. A pod has its own network namespace, which begins with the kernel's range
/// whatever its node is set to (`inet_init_net` of net/ipv4/af_inet.c); `net.ipv4.ip_local_port_range` among the sysctls
/// of the pod's securityContext sets it.
fn pod_local_ports(workloads: &[WorkloadSpec], review: &mut Review) -> Vec<u64> {
    let of_pod = |(i, workload): (usize, &WorkloadSpec)| {
        let pointer = step(&step("/workloads", i), "localPortRange");
        let said = workload.local_port_range.as_deref();
        if said.is_some() && workload.host_network == Some(true) {
            review.fault(Fault {
                code: Code::E0280,
                pointer: pointer.clone(),
                found: format!(
                    "Workload \"{}\" has \"localPortRange\" and is on the host network.",
                    workload.name
                ),
                allowed: "localPortRange for pods with an address of their own".to_owned(),
                remedy: "Say netIpv4IpLocalPortRange of nodeNat, which is the node's.".to_owned(),
            });
        }
        // The kernel takes any two ports above 0.
        ports_of(local_ports(said, &pointer, 1..=65_535, 1..=65_535, review))
    };
    workloads.iter().enumerate().map(of_pod).collect()
}

/// Without the layer nobody asks for local ports.
fn refuse_ranges(workloads: &[WorkloadSpec], review: &mut Review) {
    for (i, workload) in workloads.iter().enumerate() {
        if workload.local_port_range.is_some() {
            review.fault(Fault {
                code: Code::E0280,
                pointer: step(&step("/workloads", i), "localPortRange"),
                found: format!(
                    "Workload \"{}\" has \"localPortRange\" without \"nodeNat\", which alone asks for local ports.",
                    workload.name
                ),
                allowed: "localPortRange beside cluster.nodeNat".to_owned(),
                remedy: "Add \"nodeNat\": {} to the cluster, or leave localPortRange out.".to_owned(),
            });
        }
    }
}

/// How many ports there are from the first to the last.
fn ports_of((first, last): (u16, u16)) -> u64 {
    u64::from(last - first) + 1
}

fn local_ports(
    said: Option<&str>,
    pointer: &str,
    firsts: RangeInclusive<u16>,
    lasts: RangeInclusive<u16>,
    review: &mut Review,
) -> (u16, u16) {
    let default = azure::LOCAL_PORTS_DEFAULT;
    let Some(text) = said else {
        return default;
    };
    let numbers: Vec<Option<u16>> = text
        .split_whitespace()
        .map(|word| word.parse().ok())
        .collect();
    match numbers[..] {
        [Some(first), Some(last)]
            if firsts.contains(&first) && lasts.contains(&last) && first < last =>
        {
            (first, last)
        }
        _ => {
            review.fault(Fault {
                code: Code::E0280,
                pointer: pointer.to_owned(),
                found: format!("\"{text}\" is no range of local ports that is taken here."),
                allowed: format!(
                    "two ports, the first {} to {}, the last {} to {} and above the first",
                    firsts.start(),
                    firsts.end(),
                    lasts.start(),
                    lasts.end()
                ),
                remedy: "Leave it out for \"32768 60999\", which is 28,232 ports; \"1024 65535\" is 64,512."
                    .to_owned(),
            });
            default
        }
    }
}

fn table(words: &NodeNatSpec, review: &mut Review) -> TableSize {
    let table = TableSize {
        set: words.net_netfilter_nf_conntrack_max,
        v_cpus: words.v_cpus.unwrap_or(V_CPUS),
        memory_gib: words.memory_gib.unwrap_or(MEMORY_GIB),
    };
    let range = azure::CONNTRACK_MAX;
    if let Some(set) = table.set.filter(|set| !range.contains(set)) {
        review.fault(Fault {
            code: Code::E0281,
            pointer: step(POINTER, "netNetfilterNfConntrackMax"),
            found: format!("netNetfilterNfConntrackMax is {}.", thousands(set)),
            allowed: format!(
                "{} to {} connections",
                thousands(*range.start()),
                thousands(*range.end())
            ),
            remedy: "Leave it out for what follows from vCPUs or memoryGiB.".to_owned(),
        });
    }
    let sizes = [
        ("vCPUs", table.v_cpus, V_CPUS_RANGE),
        ("memoryGiB", table.memory_gib, MEMORY_GIB_RANGE),
    ];
    for (field, number, range) in sizes {
        if !range.contains(&number) {
            review.fault(Fault {
                code: Code::E0281,
                pointer: step(POINTER, field),
                found: format!("{field} is {}.", thousands(number)),
                allowed: format!("{} to {}", range.start(), thousands(*range.end())),
                remedy: "Say what the nodes' vmSize has; `az vm list-sizes` tells.".to_owned(),
            });
        }
    }
    table
}

/// What a reader should know where the size of the table is that of a node of which nothing is said.
fn assumed_size(words: &NodeNatSpec, table: &TableSize, assumptions: &Assumptions) -> Option<Note> {
    let size = table.in_force(assumptions.conntrack_size);
    let (field, node) = match assumptions.conntrack_size {
        ConntrackSize::Observed if words.v_cpus.is_some() => return None,
        ConntrackSize::Documented if words.memory_gib.is_some() || table.set.is_some() => {
            return None;
        }
        ConntrackSize::Observed => ("vCPUs", format!("{} vCPUs", table.v_cpus)),
        ConntrackSize::Documented => ("memoryGiB", format!("{} GiB", table.memory_gib)),
    };
    Some(Note {
        code: Code::F0184,
        text: format!(
            "Nothing says how large the nodes are: the connection table of {} is that of one with {node}. \"{field}\" of nodeNat says what they have.",
            thousands(size)
        ),
    })
}

/// The time-outs; the limits beside them are the caller's.
fn timeouts(words: &NodeNatSpec, review: &mut Review) -> NodeRules {
    let none = ConntrackTimeoutsSpec::default();
    let said = words.conntrack_timeouts.as_ref().unwrap_or(&none);
    let mut timeout = |field: &str, said: Option<SimTime>, default: SimTime| {
        if said == Some(SimTime::ZERO) {
            review.fault(Fault {
                code: Code::E0281,
                pointer: step(&step(POINTER, "conntrackTimeouts"), field),
                found: format!("{field} is 0s."),
                allowed: "a time-out above 0s".to_owned(),
                remedy: format!("Leave it out for {default}."),
            });
        }
        said.unwrap_or(default)
    };
    NodeRules {
        local_ports: 0,
        pod_local_ports: Vec::new(),
        masquerade_ports: 0,
        conntrack: 0,
        time_wait: SimTime::ZERO,
        tracked_established: timeout(
            "tcpEstablished",
            said.tcp_established,
            azure::CONNTRACK_ESTABLISHED,
        ),
        tracked_after_fin: timeout("tcpTimeWait", said.tcp_time_wait, TRACKED_AFTER_FIN),
        tracked_after_rst: timeout("tcpClose", said.tcp_close, TRACKED_AFTER_RST),
        tracked_syn: timeout("tcpSynSent", said.tcp_syn_sent, TRACKED_SYN),
        tracked_udp: timeout("udp", said.udp, azure::CONNTRACK_UDP),
        tracked_udp_stream: timeout("udpStream", said.udp_stream, TRACKED_UDP_STREAM),
        reuses_closed: false,
        abandoned_stay_open: true,
        systems: Vec::new(),
        outbound_nat: OutboundNat {
            ports: 0,
            by_key: true,
            hold: SimTime::ZERO,
        },
    }
}

/// What is said of Windows has to hold there, and is simulated with the node's own layer.
fn windows(pools: &[NodePoolSpec], asked: bool, review: &mut Review) {
    for (i, pool) in pools.iter().enumerate() {
        let pointer = step("/cluster/nodePools", i);
        let translated = pool.is_windows() && !pool.disables_outbound_nat();
        if translated && !asked {
            review.fault(Fault {
                code: Code::E0284,
                pointer: step(&pointer, "osType"),
                found: format!(
                    "Node pool \"{}\" runs Windows, whose pods share {} ports of their node's address.",
                    pool.name,
                    azure::WINDOWS_OUTBOUND_NAT_PORTS
                ),
                allowed: "a Windows pool beside \"nodeNat\", which simulates that, or with disableOutboundNat".to_owned(),
                remedy: "Add \"nodeNat\": {} to the cluster (with its networkPlugin), or \"windowsProfile\": \
                         { \"disableOutboundNat\": true } to the pool."
                    .to_owned(),
            });
        }
        if pool.disables_outbound_nat() && !pool.is_windows() {
            review.fault(Fault {
                code: Code::E0284,
                pointer: step(&pointer, "windowsProfile"),
                found: format!(
                    "Node pool \"{}\" runs Linux. `az aks` says: --disable-windows-outbound-nat can only be set for Windows nodepools.",
                    pool.name
                ),
                allowed: "disableOutboundNat in a pool with \"osType\": \"Windows\"".to_owned(),
                remedy: "Remove windowsProfile, or say \"osType\": \"Windows\".".to_owned(),
            });
        }
    }
}

/// By node, what it makes of connections; empty where all run Linux.
fn systems(pools: &[NodePoolSpec], cluster: &Cluster) -> Vec<System> {
    if !pools.iter().any(NodePoolSpec::is_windows) {
        return Vec::new();
    }
    let of_pool = |pool: &NodePoolSpec| match (pool.is_windows(), pool.disables_outbound_nat()) {
        (false, _) => System::Linux,
        (true, false) => System::OutboundNat,
        (true, true) => System::Open,
    };
    let by_node = cluster.pools_by_node().into_iter();
    by_node.map(|pool| of_pool(&pools[pool])).collect()
}

/// By node, where its pods have their addresses from.
fn networks(cluster: &Cluster, counted: &CountedCluster, review: &mut Review) -> Vec<PodNetwork> {
    let of_pools = &counted.addresses.networks;
    let unknown = |pool: &usize| {
        let network = of_pools.get(*pool);
        network.is_none_or(|network| *network == PodNetwork::Own)
    };
    let pools = cluster.pools_by_node();
    if pools.is_empty() || pools.iter().any(unknown) {
        let found = match (pools.is_empty(), of_pools.is_empty()) {
            (true, _) => "\"nodeNat\" in a cluster without node pools.",
            (_, true) => "\"nodeNat\" in a cluster that does not say its networkPlugin.",
            _ => "\"nodeNat\" beside networkPlugin \"none\", of which nothing is known.",
        };
        review.fault(Fault {
            code: Code::E0282,
            pointer: POINTER.to_owned(),
            found: found.to_owned(),
            allowed: "nodeNat beside nodePools and a networkPlugin \"azure\" or \"kubenet\", which says what is masqueraded"
                .to_owned(),
            remedy: "Add \"networkPlugin\": \"azure\" with \"networkPluginMode\": \"overlay\", or what the cluster has."
                .to_owned(),
        });
        return Vec::new();
    }
    pools.into_iter().map(|pool| of_pools[pool]).collect()
}

fn pods_of(workload: &WorkloadSpec, index: usize, cluster: &Cluster, review: &mut Review) -> Pods {
    let pointer = step("/workloads", index);
    let together = [
        ("pool", workload.pool.is_some()),
        ("reconnect", workload.reconnect == Some(true)),
    ];
    for (field, _) in together.iter().filter(|(_, said)| *said) {
        review.fault(Fault {
            code: Code::E0283,
            pointer: step(&pointer, field),
            found: format!("Workload \"{}\" has \"{field}\" beside \"nodeNat\".", workload.name),
            allowed: format!("nodeNat beside workloads without {field}"),
            remedy: format!(
                "Remove nodeNat, or \"{field}\" and give the connections that are opened as arrivals of their own."
            ),
        });
    }
    let is_trace = workload
        .arrivals
        .as_ref()
        .is_some_and(|arrivals| arrivals.is_trace());
    // The sources of a trace are single machines, and the host network has one address.
    let has_pods = !is_trace && workload.host_network != Some(true);
    if has_pods && workload.replicas.is_none() {
        review.notes.push(Note {
            code: Code::F0183,
            text: format!(
                "Workload \"{}\" does not say how many \"replicas\" it has: what a node opens of it counts as one pod's.",
                workload.name
            ),
        });
    }
    // Whether there is such a pool was looked at before.
    let mut scratch = Review::default();
    let nodes = cluster.pool(workload.node_pool.as_deref(), &pointer, &mut scratch);
    Pods {
        host_network: workload.host_network == Some(true),
        nodes: nodes.unwrap_or_default(),
        replicas: workload.replicas.map(|count| Replicas {
            count,
            noisy: workload.noisy_replica,
        }),
    }
}

/// Whether a connection keeps its socket after it has idled out without a reset depends on when its owner learns of it.
pub(super) fn refuse_silence(
    workloads: &[Workload],
    outbounds: &[Outbound],
    endpoints: &[Endpoint],
    review: &mut Review,
) {
    let silent = |plan: &&PoolPlan| plan.on_idle != OnIdle::Reset;
    for (i, workload) in workloads.iter().enumerate() {
        let breaks = |plan: &PoolPlan| match &workload.traffic {
            Traffic::Open { .. } | Traffic::Closed { .. } => {
                workload.quiet(Protocol::Tcp, plan).is_some()
            }
            Traffic::Trace(rows) => rows.iter().any(|row| {
                let protocol = endpoints[row.endpoint as usize].protocol;
                let end = End::Fin.with_keepalive(row.keepalive, row.lifetime, &plan.holds);
                protocol == Protocol::Tcp && end == End::Broken
            }),
        };
        let mut under = outbounds.iter();
        let breaking = under.find(|outbound| outbound.plans().filter(silent).any(breaks));
        if let Some(outbound) = breaking {
            review.fault(Fault {
                code: Code::E0283,
                pointer: step("/workloads", i),
                found: format!(
                    "Workload \"{}\" falls silent for the idle timeout of outbound \"{}\", which says nothing when a connection idles out.",
                    workload.name, outbound.name
                ),
                allowed: "nodeNat beside connections that do not idle out inside their lives, or where both ends get a reset"
                    .to_owned(),
                remedy: "Send keepalives more often than the idle timeout, or remove nodeNat or the outbound.".to_owned(),
            });
        }
    }
}

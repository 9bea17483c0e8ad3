//! Every number of Azure that the simulator uses, each with the document it was read from.
//!
//! Paths are those of the repository `MicrosoftDocs/azure-docs`; `aks:` stands before paths of
//! `MicrosoftDocs/azure-aks-docs`, `cli:` before paths of `Azure/azure-cli`.

use crate::units::SimTime;
use std::ops::RangeInclusive;

/// SNAT ports of one Load Balancer frontend address, per protocol.
/// `articles/load-balancer/load-balancer-outbound-connections.md`.
pub const LB_PORTS_PER_IP: u32 = 64_000;

/// Ports that automatic allocation gives a node per frontend address, by the size of the backend
/// pool: (nodes up to, ports). `articles/load-balancer/load-balancer-outbound-connections.md`.
pub const LB_AUTOMATIC: [(u32, u32); 6] = [
    (50, 1_024),
    (100, 512),
    (200, 256),
    (400, 128),
    (800, 64),
    (1_000, 32),
];

/// Most ports that automatic allocation gives a node, whatever the number of addresses.
/// `articles/load-balancer/load-balancer-outbound-connections.md`.
pub const LB_AUTOMATIC_MOST: u32 = 1_024;

/// Manual ports come in multiples of this, and an inbound rule takes an aligned block of this size.
/// `articles/load-balancer/outbound-rules.md`.
pub const LB_BLOCK: u32 = 8;

/// Manual ports of a node; 0 means automatic. `articles/load-balancer/outbound-rules.md`.
pub const LB_PORTS: RangeInclusive<i64> = 0..=64_000;

/// Outbound addresses of an AKS Load Balancer. `aks:articles/aks/configure-load-balancer-standard.md`.
pub const LB_IPS: RangeInclusive<i64> = 1..=100;

/// Managed outbound addresses where nothing is said. `aks:articles/aks/load-balancer-standard.md`.
pub const LB_IPS_DEFAULT: u32 = 1;

/// Idle timeout of an outbound rule in minutes, as ARM takes it.
/// `articles/load-balancer/outbound-rules.md` (2024-04-11).
pub const LB_IDLE_MINUTES: RangeInclusive<i64> = 4..=120;

/// Longest idle timeout in minutes that `az aks` takes.
/// `cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`.
pub const LB_IDLE_MINUTES_CLI: u32 = 100;

/// Idle timeout of AKS's outbound rule in minutes where nothing is said.
/// `aks:articles/aks/load-balancer-standard.md`.
pub const LB_IDLE_MINUTES_DEFAULT: u32 = 30;

/// How long a port is kept after a FIN.
/// `articles/load-balancer/load-balancer-outbound-connections.md` (2020-06-24, the only revision with release timers).
pub const LB_HOLD_AFTER_FIN: SimTime = SimTime::from_secs(240);

/// How long a port is kept after an RST.
/// `articles/load-balancer/load-balancer-outbound-connections.md` (2020-06-24).
pub const LB_HOLD_AFTER_RST: SimTime = SimTime::from_secs(15);

/// SNAT ports of one NAT Gateway address, per protocol. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_PORTS_PER_IP: u32 = 64_512;

/// Concurrent connections per address to one destination endpoint.
/// `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_ACTIVE_PER_IP: u32 = 50_000;

/// Concurrent connections of a NAT Gateway in all. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_CEILING: u64 = 2_000_000;

/// IPv4 addresses of a NAT Gateway. `articles/nat-gateway/nat-sku.md`.
pub const NAT_IPS: RangeInclusive<i64> = 1..=16;

/// Managed outbound addresses where nothing is said. `aks:articles/aks/nat-gateway.md`.
pub const NAT_IPS_DEFAULT: u32 = 1;

/// TCP idle timeout in minutes. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_IDLE_MINUTES: RangeInclusive<i64> = 4..=120;

/// TCP idle timeout in minutes where nothing is said. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_IDLE_MINUTES_DEFAULT: u32 = 4;

/// UDP idle timeout, fixed. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_UDP_IDLE: SimTime = SimTime::from_secs(240);

/// Hold-down toward the same endpoint after a FIN. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_HOLD_AFTER_FIN: SimTime = SimTime::from_secs(65);

/// Hold-down toward the same endpoint after an RST. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_HOLD_AFTER_RST: SimTime = SimTime::from_secs(16);

/// Hold-down toward the same endpoint after a UDP flow. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_HOLD_AFTER_UDP: SimTime = SimTime::from_secs(65);

/// How long an unanswered connection keeps its port. `articles/nat-gateway/nat-gateway-resource.md`.
pub const NAT_HALF_OPEN: SimTime = SimTime::from_secs(30);

/// SNAT ports per address, instance and flow key. `articles/firewall/integrate-with-nat-gateway.md`.
pub const FIREWALL_PORTS_PER_BUCKET: u32 = 2_496;

/// Public addresses of a firewall. `articles/firewall/integrate-with-nat-gateway.md`.
pub const FIREWALL_IPS: RangeInclusive<i64> = 1..=250;

/// Public addresses where nothing is said: what a firewall is deployed with.
/// `articles/firewall/integrate-with-nat-gateway.md`.
pub const FIREWALL_IPS_DEFAULT: u32 = 1;

/// Fewest instances, and those a firewall starts with. `articles/firewall/integrate-with-nat-gateway.md`.
pub const FIREWALL_INSTANCES_LEAST: u32 = 2;

/// Most instances any document names. `articles/firewall/prescaling.md`.
pub const FIREWALL_INSTANCES_MOST: u32 = 50;

/// Active connections of one instance. `articles/firewall/firewall-faq.yml`.
pub const FIREWALL_CEILING: u64 = 250_000;

/// Average use of throughput or CPU from which on a firewall scales out. `articles/firewall/firewall-faq.yml`; a later
/// revision of `articles/firewall/firewall-performance.md` wants both.
pub const FIREWALL_SCALE_OUT_LOAD: f64 = 0.6;

/// Use of the number of connections from which on a firewall scales out. `articles/firewall/firewall-faq.yml`.
pub const FIREWALL_SCALE_OUT_CONNECTIONS: f64 = 0.8;

/// Use of throughput, CPU and connections below which a firewall scales in. `articles/firewall/firewall-performance.md`.
pub const FIREWALL_SCALE_IN: f64 = 0.2;

/// How long a new instance takes to be there, the longest of five to seven minutes. `articles/firewall/firewall-faq.yml`.
pub const FIREWALL_SCALE_OUT_AFTER: SimTime = SimTime::from_secs(420);

/// How long a node has to be unneeded before it leaves, and how long none leaves after some were asked for
/// (`scale-down-unneeded-time`, `scale-down-delay-after-add`). `aks:articles/aks/cluster-autoscaler.md` (2026-07-30).
pub const SCALE_DOWN_AFTER: SimTime = SimTime::from_secs(600);

/// TCP idle timeout toward the Internet in minutes; above 4 by support request.
/// `articles/firewall/tcp-session-behavior.md`.
pub const FIREWALL_IDLE_MINUTES: RangeInclusive<i64> = 4..=15;

/// TCP idle timeout toward the Internet in minutes where nothing is said.
/// `articles/firewall/tcp-session-behavior.md`.
pub const FIREWALL_IDLE_MINUTES_DEFAULT: u32 = 4;

/// Ports are free the moment a connection closes. `articles/firewall/firewall-faq.yml`.
pub const FIREWALL_HOLD_AFTER_CLOSE: SimTime = SimTime::ZERO;

/// Sizes of public IPv4 prefixes, as their prefix length: 16, 8, 4 or 2 addresses.
/// `articles/nat-gateway/troubleshoot-nat.md`.
pub const PREFIX_LENGTHS: RangeInclusive<i64> = 28..=31;

/// Nodes of a node pool, and of the scale set behind it. `includes/container-service-limits.md`; `az aks` takes
/// no larger maximum (`cli:src/azure-cli/azure/cli/command_modules/acs/_validators.py`).
pub const NODES_PER_POOL: u32 = 1_000;

/// Nodes of a cluster on scale sets with a Standard Load Balancer. `includes/container-service-limits.md`.
pub const NODES_PER_CLUSTER: u32 = 5_000;

/// Node pools of a cluster. `includes/container-service-limits.md`.
pub const NODE_POOLS: usize = 100;

/// Nodes of a kubenet cluster: every node takes a route of a table that holds 400.
/// `aks:articles/aks/concepts-network-legacy-cni.md`.
pub const KUBENET_NODES: u32 = 400;

/// Pods that a node may be set to. `aks:articles/aks/concepts-network-ip-address-planning.md`.
pub const PODS_PER_NODE: RangeInclusive<u32> = 10..=250;

/// Addresses that Azure keeps of every subnet for itself.
/// `aks:articles/aks/concepts-network-ip-address-planning.md`.
pub const SUBNET_RESERVED: u64 = 5;

/// Addresses of the pod CIDR that every node of kubenet and overlay takes, a /24.
/// `aks:articles/aks/concepts-network-azure-cni-overlay.md`, `aks:articles/aks/configure-kubenet.md`.
pub const POD_CIDR_PER_NODE: u64 = 256;

/// Pod CIDR where nothing is said. `aks:articles/aks/configure-kubenet.md`.
pub const POD_CIDR_DEFAULT: &str = "10.244.0.0/16";

/// Addresses of a pod subnet that a node takes at a time.
/// `aks:articles/aks/concepts-network-azure-cni-pod-subnet.md`,
/// `aks:articles/aks/configure-azure-cni-static-block-allocation.md`.
pub const POD_SUBNET_BATCH: u64 = 16;

/// `LoadBalancer` Services of a cluster. `includes/container-service-limits.md`.
pub const LOAD_BALANCER_SERVICES: usize = 300;

/// Ports of a Windows node's address that its pods are translated to.
/// `aks:articles/aks/nat-gateway.md`: "64 ports on the host IP".
pub const WINDOWS_OUTBOUND_NAT_PORTS: u64 = 64;

/// Local ports of a node and of each pod where nothing is said: the first and the last.
/// `aks:articles/aks/custom-node-configuration-reference.md` (`netIpv4IpLocalPortRange`).
pub const LOCAL_PORTS_DEFAULT: (u16, u16) = (32_768, 60_999);

/// What AKS takes for the first local port. `aks:articles/aks/custom-node-configuration-reference.md`.
pub const LOCAL_PORT_FIRST: RangeInclusive<u16> = 1_024..=60_999;

/// What AKS takes for the last local port. `aks:articles/aks/custom-node-configuration-reference.md`.
pub const LOCAL_PORT_LAST: RangeInclusive<u16> = 32_768..=65_535;

/// What AKS takes for the size of a node's connection table. `aks:articles/aks/custom-node-configuration-reference.md`
/// (`netNetfilterNfConntrackMax`).
pub const CONNTRACK_MAX: RangeInclusive<u64> = 131_072..=2_097_152;

/// Bytes of memory for each connection of the table, as documented.
/// `aks:articles/aks/custom-node-configuration-reference.md`.
pub const CONNTRACK_BYTES: u64 = 16_384;

/// Connections of the table for each vCPU as observed, because kube-proxy sets its own size at start.
/// Azure/AKS issues 3051 and 5529: 131,072 with 4 vCPUs, 262,144 with 8.
pub const CONNTRACK_PER_CPU: u64 = 32_768;

/// The least that kube-proxy sets. Azure/AKS issues 3051 and 5529.
pub const CONNTRACK_LEAST: u64 = 131_072;

/// How long a connection that nobody closes stays in the table, as kube-proxy sets it (`--conntrack-tcp-timeout-established`).
/// Observed: kubernetes/kops pull request 2223.
pub const CONNTRACK_ESTABLISHED: SimTime = SimTime::from_secs(86_400);

/// How long a UDP flow stays in the table. `aks:articles/aks/dns-concepts.md`.
pub const CONNTRACK_UDP: SimTime = SimTime::from_secs(30);

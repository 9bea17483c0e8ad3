//! The arithmetic of a Load Balancer's ports: what there is, who is counted, how far the next step is.

use super::assumptions::BeyondTable;
use super::azure;
use super::cluster::{CountedPool, counted_nodes};
use super::review::{plural, thousands};
use std::collections::BTreeSet;

/// Ports that a node gets without manual allocation: Azure's table times `ips`, at most 1,024;
/// none beyond the 1,000 nodes the table ends at.
pub fn automatic_ports(nodes: u32, ips: u32) -> Option<u32> {
    azure::LB_AUTOMATIC
        .iter()
        .find(|(up_to, _)| nodes <= *up_to)
        .map(|(_, per_ip)| over_ips(*per_ip, ips))
}

pub(super) fn over_ips(per_ip: u32, ips: u32) -> u32 {
    per_ip.saturating_mul(ips).min(azure::LB_AUTOMATIC_MOST)
}

/// Ports that can be allocated: 64,000 an address, less 8 for every block an inbound rule takes.
pub fn supply(ips: u32, inbound_blocks: u32) -> u64 {
    let ports = u64::from(ips) * u64::from(azure::LB_PORTS_PER_IP);
    ports.saturating_sub(u64::from(inbound_blocks) * u64::from(azure::LB_BLOCK))
}

/// Blocks of 8 ports that inbound rules on these ports take; a block starts at a multiple of 8.
pub fn inbound_blocks(ports: &[u16]) -> u32 {
    let blocks: BTreeSet<u32> = ports
        .iter()
        .map(|port| u32::from(*port) / azure::LB_BLOCK)
        .collect();
    blocks.len() as u32
}

/// The most nodes that can have `ports` each out of `supply`. `ports` is above 0.
pub fn max_nodes(ports: u32, supply: u64) -> u64 {
    supply / u64::from(ports)
}

/// The most ports per node, a multiple of 8 and at most 64,000, that `supply` has for `nodes` nodes.
pub fn largest_ports(nodes: u64, supply: u64) -> u32 {
    let even = supply / nodes.max(1);
    let capped = even.min(*azure::LB_PORTS.end() as u64) as u32;
    capped - capped % azure::LB_BLOCK
}

/// The fewest addresses with which `nodes` nodes can have `ports` each.
pub fn ips_needed(nodes: u64, ports: u32, inbound_blocks: u32) -> u64 {
    let taken = u64::from(inbound_blocks) * u64::from(azure::LB_BLOCK);
    (nodes * u64::from(ports) + taken).div_ceil(u64::from(azure::LB_PORTS_PER_IP))
}

/// How Azure refuses `ports` for `nodes`: the check of AKS, which knows nothing of inbound rules, or that of the Load
/// Balancer behind it.
pub(super) fn azures_words(ports: u32, nodes: u64, ips: u32, inbound_blocks: u32) -> String {
    let needed = nodes * u64::from(ports);
    let of_addresses = supply(ips, 0);
    if needed > of_addresses {
        format!(
            "Azure refuses it as InvalidLoadBalancerProfileAllocatedOutboundPorts: \"Load balancer profile allocated ports {ports} is not in an allowable range given the number of nodes and IPs provisioned. Total node count {nodes} requires {needed} ports but only {of_addresses} ports are available given {ips} outbound public IPs. Refer to https://aka.ms/aks/slb-ports for more details.\""
        )
    } else {
        format!(
            "Azure refuses it as SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts: {} with {} each require {} ports, but only {} are free.",
            plural(nodes, "node"),
            plural(ports, "port"),
            thousands(needed),
            thousands(supply(ips, inbound_blocks)),
        )
    }
}

/// How the ports of a Load Balancer came about; also where Azure refuses them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Ports per node.
    pub ports: u32,
    /// Whether Azure's table says so; otherwise `allocatedOutboundPorts` does.
    pub automatic: bool,
    /// Public IPs of the outbound frontend.
    pub ips: u32,
    /// Blocks of 8 ports that inbound rules on that frontend take.
    pub inbound_blocks: u32,
    /// Nodes there are, which the table is entered with.
    pub nodes: u32,
    /// The pools as Azure counts them when it checks manual ports.
    pub counted: Vec<CountedPool>,
    /// What the table does beyond its end.
    pub beyond: BeyondTable,
}

/// The next number of nodes at which automatic ports change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// From this many nodes on.
    pub nodes: u32,
    /// Every node has this many ports; none where it is refused.
    pub ports: Option<u32>,
}

impl Allocation {
    /// Ports that can be allocated.
    pub fn supply(&self) -> u64 {
        supply(self.ips, self.inbound_blocks)
    }

    /// Nodes that Azure counts when it checks manual ports.
    pub fn counted_nodes(&self) -> u64 {
        counted_nodes(&self.counted)
    }

    /// Ports that all counted nodes need, or with automatic ports the nodes there are.
    pub fn needed(&self) -> u64 {
        let nodes = match self.automatic {
            true => u64::from(self.nodes),
            false => self.counted_nodes(),
        };
        nodes * u64::from(self.ports)
    }

    /// Counted nodes that can be added before Azure refuses; for manual ports it accepts.
    pub fn nodes_left(&self) -> u64 {
        max_nodes(self.ports, self.supply()).saturating_sub(self.counted_nodes())
    }

    /// What Azure says of one node more than it accepts with these manual ports.
    pub fn next_refusal(&self) -> String {
        let nodes = max_nodes(self.ports, self.supply()).max(self.counted_nodes()) + 1;
        azures_words(self.ports, nodes, self.ips, self.inbound_blocks)
    }

    /// The most ports that `allocatedOutboundPorts` may ask for with the nodes counted; 0 is none.
    pub fn largest_ports(&self) -> u32 {
        largest_ports(self.counted_nodes(), self.supply())
    }

    /// The fewest public IPs with which Azure accepts these ports for the nodes counted.
    pub fn ips_needed(&self) -> u64 {
        ips_needed(self.counted_nodes(), self.ports, self.inbound_blocks)
    }

    /// The row of Azure's table that applies: (nodes up to, ports per public IP).
    pub fn table_row(&self) -> Option<(u32, u32)> {
        let rows = azure::LB_AUTOMATIC;
        rows.into_iter().find(|(up_to, _)| self.nodes <= *up_to)
    }

    /// Automatic ports of each of `nodes` nodes with `ips` public IPs; none where that is assumed to be refused.
    pub fn automatic_ports(&self, nodes: u32, ips: u32) -> Option<u32> {
        automatic_ports(nodes, ips).or(match self.beyond {
            BeyondTable::Ports(per_ip) => Some(over_ips(per_ip, ips)),
            BeyondTable::Refuse => None,
        })
    }

    /// Ports per node with one more public IP.
    pub fn with_one_more_ip(&self) -> u32 {
        match self.automatic {
            true => self.automatic_ports(self.nodes, self.ips + 1),
            false => None,
        }
        .unwrap_or(self.ports)
    }

    /// Where growing next costs every node ports, if Azure's table says.
    pub fn next_step(&self) -> Option<Step> {
        let rows = azure::LB_AUTOMATIC.into_iter();
        rows.filter(|(up_to, _)| *up_to >= self.nodes)
            .map(|(up_to, _)| Step {
                nodes: up_to + 1,
                ports: self.automatic_ports(up_to + 1, self.ips),
            })
            .find(|step| step.ports < Some(self.ports))
    }
}

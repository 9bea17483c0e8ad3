//! The ports of an outbound type, and how far away what changes them is.

use crate::engine::{Grouping, PoolPlan};
use crate::model::Outbound;
use crate::outbound::{Allocation, OutboundType, azure, max_nodes, supply};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ports of an outbound type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ports {
    /// Load Balancer.
    LoadBalancer(LoadBalancerPorts),
    /// NAT Gateway.
    NatGateway(NatGatewayPorts),
    /// Several NAT Gateways.
    NatGateways(Vec<OneNatGateway>),
    /// Azure Firewall.
    Firewall(FirewallPorts),
    /// Anything else.
    Custom(CustomPorts),
}

/// The ports of a Load Balancer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadBalancerPorts {
    /// Ports of a node.
    pub per_node: u32,
    /// Whether Azure's table says so, and not `allocatedOutboundPorts`.
    pub automatic: bool,
    /// The row of the table; none beyond its end or with manual ports.
    pub table_row: Option<TableRow>,
    /// Public IPs of the outbound frontend.
    pub public_ips: u32,
    /// Ports that inbound rules on that frontend take.
    pub inbound_rules_take: u32,
    /// Ports that can be allocated.
    pub supply: u64,
    /// Nodes it is checked with: those there are with automatic ports, those counted with manual ones.
    pub nodes: u64,
    /// Ports that all of them need.
    pub needed: u64,
    /// Counted nodes that can be added before Azure refuses these manual ports; none with automatic ports.
    pub nodes_left: Option<u64>,
    /// What Azure says of one node more than that; none with automatic ports.
    pub next_refusal: Option<String>,
    /// Where growing next costs every node ports; none with manual ports, or where nothing is left to lose.
    pub next_step: Option<NextStep>,
    /// The most that `allocatedOutboundPorts` may ask for with the nodes counted, a multiple of 8; 0 is none.
    pub largest_manual: u32,
    /// The fewest public IPs with which Azure accepts these ports for the nodes counted.
    pub public_ips_needed: u64,
    /// What another public IP would change.
    pub one_more_ip: OneMoreIp,
}

/// A row of Azure's table of automatic ports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TableRow {
    /// It holds up to this many nodes.
    pub nodes_up_to: u32,
    /// Ports of a node for each public IP.
    pub ports_per_ip: u32,
}

/// Where growing costs every node ports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NextStep {
    /// From this many nodes on.
    pub at_nodes: u32,
    /// Nodes that can be added before it.
    pub nodes_left: u64,
    /// Ports that every node then has; none where it is assumed to be refused.
    pub ports: Option<u32>,
    /// Whether the fleet reaches it when autoscaler and upgrade go as far as they may.
    pub within_counted: bool,
}

/// What another public IP would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OneMoreIp {
    /// Ports that every node would have.
    pub per_node: u32,
    /// The most nodes that could have them.
    pub most_nodes: u64,
}

impl Ports {
    /// The ports of `outbound` under `plan`; none where it has none, or a Load Balancer's could not be worked out.
    pub(super) fn of(outbound: &Outbound, plan: &PoolPlan) -> Option<Ports> {
        let gateways = outbound.setup.gateways.iter().enumerate();
        let gateways: Option<Vec<_>> = gateways
            .map(|(pool, gateway)| {
                Some(OneNatGateway {
                    name: gateway.name.clone(),
                    node_pools: gateway.node_pools.clone(),
                    ports: nat_gateway(gateway.public_ips, &plan.of_pool(pool))?,
                })
            })
            .collect();
        if let Some(several) = gateways.filter(|gateways| !gateways.is_empty()) {
            return Some(Ports::NatGateways(several));
        }
        Some(match outbound.kind {
            OutboundType::LoadBalancer => {
                Ports::LoadBalancer(load_balancer(outbound.setup.allocation.as_ref()?))
            }
            OutboundType::ManagedNatGateway
            | OutboundType::UserAssignedNatGateway
            | OutboundType::FirewallNatGateway => {
                Ports::NatGateway(nat_gateway(outbound.public_ips?, plan)?)
            }
            OutboundType::UserDefinedRouting => Ports::Firewall(firewall(plan)?),
            OutboundType::NoEgress | OutboundType::Block => return None,
            OutboundType::Custom => Ports::Custom(CustomPorts {
                per_pool: plan.limit,
                pool_per_node: plan.grouping == Grouping::ByNode,
                active_per_pool: plan.active_limit.map(|limit| limit.limit),
            }),
        })
    }
}

/// The ports of a NAT Gateway.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NatGatewayPorts {
    /// Public IPs.
    pub public_ips: u32,
    /// The most it may have.
    pub most_public_ips: u32,
    /// Ports toward one endpoint, active or held.
    pub ports: u64,
    /// Connections to one endpoint that may be active at once.
    pub to_one_endpoint: u64,
    /// Whether ports in a hold-down count toward that as well, which is an assumption.
    pub held_count: bool,
    /// Connections in all.
    pub in_all: u64,
}

/// One of several NAT Gateways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OneNatGateway {
    /// Its name.
    pub name: String,
    /// The node pools that leave by it.
    pub node_pools: Vec<String>,
    /// Its ports.
    pub ports: NatGatewayPorts,
}

/// The ports of an Azure Firewall.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FirewallPorts {
    /// Public IPs.
    pub public_ips: u32,
    /// Instances.
    pub instances: u32,
    /// Ports of a bucket, one for each public IP and instance, toward one endpoint.
    pub per_bucket: u32,
    /// Ports of all buckets toward one endpoint.
    pub ports: u64,
    /// Connections in all.
    pub in_all: u64,
}

/// The ports of a custom type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomPorts {
    /// Ports of a pool toward one endpoint.
    pub per_pool: u32,
    /// Whether every node has a pool; otherwise all share one.
    pub pool_per_node: bool,
    /// Connections to one endpoint that may be active at once in a pool.
    pub active_per_pool: Option<u32>,
}

fn load_balancer(allocation: &Allocation) -> LoadBalancerPorts {
    let Allocation {
        ports,
        automatic,
        ips,
        inbound_blocks,
        nodes,
        ..
    } = *allocation;
    let counted = allocation.counted_nodes();
    let row = allocation.table_row().filter(|_| automatic);
    let step = allocation.next_step().filter(|_| automatic);
    let with_one_more = allocation.with_one_more_ip();
    LoadBalancerPorts {
        per_node: ports,
        automatic,
        table_row: row.map(|(nodes_up_to, ports_per_ip)| TableRow {
            nodes_up_to,
            ports_per_ip,
        }),
        public_ips: ips,
        inbound_rules_take: inbound_blocks * azure::LB_BLOCK,
        supply: allocation.supply(),
        nodes: if automatic { u64::from(nodes) } else { counted },
        needed: allocation.needed(),
        nodes_left: (!automatic).then(|| allocation.nodes_left()),
        next_refusal: (!automatic).then(|| allocation.next_refusal()),
        next_step: step.map(|step| NextStep {
            at_nodes: step.nodes,
            nodes_left: u64::from(step.nodes - 1 - nodes),
            ports: step.ports,
            within_counted: u64::from(step.nodes) <= counted,
        }),
        largest_manual: allocation.largest_ports(),
        public_ips_needed: allocation.ips_needed(),
        one_more_ip: OneMoreIp {
            per_node: with_one_more,
            most_nodes: match automatic {
                true => automatic_up_to(with_one_more, allocation),
                false => max_nodes(with_one_more.max(1), supply(ips + 1, inbound_blocks)),
            },
        },
    }
}

/// The most nodes that get `ports` each by automatic allocation with one more public IP.
fn automatic_up_to(ports: u32, allocation: &Allocation) -> u64 {
    let ips = allocation.ips + 1;
    let (last, _) = azure::LB_AUTOMATIC[azure::LB_AUTOMATIC.len() - 1];
    if allocation.automatic_ports(last + 1, ips) == Some(ports) {
        return max_nodes(ports, supply(ips, allocation.inbound_blocks));
    }
    let rows = azure::LB_AUTOMATIC.iter().map(|(nodes, _)| *nodes);
    let enough = rows.filter(|nodes| allocation.automatic_ports(*nodes, ips) == Some(ports));
    enough.max().map_or(0, u64::from)
}

fn nat_gateway(public_ips: u32, plan: &PoolPlan) -> Option<NatGatewayPorts> {
    Some(NatGatewayPorts {
        public_ips,
        most_public_ips: *azure::NAT_IPS.end() as u32,
        ports: u64::from(plan.limit),
        to_one_endpoint: plan.active_limit.map_or(0, |limit| u64::from(limit.limit)),
        held_count: plan.active_limit.is_some_and(|limit| limit.counts_held),
        in_all: plan.ceiling?.limit,
    })
}

fn firewall(plan: &PoolPlan) -> Option<FirewallPorts> {
    let Grouping::Buckets { ips, instances, .. } = plan.grouping else {
        return None;
    };
    let buckets = u64::from(ips) * u64::from(instances);
    Some(FirewallPorts {
        public_ips: ips,
        instances,
        per_bucket: plan.limit,
        ports: buckets * u64::from(plan.limit),
        in_all: u64::from(instances) * plan.ceiling?.limit,
    })
}

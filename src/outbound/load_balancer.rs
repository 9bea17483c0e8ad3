//! Load Balancer: ports are dealt out to the nodes beforehand, by a table or by hand.

use super::addresses::{AddressCount, OutboundIpPrefixes, OutboundIps, Own};
use super::allocation::{
    Allocation, automatic_ports, azures_words, inbound_blocks, ips_needed, largest_ports,
    max_nodes, over_ips, supply,
};
use super::assumptions::BeyondTable;
use super::cluster::{CountedPool, MaxSurge, counted_nodes};
use super::review::{Context, Limited, Review, plural, thousands};
use super::spec::{Ignored, both_spellings};
use super::timers::{Timer, TimersInForce, UdpIdle};
use super::{Definition, Draft, Metric, MetricSource, OutboundSpec, Way, azure};
use crate::engine::{Grouping, OnIdle, PoolPlan, UdpKey};
use crate::fault::{Code, Fault, step};
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) const TYPE: Definition = Definition {
    words: &["loadBalancer"],
    metrics: METRICS,
    way: Way::LoadBalancer,
    draft,
};

/// `loadBalancerProfile` of AKS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = both_spellings)]
pub struct LoadBalancerProfile {
    /// Public IPs that AKS manages; 1 if nothing is said.
    #[serde(rename = "managedOutboundIPs", alias = "managedOutboundIps")]
    pub managed_outbound_ips: Option<ManagedOutboundIps>,
    /// Own public IPs, instead of managed ones.
    #[serde(rename = "outboundIPs", alias = "outboundIps")]
    pub outbound_ips: Option<OutboundIps>,
    /// Own public IP prefixes, instead of managed IPs.
    #[serde(rename = "outboundIPPrefixes", alias = "outboundIpPrefixes")]
    pub outbound_ip_prefixes: Option<OutboundIpPrefixes>,
    /// SNAT ports per node: a multiple of 8 up to 64,000; 0, the default, leaves it to Azure's table.
    pub allocated_outbound_ports: Option<i64>,
    /// TCP and UDP idle timeout in minutes, 4 to 120; 30 if nothing is said.
    pub idle_timeout_in_minutes: Option<i64>,

    /// Azure's, not used here.
    pub backend_pool_type: Option<Ignored>,
    /// Azure's, not used here.
    pub cluster_service_load_balancer_health_probe_mode: Option<Ignored>,
    /// Azure's, not used here.
    #[serde(rename = "effectiveOutboundIPs", alias = "effectiveOutboundIps")]
    pub effective_outbound_ips: Option<Ignored>,
    /// Azure's, not used here.
    pub enable_multiple_standard_load_balancers: Option<Ignored>,
}

/// Public IPs that AKS manages.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = both_spellings)]
pub struct ManagedOutboundIps {
    /// IPv4 addresses.
    pub count: Option<i64>,
    /// IPv6 addresses; not simulated.
    #[serde(rename = "countIPv6", alias = "countIpv6")]
    pub count_ipv6: Option<Ignored>,
}

const METRICS: &[Metric] = &[
    Metric {
        id: "AllocatedSnatPorts",
        unit: "count",
        aggregation: "average",
        dimension: None,
        source: MetricSource::Allocated,
    },
    Metric {
        id: "UsedSnatPorts",
        unit: "count",
        aggregation: "max",
        dimension: None,
        source: MetricSource::Used,
    },
    Metric {
        id: "SnatConnectionCount",
        unit: "count",
        aggregation: "total",
        dimension: Some(("ConnectionState", "Successful")),
        source: MetricSource::Granted,
    },
    Metric {
        id: "SnatConnectionCount",
        unit: "count",
        aggregation: "total",
        dimension: Some(("ConnectionState", "Failed")),
        source: MetricSource::Refused,
    },
    Metric::USED_PORTS,
];

const IPS: Limited = Limited {
    code: Code::E0314,
    name: "The number of outbound public IPs",
    unit: "public IPs",
    range: azure::LB_IPS,
    quote: None,
    remedy: "Set `--load-balancer-managed-outbound-ip-count`, or the number of own IPs and prefixes, within that range.",
};

const PORTS: Limited = Limited {
    code: Code::E0311,
    name: "allocatedOutboundPorts",
    unit: "ports per node, 0 leaving it to Azure's table",
    range: azure::LB_PORTS,
    quote: Some("--load-balancer-allocated-ports must be in the range [0,64000]"),
    remedy: "Set allocatedOutboundPorts (`--load-balancer-outbound-ports`) within that range; one public IP has 64,000 ports.",
};

const IDLE: Limited = Limited {
    code: Code::E0313,
    name: "idleTimeoutInMinutes",
    unit: "minutes in ARM, 4 to 100 in `az aks`",
    range: azure::LB_IDLE_MINUTES,
    quote: Some("--load-balancer-idle-timeout must be in the range [4,100]"),
    remedy: "Set `--load-balancer-idle-timeout` within that range. To try any other time, use \"timers\": { \"idle\": \"…\" }.",
};

fn draft(spec: &OutboundSpec, cx: &Context, review: &mut Review) -> Option<Draft> {
    let default = LoadBalancerProfile::default();
    let profile = spec.load_balancer_profile.as_ref().unwrap_or(&default);
    let frontend = frontend(profile, cx, review);
    let idle = idle(profile, cx, review);
    review.refusals.extend(without_outbound_nat(cx));
    let said = profile.allocated_outbound_ports.unwrap_or(0);
    let limit = match said {
        0 => automatic(&frontend?, cx, review),
        ports => manual(ports, frontend, cx, review),
    };
    let assumed = cx.assumptions;
    let (after_fin, after_rst) = if assumed.load_balancer_release_timers {
        (azure::LB_HOLD_AFTER_FIN, azure::LB_HOLD_AFTER_RST)
    } else {
        (SimTime::ZERO, SimTime::ZERO)
    };
    let release = |value| Timer::assumed(value, "loadBalancerReleaseTimers");
    let idle = idle?;
    let timers = TimersInForce {
        idle,
        hold_after_fin: release(after_fin),
        hold_after_rst: release(after_rst),
        hold_after_idle: Timer::assumed(
            assumed.load_balancer_hold_after_idle,
            "loadBalancerHoldAfterIdle",
        ),
        half_open: Timer::assumed(assumed.load_balancer_half_open, "loadBalancerHalfOpen"),
        udp_idle: idle,
        hold_after_udp: Timer::of_type(SimTime::ZERO),
    }
    .under(spec.timers.as_ref(), UdpIdle::FollowsIdle);
    let (frontend, limit) = (frontend?, limit?);
    Some(Draft {
        plan: PoolPlan {
            grouping: Grouping::ByNode,
            limit,
            active_limit: None,
            holds: timers.holds(),
            on_idle: OnIdle::Reset,
            udp_key: UdpKey::Address,
            ceiling: None,
            refused_syn: assumed.refused_syn.into(),
        },
        public_ips: Some(frontend.ips),
        timers,
        allocation: Some(Allocation {
            ports: limit,
            automatic: said == 0,
            ips: frontend.ips,
            inbound_blocks: frontend.inbound_blocks,
            nodes: cx.cluster.nodes(),
            counted: cx.cluster.counted(assumed.max_surge),
            beyond: assumed.automatic_ports_above_1000_nodes,
        }),
        gateways: Vec::new(),
    })
}

/// Where the ports come from.
#[derive(Clone, Copy)]
struct Frontend {
    ips: u32,
    inbound_blocks: u32,
}

impl Frontend {
    fn supply(&self) -> u64 {
        supply(self.ips, self.inbound_blocks)
    }
}

fn frontend(profile: &LoadBalancerProfile, cx: &Context, review: &mut Review) -> Option<Frontend> {
    let managed = profile.managed_outbound_ips.as_ref();
    let count = AddressCount {
        profile: "loadBalancerProfile",
        counts: vec![(
            &["managedOutboundIPs", "count"],
            managed.and_then(|managed| managed.count),
        )],
        own: Own::new(&profile.outbound_ips, &profile.outbound_ip_prefixes),
        default: azure::LB_IPS_DEFAULT,
    };
    let (ips, pointer) = count.said(cx, review)?;
    let ips = review.limit(ips, pointer, &IPS)?;
    Some(Frontend {
        ips,
        inbound_blocks: inbound_blocks(&cx.cluster.outbound_frontend_rules),
    })
}

fn idle(profile: &LoadBalancerProfile, cx: &Context, review: &mut Review) -> Option<Timer> {
    let said = profile
        .idle_timeout_in_minutes
        .unwrap_or(i64::from(azure::LB_IDLE_MINUTES_DEFAULT));
    let pointer = place(cx, "idleTimeoutInMinutes");
    let minutes = review.limit(said, pointer, &IDLE)?;
    if minutes > azure::LB_IDLE_MINUTES_CLI {
        review.notes.push((
            Code::E0316,
            format!(
                "ARM accepts an idle timeout of {minutes} minutes, but `az aks` refuses it: --load-balancer-idle-timeout must be in the range [4,100]."
            ),
        ));
    }
    let said = profile.idle_timeout_in_minutes;
    Some(Timer::minutes(minutes, said, "idleTimeoutInMinutes"))
}

/// Ports by Azure's table, entered with the nodes there are.
fn automatic(frontend: &Frontend, cx: &Context, review: &mut Review) -> Option<u32> {
    let nodes = cx.cluster.nodes();
    let ports = match automatic_ports(nodes, frontend.ips) {
        Some(ports) => ports,
        None => beyond_table(nodes, frontend, cx, review)?,
    };
    let needed = u64::from(nodes) * u64::from(ports);
    if needed > frontend.supply() {
        review.notes.push((
            Code::E0317,
            format!(
                "{} nodes with {} ports each are {} ports, more than the {} of {}: the last nodes would get none.",
                thousands(nodes),
                thousands(ports),
                thousands(needed),
                thousands(frontend.supply()),
                plural(frontend.ips, "public IP"),
            ),
        ));
    }
    Some(ports)
}

fn beyond_table(nodes: u32, frontend: &Frontend, cx: &Context, review: &mut Review) -> Option<u32> {
    match cx.assumptions.automatic_ports_above_1000_nodes {
        BeyondTable::Ports(per_ip) => {
            let ports = over_ips(per_ip, frontend.ips);
            review.notes.push((
                Code::E0317,
                format!(
                    "Azure's table of automatic ports ends at 1,000 nodes; {} nodes are assumed to get {ports} ports each (assumption automaticPortsAbove1000Nodes).",
                    thousands(nodes),
                ),
            ));
            Some(ports)
        }
        BeyondTable::Refuse => {
            review.refusals.push(Fault {
                code: Code::E0317,
                pointer: place(cx, "allocatedOutboundPorts"),
                found: format!(
                    "Ports are allocated automatically to {} nodes, but Azure's table ends at 1,000 nodes.",
                    thousands(nodes),
                ),
                allowed: "at most 1,000 nodes with automatic allocation, as assumptions.automaticPortsAbove1000Nodes is \"refuse\"".to_owned(),
                remedy: "Set allocatedOutboundPorts (`--load-balancer-outbound-ports`), or set the assumption to 32.".to_owned(),
            });
            None
        }
    }
}

/// AKS takes node pools without OutboundNAT behind other outbound types only.
fn without_outbound_nat(cx: &Context) -> Option<Fault> {
    let mut pools = cx.cluster.pools.iter();
    let pool = pools.find(|pool| pool.without_outbound_nat)?;
    Some(Fault {
        code: Code::E0318,
        pointer: step(cx.pointer, "outboundType"),
        found: format!(
            "Node pool \"{}\" has disableOutboundNat. AKS says: You can't set the cluster outbound type to LoadBalancer.",
            pool.name
        ),
        allowed: "disableOutboundNat behind a NAT Gateway or a user-defined route".to_owned(),
        remedy: "Take \"managedNATGateway\" or \"userDefinedRouting\", or leave OutboundNAT on, with its 64 ports a node."
            .to_owned(),
    })
}

/// Ports by hand: a multiple of 8, in range, and as many as the frontends have for all counted nodes.
fn manual(said: i64, frontend: Option<Frontend>, cx: &Context, review: &mut Review) -> Option<u32> {
    let pointer = place(cx, "allocatedOutboundPorts");
    let ports = review.limit(said, pointer.clone(), &PORTS)?;
    if !ports.is_multiple_of(azure::LB_BLOCK) {
        review.refusals.push(not_a_multiple(ports, pointer.clone()));
    }
    let pools = cx.cluster.counted(cx.assumptions.max_surge);
    let frontend = frontend?;
    if counted_nodes(&pools) * u64::from(ports) > frontend.supply() {
        let surge = cx.assumptions.max_surge;
        let fault = too_few_ports(ports, &frontend, &pools, surge, pointer);
        review.refusals.push(fault);
    }
    Some(ports)
}

fn not_a_multiple(ports: u32, pointer: String) -> Fault {
    let below = ports - ports % azure::LB_BLOCK;
    let above = below + azure::LB_BLOCK;
    Fault {
        code: Code::E0310,
        pointer,
        found: format!(
            "allocatedOutboundPorts is {}, which is not a multiple of 8. `az aks` says: --load-balancer-allocated-ports must be a multiple of 8.",
            thousands(ports),
        ),
        allowed: "a multiple of 8 from 0 to 64,000".to_owned(),
        remedy: match below {
            0 => "Set it to 8, or to 0 for automatic allocation.".to_owned(),
            _ => format!("Set it to {} or {}.", thousands(below), thousands(above)),
        },
    }
}

fn too_few_ports(
    ports: u32,
    frontend: &Frontend,
    pools: &[CountedPool],
    assumed_surge: MaxSurge,
    pointer: String,
) -> Fault {
    let nodes = counted_nodes(pools);
    let supply = frontend.supply();
    Fault {
        code: Code::E0312,
        pointer,
        found: format!(
            "{} {}{}",
            azures_words(ports, nodes, frontend.ips, frontend.inbound_blocks),
            counting(pools, assumed_surge),
            blocks_taken(frontend.inbound_blocks),
        ),
        allowed: format!(
            "at most {} per node ({} for {}, rounded down to a multiple of 8), or at most {} at {} each",
            plural(largest_ports(nodes, supply), "port"),
            thousands(supply),
            plural(nodes, "node"),
            plural(max_nodes(ports, supply), "node"),
            plural(ports, "port"),
        ),
        remedy: remedy(ports, nodes, frontend),
    }
}

/// `system 3 + 1, apps 30 + 3 (10% of 30)`.
fn counting(pools: &[CountedPool], assumed_surge: MaxSurge) -> String {
    let each: Vec<String> = pools
        .iter()
        .map(|pool| {
            let share = match pool.max_surge {
                MaxSurge::Nodes(_) => String::new(),
                MaxSurge::Percent(_) => format!(" ({} of {})", pool.max_surge, pool.nodes),
            };
            format!("{} {} + {}{share}", pool.name, pool.nodes, pool.surge)
        })
        .collect();
    format!(
        "Counted are the most nodes of each pool and its maxSurge ({assumed_surge} where none is set): {} = {}.",
        each.join(", "),
        plural(counted_nodes(pools), "node"),
    )
}

fn blocks_taken(blocks: u32) -> String {
    if blocks == 0 {
        return String::new();
    }
    let taken = plural(blocks * azure::LB_BLOCK, "port");
    format!(
        " Inbound rules on the frontend take {} of 8: {taken}.",
        plural(blocks, "block")
    )
}

fn remedy(ports: u32, nodes: u64, frontend: &Frontend) -> String {
    let largest = largest_ports(nodes, frontend.supply());
    let needed = ips_needed(nodes, ports, frontend.inbound_blocks);
    let mut ways = Vec::new();
    if largest > 0 {
        ways.push(format!(
            "set `--load-balancer-outbound-ports {largest}` or less"
        ));
    }
    if needed <= *azure::LB_IPS.end() as u64 {
        ways.push(format!(
            "give the Load Balancer {needed} public IPs (`--load-balancer-managed-outbound-ip-count {needed}`, or as many own ones)"
        ));
    }
    ways.push("lower count, maxCount or maxSurge of a pool".to_owned());
    let text = ways.join(", or ");
    text[..1].to_uppercase() + &text[1..] + "."
}

fn place(cx: &Context, field: &str) -> String {
    step(&step(cx.pointer, "loadBalancerProfile"), field)
}

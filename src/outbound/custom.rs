//! Anything else that owns ports: another cloud's NAT, a Linux masquerade, a proxy.

use super::review::{Context, Limited, Review};
use super::timers::{Timer, TimersInForce, UdpIdle};
use super::{Definition, Draft, Metric, MetricSource, OutboundSpec, Way};
use crate::engine::{self, ActiveLimit, Grouping, PoolPlan};
use crate::fault::{Code, Fault, step};
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::RangeInclusive;

pub(super) const TYPE: Definition = Definition {
    words: &["custom"],
    metrics: METRICS,
    way: Way::Custom,
    draft,
};

/// A NAT of one's own making. Its hold times are in `timers`: idle 4m, halfOpen 30s,
/// udpIdle as idle and no hold-downs, where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CustomBlock {
    /// Who shares a pool; has to be given.
    pub scope: Option<Scope>,
    /// Ports of a pool toward one destination endpoint; has to be given.
    pub ports_per_pool: Option<i64>,
    /// Most connections that may be active at once in a pool toward one endpoint; no such limit if left out.
    pub active_per_pool: Option<i64>,
    /// What a UDP port is busy toward; `addressAndPort` if left out.
    pub udp_key: Option<UdpKey>,
    /// How the owner of a connection learns that it idled out; `silent` if left out.
    pub on_idle: Option<OnIdle>,
}

/// How the owner of a connection learns that it idled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnIdle {
    /// Both ends get a reset at once, as with a Load Balancer of AKS and Azure Firewall.
    Reset,
    /// Whoever sends the next packet gets a reset, as with NAT Gateway.
    ResetNextPacket,
    /// Packets are dropped until Linux gives up, 924.6 s after the next packet.
    Silent,
}

/// Who shares a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// Every node has a pool.
    PerNode,
    /// All nodes share one.
    Shared,
}

/// What a UDP port is busy toward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UdpKey {
    /// The destination address, whatever the port.
    Address,
    /// The destination address and port.
    AddressAndPort,
}

const METRICS: &[Metric] = &[
    Metric::USED_PORTS,
    Metric {
        id: "snatsim.grantedSyns",
        unit: "count",
        aggregation: "total",
        dimension: None,
        source: MetricSource::Granted,
    },
    Metric::REFUSED_SYNS,
];

/// Idle timeout of a NAT that does not tell it: the shortest that Azure has.
const IDLE: SimTime = SimTime::from_secs(240);

/// Half-open timeout of a NAT that does not tell it.
const HALF_OPEN: SimTime = SimTime::from_secs(30);

/// Ports of a pool: beyond 2^31 a count would not fit what keeps it.
const PORTS: RangeInclusive<i64> = 1..=2_147_483_647;

fn draft(spec: &OutboundSpec, cx: &Context, review: &mut Review) -> Option<Draft> {
    let at = step(cx.pointer, "custom");
    let Some(block) = &spec.custom else {
        review.errors.push(Fault {
            code: Code::E0303,
            pointer: cx.pointer.to_owned(),
            found: "outboundType is \"custom\", but there is no \"custom\" block.".to_owned(),
            allowed: "outboundType \"custom\" with a \"custom\" block".to_owned(),
            remedy: "Add \"custom\": { \"scope\": \"perNode\", \"portsPerPool\": 1024 }."
                .to_owned(),
        });
        return None;
    };
    let grouping = grouping(block, &at, review);
    let limit = limit(block, &at, review);
    let active_limit = active_limit(block, &at, review);
    let none = Timer::default(SimTime::ZERO);
    let timers = TimersInForce {
        idle: Timer::default(IDLE),
        hold_after_fin: none,
        hold_after_rst: none,
        hold_after_idle: none,
        half_open: Timer::default(HALF_OPEN),
        udp_idle: Timer::default(IDLE),
        hold_after_udp: none,
    }
    .under(spec.timers.as_ref(), UdpIdle::FollowsIdle);
    Some(Draft {
        plan: PoolPlan {
            grouping: grouping?,
            limit: limit?,
            active_limit: active_limit?,
            holds: timers.holds(),
            udp_key: match block.udp_key {
                Some(UdpKey::Address) => engine::UdpKey::Address,
                Some(UdpKey::AddressAndPort) | None => engine::UdpKey::AddressAndPort,
            },
            on_idle: match block.on_idle {
                Some(OnIdle::Reset) => engine::OnIdle::Reset,
                Some(OnIdle::ResetNextPacket) => engine::OnIdle::ResetNextPacket,
                Some(OnIdle::Silent) | None => engine::OnIdle::Silent,
            },
            ceiling: None,
            refused_syn: cx.assumptions.refused_syn.into(),
        },
        public_ips: None,
        timers,
        allocation: None,
        gateways: Vec::new(),
    })
}

fn grouping(block: &CustomBlock, at: &str, review: &mut Review) -> Option<Grouping> {
    match block.scope {
        Some(Scope::PerNode) => Some(Grouping::ByNode),
        Some(Scope::Shared) => Some(Grouping::Shared),
        None => {
            review.errors.push(Fault {
                code: Code::E0304,
                pointer: at.to_owned(),
                found: "The custom block has no scope.".to_owned(),
                allowed: "\"perNode\" (every node has a pool) or \"shared\" (all nodes share one)"
                    .to_owned(),
                remedy: "Add \"scope\": \"perNode\" or \"scope\": \"shared\".".to_owned(),
            });
            None
        }
    }
}

fn limit(block: &CustomBlock, at: &str, review: &mut Review) -> Option<u32> {
    match block.ports_per_pool {
        Some(ports) => count(ports, "portsPerPool", at, review),
        None => {
            review.errors.push(Fault {
                code: Code::E0304,
                pointer: at.to_owned(),
                found: "The custom block has no portsPerPool.".to_owned(),
                allowed: "the number of ports a pool has toward one destination endpoint"
                    .to_owned(),
                remedy: "Add \"portsPerPool\": 1024, say.".to_owned(),
            });
            None
        }
    }
}

/// The second limit: none outside on a fault, none inside where there is no such limit.
fn active_limit(block: &CustomBlock, at: &str, review: &mut Review) -> Option<Option<ActiveLimit>> {
    let Some(active) = block.active_per_pool else {
        return Some(None);
    };
    let limit = count(active, "activePerPool", at, review)?;
    Some(Some(ActiveLimit {
        limit,
        counts_held: false,
    }))
}

fn count(said: i64, field: &str, at: &str, review: &mut Review) -> Option<u32> {
    let rule = Limited {
        code: Code::E0304,
        name: field,
        unit: "per pool and endpoint",
        range: PORTS,
        quote: None,
        remedy: "Give a whole number above 0.",
    };
    review.require(said, step(at, field), &rule)
}

//! NAT Gateway: one pool of ports that all nodes draw from, with a hold-down toward the same endpoint.

use super::addresses::{AddressCount, OutboundIpPrefixes, OutboundIps, Own};
use super::load_balancer::ManagedOutboundIps;
use super::review::{Context, Limited, Review};
use super::spec::{Ignored, both_spellings};
use super::timers::{Timer, TimersInForce, UdpIdle};
use super::{Definition, Draft, Metric, MetricSource, OutboundSpec, Way, azure, nat_gateways};
use crate::engine::{ActiveLimit, Ceiling, Grouping, OnIdle, PoolPlan, UdpKey};
use crate::fault::{Code, step};
use schemars::JsonSchema;
use serde::Deserialize;

/// The gateway that AKS makes. `managedNATGatewayV2`, of the preview API, has the same ports,
/// limits and timers: the SKU changes throughput, zones and IPv6.
/// `articles/nat-gateway/nat-sku.md`.
pub(super) const MANAGED: Definition = Definition {
    words: &["managedNATGateway", "managedNATGatewayV2"],
    metrics: METRICS,
    way: Way::NatGateway,
    draft,
};

/// The gateway that the user has put on the subnet.
pub(super) const USER_ASSIGNED: Definition = Definition {
    words: &["userAssignedNATGateway"],
    metrics: METRICS,
    way: Way::NatGateway,
    draft: nat_gateways::draft,
};

/// `natGatewayProfile` of AKS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = both_spellings)]
pub struct NatGatewayProfile {
    /// Public IPs that AKS manages, 1 to 16; 1 if nothing is said.
    #[serde(
        rename = "managedOutboundIPProfile",
        alias = "managedOutboundIpProfile"
    )]
    pub managed_outbound_ip_profile: Option<ManagedOutboundIps>,
    /// Number of public IPs of a gateway of one's own. Not a field of Azure's profile, which does not tell it.
    #[serde(rename = "publicIPs", alias = "publicIps")]
    pub public_ips: Option<i64>,
    /// Own public IPs, instead of a number.
    #[serde(rename = "outboundIPs", alias = "outboundIps")]
    pub outbound_ips: Option<OutboundIps>,
    /// Own public IP prefixes, instead of a number.
    #[serde(rename = "outboundIPPrefixes", alias = "outboundIpPrefixes")]
    pub outbound_ip_prefixes: Option<OutboundIpPrefixes>,
    /// TCP idle timeout in minutes, 4 to 120; 4 if nothing is said.
    pub idle_timeout_in_minutes: Option<i64>,

    /// Azure's, not used here.
    #[serde(rename = "effectiveOutboundIPs", alias = "effectiveOutboundIps")]
    pub effective_outbound_ips: Option<Ignored>,
    /// Azure's, not used here: both SKUs have the same ports and timers.
    pub sku: Option<Ignored>,
}

pub(super) const METRICS: &[Metric] = &[
    Metric {
        id: "SNATConnectionCount",
        unit: "count",
        aggregation: "total",
        dimension: Some(("ConnectionState", "Attempted")),
        source: MetricSource::Attempted,
    },
    Metric {
        id: "SNATConnectionCount",
        unit: "count",
        aggregation: "total",
        dimension: Some(("ConnectionState", "Failed")),
        source: MetricSource::Refused,
    },
    Metric {
        id: "TotalConnectionCount",
        unit: "count",
        aggregation: "total",
        dimension: None,
        source: MetricSource::Active,
    },
    Metric::USED_PORTS,
];

const IPS: Limited = Limited {
    code: Code::E0320,
    name: "The number of public IPs of the NAT Gateway",
    unit: "public IPs",
    range: azure::NAT_IPS,
    quote: Some("--nat-gateway-managed-outbound-ip-count must be in the range [1,16]"),
    remedy: "Set `--nat-gateway-managed-outbound-ip-count` within that range; beyond 16 IPs spread the node pools over subnets with a NAT Gateway each.",
};

const IDLE: Limited = Limited {
    code: Code::E0321,
    name: "idleTimeoutInMinutes",
    unit: "minutes",
    range: azure::NAT_IDLE_MINUTES,
    quote: Some("--nat-gateway-idle-timeout must be in the range [4,120]"),
    remedy: "Set `--nat-gateway-idle-timeout` within that range. To try any other time, use \"timers\": { \"idle\": \"…\" }.",
};

/// Where a profile stands in the file.
pub(super) struct Place<'a> {
    /// What is around it.
    pub cx: &'a Context<'a>,
    /// Its name there.
    pub profile: &'static str,
}

pub(super) fn draft(spec: &OutboundSpec, cx: &Context, review: &mut Review) -> Option<Draft> {
    let profile = spec.nat_gateway_profile.clone().unwrap_or_default();
    let place = Place {
        cx,
        profile: "natGatewayProfile",
    };
    let (ips, idle) = numbers(&profile, &place, review)?;
    let timers = timers(idle, cx).under(spec.timers.as_ref(), UdpIdle::Own);
    Some(Draft {
        plan: plan(ips, &timers, cx),
        public_ips: Some(ips),
        timers,
        allocation: None,
        gateways: Vec::new(),
    })
}

/// Public IPs and idle timeout of a profile.
pub(super) fn numbers(
    profile: &NatGatewayProfile,
    place: &Place,
    review: &mut Review,
) -> Option<(u32, Timer)> {
    let ips = public_ips(profile, place, review);
    let idle = idle(profile, place, review);
    Some((ips?, idle?))
}

/// The timers of a gateway with this idle timeout.
pub(super) fn timers(idle: Timer, cx: &Context) -> TimersInForce {
    TimersInForce {
        idle,
        hold_after_fin: Timer::of_type(azure::NAT_HOLD_AFTER_FIN),
        hold_after_rst: Timer::of_type(azure::NAT_HOLD_AFTER_RST),
        hold_after_idle: Timer::assumed(cx.assumptions.nat_hold_after_idle, "natHoldAfterIdle"),
        half_open: Timer::of_type(azure::NAT_HALF_OPEN),
        udp_idle: Timer::of_type(azure::NAT_UDP_IDLE),
        hold_after_udp: Timer::of_type(azure::NAT_HOLD_AFTER_UDP),
    }
}

/// The plan of a gateway with these timers.
pub(super) fn plan(ips: u32, timers: &TimersInForce, cx: &Context) -> PoolPlan {
    let assumed = cx.assumptions;
    PoolPlan {
        grouping: Grouping::Shared,
        limit: azure::NAT_PORTS_PER_IP * ips,
        active_limit: Some(ActiveLimit {
            limit: azure::NAT_ACTIVE_PER_IP * ips,
            counts_held: assumed.nat_held_ports_count_to_endpoint_limit,
        }),
        holds: timers.holds(),
        on_idle: OnIdle::ResetNextPacket,
        udp_key: UdpKey::AddressAndPort,
        ceiling: Some(Ceiling {
            limit: azure::NAT_CEILING,
        }),
        refused_syn: assumed.refused_syn.into(),
    }
}

fn public_ips(profile: &NatGatewayProfile, place: &Place, review: &mut Review) -> Option<u32> {
    let managed = profile.managed_outbound_ip_profile.as_ref();
    let count = AddressCount {
        profile: place.profile,
        counts: vec![
            (
                &["managedOutboundIPProfile", "count"],
                managed.and_then(|managed| managed.count),
            ),
            (&["publicIPs"], profile.public_ips),
        ],
        own: Own::new(&profile.outbound_ips, &profile.outbound_ip_prefixes),
        default: azure::NAT_IPS_DEFAULT,
    };
    let (ips, pointer) = count.said(place.cx, review)?;
    review.limit(ips, pointer, &IPS)
}

fn idle(profile: &NatGatewayProfile, place: &Place, review: &mut Review) -> Option<Timer> {
    let said = profile
        .idle_timeout_in_minutes
        .unwrap_or(i64::from(azure::NAT_IDLE_MINUTES_DEFAULT));
    let pointer = step(
        &step(place.cx.pointer, place.profile),
        "idleTimeoutInMinutes",
    );
    let minutes = review.limit(said, pointer, &IDLE)?;
    let said = profile.idle_timeout_in_minutes;
    Some(Timer::minutes(minutes, said, "idleTimeoutInMinutes"))
}

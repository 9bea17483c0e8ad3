//! Azure Firewall behind a user-defined route: a bucket of ports per public IP and instance.

use super::review::{Context, Limited, Review};
use super::spec::both_spellings;
use super::timers::{Timer, TimersInForce, UdpIdle};
use super::{
    AutoscaleConfiguration, Definition, Draft, Metric, MetricSource, NatGatewayProfile,
    OutboundSpec, OutboundType, Way, azure,
};
use crate::engine::{Ceiling, Grouping, OnIdle, PoolPlan, UdpKey};
use crate::fault::{Code, step};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) const TYPE: Definition = Definition {
    words: &["userDefinedRouting"],
    metrics: METRICS,
    way: Way::Firewall,
    draft,
};

/// The firewall that the default route of `userDefinedRouting` leads to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(transform = both_spellings)]
pub struct AzureFirewallBlock {
    /// Public IPs, 1 to 250; 1 if nothing is said.
    #[serde(rename = "publicIPs", alias = "publicIps")]
    pub public_ips: Option<i64>,
    /// Instances, from 2 up to the assumption `firewallMaxInstances`; `minCapacity` if nothing is said, else 2. With
    /// `autoscaleConfiguration` those at the start.
    pub instances: Option<i64>,
    /// Instances that come and go by Azure's rule; left out, there are as many all along, but for `events`.
    pub autoscale_configuration: Option<AutoscaleConfiguration>,
    /// TCP idle timeout toward the Internet in minutes, 4 to 15; 4 if nothing is said, more by support request.
    pub idle_timeout_in_minutes: Option<i64>,
    /// A NAT Gateway on AzureFirewallSubnet, in the words of `natGatewayProfile`: its ports then count, not the
    /// firewall's.
    pub nat_gateway: Option<NatGatewayProfile>,
}

impl OutboundSpec {
    /// Whether its ports are those of a firewall's instances.
    pub fn is_firewall(&self) -> bool {
        let by_word =
            self.outbound_type.as_deref() == Some(OutboundType::UserDefinedRouting.word());
        let gateway = self
            .azure_firewall
            .as_ref()
            .and_then(|block| block.nat_gateway.as_ref());
        by_word && gateway.is_none()
    }
}

const METRICS: &[Metric] = &[
    Metric {
        id: "SNATPortUtilization",
        unit: "percent",
        aggregation: "max",
        dimension: None,
        source: MetricSource::UsedPercent,
    },
    Metric {
        id: "FirewallHealth",
        unit: "percent",
        aggregation: "average",
        dimension: None,
        source: MetricSource::Health,
    },
    Metric::USED_PORTS,
    Metric::REFUSED_SYNS,
];

const IPS: Limited = Limited {
    code: Code::E0330,
    name: "publicIPs of the firewall",
    unit: "public IPs",
    range: azure::FIREWALL_IPS,
    quote: None,
    remedy: "Set publicIPs within that range. A NAT Gateway on AzureFirewallSubnet is the way to more ports.",
};

const IDLE: Limited = Limited {
    code: Code::E0332,
    name: "idleTimeoutInMinutes of the firewall",
    unit: "minutes",
    range: azure::FIREWALL_IDLE_MINUTES,
    quote: None,
    remedy: "Set it within that range: 4 is what every firewall has, up to 15 takes a support request. To try any other time, use \"timers\": { \"idle\": \"…\" }.",
};

fn instances_rule(most: u32) -> Limited<'static> {
    Limited {
        code: Code::E0331,
        name: "instances of the firewall",
        unit: "instances",
        range: i64::from(azure::FIREWALL_INSTANCES_LEAST)..=i64::from(most),
        quote: None,
        remedy: "Set instances within that range. Documents disagree on the most a firewall scales to, 20 or 50: assumptions.firewallMaxInstances says which holds.",
    }
}

/// The numbers of a block.
pub(super) struct Numbers {
    pub ips: u32,
    pub instances: u32,
    pub idle: Timer,
}

/// The numbers of `block` under their rules.
pub(super) fn numbers(
    block: &AzureFirewallBlock,
    cx: &Context,
    review: &mut Review,
) -> Option<Numbers> {
    let mut number = |said: Option<i64>, default: u32, field: &str, rule: &Limited| {
        let pointer = step(&step(cx.pointer, "azureFirewall"), field);
        review.limit(said.unwrap_or(i64::from(default)), pointer, rule)
    };
    let ips = number(
        block.public_ips,
        azure::FIREWALL_IPS_DEFAULT,
        "publicIPs",
        &IPS,
    );
    let idle_minutes = number(
        block.idle_timeout_in_minutes,
        azure::FIREWALL_IDLE_MINUTES_DEFAULT,
        "idleTimeoutInMinutes",
        &IDLE,
    );
    let rule = instances_rule(cx.assumptions.firewall_max_instances);
    let instances = block.first_instances(cx, &rule, review);
    Some(Numbers {
        ips: ips?,
        instances: instances?,
        idle: Timer::minutes(
            idle_minutes?,
            block.idle_timeout_in_minutes,
            "idleTimeoutInMinutes",
        ),
    })
}

fn draft(spec: &OutboundSpec, cx: &Context, review: &mut Review) -> Option<Draft> {
    let block = spec.azure_firewall.clone().unwrap_or_default();
    let assumed = cx.assumptions;
    let Numbers {
        ips,
        instances,
        idle,
    } = numbers(&block, cx, review)?;
    let timers = TimersInForce {
        idle,
        hold_after_fin: Timer::of_type(azure::FIREWALL_HOLD_AFTER_CLOSE),
        hold_after_rst: Timer::of_type(azure::FIREWALL_HOLD_AFTER_CLOSE),
        hold_after_idle: Timer::assumed(assumed.firewall_hold_after_idle, "firewallHoldAfterIdle"),
        half_open: Timer::assumed(assumed.firewall_half_open, "firewallHalfOpen"),
        udp_idle: Timer::assumed(assumed.firewall_udp_idle, "firewallUdpIdle"),
        hold_after_udp: Timer::assumed(assumed.firewall_hold_after_udp, "firewallHoldAfterUdp"),
    }
    .under(spec.timers.as_ref(), UdpIdle::Own);
    Some(Draft {
        plan: PoolPlan {
            grouping: Grouping::Buckets {
                ips,
                instances,
                choice: assumed.firewall_ip_choice.into(),
            },
            limit: azure::FIREWALL_PORTS_PER_BUCKET,
            active_limit: None,
            holds: timers.holds(),
            on_idle: OnIdle::Reset,
            udp_key: UdpKey::AddressAndPort,
            ceiling: Some(Ceiling {
                limit: azure::FIREWALL_CEILING,
            }),
            refused_syn: assumed.refused_syn.into(),
        },
        public_ips: Some(ips),
        timers,
        allocation: None,
        gateways: Vec::new(),
    })
}

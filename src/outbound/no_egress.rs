//! The types of AKS without egress of their own: there are no ports, and what needs one is denied before any NAT.

use super::review::{Context, Review};
use super::timers::{Timer, TimersInForce, UdpIdle};
use super::{Definition, Draft, Metric, OutboundSpec, Way};
use crate::engine::{Grouping, OnIdle, PoolPlan, UdpKey};
use crate::units::SimTime;

/// AKS sets nothing up. `aks:articles/aks/egress-outboundtype.md`.
pub(super) const NONE: Definition = Definition {
    words: &["none"],
    metrics: &[Metric::USED_PORTS],
    way: Way::Nothing,
    draft,
};

/// AKS denies egress to the internet by NSG rules. `aks:articles/aks/egress-outboundtype.md`.
pub(super) const BLOCK: Definition = Definition {
    words: &["block"],
    metrics: &[Metric::USED_PORTS],
    way: Way::Blocked,
    draft,
};

fn draft(spec: &OutboundSpec, cx: &Context, _: &mut Review) -> Option<Draft> {
    let nothing = Timer::of_type(SimTime::ZERO);
    let timers = TimersInForce {
        idle: nothing,
        hold_after_fin: nothing,
        hold_after_rst: nothing,
        hold_after_idle: nothing,
        half_open: nothing,
        udp_idle: nothing,
        hold_after_udp: nothing,
    }
    .under(spec.timers.as_ref(), UdpIdle::Own);
    Some(Draft {
        plan: PoolPlan {
            grouping: Grouping::Shared,
            limit: 0,
            active_limit: None,
            holds: timers.holds(),
            on_idle: OnIdle::Silent,
            udp_key: UdpKey::AddressAndPort,
            ceiling: None,
            refused_syn: cx.assumptions.refused_syn.into(),
        },
        public_ips: None,
        timers,
        allocation: None,
        gateways: Vec::new(),
    })
}

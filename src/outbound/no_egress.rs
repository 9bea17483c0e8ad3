//! The types of AKS without egress of their own: there are no ports, and what needs one is denied before any NAT.

use super::review::{Context, Review};
use super::{Definition, Draft, Metric, OutboundSpec, Way};
use crate::engine::{Grouping, Holds, PoolPlan, UdpKey};
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
    let nothing = SimTime::ZERO;
    Some(Draft {
        plan: PoolPlan {
            grouping: Grouping::Shared,
            limit: 0,
            active_limit: None,
            holds: spec.holds(
                Holds {
                    idle: nothing,
                    after_fin: nothing,
                    after_rst: nothing,
                    after_idle: nothing,
                    half_open: nothing,
                    udp_idle: nothing,
                    after_udp: nothing,
                },
                super::spec::UdpIdle::Own,
            ),
            udp_key: UdpKey::AddressAndPort,
            ceiling: None,
            refused_syn: cx.assumptions.refused_syn.into(),
        },
        public_ips: None,
    })
}

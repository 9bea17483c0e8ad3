//! Azure Firewall with a NAT Gateway on its subnet: the firewall inspects, the gateway's ports carry.

use super::nat_gateway::{self, Place};
use super::review::{Context, Review, thousands};
use super::timers::{Timer, TimersInForce, UdpIdle};
use super::{Definition, Draft, OutboundSpec, Way, azure, firewall};
use crate::engine::{Ceiling, OnIdle, PoolPlan};
use crate::fault::{Code, step};

/// What goes to the internet leaves by the gateway's addresses, without double NAT; the firewall's own addresses no longer
/// matter. `articles/firewall/integrate-with-nat-gateway.md`. Told by its block: AKS has no word for it.
pub(super) const TYPE: Definition = Definition {
    words: &[],
    metrics: nat_gateway::METRICS,
    way: Way::Firewall,
    draft,
};

fn draft(spec: &OutboundSpec, cx: &Context, review: &mut Review) -> Option<Draft> {
    let block = spec.azure_firewall.clone().unwrap_or_default();
    let profile = block.nat_gateway.clone().unwrap_or_default();
    let firewall = firewall::numbers(&block, cx, review);
    let within = Context {
        pointer: &step(cx.pointer, "azureFirewall"),
        ..*cx
    };
    let place = Place {
        cx: &within,
        profile: "natGateway",
    };
    let gateway = nat_gateway::numbers(&profile, &place, review);
    let (firewall, (ips, gateway_idle)) = (firewall?, gateway?);
    let of_gateway = nat_gateway::timers(gateway_idle, cx);
    // The firewall resets both ends of what idles out with it, and the gateway sees the reset; what idles out with the
    // gateway first is dropped there without a word.
    let (timers, on_idle) = match firewall.idle.value < gateway_idle.value {
        true => (
            TimersInForce {
                idle: firewall.idle,
                hold_after_idle: Timer::of_type(azure::NAT_HOLD_AFTER_RST),
                ..of_gateway
            },
            OnIdle::Reset,
        ),
        false => (of_gateway, OnIdle::ResetNextPacket),
    };
    let timers = timers.under(spec.timers.as_ref(), UdpIdle::Own);
    let of_instances = azure::FIREWALL_CEILING * u64::from(firewall.instances);
    let ceiling = azure::NAT_CEILING.min(of_instances);
    review.notes.push((
        Code::F0132,
        format!(
            "The firewall's limit of {} connections an instance is enforced on the sum of its {} instances, with the \
             gateway's own limit: {} connections in all. An instance that is dealt more than its share refuses a little \
             earlier.",
            thousands(azure::FIREWALL_CEILING),
            firewall.instances,
            thousands(ceiling)
        ),
    ));
    Some(Draft {
        plan: PoolPlan {
            ceiling: Some(Ceiling { limit: ceiling }),
            on_idle,
            ..nat_gateway::plan(ips, &timers, cx)
        },
        public_ips: Some(ips),
        timers,
        allocation: None,
        gateways: Vec::new(),
    })
}

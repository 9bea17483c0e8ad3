//! Outbound types that become others in the course of a run: what AKS allows, what breaks, and what cannot be simulated.

use super::Events;
use crate::engine::Grouping;
use crate::fault::{Code, Fault};
use crate::model::build::Review;
use crate::model::{Endpoint, Outbound, keys_of};
use crate::outbound::{Assumptions, OutboundType, thousands};

/// Whether AKS changes the one type to the other. `aks:articles/aks/egress-outboundtype.md`: in a virtual network that AKS
/// manages loadBalancer and managedNATGateway (the way back is missing in its table, and is a command further down), in one
/// of one's own loadBalancer, userAssignedNATGateway and userDefinedRouting among each other.
fn is_listed(was: OutboundType, is: OutboundType) -> bool {
    use OutboundType::*;
    let in_own_network = |kind: OutboundType| kind != ManagedNatGateway;
    let in_managed_network = |kind: OutboundType| matches!(kind, LoadBalancer | ManagedNatGateway);
    let free = |kind: OutboundType| matches!(kind, Custom | NoEgress);
    was.word() == is.word()
        || free(was)
        || free(is)
        || in_own_network(was) && in_own_network(is)
        || in_managed_network(was) && in_managed_network(is)
}

/// Why AKS refuses the change of the outbound type at `pointer`, if it does.
pub(super) fn refused_by_aks(
    was: OutboundType,
    is: OutboundType,
    pointer: &str,
) -> Result<(), Vec<Fault>> {
    if is_listed(was, is) {
        return Ok(());
    }
    Err(vec![Fault {
        code: Code::E0341,
        pointer: pointer.to_owned(),
        found: format!(
            "The outbound type becomes {}, and was {}.",
            is.word(),
            was.word()
        ),
        allowed: "loadBalancer to managedNATGateway and back in a virtual network that AKS manages; loadBalancer, \
                  userAssignedNATGateway and userDefinedRouting among each other in one of one's own"
            .to_owned(),
        remedy: "Simulate the new cluster that this takes as another entry of outbound.".to_owned(),
    }])
}

/// Whether connections that are open break when the type becomes `is`.
pub(super) fn breaks(is: OutboundType, assumptions: &Assumptions) -> bool {
    !is.is_nat_gateway() || assumptions.nat_gateway_breaks_open_connections
}

/// Refuses changes of the outbound type that cannot be simulated.
pub(in crate::model) fn check_migrations(
    events: &Events,
    outbounds: &[Outbound],
    endpoints: &[Endpoint],
    review: &mut Review,
) {
    for (index, outbound) in outbounds.iter().enumerate() {
        // Pools do not matter here.
        let stages = outbound.stages(0);
        let changes = stages.iter().zip(stages.iter().skip(1));
        for ((before, after), migration) in changes.zip(&outbound.migrations) {
            let (was, is) = (before.plan(), after.plan());
            let by_gateway = |grouping: &Grouping| matches!(grouping, Grouping::ByGateway(_));
            let (found, remedy) = if by_gateway(&was.grouping) || by_gateway(&is.grouping) {
                (
                    "node pools have NAT Gateways of their own".to_owned(),
                    "Simulate the node pools behind each gateway by themselves.",
                )
            } else if keys_of(endpoints, was) != keys_of(endpoints, is) {
                (
                    "two UDP ports of one address share its SNAT ports under one of the two, and not under the other"
                        .to_owned(),
                    "Give the UDP destinations addresses of their own, or simulate before and after as two entries of \
                     outbound.",
                )
            } else if outbound.paths.lead_alike(&migration.paths) {
                continue;
            } else if [before.kind, after.kind].contains(&OutboundType::NoEgress) {
                (
                    "connections that have a way out under one of the two have none under the other".to_owned(),
                    "Simulate before and after as two entries of outbound.",
                )
            } else {
                (
                    format!(
                        "connections that go another way under {} (by routes, node public IPs or an egress gateway) do \
                         not under {}, or the other way round",
                        outbound.kind.word(),
                        after.kind.word()
                    ),
                    "Leave out of cluster and network what only one of the two knows, or simulate before and after as two \
                     entries of outbound.",
                )
            };
            review.fault(Fault {
                code: Code::E0419,
                pointer: events.pointer_at(after.epochs.start, |what| what.outbound() == Some(index)),
                found: format!(
                    "\"{}\" becomes {} in the course of the run, and {found}.",
                    outbound.name,
                    after.kind.word()
                ),
                allowed: "a change of the outbound type that every connection of the scenario meets alike".to_owned(),
                remedy: remedy.to_owned(),
            });
        }
    }
}

/// Refuses more pools of all types than a connection that waits can tell apart.
pub(in crate::model) fn check_pools_of_all_types(
    events: &Events,
    outbounds: &[Outbound],
    nodes: usize,
    review: &mut Review,
) {
    const MOST: usize = u16::MAX as usize;
    for (index, outbound) in outbounds.iter().enumerate() {
        let stages = outbound.stages(nodes);
        let Some(too_many) = stages.iter().skip(1).find(|stage| stage.pools.end > MOST) else {
            continue;
        };
        review.fault(Fault {
            code: Code::E0419,
            pointer: events.pointer_at(too_many.epochs.start, |what| what.outbound() == Some(index)),
            found: format!(
                "The pools of all types that \"{}\" has so far, one for every node or for every IP of every instance, are {}.",
                outbound.name,
                thousands(too_many.pools.end as i128)
            ),
            allowed: format!("at most {} in the course of a run", thousands(MOST as i128)),
            remedy: "Simulate fewer changes, or fewer nodes, in one run.".to_owned(),
        });
    }
}

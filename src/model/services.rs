//! `LoadBalancer` Services: those that share the frontend of the outbound rule take SNAT ports from it.

use super::build::Review;
use crate::fault::{Code, Fault, step};
use crate::outbound::azure;
use crate::scenario::{ClusterSpec, ServiceFrontend};

/// Ports of the inbound rules on the outbound frontend.
pub(super) fn outbound_frontend_rules(cluster: &ClusterSpec, review: &mut Review) -> Vec<u16> {
    let services = cluster
        .load_balancer_services
        .as_deref()
        .unwrap_or_default();
    const POINTER: &str = "/cluster/loadBalancerServices";
    if services.len() > azure::LOAD_BALANCER_SERVICES {
        review.fault(Fault {
            code: Code::E0256,
            pointer: POINTER.to_owned(),
            found: format!("{} LoadBalancer Services.", services.len()),
            allowed: format!("at most {} in a cluster", azure::LOAD_BALANCER_SERVICES),
            remedy: "Put an ingress controller before them.".to_owned(),
        });
    }
    for (i, service) in services.iter().enumerate() {
        if service.ports.is_empty() || service.ports.contains(&0) {
            review.fault(Fault {
                code: Code::E0256,
                pointer: step(&step(POINTER, i), "ports"),
                found: "A LoadBalancer Service without a port to listen on.".to_owned(),
                allowed: "ports from 1 to 65535, at least one".to_owned(),
                remedy: "List them: \"ports\": [80, 443].".to_owned(),
            });
        }
    }
    services
        .iter()
        .filter(|service| service.frontend == Some(ServiceFrontend::Outbound))
        .flat_map(|service| service.ports.iter().copied())
        .collect()
}

//! Entries of `outbound` against the worked examples: rows `W…` are Azure's documented arithmetic,
//! rows `V-…` cases that users met.

mod custom;
mod firewall;
mod list;
mod load_balancer;
mod nat_gateway;
mod pasted;
mod refused;

use super::*;
use crate::engine::{ActiveLimit, Grouping, IpChoice, UdpKey};
use crate::units::SimTime;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn entry(value: Value) -> OutboundSpec {
    serde_json::from_value(value).expect("an entry that parses")
}

/// A pool whose nodes all count and no others.
fn nodes(count: u32) -> ClusterFacts {
    pools(&[(count, None, Some(MaxSurge::Nodes(0)))])
}

fn pools(pools: &[(u32, Option<u32>, Option<MaxSurge>)]) -> ClusterFacts {
    let pools = pools
        .iter()
        .enumerate()
        .map(|(i, (count, max_count, max_surge))| PoolFacts {
            name: format!("pool{i}"),
            count: *count,
            max_count: *max_count,
            max_surge: *max_surge,
            without_outbound_nat: false,
        })
        .collect();
    ClusterFacts {
        pools,
        ..ClusterFacts::default()
    }
}

fn resolved(value: Value, cluster: &ClusterFacts) -> Resolved {
    resolve(
        &entry(value),
        cluster,
        &Assumptions::default(),
        "/outbound/0",
    )
}

fn plan(value: Value, cluster: &ClusterFacts) -> PoolPlan {
    let resolved = resolved(value, cluster);
    assert_eq!(resolved.errors, []);
    resolved.plan.expect("a plan Azure accepts")
}

fn load_balancer(ports: u32, ips: u32) -> Value {
    json!({ "outboundType": "loadBalancer", "loadBalancerProfile": {
        "managedOutboundIPs": { "count": ips }, "allocatedOutboundPorts": ports
    } })
}

fn nat_gateway(ips: u32) -> Value {
    json!({ "outboundType": "managedNATGateway", "natGatewayProfile": {
        "managedOutboundIPProfile": { "count": ips }
    } })
}

fn firewall(ips: u32, instances: u32) -> Value {
    json!({ "outboundType": "userDefinedRouting", "azureFirewall": { "publicIPs": ips, "instances": instances } })
}

/// Whether Azure accepts `ports` by hand, and the codes if not.
fn verdict(ports: u32, ips: u32, cluster: &ClusterFacts) -> Result<u32, Vec<&'static str>> {
    let resolved = resolved(load_balancer(ports, ips), cluster);
    resolved.plan.map(|plan| plan.limit).map_err(|faults| {
        faults
            .into_iter()
            .map(|fault| fault.code.id())
            .collect::<Vec<_>>()
    })
}

const TOO_FEW: [&str; 1] = ["E0312"];

/// Connections a second of no length that `ports` ports carry, each held for `hold`.
fn rate(ports: u32, hold: SimTime) -> f64 {
    f64::from(ports) / hold.as_secs_f64()
}

fn gateways(profile: Value, further: Value) -> Value {
    json!({
        "outboundType": "userAssignedNATGateway", "natGatewayProfile": profile, "natGateways": further
    })
}

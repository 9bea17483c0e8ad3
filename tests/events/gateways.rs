//! Public IPs that NAT Gateways lose, one alone and one of two.

use super::*;

/// A public IP of two takes half of the flows along, hypergeometrically: five standard deviations.
#[test]
fn a_public_ip_that_is_removed_takes_its_share_of_the_flows_along() {
    let mut scenario = by_the_clock(1);
    scenario["workloads"][0]["arrivals"] = json!({ "constant": { "perSecond": 40 } });
    scenario["outbound"] = json!([{
        "outboundType": "managedNATGateway",
        "natGatewayProfile": { "managedOutboundIPProfile": { "count": 2 } },
    }]);
    let events = json!([{
        "at": "50s",
        "setOutbound": { "natGatewayProfile": { "managedOutboundIPProfile": { "count": 1 } } },
    }]);
    let run = only(&with(&scenario, events));
    let (used, ports) = (2_000.0, 2.0 * 64_512.0);
    let deviation = f64::sqrt(used * 0.25 * (ports - used) / (ports - 1.0));
    let broken = run.replications[0].total.broken as f64;
    assert!((broken - used / 2.0).abs() < 5.0 * deviation, "{broken}");
}

/// Two node pools, each behind a gateway of its own with two public IPs; 40 connections a second that live for ever.
pub fn two_gateways() -> Value {
    let mut scenario = by_the_clock(1);
    scenario["cluster"] = json!({ "nodePools": [
        { "name": "apps", "count": 1 }, { "name": "jobs", "count": 1 },
    ] });
    scenario["workloads"][0]["arrivals"] = json!({ "constant": { "perSecond": 40 } });
    let ips = |count: u32| json!({ "managedOutboundIPProfile": { "count": count } });
    scenario["outbound"] = json!([{
        "name": "two", "outboundType": "userAssignedNATGateway",
        "natGatewayProfile": ips(2),
        "natGateways": [{ "nodePools": ["jobs"], "natGatewayProfile": ips(2) }],
    }]);
    scenario
}

#[test]
fn one_of_two_gateways_loses_a_public_ip() {
    let events = json!([{
        "at": "50s",
        "setOutbound": { "natGateways": [{
            "nodePools": ["jobs"],
            "natGatewayProfile": { "managedOutboundIPProfile": { "count": 1 } },
        }] },
    }]);
    let model = model(&with(&two_gateways(), events));
    let run = runs(&model).remove(0);
    let replication = &run.replications[0];
    let jobs = model.outbounds[0]
        .plan
        .as_ref()
        .unwrap()
        .pool_of(1)
        .unwrap() as usize;
    let (used, ports) = (1_000.0, 2.0 * 64_512.0);
    let deviation = f64::sqrt(used * 0.25 * (ports - used) / (ports - 1.0));
    let broken = |pool: usize| replication.by_pool[pool].broken as f64;
    assert!(
        (broken(jobs) - used / 2.0).abs() < 5.0 * deviation,
        "{}",
        broken(jobs)
    );
    assert_eq!(broken(1 - jobs), 0.0);
    assert_eq!(replication.taken_back[0].broken as f64, broken(jobs));
    // 2,000 of the other gateway's 100,000 active connections at the end, 1,500 of 50,000 of its own.
    let highest = replication.highest_use.expect("limits change");
    let own = (2_000.0 - broken(jobs)) / 50_000.0;
    assert!((highest.active.share() - own).abs() < 1e-9, "{highest:?}");
}

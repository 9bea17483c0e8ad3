//! What is refused, and in which words.

use super::*;

/// Entries that break one rule, each with its code and place, on a cluster of 1,200 nodes.
fn broken() -> Vec<(Value, &'static str, &'static str)> {
    let lb =
        |profile: Value| json!({ "outboundType": "loadBalancer", "loadBalancerProfile": profile });
    let nat = |profile: Value| json!({ "outboundType": "managedNATGateway", "natGatewayProfile": profile });
    let fw = |block: Value| json!({ "outboundType": "userDefinedRouting", "azureFirewall": block });
    let custom = |block: Value| json!({ "outboundType": "custom", "custom": block });
    vec![
        (json!({}), "E0301", ""),
        (
            json!({ "outboundType": "loadbalancer" }),
            "E0301",
            "/outboundType",
        ),
        (json!({ "outboundType": "custom" }), "E0303", ""),
        (
            json!({ "outboundType": "loadBalancer", "azureFirewall": {} }),
            "E0303",
            "/azureFirewall",
        ),
        (
            json!({ "outboundType": "userDefinedRouting", "custom": {} }),
            "E0303",
            "/custom",
        ),
        (custom(json!({ "portsPerPool": 64 })), "E0304", "/custom"),
        (custom(json!({ "scope": "perNode" })), "E0304", "/custom"),
        (
            custom(json!({ "scope": "perNode", "portsPerPool": 0 })),
            "E0304",
            "/custom/portsPerPool",
        ),
        (
            custom(json!({ "scope": "perNode", "portsPerPool": 64, "activePerPool": -1 })),
            "E0304",
            "/custom/activePerPool",
        ),
        (
            lb(json!({ "outboundIPPrefixes": { "publicIPPrefixes": [{ "id": "p" }] } })),
            "E0306",
            "/loadBalancerProfile/outboundIPPrefixes/publicIPPrefixes/0",
        ),
        (
            nat(
                json!({ "outboundIPPrefixes": { "publicIPPrefixes": [{ "prefixLength": 31 }, { "prefixLength": 24 }] } }),
            ),
            "E0306",
            "/natGatewayProfile/outboundIPPrefixes/publicIPPrefixes/1/prefixLength",
        ),
        (
            lb(json!({ "allocatedOutboundPorts": 12 })),
            "E0310",
            "/loadBalancerProfile/allocatedOutboundPorts",
        ),
        (
            lb(json!({ "allocatedOutboundPorts": 64_008 })),
            "E0311",
            "/loadBalancerProfile/allocatedOutboundPorts",
        ),
        (
            lb(json!({ "allocatedOutboundPorts": -8 })),
            "E0311",
            "/loadBalancerProfile/allocatedOutboundPorts",
        ),
        (
            lb(json!({ "allocatedOutboundPorts": 128 })),
            "E0312",
            "/loadBalancerProfile/allocatedOutboundPorts",
        ),
        (
            lb(json!({ "idleTimeoutInMinutes": 3 })),
            "E0313",
            "/loadBalancerProfile/idleTimeoutInMinutes",
        ),
        (
            lb(json!({ "idleTimeoutInMinutes": 121 })),
            "E0313",
            "/loadBalancerProfile/idleTimeoutInMinutes",
        ),
        (
            lb(json!({ "managedOutboundIPs": { "count": 0 } })),
            "E0314",
            "/loadBalancerProfile/managedOutboundIPs/count",
        ),
        (
            lb(json!({ "managedOutboundIPs": { "count": 101 } })),
            "E0314",
            "/loadBalancerProfile/managedOutboundIPs/count",
        ),
        (
            lb(
                json!({ "managedOutboundIPs": { "count": 1 }, "outboundIPs": { "publicIPs": [{ "id": "a" }] } }),
            ),
            "E0315",
            "/loadBalancerProfile/outboundIPs",
        ),
        (
            nat(json!({ "managedOutboundIPProfile": { "count": 1 }, "publicIPs": 1 })),
            "E0315",
            "/natGatewayProfile/publicIPs",
        ),
        (
            nat(json!({ "publicIPs": 0 })),
            "E0320",
            "/natGatewayProfile/publicIPs",
        ),
        (
            nat(json!({ "publicIPs": 17 })),
            "E0320",
            "/natGatewayProfile/publicIPs",
        ),
        (
            nat(json!({ "idleTimeoutInMinutes": 3 })),
            "E0321",
            "/natGatewayProfile/idleTimeoutInMinutes",
        ),
        (
            nat(json!({ "idleTimeoutInMinutes": 121 })),
            "E0321",
            "/natGatewayProfile/idleTimeoutInMinutes",
        ),
        (
            fw(json!({ "publicIPs": 0 })),
            "E0330",
            "/azureFirewall/publicIPs",
        ),
        (
            fw(json!({ "publicIPs": 251 })),
            "E0330",
            "/azureFirewall/publicIPs",
        ),
        (
            fw(json!({ "instances": 1 })),
            "E0331",
            "/azureFirewall/instances",
        ),
        (
            fw(json!({ "instances": 21 })),
            "E0331",
            "/azureFirewall/instances",
        ),
        (
            fw(json!({ "idleTimeoutInMinutes": 3 })),
            "E0332",
            "/azureFirewall/idleTimeoutInMinutes",
        ),
        (
            fw(json!({ "idleTimeoutInMinutes": 16 })),
            "E0332",
            "/azureFirewall/idleTimeoutInMinutes",
        ),
        (
            fw(json!({ "autoscaleConfiguration": { "minCapacity": 5, "maxCapacity": 6 } })),
            "E0333",
            "/azureFirewall/autoscaleConfiguration",
        ),
        (
            fw(json!({ "autoscaleConfiguration": { "maxCapacity": 21 } })),
            "E0333",
            "/azureFirewall/autoscaleConfiguration/maxCapacity",
        ),
        (
            fw(json!({ "instances": 3, "autoscaleConfiguration": { "minCapacity": 4 } })),
            "E0331",
            "/azureFirewall/instances",
        ),
        (
            fw(json!({ "autoscaleConfiguration": { "connectionsPerSecondPerInstance": 0 } })),
            "E0334",
            "/azureFirewall/autoscaleConfiguration/connectionsPerSecondPerInstance",
        ),
        (
            fw(json!({ "natGateway": {}, "autoscaleConfiguration": {} })),
            "E0334",
            "/azureFirewall/autoscaleConfiguration",
        ),
        (gateways(json!(null), json!([])), "E0360", "/natGateways"),
        (
            gateways(json!(null), json!([{ "nodePools": ["pool9"] }])),
            "E0361",
            "/natGateways/0/nodePools/0",
        ),
    ]
}

#[test]
fn every_rule_is_told_once_with_its_code_and_place() {
    for (value, code, place) in broken() {
        let resolved = resolved(value.clone(), &nodes(1_200));
        let refusals = resolved.plan.expect_err("no plan");
        let faults: Vec<_> = resolved.errors.iter().chain(&refusals).collect();
        let [fault] = faults[..] else {
            panic!("{value}: {faults:#?}");
        };
        assert_eq!(fault.code.id(), code, "{value}");
        assert_eq!(fault.pointer, format!("/outbound/0{place}"), "{value}");
    }
}

#[test]
fn every_code_of_outbound_types_is_met_and_has_a_story() {
    let notes = ["E0316", "E0317"];
    let of_assumptions = ["E0305"];
    let of_routes = ["E0340"];
    // They take events and node pools of Windows.
    let of_clusters = ["E0341", "E0318"];
    // It takes two node pools.
    let of_several_gateways = ["E0362"];
    let broken = broken();
    for code in Code::all()
        .iter()
        .filter(|code| code.id().starts_with("E03"))
    {
        let met = broken.iter().any(|(_, id, _)| *id == code.id());
        let elsewhere = [
            &notes[..],
            &of_assumptions,
            &of_routes,
            &of_clusters,
            &of_several_gateways,
        ]
        .concat();
        let elsewhere = elsewhere.contains(&code.id());
        assert!(met || elsewhere, "{} is never met", code.id());
        assert!(code.story().len() > 200, "{} has no story", code.id());
    }
}

#[test]
fn all_faults_of_an_entry_are_told_at_once() {
    let value = json!({ "outboundType": "loadBalancer", "azureFirewall": {}, "loadBalancerProfile": {
        "allocatedOutboundPorts": 60_001, "idleTimeoutInMinutes": 1
    } });
    let resolved = resolved(value, &nodes(3));
    let refusals = resolved.plan.expect_err("refused");
    let codes = |faults: &[Fault]| faults.iter().map(|f| f.code.id()).collect::<Vec<_>>();
    assert_eq!(codes(&resolved.errors), ["E0303"]);
    assert_eq!(codes(&refusals), ["E0313", "E0310", "E0312"]);
}

fn told(fault: &Fault) -> String {
    format!("{}\n{}\n{}", fault.found, fault.allowed, fault.remedy)
}

#[test]
fn too_few_ports_are_told_with_azures_arithmetic_and_what_would_fit() {
    let cluster = pools(&[(3, None, None), (17, Some(30), Some(MaxSurge::Percent(10)))]);
    let faults = resolved(load_balancer(8_000, 2), &cluster)
        .plan
        .expect_err("refused");
    insta::assert_snapshot!(told(&faults[0]), @r#"
    Azure refuses it as InvalidLoadBalancerProfileAllocatedOutboundPorts: "Load balancer profile allocated ports 8000 is not in an allowable range given the number of nodes and IPs provisioned. Total node count 37 requires 296000 ports but only 128000 ports are available given 2 outbound public IPs. Refer to https://aka.ms/aks/slb-ports for more details." Counted are the most nodes of each pool and its maxSurge (1 where none is set): pool0 3 + 1, pool1 30 + 3 (10% of 30) = 37 nodes.
    at most 3,456 ports per node (128,000 for 37 nodes, rounded down to a multiple of 8), or at most 16 nodes at 8,000 ports each
    Set `--load-balancer-outbound-ports 3456` or less, or give the Load Balancer 5 public IPs (`--load-balancer-managed-outbound-ip-count 5`, or as many own ones), or lower count, maxCount or maxSurge of a pool.
    "#);
}

#[test]
fn ports_that_only_inbound_rules_leave_too_few_of_are_told_in_the_load_balancers_words() {
    let cluster = ClusterFacts {
        outbound_frontend_rules: vec![80, 81, 443],
        ..nodes(2)
    };
    let faults = resolved(load_balancer(32_000, 1), &cluster)
        .plan
        .expect_err("refused");
    insta::assert_snapshot!(told(&faults[0]), @r#"
    Azure refuses it as SpecifiedAllocatedOutboundPortsForOutboundRuleExceedsTotalNumberOfAvailablePorts: 2 nodes with 32,000 ports each require 64,000 ports, but only 63,984 are free. Counted are the most nodes of each pool and its maxSurge (1 where none is set): pool0 2 + 0 = 2 nodes. Inbound rules on the frontend take 2 blocks of 8: 16 ports.
    at most 31,992 ports per node (63,984 for 2 nodes, rounded down to a multiple of 8), or at most 1 node at 32,000 ports each
    Set `--load-balancer-outbound-ports 31992` or less, or give the Load Balancer 2 public IPs (`--load-balancer-managed-outbound-ip-count 2`, or as many own ones), or lower count, maxCount or maxSurge of a pool.
    "#);
}

#[test]
fn an_outbound_type_with_a_slip_is_told_the_nearest_one() {
    for (word, nearest) in [
        ("loadbalancer", "loadBalancer"),
        ("managedNatGateway", "managedNATGateway"),
        ("userAssignedNatGatway", "userAssignedNATGateway"),
        ("userDefinedRoute", "userDefinedRouting"),
    ] {
        let errors = resolved(json!({ "outboundType": word }), &nodes(3)).errors;
        assert_eq!(errors[0].remedy, format!("Did you mean \"{nearest}\"?"));
    }
}

#[test]
fn an_idle_timeout_that_az_aks_refuses_is_legal_and_noted() {
    let notes = |minutes: u32| {
        let mut value = load_balancer(0, 1);
        value["loadBalancerProfile"]["idleTimeoutInMinutes"] = json!(minutes);
        let resolved = resolved(value, &nodes(3));
        assert!(resolved.plan.is_ok());
        resolved
            .notes
            .iter()
            .map(|(code, _)| code.id())
            .collect::<Vec<_>>()
    };
    assert_eq!(notes(100), Vec::<&str>::new());
    assert_eq!(notes(101), ["E0316"]);
    assert_eq!(notes(120), ["E0316"]);
}

#[test]
fn a_profile_of_another_type_is_noted() {
    let both = |kind: &str| {
        let value = json!({
            "outboundType": kind,
            "loadBalancerProfile": { "idleTimeoutInMinutes": 4 },
            "natGatewayProfile": { "idleTimeoutInMinutes": 10 },
        });
        let resolved = resolved(value, &nodes(3));
        let idle = resolved.plan.expect("accepted").holds.idle.as_secs_f64();
        let about =
            |(code, text): &(Code, String)| (code.id(), text.split('"').nth(1).map(str::to_owned));
        let notes: Vec<_> = resolved.notes.iter().map(about).collect();
        (idle, notes)
    };
    let about = |profile: &str| vec![("F0204", Some(profile.to_owned()))];
    assert_eq!(both("loadBalancer"), (240.0, about("natGatewayProfile")));
    assert_eq!(
        both("managedNATGateway"),
        (600.0, about("loadBalancerProfile"))
    );
}

#[test]
fn automatic_ports_beyond_the_table_are_assumed_and_noted() {
    let at = |count: u32| {
        let resolved = resolved(load_balancer(0, 1), &nodes(count));
        let notes: Vec<&str> = resolved.notes.iter().map(|(code, _)| code.id()).collect();
        (resolved.plan.expect("accepted").limit, notes)
    };
    assert_eq!(at(1_000), (32, vec![]));
    assert_eq!(at(1_001), (32, vec!["E0317"]));
    assert_eq!(at(2_000), (32, vec!["E0317"]));
    assert_eq!(
        at(2_001),
        (32, vec!["E0317", "E0317"]),
        "more than there are"
    );
}

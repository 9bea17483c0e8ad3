//! The list of outbounds: assumptions of the scenario, types that `compare` adds, what each type publishes.

use super::*;
use crate::engine::Ceiling;

#[test]
fn every_assumption_works_through_to_some_plan() {
    let entries: Vec<(Value, ClusterFacts)> = vec![
        (load_balancer(0, 1), nodes(1_001)),
        (load_balancer(1_600, 1), pools(&[(38, None, None)])),
        (nat_gateway(1), nodes(3)),
        (firewall(2, 30), nodes(3)),
        (firewall(2, 3), nodes(3)),
    ];
    let outcomes = |assumptions: &Assumptions| -> String {
        entries
            .iter()
            .map(|(value, cluster)| {
                format!(
                    "{:?}",
                    resolve(&entry(value.clone()), cluster, assumptions, "")
                )
            })
            .collect()
    };
    /// Those work through to the node's own layer and to events, which the model has.
    const OF_MODEL: [&str; 6] = [
        "natGatewayBreaksOpenConnections",
        "conntrackSize",
        "masqueradeReusesClosed",
        "windowsOutboundNatPorts",
        "windowsOutboundNatHold",
        "abandonedSocketsStayOpen",
    ];
    let by_default = outcomes(&Assumptions::default());
    let of_outbounds = Assumptions::ALL.iter();
    for assumption in of_outbounds.filter(|one| !OF_MODEL.contains(&one.name)) {
        let untold = ["\"7s\""];
        let values = match assumption.alternatives {
            [] => &untold[..],
            some => some,
        };
        for text in values {
            let value: Value = serde_json::from_str(text).expect("JSON");
            let spec: AssumptionsSpec =
                serde_json::from_value(json!({ assumption.name: value })).expect("known");
            let assumptions = spec.resolve("").expect("legal");
            assert_ne!(outcomes(&assumptions), by_default, "{}", assumption.name);
        }
    }
}

#[test]
fn a_firewall_may_fall_back_to_another_address_and_scale_to_50() {
    let assumptions = Assumptions {
        firewall_ip_choice: FirewallIpChoice::Fallback,
        firewall_max_instances: 50,
        ..Assumptions::default()
    };
    let resolved = resolve(&entry(firewall(2, 50)), &nodes(3), &assumptions, "");
    assert_eq!(
        resolved.plan.expect("accepted").grouping,
        Grouping::Buckets {
            ips: 2,
            instances: 50,
            choice: IpChoice::Fallback
        }
    );
}

#[test]
fn compare_adds_the_azure_types_that_are_missing() {
    let words = |specs: &[OutboundSpec]| -> Vec<String> {
        azure_types_missing(specs)
            .into_iter()
            .filter_map(|spec| spec.outbound_type)
            .collect()
    };
    assert_eq!(
        words(&[]),
        ["loadBalancer", "managedNATGateway", "userDefinedRouting"]
    );
    let own = entry(json!({ "outboundType": "userAssignedNATGateway" }));
    let custom = entry(json!({ "outboundType": "custom" }));
    assert_eq!(
        words(&[own, custom]),
        ["loadBalancer", "userDefinedRouting"]
    );
    let all: Vec<OutboundSpec> = azure_types_missing(&[]);
    assert_eq!(azure_types_missing(&all), []);
    for spec in &all {
        let resolved = resolve(spec, &nodes(3), &Assumptions::default(), "");
        assert!(resolved.plan.is_ok());
        assert_eq!(resolved.public_ips, Some(1));
    }
}

#[test]
fn a_nat_gateway_on_the_firewalls_subnet_replaces_its_buckets() {
    let with = |block: Value| {
        let entry = json!({ "outboundType": "userDefinedRouting", "azureFirewall": block });
        resolved(entry, &nodes(3))
    };
    let gateway = plan(json!({ "outboundType": "managedNATGateway" }), &nodes(3));
    let found = with(json!({ "publicIPs": 9, "instances": 3, "natGateway": {} }));
    assert_eq!(found.kind, OutboundType::FirewallNatGateway);
    assert_eq!(found.kind.word(), "userDefinedRouting");
    assert_eq!(found.public_ips, Some(1));
    assert_eq!(found.notes[0].0.id(), "F0132");
    let of_three = found.plan.expect("Azure accepts it");
    let ceiling = |limit| Some(Ceiling { limit });
    // Three instances of 250,000 connections; the firewall's own addresses do not matter.
    assert_eq!(
        of_three,
        PoolPlan {
            ceiling: ceiling(750_000),
            ..gateway.clone()
        }
    );
    let found = with(json!({ "instances": 20, "natGateway": { "publicIPs": 16 } }));
    let of_twenty = found.plan.expect("Azure accepts it");
    assert_eq!(of_twenty.ceiling, ceiling(2_000_000));
    assert_eq!(of_twenty.limit, 16 * 64_512);
    // The firewall's 4 minutes go before the gateway's 30, and end with a reset.
    let found = with(json!({ "natGateway": { "idleTimeoutInMinutes": 30 } }));
    let holds = found.plan.expect("Azure accepts it").holds;
    assert_eq!(
        (holds.idle, holds.after_idle),
        (SimTime::from_secs(240), SimTime::from_secs(16))
    );
    let found =
        with(json!({ "idleTimeoutInMinutes": 15, "natGateway": { "idleTimeoutInMinutes": 4 } }));
    let holds = found.plan.expect("Azure accepts it").holds;
    assert_eq!(
        (holds.idle, holds.after_idle),
        (SimTime::from_secs(240), SimTime::ZERO)
    );
    let faults = with(json!({ "natGateway": { "publicIPs": 17 } }))
        .plan
        .expect_err("too many");
    assert!(
        faults[0]
            .pointer
            .ends_with("/azureFirewall/natGateway/publicIPs"),
        "{}",
        faults[0].pointer
    );
}

#[test]
fn types_without_egress_have_no_ports() {
    for word in ["none", "block"] {
        let found = plan(json!({ "outboundType": word }), &nodes(3));
        assert_eq!((found.limit, found.pools(3)), (0, 1));
    }
}

#[test]
fn every_type_publishes_metrics_and_used_ports_among_them() {
    for kind in OutboundType::ALL {
        let metrics = kind.metrics();
        assert!(metrics.contains(&Metric::USED_PORTS), "{}", kind.word());
        for (i, metric) in metrics.iter().enumerate() {
            let same =
                |other: &&Metric| (other.id, other.dimension) == (metric.id, metric.dimension);
            assert_eq!(
                metrics.iter().position(|other| same(&other)),
                Some(i),
                "{} twice",
                metric.id
            );
        }
    }
}

#[test]
fn a_type_is_found_by_each_of_its_words() {
    for kind in OutboundType::ALL {
        for word in kind.definition().words {
            assert_eq!(OutboundType::find(word), Some(*kind));
        }
    }
}

proptest! {
    #[test]
    fn the_largest_ports_fit_and_the_next_multiple_of_8_does_not(
        nodes in 1u64..5_000, ips in 1u32..=100, blocks in 0u32..300,
    ) {
        let supply = supply(ips, blocks);
        let ports = largest_ports(nodes, supply);
        prop_assert_eq!(ports % 8, 0);
        prop_assert!(nodes * u64::from(ports) <= supply);
        prop_assert!(ports == 64_000 || nodes * u64::from(ports + 8) > supply);
    }

    #[test]
    fn the_addresses_needed_are_the_fewest(nodes in 1u64..5_000, ports in 1u32..=8_000, blocks in 0u32..300) {
        let ports = ports * 8;
        let ips = ips_needed(nodes, ports, blocks) as u32;
        let needed = nodes * u64::from(ports);
        prop_assert!(needed <= supply(ips, blocks));
        prop_assert!(needed > supply(ips - 1, blocks));
    }

    #[test]
    fn azure_accepts_manual_ports_exactly_up_to_the_largest(
        count in 1u32..2_000, ips in 1u32..=100, eighths in 1u32..=8_000,
    ) {
        let ports = eighths * 8;
        let most = largest_ports(u64::from(count), supply(ips, 0));
        prop_assert_eq!(verdict(ports, ips, &nodes(count)).is_ok(), ports <= most);
    }

    #[test]
    fn automatic_ports_always_fit_and_never_grow_with_the_nodes(nodes in 1u32..=999, ips in 1u32..=100) {
        let ports = automatic_ports(nodes, ips).expect("within the table");
        let next = automatic_ports(nodes + 1, ips).expect("within the table");
        prop_assert!(u64::from(nodes) * u64::from(ports) <= supply(ips, 0));
        prop_assert!(next <= ports && ports <= 1_024);
    }

    #[test]
    fn p2_more_addresses_at_fixed_ports_change_no_plan(count in 1u32..60, ips in 1u32..=99, more in 1u32..=100) {
        let more = (ips + more).min(100);
        prop_assert_eq!(
            plan(load_balancer(1_024, ips), &nodes(count)),
            plan(load_balancer(1_024, more), &nodes(count))
        );
    }
}

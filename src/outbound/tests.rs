//! Entries of `outbound` against the worked examples: rows `W…` are Azure's documented arithmetic,
//! rows `V-…` cases that users met.

use super::*;
use crate::engine::{ActiveLimit, Ceiling, Grouping, IpChoice, UdpKey};
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

// Load Balancer

#[test]
fn w1_w2_w3_v08_automatic_ports_follow_the_table() {
    for (nodes, ports) in [
        (1, 1_024),
        (48, 1_024),
        (50, 1_024),
        (51, 512),
        (52, 512),
        (100, 512),
        (101, 256),
        (200, 256),
        (201, 128),
        (400, 128),
        (401, 64),
        (800, 64),
        (801, 32),
        (1_000, 32),
    ] {
        assert_eq!(automatic_ports(nodes, 1), Some(ports), "{nodes} nodes");
    }
    assert_eq!(automatic_ports(1_001, 1), None);
    assert_eq!(plan(load_balancer(0, 1), &nodes(48)).limit, 1_024);
}

#[test]
fn w4_w6_automatic_ports_grow_with_the_addresses_up_to_1024() {
    for (nodes, ips, ports) in [
        (100, 1, 512),
        (100, 2, 1_024),
        (100, 3, 1_024),
        (51, 1, 512),
        (101, 1, 256),
        (101, 4, 1_024),
        (101, 5, 1_024),
        (250, 1, 128),
        (250, 8, 1_024),
        (401, 16, 1_024),
        (801, 1, 32),
        (1_000, 32, 1_024),
    ] {
        assert_eq!(
            automatic_ports(nodes, ips),
            Some(ports),
            "{nodes} nodes, {ips} IPs"
        );
    }
}

#[test]
fn w5_v09_automatic_ports_in_all_fall_at_every_edge_of_the_table() {
    let in_all = |nodes| nodes * automatic_ports(nodes, 1).expect("within the table");
    for nodes in [50, 100, 200, 400, 800] {
        assert_eq!(in_all(nodes), 51_200, "{nodes} nodes");
    }
    assert_eq!(in_all(1_000), 32_000);
    assert_eq!(in_all(51), 26_112);
    assert_eq!(in_all(101), 25_856);
}

#[test]
fn automatic_ports_go_by_count_and_not_by_what_a_pool_may_grow_to() {
    let cluster = pools(&[(30, Some(90), None), (20, None, Some(MaxSurge::Nodes(9)))]);
    assert_eq!(plan(load_balancer(0, 1), &cluster).limit, 1_024);
}

#[test]
fn w7_v06_so_many_nodes_can_have_so_many_ports() {
    for (ports, ips, most) in [
        (1_000, 2, 128),
        (1_000, 7, 448),
        (4_000, 2, 32),
        (4_000, 7, 112),
    ] {
        assert_eq!(max_nodes(ports, supply(ips, 0)), u64::from(most));
        assert_eq!(verdict(ports, ips, &nodes(most)), Ok(ports));
        assert_eq!(verdict(ports, ips, &nodes(most + 1)), Err(TOO_FEW.into()));
    }
}

#[test]
fn w8_v07_a_hundred_nodes_with_a_surge_of_two_fit_with_room_to_spare() {
    assert_eq!(supply(7, 0) - 100 * 4_000, 48_000);
    let surge_of_two = pools(&[(100, None, Some(MaxSurge::Nodes(2)))]);
    assert_eq!(
        counted_nodes(&surge_of_two.counted(MaxSurge::Nodes(1))) * 4_000,
        408_000
    );
    assert_eq!(verdict(4_000, 7, &surge_of_two), Ok(4_000));
}

#[test]
fn w9_v05_nine_nodes_with_8000_ports_need_a_second_address() {
    assert_eq!(verdict(8_000, 1, &nodes(9)), Err(TOO_FEW.into()));
    assert_eq!(verdict(8_000, 2, &nodes(9)), Ok(8_000));
    assert_eq!(ips_needed(9, 8_000, 0), 2);
    assert_eq!(largest_ports(9, supply(1, 0)), 7_104);
}

#[test]
fn w10_seven_nodes_with_10000_ports_are_refused() {
    assert_eq!(verdict(10_000, 1, &nodes(7)), Err(TOO_FEW.into()));
    assert_eq!(verdict(9_136, 1, &nodes(7)), Ok(9_136));
}

#[test]
fn w11_w12_few_nodes_can_have_a_whole_address() {
    for (count, most) in [(1, 64_000), (2, 32_000), (10, 6_400)] {
        assert_eq!(largest_ports(count, supply(1, 0)), most);
        assert_eq!(verdict(most, 1, &nodes(count as u32)), Ok(most));
    }
    assert_eq!(
        largest_ports(1, supply(2, 0)),
        64_000,
        "no node has more than an address"
    );
}

#[test]
fn w13_ports_that_are_no_multiple_of_8_are_refused() {
    assert_eq!(verdict(1_001, 1, &nodes(3)), Err(vec!["E0310"]));
    assert_eq!(verdict(1_000, 1, &nodes(3)), Ok(1_000));
}

#[test]
fn w14_maxima_and_surge_are_what_counts() {
    assert_eq!(verdict(1_600, 1, &nodes(50)), Err(TOO_FEW.into()));
    assert_eq!(verdict(3_200, 1, &nodes(25)), Err(TOO_FEW.into()));
    let planned_22_counted_25 = pools(&[(2, Some(10), None), (2, Some(10), None), (2, None, None)]);
    assert_eq!(
        verdict(3_200, 1, &planned_22_counted_25),
        Err(TOO_FEW.into())
    );
    assert_eq!(verdict(2_560, 1, &planned_22_counted_25), Ok(2_560));
}

#[test]
fn w15_at_1024_ports_62_nodes_pass_and_63_do_not() {
    assert_eq!(verdict(1_024, 1, &nodes(62)), Ok(1_024));
    assert_eq!(verdict(1_024, 1, &nodes(63)), Err(TOO_FEW.into()));
}

#[test]
fn w16_inbound_rules_take_aligned_blocks_of_8_from_the_supply() {
    let rules = [80, 81, 443, 5_000, 5_001];
    assert_eq!(inbound_blocks(&rules), 3);
    assert_eq!(supply(1, 3), 64_000 - 24);
    let with = |rules: &[u16]| {
        let cluster = ClusterFacts {
            outbound_frontend_rules: rules.to_vec(),
            ..nodes(2)
        };
        resolved(load_balancer(32_000, 1), &cluster).plan.is_ok()
    };
    assert!(with(&[]));
    assert!(!with(&rules));
}

#[test]
fn v04_three_nodes_and_one_of_surge_need_84000_ports() {
    let cluster = pools(&[(3, None, None)]);
    let faults = resolved(load_balancer(21_000, 1), &cluster)
        .plan
        .expect_err("refused");
    assert!(
        faults[0]
            .found
            .contains("Total node count 4 requires 84000 ports")
    );
}

#[test]
fn v10_six_addresses_have_4096_ports_for_93_nodes() {
    assert_eq!(max_nodes(4_096, supply(6, 0)), 93);
    assert_eq!(verdict(4_096, 6, &nodes(93)), Ok(4_096));
    assert_eq!(verdict(4_096, 6, &nodes(94)), Err(TOO_FEW.into()));
}

#[test]
fn v11_ten_nodes_and_one_of_surge_can_have_5816_ports_exactly() {
    assert_eq!(max_nodes(5_816, supply(1, 0)), 11);
    assert_eq!(largest_ports(11, supply(1, 0)), 5_816);
    assert_eq!(verdict(5_816, 1, &pools(&[(10, None, None)])), Ok(5_816));
}

#[test]
fn v16_v17_ports_are_divided_over_all_addresses_together() {
    for (ips, ports, most) in [
        (1, 64, 1_008),
        (2, 64, 2_016),
        (1, 4_096, 15),
        (14, 2_048, 441),
    ] {
        let cloud_nat = u64::from(azure::NAT_PORTS_PER_IP) * ips;
        assert_eq!(max_nodes(ports, cloud_nat), most);
    }
}

#[test]
fn w25_w26_a_node_of_1024_ports_carries_this_many_connections_a_second() {
    let plan = plan(load_balancer(0, 1), &nodes(10));
    assert!((rate(plan.limit, plan.holds.after_fin) - 4.267).abs() < 5e-4);
    assert!((rate(plan.limit, plan.holds.after_rst) - 68.27).abs() < 5e-3);
}

/// Connections a second of no length that `ports` ports carry, each held for `hold`.
fn rate(ports: u32, hold: SimTime) -> f64 {
    f64::from(ports) / hold.as_secs_f64()
}

#[test]
fn a_load_balancer_by_default_has_one_address_the_table_and_30_minutes() {
    let by_default = resolved(json!({ "outboundType": "loadBalancer" }), &nodes(3));
    assert_eq!(by_default.name, "loadBalancer");
    assert_eq!(by_default.public_ips, Some(1));
    let plan = by_default.plan.expect("accepted");
    assert_eq!(plan.grouping, Grouping::ByNode);
    assert_eq!((plan.limit, plan.udp_key), (1_024, UdpKey::Address));
    assert_eq!(plan.holds.idle, SimTime::from_secs(1_800));
    assert_eq!(plan.holds.udp_idle, SimTime::from_secs(1_800));
}

// NAT Gateway

#[test]
fn w21_v13_sixteen_addresses_of_a_nat_gateway() {
    let plan = plan(nat_gateway(16), &nodes(3));
    assert_eq!(plan.limit, 1_032_192);
    assert_eq!(plan.active_limit.map(|active| active.limit), Some(800_000));
    assert_eq!(plan.ceiling, Some(Ceiling { limit: 2_000_000 }));
}

#[test]
fn w22_a_nat_gateway_refuses_the_50001st_connection_with_14512_ports_free() {
    let plan = plan(nat_gateway(1), &nodes(3));
    let active = plan.active_limit.expect("a second limit");
    assert_eq!(
        active,
        ActiveLimit {
            limit: 50_000,
            counts_held: false
        }
    );
    assert_eq!(plan.limit - active.limit, 14_512);
}

#[test]
fn w23_w24_short_connections_to_one_endpoint_are_limited_by_the_hold_down() {
    let plan = plan(nat_gateway(1), &nodes(3));
    assert!((rate(plan.limit, plan.holds.after_fin) - 992.5).abs() < 0.05);
    assert!((rate(plan.limit, plan.holds.after_rst) - 4_032.0).abs() < 0.5);
    let held_count = Assumptions {
        nat_held_ports_count_to_endpoint_limit: true,
        ..Assumptions::default()
    };
    let plan = resolve(&entry(nat_gateway(1)), &nodes(3), &held_count, "")
        .plan
        .expect("accepted");
    assert!((rate(plan.binding_limit(), plan.holds.after_fin) - 769.2).abs() < 0.05);
    assert!((rate(plan.binding_limit(), plan.holds.after_rst) - 3_125.0).abs() < 0.5);
}

#[test]
fn every_way_to_count_the_addresses_of_a_nat_gateway_gives_the_same_plan() {
    let by_managed = plan(nat_gateway(4), &nodes(3));
    for (word, profile) in [
        ("userAssignedNATGateway", json!({ "publicIPs": 4 })),
        (
            "userAssignedNATGateway",
            json!({ "managedOutboundIpProfile": { "count": 4 } }),
        ),
        (
            "managedNATGatewayV2",
            json!({ "sku": "StandardV2", "managedOutboundIPProfile": { "count": 4, "countIPv6": 2 } }),
        ),
        (
            "managedNATGateway",
            json!({ "outboundIPs": { "publicIPs": [{ "id": "a" }, { "id": "b" }, { "id": "c" }, { "id": "d" }] } }),
        ),
        (
            "managedNATGateway",
            json!({
                "outboundIPs": { "publicIPs": [{ "id": "a" }, { "id": "b" }] },
                "outboundIPPrefixes": { "publicIPPrefixes": [{ "id": "p", "prefixLength": 31 }] }
            }),
        ),
    ] {
        let spec = json!({ "outboundType": word, "natGatewayProfile": profile });
        assert_eq!(plan(spec.clone(), &nodes(3)), by_managed, "{spec}");
    }
}

// Azure Firewall

#[test]
fn w27_w28_v12_firewall_ports_are_addresses_times_instances_times_2496() {
    for (ips, instances, ports) in [
        (1, 2, 4_992),
        (5, 2, 24_960),
        (20, 2, 99_840),
        (250, 2, 1_248_000),
        (1, 16, 39_936),
    ] {
        let plan = plan(firewall(ips, instances), &nodes(3));
        assert_eq!(plan.pools(3) * plan.limit as usize, ports);
    }
}

#[test]
fn w29_a_firewall_has_no_hold_down() {
    let plan = plan(firewall(1, 2), &nodes(3));
    assert_eq!(plan.holds.after_fin, SimTime::ZERO);
    assert_eq!(plan.holds.after_rst, SimTime::ZERO);
    let one_second = SimTime::from_secs(1).saturating_add(plan.holds.after_fin);
    let ports = plan.limit * plan.pools(3) as u32;
    assert!((rate(ports, one_second) - 4_992.0).abs() < 1e-9);
}

#[test]
fn w30_every_firewall_instance_has_250000_connections() {
    for (instances, connections) in [(2, 500_000), (20, 5_000_000)] {
        let plan = plan(firewall(1, instances), &nodes(3));
        let per_instance = plan.ceiling.expect("a ceiling").limit;
        assert_eq!(per_instance * u64::from(instances), connections);
    }
}

#[test]
fn w41_an_idle_port_is_free_at_once_after_30_4_and_4_minutes() {
    for (value, minutes) in [
        (load_balancer(0, 1), 30),
        (nat_gateway(1), 4),
        (firewall(1, 2), 4),
    ] {
        let holds = plan(value, &nodes(3)).holds;
        assert_eq!(holds.idle, SimTime::from_secs(minutes * 60));
        assert_eq!(holds.after_idle, SimTime::ZERO);
    }
}

// custom and timers

fn gateways(profile: Value, further: Value) -> Value {
    json!({
        "outboundType": "userAssignedNATGateway", "natGatewayProfile": profile, "natGateways": further
    })
}

#[test]
fn node_pools_leave_by_the_gateway_that_names_them_and_the_rest_by_that_of_the_profile() {
    let entry = gateways(
        json!({ "publicIPs": 2 }),
        json!([{ "name": "big", "nodePools": ["pool1"], "natGatewayProfile": { "publicIPs": 4 } }]),
    );
    let cluster = pools(&[(2, None, None), (1, None, None), (1, None, None)]);
    let resolved = resolved(entry, &cluster);
    let names: Vec<&str> = resolved
        .setup
        .gateways
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["big", "gateway"]);
    assert_eq!(resolved.public_ips, Some(6));
    let plan = resolved.plan.expect("accepted");
    let nodes: Vec<Option<u32>> = (0..4).map(|node| plan.pool_of(node)).collect();
    assert_eq!(nodes, [Some(1), Some(1), Some(0), Some(1)]);
    for (pool, ips) in [(0, 4), (1, 2)] {
        let own = plan.of_pool(pool);
        let alone = self::plan(nat_gateway(ips), &cluster);
        assert_eq!(*own, alone);
    }
}

#[test]
fn gateways_that_do_not_fit_are_refused_all_at_once() {
    let codes = |value: Value| {
        let resolved = resolved(value, &pools(&[(2, None, None), (1, None, None)]));
        let all = resolved.errors.into_iter();
        let all = all.chain(resolved.plan.err().into_iter().flatten());
        all.map(|fault| fault.code.id()).collect::<Vec<_>>()
    };
    assert_eq!(codes(gateways(json!(null), json!([]))), ["E0360"]);
    assert_eq!(
        codes(gateways(
            json!(null),
            json!([{ "nodePools": ["pool0", "pool9"] }, { "nodePools": ["pool0"] }])
        )),
        ["E0361", "E0361"]
    );
    assert_eq!(
        codes(gateways(
            json!({}),
            json!([{ "nodePools": ["pool0", "pool1"] }])
        )),
        ["E0361"]
    );
    assert_eq!(
        codes(gateways(
            json!({ "idleTimeoutInMinutes": 10 }),
            json!([{ "nodePools": ["pool0"] }])
        )),
        ["E0362"]
    );
    let too_many = json!([{ "nodePools": ["pool0"], "natGatewayProfile": { "publicIPs": 17 } }]);
    assert_eq!(codes(gateways(json!(null), too_many)), ["E0320"]);
}

#[test]
fn a_custom_type_is_what_it_says() {
    let plan = plan(
        json!({
            "name": "anything", "outboundType": "custom",
            "custom": { "scope": "shared", "portsPerPool": 55000, "activePerPool": 50000, "udpKey": "address" },
            "timers": { "idle": "350s", "holdAfterFin": "1s", "holdAfterRst": "2s", "holdAfterIdle": "3s",
                        "halfOpen": "4s", "holdAfterUdp": "6s" }
        }),
        &nodes(3),
    );
    assert_eq!(plan.grouping, Grouping::Shared);
    assert_eq!((plan.limit, plan.udp_key), (55_000, UdpKey::Address));
    assert_eq!(
        plan.active_limit,
        Some(ActiveLimit {
            limit: 50_000,
            counts_held: false
        })
    );
    let holds = plan.holds;
    let seconds = [
        holds.idle,
        holds.after_fin,
        holds.after_rst,
        holds.after_idle,
        holds.half_open,
        holds.udp_idle,
        holds.after_udp,
    ]
    .map(|hold| hold.as_nanos() / 1_000_000_000);
    assert_eq!(
        seconds,
        [350, 1, 2, 3, 4, 350, 6],
        "UDP idles out as TCP does"
    );
}

#[test]
fn a_custom_type_holds_as_the_definitions_say_where_nothing_is_given() {
    let plan = plan(
        json!({ "outboundType": "custom", "custom": { "scope": "perNode", "portsPerPool": 64 } }),
        &nodes(3),
    );
    let zero = SimTime::ZERO;
    let four_minutes = SimTime::from_secs(240);
    let holds = plan.holds;
    assert_eq!((holds.idle, holds.udp_idle), (four_minutes, four_minutes));
    assert_eq!(holds.half_open, SimTime::from_secs(30));
    assert_eq!(
        [
            holds.after_fin,
            holds.after_rst,
            holds.after_idle,
            holds.after_udp
        ],
        [zero; 4]
    );
    assert_eq!(plan.udp_key, UdpKey::AddressAndPort);
    assert_eq!((plan.active_limit, plan.ceiling), (None, None));
}

#[test]
fn the_idle_timer_moves_udp_where_udp_has_no_timer_of_its_own() {
    let minute = SimTime::MINUTE;
    let four_minutes = SimTime::from_secs(240);
    for (mut value, udp_idle) in [
        (load_balancer(0, 1), minute),
        (nat_gateway(1), four_minutes),
        (firewall(1, 2), four_minutes),
    ] {
        value["timers"] = json!({ "idle": "1m" });
        let holds = plan(value.clone(), &nodes(3)).holds;
        assert_eq!((holds.idle, holds.udp_idle), (minute, udp_idle));
        value["timers"] = json!({ "idle": "1m", "udpIdle": "2s" });
        let holds = plan(value, &nodes(3)).holds;
        assert_eq!(holds.udp_idle, SimTime::from_secs(2));
    }
}

// What is taken as it is

/// What `az aks show --query networkProfile -o json` prints for an untouched cluster.
fn pasted() -> Value {
    json!({
        "advancedNetworking": null, "dnsServiceIp": "10.0.0.10", "ipFamilies": ["IPv4"], "kubeProxyConfig": null,
        "loadBalancerProfile": {
            "allocatedOutboundPorts": null, "backendPoolType": "nodeIPConfiguration",
            "clusterServiceLoadBalancerHealthProbeMode": null,
            "effectiveOutboundIPs": [{ "id": "/subscriptions/s/publicIPAddresses/3d", "resourceGroup": "MC_rg" }],
            "enableMultipleStandardLoadBalancers": null, "idleTimeoutInMinutes": null,
            "managedOutboundIPs": { "count": 1, "countIpv6": null },
            "outboundIPs": null, "outboundIpPrefixes": null
        },
        "loadBalancerSku": "standard", "natGatewayProfile": null, "networkDataplane": "azure", "networkMode": null,
        "networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "none",
        "outboundType": "loadBalancer", "podCidr": "10.244.0.0/16", "podCidrs": ["10.244.0.0/16"],
        "podLinkLocalAccess": null, "serviceCidr": "10.0.0.0/16", "serviceCidrs": ["10.0.0.0/16"],
        "staticEgressGatewayProfile": null
    })
}

#[test]
fn a_pasted_network_profile_is_the_default_load_balancer() {
    assert_eq!(
        plan(pasted(), &nodes(3)),
        plan(json!({ "outboundType": "loadBalancer" }), &nodes(3))
    );
}

#[test]
fn the_schema_takes_a_pasted_network_profile_too() {
    let schema = schemars::schema_for!(OutboundSpec).to_value();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let faults: Vec<String> = validator
        .iter_errors(&pasted())
        .map(|fault| fault.to_string())
        .collect();
    assert_eq!(faults, Vec::<String>::new());
    assert!(!validator.is_valid(&json!({ "outboundType": "loadBalancer", "idle": 4 })));
    assert!(!validator.is_valid(&json!({ "outboundType": "loadBalancers" })));
}

#[test]
fn parser_and_schema_know_the_same_words_in_both_spellings() {
    fn check<T: DeserializeOwned + schemars::JsonSchema + std::fmt::Debug>(spellings: usize) {
        let schema = schemars::schema_for!(T).to_value();
        let properties = schema["properties"].as_object().expect("properties");
        for name in properties.keys() {
            let alone = json!({ name: null });
            assert!(serde_json::from_value::<T>(alone).is_ok(), "{name}");
        }
        let both = properties.keys().filter(|name| name.contains("Ip")).count();
        assert!(both >= spellings, "{both} of {spellings}");
        assert!(serde_json::from_value::<T>(json!({ "surprise": null })).is_err());
    }
    check::<OutboundSpec>(1);
    check::<LoadBalancerProfile>(4);
    check::<NatGatewayProfile>(5);
    check::<ManagedOutboundIps>(1);
    check::<OutboundIps>(1);
    check::<OutboundIpPrefixes>(1);
    check::<AzureFirewallBlock>(1);
    check::<CustomBlock>(0);
    check::<Timers>(0);
    check::<AssumptionsSpec>(0);
}

#[test]
fn own_addresses_and_those_of_prefixes_add_up() {
    let value = json!({ "outboundType": "loadBalancer", "loadBalancerProfile": {
        "managedOutboundIPs": { "count": null },
        "outboundIps": { "publicIps": [{ "id": "a", "resourceGroup": "rg" }, { "id": "b" }] },
        "outboundIPPrefixes": { "publicIPPrefixes": [{ "id": "p", "prefixLength": 28 }, { "id": "q", "prefixLength": 30 }] }
    } });
    assert_eq!(resolved(value, &nodes(3)).public_ips, Some(2 + 16 + 4));
}

// What is refused, and how

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

// Assumptions

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
    let by_default = outcomes(&Assumptions::default());
    for assumption in Assumptions::ALL {
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

// The list

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
    let ceiling = |limit| Some(crate::engine::Ceiling { limit });
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

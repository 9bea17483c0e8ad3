//! NAT Gateways: their addresses, ceilings and hold-downs, and several of them side by side.

use super::*;
use crate::engine::Ceiling;

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

//! The ports of a Load Balancer: by hand, by the table, and what carries how many connections.

use super::*;

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

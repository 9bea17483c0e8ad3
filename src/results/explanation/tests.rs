//! Explanations against the arithmetic that Microsoft publishes: rows `W…`, and cases that users met: `V-…`, `R…`.

use super::*;
use crate::{model, scenario};
use serde_json::{Value, json};

/// A cluster of these pools (count, maxCount, maxSurge) with one workload, to be explained under `outbound`.
fn explained_with(pools: &[(u32, u32, u32)], workload: Value, outbound: Value) -> Explanation {
    let pools: Vec<Value> = pools
        .iter()
        .enumerate()
        .map(|(i, (count, most, surge))| {
            json!({ "name": format!("p{i}"), "count": count, "maxCount": most, "maxSurge": surge.to_string() })
        })
        .collect();
    let mut orders = json!({ "name": "orders", "destination": "sql" });
    let fields = orders.as_object_mut().expect("an object");
    fields.extend(workload.as_object().expect("an object").clone());
    let value = json!({
        "name": "test", "duration": "1h", "cluster": { "nodePools": pools },
        "destinations": [ { "name": "sql", "port": 1433 } ],
        "workloads": [orders], "outbound": [outbound]
    });
    let loaded = scenario::load(&value.to_string(), "test.json", &[]).expect("known words");
    let model = model::build(&loaded, &mut |_| Err(std::io::ErrorKind::NotFound.into()));
    explain(&model.unwrap_or_else(|problems| panic!("{problems}")))
}

fn short(close: &str) -> Value {
    json!({ "arrivals": { "poisson": { "perSecond": 1 } }, "lifetime": { "constant": "0s" },
        "close": { close: 1 }, "connect": { "synRetries": 0 } })
}

fn explained(pools: &[(u32, u32, u32)], outbound: Value) -> ExplainedOutbound {
    explained_with(pools, short("fin"), outbound)
        .outbounds
        .remove(0)
}

fn load_balancer(ports: u32, ips: u32) -> Value {
    json!({ "outboundType": "loadBalancer", "loadBalancerProfile": {
        "managedOutboundIPs": { "count": ips }, "allocatedOutboundPorts": ports } })
}

fn ports(pools: &[(u32, u32, u32)], of: Value) -> LoadBalancerPorts {
    match explained(pools, of).ports {
        Some(Ports::LoadBalancer(ports)) => ports,
        other => panic!("{other:?}"),
    }
}

fn row(close: &str, outbound: Value) -> LoadRow {
    let found = explained_with(&[(1, 1, 0)], short(close), outbound);
    found.outbounds[0].load.as_ref().expect("a plan").rows[0].clone()
}

fn close(found: f64, expected: f64) {
    assert!(
        (found / expected - 1.0).abs() < 1e-4,
        "{found} is not {expected}"
    );
}

#[test]
fn w3_one_node_to_51_and_101_costs_every_node_half() {
    for (count, at, then) in [(48, 51, 512), (50, 51, 512), (100, 101, 256), (1, 51, 512)] {
        let step = ports(&[(count, count, 0)], load_balancer(0, 1))
            .next_step
            .expect("a step");
        assert_eq!((step.at_nodes, step.ports), (at, Some(then)));
        assert_eq!(step.nodes_left, u64::from(at - 1 - count));
        assert!(!step.within_counted);
    }
    // A surge node is a node while an upgrade lasts.
    let step = ports(&[(50, 50, 1)], load_balancer(0, 1))
        .next_step
        .expect("a step");
    assert!(step.within_counted);
}

#[test]
fn w4_w6_with_more_addresses_the_steps_are_further_and_end() {
    // 1,024 up to 200 nodes with 4 addresses, 512 up to 400.
    let found = ports(&[(60, 60, 0)], load_balancer(0, 4));
    assert_eq!(found.per_node, 1_024);
    let step = found.next_step.expect("a step");
    assert_eq!((step.at_nodes, step.ports), (201, Some(512)));
    // 32 addresses give 1,024 to the end of the table, and beyond it by assumption.
    assert_eq!(
        ports(&[(900, 900, 0)], load_balancer(0, 32)).next_step,
        None
    );
}

#[test]
fn a_step_up_is_none() {
    // Beyond the table by assumption: 64 a node instead of 32.
    let value = json!({
        "duration": "1h", "cluster": { "nodePools": [ { "name": "a", "count": 900 } ] },
        "destinations": [ { "name": "sql", "port": 1433 } ],
        "workloads": [ { "name": "w", "destination": "sql", "arrivals": { "poisson": { "perSecond": 1 } },
            "lifetime": { "constant": "1s" } } ],
        "assumptions": { "automaticPortsAbove1000Nodes": 64 }, "outbound": [ load_balancer(0, 1) ]
    });
    let loaded = scenario::load(&value.to_string(), "test.json", &[]).expect("known words");
    let model = model::build(&loaded, &mut |_| Err(std::io::ErrorKind::NotFound.into()));
    let Some(Ports::LoadBalancer(ports)) =
        explain(&model.expect("a model")).outbounds.remove(0).ports
    else {
        panic!("a Load Balancer");
    };
    assert_eq!((ports.per_node, ports.next_step), (32, None));
}

#[test]
fn more_addresses_help_automatic_ports_only_below_1024() {
    let one_more = |pools: &[(u32, u32, u32)], asked| {
        let one_more = ports(pools, load_balancer(asked, 1)).one_more_ip;
        (one_more.per_node, one_more.most_nodes)
    };
    assert_eq!(one_more(&[(20, 20, 0)], 0), (1_024, 100));
    assert_eq!(one_more(&[(60, 60, 0)], 0), (1_024, 100));
    assert_eq!(one_more(&[(150, 150, 0)], 0), (512, 200));
    assert_eq!(one_more(&[(20, 20, 0)], 2_000), (2_000, 64));
    // Beyond the table, as far as 32 ports an address are assumed: 128,000 ports are enough for 2,000 nodes.
    assert_eq!(one_more(&[(600, 600, 0), (600, 600, 0)], 0), (64, 2_000));
}

#[test]
fn w7_v06_v10_v11_so_many_nodes_are_left() {
    for (per_node, ips, most) in [
        (1_000, 2, 128),
        (1_000, 7, 448),
        (4_000, 2, 32),
        (4_000, 7, 112),
        (4_096, 6, 93),
        (5_816, 1, 11),
        (1_024, 1, 62),
    ] {
        let found = ports(&[(1, 10, 1)], load_balancer(per_node, ips));
        assert_eq!(found.nodes_left, Some(most - 11), "{per_node} x {ips}");
    }
}

#[test]
fn r2_the_largest_ports_for_56_nodes_are_1136() {
    let pools = [(1, 44, 6), (2, 2, 1), (2, 2, 1)];
    let found = explained(&pools, load_balancer(1_280, 1));
    assert_eq!(found.refusals.len(), 1);
    assert!(found.refusals[0].found.contains(
        "Total node count 56 requires 71680 ports but only 64000 ports are available given 1 outbound public IPs."
    ));
    let found = ports(&pools, load_balancer(1_280, 1));
    assert_eq!((found.largest_manual, found.public_ips_needed), (1_136, 2));
    assert_eq!(ports(&pools, load_balancer(1_136, 1)).nodes_left, Some(0));
}

#[test]
fn the_next_refusal_is_told_before_it_happens() {
    let found = ports(&[(10, 10, 1)], load_balancer(5_816, 1));
    assert_eq!(found.nodes_left, Some(0));
    let told = found.next_refusal.expect("manual ports");
    assert!(
        told.contains("Total node count 12 requires 69792 ports but only 64000"),
        "{told}"
    );
}

#[test]
fn v04_counted_are_count_maximum_and_surge() {
    let found = explained_with(&[(3, 3, 1), (17, 30, 2)], short("fin"), load_balancer(0, 1));
    assert_eq!((found.nodes.count, found.nodes.counted), (20, 36));
    assert_eq!(found.nodes.pools[0].counted, 4);
}

#[test]
fn where_max_surge_is_not_set_the_other_reading_is_told() {
    let value = json!({
        "duration": "1h", "cluster": { "nodePools": [
            { "name": "a", "count": 40 }, { "name": "b", "count": 7, "maxSurge": "2" } ] },
        "destinations": [ { "name": "sql", "port": 1433 } ],
        "workloads": [ { "name": "w", "destination": "sql", "arrivals": { "poisson": { "perSecond": 1 } },
            "lifetime": { "constant": "1s" } } ],
        "outbound": [ load_balancer(0, 1) ]
    });
    let loaded = scenario::load(&value.to_string(), "test.json", &[]).expect("known words");
    let model = model::build(&loaded, &mut |_| Err(std::io::ErrorKind::NotFound.into()));
    let nodes = explain(&model.expect("a model")).nodes;
    assert_eq!(nodes.counted, 41 + 9);
    assert_eq!(nodes.otherwise[0].max_surge, "10%");
    assert_eq!(nodes.otherwise[0].counted, 44 + 9);
}

#[test]
fn w21_w27_w30_v12_gateways_and_firewalls() {
    let nat = json!({ "outboundType": "managedNATGateway", "natGatewayProfile": { "managedOutboundIPProfile": { "count": 16 } } });
    let Some(Ports::NatGateway(nat)) = explained(&[(1, 1, 0)], nat).ports else {
        panic!("a NAT Gateway");
    };
    assert_eq!(
        (nat.ports, nat.to_one_endpoint, nat.in_all),
        (1_032_192, 800_000, 2_000_000)
    );
    for (ips, instances, all, connections) in [
        (1, 2, 4_992, 500_000),
        (20, 2, 99_840, 500_000),
        (250, 2, 1_248_000, 500_000),
        (1, 20, 49_920, 5_000_000),
    ] {
        let of = json!({ "outboundType": "userDefinedRouting", "azureFirewall": { "publicIPs": ips, "instances": instances } });
        let Some(Ports::Firewall(firewall)) = explained(&[(1, 1, 0)], of).ports else {
            panic!("a firewall");
        };
        assert_eq!((firewall.ports, firewall.in_all), (all, connections));
    }
}

#[test]
fn w23_to_w26_limit_over_hold_is_what_a_pool_carries() {
    let nat = || json!({ "outboundType": "managedNATGateway" });
    close(row("fin", nat()).carries, 64_512.0 / 65.0);
    close(row("rst", nat()).carries, 4_032.0);
    close(row("fin", load_balancer(0, 1)).carries, 1_024.0 / 240.0);
    close(row("rst", load_balancer(0, 1)).carries, 1_024.0 / 15.0);
}

#[test]
fn v27_long_connections_meet_the_limit_on_active_ones() {
    let workload = json!({ "arrivals": { "poisson": { "perSecond": 80 } }, "lifetime": { "constant": "10m" },
        "connect": { "synRetries": 0 } });
    let nat = json!({ "outboundType": "managedNATGateway" });
    let found = explained_with(&[(1, 1, 0)], workload, nat);
    let row = &found.outbounds[0].load.as_ref().expect("a plan").rows[0];
    assert!(row.limit_is_on_active);
    assert_eq!((row.limit, row.mean_hold), (50_000, 600.0));
    close(row.carries, 50_000.0 / 600.0);
    close(row.offered_load, 48_000.0);
}

#[test]
fn w29_a_firewall_carries_its_buckets_part_each() {
    let workload = json!({ "arrivals": { "poisson": { "perSecond": 4_700 } }, "lifetime": { "constant": "1s" },
        "connect": { "synRetries": 0 } });
    let firewall = json!({ "outboundType": "userDefinedRouting" });
    let found = explained_with(&[(1, 1, 0)], workload, firewall);
    let row = &found.outbounds[0].load.as_ref().expect("a plan").rows[0];
    close(2.0 * row.carries, 4_992.0);
    close(row.offered, 2_350.0);
    // V-43: 9.39e-5, to the digits given there.
    assert!((row.erlang_b.expect("Poisson") - 9.39e-5).abs() < 5e-8);
}

#[test]
fn closed_loops_and_uneven_arrivals_have_no_formula_and_say_so() {
    let workload = json!({ "arrivals": { "closed": { "clients": 30, "think": { "constant": "9s" } } },
        "lifetime": { "constant": "1s" } });
    let found = explained_with(&[(3, 3, 0)], workload, load_balancer(0, 1));
    let load = found.outbounds[0].load.as_ref().expect("a plan");
    // 30 clients, a connection every 10 s each, over 3 nodes.
    close(load.rows[0].offered, 1.0);
    assert_eq!(load.rows[0].erlang_b, None);
    assert_eq!(load.caveats.len(), 2);
}

#[test]
fn a_trace_counts_with_its_mean() {
    let value = json!({
        "duration": "100s", "cluster": { "nodePools": [ { "name": "apps", "count": 2 } ] },
        "workloads": [ { "name": "job", "arrivals": { "trace": { "file": "job.csv" } } } ],
        "outbound": [ load_balancer(0, 1) ]
    });
    let loaded = scenario::load(&value.to_string(), "test.json", &[]).expect("known words");
    let rows = "start,node,protocol,address,port,lifetime,close\n\
                1,apps-1,tcp,203.0.113.40,1433,10,fin\n2,apps-1,tcp,203.0.113.40,1433,10,rst\n\
                3,apps-0,tcp,203.0.113.40,1433,10,rst\n";
    let model = model::build(&loaded, &mut |_| Ok(rows.into())).expect("a model");
    let found = explain(&model);
    let row = &found.outbounds[0].load.as_ref().expect("a plan").rows[0];
    assert_eq!(row.pool, "apps-1");
    close(row.offered, 0.02);
    close(row.mean_hold, (250.0 + 25.0) / 2.0);
}

#[test]
fn every_timer_says_where_it_comes_from() {
    let mut outbound = load_balancer(0, 1);
    outbound["loadBalancerProfile"]["idleTimeoutInMinutes"] = 4.into();
    outbound["timers"] = json!({ "holdAfterRst": "1s" });
    let timers = explained(&[(1, 1, 0)], outbound).timers;
    let of = |name: &str| {
        let timer = timers
            .iter()
            .find(|timer| timer.name == name)
            .expect("a timer");
        (timer.seconds, timer.from.clone(), timer.others.len())
    };
    let assumed = |name: &str| TimerOrigin::Assumption(name.to_owned());
    assert_eq!(
        of("holdAfterFin"),
        (240.0, assumed("loadBalancerReleaseTimers"), 1)
    );
    assert_eq!(of("holdAfterRst"), (1.0, TimerOrigin::Timers, 0));
    let idle = TimerOrigin::Profile("idleTimeoutInMinutes".to_owned());
    assert_eq!(of("idle"), (240.0, idle.clone(), 0));
    assert_eq!(of("udpIdle"), (240.0, idle, 0));
    assert_eq!(of("holdAfterUdp"), (0.0, TimerOrigin::Type, 0));
}

/// 2 connections a second for half of the time, 6 for the other, each held for 240 s after its FIN, on one node; and a
/// burst of 100 that comes at once.
#[test]
fn a_load_that_moves_shows_its_highest_as_well() {
    let workload = json!({
        "arrivals": { "poisson": { "perSecond": 4 } },
        "profile": { "factors": [
            { "at": "0s", "factor": 0.5 }, { "at": "30m", "factor": 1.5 } ] },
        "bursts": [ { "at": "10m", "connections": 100 } ],
        "lifetime": { "constant": "0s" }, "close": { "fin": 1 }, "connect": { "synRetries": 0 }
    });
    let found = explained_with(&[(1, 1, 0)], workload, load_balancer(0, 1));
    let load = found.outbounds[0].load.as_ref().expect("a plan");
    let row = &load.rows[0];
    close(row.offered_load, (4.0 + 100.0 / 3600.0) * 240.0);
    close(row.highest_load.expect("it moves"), 6.0 * 240.0 + 100.0);
    assert_eq!(row.erlang_b, None);
    let says = |words: &str| load.caveats.iter().any(|caveat| caveat.contains(words));
    assert!(says("At its highest"), "{:?}", load.caveats);
    // 1,540 ports of 512.
    assert!(says(
        "From 51 nodes on a node has 512 ports: one as loaded as now would need 301 % of them"
    ));
}

#[test]
fn a_steady_load_has_no_highest_and_is_silent_about_steps_that_it_does_not_feel() {
    let load = explained_with(&[(1, 1, 0)], short("fin"), load_balancer(0, 1));
    let load = load.outbounds[0].load.as_ref().expect("a plan");
    assert_eq!(load.rows[0].highest_load, None);
    assert_eq!((load.erlang_b_is_least, load.caveats.len()), (false, 0));
}

#[test]
fn destinations_with_one_address_are_said_to_share_ports() {
    let workload = |to: &str| {
        json!({ "name": to, "destination": to, "arrivals": { "poisson": { "perSecond": 1 } },
            "lifetime": { "constant": "1s" } })
    };
    let workloads = ["orders", "stock", "mail"].map(workload);
    let value = json!({
        "duration": "1h", "cluster": { "nodePools": [ { "name": "apps", "count": 2 } ] },
        "destinations": [
            { "name": "orders", "address": "203.0.113.40", "port": 1433 },
            { "name": "stock", "address": "203.0.113.40", "port": 1433 },
            { "name": "mail", "port": 587 } ],
        "workloads": workloads,
        "outbound": [ load_balancer(0, 1) ]
    });
    let loaded = scenario::load(&value.to_string(), "test.json", &[]).expect("known words");
    let model = model::build(&loaded, &mut |_| Err(std::io::ErrorKind::NotFound.into()));
    let found = explain(&model.unwrap_or_else(|problems| panic!("{problems}")));
    let load = found.outbounds[0].load.as_ref().expect("a plan");
    assert_eq!(load.rows.len(), 3);
    let shared =
        "Rows that count the same ports, for they go to the same endpoint: orders and stock.";
    assert!(
        load.caveats.iter().any(|caveat| caveat == shared),
        "{:?}",
        load.caveats
    );
}

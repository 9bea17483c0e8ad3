//! Windows nodes, whose pods share 64 ports of the node's address.

use super::*;
use snatsim::results::erlang::erlang_b;

/// One Windows node before more than enough ports, and Linux nodes beside it.
fn windows(linux: u32) -> Value {
    let mut scenario = cluster(1);
    scenario["cluster"]["nodePools"] = json!([
        { "name": "win", "count": 1, "osType": "Windows" },
        { "name": "apps", "count": linux },
    ]);
    scenario
}

/// `count` connections at once from every node of a pool to each of `endpoints` endpoints, for ten seconds each.
fn at_once(scenario: &mut Value, pool: &str, endpoints: u32, count: u32) {
    scenario["destinations"][0]["endpoints"] = json!(endpoints);
    scenario["workloads"] = json!([{
        "name": "pods", "nodePool": pool, "destination": "sql",
        "arrivals": { "constant": { "perSecond": 0.0001 } },
        "bursts": [{ "at": "5m", "connections": count * endpoints, "over": "1s" }],
        "lifetime": { "constant": "10s" }, "connect": { "synRetries": 0 },
    }]);
}

#[test]
fn pods_of_a_windows_node_share_64_ports_toward_a_destination() {
    for (ports, refused) in [("perDestination", 2 * 6), ("inAll", 140 - 64)] {
        let mut scenario = windows(1);
        at_once(&mut scenario, "win", 2, 70);
        scenario["assumptions"] = json!({ "windowsOutboundNatPorts": ports });
        let run = only(&model(&scenario));
        let total = &run.replications[0].total;
        assert_eq!(total.failed_at_node, [0, 0, refused], "{ports}");
        assert_eq!(total.refused_syns, 0, "the outbound type has room");
        let peak = nodes(&run).masquerade.expect("a peak");
        assert_eq!((peak.used, peak.limit, peak.node), (64, 64, 0));
        assert_eq!(peak.toward.is_some(), ports == "perDestination");
    }
}

#[test]
fn linux_nodes_beside_it_have_their_own_layer() {
    let mut scenario = windows(1);
    at_once(&mut scenario, "apps", 1, 5_000);
    let run = only(&model(&scenario));
    assert_eq!(run.replications[0].total.failed, 0);
    let peak = nodes(&run).masquerade.expect("a peak");
    assert_eq!((peak.used, peak.limit, peak.node), (5_000, 64_512, 1));
}

#[test]
fn with_outbound_nat_off_nothing_of_it_is_left() {
    let mut scenario = windows(1);
    at_once(&mut scenario, "win", 1, 5_000);
    scenario["cluster"]["nodePools"][0]["windowsProfile"] = json!({ "disableOutboundNat": true });
    let run = only(&model(&scenario));
    assert_eq!(run.replications[0].total.failed, 0);
    assert_eq!(nodes(&run).masquerade, None);
}

#[test]
fn pods_on_the_host_network_are_not_translated() {
    let mut scenario = windows(1);
    at_once(&mut scenario, "win", 1, 70);
    scenario["workloads"][0]["hostNetwork"] = json!(true);
    assert_eq!(only(&model(&scenario)).replications[0].total.failed, 0);
}

/// A port comes back when its connection is closed, or as much later as is assumed; a SYN that found none is sent again.
#[test]
fn a_port_is_held_as_long_as_its_connection_and_the_assumed_time() {
    let mut rows: Vec<(f64, f64, &str)> = (0..64).map(|_| (0.0, 10.0, "fin")).collect();
    rows.push((9.5, 1.0, "fin"));
    for (hold, delayed, failed) in [("0s", 1, 0), ("2s", 1, 0), ("2h", 0, 1)] {
        let mut scenario = windows(1);
        scenario["cluster"]["nodePools"] =
            json!([{ "name": "apps", "count": 1, "osType": "Windows" }]);
        scenario["workloads"] =
            json!([{ "name": "pod", "arrivals": { "trace": { "file": "trace.csv" } } }]);
        scenario["assumptions"] = json!({ "windowsOutboundNatHold": hold });
        let run = only(&traced(&scenario, &rows));
        let total = &run.replications[0].total;
        assert_eq!((total.delayed, total.failed), (delayed, failed), "{hold}");
        // At 9.5 s and, held for 2 s more, at 10.5 s; for good it is the seven SYNs of the kernel.
        let kept = [("0s", 1), ("2s", 2), ("2h", 7)];
        let (_, kept) = kept
            .iter()
            .find(|(of, _)| *of == hold)
            .expect("it is there");
        assert_eq!(total.kept, [0, 0, *kept], "{hold}");
    }
}

/// 64 ports and no SYN sent twice are a loss system of 64 servers: Erlang's formula. The bound of 4.5 standard errors of 20
/// replications is passed by chance about once in 4,000 (Student's t).
#[test]
fn the_64_ports_are_lost_as_erlang_says() {
    let expected = erlang_b(60.0, 64);
    let mut scenario = windows(0);
    scenario["duration"] = json!("70m");
    scenario["warmup"] = json!("10m");
    scenario["replications"] = json!(20);
    scenario["workloads"] = json!([{
        "name": "pods", "nodePool": "win", "destination": "sql",
        "arrivals": { "poisson": { "perSecond": 24 } },
        "lifetime": { "exponential": { "mean": "2500ms" } },
        "connect": { "synRetries": 0 },
    }]);
    let (found, error) = by_theory::share_failed(&only(&model(&scenario)));
    assert!(
        (found - expected).abs() < 4.5 * error,
        "{found} ± {error}, not {expected}"
    );
    assert!(
        error < 0.03 * expected,
        "the test would not see much: {error}"
    );
}

#[test]
fn a_load_balancer_before_windows_nodes_without_outbound_nat_is_refused() {
    let mut scenario = windows(1);
    at_once(&mut scenario, "win", 1, 70);
    scenario["outbound"] = json!([
        { "outboundType": "loadBalancer" }, { "outboundType": "managedNATGateway" },
    ]);
    let refused = |scenario: &Value| -> Vec<Option<&'static str>> {
        let outbounds = model(scenario).outbounds;
        let plans = outbounds.iter().map(|outbound| outbound.plan.as_ref());
        plans
            .map(|plan| plan.err().map(|faults| faults[0].code.id()))
            .collect()
    };
    assert_eq!(refused(&scenario), [None, None]);
    scenario["cluster"]["nodePools"][0]["windowsProfile"] = json!({ "disableOutboundNat": true });
    assert_eq!(refused(&scenario), [Some("E0318"), None]);
}

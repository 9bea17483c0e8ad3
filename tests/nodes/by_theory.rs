//! Where theory knows what comes out.

use super::*;
use snatsim::results::erlang::erlang_b;

/// Share failed with its standard error over replications.
pub fn share_failed(run: &OutboundRun) -> (f64, f64) {
    let shares: Vec<f64> = run
        .replications
        .iter()
        .map(|run| run.total.failed as f64 / run.total.decided() as f64)
        .collect();
    let n = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / n;
    let squares: f64 = shares.iter().map(|share| (share - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// Poisson arrivals at `rate` a second of pods with 100 local ports, closed by FIN after 2.5 s: 62.5 s with TIME_WAIT.
fn poisson(rate: f64, replicas: u32) -> Value {
    let mut scenario = cluster(1);
    scenario["duration"] = json!("130m");
    scenario["warmup"] = json!("10m");
    scenario["replications"] = json!(20);
    scenario["workloads"] = json!([{
        "name": "pods", "destination": "sql", "replicas": replicas, "localPortRange": "60900 60999",
        "arrivals": { "poisson": { "perSecond": rate } },
        "lifetime": { "exponential": { "mean": "2500ms" } },
        "connect": { "synRetries": 0 },
    }]);
    scenario
}

/// A pod that may have 100 connections at a time is a loss system of 100 servers: Erlang's formula. The bound of 4.5 standard
/// errors of 20 replications is passed by chance about once in 4,000 (Student's t).
#[test]
fn local_ports_are_lost_as_erlang_says() {
    let expected = erlang_b(100.0, 100);
    for replicas in [1, 4] {
        let run = only(&model(&poisson(1.6 * f64::from(replicas), replicas)));
        let (found, error) = share_failed(&run);
        assert!(
            (found - expected).abs() < 4.5 * error,
            "{replicas} pods: {found} ± {error}, not {expected}"
        );
        assert!(
            error < 0.03 * expected,
            "the test would not see much: {error}"
        );
        assert_eq!(nodes(&run).local_ports.expect("a peak").used, 100);
    }
}

/// One connection a second of no length, each in the table for 120 s: with 60 ports of the node's address the first 60 of
/// every 120 have one, whatever pod opens them.
#[test]
fn every_second_connection_finds_a_masquerade_port() {
    let mut scenario = cluster(1);
    scenario["workloads"] = json!([{
        "name": "pods", "destination": "sql", "replicas": 7,
        "arrivals": { "constant": { "perSecond": 1 } },
        "lifetime": { "constant": "0s" },
        "connect": { "synRetries": 0 },
    }]);
    let mut model = model(&scenario);
    model
        .node_nat
        .as_mut()
        .expect("a layer")
        .rules
        .masquerade_ports = 60;
    let run = only(&model);
    let total = &run.replications[0].total;
    assert_eq!((total.established, total.failed), (1_800, 1_799));
    assert_eq!(total.failed_at_node, [0, 0, 1_799]);
    assert_eq!(total.pending, 1);
    let minutes = run.replications[0].minutes.as_ref().expect("minutes");
    assert_eq!(minutes.granted.iter().sum::<u32>(), 1_800);
}

/// Nodes share no limit of their own: each of two has its part of the table, and the load of a hot one is its own.
#[test]
fn a_hot_node_fills_its_own_table() {
    let mut scenario = cluster(2);
    scenario["duration"] = json!("20m");
    scenario["workloads"] = json!([{
        "name": "pods", "destination": "sql", "placement": { "weights": [3, 1] },
        "arrivals": { "constant": { "perSecond": 4 } },
        "lifetime": { "constant": "0s" },
        "connect": { "synRetries": 0 },
    }]);
    let mut model = model(&scenario);
    let run = only(&model);
    // Three a second for 120 s.
    let peak = nodes(&run).conntrack.expect("a peak");
    assert_eq!((peak.used, peak.node), (360, 0));
    model.node_nat.as_mut().expect("a layer").rules.conntrack = 120;
    let total = only(&model).replications.remove(0).total;
    // The hot node has 120 of every 360, the other one all: 1,200 in 1,200 s and a third of 3,600.
    assert_eq!(total.established, 1_200 + 1_200);
}

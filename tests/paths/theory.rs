//! Refusals of what takes a port, by Erlang's formula: frequent ones and rare ones.

use super::{documented, model, run};
use serde_json::{Value, json};
use snatsim::results::erlang::erlang_b;
use snatsim::simulate::rare;

/// Pure loss on one node with 64 ports: 100 Erlang, of which a share goes by private endpoint.
fn loss(share: f64, replications: u32) -> Value {
    json!({
        "duration": "2h", "warmup": "5m", "replications": replications, "seed": 11,
        "cluster": { "nodePools": [{ "name": "n", "count": 1 }] },
        "destinations": [{ "name": "to", "port": 443, "route": "privateEndpoint", "routeShare": share }],
        "workloads": [{
            "name": "w", "destination": "to",
            "arrivals": { "poisson": { "perSecond": 10 } },
            "lifetime": { "exponential": { "mean": "10s" } },
            "connect": { "synRetries": 0 },
        }],
        "outbound": [{
            "outboundType": "custom", "custom": { "scope": "perNode", "portsPerPool": 64 },
        }],
    })
}

/// Loss of 64 ports at 100 (1 - s) Erlang by Erlang's formula, which the result prints too; 20 replications, the mean
/// within 3.883 standard errors of it (Student's t with 19 degrees of freedom, two-sided 0.1 %).
#[test]
fn a_share_is_a_thinned_workload() {
    const T: f64 = 3.883;
    for share in [0.25, 0.4, 0.5] {
        let model = model(&loss(share, 20));
        let run = &run(&model)[0];
        let shares: Vec<f64> = run
            .replications
            .iter()
            .map(|r| r.total.failed as f64 / r.total.decided() as f64)
            .collect();
        let n = shares.len() as f64;
        let mean = shares.iter().sum::<f64>() / n;
        let variance = shares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let theory = erlang_b(100.0 * (1.0 - share), 64);
        let half = T * (variance / n).sqrt();
        assert!(
            (mean - theory).abs() < half,
            "{share}: {mean} ± {half}, {theory}"
        );
        let figures = documented(&model)
            .outbounds
            .remove(0)
            .figures
            .expect("figures");
        let blocking = figures.analytic.blocking.expect("the formula applies");
        assert!(
            (blocking / theory - 1.0).abs() < 1e-9,
            "{share}: {blocking}, {theory}"
        );
        let load = figures.analytic.offered_load.expect("a load");
        assert!((load / (100.0 * (1.0 - share)) - 1.0).abs() < 1e-9);
    }
}

/// 64 ports at 35 Erlang: rare, and Erlang's formula says how rare.
#[test]
fn rare_refusals_are_those_of_what_takes_a_port() {
    let model = model(&loss(0.65, 1));
    assert!(rare::obstacles(&model).is_empty());
    let found = rare::rare(&model, &|_, _| {}).remove(0);
    let found = found.expect("a plan").expect("rare enough");
    let theory = erlang_b(35.0, 64);
    // Four of its own standard errors.
    let error = 4.0 * found.relative_error;
    assert!(
        (found.estimate / theory - 1.0).abs() < error,
        "{} of {theory}",
        found.estimate
    );
    // A closed loop that takes no port stands in nobody's way.
    let mut scenario = loss(0.65, 1);
    let destinations = scenario["destinations"].as_array_mut().expect("a list");
    destinations.push(json!({ "name": "inside", "port": 443, "route": "vnet" }));
    let workloads = scenario["workloads"].as_array_mut().expect("a list");
    workloads.push(json!({
        "name": "c", "destination": "inside", "lifetime": { "constant": "1s" },
        "arrivals": { "closed": { "clients": 3, "think": { "constant": "1s" } } },
    }));
    assert!(rare::obstacles(&self::model(&scenario)).is_empty());
}

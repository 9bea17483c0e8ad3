//! Workloads that a scenario implies are those that one could write: what a proxy opens, what nodes open by themselves.

#[path = "support/runs.rs"]
mod support;

use serde_json::{Value, json};
use snatsim::model::{Model, Traffic};
use snatsim::simulate::OutboundRun;
use support::{model, runs};

/// Calls that go to a proxy by TLS and without.
fn with_proxy(proxy: Value) -> Value {
    json!({
        "duration": "30m", "warmup": "5m", "replications": 2, "seed": 4,
        "cluster": { "nodePools": [{ "name": "apps", "count": 6 }, { "name": "proxy", "count": 2 }] },
        "network": {
            "httpProxyConfig": { "httpProxy": "http://10.1.0.4:3128", "httpsProxy": "http://10.1.0.4:3128", "noProxy": [".near"] },
            "proxy": proxy,
        },
        "destinations": [
            { "name": "plain", "port": 80 }, { "name": "secret", "port": 443 }, { "name": "it.near", "port": 443 },
        ],
        "workloads": [
            { "name": "feeds", "nodePool": "apps", "destination": "plain",
              "arrivals": { "poisson": { "perSecond": 5 } }, "lifetime": { "exponential": { "mean": "1s" } } },
            { "name": "calls", "nodePool": "apps", "destination": "secret", "keepalive": "1m",
              "arrivals": { "constant": { "perSecond": 4 } }, "lifetime": { "exponential": { "mean": "2s" } },
              "close": { "fin": 0.5, "rst": 0.5 }, "retry": { "attempts": 2 } },
            { "name": "direct", "nodePool": "apps", "destination": "it.near",
              "arrivals": { "poisson": { "perSecond": 1 } }, "lifetime": { "exponential": { "mean": "2s" } } },
        ],
        "outbound": [{ "outboundType": "loadBalancer" }, { "outboundType": "managedNATGateway" }],
    })
}

fn names(model: &Model) -> Vec<&str> {
    let workloads = model.workloads.iter();
    workloads.map(|workload| workload.name.as_str()).collect()
}

fn assert_same(found: &[OutboundRun], expected: &[OutboundRun]) {
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.replications == expected.replications);
    }
}

#[test]
fn what_a_proxy_opens_is_a_workload_on_its_nodes_for_each_that_goes_to_it() {
    let pool = json!({ "maxIdle": 3, "idleTimeout": "30s" });
    let scenario = with_proxy(json!({ "nodePool": "proxy", "replicas": 3, "pool": pool.clone() }));
    let implied = model(&scenario);
    assert_eq!(
        names(&implied),
        [
            "feeds",
            "calls",
            "direct",
            "feeds by proxy",
            "calls by proxy"
        ]
    );
    let mut by_hand = scenario;
    by_hand["network"]["proxy"].take();
    for (name, of) in [("feeds by proxy", 0), ("calls by proxy", 1)] {
        let mut workload = by_hand["workloads"][of].clone();
        workload["name"] = name.into();
        workload["nodePool"] = "proxy".into();
        workload["replicas"] = 3.into();
        workload["noHttpProxyVars"] = true.into();
        if of == 0 {
            workload["pool"] = pool.clone();
        }
        by_hand["workloads"]
            .as_array_mut()
            .expect("a list")
            .push(workload);
    }
    assert_same(&runs(&implied), &runs(&model(&by_hand)));
}

#[test]
fn requests_on_port_80_fold_and_tls_does_only_where_the_proxy_opens_it() {
    let opened = |opens: bool| -> Vec<u64> {
        let pool = json!({ "maxIdle": 20 });
        let scenario = with_proxy(json!({ "nodePool": "proxy", "opensTLS": opens, "pool": pool }));
        let run = runs(&model(&scenario)).remove(0);
        let of = |workload: usize| {
            let replications = run.replications.iter();
            replications
                .map(|replication| replication.by_workload[workload].offered)
                .sum()
        };
        (3..5).map(of).collect()
    };
    let (tunnels, folds) = (opened(false), opened(true));
    // 25 minutes twice at 5 and 4 a second; whoever keeps connections opens a few at the start only.
    assert!(tunnels[0] < 200 && folds[0] == tunnels[0], "{tunnels:?}");
    assert_eq!(tunnels[1], 2 * 25 * 60 * 4);
    assert!(folds[1] < 200, "{folds:?}");
}

#[test]
fn system_traffic_is_so_much_a_node_and_goes_where_the_file_says() {
    let mut scenario = with_proxy(json!({ "nodePool": "proxy" }));
    scenario["cluster"]["systemTraffic"] =
        json!({ "apiServerConnections": 3, "imagePullsPerHour": 0 });
    scenario["destinations"][0] = json!({
        "name": "ods.opinsights.azure.com", "port": 443, "route": "privateEndpoint",
    });
    scenario["workloads"][0]["destination"] = "it.near".into();
    let model = model(&scenario);
    assert_eq!(
        names(&model)[3..],
        [
            "system: API server",
            "system: Azure API",
            "system: monitoring",
            "calls by proxy",
            "system: Azure API by proxy",
            "system: monitoring by proxy",
        ]
    );
    let per_second = |workload: usize| match &model.workloads[workload].traffic {
        Traffic::Open { per_second, .. } => *per_second,
        _ => 0.0,
    };
    // Eight nodes with 3 connections to the API server, each for half an hour.
    assert!((per_second(3) - 8.0 * 3.0 / 1_800.0).abs() < 1e-12);
    assert!((per_second(5) - 8.0 * 2.0 / 60.0).abs() < 1e-12);
    let declared = model.destinations.iter();
    let declared = declared.filter(|name| name.starts_with("ods."));
    assert_eq!(declared.count(), 1);
}

#[test]
fn a_pasted_profile_says_the_network_plugin_where_the_cluster_does_not() {
    let mut scenario = with_proxy(Value::Null);
    scenario["network"].take();
    scenario["cluster"]["subnetAddressPrefix"] = "10.240.0.0/24".into();
    scenario["outbound"][1] = json!({
        "outboundType": "managedNATGateway", "networkPlugin": "azure", "networkPluginMode": "overlay", "podCidr": "10.8.0.0/18",
    });
    let ranges = model(&scenario).cluster.addresses.ranges;
    let pods = ranges
        .iter()
        .find(|range| range.name.contains("10.8.0.0/18"));
    assert!(pods.is_some(), "{ranges:?}");
    scenario["cluster"]["networkPlugin"] = "kubenet".into();
    let ranges = model(&scenario).cluster.addresses.ranges;
    let pods = ranges
        .iter()
        .find(|range| range.name.contains("10.8.0.0/18"));
    assert!(pods.is_none(), "the cluster has the word: {ranges:?}");
}

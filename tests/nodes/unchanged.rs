//! Where nothing is refused on a node, every figure of the outbound type is that without the layer.

use super::*;

/// Everything that is random, on all paths, under all types of Azure; more than 64 nodes, so that streams come in blocks.
fn busy() -> Value {
    json!({
        "duration": "30m", "warmup": "5m", "replications": 2, "seed": 3,
        "cluster": {
            "networkPlugin": "azure", "networkPluginMode": "overlay",
            "podCidr": "10.0.0.0/12",
            "nodePools": [
                { "name": "system", "count": 3, "enableNodePublicIP": true },
                { "name": "apps", "count": 70 },
            ],
        },
        "destinations": [
            { "name": "sql", "port": 1433 },
            { "name": "images", "port": 443, "endpoints": 3, "popularity": { "zipf": 1.0 },
              "route": "privateEndpoint", "routeShare": 0.5 },
            { "name": "dns", "port": 53, "protocol": "udp", "endpoints": 2 },
            { "name": "lost", "address": "198.51.100.7", "port": 443 },
        ],
        "network": { "routeTable": [{ "addressPrefix": "198.51.100.0/24", "nextHopType": "None" }] },
        "workloads": [
            { "name": "queries", "destination": "sql", "nodePool": "apps", "placement": { "hotNode": 0.3 },
              "arrivals": { "poisson": { "perSecond": 40 } },
              "profile": { "factors": [{ "at": "0m", "factor": 0.5 }, { "at": "12m", "factor": 1.5 }] },
              "lifetime": { "exponential": { "mean": "20s" } },
              "close": { "fin": 0.6, "rst": 0.2, "abandon": 0.15, "unanswered": 0.05 },
              "connect": { "timeout": "15s" }, "retry": { "attempts": 3, "backoff": "1s", "jitter": 0.5 } },
            { "name": "pulls", "destination": "images", "replicas": 90, "noisyReplica": 0.1,
              "arrivals": { "bursty": { "on": { "perSecond": 60, "mean": "20s" }, "off": { "perSecond": 5, "mean": "1m" } } },
              "lifetime": { "lognormal": { "median": "400ms", "p99": "8s" } } },
            { "name": "jobs", "destination": "sql",
              "arrivals": { "batch": { "batchesPerSecond": 0.5, "size": { "constant": 8 } } },
              "lifetime": { "constant": "10s" } },
            { "name": "names", "destination": "dns", "hostNetwork": true,
              "arrivals": { "constant": { "perSecond": 30 } },
              "lifetime": { "constant": "1s" }, "retry": { "attempts": 2, "backoff": "1s" } },
            { "name": "clients", "destination": "sql",
              "arrivals": { "closed": { "clients": 300, "think": { "exponential": { "mean": "10s" } } } },
              "lifetime": { "exponential": { "mean": "5s" } }, "connect": { "timeout": "20s" } },
            { "name": "callers", "destination": "images", "nodePool": "apps",
              "arrivals": { "closed": { "clients": 100, "think": { "constant": "3s" } } },
              "lifetime": { "exponential": { "mean": "5s" } } },
            { "name": "strays", "destination": "lost",
              "arrivals": { "poisson": { "perSecond": 2 } },
              "lifetime": { "constant": "1s" }, "connect": { "timeout": "10s" } },
            { "name": "starts", "destination": "sql",
              "bursts": [{ "at": "8m", "connections": 900, "over": "10s", "stagger": "5s" }],
              "lifetime": { "constant": "30s" } },
        ],
        "outbound": [
            { "outboundType": "loadBalancer", "loadBalancerProfile": { "allocatedOutboundPorts": 256, "idleTimeoutInMinutes": 4 } },
            { "name": "Automatic", "outboundType": "loadBalancer" },
            { "outboundType": "managedNATGateway" },
            { "outboundType": "userDefinedRouting", "azureFirewall": { "publicIPs": 2, "instances": 2 } },
            { "name": "Small shared", "outboundType": "custom", "custom": { "scope": "shared", "portsPerPool": 900, "activePerPool": 800 },
              "timers": { "holdAfterFin": "5s" } },
        ],
    })
}

/// The same without clients: their numbers, by which a firewall's buckets are drawn, go over all that a loop holds.
fn without_clients() -> Value {
    let mut scenario = busy();
    let workloads = scenario["workloads"].as_array_mut().expect("a list");
    workloads.retain(|workload| workload["arrivals"].get("closed").is_none());
    scenario
}

fn assert_unchanged(scenario: &Value) {
    let without = model(scenario);
    let with = model(&with_layer(scenario, json!({})));
    let (before, after) = (runs(&without), runs(&with));
    assert_eq!(before.len(), after.len());
    for ((before, after), outbound) in before.iter().zip(&after).zip(&with.outbounds) {
        let name = &outbound.name;
        for (before, after) in before.replications.iter().zip(&after.replications) {
            assert_eq!(before.total, after.total, "{name}");
            assert!(before == after, "{name}: not the same in detail");
        }
        assert_eq!(
            before.connect_latency.counts(),
            after.connect_latency.counts(),
            "{name}"
        );
        assert_eq!(
            before.port_hold.counts(),
            after.port_hold.counts(),
            "{name}"
        );
        assert_eq!(before.mean_uses, after.mean_uses, "{name}");
        assert_eq!(before.asides, after.asides, "{name}");
        assert!(
            nodes(after).local_ports.is_some_and(|peak| peak.used > 0),
            "{name}"
        );
    }
}

#[test]
fn a_layer_that_refuses_nothing_changes_no_figure() {
    assert_unchanged(&without_clients());
    let mut with_clients = busy();
    let outbounds = with_clients["outbound"].as_array_mut().expect("a list");
    outbounds.retain(|outbound| outbound.get("azureFirewall").is_none());
    assert_unchanged(&with_clients);
}

/// Ports of several gateways, each of a size of its own.
#[test]
fn nor_does_it_before_several_gateways() {
    let mut scenario = without_clients();
    scenario["outbound"] = json!([{
        "outboundType": "userAssignedNATGateway",
        "natGateways": [
            { "name": "one", "nodePools": ["system"] },
            { "name": "two", "nodePools": ["apps"], "natGatewayProfile": { "publicIPs": 2 } },
        ],
    }]);
    assert_unchanged(&scenario);
}

/// The run is a function of scenario and seed, not of the threads it has.
#[test]
fn threads_change_nothing() {
    let mut scenario = with_layer(&busy(), json!({}));
    for workload in scenario["workloads"].as_array_mut().expect("a list") {
        if workload["hostNetwork"] != json!(true) {
            workload["localPortRange"] = json!("60900 60999");
        }
    }
    let model = model(&scenario);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| runs(&model))
    };
    let (one, three) = (on(1), on(3));
    for (one, three) in one.iter().zip(&three) {
        assert!(one.replications == three.replications);
        assert_eq!(one.nodes, three.nodes);
        assert_eq!(one.asides, three.asides);
    }
    let kept = one.iter().map(|run| run.replications[0].total.kept[0]);
    assert!(kept.sum::<u64>() > 0, "a hundred local ports are too few");
}

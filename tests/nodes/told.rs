//! What a result says where nodes run out, and where they do not.

use super::*;
use snatsim::results::{About, IntervalMethod, OutboundResult, Verdict, document};

/// One pod that opens a connection a second, each of a life of 100 s, with as many local ports.
fn steady() -> Value {
    let mut scenario = cluster(1);
    scenario["warmup"] = json!("5m");
    scenario["workloads"] = json!([{
        "name": "calls", "destination": "sql", "replicas": 1,
        "arrivals": { "constant": { "perSecond": 1 } },
        "lifetime": { "constant": "100s" }, "close": { "rst": 1 },
        "connect": { "timeout": "15s" },
    }]);
    scenario
}

fn told(scenario: &Value) -> OutboundResult {
    told_of(&model(scenario))
}

fn told_of(model: &Model) -> OutboundResult {
    let run = simulate(model, Detail::Full, &|_, _| {});
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    let mut document = document(model, &run, &about);
    let schema = include_str!("../../schemas/result.schema.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let written = serde_json::to_value(&document).expect("JSON");
    if let Err(error) = schema.validate(&written) {
        panic!("{}: {error}", error.instance_path());
    }
    document.outbounds.remove(0)
}

fn codes(result: &OutboundResult) -> Vec<&str> {
    result
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

#[test]
fn where_nodes_refuse_nothing_their_peaks_are_told() {
    let result = told(&steady());
    assert_eq!(result.verdict, Verdict::Clear);
    assert!(codes(&result).contains(&"F0181"), "{:?}", result.findings);
    let nodes = result.figures.expect("figures").node_nat.expect("nodes");
    assert_eq!(nodes.local_ports.peak_used, 100);
    assert_eq!(
        nodes.local_ports.at.as_deref(),
        Some("apps-0 (calls) toward sql")
    );
    assert_eq!(nodes.masquerade.at.as_deref(), Some("apps-0 toward sql"));
    assert_eq!(
        (nodes.conntrack.peak_used, nodes.conntrack.limit),
        (110, 131_072)
    );
    let without = {
        let mut scenario = steady();
        scenario["cluster"]
            .as_object_mut()
            .expect("an object")
            .remove("nodeNat");
        told(&scenario)
    };
    assert_eq!(without.figures.expect("figures").node_nat, None);
}

#[test]
fn a_pod_near_its_local_ports_is_tight_however_many_the_gateway_has() {
    let mut model = model(&steady());
    model
        .node_nat
        .as_mut()
        .expect("a layer")
        .rules
        .pod_local_ports[0] = 125;
    let result = told_of(&model);
    assert_eq!(result.verdict, Verdict::Tight);
    assert!(codes(&result).contains(&"F0182"));
    assert!(
        !codes(&result).contains(&"F0103"),
        "that is about SNAT ports"
    );
    assert!(
        result.summary.starts_with("Not SNAT, but near"),
        "{}",
        result.summary
    );
}

#[test]
fn connections_that_fail_on_their_node_are_no_matter_of_snat() {
    let mut model = model(&steady());
    model
        .node_nat
        .as_mut()
        .expect("a layer")
        .rules
        .pod_local_ports[0] = 50;
    let result = told_of(&model);
    assert_eq!(result.verdict, Verdict::Exhausted);
    assert!(
        result
            .summary
            .starts_with("Not SNAT: 1,650 connections failed"),
        "{}",
        result.summary
    );
    let codes = codes(&result);
    assert!(
        codes.contains(&"F0180") && !codes.contains(&"F0101"),
        "{codes:?}"
    );
    let figures = result.figures.expect("figures");
    let nodes = figures.node_nat.expect("nodes");
    assert_eq!(
        (nodes.local_ports.refused, nodes.local_ports.failed),
        (1_650, 1_650)
    );
    assert_eq!(figures.connections.failed, 1_650);
    assert_eq!(
        (figures.connections.refused_syns, figures.pools.exhausted),
        (0, 0)
    );
    assert_eq!(figures.first_failure, None);
    assert!(!figures.analytic.applies);
    // One replication, and batches of time would share what nodes remember.
    assert_eq!(figures.failure_probability.method, IntervalMethod::None);
}

#[test]
fn syns_that_wait_for_their_node_make_it_slow() {
    let mut scenario = steady();
    // Of 100 in a second 60 are in the table, each for 11 s; the others find room at their SYN after 15 s.
    let calls = scenario["workloads"][0].as_object_mut().expect("an object");
    calls.remove("arrivals");
    calls.remove("connect");
    calls.insert("lifetime".to_owned(), json!({ "constant": "1s" }));
    calls.insert(
        "bursts".to_owned(),
        json!([{ "at": "6m", "connections": 100, "over": "1s" }]),
    );
    let mut model = model(&scenario);
    model.node_nat.as_mut().expect("a layer").rules.conntrack = 60;
    let result = told_of(&model);
    assert_eq!(result.verdict, Verdict::Slow);
    let figures = result.figures.as_ref().expect("figures");
    let connections = &figures.connections;
    assert_eq!((connections.established, connections.delayed), (100, 40));
    assert_eq!(
        (connections.refused_first, connections.refused_syns),
        (0, 0)
    );
    assert_eq!(connections.syns, 100 + 4 * 40);
    assert_eq!(figures.connect_latency.max, Some(15.0));
    let nodes = figures.node_nat.as_ref().expect("nodes");
    assert_eq!((nodes.conntrack.refused, nodes.conntrack.failed), (160, 0));
    assert!(
        result
            .summary
            .starts_with("Not SNAT: 160 refusals by nodes"),
        "{}",
        result.summary
    );
    assert!(
        !codes(&result).contains(&"F0102"),
        "that is about SNAT ports"
    );
}

/// Private endpoints spare SNAT ports and no local ports.
#[test]
fn failures_beside_snat_are_told_and_make_the_verdict() {
    let mut scenario = steady();
    scenario["destinations"][0]["route"] = json!("privateEndpoint");
    let mut model = model(&scenario);
    model
        .node_nat
        .as_mut()
        .expect("a layer")
        .rules
        .pod_local_ports[0] = 50;
    let result = told_of(&model);
    assert_eq!(result.verdict, Verdict::Exhausted);
    let figures = result.figures.expect("figures");
    assert_eq!(figures.connections.failed, 0);
    assert_eq!(figures.node_nat.expect("nodes").failed_without_snat, 1_650);
    assert!(result.summary.starts_with("Not SNAT"), "{}", result.summary);
}

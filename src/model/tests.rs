//! Scenarios and the models they mean.

use super::*;
use crate::scenario::{self, Loaded};
use crate::traffic::{BatchSize, CloseKind, Correlation};
use serde_json::{Value, json};

fn shop() -> Value {
    json!({
        "duration": "1h",
        "cluster": { "nodePools": [ { "name": "system", "count": 2 }, { "name": "apps", "count": 3 } ] },
        "destinations": [
            { "name": "sql", "address": "203.0.113.40", "port": 1433 },
            { "name": "images", "port": 443, "endpoints": 4, "popularity": { "zipf": 1 } },
            { "name": "cache", "address": "203.0.113.40", "port": 6380 }
        ],
        "workloads": [
            { "name": "checkout", "nodePool": "apps", "placement": { "hotNode": 1.0 }, "destination": "images",
              "arrivals": { "poisson": { "perSecond": 20 } }, "lifetime": { "constant": "1s" } }
        ],
        "outbound": [ { "outboundType": "loadBalancer" } ]
    })
}

fn load(value: &Value) -> Loaded {
    scenario::load(&value.to_string(), "test.json", &[]).unwrap_or_else(|d| panic!("{d}"))
}

fn build_with(value: &Value, files: &[(&str, &str)]) -> Result<Model, String> {
    let mut open = |name: &str| {
        files
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, text)| text.as_bytes().to_vec())
            .ok_or_else(|| std::io::ErrorKind::NotFound.into())
    };
    build(&load(value), &mut open).map_err(|diagnostics| diagnostics.to_string())
}

fn model(value: &Value) -> Model {
    build_with(value, &[]).unwrap_or_else(|message| panic!("{message}"))
}

fn traced(file: &str) -> Value {
    json!({ "name": file, "arrivals": { "trace": { "file": file } } })
}

fn rows(model: &Model, workload: usize) -> &[TraceRow] {
    match &model.workloads[workload].traffic {
        Traffic::Trace(rows) => rows,
        other => panic!("{other:?}"),
    }
}

const HEAD: &str = "start,node,protocol,address,port,lifetime,close\n";

#[test]
fn every_default_is_applied() {
    let model = model(&shop());
    assert_eq!(model.name, "scenario");
    assert_eq!(model.warmup, SimTime::ZERO);
    assert_eq!(
        (model.replications, model.seed, model.confidence),
        (10, Seed(1), 0.95)
    );
    assert_eq!(
        model.nodes,
        ["system-0", "system-1", "apps-0", "apps-1", "apps-2"]
    );
    assert_eq!(model.outbounds[0].name, "loadBalancer");
    let workload = &model.workloads[0];
    assert_eq!(
        (workload.connect.syn_retries, workload.retry.attempts),
        (6, 1)
    );
    let Traffic::Open { mix, .. } = &workload.traffic else {
        panic!("open arrivals");
    };
    assert_eq!(mix.close.fin, 1.0);
    assert_eq!(mix.nodes, [(2, 1.0)]);
}

#[test]
fn equal_addresses_share_an_index_and_every_endpoint_else_has_its_own() {
    let model = model(&shop());
    let addresses: Vec<u32> = model
        .endpoints
        .iter()
        .map(|endpoint| endpoint.address)
        .collect();
    assert_eq!(addresses, [0, 1, 2, 3, 4, 0]);
    let destinations: Vec<u32> = model
        .endpoints
        .iter()
        .map(|endpoint| endpoint.destination)
        .collect();
    assert_eq!(destinations, [0, 1, 1, 1, 1, 2]);
}

#[test]
fn without_a_pool_a_workload_runs_everywhere_and_shares_sum_to_one() {
    let mut value = shop();
    value["workloads"][0]["nodePool"] = Value::Null;
    value["workloads"][0]["placement"] = json!({ "weights": [1, 0, 2, 3, 4] });
    let Traffic::Open { mix, .. } = &model(&value).workloads[0].traffic else {
        panic!("open arrivals");
    };
    assert_eq!(mix.nodes, [(0, 0.1), (2, 0.2), (3, 0.3), (4, 0.4)]);
    let sum: f64 = mix.endpoints.iter().map(|(_, share)| share).sum();
    assert!((sum - 1.0).abs() < 1e-12);
    assert!((mix.endpoints[1].1 * 2.0 - mix.endpoints[0].1).abs() < 1e-12);
    assert_eq!(
        mix.endpoints
            .iter()
            .map(|(index, _)| *index)
            .collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
}

#[test]
fn a_source_with_the_name_of_a_node_is_that_node_and_others_take_the_next_free() {
    let mut value = shop();
    let mut on_apps = traced("a.csv");
    on_apps["nodePool"] = "apps".into();
    value["workloads"] = json!([on_apps, traced("b.csv")]);
    let a = format!(
        "{HEAD}2,10.0.0.9,tcp,203.0.113.40,1433,1,\n1,10.0.0.8,tcp,203.0.113.40,1433,1,\n3,apps-0,tcp,203.0.113.40,1433,1,\n"
    );
    let b =
        format!("{HEAD}0,10.0.0.9,tcp,203.0.113.40,1433,1,\n5,10.0.0.7,tcp,203.0.113.40,1433,1,\n");
    let model = build_with(&value, &[("a.csv", &a), ("b.csv", &b)]).unwrap();
    // 10.0.0.9 starts first, in b.csv, which may use all nodes; apps-0 is kept for its name.
    let nodes = |workload| -> Vec<&str> {
        rows(&model, workload)
            .iter()
            .map(|row| model.nodes[row.node as usize].as_str())
            .collect()
    };
    assert_eq!(nodes(1), ["system-0", "system-1"]);
    assert_eq!(nodes(0), ["apps-1", "system-0", "apps-0"]);
}

#[test]
fn a_traced_endpoint_belongs_to_the_destination_that_declares_it() {
    let mut value = shop();
    value["workloads"] = json!([traced("a.csv")]);
    let a = format!(
        "{HEAD}0,x,tcp,203.0.113.40,6380,1,\n1,x,udp,203.0.113.40,6380,1,\n2,x,tcp,2001:db8::1,443,1,\n3,x,tcp,203.0.113.40,1433,1,\n"
    );
    let model = build_with(&value, &[("a.csv", &a)]).unwrap();
    assert_eq!(
        model.destinations,
        [
            "sql",
            "images",
            "cache",
            "203.0.113.40:6380/udp",
            "[2001:db8::1]:443"
        ]
    );
    let destinations: Vec<u32> = rows(&model, 0)
        .iter()
        .map(|row| model.endpoints[row.endpoint as usize].destination)
        .collect();
    assert_eq!(destinations, [2, 3, 4, 0]);
    let addresses: Vec<u32> = rows(&model, 0)
        .iter()
        .map(|row| model.endpoints[row.endpoint as usize].address)
        .collect();
    assert_eq!(addresses, [0, 0, 5, 0]);
}

#[test]
fn without_node_pools_every_source_is_a_node() {
    let value = json!({
        "duration": "10s",
        "workloads": [traced("a.csv"), traced("b.csv")],
        "outbound": [ { "outboundType": "loadBalancer" }, { "outboundType": "managedNATGateway" } ]
    });
    let a = format!("{HEAD}2,x,tcp,203.0.113.40,1,1,abandon\n10,late,tcp,203.0.113.40,1,1,\n");
    let b = format!("{HEAD}1,y,tcp,203.0.113.40,1,1,\n2,x,tcp,203.0.113.40,1,1,unanswered\n");
    let model = build_with(&value, &[("a.csv", &a), ("b.csv", &b)]).unwrap();
    assert_eq!(model.nodes, ["y", "x"]);
    assert_eq!(rows(&model, 0)[0].close, CloseKind::Abandon);
    assert_eq!(rows(&model, 1)[1].close, CloseKind::Unanswered);
    assert_eq!(model.outbounds[0].plan.as_ref().unwrap().limit, 1_024);
    let codes: Vec<&str> = model.notes.iter().map(|note| note.code.id()).collect();
    assert_eq!(codes, ["F0203"]);
    assert!(
        model.notes[0]
            .text
            .starts_with("1 of 2 connections of a.csv"),
        "{}",
        model.notes[0].text
    );
}

#[test]
fn networks_and_names_of_nodes_say_which_sources_count() {
    let mut value = shop();
    let mut workload = traced("a.csv");
    workload["arrivals"]["trace"]["nodes"] = json!(["10.0.0.0/24", "fd00::7"]);
    value["workloads"] = json!([workload]);
    let a = format!(
        "{HEAD}0,10.0.0.9,tcp,203.0.113.40,1,1,\n0,10.0.1.9,tcp,203.0.113.40,1,1,\n0,apps-1,tcp,203.0.113.40,1,1,\n0,fd00::7,tcp,203.0.113.40,1,1,\n"
    );
    let model = build_with(&value, &[("a.csv", &a)]).unwrap();
    let nodes: Vec<u32> = rows(&model, 0).iter().map(|row| row.node).collect();
    assert_eq!(nodes, [0, 3, 1]);
    assert_eq!(model.notes[0].code.id(), "F0202");
}

#[test]
fn more_sources_than_nodes_says_how_many_are_needed() {
    let mut value = shop();
    value["workloads"] = json!([traced("a.csv"), traced("b.csv")]);
    let source = |i: usize| format!("{i},10.0.0.{i},tcp,203.0.113.40,1,1,\n");
    let a: String = std::iter::once(HEAD.to_owned())
        .chain((0..8).map(source))
        .collect();
    let message = build_with(&value, &[("a.csv", &a), ("b.csv", &a)]).unwrap_err();
    assert!(
        message.contains("E0405") && message.contains("8 nodes"),
        "{message}"
    );
    assert!(message.contains("1 problem."), "{message}");
}

#[test]
fn a_mean_that_does_not_exist_is_noted() {
    let mut value = shop();
    value["workloads"][0]["lifetime"] = json!({ "pareto": { "scale": "1s", "shape": 1.0 } });
    let notes = model(&value).notes;
    assert_eq!(notes[0].code.id(), "F0201");
    value["workloads"][0]["lifetime"]["pareto"]["max"] = "1h".into();
    assert!(model(&value).notes.is_empty());
}

#[test]
fn an_empirical_law_reads_its_file() {
    let mut value = shop();
    value["workloads"][0]["lifetime"] = json!({ "empirical": { "file": "lives" } });
    let model = build_with(&value, &[("lives", "2s\n1\n")]).unwrap();
    let Traffic::Open { mix, .. } = &model.workloads[0].traffic else {
        panic!("open arrivals");
    };
    assert_eq!(mix.lifetime.mean(), 1.5);
    assert_eq!(load(&value).files(), ["lives"]);
}

#[test]
fn what_azure_refuses_is_a_model_with_a_refusal() {
    let mut value = shop();
    value["outbound"] = json!([
        { "outboundType": "loadBalancer", "loadBalancerProfile": { "allocatedOutboundPorts": 1001 } },
        { "outboundType": "managedNATGateway" }
    ]);
    let model = model(&value);
    assert!(model.outbounds[0].plan.is_err() && model.outbounds[1].plan.is_ok());
    let message = refusals(&model, &load(&value)).unwrap().to_string();
    assert!(
        message.contains("E0310") && message.contains("1 problem."),
        "{message}"
    );
    value["outbound"].as_array_mut().unwrap().remove(0);
    let mended = self::model(&value);
    assert!(refusals(&mended, &load(&value)).is_none());
}

#[test]
fn compare_fills_in_what_azure_has() {
    let mut loaded = load(&shop());
    let before = scenario::sha256(&loaded, &[]);
    loaded.fill_in_azure_types();
    let model = build(&loaded, &mut |_| unreachable!()).unwrap();
    let kinds: Vec<&str> = model
        .outbounds
        .iter()
        .map(|outbound| outbound.kind.word())
        .collect();
    assert_eq!(
        kinds,
        ["loadBalancer", "managedNATGateway", "userDefinedRouting"]
    );
    assert_eq!(scenario::sha256(&loaded, &[]), before);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_of_any_placement_are_positive_and_sum_to_one(
            nodes in 1u32..60,
            hot in 0.0..=1.0f64,
            exponent in 0.0..40.0f64,
            endpoints in 1u32..60,
            which in 0..3,
        ) {
            let mut value = shop();
            value["cluster"]["nodePools"][1]["count"] = nodes.into();
            value["destinations"][1] = json!({ "name": "images", "port": 443, "endpoints": endpoints, "popularity": { "zipf": exponent } });
            value["workloads"][0]["placement"] = match which {
                0 => json!("even"),
                1 => json!({ "hotNode": hot }),
                _ => json!({ "zipf": exponent }),
            };
            let model = model(&value);
            let Traffic::Open { mix, .. } = &model.workloads[0].traffic else { panic!("open arrivals") };
            for shares in [&mix.nodes, &mix.endpoints] {
                let sum: f64 = shares.iter().map(|(_, share)| share).sum();
                prop_assert!((sum - 1.0).abs() < 1e-9);
                prop_assert!(shares.iter().all(|(_, share)| *share > 0.0));
                prop_assert!(shares.windows(2).all(|pair| pair[0].0 < pair[1].0));
            }
        }
    }
}

#[test]
fn w16_services_on_the_outbound_frontend_take_blocks_of_8_and_those_on_their_own_do_not() {
    let refused = |services: Value| {
        let mut value = shop();
        value["cluster"]["loadBalancerServices"] = services;
        value["cluster"]["nodePools"] = json!([{ "name": "apps", "count": 2, "maxSurge": "0" }]);
        value["outbound"] = json!([{ "outboundType": "loadBalancer",
            "loadBalancerProfile": { "allocatedOutboundPorts": 32_000 } }]);
        let outbound = model(&value).outbounds.remove(0);
        let allocation = outbound.setup.allocation.expect("a Load Balancer");
        (outbound.plan.is_err(), allocation.supply())
    };
    let ports = json!([80, 81, 443, 5_000, 5_001]);
    assert_eq!(refused(json!([{ "ports": ports }])), (false, 64_000));
    assert_eq!(
        refused(json!([{ "ports": ports, "frontend": "own" }])),
        (false, 64_000)
    );
    assert_eq!(
        refused(json!([{ "ports": ports, "frontend": "outbound" }])),
        (true, 64_000 - 24)
    );
    // Two Services in one block share it.
    let two = json!([{ "ports": [80], "frontend": "outbound" }, { "ports": [81], "frontend": "outbound" }]);
    assert_eq!(refused(two), (true, 64_000 - 8));
}

#[test]
fn a_service_without_a_port_is_an_error() {
    for ports in [json!([]), json!([443, 0])] {
        let mut value = shop();
        value["cluster"]["loadBalancerServices"] = json!([{ "ports": ports }]);
        assert!(build_with(&value, &[]).unwrap_err().contains("E0256"));
    }
}

#[test]
fn words_of_the_cluster_count_where_the_sources_of_traces_are_its_nodes() {
    let file = [(
        "t.csv",
        "start,node,protocol,address,port,lifetime\n1,a,tcp,203.0.113.1,443,1\n",
    )];
    let with = |cluster: Value| {
        let value = json!({ "duration": "1h", "cluster": cluster, "workloads": [traced("t.csv")],
            "outbound": [ { "outboundType": "loadBalancer" } ] });
        build_with(&value, &file)
    };
    let shared = json!({ "loadBalancerServices": [ { "ports": [80], "frontend": "outbound" } ] });
    let allocation = with(shared)
        .expect("a model")
        .outbounds
        .remove(0)
        .setup
        .allocation;
    assert_eq!(allocation.expect("a Load Balancer").inbound_blocks, 1);
    let sized = json!({ "networkPlugin": "azure", "subnetAddressPrefix": "10.240.0.0/24" });
    assert!(with(sized).expect_err("no pools").contains("error[E0254]"));
}

#[test]
fn loads_that_move_are_what_their_words_say() {
    let s = SimTime::from_secs;
    let with = |fields: Value| {
        let mut value = shop();
        let workload = value["workloads"][0].as_object_mut().expect("a workload");
        workload.remove("arrivals");
        workload.extend(fields.as_object().expect("fields").clone());
        match model(&value).workloads.remove(0).traffic {
            Traffic::Open {
                process,
                per_second,
                profile,
                bursts,
                ..
            } => (process, per_second, profile, bursts),
            other => panic!("{other:?}"),
        }
    };
    let states = json!({ "on": { "perSecond": 500, "mean": "30s" }, "off": { "perSecond": 5, "mean": "5m" } });
    let (process, per_second, ..) = with(json!({ "arrivals": { "bursty": states } }));
    let OpenProcess::Bursty(bursty) = process else {
        panic!("{process:?}")
    };
    assert_eq!(bursty.correlation, Correlation::Workload);
    assert_eq!((bursty.on.per_second, bursty.off.mean), (500.0, s(300)));
    assert!((per_second - (500.0 * 30.0 + 5.0 * 300.0) / 330.0).abs() < 1e-9);

    let size = json!({ "uniform": { "min": 2, "max": 8 } });
    let batch = json!({ "arrivals": { "batch": { "batchesPerSecond": 0.5, "size": size } } });
    let (process, per_second, ..) = with(batch);
    assert_eq!(
        process,
        OpenProcess::Batch(BatchSize::Uniform { min: 2, max: 8 })
    );
    assert_eq!(per_second, 2.5);

    let (.., profile, bursts) = with(json!({
        "arrivals": { "constant": { "perSecond": 10 } },
        "profile": { "factors": [ { "at": "0h", "factor": 0.5 }, { "at": "8h", "factor": 2 } ], "every": "24h", "start": "7h" },
        "bursts": [ { "at": "9h", "connections": 40 } ]
    }));
    let steps = vec![(s(0), 0.5), (s(8 * 3_600), 2.0)];
    let expected = Profile::new(steps, Some(s(24 * 3_600)), s(7 * 3_600));
    assert_eq!(profile, Some(expected));
    let burst = Burst {
        at: s(9 * 3_600),
        every: None,
        connections: 40,
        over: s(0),
        stagger: s(0),
    };
    assert_eq!(bursts, [burst]);

    let (_, per_second, profile, bursts) = with(
        json!({ "bursts": [ { "at": "1m", "connections": 40, "every": "5m", "stagger": "1m" } ] }),
    );
    assert_eq!((per_second, profile), (0.0, None));
    assert_eq!((bursts[0].every, bursts[0].stagger), (Some(s(300)), s(60)));
}

//! What happens in the course of a run: by hand where that can be, by identities, and by theory.

use serde_json::{Value, json};
use snatsim::model::{Model, build};
use snatsim::results::{About, document};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, simulate};

/// Whether the published schema takes it, as an editor would ask.
fn assert_in_schema(scenario: &Value) {
    let schema = include_str!("../schemas/scenario.schema.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    if let Err(error) = schema.validate(scenario) {
        panic!("{}: {error}", error.instance_path());
    }
}

fn model(scenario: &Value) -> Model {
    assert_in_schema(scenario);
    let loaded = load(&scenario.to_string(), "events.json", &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    build(&loaded, &mut |_| unreachable!("it names no file"))
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn runs(model: &Model) -> Vec<OutboundRun> {
    let result = simulate(model, Detail::Full, &|_, _| {});
    let runs = result.outbounds.into_iter();
    runs.map(|run| run.expect("Azure accepts it")).collect()
}

fn only(scenario: &Value) -> OutboundRun {
    runs(&model(scenario)).remove(0)
}

/// The scenario with these events.
fn with(scenario: &Value, events: Value) -> Value {
    let mut scenario = scenario.clone();
    scenario["events"] = events;
    scenario
}

/// Everything that is random, under all types of Azure.
fn busy() -> Value {
    json!({
        "duration": "40m", "warmup": "5m", "replications": 2, "seed": 3,
        "cluster": { "nodePools": [{ "name": "apps", "count": 3 }] },
        "destinations": [
            { "name": "sql", "port": 1433 },
            { "name": "dns", "port": 53, "protocol": "udp", "endpoints": 2 },
        ],
        "workloads": [
            { "name": "queries", "destination": "sql",
              "arrivals": { "poisson": { "perSecond": 12 } },
              "lifetime": { "exponential": { "mean": "20s" } },
              "close": { "fin": 0.6, "rst": 0.2, "abandon": 0.15, "unanswered": 0.05 },
              "connect": { "timeout": "15s" }, "retry": { "attempts": 2, "backoff": "1s", "jitter": 0.5 } },
            { "name": "names", "destination": "dns",
              "arrivals": { "constant": { "perSecond": 3 } },
              "lifetime": { "constant": "1s" } },
            { "name": "clients", "destination": "sql",
              "arrivals": { "closed": { "clients": 30, "think": { "exponential": { "mean": "10s" } } } },
              "lifetime": { "exponential": { "mean": "5s" } } },
            { "name": "requests", "destination": "sql",
              "arrivals": { "poisson": { "perSecond": 5 } },
              "lifetime": { "exponential": { "mean": "1s" } },
              "pool": { "perNode": 2, "maxIdle": 3, "idleTimeout": "30s" } },
            { "name": "subscriptions", "destination": "sql",
              "arrivals": { "poisson": { "perSecond": 0.2 } },
              "lifetime": { "exponential": { "mean": "10m" } },
              "activity": { "gap": { "exponential": { "mean": "2m" } } }, "reconnect": true },
        ],
        "outbound": [
            { "outboundType": "loadBalancer", "loadBalancerProfile": { "allocatedOutboundPorts": 800, "idleTimeoutInMinutes": 4 } },
            { "outboundType": "managedNATGateway" },
            { "outboundType": "userDefinedRouting" },
            { "name": "small", "outboundType": "custom",
              "custom": { "scope": "shared", "portsPerPool": 900, "activePerPool": 300 },
              "timers": { "holdAfterFin": "60s" } },
        ],
    })
}

#[test]
fn events_that_change_nothing_change_no_figure() {
    let plain = runs(&model(&busy()));
    let idle = json!({ "idleTimeoutInMinutes": 4 });
    let events = json!([
        { "at": "7m30s", "setOutbound": { "name": "loadBalancer", "loadBalancerProfile": idle } },
        { "at": "10m", "setOutbound": { "name": "managedNATGateway", "natGatewayProfile": idle } },
        { "at": "20m17s", "setOutbound": { "name": "userDefinedRouting", "azureFirewall": idle } },
        { "at": "33m", "setOutbound": { "name": "small", "custom": { "portsPerPool": 900 } } },
    ]);
    let eventful = runs(&model(&with(&busy(), events)));
    for (plain, eventful) in plain.iter().zip(&eventful) {
        assert_eq!(
            plain.connect_latency.counts(),
            eventful.connect_latency.counts()
        );
        assert_eq!(plain.port_hold.counts(), eventful.port_hold.counts());
        assert_eq!(plain.mean_uses, eventful.mean_uses);
        for (plain, eventful) in plain.replications.iter().zip(&eventful.replications) {
            let mut eventful = eventful.clone();
            assert!(eventful.taken_back.iter().all(|taken| taken.ports == 0));
            eventful.taken_back.clear();
            eventful.highest_use = None;
            assert_eq!(*plain, eventful);
        }
    }
}

/// One node, one connection a second that lives for ever and has one SYN.
fn by_the_clock(ports: u32) -> Value {
    json!({
        "duration": "100s", "replications": 1,
        "cluster": { "nodePools": [{ "name": "apps", "count": 1 }] },
        "destinations": [{ "name": "to", "port": 443 }],
        "workloads": [{
            "name": "w", "destination": "to",
            "arrivals": { "constant": { "perSecond": 1 } },
            "lifetime": { "constant": "1h" },
            "connect": { "synRetries": 0 },
        }],
        "outbound": [{
            "outboundType": "custom",
            "custom": { "scope": "perNode", "portsPerPool": ports },
        }],
    })
}

#[test]
fn ports_that_are_taken_away_break_their_connections_and_are_booked_until_then() {
    // Ports are full from the eighth connection on; at 50.5 s half of them go, and all that follows is refused.
    let events = json!([{ "at": "50.5s", "setOutbound": { "custom": { "portsPerPool": 4 } } }]);
    let run = only(&with(&by_the_clock(8), events));
    let replication = &run.replications[0];
    assert_eq!(
        (
            replication.taken_back[0].ports,
            replication.taken_back[0].broken
        ),
        (4, 4)
    );
    let total = &replication.total;
    assert_eq!((total.established, total.broken, total.failed), (8, 4, 91));
    // Who lost the port is drawn: each of eight was granted at 0 s to 7 s.
    let open = total.port_nanos[0] as f64 / 1e9;
    let granted: f64 = (0..8).map(f64::from).sum();
    assert_eq!(open, 4.0 * 50.5 + 4.0 * 100.0 - granted);
    let minutes = replication.minutes.as_ref().expect("full detail");
    assert_eq!(minutes.peak, [8, 4]);
    assert_eq!(run.port_hold.max(), Some(3_600.0));
    assert_eq!(
        replication.highest_use.map(|highest| highest.ports.share()),
        Some(1.0)
    );
}

#[test]
fn ports_that_are_added_are_there_at_once() {
    let events = json!([{ "at": "50s", "setOutbound": { "custom": { "portsPerPool": 20 } } }]);
    let run = only(&with(&by_the_clock(8), events));
    let total = &run.replications[0].total;
    // The SYN at 50 s comes after the event; twelve more get a port, the last at 61 s.
    assert_eq!((total.established, total.failed, total.broken), (20, 79, 0));
}

#[test]
fn an_idle_timeout_counts_for_connections_granted_after_it() {
    let mut scenario = by_the_clock(1_000);
    scenario["duration"] = json!("10m");
    scenario["workloads"][0]["lifetime"] = json!({ "constant": "0s" });
    scenario["workloads"][0]["close"] = json!({ "abandon": 1 });
    scenario["outbound"][0]["timers"] = json!({ "idle": "10s" });
    let events = json!([{ "at": "5m", "setOutbound": { "timers": { "idle": "60s" } } }]);
    let run = only(&with(&scenario, events));
    let minutes = run.replications[0].minutes.as_ref().expect("full detail");
    assert_eq!(minutes.peak, [10, 10, 10, 10, 10, 60, 60, 60, 60, 60]);
    assert_eq!(
        run.port_hold.counts().sum_nanos,
        (300 * 10 + 300 * 60) * 1_000_000_000
    );
}

#[test]
fn connections_of_a_destination_that_is_silent_have_a_port_and_no_answer() {
    let events = json!([{ "at": "20s", "stopAnswering": { "destination": "to", "for": "10s" } }]);
    let run = only(&with(&by_the_clock(200), events.clone()));
    let total = &run.replications[0].total;
    assert_eq!(
        (total.established, total.unanswered, total.refused_syns),
        (90, 10, 0)
    );
    // Each of the ten holds its port for the half-open time after its only SYN: custom's 30 s.
    assert_eq!(total.port_nanos[5], 10 * 30 * 1_000_000_000);
    // With a try more, after a pause that reaches beyond the outage, all are answered.
    let mut patient = by_the_clock(200);
    patient["workloads"][0]["retry"] = json!({ "attempts": 2, "backoff": "20s" });
    let run = only(&with(&patient, events));
    let total = &run.replications[0].total;
    assert_eq!(
        (total.established, total.unanswered, total.delayed),
        (100, 0, 10)
    );
}

/// `count` nodes, of at most 1,000, with Poisson arrivals of short connections.
fn cluster(count: u32, per_second: f64) -> Value {
    json!({
        "duration": "30m", "replications": 2,
        "cluster": { "nodePools": [{ "name": "apps", "count": count }] },
        "destinations": [{ "name": "to", "port": 443 }],
        "workloads": [{
            "name": "w", "destination": "to",
            "arrivals": { "poisson": { "perSecond": per_second } },
            "lifetime": { "exponential": { "mean": "5s" } },
        }],
        "outbound": [
            { "outboundType": "loadBalancer" },
            { "outboundType": "managedNATGateway" },
        ],
    })
}

#[test]
fn every_tier_edge_takes_half_of_each_node_and_gives_it_back() {
    for (count, before, after) in [(50, 1_024, 512), (100, 512, 256), (200, 256, 128)] {
        let events = json!([
            { "at": "10m", "scale": { "nodePool": "apps", "count": count + 1 } },
            { "at": "20m", "scale": { "nodePool": "apps", "count": count } },
        ]);
        let model = model(&with(&cluster(count, 1.0), events));
        let limits: Vec<u32> = model.outbounds[0].plans().map(|plan| plan.limit).collect();
        assert_eq!(limits, [before, after, before]);
    }
}

#[test]
fn an_upgrade_counts_its_surge_node_to_its_end() {
    let events = json!([
        { "at": "10m", "upgrade": { "nodePool": "apps", "batchTime": "10s", "maxSurge": "1" } }
    ]);
    let model = model(&with(&cluster(50, 1.0), events));
    assert_eq!(model.nodes.len(), 51);
    let limits: Vec<u32> = model.outbounds[0].plans().map(|plan| plan.limit).collect();
    assert_eq!(limits.len(), 52);
    assert!(limits[1..51].iter().all(|limit| *limit == 512));
    assert_eq!((limits[0], limits[51]), (1_024, 1_024));
    for epoch in &model.epochs {
        assert_eq!(epoch.present.iter().filter(|there| **there).count(), 50);
    }
}

#[test]
fn all_outbound_types_meet_the_same_connections_while_nodes_come_and_go() {
    // Nodes 128 to 179 come and go: in the third block of 64 nodes, for which the first two stand in.
    let events = json!([
        { "at": "10m", "scale": { "nodePool": "apps", "count": 180 } },
        { "at": "20m", "scale": { "nodePool": "apps", "count": 100 } },
    ]);
    let model = model(&with(&cluster(128, 90.0), events));
    let runs = runs(&model);
    for (lb, nat) in runs[0].replications.iter().zip(&runs[1].replications) {
        assert_eq!(lb.total.offered, nat.total.offered);
        assert_eq!(lb.total.established, nat.total.established);
    }
    // While all nodes are there for a third of the time, node 150 has 1/180 of the arrivals, else none; nodes 0 to 99 have
    // theirs all along. Five standard deviations of a Poisson number.
    let of = |node: usize| -> f64 {
        let of_runs = runs[0].replications.iter();
        of_runs.map(|run| run.by_pool[node].offered as f64).sum()
    };
    let third = 2.0 * 600.0 * 90.0;
    let close = |seen: f64, expected: f64| (seen - expected).abs() < 5.0 * expected.sqrt();
    for node in [0, 63, 64, 99] {
        assert!(
            close(of(node), third * (1.0 / 128.0 + 1.0 / 180.0 + 1.0 / 100.0)),
            "{node}"
        );
    }
    assert!(close(of(127), third * (1.0 / 128.0 + 1.0 / 180.0)));
    assert!(close(of(150), third / 180.0));
    // Nothing of a node that has left is in use.
    let minutes = runs[0].replications[0]
        .minutes
        .as_ref()
        .expect("full detail");
    let late = |node: usize| minutes.peak[node * minutes.minutes + 21..][..8].to_vec();
    assert_eq!(late(150), [0; 8]);
    assert!(late(99).iter().all(|peak| *peak > 0));
}

#[test]
fn threads_never_matter() {
    let events = json!([
        { "at": "5m", "scale": { "nodePool": "apps", "count": 101 } },
        { "at": "12m", "upgrade": { "nodePool": "apps", "batchTime": "30s", "maxSurge": "20%" } },
        { "at": "13m", "stopAnswering": { "destination": "to", "for": "3m" } },
        { "at": "20m", "setOutbound": { "name": "managedNATGateway", "timers": { "holdAfterFin": "5s" } } },
    ]);
    let mut scenario = with(&cluster(100, 150.0), events);
    scenario["replications"] = json!(1);
    let model = model(&scenario);
    let about = About {
        scenario_sha256: String::new(),
        compare: true,
    };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let result = simulate(&model, Detail::Full, &|_, _| {});
            let document = document(&model, &result, &about);
            serde_json::to_string(&document).expect("a document prints")
        })
    };
    let alone = on(1);
    assert_eq!(alone, on(2));
    assert_eq!(alone, on(5));
}

#[test]
fn offered_connections_add_up_whatever_happens() {
    let events = json!([
        { "at": "6m", "scale": { "nodePool": "apps", "count": 51 } },
        { "at": "15m", "scale": { "nodePool": "apps", "count": 40 } },
        { "at": "16m", "stopAnswering": { "destination": "to", "for": "20m" } },
    ]);
    let mut scenario = with(&cluster(50, 140.0), events);
    scenario["workloads"][0]["retry"] = json!({ "attempts": 3, "backoff": "1s" });
    for run in runs(&model(&scenario)) {
        for replication in &run.replications {
            let total = &replication.total;
            assert_eq!(
                total.offered,
                total.established + total.failed + total.unanswered + total.pending
            );
            assert!(total.broken <= total.established);
            let by_node: u64 = replication.by_pool.iter().map(|pool| pool.offered).sum();
            assert_eq!(by_node, total.offered);
        }
    }
}

/// Three instances with one public IP each, two connections a second that live for ever and have one SYN.
fn firewall() -> Value {
    let mut scenario = by_the_clock(1);
    scenario["duration"] = json!("4m");
    scenario["workloads"][0]["arrivals"] = json!({ "constant": { "perSecond": 2 } });
    scenario["outbound"] = json!([{
        "name": "Firewall", "outboundType": "userDefinedRouting",
        "azureFirewall": { "publicIPs": 1, "instances": 3 },
    }]);
    scenario
}

#[test]
fn an_instance_that_is_scaled_in_drains_for_45_seconds_and_resets_what_is_left() {
    let events = json!([
        { "at": "1m", "setOutbound": { "azureFirewall": { "instances": 2 } } }
    ]);
    let run = only(&with(&firewall(), events));
    let replication = &run.replications[0];
    let minutes = replication.minutes.as_ref().expect("full detail");
    let series = |values: &[u32]| values[2 * 4..].to_vec();
    let granted = minutes.granted[2 * 4];
    assert!(granted > 20, "about a third of 120");
    assert_eq!(series(&minutes.granted), [granted, 0, 0, 0]);
    assert_eq!(series(&minutes.peak), [granted, granted, 0, 0]);
    let taken: Vec<(u64, u64)> = replication
        .taken_back
        .iter()
        .map(|taken| (taken.ports, taken.broken))
        .collect();
    assert_eq!(taken, [(0, 0), (u64::from(granted), u64::from(granted))]);
    assert_eq!(
        (replication.total.established, replication.total.failed),
        (480, 0)
    );
}

#[test]
fn a_lost_instance_loses_its_connections_and_is_replaced() {
    let events = json!([{ "at": "1m", "loseInstance": { "instance": 1, "for": "1m" } }]);
    let run = only(&with(&firewall(), events));
    let replication = &run.replications[0];
    let minutes = replication.minutes.as_ref().expect("full detail");
    let granted = &minutes.granted[4..8];
    assert_eq!(replication.taken_back[0].broken, u64::from(granted[0]));
    assert_eq!(granted[1], 0);
    assert!(
        granted[2] > 20 && granted[3] > 20,
        "about a third of 120 each"
    );
    assert_eq!(minutes.peak[6], granted[2]);
    // What would have gone to it goes to the others: two a second all along.
    for minute in 0..4 {
        let all: u32 = (0..3).map(|pool| minutes.granted[pool * 4 + minute]).sum();
        assert_eq!(all, 120);
    }
}

/// A public IP of two takes half of the flows along, hypergeometrically: five standard deviations.
#[test]
fn a_public_ip_that_is_removed_takes_its_share_of_the_flows_along() {
    let mut scenario = by_the_clock(1);
    scenario["workloads"][0]["arrivals"] = json!({ "constant": { "perSecond": 40 } });
    scenario["outbound"] = json!([{
        "outboundType": "managedNATGateway",
        "natGatewayProfile": { "managedOutboundIPProfile": { "count": 2 } },
    }]);
    let events = json!([{
        "at": "50s",
        "setOutbound": { "natGatewayProfile": { "managedOutboundIPProfile": { "count": 1 } } },
    }]);
    let run = only(&with(&scenario, events));
    let (used, ports) = (2_000.0, 2.0 * 64_512.0);
    let deviation = f64::sqrt(used * 0.25 * (ports - used) / (ports - 1.0));
    let broken = run.replications[0].total.broken as f64;
    assert!((broken - used / 2.0).abs() < 5.0 * deviation, "{broken}");
}

/// A pool that keeps no connection opens one for each request, whatever happens to the ports.
#[test]
fn pools_meet_ports_that_are_added() {
    let events = json!([{ "at": "50s", "setOutbound": { "custom": { "portsPerPool": 20 } } }]);
    let mut plain = with(&by_the_clock(8), events);
    plain["workloads"][0]["lifetime"] = json!({ "constant": "30s" });
    let mut pooled = plain.clone();
    pooled["workloads"][0]["pool"] = json!({ "maxIdle": 0 });
    let (plain, pooled) = (only(&plain), only(&pooled));
    assert_eq!(plain.replications, pooled.replications);
    let requests = &pooled.requests[&0];
    let total = &pooled.replications[0].total;
    assert_eq!((requests.made, requests.opened), (100, total.established));
}

/// Two node pools, each behind a gateway of its own with two public IPs; 40 connections a second that live for ever.
fn two_gateways() -> Value {
    let mut scenario = by_the_clock(1);
    scenario["cluster"] = json!({ "nodePools": [
        { "name": "apps", "count": 1 }, { "name": "jobs", "count": 1 },
    ] });
    scenario["workloads"][0]["arrivals"] = json!({ "constant": { "perSecond": 40 } });
    let ips = |count: u32| json!({ "managedOutboundIPProfile": { "count": count } });
    scenario["outbound"] = json!([{
        "name": "two", "outboundType": "userAssignedNATGateway",
        "natGatewayProfile": ips(2),
        "natGateways": [{ "nodePools": ["jobs"], "natGatewayProfile": ips(2) }],
    }]);
    scenario
}

#[test]
fn one_of_two_gateways_loses_a_public_ip() {
    let events = json!([{
        "at": "50s",
        "setOutbound": { "natGateways": [{
            "nodePools": ["jobs"],
            "natGatewayProfile": { "managedOutboundIPProfile": { "count": 1 } },
        }] },
    }]);
    let model = model(&with(&two_gateways(), events));
    let run = runs(&model).remove(0);
    let replication = &run.replications[0];
    let jobs = model.outbounds[0]
        .plan
        .as_ref()
        .unwrap()
        .pool_of(1)
        .unwrap() as usize;
    let (used, ports) = (1_000.0, 2.0 * 64_512.0);
    let deviation = f64::sqrt(used * 0.25 * (ports - used) / (ports - 1.0));
    let broken = |pool: usize| replication.by_pool[pool].broken as f64;
    assert!(
        (broken(jobs) - used / 2.0).abs() < 5.0 * deviation,
        "{}",
        broken(jobs)
    );
    assert_eq!(broken(1 - jobs), 0.0);
    assert_eq!(replication.taken_back[0].broken as f64, broken(jobs));
    // 2,000 of the other gateway's 100,000 active connections at the end, 1,500 of 50,000 of its own.
    let highest = replication.highest_use.expect("limits change");
    let own = (2_000.0 - broken(jobs)) / 50_000.0;
    assert!((highest.active.share() - own).abs() < 1e-9, "{highest:?}");
}

#[test]
fn what_keeps_connections_and_is_not_told_of_an_event_is_refused() {
    let refused = |extra: Value, event: Value| {
        let mut scenario = with(&busy(), json!([event]));
        let workloads = scenario["workloads"].as_array_mut().unwrap();
        workloads.truncate(1);
        let words = workloads[0].as_object_mut().unwrap();
        words.extend(extra.as_object().unwrap().clone());
        let loaded = load(&scenario.to_string(), "events.json", &[]).expect("it can be read");
        match build(&loaded, &mut |_| unreachable!("it names no file")) {
            Ok(_) => None,
            Err(problems) => {
                let told = problems.render(false);
                assert_eq!(told.matches("error[").count(), 1, "{told}");
                Some(told.split("error[").nth(1).unwrap()[..5].to_owned())
            }
        }
    };
    let pool = json!({ "pool": { "maxIdle": 2 } });
    let quiet = json!({ "activity": { "gap": { "exponential": { "mean": "9m" } } } });
    let again =
        json!({ "activity": { "gap": { "exponential": { "mean": "9m" } } }, "reconnect": true });
    let alive = json!({ "keepalive": "30s", "reconnect": true });
    let (two, four) = (json!({ "replicas": 2 }), json!({ "replicas": 4 }));
    let ports = |ports: u32| json!({ "at": "20m", "setOutbound": { "name": "small", "custom": { "portsPerPool": ports } } });
    let idle = json!({ "at": "20m", "setOutbound": { "name": "managedNATGateway",
        "natGatewayProfile": { "idleTimeoutInMinutes": 6 } } });
    let after_fin = json!({ "at": "20m", "setOutbound": { "name": "small", "timers": { "holdAfterFin": "30s" } } });
    let joins = json!({ "at": "20m", "scale": { "nodePool": "apps", "count": 4 } });
    let leaves = json!({ "at": "20m", "scale": { "nodePool": "apps", "count": 2 } });
    let silence = json!({ "at": "20m", "stopAnswering": { "destination": "sql", "for": "1m" } });
    let other = json!({ "at": "20m", "stopAnswering": { "destination": "dns", "for": "1m" } });
    for (extra, event, code) in [
        (&pool, ports(1_000), None),
        (&pool, ports(800), Some("E0416")),
        (&pool, idle.clone(), Some("E0416")),
        (&pool, after_fin.clone(), Some("E0416")),
        (&pool, silence.clone(), Some("E0416")),
        (&pool, other.clone(), None),
        (&pool, joins.clone(), Some("E0415")),
        (&quiet, ports(800), None),
        (&quiet, idle.clone(), Some("E0416")),
        (&quiet, after_fin.clone(), None),
        (&quiet, leaves.clone(), None),
        (&again, ports(1_000), None),
        (&again, ports(800), Some("E0416")),
        (&again, joins.clone(), None),
        (&again, leaves.clone(), Some("E0416")),
        (&again, silence.clone(), None),
        (&alive, ports(800), None),
        (&alive, idle.clone(), None),
        // The scheduler has put two on nodes 0 and 1, which stay.
        (&two, joins.clone(), None),
        (&two, leaves.clone(), None),
        (&four, joins.clone(), Some("E0415")),
        (&four, leaves.clone(), Some("E0415")),
        (&four, ports(800), None),
    ] {
        assert_eq!(
            refused(extra.clone(), event.clone()).as_deref(),
            code,
            "{extra} {event}"
        );
    }
    let moves = with(
        &two_gateways(),
        json!([{ "at": "20s", "scale": { "nodePool": "apps", "count": 4 } }]),
    );
    let loaded = load(&moves.to_string(), "events.json", &[]).expect("it can be read");
    let problems = build(&loaded, &mut |_| unreachable!("it names no file")).expect_err("refused");
    assert!(problems.render(false).contains("error[E0415]"));
}

/// Every connection falls silent at once and idles out after 20 s.
fn silent_by_the_clock(ports: u32) -> Value {
    let mut scenario = by_the_clock(ports);
    scenario["workloads"][0]["keepalive"] = json!("30s");
    scenario["outbound"][0]["timers"] = json!({ "idle": "20s" });
    scenario
}

#[test]
fn what_idles_out_later_breaks_once_by_what_comes_first() {
    // 20 of 20 ports are in use at 50.5 s, all of connections that were to idle out.
    let events = json!([{ "at": "50.5s", "setOutbound": { "custom": { "portsPerPool": 10 } } }]);
    let run = only(&with(&silent_by_the_clock(20), events));
    let replication = &run.replications[0];
    let taken = replication.taken_back[0];
    assert_eq!((taken.ports, taken.broken), (10, 10));
    // All break but the ten that have the ports at the end, each of which one a second and 20 s of silence keep in use.
    let total = &replication.total;
    assert_eq!(total.broken, total.established - 10);
    // Nothing breaks on a node that leaves: ten connections of the last 20 s end with it.
    let mut two_nodes = silent_by_the_clock(100);
    two_nodes["cluster"]["nodePools"][0]["count"] = json!(2);
    let events = json!([{ "at": "50.5s", "scale": { "nodePool": "apps", "count": 1 } }]);
    let plain = only(&two_nodes);
    let run = only(&with(&two_nodes, events));
    let taken = run.replications[0].taken_back[0];
    assert_eq!((taken.ports, taken.broken), (10, 0));
    assert_eq!(plain.replications[0].total.broken, 80);
    assert_eq!(run.replications[0].total.broken, 70);
}

//! Nodes that come and go: tiers, upgrades, and who opens the connections of those that are not there.

use super::*;

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
    threads_never_matter_to(&model);
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

/// The tenth minute full of refusals, then the node leaves, comes back and is full again.
#[test]
fn a_node_that_comes_back_sends_its_syns_when_they_are_due() {
    let scenario = json!({
        "duration": "40m", "warmup": "0s", "replications": 1,
        "cluster": { "nodePools": [{ "name": "a", "count": 3 }] },
        "destinations": [{ "name": "d", "port": 443 }],
        "workloads": [{
            "name": "w", "destination": "d",
            "arrivals": { "constant": { "perSecond": 15 } },
            "lifetime": { "constant": "2s" },
            "retry": { "attempts": 2, "backoff": "10m", "jitter": 0 },
            "connect": { "timeout": "5s" },
        }],
        "outbound": [{ "outboundType": "loadBalancer" }],
        "events": [{ "at": "10m", "upgrade": { "nodePool": "a", "batchTime": "30s" } }],
    });
    let run = only(&scenario);
    // A try of 5 s, a pause of 10 min, and SYNs at 0, 1 and 3 s.
    let longest = run.connect_latency.max().expect("some waited");
    assert!((600.0..=608.0).contains(&longest), "{longest}");
}

#[test]
fn what_cannot_move_with_the_nodes_is_refused() {
    let up = |count: u32| json!([{ "at": "10m", "scale": { "nodePool": "apps", "count": count } }]);
    let problems = |scenario: &Value| {
        let loaded = load(&scenario.to_string(), "events.json", &[]).expect("it can be read");
        let built = build(&loaded, &mut |_| unreachable!("it names no file"));
        built.err().map(|problems| problems.render(false))
    };
    let placed = |placement: Value, count: u32| {
        let mut scenario = with(&cluster(2, 10.0), up(count));
        scenario["workloads"][0]["placement"] = placement;
        problems(&scenario)
    };
    let says = |found: Option<String>, words: &str| {
        assert!(
            found.as_ref().is_some_and(|text| text.contains(words)),
            "{found:?}"
        );
    };
    says(placed(json!({ "hotNode": 0.5 }), 10), "has a hot node");
    says(placed(json!({ "weights": [0, 1] }), 1), "none is there");
    assert_eq!(placed(json!({ "zipf": 1.0 }), 10), None);
    assert_eq!(placed(json!({ "weights": [1, 1] }), 1), None);
    let mut twice = up(4);
    twice
        .as_array_mut()
        .expect("a list")
        .push(json!({ "at": "10m", "scale": { "nodePool": "apps", "count": 2 } }));
    says(problems(&with(&cluster(2, 1.0), twice)), "E0417");
}

#[test]
fn addresses_are_counted_for_the_nodes_that_come() {
    let mut scenario = with(
        &cluster(3, 1.0),
        json!([{ "at": "10m", "scale": { "nodePool": "apps", "count": 20 } }]),
    );
    scenario["cluster"]["networkPlugin"] = json!("azure");
    scenario["cluster"]["subnetAddressPrefix"] = json!("10.240.0.0/24");
    scenario["cluster"]["nodePools"][0]["maxPods"] = json!(50);
    let refusals = model(&scenario)
        .outbounds
        .remove(0)
        .plan
        .expect_err("too many addresses");
    assert_eq!(refusals[0].code.id(), "E0253");
    assert!(
        refusals[0].found.starts_with("At 10m: "),
        "{}",
        refusals[0].found
    );
    assert_eq!(refusals[0].pointer, "/events/0/scale");
}

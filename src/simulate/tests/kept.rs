//! Connections that somebody keeps, in pools or to reconnect, with all else and with events that they bear.

use super::*;

/// Pools with limits and without, owners that reconnect, clients and others that fall silent.
const KEPT: &str = r#"
    { "name": "requests", "nodePool": "b", "destination": "web",
      "arrivals": { "poisson": { "perSecond": 40 } }, "lifetime": { "exponential": { "mean": "2s" } },
      "close": { "fin": 0.8, "rst": 0.1, "abandon": 0.1 },
      "connect": { "synRetries": 1 }, "retry": { "attempts": 2 },
      "pool": { "perNode": 2, "maxIdle": 1, "maxOpen": 3, "idleTimeout": "30s", "maxLifetime": "3m" } },
    { "name": "queries", "nodePool": "b", "destination": "sql", "replicas": 90,
      "arrivals": { "batch": { "batchesPerSecond": 2, "size": { "geometric": { "mean": 4 } } } },
      "lifetime": { "exponential": { "mean": "1s" } }, "pool": { "keepalive": "50m" } },
    { "name": "subscriptions", "nodePool": "b", "destination": "sql",
      "arrivals": { "poisson": { "perSecond": 0.5 } }, "lifetime": { "exponential": { "mean": "10m" } },
      "close": { "fin": 0.9, "unanswered": 0.1 },
      "activity": { "gap": { "exponential": { "mean": "1m" } } }, "keepalive": "9m", "reconnect": true },
    { "name": "listeners", "nodePool": "b", "destination": "web",
      "arrivals": { "closed": { "clients": 40, "think": { "constant": "5s" } } },
      "lifetime": { "exponential": { "mean": "10m" } }, "activity": { "gap": { "exponential": { "mean": "1m" } } } },
    { "name": "forgotten", "destination": "web",
      "arrivals": { "poisson": { "perSecond": 1 } }, "lifetime": { "exponential": { "mean": "10m" } }, "keepalive": "5m" },
    { "name": "churn""#;

/// The mixture with those.
fn kept(rate: f64, ports: u32, life: usize, attempts: u32) -> String {
    let text = scenario_text(rate, ports, LIVES[life], attempts, 2);
    text.replacen(r#"{ "name": "churn""#, KEPT, 1)
}

/// Events from minute `at` of the run on that take nothing away.
fn gifts(at: u32, ports: u32) -> String {
    let minute = |after: u32| at + after;
    format!(
        r#", "events": [
    {{ "at": "{}m", "setOutbound": {{ "name": "by node", "custom": {{ "portsPerPool": {} }} }} }},
    {{ "at": "{}m10s", "setOutbound": {{ "name": "shared", "custom": {{ "portsPerPool": {}, "activePerPool": {} }} }} }},
    {{ "at": "{}m", "scale": {{ "nodePool": "a", "count": 5 }} }},
    {{ "at": "{}m20s", "stopAnswering": {{ "destination": "same", "for": "30s" }} }},
    {{ "at": "{}m", "setOutbound": {{ "name": "firewall", "azureFirewall": {{ "publicIPs": 4, "instances": 3 }} }} }}
  ]
}}"#,
        minute(0),
        ports * 2,
        minute(1),
        ports * 16,
        ports * 6,
        minute(1),
        minute(2),
        minute(4),
    )
}

/// All queues and both details come to the same, on any number of threads.
fn assert_one_run(model: &Model) -> RunResult {
    let heap = run(model, Queue::Heap);
    for queue in [Queue::Wheel, Queue::Ladder, Queue::Fitting] {
        let other = run(model, queue);
        assert_same(&heap, &other);
        assert_eq!(requests(&heap), requests(&other));
    }
    assert_table_shows_the_same(model);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let alone = alone
        .expect("a thread")
        .install(|| run(model, Queue::Fitting));
    assert_same(&heap, &alone);
    assert_eq!(requests(&heap), requests(&alone));
    heap
}

/// By outbound and workload: requests made, reused, opened, waiting, broken, failed, and how long all waited.
fn requests(result: &RunResult) -> Vec<Vec<(u32, [u64; 6], u128)>> {
    let of_outbound = |run: &OutboundRun| {
        let by_workload = run.requests.iter();
        by_workload
            .map(|(workload, of)| {
                let counts = [
                    of.made, of.reused, of.opened, of.queued, of.broken, of.failed,
                ];
                (*workload, counts, of.wait.counts().sum_nanos)
            })
            .collect()
    };
    let outbounds = result.outbounds.iter();
    outbounds
        .map(|run| of_outbound(run.as_ref().unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, ..ProptestConfig::default() })]

    #[test]
    fn who_keeps_connections_meets_the_same_under_every_queue(
        rate in 1.0..60.0f64, ports in 8u32..200, life in 0usize..3, attempts in 1u32..4
    ) {
        let model = model(&kept(rate, ports, life, attempts));
        let result = assert_one_run(&model);
        for (outbound, came) in model.outbounds.iter().zip(&result.outbounds) {
            let (plan, came) = (outbound.plan.as_ref().unwrap(), came.as_ref().unwrap());
            prop_assert!(came.requests.values().any(|of| of.reused > 0));
            for replication in &came.replications {
                check_replication(plan, replication);
            }
        }
    }

    #[test]
    fn who_keeps_connections_bears_what_takes_nothing_away(
        at in 1u32..12, rate in 1.0..60.0f64, ports in 8u32..200, life in 0usize..3, attempts in 1u32..4
    ) {
        let text = kept(rate, ports, life, attempts);
        let model = model(&(text.trim_end().strip_suffix('}').unwrap().to_owned() + &gifts(at, ports)));
        let result = assert_one_run(&model);
        for (outbound, came) in model.outbounds.iter().zip(&result.outbounds) {
            // The last plan has the most of everything.
            let plan = outbound.plans().last().unwrap();
            for replication in &came.as_ref().unwrap().replications {
                prop_assert!(replication.taken_back.iter().all(|taken| taken.ports == 0));
                check_replication(plan, replication);
            }
        }
    }
}

//! Whole runs: the two queues agree, threads do not matter, ports are conserved.

mod kept;

use super::*;
use crate::engine::Ceiling;
use crate::scenario;
use proptest::prelude::*;

fn model(text: &str) -> Model {
    let loaded =
        scenario::load(text, "test.json", &[]).unwrap_or_else(|d| panic!("{}", d.render(false)));
    crate::model::build(&loaded, &mut |_| unreachable!("no file is named"))
        .unwrap_or_else(|d| panic!("{}", d.render(false)))
}

fn run(model: &Model, queue: Queue) -> RunResult {
    simulate_with(model, Detail::Full, queue, &|_, _| {})
}

fn assert_same(a: &RunResult, b: &RunResult) {
    for (a, b) in a.outbounds.iter().zip(&b.outbounds) {
        let (a, b) = (a.as_ref().unwrap(), b.as_ref().unwrap());
        assert_eq!(a.replications, b.replications);
        assert_eq!(a.fullest_mean_use, b.fullest_mean_use);
        for (a, b) in [
            (&a.connect_latency, &b.connect_latency),
            (&a.port_hold, &b.port_hold),
        ] {
            assert_eq!(
                (a.count(), a.max(), a.mean()),
                (b.count(), b.max(), b.mean())
            );
            assert_eq!(a.quantile(0.9), b.quantile(0.9));
        }
    }
}

/// A scenario with everything that makes cells different: sizes, ends, protocols, retries, clients, all groupings.
fn scenario_text(rate: f64, ports: u32, life: &str, attempts: u32, syn_retries: u32) -> String {
    format!(
        r#"{{
  "name": "mixture", "duration": "20m", "warmup": "3m30s", "replications": 2, "seed": 5,
  "cluster": {{ "nodePools": [ {{ "name": "a", "count": 3 }}, {{ "name": "b", "count": 67 }} ] }},
  "destinations": [
    {{ "name": "sql", "address": "203.0.113.40", "port": 1433 }},
    {{ "name": "same", "address": "203.0.113.40", "port": 1433 }},
    {{ "name": "dns", "address": "203.0.113.53", "port": 53, "protocol": "udp" }},
    {{ "name": "web", "port": 443, "endpoints": 5, "popularity": {{ "zipf": 1.0 }} }}
  ],
  "workloads": [
    {{ "name": "churn", "nodePool": "a", "destination": "sql", "placement": {{ "zipf": 0.8 }},
      "arrivals": {{ "poisson": {{ "perSecond": {rate} }} }}, "lifetime": {life},
      "close": {{ "fin": 0.6, "rst": 0.2, "abandon": 0.1, "unanswered": 0.1 }},
      "connect": {{ "timeout": "10s", "synRetries": {syn_retries} }},
      "retry": {{ "attempts": {attempts}, "backoff": "500ms", "jitter": 0.5 }} }},
    {{ "name": "steady", "destination": "same", "arrivals": {{ "constant": {{ "perSecond": 7 }} }},
      "lifetime": {{ "constant": "2s" }} }},
    {{ "name": "clients", "nodePool": "b", "destination": "web",
      "arrivals": {{ "closed": {{ "clients": 300, "think": {{ "exponential": {{ "mean": "20s" }} }} }} }},
      "lifetime": {{ "lognormal": {{ "median": "1s", "p99": "30s" }} }},
      "retry": {{ "attempts": {attempts} }} }},
    {{ "name": "lookups", "destination": "dns", "arrivals": {{ "poisson": {{ "perSecond": 5 }} }},
      "lifetime": {{ "uniform": {{ "min": "1ms", "max": "50ms" }} }}, "retry": {{ "attempts": {attempts} }} }}
  ],
  "outbound": [
    {{ "name": "by node", "outboundType": "custom", "custom": {{ "scope": "perNode", "portsPerPool": {ports} }},
      "timers": {{ "holdAfterFin": "60s", "holdAfterRst": "15s", "idle": "2m" }} }},
    {{ "name": "shared", "outboundType": "custom",
      "custom": {{ "scope": "shared", "portsPerPool": {shared}, "activePerPool": {active} }},
      "timers": {{ "holdAfterFin": "65s", "holdAfterIdle": "5s" }} }},
    {{ "name": "gateway", "outboundType": "managedNATGateway" }},
    {{ "name": "firewall", "outboundType": "userDefinedRouting",
      "azureFirewall": {{ "publicIPs": 3, "instances": 2 }} }}
  ]
}}"#,
        shared = ports * 8,
        active = ports * 3,
    )
}

/// Every kind of event, from minute `at` of the run on.
fn events(at: u32, ports: u32) -> String {
    let minute = |after: u32| at + after;
    format!(
        r#", "events": [
    {{ "at": "{}m", "setOutbound": {{ "name": "by node", "custom": {{ "portsPerPool": {} }} }} }},
    {{ "at": "{}m10s", "setOutbound": {{ "name": "shared", "custom": {{ "portsPerPool": {}, "activePerPool": {} }} }} }},
    {{ "at": "{}m", "scale": {{ "nodePool": "a", "count": 5 }} }},
    {{ "at": "{}m", "upgrade": {{ "nodePool": "a", "batchTime": "40s", "maxSurge": "40%" }} }},
    {{ "at": "{}m20s", "stopAnswering": {{ "destination": "sql", "for": "30s" }} }},
    {{ "at": "{}m", "setOutbound": {{ "name": "firewall", "azureFirewall": {{ "publicIPs": 2, "instances": 3 }} }} }},
    {{ "at": "{}m", "loseInstance": {{ "outbound": "firewall", "instance": 1 }} }},
    {{ "at": "{}m", "setOutbound": {{ "name": "firewall", "azureFirewall": {{ "instances": 2 }} }} }},
    {{ "at": "{}m", "setOutbound": {{ "name": "gateway", "timers": {{ "holdAfterFin": "5s" }} }} }}
  ]
}}"#,
        minute(0),
        ports / 2 + 1,
        minute(1),
        ports * 5,
        ports * 2,
        minute(1),
        minute(2),
        minute(3),
        minute(3),
        minute(4),
        minute(5),
        minute(6),
    )
}

const LIVES: [&str; 3] = [
    r#"{ "exponential": { "mean": "4s" } }"#,
    r#"{ "constant": "3s" }"#,
    r#"{ "pareto": { "scale": "500ms", "shape": 1.1 } }"#,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn heap_wheel_and_ladder_give_the_same_run(
        rate in 1.0..60.0f64, ports in 8u32..200, life in 0usize..3, attempts in 1u32..4, syn_retries in 0u32..4
    ) {
        let model = model(&scenario_text(rate, ports, LIVES[life], attempts, syn_retries));
        let heap = run(&model, Queue::Heap);
        assert_same(&heap, &run(&model, Queue::Wheel));
        assert_same(&heap, &run(&model, Queue::Ladder));
        assert_same(&heap, &run(&model, Queue::Fitting));
    }

    #[test]
    fn all_queues_and_both_details_agree_whatever_happens(
        at in 1u32..12, rate in 1.0..60.0f64, ports in 8u32..200, life in 0usize..3, attempts in 1u32..4
    ) {
        let text = scenario_text(rate, ports, LIVES[life], attempts, 2);
        let model = model(&(text.trim_end().strip_suffix('}').unwrap().to_owned() + &events(at, ports)));
        let heap = run(&model, Queue::Heap);
        assert_same(&heap, &run(&model, Queue::Wheel));
        assert_same(&heap, &run(&model, Queue::Ladder));
        assert_same(&heap, &run(&model, Queue::Fitting));
        assert_table_shows_the_same(&model);
        for (outbound, came) in model.outbounds.iter().zip(&heap.outbounds) {
            let plan = outbound.plan.as_ref().unwrap();
            for replication in &came.as_ref().unwrap().replications {
                check_replication(plan, replication);
            }
        }
    }

    #[test]
    fn counters_add_up_and_pools_never_hold_more_than_they_have(
        rate in 1.0..60.0f64, ports in 8u32..200, life in 0usize..3, attempts in 1u32..4, syn_retries in 0u32..4
    ) {
        let model = model(&scenario_text(rate, ports, LIVES[life], attempts, syn_retries));
        let result = run(&model, Queue::Fitting);
        for (outbound, came) in model.outbounds.iter().zip(&result.outbounds) {
            let plan = outbound.plan.as_ref().unwrap();
            for replication in &came.as_ref().unwrap().replications {
                check_replication(plan, replication);
            }
        }
    }
}

fn check_replication(plan: &PoolPlan, replication: &ReplicationRun) {
    let mut all = vec![&replication.total];
    for parts in [
        &replication.by_pool,
        &replication.by_destination,
        &replication.by_workload,
    ] {
        let mut sum = crate::record::Tally::default();
        parts.iter().for_each(|tally| sum.add(tally));
        assert_eq!(sum, replication.total);
        all.extend(parts);
    }
    for tally in all {
        let settled = tally.established + tally.failed + tally.unanswered + tally.pending;
        assert_eq!(tally.offered, settled);
        assert!(tally.broken <= tally.established && tally.delayed <= tally.established);
        assert!(tally.refused_first <= tally.refused_syns && tally.refused_syns <= tally.syns);
        assert!(tally.offered <= tally.tries && tally.tries <= tally.syns);
    }
    assert!(replication.peak_used.iter().all(|peak| *peak <= plan.limit));
    if let Some(active) = plan.active_limit {
        assert!(
            replication
                .peak_active
                .iter()
                .all(|peak| *peak <= active.limit)
        );
    }
    let slots = replication.slots.iter();
    let offered: u64 = slots.clone().map(|slot| slot.offered).sum();
    let failed: u64 = slots.clone().map(|slot| slot.failed).sum();
    let pending: u64 = slots.map(|slot| slot.pending).sum();
    let total = &replication.total;
    assert_eq!(
        (offered, failed, pending),
        (total.offered, total.failed, total.pending)
    );
    let minutes = replication.minutes.as_ref().unwrap();
    let peak = |pool: usize| {
        minutes.peak[pool * minutes.minutes..][..minutes.minutes]
            .iter()
            .max()
    };
    for (pool, used) in replication.peak_used.iter().enumerate() {
        assert_eq!(peak(pool), Some(used));
    }
    for (workload, counts) in minutes.by_workload.iter().enumerate() {
        assert_eq!(
            counts.0.keys().max(),
            Some(&replication.peak_by_workload[workload])
        );
    }
    let cells = replication.peak_used.len() * minutes.minutes;
    for (destination, counts) in minutes.by_destination.iter().enumerate() {
        assert_eq!(
            counts.0.keys().max(),
            Some(&replication.peak_by_destination[destination])
        );
        assert_eq!(counts.0.values().sum::<u64>(), cells as u64);
    }
    // Minutes 3 to 19: the warm-up ends inside minute 3.
    assert_eq!((minutes.first, minutes.minutes), (3, 17));
}

#[test]
fn any_number_of_threads_gives_the_same_run() {
    let model = model(&scenario_text(40.0, 60, LIVES[0], 3, 2));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| run(&model, Queue::Fitting))
    };
    let one = on(1);
    assert_same(&one, &on(2));
    assert_same(&one, &on(3));
}

#[test]
fn the_table_shows_what_the_full_run_shows() {
    let model = model(&scenario_text(40.0, 60, LIVES[0], 3, 2));
    assert_table_shows_the_same(&model);
}

fn assert_table_shows_the_same(model: &Model) {
    let full = run(model, Queue::Fitting);
    let table = simulate(model, Detail::Table, &|_, _| {});
    for (full, table) in full.outbounds.iter().zip(&table.outbounds) {
        let (full, table) = (full.as_ref().unwrap(), table.as_ref().unwrap());
        assert_eq!(full.fullest_mean_use, table.fullest_mean_use);
        assert_eq!(
            full.connect_latency.quantile(0.99),
            table.connect_latency.quantile(0.99)
        );
        for (full, table) in full.replications.iter().zip(&table.replications) {
            let mut full = full.clone();
            full.minutes = None;
            let tallies = [
                &mut full.by_pool,
                &mut full.by_destination,
                &mut full.by_workload,
            ];
            for tally in tallies.into_iter().flatten().chain([&mut full.total]) {
                tally.port_nanos = [0; 6];
            }
            assert_eq!(&full, table);
        }
    }
}

/// The ceiling is enforced in one loop over all keys: 40 connections at a time over 10 destinations, none of which
/// has more than a few.
#[test]
fn a_ceiling_over_all_keys_refuses_what_every_key_has_room_for() {
    let mut model = model(
        r#"{ "name": "ceiling", "duration": "10m", "warmup": "1m", "replications": 1,
  "cluster": { "nodePools": [ { "name": "a", "count": 3 } ] },
  "destinations": [ { "name": "web", "port": 443, "endpoints": 10 } ],
  "workloads": [ { "name": "w", "destination": "web", "arrivals": { "poisson": { "perSecond": 10 } },
    "lifetime": { "exponential": { "mean": "4s" } }, "connect": { "synRetries": 0 } } ],
  "outbound": [ { "outboundType": "custom", "custom": { "scope": "shared", "portsPerPool": 40 } } ] }"#,
    );
    let free = run(&model, Queue::Fitting).outbounds[0].clone().unwrap();
    assert_eq!(free.replications[0].total.failed, 0);
    let plan = model.outbounds[0].plan.as_mut().unwrap();
    plan.ceiling = Some(Ceiling { limit: 1_000 });
    assert_same(
        &run(&model, Queue::Fitting),
        &RunResult {
            outbounds: vec![Some(free)],
        },
    );
    model.outbounds[0].plan.as_mut().unwrap().ceiling = Some(Ceiling { limit: 40 });
    let tight = run(&model, Queue::Fitting).outbounds[0].clone().unwrap();
    let total = &tight.replications[0].total;
    // Erlang-B of 40 Erlang at 40 ports is 0.1162; five standard errors of 5,400 arrivals in clusters of a few.
    let probability = total.failed as f64 / total.decided() as f64;
    assert!((probability - 0.1162).abs() < 0.04, "{probability}");
}

//! What must hold of every drawn run: identities, common random numbers, and figures that move the right way.

#[path = "support/models.rs"]
#[allow(dead_code)]
mod models;

use models::{
    FIN, NO_HOLDS, ONE_SYN, ONE_TRY, firewall, load_balancer, mix, model, nat_gateway, plan,
    poisson, s, tcp_endpoints, workload,
};
use snatsim::engine::{Grouping, Jitter, PoolPlan, Protocol};
use snatsim::model::{Endpoint, Mix, Model, Traffic, Workload, build};
use snatsim::record::{Latencies, Tally};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, RunResult, simulate};
use snatsim::traffic::{Close, Connect, Law, Retry};
use snatsim::units::{Seed, SimTime};

/// 99 % quantile, two-sided, of Student's t with 19 degrees of freedom.
const T_99_OF_20: f64 = 2.861;

fn run(model: &Model) -> RunResult {
    simulate(model, Detail::Full, &|_, _| {})
}

fn only(result: &RunResult) -> &OutboundRun {
    result.outbounds[0].as_ref().expect("a run")
}

/// Mean of differences, and half the width of its 99 % interval.
fn paired(differences: &[f64]) -> (f64, f64) {
    assert_eq!(differences.len(), 20);
    let mean = differences.iter().sum::<f64>() / 20.0;
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 19.0;
    (mean, T_99_OF_20 * (variance / 20.0).sqrt())
}

fn share_failed(run: &OutboundRun) -> Vec<f64> {
    let totals = run
        .replications
        .iter()
        .map(|replication| &replication.total);
    totals
        .map(|total| total.failed as f64 / total.decided() as f64)
        .collect()
}

fn differences(a: &OutboundRun, b: &OutboundRun) -> Vec<f64> {
    share_failed(a)
        .iter()
        .zip(share_failed(b))
        .map(|(a, b)| a - b)
        .collect()
}

const PATIENT: Connect = Connect {
    timeout: Some(SimTime::from_secs(10)),
    syn_retries: 6,
    syn_linear_timeouts: 4,
};

const AGAIN: Retry = Retry {
    attempts: 3,
    backoff: SimTime::from_secs(2),
    factor: 2.0,
    jitter: Jitter::Uniform(0.5),
};

const EVERY_END: Close = Close {
    fin: 0.6,
    rst: 0.2,
    abandon: 0.1,
    unanswered: 0.1,
};

/// Everything at once: two protocols, several laws, all ends, retries with jitter, clients, on small pools.
fn busy_cluster(plans: Vec<PoolPlan>) -> Model {
    let udp = |destination, port| Endpoint {
        destination,
        protocol: Protocol::Udp,
        address: 9,
        port,
    };
    let mut endpoints = tcp_endpoints(3);
    endpoints.extend([udp(3, 53), udp(3, 123)]);
    let nodes = [0.4, 0.3, 0.2, 0.1];
    let tcp = mix(
        &nodes,
        &[0.5, 0.3, 0.2],
        Law::lognormal_median_p99(0.4, 8.0).unwrap(),
    );
    let any_end = Mix {
        close: EVERY_END,
        ..tcp.clone()
    };
    let flows = Mix {
        endpoints: vec![(3, 0.5), (4, 0.5)],
        lifetime: Law::Exponential { mean: 0.5 },
        ..tcp.clone()
    };
    let think = Law::Uniform { min: 0.5, max: 2.0 };
    let traffics = [
        poisson(6.0, any_end),
        poisson(1.0, flows),
        Traffic::Closed {
            clients: 30,
            think,
            mix: tcp,
        },
    ];
    let patient = |traffic| Workload {
        connect: PATIENT,
        retry: AGAIN,
        ..workload(traffic)
    };
    let workloads = traffics.map(patient).to_vec();
    Model {
        warmup: s(100.0),
        replications: 3,
        ..model(s(700.0), nodes.len(), endpoints, workloads, plans)
    }
}

/// Azure's holds on pools small enough to run out.
fn small_pools() -> Vec<PoolPlan> {
    let with = |limit, plan| PoolPlan { limit, ..plan };
    vec![
        with(100, load_balancer(100)),
        with(150, nat_gateway(1, true)),
        with(8, firewall(2, 2)),
    ]
}

fn assert_same(a: &RunResult, b: &RunResult) {
    assert_eq!(a.outbounds.len(), b.outbounds.len());
    for (a, b) in a.outbounds.iter().zip(&b.outbounds) {
        let (a, b) = (a.as_ref().expect("a run"), b.as_ref().expect("a run"));
        assert_eq!(a.replications, b.replications);
        assert_same_spans(&a.connect_latency, &b.connect_latency);
        assert_same_spans(&a.port_hold, &b.port_hold);
        assert_eq!(a.fullest_mean_use.to_bits(), b.fullest_mean_use.to_bits());
    }
}

fn assert_same_spans(a: &Latencies, b: &Latencies) {
    assert_eq!(a.histogram(), b.histogram());
    assert_eq!(
        (a.zeros(), a.max(), a.mean()),
        (b.zeros(), b.max(), b.mean())
    );
}

#[test]
fn threads_never_matter() {
    let model = busy_cluster(small_pools());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| run(&model))
    };
    let one = on(1);
    assert_same(&one, &on(2));
    assert_same(&one, &on(3));
}

#[test]
fn p9_one_seed_is_one_result_and_another_seed_another() {
    let model = busy_cluster(small_pools());
    assert_same(&run(&model), &run(&model));
    let other = Model {
        seed: Seed(2),
        ..model.clone()
    };
    let totals = |result: &RunResult| -> Vec<Tally> {
        only(result)
            .replications
            .iter()
            .map(|r| r.total.clone())
            .collect()
    };
    let first = totals(&run(&model));
    assert_ne!(first, totals(&run(&other)));
    assert_ne!(first[0], first[1], "replications differ too");
}

#[test]
fn p1_what_was_drawn_adds_up_in_every_group() {
    for run in run(&busy_cluster(small_pools())).outbounds.iter().flatten() {
        let plans = small_pools();
        for replication in &run.replications {
            let total = &replication.total;
            assert!(
                total.failed > 0 && total.unanswered > 0 && total.delayed > 0,
                "a busy cluster"
            );
            for groups in [
                &replication.by_pool,
                &replication.by_destination,
                &replication.by_workload,
            ] {
                let mut sum = Tally::default();
                groups.iter().for_each(|group| sum.add(group));
                assert_eq!(sum, *total);
            }
            for tally in replication.by_pool.iter().chain([total]) {
                let outcomes = tally.established + tally.failed + tally.unanswered + tally.pending;
                assert_eq!(tally.offered, outcomes);
            }
            let offered: u64 = replication.slots.iter().map(|slot| slot.offered).sum();
            assert_eq!(offered, total.offered);
        }
        let highest = plans.iter().map(|plan| plan.limit).max().expect("plans");
        assert!(
            run.replications
                .iter()
                .all(|r| r.peak_used.iter().all(|peak| *peak <= highest))
        );
        let established: u64 = run.replications.iter().map(|r| r.total.established).sum();
        assert_eq!(run.connect_latency.count(), established);
    }
}

#[test]
fn never_more_ports_than_the_limit() {
    let plans = small_pools();
    let result = run(&busy_cluster(plans.clone()));
    for (run, plan) in result.outbounds.iter().flatten().zip(&plans) {
        let peaks: Vec<u32> = run
            .replications
            .iter()
            .flat_map(|r| r.peak_used.clone())
            .collect();
        assert_eq!(
            peaks.iter().max(),
            Some(&plan.limit),
            "full, and never more"
        );
    }
}

#[test]
fn every_granted_port_comes_back_once() {
    // Connections of 100 s, then silence for longer than any hold.
    let rows = (0..2_000).map(|i| snatsim::traffic::TraceRow {
        node: i % 2,
        keepalive: (i % 7 == 0).then(|| s(300.0)),
        ..models::row(f64::from(i) / 20.0, f64::from(i % 90), kind_of(i))
    });
    let retrying = Workload {
        connect: PATIENT,
        retry: AGAIN,
        ..workload(Traffic::Trace(rows.collect()))
    };
    let plans = small_pools();
    let quiet = model(s(7_200.0), 2, tcp_endpoints(1), vec![retrying], plans);
    for run in run(&quiet).outbounds.iter().flatten() {
        let replication = &run.replications[0];
        let minutes = replication.minutes.as_ref().expect("full detail");
        let granted: u64 = minutes.granted.iter().map(|count| u64::from(*count)).sum();
        assert_eq!(run.port_hold.count(), granted);
        for pool in minutes.peak.chunks(minutes.minutes) {
            assert_eq!(pool.last(), Some(&0), "all are back");
        }
        let held: u128 = replication.total.port_nanos.iter().sum();
        let mean = run.port_hold.mean().expect("ports were granted");
        assert!((held as f64 / 1e9 / (mean * granted as f64) - 1.0).abs() < 1e-9);
    }
}

fn kind_of(i: u32) -> snatsim::traffic::CloseKind {
    use snatsim::traffic::CloseKind::{Abandon, Fin, Rst, Unanswered};
    [Fin, Fin, Rst, Abandon, Unanswered][i as usize % 5]
}

#[test]
fn port_seconds_sum_to_the_integral_of_ports_held() {
    let drawn = Mix {
        close: EVERY_END,
        ..mix(&[1.0], &[1.0], Law::Exponential { mean: 3.0 })
    };
    let shared = PoolPlan {
        limit: 500,
        ..nat_gateway(1, false)
    };
    let one_cell = Model {
        warmup: s(100.0),
        ..model(
            s(1_100.0),
            1,
            tcp_endpoints(1),
            vec![workload(poisson(8.0, drawn))],
            [shared],
        )
    };
    let result = run(&one_cell);
    let run = only(&result);
    let held: u128 = run.replications[0].total.port_nanos.iter().sum();
    let integral = run.fullest_mean_use * 500.0 * 1_000.0;
    assert!(
        (held as f64 / 1e9 / integral - 1.0).abs() < 1e-9,
        "{held} ns, {integral} s"
    );
}

#[test]
fn all_outbound_types_meet_the_same_connections() {
    let open = mix(
        &[0.4, 0.3, 0.3],
        &[0.7, 0.3],
        Law::Exponential { mean: 2.0 },
    );
    let ample = [load_balancer(64_000), nat_gateway(1, false), firewall(4, 4)];
    let without_holds = ample.map(|plan| PoolPlan {
        holds: NO_HOLDS,
        ..plan
    });
    let workloads = vec![workload(poisson(20.0, open))];
    let m = model(s(600.0), 3, tcp_endpoints(2), workloads, without_holds);
    let result = run(&m);
    let first = only(&result);
    for other in result.outbounds.iter().flatten() {
        assert_eq!(
            other.replications[0].by_destination,
            first.replications[0].by_destination
        );
        assert_eq!(other.replications[0].slots, first.replications[0].slots);
        assert_same_spans(&other.port_hold, &first.port_hold);
    }
}

/// `articles/aks/load-balancer-standard.md`: manual ports are what a node has, however many addresses there are.
#[test]
fn p2_more_addresses_at_fixed_ports_a_node_change_nothing() {
    let with_addresses = |count| {
        let scenario = serde_json::json!({
            "duration": "10m",
            "cluster": { "nodePools": [{ "name": "apps", "count": 3 }] },
            "destinations": [{ "name": "sql", "port": 1433 }],
            "workloads": [{
                "name": "shop", "destination": "sql",
                "arrivals": { "poisson": { "perSecond": 20 } },
                "lifetime": { "exponential": { "mean": "2s" } },
            }],
            "outbound": [{
                "outboundType": "loadBalancer",
                "loadBalancerProfile": {
                    "managedOutboundIPs": { "count": count }, "allocatedOutboundPorts": 1000,
                },
            }],
        });
        let loaded = load(&scenario.to_string(), "addresses", &[]).expect("a scenario");
        let mut no_files = |_: &str| unreachable!("it names no file");
        run(&build(&loaded, &mut no_files).expect("a model"))
    };
    let two = with_addresses(2);
    assert!(
        share_failed(only(&two)).iter().all(|share| *share > 0.0),
        "it runs out"
    );
    assert_same(&two, &with_addresses(7));
}

/// One pool to one destination, pure loss, twenty replications.
fn losses(per_second: f64, life: f64, seconds: f64, plan: PoolPlan) -> Model {
    let over_at_once = Connect {
        timeout: Some(SimTime::from_nanos(1)),
        ..ONE_SYN
    };
    let four_nodes = mix(
        &[0.4, 0.2, 0.2, 0.2],
        &[1.0],
        Law::Exponential { mean: life },
    );
    let workloads = vec![Workload {
        connect: over_at_once,
        ..workload(poisson(per_second, four_nodes))
    }];
    Model {
        warmup: s(seconds / 10.0),
        replications: 20,
        ..model(s(seconds), 4, tcp_endpoints(1), workloads, [plan])
    }
}

#[test]
fn p3_one_pool_loses_no_more_than_the_same_ports_in_fixed_blocks() {
    let blocks = run(&losses(
        30.0,
        4.0,
        1_000.0,
        plan(Grouping::ByNode, 32, NO_HOLDS),
    ));
    let pooled = run(&losses(
        30.0,
        4.0,
        1_000.0,
        plan(Grouping::Shared, 128, NO_HOLDS),
    ));
    let (mean, half) = paired(&differences(only(&blocks), only(&pooled)));
    assert!(mean - half > 0.0, "{mean} ± {half}");
}

#[test]
fn p4_more_ports_or_shorter_holds_lose_no_more_in_expectation() {
    let held = |ports, seconds: f64| {
        let holds = snatsim::engine::Holds {
            after_fin: s(seconds),
            ..NO_HOLDS
        };
        run(&losses(
            30.0,
            2.0,
            1_000.0,
            plan(Grouping::Shared, ports, holds),
        ))
    };
    let base = held(120, 2.0);
    for better in [held(128, 2.0), held(120, 1.8)] {
        let (mean, half) = paired(&differences(only(&base), only(&better)));
        assert!(mean - half > 0.0, "{mean} ± {half}");
    }
}

#[test]
fn p6_faster_traffic_of_shorter_holds_fails_as_often() {
    let at = |k: f64| {
        let holds = snatsim::engine::Holds {
            after_fin: s(2.0 / k),
            ..NO_HOLDS
        };
        let plan = plan(Grouping::Shared, 128, holds);
        run(&losses(30.0 * k, 2.0 / k, 1_000.0 / k, plan))
    };
    let base = at(1.0);
    for k in [3.0, 10.0] {
        let scaled = at(k);
        assert!(share_failed(only(&scaled)).iter().sum::<f64>() > 0.0);
        let (mean, half) = paired(&differences(only(&base), only(&scaled)));
        // The same draws in another unit of time: what is left is the rounding of times to nanoseconds.
        assert!(mean.abs() <= half.max(1e-9), "{mean} ± {half}");
    }
}

#[test]
fn p7_trying_again_at_once_adds_refused_tries_and_helps_less_than_a_pause() {
    let with = |retry| {
        let base = losses(30.0, 4.0, 600.0, plan(Grouping::Shared, 110, NO_HOLDS));
        let workloads = base.workloads.iter().cloned();
        let workloads = workloads.map(|w| Workload { retry, ..w }).collect();
        run(&Model { workloads, ..base })
    };
    let refused = |result: &RunResult| -> f64 {
        let totals = only(result)
            .replications
            .iter()
            .map(|r| r.total.refused_syns);
        totals.sum::<u64>() as f64
    };
    let never = with(ONE_TRY);
    let at_once = with(Retry {
        attempts: 3,
        backoff: SimTime::ZERO,
        ..ONE_TRY
    });
    let later = with(Retry {
        backoff: s(4.0),
        attempts: 3,
        factor: 2.0,
        jitter: Jitter::Uniform(0.5),
    });
    assert!(refused(&never) < refused(&at_once));
    let (mean, half) = paired(&differences(only(&at_once), only(&later)));
    assert!(
        mean - half > 0.0,
        "a pause finds a port more often: {mean} ± {half}"
    );
}

#[test]
fn p10_a_flow_closed_by_rst_holds_its_port_no_longer_than_one_closed_by_fin() {
    for plan in [
        load_balancer(64_000),
        nat_gateway(1, false),
        firewall(20, 2),
    ] {
        let seconds = |close| {
            let drawn = Mix {
                close,
                ..mix(&[1.0], &[1.0], Law::Exponential { mean: 3.0 })
            };
            let workloads = vec![workload(poisson(5.0, drawn))];
            let result = run(&model(
                s(600.0),
                1,
                tcp_endpoints(1),
                workloads,
                [plan.clone()],
            ));
            let run = only(&result);
            assert_eq!(run.replications[0].total.failed, 0, "ample ports");
            run.port_hold.mean().expect("ports were granted")
        };
        let rst = Close {
            fin: 0.0,
            rst: 1.0,
            ..FIN
        };
        assert!(seconds(rst) <= seconds(FIN));
    }
}

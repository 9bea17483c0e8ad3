//! Several NAT Gateways: each carries the node pools on its subnets as if it were alone.

use serde_json::{Value, json};
use snatsim::engine::PoolPlan;
use snatsim::model::{Model, Traffic, build};
use snatsim::results::erlang::erlang_b;
use snatsim::results::{About, document};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, simulate};
use snatsim::traffic::Close;

/// Two node pools with a workload each that goes to the same endpoint, and more than 64 nodes, so that they are drawn in
/// several blocks.
fn model(outbound: Value, seed: u64) -> Model {
    let workload = |name: &str, per_second: u32| {
        json!({
            "name": name, "nodePool": name, "destination": "api",
            "arrivals": { "poisson": { "perSecond": per_second } },
            "lifetime": { "exponential": { "mean": "2s" } },
            "close": { "fin": 0.8, "abandon": 0.1, "unanswered": 0.1 },
            "connect": { "timeout": "10s" }, "retry": { "attempts": 2, "backoff": "1s", "jitter": 0.5 }
        })
    };
    let scenario = json!({
        "duration": "10m", "warmup": "4m", "replications": 2, "seed": seed,
        "cluster": { "nodePools": [ { "name": "shop", "count": 30 }, { "name": "batch", "count": 50 } ] },
        "destinations": [ { "name": "api", "address": "203.0.113.10", "port": 443 } ],
        "workloads": [workload("shop", 3), workload("batch", 12)],
        "outbound": [outbound]
    });
    let loaded = load(&scenario.to_string(), "test", &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut model = build(&loaded, &mut |_| unreachable!("it names no file"))
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    // So few ports that some connections fail.
    let plan = model.outbounds[0].plan.as_mut().expect("accepted");
    *plan = PoolPlan {
        limit: 250,
        active_limit: None,
        ..plan.clone()
    };
    model
}

fn run(model: &Model) -> OutboundRun {
    let mut result = simulate(model, Detail::Full, &|_, _| ());
    result.outbounds.remove(0).expect("accepted")
}

fn gateway(ips: u32) -> Value {
    json!({ "publicIPs": ips })
}

#[test]
fn two_gateways_are_two_clusters_with_one_each() {
    for seed in 1..4 {
        let two = run(&model(
            json!({
                "outboundType": "userAssignedNATGateway", "natGatewayProfile": gateway(1),
                "natGateways": [ { "nodePools": ["batch"], "natGatewayProfile": gateway(3) } ]
            }),
            seed,
        ));
        // By workload, the pool it leaves by and how many public IPs that has.
        for (workload, pool, ips) in [(0, 1, 1), (1, 0, 3)] {
            let profile = json!({
                "outboundType": "userAssignedNATGateway", "natGatewayProfile": gateway(ips)
            });
            let mut alone = model(profile, seed);
            let plan = alone.outbounds[0].plan.as_mut().expect("accepted");
            plan.limit *= ips;
            alone.workloads[1 - workload].traffic = Traffic::Trace(Vec::new());
            let alone = run(&alone);
            for (two, alone) in two.replications.iter().zip(&alone.replications) {
                assert!(alone.total.failed > 0, "{ips} IPs are too many to tell");
                assert_eq!(two.by_workload[workload], alone.total);
                assert_eq!(two.by_pool[pool], alone.total);
                assert_eq!(two.peak_used[pool], alone.peak_used[0]);
                assert_eq!(two.peak_active[pool], alone.peak_active[0]);
                assert_eq!(two.refused[pool], alone.refused[0]);
                assert_eq!(
                    two.peak_by_workload[workload],
                    alone.peak_by_workload[workload]
                );
                let (all, own) = (two.minutes.as_ref(), alone.minutes.as_ref());
                let (all, own) = (all.expect("full detail"), own.expect("full detail"));
                let here = pool * all.minutes..(pool + 1) * all.minutes;
                assert_eq!(all.peak[here.clone()], own.peak);
                assert_eq!(all.granted[here.clone()], own.granted);
                assert_eq!(all.refused[here], own.refused);
            }
        }
    }
}

#[test]
fn one_gateway_that_is_named_is_the_gateway_of_all() {
    let named = run(&model(
        json!({
            "outboundType": "userAssignedNATGateway",
            "natGateways": [ { "nodePools": ["shop", "batch"], "natGatewayProfile": gateway(1) } ]
        }),
        1,
    ));
    let plain = run(&model(json!({ "outboundType": "managedNATGateway" }), 1));
    for (named, plain) in named.replications.iter().zip(&plain.replications) {
        assert!(plain.total.failed > 0);
        assert_eq!(named.total, plain.total);
        assert_eq!(named.by_workload, plain.by_workload);
        assert_eq!(named.peak_used, plain.peak_used);
    }
    assert_eq!(named.fullest_mean_use, plain.fullest_mean_use);
}

/// The ceiling on active connections is each gateway's own.
#[test]
fn a_gateway_at_its_ceiling_leaves_the_other_alone() {
    use snatsim::engine::Ceiling;
    let outbound = json!({
        "outboundType": "userAssignedNATGateway",
        "natGateways": [ { "nodePools": ["batch"] } ]
    });
    let mut model = model(outbound, 1);
    let plan = model.outbounds[0].plan.as_mut().expect("accepted");
    plan.limit = 10_000;
    // More than the shop has active at a time, less than the batch jobs.
    plan.ceiling = Some(Ceiling { limit: 200 });
    let run = run(&model);
    for run in &run.replications {
        assert_eq!(run.refused, [true, false]);
        assert_eq!(run.by_workload[0].failed, 0);
        assert!(run.by_workload[1].failed > 0);
    }
}

/// The formula sees a cell a gateway, with its own ports and load.
#[test]
fn the_formula_is_that_of_every_gateway() {
    let mut model = model(
        json!({
            "outboundType": "userAssignedNATGateway",
            "natGateways": [ { "nodePools": ["batch"], "natGatewayProfile": gateway(3) } ]
        }),
        1,
    );
    for workload in &mut model.workloads {
        (workload.retry.attempts, workload.connect.syn_retries) = (1, 0);
        let Traffic::Open { mix, .. } = &mut workload.traffic else {
            unreachable!("arrivals are Poisson");
        };
        mix.close = Close {
            fin: 1.0,
            rst: 0.0,
            abandon: 0.0,
            unanswered: 0.0,
        };
    }
    let run = simulate(&model, Detail::Table, &|_, _| ());
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    let document = document(&model, &run, &about);
    let figures = document.outbounds[0].figures.as_ref().expect("accepted");
    // 3 and 12 a second, held 2 s and the 65 s after FIN, at 250 and three times 250 ports.
    let blocking =
        [(3.0, 250), (12.0, 750)].map(|(rate, ports)| (rate, erlang_b(67.0 * rate, ports)));
    let expected = blocking.iter().map(|(rate, b)| rate * b).sum::<f64>() / 15.0;
    let found = figures.analytic.blocking.expect("a formula");
    assert!(
        (found / expected - 1.0).abs() < 1e-6,
        "{found} for {expected}"
    );
}

/// Batch holds 58,000 ports after its FINs, shop has 50,000 connections that stay and refuses the rest: what is said of the
/// limit on connections to one endpoint is of shop's gateway alone.
#[test]
fn the_second_limit_is_told_beside_the_ports_of_its_own_gateway() {
    let workload = |name: &str, connections: u32, lifetime: &str| {
        json!({
            "name": name, "nodePool": name, "destination": "api",
            "bursts": [ { "at": "1m", "connections": connections } ],
            "lifetime": { "constant": lifetime }, "connect": { "synRetries": 0 }
        })
    };
    let scenario = json!({
        "duration": "5m", "replications": 1,
        "cluster": { "nodePools": [ { "name": "shop", "count": 2 }, { "name": "batch", "count": 2 } ] },
        "destinations": [ { "name": "api", "address": "203.0.113.10", "port": 443 } ],
        "workloads": [workload("shop", 60_000, "1h"), workload("batch", 58_000, "0s")],
        "outbound": [ {
            "outboundType": "userAssignedNATGateway", "natGatewayProfile": gateway(1),
            "natGateways": [ { "nodePools": ["batch"], "natGatewayProfile": gateway(1) } ]
        } ]
    });
    let loaded = load(&scenario.to_string(), "test", &[]).expect("known words");
    let model = build(&loaded, &mut |_| unreachable!("it names no file")).expect("a model");
    let result = simulate(&model, Detail::Table, &|_, _| ());
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    let outbound = document(&model, &result, &about).outbounds.remove(0);
    let finding = outbound.findings.iter().find(|one| one.code == "F0112");
    // 50,000 of 64,512 ports are 77.5 %; batch's 58,000 are 90 %.
    let text = &finding.expect("shop is short of connections").text;
    assert!(
        text.contains("100 % of the one and 78 % of the other"),
        "{text}"
    );
}

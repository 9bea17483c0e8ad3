//! The engine against the naive simulator on three workloads of Poisson arrivals whose ports are held for an
//! exponential 20 s and a fixed 240 s after it: `cargo bench`.
//!
//! One iteration simulates a fixed span; throughput is in connections, and the ratio of two lines of one workload is
//! the speed-up. The engine runs on one thread and records what the default table of `run` shows.

mod naive;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use snatsim::engine::{Grouping, Holds, PoolPlan, RefusedSyn, UdpKey};
use snatsim::model::{Endpoint, Mix, Model, OpenProcess, Outbound, Traffic, Workload};
use snatsim::outbound::{Assumptions, OutboundType};
use snatsim::simulate::{Detail, simulate};
use snatsim::traffic::{Close, Connect, Law, Retry};
use snatsim::units::{Seed, SimTime};
use std::hint::black_box;
use std::time::Duration;

struct Workbench {
    name: &'static str,
    nodes: u32,
    shared: bool,
    ports: u32,
    per_second: f64,
    seconds: u64,
}

/// Names and figures as in the performance notes: 0.90155, 0.01881 and 0.01005 of connections find no port.
const WORKBENCHES: [Workbench; 3] = [
    Workbench {
        name: "LB-1",
        nodes: 10,
        shared: false,
        ports: 1_024,
        per_second: 400.0,
        seconds: 5_000,
    },
    Workbench {
        name: "LB-2",
        nodes: 10,
        shared: false,
        ports: 1_024,
        per_second: 39.0,
        seconds: 50_000,
    },
    Workbench {
        name: "NAT-1",
        nodes: 100,
        shared: true,
        ports: 64_512,
        per_second: 250.3,
        seconds: 8_000,
    },
];

const ACTIVE_SECONDS: f64 = 20.0;
const HOLD_SECONDS: u64 = 240;

fn model(bench: &Workbench) -> Model {
    let plan = PoolPlan {
        grouping: if bench.shared {
            Grouping::Shared
        } else {
            Grouping::ByNode
        },
        limit: bench.ports,
        active_limit: None,
        holds: Holds {
            idle: SimTime::from_secs(240),
            after_fin: SimTime::from_secs(HOLD_SECONDS),
            after_rst: SimTime::ZERO,
            after_idle: SimTime::ZERO,
            half_open: SimTime::ZERO,
            udp_idle: SimTime::from_secs(240),
            after_udp: SimTime::ZERO,
        },
        udp_key: UdpKey::AddressAndPort,
        ceiling: None,
        refused_syn: RefusedSyn::Silent,
    };
    Model {
        name: bench.name.to_owned(),
        description: String::new(),
        duration: SimTime::from_secs(bench.seconds),
        warmup: SimTime::ZERO,
        replications: 1,
        seed: Seed(1),
        confidence: 0.95,
        nodes: (0..bench.nodes)
            .map(|node| format!("node-{node}"))
            .collect(),
        destinations: vec!["sql".to_owned()],
        endpoints: vec![Endpoint {
            destination: 0,
            protocol: snatsim::engine::Protocol::Tcp,
            address: 0,
            port: 1433,
        }],
        workloads: vec![Workload {
            name: "churn".to_owned(),
            traffic: Traffic::Open {
                process: OpenProcess::Poisson,
                per_second: bench.per_second,
                mix: Mix {
                    nodes: (0..bench.nodes)
                        .map(|node| (node, 1.0 / f64::from(bench.nodes)))
                        .collect(),
                    endpoints: vec![(0, 1.0)],
                    lifetime: Law::Exponential {
                        mean: ACTIVE_SECONDS,
                    },
                    close: Close {
                        fin: 1.0,
                        rst: 0.0,
                        abandon: 0.0,
                        unanswered: 0.0,
                    },
                },
            },
            connect: Connect {
                timeout: None,
                syn_retries: 0,
                syn_linear_timeouts: 0,
            },
            retry: Retry {
                attempts: 1,
                backoff: SimTime::ZERO,
                factor: 1.0,
                jitter: 0.0,
            },
        }],
        outbounds: vec![Outbound {
            name: "bench".to_owned(),
            kind: OutboundType::Custom,
            plan: Ok(plan),
            public_ips: None,
            notes: Vec::new(),
        }],
        assumptions: Assumptions::default(),
        notes: Vec::new(),
    }
}

fn engine(criterion: &mut Criterion) {
    let one_thread = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    for bench in &WORKBENCHES {
        let mut group = criterion.benchmark_group(bench.name);
        group
            .sample_size(10)
            .measurement_time(Duration::from_secs(5));
        group.throughput(Throughput::Elements(
            (bench.per_second * bench.seconds as f64) as u64,
        ));
        group.bench_function(BenchmarkId::from_parameter("naive"), |bencher| {
            let pools = if bench.shared {
                1
            } else {
                bench.nodes as usize
            };
            bencher.iter(|| {
                black_box(naive::simulate(&naive::Workload {
                    nodes: bench.nodes as usize,
                    pools,
                    ports: bench.ports,
                    per_second: bench.per_second,
                    active_seconds: ACTIVE_SECONDS,
                    hold_seconds: HOLD_SECONDS as f64,
                    seconds: bench.seconds as f64,
                    seed: 1,
                }))
            });
        });
        for (name, detail) in [("engine", Detail::Table), ("engine, full", Detail::Full)] {
            let model = model(bench);
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| {
                    one_thread.install(|| black_box(simulate(&model, detail, &|_, _| {})))
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, engine);
criterion_main!(benches);

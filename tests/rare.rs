//! `--rare` against the formula where there is one, and against brute force where there is none.

#[path = "support/models.rs"]
#[allow(dead_code)]
mod models;
#[path = "support/rarity.rs"]
mod rarity;

use models::*;
use rarity::*;
use snatsim::engine::{ActiveLimit, Ceiling, Gateways, Grouping, Holds, IpChoice, Jitter};
use snatsim::engine::{PoolPlan, Protocol, RefusedSyn};
use snatsim::model::{Mix, Model, OpenProcess, Traffic, Workload};
use snatsim::results::erlang::erlang_b;
use snatsim::simulate::rare::{WhyNot, obstacles, rare};
use snatsim::simulate::{Detail, simulate};
use snatsim::traffic::{BatchSize, Burst, Bursty, Close, CloseKind, Connect, Correlation};
use snatsim::traffic::{Law, Profile, Retry, State};
use snatsim::units::Seed;

/// Standard errors that an estimate may lie from what is expected: by chance once in 16,000.
const MOST_ERRORS: f64 = 4.0;

fn agrees_with_the_formula(ports: u32, seeds: std::ops::Range<u64>) {
    for target in [1e-6, 1e-9] {
        for (name, law) in laws() {
            for seed in seeds.clone() {
                let found = found(&node(ports, target, law.clone(), seed));
                let apart = (found.estimate / target).ln() / found.relative_error;
                let what = format!("{ports} ports at {target:e}, {name}, seed {seed}: {found:?}");
                assert!(apart.abs() < MOST_ERRORS, "{what}");
                assert!(found.relative_error <= 0.1, "{what}");
                assert!((found.estimate / target - 1.0).abs() < 0.2, "{what}");
            }
        }
    }
}

#[test]
fn one_in_a_million_and_in_a_billion_agree_with_the_formula_at_128_ports() {
    agrees_with_the_formula(128, 1..6);
}

#[test]
fn one_in_a_million_and_in_a_billion_agree_with_the_formula_at_1024_ports() {
    agrees_with_the_formula(1_024, 1..2);
}

/// Gateways of 100 and of 300 ports refuse as their own ports and loads say. Each is far below its ceiling of active
/// connections; the two together would be near one.
#[test]
fn every_gateway_has_ports_and_a_ceiling_of_its_own() {
    let law = Law::exponential(20.0).expect("a law");
    let gateways = Gateways {
        of_node: vec![0, 1],
        sizes: vec![1, 3],
    };
    let without_hold = Holds {
        after_fin: s(0.0),
        ..holds()
    };
    let two = PoolPlan {
        ceiling: Some(Ceiling { limit: 340 }),
        ..plan(Grouping::ByGateway(gateways.into()), 100, without_hold)
    };
    let (first, second) = (62.0, 230.0);
    let both = first + second;
    let mix = mix(&[first / both, second / both], &[1.0], law.clone());
    let load = workload(poisson(both / law.mean(), mix));
    let found = found(&model(s(3_600.0), 2, tcp_endpoints(1), vec![load], [two]));
    let expected = (first * erlang_b(first, 100) + second * erlang_b(second, 300)) / both;
    let apart = (found.estimate / expected).ln() / found.relative_error;
    assert!(apart.abs() < MOST_ERRORS, "{expected:e}: {found:?}");
    assert!(found.relative_error <= 0.1, "{found:?}");
}

/// V-22 and V-43, the rows that are too rare for the plain oracles: one node, and two firewall instances that share a
/// load of 4,700 Erlang.
#[test]
fn the_published_rare_rows_are_met() {
    let law = Law::exponential(20.0).expect("a law");
    let node = (load_balancer(1_024), held_after(law.clone(), 900.0));
    let halves = workload(poisson(4_700.0 / law.mean(), mix(&[1.0], &[1.0], law)));
    for ((plan, workload), published) in [(node, 3.51e-6), ((firewall(1, 2), halves), 9.39e-5)] {
        let found = found(&one_cell(plan, vec![workload], 1));
        let apart = (found.estimate / published).ln() / found.relative_error;
        assert!(apart.abs() < MOST_ERRORS, "{published}: {found:?}");
    }
}

/// What plain simulation counts: (share of connections whose first SYN is refused, relative standard error).
fn brute_force(model: &Model) -> (f64, f64) {
    let result = simulate(model, Detail::Table, &|_, _| {});
    let runs = &result.outbounds[0].as_ref().expect("a run").replications;
    let shares: Vec<f64> = runs
        .iter()
        .map(|run| run.total.refused_first as f64 / run.total.offered as f64)
        .collect();
    let n = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / n;
    let squares: f64 = shares.iter().map(|share| (share - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt() / mean)
}

/// Estimates, and counts `arrivals` plainly; both must say the same, and be near `about`.
fn agrees_with_brute_force(
    name: &str,
    plan: PoolPlan,
    workloads: Vec<Workload>,
    protocol: Protocol,
    about: f64,
) {
    const REPLICATIONS: u32 = 40;
    const ARRIVALS: f64 = 1.5e7;
    let rate: f64 = workloads
        .iter()
        .map(|workload| match &workload.traffic {
            Traffic::Open { per_second, .. } => *per_second,
            _ => 0.0,
        })
        .sum();
    let warmup = 600.0;
    let mut model = Model {
        warmup: s(warmup),
        duration: s(warmup + ARRIVALS / rate / f64::from(REPLICATIONS)),
        replications: REPLICATIONS,
        ..one_cell(plan, workloads, 11)
    };
    model.endpoints[0].protocol = protocol;
    let found = found(&model);
    let (counted, error) = brute_force(&model);
    let apart = (found.estimate / counted).ln() / found.relative_error.hypot(error);
    let what = format!(
        "{name}: {found:?}, plainly {counted:.3e} within {error:.3}, {apart:.1} errors apart"
    );
    assert!(apart.abs() < MOST_ERRORS, "{what}");
    assert!(error < 0.15 && found.relative_error < 0.1, "{what}");
    assert!((found.estimate / about).ln().abs() < 1.0, "{what}");
}

fn holds() -> Holds {
    Holds {
        idle: s(12.0),
        after_fin: s(6.0),
        after_rst: s(1.0),
        half_open: s(4.0),
        udp_idle: s(5.0),
        after_udp: s(1.0),
        ..LOAD_BALANCER_HOLDS
    }
}

/// Exponential lives of 3 s; all ends, SYNs and tries as they come.
fn mixed(rate: f64, close: Close, syn_retries: u32, attempts: u32) -> Workload {
    let law = Law::exponential(3.0).expect("a law");
    let mix = Mix {
        close,
        ..mix(&[1.0], &[1.0], law)
    };
    Workload {
        connect: Connect {
            timeout: None,
            syn_retries,
            syn_linear_timeouts: 0,
        },
        retry: Retry {
            attempts,
            backoff: s(0.5),
            factor: 2.0,
            jitter: Jitter::Uniform(0.5),
        },
        ..workload(poisson(rate, mix))
    }
}

#[test]
fn with_retransmits_and_retries_it_says_what_brute_force_says() {
    let close = Close {
        fin: 0.8,
        rst: 0.1,
        abandon: 0.1,
        unanswered: 0.0,
    };
    let plan = plan(Grouping::Shared, 96, holds());
    agrees_with_brute_force(
        "retries",
        plan,
        vec![mixed(7.3, close, 3, 3)],
        Protocol::Tcp,
        1e-4,
    );
}

#[test]
fn several_workloads_resets_and_connections_without_an_answer_too() {
    let half_open = Close {
        fin: 0.7,
        rst: 0.1,
        abandon: 0.0,
        unanswered: 0.2,
    };
    let plan = PoolPlan {
        refused_syn: RefusedSyn::Reset,
        ..plan(Grouping::Shared, 64, holds())
    };
    let workloads = vec![mixed(2.7, half_open, 2, 1), mixed(1.8, FIN, 0, 4)];
    agrees_with_brute_force("reset", plan, workloads, Protocol::Tcp, 1e-4);
}

#[test]
fn tries_that_draw_another_bucket_too() {
    let buckets = Grouping::Buckets {
        ips: 3,
        instances: 1,
        choice: IpChoice::Random,
    };
    let plan = plan(buckets, 40, holds());
    agrees_with_brute_force(
        "buckets",
        plan,
        vec![mixed(7.2, FIN, 1, 3)],
        Protocol::Tcp,
        1e-4,
    );
}

#[test]
fn tries_that_look_at_every_address_of_their_instance_too() {
    let buckets = Grouping::Buckets {
        ips: 3,
        instances: 2,
        choice: IpChoice::Fallback,
    };
    let plan = plan(buckets, 16, holds());
    agrees_with_brute_force(
        "fallback",
        plan,
        vec![mixed(6.6, FIN, 1, 2)],
        Protocol::Tcp,
        3e-4,
    );
}

#[test]
fn two_limits_that_bind_at_once_too() {
    let plan = PoolPlan {
        active_limit: Some(ActiveLimit {
            limit: 36,
            counts_held: false,
        }),
        ..plan(Grouping::Shared, 88, holds())
    };
    agrees_with_brute_force(
        "two limits",
        plan,
        vec![mixed(6.5, FIN, 2, 2)],
        Protocol::Tcp,
        2e-4,
    );
}

/// Refused at once and tried again at once, perhaps in the other bucket.
#[test]
fn flows_of_udp_too() {
    let buckets = Grouping::Buckets {
        ips: 2,
        instances: 1,
        choice: IpChoice::Random,
    };
    let mut flows = mixed(7.5, FIN, 0, 3);
    flows.retry.backoff = s(0.0);
    let plan = plan(buckets, 56, holds());
    agrees_with_brute_force("udp", plan, vec![flows], Protocol::Udp, 2e-4);
}

#[test]
fn what_would_take_for_ever_is_not_begun() {
    let law = Law::lognormal_mean_sigma(20.0, 6.0).expect("a law");
    let rate = 30.0 / law.mean();
    let workloads = vec![workload(poisson(rate, mix(&[1.0], &[1.0], law)))];
    let model = one_cell(plan(Grouping::Shared, 64, NO_HOLDS), workloads, 1);
    let found = rare(&model, &|_, _| {}).remove(0).expect("a plan");
    assert!(matches!(found, Err(WhyNot::TooLong(_))), "{found:?}");
}

/// One node in five has most of the load, toward one of two destinations: that cell alone matters.
#[test]
fn an_outbound_is_the_sum_of_the_cells_that_matter() {
    let shares = [0.4, 0.15, 0.15, 0.15, 0.15];
    let law = Law::exponential(1.0).expect("a law");
    let rate = 250.0;
    let workloads = vec![workload(poisson(rate, mix(&shares, &[0.9, 0.1], law)))];
    let plan = plan(Grouping::ByNode, 140, NO_HOLDS);
    let model = Model {
        seed: Seed(3),
        ..model(s(60.0), 5, tcp_endpoints(2), workloads, [plan])
    };
    let found = found(&model);
    assert_eq!((found.matter, found.cells), (1, 10));
    let exact = 0.4 * 0.9 * erlang_b(rate * 0.4 * 0.9, 140);
    let apart = (found.estimate / exact).ln() / found.relative_error;
    assert!(apart.abs() < MOST_ERRORS, "{exact}: {found:?}");
}

#[test]
fn it_is_the_same_on_any_number_of_threads() {
    let law = Law::exponential(20.0).expect("a law");
    let model = one_cell(load_balancer(64), vec![held_after(law, 30.0)], 5);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        pool.install(|| found(&model))
    };
    let one = on(1);
    assert_eq!(one, on(2));
    assert_eq!(one, on(5));
}

#[test]
fn what_is_not_rare_or_never_is_said_to_be_so() {
    let law = Law::exponential(20.0).expect("a law");
    let of = |load| {
        let model = one_cell(load_balancer(64), vec![held_after(law.clone(), load)], 5);
        rare(&model, &|_, _| {}).remove(0).expect("a plan")
    };
    assert!(
        matches!(of(64.0), Err(WhyNot::NotRare { pool: 0, load, limit: 64 }) if (load - 64.0).abs() < 1e-9)
    );
    assert!(matches!(of(2.0), Err(WhyNot::Never(_))));
}

#[test]
fn a_load_without_a_steady_state_is_refused_with_its_place() {
    let law = || Law::exponential(1.0).expect("a law");
    let all = || mix(&[1.0], &[1.0], law());
    let unanswered = Close {
        fin: 0.5,
        unanswered: 0.5,
        ..FIN
    };
    let half_answered = Mix {
        close: unanswered,
        ..all()
    };
    let moved = |process, profile, bursts| {
        workload(Traffic::Open {
            process,
            per_second: 1.0,
            profile,
            bursts,
            mix: all(),
        })
    };
    let state = |per_second| State {
        per_second,
        mean: s(1.0),
    };
    let bursty = Bursty {
        on: state(2.0),
        off: state(0.0),
        correlation: Correlation::Node,
    };
    let burst = Burst {
        at: s(1.0),
        every: None,
        connections: 1,
        over: s(0.0),
        stagger: s(0.0),
    };
    let steady = Profile::new(vec![(s(0.0), 1.0)], None, s(0.0));
    let again = Retry {
        attempts: 2,
        ..ONE_TRY
    };
    let workloads = vec![
        workload(poisson(1.0, all())),
        workload(constant(1.0, all())),
        workload(Traffic::Closed {
            clients: 3,
            think: law(),
            mix: all(),
        }),
        workload(Traffic::Trace(vec![row(0.0, 1.0, CloseKind::Fin)])),
        Workload {
            retry: again,
            ..workload(poisson(1.0, half_answered))
        },
        moved(OpenProcess::Bursty(bursty), None, Vec::new()),
        moved(OpenProcess::Batch(BatchSize::Constant(2)), None, Vec::new()),
        moved(OpenProcess::Poisson, Some(steady), Vec::new()),
        moved(OpenProcess::Poisson, None, vec![burst]),
    ];
    let faults = obstacles(&one_cell(load_balancer(64), workloads, 1));
    let places: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(
        places,
        [
            "/workloads/1/arrivals/constant",
            "/workloads/2/arrivals/closed",
            "/workloads/3/arrivals/trace",
            "/workloads/4/close/unanswered",
            "/workloads/5/arrivals/bursty",
            "/workloads/6/arrivals/batch",
            "/workloads/7/profile",
            "/workloads/8/bursts"
        ]
    );
    assert!(faults.iter().all(|fault| fault.code.id() == "E0601"));
}

//! The same connections: under every outbound type, on any number of threads, and where nothing moves.

use crate::*;
use snatsim::engine::IpChoice;
use snatsim::simulate::RunResult;
use snatsim::traffic::{BatchSize, Burst, Close};

/// All kinds at once, over more nodes than one block of drawing has.
fn all_kinds(plans: impl IntoIterator<Item = PoolPlan>) -> Model {
    const NODES: usize = 100;
    let spread = || {
        let mut mix = mix(
            &[1.0 / NODES as f64; NODES],
            &[0.5, 0.3, 0.2],
            exponential(2.0),
        );
        mix.close = Close {
            fin: 0.6,
            rst: 0.3,
            abandon: 0.1,
            unanswered: 0.0,
        };
        mix
    };
    let steps = vec![(s(0.0), 0.5), (s(7.0), 2.0), (s(11.0), 0.0)];
    let profile = || Profile::new(steps.clone(), Some(s(13.0)), s(3.0));
    let states = |correlation| OpenProcess::Bursty(bursty((80.0, 2.0), (5.0, 6.0), correlation));
    let batches = OpenProcess::Batch(BatchSize::Geometric { mean: 5.0 });
    let mut by_the_clock = open(OpenProcess::Constant, 20.0, spread());
    if let Traffic::Open { bursts, .. } = &mut by_the_clock.traffic {
        for (at, over) in [(5.0, 0.0), (5.0, 3.0)] {
            bursts.push(Burst {
                at: s(at),
                every: Some(s(17.0)),
                connections: 333,
                over: s(over),
                stagger: s(4.0),
            });
        }
    }
    let workloads = vec![
        with_profile(open(OpenProcess::Poisson, 40.0, spread()), profile()),
        with_profile(open(OpenProcess::Constant, 30.0, spread()), profile()),
        open(states(Correlation::Workload), 23.75, spread()),
        with_profile(open(states(Correlation::Node), 23.75, spread()), profile()),
        with_profile(open(batches, 25.0, spread()), profile()),
        by_the_clock,
    ];
    Model {
        replications: 3,
        ..model(s(120.0), NODES, tcp_endpoints(3), workloads, plans)
    }
}

fn buckets(ports: u32) -> PoolPlan {
    let grouping = Grouping::Buckets {
        ips: 2,
        instances: 2,
        choice: IpChoice::Random,
    };
    plan(grouping, ports, NO_HOLDS)
}

#[test]
fn all_outbound_types_meet_the_same_connections() {
    let plans = [
        by_node(PLENTY),
        plan(Grouping::Shared, PLENTY, NO_HOLDS),
        buckets(PLENTY),
    ];
    let run = simulate(&all_kinds(plans), Detail::Full, &|_, _| {});
    let [by_node, shared, buckets] = &run.outbounds[..] else {
        unreachable!("three plans")
    };
    let by_node = by_node.as_ref().expect("it was run");
    for other in [shared, buckets] {
        let other = other.as_ref().expect("it was run");
        for (a, b) in by_node.replications.iter().zip(&other.replications) {
            assert!(a.total.offered > 10_000, "{}", a.total.offered);
            // Counts, and every nanosecond of every port by its cause: instants, lifetimes and ends are the same.
            assert_eq!(a.total, b.total);
            assert_eq!(a.by_destination, b.by_destination);
            assert_eq!(a.by_workload, b.by_workload);
        }
    }
}

#[test]
fn threads_do_not_matter() {
    let model = all_kinds([
        by_node(8),
        plan(Grouping::Shared, 300, NO_HOLDS),
        buckets(80),
    ]);
    let on = |threads: usize| -> RunResult {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool of threads")
            .install(|| simulate(&model, Detail::Full, &|_, _| {}))
    };
    let (one, four) = (on(1), on(4));
    for (one, four) in one.outbounds.iter().zip(&four.outbounds) {
        let (one, four) = (
            one.as_ref().expect("it was run"),
            four.as_ref().expect("it was run"),
        );
        assert!(one.replications.iter().all(|run| run.total.failed > 0));
        assert_eq!(one.replications, four.replications);
        assert_eq!(one.mean_uses, four.mean_uses);
    }
}

/// Connections of one instant choose their buckets one by one: were they numbered alike on every node, all would choose
/// the same.
#[test]
fn connections_of_one_instant_spread_over_the_buckets() {
    let mut workload = open(
        OpenProcess::Poisson,
        0.0,
        mix(&[0.01; 100], &[1.0], exponential(1.0)),
    );
    if let Traffic::Open { bursts, .. } = &mut workload.traffic {
        bursts.push(Burst {
            at: s(1.0),
            every: None,
            connections: 100,
            over: s(0.0),
            stagger: s(0.0),
        });
    }
    let model = Model {
        replications: 100,
        ..model(
            s(2.0),
            100,
            tcp_endpoints(1),
            vec![workload],
            [buckets(PLENTY)],
        )
    };
    for bucket in 0..4 {
        let counts: Vec<f64> = run(&model)
            .replications
            .iter()
            .map(|run| run.by_pool[bucket].offered as f64)
            .collect();
        // Binomial: 100 × 1/4, variance 18.75.
        agrees(
            "in a bucket",
            (mean(&counts).0, (18.75f64 / 100.0).sqrt()),
            25.0,
        );
        let spread: f64 = counts.iter().map(|n| (n - 25.0).powi(2)).sum::<f64>() / 100.0;
        assert!(
            (spread / 18.75 - 1.0).abs() < ERRORS * (2.0f64 / 100.0).sqrt(),
            "{spread}"
        );
    }
}

/// Where the factor is 1 all along operational time is the clock's: the very same connections.
#[test]
fn an_even_profile_changes_nothing() {
    for process in [OpenProcess::Poisson, OpenProcess::Constant] {
        let plain = || {
            open(
                process,
                50.0,
                mix(&[0.7, 0.3], &[0.5, 0.5], exponential(2.0)),
            )
        };
        let even = Profile::new(vec![(s(0.0), 1.0), (s(2.5), 1.0)], Some(s(7.3)), s(1.1));
        let outcome = |workload: Workload| {
            let model = model(s(500.0), 2, tcp_endpoints(2), vec![workload], [by_node(30)]);
            run(&model).replications
        };
        let (plain, even) = (outcome(plain()), outcome(with_profile(plain(), even)));
        assert!(plain[0].total.failed > 100);
        assert_eq!(plain, even);
    }
}

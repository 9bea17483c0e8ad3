//! Random small models with many exact ties: the engine counts what the reference counts.

use crate::engine::{assert_same, both, engine, first, first_plan, reference};
use crate::models::{model, s};
use crate::simulator::Choices;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use snatsim::engine::{
    ActiveLimit, Ceiling, Gateways, Grouping, Holds, IpChoice, Jitter, OnIdle, PoolPlan, Protocol,
    RefusedSyn, UdpKey,
};
use snatsim::model::{Endpoint, Mix, Model, OpenProcess, Traffic, Workload};
use snatsim::record::Tally;
use snatsim::simulate::{Detail, ReplicationRun};
use snatsim::traffic::{Burst, Close, CloseKind, Connect, Law, Packets, Profile, Retry, TraceRow};
use snatsim::units::SimTime;
use std::sync::Arc;

/// Endpoints: two addresses, two ports, both protocols, and one that another destination has too.
fn endpoints() -> Vec<Endpoint> {
    let endpoint = |destination, protocol, address, port| Endpoint {
        destination,
        protocol,
        address,
        port,
    };
    vec![
        endpoint(0, Protocol::Tcp, 0, 443),
        endpoint(0, Protocol::Tcp, 1, 443),
        endpoint(1, Protocol::Tcp, 0, 443),
        endpoint(1, Protocol::Tcp, 0, 8443),
        endpoint(2, Protocol::Udp, 0, 53),
        endpoint(2, Protocol::Udp, 0, 443),
    ]
}

const NODES: u32 = 3;
const TCP_ENDPOINTS: u32 = 4;

/// Times on a grid of half a second, up to `most` halves.
fn halves(least: u64, most: u64) -> impl Strategy<Value = SimTime> {
    (least..=most).prop_map(|n| SimTime::from_nanos(n * 500_000_000))
}

fn close_kind() -> impl Strategy<Value = CloseKind> {
    prop_oneof![
        4 => Just(CloseKind::Fin),
        2 => Just(CloseKind::Rst),
        1 => Just(CloseKind::Abandon),
        1 => Just(CloseKind::Unanswered),
    ]
}

fn holds() -> impl Strategy<Value = Holds> {
    let idle = (halves(1, 40), halves(0, 6), halves(1, 40), halves(0, 6));
    (halves(0, 8), halves(0, 4), halves(0, 10), idle).prop_map(
        |(after_fin, after_rst, half_open, (idle, after_idle, udp_idle, after_udp))| Holds {
            idle,
            after_fin,
            after_rst,
            after_idle,
            half_open,
            udp_idle,
            after_udp,
        },
    )
}

fn grouping() -> impl Strategy<Value = Grouping> {
    prop_oneof![
        Just(Grouping::ByNode),
        Just(Grouping::Shared),
        by_gateway(),
        prop_oneof![Just(IpChoice::Random), Just(IpChoice::Fallback)].prop_map(|choice| {
            Grouping::Buckets {
                ips: 1,
                instances: 1,
                choice,
            }
        }),
    ]
}

/// Gateways of different sizes; some may have no node.
fn by_gateway() -> impl Strategy<Value = Grouping> {
    let sizes = prop::collection::vec(1..4u32, 1..4);
    (sizes, prop::collection::vec(0..3u32, 16)).prop_map(|(sizes, of_node)| {
        let gateways = sizes.len() as u32;
        let of_node = of_node.into_iter().map(|node| node % gateways).collect();
        Grouping::ByGateway(Arc::new(Gateways { of_node, sizes }))
    })
}

fn plan() -> impl Strategy<Value = PoolPlan> {
    let second = (1..4u32, any::<bool>())
        .prop_map(|(limit, counts_held)| ActiveLimit { limit, counts_held });
    let ceiling = (1..6u64).prop_map(|limit| Ceiling { limit });
    let udp_key = prop_oneof![Just(UdpKey::Address), Just(UdpKey::AddressAndPort)];
    let refused_syn = prop_oneof![3 => Just(RefusedSyn::Silent), 1 => Just(RefusedSyn::Reset)];
    (
        grouping(),
        1..5u32,
        prop::option::of(second),
        holds(),
        udp_key,
        prop::option::weighted(0.25, ceiling),
        refused_syn,
    )
        .prop_map(
            |(grouping, limit, active_limit, holds, udp_key, ceiling, refused_syn)| PoolPlan {
                // Nodes have no ceiling of their own in any plan.
                ceiling: ceiling.filter(|_| grouping != Grouping::ByNode),
                on_idle: OnIdle::Reset,
                grouping,
                limit,
                active_limit,
                holds,
                udp_key,
                refused_syn,
            },
        )
}

fn connect() -> impl Strategy<Value = Connect> {
    (prop::option::of(halves(1, 20)), 0..4u32, 0..3u32).prop_map(
        |(timeout, syn_retries, syn_linear_timeouts)| Connect {
            timeout,
            syn_retries,
            syn_linear_timeouts,
        },
    )
}

fn retry() -> impl Strategy<Value = Retry> {
    let factor = prop_oneof![Just(1.0), Just(2.0), Just(1.5)];
    // A whole pause grows by these factors to times that floats hold exactly.
    (1..4u32, halves(0, 6), factor).prop_map(|(attempts, backoff, factor)| Retry {
        attempts,
        backoff,
        factor,
        jitter: Jitter::NONE,
    })
}

fn rows(start: impl Strategy<Value = SimTime>, most: usize) -> impl Strategy<Value = Traffic> {
    let keepalive = prop::option::weighted(0.2, halves(1, 40));
    let row = (
        start,
        0..NODES,
        0..endpoints().len() as u32,
        halves(0, 40),
        close_kind(),
        keepalive,
    )
        .prop_map(
            |(start, node, endpoint, lifetime, close, keepalive)| TraceRow {
                start,
                node,
                endpoint,
                lifetime,
                close,
                keepalive,
            },
        );
    prop::collection::vec(row, 1..most).prop_map(|mut rows| {
        rows.sort_by_key(|row| row.start);
        Traffic::Trace(rows)
    })
}

/// Shares that floats hold exactly, over at most `most` consecutive indices from `from`.
fn shares(from: u32, most: usize) -> impl Strategy<Value = Vec<(u32, f64)>> {
    let all = [vec![1.0], vec![0.5, 0.5], vec![0.25, 0.25, 0.5]];
    let fitting: Vec<Vec<f64>> = all.into_iter().filter(|s| s.len() <= most).collect();
    prop::sample::select(fitting).prop_map(move |shares| (from..).zip(shares).collect())
}

fn even_mix() -> impl Strategy<Value = Mix> {
    let only = |kind: CloseKind| Close {
        fin: f64::from(u8::from(kind == CloseKind::Fin)),
        rst: f64::from(u8::from(kind == CloseKind::Rst)),
        abandon: f64::from(u8::from(kind == CloseKind::Abandon)),
        unanswered: f64::from(u8::from(kind == CloseKind::Unanswered)),
    };
    let endpoints = prop_oneof![shares(0, 3), shares(TCP_ENDPOINTS, 2)];
    (
        shares(0, NODES as usize),
        endpoints,
        halves(1, 30),
        close_kind(),
    )
        .prop_map(move |(nodes, endpoints, lifetime, close)| Mix {
            nodes,
            endpoints,
            lifetime: Law::Constant(lifetime),
            close: only(close),
        })
}

/// Evenly spaced arrivals at rates whose gaps are whole fractions of a second.
fn evenly_spaced() -> impl Strategy<Value = Traffic> {
    let per_second = prop_oneof![Just(0.25), Just(0.5), Just(1.0)];
    (per_second, even_mix()).prop_map(|(per_second, mix)| Traffic::Open {
        process: OpenProcess::Constant,
        per_second,
        profile: None,
        bursts: Vec::new(),
        mix,
    })
}

/// Factors that floats hold exactly, from half seconds on, again and again or once.
fn profile() -> impl Strategy<Value = Profile> {
    let factor = prop_oneof![Just(0.0), Just(0.5), Just(1.0), Just(2.0)];
    let steps = prop::collection::vec((halves(1, 30), factor), 1..4);
    (steps, any::<bool>(), 0.0..1.0f64).prop_map(|(steps, again, start)| {
        let mut at = SimTime::ZERO;
        let steps: Vec<(SimTime, f64)> = steps
            .into_iter()
            .map(|(span, factor)| {
                let from = at;
                at = at + span;
                (from, factor)
            })
            .collect();
        let halves_into = (at.as_secs_f64() * 2.0 * start).floor();
        Profile::new(steps, again.then_some(at), s(halves_into / 2.0))
    })
}

fn burst() -> impl Strategy<Value = Burst> {
    (
        halves(0, 200),
        prop::option::of(halves(1, 60)),
        1..20u64,
        halves(0, 20),
        halves(0, 12),
    )
        .prop_map(|(at, every, connections, over, stagger)| Burst {
            at,
            every,
            connections,
            over: over.min(every.unwrap_or(over)),
            stagger,
        })
}

/// Evenly spaced arrivals that a profile moves, and bursts beside them.
fn moved() -> impl Strategy<Value = Traffic> {
    let bursts = prop::collection::vec(burst(), 0..3);
    let parts = (evenly_spaced(), prop::option::of(profile()), bursts);
    parts.prop_map(|(mut traffic, moved_by, by_the_clock)| {
        if let Traffic::Open {
            profile, bursts, ..
        } = &mut traffic
        {
            (*profile, *bursts) = (moved_by, by_the_clock);
        }
        traffic
    })
}

fn clients() -> impl Strategy<Value = Traffic> {
    (1..9u64, halves(1, 10), even_mix()).prop_map(|(clients, think, mix)| Traffic::Closed {
        clients,
        think: Law::Constant(think),
        mix,
    })
}

fn workload(traffic: impl Strategy<Value = Traffic>) -> impl Strategy<Value = Workload> {
    (traffic, connect(), retry()).prop_map(|(traffic, connect, retry)| Workload {
        name: "workload".to_owned(),
        traffic,
        connect,
        retry,
        packets: Packets::default(),
        pool: None,
    })
}

fn models(
    workload: impl Strategy<Value = Workload>,
    most: usize,
    plan: impl Strategy<Value = PoolPlan>,
) -> impl Strategy<Value = Model> {
    let workloads = prop::collection::vec(workload, 1..=most);
    (workloads, plan, halves(120, 400), 0.0..0.75f64, 1..3u32).prop_map(
        |(workloads, plan, duration, before, replications)| {
            let halves_before = (duration.as_secs_f64() * 2.0 * before).floor();
            Model {
                warmup: s(halves_before / 2.0),
                replications,
                ..model(duration, NODES as usize, endpoints(), workloads, [plan])
            }
        },
    )
}

/// Runs `check` on `cases` models, the same ones every time.
fn on(cases: u32, models: impl Strategy<Value = Model>, check: impl Fn(&Model)) {
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(24_601),
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&models, |model| {
        check(&model);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// Times that no two events share: a prime's worth of nanoseconds apart from the grid.
fn without_ties() -> impl Strategy<Value = SimTime> {
    (0..29_000_000u64).prop_map(|n| SimTime::from_nanos(n * 2_003 + 17))
}

#[test]
fn a_trace_without_ties_counts_the_same() {
    on(
        256,
        models(workload(rows(without_ties(), 80)), 2, plan()),
        |model| {
            both(model);
        },
    );
}

#[test]
fn a_trace_full_of_ties_counts_the_same() {
    on(
        512,
        models(workload(rows(halves(0, 119), 120)), 3, plan()),
        |model| {
            both(model);
        },
    );
}

#[test]
fn evenly_spaced_arrivals_count_the_same() {
    on(
        1_000,
        models(workload(evenly_spaced()), 2, plan()),
        |model| {
            both(model);
        },
    );
}

#[test]
fn profiles_and_bursts_count_the_same() {
    on(1_000, models(workload(moved()), 3, plan()), |model| {
        both(model);
    });
}

#[test]
fn clients_that_wait_count_the_same() {
    on(1_000, models(workload(clients()), 2, plan()), |model| {
        both(model);
    });
}

#[test]
fn all_kinds_of_traffic_together_count_the_same() {
    let any = prop_oneof![
        rows(halves(0, 119), 60),
        evenly_spaced(),
        moved(),
        clients()
    ];
    on(1_000, models(workload(any), 4, plan()), |model| {
        both(model);
    });
}

#[test]
fn a_table_counts_what_the_full_detail_counts_but_for_series_and_holds() {
    on(
        64,
        models(workload(rows(halves(0, 119), 80)), 2, plan()),
        |model| {
            let (full, table) = (engine(model, Detail::Full), engine(model, Detail::Table));
            let (full, table) = (first(&full), first(&table));
            for (full, table) in full.replications.iter().zip(&table.replications) {
                assert_eq!(table.minutes, None);
                assert_eq!(without_detail(full), without_detail(table));
            }
            assert_eq!(full.connect_latency.count(), table.connect_latency.count());
            assert_eq!(full.connect_latency.mean(), table.connect_latency.mean());
            assert_eq!(table.port_hold.count(), 0);
        },
    );
}

fn without_detail(run: &ReplicationRun) -> ReplicationRun {
    let bare = |tallies: &[Tally]| tallies.iter().map(bare_tally).collect();
    ReplicationRun {
        taken_back: Vec::new(),
        highest_use: None,
        total: bare_tally(&run.total),
        by_pool: bare(&run.by_pool),
        by_destination: bare(&run.by_destination),
        by_workload: bare(&run.by_workload),
        minutes: None,
        ..run.clone()
    }
}

fn bare_tally(tally: &Tally) -> Tally {
    Tally {
        port_nanos: [0; 6],
        ..tally.clone()
    }
}

/// Which bucket a try draws is the engine's own affair: what must hold whichever it draws.
#[test]
fn whichever_buckets_are_drawn_the_counters_add_up() {
    let choice = prop_oneof![Just(IpChoice::Random), Just(IpChoice::Fallback)];
    let buckets = (plan(), 1..4u32, 1..4u32, choice).prop_map(|(plan, ips, instances, choice)| {
        let grouping = Grouping::Buckets {
            ips,
            instances,
            choice,
        };
        PoolPlan { grouping, ..plan }
    });
    on(
        256,
        models(workload(rows(halves(0, 119), 120)), 2, buckets),
        |model| {
            let result = engine(model, Detail::Full);
            for replication in &first(&result).replications {
                assert_adds_up(model, replication);
            }
        },
    );
}

/// The identities among the figures of one replication.
fn assert_adds_up(model: &Model, run: &ReplicationRun) {
    let total = &run.total;
    let outcomes = total.established + total.failed + total.unanswered + total.pending;
    assert_eq!(total.offered, outcomes);
    assert!(total.broken <= total.established && total.delayed <= total.established);
    assert!(total.offered <= total.tries && total.tries <= total.syns);
    assert!(total.refused_first <= total.refused_syns && total.refused_syns <= total.syns);
    for groups in [&run.by_pool, &run.by_destination, &run.by_workload] {
        let mut sum = Tally::default();
        groups.iter().for_each(|group| sum.add(group));
        assert_eq!(sum, *total);
    }
    let in_window = |workload: &Workload| match &workload.traffic {
        Traffic::Trace(rows) => {
            let offered = rows.iter().filter(|row| row.start >= model.warmup);
            offered.filter(|row| row.start < model.duration).count() as u64
        }
        _ => unreachable!("only traces here"),
    };
    for (workload, tally) in model.workloads.iter().zip(&run.by_workload) {
        assert_eq!(tally.offered, in_window(workload));
    }
    let plan = first_plan(model);
    assert!(run.peak_used.iter().all(|peak| *peak <= plan.limit));
    if let Some(second) = plan.active_limit {
        assert!(run.peak_active.iter().all(|peak| *peak <= second.limit));
    }
    let minutes = run.minutes.as_ref().expect("minutes in full detail");
    for (pool, refused) in run.refused.iter().enumerate() {
        let of_pool = pool * minutes.minutes..(pool + 1) * minutes.minutes;
        let in_minutes = minutes.refused[of_pool.clone()]
            .iter()
            .any(|count| *count > 0);
        assert_eq!(*refused, in_minutes);
        assert_eq!(
            minutes.peak[of_pool].iter().max(),
            Some(&run.peak_used[pool])
        );
    }
    let window = (model.duration - model.warmup).as_nanos();
    let most = u128::from(window)
        * u128::from(plan.limit)
        * run.by_pool.len() as u128
        * model.endpoints.len() as u128;
    assert!(total.port_nanos.iter().sum::<u128>() <= most);
}

#[test]
fn threads_never_matter() {
    on(
        16,
        models(workload(rows(halves(0, 119), 120)), 3, plan()),
        |model| {
            let expected = reference(model, &Choices::FIXED);
            for threads in [1, 2, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let result = pool.unwrap().install(|| engine(model, Detail::Full));
                assert_same(&result, &expected);
            }
        },
    );
}

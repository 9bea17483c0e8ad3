//! Connections that fall idle inside their lives, and pools of connections: by hand, and against loads without pools.

#[path = "support/models.rs"]
#[allow(dead_code)]
mod models;

use models::*;
use snatsim::engine::{Grouping, OnIdle, PoolPlan};
use snatsim::model::{Mix, Traffic, Workload};
use snatsim::record::{Cause, Requests};
use snatsim::simulate::{Detail, OutboundRun, simulate};
use snatsim::traffic::words::Replicas;
use snatsim::traffic::{Close, Instances, Law, Packets, PoolSettings, Retry};
use snatsim::units::SimTime;

/// A pool of its own for every node, without limits.
const UNLIMITED: PoolSettings = PoolSettings {
    instances: Instances::PerNode(1),
    max_idle: None,
    max_open: None,
    idle_timeout: None,
    max_lifetime: None,
    keepalive: None,
};

fn run(duration: f64, nodes: usize, workload: &Workload, plan: PoolPlan) -> OutboundRun {
    let workloads = vec![workload.clone()];
    let model = model(s(duration), nodes, tcp_endpoints(2), workloads, [plan]);
    let mut run = simulate(&model, Detail::Full, &|_, _| {});
    run.outbounds.remove(0).expect("a plan that can be run")
}

fn under(on_idle: OnIdle) -> PoolPlan {
    PoolPlan {
        on_idle,
        ..plan(Grouping::ByNode, 100, NO_HOLDS)
    }
}

/// One connection at 0 that lives for 1,000 s and sends a packet every 300 s, where ports idle out after 240 s.
fn quiet(reconnects: bool) -> Workload {
    let thousand = Law::Constant(SimTime::from_secs(1_000));
    Workload {
        packets: Packets {
            gap: None,
            keepalive: Some(SimTime::from_secs(300)),
            reconnects,
        },
        ..workload(constant(1e-4, mix(&[1.0], &[1.0], thousand)))
    }
}

/// (offered, broken, port seconds while open, and while idle) of one quiet connection and what is opened in its place.
fn of_quiet(on_idle: OnIdle, reconnects: bool) -> (u64, u64, u64, u64) {
    let run = run(2_000.0, 1, &quiet(reconnects), under(on_idle));
    let total = &run.replications[0].total;
    let seconds = |cause: Cause| (total.port_nanos[cause as usize] / 1_000_000_000) as u64;
    (
        total.offered,
        total.broken,
        seconds(Cause::Open),
        seconds(Cause::Idle),
    )
}

#[test]
fn owners_reconnect_when_they_learn_that_the_port_is_gone() {
    for on_idle in [OnIdle::Reset, OnIdle::ResetNextPacket, OnIdle::Silent] {
        assert_eq!(of_quiet(on_idle, false), (1, 1, 0, 240));
    }
    // At 0, 240, 480, 720 and, for the last 40 s, 960.
    assert_eq!(of_quiet(OnIdle::Reset, true), (5, 4, 40, 960));
    // At 0, 300, 600 and, for the last 100 s, 900.
    assert_eq!(of_quiet(OnIdle::ResetNextPacket, true), (4, 3, 100, 720));
    // Linux would give up 924.6 s after the packet at 300 s: too late.
    assert_eq!(of_quiet(OnIdle::Silent, true), (1, 1, 0, 240));
}

#[test]
fn clients_think_when_they_have_learned() {
    let seconds = |value| Law::Constant(SimTime::from_secs(value));
    let client = Workload {
        traffic: Traffic::Closed {
            clients: 1,
            think: seconds(100),
            mix: mix(&[1.0], &[1.0], seconds(1_000)),
        },
        ..quiet(false)
    };
    let found = |on_idle| {
        let run = run(2_000.0, 1, &client, under(on_idle));
        let total = &run.replications[0].total;
        (total.offered, total.broken)
    };
    // At 100, 440, … 1,800 s; the last breaks after the end.
    assert_eq!(found(OnIdle::Reset), (6, 5));
    // At 100, 500, … 1,700 s.
    assert_eq!(found(OnIdle::ResetNextPacket), (5, 5));
    // At 100 and 1,200 s: Linux gives up later than the client closes.
    assert_eq!(found(OnIdle::Silent), (2, 2));
}

/// The same connections break under every type, whoever shares the ports.
#[test]
fn what_breaks_does_not_depend_on_who_shares_the_ports() {
    let lifetime = Law::exponential(1_000.0).expect("a law");
    let workload = Workload {
        packets: Packets {
            gap: Some(Law::exponential(100.0).expect("a law")),
            ..Packets::default()
        },
        ..workload(poisson(1.0, mix(&[0.25; 4], &[0.5; 2], lifetime)))
    };
    let broken = |grouping| {
        let run = run(4_000.0, 4, &workload, plan(grouping, 10_000, NO_HOLDS));
        let total = &run.replications[0].total;
        (total.offered, total.broken, total.port_nanos)
    };
    let by_node = broken(Grouping::ByNode);
    assert!(by_node.1 > 1_000, "{by_node:?}");
    assert_eq!(by_node, broken(Grouping::Shared));
}

/// Requests evenly spaced on 3 nodes to 2 endpoints, their lives and ends drawn.
fn requests(per_second: f64, settings: Option<PoolSettings>) -> Workload {
    let lifetime = Law::exponential(2.0).expect("a law");
    let mix = Mix {
        close: Close {
            fin: 0.6,
            rst: 0.2,
            abandon: 0.1,
            unanswered: 0.1,
        },
        ..mix(&[0.5, 0.3, 0.2], &[0.6, 0.4], lifetime)
    };
    Workload {
        retry: Retry {
            attempts: 2,
            ..ONE_TRY
        },
        pool: settings,
        ..workload(constant(per_second, mix))
    }
}

#[test]
fn a_pool_that_keeps_nothing_is_no_pool() {
    let keeps_nothing = PoolSettings {
        max_idle: Some(0),
        ..UNLIMITED
    };
    for plan in [
        plan(Grouping::ByNode, 40, NAT_GATEWAY_HOLDS),
        plan(Grouping::Shared, 120, LOAD_BALANCER_HOLDS),
        nat_gateway(1, false),
    ] {
        let pooled = run(900.0, 3, &requests(5.0, Some(keeps_nothing)), plan.clone());
        let plain = run(900.0, 3, &requests(5.0, None), plan);
        assert_eq!(pooled.replications, plain.replications);
        assert!(plain.replications[0].total.offered > 4_000);
    }
}

fn fates(run: &OutboundRun) -> &Requests {
    &run.requests[&0]
}

/// A pool without limits opens a connection only when all are in use, so it holds as many as were ever in use at once.
/// How many are in use is M/G/infinity: Poisson with mean arrival rate times mean use.
#[test]
fn a_pool_without_limits_holds_the_peak_of_what_is_used() {
    let lifetime = || Law::exponential(2.0).expect("a law");
    let never = under(OnIdle::Reset);
    let never = PoolPlan {
        holds: snatsim::engine::Holds {
            idle: SimTime::from_secs(1_000_000),
            ..never.holds
        },
        ..never
    };
    let evenly = |pool| Workload {
        pool,
        ..workload(constant(10.0, mix(&[1.0], &[1.0], lifetime())))
    };
    let pooled = run(3_600.0, 1, &evenly(Some(UNLIMITED)), never.clone());
    let plain = run(3_600.0, 1, &evenly(None), never.clone());
    let peak = plain.replications[0].peak_used[0];
    assert_eq!(pooled.replications[0].peak_used[0], peak);
    assert_eq!(pooled.replications[0].total.established, u64::from(peak));
    assert_eq!(fates(&pooled).opened, u64::from(peak));
    assert_eq!(
        fates(&pooled).reused + fates(&pooled).opened,
        fates(&pooled).made
    );

    let at_random = Workload {
        pool: Some(UNLIMITED),
        ..workload(poisson(10.0, mix(&[1.0], &[1.0], lifetime())))
    };
    let held = run(3_600.0, 1, &at_random, never).replications[0].peak_used[0];
    // In use at an instant: Poisson with mean 20. 3,600 s are 1,800 mean uses, so the peak lies above the quantile that
    // is exceeded once in 60 of them, and below the one that is exceeded once in 10^9 of 36,000 arrivals.
    let quantile = |exceeded: f64| {
        let (mut term, mut below, mut n) = ((-20.0f64).exp(), 0.0, 0u32);
        while 1.0 - (below + term) > exceeded {
            below += term;
            n += 1;
            term *= 20.0 / f64::from(n);
        }
        n
    };
    assert!(
        (quantile(1.0 / 60.0)..=quantile(1e-9 / 36_000.0)).contains(&held),
        "{held}"
    );
}

/// A request every 300 s through one pool, where idle connections are lost after 240 s.
fn every_five_minutes(on_idle: OnIdle, settings: PoolSettings) -> (OutboundRun, u64) {
    let second = Law::Constant(SimTime::from_secs(1));
    let workload = Workload {
        pool: Some(settings),
        ..workload(constant(1.0 / 300.0, mix(&[1.0], &[1.0], second)))
    };
    // At 0, 300, 600 and 900 s.
    let run = run(1_000.0, 1, &workload, under(on_idle));
    let broken = run.replications[0].total.broken;
    (run, broken)
}

#[test]
fn a_pool_finds_lost_connections_at_once_at_the_next_request_or_a_quarter_of_an_hour_later() {
    let (told, broken) = every_five_minutes(OnIdle::Reset, UNLIMITED);
    assert_eq!(
        (fates(&told).opened, fates(&told).broken, broken),
        (4, 0, 3)
    );
    let (later, broken) = every_five_minutes(OnIdle::ResetNextPacket, UNLIMITED);
    assert_eq!(
        (fates(&later).opened, fates(&later).broken, broken),
        (4, 3, 3)
    );
    assert_eq!(fates(&later).wait.max(), Some(0.0));
    // The request of 300 s hangs to the end; those after it open a connection, which the next one finds lost.
    let (never, broken) = every_five_minutes(OnIdle::Silent, UNLIMITED);
    assert_eq!(
        (fates(&never).opened, fates(&never).broken, broken),
        (2, 2, 2)
    );
    assert_eq!(fates(&never).made, 4);
}

#[test]
fn keepalives_and_short_idle_timeouts_of_the_pool_spare_it_that() {
    let kept = PoolSettings {
        keepalive: Some(SimTime::from_secs(60)),
        ..UNLIMITED
    };
    let (run, broken) = every_five_minutes(OnIdle::ResetNextPacket, kept);
    assert_eq!((fates(&run).opened, fates(&run).reused, broken), (1, 3, 0));
    let closed = PoolSettings {
        idle_timeout: Some(SimTime::from_secs(90)),
        ..UNLIMITED
    };
    let (run, broken) = every_five_minutes(OnIdle::ResetNextPacket, closed);
    assert_eq!((fates(&run).opened, fates(&run).broken, broken), (4, 0, 0));
    // Each is held for 1 s of use and 90 s idle.
    let open = run.replications[0].total.port_nanos[Cause::Open as usize];
    assert_eq!(open, 4 * 91 * 1_000_000_000);
}

#[test]
fn requests_wait_for_a_pool_that_may_not_open_another_connection() {
    let one = PoolSettings {
        max_open: Some(1),
        ..UNLIMITED
    };
    // A request every 2 s that takes 3 s: the n-th waits n seconds.
    let three = Law::Constant(SimTime::from_secs(3));
    let workload = Workload {
        pool: Some(one),
        ..workload(constant(0.5, mix(&[1.0], &[1.0], three)))
    };
    let run = run(60.5, 1, &workload, under(OnIdle::Reset));
    let found = fates(&run);
    assert_eq!((found.made, found.opened, found.queued), (31, 1, 30));
    // The connection is free at 3, 6, … 60 s.
    assert_eq!((found.reused, found.wait.max()), (20, Some(20.0)));
}

/// Three replicas on two nodes: the scheduler puts two on the first, and every one has a pool that opens one connection.
#[test]
fn every_replica_has_a_pool_of_its_own() {
    let peaks = |noisy: Option<f64>, nodes: &[f64]| {
        let replicas = Replicas { count: 3, noisy };
        let second = Law::Constant(SimTime::from_secs(1));
        let workload = Workload {
            pool: Some(PoolSettings {
                instances: Instances::Replicas {
                    replicas,
                    first: 0,
                    nodes: 2,
                },
                max_open: Some(1),
                ..UNLIMITED
            }),
            ..workload(poisson(10.0, mix(nodes, &[1.0], second)))
        };
        let run = run(600.0, 2, &workload, plan(Grouping::ByNode, 100, NO_HOLDS));
        run.replications[0].peak_used.clone()
    };
    assert_eq!(peaks(None, &[2.0 / 3.0, 1.0 / 3.0]), [2, 1]);
    // The noisy replica makes all requests.
    assert_eq!(peaks(Some(1.0), &[1.0]), [1, 0]);
}

//! The reference itself against cases counted by hand.

use crate::engine::{both, reference};
use crate::expand::{deal, expand};
use crate::models::{
    FIN, NAT_GATEWAY_HOLDS, NO_HOLDS, ONE_SYN, ONE_TRY, constant, firewall, load_balancer, mix,
    model, nat_gateway, plan, row, s, tcp_endpoints, workload,
};
use crate::simulator::{Choices, syn_schedule};
use snatsim::engine::{ActiveLimit, Ceiling, Grouping, Jitter, PoolPlan, Protocol, RefusedSyn};
use snatsim::model::{Endpoint, Model, Traffic, Workload};
use snatsim::record::{Cause, Tally};
use snatsim::traffic::{Close, CloseKind, Connect, Law, Retry, TraceRow};
use snatsim::units::SimTime;

fn traced(duration: f64, plan: PoolPlan, rows: Vec<TraceRow>) -> Model {
    let workloads = vec![workload(Traffic::Trace(rows))];
    model(s(duration), 1, tcp_endpoints(2), workloads, [plan])
}

fn with(model: Model, connect: Connect, retry: Retry) -> Model {
    let workloads = model.workloads.iter().cloned();
    let workloads = workloads
        .map(|w| Workload {
            connect,
            retry,
            ..w
        })
        .collect();
    Model { workloads, ..model }
}

fn one_port() -> PoolPlan {
    plan(Grouping::ByNode, 1, NO_HOLDS)
}

fn seconds(values: &[u64]) -> Vec<SimTime> {
    values.iter().copied().map(SimTime::from_secs).collect()
}

fn port_seconds(tally: &Tally, cause: Cause) -> f64 {
    tally.port_nanos[cause as usize] as f64 / 1e9
}

#[test]
fn syns_of_a_try_follow_the_kernels_schedule() {
    let connect = |syn_retries, syn_linear_timeouts, timeout: Option<u64>| Connect {
        timeout: timeout.map(SimTime::from_secs),
        syn_retries,
        syn_linear_timeouts,
    };
    let schedule = |c| syn_schedule(&c);
    let ubuntu = (seconds(&[0, 1, 3, 7, 15, 31, 63]), SimTime::from_secs(127));
    assert_eq!(schedule(connect(6, 0, None)), ubuntu);
    let linear = seconds(&[0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67]);
    assert_eq!(
        schedule(connect(6, 4, None)),
        (linear, SimTime::from_secs(131))
    );
    assert_eq!(schedule(ONE_SYN), (seconds(&[0]), SimTime::from_secs(1)));
    let capped = seconds(&[0, 1, 3, 7, 15, 31, 63, 127]);
    assert_eq!(
        schedule(connect(7, 0, None)),
        (capped, SimTime::from_secs(247))
    );
    let cut = (seconds(&[0, 1, 3]), SimTime::from_secs(7));
    assert_eq!(schedule(connect(6, 0, Some(7))), cut);
    let patient = (seconds(&[0, 1]), SimTime::from_secs(3));
    assert_eq!(schedule(connect(1, 0, Some(900))), patient);
}

#[test]
fn clients_are_dealt_by_largest_remainder_ties_to_the_lower_index() {
    assert_eq!(deal(5, &[0.5, 0.5]), [3, 2]);
    assert_eq!(deal(10, &[0.25, 0.5, 0.25]), [3, 5, 2]);
    assert_eq!(deal(3, &[0.125, 0.625, 0.25]), [0, 2, 1]);
}

#[test]
fn constant_arrivals_are_spaced_evenly_and_offset_by_the_shares_before() {
    let mix = mix(&[0.5, 0.5], &[0.25, 0.75], Law::Constant(s(1.0)));
    let workloads = vec![workload(constant(2.0, mix))];
    let model = model(s(3.0), 2, tcp_endpoints(2), workloads, [one_port()]);
    let mut found: Vec<(u32, u32, f64)> = expand(&model)
        .connections
        .iter()
        .map(|c| (c.node, c.endpoint, c.at.as_secs_f64()))
        .collect();
    found.sort_by(|a, b| a.2.total_cmp(&b.2));
    // Shares 1/8, 3/8, 1/8, 3/8; per second 1/4, 3/4, 1/4, 3/4; offsets 0, 1/8, 1/2, 5/8 of a gap.
    let of_thirds = |count: f64| SimTime::from_secs_f64(count / 0.75).as_secs_f64();
    let expected = [
        (0, 0, 0.0),
        (0, 1, of_thirds(0.125)),
        (1, 1, of_thirds(0.625)),
        (0, 1, of_thirds(1.125)),
        (1, 0, 2.0),
        (1, 1, of_thirds(1.625)),
        (0, 1, of_thirds(2.125)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_port_serves_again_when_its_hold_down_is_over_and_not_before() {
    let holds = snatsim::engine::Holds {
        after_fin: s(2.0),
        ..NO_HOLDS
    };
    let fin = |start| row(start, 3.0, CloseKind::Fin);
    let plan = plan(Grouping::ByNode, 1, holds);
    let r = both(&traced(60.0, plan, vec![fin(0.0), fin(4.5), fin(5.0)])).replication;
    assert_eq!((r.total.established, r.total.failed), (2, 1));
    assert_eq!(r.first_failure.unwrap().at, s(4.5));
    assert_eq!(port_seconds(&r.total, Cause::Open), 6.0);
    assert_eq!(port_seconds(&r.total, Cause::FinHold), 4.0);
}

#[test]
fn a_hold_of_zero_needs_a_free_port_and_counts_in_the_peak() {
    let blink = row(1.0, 0.0, CloseKind::Fin);
    let r = both(&traced(60.0, one_port(), vec![blink, blink, blink])).replication;
    assert_eq!((r.total.established, r.peak_used[0]), (3, 1));
    let minutes = r.minutes.unwrap();
    assert_eq!((minutes.peak, minutes.granted), (vec![1], vec![3]));
    let busy = row(0.0, 5.0, CloseKind::Fin);
    let r = both(&traced(60.0, one_port(), vec![busy, blink])).replication;
    assert_eq!((r.total.failed, r.peak_used[0]), (1, 1));
}

#[test]
fn a_refused_syn_is_sent_again_until_a_port_comes_back() {
    let rows = vec![
        row(0.0, 10.0, CloseKind::Fin),
        row(1.0, 1.0, CloseKind::Fin),
    ];
    let patient = Connect {
        syn_retries: 6,
        ..ONE_SYN
    };
    let f = both(&with(traced(60.0, one_port(), rows), patient, ONE_TRY));
    let t = f.replication.total;
    assert_eq!((t.established, t.delayed, t.refused_first), (2, 1, 1));
    assert_eq!((t.tries, t.syns, t.refused_syns), (2, 6, 4));
    assert_eq!(
        f.connect_latency.max(),
        Some(15.0),
        "SYNs at 1, 2, 4, 8 and 16 s"
    );
    assert_eq!(f.replication.first_failure, None, "it did not fail");
}

#[test]
fn a_syn_that_is_due_when_the_try_ends_is_not_sent() {
    let rows = vec![row(0.0, 3.5, CloseKind::Fin), row(1.0, 1.0, CloseKind::Fin)];
    let connect = |timeout| Connect {
        timeout: Some(s(timeout)),
        syn_retries: 6,
        syn_linear_timeouts: 0,
    };
    let cut = both(&with(
        traced(60.0, one_port(), rows.clone()),
        connect(3.0),
        ONE_TRY,
    ));
    assert_eq!(
        (cut.replication.total.failed, cut.replication.total.syns),
        (1, 3)
    );
    let longer = both(&with(traced(60.0, one_port(), rows), connect(3.5), ONE_TRY));
    assert_eq!(
        (
            longer.replication.total.failed,
            longer.replication.total.syns
        ),
        (0, 4)
    );
}

#[test]
fn at_one_instant_releases_come_first_then_retransmits_then_arrivals() {
    let rows = vec![
        row(0.0, 4.0, CloseKind::Fin),
        row(3.0, 1.0, CloseKind::Fin),
        row(4.0, 1.0, CloseKind::Fin),
    ];
    let once_more = Connect {
        syn_retries: 1,
        timeout: Some(s(1.5)),
        ..ONE_SYN
    };
    let f = both(&with(traced(5.0, one_port(), rows), once_more, ONE_TRY));
    let t = f.replication.total;
    assert_eq!((t.established, t.delayed, t.pending), (2, 1, 1));
    assert_eq!(f.connect_latency.max(), Some(1.0), "the one of 3 s");
}

#[test]
fn of_two_retransmits_at_one_instant_the_earlier_scheduled_comes_first() {
    // The row of 0 s sends at 0, 1 and 3 s, the row of 2 s at 2 and 3 s; the port is free at 3 s.
    let mut rows = vec![
        row(0.0, 3.0, CloseKind::Fin),
        row(0.0, 9.0, CloseKind::Fin),
        row(2.0, 9.0, CloseKind::Fin),
    ];
    for node in 0..2 {
        rows[1].node = node;
        rows[2].node = 1 - node;
        let twice = Connect {
            syn_retries: 2,
            timeout: Some(s(3.5)),
            ..ONE_SYN
        };
        let workloads = vec![workload(Traffic::Trace(rows.clone()))];
        let shared = plan(Grouping::Shared, 1, NO_HOLDS);
        let m = model(s(9.0), 2, tcp_endpoints(1), workloads, [shared]);
        let f = both(&with(m, twice, ONE_TRY));
        assert_eq!(f.connect_latency.max(), Some(3.0), "the row of 0 s got it");
    }
}

#[test]
fn pauses_between_tries_run_from_the_end_of_a_try_and_grow() {
    let rows = vec![
        row(0.0, 50.0, CloseKind::Fin),
        row(0.0, 1.0, CloseKind::Fin),
    ];
    let retry = Retry {
        attempts: 3,
        backoff: s(1.0),
        factor: 2.0,
        jitter: Jitter::NONE,
    };
    // Tries at 0, 2 and 5 s, each of one second.
    let at = |duration| {
        let m = with(traced(duration, one_port(), rows.clone()), ONE_SYN, retry);
        both(&m).replication
    };
    let decided = at(6.5);
    assert_eq!((decided.total.failed, decided.total.tries), (1, 4));
    assert_eq!(decided.first_failure.unwrap().at, s(0.0));
    let undecided = at(6.0);
    assert_eq!((undecided.total.pending, undecided.total.tries), (1, 4));
    assert_eq!(undecided.first_failure, None);
    assert_eq!(
        at(5.0).total.tries,
        3,
        "no SYN is sent at the end of the run"
    );
}

#[test]
fn an_unanswered_try_holds_its_port_from_the_grant_to_the_last_syn_and_the_half_open_time() {
    let rows = vec![row(0.0, 5.0, CloseKind::Unanswered)];
    let connect = Connect {
        syn_retries: 2,
        ..ONE_SYN
    };
    let f = both(&with(traced(60.0, one_port(), rows), connect, ONE_TRY));
    let t = &f.replication.total;
    assert_eq!((t.unanswered, t.syns, t.refused_syns), (1, 3, 0));
    assert_eq!(
        port_seconds(t, Cause::HalfOpen),
        33.0,
        "SYNs at 0, 1 and 3 s"
    );
    assert_eq!(f.connect_latency.count(), 0);
    assert_eq!(f.port_hold.max(), Some(33.0));
    assert_eq!(f.replication.minutes.unwrap().granted, [1]);
}

#[test]
fn every_try_of_an_unanswered_connection_takes_a_port_of_its_own() {
    let rows = vec![row(0.0, 5.0, CloseKind::Unanswered)];
    let twice = Retry {
        attempts: 2,
        ..ONE_TRY
    };
    // One SYN at 0 s, given up at 1 s, the next at 2 s; the first port is held until 30 s.
    let two = plan(Grouping::ByNode, 2, NO_HOLDS);
    let r = both(&with(traced(60.0, two, rows.clone()), ONE_SYN, twice)).replication;
    assert_eq!(
        (r.total.unanswered, r.total.tries, r.peak_used[0]),
        (1, 2, 2)
    );
    let r = both(&with(traced(60.0, one_port(), rows), ONE_SYN, twice)).replication;
    assert_eq!(
        (r.total.failed, r.total.refused_syns),
        (1, 1),
        "its last try had no port"
    );
    assert_eq!(r.first_failure.unwrap().at, s(2.0));
}

#[test]
fn an_abandoned_connection_is_held_through_the_idle_timeout() {
    let rows = vec![row(10.0, 5.0, CloseKind::Abandon)];
    let holds = snatsim::engine::Holds {
        after_idle: s(7.0),
        ..NO_HOLDS
    };
    let counted = PoolPlan {
        active_limit: Some(ActiveLimit {
            limit: 1,
            counts_held: false,
        }),
        ..plan(Grouping::ByNode, 1, holds)
    };
    let r = both(&traced(600.0, counted, rows)).replication;
    assert_eq!(port_seconds(&r.total, Cause::Open), 5.0);
    assert_eq!(port_seconds(&r.total, Cause::Idle), 247.0);
    assert_eq!(r.total.broken, 0);
    let minutes = r.minutes.unwrap();
    assert_eq!(minutes.peak, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(
        minutes.active,
        [1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
        "active until 255 s"
    );
}

#[test]
fn keepalives_rarer_than_the_idle_timeout_break_the_connection_and_others_do_not() {
    let silent = |keepalive, lifetime| {
        let row = TraceRow {
            keepalive: Some(s(keepalive)),
            ..row(0.0, lifetime, CloseKind::Fin)
        };
        both(&traced(1_000.0, one_port(), vec![row]))
            .replication
            .total
    };
    let broken = silent(7_200.0, 500.0);
    assert_eq!((broken.established, broken.broken), (1, 1));
    assert_eq!(port_seconds(&broken, Cause::Idle), 240.0);
    assert_eq!(port_seconds(&broken, Cause::Open), 0.0);
    assert_eq!(
        silent(240.0, 240.0).broken,
        1,
        "a silence of just the idle timeout breaks"
    );
    assert_eq!(silent(239.0, 500.0).broken, 0);
    let short = silent(7_200.0, 239.0);
    assert_eq!(short.broken, 0);
    assert_eq!(port_seconds(&short, Cause::Open), 239.0);
}

/// Azure's own: 30 min on AKS's Load Balancer, 4 min on a NAT Gateway and a Firewall; Linux sends its first
/// keepalive after two hours, too late for all three.
#[test]
fn w41_w42_an_idle_connection_is_lost_at_the_idle_timeout_of_its_outbound_type() {
    let quiet = TraceRow {
        keepalive: Some(s(7_200.0)),
        ..row(0.0, 10_800.0, CloseKind::Fin)
    };
    for (plan, held) in [
        (load_balancer(1_024), 1_800.0),
        (nat_gateway(1, false), 240.0),
        (firewall(1, 1), 240.0),
    ] {
        let total = both(&traced(14_400.0, plan, vec![quiet])).replication.total;
        assert_eq!(total.broken, 1);
        assert_eq!(port_seconds(&total, Cause::Idle), held);
    }
}

#[test]
fn a_refused_udp_flow_fails_at_once_and_a_granted_one_is_held_through_idle_and_hold_down() {
    let udp = Endpoint {
        protocol: Protocol::Udp,
        ..tcp_endpoints(1)[0]
    };
    let rows = vec![
        row(0.0, 10.0, CloseKind::Unanswered),
        row(1.0, 10.0, CloseKind::Rst),
    ];
    let holds = snatsim::engine::Holds {
        udp_idle: s(20.0),
        after_udp: s(5.0),
        ..NO_HOLDS
    };
    let at = |attempts| {
        let retry = Retry {
            attempts,
            backoff: s(34.0),
            ..ONE_TRY
        };
        let connect = Connect {
            syn_retries: 6,
            ..ONE_SYN
        };
        let workloads = vec![workload(Traffic::Trace(rows.clone()))];
        let plan = plan(Grouping::ByNode, 1, holds);
        let m = model(s(600.0), 1, vec![udp], workloads, [plan]);
        both(&with(m, connect, retry)).replication.total
    };
    let once = at(1);
    assert_eq!((once.established, once.failed, once.syns), (1, 1, 2));
    assert_eq!(port_seconds(&once, Cause::Udp), 35.0);
    let twice = at(2);
    assert_eq!(
        (twice.established, twice.delayed, twice.tries),
        (2, 1, 3),
        "free at 35 s = 1 s + 34 s"
    );
}

/// `articles/load-balancer/load-balancer-outbound-connections.md`: a UDP port is busy toward an address, a TCP port
/// toward an address and port.
#[test]
fn v46_udp_to_one_address_uses_ports_up_where_tcp_reuses_them() {
    let peak = |protocol| {
        let endpoint = |port| Endpoint {
            destination: u32::from(port),
            protocol,
            address: 0,
            port,
        };
        let to = |endpoint| TraceRow {
            endpoint,
            ..row(f64::from(endpoint), 30.0, CloseKind::Fin)
        };
        let workloads = vec![workload(Traffic::Trace((0..8).map(to).collect()))];
        let endpoints = (0..8).map(endpoint).collect();
        let m = model(s(60.0), 1, endpoints, workloads, [load_balancer(8)]);
        both(&m).replication.peak_used[0]
    };
    assert_eq!((peak(Protocol::Udp), peak(Protocol::Tcp)), (8, 1));
}

#[test]
fn what_began_in_the_warm_up_holds_ports_but_is_not_counted() {
    let rows = vec![
        row(1.0, 15.0, CloseKind::Fin),
        row(12.0, 1.0, CloseKind::Fin),
        row(16.0, 1.0, CloseKind::Fin),
    ];
    let early = Model {
        warmup: s(10.0),
        ..traced(60.0, one_port(), rows)
    };
    let f = both(&early);
    let t = &f.replication.total;
    assert_eq!((t.offered, t.established, t.failed), (2, 1, 1));
    assert_eq!(port_seconds(t, Cause::Open), 6.0 + 1.0, "from 10 s on");
    assert_eq!((f.replication.peak_used[0], f.port_hold.count()), (1, 1));
    assert_eq!(f.replication.minutes.unwrap().granted, [1]);
}

#[test]
fn the_first_failure_may_lie_in_the_warm_up() {
    let rows = vec![row(1.0, 3.0, CloseKind::Fin), row(2.0, 3.0, CloseKind::Fin)];
    let early = Model {
        warmup: s(10.0),
        ..traced(60.0, one_port(), rows)
    };
    let r = both(&early).replication;
    assert_eq!((r.total.offered, r.refused[0]), (0, false));
    assert_eq!(r.first_failure.unwrap().at, s(2.0));
}

#[test]
fn a_ceiling_counts_active_connections_over_all_keys() {
    let plan = PoolPlan {
        ceiling: Some(Ceiling { limit: 2 }),
        ..plan(Grouping::Shared, 100, NAT_GATEWAY_HOLDS)
    };
    let to = |start, endpoint| TraceRow {
        endpoint,
        ..row(start, 10.0, CloseKind::Fin)
    };
    let rows = vec![to(0.0, 0), to(1.0, 1), to(2.0, 0), to(10.0, 1)];
    let r = both(&traced(60.0, plan, rows)).replication;
    assert_eq!(
        (r.total.established, r.total.failed),
        (3, 1),
        "a hold-down is not active"
    );
    assert_eq!(r.first_failure.unwrap().at, s(2.0));
    assert_eq!(r.peak_used[0], 2, "toward one key, held ports included");
}

#[test]
fn a_reset_ends_a_try_at_once() {
    let rows = vec![row(0.0, 2.0, CloseKind::Fin), row(0.5, 1.0, CloseKind::Fin)];
    let reset = PoolPlan {
        refused_syn: RefusedSyn::Reset,
        ..one_port()
    };
    let connect = Connect {
        syn_retries: 6,
        ..ONE_SYN
    };
    let twice = Retry {
        attempts: 2,
        backoff: s(1.5),
        ..ONE_TRY
    };
    let f = both(&with(traced(60.0, reset, rows), connect, twice));
    assert_eq!(
        (f.replication.total.tries, f.replication.total.syns),
        (3, 3)
    );
    assert_eq!(f.connect_latency.max(), Some(1.5));
}

#[test]
fn a_client_that_is_reset_thinks_at_once() {
    let traffic = Traffic::Closed {
        clients: 2,
        think: Law::Constant(s(2.0)),
        mix: mix(&[1.0], &[1.0], Law::Constant(s(50.0))),
    };
    let reset = PoolPlan {
        refused_syn: RefusedSyn::Reset,
        ..one_port()
    };
    let m = model(
        s(11.0),
        1,
        tcp_endpoints(1),
        vec![workload(traffic)],
        [reset],
    );
    let total = both(&m).replication.total;
    assert_eq!(
        (total.established, total.failed),
        (1, 5),
        "refused at 2, 4, ... 10 s"
    );
}

#[test]
fn a_client_thinks_from_the_end_of_a_life_or_of_the_last_try() {
    let clients = |count, ports| {
        let traffic = Traffic::Closed {
            clients: count,
            think: Law::Constant(s(2.0)),
            mix: mix(&[1.0], &[1.0], Law::Constant(s(3.0))),
        };
        let plan = plan(Grouping::ByNode, ports, NAT_GATEWAY_HOLDS);
        let m = model(
            s(61.0),
            1,
            tcp_endpoints(1),
            vec![workload(traffic)],
            [plan],
        );
        both(&m).replication.total
    };
    // At 2, 7, 12, ... 57 s.
    assert_eq!(clients(1, 100).established, 12);
    // With one port: the first at 2 and, refused from then on, at 7, 10, ... 58 s, a second until its try is
    // given up and two to think; the other at 2, 5, ... 59 s.
    let refused = clients(2, 1);
    assert_eq!(
        refused.established, 1,
        "the hold-down of the first outlasts the run"
    );
    assert_eq!(refused.failed, 18 + 20);
}

#[test]
fn a_connection_belongs_to_the_pool_of_its_first_try_and_a_port_to_its_own() {
    let two_buckets = firewall(2, 1);
    let one_each = PoolPlan {
        limit: 1,
        ..two_buckets
    };
    let rows = vec![row(0.0, 9.0, CloseKind::Fin), row(1.0, 9.0, CloseKind::Fin)];
    let twice = Retry {
        attempts: 2,
        ..ONE_TRY
    };
    let m = with(traced(60.0, one_each, rows), ONE_SYN, twice);
    let choices = Choices {
        jitter: &|_, _| 0.0,
        bucket: &|_, tries| (0, tries - 1),
    };
    let f = reference(&m, &choices);
    let [first, second] = &f.replication.by_pool[..] else {
        panic!("two buckets")
    };
    assert_eq!((first.established, second.established), (2, 0));
    assert_eq!(
        (
            port_seconds(first, Cause::Open),
            port_seconds(second, Cause::Open)
        ),
        (9.0, 9.0)
    );
    assert_eq!(f.replication.refused, [true, false]);
}

#[test]
fn with_fallback_a_syn_takes_the_next_ip_of_its_instance_that_has_a_port() {
    let fallback = PoolPlan {
        grouping: Grouping::Buckets {
            ips: 2,
            instances: 2,
            choice: snatsim::engine::IpChoice::Fallback,
        },
        limit: 1,
        ..firewall(2, 2)
    };
    let rows = vec![row(0.0, 9.0, CloseKind::Fin); 3];
    let m = traced(60.0, fallback, rows);
    let choices = Choices {
        jitter: &|_, _| 0.0,
        bucket: &|_, _| (1, 1),
    };
    let f = reference(&m, &choices);
    assert_eq!(
        f.replication.peak_used,
        [0, 0, 1, 1],
        "the other instance is not asked"
    );
    assert_eq!(f.replication.total.failed, 1);
}

fn burst(count: u32, plan: PoolPlan) -> Model {
    let rows = (0..count).map(|i| row(f64::from(i) / 1e3, 100.0, CloseKind::Fin));
    traced(90.0, plan, rows.collect())
}

#[test]
fn w22_the_50001st_flow_of_a_nat_gateway_to_one_endpoint_fails_with_14512_ports_free() {
    let r = both(&burst(50_001, nat_gateway(1, false))).replication;
    assert_eq!((r.total.established, r.total.failed), (50_000, 1));
    assert_eq!((r.peak_used[0], r.peak_active[0]), (50_000, 50_000));
    assert_eq!(r.first_failure.unwrap().at, s(50.0));
}

/// Failed connections of evenly spaced flows that live no time, over `seconds`.
fn failed_at(rate: f64, seconds: f64, plan: PoolPlan, close: Close) -> u64 {
    let mix = snatsim::model::Mix {
        close,
        ..mix(&[1.0], &[1.0], Law::Constant(SimTime::ZERO))
    };
    let workloads = vec![workload(constant(rate, mix))];
    let m = model(s(seconds), 1, tcp_endpoints(1), workloads, [plan]);
    both(&m).replication.total.failed
}

const RST: Close = Close {
    fin: 0.0,
    rst: 1.0,
    ..FIN
};

#[test]
fn w23_a_nat_gateway_sustains_992_short_fin_flows_a_second_or_769_if_held_ports_count() {
    assert_eq!(failed_at(992.0, 70.0, nat_gateway(1, false), FIN), 0);
    assert!(failed_at(993.0, 70.0, nat_gateway(1, false), FIN) > 0);
    assert_eq!(failed_at(769.0, 70.0, nat_gateway(1, true), FIN), 0);
    assert!(failed_at(770.0, 70.0, nat_gateway(1, true), FIN) > 0);
}

#[test]
fn w24_and_4032_that_end_by_rst_or_3125_if_held_ports_count() {
    assert_eq!(failed_at(4_031.0, 18.0, nat_gateway(1, false), RST), 0);
    assert!(failed_at(4_033.0, 18.0, nat_gateway(1, false), RST) > 0);
    assert_eq!(failed_at(3_124.0, 18.0, nat_gateway(1, true), RST), 0);
    assert!(failed_at(3_126.0, 18.0, nat_gateway(1, true), RST) > 0);
}

#[test]
fn w25_w26_a_node_of_1024_ports_sustains_4_short_flows_a_second_or_68_that_end_by_rst() {
    assert_eq!(failed_at(4.266, 2_000.0, load_balancer(1_024), FIN), 0);
    assert!(failed_at(4.268, 2_000.0, load_balancer(1_024), FIN) > 0);
    assert_eq!(failed_at(68.26, 200.0, load_balancer(1_024), RST), 0);
    assert!(failed_at(68.28, 200.0, load_balancer(1_024), RST) > 0);
}

/// The order at one instant is (workload, node, endpoint): with two ports for four arrivals toward one key, the first
/// node gets both, one for each of its endpoints.
#[test]
fn of_arrivals_at_one_instant_the_lower_node_comes_before_the_lower_endpoint() {
    let endpoints = |destination| Endpoint {
        destination,
        ..tcp_endpoints(1)[0]
    };
    let trace = [(1, 1), (1, 0), (0, 1), (0, 0)].map(|(node, endpoint)| TraceRow {
        node,
        endpoint,
        ..row(1.0, 50.0, CloseKind::Fin)
    });
    let clients = Traffic::Closed {
        clients: 4,
        think: Law::Constant(s(1.0)),
        mix: mix(&[0.5, 0.5], &[0.5, 0.5], Law::Constant(s(50.0))),
    };
    for traffic in [Traffic::Trace(trace.to_vec()), clients] {
        let shared = plan(Grouping::Shared, 2, NO_HOLDS);
        let endpoints = (0..2).map(endpoints).collect();
        let m = model(s(2.0), 2, endpoints, vec![workload(traffic)], [shared]);
        let of_both = both(&m).replication.by_destination;
        assert_eq!((of_both[0].established, of_both[1].established), (1, 1));
    }
}

/// Under a ceiling connections to different keys compete, in the same order.
#[test]
fn under_a_ceiling_the_lower_workload_comes_first_whatever_its_key_and_kind() {
    let trace = |endpoint| {
        Traffic::Trace(vec![TraceRow {
            endpoint,
            ..row(1.0, 50.0, CloseKind::Fin)
        }])
    };
    let client = Traffic::Closed {
        clients: 1,
        think: Law::Constant(s(1.0)),
        mix: mix(&[1.0], &[1.0], Law::Constant(s(50.0))),
    };
    for second in [trace(0), client] {
        let plan = PoolPlan {
            ceiling: Some(Ceiling { limit: 1 }),
            ..plan(Grouping::Shared, 8, NO_HOLDS)
        };
        let workloads = vec![workload(trace(1)), workload(second)];
        let r = both(&model(s(2.5), 1, tcp_endpoints(2), workloads, [plan])).replication;
        assert_eq!(
            (r.by_workload[0].established, r.by_workload[1].failed),
            (1, 1)
        );
    }
}

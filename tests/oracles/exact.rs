//! Evenly spaced arrivals, where nothing is left to chance.

use super::*;

pub fn evenly_spaced(_: Effort) -> Vec<Check> {
    #[rustfmt::skip]
    let rows = [
        ("constant_00", 20.0, 12.2, 128, 1_000.0, 464.0, Some(6.4)),
        ("constant_02", 10.0, 6.3, 64, 600.0, 0.0, None),
    ];
    let mut checks = Vec::new();
    for (name, rate, hold, ports, arrivals, lost, first_loss) in rows {
        let mix = mix(&[1.0], &[1.0], Law::Constant(s(hold)));
        let one = plan(Grouping::Shared, ports, NO_HOLDS);
        // The run ends half a gap after the last arrival.
        let duration = s((arrivals - 0.5) / rate);
        let model = model(
            duration,
            1,
            tcp_endpoints(1),
            vec![pure_loss(constant(rate, mix))],
            [one],
        );
        let run = first(&model, Detail::Table);
        checks.push(Check::exact(
            format!("{name}: arrivals"),
            arrivals,
            run.total.offered as f64,
        ));
        checks.push(Check::exact(
            format!("{name}: refused"),
            lost,
            run.total.failed as f64,
        ));
        let at = run.first_failure.map(|first| first.at.as_secs_f64());
        if let Some(first_loss) = first_loss {
            checks.push(Check::exact(
                format!("{name}: seconds to the first refusal"),
                first_loss,
                at.unwrap_or(0.0),
            ));
        }
    }
    checks
}

/// Failed connections of flows of `life` seconds that come evenly spaced.
fn failed_evenly(
    rate: f64,
    life: f64,
    close: Close,
    seconds: f64,
    plan: PoolPlan,
    destinations: u32,
) -> u64 {
    let endpoints = tcp_endpoints(destinations);
    let shares = vec![1.0 / f64::from(destinations); destinations as usize];
    let mix = Mix {
        close,
        ..mix(&[1.0], &shares, Law::Constant(s(life)))
    };
    let model = model(
        s(seconds),
        1,
        endpoints,
        vec![pure_loss(constant(rate, mix))],
        [plan],
    );
    first(&model, Detail::Table).total.failed
}

/// Rates up to which evenly spaced flows never fail: none at 1 % less, some at 1 % more.
pub fn saturation(_: Effort) -> Vec<Check> {
    const RST: Close = Close {
        fin: 0.0,
        rst: 1.0,
        ..FIN
    };
    const LEAK: Close = Close {
        fin: 0.0,
        abandon: 1.0,
        ..FIN
    };
    let held = |ports, seconds: f64| {
        let holds = snatsim::engine::Holds {
            after_fin: s(seconds),
            ..NO_HOLDS
        };
        plan(Grouping::Shared, ports, holds)
    };
    let leaking = |minutes: u64| {
        let holds = snatsim::engine::Holds {
            idle: SimTime::from_secs(60 * minutes),
            ..LOAD_BALANCER_HOLDS
        };
        plan(Grouping::ByNode, 1_024, holds)
    };
    #[rustfmt::skip]
    let rows = [
        ("V-25: App Service, 128 ports, FIN", 0.533, 0.0, FIN, 240.0, load_balancer(128), 1),
        ("V-26: 1,024 ports of a node, FIN", 4.249, 1.0, FIN, 241.0, load_balancer(1_024), 1),
        ("V-27: NAT Gateway, FIN", 977.5, 1.0, FIN, 66.0, nat_gateway(1, false), 1),
        ("V-27: NAT Gateway, held ports count", 757.6, 1.0, FIN, 66.0, nat_gateway(1, true), 1),
        ("V-27: NAT Gateway, two destinations", 1_954.9, 1.0, FIN, 66.0, nat_gateway(1, false), 2),
        ("V-28: AWS, 55,000 ports, 61.1 s", 900.2, 0.0, FIN, 61.1, held(55_000, 61.1), 1),
        ("V-29: GitLab CI, 256 ports, 120 s", 2.133, 0.0, FIN, 120.0, held(256, 120.0), 1),
        ("V-30: leaked, 4 min", 4.267, 0.0, LEAK, 240.0, leaking(4), 1),
        ("V-30: leaked, 15 min", 1.138, 0.0, LEAK, 900.0, leaking(15), 1),
        ("V-30: leaked, 30 min", 0.569, 0.0, LEAK, 1_800.0, leaking(30), 1),
        ("V-30: leaked, 60 min", 0.284, 0.0, LEAK, 3_600.0, leaking(60), 1),
        ("V-30: leaked, 120 min", 0.142, 0.0, LEAK, 7_200.0, leaking(120), 1),
        ("V-32: NAT Gateway, RST", 3_794.8, 1.0, RST, 17.0, nat_gateway(1, false), 1),
    ];
    let mut checks = Vec::new();
    for (name, rate, life, close, hold, plan, destinations) in rows {
        let failed =
            |rate| failed_evenly(rate, life, close, 2.0 * hold, plan.clone(), destinations);
        checks.push(Check::exact(
            format!("{name}, refused at 99 % of {rate}/s"),
            0.0,
            failed(0.99 * rate) as f64,
        ));
        let some = f64::from(u8::from(failed(1.01 * rate) > 0));
        checks.push(Check::exact(
            format!("{name}, refused at 101 % (1: some)"),
            1.0,
            some,
        ));
    }
    checks
}

pub fn replays(_: Effort) -> Vec<Check> {
    let mut checks = Vec::new();
    for (hold, most) in [(240.0, 1_024.0), (65.0, 652.0), (15.0, 152.0), (0.0, 2.0)] {
        let holds = snatsim::engine::Holds {
            after_fin: s(hold),
            ..NO_HOLDS
        };
        let mix = mix(&[1.0], &[1.0], Law::Constant(s(0.2)));
        let node = plan(Grouping::ByNode, 1_024, holds);
        let databases = model(
            s(120.0),
            1,
            tcp_endpoints(1),
            vec![pure_loss(constant(10.0, mix))],
            [node],
        );
        let run = first(&databases, Detail::Table);
        let label = format!(
            "V-51: most ports in use, hold of {hold} s after 10 connections of 0.2 s a second"
        );
        checks.push(Check::exact(label, most, f64::from(run.peak_used[0])));
        let at = run
            .first_failure
            .map_or(-1.0, |first| first.at.as_secs_f64());
        let expected = if hold == 240.0 { 102.4 } else { -1.0 };
        checks.push(Check::exact(
            format!("V-51: hold of {hold} s, seconds to the first refusal (-1: none)"),
            expected,
            at,
        ));
    }

    let even = vec![1.0 / 13.0; 13];
    let pooled = mix(&even, &[1.0], EXPONENTIAL);
    let workloads = vec![workload(poisson(500.0, pooled))];
    let cluster = model(
        s(1_200.0),
        13,
        tcp_endpoints(1),
        workloads,
        [load_balancer(12_800)],
    );
    let run = first(&cluster, Detail::Table);
    checks.push(Check::exact(
        "V-52: 13 nodes of 12,800 ports, 500 connections a second, refused",
        0.0,
        run.total.refused_syns as f64,
    ));

    checks.push(Check::exact(
        "V-53: 280 nodes start within 60 s (1: some fail)",
        1.0,
        f64::from(u8::from(starting(60.0) > 0)),
    ));
    checks.push(Check::exact(
        "V-53: 280 nodes start within 5 min, failed",
        0.0,
        starting(300.0) as f64,
    ));

    for (ips, blocked) in [(1, 215_488.0), (4, 21_952.0), (5, 0.0), (8, 0.0)] {
        let mix = mix(&[1.0], &[1.0], Law::Constant(s(100.0)));
        let shared = plan(Grouping::Shared, 64_512 * ips, NO_HOLDS);
        let model = model(
            s(10.0),
            1,
            tcp_endpoints(1),
            vec![pure_loss(constant(28_000.0, mix))],
            [shared],
        );
        let run = first(&model, Detail::Table);
        checks.push(Check::exact(
            format!("V-54: 280,000 at once on {ips} addresses, refused"),
            blocked,
            run.total.failed as f64,
        ));
        if ips == 8 {
            let used = f64::from(run.peak_used[0]) / f64::from(64_512 * ips);
            checks.push(Check::about("V-54: use of 8 addresses", 0.54, used, 0.01));
        }
    }
    checks
}

/// Failures when 280 nodes open 40 connections each, evenly over `seconds`, through a pool that is 90 % full;
/// everything holds its port for two minutes.
fn starting(seconds: f64) -> u64 {
    const PORTS: u32 = 64_512;
    const HOLD: f64 = 120.0;
    let law = || Law::Constant(s(HOLD));
    let background = 0.9 * f64::from(PORTS) / HOLD;
    let full = 2.0 * HOLD;
    let opened = 280.0 * 40.0;
    let starts = (0..opened as u64).map(|i| snatsim::traffic::TraceRow {
        start: s(full + i as f64 * seconds / opened),
        node: (i % 280) as u32,
        ..crate::models::row(0.0, HOLD, snatsim::traffic::CloseKind::Fin)
    });
    let workloads = vec![
        pure_loss(constant(background, mix(&[1.0], &[1.0], law()))),
        pure_loss(Traffic::Trace(starts.collect())),
    ];
    let shared = plan(Grouping::Shared, PORTS, NO_HOLDS);
    let end = s(full + seconds + HOLD);
    let model = model(end, 280, tcp_endpoints(1), workloads, [shared]);
    first(&model, Detail::Table).total.failed
}

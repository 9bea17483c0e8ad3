//! Share of attempts refused in equilibrium.

use super::*;

/// Rows of the published oracles: blocking and mean ports in use, for holds of three laws.
pub fn any_law(effort: Effort) -> Vec<Check> {
    let constant = || Law::Constant(s(HOLD));
    // Coefficient of variation 3: the variance of the logarithm is ln(1 + 3²).
    let spread = libm::log(10.0);
    let lognormal = || Law::Lognormal {
        mu: libm::log(HOLD) - spread / 2.0,
        sigma: spread.sqrt(),
    };
    // Holds of a lognormal law are forgotten late: after 1,000 mean holds 1 in 10,000 is older.
    #[rustfmt::skip]
    let rows = [
        ("erlang_b_00 exp", 10.0, 10, EXPONENTIAL, WARM_UP_HOLDS, 0.21458234310734736, 7.854176568926526, 2e6),
        ("erlang_b_02 det", 60.0, 64, constant(), WARM_UP_HOLDS, 0.06036273820423571, 56.37823770774585, 4e6),
        ("erlang_b_04 exp", 100.0, 64, EXPONENTIAL, WARM_UP_HOLDS, 0.37566097948853716, 62.43390205114628, 2e6),
        ("erlang_b_08 lognormal", 1024.0, 1024, lognormal(), 1e3, 0.02452425754528341, 998.8871602736298, 8e6),
        ("erlang_b_10 exp", 2400.0, 2496, EXPONENTIAL, WARM_UP_HOLDS, 0.0012311700766761285, 2397.045191815977, 1e7),
        ("erlang_b_12 exp", 70000.0, 64512, EXPONENTIAL, WARM_UP_HOLDS, 0.07856715807312395, 64500.29893488132, 4e6),
    ];
    let mut checks = Vec::new();
    for (name, load, ports, law, warmup, blocking, in_use, arrivals) in rows {
        let arrivals = effort.arrivals(arrivals);
        let exponential = law == EXPONENTIAL;
        let run = run(&one_pool(load, ports, law, warmup, arrivals), Detail::Table);
        let replication = &run.replications[0];
        let chain = Chain::erlang(load, ports);
        let (found, error) = batched(replication);
        let error = if exponential {
            chain.blocking_error(arrivals)
        } else {
            error
        };
        let label = format!("{name}: {load} erlang on {ports} ports, share refused");
        checks.push(Check::estimate(label, blocking, found, error, Some(0.02)));
        if exponential {
            let found = run.fullest_mean_use * f64::from(ports);
            let error = chain.mean_error(arrivals / load);
            let label = format!("{name}: mean ports in use");
            checks.push(Check::estimate(label, in_use, found, error, Some(0.02)));
        }
    }
    checks
}

/// Pools of 128 ports (App Service), of 512, 1,024 (a node) and 64,512 (an address).
pub fn azure_pools(effort: Effort) -> Vec<Check> {
    #[rustfmt::skip]
    let rows = [
        ("V-21", 128, 100.0, 9.676e-4, 4e6, 0.10),
        ("V-21", 128, 110.0, 9.081e-3, 2e6, 0.05),
        ("V-21", 128, 120.0, 3.467e-2, 2e6, 0.05),
        ("V-21", 128, 128.0, 6.732e-2, 2e6, 0.05),
        ("V-21", 128, 160.0, 2.201e-1, 2e6, 0.05),
        ("V-22", 1_024, 950.0, 7.57e-4, 8e6, 0.05),
        ("V-22", 1_024, 980.0, 5.11e-3, 4e6, 0.05),
        ("V-22", 1_024, 1_024.0, 2.452e-2, 2e6, 0.05),
        ("V-22", 1_024, 1_100.0, 7.867e-2, 2e6, 0.05),
        ("V-22", 1_024, 1_500.0, 3.187e-1, 2e6, 0.05),
        ("V-23", 64_512, 64_512.0, 3.135e-3, 1e7, 0.10),
        ("V-23", 64_512, 66_000.0, 2.317e-2, 4e6, 0.10),
        ("V-42", 512, 450.0, 2.96e-4, 8e6, 0.10),
        ("V-42", 512, 470.0, 2.92e-3, 4e6, 0.05),
        ("V-42", 512, 480.0, 6.68e-3, 4e6, 0.05),
        ("V-42", 512, 490.0, 1.28e-2, 2e6, 0.05),
    ];
    let check =
        |(name, ports, load, published, arrivals, relative): (&str, u32, f64, f64, f64, f64)| {
            let arrivals = effort.arrivals(arrivals);
            let chain = Chain::erlang(load, ports);
            // The published figures are rounded to three or four digits; the recursion says the rest.
            let expected = chain.blocking();
            assert!(
                (expected / published - 1.0).abs() < 5e-3,
                "{expected} for {published}"
            );
            let model = one_pool(load, ports, EXPONENTIAL, WARM_UP_HOLDS, arrivals);
            let found = share_failed(&first(&model, Detail::Table).total);
            let label = format!("{name}: {load} erlang on {ports} ports, share refused");
            Check::estimate(
                label,
                expected,
                found,
                chain.blocking_error(arrivals),
                Some(relative),
            )
        };
    rows.into_iter().map(check).collect()
}

/// Several independent pools: (load, expected) of each.
fn independent(
    name: &str,
    ports: u32,
    pools: &[(f64, f64)],
    overall: f64,
    arrivals: f64,
    total: &snatsim::record::Tally,
    each: &[snatsim::record::Tally],
) -> Vec<Check> {
    const TOO_RARE: f64 = 1e-4;
    let sum: f64 = pools.iter().map(|pool| pool.0).sum();
    let mut checks = Vec::new();
    let mut variance = 0.0;
    for (i, ((load, blocking), tally)) in pools.iter().zip(each).enumerate() {
        let chain = Chain::erlang(*load, ports);
        variance += chain.refused_variance(overall);
        if *blocking >= TOO_RARE {
            let error = chain.blocking_error(arrivals * load / sum);
            let label = format!("{name}: share refused of {load} erlang, number {i}");
            checks.push(Check::estimate(
                label,
                *blocking,
                share_failed(tally),
                error,
                Some(0.02),
            ));
        }
    }
    let error = (variance / sum / arrivals).sqrt();
    let label = format!("{name}: share refused over all");
    checks.push(Check::estimate(
        label,
        overall,
        share_failed(total),
        error,
        Some(0.02),
    ));
    checks
}

pub fn partition(effort: Effort) -> Vec<Check> {
    const TOTAL: f64 = 80.0;
    let arrivals = effort.arrivals(2e6);
    let shares = [0.55, 0.15, 0.15, 0.15];
    let blocking = [
        0.31524954626184754,
        7.981684130288695e-07,
        7.981684130288695e-07,
        7.981684130288695e-07,
    ];
    let workloads = vec![pure_loss(poisson(
        TOTAL / HOLD,
        mix(&shares, &[1.0], EXPONENTIAL),
    ))];
    let duration = s((WARM_UP_HOLDS + arrivals / TOTAL) * HOLD);
    let plans = [
        plan(Grouping::ByNode, 32, NO_HOLDS),
        plan(Grouping::Shared, 128, NO_HOLDS),
    ];
    let model = Model {
        seed: own_seed(&[TOTAL, 4.0]),
        warmup: s(WARM_UP_HOLDS * HOLD),
        ..model(duration, 4, tcp_endpoints(1), workloads, plans)
    };
    let result = simulate(&model, Detail::Table, &|_, _| {});
    let [Some(blocks), Some(shared)] = &result.outbounds[..] else {
        panic!("two runs")
    };
    let blocks = &blocks.replications[0];
    let pools: Vec<(f64, f64)> = shares
        .iter()
        .zip(blocking)
        .map(|(share, b)| (share * TOTAL, b))
        .collect();
    let mut checks = independent(
        "partition_00",
        32,
        &pools,
        0.173387609619802,
        arrivals,
        &blocks.total,
        &blocks.by_pool,
    );
    // Expected on 128 shared ports: 1.8e-7 of them, less than one in all.
    let failed = shared.replications[0].total.failed as f64;
    let expected = 1.8441651725167395e-07 * arrivals;
    checks.push(Check {
        tolerance: None,
        // Refusals come in clusters: a handful together at most.
        judge: Judge::StandardError((expected * 4.0).sqrt().max(1.0)),
        ..Check::exact("partition_00: refused on one pool of 128", expected, failed)
    });
    checks
}

pub fn destinations(effort: Effort) -> Vec<Check> {
    const TOTAL: f64 = 120.0;
    let arrivals = effort.arrivals(2e6);
    let loads = [84.0, 12.0, 12.0, 12.0];
    let blocking = [0.2671233789786104, 0.0, 0.0, 0.0];
    let shares = loads.map(|load| load / TOTAL);
    let to_all = |shares: &[f64], total: f64| {
        let workloads = vec![pure_loss(poisson(
            total / HOLD,
            mix(&[1.0], shares, EXPONENTIAL),
        ))];
        let duration = s((WARM_UP_HOLDS + arrivals / total) * HOLD);
        let endpoints = tcp_endpoints(shares.len() as u32);
        let model = Model {
            seed: own_seed(&[total, shares.len() as f64]),
            warmup: s(WARM_UP_HOLDS * HOLD),
            ..model(
                duration,
                1,
                endpoints,
                workloads,
                [plan(Grouping::ByNode, 64, NO_HOLDS)],
            )
        };
        first(&model, Detail::Table)
    };
    let reused = to_all(&shares, TOTAL);
    let pools: Vec<(f64, f64)> = loads.into_iter().zip(blocking).collect();
    let mut checks = independent(
        "destinations_00",
        64,
        &pools,
        0.18698636528502727,
        arrivals,
        &reused.total,
        &reused.by_destination,
    );
    let one = to_all(&[1.0], TOTAL);
    let error = Chain::erlang(TOTAL, 64).blocking_error(arrivals);
    let label = "destinations_00: all to one destination";
    let expected = 0.47555478423927955;
    checks.push(Check::estimate(
        label,
        expected,
        share_failed(&one.total),
        error,
        Some(0.02),
    ));
    // V-45: two equal destinations are as good as one with half the load.
    let half = TOTAL / 2.0;
    let pools = vec![(half, Chain::erlang(half, 64).blocking()); 2];
    let halves = to_all(&[0.5, 0.5], TOTAL);
    let name = "V-45: two equal destinations";
    let (total, each) = (&halves.total, &halves.by_destination);
    checks.extend(independent(
        name, 64, &pools, pools[0].1, arrivals, total, each,
    ));
    checks
}

pub fn engset(effort: Effort) -> Vec<Check> {
    #[rustfmt::skip]
    let rows = [
        ("engset_00", 100, 64, 1.5, 0.062439046572528634),
        ("engset_02", 2_000, 1_024, 1.0, 0.011274706644330583),
    ];
    let check = |(name, sources, ports, alpha, expected): (&str, u32, u32, f64, f64)| {
        let chain = Chain::engset(sources, ports, alpha);
        let arrivals = effort.arrivals(4e6);
        let holds = arrivals / chain.attempts_per_hold();
        let traffic = Traffic::Closed {
            clients: u64::from(sources),
            think: Law::Exponential { mean: HOLD / alpha },
            mix: mix(&[1.0], &[1.0], EXPONENTIAL),
        };
        let workloads = vec![pure_loss(traffic)];
        let plan = plan(Grouping::Shared, ports, NO_HOLDS);
        let duration = s((WARM_UP_HOLDS + holds) * HOLD);
        let model = Model {
            seed: own_seed(&[f64::from(sources), alpha]),
            warmup: s(WARM_UP_HOLDS * HOLD),
            ..model(duration, 1, tcp_endpoints(1), workloads, [plan])
        };
        let run = run(&model, Detail::Table);
        let found = share_failed(&run.replications[0].total);
        let error = chain.blocking_error(arrivals);
        let in_use = run.fullest_mean_use * f64::from(ports);
        [
            Check::estimate(
                format!("{name}: share of calls refused"),
                expected,
                found,
                error,
                Some(0.02),
            ),
            Check::estimate(
                format!("{name}: mean ports in use"),
                chain.mean_in_use(),
                in_use,
                chain.mean_error(holds),
                Some(0.02),
            ),
        ]
    };
    rows.into_iter().flat_map(check).collect()
}

/// Pauses so long that a retry is a fresh attempt: published as approximations. The runs are long enough for chance to
/// be well inside the tolerance.
pub fn retries(effort: Effort) -> Vec<Check> {
    #[rustfmt::skip]
    let rows = [
        ("retry_00", 1e6, 12.0, 6.0, 64, 4, 120.0, 0.5893242587794582, Some(0.1206194307569449), 25.695617665541093),
        ("retry_02", 6e6, 9.0, 6.0, 64, 4, 300.0, 0.03182906207897224, None, 9.295869860562991),
        ("cohen_00", 6e6, 9.0, 6.0, 64, u32::MAX, 300.0, 0.031829578763086085, None, 9.295884074315957),
        ("cohen_02", 2e6, 0.8, 10.0, 10, u32::MAX, 500.0, 0.23617844094431661, None, 1.047365042941501),
    ];
    let mut checks = Vec::new();
    for (name, arrivals, rate, hold, ports, attempts, pause, refused, lost, tries) in rows {
        let law = Law::Exponential { mean: hold };
        let retry = Retry {
            attempts,
            backoff: s(pause),
            factor: 1.0,
            jitter: Jitter::Exponential,
        };
        let workloads = vec![Workload {
            retry,
            ..pure_loss(poisson(rate, mix(&[1.0], &[1.0], law)))
        }];
        let warmup = 40.0 * pause;
        let seconds = effort.arrivals(arrivals) / rate;
        let one = plan(Grouping::Shared, ports, NO_HOLDS);
        let model = Model {
            seed: own_seed(&[rate, pause]),
            warmup: s(warmup),
            ..model(s(warmup + seconds), 1, tcp_endpoints(1), workloads, [one])
        };
        let total = first(&model, Detail::Table).total;
        let found = total.refused_syns as f64 / total.syns as f64;
        checks.push(Check::about(
            format!("{name}: share of tries refused"),
            refused,
            found,
            0.03,
        ));
        let found = total.tries as f64 / seconds;
        checks.push(Check::about(
            format!("{name}: tries a second"),
            tries,
            found,
            0.03,
        ));
        if let Some(lost) = lost {
            checks.push(Check::about(
                format!("{name}: share of calls lost"),
                lost,
                share_failed(&total),
                0.10,
            ));
        }
    }
    checks
}

/// The M/M/c retrial queue, solved exactly: refused clients come again after exponential pauses until they have a port.
pub fn retrials(effort: Effort) -> Vec<Check> {
    const PORTS: u32 = 8;
    #[rustfmt::skip]
    let rows = [
        ("retrial_00", 6.0, 2.0, 0.23830107792240163, 4.566757299153674),
        ("retrial_02", 4.0, 0.5, 0.04385409124743358, 0.14321797909293893),
    ];
    let mut checks = Vec::new();
    for (name, rate, pause, refused, waiting) in rows {
        let workloads = vec![Workload {
            retry: Retry {
                attempts: u32::MAX,
                backoff: s(pause),
                factor: 1.0,
                jitter: Jitter::Exponential,
            },
            ..pure_loss(poisson(rate, mix(&[1.0], &[1.0], EXPONENTIAL)))
        }];
        let warmup = 200.0;
        let seconds = effort.arrivals(4e6) / rate;
        let model = Model {
            seed: own_seed(&[rate, pause]),
            warmup: s(warmup),
            ..model(
                s(warmup + seconds),
                1,
                tcp_endpoints(1),
                workloads,
                [plan(Grouping::Shared, PORTS, NO_HOLDS)],
            )
        };
        let total = first(&model, Detail::Table).total;
        checks.push(Check::about(
            format!("{name}: share of first tries refused"),
            refused,
            total.refused_first as f64 / total.offered as f64,
            0.02,
        ));
        // Little's law: those who wait come again at their number over the mean pause.
        let again = (total.tries - total.offered) as f64 / seconds;
        checks.push(Check::about(
            format!("{name}: clients waiting to try again"),
            waiting,
            again * pause,
            0.02,
        ));
    }
    checks
}

/// V-43: a try draws one of two instances, so two pools of 2,496 are less than one of 4,992.
pub fn split(effort: Effort) -> Vec<Check> {
    #[rustfmt::skip]
    let rows = [
        (4_800.0, 1.23e-3, 1.28e-4, 2e7),
        (4_900.0, 6.29e-3, 2.64e-3, 1e7),
        (5_000.0, 1.68e-2, 1.22e-2, 4e6),
        (6_000.0, 0.170, 0.169, 2e6),
    ];
    let mut checks = Vec::new();
    for (load, apart, pooled, arrivals) in rows {
        let arrivals = effort.arrivals(arrivals);
        let workloads = vec![pure_loss(poisson(
            load / HOLD,
            mix(&[1.0], &[1.0], EXPONENTIAL),
        ))];
        let duration = s((WARM_UP_HOLDS + arrivals / load) * HOLD);
        let plans = [firewall(1, 2), plan(Grouping::Shared, 4_992, NO_HOLDS)];
        let model = Model {
            seed: own_seed(&[load]),
            warmup: s(WARM_UP_HOLDS * HOLD),
            ..model(duration, 1, tcp_endpoints(1), workloads, plans)
        };
        let result = simulate(&model, Detail::Table, &|_, _| {});
        let found = result
            .outbounds
            .iter()
            .map(|run| share_failed(&run.as_ref().expect("a run").replications[0].total));
        let chains = [Chain::erlang(load / 2.0, 2_496), Chain::erlang(load, 4_992)];
        let names = ["two instances", "one pool"];
        for (((chain, name), published), found) in
            chains.iter().zip(names).zip([apart, pooled]).zip(found)
        {
            let expected = chain.blocking();
            assert!(
                (expected / published - 1.0).abs() < 1e-2,
                "{expected} for {published}"
            );
            let label = format!("V-43: {load} erlang, {name}, share refused");
            // Two independent instances share the attempts: the variance of the share is that of one.
            checks.push(Check::estimate(
                label,
                expected,
                found,
                chain.blocking_error(arrivals),
                None,
            ));
        }
    }
    checks
}

//! Ports in use without a limit, and when a limit is first met.

use super::*;

/// A share of time, and the ports that suffice for it.
type Percentile = (f64, u32);

/// Constant holds of 59 s: what is in use when a minute ends has nothing to do with the minute before.
pub fn occupancy(effort: Effort) -> Vec<Check> {
    const HOLD: f64 = 59.0;
    #[rustfmt::skip]
    let rows: [(&str, f64, &[Percentile]); 4] = [
        ("occupancy_00", 50.0, &[(0.5, 50), (0.95, 62), (0.99, 67), (0.999, 73)]),
        ("occupancy_02", 900.0, &[(0.5, 900), (0.95, 950), (0.99, 971), (0.999, 994)]),
        ("V-31", 500.0, &[(0.999, 571)]),
        ("V-31", 1_000.0, &[(0.999, 1_099)]),
    ];
    let mut checks = Vec::new();
    for (name, load, percentiles) in rows {
        let minutes = effort.arrivals(4e6) / (load / HOLD * 60.0);
        let workloads = vec![pure_loss(poisson(
            load / HOLD,
            mix(&[1.0], &[1.0], Law::Constant(s(HOLD))),
        ))];
        let model = Model {
            seed: own_seed(&[load]),
            warmup: SimTime::MINUTE,
            ..model(
                SimTime::from_secs(60 * minutes as u64 + 60),
                1,
                tcp_endpoints(1),
                workloads,
                [limitless(Grouping::Shared)],
            )
        };
        let series = first(&model, Detail::Full).minutes.expect("full detail");
        let count = series.active.len() as f64;
        for (p, ports) in percentiles {
            let below = series
                .active
                .iter()
                .filter(|active| *active <= ports)
                .count() as f64;
            let expected = poisson_cdf(load, *ports);
            let error = (expected * (1.0 - expected) / count).sqrt();
            let label = format!(
                "{name}: {load} erlang, share of time with at most {ports} (p{})",
                p * 100.0
            );
            checks.push(Check::estimate(label, expected, below / count, error, None));
            assert!(
                expected >= *p && poisson_cdf(load, ports - 1) < *p,
                "the percentile itself"
            );
        }
        let mean = series
            .active
            .iter()
            .map(|active| f64::from(*active))
            .sum::<f64>()
            / count;
        let spread = |active: &u32| (f64::from(*active) - mean).powi(2);
        let variance = series.active.iter().map(spread).sum::<f64>() / (count - 1.0);
        // The fourth central moment of a Poisson law is a + 3 a².
        let error = ((load + 2.0 * load * load) / count).sqrt();
        checks.push(Check::estimate(
            format!("{name}: {load} erlang, variance"),
            load,
            variance,
            error,
            None,
        ));
    }
    checks
}

/// Many nodes from an empty start, each a run of its own; ports in use when the run ends.
pub fn transient(effort: Effort) -> Vec<Check> {
    #[rustfmt::skip]
    let rows = [
        ("transient_00 exp", Law::Exponential { mean: 30.0 }, 20.0, 145.9748642902224, 175),
        ("transient_02 det", Law::Constant(s(30.0)), 45.0, 300.0, 341),
    ];
    let mut checks = Vec::new();
    for (name, law, at, mean, p99) in rows {
        let nodes = effort.runs(10_000);
        let shares = vec![1.0 / f64::from(nodes); nodes as usize];
        let workloads = vec![pure_loss(poisson(
            10.0 * f64::from(nodes),
            mix(&shares, &[1.0], law),
        ))];
        let limitless = limitless(Grouping::ByNode);
        let model = model(
            s(at),
            nodes as usize,
            tcp_endpoints(1),
            workloads,
            [limitless],
        );
        let active = first(&model, Detail::Full)
            .minutes
            .expect("full detail")
            .active;
        let count = f64::from(nodes);
        let found = active.iter().map(|active| f64::from(*active)).sum::<f64>() / count;
        let label = format!("{name}: mean ports in use at {at} s");
        checks.push(Check::estimate(
            label,
            mean,
            found,
            (mean / count).sqrt(),
            Some(0.01),
        ));
        let below = active.iter().filter(|active| **active <= p99).count() as f64 / count;
        let expected = poisson_cdf(mean, p99);
        let error = (expected * (1.0 - expected) / count).sqrt();
        let label = format!("{name}: share of runs with at most {p99}");
        checks.push(Check::estimate(label, expected, below, error, None));
    }
    checks
}

/// When each of `runs` runs refused its first connection.
fn first_refusals(rate: f64, law: Law, ports: u32, duration: f64, runs: u32) -> Vec<f64> {
    /// At a time, since a run keeps a hundred kilobytes of series.
    const RUNS: u32 = 500;
    let workloads = vec![pure_loss(poisson(rate, mix(&[1.0], &[1.0], law)))];
    let some = |part: u32| {
        let plan = plan(Grouping::Shared, ports, NO_HOLDS);
        let model = Model {
            seed: own_seed(&[rate, f64::from(ports), f64::from(part)]),
            replications: RUNS.min(runs - part * RUNS),
            ..model(s(duration), 1, tcp_endpoints(1), workloads.clone(), [plan])
        };
        let replications = run(&model, Detail::Table).replications.into_iter();
        let firsts = replications.filter_map(|replication| replication.first_failure);
        firsts
            .map(|first| first.at.as_secs_f64())
            .collect::<Vec<_>>()
    };
    (0..runs.div_ceil(RUNS)).flat_map(some).collect()
}

fn share_up_to(times: &[f64], at: f64, runs: u32) -> f64 {
    times.iter().filter(|time| **time <= at).count() as f64 / f64::from(runs)
}

pub fn exhaustion(effort: Effort) -> Vec<Check> {
    let mut checks = Vec::new();
    for (name, rate, ports, expected) in [
        ("exhaust_fluid_00", 20.0, 1_024, 51.2),
        ("exhaust_fluid_02", 300.0, 64_512, 215.04),
    ] {
        let workloads = vec![pure_loss(constant(
            rate,
            mix(&[1.0], &[1.0], Law::Constant(s(240.0))),
        ))];
        let one = plan(Grouping::Shared, ports, NO_HOLDS);
        let model = model(s(expected + 1.0), 1, tcp_endpoints(1), workloads, [one]);
        let at = first(&model, Detail::Table)
            .first_failure
            .map_or(0.0, |first| first.at.as_secs_f64());
        checks.push(Check::exact(
            format!("{name}: seconds to the first refusal, evenly spaced"),
            expected,
            at,
        ));
    }

    let runs = effort.runs(4_000);
    let count = f64::from(runs);
    let times = first_refusals(20.0, Law::Constant(s(3_600.0)), 128, 20.0, runs);
    let mean = times.iter().sum::<f64>() / count;
    // The 129th arrival: the sum of 129 gaps.
    let error = 129f64.sqrt() / 20.0 / count.sqrt();
    checks.push(Check::estimate(
        "exhaust_poisson_00: mean seconds to the first refusal",
        6.45,
        mean,
        error,
        Some(0.02),
    ));
    for (p, at) in [
        (0.05, 5.545179790096926),
        (0.5, 6.433341011251045),
        (0.95, 7.411647753854211),
    ] {
        let error = f64::sqrt(p * (1.0 - p) / count);
        let label = format!("exhaust_poisson_00: share refused by {at:.3} s");
        checks.push(Check::estimate(
            label,
            p,
            share_up_to(&times, at, runs),
            error,
            None,
        ));
    }

    let by = |p: f64| (p * (1.0 - p) / count).sqrt();
    let mean_6 = Law::Exponential { mean: 6.0 };
    let times = first_refusals(10.0, mean_6.clone(), 64, 260.0, runs);
    let label = "exhaust_exact_00: share refused by 20 s";
    let p = 0.4938573286700194;
    checks.push(Check::estimate(
        label,
        p,
        share_up_to(&times, 20.0, runs),
        by(p),
        None,
    ));
    let (mean, error) = mean_and_error(&times);
    let label = "exhaust_exact_00: mean seconds to the first refusal";
    checks.push(Check::estimate(
        label,
        23.017667157441544,
        mean,
        error,
        Some(0.04),
    ));
    let times = first_refusals(8.0, mean_6, 64, 101.0, runs);
    let label = "exhaust_exact_02: share refused by 100 s";
    let p = 0.4911678943110219;
    checks.push(Check::estimate(
        label,
        p,
        share_up_to(&times, 100.0, runs),
        by(p),
        None,
    ));
    checks
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (count - 1.0);
    (mean, (variance / count).sqrt())
}

/// Many nodes in equilibrium, each a run of its own.
pub fn peaks(effort: Effort) -> Vec<Check> {
    #[rustfmt::skip]
    let rows = [
        ("peak_00", 10.0, 5.0, 600.0, 74, 0.5719858579802202),
        ("peak_02", 50.0, 4.0, 300.0, 257, 0.9553928647027511),
    ];
    let check = |(name, rate, hold, horizon, peak, expected): (&str, f64, f64, f64, u32, f64)| {
        let nodes = effort.runs(1_000);
        let shares = vec![1.0 / f64::from(nodes); nodes as usize];
        let law = Law::Exponential { mean: hold };
        let workloads = vec![pure_loss(poisson(
            rate * f64::from(nodes),
            mix(&shares, &[1.0], law),
        ))];
        let warmup = s(WARM_UP_HOLDS * hold);
        let limitless = limitless(Grouping::ByNode);
        let model = Model {
            seed: own_seed(&[rate, hold]),
            warmup,
            ..model(
                warmup + s(horizon),
                nodes as usize,
                tcp_endpoints(1),
                workloads,
                [limitless],
            )
        };
        let peaks = first(&model, Detail::Table).peak_used;
        let count = f64::from(nodes);
        let found = peaks.iter().filter(|found| **found <= peak).count() as f64 / count;
        let error = (expected * (1.0 - expected) / count).sqrt();
        let label =
            format!("{name}: share of runs that never use more than {peak} ports in {horizon} s");
        Check::estimate(label, expected, found, error, None)
    };
    rows.into_iter().map(check).collect()
}

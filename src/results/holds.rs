//! How long connections hold their ports, by what holds them, from the model alone.

use crate::engine::{PoolPlan, Protocol};
use crate::model::{Mix, Model, Traffic, Workload};
use crate::record::Cause;
use crate::traffic::{CloseKind, Law, TraceRow, quantile_of};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long the connections of a model hold a port under a plan, in seconds, if every first SYN finds one.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldTimes {
    /// Mean; infinite where a lifetime has no mean.
    pub mean: f64,
    /// 99th percentile.
    pub p99: f64,
    /// The mean split by [`Cause`].
    pub by_cause: [f64; 6],
}

/// Why no law is known for how long the connections of `workload` hold a port under `plan`: some end in other ways than
/// by their lifetimes. None where a law is known.
pub(super) fn unknown_holds(
    model: &Model,
    plan: &PoolPlan,
    workload: &Workload,
) -> Option<&'static str> {
    let mix = match &workload.traffic {
        Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => mix,
        Traffic::Trace(_) => return None,
    };
    if workload.traffic.is_empty() {
        return None;
    }
    if workload.pool.is_some() {
        return Some("requests that share connections");
    }
    let quiet = workload.quiet(protocol(model, mix), plan);
    quiet.map(|_| "connections that may idle out inside their lifetimes")
}

/// The hold times of all connections of `model` under `plan`; none without connections, or where no law is known for
/// some of them.
pub fn hold_times(model: &Model, plan: &PoolPlan) -> Option<HoldTimes> {
    let mut workloads = model.workloads.iter();
    if workloads.any(|workload| unknown_holds(model, plan, workload).is_some()) {
        return None;
    }
    let parts: Vec<Part> = model
        .workloads
        .iter()
        .filter(|workload| !workload.traffic.is_empty())
        .flat_map(|workload| parts(model, plan, workload))
        .collect();
    let rate: f64 = parts.iter().map(|part| part.rate).sum();
    if rate <= 0.0 {
        return None;
    }
    let mut by_cause = [0.0; 6];
    for part in &parts {
        for (sum, held) in by_cause.iter_mut().zip(part.by_cause()) {
            *sum += part.rate / rate * held;
        }
    }
    Some(HoldTimes {
        mean: by_cause.iter().sum(),
        p99: quantile_of(0.99, |x| {
            parts
                .iter()
                .map(|part| part.rate / rate * part.law.cdf(x - part.after()))
                .sum()
        }),
        by_cause,
    })
}

/// A workload whose ports take long to fill.
#[derive(Clone, Debug, PartialEq)]
pub struct Slowest {
    /// Its name.
    pub workload: String,
    /// The share of the ports it comes to in the long run that are in use at the end of the warm-up, 0 to 1.
    pub reached: f64,
}

/// Of the workloads that make a hundredth of all port time or more, as far as a law of their holds is known, the one whose
/// ports are filled least at the end of the warm-up; none where all are to nine tenths.
pub fn slowest(model: &Model, plan: &PoolPlan) -> Option<Slowest> {
    const LEAST_SHARE: f64 = 0.01;
    const ENOUGH: f64 = 0.9;
    let known = model.workloads.iter().filter(|workload| {
        !matches!(workload.traffic, Traffic::Trace(_))
            && !workload.traffic.is_empty()
            && unknown_holds(model, plan, workload).is_none()
    });
    let workloads: Vec<(&Workload, Vec<Part>)> = known
        .map(|workload| (workload, parts(model, plan, workload)))
        .collect();
    let load = |parts: &[Part]| -> f64 {
        let loads = parts.iter().map(|part| part.rate * part.port_time().0);
        loads.sum()
    };
    let all: f64 = workloads.iter().map(|(_, parts)| load(parts)).sum();
    let counts = |(_, parts): &&(&Workload, Vec<Part>)| {
        let own = load(parts);
        own > 0.0 && (own.is_infinite() || own >= LEAST_SHARE * all)
    };
    let warmup = model.warmup.as_secs_f64();
    let found = workloads.iter().filter(counts);
    let found = found.map(|(workload, parts)| {
        let filled = |part: &Part| part.rate * part.ports * part.held_by(warmup);
        Slowest {
            workload: workload.name.clone(),
            reached: parts.iter().map(filled).sum::<f64>() / load(parts),
        }
    });
    let least = found.min_by(|a, b| a.reached.total_cmp(&b.reached))?;
    (least.reached < ENOUGH).then_some(least)
}

/// Whether the hold times of two plans are the same to the connections of `model`, whatever else they are.
pub fn same_holds(model: &Model, a: &PoolPlan, b: &PoolPlan) -> bool {
    let mut workloads = model.workloads.iter();
    workloads.all(|workload| {
        let unknown = [a, b].map(|plan| unknown_holds(model, plan, workload).is_some());
        match unknown {
            [false, false] => parts(model, a, workload) == parts(model, b, workload),
            _ => a.holds == b.holds,
        }
    })
}

/// Connections of one workload that end in one way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    /// Connections per second.
    pub rate: f64,
    /// Law of the lifetime; constant zero where there is none.
    law: Law,
    /// What the lifetime counts as.
    lifetime_cause: Cause,
    /// Seconds the port stays active after the lifetime, and what for.
    active_after: (f64, Cause),
    /// Seconds of hold-down after that, and what for.
    held_after: (f64, Cause),
    /// Ports such a connection takes one after the other.
    ports: f64,
}

impl Part {
    /// Seconds from the end of the lifetime to the release.
    fn after(&self) -> f64 {
        self.active_after.0 + self.held_after.0
    }

    fn by_cause(&self) -> [f64; 6] {
        let mut seconds = [0.0; 6];
        for (amount, cause) in [
            (self.law.mean(), self.lifetime_cause),
            self.active_after,
            self.held_after,
        ] {
            seconds[cause as usize] += self.ports * amount;
        }
        seconds
    }

    /// Mean seconds of a hold that lie within the first `time` of it: the integral of the share that is still held.
    fn held_by(&self, time: f64) -> f64 {
        /// Steps in equal ratios, over nine decades: a ratio of 1.02.
        const STEPS: u32 = 1_000;
        let surely = self.after().min(time);
        let rest = time - surely;
        let start = rest * 1e-9;
        let still_alive = |x: f64| 1.0 - self.law.cdf(x);
        let ratio = libm::pow(1e9, 1.0 / f64::from(STEPS));
        let mut sum = start;
        let (mut x, mut alive) = (start, still_alive(start));
        for _ in 0..STEPS {
            let next = (x * ratio).min(rest);
            let then = still_alive(next);
            sum += (next - x) * (alive + then) / 2.0;
            (x, alive) = (next, then);
        }
        surely + sum
    }

    /// Mean seconds of port time a connection takes: (all of it, the part in which it is active).
    pub fn port_time(&self) -> (f64, f64) {
        let active = self.law.mean() + self.active_after.0;
        (
            self.ports * (active + self.held_after.0),
            self.ports * active,
        )
    }
}

/// A workload's connections by the way they end.
pub(super) fn parts(model: &Model, plan: &PoolPlan, workload: &Workload) -> Vec<Part> {
    let (rate, mix) = match &workload.traffic {
        Traffic::Open { mix, .. } => {
            let rate = workload.traffic.mean_rate(model.warmup, model.duration);
            (rate.unwrap_or_default(), mix)
        }
        Traffic::Closed {
            clients,
            think,
            mix,
        } => {
            let cycle = think.mean() + mix.lifetime.mean();
            let rate = *clients as f64 / cycle;
            (if rate.is_finite() { rate } else { 0.0 }, mix)
        }
        Traffic::Trace(rows) => return trace_parts(model, plan, workload, rows),
    };
    let protocol = protocol(model, mix);
    let ends = match protocol {
        Protocol::Udp => vec![(1.0, None)],
        Protocol::Tcp => vec![
            (mix.close.fin, Some(CloseKind::Fin)),
            (mix.close.rst, Some(CloseKind::Rst)),
            (mix.close.abandon, Some(CloseKind::Abandon)),
            (mix.close.unanswered, Some(CloseKind::Unanswered)),
        ],
    };
    ends.into_iter()
        .filter(|(weight, _)| *weight > 0.0)
        .map(|(weight, close)| end_part(plan, workload, rate * weight, &mix.lifetime, close))
        .collect()
}

/// Connections that end in one way; `close` is none for UDP.
fn end_part(
    plan: &PoolPlan,
    workload: &Workload,
    rate: f64,
    lifetime: &Law,
    close: Option<CloseKind>,
) -> Part {
    let holds = &plan.holds;
    let seconds = |span: &SimTime| span.as_secs_f64();
    let none = (0.0, Cause::Open);
    let answered = |active_after, held_after| Part {
        rate,
        law: lifetime.clone(),
        lifetime_cause: Cause::Open,
        active_after,
        held_after,
        ports: 1.0,
    };
    let syns = workload.schedule(Protocol::Tcp).syns;
    let last_syn = syns
        .last()
        .map_or(0.0, |last| seconds(&SimTime::from_nanos(*last)));
    match close {
        None => Part {
            lifetime_cause: Cause::Udp,
            ..answered(
                (seconds(&holds.udp_idle), Cause::Udp),
                (seconds(&holds.after_udp), Cause::Udp),
            )
        },
        Some(CloseKind::Fin) => answered(none, (seconds(&holds.after_fin), Cause::FinHold)),
        Some(CloseKind::Rst) => answered(none, (seconds(&holds.after_rst), Cause::RstHold)),
        Some(CloseKind::Abandon) => answered(
            (seconds(&holds.idle), Cause::Idle),
            (seconds(&holds.after_idle), Cause::Idle),
        ),
        Some(CloseKind::Unanswered) => Part {
            rate,
            law: Law::Constant(SimTime::ZERO),
            lifetime_cause: Cause::HalfOpen,
            active_after: (last_syn + seconds(&holds.half_open), Cause::HalfOpen),
            held_after: none,
            ports: f64::from(workload.retry.attempts),
        },
    }
}

/// The recorded connections of a trace by the way they end; broken ones count as idle from the grant on.
pub(super) fn trace_parts(
    model: &Model,
    plan: &PoolPlan,
    workload: &Workload,
    rows: &[TraceRow],
) -> Vec<Part> {
    let mut lifetimes: BTreeMap<Option<CloseKind>, Vec<SimTime>> = BTreeMap::new();
    let mut broken = 0;
    for row in rows {
        let tcp = model.endpoints[row.endpoint as usize].protocol == Protocol::Tcp;
        let silence = row.keepalive.map(|gap| gap.min(row.lifetime));
        if tcp
            && row.close != CloseKind::Unanswered
            && silence.is_some_and(|silence| silence >= plan.holds.idle)
        {
            broken += 1;
        } else {
            lifetimes
                .entry(tcp.then_some(row.close))
                .or_default()
                .push(row.lifetime);
        }
    }
    let window = model.duration.as_secs_f64();
    let mut parts: Vec<Part> = lifetimes
        .into_iter()
        .map(|(close, mut observed)| {
            observed.sort_unstable();
            let rate = observed.len() as f64 / window;
            end_part(
                plan,
                workload,
                rate,
                &Law::Empirical(Arc::from(observed)),
                close,
            )
        })
        .collect();
    if broken > 0 {
        let instantly = Law::Constant(SimTime::ZERO);
        parts.push(end_part(
            plan,
            workload,
            f64::from(broken) / window,
            &instantly,
            Some(CloseKind::Abandon),
        ));
    }
    parts
}

pub(super) fn protocol(model: &Model, mix: &Mix) -> Protocol {
    mix.endpoints
        .first()
        .map_or(Protocol::Tcp, |(endpoint, _)| {
            model.endpoints[*endpoint as usize].protocol
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;
    use crate::traffic::Close;

    fn close(found: f64, expected: f64, relative: f64) {
        assert!(
            (found - expected).abs() <= relative * expected.abs(),
            "{found} is not {expected}"
        );
    }

    fn exponential(mean: f64) -> Law {
        Law::Exponential { mean }
    }

    #[test]
    fn ports_fill_by_the_holds_that_are_longer() {
        let workload = fixture::poisson("w", 2.0, exponential(100.0), &[(0, 1.0)], &[(0, 1.0)]);
        let (mut model, run) = fixture::comparison(&[0]);
        drop(run);
        model.workloads = vec![workload];
        let mut plan = model.outbounds[0].plan.clone().unwrap();
        plan.holds.after_fin = SimTime::from_secs(50);
        // After a warm-up of 50 + 100 ln 2 s the 50 s are over and half of the exponential part is there.
        for (warmup, reached) in [(119.314_718, 100.0 / 150.0), (25.0, 25.0 / 150.0)] {
            model.warmup = SimTime::from_secs_f64(warmup);
            let found = slowest(&model, &plan).expect("it is filled to less");
            assert_eq!(found.workload, "w");
            close(found.reached, reached, 1e-3);
        }
        model.warmup = SimTime::from_secs(400);
        assert_eq!(slowest(&model, &plan), None);
    }

    #[test]
    fn hold_times_add_what_follows_the_lifetime() {
        let mut workload = fixture::poisson("w", 2.0, exponential(1.0), &[(0, 1.0)], &[(0, 1.0)]);
        let Traffic::Open { mix, .. } = &mut workload.traffic else {
            unreachable!("the fixture is open-loop")
        };
        mix.close = Close {
            fin: 0.5,
            rst: 0.0,
            abandon: 0.4,
            unanswered: 0.1,
        };
        workload.connect.syn_retries = 2;
        let mut plan = fixture::load_balancer(64);
        plan.holds.idle = SimTime::from_secs(1_800);
        let found = hold_times(&fixture::model(1, 1, vec![workload]), &plan).unwrap();
        // FIN 1 + 240, abandoned 1 + 1,800, unanswered 3 + 30.
        close(found.mean, 0.5 * 241.0 + 0.4 * 1_801.0 + 0.1 * 33.0, 1e-12);
        close(found.by_cause[Cause::Idle as usize], 720.0, 1e-12);
        close(found.by_cause[Cause::HalfOpen as usize], 3.3, 1e-12);
        // 1 % of all are 2.5 % of the abandoned: 1,800 + ln 40.
        close(found.p99, 1_800.0 + 40.0f64.ln(), 1e-5);
    }

    #[test]
    fn holds_that_no_connection_meets_make_no_difference() {
        let workload = fixture::poisson("w", 1.0, exponential(1.0), &[(0, 1.0)], &[(0, 1.0)]);
        let model = fixture::model(1, 1, vec![workload]);
        let plan = fixture::load_balancer(64);
        let mut other = plan.clone();
        other.holds.half_open = SimTime::from_secs(1);
        other.holds.udp_idle = SimTime::from_secs(1);
        assert!(same_holds(&model, &plan, &other));
        other.holds.after_fin = SimTime::from_secs(1);
        assert!(!same_holds(&model, &plan, &other));
    }

    #[test]
    fn a_trace_holds_what_its_rows_say() {
        let row = |lifetime, close, keepalive: Option<u64>| TraceRow {
            start: SimTime::ZERO,
            node: 0,
            endpoint: 0,
            lifetime: SimTime::from_secs(lifetime),
            close,
            keepalive: keepalive.map(SimTime::from_secs),
        };
        let mut workload = fixture::poisson("w", 1.0, exponential(1.0), &[(0, 1.0)], &[(0, 1.0)]);
        workload.traffic = Traffic::Trace(vec![
            row(10, CloseKind::Fin, None),
            row(30, CloseKind::Fin, Some(60)),
            row(9_999, CloseKind::Fin, Some(300)),
        ]);
        let found = hold_times(
            &fixture::model(1, 1, vec![workload]),
            &fixture::load_balancer(64),
        )
        .unwrap();
        // 10 + 240, 30 + 240, and one that is cut off after the idle timeout of 240 s.
        close(found.mean, (250.0 + 270.0 + 240.0) / 3.0, 1e-12);
        close(found.p99, 270.0, 1e-5);
    }
}

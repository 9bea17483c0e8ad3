//! What theory says beside the simulation: the Erlang-B formula, offered loads, and how long ports are held.

use super::document::Analytic;
use crate::engine::{Grouping, IpChoice, PoolPlan, Protocol, UdpKey};
use crate::model::{Endpoint, Mix, Model, OpenProcess, Traffic, Workload};
use crate::record::Cause;
use crate::traffic::{CloseKind, Connect, Law, TraceRow};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The Erlang-B blocking probability of `servers` ports at an offered load in Erlang.
///
/// Sums 1/B = Σ N! / ((N−k)! A^k), all terms positive, so nothing cancels at any size.
/// Values below 1e-300 are given as 0.
pub fn erlang_b(load: f64, servers: u64) -> f64 {
    assert!(load >= 0.0, "an offered load is not negative");
    if load == 0.0 {
        return f64::from(u8::from(servers == 0));
    }
    let (mut term, mut sum) = (1.0, 1.0);
    for left in (1..=servers).rev() {
        let growth = left as f64 / load;
        term *= growth;
        sum += term;
        // Once terms shrink they go on shrinking, faster each time: the rest is below one part in 1e16.
        if sum > 1e300 || (growth < 1.0 && term < sum * 1e-17 * (1.0 - growth)) {
            break;
        }
    }
    if sum > 1e300 { 0.0 } else { 1.0 / sum }
}

/// The fewest ports whose blocking is at most `target`, in (0, 1], at an offered load in Erlang.
pub fn ports_for(load: f64, target: f64) -> u64 {
    assert!(
        load >= 0.0 && target > 0.0 && target <= 1.0,
        "a load that is not negative and a probability above 0"
    );
    let mut inverse: f64 = 1.0;
    let mut ports = 0;
    while inverse * target < 1.0 {
        ports += 1;
        inverse = 1.0 + inverse * ports as f64 / load;
    }
    ports
}

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

/// The hold times of all connections of `model` under `plan`; none without connections.
pub fn hold_times(model: &Model, plan: &PoolPlan) -> Option<HoldTimes> {
    let parts: Vec<Part> = model
        .workloads
        .iter()
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
        p99: quantile(0.99, |x| {
            parts
                .iter()
                .map(|part| part.rate / rate * part.law.cdf(x - part.after()))
                .sum()
        }),
        by_cause,
    })
}

/// The smallest value at which `cdf` reaches `p`, by bisection to one part in a million.
fn quantile(p: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    let mut high = 1.0;
    while cdf(high) < p && high < 1e15 {
        high *= 2.0;
    }
    let mut low = 0.0;
    while high - low > 1e-6 * high && high > 1e-9 {
        let middle = (low + high) / 2.0;
        if cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Connections of one workload that end in one way.
struct Part {
    /// Connections per second.
    rate: f64,
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

    /// Mean seconds of port time a connection takes: (all of it, the part in which it is active).
    fn port_time(&self) -> (f64, f64) {
        let active = self.law.mean() + self.active_after.0;
        (
            self.ports * (active + self.held_after.0),
            self.ports * active,
        )
    }
}

/// A workload's connections by the way they end.
fn parts(model: &Model, plan: &PoolPlan, workload: &Workload) -> Vec<Part> {
    let (rate, mix) = match &workload.traffic {
        Traffic::Open {
            per_second, mix, ..
        } => (*per_second, mix),
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
    let seconds = SimTime::as_secs_f64;
    let none = (0.0, Cause::Open);
    let answered = |active_after, held_after| Part {
        rate,
        law: lifetime.clone(),
        lifetime_cause: Cause::Open,
        active_after,
        held_after,
        ports: 1.0,
    };
    match close {
        None => Part {
            lifetime_cause: Cause::Udp,
            ..answered(
                (seconds(holds.udp_idle), Cause::Udp),
                (seconds(holds.after_udp), Cause::Udp),
            )
        },
        Some(CloseKind::Fin) => answered(none, (seconds(holds.after_fin), Cause::FinHold)),
        Some(CloseKind::Rst) => answered(none, (seconds(holds.after_rst), Cause::RstHold)),
        Some(CloseKind::Abandon) => answered(
            (seconds(holds.idle), Cause::Idle),
            (seconds(holds.after_idle), Cause::Idle),
        ),
        Some(CloseKind::Unanswered) => Part {
            rate,
            law: Law::Constant(SimTime::ZERO),
            lifetime_cause: Cause::HalfOpen,
            active_after: (
                last_syn_seconds(&workload.connect) + seconds(holds.half_open),
                Cause::HalfOpen,
            ),
            held_after: none,
            ports: f64::from(workload.retry.attempts),
        },
    }
}

/// The recorded connections of a trace by the way they end; broken ones count as idle from the grant on.
fn trace_parts(
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

/// When the last SYN of a try that is never answered is sent, in seconds from its first.
fn last_syn_seconds(connect: &Connect) -> f64 {
    let mut sent: u64 = 0;
    for gap in syn_gaps(connect) {
        let next = sent + gap;
        if connect
            .timeout
            .is_some_and(|timeout| SimTime::from_secs(next) >= timeout)
        {
            break;
        }
        sent = next;
    }
    sent as f64
}

/// Gaps between the SYNs of a try, in seconds: linear first, then doubling up to 120 s.
fn syn_gaps(connect: &Connect) -> impl Iterator<Item = u64> {
    let linear = (0..connect.syn_linear_timeouts).map(|_| 1);
    let doubling = (0..connect.syn_retries).map(|i| (1u64 << i.min(7)).min(120));
    linear.chain(doubling)
}

/// Whether a refused connection of this workload is lost at once: one SYN, one try.
fn is_pure_loss(workload: &Workload, protocol: Protocol) -> bool {
    let one_syn = protocol == Protocol::Udp
        || workload.connect.syn_retries + workload.connect.syn_linear_timeouts == 0
        || workload
            .connect
            .timeout
            .is_some_and(|timeout| timeout <= SimTime::from_secs(1));
    one_syn && workload.retry.attempts == 1
}

fn protocol(model: &Model, mix: &Mix) -> Protocol {
    mix.endpoints
        .first()
        .map_or(Protocol::Tcp, |(endpoint, _)| {
            model.endpoints[*endpoint as usize].protocol
        })
}

/// What the formula says about an outbound and its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Analysis {
    /// All connections.
    pub total: Analytic,
    /// By pool.
    pub by_pool: Vec<Analytic>,
    /// By destination.
    pub by_destination: Vec<Analytic>,
    /// By workload.
    pub by_workload: Vec<Analytic>,
}

/// Offered loads of `model` under `plan`, and the Erlang-B formula where it is exact.
pub fn analyse(model: &Model, plan: &PoolPlan) -> Analysis {
    let mut against = obstacles(model, plan);
    let mut cells = Cells::of(model, plan, against.is_empty());
    against.extend(cells.against.take());
    let why = (!against.is_empty()).then(|| against.join(", "));
    let known = model
        .workloads
        .iter()
        .all(|workload| matches!(workload.traffic, Traffic::Open { .. }))
        && cells.total.load.is_finite();
    let say = |share: &Offered| Analytic {
        offered_load: known.then_some(share.load),
        blocking: (why.is_none() && share.rate > 0.0).then(|| share.blocked / share.rate),
        applies: why.is_none(),
        why: why.clone(),
    };
    Analysis {
        total: say(&cells.total),
        by_pool: cells.by_pool.iter().map(say).collect(),
        by_destination: cells.by_destination.iter().map(say).collect(),
        by_workload: cells.by_workload.iter().map(say).collect(),
    }
}

/// What stands against the formula before any cell is looked at.
fn obstacles(model: &Model, plan: &PoolPlan) -> Vec<&'static str> {
    let mut against = Vec::new();
    let mut say = |holds: bool, why: &'static str| {
        if holds && !against.contains(&why) {
            against.push(why);
        }
    };
    for workload in &model.workloads {
        match &workload.traffic {
            Traffic::Trace(_) => say(true, "a trace"),
            Traffic::Closed { .. } => say(true, "a closed loop"),
            Traffic::Open { process, mix, .. } => {
                say(
                    *process != OpenProcess::Poisson,
                    "arrivals that are not Poisson",
                );
                say(!is_pure_loss(workload, protocol(model, mix)), "retries");
                say(
                    !mix.lifetime.mean().is_finite(),
                    "a lifetime without a mean",
                );
            }
        }
    }
    let warm = hold_times(model, plan).is_none_or(|holds| {
        // Bisection ends a millionth above the quantile.
        holds.p99 <= model.warmup.as_secs_f64() * (1.0 + 2e-6)
    });
    say(!warm, "a warm-up shorter than the p99 hold");
    against
}

/// What is offered to a cell or a group of cells.
#[derive(Clone, Copy, Debug, Default)]
struct Offered {
    /// Connections per second.
    rate: f64,
    /// Erlang.
    load: f64,
    /// Connections per second that the formula says are refused.
    blocked: f64,
}

impl Offered {
    fn add(&mut self, rate: f64, load: f64, blocking: f64) {
        self.rate += rate;
        self.load += load;
        self.blocked += rate * blocking;
    }
}

/// Loads by cell, summed up the ways they are reported.
struct Cells {
    total: Offered,
    by_pool: Vec<Offered>,
    by_destination: Vec<Offered>,
    by_workload: Vec<Offered>,
    /// What was found against the formula.
    against: Option<&'static str>,
}

/// An open-loop workload as the cells see it.
struct Flow<'a> {
    workload: usize,
    mix: &'a Mix,
    rate: f64,
    /// Mean port seconds of a connection, and those in which it is active.
    held: f64,
    active: f64,
}

impl Cells {
    fn of(model: &Model, plan: &PoolPlan, with_blocking: bool) -> Cells {
        let mut cells = Cells {
            total: Offered::default(),
            by_pool: vec![Offered::default(); plan.pools(model.nodes.len())],
            by_destination: vec![Offered::default(); model.destinations.len()],
            by_workload: vec![Offered::default(); model.workloads.len()],
            against: None,
        };
        let flows = flows(model, plan);
        let keys = keys(&model.endpoints, plan.udp_key);
        let key_count = keys.iter().max().map_or(0, |last| last + 1);
        let mut formula = Formula::of(plan, with_blocking);
        for group in groups(plan, model.nodes.len()) {
            let mut loads = vec![(0.0, 0.0); key_count];
            for flow in &flows {
                let rate = flow.rate * group.share(flow.mix);
                for (endpoint, share) in &flow.mix.endpoints {
                    let load = &mut loads[keys[*endpoint as usize]];
                    load.0 += rate * share * flow.held;
                    load.1 += rate * share * flow.active;
                }
            }
            let blocking: Vec<f64> = loads
                .iter()
                .map(|(held, active)| formula.blocking(*held, *active))
                .collect();
            formula.watch_ceiling(loads.iter().map(|(_, active)| active).sum());
            for flow in &flows {
                let rate = flow.rate * group.share(flow.mix);
                for (endpoint, share) in &flow.mix.endpoints {
                    let refused = blocking[keys[*endpoint as usize]];
                    let destination = model.endpoints[*endpoint as usize].destination as usize;
                    let (rate, load) = (rate * share, rate * share * flow.held);
                    cells.total.add(rate, load, refused);
                    cells.by_destination[destination].add(rate, load, refused);
                    cells.by_workload[flow.workload].add(rate, load, refused);
                    let pools = (group.last_pool - group.first_pool) as f64;
                    for pool in &mut cells.by_pool[group.first_pool..group.last_pool] {
                        pool.add(rate / pools, load / pools, refused);
                    }
                }
            }
        }
        cells.against = formula.against;
        cells
    }
}

fn flows<'a>(model: &'a Model, plan: &PoolPlan) -> Vec<Flow<'a>> {
    model
        .workloads
        .iter()
        .enumerate()
        .filter_map(|(index, workload)| match &workload.traffic {
            Traffic::Open {
                per_second, mix, ..
            } => {
                let (mut held, mut active) = (0.0, 0.0);
                for part in parts(model, plan, workload) {
                    let (all, while_active) = part.port_time();
                    held += part.rate / per_second * all;
                    active += part.rate / per_second * while_active;
                }
                Some(Flow {
                    workload: index,
                    mix,
                    rate: *per_second,
                    held,
                    active,
                })
            }
            Traffic::Closed { .. } | Traffic::Trace(_) => None,
        })
        .collect()
}

/// Pools that see the same load: one node's, or all pools of a shared type.
struct Group {
    first_pool: usize,
    last_pool: usize,
    /// The node whose connections come here; none for all.
    node: Option<u32>,
}

impl Group {
    /// The share of a workload's connections that come here.
    fn share(&self, mix: &Mix) -> f64 {
        match self.node {
            None => 1.0,
            Some(node) => mix
                .nodes
                .binary_search_by_key(&node, |(index, _)| *index)
                .map_or(0.0, |place| mix.nodes[place].1),
        }
    }
}

fn groups(plan: &PoolPlan, nodes: usize) -> Vec<Group> {
    match plan.grouping {
        Grouping::ByNode => (0..nodes)
            .map(|node| Group {
                first_pool: node,
                last_pool: node + 1,
                node: Some(node as u32),
            })
            .collect(),
        Grouping::Shared | Grouping::Buckets { .. } => vec![Group {
            first_pool: 0,
            last_pool: plan.pools(nodes),
            node: None,
        }],
    }
}

/// The key of every endpoint, dense: what a port is busy toward.
fn keys(endpoints: &[Endpoint], udp_key: UdpKey) -> Vec<usize> {
    let mut known = BTreeMap::new();
    endpoints
        .iter()
        .map(|endpoint| {
            let port = match (endpoint.protocol, udp_key) {
                (Protocol::Udp, UdpKey::Address) => None,
                _ => Some(endpoint.port),
            };
            let next = known.len();
            *known
                .entry((endpoint.protocol, endpoint.address, port))
                .or_insert(next)
        })
        .collect()
}

/// Erlang-B over the limits of a plan, remembering the loads it has seen.
struct Formula<'a> {
    plan: &'a PoolPlan,
    enabled: bool,
    /// The key's load is split evenly over this many groups of ports…
    parts: f64,
    /// …each of this many ports.
    ports: u64,
    seen: BTreeMap<(u64, u64), f64>,
    against: Option<&'static str>,
}

impl Formula<'_> {
    fn of(plan: &PoolPlan, enabled: bool) -> Formula<'_> {
        let limit = u64::from(plan.binding_limit());
        let (parts, ports) = match plan.grouping {
            Grouping::ByNode | Grouping::Shared => (1, limit),
            Grouping::Buckets {
                ips,
                instances,
                choice,
            } => match choice {
                IpChoice::Random => (ips * instances, limit),
                // A try that looks on until it finds a free port sees all ports of its instance.
                IpChoice::Fallback => (instances, limit * u64::from(ips)),
            },
        };
        Formula {
            plan,
            enabled,
            parts: f64::from(parts),
            ports,
            seen: BTreeMap::new(),
            against: None,
        }
    }

    /// Blocking of a cell by its loads in Erlang: ports active or held, and active ones.
    fn blocking(&mut self, held: f64, active: f64) -> f64 {
        if !self.enabled {
            return 0.0;
        }
        if let Some(known) = self.seen.get(&(held.to_bits(), active.to_bits())) {
            return *known;
        }
        let all = erlang_b(held / self.parts, self.ports);
        let second = match self.plan.active_limit {
            Some(limit) if !limit.counts_held => {
                erlang_b(active / self.parts, u64::from(limit.limit))
            }
            _ => 0.0,
        };
        let (larger, smaller) = (all.max(second), all.min(second));
        if !is_negligible(smaller, larger) {
            self.against = Some("two limits that bind at once");
        }
        self.seen.insert((held.to_bits(), active.to_bits()), larger);
        larger
    }

    /// Looks whether the ceiling over all keys would refuse anything at this load of active connections.
    fn watch_ceiling(&mut self, active: f64) {
        let Some(ceiling) = self.plan.ceiling.filter(|_| self.enabled) else {
            return;
        };
        let instances = match self.plan.grouping {
            Grouping::Buckets { instances, .. } => f64::from(instances),
            Grouping::ByNode | Grouping::Shared => 1.0,
        };
        if !is_negligible(erlang_b(active / instances, ceiling.limit), 0.0) {
            self.against = Some("a ceiling on active connections that binds");
        }
    }
}

/// Whether a blocking probability is lost beside a larger one.
fn is_negligible(blocking: f64, beside: f64) -> bool {
    blocking < 1e-12 || blocking < 1e-6 * beside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ActiveLimit;
    use crate::results::fixture;
    use crate::traffic::Close;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64, relative: f64) {
        assert!(
            (found - expected).abs() <= relative * expected.abs(),
            "{found} is not {expected}"
        );
    }

    /// The largest load whose blocking is at most `target`, by bisection.
    fn load_for(ports: u64, target: f64) -> f64 {
        let (mut low, mut high) = (0.0, ports as f64 * 2.0);
        for _ in 0..200 {
            let middle = (low + high) / 2.0;
            if erlang_b(middle, ports) <= target {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Checked by the recursion B(n) = A B(n-1) / (n + A B(n-1)) in decimal arithmetic of 50 digits.
    #[test]
    fn erlang_b_agrees_with_independent_figures() {
        for (load, ports, blocking) in [
            (10.0, 10, 0.21458234310734736),
            (60.0, 64, 0.06036273820423571),
            (100.0, 64, 0.37566097948853716),
            (900.0, 1024, 3.510952895138945e-06),
            (1024.0, 1024, 0.02452425754528341),
            (2400.0, 2496, 0.0012311700766761285),
            (70000.0, 64512, 0.07856715807312395),
            (44.0, 32, 0.31524954626184754),
            (12.0, 32, 7.981684130288695e-07),
            (80.0, 128, 1.8441651725167395e-07),
            (84.0, 64, 0.2671233789786104),
            (12.0, 64, 5.657819222753077e-26),
            (120.0, 64, 0.47555478423927955),
        ] {
            close(erlang_b(load, ports), blocking, 1e-11);
        }
    }

    /// Erlang-B tables for the port counts of Azure, to the digits they were given in.
    #[test]
    fn erlang_b_agrees_with_rounded_tables() {
        for (ports, load, blocking, relative) in [
            (128, 100.0, 9.676e-4, 1e-4),
            (128, 110.0, 9.081e-3, 1e-4),
            (128, 120.0, 3.467e-2, 1e-3),
            (128, 128.0, 6.732e-2, 1e-4),
            (128, 160.0, 2.201e-1, 1e-3),
            (1024, 900.0, 3.51e-6, 1e-3),
            (1024, 950.0, 7.57e-4, 1e-3),
            (1024, 980.0, 5.11e-3, 1e-3),
            (1024, 1024.0, 2.452e-2, 3e-4),
            (1024, 1100.0, 7.867e-2, 1e-4),
            (1024, 1500.0, 3.187e-1, 2e-4),
            (64512, 64000.0, 2.08e-4, 5e-3),
            (64512, 64512.0, 3.135e-3, 3e-4),
            (64512, 66000.0, 2.317e-2, 3e-4),
            (512, 450.0, 2.96e-4, 2e-3),
            (512, 470.0, 2.92e-3, 2e-3),
            (512, 480.0, 6.68e-3, 2e-3),
            (512, 490.0, 1.28e-2, 5e-3),
        ] {
            close(erlang_b(load, ports), blocking, relative);
        }
    }

    #[test]
    fn the_load_a_pool_carries_agrees_with_tables() {
        for (ports, load) in [
            (32, 18.20),
            (64, 44.16),
            (128, 100.12),
            (256, 217.51),
            (512, 459.62),
            (1024, 953.63),
            (2560, 2458.1),
            (64512, 64234.6),
        ] {
            close(load_for(ports, 1e-3), load, 5e-4);
        }
        // One shared pool carries more than the same ports split over nodes.
        close(50.0 * load_for(1024, 1e-4), 46388.0, 1e-4);
        close(load_for(51200, 1e-4), 50659.0, 1e-4);
        close(51.0 * load_for(512, 1e-4), 22574.0, 1e-4);
        close(load_for(26112, 1e-4), 25705.0, 1e-4);
    }

    #[test]
    fn the_fewest_ports_for_a_target_are_exact() {
        assert_eq!(ports_for(50.0, 0.01), 64);
        assert_eq!(ports_for(900.0, 1e-6), 1034);
        assert_eq!(ports_for(0.0, 1e-6), 1);
        assert_eq!(ports_for(5.0, 1.0), 0);
    }

    #[test]
    fn a_syn_schedule_doubles_to_two_minutes() {
        let last = |syn_retries, syn_linear_timeouts, timeout| {
            last_syn_seconds(&Connect {
                timeout,
                syn_retries,
                syn_linear_timeouts,
            })
        };
        assert_eq!(last(6, 0, None), 63.0);
        assert_eq!(last(6, 4, None), 67.0);
        assert_eq!(last(8, 0, None), 247.0);
        assert_eq!(last(6, 0, Some(SimTime::from_secs(7))), 3.0);
        assert_eq!(last(0, 0, None), 0.0);
    }

    fn exponential(mean: f64) -> Law {
        Law::Exponential { mean }
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

    #[test]
    fn every_node_and_destination_is_a_cell_of_its_own() {
        // Four nodes at 55, 15, 15 and 15 % of 80 Erlang, 32 ports each.
        let shares = [(0, 0.55), (1, 0.15), (2, 0.15), (3, 0.15)];
        let workload = fixture::poisson("w", 80.0, exponential(1.0), &shares, &[(0, 1.0)]);
        let model = fixture::model(4, 1, vec![workload]);
        let found = analyse(&model, &fixture::plan(Grouping::ByNode, 32));
        assert!(found.total.applies, "{:?}", found.total.why);
        close(found.total.blocking.unwrap(), 0.173387609619802, 1e-11);
        close(
            found.by_pool[0].blocking.unwrap(),
            0.31524954626184754,
            1e-11,
        );
        close(found.by_pool[3].offered_load.unwrap(), 12.0, 1e-12);
        let shared = analyse(&model, &fixture::plan(Grouping::Shared, 128));
        close(
            shared.total.blocking.unwrap(),
            1.8441651725167395e-07,
            1e-11,
        );

        // One node, four destinations at 84, 12, 12 and 12 Erlang, 64 ports that serve all of them.
        let shares = [(0, 0.7), (1, 0.1), (2, 0.1), (3, 0.1)];
        let workload = fixture::poisson("w", 120.0, exponential(1.0), &[(0, 1.0)], &shares);
        let found = analyse(
            &fixture::model(1, 4, vec![workload]),
            &fixture::plan(Grouping::ByNode, 64),
        );
        close(found.total.blocking.unwrap(), 0.18698636528502727, 1e-11);
        close(
            found.by_destination[0].blocking.unwrap(),
            0.2671233789786104,
            1e-11,
        );
        close(
            found.by_destination[1].blocking.unwrap(),
            5.657819222753077e-26,
            1e-11,
        );
    }

    /// Random choice of one of two instances splits the load: the formula of each half, not of the sum.
    #[test]
    fn a_firewall_splits_the_load_over_its_buckets() {
        for (load, split) in [(4_700.0, 9.39e-5), (4_900.0, 6.29e-3), (6_000.0, 0.170)] {
            let workload = fixture::poisson("w", load, exponential(1.0), &[(0, 1.0)], &[(0, 1.0)]);
            let model = fixture::model(1, 1, vec![workload]);
            let found = analyse(&model, &fixture::firewall(1, 2));
            close(found.total.blocking.unwrap(), split, 3e-3);
            close(found.by_pool[1].offered_load.unwrap(), load / 2.0, 1e-12);
        }
    }

    #[test]
    fn a_nat_gateway_obeys_the_limit_that_binds() {
        let at = |rate: f64, lifetime: f64| {
            let workload =
                fixture::poisson("w", rate, exponential(lifetime), &[(0, 1.0)], &[(0, 1.0)]);
            let mut model = fixture::model(1, 1, vec![workload]);
            model.warmup = SimTime::from_secs(20_000);
            model.duration = SimTime::from_secs(30_000);
            analyse(&model, &fixture::nat_gateway(1)).total
        };
        // Short connections: 990 x (1 + 65) = 65,340 ports, only 990 active.
        let short = at(990.0, 1.0);
        assert!(short.applies);
        close(short.blocking.unwrap(), erlang_b(65_340.0, 64_512), 1e-12);
        // Long ones: 51,000 active, 51,000 x 1.0325 = 52,658 ports.
        let long = at(25.5, 2_000.0);
        assert!(long.applies);
        close(long.blocking.unwrap(), erlang_b(51_000.0, 50_000), 1e-12);
        // In between both bind.
        let both = at(260.0, 193.0);
        assert!(!both.applies);
        assert_eq!(both.why.as_deref(), Some("two limits that bind at once"));
    }

    #[test]
    fn held_ports_that_count_leave_one_limit() {
        let workload = fixture::poisson("w", 760.0, exponential(1.0), &[(0, 1.0)], &[(0, 1.0)]);
        let mut plan = fixture::nat_gateway(1);
        plan.active_limit = Some(ActiveLimit {
            limit: 50_000,
            counts_held: true,
        });
        let found = analyse(&fixture::model(1, 1, vec![workload]), &plan).total;
        close(
            found.blocking.unwrap(),
            erlang_b(760.0 * 66.0, 50_000),
            1e-12,
        );
    }

    #[test]
    fn what_stands_against_the_formula_is_named() {
        let workload = || fixture::poisson("w", 1.0, exponential(1.0), &[(0, 1.0)], &[(0, 1.0)]);
        let why = |workload: Workload, warmup| {
            let mut model = fixture::model(1, 1, vec![workload]);
            model.warmup = SimTime::from_secs(warmup);
            analyse(&model, &fixture::load_balancer(64)).total.why
        };
        assert_eq!(why(workload(), 245), None);
        assert_eq!(
            why(workload(), 240).as_deref(),
            Some("a warm-up shorter than the p99 hold")
        );
        let mut retries = workload();
        retries.connect.syn_retries = 6;
        assert_eq!(why(retries.clone(), 245).as_deref(), Some("retries"));
        // A patience of one second leaves a single SYN.
        retries.connect.timeout = Some(SimTime::from_secs(1));
        assert_eq!(why(retries, 245), None);
        let mut even = workload();
        let Traffic::Open { process, .. } = &mut even.traffic else {
            unreachable!("the fixture is open-loop")
        };
        *process = OpenProcess::Constant;
        assert_eq!(
            why(even, 245).as_deref(),
            Some("arrivals that are not Poisson")
        );
        let mut heavy = workload();
        let Traffic::Open { mix, .. } = &mut heavy.traffic else {
            unreachable!("the fixture is open-loop")
        };
        mix.lifetime = Law::Pareto {
            scale: 1.0,
            shape: 0.9,
            max: f64::INFINITY,
        };
        let found = analyse(
            &fixture::model(1, 1, vec![heavy]),
            &fixture::load_balancer(64),
        );
        assert_eq!(found.total.offered_load, None);
        assert!(found.total.why.unwrap().contains("without a mean"));
    }

    proptest! {
        #[test]
        fn the_sum_agrees_with_the_recursion(load in 0.01f64..500.0, ports in 0u64..600) {
            let mut inverse = 1.0;
            for n in 1..=ports {
                inverse = 1.0 + inverse * n as f64 / load;
            }
            if inverse < 1e290 {
                let found = erlang_b(load, ports);
                prop_assert!((found * inverse - 1.0).abs() < 1e-9);
            }
        }

        #[test]
        fn the_fewest_ports_are_enough_and_one_fewer_are_not(
            load in 0.1f64..2000.0, exponent in -8.0f64..-0.1,
        ) {
            let target = 10f64.powf(exponent);
            let ports = ports_for(load, target);
            prop_assert!(erlang_b(load, ports) <= target * (1.0 + 1e-9));
            prop_assert!(ports == 0 || erlang_b(load, ports - 1) > target * (1.0 - 1e-9));
        }
    }
}

//! What theory says beside the simulation: offered loads and blocking, cell by cell, and where it does not apply.

use super::document::Analytic;
use super::erlang::erlang_b;
use super::holds::{hold_times, parts, protocol, unknown_holds};
use crate::engine::{Grouping, IpChoice, PoolPlan};
use crate::model::{Mix, Model, OpenProcess, Traffic, Workload};
use crate::traffic::Burst;
use std::borrow::Cow;
use std::collections::BTreeMap;

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

impl Analysis {
    /// The same where the outbound type changes and has `pools` pools in all: loads are under one type or another, and none
    /// of them is that of the run.
    pub fn of_several_types(mut self, pools: usize) -> Analysis {
        let none = Analytic {
            offered_load: None,
            ..self.total.clone()
        };
        self.by_pool = vec![none; pools];
        let parts = [&mut self.by_destination, &mut self.by_workload];
        let parts = parts.into_iter().flatten();
        for analytic in parts.chain([&mut self.total]) {
            analytic.offered_load = None;
        }
        self
    }

    /// The same where something that only a run shows stands against the formula.
    pub fn against(mut self, what: &str) -> Analysis {
        let parts = [
            &mut self.by_pool,
            &mut self.by_destination,
            &mut self.by_workload,
        ];
        let parts = parts.into_iter().flatten();
        for analytic in parts.chain([&mut self.total]) {
            analytic.applies = false;
            analytic.blocking = None;
            analytic.why = Some(match &analytic.why {
                Some(why) => format!("{why}, {what}"),
                None => what.to_owned(),
            });
        }
        self
    }
}

/// Offered loads of `model` under `plan`, and the Erlang-B formula where it is exact.
pub fn analyse(model: &Model, plan: &PoolPlan) -> Analysis {
    let mut against = obstacles(model, plan);
    let mut cells = Cells::of(model, plan, against.is_empty());
    against.extend(cells.against.take());
    let why = (!against.is_empty()).then(|| against.join(", "));
    let known = model.workloads.iter().all(|workload| {
        let open = matches!(workload.traffic, Traffic::Open { .. });
        open && unknown_holds(model, plan, workload).is_none() || workload.traffic.is_empty()
    }) && cells.total.load.is_finite();
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
    let mut against = obstacles_in_the_long_run(model, plan);
    let warm = hold_times(model, plan).is_none_or(|holds| {
        // Bisection ends a millionth above the quantile.
        holds.p99 <= model.warmup.as_secs_f64() * (1.0 + 2e-6)
    });
    against.extend((!warm).then_some("a warm-up shorter than the p99 hold"));
    against
}

/// What retransmitted SYNs and further tries are called where they stand against the formula.
pub(super) const RETRIES: &str = "retries";

/// What stands against the formula however long a run is.
pub(super) fn obstacles_in_the_long_run(model: &Model, plan: &PoolPlan) -> Vec<&'static str> {
    let mut against = Vec::new();
    let mut say = |holds: bool, why: &'static str| {
        if holds && !against.contains(&why) {
            against.push(why);
        }
    };
    say(model.has_events(), "events");
    let left = |workload: &&Workload| !workload.traffic.is_empty();
    for workload in model.workloads.iter().filter(left) {
        if let Some(why) = unknown_holds(model, plan, workload) {
            say(true, why);
        }
        match &workload.traffic {
            Traffic::Trace(_) => say(true, "a trace"),
            Traffic::Closed { .. } => say(true, "a closed loop"),
            Traffic::Open { process, mix, .. } => {
                say(
                    *process != OpenProcess::Poisson,
                    "arrivals that are not Poisson",
                );
                say(
                    !workload.traffic.is_stationary(),
                    "a load that varies in time",
                );
                let schedule = workload.schedule(protocol(model, mix));
                say(!schedule.is_pure_loss(), RETRIES);
                say(
                    !mix.lifetime.mean().is_finite(),
                    "a lifetime without a mean",
                );
            }
        }
    }
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

/// A workload as the cells see it.
pub(super) struct Flow<'a> {
    workload: usize,
    mix: &'a Mix,
    rate: f64,
    /// Mean port seconds of a connection, and those in which it is active.
    held: f64,
    active: f64,
    /// Ports it has in use on average while its load is at its highest.
    highest: f64,
}

/// What is offered to one cell: a pool, or pools that share it evenly, toward one key.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct CellLoad {
    /// Connections per second.
    pub rate: f64,
    /// Ports active or held on average, if none were refused: Erlang.
    pub held: f64,
    /// Those that are active.
    pub active: f64,
    /// Ports active or held while all loads are at their highest, each for longer than its ports are held.
    pub highest: f64,
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
        let keys = model.keys(plan);
        let key_count = keys.iter().max().map_or(0, |last| last + 1);
        let mut formula = Formula::of(plan, with_blocking);
        for group in groups(plan, model.nodes.len()) {
            formula.turn_to(plan, group.first_pool);
            let loads = group.loads(plan, &flows, &keys, key_count);
            let blocking: Vec<f64> = loads
                .iter()
                .map(|load| formula.blocking(load.held, load.active))
                .collect();
            formula.watch_ceiling(loads.iter().map(|load| load.active).sum());
            for flow in &flows {
                let rate = flow.rate * group.share(plan, flow.mix);
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

/// The workloads that are not recorded and whose holds are known; the rate of a closed loop is the one at which nobody waits for a port.
pub(super) fn flows<'a>(model: &'a Model, plan: &PoolPlan) -> Vec<Flow<'a>> {
    let flow = |(index, workload): (usize, &'a Workload)| {
        let mix = match &workload.traffic {
            Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => mix,
            Traffic::Trace(_) => return None,
        };
        let parts = parts(model, plan, workload);
        let rate = match &workload.traffic {
            // Bursts alone may leave the time that counts without a connection.
            Traffic::Open { .. } => {
                let rate = workload.traffic.mean_rate(model.warmup, model.duration);
                rate.filter(|rate| *rate > 0.0)?
            }
            _ => parts.iter().map(|part| part.rate).sum(),
        };
        let (mut held, mut active) = (0.0, 0.0);
        for part in parts.iter().filter(|part| part.rate > 0.0) {
            let (all, while_active) = part.port_time();
            held += part.rate / rate * all;
            active += part.rate / rate * while_active;
        }
        Some(Flow {
            workload: index,
            mix,
            rate,
            held,
            active,
            highest: highest(model, plan, &workload.traffic, held).unwrap_or(rate * held),
        })
    };
    model
        .workloads
        .iter()
        .enumerate()
        .filter(|(_, workload)| !workload.traffic.is_empty())
        .filter(|(_, workload)| unknown_holds(model, plan, workload).is_none())
        .filter_map(flow)
        .collect()
}

/// Ports that arrivals have in use on average where profile and state bring the most of them and all bursts have just come,
/// each held for `held` seconds; none where the load is not of this kind.
fn highest(model: &Model, plan: &PoolPlan, traffic: &Traffic, held: f64) -> Option<f64> {
    let Traffic::Open {
        process,
        per_second,
        profile,
        bursts,
        ..
    } = traffic
    else {
        return None;
    };
    let busiest = match process {
        OpenProcess::Bursty(bursty) => bursty.highest(),
        _ => *per_second,
    };
    let factor = profile
        .as_ref()
        .map_or(1.0, |profile| profile.peak(model.warmup, model.duration));
    let of_burst = |burst: &Burst| {
        // Nodes begin one after the other: a pool of all meets that, a node's own does not.
        let spread = match plan.grouping {
            Grouping::Shared | Grouping::Buckets { .. } => burst.over + burst.stagger,
            Grouping::ByNode | Grouping::ByGateway(_) => burst.over,
        };
        let spread = spread.as_secs_f64();
        // Of one burst what comes within a span.
        let within = |span: f64| if span >= spread { 1.0 } else { span / spread };
        let at_a_time = match burst.every {
            None => within(held),
            Some(every) => {
                let every = every.as_secs_f64();
                (held / every).floor() + within(held % every)
            }
        };
        burst.connections as f64 * at_a_time.min(burst.times(model.duration) as f64)
    };
    let bursts: f64 = bursts.iter().map(of_burst).sum();
    Some(busiest * factor * held + bursts)
}

/// Pools that see the same load: one node's, one gateway's, or all pools of a shared type.
pub(super) struct Group {
    pub first_pool: usize,
    last_pool: usize,
    /// The pool whose nodes' connections come here; none for all.
    pub pool: Option<u32>,
}

impl Group {
    /// What `flows` offer to this group, by key.
    pub fn loads(
        &self,
        plan: &PoolPlan,
        flows: &[Flow],
        keys: &[usize],
        key_count: usize,
    ) -> Vec<CellLoad> {
        let mut loads = vec![CellLoad::default(); key_count];
        for flow in flows {
            let part = self.share(plan, flow.mix);
            let rate = flow.rate * part;
            for (endpoint, share) in &flow.mix.endpoints {
                let load = &mut loads[keys[*endpoint as usize]];
                load.rate += rate * share;
                load.held += rate * share * flow.held;
                load.active += rate * share * flow.active;
                load.highest += part * share * flow.highest;
            }
        }
        loads
    }

    /// The share of a workload's connections that come here.
    fn share(&self, plan: &PoolPlan, mix: &Mix) -> f64 {
        match (self.pool, &plan.grouping) {
            (None, _) => 1.0,
            (Some(node), Grouping::ByNode) => mix
                .nodes
                .binary_search_by_key(&node, |(index, _)| *index)
                .map_or(0.0, |place| mix.nodes[place].1),
            (own, _) => {
                let nodes = mix.nodes.iter();
                let here = nodes.filter(|(node, _)| plan.pool_of(*node) == own);
                here.map(|(_, share)| share).sum()
            }
        }
    }
}

pub(super) fn groups(plan: &PoolPlan, nodes: usize) -> Vec<Group> {
    match plan.grouping {
        Grouping::ByNode | Grouping::ByGateway(_) => (0..plan.pools(nodes))
            .map(|pool| Group {
                first_pool: pool,
                last_pool: pool + 1,
                pool: Some(pool as u32),
            })
            .collect(),
        Grouping::Shared | Grouping::Buckets { .. } => vec![Group {
            first_pool: 0,
            last_pool: plan.pools(nodes),
            pool: None,
        }],
    }
}

/// Erlang-B over the limits of a plan, remembering the loads it has seen.
pub(super) struct Formula<'a> {
    plan: Cow<'a, PoolPlan>,
    enabled: bool,
    /// The key's load is split evenly over this many groups of ports…
    pub parts: f64,
    /// …each of this many ports.
    pub ports: u64,
    seen: BTreeMap<(u64, u64), f64>,
    /// What was found against the formula on the way.
    pub against: Option<&'static str>,
}

impl<'a> Formula<'a> {
    pub fn of(plan: &'a PoolPlan, enabled: bool) -> Formula<'a> {
        Formula::over(Cow::Borrowed(plan), enabled)
    }

    /// Turns to pool `pool` of `plan`, which may have limits of its own.
    pub fn turn_to(&mut self, plan: &PoolPlan, pool: usize) {
        if let Cow::Owned(own) = plan.of_pool(pool) {
            let against = self.against;
            *self = Formula::over(Cow::Owned(own), self.enabled);
            self.against = against;
        }
    }

    fn over(plan: Cow<'a, PoolPlan>, enabled: bool) -> Formula<'a> {
        let limit = u64::from(plan.binding_limit());
        let (parts, ports) = match plan.grouping {
            Grouping::ByNode | Grouping::Shared | Grouping::ByGateway(_) => (1, limit),
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
    pub fn blocking(&mut self, held: f64, active: f64) -> f64 {
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
            Grouping::ByNode | Grouping::Shared | Grouping::ByGateway(_) => 1.0,
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
    use crate::traffic::{Burst, Law, Profile};
    use crate::units::SimTime;

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
    fn a_load_that_varies_is_offered_as_its_mean() {
        let mut workload = fixture::poisson("w", 4.0, exponential(1.0), &[(0, 1.0)], &[(0, 1.0)]);
        let Traffic::Open {
            profile, bursts, ..
        } = &mut workload.traffic
        else {
            unreachable!("the fixture is open-loop")
        };
        let s = SimTime::from_secs;
        // From 1,000 s on 2.5 times 4 a second, and in the 1,000 s that count five times 50 connections.
        *profile = Some(Profile::new(vec![(s(0), 0.0), (s(1_000), 2.5)], None, s(0)));
        bursts.push(Burst {
            at: s(600),
            every: Some(s(200)),
            connections: 50,
            over: s(1),
            stagger: s(0),
        });
        let mut model = fixture::model(1, 1, vec![workload]);
        model.warmup = s(1_100);
        model.duration = s(2_100);
        let plan = fixture::plan(Grouping::ByNode, 32);
        let found = analyse(&model, &plan).total;
        // At 1,200, 1,400, … 2,000 s: five.
        close(found.offered_load.unwrap(), 10.0 + 0.25, 1e-12);
        assert_eq!(found.blocking, None);
        assert_eq!(found.why.as_deref(), Some("a load that varies in time"));
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
}

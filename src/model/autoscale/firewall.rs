//! Firewalls that scale by Azure's rule: one instance at a time, by new connections a second and by the number of them.

use super::expected::Expected;
use super::{Autoscaler, MINUTE, ScalingStep, figure, minutes};
use crate::engine::{PoolPlan, Protocol};
use crate::model::{Endpoint, Mix, Outbound, Traffic, Workload};
use crate::outbound::{FirewallScaling, azure, plural};
use crate::units::SimTime;
use std::collections::VecDeque;

/// The connections that pass a firewall.
pub struct Passing<'a> {
    /// All workloads of the model.
    pub workloads: &'a [Workload],
    /// All endpoints of the model.
    pub endpoints: &'a [Endpoint],
}

/// What of a workload passes.
struct Part<'a> {
    name: &'a str,
    expected: Expected<'a>,
    /// The share of its connections that do.
    share: f64,
    /// Connections that a client opens for each of them, because some are tried again.
    tries: f64,
    /// By minute since they were opened, the share of them that is still active; empty where nobody can say.
    survival: Vec<f64>,
}

/// The load of a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Load {
    /// New connections per second.
    per_second: f64,
    /// Connections at its end, of all that were opened since the run began.
    connections: f64,
}

impl Passing<'_> {
    /// What the rule makes of the connections that take ports of `outbound`, whose plan is `plan`.
    pub fn follow(
        &self,
        scaling: &FirewallScaling,
        outbound: &Outbound,
        plan: &PoolPlan,
        start: u32,
        duration: SimTime,
    ) -> Autoscaler {
        let mut unseen = Vec::new();
        let mut parts = Vec::new();
        for (index, workload) in (0..).zip(self.workloads) {
            match self.part(index, workload, outbound, plan, duration) {
                Ok(part) => parts.extend(part),
                Err(why) => unseen.push(format!(
                    "It does not see workload \"{}\", {why}.",
                    workload.name
                )),
            }
        }
        for part in parts.iter().filter(|part: &&Part| part.survival.is_empty()) {
            unseen.push(format!(
                "It does not see how many connections of workload \"{}\" there are at a time: they may idle out inside \
                 their lives.",
                part.name
            ));
        }
        unseen.extend(scaling.per_second.is_none().then(|| {
            "It sees neither throughput nor CPU, by which Azure scales as well: connectionsPerSecondPerInstance says what \
             an instance carries."
                .to_owned()
        }));
        let mut opened = vec![VecDeque::new(); parts.len()];
        let load = |from: SimTime, until: SimTime| {
            let mut load = Load {
                per_second: 0.0,
                connections: 0.0,
            };
            let minute = (until - from).as_secs_f64();
            for (part, opened) in parts.iter().zip(&mut opened) {
                let per_second = part.share * part.expected.mean(from, until);
                load.per_second += per_second * part.tries;
                opened.push_front(per_second * minute);
                opened.truncate(part.survival.len());
                let there = opened.iter().zip(&part.survival);
                load.connections += there.map(|(opened, left)| opened * left).sum::<f64>();
            }
            load
        };
        let of_load = scaling.per_second.map(|per_second| {
            format!(
                "{} % of {} new connections a second each, or ",
                100.0 * azure::FIREWALL_SCALE_OUT_LOAD,
                figure(per_second)
            )
        });
        Autoscaler {
            of: format!("firewall {}", outbound.name),
            unit: "instance",
            rule: format!(
                "{} to {}. From {}{} % of {} connections each on, one more is asked for, which takes {}; below {} % of \
                 all of that for {} one leaves. SNAT ports in use make no firewall scale.",
                scaling.least,
                plural(scaling.most, "instance"),
                of_load.unwrap_or_default(),
                100.0 * azure::FIREWALL_SCALE_OUT_CONNECTIONS,
                figure(azure::FIREWALL_CEILING as f64),
                scaling.out_after,
                100.0 * azure::FIREWALL_SCALE_IN,
                scaling.in_after
            ),
            start,
            steps: steps(scaling, start, load, duration),
            unseen,
        }
    }

    /// What of a workload passes, none where nothing does; or why nobody can say.
    fn part<'w>(
        &self,
        index: u32,
        workload: &'w Workload,
        outbound: &Outbound,
        plan: &PoolPlan,
        duration: SimTime,
    ) -> Result<Option<Part<'w>>, &'static str> {
        let mix = match &workload.traffic {
            Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => mix,
            Traffic::Trace(_) => return Err("whose trace has no rate"),
        };
        let share = share(index, mix, outbound);
        if share == 0.0 {
            return Ok(None);
        }
        let Traffic::Open {
            per_second,
            profile,
            bursts,
            ..
        } = &workload.traffic
        else {
            return Err("whose clients have no rate");
        };
        if workload.pool.is_some() {
            return Err("whose requests share connections");
        }
        let protocol = mix
            .endpoints
            .first()
            .map_or(Protocol::Tcp, |(endpoint, _)| {
                self.endpoints[*endpoint as usize].protocol
            });
        let idles_out = workload.quiet(protocol, plan).is_some();
        Ok(Some(Part {
            name: &workload.name,
            expected: Expected {
                per_second: *per_second,
                profile: profile.as_ref(),
                bursts,
            },
            share,
            tries: 1.0 + mix.close.unanswered * f64::from(workload.retry.attempts - 1),
            survival: match idles_out {
                true => Vec::new(),
                false => survival(workload, mix, protocol, plan, duration),
            },
        }))
    }
}

/// The share of a workload's connections that take ports of `outbound`.
fn share(workload: u32, mix: &Mix, outbound: &Outbound) -> f64 {
    let paths = &outbound.paths;
    let nodes = mix.nodes.iter().map(|(node, _)| *node);
    let kinds = paths.one_of_each_kind(nodes).into_iter();
    let of_kind = |kind: u32| {
        let own_ip = paths.has_own_ip(kind);
        let alike = mix
            .nodes
            .iter()
            .filter(|(node, _)| paths.has_own_ip(*node) == own_ip);
        let takes = mix
            .endpoints
            .iter()
            .filter(|(endpoint, _)| paths.takes_port(workload, kind, *endpoint));
        let (nodes, endpoints): (f64, f64) = (
            alike.map(|(_, share)| share).sum(),
            takes.map(|(_, share)| share).sum(),
        );
        nodes * endpoints
    };
    kinds.map(of_kind).sum()
}

/// By minute since they were opened, the share of the connections of that minute that is still active, as far as the
/// firewall can tell; up to the length of the run, or until next to none is.
fn survival(
    workload: &Workload,
    mix: &Mix,
    protocol: Protocol,
    plan: &PoolPlan,
    duration: SimTime,
) -> Vec<f64> {
    /// Instants of a minute that its share is averaged over.
    const STEPS: u32 = 60;
    /// Of a share below this nothing can be seen in a number of connections.
    const NONE: f64 = 1e-6;
    let holds = &plan.holds;
    let lives = |age: f64| 1.0 - mix.lifetime.cdf(age);
    let last_syn = workload.schedule(protocol).syns.last().copied();
    let last_syn = SimTime::from_nanos(last_syn.unwrap_or(0));
    let unanswered = last_syn.saturating_add(holds.half_open).as_secs_f64();
    // The tries of one that is never answered are taken to follow each other at once.
    let unanswered = f64::from(workload.retry.attempts) * unanswered;
    let left = |age: f64| {
        if protocol == Protocol::Udp {
            return lives(age - holds.udp_idle.as_secs_f64());
        }
        let close = &mix.close;
        (close.fin + close.rst) * lives(age)
            + close.abandon * lives(age - holds.idle.as_secs_f64())
            + close.unanswered * f64::from(u8::from(age < unanswered))
    };
    let minutes = duration.as_nanos().div_ceil(MINUTE.as_nanos());
    let of_minute = |minute: u64| {
        let at = |step: u32| 60.0 * (minute as f64 + (f64::from(step) + 0.5) / f64::from(STEPS));
        (0..STEPS).map(|step| left(at(step))).sum::<f64>() / f64::from(STEPS)
    };
    (0..minutes)
        .map(of_minute)
        .take_while(|share| *share > NONE)
        .collect()
}

/// What the rule does, from `start` instances on, under `load` in a span of time.
fn steps(
    scaling: &FirewallScaling,
    start: u32,
    mut load: impl FnMut(SimTime, SimTime) -> Load,
    duration: SimTime,
) -> Vec<ScalingStep> {
    let mut steps: Vec<ScalingStep> = Vec::new();
    let mut instances = start;
    // Until then an instance is on its way.
    let mut there_at = SimTime::ZERO;
    // From when on use has been low, and nothing has changed.
    let mut low_since = SimTime::ZERO;
    for (from, now) in minutes(duration) {
        let load = load(from, now);
        let use_of = |amount: f64, one: f64| amount / (one * f64::from(instances));
        let of_connections = use_of(load.connections, azure::FIREWALL_CEILING as f64);
        let of_load = scaling.per_second.map(|one| use_of(load.per_second, one));
        let is_low = of_connections.max(of_load.unwrap_or(0.0)) < azure::FIREWALL_SCALE_IN;
        if !is_low {
            low_since = now;
        }
        if now < there_at {
            continue;
        }
        let is_high = of_connections >= azure::FIREWALL_SCALE_OUT_CONNECTIONS
            || of_load.is_some_and(|of_load| of_load >= azure::FIREWALL_SCALE_OUT_LOAD);
        let (to, at) = if is_high && instances < scaling.most {
            there_at = now.saturating_add(scaling.out_after);
            (instances + 1, there_at)
        } else if is_low
            && instances > scaling.least
            && now >= low_since.max(there_at).saturating_add(scaling.in_after)
        {
            low_since = now;
            (instances - 1, now)
        } else {
            continue;
        };
        let percent = |part: f64| format!("{} %", figure(100.0 * part));
        let of_load = of_load.map(|of_load| {
            format!(
                ", {} new ones/s are {}",
                figure(load.per_second),
                percent(of_load)
            )
        });
        steps.push(ScalingStep {
            asked_at: now,
            at,
            from: std::mem::replace(&mut instances, to),
            to,
            why: format!(
                "{} connections at a time are {} of what the instances carry{}",
                figure(load.connections),
                percent(of_connections),
                of_load.unwrap_or_default()
            ),
        });
    }
    steps.retain(|step| step.at < duration);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: u64) -> SimTime {
        SimTime::from_nanos(minute * MINUTE.as_nanos())
    }

    /// (asked at, there at, from, to), in minutes, of a firewall with 2 to 4 instances that carry 100 new connections a
    /// second each.
    fn schedule(start: u32, load: impl Fn(u64) -> (f64, f64)) -> Vec<[u64; 4]> {
        let scaling = FirewallScaling {
            least: 2,
            most: 4,
            per_second: Some(100.0),
            out_after: minute(7),
            in_after: minute(10),
        };
        let minutes = |at: SimTime| at.as_nanos() / MINUTE.as_nanos();
        let load = |from, _| {
            let (per_second, connections) = load(minutes(from));
            Load {
                per_second,
                connections,
            }
        };
        let steps = steps(&scaling, start, load, minute(120)).into_iter();
        steps
            .map(|step| {
                [
                    minutes(step.asked_at),
                    minutes(step.at),
                    u64::from(step.from),
                    u64::from(step.to),
                ]
            })
            .collect()
    }

    #[test]
    fn one_instance_at_a_time_is_asked_for_from_60_percent_of_the_load_on() {
        // 120 of 200 a second are 60 %, of 300 they are 40 %.
        assert_eq!(schedule(2, |_| (119.9, 0.0)), [[0; 4]; 0]);
        assert_eq!(schedule(2, |_| (120.0, 0.0)), [[1, 8, 2, 3]]);
        assert_eq!(
            schedule(2, |_| (1_000.0, 0.0)),
            [[1, 8, 2, 3], [8, 15, 3, 4]]
        );
    }

    #[test]
    fn connections_count_from_80_percent_on() {
        assert_eq!(schedule(2, |_| (50.0, 399_999.0)), [[0; 4]; 0]);
        assert_eq!(schedule(2, |_| (50.0, 400_000.0)), [[1, 8, 2, 3]]);
    }

    #[test]
    fn instances_leave_one_by_one_when_all_use_was_low_for_long_enough() {
        // 60 a second are 15 % of four instances and 20 % of three.
        assert_eq!(schedule(4, |_| (60.0, 0.0)), [[10, 10, 4, 3]]);
        assert_eq!(
            schedule(4, |minute| (if minute == 5 { 80.0 } else { 20.0 }, 0.0)),
            [[16, 16, 4, 3], [26, 26, 3, 2]]
        );
        assert_eq!(schedule(4, |_| (20.0, 300_000.0)), [[0; 4]; 0]);
    }
}

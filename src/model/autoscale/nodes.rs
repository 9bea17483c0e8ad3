//! Node pools that scale by a rule, as the cluster autoscaler does on pods that follow the load.

use super::expected::Expected;
use super::{Autoscaler, ScalingStep, figure, minutes};
use crate::fault::{Code, Fault, step};
use crate::model::build::Review;
use crate::model::derived::Derived;
use crate::model::workloads::{Opening, opening};
use crate::outbound::{azure, plural};
use crate::scenario::NodePoolSpec;
use crate::traffic::words::ArrivalsSpec;
use crate::units::SimTime;
use std::collections::VecDeque;

/// How long a node takes from the want of it until it is there; no document says, and `max-node-provision-time` of the
/// cluster autoscaler gives it 15 minutes at most (`aks:articles/aks/cluster-autoscaler.md`).
const SCALE_UP_AFTER: SimTime = SimTime::from_secs(180);

/// A whole number of nodes may come out a little above itself by rounding.
const ROUNDING: f64 = 1e-6;

/// The rule of a node pool.
pub struct NodeRule {
    least: u32,
    most: u32,
    /// Connections per second that a node is there for.
    per_second: f64,
    up_after: SimTime,
    unneeded: SimTime,
    delay_after_add: SimTime,
}

impl NodeRule {
    /// The rule of a pool at `pointer`; none where it has none, or breaks rules, which are then reported.
    pub fn read(pool: &NodePoolSpec, pointer: &str, review: &mut Review) -> Option<NodeRule> {
        let before = review.problems.len();
        let mut refuse = |pointer: String, found: String, allowed: &str, remedy: &str| {
            review.fault(Fault {
                code: Code::E0418,
                pointer,
                found,
                allowed: allowed.to_owned(),
                remedy: remedy.to_owned(),
            });
        };
        let Some(words) = &pool.autoscale else {
            if pool.min_count.is_some() {
                refuse(
                    step(pointer, "minCount"),
                    "minCount says how few nodes an autoscaler leaves, and there is no rule for one.".to_owned(),
                    "\"minCount\" beside \"autoscale\"",
                    "Add \"autoscale\": { \"connectionsPerSecondPerNode\": … }, or remove minCount.",
                );
            }
            return None;
        };
        let at = step(pointer, "autoscale");
        let (Some(least), Some(most)) = (pool.min_count, pool.max_count) else {
            refuse(
                at,
                "The pool scales by a rule without minCount and maxCount.".to_owned(),
                "\"minCount\" and \"maxCount\" beside \"autoscale\", as AKS wants them",
                "Add what `az aks nodepool show --query '[minCount, maxCount]'` prints.",
            );
            return None;
        };
        if least == 0 || least > pool.count {
            refuse(
                step(pointer, "minCount"),
                format!(
                    "minCount is {least}, and the pool begins with {}.",
                    plural(pool.count, "node")
                ),
                "1 up to count: a workload whose nodes are all gone has nobody to open its connections",
                "Set count from minCount to maxCount; it is what the pool begins with.",
            );
        }
        let per_second = words.connections_per_second_per_node;
        if !(per_second > 0.0 && per_second.is_finite()) {
            refuse(
                step(&at, "connectionsPerSecondPerNode"),
                format!("A node is there for {per_second} connections a second."),
                "a number above 0",
                "Divide the connections a second of a busy hour by the nodes that you had then.",
            );
        }
        // A count above maxCount is told where the pool is read.
        let fits = most >= pool.count;
        (fits && review.problems.len() == before).then_some(NodeRule {
            least,
            most,
            per_second,
            up_after: words.scale_up_after.unwrap_or(SCALE_UP_AFTER),
            unneeded: words
                .scale_down_unneeded_time
                .unwrap_or(azure::SCALE_DOWN_AFTER),
            delay_after_add: words
                .scale_down_delay_after_add
                .unwrap_or(azure::SCALE_DOWN_AFTER),
        })
    }

    /// What the rule makes of the workloads on the pool.
    pub fn follow(
        &self,
        derived: &Derived,
        pool: &NodePoolSpec,
        pointer: &str,
        review: &mut Review,
    ) -> Autoscaler {
        let spec = &derived.loaded.spec;
        let pools = spec
            .cluster
            .iter()
            .flat_map(|cluster| cluster.node_pools.iter().flatten());
        let is_alone = pools.count() == 1;
        let mut openings = Vec::new();
        let mut unseen = Vec::new();
        for (i, workload) in derived.seen_by_rules() {
            match &workload.node_pool {
                Some(name) if *name != pool.name => continue,
                None if !is_alone => {
                    review.fault(spread(&pool.name, &workload.name, pointer));
                    continue;
                }
                _ => {}
            }
            if workload.replicas.is_some() {
                review.fault(fixed(&pool.name, &workload.name, i));
                continue;
            }
            let arrivals = workload.arrivals.as_ref();
            // What is wrong with it is told where the workload is read.
            match arrivals {
                Some(ArrivalsSpec::Trace(_) | ArrivalsSpec::Closed { .. }) => unseen.push(format!(
                    "It does not see workload \"{}\", whose clients or trace have no rate.",
                    workload.name
                )),
                _ => openings.extend(opening(
                    workload,
                    &step("/workloads", i),
                    &mut Review::default(),
                )),
            }
        }
        let rate = |from, until| {
            let of = |opening: &Opening| {
                let expected = Expected {
                    per_second: opening.per_second,
                    profile: opening.profile.as_ref(),
                    bursts: &opening.bursts,
                };
                expected.mean(from, until)
            };
            openings.iter().map(of).sum()
        };
        Autoscaler {
            of: format!("node pool {}", pool.name),
            unit: "node",
            rule: format!(
                "{} to {}, as many as {} connections a second each take, rounded up. A node that is wanted is there {} \
                 later; one that was unneeded for {} leaves, {} after nodes were asked for at the earliest.",
                self.least,
                plural(self.most, "node"),
                figure(self.per_second),
                self.up_after,
                self.unneeded,
                self.delay_after_add
            ),
            start: pool.count,
            steps: self.steps(pool.count, rate, spec.duration),
            unseen,
        }
    }

    /// What the rule does, from `start` nodes on, under `rate` connections per second in a span of time.
    fn steps(
        &self,
        start: u32,
        rate: impl Fn(SimTime, SimTime) -> f64,
        duration: SimTime,
    ) -> Vec<ScalingStep> {
        let mut steps: Vec<ScalingStep> = Vec::new();
        // Nodes asked for are counted as if they were there.
        let mut nodes = start;
        let mut there_at = SimTime::ZERO;
        let mut last_add = None;
        // What was wanted when, each more than all after it; what is not said of the time before counts as needed.
        let mut wants: VecDeque<(SimTime, u32)> = VecDeque::from([(SimTime::ZERO, start)]);
        for (from, now) in minutes(duration) {
            let rate = rate(from, now);
            // Beyond what 32 bits hold the cast saturates.
            let wanted = libm::ceil(rate / self.per_second - ROUNDING) as u32;
            let wanted = wanted.clamp(self.least, self.most);
            while wants.back().is_some_and(|(_, earlier)| *earlier <= wanted) {
                wants.pop_back();
            }
            wants.push_back((now, wanted));
            while wants
                .front()
                .is_some_and(|(at, _)| at.saturating_add(self.unneeded) <= now)
            {
                wants.pop_front();
            }
            let needed = wants.front().map_or(wanted, |(_, most)| *most);
            let sum = format!(
                "{} connections/s / {} a node",
                figure(rate),
                figure(self.per_second)
            );
            let (to, at, why) = if wanted > nodes {
                there_at = now.saturating_add(self.up_after);
                last_add = Some(now);
                (wanted, there_at, format!("{sum}: {wanted} wanted"))
            } else if needed < nodes
                && now > there_at
                && last_add.is_none_or(|at: SimTime| now >= at.saturating_add(self.delay_after_add))
            {
                let why = format!("{sum}; at most {needed} wanted for {}", self.unneeded);
                (needed, now, why)
            } else {
                continue;
            };
            steps.push(ScalingStep {
                asked_at: now,
                at,
                from: std::mem::replace(&mut nodes, to),
                to,
                why,
            });
        }
        steps.retain(|step| step.at < duration);
        steps
    }
}

/// Pods that are dealt to the nodes at the start do not move to those that come later.
fn fixed(pool: &str, workload: &str, index: usize) -> Fault {
    Fault {
        code: Code::E0418,
        pointer: step(&step("/workloads", index), "replicas"),
        found: format!(
            "Workload \"{workload}\" says how many replicas it has, and pool {pool} scales by a rule: no new node would \
             get one of them."
        ),
        allowed: "beside \"autoscale\": workloads that are spread over all nodes of the pool"
            .to_owned(),
        remedy: "Leave replicas out, or the rule: pods that do not become more make no pool scale."
            .to_owned(),
    }
}

fn spread(pool: &str, workload: &str, pointer: &str) -> Fault {
    Fault {
        code: Code::E0418,
        pointer: step(pointer, "autoscale"),
        found: format!(
            "Workload \"{workload}\" runs on all node pools, and how much of it falls to \"{pool}\" hangs on how many \
             nodes the rule gives that."
        ),
        allowed: "beside \"autoscale\" of one of several node pools: workloads that name theirs"
            .to_owned(),
        remedy: format!("Give the workload a \"nodePool\", \"{pool}\" or another."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(minute: u64) -> SimTime {
        SimTime::from_secs(60 * minute)
    }

    fn rule() -> NodeRule {
        NodeRule {
            least: 2,
            most: 10,
            per_second: 10.0,
            up_after: minute(3),
            unneeded: minute(10),
            delay_after_add: minute(10),
        }
    }

    /// (asked at, there at, from, to), in minutes.
    fn schedule(rule: &NodeRule, start: u32, wanted: impl Fn(u64) -> f64) -> Vec<[u64; 4]> {
        let per_second = |from: SimTime, _| 10.0 * wanted(from.as_nanos() / 60_000_000_000);
        let steps = rule.steps(start, per_second, minute(100)).into_iter();
        let minutes = |at: SimTime| at.as_nanos() / 60_000_000_000;
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
    fn nodes_come_some_minutes_after_they_are_wanted_and_leave_when_long_unneeded() {
        // In the minutes from 20 to 39 five nodes are wanted; minute 20 is over at 21, minute 39 at 40.
        let found = schedule(&rule(), 2, |minute| match minute {
            20..=39 => 4.5,
            _ => 1.0,
        });
        // At 40 the last minute in which five were wanted is over; ten minutes later three leave.
        assert_eq!(found, [[21, 24, 2, 5], [50, 50, 5, 2]]);
    }

    #[test]
    fn more_nodes_than_the_most_are_no_rule_to_follow() {
        let pool: NodePoolSpec = serde_json::from_value(serde_json::json!({
            "name": "apps", "count": 6, "minCount": 5, "maxCount": 4, "autoscale": { "connectionsPerSecondPerNode": 1 },
        }))
        .expect("known words");
        let rule = NodeRule::read(&pool, "/cluster/nodePools/0", &mut Review::default());
        assert!(rule.is_none());
    }

    #[test]
    fn whole_numbers_of_nodes_are_not_rounded_up_and_limits_hold() {
        assert!(schedule(&rule(), 3, |_| 3.0 + 1e-9).is_empty());
        assert_eq!(schedule(&rule(), 3, |_| 3.01), [[1, 4, 3, 4]]);
        assert_eq!(schedule(&rule(), 3, |_| 1e30), [[1, 4, 3, 10]]);
        assert_eq!(schedule(&rule(), 3, |_| 0.0), [[10, 10, 3, 2]]);
    }

    #[test]
    fn a_node_that_is_wanted_again_in_time_stays() {
        let found = schedule(&rule(), 4, |minute| match minute % 10 {
            0 => 4.0,
            _ => 2.0,
        });
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn none_leaves_for_a_while_after_some_were_asked_for() {
        let waits = NodeRule {
            unneeded: minute(1),
            delay_after_add: minute(30),
            ..rule()
        };
        let found = schedule(&waits, 2, |minute| match minute {
            5 => 6.0,
            _ => 2.0,
        });
        assert_eq!(found, [[6, 9, 2, 6], [36, 36, 6, 2]]);
    }

    #[test]
    fn nodes_that_are_on_their_way_arrive_before_any_leaves() {
        let slow = NodeRule {
            up_after: minute(15),
            unneeded: minute(2),
            delay_after_add: SimTime::ZERO,
            ..rule()
        };
        let found = schedule(&slow, 2, |minute| match minute {
            5 => 6.0,
            _ => 2.0,
        });
        assert_eq!(found, [[6, 21, 2, 6], [22, 22, 6, 2]]);
    }
}

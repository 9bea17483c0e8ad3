//! What autoscalers do, as events among the others.

use super::read::DRAIN;
use super::{Change, Events, What};
use crate::engine::Grouping;
use crate::fault::step;
use crate::model::autoscale::{Autoscaler, NodeRule, Passing};
use crate::model::build::Review;
use crate::model::derived::Derived;
use crate::model::{Outbound, ScalingStep};
use crate::outbound::{Assumptions, plural};
use crate::scenario::ScenarioSpec;
use crate::units::SimTime;
use serde_json::json;

impl Events {
    /// Scales the node pools that have a rule.
    pub(super) fn scale_pools(&mut self, derived: &Derived, review: &mut Review) {
        let spec = &derived.loaded.spec;
        let pools = spec
            .cluster
            .iter()
            .flat_map(|cluster| cluster.node_pools.iter().flatten());
        for (index, pool) in pools.enumerate() {
            let pointer = step("/cluster/nodePools", index);
            let Some(rule) = NodeRule::read(pool, &pointer, review) else {
                continue;
            };
            let scaler = rule.follow(derived, pool, &pointer, review);
            let pointer = step(&pointer, "autoscale");
            for taken in &scaler.steps {
                let what = What::Count {
                    pool: index,
                    count: taken.to,
                };
                self.most[index] = self.most[index].max(taken.to);
                self.add(
                    taken.at,
                    &pointer,
                    what,
                    Some(phrase(&pool.name, taken, "node")),
                );
            }
            review.notes.push(scaler.note());
            self.autoscalers.push(scaler);
        }
    }

    /// Scales the firewalls that have a rule. They hear nothing of each other, and nodes that come and go change nothing
    /// for them: all other events are known before.
    pub(in crate::model) fn scale_firewalls(
        &mut self,
        spec: &ScenarioSpec,
        assumptions: &Assumptions,
        passing: &Passing,
        outbounds: &mut [Outbound],
    ) {
        let entries = spec.outbound.iter().flatten();
        for (index, (entry, outbound)) in entries.zip(outbounds).enumerate() {
            let Some(scaling) = entry.firewall_scaling(assumptions) else {
                continue;
            };
            let Ok(plan) = &outbound.plan else {
                continue;
            };
            let Grouping::Buckets { instances, .. } = plan.grouping else {
                continue;
            };
            let scaler = passing.follow(&scaling, outbound, plan, instances, spec.duration);
            self.scale_firewall(index, &outbound.name, &scaler, spec.duration);
            outbound.notes.push(scaler.note());
            self.autoscalers.push(scaler);
        }
        self.sort();
    }

    fn scale_firewall(&mut self, index: usize, name: &str, scaler: &Autoscaler, duration: SimTime) {
        let pointer = ["azureFirewall", "autoscaleConfiguration"]
            .iter()
            .fold(step("/outbound", index), |at, field| step(&at, field));
        for taken in &scaler.steps {
            let patch = json!({ "azureFirewall": { "instances": taken.to } });
            let what = What::Outbound { index, patch };
            self.add(
                taken.at,
                &pointer,
                what,
                Some(phrase(name, taken, "instance")),
            );
            let drained = taken.at.saturating_add(DRAIN);
            if taken.to < taken.from && drained < duration {
                self.add(drained, &pointer, What::Drained, None);
            }
        }
    }

    fn add(&mut self, at: SimTime, pointer: &str, what: What, phrase: Option<String>) {
        self.changes.push(Change {
            at,
            pointer: pointer.to_owned(),
            what,
            phrase,
        });
    }

    /// Puts changes in the order of time; at one instant what the list of events has goes first.
    pub(super) fn sort(&mut self) {
        self.changes.sort_by_key(|change| change.at);
    }
}

fn phrase(name: &str, taken: &ScalingStep, unit: &str) -> String {
    format!(
        "{name} scales from {} to {} by its rule",
        taken.from,
        plural(taken.to, unit)
    )
}

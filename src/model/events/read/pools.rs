//! Events of node pools: scaled, upgraded.

use super::super::What;
use super::Reader;
use crate::fault::{Code, Fault, step};
use crate::model::Note;
use crate::model::build::{Review, among};
use crate::outbound::plural;
use crate::scenario::{NodePoolSpec, UpgradeSpec};
use crate::units::SimTime;

/// Nodes that AKS allows in a pool: `includes/container-service-limits.md`.
const MOST_IN_A_POOL: u32 = 1_000;

impl Reader<'_> {
    /// The pool called `name`, unless it is being upgraded.
    fn pool(&self, at: SimTime, name: &str, pointer: &str, review: &mut Review) -> Option<usize> {
        let Some(pool) = self.pools.iter().position(|known| known == name) else {
            let (allowed, remedy) = among("node pool", name, &self.pools);
            review.fault(Fault {
                code: Code::E0412,
                pointer: step(pointer, "nodePool"),
                found: format!("There is no node pool \"{name}\"."),
                allowed,
                remedy,
            });
            return None;
        };
        if self.declared()[pool].autoscale.is_some() {
            review.fault(Fault {
                code: Code::E0418,
                pointer: step(pointer, "nodePool"),
                found: format!("Node pool \"{name}\" scales by a rule, and an event changes its nodes."),
                allowed: "events of node pools without \"autoscale\"".to_owned(),
                remedy: "Remove the event, or the rule: `snatsim explain` has the schedule that it gave.".to_owned(),
            });
            return None;
        }
        if at < self.upgraded[pool] {
            review.fault(Fault {
                code: Code::E0414,
                pointer: pointer.to_owned(),
                found: format!(
                    "Node pool \"{name}\" is being upgraded at {at}, until {}.",
                    self.upgraded[pool]
                ),
                allowed: "one operation on a node pool at a time, as in AKS".to_owned(),
                remedy: format!(
                    "Let it happen at {} or later, or before the upgrade.",
                    self.upgraded[pool]
                ),
            });
            return None;
        }
        Some(pool)
    }

    pub(super) fn scale(
        &mut self,
        at: SimTime,
        name: &str,
        count: u32,
        pointer: &str,
        review: &mut Review,
    ) {
        let Some(pool) = self.pool(at, name, pointer, review) else {
            return;
        };
        self.once_at(at, "node pool", pool, pointer, review);
        let most = self.max_count(pool).unwrap_or(MOST_IN_A_POOL);
        if count == 0 || count > most {
            review.fault(Fault {
                code: Code::E0414,
                pointer: step(pointer, "count"),
                found: format!("Node pool \"{name}\" is scaled to {count} nodes."),
                allowed: format!("1 to {most}"),
                remedy: match self.max_count(pool) {
                    Some(max) if count > max => "Raise maxCount of the node pool.".to_owned(),
                    _ => "A pool that stays has a node at least; AKS pools have at most 1,000."
                        .to_owned(),
                },
            });
            return;
        }
        if count == self.counts[pool] {
            review.notes.push(Note {
                code: Code::F0205,
                text: format!(
                    "At {at} node pool \"{name}\" is scaled to {}, which it has already.",
                    plural(count, "node")
                ),
            });
        }
        let phrase = format!("{name} scales from {} to {count} nodes", self.counts[pool]);
        self.counts[pool] = count;
        self.events.most[pool] = self.events.most[pool].max(count);
        self.push(at, pointer, What::Count { pool, count }, Some(phrase));
    }

    /// The node pools of the file.
    fn declared(&self) -> &[NodePoolSpec] {
        let cluster = self.spec.cluster.as_ref();
        cluster
            .and_then(|cluster| cluster.node_pools.as_deref())
            .unwrap_or_default()
    }

    fn max_count(&self, pool: usize) -> Option<u32> {
        self.declared()[pool].max_count
    }

    pub(super) fn upgrade(
        &mut self,
        at: SimTime,
        words: &UpgradeSpec,
        pointer: &str,
        review: &mut Review,
    ) {
        let Some(pool) = self.pool(at, &words.node_pool, pointer, review) else {
            return;
        };
        let count = self.counts[pool];
        let own = self.declared()[pool].max_surge;
        let surge = words
            .max_surge
            .or(own)
            .unwrap_or(self.assumptions.max_surge)
            .of(count);
        if surge == 0 || surge > count || words.batch_time == SimTime::ZERO {
            review.fault(Fault {
                code: Code::E0414,
                pointer: pointer.to_owned(),
                found: format!(
                    "An upgrade of {count} nodes with {surge} surge nodes, each batch taking {}.",
                    words.batch_time
                ),
                allowed: format!("1 to {count} surge nodes, and a batchTime above 0s"),
                remedy: "Set \"maxSurge\": \"1\" and \"batchTime\": \"5m\", say.".to_owned(),
            });
            return;
        }
        self.events.most[pool] = self.events.most[pool].max(count + surge);
        let batches = count.div_ceil(surge);
        for batch in 0..batches {
            let away = batch * surge..((batch + 1) * surge).min(count);
            let phrase = (batch == 0).then(|| {
                format!(
                    "an upgrade of {} begins, {surge} of {count} nodes at a time",
                    words.node_pool
                )
            });
            let starts = times(words.batch_time, batch).saturating_add(at);
            self.push(starts, pointer, What::Upgrade { pool, surge, away }, phrase);
        }
        let ends = times(words.batch_time, batches).saturating_add(at);
        let phrase = Some(format!("the upgrade of {} ends", words.node_pool));
        let what = What::Upgrade {
            pool,
            surge: 0,
            away: 0..0,
        };
        self.push(ends, pointer, what, phrase);
        self.upgraded[pool] = ends;
    }
}

fn times(span: SimTime, factor: u32) -> SimTime {
    SimTime::from_nanos(span.as_nanos().saturating_mul(u64::from(factor)))
}

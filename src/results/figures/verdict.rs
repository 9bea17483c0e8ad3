//! What an outbound comes to: its verdict, and how near its pools came to their limits.

use super::Subject;
use crate::engine::PoolPlan;
use crate::record::{HighestUse, Peak};
use crate::results::Verdict;
use crate::simulate::{OutboundRun, ReplicationRun};

/// The use from which on a pool without refusals is called tight.
pub(in crate::results) const TIGHT: f64 = 0.8;

impl Subject<'_> {
    /// Offered connections that failed for lack of a port of the outbound type.
    pub fn failed_for_ports(&self) -> u64 {
        self.total.failed - self.total.failed_at_node.iter().sum::<u64>()
    }

    /// The verdict of what was simulated, but for what nodes refused; `refused` never comes here.
    pub fn verdict_of_ports(&self) -> Verdict {
        if self.failed_for_ports() > 0 {
            Verdict::Exhausted
        } else if self.total.refused_syns > 0 {
            Verdict::Slow
        } else if self.peak_use() >= TIGHT {
            Verdict::Tight
        } else {
            Verdict::Clear
        }
    }

    /// The assumptions whose other value would give another verdict, as far as that shows without another run: ports in
    /// use above the second limit, if held ports counted toward it, would have been refused.
    pub(super) fn depends_on(&self, verdict: Verdict) -> Vec<String> {
        let mut stages = self.outbound.stages(self.model.nodes.len()).into_iter();
        let is_gateway = stages.any(|stage| {
            let second = stage.plan().active_limit;
            stage.kind.is_nat_gateway() && second.is_some_and(|second| !second.counts_held)
        });
        let above = self.used_of_second_limit().share() > 1.0;
        match verdict <= Verdict::Tight && above && is_gateway {
            true => vec!["natHeldPortsCountToEndpointLimit".to_owned()],
            false => Vec::new(),
        }
    }

    /// The highest use of any pool, by the limit that it came nearest to; 1 is full.
    pub fn peak_use(&self) -> f64 {
        self.peak_of_limit().max(self.peak_of_second_limit())
    }

    /// The highest use of any pool against its ports.
    pub fn peak_of_limit(&self) -> f64 {
        self.fullest().share()
    }

    /// The highest use of any pool against the second limit, 0 where there is none.
    pub fn peak_of_second_limit(&self) -> f64 {
        self.fullest_of_second_limit().share()
    }

    /// The pool that came nearest to its ports; where they change, when it did.
    pub fn fullest(&self) -> Peak {
        match self.highest_use() {
            Some(highest) => highest.ports,
            None => self.nearest(|plan| plan.limit, |run| &run.peak_used),
        }
    }

    /// The pool that came nearest to the second limit; nothing of nothing where there is none.
    pub fn fullest_of_second_limit(&self) -> Peak {
        match self.highest_use() {
            Some(highest) => highest.active,
            None => self.nearest(second_limit, |run| &run.peak_active),
        }
    }

    /// The ports of the pool that came nearest to the second limit.
    pub fn ports_beside_second_limit(&self) -> Peak {
        match self.highest_use() {
            Some(highest) => highest.ports_beside,
            None => {
                let nearest = self.nearest_pool(second_limit, |run| &run.peak_active);
                nearest.map_or_else(Peak::default, |(pool, _)| {
                    self.peak(pool, |plan| plan.limit, |run| &run.peak_used)
                })
            }
        }
    }

    /// The highest use of any pool against the second limit, if held ports counted toward it.
    fn used_of_second_limit(&self) -> Peak {
        match self.highest_use() {
            Some(highest) => highest.used_of_active,
            None => self.nearest(second_limit, |run| &run.peak_used),
        }
    }

    /// The highest use where limits change in the course of the run, each epoch's by its own.
    fn highest_use(&self) -> Option<HighestUse> {
        let runs = self.run.replications.iter();
        runs.filter_map(|run| run.highest_use)
            .reduce(HighestUse::max)
    }

    fn nearest(
        &self,
        limit: impl Fn(&PoolPlan) -> u32,
        peaks: impl Fn(&ReplicationRun) -> &Vec<u32>,
    ) -> Peak {
        self.nearest_pool(limit, peaks)
            .map_or_else(Peak::default, |(_, peak)| peak)
    }

    /// The pool that came nearest to its limit; the first of those that are equally near.
    fn nearest_pool(
        &self,
        limit: impl Fn(&PoolPlan) -> u32,
        peaks: impl Fn(&ReplicationRun) -> &Vec<u32>,
    ) -> Option<(usize, Peak)> {
        let pools = (0..self.pool_count()).map(|pool| (pool, self.peak(pool, &limit, &peaks)));
        pools.reduce(|best, next| match next.1.share() > best.1.share() {
            true => next,
            false => best,
        })
    }

    fn peak(
        &self,
        pool: usize,
        limit: impl Fn(&PoolPlan) -> u32,
        peaks: impl Fn(&ReplicationRun) -> &Vec<u32>,
    ) -> Peak {
        Peak {
            used: peak_of(self.run, pool, peaks),
            limit: limit(&self.plan.of_pool(pool)),
        }
    }
}

fn second_limit(plan: &PoolPlan) -> u32 {
    plan.active_limit.map_or(0, |second| second.limit)
}

/// The peak of one pool over replications.
fn peak_of(run: &OutboundRun, pool: usize, peaks: impl Fn(&ReplicationRun) -> &Vec<u32>) -> u32 {
    let peaks = run.replications.iter().map(|run| peaks(run)[pool]);
    peaks.max().unwrap_or(0)
}

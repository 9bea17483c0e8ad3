//! What an outbound comes to: its verdict, and how near its pools came to their limits.

use super::Subject;
use crate::engine::PoolPlan;
use crate::results::Verdict;
use crate::simulate::{OutboundRun, ReplicationRun};

/// The use from which on a pool without refusals is called tight.
const TIGHT: f64 = 0.8;

impl Subject<'_> {
    /// The verdict of what was simulated; `refused` never comes here.
    pub(super) fn verdict(&self) -> Verdict {
        if self.total.failed > 0 {
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
        let above = |pool: usize| {
            let second = self.plan.of_pool(pool).active_limit;
            let used = peak_of(self.run, pool, |run| &run.peak_used);
            second.is_some_and(|second| !second.counts_held && used > second.limit)
        };
        let flips = verdict <= Verdict::Tight && (0..self.pool_count()).any(above);
        match flips && self.outbound.kind.is_nat_gateway() {
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

    /// The pool that came nearest to its ports.
    pub fn fullest(&self) -> Peak {
        self.nearest(|plan| plan.limit, |run| &run.peak_used)
    }

    /// The pool that came nearest to the second limit; nothing of nothing where there is none.
    pub fn fullest_of_second_limit(&self) -> Peak {
        let limit = |plan: &PoolPlan| plan.active_limit.map_or(0, |second| second.limit);
        self.nearest(limit, |run| &run.peak_active)
    }

    fn nearest(
        &self,
        limit: impl Fn(&PoolPlan) -> u32,
        peaks: impl Fn(&ReplicationRun) -> &Vec<u32>,
    ) -> Peak {
        let pools = (0..self.pool_count()).map(|pool| Peak {
            used: peak_of(self.run, pool, &peaks),
            limit: limit(&self.plan.of_pool(pool)),
        });
        // The first of those that are equally near.
        pools
            .reduce(|best, next| match next.share() > best.share() {
                true => next,
                false => best,
            })
            .unwrap_or_default()
    }
}

/// The most that was in use of a pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Ports, or connections.
    pub used: u32,
    /// How many there are.
    pub limit: u32,
}

impl Peak {
    /// What share of them was in use; 1 is full.
    pub fn share(self) -> f64 {
        match self.limit {
            0 => 0.0,
            limit => f64::from(self.used) / f64::from(limit),
        }
    }
}

/// The peak of one pool over replications.
fn peak_of(run: &OutboundRun, pool: usize, peaks: impl Fn(&ReplicationRun) -> &Vec<u32>) -> u32 {
    let peaks = run.replications.iter().map(|run| peaks(run)[pool]);
    peaks.max().unwrap_or(0)
}

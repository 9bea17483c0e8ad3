//! Failure probabilities with their intervals, over replications or over batches of time.

use super::{Subject, refused_by_nodes};
use crate::record::{Slot, Tally};
use crate::results::interval::{self, Share};
use crate::results::{Estimate, IntervalMethod, nodes, varying};
use crate::simulate::ReplicationRun;
use crate::units::SimTime;

impl Subject<'_> {
    /// One share of failures per replication.
    pub(super) fn shares(&self, of: impl Fn(&ReplicationRun) -> &Tally) -> Vec<Share> {
        let share = |run| {
            let tally = of(run);
            Share {
                failed: tally.failed,
                decided: tally.decided(),
            }
        };
        self.run.replications.iter().map(share).collect()
    }

    /// The failure probability of all connections: over replications, or over batches of time.
    pub(super) fn failure_probability(&self) -> Estimate {
        let (units, method) = match self.batches() {
            Some(batches) => (batches, IntervalMethod::Batches),
            None => (self.shares(|run| &run.total), self.method()),
        };
        self.estimate(&units, method)
    }

    /// The failure probability of a group of connections, for which no batches are kept.
    pub(super) fn part_probability(&self, of: impl Fn(&ReplicationRun) -> &Tally) -> Estimate {
        self.estimate(&self.shares(of), self.method())
    }

    /// Whether nothing is drawn: every replication counts the same.
    fn replications_are_alike(&self) -> bool {
        let mut runs = self.run.replications.windows(2);
        runs.all(|pair| pair[0].total == pair[1].total)
    }

    fn estimate(&self, units: &[Share], method: IntervalMethod) -> Estimate {
        let failed = units.iter().any(|unit| unit.failed > 0);
        // What is the same each time says no more by being run again.
        let units = match !failed && method != IntervalMethod::Batches {
            true if self.replications_are_alike() => &units[..1],
            _ => units,
        };
        let of_pools =
            match self.model.has_events() || self.model.workloads.iter().any(varying::moves) {
                // Refusals would begin at the peak, whatever the mean.
                true => self.run.fullest_mean_use.max(self.peak_use()),
                false => self.run.fullest_mean_use,
            };
        // Of nodes the mean is not known; refusals would begin at their peak.
        let of_nodes = nodes::figures(self).map_or(0.0, |nodes| nodes.peak_use());
        let confidence = self.model.confidence;
        interval::failure_probability(units, method, confidence, of_pools.max(of_nodes))
    }

    fn method(&self) -> IntervalMethod {
        if self.run.replications.len() >= interval::ENOUGH_REPLICATIONS {
            IntervalMethod::Replications
        } else {
            IntervalMethod::None
        }
    }

    /// Batches of time, where there are too few replications and enough time.
    fn batches(&self) -> Option<Vec<Share>> {
        let replications = &self.run.replications;
        // Nodes remember for longer than ports are held, a day where nobody closes.
        if self.method() == IntervalMethod::Replications || refused_by_nodes(self.run) {
            return None;
        }
        let slots = replications.iter().map(|run| run.slots.len()).min()?;
        let cut = interval::batches(
            self.window().as_secs_f64(),
            slots,
            replications.len(),
            self.holds.as_ref()?.mean.max(varying::memory(self.model)?),
        )?;
        let batches = replications.iter().flat_map(|run| {
            (0..cut).map(move |batch| {
                let (from, to) = (batch * slots / cut, (batch + 1) * slots / cut);
                share_of_slots(&run.slots[from..to])
            })
        });
        Some(batches.collect())
    }

    fn window(&self) -> SimTime {
        self.model.duration.saturating_sub(self.model.warmup)
    }
}

fn share_of_slots(slots: &[Slot]) -> Share {
    slots.iter().fold(Share::default(), |sum, slot| Share {
        failed: sum.failed + slot.failed,
        decided: sum.decided + slot.offered - slot.pending,
    })
}

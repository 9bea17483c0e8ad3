//! Owners of connections that idle out inside their lives: each opens another for the rest as soon as it learns of it.

use super::quiet::{Quiet, can_break};
use super::stream::class_seed;
use crate::engine::{Arrival, Calendar, Due, End, Outcome, Sort, Verdict};
use crate::units::Seed;
use std::collections::BTreeMap;

/// The connections of a class whose owners reconnect.
#[derive(Clone, Debug)]
pub struct OwnerPlan {
    /// Which connections idle out.
    pub quiet: Quiet,
    /// Workload index.
    pub workload: u32,
    /// Endpoint index.
    pub endpoint: u32,
}

/// A connection that is being opened and will idle out. Spans from the grant of its port, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Doomed {
    /// Until its owner learns of it.
    learned: u64,
    /// What is left of its life then.
    rest: u64,
    sort: Sort,
}

/// A connection by first SYN, class and number.
type Name = (u64, u32, u32);

/// What is opened again.
#[derive(Clone, Copy, Debug)]
struct Again {
    at: u64,
    id: u32,
    life: u64,
    /// As its first connection was to end, from the same cell or node.
    sort: Sort,
}

impl Due for Again {
    type Turn = (u32, u32);

    fn due(&self) -> u64 {
        self.at
    }

    fn turn(&self) -> (u32, u32) {
        (self.sort.class(), self.id)
    }
}

/// The owners of a cell who reconnect. Times in nanoseconds.
#[derive(Clone, Debug)]
pub struct Owners<'a> {
    /// By class; none where nobody reconnects.
    plans: &'a [Option<OwnerPlan>],
    seeds: Vec<u64>,
    /// Connections without a verdict that will idle out, by first SYN, class and number.
    doomed: BTreeMap<Name, Doomed>,
    /// The last one of them, which most often has its verdict before there is another.
    last_doomed: Option<(Name, Doomed)>,
    again: Calendar<Again>,
}

impl<'a> Owners<'a> {
    /// The owners of the classes of `plans` in the replication whose seed is `seed`.
    pub fn new(plans: &'a [Option<OwnerPlan>], seed: Seed) -> Self {
        let class_seed =
            |plan: &OwnerPlan| class_seed(seed, u64::from(plan.workload), u64::from(plan.endpoint));
        Owners {
            plans,
            seeds: plans
                .iter()
                .map(|plan| plan.as_ref().map_or(0, class_seed))
                .collect(),
            doomed: BTreeMap::new(),
            last_doomed: None,
            again: Calendar::default(),
        }
    }

    /// When the next opens a connection again; `u64::MAX` when nobody does.
    pub fn next_at(&self) -> u64 {
        self.again.next_due()
    }

    /// The class of that connection; there must be one.
    pub fn next_class(&mut self) -> u32 {
        self.again.first().sort.class()
    }

    /// The connection of [`Owners::next_at`].
    pub fn take(&mut self) -> Arrival {
        self.again.first();
        let Again { at, id, life, sort } = self.again.pop();
        self.open(Arrival { at, life, id, sort })
    }

    /// A connection as the network meets it, which an owner opens to keep for its whole life.
    pub fn open(&mut self, arrival: Arrival) -> Arrival {
        let Arrival { at, life, id, sort } = arrival;
        let class = sort.class();
        let plan = self.plans[class as usize].as_ref();
        let quiet = plan
            .map(|plan| &plan.quiet)
            .filter(|_| can_break(sort.end()));
        let seed = self.seeds[class as usize];
        let Some(found) = quiet.and_then(|quiet| quiet.breaks(seed, at, id, life)) else {
            return arrival;
        };
        let doomed = Doomed {
            learned: found.learned,
            rest: life - found.learned,
            sort,
        };
        if doomed.rest > 0 {
            let before = self.last_doomed.replace(((at, class, id), doomed));
            self.doomed.extend(before);
        }
        Arrival {
            life: found.last_packet,
            sort: Sort::new(class, sort.cell(), End::Broken),
            ..arrival
        }
    }

    /// A connection is settled.
    pub fn verdict(&mut self, verdict: Verdict) {
        let Verdict { tag, id, outcome } = verdict;
        let name = (tag.first_at, tag.class, id);
        let last = self.last_doomed.take_if(|(last, _)| *last == name);
        let found = last.map(|(_, doomed)| doomed);
        let Some(doomed) = found.or_else(|| self.doomed.remove(&name)) else {
            return;
        };
        if let Outcome::Established { at, .. } = outcome {
            self.again.push(Again {
                at: at.saturating_add(doomed.learned),
                id,
                life: doomed.rest,
                sort: doomed.sort,
            });
        }
    }
}

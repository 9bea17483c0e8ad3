//! The instances and public IPs of a firewall in the course of a run.

use crate::engine::{Grouping, PoolPlan};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// Which of a firewall's buckets there are in an epoch; bucket index = instance × public IPs + public IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// Those that take new connections, ascending, at least one.
    pub open: Vec<u32>,
    /// By bucket, whether it is there; one that drains is there and not open.
    pub there: Vec<bool>,
}

/// The instances and public IPs of a firewall in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Firewall {
    ips: u32,
    /// Instances that take new connections, those that are lost included.
    open: u32,
    /// Instances that drain, and until when.
    draining: BTreeMap<u32, SimTime>,
    /// Instances that are lost, and how many losses of each are not over.
    lost: BTreeMap<u32, u32>,
}

impl Firewall {
    /// What `plan` has; none where it is no firewall's.
    pub(super) fn of(plan: &PoolPlan) -> Option<Firewall> {
        let Grouping::Buckets { ips, instances, .. } = plan.grouping else {
            return None;
        };
        Some(Firewall {
            ips,
            open: instances,
            draining: BTreeMap::new(),
            lost: BTreeMap::new(),
        })
    }

    /// Instances that take new connections, those that are lost included.
    pub(super) fn open_instances(&self) -> u32 {
        self.open
    }

    /// Goes on at `at` with what `plan` has; instances that it has no longer drain for `drain`.
    pub(super) fn go_on(&mut self, plan: &PoolPlan, at: SimTime, drain: SimTime) {
        let Grouping::Buckets { ips, instances, .. } = plan.grouping else {
            return;
        };
        self.ips = ips;
        for instance in instances..self.open {
            self.draining.insert(instance, at.saturating_add(drain));
        }
        self.open = instances;
        self.draining
            .retain(|instance, until| *instance >= instances && *until > at);
    }

    /// Loses an instance, or gets it back where it is `there`; false where there is none such.
    pub(super) fn lose(&mut self, instance: u32, there: bool) -> bool {
        let losses = self.lost.entry(instance).or_insert(0);
        *losses = match there {
            true => losses.saturating_sub(1),
            false => *losses + 1,
        };
        self.lost.retain(|_, losses| *losses > 0);
        there || instance < self.open
    }

    /// Whether an instance takes new connections.
    pub(super) fn has_open(&self) -> bool {
        (0..self.open).any(|instance| !self.lost.contains_key(&instance))
    }

    /// Instances that are there or drain: one more than the last of them.
    fn there(&self) -> u32 {
        let draining = self.draining.last_key_value();
        draining.map_or(self.open, |(last, _)| self.open.max(last + 1))
    }

    /// Its buckets among those of so many public IPs and instances.
    fn buckets(&self, ips: u32, instances: u32) -> Buckets {
        let has = |bucket: u32, is: fn(&Firewall, u32) -> bool| {
            let (instance, ip) = (bucket / ips, bucket % ips);
            ip < self.ips && is(self, instance) && !self.lost.contains_key(&instance)
        };
        let open = |firewall: &Firewall, instance: u32| instance < firewall.open;
        let there = |firewall: &Firewall, instance: u32| {
            instance < firewall.open || firewall.draining.contains_key(&instance)
        };
        let all = 0..ips * instances;
        Buckets {
            open: all.clone().filter(|bucket| has(*bucket, open)).collect(),
            there: all.map(|bucket| has(bucket, there)).collect(),
        }
    }
}

/// Gives the plans of consecutive epochs of a firewall the buckets of all public IPs and instances that are ever there, where
/// they come and go: by epoch, which of them there are; nothing where all stay.
pub(super) fn lay_out<'p>(
    epochs: &[Firewall],
    plans: impl Iterator<Item = &'p mut PoolPlan>,
) -> Vec<Buckets> {
    if epochs.windows(2).all(|pair| pair[0] == pair[1]) {
        return Vec::new();
    }
    let most = |of: fn(&Firewall) -> u32| epochs.iter().map(of).max().unwrap_or(1);
    let (most_ips, most_instances) = (most(|epoch| epoch.ips), most(Firewall::there));
    for plan in plans {
        if let Grouping::Buckets { ips, instances, .. } = &mut plan.grouping {
            (*ips, *instances) = (most_ips, most_instances);
        }
    }
    let buckets = |epoch: &Firewall| epoch.buckets(most_ips, most_instances);
    epochs.iter().map(buckets).collect()
}

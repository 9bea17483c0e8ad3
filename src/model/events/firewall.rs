//! The instances and public IPs of a firewall in the course of a run.

use crate::engine::{Grouping, PoolPlan};
use crate::model::Outbound;

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
    /// Instances that take new connections.
    open: u32,
    /// Those, and after them those that drain.
    there: u32,
    /// Instances that are lost.
    lost: Vec<u32>,
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
            there: instances,
            lost: Vec::new(),
        })
    }

    /// Instances that take new connections, those that are lost included.
    pub(super) fn open_instances(&self) -> u32 {
        self.open
    }

    /// Goes on with what `plan` has; instances that it has no longer drain until `drained`.
    pub(super) fn go_on(&mut self, plan: &PoolPlan, drained: bool) {
        if let Grouping::Buckets { ips, instances, .. } = plan.grouping {
            self.ips = ips;
            self.open = instances;
            self.there = match drained {
                true => instances,
                false => self.there.max(instances),
            };
        }
    }

    /// Loses an instance, or gets it back where it is `there`; false where there is none such, or no other.
    pub(super) fn lose(&mut self, instance: u32, there: bool) -> bool {
        self.lost.retain(|lost| *lost != instance);
        if there {
            return true;
        }
        self.lost.push(instance);
        instance < self.open && (0..self.open).any(|other| !self.lost.contains(&other))
    }

    /// Its buckets among those of so many public IPs and instances.
    fn buckets(&self, ips: u32, instances: u32) -> Buckets {
        let has = |bucket: u32, instances: u32| {
            let (instance, ip) = (bucket / ips, bucket % ips);
            ip < self.ips && instance < instances && !self.lost.contains(&instance)
        };
        let all = 0..ips * instances;
        Buckets {
            open: all
                .clone()
                .filter(|bucket| has(*bucket, self.open))
                .collect(),
            there: all.map(|bucket| has(bucket, self.there)).collect(),
        }
    }
}

/// Gives an outbound type the buckets of all public IPs and instances that are ever there, where they come and go.
pub(super) fn lay_out(epochs: &[Firewall], outbound: &mut Outbound) {
    if epochs.windows(2).all(|pair| pair[0] == pair[1]) {
        return;
    }
    let most = |of: fn(&Firewall) -> u32| epochs.iter().map(of).max().unwrap_or(1);
    let (most_ips, most_instances) = (most(|epoch| epoch.ips), most(|epoch| epoch.there));
    let first = outbound.plan.as_mut().into_iter();
    for plan in first.chain(&mut outbound.later_plans) {
        if let Grouping::Buckets { ips, instances, .. } = &mut plan.grouping {
            (*ips, *instances) = (most_ips, most_instances);
        }
    }
    let buckets = |epoch: &Firewall| epoch.buckets(most_ips, most_instances);
    outbound.buckets = epochs.iter().map(buckets).collect();
}

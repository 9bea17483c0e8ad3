//! What events take back, and how near pools come to limits that change.

use crate::engine::PoolPlan;

/// What the events at one instant took back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TakenBack {
    /// Ports in use that were taken back, those in a hold-down included.
    pub ports: u64,
    /// Offered connections that were broken by it.
    pub broken: u64,
}

impl TakenBack {
    /// Adds another's.
    pub fn add(&mut self, other: &TakenBack) {
        self.ports += other.ports;
        self.broken += other.broken;
    }
}

/// The limits of a stock in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Ports.
    pub ports: u32,
    /// Active connections, where there is such a limit.
    pub active: Option<u32>,
    /// Whether ports in a hold-down count toward that.
    pub held_count: bool,
}

impl Limits {
    /// Those of a stock under `plan`.
    pub fn of(plan: &PoolPlan) -> Limits {
        Limits {
            ports: plan.limit,
            active: plan.active_limit.map(|active| active.limit),
            held_count: plan.active_limit.is_some_and(|active| active.counts_held),
        }
    }
}

/// The most that was in use of a pool, or of a stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Ports, or connections.
    pub used: u32,
    /// How many there were.
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

    /// The one that came nearer to its limit; of two that are equally near, the larger.
    fn nearer(self, other: Peak) -> Peak {
        let by = |peak: Peak| (peak.share(), peak.limit);
        if by(other) > by(self) { other } else { self }
    }
}

/// The highest use of any stock where limits change, each epoch's by its own limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HighestUse {
    /// Of the ports.
    pub ports: Peak,
    /// Of the second limit; nothing of nothing where there is none.
    pub active: Peak,
    /// Of the ports of stocks that have a second limit.
    pub ports_beside: Peak,
    /// The ports in use against the second limit; nothing of nothing where there is none.
    pub used_of_active: Peak,
}

impl HighestUse {
    /// The use at these peaks.
    pub fn of(limits: &Limits, peak: u32, peak_active: u32) -> HighestUse {
        let peak_active = if limits.held_count { peak } else { peak_active };
        let of_active = |used: u32| {
            let peak = limits.active.map(|limit| Peak { used, limit });
            peak.unwrap_or_default()
        };
        let ports = Peak {
            used: peak,
            limit: limits.ports,
        };
        HighestUse {
            ports,
            active: of_active(peak_active),
            ports_beside: limits.active.map(|_| ports).unwrap_or_default(),
            used_of_active: of_active(peak),
        }
    }

    /// The higher of both.
    pub fn max(self, other: HighestUse) -> HighestUse {
        HighestUse {
            ports: self.ports.nearer(other.ports),
            active: self.active.nearer(other.active),
            ports_beside: self.ports_beside.nearer(other.ports_beside),
            used_of_active: self.used_of_active.nearer(other.used_of_active),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A gateway that has a second limit, and a firewall that has none and fewer ports.
    #[test]
    fn the_ports_beside_the_second_limit_are_of_who_has_it() {
        let limits = |ports, active| Limits {
            ports,
            active,
            held_count: false,
        };
        let gateway = HighestUse::of(&limits(64_512, Some(50_000)), 55_520, 50_000);
        let firewall = HighestUse::of(&limits(2_496, None), 2_490, 2_000);
        for highest in [gateway.max(firewall), firewall.max(gateway)] {
            let of = |used, limit| Peak { used, limit };
            assert_eq!(highest.ports, of(2_490, 2_496));
            assert_eq!(highest.active, of(50_000, 50_000));
            assert_eq!(highest.ports_beside, of(55_520, 64_512));
        }
    }
}

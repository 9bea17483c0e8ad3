//! What events take back, and how near pools come to limits that change.

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

/// The highest use of any stock, each epoch's by its own limits; 1 is full.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HighestUse {
    /// Of the ports.
    pub ports: f64,
    /// Of the second limit; 0 where there is none.
    pub active: f64,
    /// The ports in use against the second limit; 0 where there is none.
    pub used_of_active: f64,
}

impl HighestUse {
    /// The use at these peaks.
    pub fn of(limits: &Limits, peak: u32, peak_active: u32) -> HighestUse {
        let share = |used: u32, limit: u32| f64::from(used) / f64::from(limit.max(1));
        let peak_active = if limits.held_count { peak } else { peak_active };
        let of_active = |used: u32| limits.active.map_or(0.0, |limit| share(used, limit));
        HighestUse {
            ports: share(peak, limits.ports),
            active: of_active(peak_active),
            used_of_active: of_active(peak),
        }
    }

    /// The higher of both.
    pub fn max(self, other: HighestUse) -> HighestUse {
        HighestUse {
            ports: self.ports.max(other.ports),
            active: self.active.max(other.active),
            used_of_active: self.used_of_active.max(other.used_of_active),
        }
    }
}

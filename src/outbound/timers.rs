//! The hold times in force of an outbound type, each with where it comes from.

use super::spec::Timers;
use crate::engine::Holds;
use crate::units::SimTime;

/// Where a hold time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A document of Azure gives it, and there is no setting.
    Type,
    /// There is a setting, which the scenario leaves at its default.
    Default,
    /// This field of the profile says it.
    Profile(&'static str),
    /// The block `timers` of the entry says it.
    Timers,
    /// The assumption of this name says it.
    Assumption(&'static str),
}

/// A hold time and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// How long.
    pub value: SimTime,
    /// Says who.
    pub origin: Origin,
}

impl Timer {
    pub(super) const fn of_type(value: SimTime) -> Timer {
        let origin = Origin::Type;
        Timer { value, origin }
    }

    pub(super) const fn default(value: SimTime) -> Timer {
        let origin = Origin::Default;
        Timer { value, origin }
    }

    pub(super) const fn assumed(value: SimTime, name: &'static str) -> Timer {
        let origin = Origin::Assumption(name);
        Timer { value, origin }
    }

    /// A setting in minutes, which the profile gives or leaves at its default.
    pub(super) fn minutes(value: u32, said: Option<i64>, field: &'static str) -> Timer {
        Timer {
            value: SimTime::from_secs(u64::from(value) * 60),
            origin: match said {
                Some(_) => Origin::Profile(field),
                None => Origin::Default,
            },
        }
    }

    fn unless(self, said: Option<SimTime>) -> Timer {
        match said {
            Some(value) => Timer {
                value,
                origin: Origin::Timers,
            },
            None => self,
        }
    }
}

/// All hold times of an outbound type, under the names of the block `timers`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimersInForce {
    /// TCP idle timeout.
    pub idle: Timer,
    /// After a FIN.
    pub hold_after_fin: Timer,
    /// After an RST.
    pub hold_after_rst: Timer,
    /// After the TCP idle timeout.
    pub hold_after_idle: Timer,
    /// After the last unanswered SYN.
    pub half_open: Timer,
    /// UDP idle timeout.
    pub udp_idle: Timer,
    /// After the UDP idle timeout.
    pub hold_after_udp: Timer,
}

/// Where the UDP idle timeout of a type comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum UdpIdle {
    /// It is a timer of its own.
    Own,
    /// It is the TCP idle timeout, whatever that is set to.
    FollowsIdle,
}

impl TimersInForce {
    /// These hold times of a type under the `timers` of an entry, which outrank them.
    pub(super) fn under(self, said: Option<&Timers>, udp_idle: UdpIdle) -> TimersInForce {
        let none = Timers::default();
        let said = said.unwrap_or(&none);
        let idle = self.idle.unless(said.idle);
        let udp_of_type = match udp_idle {
            UdpIdle::Own => self.udp_idle,
            UdpIdle::FollowsIdle => idle,
        };
        TimersInForce {
            idle,
            hold_after_fin: self.hold_after_fin.unless(said.hold_after_fin),
            hold_after_rst: self.hold_after_rst.unless(said.hold_after_rst),
            hold_after_idle: self.hold_after_idle.unless(said.hold_after_idle),
            half_open: self.half_open.unless(said.half_open),
            udp_idle: udp_of_type.unless(said.udp_idle),
            hold_after_udp: self.hold_after_udp.unless(said.hold_after_udp),
        }
    }

    /// What the engine needs of them.
    pub fn holds(&self) -> Holds {
        Holds {
            idle: self.idle.value,
            after_fin: self.hold_after_fin.value,
            after_rst: self.hold_after_rst.value,
            after_idle: self.hold_after_idle.value,
            half_open: self.half_open.value,
            udp_idle: self.udp_idle.value,
            after_udp: self.hold_after_udp.value,
        }
    }

    /// All of them with the names they have in the block `timers`.
    pub fn named(&self) -> [(&'static str, Timer); 7] {
        [
            ("holdAfterFin", self.hold_after_fin),
            ("holdAfterRst", self.hold_after_rst),
            ("halfOpen", self.half_open),
            ("idle", self.idle),
            ("holdAfterIdle", self.hold_after_idle),
            ("udpIdle", self.udp_idle),
            ("holdAfterUdp", self.hold_after_udp),
        ]
    }
}

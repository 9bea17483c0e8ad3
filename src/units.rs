//! Time in integer nanoseconds, and the seeds every random stream is derived from.

mod json;
mod seed;
mod text;

pub(crate) use seed::{GOLDEN, finalise};
pub use seed::{Seed, mix};
pub use text::parse_duration;

use std::fmt;
use std::ops::{Add, Sub};

/// An instant since the start of a run, or a span of simulated time, in whole nanoseconds.
///
/// 64 bits reach 584 years. Arithmetic on spans that may be unbounded is saturating:
/// [`SimTime::MAX`] stands for "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(u64);

impl SimTime {
    /// The start of the run; the empty span.
    pub const ZERO: SimTime = SimTime(0);
    /// Never.
    pub const MAX: SimTime = SimTime(u64::MAX);
    /// One minute, the grain of every published series.
    pub const MINUTE: SimTime = SimTime(60_000_000_000);

    /// From whole nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        SimTime(nanos)
    }

    /// From whole seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        SimTime(seconds * 1_000_000_000)
    }

    /// From seconds, rounded to the nearest nanosecond; negative and NaN give zero,
    /// what does not fit gives [`SimTime::MAX`].
    pub fn from_secs_f64(seconds: f64) -> Self {
        SimTime((seconds * 1e9 + 0.5) as u64)
    }

    /// Whole nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// `self + other`, or [`SimTime::MAX`].
    pub const fn saturating_add(self, other: SimTime) -> SimTime {
        SimTime(self.0.saturating_add(other.0))
    }

    /// `self - other`, or zero.
    pub const fn saturating_sub(self, other: SimTime) -> SimTime {
        SimTime(self.0.saturating_sub(other.0))
    }

    /// The minute of the run this instant lies in: minute i is [60 i, 60 (i+1)) s.
    pub const fn minute(self) -> usize {
        (self.0 / SimTime::MINUTE.0) as usize
    }
}

impl Add for SimTime {
    type Output = SimTime;
    fn add(self, other: SimTime) -> SimTime {
        SimTime(self.0 + other.0)
    }
}

impl Sub for SimTime {
    type Output = SimTime;
    fn sub(self, other: SimTime) -> SimTime {
        SimTime(self.0 - other.0)
    }
}

/// The way a person writes it: `1h30m`, `250ms`, `0s`.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, nanos) in text::UNITS {
            if rest >= nanos {
                write!(f, "{}{unit}", rest / nanos)?;
                rest %= nanos;
            }
        }
        Ok(())
    }
}

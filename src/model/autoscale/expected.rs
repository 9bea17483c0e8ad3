//! The load to expect of a workload.

use crate::traffic::{Burst, Profile};
use crate::units::SimTime;

/// When the connections of a workload that waits for nothing are to be expected.
#[derive(Clone, Copy)]
pub struct Expected<'a> {
    /// Connections per second in the long run, where the factor of the profile is 1.
    pub per_second: f64,
    /// What moves them.
    pub profile: Option<&'a Profile>,
    /// What comes by the clock beside them.
    pub bursts: &'a [Burst],
}

impl Expected<'_> {
    /// Connections per second in `[from, until)`, on average over all runs. A burst comes evenly over its span and stagger.
    pub fn mean(&self, from: SimTime, until: SimTime) -> f64 {
        let factor = self
            .profile
            .map_or(1.0, |profile| profile.mean(from, until));
        let of_bursts = self
            .bursts
            .iter()
            .map(|burst| come_by(burst, until) - come_by(burst, from));
        self.per_second * factor + of_bursts.sum::<f64>() / (until - from).as_secs_f64()
    }
}

/// Connections of a burst, all its times, that have come before `at`.
fn come_by(burst: &Burst, at: SimTime) -> f64 {
    let spread = burst.over.saturating_add(burst.stagger).as_nanos();
    let times = burst.times(at);
    let every = burst.every.map_or(0, SimTime::as_nanos);
    let since = |time: u64| at.as_nanos() - burst.at.as_nanos() - time * every;
    // Those of the last times may still be coming; of the times before, all have come.
    let coming = (0..times).rev().take_while(|time| since(*time) < spread);
    let parts: Vec<f64> = coming
        .map(|time| since(time) as f64 / spread as f64)
        .collect();
    let whole = times - parts.len() as u64;
    burst.connections as f64 * (whole as f64 + parts.iter().sum::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    #[test]
    fn a_burst_comes_evenly_over_its_span_and_stagger_each_time() {
        let burst = Burst {
            at: at(30),
            every: Some(at(60)),
            connections: 100,
            over: at(20),
            stagger: at(80),
        };
        let expected = Expected {
            per_second: 2.0,
            profile: None,
            bursts: &[burst],
        };
        // 30 of the first 100 have come after a minute; from then on 30 + 60 and 10 of three bursts a minute.
        for (from, until, connections) in [(0, 60, 30.0), (60, 120, 90.0), (120, 180, 100.0)] {
            let found = expected.mean(at(from), at(until));
            assert!((found - 2.0 - connections / 60.0).abs() < 1e-12, "{found}");
        }
    }

    #[test]
    fn a_burst_of_an_instant_comes_in_the_minute_that_has_it() {
        let burst = Burst {
            at: at(60),
            every: None,
            connections: 600,
            over: SimTime::ZERO,
            stagger: SimTime::ZERO,
        };
        let expected = Expected {
            per_second: 0.0,
            profile: None,
            bursts: &[burst],
        };
        assert_eq!(expected.mean(at(0), at(60)), 0.0);
        assert_eq!(expected.mean(at(60), at(120)), 10.0);
        assert_eq!(expected.mean(at(120), at(180)), 0.0);
    }
}

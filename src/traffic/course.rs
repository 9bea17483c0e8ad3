//! How a rate moves in the course of a run: by a profile of the day or week, between two states, or both.
//!
//! Arrivals are drawn at one rate, in *operational time*, and mapped to the clock through the inverse of the cumulated
//! rate (E. Çinlar, "Introduction to Stochastic Processes", 1975, chapter 4): where the factor is 2, operational time
//! passes twice as fast.

use super::Draws;
use crate::units::{Seed, SimTime};
use std::sync::Arc;

/// Factors of a rate by time, piecewise constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// (from when on it holds, factor): ascending, the first from 0 on.
    steps: Arc<[(SimTime, f64)]>,
    /// When it begins anew; [`SimTime::MAX`] where the last factor holds for ever.
    every: SimTime,
    /// How far into it the run begins, below `every`.
    start: SimTime,
}

impl Profile {
    /// `steps` are (from when on it holds, factor of at least 0), ascending, the first from 0 on, all below `every`;
    /// the run begins `start` into it.
    ///
    /// # Panics
    /// When they are not.
    pub fn new(steps: Vec<(SimTime, f64)>, every: Option<SimTime>, start: SimTime) -> Profile {
        let every = every.unwrap_or(SimTime::MAX);
        assert!(steps.first().is_some_and(|(at, _)| *at == SimTime::ZERO));
        assert!(steps.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            steps
                .iter()
                .all(|(at, factor)| *at < every && *factor >= 0.0)
        );
        assert!(start < every);
        Profile {
            steps: Arc::from(steps),
            every,
            start,
        }
    }

    /// The time after midnight, in a week after Monday's, at which the run begins; none where the profile repeats no whole days.
    pub fn clock_at_start(&self) -> Option<SimTime> {
        const DAY: u64 = 86_400_000_000_000;
        let repeats_days = self.every != SimTime::MAX && self.every.as_nanos().is_multiple_of(DAY);
        repeats_days.then_some(self.start)
    }

    /// The factor at `at` nanoseconds of the run, and the later instant until which it holds.
    fn segment(&self, at: u64) -> (u64, f64) {
        let (start, every) = (self.start.as_nanos(), self.every.as_nanos());
        let at = at.saturating_add(start);
        let turn = at / every * every;
        let place = self
            .steps
            .partition_point(|(from, _)| from.as_nanos() <= at - turn);
        let next = self
            .steps
            .get(place)
            .map_or(every, |(from, _)| from.as_nanos());
        (turn.saturating_add(next) - start, self.steps[place - 1].1)
    }

    /// Seconds of operational time up to this span after the profile's own beginning.
    fn cumulated(&self, until: SimTime) -> f64 {
        let within = |until: SimTime| -> f64 {
            let ends = self.steps.iter().skip(1).map(|(from, _)| *from);
            let ends = ends.chain([self.every]);
            let spans = self.steps.iter().zip(ends).map(|((from, factor), end)| {
                factor * end.min(until).saturating_sub(*from).as_secs_f64()
            });
            spans.sum()
        };
        let (nanos, every) = (until.as_nanos(), self.every.as_nanos());
        match nanos / every {
            0 => within(until),
            turns => turns as f64 * within(self.every) + within(SimTime::from_nanos(nanos % every)),
        }
    }

    /// Mean factor over `[from, until)` of the run, which is not empty.
    pub fn mean(&self, from: SimTime, until: SimTime) -> f64 {
        let cumulated = |at: SimTime| self.cumulated(at.saturating_add(self.start));
        (cumulated(until) - cumulated(from)) / (until - from).as_secs_f64()
    }

    /// The largest factor in `[from, until)` of the run.
    pub fn peak(&self, from: SimTime, until: SimTime) -> f64 {
        let until = until.min(from.saturating_add(self.every)).as_nanos();
        let (mut at, mut peak) = (from.as_nanos(), 0.0f64);
        while at < until {
            let (next, factor) = self.segment(at);
            peak = peak.max(factor);
            at = next;
        }
        peak
    }

    /// The largest factor of all.
    pub fn highest(&self) -> f64 {
        self.steps
            .iter()
            .map(|(_, factor)| *factor)
            .fold(0.0, f64::max)
    }

    /// From when on each factor holds, and the factor.
    pub fn steps(&self) -> &[(SimTime, f64)] {
        &self.steps
    }

    /// How far into it the run begins.
    pub fn start(&self) -> SimTime {
        self.start
    }

    /// When it begins anew; none where it never does.
    pub fn every(&self) -> Option<SimTime> {
        (self.every != SimTime::MAX).then_some(self.every)
    }
}

/// Poisson arrivals at one of two rates, for exponential times: a Markov-modulated Poisson process of two states
/// (H. Heffes and D. M. Lucantoni, "A Markov modulated characterization of packetized voice and data traffic and related
/// statistical multiplexer performance", IEEE Journal on Selected Areas in Communications 4, 1986).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bursty {
    /// The busy state.
    pub on: State,
    /// The quiet state.
    pub off: State,
    /// Who is in the same state.
    pub correlation: Correlation,
}

/// One of two states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct State {
    /// Connections per second over the whole cluster, at least 0, were all of it in this state.
    pub per_second: f64,
    /// Mean time until the state ends, above 0.
    pub mean: SimTime,
}

/// Who bursts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correlation {
    /// All nodes and endpoints of a workload.
    Workload,
    /// Only what opens on one node.
    Node,
}

impl Bursty {
    /// Share of the time that is spent in the busy state.
    pub fn share_on(&self) -> f64 {
        let (on, off) = (self.on.mean.as_secs_f64(), self.off.mean.as_secs_f64());
        on / (on + off)
    }

    /// Connections per second in the long run.
    pub fn per_second(&self) -> f64 {
        let on = self.share_on();
        on * self.on.per_second + (1.0 - on) * self.off.per_second
    }

    /// The larger of the two rates, per second.
    pub fn highest(&self) -> f64 {
        self.on.per_second.max(self.off.per_second)
    }
}

/// What moves the rate of a stream.
#[derive(Clone, Debug)]
pub struct CoursePlan {
    /// The profile, if there is one.
    pub profile: Option<Profile>,
    /// The two states, if there are any, and the name of the random stream that their times are drawn from: streams
    /// with the same name are in the same state all along.
    pub states: Option<(Bursty, [u64; 3])>,
    /// The end of the run.
    pub end: SimTime,
}

impl CoursePlan {
    /// Mean factor over the run; of the two states, in the long run, 1.
    pub fn mean(&self) -> f64 {
        let profile = self.profile.as_ref();
        profile.map_or(1.0, |profile| profile.mean(SimTime::ZERO, self.end))
    }

    /// The largest factor of the run.
    pub fn peak(&self) -> f64 {
        let profile = self.profile.as_ref();
        let profile = profile.map_or(1.0, |profile| profile.peak(SimTime::ZERO, self.end));
        let states = self.states.as_ref();
        profile * states.map_or(1.0, |(bursty, _)| bursty.highest() / bursty.per_second())
    }
}

/// The two states in the order of time.
#[derive(Clone, Debug)]
struct Chain<'a> {
    bursty: &'a Bursty,
    draws: Draws,
    on: bool,
    until: u64,
}

impl<'a> Chain<'a> {
    /// Begins as in the long run: on with the share of time that is spent there; what is left of a time without memory
    /// is such a time again.
    fn new(bursty: &'a Bursty, seed: Seed) -> Self {
        let mut draws = Draws::new(seed);
        let on = draws.unit() <= bursty.share_on();
        let mut chain = Chain {
            bursty,
            draws,
            on,
            until: 0,
        };
        chain.stay();
        chain
    }

    fn state(&self) -> &State {
        match self.on {
            true => &self.bursty.on,
            false => &self.bursty.off,
        }
    }

    fn stay(&mut self) {
        let mean = self.state().mean.as_nanos() as f64;
        let span = (mean * self.draws.exponential()) as u64;
        self.until = self.until.saturating_add(span);
    }

    /// The factor at `at`, and the later instant until which it holds; `at` never goes back.
    fn segment(&mut self, at: u64) -> (u64, f64) {
        while self.until <= at {
            self.on = !self.on;
            self.stay();
        }
        (
            self.until,
            self.state().per_second / self.bursty.per_second(),
        )
    }
}

/// Maps operational time to the clock, forward only, piece by piece on which the factor is constant.
///
/// The lengths of pieces are rounded down to whole nanoseconds of operational time and the rest is carried on, so
/// that an arrival is at most one nanosecond of operational time early however many pieces came before it. Every instant
/// of operational time lies in exactly one piece, and is mapped into that piece: none is lost or met twice at a border.
#[derive(Clone, Debug)]
pub(super) struct Course<'a> {
    plan: &'a CoursePlan,
    chain: Option<Chain<'a>>,
    factor: f64,
    /// The piece at hand, on the clock.
    from: u64,
    until: u64,
    /// The same in operational time, and what rounding left of it.
    operational_from: u64,
    operational_until: u64,
    rest: f64,
}

impl<'a> Course<'a> {
    /// The course of `plan` in the replication whose seed is `seed`.
    pub(super) fn new(plan: &'a CoursePlan, seed: Seed) -> Self {
        let states = plan.states.as_ref();
        Course {
            plan,
            chain: states.map(|(bursty, name)| Chain::new(bursty, seed.stream(name))),
            factor: 0.0,
            from: 0,
            until: 0,
            operational_from: 0,
            operational_until: 0,
            rest: 0.0,
        }
    }

    /// The instant at which `operational` nanoseconds of operational time have passed, which never go back; `u64::MAX`
    /// where the run ends before.
    pub(super) fn at(&mut self, operational: u64) -> u64 {
        while operational >= self.operational_until {
            if !self.advance() {
                return u64::MAX;
            }
        }
        let passed = (operational - self.operational_from) as f64 / self.factor;
        self.from.saturating_add(passed as u64).min(self.until - 1)
    }

    /// Goes on to the next piece, if the run does.
    fn advance(&mut self) -> bool {
        let end = self.plan.end.as_nanos();
        if self.until >= end {
            return false;
        }
        self.from = self.until;
        (self.until, self.factor) = (end, 1.0);
        let profile = self.plan.profile.as_ref();
        let profile = profile.map(|profile| profile.segment(self.from));
        let states = self.chain.as_mut().map(|chain| chain.segment(self.from));
        for (until, factor) in profile.into_iter().chain(states) {
            self.until = self.until.min(until);
            self.factor *= factor;
        }
        let length = (self.until - self.from) as f64 * self.factor + self.rest;
        self.rest = length - length.floor();
        self.operational_from = self.operational_until;
        self.operational_until = self.operational_from.saturating_add(length as u64);
        true
    }
}

#[cfg(test)]
mod tests;

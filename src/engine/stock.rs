//! A stock: the ports of one pool toward one key.

use super::Period;
use super::connection::Arrival;
use super::releases::{HeapReleases, Releases};
use super::rules::CellRules;
use crate::units::SimTime;

/// The ports of one pool toward one key. Times in nanoseconds.
#[derive(Clone, Debug)]
pub(super) struct Stock<R> {
    granted: u64,
    releases: R,
    /// Ends of activity, where the plan has a second limit.
    ends: Option<R>,
    /// While the stock is full: nothing comes back before this instant.
    full_until: u64,
    /// Whether the port that was admitted last is the last free one.
    takes_last: bool,
    peak: u32,
    /// The peak of all periods closed.
    highest: u32,
    peak_active: u32,
    /// The peaks of the period before its limits changed, of ports in use and of active connections.
    before: (u32, u32),
    period_granted: u64,
    period_refused: u64,
}

/// What SYNs find for certain from an instant on, whatever comes back meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// So many get a port.
    pub ports: u32,
    /// So many get one without a new peak.
    below_peak: u32,
    /// Until when that is known.
    pub until: u64,
}

impl<R: Releases> Stock<R> {
    /// A stock without ports in use; `releases` is an empty queue.
    pub fn new(rules: &CellRules, releases: R) -> Self {
        Stock {
            granted: 0,
            ends: rules.active_limit.map(|_| releases.clone()),
            releases,
            full_until: 0,
            takes_last: false,
            peak: 0,
            highest: 0,
            peak_active: 0,
            before: (0, 0),
            period_granted: 0,
            period_refused: 0,
        }
    }

    /// Until when it is known to be full; not later than the next release.
    #[inline(always)]
    pub fn full_until(&self) -> u64 {
        self.full_until
    }

    /// The most ports that were in use at a time, in all periods closed.
    pub fn highest(&self) -> u32 {
        self.highest
    }

    /// Whether nothing was in use since the last border.
    pub fn is_idle(&self) -> bool {
        self.peak == 0 && self.before.0 == 0
    }

    #[inline(always)]
    fn used(&mut self, at: u64) -> u32 {
        (self.granted - self.releases.advance(at)) as u32
    }

    #[inline(always)]
    fn active(&mut self, at: u64) -> u32 {
        match &mut self.ends {
            Some(ends) => (self.granted - ends.advance(at)) as u32,
            None => 0,
        }
    }

    /// Whether a SYN at `at` gets a port; if it does, [`Stock::take`] must follow.
    #[inline(always)]
    pub fn admits(&mut self, rules: &CellRules, at: u64) -> bool {
        if at < self.full_until {
            return false;
        }
        let used = self.used(at);
        if used >= rules.limit {
            self.full_until = self.releases.quiet_until();
            return false;
        }
        if let Some(limit) = rules.active_limit {
            let active = self.active(at);
            if active >= limit {
                return false;
            }
            self.peak_active = self.peak_active.max(active + 1);
        }
        self.peak = self.peak.max(used + 1);
        self.takes_last = used + 1 == rules.limit;
        true
    }

    /// What is certain from `at` on.
    #[inline(always)]
    pub fn room(&mut self, rules: &CellRules, at: u64) -> Room {
        let (back, until) = self.releases.settle(at);
        let used = (self.granted - back) as u32;
        let room = Room {
            ports: rules.limit.saturating_sub(used),
            below_peak: self.peak.saturating_sub(used),
            until,
        };
        match (&mut self.ends, rules.active_limit) {
            (Some(ends), Some(limit)) => {
                let (ended, ends_until) = ends.settle(at);
                let active = (self.granted - ended) as u32;
                Room {
                    ports: room.ports.min(limit.saturating_sub(active)),
                    below_peak: room.below_peak.min(self.peak_active.saturating_sub(active)),
                    until: until.min(ends_until),
                }
            }
            _ => room,
        }
    }

    /// Takes ports within `room`: for each of `arrivals` one active until the time of `inactive_at` beside it, and held
    /// until that of `release_at`.
    #[inline(always)]
    pub fn take_room(
        &mut self,
        room: Room,
        arrivals: &[Arrival],
        inactive_at: &[u64],
        release_at: &[u64],
    ) {
        if arrivals.len() as u32 > room.below_peak {
            for ((arrival, inactive_at), release_at) in
                arrivals.iter().zip(inactive_at).zip(release_at)
            {
                self.peak = self.peak.max(self.used(arrival.at) + 1);
                if let Some(ends) = &mut self.ends {
                    let active = (self.granted - ends.advance(arrival.at)) as u32;
                    self.peak_active = self.peak_active.max(active + 1);
                    ends.push(*inactive_at);
                }
                self.granted += 1;
                self.releases.push(*release_at);
            }
            return;
        }
        self.granted += arrivals.len() as u64;
        for at in release_at {
            self.releases.push(*at);
        }
        if let Some(ends) = &mut self.ends {
            for at in inactive_at {
                ends.push(*at);
            }
        }
    }

    /// Takes a port until [`Stock::give_back`].
    pub fn take_until_closed(&mut self) {
        self.granted += 1;
        if self.takes_last {
            self.full_until = self.releases.quiet_until();
        }
    }

    /// A port taken by [`Stock::take_until_closed`] is active until `inactive_at` and held until `release_at`.
    pub fn give_back(&mut self, inactive_at: u64, release_at: u64) {
        self.releases.push(release_at);
        self.full_until = self.full_until.min(release_at);
        if let Some(ends) = &mut self.ends {
            ends.push(inactive_at);
        }
    }

    /// Takes a port that is active until `inactive_at` and held until `release_at`.
    #[inline(always)]
    pub fn take(&mut self, inactive_at: u64, release_at: u64) {
        self.granted += 1;
        self.releases.push(release_at);
        if self.takes_last {
            self.full_until = self.releases.quiet_until();
        }
        if let Some(ends) = &mut self.ends {
            ends.push(inactive_at);
        }
    }

    /// Notes SYNs that were refused.
    #[inline]
    pub fn refuse(&mut self, syns: u64) {
        self.period_refused += syns;
    }

    /// Ends a period that began at `start`, at `border`; what happened in it, unless nothing did.
    pub fn close_period(&mut self, start: u64, border: u64) -> Option<Period> {
        let used = self.used(border);
        let active = self.active(border);
        let period = Period {
            start: SimTime::from_nanos(start),
            peak: self.peak.max(self.before.0),
            peak_active: self.peak_active.max(self.before.1),
            last_peaks: (self.peak, self.peak_active),
            granted: self.granted - self.period_granted,
            refused: self.period_refused,
            active_at_end: active,
        };
        self.highest = self.highest.max(period.peak);
        self.peak = used;
        self.peak_active = active;
        self.before = (0, 0);
        self.period_granted = self.granted;
        self.period_refused = 0;
        (period.peak > 0 || period.refused > 0).then_some(period)
    }

    /// Goes on under other limits from `at` on; the peaks under the limits before, in the period that began at
    /// `period_start`. At its very start they are those of the period before.
    pub fn change_limits(&mut self, at: u64, period_start: u64) -> (u32, u32) {
        let peaks = (self.peak, self.peak_active);
        if period_start < at {
            self.before = (self.before.0.max(peaks.0), self.before.1.max(peaks.1));
        }
        self.peak = self.used(at);
        self.peak_active = self.active(at);
        self.full_until = 0;
        self.takes_last = false;
        peaks
    }

    /// From `at` on only these ports are in use: until when each is active, and until when it is held.
    pub fn keep(&mut self, at: u64, kept: impl Iterator<Item = (u64, u64)> + Clone) {
        let releases = kept.clone().map(|(_, release_at)| release_at);
        keep(&mut self.releases, self.granted, at, releases);
        if let Some(ends) = &mut self.ends {
            keep(
                ends,
                self.granted,
                at,
                kept.map(|(inactive_at, _)| inactive_at),
            );
        }
        self.peak = self.used(at);
        self.peak_active = self.active(at);
    }

    /// Forgets the ports that have not come back: (granted in all, forgotten).
    pub fn drain(&mut self) -> (u64, u64) {
        (self.granted, self.releases.drain())
    }
}

/// Makes a queue into which `granted` were pushed hold just these times: all others have come back by `at`.
fn keep<R: Releases>(queue: &mut R, granted: u64, at: u64, times: impl Iterator<Item = u64>) {
    queue.drain();
    let times: Vec<u64> = times.filter(|time| *time > at).collect();
    let back = queue.advance(at);
    for _ in back + times.len() as u64..granted {
        queue.push(at);
    }
    for time in times {
        queue.push(time);
    }
}

/// Active connections over all keys, of a gateway or of a firewall instance.
#[derive(Clone, Debug, Default)]
pub(super) struct UnderCeiling {
    granted: u64,
    ends: HeapReleases,
}

impl UnderCeiling {
    /// Whether one more may become active at `at`.
    pub fn admits(&mut self, limit: u64, at: u64) -> bool {
        self.granted - self.ends.advance(at) < limit
    }

    /// One more is active until `inactive_at`.
    pub fn take(&mut self, inactive_at: u64) {
        self.granted += 1;
        self.ends.push(inactive_at);
    }

    /// One more is active until [`UnderCeiling::give_back`].
    pub fn take_until_closed(&mut self) {
        self.granted += 1;
    }

    /// One taken by [`UnderCeiling::take_until_closed`] is active until `inactive_at`.
    pub fn give_back(&mut self, inactive_at: u64) {
        self.ends.push(inactive_at);
    }

    /// From `at` on only these are active: until when each.
    pub fn keep(&mut self, at: u64, kept: impl Iterator<Item = u64>) {
        keep(&mut self.ends, self.granted, at, kept);
    }
}

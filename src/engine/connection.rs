//! One connection as the engine meets it: its arrival, its way to end, its SYN schedule and its tries.

use super::plan::{Holds, Protocol};
use crate::units::{SimTime, mix};

/// The way a connection ends once it has a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum End {
    /// TCP, closed by FIN at the end of its life.
    Fin,
    /// TCP, closed by RST at the end of its life.
    Rst,
    /// TCP, silent from the end of its life on.
    Abandon,
    /// A UDP flow, silent from the end of its life on.
    Udp,
    /// TCP, silent for an idle timeout inside its life; its life ends with the last packet before that.
    Broken,
    /// TCP, never answered.
    Unanswered,
}

/// A connection's first SYN, in 24 bytes. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// When it is sent.
    pub at: u64,
    /// From the grant of the port to the end of the connection; [`Arrival::UNTIL_CLOSED`] where its source says when.
    pub life: u64,
    /// Ordinal in its stream, or number of its client: with `at` and the class it names the connection.
    pub id: u32,
    /// Its class, its cell and how it ends.
    pub sort: Sort,
}

impl Arrival {
    /// The life of a connection that its source closes.
    pub const UNTIL_CLOSED: u64 = u64::MAX;
}

/// What sort of arrival it is: 23 bits of class, 6 of cell, 3 of end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort(u32);

impl Sort {
    /// Cells that can share a stream.
    pub const CELLS: usize = 1 << 6;
    /// Classes a group of cells can have.
    pub const CLASSES: usize = 1 << 23;

    /// Of `class` (its index), in `cell` (its index among those that share a stream), ending by `end`.
    #[inline]
    pub const fn new(class: u32, cell: u32, end: End) -> Sort {
        Sort(class << 9 | cell << 3 | end as u32)
    }

    /// Index of the class.
    #[inline]
    pub const fn class(self) -> u32 {
        self.0 >> 9
    }

    /// Index of the cell among those that share a stream.
    #[inline]
    pub const fn cell(self) -> u32 {
        self.0 >> 3 & 63
    }

    /// How the connection ends.
    #[inline]
    pub const fn end(self) -> End {
        const ENDS: [End; 8] = [
            End::Fin,
            End::Rst,
            End::Abandon,
            End::Udp,
            End::Broken,
            End::Unanswered,
            End::Unanswered,
            End::Unanswered,
        ];
        ENDS[(self.0 & 7) as usize]
    }
}

/// What the connections of one workload toward one endpoint have in common.
#[derive(Clone, Debug)]
pub struct Class {
    /// Index of the key among those of the cell.
    pub key: u32,
    /// Where its connections are marked with their node: the node that the mark 0 stands for.
    pub first_node: u32,
    /// Seed of what is drawn on refusal.
    pub seed: u64,
    /// SYNs and tries.
    pub schedule: Schedule,
}

/// When SYNs and tries are due.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// When each SYN of a try is sent, in nanoseconds from the start of the try; the first is 0.
    pub syns: Vec<u64>,
    /// When a try without an answer ends, in nanoseconds from its start.
    pub end: u64,
    /// Tries in all.
    pub attempts: u32,
    /// Pause before the second try in nanoseconds.
    pub backoff: f64,
    /// Growth of the pause.
    pub factor: f64,
    /// How the pause spreads.
    pub jitter: Jitter,
}

/// How the pauses between tries spread around the one that backoff and factor give.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// Evenly, by up to this fraction of the pause, in [0, 1].
    Uniform(f64),
    /// Exponentially, with the pause as mean: tries that remember nothing, as those of people.
    Exponential,
}

impl Jitter {
    /// Every pause as backoff and factor give it.
    pub const NONE: Jitter = Jitter::Uniform(0.0);

    /// What the pause is multiplied by; `draw` is 64 random bits.
    fn times(self, draw: u64) -> f64 {
        // 53 bits, uniform in [0, 2).
        let u = (draw >> 11) as f64 / (1u64 << 52) as f64;
        match self {
            Jitter::Uniform(most) => 1.0 + most * (u - 1.0),
            Jitter::Exponential => -libm::log1p(-u / 2.0),
        }
    }
}

/// No gap between SYNs is longer, in seconds (Linux `TCP_RTO_MAX`).
const LONGEST_GAP_SECONDS: u64 = 120;

impl Schedule {
    /// The schedule of a TCP client: `retries` retransmits with doubling gaps after `linear` one second apart,
    /// given up after `timeout` if that comes first. One try; see [`Schedule::with_retry`].
    pub fn tcp(retries: u32, linear: u32, timeout: Option<SimTime>) -> Schedule {
        const SECOND: u64 = 1_000_000_000;
        let gaps = (0..linear)
            .map(|_| 1)
            .chain((0..=retries).map(|i| (1u64 << i.min(32)).min(LONGEST_GAP_SECONDS)));
        let mut due = vec![0];
        due.extend(gaps.scan(0, |at, gap| {
            *at += gap * SECOND;
            Some(*at)
        }));
        let given_up = due
            .pop()
            .expect("there is at least the gap after the last SYN");
        let end = timeout.map_or(given_up, |timeout| given_up.min(timeout.as_nanos()));
        due.retain(|at| *at < end || *at == 0);
        Schedule {
            syns: due,
            end,
            attempts: 1,
            backoff: 0.0,
            factor: 1.0,
            jitter: Jitter::NONE,
        }
    }

    /// The schedule of a UDP client: one packet, refused at once.
    pub fn udp() -> Schedule {
        Schedule {
            syns: vec![0],
            end: 0,
            attempts: 1,
            backoff: 0.0,
            factor: 1.0,
            jitter: Jitter::NONE,
        }
    }

    /// The same with `attempts` tries; the pause before try k + 1 is backoff × factor^(k−1), spread by the jitter.
    pub fn with_retry(
        self,
        attempts: u32,
        backoff: SimTime,
        factor: f64,
        jitter: Jitter,
    ) -> Schedule {
        Schedule {
            attempts,
            backoff: backoff.as_nanos() as f64,
            factor,
            jitter,
            ..self
        }
    }

    /// Whether a refused first SYN settles the connection.
    pub fn is_pure_loss(&self) -> bool {
        self.syns.len() == 1 && self.attempts == 1
    }

    /// When the SYN after SYN `syn` of a try is due, if that one was sent at `at` and another is sent.
    #[inline(always)]
    pub(super) fn retransmit(&self, syn: u16, at: u64) -> Option<u64> {
        let due = self.syns.get(usize::from(syn) + 1)?;
        Some(at - self.syns[usize::from(syn)] + due)
    }

    /// The pause after try `tried` (from 1), in nanoseconds; `draw` is 64 random bits.
    pub(super) fn pause(&self, tried: u32, draw: u64) -> u64 {
        let mut pause = self.backoff;
        if self.factor > 1.0 {
            for _ in 1..tried {
                pause *= self.factor;
                if pause > 1e18 {
                    break;
                }
            }
        }
        (pause * self.jitter.times(draw)).min(1e18) as u64
    }
}

/// What is drawn of a connection only when it is refused or placed, from a hash of its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Draw {
    /// The bucket of a try.
    Bucket,
    /// The jitter of the pause after a try.
    Jitter,
}

/// 64 random bits for try `tried` of the connection.
#[inline]
pub(super) fn draw(class_seed: u64, first_at: u64, id: u32, tried: u32, what: Draw) -> u64 {
    let connection = mix(class_seed ^ first_at, u64::from(id));
    mix(connection, u64::from(tried) << 1 | what as u64)
}

/// How a port comes back after each end: spans from the grant, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndRule {
    /// From the end of the life to the end of activity.
    pub silence: u64,
    /// Hold-down after activity.
    pub hold_down: u64,
}

/// The rules of all ends but [`End::Unanswered`], by index.
pub(super) fn end_rules(holds: &Holds) -> [EndRule; 5] {
    let rule = |silence: SimTime, hold_down: SimTime| EndRule {
        silence: silence.as_nanos(),
        hold_down: hold_down.as_nanos(),
    };
    [
        rule(SimTime::ZERO, holds.after_fin),
        rule(SimTime::ZERO, holds.after_rst),
        rule(holds.idle, holds.after_idle),
        rule(holds.udp_idle, holds.after_udp),
        rule(holds.idle, holds.after_idle),
    ]
}

impl End {
    /// Whether it comes at the end of the connection's life, whatever the network does.
    #[inline]
    pub(super) const fn is_by_itself(self) -> bool {
        (self as u8) < End::Broken as u8
    }

    /// The end of a TCP connection that sends a packet only every `keepalive` of its `life`.
    pub fn with_keepalive(self, keepalive: Option<SimTime>, life: SimTime, holds: &Holds) -> End {
        match keepalive {
            Some(gap) if self != End::Unanswered && gap.min(life) >= holds.idle => End::Broken,
            _ => self,
        }
    }

    /// The end of what goes over `protocol`.
    pub fn over(self, protocol: Protocol) -> End {
        match protocol {
            Protocol::Tcp => self,
            Protocol::Udp => End::Udp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(schedule: &Schedule) -> (Vec<u64>, u64) {
        let whole = |nanos: &u64| nanos / 1_000_000_000;
        (
            schedule.syns.iter().map(whole).collect(),
            whole(&schedule.end),
        )
    }

    #[test]
    fn syns_are_sent_when_linux_sends_them() {
        assert_eq!(
            seconds(&Schedule::tcp(6, 0, None)),
            (vec![0, 1, 3, 7, 15, 31, 63], 127)
        );
        assert_eq!(
            seconds(&Schedule::tcp(6, 4, None)),
            (vec![0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67], 131)
        );
        assert_eq!(seconds(&Schedule::tcp(0, 0, None)), (vec![0], 1));
        assert_eq!(
            seconds(&Schedule::tcp(7, 0, None)),
            (vec![0, 1, 3, 7, 15, 31, 63, 127], 247)
        );
    }

    #[test]
    fn a_syn_due_when_the_try_times_out_is_not_sent() {
        let schedule = Schedule::tcp(6, 0, Some(SimTime::from_secs(7)));
        assert_eq!(seconds(&schedule), (vec![0, 1, 3], 7));
    }

    #[test]
    fn pauses_grow_by_the_factor_and_spread_by_the_jitter() {
        let second = SimTime::from_secs(1);
        let with = |jitter| Schedule::udp().with_retry(9, second, 2.0, jitter);
        let retry = |most| with(Jitter::Uniform(most));
        assert_eq!(retry(0.0).pause(1, 5), 1_000_000_000);
        assert_eq!(retry(0.0).pause(4, 5), 8_000_000_000);
        assert_eq!(retry(0.5).pause(1, 0), 500_000_000);
        assert_eq!(retry(0.5).pause(1, 1 << 63), 1_000_000_000);
        assert_eq!(retry(0.0).pause(1_000, 5), 1_000_000_000_000_000_000);
        let median = with(Jitter::Exponential).pause(2, 1 << 63);
        assert_eq!(median, (2e9 * std::f64::consts::LN_2) as u64);
        assert_eq!(with(Jitter::Exponential).pause(1, 0), 0);
        assert!(with(Jitter::Exponential).pause(1, u64::MAX) < 40_000_000_000);
    }

    #[test]
    fn a_connection_breaks_only_if_it_is_silent_for_the_idle_timeout() {
        let holds = crate::engine::tests::holds();
        let life = SimTime::from_secs(1_000);
        let end = |keepalive, life| End::Fin.with_keepalive(keepalive, life, &holds);
        assert_eq!(end(Some(holds.idle), life), End::Broken);
        assert_eq!(
            end(Some(holds.idle - SimTime::from_nanos(1)), life),
            End::Fin
        );
        assert_eq!(
            end(Some(life), holds.idle - SimTime::from_nanos(1)),
            End::Fin
        );
        assert_eq!(end(None, life), End::Fin);
    }
}

//! Connections that fall silent inside their lives, and what comes of it where that is long enough to idle out.

use super::Law;
use super::draws::{GRAIN, spans_from};
use crate::engine::{End, OnIdle};
use crate::units::{SimTime, mix};

/// When packets flow on the connections of a workload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Packets {
    /// Law of the gaps between packets; none: packets all along, unless there is a keepalive.
    pub gap: Option<Law>,
    /// A packet is sent at the latest this long after the last one; alone, all packets are of this gap.
    pub keepalive: Option<SimTime>,
    /// Whether the owner of a connection that idled out opens another for the rest of its life.
    pub reconnects: bool,
}

impl Packets {
    /// What comes of gaps that are longer than `idle`, where the owner learns of it as `on_idle` says; none where no gap
    /// can be.
    pub fn under(&self, idle: SimTime, on_idle: OnIdle) -> Option<Quiet> {
        if self.gap.is_none() && self.keepalive.is_none() {
            return None;
        }
        let longest = self.gap.as_ref().map_or(SimTime::MAX, Law::longest);
        let longest = longest.min(self.keepalive.unwrap_or(SimTime::MAX));
        (longest >= idle).then(|| Quiet {
            gap: self.gap.clone(),
            keepalive: self.keepalive.map_or(u64::MAX, SimTime::as_nanos),
            idle: idle.as_nanos(),
            on_idle,
        })
    }
}

/// Gaps between packets, some of them long enough to idle out. Times in nanoseconds.
#[derive(Clone, Debug)]
pub struct Quiet {
    gap: Option<Law>,
    keepalive: u64,
    idle: u64,
    on_idle: OnIdle,
}

/// A connection that idles out inside its life; nanoseconds from the grant of its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// The last packet before it idles out.
    pub last_packet: u64,
    /// When its owner learns of it, at most its life.
    pub learned: u64,
}

/// Tells the gaps of a connection from what else is drawn by its identity.
const GAPS: u64 = 0x6A95;

impl Quiet {
    /// Whether and when a connection of this life idles out, by the first gap that is at least the idle timeout. Its gaps
    /// depend on its identity alone: the class, by its seed, when it was opened and its number.
    pub fn breaks(&self, class_seed: u64, at: u64, id: u32, life: u64) -> Option<Break> {
        if life < self.idle {
            return None;
        }
        let identity = mix(mix(class_seed ^ at, u64::from(id)), GAPS);
        let mut gaps = [u64::MAX; GRAIN];
        let mut last_packet = 0;
        for from in (0..).step_by(GRAIN) {
            if let Some(law) = &self.gap {
                spans_from(law, identity, from, &mut gaps);
            }
            for gap in gaps {
                let gap = gap.min(self.keepalive).min(life - last_packet);
                if gap >= self.idle {
                    let learned = match self.on_idle.learns_after_packet() {
                        None => last_packet + self.idle,
                        Some(after) => (last_packet + gap).saturating_add(after.as_nanos()),
                    };
                    return Some(Break {
                        last_packet,
                        learned: learned.min(life),
                    });
                }
                last_packet += gap;
                if life - last_packet < self.idle {
                    return None;
                }
            }
        }
        unreachable!("a life has an end")
    }
}

/// Whether a connection that ends this way can idle out before.
pub(super) fn can_break(end: End) -> bool {
    matches!(end, End::Fin | End::Rst | End::Abandon)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn quiet(gap: Option<Law>, keepalive: Option<u64>, on_idle: OnIdle) -> Option<Quiet> {
        let packets = Packets {
            gap,
            keepalive: keepalive.map(SimTime::from_secs),
            reconnects: false,
        };
        packets.under(SimTime::from_secs(240), on_idle)
    }

    fn constant(seconds: u64) -> Option<Law> {
        Some(Law::Constant(SimTime::from_secs(seconds)))
    }

    #[test]
    fn a_connection_breaks_at_its_first_gap_of_the_idle_timeout() {
        let found = |quiet: &Quiet, life: u64| quiet.breaks(7, 0, 0, life * SECOND);
        let every_four = quiet(constant(240), None, OnIdle::ResetNextPacket).unwrap();
        assert_eq!(found(&every_four, 239), None);
        let broken = Break {
            last_packet: 0,
            learned: 240 * SECOND,
        };
        assert_eq!(found(&every_four, 1_000), Some(broken));
        assert!(quiet(constant(239), None, OnIdle::Reset).is_none());
        assert!(quiet(constant(1_000), Some(239), OnIdle::Reset).is_none());
        assert!(quiet(None, None, OnIdle::Reset).is_none());
    }

    #[test]
    fn the_owner_learns_as_the_outbound_type_tells_him() {
        let learned = |on_idle, life: u64| {
            let quiet = quiet(None, Some(600), on_idle).unwrap();
            quiet.breaks(7, 0, 0, life * SECOND).unwrap().learned as f64 / SECOND as f64
        };
        assert_eq!(learned(OnIdle::Reset, 5_000), 240.0);
        assert_eq!(learned(OnIdle::ResetNextPacket, 5_000), 600.0);
        assert_eq!(learned(OnIdle::Silent, 5_000), 1_524.6);
        assert_eq!(learned(OnIdle::Silent, 1_000), 1_000.0);
        assert_eq!(learned(OnIdle::ResetNextPacket, 300), 300.0);
    }

    /// Exponential gaps of mean m: the number of packets before the first gap of at least t is geometric with parameter
    /// p = exp(-t/m), so a connection without end sends its last packet after (1 - p)/p gaps of mean m - t p / (1 - p).
    #[test]
    fn the_last_packet_comes_when_theory_says() {
        let (mean, idle) = (100.0, 240.0);
        let law = Law::Exponential { mean };
        let quiet = quiet(Some(law), None, OnIdle::Reset).unwrap();
        let p = libm::exp(-idle / mean);
        let expected = (1.0 - p) / p * (mean - idle * p / (1.0 - p));
        let n = 40_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for id in 0..n {
            let at = quiet.breaks(3, 5, id, 1 << 60).unwrap().last_packet as f64 / 1e9;
            sum += at;
            squares += at * at;
        }
        let found = sum / f64::from(n);
        let error = ((squares / f64::from(n) - found * found) / f64::from(n)).sqrt();
        assert!(
            (found - expected).abs() < 4.5 * error,
            "{found} for {expected}"
        );
    }
}

//! Ports coming back where very many are in use: far releases wait in rungs that are only appended to.

use super::releases::{ReleaseSize, Releases, WheelReleases};

/// A wheel for what comes back soon, small enough for the cache, and rungs of a ladder for what comes back later: each
/// release is appended to the rung of its time, and dealt to the wheel when the clock comes to that rung.
///
/// A wheel alone touches a place of its own in memory for every release; with millions of ports that is what takes the
/// time. (Tang, Goh and Thng, "Ladder queue: an O(1) priority queue structure for large-scale discrete event
/// simulation", 2005.)
#[derive(Clone, Debug)]
pub struct LadderReleases {
    near: WheelReleases,
    /// Width of a rung: 2^`shift` nanoseconds.
    shift: u32,
    /// A ring of as many as a power of two.
    rungs: Vec<Vec<u64>>,
    /// Absolute number of the rung the clock is in, all of which is in the wheel.
    current: u64,
}

impl LadderReleases {
    /// Deals the rungs up to that of `to` to the wheel.
    #[inline(always)]
    fn climb(&mut self, to: u64) {
        let rung = to >> self.shift;
        if rung != self.current {
            self.climb_to(rung);
        }
    }

    #[cold]
    #[inline(never)]
    fn climb_to(&mut self, rung: u64) {
        let rungs = self.rungs.len() as u64;
        for passing in self.current + 1..=rung.min(self.current + rungs - 1) {
            self.near.settle(passing << self.shift);
            for at in self.rungs[(passing & (rungs - 1)) as usize].drain(..) {
                self.near.push(at);
            }
        }
        self.current = rung;
    }
}

impl Releases for LadderReleases {
    fn sized(size: ReleaseSize) -> Self {
        /// Buckets of the wheel in a rung, as a power of two: 32 KiB of them.
        const BUCKETS: u32 = 9;
        /// Rungs further ahead are not worth their place; their releases wait in the wheel's heap.
        const MOST_RUNGS: u64 = 1 << 14;
        let bucket = size.shift();
        let shift = bucket + BUCKETS;
        LadderReleases {
            near: WheelReleases::with(bucket, 1 << BUCKETS),
            shift,
            rungs: vec![Vec::new(); size.spans(shift).min(MOST_RUNGS) as usize],
            current: 0,
        }
    }

    #[inline(always)]
    fn push(&mut self, at: u64) {
        let rung = at >> self.shift;
        let rungs = self.rungs.len() as u64;
        let ahead = rung - self.current;
        if ahead > 0 && ahead < rungs {
            self.rungs[(rung & (rungs - 1)) as usize].push(at);
        } else {
            self.near.push(at);
        }
    }

    #[inline(always)]
    fn advance(&mut self, to: u64) -> u64 {
        self.climb(to);
        self.near.advance(to)
    }

    #[inline(always)]
    fn settle(&mut self, to: u64) -> (u64, u64) {
        self.climb(to);
        self.near.settle(to)
    }

    /// The wheel knows no further than its current bucket, which ends within the rung.
    #[inline(always)]
    fn quiet_until(&self) -> u64 {
        self.near.quiet_until()
    }

    fn drain(&mut self) -> u64 {
        let waiting: usize = self.rungs.iter().map(Vec::len).sum();
        self.rungs.iter_mut().for_each(Vec::clear);
        waiting as u64 + self.near.drain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::HeapReleases;
    use proptest::prelude::*;

    proptest! {
        /// In rungs of half a second, releases in the current one, in later ones and beyond the last.
        #[test]
        fn the_ladder_counts_what_the_heap_counts(
            steps in prop::collection::vec((0u64..3_000_000_000, prop::collection::vec(0u64..200_000_000_000, 0..60)), 1..60)
        ) {
            let size = ReleaseSize { per_second: 4_000.0, horizon: 60.0, ports: 100_000 };
            let (mut ladder, mut heap) = (LadderReleases::sized(size), HeapReleases::default());
            let mut now = 0;
            for (pause, holds) in steps {
                now += pause;
                prop_assert!(ladder.settle(now).0 <= heap.advance(now));
                prop_assert_eq!(ladder.advance(now), heap.advance(now));
                prop_assert!(ladder.quiet_until() > now);
                prop_assert!(ladder.quiet_until() <= heap.quiet_until());
                for hold in holds {
                    ladder.push(now + hold);
                    heap.push(now + hold);
                }
                prop_assert_eq!(ladder.advance(now), heap.advance(now));
            }
            prop_assert_eq!(ladder.drain(), heap.drain());
        }
    }
}

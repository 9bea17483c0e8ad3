//! Ports coming back: how many by when, never which. A heap as the reference, a wheel of unordered buckets to be fast.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Times at which ports come back. Times are nanoseconds; `advance` is called with times that do not fall,
/// and nothing is pushed for a time before the last `advance`.
pub trait Releases: Clone + Send {
    /// An empty queue for about this much.
    fn sized(size: ReleaseSize) -> Self;

    /// One port comes back at `at`.
    fn push(&mut self, at: u64);

    /// How many have come back by `to` (included), since the beginning.
    fn advance(&mut self, to: u64) -> u64;

    /// Moves on to `to`, which counts as an `advance`, without counting to the end: at least how many have come back by
    /// `to`, and until when it takes no more work to know just that.
    fn settle(&mut self, to: u64) -> (u64, u64);

    /// A time by which, after the last `advance`, no further port has come back; the next to come is not before it.
    fn quiet_until(&self) -> u64;

    /// Forgets what has not come back, and says how many that were.
    fn drain(&mut self) -> u64;
}

/// The reference: every release in order.
#[derive(Clone, Debug, Default)]
pub struct HeapReleases {
    ahead: BinaryHeap<Reverse<u64>>,
    passed: u64,
}

impl Releases for HeapReleases {
    fn sized(_size: ReleaseSize) -> Self {
        HeapReleases::default()
    }

    #[inline]
    fn push(&mut self, at: u64) {
        self.ahead.push(Reverse(at));
    }

    #[inline]
    fn advance(&mut self, to: u64) -> u64 {
        while self.quiet_until() <= to && self.ahead.pop().is_some() {
            self.passed += 1;
        }
        self.passed
    }

    #[inline]
    fn settle(&mut self, to: u64) -> (u64, u64) {
        (self.advance(to), self.quiet_until())
    }

    #[inline]
    fn quiet_until(&self) -> u64 {
        self.ahead.peek().map_or(u64::MAX, |Reverse(at)| *at)
    }

    fn drain(&mut self) -> u64 {
        let left = self.ahead.len() as u64;
        self.ahead.clear();
        left
    }
}

/// Places of a bucket: one cache line of 32-bit offsets, and how many there are in the last place.
const LINE: usize = 16;

/// Releases in one bucket before the heap takes the rest.
const ROOM: usize = LINE - 1;

/// Offsets into a bucket fit in 31 bits, so that a signed compare (all that SSE2 has) is enough.
const WIDEST_SHIFT: u32 = 30;

/// An empty place in a bucket: later than any offset.
const EMPTY: i32 = i32::MAX;

/// A bucket. Its last place holds [`EMPTY`] less the number of its releases: later than any offset too, so that nothing
/// has to leave it out, and one line of the cache is all there is to touch.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Line([i32; LINE]);

impl Line {
    #[inline(always)]
    fn filled(&self) -> usize {
        (EMPTY - self.0[ROOM]) as usize
    }
}

/// How many of `line` are at `offset` or before.
///
/// By the sign of (at - offset - 1), in plain arithmetic and a function of its own: inlined into the loop over a cell, or
/// as a sum of compares, compilers lose the vector code.
#[inline(never)]
fn count_until(line: &[i32; LINE], offset: i32) -> u32 {
    const LANES: usize = 4;
    let after = offset + 1;
    let mut signs = [0; LANES];
    for at in line.chunks_exact(LANES) {
        for lane in 0..LANES {
            signs[lane] += (at[lane] - after) >> 31;
        }
    }
    signs.iter().sum::<i32>().unsigned_abs()
}

/// The first of `line` after `offset`, or [`EMPTY`]; a function of its own for the same reason.
#[inline(never)]
fn next_after(line: &[i32; LINE], offset: i32) -> i32 {
    const LANES: usize = 4;
    let mut next = [EMPTY; LANES];
    for at in line.chunks_exact(LANES) {
        for lane in 0..LANES {
            let ahead = if at[lane] > offset { at[lane] } else { EMPTY };
            next[lane] = next[lane].min(ahead);
        }
    }
    next.into_iter().fold(EMPTY, i32::min)
}

/// A timing wheel whose buckets are unordered: what has come back is *counted*, with one vector compare.
///
/// What does not fit (a full bucket, a time beyond the wheel's horizon) waits in a heap. Exact at every instant.
#[derive(Clone, Debug)]
pub struct WheelReleases {
    shift: u32,
    lines: Vec<Line>,
    /// Absolute number of the bucket the clock is in.
    current: u64,
    /// Offset of the clock in that bucket.
    offset: i32,
    passed: u64,
    /// In lines after, or in, the current one, and not yet passed.
    in_wheel: u64,
    overflow: HeapReleases,
}

/// What a queue of releases is sized by.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseSize {
    /// Releases per second to expect, at most.
    pub per_second: f64,
    /// How far ahead nearly all releases lie, in seconds.
    pub horizon: f64,
    /// Ports that can be held at a time; bounds the memory.
    pub ports: u64,
}

impl ReleaseSize {
    /// The power of two, in nanoseconds, in which a handful of releases is to be expected.
    pub(super) fn shift(&self) -> u32 {
        // From 3.5 to 7 in a bucket: more than there is room for are rare.
        const MOST_PER_BUCKET: f64 = 7.0;
        let width = MOST_PER_BUCKET / self.per_second.max(1e-9) * 1e9;
        (width.clamp(1.0, 1e18) as u64)
            .ilog2()
            .clamp(4, WIDEST_SHIFT)
    }

    /// Spans of 2^`shift` nanoseconds up to the horizon, rounded up to a power of two.
    pub(super) fn spans(&self, shift: u32) -> u64 {
        let spans = self.horizon * 1e9 / (1u64 << shift) as f64;
        (spans.clamp(1.0, 1e12) as u64 + 2).next_power_of_two()
    }
}

impl WheelReleases {
    /// An empty wheel of this many buckets, a power of two, each 2^`shift` nanoseconds wide.
    pub(super) fn with(shift: u32, buckets: usize) -> Self {
        WheelReleases {
            shift,
            lines: vec![Line([EMPTY; LINE]); buckets],
            current: 0,
            offset: 0,
            passed: 0,
            in_wheel: 0,
            overflow: HeapReleases::default(),
        }
    }

    /// Bytes taken, the heap's included.
    pub fn bytes(&self) -> usize {
        self.lines.len() * size_of::<Line>() + self.overflow.ahead.capacity() * 8
    }

    /// Leaves the current bucket and all before `bucket` behind.
    #[cold]
    #[inline(never)]
    fn turn(&mut self, bucket: u64) {
        if self.in_wheel > 0 {
            let last = bucket.min(self.current + self.lines.len() as u64);
            let mask = self.lines.len() - 1;
            for passing in self.current..last {
                let index = passing as usize & mask;
                let count = self.lines[index].filled() as u64;
                if count > 0 {
                    self.passed += count;
                    self.in_wheel -= count;
                    self.lines[index] = Line([EMPTY; LINE]);
                    if self.in_wheel == 0 {
                        break;
                    }
                }
            }
        }
        self.current = bucket;
    }

    #[inline(always)]
    fn line(&self) -> &[i32; LINE] {
        &self.lines[self.current as usize & (self.lines.len() - 1)].0
    }
}

impl Releases for WheelReleases {
    /// A wheel with some five releases in a bucket, in at most 40 bytes a port (and at least 4 KiB).
    fn sized(size: ReleaseSize) -> Self {
        const BYTES_PER_PORT: u64 = 40;
        const FEWEST_BUCKETS: u64 = 64;
        let affordable = size.ports * BYTES_PER_PORT / size_of::<Line>() as u64;
        let largest = 1u64 << affordable.max(FEWEST_BUCKETS).ilog2();
        let shift = size.shift();
        let buckets = size.spans(shift).clamp(FEWEST_BUCKETS, largest);
        WheelReleases::with(shift, buckets as usize)
    }

    #[inline(always)]
    fn push(&mut self, at: u64) {
        let bucket = at >> self.shift;
        let buckets = self.lines.len() as u64;
        let index = (bucket & (buckets - 1)) as usize;
        let line = &mut self.lines[index];
        let filled = line.filled();
        if bucket - self.current < buckets && filled < ROOM {
            line.0[filled] = (at & ((1 << self.shift) - 1)) as i32;
            line.0[ROOM] -= 1;
            self.in_wheel += 1;
        } else {
            self.overflow.push(at);
        }
    }

    #[inline(always)]
    fn advance(&mut self, to: u64) -> u64 {
        let bucket = to >> self.shift;
        if bucket != self.current {
            self.turn(bucket);
        }
        let offset = (to & ((1 << self.shift) - 1)) as i32;
        self.offset = offset;
        let came_back = count_until(self.line(), offset);
        self.passed + u64::from(came_back) + self.overflow.advance(to)
    }

    #[inline(always)]
    fn settle(&mut self, to: u64) -> (u64, u64) {
        let bucket = to >> self.shift;
        if bucket != self.current {
            self.turn(bucket);
        }
        self.offset = (to & ((1 << self.shift) - 1)) as i32;
        let came_back = self.passed + self.overflow.advance(to);
        (came_back, (bucket + 1) << self.shift)
    }

    #[inline(always)]
    fn quiet_until(&self) -> u64 {
        let next = next_after(self.line(), self.offset);
        // Past the last offset nothing is known but that this bucket has nothing more.
        let offset = (next as u64).min(1 << self.shift);
        ((self.current << self.shift) + offset).min(self.overflow.quiet_until())
    }

    fn drain(&mut self) -> u64 {
        let gone = self.line().iter().filter(|at| **at <= self.offset).count() as u64;
        let left = self.in_wheel - gone + self.overflow.drain();
        self.in_wheel = 0;
        self.lines.fill(Line([EMPTY; LINE]));
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wheel() -> WheelReleases {
        WheelReleases::sized(ReleaseSize {
            per_second: 4.0,
            horizon: 60.0,
            ports: 64,
        })
    }

    #[test]
    fn a_release_counts_from_its_very_nanosecond() {
        let mut releases = wheel();
        releases.push(5);
        assert_eq!(releases.advance(4), 0);
        assert_eq!(releases.quiet_until(), 5);
        assert_eq!(releases.advance(5), 1);
        assert_eq!(releases.advance(5), 1);
    }

    #[test]
    fn a_wheel_of_1024_ports_takes_at_most_40_bytes_a_port() {
        let size = ReleaseSize {
            per_second: 1024.0 / 260.0,
            horizon: 400.0,
            ports: 1024,
        };
        assert!(WheelReleases::sized(size).bytes() <= 40 * 1024);
    }

    proptest! {
        #[test]
        fn the_wheel_counts_what_the_heap_counts(
            steps in prop::collection::vec((0u64..3_000_000_000, prop::collection::vec(0u64..100_000_000_000, 0..24)), 1..60)
        ) {
            let (mut wheel, mut heap) = (wheel(), HeapReleases::default());
            let mut now = 0;
            for (pause, holds) in steps {
                now += pause;
                prop_assert_eq!(wheel.advance(now), heap.advance(now));
                prop_assert!(wheel.quiet_until() > now);
                prop_assert!(wheel.quiet_until() <= heap.quiet_until());
                for hold in holds {
                    wheel.push(now + hold);
                    heap.push(now + hold);
                }
                prop_assert_eq!(wheel.advance(now), heap.advance(now));
            }
            prop_assert_eq!(wheel.drain(), heap.drain());
        }
    }
}

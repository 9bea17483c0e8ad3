//! Histograms of times: fixed bounds in nanoseconds, three significant digits, zero and maximum exact.

use crate::units::SimTime;
use hdrhistogram::Histogram;

/// A histogram of spans of time.
///
/// Its cells are those of an HDR histogram of three digits; it is filled here, because a span in the hot loop has to
/// cost no more than the few instructions that find its cell.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// Spans by cell; those of zero are the first.
    cells: Vec<u64>,
    /// The smallest above zero, in nanoseconds.
    min: u64,
    max: u64,
    sum_nanos: u128,
}

/// Spans below it have a cell for every nanosecond; from there on every power of two has half as many cells.
const FINE: u64 = 1 << FINE_BITS;
const FINE_BITS: u32 = 11;

/// The cell of a span in nanoseconds.
#[inline(always)]
fn cell(nanos: u64) -> usize {
    let coarse = (u64::BITS - FINE_BITS) - (nanos | (FINE - 1)).leading_zeros();
    ((coarse as usize) << (FINE_BITS - 1)) + (nanos >> coarse) as usize
}

/// The first and the last nanosecond of a cell.
fn bounds(cell: usize) -> (u64, u64) {
    let coarse = (cell >> (FINE_BITS - 1)).saturating_sub(1);
    let low = ((cell - (coarse << (FINE_BITS - 1))) as u64) << coarse;
    (low, low + ((1 << coarse) - 1))
}

/// The exact counts of a histogram of spans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpanCounts {
    /// Spans of zero.
    pub zeros: u64,
    /// The smallest above zero; none where there is none.
    pub min: Option<SimTime>,
    /// The largest.
    pub max: SimTime,
    /// Their sum.
    pub sum_nanos: u128,
    /// Nanoseconds at which a cell of the histogram begins, ascending, and spans in it, at least 1.
    pub cells: Vec<(u64, u64)>,
}

impl Default for Latencies {
    fn default() -> Self {
        Latencies {
            cells: vec![0; cell(Latencies::HIGHEST_NANOS) + 1],
            min: u64::MAX,
            max: 0,
            sum_nanos: 0,
        }
    }
}

impl Latencies {
    /// The largest span that is told apart, 2^60 ns or 36 years; longer ones count as this.
    pub const HIGHEST_NANOS: u64 = 1 << 60;

    /// Counts `times` spans of zero.
    pub fn record_zeros(&mut self, times: u64) {
        self.cells[0] += times;
    }

    /// Counts one span.
    #[inline]
    pub fn record(&mut self, span: SimTime) {
        self.record_all([span.as_nanos()]);
    }

    /// Counts spans in nanoseconds.
    #[inline(always)]
    pub fn record_all(&mut self, spans: impl IntoIterator<Item = u64>) {
        for nanos in spans {
            self.cells[cell(nanos.min(Latencies::HIGHEST_NANOS))] += 1;
            self.max = self.max.max(nanos);
            // Zero becomes the largest of all.
            self.min = self.min.min(nanos.wrapping_sub(1));
            self.sum_nanos += u128::from(nanos);
        }
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Latencies) {
        for (count, more) in self.cells.iter_mut().zip(&other.cells) {
            *count += more;
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum_nanos += other.sum_nanos;
    }

    /// The exact counts, from which [`Latencies::restore`] makes the same histogram again.
    pub fn counts(&self) -> SpanCounts {
        SpanCounts {
            zeros: self.zeros(),
            min: self.min(),
            max: SimTime::from_nanos(self.max),
            sum_nanos: self.sum_nanos,
            cells: self
                .above_zero()
                .map(|(low, _, count)| (low, count))
                .collect(),
        }
    }

    /// The histogram with these counts.
    pub fn restore(counts: &SpanCounts) -> Latencies {
        let mut spans = Latencies {
            min: counts.min.map_or(u64::MAX, |min| min.as_nanos() - 1),
            max: counts.max.as_nanos(),
            sum_nanos: counts.sum_nanos,
            ..Latencies::default()
        };
        spans.record_zeros(counts.zeros);
        for (nanos, times) in &counts.cells {
            spans.cells[cell((*nanos).min(Latencies::HIGHEST_NANOS))] += times;
        }
        spans
    }

    /// Spans counted.
    pub fn count(&self) -> u64 {
        self.cells.iter().sum()
    }

    /// The smallest above zero.
    fn min(&self) -> Option<SimTime> {
        (self.min < u64::MAX).then(|| SimTime::from_nanos(self.min + 1))
    }

    /// The cells above zero with spans in them: first and last nanosecond, and spans.
    fn above_zero(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let cells = self.cells.iter().enumerate().skip(1);
        cells.filter(|(_, count)| **count > 0).map(|(cell, count)| {
            let (low, high) = bounds(cell);
            (low, high, *count)
        })
    }

    /// The nearest-rank quantile in seconds, within 0.1 %, never above the maximum; none when nothing was counted.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let n = self.count();
        if n == 0 {
            return None;
        }
        let rank = ((p * n as f64).ceil() as u64).clamp(1, n);
        if rank <= self.zeros() {
            return Some(0.0);
        }
        let seconds = |nanos: u64| SimTime::from_nanos(nanos).as_secs_f64();
        let (least, most) = (seconds(self.min + 1), seconds(self.max));
        if rank == n {
            return Some(most);
        }
        let mut seen = self.zeros();
        let found = self.above_zero().find(|(.., count)| {
            seen += count;
            seen >= rank
        });
        let (low, high, _) = found.expect("the rank is among the spans counted");
        let middle = (low + (high - low) / 2) as f64 / 1e9;
        Some(middle.clamp(least, most))
    }

    /// The largest span in seconds, exact; none when nothing was counted.
    pub fn max(&self) -> Option<f64> {
        (self.count() > 0).then(|| SimTime::from_nanos(self.max).as_secs_f64())
    }

    /// The mean in seconds, exact; none when nothing was counted.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum_nanos as f64 / self.count() as f64 / 1e9)
    }

    /// Spans that were exactly zero.
    pub fn zeros(&self) -> u64 {
        self.cells[0]
    }

    /// The same as an HDR histogram, in nanoseconds.
    pub fn histogram(&self) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, Latencies::HIGHEST_NANOS, 3)
            .expect("the bounds are constants that the histogram accepts");
        histogram.saturating_record_n(0, self.zeros());
        for (low, _, count) in self.above_zero() {
            histogram.saturating_record_n(low, count);
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_are_those_of_the_library(bits in 0u32..60, word in any::<u64>()) {
            let nanos = (word >> (63 - bits)).max(1);
            let histogram = Latencies::default().histogram();
            let wanted = (histogram.lowest_equivalent(nanos), histogram.highest_equivalent(nanos));
            prop_assert_eq!(bounds(cell(nanos)), wanted);
        }

        #[test]
        fn counts_restore_the_histogram_and_restored_ones_merge_alike(
            a in prop::collection::vec(0u64..1 << 62, 0..50),
            b in prop::collection::vec(0u64..5_000_000_000, 0..50),
        ) {
            let record = |nanos: &[u64]| {
                let mut spans = Latencies::default();
                nanos.iter().for_each(|nanos| spans.record(SimTime::from_nanos(*nanos)));
                spans
            };
            let again = |spans: &Latencies| Latencies::restore(&spans.counts());
            let (a, b) = (record(&a), record(&b));
            prop_assert_eq!(again(&a).counts(), a.counts());
            let (mut direct, mut restored) = (a.clone(), again(&a));
            direct.merge(&b);
            restored.merge(&again(&b));
            prop_assert_eq!(restored.counts(), direct.counts());
            for p in [0.0, 0.1, 0.5, 0.9, 0.99, 1.0] {
                prop_assert_eq!(restored.quantile(p), direct.quantile(p));
            }
        }
    }
}

//! Histograms of times: fixed bounds in nanoseconds, three significant digits, zero and maximum exact.

use crate::units::SimTime;
use hdrhistogram::Histogram;

/// A histogram of spans of time.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u64>,
    zeros: u64,
    /// The smallest above zero.
    min: SimTime,
    max: SimTime,
    sum_nanos: u128,
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
            histogram: Histogram::new_with_bounds(1, Latencies::HIGHEST_NANOS, 3)
                .expect("the bounds are constants that the histogram accepts"),
            zeros: 0,
            min: SimTime::MAX,
            max: SimTime::ZERO,
            sum_nanos: 0,
        }
    }
}

impl Latencies {
    /// The largest span that is told apart, 2^60 ns or 36 years; longer ones count as this.
    pub const HIGHEST_NANOS: u64 = 1 << 60;

    /// Counts `times` spans of zero.
    pub fn record_zeros(&mut self, times: u64) {
        self.zeros += times;
    }

    /// Counts one span.
    pub fn record(&mut self, span: SimTime) {
        self.max = self.max.max(span);
        if span > SimTime::ZERO {
            self.min = self.min.min(span);
        }
        self.sum_nanos += u128::from(span.as_nanos());
        match span.as_nanos() {
            0 => self.zeros += 1,
            nanos => self.histogram.saturating_record(nanos),
        }
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Latencies) {
        self.histogram
            .add(&other.histogram)
            .expect("both have the same bounds");
        self.zeros += other.zeros;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum_nanos += other.sum_nanos;
    }

    /// The exact counts, from which [`Latencies::restore`] makes the same histogram again.
    pub fn counts(&self) -> SpanCounts {
        SpanCounts {
            zeros: self.zeros,
            min: (!self.histogram.is_empty()).then_some(self.min),
            max: self.max,
            sum_nanos: self.sum_nanos,
            cells: self
                .histogram
                .iter_recorded()
                .map(|step| {
                    let value = step.value_iterated_to();
                    let nanos = self.histogram.lowest_equivalent(value);
                    (nanos, step.count_since_last_iteration())
                })
                .collect(),
        }
    }

    /// The histogram with these counts.
    pub fn restore(counts: &SpanCounts) -> Latencies {
        let mut spans = Latencies {
            zeros: counts.zeros,
            min: counts.min.unwrap_or(SimTime::MAX),
            max: counts.max,
            sum_nanos: counts.sum_nanos,
            ..Latencies::default()
        };
        for (nanos, times) in &counts.cells {
            spans.histogram.saturating_record_n(*nanos, *times);
        }
        spans
    }

    /// Spans counted.
    pub fn count(&self) -> u64 {
        self.zeros + self.histogram.len()
    }

    /// The nearest-rank quantile in seconds, within 0.1 %, never above the maximum; none when nothing was counted.
    pub fn quantile(&self, p: f64) -> Option<f64> {
        let n = self.count();
        if n == 0 {
            return None;
        }
        let rank = ((p * n as f64).ceil() as u64).clamp(1, n);
        if rank <= self.zeros {
            return Some(0.0);
        }
        if rank == n {
            return Some(self.max.as_secs_f64());
        }
        let wanted = rank - self.zeros;
        let mut seen = 0;
        for step in self.histogram.iter_recorded() {
            seen += step.count_since_last_iteration();
            if seen >= wanted {
                let low = self.histogram.lowest_equivalent(step.value_iterated_to());
                let high = self.histogram.highest_equivalent(step.value_iterated_to());
                let middle = (low + (high - low) / 2) as f64 / 1e9;
                let (least, most) = (self.min.as_secs_f64(), self.max.as_secs_f64());
                return Some(middle.clamp(least, most));
            }
        }
        Some(self.max.as_secs_f64())
    }

    /// The largest span in seconds, exact; none when nothing was counted.
    pub fn max(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.max.as_secs_f64())
    }

    /// The mean in seconds, exact; none when nothing was counted.
    pub fn mean(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.sum_nanos as f64 / self.count() as f64 / 1e9)
    }

    /// Spans that were exactly zero.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// The histogram of all that is above zero, in nanoseconds.
    pub fn above_zero(&self) -> &Histogram<u64> {
        &self.histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
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

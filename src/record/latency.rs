//! Histograms of times: fixed bounds in microseconds, three significant digits, zero and maximum exact.

use crate::units::SimTime;
use hdrhistogram::Histogram;

/// A histogram of spans of time.
#[derive(Clone, Debug)]
pub struct Latencies {
    histogram: Histogram<u64>,
    zeros: u64,
    max: SimTime,
    sum_nanos: u128,
}

impl Default for Latencies {
    fn default() -> Self {
        Latencies {
            histogram: Histogram::new_with_bounds(1, Latencies::HIGHEST_MICROS, 3)
                .expect("the bounds are constants that the histogram accepts"),
            zeros: 0,
            max: SimTime::ZERO,
            sum_nanos: 0,
        }
    }
}

impl Latencies {
    /// The largest span that is told apart, 30 days in microseconds; longer ones count as this.
    pub const HIGHEST_MICROS: u64 = 30 * 86_400 * 1_000_000;

    /// Counts `times` spans of zero.
    pub fn record_zeros(&mut self, times: u64) {
        self.zeros += times;
    }

    /// Counts one span.
    pub fn record(&mut self, span: SimTime) {
        self.max = self.max.max(span);
        self.sum_nanos += u128::from(span.as_nanos());
        match span.as_nanos() {
            0 => self.zeros += 1,
            nanos => self.histogram.saturating_record((nanos / 1_000).max(1)),
        }
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Latencies) {
        self.histogram
            .add(&other.histogram)
            .expect("both have the same bounds");
        self.zeros += other.zeros;
        self.max = self.max.max(other.max);
        self.sum_nanos += other.sum_nanos;
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
                return Some((low + high) as f64 / 2e6);
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

    /// The histogram of all that is above zero, in microseconds.
    pub fn above_zero(&self) -> &Histogram<u64> {
        &self.histogram
    }
}

//! Minutes as points of a time axis, put together where there are more than a chart has room for.

use super::Shown;
use crate::report::chart::ticks::clock;
use crate::report::chart::{Axis, Unit};

/// Points of a line; beyond them neighbours are put together.
const MOST: usize = 720;

/// How the minutes of a run become points.
#[derive(Clone, Copy, Debug)]
pub struct Buckets {
    /// Minutes in one.
    pub size: usize,
    first: u32,
    from: f64,
    to: f64,
    clock: f64,
}

impl Buckets {
    /// At most `most` for `minutes` from `first` on.
    pub fn new(shown: &Shown, first: u32, minutes: usize, most: usize) -> Buckets {
        Buckets {
            size: minutes.div_ceil(most).max(1),
            first,
            from: shown.time.0,
            to: shown.time.1,
            clock: shown.clock.unwrap_or(0.0),
        }
    }

    /// As many as a line has.
    pub fn of_line(shown: &Shown, first: u32, minutes: usize) -> Buckets {
        Buckets::new(shown, first, minutes, MOST)
    }

    /// Where the `i`-th begins, in seconds.
    pub fn start(&self, i: usize) -> f64 {
        let minute = f64::from(self.first) + (i * self.size) as f64;
        (self.clock + 60.0 * minute).clamp(self.from, self.to)
    }

    /// Points of `values`, one a bucket, and the last once more where it ends.
    pub fn points<T: Copy, U: Copy>(
        &self,
        values: &[T],
        join: impl Fn(&[T]) -> U,
    ) -> Vec<(f64, U)> {
        let joined: Vec<U> = values.chunks(self.size).map(join).collect();
        let mut points: Vec<(f64, U)> = joined
            .iter()
            .enumerate()
            .map(|(i, value)| (self.start(i), *value))
            .collect();
        if let Some(last) = joined.last() {
            let end = self.clock + 60.0 * (f64::from(self.first) + values.len() as f64);
            points.push((end.min(self.to), *last));
        }
        points
    }

    /// What a chart says of it.
    pub fn note(&self, how: &str) -> Option<String> {
        (self.size > 1).then(|| format!("Every {} minutes are one point: {how}.", self.size))
    }
}

/// The largest.
pub fn most(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// The mean.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The axis of time.
pub fn axis(shown: &Shown) -> Axis {
    let title = match shown.clock {
        None => "time since the start of the run (h:mm)".to_owned(),
        Some(start) => format!("time of day (h:mm); the run begins at {}", clock(start)),
    };
    Axis::between(&title, Unit::Clock, shown.time.0, shown.time.1)
}

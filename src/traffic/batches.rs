//! Connections that come in batches: at instants of a Poisson process, all of a batch from one node to one endpoint.

use super::Draws;
use crate::units::Seed;

/// How many connections a batch has; at least one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BatchSize {
    /// Always so many.
    Constant(u32),
    /// Any number from `min` to `max`, each as likely.
    Uniform {
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
    },
    /// 1, 2, 3, … with probabilities that fall by the same factor from each to the next.
    Geometric {
        /// Mean, at least 1.
        mean: f64,
    },
}

impl BatchSize {
    /// Mean number of connections.
    pub fn mean(&self) -> f64 {
        match self {
            BatchSize::Constant(size) => f64::from(*size),
            BatchSize::Uniform { min, max } => (f64::from(*min) + f64::from(*max)) / 2.0,
            BatchSize::Geometric { mean } => *mean,
        }
    }

    fn draw(&self, draws: &mut Draws) -> u64 {
        match self {
            BatchSize::Constant(size) => u64::from(*size),
            BatchSize::Uniform { min, max } => {
                let sizes = u128::from(max - min) + 1;
                u64::from(*min) + ((u128::from(draws.word()) * sizes) >> 64) as u64
            }
            BatchSize::Geometric { mean } if *mean <= 1.0 => 1,
            BatchSize::Geometric { mean } => {
                1 + (draws.exponential() / -libm::log1p(-1.0 / mean)) as u64
            }
        }
    }
}

/// Batches in the order of time.
#[derive(Clone, Debug)]
pub(super) struct Batches {
    size: BatchSize,
    mean_gap_nanos: f64,
    gaps: Draws,
    sizes: Draws,
    spots: Draws,
    /// When the batch at hand comes, 64 random bits that say where, and how many of it are to come.
    at: u64,
    spot: u64,
    left: u64,
}

impl Batches {
    /// Batches of `size`, `per_second` connections in the mean; gaps, sizes and places are drawn from streams of their own.
    pub(super) fn new(size: BatchSize, per_second: f64, [gaps, sizes, spots]: [Seed; 3]) -> Self {
        Batches {
            size,
            mean_gap_nanos: size.mean() / per_second * 1e9,
            gaps: Draws::new(gaps),
            sizes: Draws::new(sizes),
            spots: Draws::new(spots),
            at: 0,
            spot: 0,
            left: 0,
        }
    }

    /// The next connections: when they come, and, where it is asked for, the bits that say where.
    pub(super) fn fill(&mut self, at: &mut [u64], spots: &mut [u64]) {
        for (i, at) in at.iter_mut().enumerate() {
            if self.left == 0 {
                let gap = self.mean_gap_nanos * self.gaps.exponential() + 0.5;
                self.at = self.at.saturating_add(gap as u64);
                self.spot = self.spots.word();
                self.left = self.size.draw(&mut self.sizes);
            }
            self.left -= 1;
            *at = self.at;
            if let Some(spot) = spots.get_mut(i) {
                *spot = self.spot;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 400_000;

    /// Means and variances of the textbook, within 4.5 standard errors: six comparisons go wrong by chance once in
    /// 20,000 seeds. The error of a variance is bounded by that of a law with a kurtosis of 9, the geometric one's.
    #[test]
    fn sizes_follow_their_law() {
        let laws = [
            (BatchSize::Constant(7), 7.0, 0.0),
            (BatchSize::Uniform { min: 3, max: 12 }, 7.5, 99.0 / 12.0),
            (BatchSize::Geometric { mean: 5.0 }, 5.0, 20.0),
        ];
        for (law, mean, variance) in laws {
            let mut draws = Draws::new(Seed(3));
            let sizes: Vec<f64> = (0..DRAWS).map(|_| law.draw(&mut draws) as f64).collect();
            let n = f64::from(DRAWS);
            let found = sizes.iter().sum::<f64>() / n;
            let spread = sizes.iter().map(|x| (x - found).powi(2)).sum::<f64>() / n;
            assert!(sizes.iter().all(|size| *size >= 1.0));
            assert!(
                (found - mean).abs() <= 4.5 * (variance / n).sqrt(),
                "{law:?}: {found}"
            );
            let error = variance * (8.3 / n).sqrt();
            assert!(
                (spread - variance).abs() <= 4.5 * error,
                "{law:?}: {spread}"
            );
            assert_eq!(law.mean(), mean);
        }
        let one = BatchSize::Geometric { mean: 1.0 };
        assert_eq!(one.draw(&mut Draws::new(Seed(3))), 1);
    }
}

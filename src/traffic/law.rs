//! Laws of lifetimes and think times: parameters, mean, distribution function, quantiles.

use crate::units::SimTime;
use std::sync::Arc;

/// A probability law over durations; parameters in seconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Law {
    /// Always the same.
    Constant(SimTime),
    /// Exponential with this mean.
    Exponential {
        /// Mean in seconds, above 0.
        mean: f64,
    },
    /// exp(mu + sigma × normal), in seconds.
    Lognormal {
        /// Mean of the logarithm of seconds.
        mu: f64,
        /// Standard deviation of the logarithm, at least 0.
        sigma: f64,
    },
    /// Uniform between two bounds, in seconds.
    Uniform {
        /// Lower bound.
        min: f64,
        /// Upper bound, at least `min`.
        max: f64,
    },
    /// Pareto from `scale` on, conditioned to at most `max`.
    Pareto {
        /// Smallest value in seconds, above 0.
        scale: f64,
        /// Tail index, above 0.
        shape: f64,
        /// Truncation in seconds, above `scale`; infinity for none.
        max: f64,
    },
    /// Weibull.
    Weibull {
        /// Scale in seconds, above 0.
        scale: f64,
        /// Shape, above 0.
        shape: f64,
    },
    /// Uniform over observed values, sorted, not empty.
    Empirical(Arc<[SimTime]>),
}

/// A law whose parameters make no sense; the text says what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LawError(pub String);

/// 99 % quantile of the standard normal law.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

impl Law {
    /// Lognormal from its median and 99th percentile, in seconds.
    ///
    /// # Errors
    /// When the median is not above 0 or the percentile is below it.
    pub fn lognormal_median_p99(median: f64, p99: f64) -> Result<Law, LawError> {
        if !(median > 0.0 && p99 >= median) {
            return Err(LawError(
                "a median above 0 and a p99 at least as large".to_owned(),
            ));
        }
        Ok(Law::Lognormal {
            mu: libm::log(median),
            sigma: libm::log(p99 / median) / NORMAL_P99,
        })
    }

    /// Exponential with this mean in seconds.
    ///
    /// # Errors
    /// When the mean is not above 0.
    pub fn exponential(mean: f64) -> Result<Law, LawError> {
        positive(mean)
            .then_some(Law::Exponential { mean })
            .ok_or_else(|| allowed("a mean above 0"))
    }

    /// Lognormal from its median in seconds and the standard deviation of the logarithm.
    ///
    /// # Errors
    /// When the median is not above 0 or sigma is negative.
    pub fn lognormal_median_sigma(median: f64, sigma: f64) -> Result<Law, LawError> {
        (positive(median) && sigma >= 0.0 && sigma.is_finite())
            .then(|| Law::Lognormal {
                mu: libm::log(median),
                sigma,
            })
            .ok_or_else(|| allowed("a median above 0 and a sigma of at least 0"))
    }

    /// Lognormal from its mean in seconds and the standard deviation of the logarithm.
    ///
    /// # Errors
    /// When the mean is not above 0 or sigma is negative.
    pub fn lognormal_mean_sigma(mean: f64, sigma: f64) -> Result<Law, LawError> {
        (positive(mean) && sigma >= 0.0 && sigma.is_finite())
            .then(|| Law::Lognormal {
                mu: libm::log(mean) - sigma * sigma / 2.0,
                sigma,
            })
            .ok_or_else(|| allowed("a mean above 0 and a sigma of at least 0"))
    }

    /// Uniform between two bounds in seconds.
    ///
    /// # Errors
    /// When `max` is below `min` or a bound is negative.
    pub fn uniform(min: f64, max: f64) -> Result<Law, LawError> {
        (min >= 0.0 && max >= min && max.is_finite())
            .then_some(Law::Uniform { min, max })
            .ok_or_else(|| allowed("a max of at least min"))
    }

    /// Pareto from `scale` seconds on with tail index `shape`, conditioned to at most `max`.
    ///
    /// # Errors
    /// When `scale` or `shape` is not above 0 or `max` not above `scale`.
    pub fn pareto(scale: f64, shape: f64, max: f64) -> Result<Law, LawError> {
        (positive(scale) && positive(shape) && max > scale)
            .then_some(Law::Pareto { scale, shape, max })
            .ok_or_else(|| {
                allowed("a scale above 0, a shape above 0, and a max, if any, above the scale")
            })
    }

    /// Weibull with `scale` in seconds.
    ///
    /// # Errors
    /// When `scale` or `shape` is not above 0.
    pub fn weibull(scale: f64, shape: f64) -> Result<Law, LawError> {
        (positive(scale) && positive(shape))
            .then_some(Law::Weibull { scale, shape })
            .ok_or_else(|| allowed("a scale above 0 and a shape above 0"))
    }

    /// Uniform over observed values, in any order.
    ///
    /// # Errors
    /// When there are none.
    pub fn empirical(mut values: Vec<SimTime>) -> Result<Law, LawError> {
        if values.is_empty() {
            return Err(allowed("at least one value"));
        }
        values.sort_unstable();
        Ok(Law::Empirical(values.into()))
    }

    /// A span that none exceeds; [`SimTime::MAX`] where there is none.
    pub fn longest(&self) -> SimTime {
        match self {
            Law::Constant(span) => *span,
            Law::Uniform { max, .. } | Law::Pareto { max, .. } => SimTime::from_secs_f64(*max),
            Law::Empirical(values) => values.last().copied().unwrap_or_default(),
            Law::Exponential { .. } | Law::Lognormal { .. } | Law::Weibull { .. } => SimTime::MAX,
        }
    }

    /// Mean in seconds; infinite where it does not exist.
    pub fn mean(&self) -> f64 {
        match self {
            Law::Constant(value) => value.as_secs_f64(),
            Law::Exponential { mean } => *mean,
            Law::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Law::Uniform { min, max } => (min + max) / 2.0,
            Law::Pareto { scale, shape, max } => pareto_mean(*scale, *shape, *max),
            Law::Weibull { scale, shape } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Law::Empirical(values) => {
                values.iter().map(|v| v.as_secs_f64()).sum::<f64>() / values.len() as f64
            }
        }
    }

    /// Probability of at most `x` seconds.
    pub fn cdf(&self, x: f64) -> f64 {
        if x < 0.0 {
            return 0.0;
        }
        match self {
            Law::Constant(value) => f64::from(u8::from(x >= value.as_secs_f64())),
            Law::Exponential { mean } => -libm::expm1(-x / mean),
            Law::Lognormal { mu, sigma } if *sigma == 0.0 => {
                f64::from(u8::from(x >= libm::exp(*mu)))
            }
            Law::Lognormal { mu, sigma } if x > 0.0 => {
                0.5 * libm::erfc((mu - libm::log(x)) / (sigma * std::f64::consts::SQRT_2))
            }
            Law::Lognormal { .. } => 0.0,
            Law::Uniform { min, max } if min == max => f64::from(u8::from(x >= *min)),
            Law::Uniform { min, max } => ((x - min) / (max - min)).clamp(0.0, 1.0),
            Law::Pareto { scale, .. } if x < *scale => 0.0,
            Law::Pareto { max, .. } if x >= *max => 1.0,
            Law::Pareto { scale, shape, max } => {
                let below = |v: f64| 1.0 - libm::pow(scale / v, *shape);
                below(x) / below(*max)
            }
            Law::Weibull { scale, shape } => -libm::expm1(-libm::pow(x / scale, *shape)),
            Law::Empirical(values) => {
                let at = SimTime::from_secs_f64(x);
                values.partition_point(|v| *v <= at) as f64 / values.len() as f64
            }
        }
    }
}

impl Law {
    /// The smallest span in seconds that is not exceeded with probability `p` in [0, 1), to about 1e-9 of it.
    pub fn quantile(&self, p: f64) -> f64 {
        quantile_of(p, |x| self.cdf(x))
    }
}

fn positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

fn allowed(text: &str) -> LawError {
    LawError(text.to_owned())
}

/// The smallest value at which `cdf` reaches `p` in [0, 1), by bisection to about 1e-9 of it; at most 1e15.
pub fn quantile_of(p: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    let mut high = 1.0;
    while cdf(high) < p && high < 1e15 {
        high *= 2.0;
    }
    let mut low = 0.0;
    while high - low > 1e-9 * high && high > 1e-9 {
        let middle = (low + high) / 2.0;
        if cdf(middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Mean of a Pareto law conditioned to at most `max`.
fn pareto_mean(scale: f64, shape: f64, max: f64) -> f64 {
    if max.is_infinite() {
        return if shape > 1.0 {
            shape * scale / (shape - 1.0)
        } else {
            f64::INFINITY
        };
    }
    let kept = 1.0 - libm::pow(scale / max, shape);
    if (shape - 1.0).abs() < 1e-12 {
        scale * libm::log(max / scale) / kept
    } else {
        shape * scale / (shape - 1.0) * (1.0 - libm::pow(scale / max, shape - 1.0)) / kept
    }
}

//! Draws from laws: many spans at once, or one after the other for what is too small or too rare for that: gaps,
//! lifetimes, and the lifetimes of those connections that are met at an instant.

use super::Law;
use super::lanes::{self, Lanes};
use crate::units::Seed;

/// Words at a time.
const BATCH: usize = 16 * lanes::LANES;

/// Spans that are drawn at once are a multiple of this: lognormal draws come in pairs of lanes.
pub(super) const GRAIN: usize = 2 * lanes::LANES;

/// The longest lifetime, as in streams: 2^60 ns or 36 years.
const LONGEST_NANOS: f64 = (1u64 << 60) as f64;

/// Draws `out.len()` spans of `law`, in nanoseconds; a multiple of [`GRAIN`].
pub(super) fn draw_spans(law: &Law, lanes: &mut Lanes, out: &mut [u64]) {
    if !matches!(law, Law::Constant(_)) {
        lanes::words(lanes, out);
    }
    spans_of(law, out);
}

/// Spans of `law` that are known by their place among those of `seed`, from `from` on, in nanoseconds; a multiple of
/// [`GRAIN`].
pub(super) fn spans_from(law: &Law, seed: u64, from: u64, out: &mut [u64]) {
    lanes::words_of(seed, from, out);
    spans_of(law, out);
}

/// Turns random words into spans of `law`, in nanoseconds; a multiple of [`GRAIN`].
#[inline(always)]
fn spans_of(law: &Law, out: &mut [u64]) {
    match law {
        Law::Constant(span) => out.fill(span.as_nanos()),
        Law::Exponential { mean } => lanes::exponential(mean * 1e9, out),
        Law::Lognormal { mu, sigma } => lanes::lognormal(mu + libm::log(1e9), *sigma, out),
        Law::Uniform { min, max } => lanes::uniform(min * 1e9, max * 1e9, out),
        Law::Pareto { scale, shape, max } => {
            let kept_from = if max.is_finite() {
                libm::pow(scale / max, *shape)
            } else {
                0.0
            };
            lanes::pareto(scale * 1e9, *shape, kept_from, out);
        }
        Law::Weibull { scale, shape } => lanes::weibull(scale * 1e9, *shape, out),
        Law::Empirical(values) => {
            for out in out {
                let index = (u128::from(*out) * values.len() as u128) >> 64;
                *out = values[index as usize].as_nanos();
            }
        }
    }
}

/// One span of `law` from 64 random bits, in nanoseconds.
pub(super) fn draw_span(law: &Law, word: u64) -> u64 {
    let mut lanes = Lanes::new(Seed(word));
    let mut spans = [0; GRAIN];
    draw_spans(law, &mut lanes, &mut spans);
    spans[0]
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub struct Draws {
    lanes: Lanes,
    words: [u64; BATCH],
    next: usize,
}

impl Draws {
    /// The stream of this seed.
    pub fn new(seed: Seed) -> Self {
        Draws {
            lanes: Lanes::new(seed),
            words: [0; BATCH],
            next: BATCH,
        }
    }

    /// 64 random bits.
    pub fn word(&mut self) -> u64 {
        if self.next == BATCH {
            lanes::words(&mut self.lanes, &mut self.words);
            self.next = 0;
        }
        self.next += 1;
        self.words[self.next - 1]
    }

    /// Uniform in (0, 1].
    pub fn unit(&mut self) -> f64 {
        ((self.word() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// Exponential with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.unit())
    }

    /// Standard normal, by Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.unit())
    }

    /// Gamma with this shape, at least 1, and scale 1 (Marsaglia and Tsang, "A simple method for generating gamma
    /// variables", 2000).
    fn gamma(&mut self, shape: f64) -> f64 {
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = (1.0 + c * x).powi(3);
            if v > 0.0 && libm::log(self.unit()) < 0.5 * x * x + d - d * v + d * libm::log(v) {
                return d * v;
            }
        }
    }
}

/// Lifetimes of one law.
#[derive(Clone, Debug)]
pub struct Lifetimes {
    law: Law,
    /// Of observed values, the share of their sum up to each.
    cumulated: Vec<f64>,
}

impl Lifetimes {
    /// Lifetimes of `law`, whose mean is finite.
    pub fn new(law: &Law) -> Self {
        let cumulated = match law {
            Law::Empirical(values) => {
                let mut sum = 0.0;
                let sums = values.iter().map(|value| {
                    sum += value.as_secs_f64();
                    sum
                });
                sums.collect()
            }
            _ => Vec::new(),
        };
        Lifetimes {
            law: law.clone(),
            cumulated,
        }
    }

    /// The lifetime of a connection that arrives, in nanoseconds.
    pub fn of_an_arrival(&self, draws: &mut Draws) -> u64 {
        nanos(match &self.law {
            Law::Constant(span) => return span.as_nanos(),
            Law::Exponential { mean } => mean * draws.exponential(),
            Law::Lognormal { mu, sigma } => libm::exp(mu + sigma * draws.normal()),
            Law::Uniform { min, max } => max - draws.unit() * (max - min),
            Law::Pareto { scale, shape, max } => power_law(*scale, *max, -shape, draws.unit()),
            Law::Weibull { scale, shape } => scale * libm::pow(draws.exponential(), 1.0 / shape),
            Law::Empirical(values) => {
                let place = (u128::from(draws.word()) * values.len() as u128) >> 64;
                return values[place as usize].as_nanos();
            }
        })
    }

    /// The whole lifetime of a connection that is met at an instant, in nanoseconds: the law weighted by length, because
    /// a connection twice as long is met twice as often.
    pub fn of_a_resident(&self, draws: &mut Draws) -> u64 {
        nanos(match &self.law {
            Law::Constant(span) => return span.as_nanos(),
            Law::Exponential { mean } => mean * (draws.exponential() + draws.exponential()),
            Law::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma + sigma * draws.normal()),
            Law::Uniform { min, max } => {
                (max * max - draws.unit() * (max * max - min * min)).sqrt()
            }
            Law::Pareto { scale, shape, max } => power_law(*scale, *max, 1.0 - shape, draws.unit()),
            Law::Weibull { scale, shape } => {
                scale * libm::pow(draws.gamma(1.0 + 1.0 / shape), 1.0 / shape)
            }
            Law::Empirical(values) => {
                let wanted = draws.unit() * self.cumulated.last().expect("a law has values");
                let place = self.cumulated.partition_point(|sum| *sum < wanted);
                return values[place.min(values.len() - 1)].as_nanos();
            }
        })
    }
}

/// The value from `scale` to `max` whose density is proportional to x^(exponent − 1), at `unit` in (0, 1] from above.
fn power_law(scale: f64, max: f64, exponent: f64, unit: f64) -> f64 {
    let ratio = max / scale;
    if exponent.abs() < 1e-12 {
        return scale * libm::pow(ratio, 1.0 - unit);
    }
    let end = libm::pow(ratio, exponent);
    scale * libm::pow(unit + (1.0 - unit) * end, 1.0 / exponent)
}

fn nanos(seconds: f64) -> u64 {
    (seconds * 1e9).min(LONGEST_NANOS) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimTime;

    const DRAWS: usize = 400_000;
    const SPANS: usize = 1 << 20;

    fn laws() -> Vec<Law> {
        vec![
            Law::Constant(SimTime::from_secs(3)),
            Law::exponential(2.0).unwrap(),
            Law::lognormal_median_sigma(1.0, 0.5).unwrap(),
            Law::uniform(1.0, 4.0).unwrap(),
            Law::pareto(1.0, 5.5, f64::INFINITY).unwrap(),
            Law::pareto(1.0, 0.8, 9.0).unwrap(),
            Law::pareto(1.0, 1.0, 9.0).unwrap(),
            Law::weibull(2.0, 0.9).unwrap(),
            Law::weibull(2.0, 3.0).unwrap(),
            Law::empirical([1, 2, 2, 7].map(SimTime::from_secs).to_vec()).unwrap(),
        ]
    }

    /// Mean and its standard error.
    fn mean(mut draw: impl FnMut() -> f64) -> (f64, f64) {
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..DRAWS {
            let x = draw();
            sum += x;
            squares += x * x;
        }
        let n = DRAWS as f64;
        let mean = sum / n;
        (mean, ((squares / n - mean * mean).max(0.0) / n).sqrt())
    }

    /// 4.5 standard errors: 20 comparisons go wrong by chance once in 7,000 seeds.
    fn agree(found: (f64, f64), expected: f64, what: &str) {
        let apart = (found.0 - expected).abs();
        assert!(
            apart <= 4.5 * found.1 + 1e-8,
            "{what}: {found:?} for {expected}"
        );
    }

    #[test]
    fn arrivals_live_as_long_as_their_law_says() {
        for law in laws() {
            let lives = Lifetimes::new(&law);
            let mut draws = Draws::new(Seed(7));
            let found = mean(|| lives.of_an_arrival(&mut draws) as f64 / 1e9);
            agree(found, law.mean(), &format!("{law:?}"));
        }
    }

    /// Weighted by length, the mean of 1 / x is 1 / mean: no law of lengths but the right one has it.
    #[test]
    fn residents_are_weighted_by_their_length() {
        for law in laws() {
            let lives = Lifetimes::new(&law);
            let mut draws = Draws::new(Seed(8));
            let found = mean(|| {
                let x = lives.of_a_resident(&mut draws) as f64 / 1e9;
                1.0 / x
            });
            agree(found, 1.0 / law.mean(), &format!("{law:?}"));
        }
    }

    fn spans(law: &Law) -> Vec<f64> {
        let mut out = vec![0; SPANS];
        draw_spans(law, &mut Lanes::new(Seed(11)), &mut out);
        out.into_iter().map(|nanos| nanos as f64 / 1e9).collect()
    }

    fn one_by_one(law: &Law) -> Vec<f64> {
        let (lives, mut draws) = (Lifetimes::new(law), Draws::new(Seed(12)));
        let life = |_| lives.of_an_arrival(&mut draws) as f64 / 1e9;
        (0..SPANS).map(life).collect()
    }

    /// Kolmogorov and Smirnov's distance against the law's own distribution function; 1.95 / sqrt(n) is exceeded by
    /// chance once in a thousand.
    #[test]
    fn draws_follow_their_law() {
        let laws = [
            Law::Exponential { mean: 20.0 },
            Law::Lognormal {
                mu: 2.0,
                sigma: 1.2,
            },
            Law::Uniform { min: 1.0, max: 4.0 },
            Law::Pareto {
                scale: 0.5,
                shape: 1.5,
                max: f64::INFINITY,
            },
            Law::Pareto {
                scale: 0.5,
                shape: 0.8,
                max: 90.0,
            },
            Law::Weibull {
                scale: 3.0,
                shape: 0.6,
            },
        ];
        for law in laws {
            for mut drawn in [spans(&law), one_by_one(&law)] {
                drawn.sort_by(f64::total_cmp);
                let n = drawn.len() as f64;
                let distance = drawn.iter().enumerate().map(|(i, x)| {
                    let below = law.cdf(*x);
                    (below - i as f64 / n)
                        .abs()
                        .max((below - (i + 1) as f64 / n).abs())
                });
                let distance = distance.fold(0.0, f64::max);
                assert!(distance < 1.95 / n.sqrt(), "{law:?}: {distance}");
            }
        }
    }

    /// Our spans against `rand_distr`, by the means and variances of logarithms: within 4.5 standard errors.
    #[test]
    fn lognormal_draws_agree_with_rand_distr() {
        use rand_distr::Distribution;
        let mut rng = rand_xoshiro::rand_core::SeedableRng::seed_from_u64(3);
        let rng: &mut rand_xoshiro::Xoshiro256PlusPlus = &mut rng;
        let published = rand_distr::LogNormal::<f64>::new(1.0, 0.7).unwrap();
        let theirs: Vec<f64> = (0..SPANS).map(|_| published.sample(rng).ln()).collect();
        let ours: Vec<f64> = spans(&Law::Lognormal {
            mu: 1.0,
            sigma: 0.7,
        })
        .iter()
        .map(|x| x.ln())
        .collect();
        let moments = |x: &[f64]| {
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
        };
        let ((mean_a, var_a), (mean_b, var_b)) = (moments(&ours), moments(&theirs));
        let se_mean = (2.0 * 0.49 / SPANS as f64).sqrt();
        let se_var = (2.0 * 2.0 * 0.49f64.powi(2) / SPANS as f64).sqrt();
        assert!((mean_a - mean_b).abs() < 4.5 * se_mean);
        assert!((var_a - var_b).abs() < 4.5 * se_var);
    }
}

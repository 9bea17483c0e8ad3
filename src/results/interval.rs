//! Intervals: how sure a run can be of a failure probability, and of a difference between two.

use super::document::{Estimate, IntervalMethod};
use statrs::distribution::{Beta, ContinuousCDF, StudentsT};

/// One independent look at a ratio: a replication, or a batch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Connections that failed.
    pub failed: u64,
    /// Connections whose fate is known.
    pub decided: u64,
}

impl Share {
    /// failed / decided; none when nothing was decided.
    pub fn ratio(self) -> Option<f64> {
        (self.decided > 0).then(|| self.failed as f64 / self.decided as f64)
    }

    /// The sum of several.
    pub fn sum(shares: &[Share]) -> Share {
        shares.iter().fold(Share::default(), |sum, share| Share {
            failed: sum.failed + share.failed,
            decided: sum.decided + share.decided,
        })
    }

    fn without(self, other: Share) -> Share {
        Share {
            failed: self.failed - other.failed,
            decided: self.decided - other.decided,
        }
    }
}

/// Bounds of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Replications from which on they alone make the interval.
pub const ENOUGH_REPLICATIONS: usize = 10;
/// Batches below which there is no interval.
pub const FEWEST_BATCHES: usize = 20;
/// Batches above which longer ones serve better: they hide what correlation is left between neighbours.
const MOST_BATCHES: usize = 60;
/// Mean holds a batch must be long.
pub(super) const MEAN_HOLDS_A_BATCH: f64 = 10.0;

/// The interval of a failure probability from independent looks at it.
///
/// `units` are replications (`method` [`IntervalMethod::Replications`]) or batches of time. With none failed the upper
/// bound is −ln(1 − confidence) / (decided × (1 − mean use)): refusals come in clusters while a
/// cell is full, and a cell that is full for a share of the time counts that much less. Never
/// binomial over connections, for the same reason.
pub fn failure_probability(
    units: &[Share],
    method: IntervalMethod,
    confidence: f64,
    fullest_mean_use: f64,
) -> Estimate {
    let total = Share::sum(units);
    let Some(estimate) = total.ratio() else {
        return Estimate {
            estimate: None,
            low: None,
            high: None,
            method: IntervalMethod::None,
        };
    };
    if total.failed == 0 {
        let free = 1.0 - fullest_mean_use.min(0.99);
        let high = -libm::log(1.0 - confidence) / (total.decided as f64 * free);
        return Estimate {
            estimate: Some(0.0),
            low: Some(0.0),
            high: Some(high.min(1.0)),
            method: IntervalMethod::ZeroFailures,
        };
    }
    let bounds = match method {
        IntervalMethod::Replications | IntervalMethod::Batches => {
            log_scale_bounds(units, confidence)
        }
        IntervalMethod::ZeroFailures | IntervalMethod::None => None,
    };
    Estimate {
        estimate: Some(estimate),
        low: bounds.map(|bounds| bounds.low),
        high: bounds.map(|bounds| bounds.high),
        method: if bounds.is_some() {
            method
        } else {
            IntervalMethod::None
        },
    }
}

/// estimate × exp(±t × se / estimate), clipped to [0, 1].
fn log_scale_bounds(units: &[Share], confidence: f64) -> Option<Bounds> {
    let estimate = Share::sum(units).ratio()?;
    let error = jackknife(&leave_one_out(units)?)?.sqrt();
    let reach = students_t(confidence, units.len() - 1) * error / estimate;
    Some(Bounds {
        low: (estimate * libm::exp(-reach)).clamp(0.0, 1.0),
        high: (estimate * libm::exp(reach)).clamp(0.0, 1.0),
    })
}

/// The difference b − a of two failure probabilities, over replications that met the same connections.
///
/// None where either decided nothing. Bounds from two pairs on, clipped to [−1, 1]; none where nothing failed
/// under either, because pairs without a failure have no spread to learn from.
pub fn paired_difference(
    a: &[Share],
    b: &[Share],
    confidence: f64,
) -> Option<(f64, Option<Bounds>)> {
    assert_eq!(a.len(), b.len(), "every replication has both outbounds");
    let difference = Share::sum(b).ratio()? - Share::sum(a).ratio()?;
    let any_failed = Share::sum(a).failed + Share::sum(b).failed > 0;
    let bounds = (a.len() >= 2 && any_failed).then(|| {
        let pairs: Vec<f64> = leave_one_out(a)?
            .iter()
            .zip(leave_one_out(b)?)
            .map(|(a, b)| b - a)
            .collect();
        let reach = students_t(confidence, pairs.len() - 1) * jackknife(&pairs)?.sqrt();
        Some(Bounds {
            low: (difference - reach).clamp(-1.0, 1.0),
            high: (difference + reach).clamp(-1.0, 1.0),
        })
    });
    Some((difference, bounds.flatten()))
}

/// The ratio without each unit in turn; none if some unit holds everything that was decided.
fn leave_one_out(units: &[Share]) -> Option<Vec<f64>> {
    let total = Share::sum(units);
    units
        .iter()
        .map(|unit| total.without(*unit).ratio())
        .collect()
}

/// The jackknife variance from the estimates without each unit; none for fewer than two units.
fn jackknife(without_each: &[f64]) -> Option<f64> {
    let n = without_each.len() as f64;
    if n < 2.0 {
        return None;
    }
    let mean = without_each.iter().sum::<f64>() / n;
    let squares: f64 = without_each.iter().map(|x| (x - mean) * (x - mean)).sum();
    Some((n - 1.0) / n * squares)
}

/// The two-sided quantile of Student's t with `freedom` degrees.
fn students_t(confidence: f64, freedom: usize) -> f64 {
    StudentsT::new(0.0, 1.0, freedom as f64)
        .expect("at least one degree of freedom")
        .inverse_cdf(0.5 + confidence / 2.0)
}

/// How many equal batches each of `replications` windows of `window` seconds is cut into; none if too few fit.
///
/// A batch is at least ten mean holds long, there are at least 20 over all replications, and of
/// all such cuts the one that comes nearest to 60 from below.
pub fn batches(window: f64, slots: usize, replications: usize, mean_hold: f64) -> Option<usize> {
    let fit = (window / (MEAN_HOLDS_A_BATCH * mean_hold)).min(slots as f64);
    // A mean that does not exist fits no batch, a hold of zero as many as there are slots.
    let fit = if fit.is_nan() { 0 } else { fit as usize };
    let wanted = (MOST_BATCHES / replications).max(FEWEST_BATCHES.div_ceil(replications));
    // The shortest of the batches must still be long enough when slots do not divide evenly.
    let cut = (1..=fit.min(wanted)).rev().find(|cut| {
        (slots / cut) as f64 * window / slots as f64 >= MEAN_HOLDS_A_BATCH * mean_hold
    })?;
    (cut * replications >= FEWEST_BATCHES).then_some(cut)
}

/// Clopper and Pearson's interval for a share of which `count` were seen among `of`.
pub fn clopper_pearson(count: u64, of: u64, confidence: f64) -> Bounds {
    assert!(count <= of && of > 0, "a share of at least one trial");
    let tail = (1.0 - confidence) / 2.0;
    let (k, n) = (count as f64, of as f64);
    let quantile = |a: f64, b: f64, p: f64| {
        Beta::new(a, b)
            .expect("both shapes are above 0")
            .inverse_cdf(p)
    };
    Bounds {
        low: if count == 0 {
            0.0
        } else {
            quantile(k, n - k + 1.0, tail)
        },
        high: if count == of {
            1.0
        } else {
            quantile(k + 1.0, n - k, 1.0 - tail)
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(pairs: &[(u64, u64)]) -> Vec<Share> {
        pairs
            .iter()
            .map(|&(failed, decided)| Share { failed, decided })
            .collect()
    }

    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    /// Two-sided 95 % points of Student's t: NIST/SEMATECH e-Handbook, table 1.3.6.7.2.
    #[test]
    fn students_t_has_the_tabulated_quantiles() {
        for (freedom, t) in [
            (1, 12.706),
            (2, 4.303),
            (9, 2.262),
            (19, 2.093),
            (100, 1.984),
        ] {
            close(students_t(0.95, freedom), t, 3e-4);
        }
        close(students_t(0.99, 9), 3.250, 2e-4);
    }

    /// Clopper and Pearson's limits as tabulated for n = 10 and n = 20 (R's `binom.test`).
    #[test]
    fn clopper_and_pearson_have_the_published_limits() {
        for (count, of, low, high) in [
            (0, 10, 0.0, 0.3084971),
            (1, 10, 0.002528579, 0.4450161),
            (5, 10, 0.1870860, 0.8129140),
            (10, 10, 0.6915029, 1.0),
            (7, 20, 0.1539092, 0.5921885),
        ] {
            let bounds = clopper_pearson(count, of, 0.95);
            assert!((bounds.low - low).abs() < 1e-6, "{bounds:?}");
            assert!((bounds.high - high).abs() < 1e-6, "{bounds:?}");
        }
    }

    #[test]
    fn with_equal_sizes_the_jackknife_is_the_variance_of_the_mean() {
        let units = shares(&[(1, 100), (2, 100), (6, 100)]);
        // Shares 0.01, 0.02, 0.06: mean 0.03, sample variance 0.0007, over 3.
        close(
            jackknife(&leave_one_out(&units).unwrap()).unwrap(),
            0.0007 / 3.0,
            1e-12,
        );
    }

    #[test]
    fn with_unequal_sizes_the_jackknife_is_that_of_the_ratio() {
        let units = shares(&[(1, 10), (3, 20), (2, 30)]);
        // Without each: 5/50, 3/40, 4/30; by hand (n-1)/n x squares about their mean.
        let left = [5.0 / 50.0, 3.0 / 40.0, 4.0 / 30.0];
        let mean = left.iter().sum::<f64>() / 3.0;
        let by_hand: f64 = left.iter().map(|x| (x - mean).powi(2)).sum::<f64>() * 2.0 / 3.0;
        close(
            jackknife(&leave_one_out(&units).unwrap()).unwrap(),
            by_hand,
            1e-12,
        );
    }

    #[test]
    fn the_interval_over_replications_is_symmetric_on_the_log_scale() {
        let units = shares(&[
            (10, 1000),
            (20, 1000),
            (10, 1000),
            (20, 1000),
            (10, 1000),
            (20, 1000),
            (10, 1000),
            (20, 1000),
            (10, 1000),
            (20, 1000),
        ]);
        let found = failure_probability(&units, IntervalMethod::Replications, 0.95, 0.5);
        assert_eq!(found.estimate, Some(0.015));
        // Sample variance of the ten shares is 0.25e-4 x 10 / 9, its mean's a tenth of that; t(9) is 2.262157.
        let reach = 2.262157 * (0.25e-4 / 9.0f64).sqrt() / 0.015;
        close(found.low.unwrap(), 0.015 * (-reach).exp(), 1e-6);
        close(found.high.unwrap(), 0.015 * reach.exp(), 1e-6);
        assert_eq!(found.method, IntervalMethod::Replications);
    }

    #[test]
    fn none_failed_leaves_an_upper_bound_that_widens_with_use() {
        let units = shares(&[(0, 500), (0, 500)]);
        let bound = |mean_use| failure_probability(&units, IntervalMethod::None, 0.95, mean_use);
        assert_eq!(bound(0.0).method, IntervalMethod::ZeroFailures);
        assert_eq!(bound(0.0).low, Some(0.0));
        close(bound(0.0).high.unwrap(), 2.995732e-3, 1e-6);
        close(bound(0.5).high.unwrap(), 5.991465e-3, 1e-6);
        assert_eq!(bound(1.0).high, bound(0.99).high);
        close(bound(0.99).high.unwrap(), 0.2995732, 1e-6);
    }

    #[test]
    fn nothing_decided_is_not_an_estimate() {
        let found =
            failure_probability(&shares(&[(0, 0)]), IntervalMethod::Replications, 0.95, 0.0);
        assert_eq!(
            found,
            Estimate {
                estimate: None,
                low: None,
                high: None,
                method: IntervalMethod::None
            }
        );
    }

    #[test]
    fn one_unit_that_holds_everything_gives_no_interval() {
        let units = shares(&[(3, 10), (0, 0)]);
        let found = failure_probability(&units, IntervalMethod::Batches, 0.95, 0.0);
        assert_eq!((found.low, found.high), (None, None));
        assert_eq!(found.method, IntervalMethod::None);
    }

    #[test]
    fn batches_are_ten_mean_holds_long_and_at_least_twenty() {
        // An hour in 3,600 slots, holds of 3 s: 120 would fit, 60 are taken.
        assert_eq!(batches(3600.0, 3600, 1, 3.0), Some(60));
        // Holds of 12 s: 30 fit.
        assert_eq!(batches(3600.0, 3600, 1, 12.0), Some(30));
        // Holds of 240 s: 1.5 fit, four replications do not make 20.
        assert_eq!(batches(3600.0, 3600, 4, 240.0), None);
        // Nine replications of two hours: three each.
        assert_eq!(batches(7200.0, 3600, 9, 240.0), Some(3));
        assert_eq!(batches(3600.0, 3600, 1, f64::INFINITY), None);
    }

    #[test]
    fn a_difference_of_pairs_is_narrower_than_its_parts() {
        // b is a plus one per cent in every replication: the difference is certain, the parts are not.
        let a = shares(&[(100, 10_000), (500, 10_000), (900, 10_000)]);
        let b = shares(&[(200, 10_000), (600, 10_000), (1000, 10_000)]);
        let (difference, bounds) = paired_difference(&a, &b, 0.95).unwrap();
        close(difference, 0.01, 1e-12);
        let bounds = bounds.unwrap();
        close(bounds.low, 0.01, 1e-9);
        close(bounds.high, 0.01, 1e-9);
        let (_, none) = paired_difference(&a[..1], &b[..1], 0.95).unwrap();
        assert_eq!(none, None);
        let quiet = shares(&[(0, 10_000), (0, 10_000)]);
        let (difference, none) = paired_difference(&quiet, &quiet, 0.95).unwrap();
        assert_eq!((difference, none), (0.0, None));
    }

    proptest! {
        #[test]
        fn intervals_hold_their_estimate_and_stay_probabilities(
            counts in proptest::collection::vec((0u64..1000, 1u64..1000), 2..40),
            confidence in 0.5f64..0.999,
        ) {
            let units: Vec<Share> = counts
                .iter()
                .map(|&(failed, more)| Share { failed, decided: failed + more })
                .collect();
            let found = failure_probability(&units, IntervalMethod::Replications, confidence, 0.3);
            let (low, estimate, high) =
                (found.low.unwrap(), found.estimate.unwrap(), found.high.unwrap());
            prop_assert!(0.0 <= low && low <= estimate && estimate <= high && high <= 1.0);
        }

        #[test]
        fn batches_keep_their_promises(
            window in 1.0f64..1e6, slots in 1usize..4000, replications in 1usize..9, hold in 1e-3f64..1e4,
        ) {
            if let Some(cut) = batches(window, slots, replications, hold) {
                prop_assert!(cut * replications >= FEWEST_BATCHES);
                prop_assert!((slots / cut) as f64 * window / slots as f64 >= 10.0 * hold);
            }
        }

        #[test]
        fn clopper_and_pearson_cover_the_share(count in 0u64..200, more in 1u64..200) {
            let bounds = clopper_pearson(count, count + more, 0.95);
            let share = count as f64 / (count + more) as f64;
            prop_assert!(bounds.low <= share && share <= bounds.high);
        }
    }
}

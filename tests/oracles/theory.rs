//! Loss systems as birth-death chains: exact blocking, exact mean, exact variance of what a run estimates.

/// A chain whose state is the number of ports in use; time in mean holds.
pub struct Chain {
    /// Attempts a unit of time by state; those in the last state are refused.
    attempts: Vec<f64>,
    /// Ports coming back a unit of time, by state.
    releases: Vec<f64>,
    /// Long-run share of time by state.
    share: Vec<f64>,
}

impl Chain {
    /// Poisson attempts of `load` erlang on `ports` ports.
    pub fn erlang(load: f64, ports: u32) -> Chain {
        Chain::new(vec![load; ports as usize + 1])
    }

    /// `sources` clients, each idle for 1 / `alpha` holds between connections or refusals.
    pub fn engset(sources: u32, ports: u32, alpha: f64) -> Chain {
        let attempts = (0..=ports).map(|busy| f64::from(sources - busy) * alpha);
        Chain::new(attempts.collect())
    }

    fn new(attempts: Vec<f64>) -> Chain {
        let releases: Vec<f64> = (0..attempts.len()).map(|busy| busy as f64).collect();
        let share = stationary(&attempts, &releases);
        Chain {
            attempts,
            releases,
            share,
        }
    }

    fn last(&self) -> usize {
        self.share.len() - 1
    }

    fn mean_of(&self, value: impl Fn(usize) -> f64) -> f64 {
        self.share
            .iter()
            .enumerate()
            .map(|(n, share)| share * value(n))
            .sum()
    }

    /// Attempts a mean hold.
    pub fn attempts_per_hold(&self) -> f64 {
        self.mean_of(|n| self.attempts[n])
    }

    /// Share of attempts that find no port.
    pub fn blocking(&self) -> f64 {
        self.share[self.last()] * self.attempts[self.last()] / self.attempts_per_hold()
    }

    /// Mean ports in use.
    pub fn mean_in_use(&self) -> f64 {
        self.mean_of(|n| n as f64)
    }

    /// Variance of (refused − `centre` × attempts) a mean hold of a long run.
    pub fn refused_variance(&self, centre: f64) -> f64 {
        let last = self.last();
        let gain = |n: usize| {
            let each = if n == last { 1.0 - centre } else { -centre };
            each * self.attempts[n]
        };
        self.variance(gain, -centre, 1.0 - centre)
    }

    /// Standard error of the share refused over a run of `attempts`.
    pub fn blocking_error(&self, attempts: f64) -> f64 {
        let per_attempt = self.refused_variance(self.blocking()) / self.attempts_per_hold();
        (per_attempt / attempts).sqrt()
    }

    /// Standard error of the mean ports in use over `holds` mean holds.
    pub fn mean_error(&self, holds: f64) -> f64 {
        (self.variance(|n| n as f64, 0.0, 0.0) / holds).sqrt()
    }

    /// Variance, a unit of time, of a sum that gains `gain(n)` a unit of time on average in state n, of which
    /// `granted` at every grant and `refused` at every refusal: from the solution of the Poisson equation, whose
    /// steps between neighbouring states are partial sums (Asmussen, Applied Probability and Queues, I.7 and VI.3).
    fn variance(&self, gain: impl Fn(usize) -> f64, granted: f64, refused: f64) -> f64 {
        let mean = self.mean_of(&gain);
        let last = self.last();
        let excess: Vec<f64> = (0..=last)
            .map(|n| self.share[n] * (gain(n) - mean))
            .collect();
        let mut below = excess.clone();
        let mut above = excess;
        for n in 1..=last {
            below[n] += below[n - 1];
            above[last - n] += above[last - n + 1];
        }
        let centre = self.mean_in_use();
        // The sum from the nearer end: from the other it is a small difference of large numbers.
        let up_to = |n: usize| {
            if (n as f64) < centre {
                below[n]
            } else {
                -above[n + 1]
            }
        };
        let flow = |n: usize| self.share[n] * self.attempts[n];
        let steps = (0..last).filter(|n| flow(*n) > 0.0);
        let moving: f64 = steps
            .map(|n| {
                let step = -up_to(n) / flow(n);
                flow(n) * ((step + granted).powi(2) + step.powi(2))
            })
            .sum();
        debug_assert!((self.share[last] * self.releases[last] - flow(last - 1)).abs() < 1e-6);
        moving + flow(last) * refused.powi(2)
    }
}

/// Shares by detailed balance, outwards from the fullest state.
fn stationary(up: &[f64], down: &[f64]) -> Vec<f64> {
    let mode = (1..up.len())
        .take_while(|n| up[n - 1] >= down[*n])
        .last()
        .unwrap_or(0);
    let mut share = vec![0.0; up.len()];
    share[mode] = 1.0;
    for n in mode + 1..up.len() {
        share[n] = share[n - 1] * up[n - 1] / down[n];
    }
    for n in (0..mode).rev() {
        share[n] = share[n + 1] * down[n + 1] / up[n];
    }
    let sum: f64 = share.iter().sum();
    share.iter_mut().for_each(|value| *value /= sum);
    share
}

/// Probability that a Poisson number of mean `mean` is at most `most`.
pub fn poisson_cdf(mean: f64, most: u32) -> f64 {
    let terms = (0..=most).map(|k| {
        let k = f64::from(k);
        libm::exp(k * libm::log(mean) - mean - libm::lgamma(k + 1.0))
    });
    terms.sum()
}

/// Estimate of a ratio of sums, with the jackknife's standard error over its batches.
pub fn ratio(batches: &[(f64, f64)]) -> (f64, f64) {
    let n = batches.len() as f64;
    let (top, bottom) = batches
        .iter()
        .fold((0.0, 0.0), |sum, b| (sum.0 + b.0, sum.1 + b.1));
    let without: Vec<f64> = batches
        .iter()
        .map(|b| (top - b.0) / (bottom - b.1))
        .collect();
    let mean = without.iter().sum::<f64>() / n;
    let spread: f64 = without.iter().map(|value| (value - mean).powi(2)).sum();
    (top / bottom, ((n - 1.0) / n * spread).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocking_follows_erlangs_recursion() {
        for (load, ports) in [(10.0, 10), (60.0, 64), (900.0, 1_024), (70_000.0, 64_512)] {
            let recursion = (1..=ports).fold(1.0, |b, n| load * b / (f64::from(n) + load * b));
            let found = Chain::erlang(load, ports).blocking();
            assert!(
                (found / recursion - 1.0).abs() < 1e-9,
                "{found} for {recursion}"
            );
        }
    }

    /// One port is an alternating renewal process: between refusals and grants everything is known.
    #[test]
    fn the_variance_of_one_port_is_that_of_a_renewal_process() {
        let load = 1.5;
        let chain = Chain::erlang(load, 1);
        let blocking = load / (1.0 + load);
        assert!((chain.blocking() - blocking).abs() < 1e-12);
        // A cycle is a hold, in which a number K of attempts is refused (geometric: mean a, variance a + a²), and
        // the one granted after it: Var(K − B (K + 1)) = (1 − B)² (a + a²) a cycle, of mean length 1 + 1 / a.
        let per_cycle = (1.0 - blocking).powi(2) * (load + load * load);
        let expected = per_cycle / (1.0 + 1.0 / load);
        let found = chain.refused_variance(blocking);
        assert!(
            (found / expected - 1.0).abs() < 1e-9,
            "{found} for {expected}"
        );
    }

    /// Without a limit the mean over a long time has variance 2 a a hold (M/M/inf).
    #[test]
    fn the_variance_of_the_mean_is_twice_the_load_where_nothing_is_refused() {
        let found = Chain::erlang(50.0, 200).mean_error(1.0).powi(2);
        assert!((found / 100.0 - 1.0).abs() < 1e-6, "{found}");
    }
}

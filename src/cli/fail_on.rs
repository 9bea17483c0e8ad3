//! `--fail-on`: conditions on a result that make the program end with status 3.

use crate::results::words::{count, share, span};
use crate::results::{Document, OutboundResult, Verdict};
use std::str::FromStr;

/// A condition, true when it holds for any outbound type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Condition {
    /// The verdict is at least this bad.
    Verdict(Verdict),
    /// A figure is above a bound.
    Above(Figure, f64),
}

/// Figures that can be held against a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// The upper bound of the failure probability, or the estimate where there is no interval.
    FailureProbability,
    /// Peak ports of the fullest pool, as a share of the limit.
    PeakUse,
    /// 99th percentile of the connect latency in seconds.
    ConnectP99,
    /// Longest connect latency in seconds.
    ConnectMax,
    /// Connections that rules or routes stop before any NAT.
    Denied,
}

const FIGURES: [(&str, Figure); 5] = [
    ("failureProbability", Figure::FailureProbability),
    ("peakUse", Figure::PeakUse),
    ("connectLatency.p99", Figure::ConnectP99),
    ("connectLatency.max", Figure::ConnectMax),
    ("connections.denied", Figure::Denied),
];

const VERDICTS: [(&str, Verdict); 4] = [
    ("tight", Verdict::Tight),
    ("slow", Verdict::Slow),
    ("exhausted", Verdict::Exhausted),
    ("refused", Verdict::Refused),
];

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            let verdicts = VERDICTS.map(|(word, _)| word).join(", ");
            let figures = FIGURES.map(|(word, _)| word).join(", ");
            format!("expected one of {verdicts}; or FIGURE>BOUND with FIGURE one of {figures}")
        };
        let find = |word: &str| FIGURES.iter().find(|(known, _)| *known == word.trim());
        match text.split_once('>') {
            None => VERDICTS
                .iter()
                .find(|(word, _)| *word == text)
                .map(|(_, verdict)| Condition::Verdict(*verdict))
                .ok_or_else(expected),
            Some((figure, bound)) => {
                let (_, figure) = find(figure).ok_or_else(expected)?;
                let bound: f64 = bound.trim().parse().map_err(|_| expected())?;
                if bound.is_nan() {
                    return Err(expected());
                }
                Ok(Condition::Above(*figure, bound))
            }
        }
    }
}

impl Condition {
    /// The outbound types it holds for, with what was found.
    pub fn held_by(&self, document: &Document) -> Vec<String> {
        let outbounds = document.outbounds.iter();
        outbounds
            .filter_map(|outbound| {
                let found = match self {
                    Condition::Verdict(verdict) => (outbound.verdict >= *verdict)
                        .then(|| format!("its verdict is {:?}", outbound.verdict).to_lowercase()),
                    Condition::Above(figure, bound) => figure
                        .of(outbound)
                        .filter(|value| value > bound)
                        .map(|value| figure.say(value)),
                }?;
                Some(format!("{}: {found}", outbound.name))
            })
            .collect()
    }
}

impl Figure {
    /// Its value; none where nothing was simulated or decided.
    fn of(self, outbound: &OutboundResult) -> Option<f64> {
        let figures = outbound.figures.as_ref()?;
        match self {
            Figure::FailureProbability => {
                let found = &figures.failure_probability;
                found.high.or(found.estimate)
            }
            Figure::PeakUse => {
                Some(f64::from(figures.pools.peak_used) / f64::from(figures.pools.limit))
            }
            Figure::ConnectP99 => figures.connect_latency.p99,
            Figure::ConnectMax => figures.connect_latency.max,
            Figure::Denied => Some(figures.connections.denied as f64),
        }
    }

    fn say(self, value: f64) -> String {
        match self {
            Figure::FailureProbability => format!("failureProbability may be {}", share(value)),
            Figure::PeakUse if value < 1.0 => format!("peakUse is {}", share(value)),
            Figure::PeakUse => format!(
                "peakUse is {} % of the limit",
                count((value * 100.0) as u64)
            ),
            Figure::ConnectP99 => format!("connectLatency.p99 is {}", span(value)),
            Figure::ConnectMax => format!("connectLatency.max is {}", span(value)),
            Figure::Denied => format!("connections.denied is {}", count(value as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    fn holds(condition: &str, failed: &[u64]) -> usize {
        let condition: Condition = condition.parse().unwrap();
        condition.held_by(&fixture::compared(failed)).len()
    }

    #[test]
    fn a_verdict_holds_when_it_is_at_least_that_bad() {
        assert_eq!(holds("exhausted", &[5]), 1);
        assert_eq!(holds("tight", &[5]), 1);
        assert_eq!(holds("refused", &[5]), 0);
        assert_eq!(holds("tight", &[0]), 0);
    }

    #[test]
    fn a_probability_is_judged_by_its_upper_bound() {
        let replications = [5, 9, 7, 5, 9, 7, 5, 9, 7, 6];
        // The estimate is 0.0069, the upper bound 0.0081; of the gateway no failure is seen, below 0.0006.
        assert_eq!(holds("failureProbability>0.0075", &replications), 1);
        assert_eq!(holds("failureProbability > 0.0085", &replications), 0);
        assert_eq!(holds("failureProbability>1e-4", &replications), 2);
        // Without an interval the estimate itself.
        assert_eq!(holds("failureProbability>0.0075", &[8]), 1);
        assert_eq!(holds("failureProbability>0.0085", &[8]), 0);
    }

    #[test]
    fn other_figures_can_be_bounded_too() {
        assert_eq!(holds("peakUse>0.9", &[5]), 1);
        assert_eq!(holds("connectLatency.p99>0.5", &[5]), 0);
        assert_eq!(holds("connections.denied>0", &[5]), 0);
    }

    #[test]
    fn what_is_no_condition_says_what_is() {
        for text in [
            "",
            "bad",
            "clear",
            "failureProbability",
            "failures>1",
            "peakUse>x",
            "peakUse>nan",
        ] {
            let reason = text.parse::<Condition>().unwrap_err();
            assert!(reason.contains("failureProbability"), "{reason}");
        }
    }
}

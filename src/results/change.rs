//! What changes from one result to another: the difference of two failure probabilities, with its interval.

use super::document::{Document, Estimate, Figures, IntervalMethod, ReplicationShare};
use super::interval::{Bounds, Share, paired_difference};

/// A difference of failure probabilities, the later minus the earlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// The difference, in [-1, 1].
    pub difference: f64,
    /// Its interval, where there is one.
    pub bounds: Option<Bounds>,
    /// How the interval was made.
    pub method: ChangeMethod,
}

/// How the interval of a difference was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeMethod {
    /// Replication by replication: both have the same seed and as many replications, and what they draw alike cancels.
    Paired,
    /// From the intervals of both, as if they had nothing in common.
    Independent,
    /// There is none.
    None,
}

impl Change {
    /// Whether the interval leaves out zero: else what differs may be chance.
    pub fn is_shown(&self) -> bool {
        let leaves_out_zero = |bounds: Bounds| bounds.low > 0.0 || bounds.high < 0.0;
        self.bounds.is_some_and(leaves_out_zero)
    }
}

/// What changes in the failure probability of an outbound from one result to another; none where either decided nothing.
///
/// Pairs by replication are right however much the two have in common, because replications are independent of each
/// other; where they share draws, what is common cancels. Without pairs the two intervals are put together as Zou and
/// Donner (2008) do, after Newcombe (1998). Where one was never seen to fail, the interval reaches as much further as
/// its upper bound: draws that are all zero have no spread to learn from.
pub fn change(before: (&Document, &Figures), after: (&Document, &Figures)) -> Option<Change> {
    let (a, b) = (&before.1.failure_probability, &after.1.failure_probability);
    let difference = b.estimate? - a.estimate?;
    let confidence = before.0.confidence;
    let (bounds, method) = if confidence != after.0.confidence {
        (None, ChangeMethod::None)
    } else if let Some(bounds) = paired(before, after, confidence) {
        (Some(bounds), ChangeMethod::Paired)
    } else {
        match independent(difference, a, b) {
            Some(bounds) => (Some(bounds), ChangeMethod::Independent),
            None => (None, ChangeMethod::None),
        }
    };
    let bounds = bounds.map(|bounds| Bounds {
        low: bounds.low.clamp(-1.0, 1.0),
        high: bounds.high.clamp(-1.0, 1.0),
    });
    Some(Change {
        difference,
        bounds,
        method,
    })
}

fn paired(
    before: (&Document, &Figures),
    after: (&Document, &Figures),
    confidence: f64,
) -> Option<Bounds> {
    let (a, b) = (&before.1.by_replication, &after.1.by_replication);
    if before.0.seed != after.0.seed || a.len() != b.len() {
        return None;
    }
    let (_, bounds) = paired_difference(&shares(a), &shares(b), confidence)?;
    let bounds = bounds?;
    Some(Bounds {
        low: bounds.low - unseen(&before.1.failure_probability),
        high: bounds.high + unseen(&after.1.failure_probability),
    })
}

fn shares(replications: &[ReplicationShare]) -> Vec<Share> {
    let share = |one: &ReplicationShare| Share {
        failed: one.failed,
        decided: one.decided,
    };
    replications.iter().map(share).collect()
}

/// How much may fail of what was never seen to.
fn unseen(found: &Estimate) -> f64 {
    match found.method {
        IntervalMethod::ZeroFailures => found.high.unwrap_or(0.0),
        _ => 0.0,
    }
}

fn independent(difference: f64, a: &Estimate, b: &Estimate) -> Option<Bounds> {
    let reach = |found: &Estimate| {
        let estimate = found.estimate?;
        Some((estimate - found.low?, found.high? - estimate))
    };
    let ((a_down, a_up), (b_down, b_up)) = (reach(a)?, reach(b)?);
    Some(Bounds {
        low: difference - b_down.hypot(a_up),
        high: difference + b_up.hypot(a_down),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture::compared as of;

    fn from_to(before: &Document, after: &Document) -> Change {
        let figures = |document: &Document| document.outbounds[0].figures.clone().unwrap();
        change((before, &figures(before)), (after, &figures(after))).unwrap()
    }

    const FAILED: [u64; 10] = [5, 9, 7, 5, 9, 7, 5, 9, 7, 6];

    #[test]
    fn what_is_common_to_both_cancels() {
        let more = FAILED.map(|failed| failed + 1);
        let found = from_to(&of(&FAILED), &of(&more));
        assert_eq!(found.method, ChangeMethod::Paired);
        // One more of a thousand in each of them: nothing is left to chance.
        let bounds = found.bounds.unwrap();
        assert!((bounds.low - 1e-3).abs() < 1e-9 && (bounds.high - 1e-3).abs() < 1e-9);
        assert!(found.is_shown());
    }

    #[test]
    fn other_seeds_are_not_paired_and_show_less() {
        let more = FAILED.map(|failed| failed + 1);
        let (before, mut after) = (of(&FAILED), of(&more));
        after.seed += 1;
        let found = from_to(&before, &after);
        assert_eq!(found.method, ChangeMethod::Independent);
        let (a, b) = (
            &before.outbounds[0]
                .figures
                .as_ref()
                .unwrap()
                .failure_probability,
            &after.outbounds[0]
                .figures
                .as_ref()
                .unwrap()
                .failure_probability,
        );
        let (low, high) = (b.low.unwrap() - 7.9e-3, b.high.unwrap() - 7.9e-3);
        let (down, up) = (6.9e-3 - a.low.unwrap(), a.high.unwrap() - 6.9e-3);
        let bounds = found.bounds.unwrap();
        assert!((bounds.low - (1e-3 - (low * low + up * up).sqrt())).abs() < 1e-12);
        assert!((bounds.high - (1e-3 + (high * high + down * down).sqrt())).abs() < 1e-12);
        assert!(!found.is_shown(), "{bounds:?}");
    }

    #[test]
    fn what_was_never_seen_to_fail_may_fail_up_to_its_bound() {
        let (some, none) = (of(&FAILED.map(|failed| 10 * failed)), of(&[0; 10]));
        let bound = none.outbounds[0]
            .figures
            .as_ref()
            .unwrap()
            .failure_probability
            .high
            .unwrap();
        let found = from_to(&some, &none);
        let high = found.bounds.unwrap().high;
        assert!(found.is_shown() && high < 0.0);
        // The same the other way round.
        let back = from_to(&none, &some);
        assert_eq!(back.bounds.unwrap().low, -high);
        // As few as its bound come to are no change.
        let few = of(&[0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
        assert!(!from_to(&few, &none).is_shown());
        let quiet = from_to(&none, &none);
        assert_eq!(quiet.method, ChangeMethod::Independent);
        assert_eq!(
            quiet.bounds,
            Some(Bounds {
                low: -bound,
                high: bound
            })
        );
    }

    #[test]
    fn without_replications_enough_there_is_no_interval() {
        let mut before = of(&[5]);
        before.seed += 1;
        let found = from_to(&before, &of(&[9]));
        assert_eq!((found.method, found.bounds), (ChangeMethod::None, None));
        assert!(!found.is_shown());
        let mut other = of(&FAILED);
        other.confidence = 0.9;
        assert_eq!(from_to(&other, &of(&FAILED)).bounds, None);
    }
}

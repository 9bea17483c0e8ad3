//! Checks that several words share: a number in its range, counts in sentences.

use crate::fault::{Code, Fault, Faults};

/// A closed range of numbers.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    min: f64,
    max: f64,
}

impl Range {
    /// Shares and probabilities.
    pub(crate) const UNIT: Range = Range { min: 0.0, max: 1.0 };
    /// Exponents and weights.
    pub(crate) const AT_LEAST_ZERO: Range = Range {
        min: 0.0,
        max: f64::MAX,
    };
    /// Factors of growth.
    pub(crate) const AT_LEAST_ONE: Range = Range {
        min: 1.0,
        max: f64::MAX,
    };

    /// Nothing and one more fault when `value` of `what` lies outside.
    pub(crate) fn check(
        self,
        value: f64,
        what: &str,
        pointer: &str,
        faults: &mut Faults,
    ) -> Option<()> {
        if value >= self.min && value <= self.max {
            return Some(());
        }
        faults.push(Fault {
            code: Code::E0210,
            pointer: pointer.to_owned(),
            found: format!("{what} is {value}."),
            allowed: match self.max == f64::MAX {
                true => format!("a number of at least {}", self.min),
                false => format!("a number from {} to {}", self.min, self.max),
            },
            remedy: self.remedy(value),
        });
        None
    }

    /// A percentage is the likeliest slip where shares are asked for.
    fn remedy(self, value: f64) -> String {
        if self.max == 1.0 && value > 1.0 && value <= 100.0 {
            format!(
                "It is a fraction of 1: {value} percent is {}.",
                value / 100.0
            )
        } else if value < self.min {
            format!("Write {} or more.", self.min)
        } else {
            format!("Write {} or less.", self.max)
        }
    }
}

/// `1 node`, `3 nodes`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

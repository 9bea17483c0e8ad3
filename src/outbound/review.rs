//! What the rules say about one entry of `outbound`, collected so that all of it is told at once.

use super::{Assumptions, ClusterFacts};
use crate::fault::{Code, Fault};
use std::ops::RangeInclusive;

/// What the rules of an entry look at besides the entry itself.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The node pools.
    pub cluster: &'a ClusterFacts,
    /// The assumptions in force.
    pub assumptions: &'a Assumptions,
    /// JSON pointer to the entry.
    pub pointer: &'a str,
}

/// What was found.
#[derive(Default)]
pub(super) struct Review {
    /// The file makes no sense.
    pub errors: Vec<Fault>,
    /// Azure would not accept it.
    pub refusals: Vec<Fault>,
    /// Worth saying.
    pub notes: Vec<(Code, String)>,
}

/// A number that Azure keeps within a range.
pub(super) struct Limited<'a> {
    /// The rule.
    pub code: Code,
    /// What the number is, such as `idleTimeoutInMinutes`.
    pub name: &'a str,
    /// What is counted, such as `minutes`.
    pub unit: &'a str,
    /// What is allowed.
    pub range: RangeInclusive<i64>,
    /// What Azure's own tool says, if it says something.
    pub quote: Option<&'a str>,
    /// How to mend it.
    pub remedy: &'a str,
}

impl Review {
    /// `value` if it lies within the range of `rule`; otherwise a refusal by Azure at `pointer`.
    pub fn limit(&mut self, value: i64, pointer: String, rule: &Limited) -> Option<u32> {
        within(value, pointer, rule)
            .map_err(|fault| self.refusals.push(*fault))
            .ok()
    }

    /// `value` if it lies within the range of `rule`; otherwise an error of the file at `pointer`.
    pub fn require(&mut self, value: i64, pointer: String, rule: &Limited) -> Option<u32> {
        within(value, pointer, rule)
            .map_err(|fault| self.errors.push(*fault))
            .ok()
    }
}

fn within(value: i64, pointer: String, rule: &Limited) -> Result<u32, Box<Fault>> {
    if rule.range.contains(&value) {
        return Ok(u32::try_from(value).expect("ranges hold nothing below 0 or above 32 bits"));
    }
    let quote = rule
        .quote
        .map(|text| format!(" `az aks` says: {text}."))
        .unwrap_or_default();
    Err(Box::new(Fault {
        code: rule.code,
        pointer,
        found: format!("{} is {}.{quote}", rule.name, thousands(value)),
        allowed: format!(
            "{} to {} {}",
            thousands(*rule.range.start()),
            thousands(*rule.range.end()),
            rule.unit
        ),
        remedy: rule.remedy.to_owned(),
    }))
}

/// A whole number as people read it: `64,000`.
pub(crate) fn thousands(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (i, digit) in digits.char_indices() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun, which takes an s beyond one: `2 public IPs`.
pub(crate) fn plural(number: impl Into<i128>, noun: &str) -> String {
    let number = number.into();
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", thousands(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_032_192, "1,032,192"),
            (-64_000, "-64,000"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }
}

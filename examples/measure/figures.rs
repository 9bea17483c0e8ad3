//! Figures of several rounds, and how they are written.

use serde::{Deserialize, Serialize};

/// The median of several rounds, and the range they lie in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rounds {
    /// Middle value, or the mean of the two in the middle.
    pub median: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

impl Rounds {
    /// Of one value a round, at least one.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().map(rounded).collect();
        values.sort_by(f64::total_cmp);
        let middle = |i: usize| values[i];
        let n = values.len();
        Rounds {
            median: rounded((middle((n - 1) / 2) + middle(n / 2)) / 2.0),
            min: values[0],
            max: values[n - 1],
        }
    }

    /// `12.3 (11.9..12.8)`.
    pub fn text(&self) -> String {
        match self.min == self.max {
            true => number(self.median),
            false => format!(
                "{} ({}..{})",
                number(self.median),
                number(self.min),
                number(self.max)
            ),
        }
    }
}

/// To four significant digits: more would only make noise in the file.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().expect("it was a number")
}

/// Three significant digits, or all before the point.
pub fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => grouped(value),
        size => {
            let decimals = (2 - size.log10().floor() as i32).max(0) as usize;
            format!("{value:.decimals$}")
        }
    }
}

/// A whole number, its digits in threes.
pub fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

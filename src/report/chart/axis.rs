//! Axes: what they measure, between which ends, and where a value lies between them.

use super::ticks;
use serde::Serialize;

/// An axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Axis {
    /// What it measures, with the unit.
    pub title: String,
    /// How values are spread.
    pub scale: Scale,
    /// How values are written.
    pub unit: Unit,
    /// Both ends.
    pub domain: (f64, f64),
}

/// How values are spread over an axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By their logarithm.
    Log,
    /// Shares by their distance to one, on a logarithmic scale: as much room from 90 to 99 % as from 99 to 99.9.
    Percentile,
    /// One row or column a name; the i-th is centred on i.
    Categories(Vec<String>),
}

/// How values of an axis are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Unit {
    /// Plain numbers, thousands set apart.
    Number,
    /// Numbers of things, of which there are no parts.
    Whole,
    /// Shares in percent, small ones as powers of ten.
    Share,
    /// Spans of time, given in seconds.
    Span,
    /// Times since the start of the run, given in seconds.
    Clock,
}

impl Axis {
    /// An axis from 0 to the next round number above `max`.
    pub fn from_zero(title: &str, unit: Unit, max: f64) -> Axis {
        let max = if max > 0.0 { max } else { 1.0 };
        let step = ticks::step(max, 5, unit);
        Axis {
            title: title.to_owned(),
            scale: Scale::Linear,
            unit,
            domain: (0.0, (max / step - 1e-9).ceil() * step),
        }
    }

    /// A linear axis with these very ends.
    pub fn between(title: &str, unit: Unit, low: f64, high: f64) -> Axis {
        let high = if high > low { high } else { low + 1.0 };
        Axis {
            title: title.to_owned(),
            scale: Scale::Linear,
            unit,
            domain: (low, high),
        }
    }

    /// A logarithmic axis over whole powers of ten around what is to be seen, at least a power wide.
    pub fn log(title: &str, unit: Unit, low: f64, high: f64) -> Axis {
        let low = low.log10().floor();
        let high = high.log10().ceil().max(low + 1.0);
        Axis {
            title: title.to_owned(),
            scale: Scale::Log,
            unit,
            domain: (10f64.powf(low), 10f64.powf(high)),
        }
    }

    /// An axis of names.
    pub fn categories(title: &str, names: Vec<String>) -> Axis {
        let domain = (-0.5, names.len().max(1) as f64 - 0.5);
        Axis {
            title: title.to_owned(),
            scale: Scale::Categories(names),
            unit: Unit::Number,
            domain,
        }
    }

    /// Where a value lies, from 0 at one end to 1 at the other; beyond them for values beyond the ends.
    pub fn place(&self, value: f64) -> f64 {
        let (low, high) = (self.spread(self.domain.0), self.spread(self.domain.1));
        (self.spread(value) - low) / (high - low)
    }

    /// The value on a scale on which equal steps are equal distances.
    pub fn spread(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear | Scale::Categories(_) => value,
            Scale::Log => value.max(f64::MIN_POSITIVE).log10(),
            Scale::Percentile => -(1.0 - value).max(1e-15).log10(),
        }
    }

    /// The value at a place, as [`place`](Axis::place) has it.
    pub fn at_place(&self, place: f64) -> f64 {
        let (low, high) = (self.spread(self.domain.0), self.spread(self.domain.1));
        let spread = low + place * (high - low);
        match self.scale {
            Scale::Linear | Scale::Categories(_) => spread,
            Scale::Log => 10f64.powf(spread),
            Scale::Percentile => 1.0 - 10f64.powf(-spread),
        }
    }

    /// Whether a value lies between the ends.
    pub fn shows(&self, value: f64) -> bool {
        (-1e-9..=1.0 + 1e-9).contains(&self.place(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_spread_values_between_their_ends() {
        let axis = Axis::from_zero("ports", Unit::Number, 972.0);
        assert_eq!(axis.domain, (0.0, 1_000.0));
        assert_eq!(axis.place(250.0), 0.25);
        let axis = Axis::log("p", Unit::Share, 3e-6, 0.02);
        assert!((axis.domain.0 - 1e-6).abs() < 1e-18 && (axis.domain.1 - 0.1).abs() < 1e-12);
        assert!((axis.place(1e-4) - 0.4).abs() < 1e-9);
        assert!((axis.at_place(0.4) - 1e-4).abs() < 1e-12);
        let axis = Axis {
            scale: Scale::Percentile,
            ..Axis::between("share", Unit::Share, 0.0, 0.999)
        };
        assert!((axis.place(0.9) - 1.0 / 3.0).abs() < 1e-9);
        assert!(axis.shows(0.99) && !axis.shows(0.9999));
    }
}

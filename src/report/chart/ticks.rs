//! Where an axis has ticks, and what is written at them.

use super::axis::{Axis, Scale, Unit};
use crate::results::words::count;

/// A tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where.
    pub at: f64,
    /// What is written there.
    pub label: String,
}

/// About `wanted` ticks of an axis, at round values.
pub fn ticks(axis: &Axis, wanted: usize) -> Vec<Tick> {
    let (low, high) = axis.domain;
    let values: Vec<f64> = match &axis.scale {
        Scale::Linear => {
            let step = step(high - low, wanted, axis.unit);
            let first = (low / step - 1e-9).ceil() as i64;
            let last = (high / step + 1e-9).floor() as i64;
            (first..=last).map(|i| i as f64 * step).collect()
        }
        Scale::Log => log_values(axis, wanted),
        Scale::Percentile => [
            0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999,
        ]
        .into_iter()
        .filter(|value| axis.shows(*value))
        .collect(),
        Scale::Categories(names) => {
            let label = |(i, name): (usize, &String)| Tick {
                at: i as f64,
                label: name.clone(),
            };
            return names.iter().enumerate().map(label).collect();
        }
    };
    let spans = SpanUnit::of(axis, &values);
    let tick = |at: f64| Tick {
        at,
        label: match (axis.unit, &spans) {
            (Unit::Span, Some(unit)) => unit.label(at),
            _ => label(axis, at),
        },
    };
    values.into_iter().map(tick).collect()
}

/// Powers of ten, thinned to about `wanted`; times 2 and 5 between them, or round spans, where there are few.
fn log_values(axis: &Axis, wanted: usize) -> Vec<f64> {
    let shown = |values: &[f64]| -> Vec<f64> {
        let values = values.iter().copied();
        values.filter(|value| axis.shows(*value)).collect()
    };
    if axis.unit == Unit::Span {
        let spans = match shown(&SPANS) {
            few if few.len() < 3 => shown(&FINE_SPANS),
            spans => spans,
        };
        let every = spans.len().div_ceil(wanted).max(1);
        return spans.into_iter().step_by(every).collect();
    }
    let exponent = |end: f64| end.log10();
    let (low, high) = (exponent(axis.domain.0), exponent(axis.domain.1));
    let first = (low - 1e-9).floor() as i32;
    let last = (high + 1e-9).ceil() as i32;
    let decades = high - low;
    if decades <= 2.5 {
        let fine =
            (first..=last).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
        let there_is = |value: &f64| axis.unit != Unit::Whole || *value >= 1.0;
        return shown(&fine.filter(there_is).collect::<Vec<_>>());
    }
    let every = ((decades / wanted as f64).ceil() as usize).max(1);
    let powers: Vec<f64> = (first..=last)
        .rev()
        .map(|power| 10f64.powi(power))
        .collect();
    let mut powers: Vec<f64> = shown(&powers).into_iter().step_by(every).collect();
    powers.reverse();
    powers
}

/// Round spans in seconds, about a factor of three apart.
const SPANS: [f64; 18] = [
    1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 240.0, 600.0, 1_800.0, 3_600.0,
    14_400.0, 86_400.0, 604_800.0,
];

/// Round spans in seconds for less than two decades.
const FINE_SPANS: [f64; 33] = [
    1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0,
    120.0, 180.0, 240.0, 300.0, 600.0, 900.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0,
    14_400.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0,
];

/// A round step that divides `range` into about `wanted` parts.
pub fn step(range: f64, wanted: usize, unit: Unit) -> f64 {
    let rough = range / wanted.max(1) as f64;
    if matches!(unit, Unit::Clock | Unit::Span) && rough > 1.0 {
        let rounds = CLOCK_STEPS.iter().copied();
        return rounds
            .clone()
            .find(|step| *step >= 0.8 * rough)
            .unwrap_or_else(|| step(range / 604_800.0, wanted, Unit::Number) * 604_800.0);
    }
    let power = 10f64.powf(rough.log10().floor());
    let digit = rough / power;
    let round = [1.0, 2.0, 5.0, 10.0].into_iter();
    let step = round
        .min_by(|a, b| (a / digit).ln().abs().total_cmp(&(b / digit).ln().abs()))
        .expect("there are four")
        * power;
    match unit {
        Unit::Whole => step.max(1.0),
        _ => step,
    }
}

const CLOCK_STEPS: [f64; 21] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_200.0, 1_800.0, 3_600.0,
    7_200.0, 10_800.0, 14_400.0, 21_600.0, 43_200.0, 86_400.0, 604_800.0,
];

/// What is written at a tick of this axis.
fn label(axis: &Axis, value: f64) -> String {
    match axis.unit {
        Unit::Share if axis.scale == Scale::Percentile => percent(value),
        Unit::Share => share(value),
        Unit::Number | Unit::Whole => number(value),
        Unit::Span => span(value),
        Unit::Clock => clock(value),
    }
}

/// The unit of time that all ticks of a linear axis are written in.
struct SpanUnit(f64, &'static str);

impl SpanUnit {
    /// The largest in which the step from tick to tick is whole, or of seconds and less a tenth; none for an axis that is not
    /// linear.
    fn of(axis: &Axis, values: &[f64]) -> Option<SpanUnit> {
        let (Scale::Linear, [first, second, ..]) = (&axis.scale, values) else {
            return None;
        };
        let step = second - first;
        let fits = |(size, parts): (f64, f64)| {
            let many = parts * step / size;
            many > 0.5 && (many - many.round()).abs() < 1e-6
        };
        let units = [
            (86_400.0, 1.0, "d"),
            (3_600.0, 1.0, "h"),
            (60.0, 1.0, "min"),
            (1.0, 10.0, "s"),
            (1e-3, 10.0, "ms"),
        ];
        let found = units
            .into_iter()
            .find(|(size, parts, _)| fits((*size, *parts)));
        let (size, _, name) = found.unwrap_or((1e-6, 1.0, "µs"));
        Some(SpanUnit(size, name))
    }

    fn label(&self, value: f64) -> String {
        let SpanUnit(size, name) = self;
        format!("{} {name}", number(round_to(value / size, 6)))
    }
}

/// A value of this unit with three significant digits or so, things in full.
pub fn written(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Share => crate::results::words::share(value),
        Unit::Number => number(round_to(value, 4)),
        // Means of counts have parts.
        Unit::Whole => number((10.0 * value).round() / 10.0),
        Unit::Span => crate::results::words::span(value),
        Unit::Clock => clock(value),
    }
}

/// To so many significant digits.
pub fn round_to(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let decimals = digits - 1 - value.abs().log10().floor() as i32;
    let text = format!("{value:.*}", decimals.max(0) as usize);
    let rounded: f64 = text.parse().unwrap_or(value);
    if decimals >= 0 {
        return rounded;
    }
    let unit = 10f64.powi(-decimals);
    (value / unit).round() * unit
}

/// A number as short as it is: `1,024`, `0.25`, `1e9`.
pub fn number(value: f64) -> String {
    let size = value.abs();
    let sign = if value < 0.0 { "−" } else { "" };
    if size >= 1e15 || (size > 0.0 && size < 1e-4) {
        return format!("{value:e}");
    }
    if (size - size.round()).abs() < 1e-9 * size.max(1.0) {
        return format!("{sign}{}", count(size.round() as u64));
    }
    let text = format!("{size:.6}");
    let text = text.trim_end_matches('0');
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let whole: u64 = whole.parse().unwrap_or(0);
    format!("{sign}{}.{part}", count(whole))
}

/// A share at a tick: percent down to 0.001 %, below that a power of ten.
fn share(value: f64) -> String {
    if value > 0.0 && value < 0.999e-5 {
        let power = value.log10().floor() as i32;
        return format!("{:.0}e{power}", value / 10f64.powi(power));
    }
    percent(value)
}

fn percent(value: f64) -> String {
    format!("{} %", number(round_to(100.0 * value, 9)))
}

/// A round span: `30 s`, `4 min`, `2 h`, `250 ms`.
fn span(value: f64) -> String {
    let (size, unit) = match value {
        0.0 => return "0 s".to_owned(),
        v if v < 1e-3 => (v * 1e6, "µs"),
        v if v < 1.0 => (v * 1e3, "ms"),
        v if v < 60.0 => (v, "s"),
        v if v < 3_600.0 => (v / 60.0, "min"),
        v if v < 86_400.0 => (v / 3_600.0, "h"),
        v => (v / 86_400.0, "d"),
    };
    format!("{} {unit}", number(round_to(size, 3)))
}

/// A time of the run: `1:40` for hours and minutes, `0:05:30` with seconds, `3d 06:00` with days.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.round() as i64;
    let (days, hours, minutes, rest) = (
        whole / 86_400,
        whole % 86_400 / 3_600,
        whole % 3_600 / 60,
        whole % 60,
    );
    match (days, rest) {
        (0, 0) => format!("{hours}:{minutes:02}"),
        (0, _) => format!("{hours}:{minutes:02}:{rest:02}"),
        (_, _) => format!("{days}d {hours:02}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, wanted: usize) -> Vec<String> {
        ticks(axis, wanted)
            .into_iter()
            .map(|tick| tick.label)
            .collect()
    }

    #[test]
    fn linear_ticks_are_round() {
        let axis = Axis::from_zero("ports", Unit::Number, 1_024.0);
        assert_eq!(
            labels(&axis, 5),
            ["0", "200", "400", "600", "800", "1,000", "1,200"]
        );
        let axis = Axis::between("time", Unit::Clock, 2_400.0, 6_000.0);
        assert_eq!(
            labels(&axis, 6),
            ["0:40", "0:50", "1:00", "1:10", "1:20", "1:30", "1:40"]
        );
    }

    #[test]
    fn logarithmic_ticks_are_powers_thinned_to_what_fits() {
        let axis = Axis::log("p", Unit::Share, 2e-6, 0.5);
        assert_eq!(
            labels(&axis, 8),
            ["1e-6", "0.001 %", "0.01 %", "0.1 %", "1 %", "10 %", "100 %"]
        );
        let axis = Axis::log("n", Unit::Number, 1.0, 50.0);
        assert_eq!(labels(&axis, 8), ["1", "2", "5", "10", "20", "50", "100"]);
        let axis = Axis::log("hold", Unit::Span, 10.0, 3_000.0);
        assert_eq!(
            labels(&axis, 8),
            ["10 s", "30 s", "1 min", "4 min", "10 min", "30 min", "1 h"]
        );
    }

    #[test]
    fn no_axis_of_spans_has_a_tick_alone() {
        let of = |low, high| {
            let axis = Axis {
                scale: Scale::Log,
                ..Axis::between("hold", Unit::Span, low, high)
            };
            labels(&axis, 8)
        };
        assert_eq!(of(160.0, 320.0), ["3 min", "4 min", "5 min"]);
        assert_eq!(
            of(43.0, 400.0),
            ["1 min", "2 min", "3 min", "4 min", "5 min"]
        );
        assert_eq!(of(30.0, 700.0), ["30 s", "1 min", "4 min", "10 min"]);
    }

    #[test]
    fn spans_of_an_axis_share_their_unit() {
        let of = |from, to| labels(&Axis::between("wait", Unit::Span, from, to), 6);
        assert_eq!(of(0.0, 24.0), ["0 s", "5 s", "10 s", "15 s", "20 s"]);
        assert_eq!(
            of(0.0, 75.0),
            [
                "0 s", "10 s", "20 s", "30 s", "40 s", "50 s", "60 s", "70 s"
            ]
        );
        assert_eq!(
            of(0.0, 150.0),
            ["0 s", "30 s", "60 s", "90 s", "120 s", "150 s"]
        );
        assert_eq!(
            of(0.0, 600.0),
            ["0 min", "2 min", "4 min", "6 min", "8 min", "10 min"]
        );
        assert_eq!(
            of(0.0, 1.2),
            ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s", "1.2 s"]
        );
    }

    #[test]
    fn there_are_no_parts_of_things() {
        let few = Axis::between("public IPs", Unit::Whole, 0.9, 3.1);
        assert_eq!(labels(&few, 8), ["1", "2", "3"]);
        let log = Axis {
            scale: Scale::Log,
            ..Axis::between("public IPs", Unit::Whole, 0.8, 40.0)
        };
        assert_eq!(labels(&log, 8), ["1", "2", "5", "10", "20"]);
        assert_eq!(written(Unit::Whole, 64_512.0), "64,512");
    }

    #[test]
    fn percentiles_have_as_many_nines_as_fit() {
        let axis = Axis {
            scale: Scale::Percentile,
            ..Axis::between("share", Unit::Share, 0.0, 0.9995)
        };
        assert_eq!(labels(&axis, 8), ["0 %", "50 %", "90 %", "99 %", "99.9 %"]);
    }

    #[test]
    fn values_keep_the_digits_that_matter() {
        assert_eq!(number(round_to(1234.567, 4)), "1,235");
        assert_eq!(number(round_to(0.123456, 3)), "0.123");
        assert_eq!(number(-2.5), "−2.5");
        assert_eq!(clock(3_661.0), "1:01:01");
        assert_eq!(clock(90_000.0), "1d 01:00");
    }
}

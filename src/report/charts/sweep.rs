//! The charts of a sweep.

mod by_axis;
mod ips;
mod map;
mod pareto;
mod plans;
mod swing;

use super::{COLOURS, NAME};
use crate::report::chart::{
    Axis, Chart, Interval, Line, Mark, Scale, Shape, Tone, Unit, distinct, short,
};
use crate::report::sweeps::{Sweeps, Swept};
use crate::results::Verdict;
use crate::results::words::{counted, list};
use crate::sweep::{Row, SavedAxis};
use crate::units::parse_duration;
use std::collections::BTreeMap;

/// Makes a chart, or none where there is nothing to show.
type Maker = fn(&Grid) -> Option<Chart>;

/// Names of the charts of a sweep, and what makes them, in the order of the page.
pub(super) const SWEEP: &[(&str, Maker)] = &[
    ("failure-by-axis", by_axis::chart),
    ("failure-map", map::chart),
    ("ips-needed", ips::chart),
    ("pareto", pareto::chart),
    ("sensitivity", swing::chart),
];

/// What a plan is held against where nobody said otherwise: one connection in a thousand.
pub const TARGET: f64 = 1e-3;

/// The same in words.
const TARGET_WORDS: &str = "0.1 %";

/// The target as a line that is named at its end, where no mark of a plan can lie under its name.
fn target(x: &Axis) -> Mark {
    let name = format!("{TARGET_WORDS} fail");
    Mark {
        series: name.clone(),
        tone: Tone::Muted,
        shape: Shape::Line(Line {
            points: vec![(x.domain.0, Some(TARGET)), (x.domain.1, Some(TARGET))],
            step: false,
            dashed: true,
            label: Some(name),
        }),
    }
}

/// Whether a point is known to keep below the target: the upper end of its interval, or the estimate where it has none.
fn meets_target(row: &Row) -> bool {
    let found = &row.failure_probability;
    found.high.or(found.estimate).is_some_and(|p| p < TARGET)
}

/// The charts of a sweep, or of several over the same axes.
pub fn of_sweeps(sweeps: &Sweeps) -> Vec<Chart> {
    let grid = Grid::new(sweeps);
    SWEEP.iter().filter_map(|(_, make)| make(&grid)).collect()
}

/// A sweep with its outbounds.
pub(super) struct Grid<'a> {
    axes: &'a [SavedAxis],
    rows: &'a [Row],
    /// Sweep, points, replications and seed.
    subtitle: String,
    /// All outbounds with their places in their scenarios.
    swept: Vec<Swept>,
    /// Names of the outbounds that were simulated somewhere, in the order of the table.
    outbounds: Vec<&'a str>,
    /// What each outbound of the table is called here.
    names: BTreeMap<&'a str, String>,
    /// Axes by length, the longest first; of equals the later.
    longest: Vec<usize>,
    /// Rows by outbound and positions.
    index: BTreeMap<(&'a str, &'a [usize]), &'a Row>,
}

impl<'a> Grid<'a> {
    fn new(sweeps: &'a Sweeps) -> Grid<'a> {
        let (axes, rows) = (sweeps.axes(), sweeps.rows());
        let mut outbounds: Vec<&str> = Vec::new();
        for row in rows {
            let decided = row.failure_probability.estimate.is_some();
            if decided && !outbounds.contains(&row.outbound.as_str()) {
                outbounds.push(&row.outbound);
            }
        }
        let mut longest: Vec<usize> = (0..axes.len()).rev().collect();
        longest.sort_by_key(|axis| std::cmp::Reverse(axes[*axis].labels.len()));
        Grid {
            axes,
            rows,
            subtitle: sweeps.subtitle(),
            names: names(&sweeps.outbounds(), rows),
            swept: sweeps.outbounds(),
            outbounds,
            longest,
            index: rows
                .iter()
                .map(|row| ((row.outbound.as_str(), row.at.as_slice()), row))
                .collect(),
        }
    }

    /// What an outbound is called in a chart.
    fn named(&self, outbound: &str) -> String {
        let known = self.names.get(outbound);
        known.cloned().unwrap_or_else(|| short(outbound, NAME))
    }

    /// Rows of an outbound, in the order of the points.
    fn rows(&self, outbound: &str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.outbound == outbound)
    }

    /// The row of an outbound at these positions.
    fn at(&self, outbound: &str, at: &[usize]) -> Option<&'a Row> {
        self.index.get(&(outbound, at)).copied()
    }

    /// Where the axes stand that a chart does not show: in their middle.
    fn middle(&self) -> Vec<usize> {
        let axes = self.axes.iter();
        axes.map(|axis| axis.labels.len() / 2).collect()
    }

    /// What is said of those.
    fn fixed(&self, shown: &[usize]) -> Option<String> {
        let others = self.words(&self.middle(), shown);
        (!others.is_empty()).then(|| format!("Drawn at {others}; the table has the rest."))
    }

    /// Where the axes but those of `shown` stand: `nodes 51, perSecond 40`.
    fn words(&self, at: &[usize], shown: &[usize]) -> String {
        let others = self.axes.iter().enumerate();
        let words: Vec<String> = others
            .filter(|(i, _)| !shown.contains(i))
            .map(|(i, axis)| {
                format!(
                    "{} {}",
                    short(&axis.name, NAME),
                    short(&axis.labels[at[i]], NAME)
                )
            })
            .collect();
        words.join(", ")
    }

    /// What is said of points that have nothing to draw.
    fn refused(&self) -> Option<String> {
        let mut counts: Vec<(&str, u64, u64)> = Vec::new();
        for row in self.rows {
            let refused = u64::from(row.verdict == Verdict::Refused);
            match counts.iter_mut().find(|(name, ..)| *name == row.outbound) {
                Some((_, some, all)) => (*some, *all) = (*some + refused, *all + 1),
                None => counts.push((&row.outbound, refused, 1)),
            }
        }
        let refused = counts.iter().filter(|(_, some, _)| *some > 0);
        let words: Vec<String> = refused
            .map(|(name, some, all)| {
                format!(
                    "{} at {some} of {}",
                    self.named(name),
                    counted(*all, "point")
                )
            })
            .collect();
        (!words.is_empty()).then(|| format!("Refused by Azure, and not drawn: {}.", list(&words)))
    }

    fn subtitle(&self, what: &str) -> String {
        format!("{what} · {}", self.subtitle)
    }
}

/// Names that fit, each its own, by those of the table.
fn names<'a>(swept: &[Swept], rows: &'a [Row]) -> BTreeMap<&'a str, String> {
    let mut names = BTreeMap::new();
    // Those of each sweep among themselves.
    for sweep in swept.chunk_by(|a, b| a.place < b.place) {
        let own: Vec<&str> = sweep.iter().map(|one| one.name.as_str()).collect();
        for (one, name) in sweep.iter().zip(distinct(&own, NAME)) {
            let before = one.shown.strip_suffix(&one.name).unwrap_or_default();
            if let Some(row) = rows.iter().find(|row| row.outbound == one.shown) {
                names.insert(row.outbound.as_str(), format!("{before}{name}"));
            }
        }
    }
    names
}

/// Draws points that would hide each other side by side, the others where they are; whether there are such.
fn side_by_side(marks: &mut [Mark], x: &Axis, y: &Axis) -> bool {
    let mut points: Vec<&mut Interval> = Vec::new();
    for mark in marks {
        if let Shape::Intervals(all) = &mut mark.shape {
            points.extend(all.points.iter_mut());
        }
    }
    let height = |point: &Interval| point.estimate.or(point.high).map_or(0.0, |p| y.place(p));
    let mut columns: Vec<f64> = points.iter().map(|point| x.place(point.at)).collect();
    columns.sort_by(f64::total_cmp);
    columns.dedup();
    let room = |x: f64| {
        let others = columns.iter().filter(|other| **other != x);
        let nearest = others.map(|other| (other - x).abs()).fold(1.0, f64::min);
        0.7 * nearest
    };
    // Stable: those of one column and height stay in the order of their marks.
    points.sort_by(|a, b| a.at.total_cmp(&b.at).then(height(a).total_cmp(&height(b))));
    let hide =
        |a: &&mut Interval, b: &&mut Interval| a.at == b.at && height(b) - height(a) < TOO_NEAR;
    let mut moved = false;
    for group in points.chunk_by_mut(hide).filter(|group| group.len() > 1) {
        let step = (room(x.place(group[0].at)) / group.len() as f64).min(STEP);
        if step < LEAST_STEP {
            continue;
        }
        let middle = (group.len() as f64 - 1.0) / 2.0;
        for (i, point) in group.iter_mut().enumerate() {
            point.drawn = x.at_place(x.place(point.at) + step * (i as f64 - middle));
        }
        moved = true;
    }
    moved
}

/// What is said of those.
const SIDE_BY_SIDE: &str = "Points that would hide each other are drawn side by side where there is room, around the place of all of them.";

/// Points of one column nearer than this part of the y axis hide each other.
const TOO_NEAR: f64 = 0.025;

/// From one point to the next in a column, in parts of the x axis; where there is less room than the least, they hide each
/// other.
const STEP: f64 = 0.018;
const LEAST_STEP: f64 = 0.004;

/// An axis of the sweep as one of a chart, and the place of every position on it.
fn axis_of(axis: &SavedAxis) -> (Axis, Vec<f64>) {
    let name = short(&axis.name, 2 * NAME);
    let numbers: Option<Vec<f64>> = axis.values.iter().map(serde_json::Value::as_f64).collect();
    let spans = || -> Option<Vec<f64>> {
        let seconds = axis
            .values
            .iter()
            .map(|value| Some(parse_duration(value.as_str()?).ok()?.as_nanos() as f64 / 1e9));
        seconds.collect()
    };
    let (places, unit) = match (numbers, spans()) {
        (Some(numbers), _) => {
            let whole = numbers.iter().all(|number| number.fract() == 0.0);
            (numbers, if whole { Unit::Whole } else { Unit::Number })
        }
        (_, Some(spans)) => (spans, Unit::Span),
        _ => (Vec::new(), Unit::Number),
    };
    let low = places.iter().copied().fold(f64::INFINITY, f64::min);
    let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if places.len() < 2 || low == high {
        let labels: Vec<&str> = axis.labels.iter().map(String::as_str).collect();
        let names = distinct(&labels, 18);
        let places = (0..names.len()).map(|i| i as f64).collect();
        return (Axis::categories(&name, names), places);
    }
    if low > 0.0 && high / low >= 30.0 {
        let axis = Axis {
            scale: Scale::Log,
            ..Axis::between(&name, unit, low / 1.15, high * 1.15)
        };
        return (axis, places);
    }
    let margin = 0.03 * (high - low);
    (
        Axis::between(&name, unit, low - margin, high + margin),
        places,
    )
}

/// At most so many of `count` positions, evenly, the first and the last among them.
fn some_of(count: usize, most: usize) -> Vec<usize> {
    if count <= most {
        return (0..count).collect();
    }
    let step = (count - 1) as f64 / (most - 1) as f64;
    (0..most)
        .map(|i| (i as f64 * step).round() as usize)
        .collect()
}

/// As many series as there are colours, and what is said of the others.
fn coloured(count: usize, noun: &str) -> (Vec<usize>, Option<String>) {
    let some = some_of(count, COLOURS);
    let note = (some.len() < count).then(|| {
        format!(
            "{} of {} are drawn.",
            some.len(),
            counted(count as u64, noun)
        )
    });
    (some, note)
}

#[cfg(test)]
mod tests {
    use super::some_of;

    #[test]
    fn some_are_even_and_keep_both_ends() {
        assert_eq!(some_of(3, 6), [0, 1, 2]);
        assert_eq!(some_of(11, 6), [0, 2, 4, 6, 8, 10]);
        assert_eq!(some_of(100, 3), [0, 50, 99]);
    }
}

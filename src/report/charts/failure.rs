//! The failure probability of every outbound, with its interval.

use super::{NAME, Shown, ShownOutbound};
use crate::report::chart::{
    Axis, Chart, Interval, Intervals, Mark, Panel, Shape, Tone, Unit, short,
};
use crate::results::words::{bound, counted, estimate, list, share};
use crate::results::{Estimate, IntervalMethod};

/// Rows of the chart.
const MOST: usize = 24;

pub(super) fn chart(shown: &Shown) -> Option<Chart> {
    let decided: Vec<&ShownOutbound> = shown
        .outbounds
        .iter()
        .filter(|one| one.figures.failure_probability.estimate.is_some())
        .collect();
    let rows = &decided[..decided.len().min(MOST)];
    let points: Vec<Interval> = rows
        .iter()
        .enumerate()
        .map(|(row, one)| interval(row as f64, &one.figures.failure_probability))
        .collect();
    let (low, high) = range(&points)?;
    let notes = (decided.len() > MOST).then(|| {
        let all = counted(decided.len() as u64, "outbound");
        format!("The first {MOST} of {all} are drawn.")
    });
    Some(Chart {
        id: "failure-probability".to_owned(),
        title: title(&decided),
        subtitle: shown.subtitle("connections that failed for lack of a port"),
        description: described(rows),
        x: Axis::log(
            "probability that a connection fails",
            Unit::Share,
            low / 2.0,
            high,
        ),
        panels: vec![Panel {
            title: None,
            y: Axis::categories(
                "outbound",
                rows.iter().map(|one| one.name.clone()).collect(),
            ),
            marks: vec![Mark {
                series: "failure probability".to_owned(),
                tone: Tone::Series(0),
                shape: Shape::Intervals(Intervals {
                    points,
                    across: true,
                    joined: false,
                    label: None,
                }),
            }],
        }],
        notes: notes
            .into_iter()
            .chain(bounds_note(
                rows.iter()
                    .map(|one| one.figures.failure_probability.method),
                Bound::Open,
            ))
            .collect(),
        zoom: false,
    })
}

/// An estimate as a mark; where none failed there is a bound only.
pub(in crate::report) fn interval(at: f64, found: &Estimate) -> Interval {
    let none_seen = found.method == IntervalMethod::ZeroFailures;
    Interval {
        at,
        drawn: at,
        estimate: found.estimate.filter(|p| *p > 0.0),
        low: found.low.filter(|p| *p > 0.0 && !none_seen),
        high: found.high.filter(|p| *p > 0.0),
        label: estimate(found),
    }
}

/// The smallest and the largest number of some intervals, none where there is no number to draw.
pub(in crate::report) fn range(points: &[Interval]) -> Option<(f64, f64)> {
    let ends = points
        .iter()
        .flat_map(|point| [point.estimate, point.low, point.high])
        .flatten();
    let low = ends.clone().fold(f64::INFINITY, f64::min);
    let high = ends.fold(0.0, f64::max);
    (high > 0.0).then_some((low, high))
}

/// How what was never seen to fail is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Bound {
    /// As a bar that is open to zero.
    Open,
    /// As a triangle that points down.
    Triangle,
}

impl Bound {
    fn words(self) -> &'static str {
        match self {
            Bound::Open => {
                "A bar that is open to zero: no failure was seen, and the true value lies below the mark."
            }
            Bound::Triangle => {
                "A triangle that points down: no failure was seen there, and the true value lies below it."
            }
        }
    }
}

/// How to read the marks of what was never seen to fail, and of what has no interval; none where there are no such.
pub(in crate::report) fn bounds_note(
    methods: impl Iterator<Item = IntervalMethod> + Clone,
    bound: Bound,
) -> Option<String> {
    let has = |wanted| methods.clone().any(|method| method == wanted);
    let unseen = has(IntervalMethod::ZeroFailures).then_some(bound.words());
    let hollow = has(IntervalMethod::None).then_some("A hollow point has no interval.");
    let parts: Vec<&str> = [unseen, hollow].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn title(rows: &[&ShownOutbound]) -> String {
    let probability = |one: &ShownOutbound| one.figures.failure_probability.estimate.unwrap_or(0.0);
    let fails: Vec<String> = rows
        .iter()
        .filter(|one| probability(one) > 0.0)
        .map(|one| {
            format!(
                "{} fails {} of connections",
                one.name,
                share(probability(one))
            )
        })
        .collect();
    let clean: Vec<String> = rows
        .iter()
        .filter(|one| probability(one) == 0.0)
        .map(|one| one.name.clone())
        .collect();
    let least = rows
        .iter()
        .filter_map(|one| one.figures.failure_probability.high)
        .fold(0.0, f64::max);
    match (&fails[..], &clean[..]) {
        ([], _) => format!(
            "No connection failed: fewer than {} of them would",
            bound(least)
        ),
        (fails, []) if fails.len() <= 3 => list(fails),
        (fails, [clean]) if fails.len() <= 2 => {
            format!("{}; under {clean} none was seen to fail", list(fails))
        }
        (fails, _) if fails.len() <= 2 => {
            format!("{}; under the others none was seen to fail", list(fails))
        }
        (fails, _) => format!(
            "{} of {} outbounds fail connections",
            fails.len(),
            rows.len()
        ),
    }
}

fn described(rows: &[&ShownOutbound]) -> String {
    let words: Vec<String> = rows
        .iter()
        .map(|one| {
            let name = short(&one.name, NAME);
            format!("{name}: {}", estimate(&one.figures.failure_probability))
        })
        .collect();
    format!(
        "Failure probability of each outbound type on a logarithmic axis. {}.",
        words.join("; ")
    )
}

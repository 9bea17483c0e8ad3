//! How much each axis matters: what failures do from its one end to its other, with the others in their middle.

use super::Grid;
use crate::report::chart::{
    Axis, Chart, Interval, Intervals, Mark, Panel, Shape, Tone, Unit, short,
};
use crate::report::charts::NAME;
use crate::report::charts::failure::range;
use crate::results::words::share;

/// Rows of the chart.
const MOST: usize = 20;

/// How far failures move along an axis: both ends, and whether they are bounds because none was seen to fail.
struct Swing {
    name: String,
    low: (f64, bool),
    high: (f64, bool),
}

impl Swing {
    fn factor(&self) -> f64 {
        self.high.0 / self.low.0
    }

    fn words(&self) -> String {
        let end =
            |(p, bound): (f64, bool)| format!("{}{}", if bound { "< " } else { "" }, share(p));
        format!("{} to {}", end(self.low), end(self.high))
    }
}

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    let axes = &grid.sweep.axes;
    if axes.len() < 2 {
        return None;
    }
    let mut swings: Vec<Swing> = Vec::new();
    for outbound in &grid.outbounds {
        for (i, axis) in axes.iter().enumerate() {
            let values: Vec<(f64, bool)> = (0..axis.labels.len())
                .filter_map(|position| {
                    let mut at = grid.middle();
                    at[i] = position;
                    let found = &grid.at(outbound, &at)?.failure_probability;
                    let p = found.estimate?;
                    // What was never seen to fail counts with its bound.
                    Some((if p > 0.0 { p } else { found.high? }, p == 0.0))
                })
                .collect();
            let low = values.iter().copied().min_by(|a, b| a.0.total_cmp(&b.0));
            // A bound says less than a failure that was seen.
            let rank = |(p, bound): &(f64, bool)| (!bound, p.to_bits());
            let high = values.iter().copied().max_by_key(rank);
            if let (Some(low), Some(high)) = (low, high) {
                let name = match grid.outbounds.len() {
                    1 => short(&axis.name, NAME),
                    _ => format!(
                        "{}, {}",
                        short(outbound, NAME / 2),
                        short(&axis.name, NAME / 2)
                    ),
                };
                swings.push(Swing { name, low, high });
            }
        }
    }
    let bound_only = |swing: &Swing| swing.high.1;
    swings.sort_by(|a, b| {
        let seen_first = bound_only(a).cmp(&bound_only(b));
        seen_first.then(b.factor().total_cmp(&a.factor()))
    });
    swings.truncate(MOST);
    let points: Vec<Interval> = swings
        .iter()
        .enumerate()
        .map(|(row, swing)| Interval {
            at: row as f64,
            // Where none was seen to fail at all, there is a bound and no estimate.
            estimate: (!swing.high.1).then_some(swing.high.0),
            low: (!swing.high.1).then_some(swing.low.0),
            high: Some(swing.high.0),
            label: swing.words(),
        })
        .collect();
    let (low, high) = range(&points)?;
    let most = swings.first()?;
    Some(Chart {
        id: "sensitivity".to_owned(),
        title: match (most.high.1, most.low.0 < most.high.0) {
            (true, _) => "From the middle of all axes, no axis alone makes connections fail".to_owned(),
            (false, false) => "From the middle of all axes, no axis alone changes what fails".to_owned(),
            (false, true) => format!("What matters most is {}", most.name),
        },
        subtitle: grid.subtitle("failures from the least to the most along each axis, the others in their middle"),
        description: format!(
            "Range of the failure probability along each axis: {}.",
            swings
                .iter()
                .map(|swing| format!("{} {}", swing.name, swing.words()))
                .collect::<Vec<_>>()
                .join("; ")
        ),
        x: Axis::log("probability that a connection fails", Unit::Share, low / 1.5, high),
        panels: vec![Panel {
            title: None,
            y: Axis::categories("", swings.iter().map(|swing| swing.name.clone()).collect()),
            marks: vec![Mark {
                series: "from the least to the most".to_owned(),
                tone: Tone::Series(0),
                shape: Shape::Intervals(Intervals {
                    points,
                    across: true,
                    joined: false,
                    label: None,
                }),
            }],
        }],
        notes: vec!["The dot is the end at which the most fail; < : none was seen to fail at the other end.".to_owned()],
        zoom: false,
    })
}

//! How much each axis matters: what failures do from its one end to its other, with the others in their middle.

use super::{Grid, TARGET_WORDS};
use crate::report::chart::{Axis, Chart, Interval, Intervals, Mark, Panel, Shape, Tone, Unit, short};
use crate::report::charts::NAME;
use crate::report::charts::failure::range;
use crate::results::words::share;

/// Rows of the chart.
const MOST: usize = 20;

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    let axes = &grid.sweep.axes;
    if axes.len() < 2 {
        return None;
    }
    let mut swings: Vec<(String, f64, f64, bool)> = Vec::new();
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
            let high = values.iter().copied().max_by(|a, b| a.0.total_cmp(&b.0));
            if let (Some(low), Some(high)) = (low, high) {
                let name = match grid.outbounds.len() {
                    1 => short(&axis.name, NAME),
                    _ => format!("{}, {}", short(outbound, NAME / 2), short(&axis.name, NAME / 2)),
                };
                swings.push((name, low.0, high.0, low.1));
            }
        }
    }
    swings.sort_by(|a, b| (b.2 / b.1).total_cmp(&(a.2 / a.1)));
    swings.truncate(MOST);
    let points: Vec<Interval> = swings
        .iter()
        .enumerate()
        .map(|(row, (_, low, high, bound))| Interval {
            at: row as f64,
            estimate: Some(*high),
            low: Some(*low),
            high: Some(*high),
            label: format!("{}{} to {}", if *bound { "< " } else { "" }, share(*low), share(*high)),
        })
        .collect();
    let (low, high) = range(&points)?;
    let (name, least, most, _) = swings.first()?;
    Some(Chart {
        id: "sensitivity".to_owned(),
        title: match least == most {
            true => "No axis changes what fails".to_owned(),
            false => format!("What matters most is {name}"),
        },
        subtitle: grid.subtitle("failures from the least to the most along each axis, the others in their middle"),
        description: format!(
            "Range of the failure probability along each axis: {}. The target of other charts is {}.",
            swings
                .iter()
                .map(|(name, low, high, _)| format!("{name} {} to {}", share(*low), share(*high)))
                .collect::<Vec<_>>()
                .join("; "),
            TARGET_WORDS
        ),
        x: Axis::log("probability that a connection fails", Unit::Share, low / 1.5, high),
        panels: vec![Panel {
            title: None,
            y: Axis::categories("", swings.iter().map(|(name, ..)| name.clone()).collect()),
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

//! How much each axis matters: what failures do from its one end to its other, with the others in their middle.

use super::Grid;
use crate::report::chart::{Chart, short};
use crate::report::charts::NAME;
use crate::report::charts::failure::{Bound, bounds_note};
use crate::report::charts::tornado::{self, Row, Tornado};
use crate::results::words::counted;
use crate::results::{Estimate, IntervalMethod};

/// Panels of the chart, and rows of each.
const PANELS: usize = 4;
const ROWS: usize = 12;

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    if grid.axes.len() < 2 {
        return None;
    }
    let mut drawn: Vec<(String, Tornado)> = Vec::new();
    for outbound in &grid.outbounds {
        let name = short(outbound, NAME);
        drawn.extend(tornado(grid, outbound).map(|made| (name, made)));
    }
    let in_all = drawn.len();
    if in_all > PANELS {
        drawn.sort_by(|a, b| b.1.factor().total_cmp(&a.1.factor()));
        drawn.truncate(PANELS);
    }
    let (names, tornadoes): (Vec<String>, Vec<Tornado>) = drawn.into_iter().unzip();
    let (x, panels) = tornado::panels(&tornadoes, "axis", "at the ends of an axis")?;
    let methods: Vec<IntervalMethod> = tornadoes.iter().flat_map(Tornado::methods).collect();
    let left_out = (in_all > PANELS).then(|| {
        let all = counted(in_all as u64, "outbound");
        format!("{PANELS} of {all} are drawn: those that move the most.")
    });
    let words: Vec<String> = names
        .iter()
        .zip(&tornadoes)
        .map(|(name, one)| {
            let rows: Vec<String> = one.rows.iter().map(Row::words).collect();
            format!("{name}: {}", rows.join("; "))
        })
        .collect();
    Some(Chart {
        id: "sensitivity".to_owned(),
        title: title(&names, &tornadoes),
        subtitle: grid.subtitle(
            "failures from the least to the most along each axis, the others in their middle",
        ),
        description: format!(
            "Range of the failure probability along each axis. {}.",
            words.join(". ")
        ),
        x,
        panels,
        notes: [
            Some(format!(
                "The middle is {}.",
                grid.words(&grid.middle(), &[])
            )),
            bounds_note(methods.into_iter(), Bound::Open),
            left_out,
        ]
        .into_iter()
        .flatten()
        .collect(),
        zoom: false,
    })
}

fn tornado(grid: &Grid, outbound: &str) -> Option<Tornado> {
    let middle = grid.middle();
    let found = |at: &[usize]| {
        let found = &grid.at(outbound, at)?.failure_probability;
        found.estimate.map(|_| found.clone())
    };
    let base = found(&middle)?;
    let mut rows = Vec::new();
    for (i, axis) in grid.axes.iter().enumerate() {
        let along = (0..axis.labels.len()).filter_map(|position| {
            let mut at = middle.clone();
            at[i] = position;
            Some((short(&axis.labels[position], NAME / 2), found(&at)?))
        });
        let ends = ends(along.collect());
        if ends.len() == 2 {
            rows.push(Row {
                name: short(&axis.name, NAME),
                ends,
            });
        }
    }
    let mut tornado = Tornado {
        title: (grid.outbounds.len() > 1).then(|| short(outbound, NAME)),
        base: ("all in their middle".to_owned(), base),
        rows,
    };
    tornado.sort();
    tornado.rows.truncate(ROWS);
    (!tornado.rows.is_empty()).then_some(tornado)
}

/// The least and the most of some values; of those that were never seen to fail the one with the lowest bound is the
/// least.
fn ends(values: Vec<(String, Estimate)>) -> Vec<(String, Estimate)> {
    let rank = |(_, found): &(String, Estimate)| {
        let p = found.estimate.unwrap_or(0.0);
        (
            p,
            if p == 0.0 {
                found.high.unwrap_or(0.0)
            } else {
                0.0
            },
        )
    };
    let by_rank = |a: &(String, Estimate), b: &(String, Estimate)| {
        let (a, b) = (rank(a), rank(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    };
    let mut values = values;
    values.sort_by(by_rank);
    match values.len() {
        0 | 1 => values,
        _ => {
            let most = values.pop().expect("two at least");
            vec![values.swap_remove(0), most]
        }
    }
}

fn title(names: &[String], tornadoes: &[Tornado]) -> String {
    let seen = |found: &Estimate| found.estimate.is_some_and(|p| p > 0.0);
    let mut all = tornadoes
        .iter()
        .flat_map(|one| &one.rows)
        .flat_map(|row| &row.ends);
    if !all.any(|(_, found)| seen(found)) {
        return "From the middle of all axes, no axis alone makes connections fail".to_owned();
    }
    let pairs = names.iter().zip(tornadoes).rev();
    let farthest = pairs.max_by(|a, b| a.1.factor().total_cmp(&b.1.factor()));
    match farthest {
        Some((name, one)) if one.factor() > 1.0 => match names.len() {
            1 => format!("What matters most is {}", one.rows[0].name),
            _ => format!("What matters most is {}, under {name}", one.rows[0].name),
        },
        _ => "From the middle of all axes, no axis alone changes what fails".to_owned(),
    }
}

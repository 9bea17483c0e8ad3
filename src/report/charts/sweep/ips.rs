//! What public IPs buy: failure probability against their number, one line a load.

use super::plans::{counts_ips, sets};
use super::{
    Grid, SIDE_BY_SIDE, TARGET, TARGET_WORDS, axis_of, coloured, meets_target, side_by_side, target,
};
use crate::report::chart::{Axis, Chart, Intervals, Mark, Panel, Scale, Shape, Tone, Unit, short};
use crate::report::charts::NAME;
use crate::report::charts::failure::{Bound, bounds_note, interval, range};
use crate::results::words::{counted, list};
use crate::sweep::Row;

/// Panels of the chart.
const PANELS: usize = 4;

/// What public IPs buy one outbound.
struct Bought<'a> {
    outbound: &'a str,
    marks: Vec<Mark>,
    rows: Vec<&'a Row>,
    /// What is in the title: the other value, and the least number of IPs that keeps below the target there. The last load
    /// for which there is one, or of instances those that make the fewest buckets.
    met: Option<Met>,
}

struct Met {
    at: String,
    ips: String,
    buckets: u64,
}

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    let along = grid.axes.iter().position(counts_ips)?;
    let other = grid.longest.iter().copied().find(|axis| *axis != along)?;
    let second = &grid.axes[other];
    // Of what Azure refuses there is nothing to draw.
    let is_simulated = |position: &usize| {
        let mut rows = grid
            .outbounds
            .iter()
            .flat_map(|outbound| grid.rows(outbound));
        rows.any(|row| row.at[other] == *position && row.failure_probability.estimate.is_some())
    };
    let simulated: Vec<usize> = (0..second.labels.len()).filter(is_simulated).collect();
    let (some, note) = coloured(simulated.len(), "value");
    let some: Vec<usize> = some.into_iter().map(|place| simulated[place]).collect();
    let mut notes: Vec<String> = note
        .map(|note| format!("{}: {note}", short(&second.name, NAME)))
        .into_iter()
        .collect();
    let (whose, left_out) = whose(grid, along);
    notes.extend(left_out);
    let panels: Vec<Bought> = whose
        .into_iter()
        .map(|outbound| {
            let mut sets = sets(grid).into_iter();
            let is_choice =
                sets.any(|set| set.outbound == outbound && set.instances == Some(other));
            bought(grid, outbound, (along, other), &some, is_choice)
        })
        .collect();
    let rows = || panels.iter().flat_map(|panel| &panel.rows);
    let found: Vec<_> = rows()
        .map(|row| interval(0.0, &row.failure_probability))
        .collect();
    let (low, high) = range(&found)?;
    let methods: Vec<_> = rows().map(|row| row.failure_probability.method).collect();
    notes.extend(bounds_note(methods.into_iter(), Bound::Triangle));
    notes.push(format!(
        "Numbers of public IPs that were tried: {}.",
        grid.axes[along].labels.join(", ")
    ));
    notes.extend(grid.refused());
    notes.extend(grid.fixed(&[along, other]));
    let names: Vec<String> = panels
        .iter()
        .map(|panel| grid.named(panel.outbound))
        .collect();
    let y = Axis::log(
        "probability that a connection fails",
        Unit::Share,
        low.min(TARGET) / 1.5,
        high.max(TARGET),
    );
    let x = Axis {
        title: "public IPs".to_owned(),
        ..axis_of(&grid.axes[along]).0
    };
    let mut panels = panels;
    let mut moved = false;
    for panel in &mut panels {
        moved |= side_by_side(&mut panel.marks, &x, &y);
    }
    notes.extend(moved.then(|| SIDE_BY_SIDE.to_owned()));
    Some(Chart {
        id: "ips-needed".to_owned(),
        title: title(grid, panels.first()?),
        subtitle: grid.subtitle("connections that failed, against the number of public IPs"),
        description: format!(
            "Failure probability of {} against public IPs, one line for each value of {}.",
            list(&names),
            short(&second.name, NAME)
        ),
        x,
        panels: panels
            .into_iter()
            .map(|panel| Panel {
                title: (names.len() > 1).then(|| grid.named(panel.outbound)),
                y: y.clone(),
                marks: panel.marks,
            })
            .collect(),
        notes,
        zoom: false,
    })
}

/// The outbounds that change with these IPs, the one that changes the most where none does; and what is said of those
/// that have no panel.
fn whose<'a>(grid: &Grid<'a>, along: usize) -> (Vec<&'a str>, Option<String>) {
    let swing = |outbound: &str| {
        let values = grid
            .rows(outbound)
            .filter_map(|row| row.failure_probability.estimate);
        let (low, high) = values.fold((1.0, 0.0), |(low, high), p| {
            (f64::min(low, p), f64::max(high, p))
        });
        high - low
    };
    let with_ips = sets(grid).into_iter().filter(|set| set.ips == along);
    let of_axis: Vec<&str> = with_ips.map(|set| set.outbound).collect();
    if of_axis.is_empty() {
        let most = |a: &&&str, b: &&&str| swing(a).total_cmp(&swing(b));
        return (
            grid.outbounds
                .iter()
                .max_by(most)
                .copied()
                .into_iter()
                .collect(),
            None,
        );
    }
    let left_out = (of_axis.len() > PANELS).then(|| {
        format!(
            "{PANELS} of {} are drawn.",
            counted(of_axis.len() as u64, "outbound")
        )
    });
    (of_axis.into_iter().take(PANELS).collect(), left_out)
}

fn bought<'a>(
    grid: &Grid<'a>,
    outbound: &'a str,
    (along, other): (usize, usize),
    some: &[usize],
    is_choice: bool,
) -> Bought<'a> {
    let (axis, places) = axis_of(&grid.axes[along]);
    let second = &grid.axes[other];
    let mut found = Bought {
        outbound,
        marks: vec![target(&axis)],
        rows: Vec::new(),
        met: None,
    };
    for (tone, position) in some.iter().enumerate() {
        let rows: Vec<(f64, &Row)> = places
            .iter()
            .enumerate()
            .filter_map(|(here, place)| {
                let mut at = grid.middle();
                (at[along], at[other]) = (here, *position);
                Some((*place, grid.at(outbound, &at)?))
            })
            .filter(|(_, row)| row.failure_probability.estimate.is_some())
            .collect();
        let name = short(
            &format!("{} {}", second.name, second.labels[*position]),
            NAME,
        );
        let enough = rows
            .iter()
            .filter(|(_, row)| meets_target(row))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, row)) = enough {
            let number = |axis: usize| grid.axes[axis].values[row.at[axis]].as_u64().unwrap_or(1);
            let met = Met {
                at: name.clone(),
                ips: grid.axes[along].labels[row.at[along]].clone(),
                buckets: number(along) * if is_choice { number(other) } else { 0 },
            };
            let fewer = |best: &Met| met.buckets <= best.buckets;
            if found.met.as_ref().is_none_or(fewer) {
                found.met = Some(met);
            }
        }
        let points = rows
            .iter()
            .map(|(place, row)| interval(*place, &row.failure_probability));
        found.marks.push(Mark {
            series: name.clone(),
            tone: Tone::Series(tone),
            shape: Shape::Intervals(Intervals {
                points: points.collect(),
                across: false,
                joined: !matches!(axis.scale, Scale::Categories(_)),
                label: Some(name),
            }),
        });
        found.rows.extend(rows.iter().map(|(_, row)| *row));
    }
    found
}

fn title(grid: &Grid, bought: &Bought) -> String {
    let outbound = grid.named(bought.outbound);
    match &bought.met {
        Some(Met { at, ips, .. }) => format!(
            "{outbound}: {ips} public {} failures below {TARGET_WORDS} at {at}",
            if ips == "1" { "IP keeps" } else { "IPs keep" },
        ),
        None => {
            format!("No number of public IPs keeps failures of {outbound} below {TARGET_WORDS}")
        }
    }
}

//! Failure probability against the longest axis, with where the ports of a node change.

use super::{Grid, SIDE_BY_SIDE, TARGET, axis_of, coloured, side_by_side};
use crate::report::chart::{
    Axis, Chart, Intervals, Mark, Panel, Scale, Shape, Tone, Unit, Upright, short,
};
use crate::report::charts::NAME;
use crate::report::charts::failure::{Bound, bounds_note, interval, range};
use crate::results::words::{count, counted, estimate, share};
use crate::sweep::Row;

/// Panels of the chart.
const PANELS: usize = 4;

/// Points of a line; of more, some are left out evenly.
const POINTS: usize = 200;

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    let along = *grid.longest.first()?;
    let other = grid.longest.get(1).copied();
    let axis = &grid.axes[along];
    let (x, places) = axis_of(axis);
    let mut notes = Vec::new();
    let mut panels = Vec::new();
    let mut drawn: Vec<&Row> = Vec::new();
    let some = super::some_of(places.len(), POINTS);
    if some.len() < places.len() {
        notes.push(format!(
            "{} of {} values of {} are drawn, evenly.",
            some.len(),
            count(places.len() as u64),
            x.title
        ));
    }
    // Between names there is nothing.
    let joined = !matches!(x.scale, Scale::Categories(_));
    // The rows of one line, and its mark.
    let mut line = |outbound: &str, at: &dyn Fn(usize) -> Vec<usize>, name: String, tone: usize| {
        let rows: Vec<(usize, &Row)> = some
            .iter()
            .filter_map(|position| Some((*position, grid.at(outbound, &at(*position))?)))
            .filter(|(_, row)| row.failure_probability.estimate.is_some())
            .collect();
        drawn.extend(rows.iter().map(|(_, row)| *row));
        let points = rows
            .iter()
            .map(|(position, row)| interval(places[*position], &row.failure_probability))
            .collect();
        Mark {
            series: name.clone(),
            tone: Tone::Series(tone),
            shape: Shape::Intervals(Intervals {
                points,
                across: false,
                joined,
                label: Some(name),
            }),
        }
    };
    let middle = grid.middle();
    let with = |pairs: &[(usize, usize)]| {
        let mut at = middle.clone();
        for (axis, position) in pairs {
            at[*axis] = *position;
        }
        at
    };
    let mut tiers: Vec<Option<Mark>> = Vec::new();
    match other {
        None => {
            let (some, note) = coloured(grid.outbounds.len(), "outbound");
            notes.extend(note);
            let marks = some.iter().enumerate().map(|(tone, i)| {
                let outbound = grid.outbounds[*i];
                line(
                    outbound,
                    &|position| with(&[(along, position)]),
                    grid.named(outbound),
                    tone,
                )
            });
            panels.push((None, marks.collect::<Vec<_>>()));
            let at = |position| with(&[(along, position)]);
            let mut outbounds = grid.outbounds.iter();
            tiers.push(outbounds.find_map(|outbound| limits(grid, outbound, &at, &places)));
        }
        Some(other) => {
            let second = &grid.axes[other];
            let (some, note) = coloured(second.labels.len(), "value");
            notes.extend(note.map(|note| format!("{}: {note}", short(&second.name, NAME))));
            for outbound in grid.outbounds.iter().take(PANELS) {
                let marks = some.iter().enumerate().map(|(tone, position)| {
                    let name = short(
                        &format!("{} {}", second.name, second.labels[*position]),
                        NAME,
                    );
                    line(
                        outbound,
                        &|here| with(&[(along, here), (other, *position)]),
                        name,
                        tone,
                    )
                });
                let title = (grid.outbounds.len() > 1).then(|| grid.named(outbound));
                panels.push((title, marks.collect()));
                tiers.push(limits(
                    grid,
                    outbound,
                    &|here| with(&[(along, here), (other, some[0])]),
                    &places,
                ));
            }
            if grid.outbounds.len() > PANELS {
                notes.push(format!(
                    "{PANELS} of {} are drawn.",
                    counted(grid.outbounds.len() as u64, "outbound")
                ));
            }
            let shown = [along, other];
            notes.extend(grid.fixed(&shown));
        }
    }
    let ends: Vec<_> = drawn
        .iter()
        .map(|row| interval(0.0, &row.failure_probability))
        .collect();
    let (low, high) = range(&ends)?;
    let methods = drawn.iter().map(|row| row.failure_probability.method);
    notes.extend(bounds_note(methods, Bound::Triangle));
    notes.extend(grid.refused());
    let y = Axis::log(
        "probability that a connection fails",
        Unit::Share,
        low / 1.5,
        high,
    );
    let mut moved = false;
    for (_, marks) in &mut panels {
        moved |= side_by_side(marks, &x, &y);
    }
    notes.extend(moved.then(|| SIDE_BY_SIDE.to_owned()));
    let tiered = tiers.iter().any(Option::is_some);
    Some(Chart {
        id: "failure-by-axis".to_owned(),
        title: title(grid, &panels, &drawn, along),
        subtitle: grid.subtitle(match tiered {
            true => "failed connections; upright lines: the ports of a node change",
            false => "connections that failed for lack of a port",
        }),
        description: described(grid, &drawn),
        x,
        panels: panels
            .into_iter()
            .zip(tiers)
            .map(|((title, marks), tiers)| Panel {
                title,
                y: y.clone(),
                marks: tiers.into_iter().chain(marks).collect(),
            })
            .collect(),
        notes,
        zoom: false,
    })
}

/// Where the ports of a pool change from one value to the next: Azure's automatic table.
fn limits(
    grid: &Grid,
    outbound: &str,
    at: &dyn Fn(usize) -> Vec<usize>,
    places: &[f64],
) -> Option<Mark> {
    let rows: Vec<(f64, u32)> = places
        .iter()
        .enumerate()
        .filter_map(|(position, place)| {
            let row = grid.at(outbound, &at(position))?;
            (row.outbound_type == "loadBalancer").then_some((*place, row.limit?))
        })
        .collect();
    let changes = rows.windows(2).filter(|pair| pair[0].1 != pair[1].1);
    let upright = |pair: &[(f64, u32)]| {
        let [before, after] = [pair[0].1, pair[1].1].map(|ports| count(u64::from(ports)));
        Upright {
            at: (pair[0].0 + pair[1].0) / 2.0,
            sign: format!("{before} → {after}"),
            words: format!("{before} ports a node before, {after} after"),
        }
    };
    let uprights: Vec<Upright> = changes.map(upright).collect();
    // Where they change at every value they are an axis rather than a table.
    let is_table = !uprights.is_empty() && uprights.len() + 1 < places.len();
    is_table.then(|| Mark {
        series: "ports of a node change".to_owned(),
        tone: Tone::Muted,
        shape: Shape::Uprights(uprights),
    })
}

/// The first step over the target between neighbours, or the most that fails.
fn title(
    grid: &Grid,
    panels: &[(Option<String>, Vec<Mark>)],
    drawn: &[&Row],
    along: usize,
) -> String {
    let axis = &grid.axes[along];
    let name = short(&axis.name, NAME);
    let failed = |row: &Row| row.failure_probability.estimate.unwrap_or(0.0);
    let label = |row: &Row| short(&axis.labels[row.at[along]], 18);
    let steps = drawn.windows(2).filter(|pair| {
        let same = pair[0].outbound == pair[1].outbound && pair[0].at[along] < pair[1].at[along];
        same && failed(pair[0]) < TARGET && failed(pair[1]) >= TARGET
    });
    let lines: usize = panels.iter().map(|(_, marks)| marks.len()).sum();
    if let Some(pair) = steps
        .clone()
        .next()
        .filter(|_| lines <= grid.outbounds.len())
    {
        let before = match failed(pair[0]) {
            0.0 => "none is seen to fail".to_owned(),
            p => share(p),
        };
        return format!(
            "{} fails {} of connections at {name} = {}; {before} at {}",
            grid.named(&pair[1].outbound),
            share(failed(pair[1])),
            label(pair[1]),
            label(pair[0])
        );
    }
    let Some(worst) = drawn
        .iter()
        .rev()
        .max_by(|a, b| failed(a).total_cmp(&failed(b)))
    else {
        return String::new();
    };
    if failed(worst) == 0.0 {
        return format!("No failure is seen at any {name}");
    }
    let others: Vec<String> = grid
        .axes
        .iter()
        .zip(&worst.at)
        .map(|(axis, at)| {
            format!(
                "{} {}",
                short(&axis.name, NAME),
                short(&axis.labels[*at], 18)
            )
        })
        .collect();
    format!(
        "{} fails up to {} of connections, at {}",
        grid.named(&worst.outbound),
        share(failed(worst)),
        others.join(", ")
    )
}

fn described(grid: &Grid, drawn: &[&Row]) -> String {
    let every = drawn.len().div_ceil(12).max(1);
    let few = drawn.iter().step_by(every);
    let words: Vec<String> = few
        .map(|row| {
            format!(
                "{} at {}: {}",
                grid.named(&row.outbound),
                // All axes by name: of two numbers alone nobody knows which is which.
                grid.words(&row.at, &[]),
                estimate(&row.failure_probability)
            )
        })
        .collect();
    let names: Vec<String> = grid
        .longest
        .iter()
        .take(2)
        .map(|axis| short(&grid.axes[*axis].name, NAME))
        .collect();
    let along = match &names[..] {
        [along, other] => format!("{along}, a line for each value of {other}"),
        names => names.concat(),
    };
    let some = match every {
        1 => "",
        _ => "Some of them: ",
    };
    format!(
        "Failure probability with intervals on a logarithmic axis against {along}. {some}{}.",
        words.join("; ")
    )
}

//! Failure probability over two axes, with the line on one side of which the target is met.

use super::{Grid, TARGET_WORDS, meets_target, some_of};
use crate::report::chart::{
    Axis, Cell, Cells, Chart, Mark, Panel, Segment, Shape, Tone, Unit, distinct, short,
};
use crate::report::charts::NAME;
use crate::report::charts::failure::{interval, range};
use crate::results::words::{count, counted, estimate};
use crate::results::{IntervalMethod, Verdict};
use crate::sweep::Row;

/// Panels of the chart.
const PANELS: usize = 4;

/// Columns and rows; of more, some are left out evenly.
const COLUMNS: usize = 100;
const ROWS: usize = 50;

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    let (&along, &up) = (grid.longest.first()?, grid.longest.get(1)?);
    let [across, upward] = [&grid.axes[along], &grid.axes[up]];
    if across.labels.len() < 2 || upward.labels.len() < 2 {
        return None;
    }
    let columns = some_of(across.labels.len(), COLUMNS);
    let rows = some_of(upward.labels.len(), ROWS);
    let middle = grid.middle();
    let at = |column: usize, row: usize| {
        let mut at = middle.clone();
        (at[along], at[up]) = (column, row);
        at
    };
    let mut panels: Vec<(&str, Vec<Vec<Option<&Row>>>)> = Vec::new();
    for outbound in grid.outbounds.iter().take(PANELS) {
        // By position, in one pass: a sweep may have many points.
        let mut found = vec![vec![None; columns.len()]; rows.len()];
        for row in grid.rows(outbound) {
            let (column, line) = (
                columns.binary_search(&row.at[along]),
                rows.binary_search(&row.at[up]),
            );
            if let (Ok(column), Ok(line)) = (column, line)
                && row.at == at(row.at[along], row.at[up])
            {
                found[line][column] = Some(row);
            }
        }
        panels.push((outbound, found));
    }
    let all = || panels.iter().flat_map(|(_, rows)| rows).flatten().flatten();
    let ends: Vec<_> = all()
        .map(|row| interval(0.0, &row.failure_probability))
        .collect();
    let (low, high) = range(&ends)?;
    let legend = Axis::log(
        "probability that a connection fails",
        Unit::Share,
        low,
        high,
    );
    let meets = all().filter(|row| meets_target(row)).count();
    let decided = all()
        .filter(|row| row.failure_probability.estimate.is_some())
        .count();
    let has = |of: fn(&Row) -> bool| all().any(|row| of(row));
    let unseen = has(|row| row.failure_probability.method == IntervalMethod::ZeroFailures);
    let refused = has(|row| row.verdict == Verdict::Refused);
    let mut notes: Vec<String> = [
        unseen.then_some("< : no failure was seen, and the colour is that of the upper bound."),
        refused.then_some("× : Azure would refuse it."),
    ]
    .into_iter()
    .flatten()
    .map(str::to_owned)
    .collect();
    let thinned = columns.len() < across.labels.len() || rows.len() < upward.labels.len();
    if thinned {
        notes.push(format!(
            "{} of {} columns and {} of {} rows are drawn, evenly; the table has all.",
            columns.len(),
            count(across.labels.len() as u64),
            rows.len(),
            count(upward.labels.len() as u64)
        ));
    }
    if grid.outbounds.len() > PANELS {
        notes.push(format!(
            "{PANELS} of {} are drawn.",
            counted(grid.outbounds.len() as u64, "outbound")
        ));
    }
    notes.extend(grid.fixed(&[along, up]));
    let names = |axis: &crate::sweep::SavedAxis, some: &[usize]| -> Vec<String> {
        let labels: Vec<&str> = some.iter().map(|i| axis.labels[*i].as_str()).collect();
        distinct(&labels, 18)
    };
    Some(Chart {
        id: "failure-map".to_owned(),
        title: match (meets, decided) {
            (0, _) => format!("No point keeps failures below {}", TARGET_WORDS),
            (some, all) if some == all => {
                format!("Every point keeps failures below {}", TARGET_WORDS)
            }
            (some, all) => format!(
                "{} of {} keep failures below {TARGET_WORDS}",
                count(some as u64),
                counted(all as u64, if thinned { "drawn point" } else { "point" }),
            ),
        },
        subtitle: grid.subtitle(&format!(
            "connections that failed; thick line: {} of them",
            TARGET_WORDS
        )),
        description: format!(
            "Heat map of the failure probability: from left to right {}, from top to bottom {}. At {meets} of {decided} points \
             it is below {}.",
            from_to(across, &columns),
            from_to(upward, &rows),
            TARGET_WORDS
        ),
        x: Axis::categories(&short(&across.name, 2 * NAME), names(across, &columns)),
        panels: panels
            .iter()
            .map(|(outbound, found)| Panel {
                title: (grid.outbounds.len() > 1).then(|| grid.named(outbound)),
                y: Axis::categories(&short(&upward.name, 2 * NAME), names(upward, &rows)),
                marks: marks(found, &legend),
            })
            .collect(),
        notes,
        zoom: false,
    })
}

fn marks(found: &[Vec<Option<&Row>>], legend: &Axis) -> Vec<Mark> {
    let mut cells = Vec::new();
    for (line, rows) in found.iter().enumerate() {
        for (column, row) in rows.iter().enumerate() {
            let Some(row) = row else { continue };
            let point = interval(0.0, &row.failure_probability);
            let value = point.estimate.or(point.high);
            let sign = match (value, point.estimate) {
                (None, _) => (row.verdict == Verdict::Refused).then_some('×'),
                (_, None) => Some('<'),
                _ => None,
            };
            cells.push(Cell {
                x: (column as f64 - 0.5, column as f64 + 0.5),
                y: (line as f64 - 0.5, line as f64 + 0.5),
                value,
                alarm: false,
                sign,
                label: match value {
                    Some(_) => point.label,
                    None if row.failure_probability.estimate.is_none() => {
                        row.verdict.word().to_owned()
                    }
                    None => estimate(&row.failure_probability),
                },
            });
        }
    }
    vec![
        Mark {
            series: "failure probability".to_owned(),
            tone: Tone::Heat,
            shape: Shape::Cells(Cells {
                legend: legend.clone(),
                cells,
            }),
        },
        Mark {
            series: format!("{} fail", TARGET_WORDS),
            tone: Tone::Alarm,
            shape: Shape::Segments(border(found)),
        },
    ]
}

/// `perSecond from 10 to 40`.
fn from_to(axis: &crate::sweep::SavedAxis, drawn: &[usize]) -> String {
    let end = |place: Option<&usize>| place.map_or(String::new(), |i| short(&axis.labels[*i], 18));
    let name = short(&axis.name, NAME);
    format!(
        "{name} from {} to {}",
        end(drawn.first()),
        end(drawn.last())
    )
}

/// The edges between neighbours of which one keeps below the target and the other does not.
fn border(found: &[Vec<Option<&Row>>]) -> Vec<Segment> {
    let decided = |line: usize, column: usize| -> Option<bool> {
        let row = (*found.get(line)?.get(column)?)?;
        row.failure_probability
            .estimate
            .is_some()
            .then(|| meets_target(row))
    };
    let differ = |a: Option<bool>, b: Option<bool>| matches!((a, b), (Some(a), Some(b)) if a != b);
    let mut edges = Vec::new();
    for (line, rows) in found.iter().enumerate() {
        for column in 0..rows.len() {
            let here = decided(line, column);
            let (x, y) = (column as f64 + 0.5, line as f64 + 0.5);
            if differ(here, decided(line, column + 1)) {
                edges.push(((x, y - 1.0), (x, y)));
            }
            if differ(here, decided(line + 1, column)) {
                edges.push(((x - 1.0, y), (x, y)));
            }
        }
    }
    edges
}

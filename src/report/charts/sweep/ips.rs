//! What public IPs buy: failure probability against their number, one line a load.

use super::{Grid, TARGET, TARGET_WORDS, axis_of, coloured, meets_target};
use crate::report::chart::{Axis, Chart, Intervals, Mark, Panel, Rule, Shape, Tone, Unit, short};
use crate::report::charts::NAME;
use crate::report::charts::failure::{interval, range};
use crate::sweep::{Row, SavedAxis};

/// Whether an axis is one of public IPs.
fn counts_ips(axis: &SavedAxis) -> bool {
    let ends = [
        "/managedOutboundIPs/count",
        "/managedOutboundIPProfile/count",
        "/publicIPs",
    ];
    let pointers = axis.pointers.iter().map(|pointer| pointer.to_lowercase());
    pointers.into_iter().any(|pointer| {
        ends.iter()
            .any(|end| pointer.ends_with(&end.to_lowercase()))
    })
}

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    let along = grid.sweep.axes.iter().position(counts_ips)?;
    let (x, places) = axis_of(&grid.sweep.axes[along]);
    let other = grid.longest.iter().copied().find(|axis| *axis != along)?;
    let second = &grid.sweep.axes[other];
    // Whose IPs they are: the outbound that changes with them most.
    let swing = |outbound: &&&str| {
        let values = grid
            .rows(outbound)
            .filter_map(|row| row.failure_probability.estimate);
        let (low, high) = values.fold((1.0, 0.0), |(low, high), p| {
            (f64::min(low, p), f64::max(high, p))
        });
        high - low
    };
    let outbound = *grid
        .outbounds
        .iter()
        .max_by(|a, b| swing(a).total_cmp(&swing(b)))?;
    let (some, note) = coloured(second.labels.len(), "value");
    let mut notes: Vec<String> = note
        .map(|note| format!("{}: {note}", short(&second.name, NAME)))
        .into_iter()
        .collect();
    let (mut marks, mut ends, mut met) = (Vec::new(), Vec::new(), None);
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
            met = Some((
                name.clone(),
                grid.sweep.axes[along].labels[row.at[along]].clone(),
            ));
        }
        let points: Vec<_> = rows
            .iter()
            .map(|(place, row)| interval(*place, &row.failure_probability))
            .collect();
        ends.extend(points.clone());
        marks.push(Mark {
            series: name.clone(),
            tone: Tone::Series(tone),
            shape: Shape::Intervals(Intervals {
                points,
                across: false,
                joined: true,
                label: Some(name),
            }),
        });
    }
    let (low, high) = range(&ends)?;
    marks.insert(
        0,
        Mark {
            series: "target".to_owned(),
            tone: Tone::Limit,
            shape: Shape::Rule(Rule {
                at: TARGET,
                upright: false,
                label: format!("{} fail", TARGET_WORDS),
            }),
        },
    );
    notes.push(
        "A triangle that points down: no failure was seen there, and the true value lies below it."
            .to_owned(),
    );
    notes.extend(grid.fixed(&[along, other]));
    Some(Chart {
        id: "ips-needed".to_owned(),
        title: match met {
            Some((load, ips)) => format!(
                "{}: {ips} public {} failures below {} at {load}",
                short(outbound, NAME),
                if ips == "1" { "IP keeps" } else { "IPs keep" },
                TARGET_WORDS
            ),
            None => format!(
                "No number of public IPs keeps failures of {} below {}",
                short(outbound, NAME),
                TARGET_WORDS
            ),
        },
        subtitle: grid.subtitle("connections that failed, against the number of public IPs"),
        description: format!(
            "Failure probability of {} against its public IPs, one line for each value of {}.",
            short(outbound, NAME),
            short(&second.name, NAME)
        ),
        x: Axis {
            title: "public IPs".to_owned(),
            ..x
        },
        panels: vec![Panel {
            title: None,
            y: Axis::log(
                "probability that a connection fails",
                Unit::Share,
                low.min(TARGET) / 1.5,
                high.max(TARGET),
            ),
            marks,
        }],
        notes,
        zoom: false,
    })
}

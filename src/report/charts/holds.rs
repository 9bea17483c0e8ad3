//! How long ports are held: the share that is still held after a time.

use super::Shown;
use super::ShownOutbound;
use crate::report::chart::{Axis, Chart, Line, Mark, Panel, Scale, Shape, Tone, Unit};
use crate::report::saved::Percentile;
use crate::results::words::{list, span};

/// Holds that are told apart, in seconds; what is shorter is drawn at the edge.
const SHORTEST: f64 = 1e-2;

/// Times as long from one percentile to the next, where the line between them is more than a curve.
const WIDE: f64 = 2.0;

/// The share of ports from one percentile to the next that is worth a word.
const MANY: f64 = 0.04;

pub(super) fn chart(shown: &Shown) -> Option<Chart> {
    let (drawn, left_out) = shown.coloured();
    let (mut low, mut high) = (f64::INFINITY, 0.0);
    for one in &drawn {
        let rows = rows(one);
        let all = holds(rows);
        for row in rows {
            // The first hundredth may reach far down, and means little there.
            if row.count as f64 >= 0.01 * all {
                low = f64::min(low, row.value.max(SHORTEST));
            }
            high = f64::max(high, row.value);
        }
    }
    if high <= SHORTEST || !low.is_finite() {
        return None;
    }
    let (low, high) = (low / 1.5, (1.2 * high).max(low * 2.0));
    let mut marks = Vec::new();
    let mut medians = Vec::new();
    let mut notes: Vec<String> = left_out.into_iter().collect();
    let mut slants = false;
    for (tone, one) in drawn.iter().enumerate() {
        let rows = rows(one);
        let all = holds(rows);
        let mut points = vec![(low, Some(1.0))];
        let (mut held, mut last_share) = (1.0, 0.0);
        for row in rows {
            let (value, then) = (row.value.max(low), 1.0 - row.count as f64 / all);
            // Many holds of one length are a step, however many percentiles have it.
            if then < held {
                // Where more fall in than the percentile has come on, next to nothing was free before.
                let is_step = held - then > 1.5 * (row.share - last_share);
                let before = if is_step { held } else { 1.0 - row.share };
                let is_wide = points.last().is_some_and(|(last, _)| value > WIDE * last);
                slants |= !is_step && is_wide && held - then > MANY;
                points.push((value, Some(f64::min(held, before))));
                points.push((value, Some(then)));
                held = then;
            }
            last_share = row.share;
        }
        if points.len() == 1 {
            continue;
        }
        marks.push(Mark {
            series: one.name.clone(),
            tone: Tone::Series(tone),
            shape: Shape::Line(Line {
                points,
                step: false,
                dashed: false,
                label: None,
            }),
        });
        let hold = one.figures.port_hold.as_ref();
        if let Some(median) = hold.and_then(|hold| hold.p50) {
            medians.push((one.name.clone(), median));
        }
    }
    if slants {
        notes.push(
            "A long slanted line joins two percentiles: where between them ports become free is not known."
                .to_owned(),
        );
    }
    let spoken: Vec<String> = medians
        .iter()
        .take(3)
        .map(|(name, median)| format!("{} under {name}", span(*median)))
        .collect();
    let title = match &spoken[..] {
        [] => return None,
        spoken => format!("Half of all ports are held for at least {}", list(spoken)),
    };
    Some(Chart {
        id: "port-holds".to_owned(),
        title,
        subtitle: shown.subtitle("from the grant of a port until it is free again"),
        description: format!(
            "Share of ports that are held at least so long, by time on a logarithmic axis. Medians: {}.",
            medians
                .iter()
                .map(|(name, median)| format!("{name} {}", span(*median)))
                .collect::<Vec<_>>()
                .join(", ")
        ),
        x: Axis {
            scale: Scale::Log,
            ..Axis::between("time a port is held", Unit::Span, low, high)
        },
        panels: vec![Panel {
            title: None,
            y: Axis::between("share of ports still held", Unit::Share, 0.0, 1.0),
            marks,
        }],
        notes,
        zoom: false,
    })
}

fn rows<'a>(one: &ShownOutbound<'a>) -> &'a [Percentile] {
    one.details.map_or(&[], |details| &details.port_hold)
}

/// Holds that the percentiles are of.
fn holds(rows: &[Percentile]) -> f64 {
    rows.iter().map(|row| row.count).max().unwrap_or(0) as f64
}

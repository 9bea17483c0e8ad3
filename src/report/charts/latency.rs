//! Connect latency by percentile, on the axis of HdrHistogram.

use super::Shown;
use crate::report::chart::{Axis, Chart, Line, Mark, Panel, Scale, Shape, Tone, Unit};
use crate::results::words::span;

pub(super) fn chart(shown: &Shown) -> Option<Chart> {
    let (drawn, left_out) = shown.coloured();
    let mut marks = Vec::new();
    let (mut slowest, mut widest) = (0.0, 0.9);
    let mut words = Vec::new();
    for (tone, one) in drawn.iter().enumerate() {
        let rows = one
            .details
            .map_or(&[][..], |details| &details.connect_latency);
        if rows.is_empty() {
            continue;
        }
        let mut points = Vec::new();
        let mut from = 0.0;
        for row in rows {
            points.push((from, Some(row.value)));
            from = row.share.min(1.0 - 1e-12);
            slowest = f64::max(slowest, row.value);
            if row.share < 1.0 {
                widest = f64::max(widest, row.share);
            }
        }
        let last = rows.last().map(|row| row.value);
        points.push((1.0 - 1e-12, last));
        marks.push(Mark {
            series: one.name.clone(),
            tone: Tone::Series(tone),
            shape: Shape::Line(Line {
                points,
                step: true,
                dashed: false,
                label: Some(one.name.clone()),
            }),
        });
        let latency = &one.figures.connect_latency;
        if let (Some(p50), Some(p99), Some(max)) = (latency.p50, latency.p99, latency.max) {
            words.push(format!(
                "{}: median {}, 99th percentile {}, longest {}",
                one.name,
                span(p50),
                span(p99),
                span(max)
            ));
        }
    }
    // Every connection got its port at the first SYN: a line at zero tells nothing.
    if slowest == 0.0 {
        return None;
    }
    // The last step has room to be seen.
    let end = 1.0 - (1.0 - widest) / 2.0;
    clip(&mut marks, end);
    Some(Chart {
        id: "connect-latency".to_owned(),
        title: title(shown),
        subtitle: shown
            .subtitle("from the first SYN to the one that got a port, of established connections"),
        description: format!("Connect latency by percentile. {}.", words.join("; ")),
        x: Axis {
            scale: Scale::Percentile,
            ..Axis::between(
                "share of connections that wait at most this long",
                Unit::Share,
                0.0,
                end,
            )
        },
        panels: vec![Panel {
            title: None,
            y: Axis::from_zero("connect latency", Unit::Span, slowest),
            marks,
        }],
        notes: left_out.into_iter().collect(),
        zoom: false,
    })
}

/// Nothing lies beyond the end of the axis.
fn clip(marks: &mut [Mark], end: f64) {
    for mark in marks {
        if let Shape::Line(line) = &mut mark.shape {
            line.points.retain(|(x, _)| *x < end);
            if let Some((_, last)) = line.points.last().copied() {
                line.points.push((end, last));
            }
        }
    }
}

fn title(shown: &Shown) -> String {
    let slowest = shown.outbounds.iter().rev().max_by(|a, b| {
        let p99 = |one: &super::ShownOutbound| {
            let latency = &one.figures.connect_latency;
            (latency.p99.unwrap_or(0.0), latency.max.unwrap_or(0.0))
        };
        let (a, b) = (p99(a), p99(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let Some(one) = slowest else {
        return String::new();
    };
    let latency = &one.figures.connect_latency;
    // With a destination that falls silent it is its answer that is waited for.
    let for_what = match one.figures.connections.refused_first {
        0 => "an answer",
        _ => "a port",
    };
    match (latency.p99, latency.max) {
        (Some(p99), _) if p99 > 0.0 => format!(
            "One connection in a hundred waits {} or longer for {for_what} under {}",
            span(p99),
            one.name
        ),
        (_, Some(max)) => format!(
            "Fewer than one connection in a hundred waits for {for_what} under {}, the longest {}",
            one.name,
            span(max)
        ),
        _ => "No connection was established".to_owned(),
    }
}

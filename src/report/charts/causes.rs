//! What ports are held for, as ports held on average.

use super::{Shown, ShownOutbound};
use crate::report::chart::{Axis, Bar, Chart, Mark, Panel, Shape, Tone, Unit};
use crate::results::PortSeconds;
use crate::results::words::{capital, count, counted, share};

/// Rows of the chart.
const MOST: usize = 24;

/// Reads the port seconds of a cause.
type Of = fn(&PortSeconds) -> f64;

/// The causes in the order of the bars, how each is called, and what it reads.
const CAUSES: [(&str, Of); 6] = [
    ("open connections", |held| held.open),
    ("hold-down after FIN", |held| held.fin_hold),
    ("hold-down after RST", |held| held.rst_hold),
    ("idle after the last packet", |held| held.idle),
    ("UDP flows", |held| held.udp),
    ("unanswered SYNs", |held| held.half_open),
];

pub(super) fn chart(shown: &Shown) -> Option<Chart> {
    let all: Vec<(&ShownOutbound, &PortSeconds)> = shown
        .outbounds
        .iter()
        .filter_map(|one| Some((one, one.figures.port_seconds.as_ref()?)))
        .filter(|(_, held)| sum(held) > 0.0)
        .collect();
    let drawn = &all[..all.len().min(MOST)];
    let mut marks = Vec::new();
    let mut longest = 0.0;
    for (tone, (name, of)) in CAUSES.iter().enumerate() {
        let mut bars = Vec::new();
        for (row, (one, held)) in drawn.iter().enumerate() {
            let before: f64 = CAUSES[..tone].iter().map(|(_, of)| of(held)).sum();
            let here = of(held);
            if here > 0.0 {
                let to = (before + here) / one.counted;
                longest = f64::max(longest, to);
                bars.push(Bar {
                    row: row as f64,
                    from: before / one.counted,
                    to,
                    label: share(here / sum(held)),
                });
            }
        }
        if !bars.is_empty() {
            marks.push(Mark {
                series: (*name).to_owned(),
                tone: Tone::Series(tone),
                shape: Shape::Bars(bars),
            });
        }
    }
    let (worst, held) = drawn
        .iter()
        .rev()
        .max_by(|a, b| a.0.worse().total_cmp(&b.0.worse()))?;
    let (cause, most) = CAUSES
        .iter()
        .map(|(name, of)| (*name, of(held)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let notes = (all.len() > MOST).then(|| {
        let all = counted(all.len() as u64, "outbound");
        format!("The first {MOST} of {all} are drawn.")
    });
    Some(Chart {
        id: "port-causes".to_owned(),
        title: format!(
            "{} of the time that ports are held under {} is {cause}",
            capital(&share(most / sum(held))),
            worst.name
        ),
        subtitle: shown.subtitle("ports held on average, by what they are held for"),
        description: described(drawn),
        x: Axis::from_zero("ports held on average, all pools", Unit::Number, longest),
        panels: vec![Panel {
            title: None,
            y: Axis::categories(
                "outbound",
                drawn.iter().map(|(one, _)| one.name.clone()).collect(),
            ),
            marks,
        }],
        notes: notes.into_iter().collect(),
        zoom: false,
    })
}

pub(super) fn sum(held: &PortSeconds) -> f64 {
    CAUSES.iter().map(|(_, of)| of(held)).sum()
}

fn described(drawn: &[(&ShownOutbound, &PortSeconds)]) -> String {
    let words: Vec<String> = drawn
        .iter()
        .map(|(one, held)| {
            let parts: Vec<String> = CAUSES
                .iter()
                .filter(|(_, of)| of(held) > 0.0)
                .map(|(name, of)| format!("{name} {}", share(of(held) / sum(held))))
                .collect();
            let held = count((sum(held) / one.counted).round() as u64);
            format!(
                "{}: {held} ports on average, {}",
                one.name,
                parts.join(", ")
            )
        })
        .collect();
    format!("Ports held by cause. {}.", words.join("; "))
}

//! Refused SYNs each minute: what Azure Monitor counts as failed SNAT connections.

use super::minutes::{self, Buckets, mean};
use super::moments::Moments;
use super::{Shown, ShownOutbound};
use crate::report::chart::ticks::{number, round_to};
use crate::report::chart::{Axis, Band, Chart, Line, Mark, Panel, Shape, Tone, Unit};
use crate::results::words::{counted, share};

pub(super) fn chart(shown: &Shown) -> Option<Chart> {
    let (coloured, _) = shown.coloured();
    let mut drawn: Vec<(usize, &ShownOutbound, &Vec<Vec<f64>>, u32)> = Vec::new();
    let refuses = |one: &ShownOutbound| {
        let refused = one.details.map(|details| &details.minutes.refused);
        refused.is_some_and(|runs| runs.iter().flatten().any(|refused| *refused > 0.0))
    };
    for (tone, one) in coloured.into_iter().enumerate() {
        let Some(details) = one.details else { continue };
        let minutes = &details.minutes;
        if refuses(one) {
            drawn.push((tone, one, &minutes.refused, minutes.first));
        }
    }
    let (_, _, first, start) = drawn.first()?;
    let length = first.first().map_or(0, Vec::len);
    let buckets = Buckets::of_line(shown, *start, length);
    let mut marks = Vec::new();
    let mut lines = Vec::new();
    let (mut highest, mut means) = (0.0, Vec::new());
    for (tone, one, runs, first) in &drawn {
        let over_runs: Vec<(f64, f64, f64)> = (0..runs.first().map_or(0, Vec::len))
            .map(|minute| {
                let values: Vec<f64> = runs.iter().map(|run| run[minute]).collect();
                let low = values.iter().copied().fold(f64::INFINITY, f64::min);
                let high = values.iter().copied().fold(0.0, f64::max);
                (low, mean(&values), high)
            })
            .collect();
        highest = over_runs
            .iter()
            .map(|(_, _, high)| *high)
            .fold(highest, f64::max);
        let middle: Vec<f64> = over_runs.iter().map(|(_, middle, _)| *middle).collect();
        means.push((one, mean(&middle)));
        let buckets = Buckets::of_line(shown, *first, over_runs.len());
        let range = |values: &[(f64, f64, f64)]| {
            let low = values
                .iter()
                .map(|(low, _, _)| *low)
                .fold(f64::INFINITY, f64::min);
            Some((
                low,
                values.iter().map(|(_, _, high)| *high).fold(0.0, f64::max),
            ))
        };
        if runs.len() > 1 {
            marks.push(Mark {
                series: one.name.clone(),
                tone: Tone::Series(*tone),
                shape: Shape::Band(Band {
                    points: buckets.points(&over_runs, range),
                    step: true,
                }),
            });
        }
        lines.push(Mark {
            series: one.name.clone(),
            tone: Tone::Series(*tone),
            shape: Shape::Line(Line {
                points: buckets.points(&middle, |values| Some(mean(values))),
                step: true,
                dashed: false,
                label: Some(one.name.clone()),
            }),
        });
    }
    marks.extend(lines);
    let moments = Moments::of(shown, &[drawn.iter().map(|(_, one, ..)| *one).collect()]);
    marks.splice(0..0, moments.mark(0));
    let (worst, per_minute) = means
        .iter()
        .rev()
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(one, mean)| (**one, *mean))?;
    let refusing = shown.outbounds.iter().filter(|one| refuses(one)).count();
    let mut notes = Vec::new();
    if drawn.len() < refusing {
        notes.push(format!(
            "{} of {} that refused SYNs are drawn: those that fail the most.",
            drawn.len(),
            counted(refusing as u64, "outbound")
        ));
    }
    if refusing < shown.outbounds.len() {
        notes.push("Outbounds that refused no SYN are not drawn.".to_owned());
    }
    notes.extend(buckets.note("their mean, and the band their fewest and most"));
    notes.extend(moments.notes.iter().cloned());
    let failed = worst.figures.failure_probability.estimate.unwrap_or(0.0);
    let spoken: Vec<String> = means
        .iter()
        .map(|(one, mean)| format!("{} {}", one.name, number(round_to(*mean, 2))))
        .collect();
    let runs = |(one, _): &(&&ShownOutbound, f64)| {
        one.details
            .map_or(0, |details| details.minutes.refused.len())
    };
    let replications = means.iter().map(runs).max().unwrap_or(0);
    Some(Chart {
        id: "refusals".to_owned(),
        title: format!(
            "{} refuses {} SYNs a minute on average, and fails {} of connections",
            worst.name,
            number(round_to(per_minute, 2)),
            share(failed)
        ),
        subtitle: shown.subtitle(match replications {
            0 | 1 => "SYNs that found no port, all pools",
            _ => "SYNs that found no port, all pools; mean and range over replications",
        }),
        description: format!(
            "Refused SYNs per minute over time; on average {}, at most {} in a minute of one replication.{}",
            spoken.join(", "),
            number(round_to(highest, 3)),
            moments.described()
        ),
        x: minutes::axis(shown),
        panels: vec![Panel {
            title: None,
            y: Axis::from_zero("refused SYNs per minute", Unit::Number, highest),
            marks,
        }],
        notes,
        zoom: true,
    })
}

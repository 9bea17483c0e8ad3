//! Ports in use against the limit, over time: all pools as a band, the worst by name.

use super::minutes::{self, Buckets, mean, most};
use super::moments::Moments;
use super::{Shown, ShownOutbound};
use crate::report::chart::{Axis, Band, Chart, Line, Mark, Panel, Rule, Shape, Tone, Unit, short};
use crate::report::saved::{Minutes, PoolMinutes};
use crate::results::words::{count, counted, share};

/// Panels of the chart.
const MOST: usize = 4;

pub(super) fn chart(shown: &Shown) -> Option<Chart> {
    let mut drawn: Vec<(&ShownOutbound, &Minutes)> = shown
        .with_minutes()
        .filter(|(_, minutes)| !minutes.worst.used.is_empty())
        .collect();
    let in_all = drawn.len();
    if in_all > MOST {
        drawn.sort_by(|a, b| b.0.rank.total_cmp(&a.0.rank));
        drawn.truncate(MOST);
    }
    let (first, minutes) = drawn.first()?;
    let buckets = Buckets::of_line(shown, minutes.first, minutes.range.len());
    let mut notes = Vec::new();
    if in_all > MOST {
        notes.push(format!(
            "{MOST} of {} are drawn: those that come nearest to their limit.",
            counted(in_all as u64, "outbound")
        ));
    }
    let has_median = drawn.iter().any(|(_, minutes)| minutes.pool_count() > FEW);
    notes.extend(buckets.note(match has_median {
        true => {
            "the most ports in use, the fewest for the lower edge, and the mean of the median line"
        }
        false => "the most ports in use, and the fewest for the lower edge",
    }));
    let below = |(one, minutes): &(&ShownOutbound, &Minutes)| {
        let refuses = minutes.worst.refused.iter().any(|refused| *refused > 0.0);
        refuses && one.figures.pools.peak_used < one.figures.pools.limit
    };
    if drawn
        .iter()
        .any(|one| one.0.pool_noun() == "gateway" && below(one))
    {
        notes.push(
            "A NAT Gateway also has a limit of active connections to one endpoint (50,000 a public IP), \
             which can refuse below its ports."
                .to_owned(),
        );
    }
    let panels: Vec<Vec<&ShownOutbound>> = drawn.iter().map(|(one, _)| vec![*one]).collect();
    let moments = Moments::of(shown, &panels);
    notes.extend(moments.notes.iter().cloned());
    let worst = drawn
        .iter()
        .copied()
        .rev()
        .max_by(|a, b| a.0.worse().total_cmp(&b.0.worse()))
        .unwrap_or((first, minutes));
    Some(Chart {
        id: "ports".to_owned(),
        title: title(worst.0, worst.1),
        subtitle: shown
            .subtitle("ports in use toward the fullest endpoint, a pool's peak each minute"),
        description: described(&drawn) + &moments.described(),
        x: minutes::axis(shown),
        panels: drawn
            .iter()
            .enumerate()
            .map(|(i, (one, minutes))| panel(shown, one, minutes, moments.mark(i)))
            .collect(),
        notes,
        zoom: true,
    })
}

fn panel(shown: &Shown, one: &ShownOutbound, minutes: &Minutes, moments: Option<Mark>) -> Panel {
    let buckets = Buckets::of_line(shown, minutes.first, minutes.range.len());
    let worst = &minutes.worst;
    let limits = one.limits(&worst.pool);
    let highest = minutes.range.iter().map(|(_, high)| *high);
    let most_ports = limits
        .iter()
        .map(|(_, limit)| *limit)
        .chain(highest)
        .fold(0.0, f64::max);
    let noun = one.pool_noun();
    let several = minutes.pool_count() > 1 || minutes.pools.len() > 1;
    let mut marks = vec![Mark {
        series: "refuses SYNs".to_owned(),
        tone: Tone::Alarm,
        shape: Shape::Spans(spans(&buckets.points(&worst.refused, most))),
    }];
    marks.extend(moments);
    if several {
        let range = |range: &[(f64, f64)]| {
            let low = range
                .iter()
                .map(|(low, _)| *low)
                .fold(f64::INFINITY, f64::min);
            let high = range.iter().map(|(_, high)| *high).fold(0.0, f64::max);
            Some((low, high))
        };
        marks.push(Mark {
            series: "range over pools and replications".to_owned(),
            tone: Tone::Muted,
            shape: Shape::Band(Band {
                points: buckets.points(&minutes.range, range),
                step: true,
            }),
        });
    }
    marks.extend(others(minutes, &buckets));
    if let Some(median) = median(one).filter(|_| minutes.pool_count() > FEW) {
        marks.push(Mark {
            series: "median pool".to_owned(),
            tone: Tone::Muted,
            shape: Shape::Line(Line {
                points: buckets.points(median, |values| Some(mean(values))),
                step: true,
                dashed: true,
                label: Some(format!("median {noun}")),
            }),
        });
    }
    marks.push(Mark {
        series: "worst pool".to_owned(),
        tone: Tone::Series(0),
        shape: Shape::Line(Line {
            points: highest_of(&worst.used, &buckets),
            step: true,
            dashed: false,
            label: Some(short(&worst.pool, 16)),
        }),
    });
    let label = |limit: f64| match minutes.pool_count() {
        1 => format!("{} ports", count(limit as u64)),
        _ if !one.pools_are_alike() => {
            format!(
                "{} ports of {}",
                count(limit as u64),
                short(&worst.pool, 16)
            )
        }
        _ => format!("{} ports a {noun}", count(limit as u64)),
    };
    marks.push(Mark {
        series: "limit".to_owned(),
        tone: Tone::Limit,
        shape: match limits[..] {
            // Of a pool that is not there all the time.
            [(_, limit)] if worst.used.iter().any(|used| used.is_nan()) => {
                let there = highest_of(&worst.used, &buckets).into_iter();
                Shape::Line(Line {
                    points: there.map(|(at, used)| (at, used.map(|_| limit))).collect(),
                    step: true,
                    dashed: false,
                    label: Some(label(limit)),
                })
            }
            [(_, limit)] => Shape::Rule(Rule {
                at: limit,
                label: label(limit),
            }),
            _ => Shape::Line(Line {
                points: steps(&limits, shown),
                step: true,
                dashed: false,
                label: Some("ports there are".to_owned()),
            }),
        },
    });
    let whose = match minutes.pool_count() {
        1 => String::new(),
        pools => format!(": {}", counted(pools as u64, noun)),
    };
    let seen = match (minutes.pool_count(), minutes.pools.len()) {
        (1, 1) => String::new(),
        (1, _) => format!(", line: replication {}", worst.replication),
        (_, 1) => format!(", line: {}", short(&worst.pool, 16)),
        (pools, _) if pools <= FEW => format!(", lines: replication {}", worst.replication),
        _ => format!(
            ", line: {} in replication {}",
            short(&worst.pool, 16),
            worst.replication
        ),
    };
    Panel {
        title: Some(format!("{}{whose}{seen}", one.name)),
        y: Axis::from_zero("ports in use", Unit::Whole, 1.08 * most_ports),
        marks,
    }
}

/// Pools that are drawn one by one: the median of two would be the lower.
const FEW: usize = 3;

/// Where there are few pools, those beside the worst, in its replication.
fn others(minutes: &Minutes, buckets: &Buckets) -> Vec<Mark> {
    let worst = &minutes.worst;
    let pools = minutes.pools[worst.replication as usize].iter();
    let drawn = pools.filter(|pool| minutes.pool_count() <= FEW && pool.name != worst.pool);
    let mark = |pool: &PoolMinutes| {
        let used: Vec<f64> = pool.used.iter().map(|used| f64::from(*used)).collect();
        Mark {
            series: "other pools".to_owned(),
            tone: Tone::Muted,
            shape: Shape::Line(Line {
                points: highest_of(&used, buckets),
                step: true,
                dashed: true,
                label: Some(short(&pool.name, 16)),
            }),
        }
    };
    drawn.map(mark).collect()
}

/// The highest use of each bucket as a line, with gaps where the pool is not there.
fn highest_of(used: &[f64], buckets: &Buckets) -> Vec<(f64, Option<f64>)> {
    closed(buckets.points(used, |values| {
        let highest = values.iter().copied().fold(f64::NAN, f64::max);
        (!highest.is_nan()).then_some(highest)
    }))
}

/// A line that goes to the end of the minute after which it stops.
fn closed(points: Vec<(f64, Option<f64>)>) -> Vec<(f64, Option<f64>)> {
    let mut before = None;
    let mut line = Vec::with_capacity(points.len());
    for (at, value) in points {
        if value.is_none() && before.is_some() {
            line.push((at, before));
        }
        line.push((at, value));
        before = value;
    }
    line
}

/// Limits as a line over the time that is shown.
fn steps(limits: &[(f64, f64)], shown: &Shown) -> Vec<(f64, Option<f64>)> {
    let (from, to) = shown.time;
    let start = shown.clock.unwrap_or(0.0);
    let limits: Vec<(f64, f64)> = limits
        .iter()
        .map(|(at, limit)| (start + at, *limit))
        .collect();
    let begun = limits.iter().rev().find(|(at, _)| *at <= from);
    let first = begun.map(|(_, limit)| (from, *limit));
    let later = limits
        .iter()
        .copied()
        .filter(|(at, _)| *at > from && *at < to);
    let last = limits.last().map(|(_, limit)| (to, *limit));
    let points = first.into_iter().chain(later).chain(last);
    points.map(|(at, limit)| (at, Some(limit))).collect()
}

/// The median over pools, mean over replications.
fn median<'a>(one: &ShownOutbound<'a>) -> Option<&'a [f64]> {
    let timeline = one.figures.timeline.as_ref()?;
    let wanted = timeline.series.iter().find(|series| {
        series.metric == "snatsim.usedPorts"
            && series.dimensions.get("pools").map(String::as_str) == Some("median")
    });
    wanted.map(|series| series.values.as_slice())
}

/// Stretches in which SYNs were refused.
fn spans(refused: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for pair in refused.windows(2) {
        let ((from, value), (to, _)) = (pair[0], pair[1]);
        match spans.last_mut() {
            _ if value == 0.0 => {}
            Some(last) if last.1 == from => last.1 = to,
            _ => spans.push((from, to)),
        }
    }
    spans
}

fn title(one: &ShownOutbound, minutes: &Minutes) -> String {
    let worst = &minutes.worst;
    let full = worst
        .refused
        .iter()
        .filter(|refused| **refused > 0.0)
        .count();
    let (peak, limit) = (one.figures.pools.peak_used, one.figures.pools.limit);
    if full > 0 {
        let pool = match minutes.pool_count() {
            1 => one.name.clone(),
            _ => format!("Under {}, {}", one.name, short(&worst.pool, 20)),
        };
        // Below its ports it is short of connections to one endpoint.
        let what = match peak < limit {
            true => "refuses SYNs",
            false => "has no port left",
        };
        return format!(
            "{pool} {what} in {} of {}",
            count(full as u64),
            counted(worst.refused.len() as u64, "minute")
        );
    }
    if peak == limit {
        return format!(
            "{} reaches its limit of {}, and refuses no SYN",
            one.name,
            one.figures.ports_at_peak()
        );
    }
    format!(
        "{} comes nearest to its limit, and stays below it: {} of {} ({})",
        one.name,
        count(u64::from(peak)),
        one.figures.ports_at_peak(),
        share(f64::from(peak) / f64::from(limit))
    )
}

fn described(drawn: &[(&ShownOutbound, &Minutes)]) -> String {
    let words: Vec<String> = drawn
        .iter()
        .map(|(one, minutes)| {
            let worst = &minutes.worst;
            let full = worst
                .refused
                .iter()
                .filter(|refused| **refused > 0.0)
                .count();
            let refuses = match full {
                0 => "refuses no SYN".to_owned(),
                full => format!("refuses SYNs in {}", counted(full as u64, "minute")),
            };
            let whose = match minutes.pool_count() {
                1 => String::new(),
                pools => format!("the fullest of {} ", counted(pools as u64, one.pool_noun())),
            };
            format!(
                "{}: {whose}peaks at {} of {}; {} {refuses}",
                one.name,
                count(u64::from(one.figures.pools.peak_used)),
                one.figures.ports_at_peak(),
                short(&worst.pool, 20)
            )
        })
        .collect();
    format!(
        "Ports in use over time against the limit. {}.",
        words.join(". ")
    )
}

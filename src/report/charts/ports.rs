//! Ports in use against the limit, over time: all pools as a band, the worst by name.

use super::minutes::{self, Buckets, mean, most};
use super::moments::Moments;
use super::{Shown, ShownOutbound};
use crate::report::chart::{Axis, Band, Chart, Line, Mark, Panel, Rule, Shape, Tone, Unit, short};
use crate::report::saved::{Minutes, PoolMinutes};
use crate::results::words::{count, counted, list, share};

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
    notes.extend(
        drawn
            .iter()
            .filter_map(|(one, minutes)| beyond(one, minutes)),
    );
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
    let there = minutes.there(&worst.used);
    let limits = one.limits(&worst.pool, there);
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
    marks.extend(others(one, minutes, &buckets));
    if minutes.pool_count() > FEW {
        let of_bucket = |values: &[f64]| {
            let there: Vec<f64> = values
                .iter()
                .copied()
                .filter(|used| !used.is_nan())
                .collect();
            (!there.is_empty()).then(|| mean(&there))
        };
        let name = match one.pools_are_alike() {
            true => format!("median {noun}"),
            false => format!("median of {}", count(alike(one, minutes).count() as u64)),
        };
        marks.push(Mark {
            series: "median pool".to_owned(),
            tone: Tone::Muted,
            shape: Shape::Line(Line {
                points: closed(buckets.points(&median(one, minutes), of_bucket)),
                step: true,
                dashed: true,
                label: Some(name),
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
                points: steps(&limits, there.1, shown),
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

/// The pools, in the replication of the worst, that have as many ports as it.
fn alike<'a>(
    one: &'a ShownOutbound,
    minutes: &'a Minutes,
) -> impl Iterator<Item = &'a PoolMinutes> {
    let worst = &minutes.worst;
    let ports = one.ports_of(&worst.pool);
    let pools = minutes.pools[worst.replication as usize].iter();
    pools.filter(move |pool| one.ports_of(&pool.name) == ports)
}

/// The pools that are drawn beside the worst, in its replication: all where there are few, else those that are not like
/// it and have the highest peaks.
fn beside<'a>(one: &ShownOutbound, minutes: &'a Minutes) -> Vec<&'a PoolMinutes> {
    let worst = &minutes.worst;
    let pools = minutes.pools[worst.replication as usize].iter();
    let others = pools.filter(|pool| pool.name != worst.pool);
    if minutes.pool_count() <= FEW {
        return others.collect();
    }
    let ports = one.ports_of(&worst.pool);
    let unlike = others.filter(|pool| one.ports_of(&pool.name) != ports);
    let mut unlike: Vec<&PoolMinutes> = unlike.collect();
    let peak = |pool: &PoolMinutes| pool.used.iter().copied().fold(0.0, f32::max);
    unlike.sort_by(|a, b| peak(b).total_cmp(&peak(a)));
    unlike.truncate(FEW);
    unlike
}

/// How many ports there are of a pool that is drawn and whose limit is not.
fn beyond(one: &ShownOutbound, minutes: &Minutes) -> Option<String> {
    let limit = one.ports_of(&minutes.worst.pool);
    let beside = beside(one, minutes);
    let ports = beside
        .iter()
        .map(|pool| (pool, one.ports_of(&pool.name)))
        .filter(|(_, ports)| *ports > limit);
    let words: Vec<String> = ports
        .map(|(pool, ports)| {
            format!(
                "{} has {} ports",
                short(&pool.name, 16),
                count(ports.into())
            )
        })
        .collect();
    (!words.is_empty()).then(|| format!("{}: {}, above what is drawn.", one.name, list(&words)))
}

fn others(one: &ShownOutbound, minutes: &Minutes, buckets: &Buckets) -> Vec<Mark> {
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
    beside(one, minutes).into_iter().map(mark).collect()
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

/// Limits as a line over the time that is shown, to when they end.
fn steps(limits: &[(f64, f64)], end: f64, shown: &Shown) -> Vec<(f64, Option<f64>)> {
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
    let last = limits
        .last()
        .map(|(_, limit)| (to.min(start + end), *limit));
    let points = first.into_iter().chain(later).chain(last);
    points.map(|(at, limit)| (at, Some(limit))).collect()
}

/// The median over pools like the worst that the range is over too, mean over replications; NaN where there is none.
fn median(one: &ShownOutbound, minutes: &Minutes) -> Vec<f64> {
    let ports = one.ports_of(&minutes.worst.pool);
    let runs: Vec<Vec<&PoolMinutes>> = minutes
        .pools
        .iter()
        .map(|pools| {
            let counts = |pool: &&PoolMinutes| {
                one.ports_of(&pool.name) == ports && pool.used.iter().any(|used| *used > 0.0)
            };
            pools.iter().filter(counts).collect()
        })
        .collect();
    let of_run = |pools: &Vec<&PoolMinutes>, minute: usize| {
        let there = pools.iter().map(|pool| pool.used[minute]);
        let mut used: Vec<f32> = there.filter(|used| !used.is_nan()).collect();
        used.sort_unstable_by(f32::total_cmp);
        // Of two the lower, as in the series of a result.
        let middle = used.len().checked_sub(1)? / 2;
        Some(f64::from(used[middle]))
    };
    let of_minute = |minute: usize| {
        let medians: Vec<f64> = runs
            .iter()
            .filter_map(|pools| of_run(pools, minute))
            .collect();
        match medians.is_empty() {
            true => f64::NAN,
            false => mean(&medians),
        }
    };
    (0..minutes.range.len()).map(of_minute).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::charts::tests::{FAILED, saved};
    use crate::report::saved::Saved;
    use crate::results::{EventResult, Part};

    /// The Load Balancer of a small comparison with these pools: a name, its ports, and how many are in use each minute.
    fn with(pools: &[(&str, u32, [f32; 2])]) -> Saved {
        let mut saved = saved(&FAILED, "results");
        saved.document.outbounds.truncate(1);
        let figures = saved.document.outbounds[0].figures.as_mut().unwrap();
        let part = figures.by_pool[0].clone();
        figures.by_pool = pools
            .iter()
            .map(|(name, limit, _)| Part {
                name: (*name).to_owned(),
                limit: *limit,
                ..part.clone()
            })
            .collect();
        let minutes = &mut saved.details[0].as_mut().unwrap().minutes;
        let pool = |(name, _, used): &(&str, u32, [f32; 2])| PoolMinutes {
            name: (*name).to_owned(),
            used: used.to_vec(),
            refused: vec![false; 2],
        };
        minutes.pools = vec![pools.iter().map(pool).collect()];
        minutes.range = vec![(0.0, 900.0); 2];
        minutes.worst.pool = pools[0].0.to_owned();
        minutes.worst.replication = 0;
        minutes.worst.used = pools[0].2.map(f64::from).to_vec();
        minutes.worst.refused = vec![0.0; 2];
        saved
    }

    fn line(chart: &Chart, series: &str) -> (String, Vec<Option<f64>>) {
        let mut marks = chart.panels[0].marks.iter();
        let mark = marks.find(|mark| mark.series == series);
        let Shape::Line(line) = &mark.expect(series).shape else {
            panic!("{series} is a line");
        };
        let values = line.points.iter().map(|(_, value)| *value).collect();
        (line.label.clone().unwrap(), values)
    }

    fn drawn(pools: &[(&str, u32, [f32; 2])]) -> Chart {
        chart(&Shown::new(&[with(pools)])).unwrap()
    }

    #[test]
    fn nodes_that_nothing_runs_on_are_in_no_median() {
        let idle = [0.0, 0.0];
        let chart = drawn(&[
            ("a", 1_024, [900.0, 800.0]),
            ("b", 1_024, [500.0, 600.0]),
            ("c", 1_024, idle),
            ("d", 1_024, idle),
            ("e", 1_024, idle),
        ]);
        let (label, values) = line(&chart, "median pool");
        assert_eq!(label, "median node");
        assert_eq!(values, [Some(500.0), Some(600.0), Some(600.0)]);
        assert_eq!(chart.notes, Vec::<String>::new());
    }

    /// Nodes that have half of their ports from 30 s on, and become a gateway at 60 s.
    #[test]
    fn every_pool_has_the_limits_of_its_own_type() {
        let mut saved = with(&[
            ("a", 1_024, [900.0, f32::NAN]),
            ("gateway", 64_512, [f32::NAN, 6_000.0]),
        ]);
        let event = |at, limit_before, limit| EventResult {
            at,
            what: "something happens".to_owned(),
            limit_before,
            limit,
            ports_taken_back: 0,
            broken: 0,
        };
        let figures = saved.document.outbounds[0].figures.as_mut().unwrap();
        figures.events = vec![event(30.0, 1_024, 512), event(60.0, 512, 64_512)];
        let results = [saved];
        let mut shown = Shown::new(&results);
        (shown.clock, shown.time) = (None, (0.0, 120.0));
        let one = &shown.outbounds[0];
        let mut minutes = one.details.unwrap().minutes.clone();
        minutes.first = 0;
        let limits = |pool: usize| {
            let pool = &minutes.pools[0][pool];
            one.limits(&pool.name, minutes.there(&pool.used))
        };
        assert_eq!(limits(0), [(0.0, 1_024.0), (30.0, 512.0)]);
        assert_eq!(limits(1), [(60.0, 64_512.0)]);
        let line = steps(
            &limits(0),
            minutes.there(&minutes.pools[0][0].used).1,
            &shown,
        );
        assert_eq!(line.last(), Some(&(60.0, Some(512.0))));
    }

    #[test]
    fn pools_of_another_kind_have_a_line_of_their_own() {
        let there_until = |used| [used, f32::NAN];
        let chart = drawn(&[
            ("a", 1_024, there_until(900.0)),
            ("b", 1_024, there_until(700.0)),
            ("c", 1_024, there_until(600.0)),
            ("gateway", 64_512, [f32::NAN, 6_000.0]),
        ]);
        let (label, values) = line(&chart, "median pool");
        assert_eq!(label, "median of 3");
        assert_eq!(values, [Some(700.0), Some(700.0), None, None]);
        let (label, values) = line(&chart, "other pools");
        assert_eq!(label, "gateway");
        assert_eq!(values, [None, Some(6_000.0), Some(6_000.0)]);
        assert_eq!(
            chart.notes,
            ["LB default: gateway has 64,512 ports, above what is drawn."]
        );
    }
}

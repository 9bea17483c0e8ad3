//! Which pools are full when: pools against time, the worst replication.

use super::minutes::{self, Buckets};
use super::moments::Moments;
use super::{Shown, ShownOutbound};
use crate::report::chart::ticks::round_to;
use crate::report::chart::{Axis, Cell, Cells, Chart, Mark, Panel, Shape, Tone, Unit, distinct};
use crate::report::saved::{Minutes, PoolMinutes};
use crate::results::words::{count, counted, share};

/// Rows of all panels together.
const ROWS: usize = 48;

/// Columns.
const COLUMNS: usize = 120;

/// Panels.
const PANELS: usize = 3;

pub(super) fn chart(shown: &Shown) -> Option<Chart> {
    let mut drawn: Vec<(&ShownOutbound, &Minutes)> = shown
        .with_minutes()
        .filter(|(_, minutes)| minutes.pool_count() > 1)
        .collect();
    let in_all = drawn.len();
    drawn.sort_by(|a, b| b.0.rank.total_cmp(&a.0.rank));
    drawn.truncate(PANELS);
    let (worst, minutes) = *drawn.first()?;
    let rows = ROWS / drawn.len();
    let mut notes = Vec::new();
    if in_all > PANELS {
        notes.push(format!(
            "{PANELS} of {} with several pools are drawn: those that fail the most or come nearest to their limit.",
            counted(in_all as u64, "outbound")
        ));
    }
    for (one, minutes) in &drawn {
        if minutes.pool_count() > rows {
            notes.push(format!(
                "{}: {rows} of {} are drawn, those first that refuse SYNs in the most minutes, then those with the most ports in \
                 use over all minutes; of equals the first in their order.",
                one.name,
                counted(minutes.pool_count() as u64, one.pool_noun())
            ));
        }
    }
    notes.extend(
        drawn
            .iter()
            .filter_map(|(one, minutes)| elsewhere(one, minutes)),
    );
    let columns = Buckets::new(shown, minutes.first, minutes.range.len(), COLUMNS);
    notes.extend(columns.note("the fullest of them"));
    let panels: Vec<Vec<&ShownOutbound>> = drawn.iter().map(|(one, _)| vec![*one]).collect();
    let moments = Moments::of(shown, &panels);
    notes.extend(moments.notes.iter().cloned());
    let full = worst.figures.pools.exhausted;
    let noun = worst.pool_noun();
    let title = match full {
        0 => format!(
            "No {noun} runs out of ports under {}; the fullest reaches {} of its limit",
            worst.name,
            share(worst.peak_use())
        ),
        full => format!(
            "{} of {} {} under {}",
            count(full),
            counted(minutes.pool_count() as u64, noun),
            match (full, noun) {
                // They may be short of connections to one endpoint instead.
                (1, "gateway") => "refuses SYNs",
                (_, "gateway") => "refuse SYNs",
                (1, _) => "runs out of ports",
                _ => "run out of ports",
            },
            worst.name
        ),
    };
    Some(Chart {
        id: "nodes-over-time".to_owned(),
        title,
        subtitle: shown.subtitle("ports in use over the limit, each minute"),
        description: format!(
            "Heat map of ports in use, one row a pool, over time. {} of {} refuse SYNs in some replication.{}",
            count(full),
            counted(minutes.pool_count() as u64, noun),
            moments.described()
        ),
        x: minutes::axis(shown),
        panels: drawn
            .iter()
            .enumerate()
            .map(|(i, (one, minutes))| panel(shown, one, minutes, rows, moments.mark(i)))
            .collect(),
        notes,
        zoom: true,
    })
}

/// How many pools refuse SYNs in the replication that is drawn, where more of them do in another.
fn elsewhere(one: &ShownOutbound, minutes: &Minutes) -> Option<String> {
    let run = minutes.worst.replication;
    let pools = minutes.pools[run as usize].iter();
    let here = pools.filter(|pool| pool.refused.contains(&true)).count() as u64;
    let all = one.figures.pools.exhausted;
    (here < all).then(|| {
        format!(
            "{}: {} refuse SYNs in some replication, {} of them in replication {run}.",
            one.name,
            counted(all, one.pool_noun()),
            count(here)
        )
    })
}

/// The most ports that there are at any time of a minute.
fn most_in_minute(limits: &[(f64, f64)], minute: u32) -> f64 {
    let begins = 60.0 * f64::from(minute);
    let from = limits.partition_point(|(at, _)| *at <= begins);
    let until = limits.partition_point(|(at, _)| *at < begins + 60.0);
    let within = &limits[from.saturating_sub(1)..until.max(from)];
    within.iter().map(|(_, limit)| *limit).fold(0.0, f64::max)
}

/// How many there are: `512 to 1,024` where events change it, or pools are not alike.
fn ports(one: &ShownOutbound, minutes: &Minutes, pools: &[&PoolMinutes]) -> String {
    let limits: Vec<f64> = pools
        .iter()
        .flat_map(|pool| one.limits(&pool.name, minutes.there(&pool.used)))
        .map(|(_, limit)| limit)
        .collect();
    let fewest = limits.iter().copied().fold(f64::INFINITY, f64::min);
    let most = limits.iter().copied().fold(0.0, f64::max);
    match fewest < most {
        true => format!("{} to {}", count(fewest as u64), count(most as u64)),
        false => count(most as u64),
    }
}

fn panel(
    shown: &Shown,
    one: &ShownOutbound,
    minutes: &Minutes,
    rows: usize,
    moments: Option<Mark>,
) -> Panel {
    let run = minutes.worst.replication;
    let mut pools: Vec<&PoolMinutes> = minutes.pools[run as usize].iter().collect();
    if pools.len() > rows {
        let rank = |pool: &PoolMinutes| {
            let refused = pool.refused.iter().filter(|refused| **refused).count();
            let used = pool.used.iter().map(|used| f64::from(used.max(0.0)));
            (refused, used.sum::<f64>())
        };
        pools.sort_by(|a, b| {
            let (a, b) = (rank(a), rank(b));
            b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
        });
        pools.truncate(rows);
    }
    let columns = Buckets::new(shown, minutes.first, minutes.range.len(), COLUMNS);
    let mut cells = Vec::new();
    for (row, pool) in pools.iter().enumerate() {
        let limits = one.limits(&pool.name, minutes.there(&pool.used));
        let shares = pool
            .used
            .iter()
            .zip(minutes.first..)
            .map(|(used, minute)| f64::from(*used) / most_in_minute(&limits, minute));
        let shares: Vec<f64> = shares.collect();
        // NaN where the pool is not there.
        let used = columns.points(&shares, |shares| {
            shares.iter().copied().fold(f64::NAN, f64::max)
        });
        let refused = columns.points(&pool.refused, |refused| refused.contains(&true));
        for (pair, (_, alarm)) in used.windows(2).zip(&refused) {
            let ((from, used), (to, _)) = (pair[0], pair[1]);
            if used.is_nan() {
                continue;
            }
            cells.push(Cell {
                x: (from, to),
                y: (row as f64 - 0.5, row as f64 + 0.5),
                value: Some(round_to(used, 6)),
                alarm: *alarm,
                sign: None,
                label: String::new(),
            });
        }
    }
    Panel {
        title: Some(format!(
            "{}: {} ports a {}{}",
            one.name,
            ports(one, minutes, &pools),
            one.pool_noun(),
            match minutes.pools.len() {
                1 => String::new(),
                _ if minutes.worst.refused.iter().any(|refused| *refused > 0.0) => {
                    format!(", replication {run}, in which one refuses the most")
                }
                _ => format!(", replication {run}, the fullest"),
            }
        )),
        y: Axis::categories(
            "",
            distinct(
                &pools
                    .iter()
                    .map(|pool| pool.name.as_str())
                    .collect::<Vec<_>>(),
                18,
            ),
        ),
        marks: std::iter::once(Mark {
            series: "ports in use".to_owned(),
            tone: Tone::Heat,
            shape: Shape::Cells(Cells {
                legend: Axis::between("ports in use over the limit", Unit::Share, 0.0, 1.0),
                cells,
            }),
        })
        .chain(moments)
        .collect(),
    }
}

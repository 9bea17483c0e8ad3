//! What the assumptions change: the failure probability under each other reading of what Azure leaves open.

use super::failure::{Bound, bounds_note};
use super::tornado::{self, Row, Tornado};
use super::{NAME, Shown, ShownOutbound};
use crate::report::chart::{Chart, short};
use crate::results::words::{counted, share};
use crate::results::{Alternative, Estimate};

/// Panels of the chart.
const PANELS: usize = 4;

/// What the base is called.
const BASE: &str = "as assumed";

pub(super) fn chart(shown: &Shown) -> Option<Chart> {
    let mut notes = Vec::new();
    let mut drawn: Vec<(&ShownOutbound, Tornado)> = Vec::new();
    for one in &shown.outbounds {
        let tried = one.result.alternatives.as_deref().unwrap_or_default();
        let refused = tried
            .iter()
            .filter(|tried| tried.failure_probability.is_none());
        notes.extend(refused.map(|tried| {
            format!(
                "{}: Azure would refuse it with {}.",
                one.name,
                reading(tried)
            )
        }));
        drawn.extend(tornado(one, tried, shown.outbounds.len() > 1).map(|made| (one, made)));
    }
    let in_all = drawn.len();
    if in_all > PANELS {
        drawn.sort_by(|a, b| b.1.factor().total_cmp(&a.1.factor()));
        drawn.truncate(PANELS);
        notes.push(format!(
            "{PANELS} of {} are drawn: those that move the most.",
            counted(in_all as u64, "outbound")
        ));
    }
    let (outbounds, tornadoes): (Vec<&ShownOutbound>, Vec<Tornado>) = drawn.into_iter().unzip();
    let (x, panels) = tornado::panels(&tornadoes, "assumption", "another reading")?;
    let methods: Vec<_> = tornadoes.iter().flat_map(Tornado::methods).collect();
    notes.extend(bounds_note(methods.into_iter(), Bound::Open));
    Some(Chart {
        id: "uncertainty".to_owned(),
        title: title(&outbounds, &tornadoes),
        subtitle: shown.subtitle(
            "connections that failed under other readings of what Azure leaves open, one at a time",
        ),
        description: described(&outbounds, &tornadoes),
        x,
        panels,
        notes,
        zoom: false,
    })
}

fn tornado(one: &ShownOutbound, tried: &[Alternative], several: bool) -> Option<Tornado> {
    let rows: Vec<Row> = tried
        .iter()
        .filter_map(|tried| {
            let found = tried.failure_probability.clone()?;
            Some(Row {
                name: reading(tried),
                ends: vec![(String::new(), found)],
            })
        })
        .collect();
    let base = &one.figures.failure_probability;
    if rows.is_empty() || base.estimate.is_none() {
        return None;
    }
    let mut tornado = Tornado {
        title: several.then(|| one.name.clone()),
        base: (BASE.to_owned(), base.clone()),
        rows,
    };
    tornado.sort();
    Some(tornado)
}

/// `refusedSyn reset`.
fn reading(tried: &Alternative) -> String {
    let value = tried.value.as_str();
    let value = value.map_or_else(|| tried.value.to_string(), str::to_owned);
    format!("{} {}", tried.assumption, short(&value, NAME))
}

fn title(outbounds: &[&ShownOutbound], tornadoes: &[Tornado]) -> String {
    let pairs = outbounds.iter().zip(tornadoes);
    // Of equals the first.
    let farthest = pairs
        .rev()
        .max_by(|a, b| a.1.factor().total_cmp(&b.1.factor()));
    let Some((one, tornado)) = farthest else {
        return String::new();
    };
    let seen = |found: &Estimate| found.estimate.is_some_and(|p| p > 0.0);
    let all = || tornadoes.iter().flat_map(|one| &one.rows);
    let base_fails = tornadoes.iter().any(|one| seen(&one.base.1));
    if !base_fails && !all().any(|row| seen(&row.ends[0].1)) {
        return "No connection failed, under no reading of what Azure leaves open".to_owned();
    }
    if tornado.factor() == 1.0 {
        return "No other reading of what Azure leaves open changes what fails".to_owned();
    }
    let fails = |found: &Estimate| match found.estimate {
        Some(p) if p > 0.0 => format!("{} of connections fail", share(p)),
        _ => "none is seen to fail".to_owned(),
    };
    let row = &tornado.rows[0];
    format!(
        "{}: {} as assumed, and {} with {}",
        one.name,
        fails(&tornado.base.1),
        fails(&row.ends[0].1),
        row.name
    )
}

fn described(outbounds: &[&ShownOutbound], tornadoes: &[Tornado]) -> String {
    let words: Vec<String> = outbounds
        .iter()
        .zip(tornadoes)
        .map(|(one, tornado)| {
            let rows: Vec<String> = tornado.rows.iter().map(Row::words).collect();
            let base = Row {
                name: BASE.to_owned(),
                ends: vec![(String::new(), tornado.base.1.clone())],
            };
            format!("{}: {}; {}", one.name, base.words(), rows.join("; "))
        })
        .collect();
    format!(
        "Failure probability under other readings, on a logarithmic axis. {}.",
        words.join(". ")
    )
}

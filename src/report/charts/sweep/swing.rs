//! How much each axis matters: what failures do from its one end to its other, with the others in their middle.

use super::Grid;
use crate::report::chart::{Chart, short};
use crate::report::charts::NAME;
use crate::report::charts::failure::{Bound, bounds_note};
use crate::report::charts::tornado::{self, Row, Tornado};
use crate::results::words::{capital, counted, list};
use crate::results::{Estimate, IntervalMethod};

/// Panels of the chart, and rows of each.
const PANELS: usize = 4;
const ROWS: usize = 12;

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    if grid.axes.len() < 2 {
        return None;
    }
    let mut drawn: Vec<(String, Tornado)> = Vec::new();
    for outbound in &grid.outbounds {
        let name = grid.named(outbound);
        drawn.extend(tornado(grid, outbound).map(|made| (name, made)));
    }
    let in_all = drawn.len();
    if in_all > PANELS {
        drawn.sort_by(|a, b| b.1.factor().total_cmp(&a.1.factor()));
        drawn.truncate(PANELS);
    }
    let (names, tornadoes): (Vec<String>, Vec<Tornado>) = drawn.into_iter().unzip();
    let (x, panels) = tornado::panels(&tornadoes, "axis", "at the ends of an axis")?;
    let methods: Vec<IntervalMethod> = tornadoes.iter().flat_map(Tornado::methods).collect();
    let left_out = (in_all > PANELS).then(|| {
        let all = counted(in_all as u64, "outbound");
        format!("{PANELS} of {all} are drawn: those that move the most.")
    });
    let words: Vec<String> = names
        .iter()
        .zip(&tornadoes)
        .map(|(name, one)| {
            let rows: Vec<String> = one.rows.iter().map(Row::words).collect();
            format!("{name}: {}", rows.join("; "))
        })
        .collect();
    Some(Chart {
        id: "sensitivity".to_owned(),
        title: title(&names, &tornadoes),
        subtitle: grid.subtitle(
            "failures from the least to the most along each axis, the others in their middle",
        ),
        description: format!(
            "Range of the failure probability along each axis. {}.",
            words.join(". ")
        ),
        x,
        panels,
        notes: [
            Some(format!(
                "The middle is {}.",
                grid.words(&grid.middle(), &[])
            )),
            bounds_note(methods.into_iter(), Bound::Open),
            left_out,
        ]
        .into_iter()
        .flatten()
        .collect(),
        zoom: false,
    })
}

fn tornado(grid: &Grid, outbound: &str) -> Option<Tornado> {
    let middle = grid.middle();
    let found = |at: &[usize]| {
        let found = &grid.at(outbound, at)?.failure_probability;
        found.estimate.map(|_| found.clone())
    };
    let base = found(&middle)?;
    let mut rows = Vec::new();
    for (i, axis) in grid.axes.iter().enumerate() {
        let along = (0..axis.labels.len()).filter_map(|position| {
            let mut at = middle.clone();
            at[i] = position;
            Some((short(&axis.labels[position], NAME / 2), found(&at)?))
        });
        let ends = ends(along.collect());
        if ends.len() == 2 {
            rows.push(Row {
                name: short(&axis.name, NAME),
                ends,
            });
        }
    }
    let mut tornado = Tornado {
        title: (grid.outbounds.len() > 1).then(|| grid.named(outbound)),
        base: ("all in their middle".to_owned(), base),
        rows,
    };
    tornado.sort();
    tornado.rows.truncate(ROWS);
    (!tornado.rows.is_empty()).then_some(tornado)
}

/// The least and the most of some values, of equals the first. A bound says how much was looked at, not how little fails:
/// those that were never seen to fail are equals.
fn ends(values: Vec<(String, Estimate)>) -> Vec<(String, Estimate)> {
    let p = |(_, found): &&(String, Estimate)| found.estimate.unwrap_or(0.0);
    let least = values.iter().min_by(|a, b| p(a).total_cmp(&p(b)));
    let most = values.iter().rev().max_by(|a, b| p(a).total_cmp(&p(b)));
    match (least, most) {
        // All alike: the ends of the axis.
        (Some(least), Some(most)) if p(&least) == p(&most) && values.len() > 1 => {
            vec![values[0].clone(), values[values.len() - 1].clone()]
        }
        (Some(least), Some(most)) if values.len() > 1 => vec![least.clone(), most.clone()],
        _ => values,
    }
}

fn title(names: &[String], tornadoes: &[Tornado]) -> String {
    let seen = |found: &Estimate| found.estimate.is_some_and(|p| p > 0.0);
    let mut all = tornadoes
        .iter()
        .flat_map(|one| &one.rows)
        .flat_map(|row| &row.ends);
    if !all.any(|(_, found)| seen(found)) {
        return "From the middle of all axes, no axis alone makes connections fail".to_owned();
    }
    let pairs = names.iter().zip(tornadoes).rev();
    let farthest = pairs.max_by(|a, b| a.1.factor().total_cmp(&b.1.factor()));
    match farthest {
        Some((name, one)) if one.factor() > 1.0 => match names.len() {
            1 => capital(&what_matters(one)),
            _ => format!("Under {name}, {}", what_matters(one)),
        },
        _ => "From the middle of all axes, no axis alone is seen to change what fails".to_owned(),
    }
}

/// Which axis matters most, or why that cannot be told: of axes along which failures vanish nobody knows how far they go.
fn what_matters(one: &Tornado) -> String {
    let (first, others) = one.rows.split_first().expect("a tornado has rows");
    let open = |row: &&Row| row.may_be_more(&one.base.1);
    let rivals: Vec<String> = others
        .iter()
        .filter(open)
        .map(|row| row.name.clone())
        .collect();
    if rivals.is_empty() {
        return format!("what matters most is {}", first.name);
    }
    if !open(&first) {
        return format!(
            "what matters most cannot be told: along {} failures go down to none seen",
            list(&rivals)
        );
    }
    let names: Vec<String> = std::iter::once(first.name.clone()).chain(rivals).collect();
    format!(
        "failures go down to none seen along {}: which matters {} cannot be told",
        list(&names),
        if names.len() == 2 { "more" } else { "most" }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, least: f64, most: f64) -> Row {
        let found = |p: f64, is_bound: bool| Estimate {
            estimate: Some(if is_bound { 0.0 } else { p }),
            low: Some(if is_bound { 0.0 } else { 0.9 * p }),
            high: Some(if is_bound { p } else { 1.1 * p }),
            method: match is_bound {
                true => IntervalMethod::ZeroFailures,
                false => IntervalMethod::Replications,
            },
        };
        // What is negative is a bound.
        let end = |p: f64| (String::new(), found(p.abs(), p < 0.0));
        Row {
            name: name.to_owned(),
            ends: vec![end(least), end(most)],
        }
    }

    fn told(rows: Vec<Row>) -> String {
        let mut one = Tornado {
            title: None,
            base: ("middle".to_owned(), row("", 0.01, 0.01).ends.remove(0).1),
            rows,
        };
        one.sort();
        title(&["LB".to_owned()], &[one])
    }

    #[test]
    fn axes_along_which_failures_vanish_are_not_ranked() {
        let ips = || row("IPs", -1e-6, 0.02);
        let nodes = || row("nodes", -4e-6, 0.3);
        let rate = || row("rate", 0.005, 0.04);
        assert_eq!(told(vec![rate(), ips()]), "What matters most is IPs");
        assert_eq!(
            told(vec![ips(), nodes(), rate()]),
            "Failures go down to none seen along nodes and IPs: which matters more cannot be told"
        );
        let steep = row("steep", 1e-7, 0.3);
        assert_eq!(
            told(vec![steep, ips()]),
            "What matters most cannot be told: along IPs failures go down to none seen"
        );
    }

    #[test]
    fn a_bound_is_never_the_most() {
        // Up to a tenth may fail, or nothing.
        let vague = row("vague", 0.01, -0.1);
        let base = row("", 0.01, 0.01).ends.remove(0).1;
        assert_eq!(vague.factor(&base), 1.0);
        assert_eq!(
            told(vec![vague]),
            "From the middle of all axes, no axis alone is seen to change what fails"
        );
    }
}

//! What public IPs, or the buckets of a firewall, cost against what fails: the plans that no other beats.

use super::plans::{Plan, Set, hardest, plans, sets};
use super::{Grid, TARGET, TARGET_WORDS, meets_target, target};
use crate::report::chart::{
    Axis, Chart, Interval, Intervals, Line, Mark, Panel, Scale, Shape, Tone, Unit, Word, short,
};
use crate::report::charts::failure::{Bound, bounds_note, interval, range};
use crate::report::charts::{COLOURS, NAME};
use crate::results::words::{counted, estimate};

/// Plans whose names have room.
const NAMED: usize = 12;

pub(super) fn chart(grid: &Grid) -> Option<Chart> {
    let sets = sets(grid);
    if sets.is_empty() {
        return None;
    }
    let with_buckets = sets.iter().any(|set| set.instances.is_some());
    let choices: Vec<usize> = sets
        .iter()
        .flat_map(|set| [Some(set.ips), set.instances])
        .flatten()
        .collect();
    let at = hardest(grid, &sets)?;
    let plans = plans(grid, &sets, &at);
    if plans.len() < 2 {
        return None;
    }
    let (front, beaten): (Vec<&Plan>, Vec<&Plan>) =
        plans.iter().partition(|plan| !plan.is_beaten(&plans));
    let mut front = front;
    front.sort_by(|a, b| {
        a.cost
            .total_cmp(&b.cost)
            .then(b.failed().total_cmp(&a.failed()))
    });
    let points = |plans: &[&Plan]| -> Vec<Interval> {
        let of = |plan: &&Plan| {
            let point = interval(plan.cost, &plan.row.failure_probability);
            Interval {
                label: format!("{}: {}", plan.name, point.label),
                ..point
            }
        };
        plans.iter().map(of).collect()
    };
    let all: Vec<&Plan> = plans.iter().collect();
    let (low, high) = range(&points(&all))?;
    let costs = plans.iter().map(|plan| plan.cost);
    let most = costs.clone().fold(0.0, f64::max);
    let least = costs.fold(f64::INFINITY, f64::min);
    let mut notes: Vec<String> = Vec::new();
    let others = grid.words(&at, &choices);
    if !others.is_empty() {
        notes.push(format!(
            "Drawn at {others}, {}.",
            match all.iter().any(|plan| meets_target(plan.row)) {
                true => format!(
                    "the hardest that some plan carries with fewer than {TARGET_WORDS} failing"
                ),
                false => "the easiest there is".to_owned(),
            }
        ));
    }
    if front.len() > NAMED {
        let all = counted(front.len() as u64, "plan");
        notes.push(format!("Not all of the {all} on the line are named."));
    }
    notes.extend(grid.refused());
    notes.extend(bounds_note(
        plans.iter().map(|plan| plan.row.failure_probability.method),
        Bound::Triangle,
    ));
    let what = match with_buckets {
        true => "public IPs × instances",
        false => "public IPs",
    };
    let x = x_axis(what, least, most);
    Some(Chart {
        id: "pareto".to_owned(),
        title: title(&front, &beaten),
        subtitle: grid.subtitle(&format!(
            "failures against {what}; on the line: plans that no other beats"
        )),
        description: described(what, &front, &beaten),
        x: x.clone(),
        panels: vec![Panel {
            title: None,
            y: Axis::log(
                "probability that a connection fails",
                Unit::Share,
                low.min(TARGET) / 1.5,
                high.max(TARGET),
            ),
            marks: marks(grid, &x, &sets, &front, &beaten, &points),
        }],
        notes,
        zoom: false,
    })
}

/// Numbers of IPs, spread by their logarithm where they are far apart.
fn x_axis(what: &str, least: f64, most: f64) -> Axis {
    match most / least >= 8.0 {
        true => Axis {
            scale: Scale::Log,
            ..Axis::between(what, Unit::Whole, least / 1.2, most * 1.5)
        },
        false => Axis::between(what, Unit::Whole, least - 0.05 * most, 1.08 * most),
    }
}

fn marks(
    grid: &Grid,
    x: &Axis,
    sets: &[Set],
    front: &[&Plan],
    beaten: &[&Plan],
    points: &dyn Fn(&[&Plan]) -> Vec<Interval>,
) -> Vec<Mark> {
    let mark = |series: &str, tone, shape| Mark {
        series: series.to_owned(),
        tone,
        shape,
    };
    let intervals = |plans: &[&Plan]| {
        Shape::Intervals(Intervals {
            points: points(plans),
            across: false,
            joined: false,
            label: None,
        })
    };
    let place = |plan: &Plan| {
        let found = &plan.row.failure_probability;
        found.estimate.filter(|p| *p > 0.0).or(found.high)
    };
    let line = Line {
        points: front.iter().map(|plan| (plan.cost, place(plan))).collect(),
        step: true,
        dashed: true,
        label: None,
    };
    // Those of one cost share a place, or nearly so.
    let groups: Vec<&[&Plan]> = front.chunk_by(|a, b| a.cost == b.cost).collect();
    let named = groups.iter().step_by(groups.len().div_ceil(NAMED).max(1));
    let words = named.filter_map(|plans| {
        let names: Vec<&str> = plans.iter().map(|plan| plan.sign.as_str()).collect();
        Some(Word {
            at: (plans[0].cost, place(plans[0])?),
            text: short(&names.join(", "), 2 * NAME),
        })
    });
    let mut marks = vec![
        target(x),
        mark("plans that another beats", Tone::Muted, intervals(beaten)),
        mark("no plan beats these", Tone::Limit, Shape::Line(line)),
    ];
    for (series, set) in sets.iter().enumerate() {
        let own: Vec<&Plan> = front
            .iter()
            .copied()
            .filter(|plan| plan.series == series)
            .collect();
        let tone = Tone::Series(series % COLOURS);
        marks.push(mark(&grid.named(set.outbound), tone, intervals(&own)));
    }
    marks.push(mark(
        "no plan beats these",
        Tone::Limit,
        Shape::Words(words.collect()),
    ));
    marks
}

fn title(front: &[&Plan], beaten: &[&Plan]) -> String {
    let met = front.iter().find(|plan| meets_target(plan.row));
    let good = match met {
        Some(plan) => format!(
            "The least that keeps failures below {TARGET_WORDS} is {}",
            plan.name
        ),
        None => format!("No plan keeps failures below {TARGET_WORDS}"),
    };
    match beaten.len() {
        0 => good,
        1 => format!("{good}; 1 plan is beaten by another"),
        many => format!("{good}; {many} plans are beaten by others"),
    }
}

fn described(what: &str, front: &[&Plan], beaten: &[&Plan]) -> String {
    let plans = |plans: &[&Plan]| -> String {
        let words = plans.iter().map(|plan| {
            let found = estimate(&plan.row.failure_probability);
            format!("{}: {found}", plan.name)
        });
        words.collect::<Vec<_>>().join("; ")
    };
    let beaten = match beaten {
        [] => String::new(),
        some => format!(" Beaten by a cheaper or a better one: {}.", plans(some)),
    };
    format!(
        "Failure probability against {what}. Plans that no other beats: {}.{beaten}",
        plans(front)
    )
}

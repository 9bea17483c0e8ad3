//! Plans: an outbound with so many public IPs, and of a firewall instances.

use super::{Grid, meets_target};
use crate::report::charts::COLOURS;
use crate::results::words::counted;
use crate::sweep::{Row, SavedAxis};

/// A plan: an outbound with its public IPs, and what came of it.
pub(super) struct Plan<'a> {
    /// Its place among the outbounds that have such plans.
    pub series: usize,
    /// `NAT Gateway, 2 IPs`; the outbound only where there are several.
    pub name: String,
    /// Its public IPs, as short as they are written at its place.
    pub sign: String,
    /// Public IPs, or buckets where the instances of a firewall vary too.
    pub cost: f64,
    pub row: &'a Row,
}

impl Plan<'_> {
    pub fn failed(&self) -> f64 {
        self.row.failure_probability.estimate.unwrap_or(0.0)
    }

    /// Whether another beats this one: it costs less and fails no more, or costs the same and is known to fail less.
    pub fn is_beaten(&self, all: &[Plan]) -> bool {
        all.iter().any(|other| {
            let (mine, others) = (
                &self.row.failure_probability,
                &other.row.failure_probability,
            );
            let apart = others.high.zip(mine.low);
            other.cost < self.cost && other.failed() <= self.failed()
                || other.cost == self.cost && apart.is_some_and(|(high, low)| high < low)
        })
    }
}

/// An outbound whose public IPs vary: along which axis, and that of the instances where these vary too.
pub(super) struct Set<'a> {
    pub outbound: &'a str,
    pub ips: usize,
    pub instances: Option<usize>,
}

/// The outbounds whose public IPs vary, as many as there are colours.
pub(super) fn sets<'a>(grid: &Grid<'a>) -> Vec<Set<'a>> {
    let axis = |place: usize, outbound: &str, wanted: &dyn Fn(&SavedAxis) -> bool| {
        let found = grid.axes.iter().position(|axis| {
            wanted(axis)
                && axis
                    .pointers
                    .iter()
                    .any(|pointer| is_of(pointer, place, outbound))
        })?;
        let numbers = &grid.axes[found].values;
        numbers
            .iter()
            .all(serde_json::Value::is_u64)
            .then_some(found)
    };
    let sets = grid.outbounds.iter().filter_map(|outbound| {
        let known = grid.swept.iter().find(|known| known.shown == *outbound)?;
        Some(Set {
            outbound,
            ips: axis(known.place, &known.name, &counts_ips)?,
            instances: axis(known.place, &known.name, &counts_instances),
        })
    });
    sets.take(COLOURS).collect()
}

/// Whether an axis is one of public IPs.
pub(super) fn counts_ips(axis: &SavedAxis) -> bool {
    let ends = [
        "/managedOutboundIPs/count",
        "/managedOutboundIPProfile/count",
        "/publicIPs",
    ];
    let pointers = axis.pointers.iter().map(|pointer| pointer.to_lowercase());
    pointers.into_iter().any(|pointer| {
        ends.iter()
            .any(|end| pointer.ends_with(&end.to_lowercase()))
    })
}

fn counts_instances(axis: &SavedAxis) -> bool {
    let mut pointers = axis.pointers.iter();
    pointers.any(|pointer| pointer.to_lowercase().ends_with("/azurefirewall/instances"))
}

/// Whether a pointer leads into the outbound at `place` of this name.
fn is_of(pointer: &str, place: usize, outbound: &str) -> bool {
    let whose = pointer.split('/').nth(2).unwrap_or_default();
    let whose = whose.replace("~1", "/").replace("~0", "~");
    whose == outbound || whose == place.to_string()
}

/// Where the other axes stand: the point at which the plan that does best fails the most and yet keeps below the target;
/// where none does, the point at which it fails the least.
pub(super) fn hardest(grid: &Grid, sets: &[Set]) -> Option<Vec<usize>> {
    let choices: Vec<usize> = sets
        .iter()
        .flat_map(|set| [Some(set.ips), set.instances])
        .flatten()
        .collect();
    let mut points: Vec<Vec<usize>> = grid
        .rows
        .iter()
        .map(|row| {
            let at = row.at.iter().enumerate();
            at.map(|(i, position)| if choices.contains(&i) { 0 } else { *position })
                .collect()
        })
        .collect();
    points.sort();
    points.dedup();
    let mean = |at: &Vec<usize>| {
        let plans = plans(grid, sets, at);
        let sum: f64 = plans.iter().map(Plan::failed).sum();
        let is_met = plans.iter().any(|plan| meets_target(plan.row));
        (!plans.is_empty()).then(|| (is_met, sum / plans.len() as f64))
    };
    let rated: Vec<(Vec<usize>, (bool, f64))> = points
        .into_iter()
        .filter_map(|at| Some((at.clone(), mean(&at)?)))
        .collect();
    let met = rated.iter().filter(|(_, (is_met, _))| *is_met);
    let hardest = met.max_by(|a, b| a.1.1.total_cmp(&b.1.1));
    let easiest = rated.iter().min_by(|a, b| a.1.1.total_cmp(&b.1.1));
    hardest.or(easiest).map(|(at, _)| at.clone())
}

/// The plans at a place of the other axes.
pub(super) fn plans<'a>(grid: &Grid<'a>, sets: &[Set], at: &[usize]) -> Vec<Plan<'a>> {
    let several = sets.len() > 1;
    let mut plans = Vec::new();
    for (series, set) in sets.iter().enumerate() {
        let number =
            |axis: usize, position: usize| grid.axes[axis].values[position].as_u64().unwrap_or(0);
        let instances = set.instances.map_or(1, |axis| grid.axes[axis].labels.len());
        for ip in 0..grid.axes[set.ips].labels.len() {
            for instance in 0..instances {
                let mut here = at.to_vec();
                here[set.ips] = ip;
                if let Some(axis) = set.instances {
                    here[axis] = instance;
                }
                let Some(row) = grid.at(set.outbound, &here) else {
                    continue;
                };
                if row.failure_probability.estimate.is_none() {
                    continue;
                }
                let ips = number(set.ips, ip);
                let (cost, name, sign) = match set.instances {
                    Some(axis) => {
                        let each = number(axis, instance);
                        let name =
                            format!("{} × {}", counted(ips, "IP"), counted(each, "instance"));
                        (ips * each, name, format!("{ips} × {each}"))
                    }
                    None => (ips, counted(ips, "IP"), counted(ips, "IP")),
                };
                let name = match several {
                    true => format!("{}, {name}", grid.named(set.outbound)),
                    false => name,
                };
                plans.push(Plan {
                    series,
                    name,
                    sign,
                    cost: cost as f64,
                    row,
                });
            }
        }
    }
    plans
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Estimate, IntervalMethod, Verdict};

    fn row(p: f64, low: f64, high: f64) -> Row {
        Row {
            point: 0,
            at: vec![0],
            outbound: "NAT".to_owned(),
            outbound_type: "managedNATGateway".to_owned(),
            verdict: Verdict::Exhausted,
            failure_probability: Estimate {
                estimate: Some(p),
                low: Some(low),
                high: Some(high),
                method: if p == 0.0 {
                    IntervalMethod::ZeroFailures
                } else {
                    IntervalMethod::Replications
                },
            },
            limit: Some(64_512),
            peak_used: Some(1),
        }
    }

    #[test]
    fn a_plan_is_beaten_by_a_cheaper_one_and_by_a_surely_better_one_of_its_cost() {
        let rows = [
            (1.0, row(0.1, 0.09, 0.11)),
            (2.0, row(0.01, 0.009, 0.011)),
            // As many, and not surely fewer fail: neither beats the other.
            (2.0, row(0.0105, 0.0095, 0.0115)),
            // As many, and surely more fail.
            (2.0, row(0.02, 0.019, 0.021)),
            // None seen to fail under both: the cheaper one beats, whatever the bounds.
            (4.0, row(0.0, 0.0, 2e-6)),
            (8.0, row(0.0, 0.0, 1e-6)),
            // Dearer, and more fail.
            (16.0, row(0.001, 0.0009, 0.0011)),
        ];
        let plans: Vec<Plan> = rows
            .iter()
            .map(|(cost, row)| Plan {
                series: 0,
                name: cost.to_string(),
                sign: cost.to_string(),
                cost: *cost,
                row,
            })
            .collect();
        let beaten: Vec<bool> = plans.iter().map(|plan| plan.is_beaten(&plans)).collect();
        assert_eq!(beaten, [false, false, false, true, false, true, true]);
    }

    #[test]
    fn a_pointer_names_an_outbound_or_counts_it() {
        assert!(is_of("/outbound/NAT/natGatewayProfile", 3, "NAT"));
        assert!(is_of("/outbound/3/natGatewayProfile", 3, "NAT"));
        assert!(!is_of("/outbound/2/natGatewayProfile", 3, "NAT"));
        assert!(is_of("/outbound/a~1b/x", 0, "a/b"));
    }
}

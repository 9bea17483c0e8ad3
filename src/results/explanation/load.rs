//! What workloads ask of ports on average: rates against what a pool can carry toward one endpoint.

use super::NextStep;
use crate::engine::PoolPlan;
use crate::model::{Model, Outbound, Traffic};
use crate::results::analytic::{
    CellLoad, Formula, RETRIES, flows, groups, obstacles_in_the_long_run,
};
use crate::results::holds::{trace_parts, unknown_holds};
use crate::results::words::{count, percent};
use crate::traffic::TraceRow;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What workloads ask of the ports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Load {
    /// By destination the fullest pool and endpoint, the fullest first.
    pub rows: Vec<LoadRow>,
    /// Whether SYNs are sent again or connections tried again, so that more are refused than `erlangB` says.
    pub erlang_b_is_least: bool,
    /// What the averages do not show.
    pub caveats: Vec<String>,
}

/// The fullest pool toward an endpoint of a destination. Where load spreads over buckets at random, one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoadRow {
    /// Name of the destination.
    pub destination: String,
    /// The pool.
    pub pool: String,
    /// What there is of what runs short first: ports, or connections that may be active.
    pub limit: u64,
    /// Whether that is the limit on active connections, and not the ports.
    pub limit_is_on_active: bool,
    /// Mean seconds that a connection takes one of them.
    pub mean_hold: f64,
    /// New connections per second that fill it: `limit` / `meanHold`.
    pub carries: f64,
    /// New connections per second that it is offered.
    pub offered: f64,
    /// Mean number in use, if none were refused: Erlang.
    pub offered_load: f64,
    /// The same while profiles and states bring the most connections and all bursts have just come, of all workloads
    /// at once; none where no load moves. Batches count with their mean.
    pub highest_load: Option<f64>,
    /// Share of first SYNs refused by the Erlang-B formula, which counts none that is sent again: where some are, more are
    /// refused. None where anything else stands against it.
    pub erlang_b: Option<f64>,
}

impl LoadRow {
    /// Mean use of the limit, if none were refused; 1 is full.
    pub fn mean_use(&self) -> f64 {
        self.offered_load / self.limit as f64
    }

    /// The same while the load is at its highest; on average where no load moves.
    pub fn highest_use(&self) -> f64 {
        self.highest_load.unwrap_or(self.offered_load) / self.limit as f64
    }
}

impl Load {
    /// What the fullest row comes to where nodes, as loaded as they are, have the ports of `step`; none where it comes to
    /// nothing worth a word.
    pub(super) fn after(&self, step: &NextStep) -> Option<String> {
        /// As much of the limit that chance alone may exceed it at times.
        const TIGHT: f64 = 0.8;
        let row = self.rows.iter().find(|row| !row.limit_is_on_active)?;
        let ports = step.ports?;
        let then = row.highest_use() * row.limit as f64 / f64::from(ports);
        (then > TIGHT).then(|| {
            format!(
                "From {} nodes on a node has {} ports: one as loaded as now would need {} of them toward {}.",
                count(u64::from(step.at_nodes)),
                count(u64::from(ports)),
                percent(then),
                row.destination
            )
        })
    }
}

/// A cell that is offered something.
struct Offered {
    pool: usize,
    key: usize,
    load: CellLoad,
}

impl Load {
    pub(super) fn of(model: &Model, outbound: &Outbound, plan: &PoolPlan) -> Load {
        let keys = model.keys(plan);
        let against = obstacles_in_the_long_run(model, plan);
        let formula_holds = against.iter().all(|why| *why == RETRIES);
        let mut formula = Formula::of(plan, formula_holds);
        let mut rows: BTreeMap<u32, LoadRow> = BTreeMap::new();
        let mut has_mean = true;
        for cell in offered(model, plan, &keys) {
            has_mean &= cell.load.held.is_finite();
            if cell.load.rate <= 0.0 || !cell.load.held.is_finite() {
                continue;
            }
            formula.turn_to(plan, cell.pool);
            let found = row(model, outbound, plan, &cell, &mut formula, formula_holds);
            let endpoints = keys.iter().zip(&model.endpoints);
            let to = endpoints.filter(|(key, _)| **key == cell.key);
            for destination in to.map(|(_, endpoint)| endpoint.destination) {
                let name = &model.destinations[destination as usize];
                let known = rows.get(&destination);
                if known.is_none_or(|known| known.highest_use() < found.highest_use()) {
                    let destination_row = LoadRow {
                        destination: name.clone(),
                        ..found.clone()
                    };
                    rows.insert(destination, destination_row);
                }
            }
        }
        let mut rows: Vec<LoadRow> = rows.into_values().collect();
        rows.sort_by(|a, b| b.highest_use().total_cmp(&a.highest_use()));
        let mut caveats = caveats(model, plan, &against, formula.against, has_mean);
        caveats.extend(shared_keys(model, &keys));
        if rows.iter().any(|row| row.highest_load.is_some()) {
            caveats.push(
                "At its highest: all loads at once, each for longer than a port is held."
                    .to_owned(),
            );
        }
        Load {
            rows,
            erlang_b_is_least: against.contains(&RETRIES),
            caveats,
        }
    }
}

/// Which destinations have ports in common, because they have addresses in common.
fn shared_keys(model: &Model, keys: &[usize]) -> Option<String> {
    let mut by_key: BTreeMap<usize, BTreeSet<u32>> = BTreeMap::new();
    for (key, endpoint) in keys.iter().zip(&model.endpoints) {
        by_key.entry(*key).or_default().insert(endpoint.destination);
    }
    let shared: BTreeSet<Vec<&str>> = by_key
        .values()
        .filter(|destinations| destinations.len() > 1)
        .map(|destinations| {
            let names = destinations.iter();
            names
                .map(|index| model.destinations[*index as usize].as_str())
                .collect()
        })
        .collect();
    let groups: Vec<String> = shared.iter().map(|names| names.join(" and ")).collect();
    (!groups.is_empty()).then(|| {
        format!(
            "Rows that count the same ports, for they go to the same endpoint: {}.",
            groups.join("; ")
        )
    })
}

/// All cells of `plan`, and what workloads offer them.
fn offered(model: &Model, plan: &PoolPlan, keys: &[usize]) -> Vec<Offered> {
    let key_count = keys.iter().max().map_or(0, |last| last + 1);
    let flows = flows(model, plan);
    let recorded = recorded(model, plan, keys);
    let mut cells = Vec::new();
    for group in groups(plan, model.nodes.len()) {
        let mut loads = group.loads(plan, &flows, keys, key_count);
        for ((_, key), load) in recorded.range((group.pool, 0)..(group.pool, key_count)) {
            loads[*key].rate += load.rate;
            loads[*key].held += load.held;
            loads[*key].active += load.active;
            loads[*key].highest += load.held;
        }
        let pool = group.first_pool;
        cells.extend(
            loads
                .into_iter()
                .enumerate()
                .map(|(key, load)| Offered { pool, key, load }),
        );
    }
    cells
}

/// What traces bring on average, by the pool that the groups of `plan` are of and key.
fn recorded(
    model: &Model,
    plan: &PoolPlan,
    keys: &[usize],
) -> BTreeMap<(Option<u32>, usize), CellLoad> {
    let mut loads: BTreeMap<_, CellLoad> = BTreeMap::new();
    for workload in &model.workloads {
        let Traffic::Trace(rows) = &workload.traffic else {
            continue;
        };
        let mut by_cell: BTreeMap<_, Vec<TraceRow>> = BTreeMap::new();
        for row in rows {
            let cell = (plan.pool_of(row.node), keys[row.endpoint as usize]);
            by_cell.entry(cell).or_default().push(*row);
        }
        for (cell, rows) in by_cell {
            let load = loads.entry(cell).or_default();
            for part in trace_parts(model, plan, workload, &rows) {
                let (held, active) = part.port_time();
                load.rate += part.rate;
                load.held += part.rate * held;
                load.active += part.rate * active;
            }
        }
    }
    loads
}

fn row(
    model: &Model,
    outbound: &Outbound,
    plan: &PoolPlan,
    cell: &Offered,
    formula: &mut Formula,
    formula_holds: bool,
) -> LoadRow {
    // A bucket, or all buckets of an instance, has its part of the load.
    let parts = formula.parts;
    let CellLoad {
        rate,
        held,
        active,
        highest,
    } = cell.load;
    let of_pool = plan.of_pool(cell.pool);
    let second = of_pool.active_limit.filter(|limit| !limit.counts_held);
    let second = second.map(|limit| u64::from(limit.limit));
    let of_ports = held / parts / formula.ports as f64;
    let on_active = second.filter(|limit| active / parts / *limit as f64 > of_ports);
    let (limit, load) = match on_active {
        Some(limit) => (limit, active),
        None => (formula.ports, held),
    };
    let (offered, offered_load) = (rate / parts, load / parts);
    let moves = highest > held * (1.0 + 1e-9);
    let mean_hold = load / rate;
    let erlang_b = formula_holds.then(|| formula.blocking(held, active));
    LoadRow {
        destination: String::new(),
        pool: match parts > 1.0 {
            true if formula.ports > u64::from(of_pool.limit) => "each instance".to_owned(),
            true => "each bucket".to_owned(),
            false => model.pool_name_under(outbound.kind, &outbound.setup, plan, cell.pool),
        },
        limit,
        limit_is_on_active: on_active.is_some(),
        mean_hold,
        carries: limit as f64 / mean_hold,
        offered,
        offered_load,
        highest_load: moves.then(|| highest / parts * load / held),
        erlang_b,
    }
}

fn caveats(
    model: &Model,
    plan: &PoolPlan,
    against: &[&str],
    on_the_way: Option<&str>,
    has_mean: bool,
) -> Vec<String> {
    let has = |wanted: fn(&Traffic) -> bool| {
        let mut traffic = model.workloads.iter().map(|workload| &workload.traffic);
        traffic.any(wanted)
    };
    let mut caveats = Vec::new();
    for workload in &model.workloads {
        if let Some(why) = unknown_holds(model, plan, workload) {
            caveats.push(format!(
                "Workload \"{}\" is left out, for it has {why}: only a run tells how many ports that takes.",
                workload.name
            ));
        }
    }
    if !has_mean {
        caveats.push(
            "A lifetime without a mean is left out: no average tells what it asks for.".to_owned(),
        );
    }
    if has(|traffic| matches!(traffic, Traffic::Trace(_))) {
        caveats.push(
            "A trace counts with its mean over the run; its bursts ask for more at a time."
                .to_owned(),
        );
    }
    if has(|traffic| matches!(traffic, Traffic::Closed { .. })) {
        caveats.push(
            "A closed loop counts with the rate at which nobody waits for a port.".to_owned(),
        );
    }
    let others: Vec<&str> = against
        .iter()
        .copied()
        .filter(|why| *why != RETRIES)
        .collect();
    if !others.is_empty() {
        caveats.push(format!(
            "Erlang-B says nothing here: {}.",
            others.join(", ")
        ));
    } else if against.contains(&RETRIES) {
        caveats.push(
            "Erlang-B counts first SYNs only; those that are sent again ask for more ports."
                .to_owned(),
        );
    }
    caveats.extend(on_the_way.map(|why| format!("Erlang-B says too little here: {why}.")));
    caveats
}

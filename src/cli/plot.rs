//! The small plot beside or below the table of `run` and `compare`, for people at a terminal.

use super::simulation::terminal_width;
use crate::model::Model;
use crate::report;
use std::io::{self, IsTerminal};

/// Minutes of pools that are kept for a plot alone, over all replications: some 64 MiB.
const MOST_MINUTES: u128 = 4_000_000;

/// Whether standard output is a terminal that has room for a plot, and the minutes it takes are few enough to keep:
/// `replications` of them at most.
pub(super) fn fits(model: &Model, replications: u32) -> bool {
    io::stdout().is_terminal()
        && terminal_width() >= report::NARROWEST_PLOT
        && minutes(model) * u128::from(replications) <= MOST_MINUTES
}

/// Minutes of all pools of all outbound types, in one replication.
fn minutes(model: &Model) -> u128 {
    let pools: usize = model
        .outbounds
        .iter()
        .filter_map(|outbound| outbound.plan.as_ref().ok())
        .map(|plan| plan.pools(model.nodes.len()))
        .sum();
    let window = model.duration.saturating_sub(model.warmup).as_secs_f64();
    pools as u128 * (window / 60.0).ceil() as u128
}

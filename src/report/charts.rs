//! The charts of saved results: which there are, and what each says.

mod causes;
mod failure;
mod heat;
mod holds;
mod latency;
mod minutes;
mod moments;
mod ports;
mod refusals;
mod sweep;
#[cfg(test)]
pub(super) mod tests;
mod tornado;
mod uncertainty;

pub use sweep::{TARGET, of_sweeps};

use super::chart::{Chart, distinct, short};
use super::saved::{Details, Minutes, Saved};
use crate::results::words::{count, counted};
use crate::results::{BurstResult, Figures, OutboundResult};

/// Makes a chart, or none where there is nothing to show.
type Maker = fn(&Shown) -> Option<Chart>;

/// Names of the charts of a run, and what makes them, in the order of the page.
const RUN: &[(&str, Maker)] = &[
    ("failure-probability", failure::chart),
    ("uncertainty", uncertainty::chart),
    ("ports", ports::chart),
    ("refusals", refusals::chart),
    ("connect-latency", latency::chart),
    ("port-holds", holds::chart),
    ("port-causes", causes::chart),
    ("nodes-over-time", heat::chart),
];

/// The charts of results that were saved.
pub fn of_runs(saved: &[Saved]) -> Vec<Chart> {
    let shown = Shown::new(saved);
    let made = RUN.iter().filter_map(|(id, make)| {
        let chart = make(&shown)?;
        debug_assert_eq!(chart.id, *id);
        Some(chart)
    });
    made.collect()
}

/// Names of all charts, as `--only` takes them.
pub fn names() -> impl Iterator<Item = &'static str> {
    let runs = RUN.iter().map(|(id, _)| *id);
    runs.chain(sweep::SWEEP.iter().map(|(id, _)| *id))
}

/// Outbounds that are told apart by colour; more become a blur.
pub const COLOURS: usize = 6;

/// Letters of a name in a chart.
pub const NAME: usize = 26;

/// What is shown: the outbounds of one result or of several.
pub struct Shown<'a> {
    /// Those that were simulated, in order.
    pub outbounds: Vec<ShownOutbound<'a>>,
    /// Scenario, replications and seed.
    pub subtitle: String,
    /// First second counted and end of the run, over all results.
    pub time: (f64, f64),
}

/// An outbound that was simulated.
pub struct ShownOutbound<'a> {
    /// Its name, with that of its result where there are several.
    pub name: String,
    /// Its result.
    pub result: &'a OutboundResult,
    /// Its figures.
    pub figures: &'a Figures,
    /// The bursts of its scenario.
    pub bursts: &'a [BurstResult],
    /// What was recorded beside them.
    pub details: Option<&'a Details>,
    /// Seconds counted, over all replications.
    pub counted: f64,
}

impl<'a> Shown<'a> {
    fn new(saved: &'a [Saved]) -> Shown<'a> {
        let several = saved.len() > 1;
        let labels: Vec<&str> = saved.iter().map(|one| one.label.as_str()).collect();
        let mut outbounds = Vec::new();
        for (one, label) in saved.iter().zip(distinct(&labels, NAME / 2)) {
            let document = &one.document;
            for (result, details) in document.outbounds.iter().zip(&one.details) {
                let Some(figures) = &result.figures else {
                    continue;
                };
                let name = match several {
                    true => format!("{label}: {}", short(&result.name, NAME)),
                    false => short(&result.name, NAME),
                };
                outbounds.push(ShownOutbound {
                    name,
                    result,
                    figures,
                    bursts: &document.bursts,
                    details: details.as_ref(),
                    counted: (document.duration - document.warmup)
                        * f64::from(document.replications),
                });
            }
        }
        Shown {
            outbounds,
            subtitle: subtitle(saved),
            time: saved.iter().fold((f64::INFINITY, 0.0), |(low, high), one| {
                (
                    low.min(one.document.warmup),
                    high.max(one.document.duration),
                )
            }),
        }
    }

    /// What stands under the title of a chart that shows `what`.
    pub fn subtitle(&self, what: &str) -> String {
        format!("{what} · {}", self.subtitle)
    }

    /// The outbounds that have ports and minutes, in order.
    fn with_minutes(&self) -> impl Iterator<Item = (&ShownOutbound<'a>, &Minutes)> {
        let with_ports = self.outbounds.iter();
        with_ports
            .filter(|one| one.figures.pools.limit > 0)
            .filter_map(|one| Some((one, &one.details?.minutes)))
    }

    /// The outbounds that a chart of lines has colours for, those that fail most first to stay, with a note where some
    /// are left out.
    pub fn coloured(&self) -> (Vec<&ShownOutbound<'a>>, Option<String>) {
        let mut all: Vec<&ShownOutbound> = self.outbounds.iter().collect();
        if all.len() <= COLOURS {
            return (all, None);
        }
        let in_all = all.len();
        all.sort_by(|a, b| b.worse().total_cmp(&a.worse()));
        let mut kept: Vec<_> = all.into_iter().take(COLOURS).collect();
        let place = |one: &ShownOutbound| {
            let same = |other: &ShownOutbound| std::ptr::eq(other.result, one.result);
            self.outbounds.iter().position(same)
        };
        kept.sort_by_key(|one| place(one));
        let note = format!(
            "{} of {} are drawn: those that fail the most or come nearest to their limit.",
            COLOURS,
            counted(in_all as u64, "outbound")
        );
        (kept, Some(note))
    }
}

impl ShownOutbound<'_> {
    /// Ports in use at the peak over the limit; 0 without ports.
    pub fn peak_use(&self) -> f64 {
        let pools = &self.figures.pools;
        match pools.limit {
            0 => 0.0,
            limit => f64::from(pools.peak_used) / f64::from(limit),
        }
    }

    /// Whether all pools have as many ports.
    fn pools_are_alike(&self) -> bool {
        let pools = &self.figures.by_pool;
        pools.windows(2).all(|pair| pair[0].limit == pair[1].limit)
    }

    /// Ports of `pool` toward one key: from when on (in seconds of the run), and how many. Where events change gateways that
    /// are not alike, the most that it ever has.
    fn limits(&self, pool: &str) -> Vec<(f64, f64)> {
        let events = &self.figures.events;
        let (Some(first), true) = (events.first(), self.pools_are_alike()) else {
            let own = self.figures.by_pool.iter().find(|part| part.name == pool);
            let limit = own.map_or(self.figures.pools.limit, |part| part.limit);
            return vec![(0.0, f64::from(limit))];
        };
        let later = events.iter().map(|event| (event.at, event.limit));
        let mut limits: Vec<(f64, f64)> = std::iter::once((0.0, first.limit_before))
            .chain(later)
            .map(|(at, limit)| (at, f64::from(limit)))
            .collect();
        limits.dedup_by_key(|(_, limit)| *limit);
        limits
    }

    /// Rises with the failure probability, and below any failure with the use of ports.
    fn worse(&self) -> f64 {
        let failed = self.figures.failure_probability.estimate.unwrap_or(0.0);
        1e6 * failed + self.peak_use()
    }

    /// What a pool of it is called: `node`, `gateway`, `bucket`.
    pub fn pool_noun(&self) -> &'static str {
        self.figures.pools.kind.word()
    }
}

/// Scenario, replications and seed of one result; those that differ are left out of several.
fn subtitle(saved: &[Saved]) -> String {
    let same = |of: &dyn Fn(&Saved) -> String| -> Option<String> {
        let first = of(saved.first()?);
        saved.iter().all(|one| of(one) == first).then_some(first)
    };
    let scenario = same(&|one| short(&one.document.scenario, 2 * NAME))
        .unwrap_or_else(|| format!("{} scenarios", count(saved.len() as u64)));
    let replications = same(&|one| counted(u64::from(one.document.replications), "replication"));
    let seed = same(&|one| format!("seed {}", one.document.seed));
    let parts = [Some(scenario), replications, seed];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

//! The charts of saved results: which there are, and what each says.

mod causes;
mod change;
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
use crate::results::{Document, Figures, OutboundResult, PoolKind};
use std::collections::BTreeMap;

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
        Some(Chart {
            title: change::title(id, &shown).unwrap_or(chart.title),
            ..chart
        })
    });
    made.collect()
}

/// What changed in failures from one of two results to the other, in one sentence; none where there are not two, or no
/// outbound is in both.
pub fn change_of(saved: &[Saved]) -> Option<String> {
    change::title("failure-probability", &Shown::new(saved))
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
    /// What each of the results is called.
    pub labels: Vec<String>,
    /// Scenario, replications and seed.
    pub subtitle: String,
    /// Seconds after midnight at which the runs begin, where they follow the clock.
    pub clock: Option<f64>,
    /// First second counted and end of the run, over all results; after midnight where they follow the clock.
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
    /// What its result is called.
    pub label: String,
    /// Number of its result.
    pub from: usize,
    /// Rises with how badly it fares in any of the results.
    rank: f64,
    /// Its name alone.
    pub own: String,
    /// The result that it is of.
    pub document: &'a Document,
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
        let labels = distinct(&labels, NAME / 2);
        for (from, (one, label)) in saved.iter().zip(&labels).enumerate() {
            let document = &one.document;
            let names: Vec<&str> = document
                .outbounds
                .iter()
                .map(|one| one.name.as_str())
                .collect();
            let names = distinct(&names, NAME);
            let known = document.outbounds.iter().zip(&one.details);
            for ((result, details), name) in known.zip(names) {
                let Some(figures) = &result.figures else {
                    continue;
                };
                outbounds.push(ShownOutbound {
                    name: match several {
                        true => format!("{label}: {name}"),
                        false => name.clone(),
                    },
                    label: label.clone(),
                    from,
                    rank: 0.0,
                    own: name,
                    result,
                    figures,
                    document,
                    details: details.as_ref(),
                    counted: (document.duration - document.warmup)
                        * f64::from(document.replications),
                });
            }
        }
        beside_its_like(&mut outbounds);
        let clocks = saved.iter().map(|one| one.document.clock_at_start);
        let clock = clocks.clone().next().flatten();
        let clock = clock.filter(|_| clocks.clone().all(|other| other == clock));
        let start = clock.unwrap_or(0.0);
        Shown {
            outbounds,
            labels,
            subtitle: subtitle(saved),
            clock,
            time: saved.iter().fold((f64::INFINITY, 0.0), |(low, high), one| {
                (
                    low.min(start + one.document.warmup),
                    high.max(start + one.document.duration),
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
        all.sort_by(|a, b| b.rank.total_cmp(&a.rank));
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

    /// The most ports that `pool` has toward one key.
    fn ports_of(&self, pool: &str) -> u32 {
        let own = self.figures.by_pool.iter().find(|part| part.name == pool);
        own.map_or(self.figures.pools.limit, |part| part.limit)
    }

    /// Ports of `pool` toward one key: from when on (in seconds of the run), and how many. Where events change gateways that
    /// are not alike, the most that it ever has.
    /// It is there `from` when `until` when, in seconds too.
    fn limits(&self, pool: &str, (from, until): (f64, f64)) -> Vec<(f64, f64)> {
        let own = f64::from(self.ports_of(pool));
        let unlike_gateways =
            self.figures.pools.kind == PoolKind::Gateway && !self.pools_are_alike();
        let events = self.figures.events.iter();
        let Some(first) = self.figures.events.first().filter(|_| !unlike_gateways) else {
            return vec![(0.0, own)];
        };
        let later = events.map(|event| (event.at, f64::from(event.limit)));
        let all: Vec<(f64, f64)> = std::iter::once((0.0, f64::from(first.limit_before)))
            .chain(later)
            .collect();
        let ends = all.iter().skip(1).map(|(at, _)| *at).chain([f64::INFINITY]);
        // Where the type changes, the others' limits are not its own: it is not there then, or they are more than it has.
        let own_ones = all
            .iter()
            .zip(ends)
            .filter(|((at, limit), ends)| *limit <= own && *at < until && *ends > from);
        let mut limits: Vec<(f64, f64)> = own_ones.map(|(one, _)| *one).collect();
        if limits.is_empty() {
            limits.push((0.0, own));
        }
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

/// Puts every outbound beside those of its name in other results, in the order of the first.
fn beside_its_like(outbounds: &mut [ShownOutbound]) {
    let mut like: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for (place, one) in outbounds.iter().enumerate() {
        let (_, rank) = like.entry(&one.result.name).or_insert((place, 0.0));
        *rank = rank.max(one.worse());
    }
    for one in outbounds.iter_mut() {
        one.rank = like[one.result.name.as_str()].1;
    }
    // Stable: of one result they may share a name.
    outbounds.sort_by_key(|one| (like[one.result.name.as_str()].0, one.from));
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

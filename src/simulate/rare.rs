//! How often a first SYN is refused where that is too rare to be seen: clusters of refusals met on purpose.
//!
//! While nothing is refused, the ports of a stock are those of a queue with unlimited servers, whose steady state is
//! known: a Poisson number, each met in proportion to its length. So one draws the instants at which such a stock is
//! exactly full, lets the engine refuse what it refuses around each, and counts. `docs/model.md` has the argument.

mod cell;
mod cluster;

use crate::engine::{Grouping, PoolPlan, Protocol};
use crate::fault::{Code, Fault};
use crate::model::{Mix, Model, OpenProcess, Traffic, Workload};
use crate::units::Seed;
use cell::{Flows, Phase, SteadyCell, poisson_tail, stocks};
use cluster::{Clusters, Drawn};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// How rarely a first SYN of an outbound type is refused in the steady state.
#[derive(Clone, Debug, PartialEq)]
pub struct Rare {
    /// Probability that a first SYN is refused, over all connections.
    pub estimate: f64,
    /// Standard error over estimate.
    pub relative_error: f64,
    /// Clusters of refusals drawn.
    pub clusters: u64,
    /// Cells: pools times what they connect to.
    pub cells: u64,
    /// Cells that make up all but a thousandth of the bound.
    pub matter: u64,
}

/// Why there is no such estimate for an outbound type.
#[derive(Clone, Debug, PartialEq)]
pub enum WhyNot {
    /// Refusals are not rare: clusters run into each other in at least one cell.
    NotRare {
        /// Index of the fullest pool.
        pool: usize,
        /// Ports (or active connections, where they are what is short) that it would have toward one key if none were
        /// refused.
        load: f64,
        /// As many as it may have.
        limit: u32,
    },
    /// Ports are held for such different times that one estimate would take this many connections.
    TooLong(f64),
    /// No cell is full as often as this, a probability, even if nothing were refused.
    Never(f64),
    /// The ceiling over all keys may refuse as well.
    Ceiling,
}

/// The open-loop Poisson mix of a workload, if it has one.
fn open_mix(workload: &Workload) -> Option<&Mix> {
    match &workload.traffic {
        Traffic::Open { mix, .. } => Some(mix),
        Traffic::Closed { .. } | Traffic::Trace(_) => None,
    }
}

/// What stands against a steady state that [`rare`] can draw from, workload by workload; none if nothing does.
pub fn obstacles(model: &Model) -> Vec<Fault> {
    let reaching: Vec<_> = model
        .outbounds
        .iter()
        .map(|outbound| model.reaching(outbound))
        .collect();
    let takes_ports = |index: usize| {
        let mut views = reaching.iter();
        views.any(|view| !view.workloads[index].traffic.is_empty())
    };
    let events = model.has_events().then(|| Fault {
        code: Code::E0601,
        pointer: "/events".to_owned(),
        found: "The scenario has events: what is so before them is not so after.".to_owned(),
        allowed: "with --rare: a scenario without events".to_owned(),
        remedy:
            "Leave out --rare, or remove the events and simulate what comes before and after apart."
                .to_owned(),
    });
    let nodes = model.node_nat.as_ref().map(|_| Fault {
        code: Code::E0601,
        pointer: "/cluster/nodeNat".to_owned(),
        found: "The scenario has \"nodeNat\": what reaches a pool depends on what nodes refused.".to_owned(),
        allowed: "with --rare: a scenario without nodeNat".to_owned(),
        remedy: "Leave out --rare; or remove nodeNat, where a plain run shows that nodes refuse nothing.".to_owned(),
    });
    let workloads = model.workloads.iter().enumerate();
    let of_workloads = workloads
        .filter(|(index, _)| takes_ports(*index))
        .filter_map(|(index, workload)| {
            let (field, found, remedy) = obstacle(model, workload)?;
            Some(Fault {
                code: Code::E0601,
                pointer: format!("/workloads/{index}/{field}"),
                found: format!("Workload \"{}\" {found}", workload.name),
                allowed: "with --rare: Poisson arrivals at one rate, lifetimes that have a mean"
                    .to_owned(),
                remedy: remedy.to_owned(),
            })
        });
    let of_scenario = events.into_iter().chain(nodes);
    of_scenario.chain(of_workloads).collect()
}

fn obstacle(
    model: &Model,
    workload: &Workload,
) -> Option<(&'static str, &'static str, &'static str)> {
    const PLAIN: &str = "Leave out --rare: plain simulation takes any load, and more replications bound what it does not see.";
    if workload.pool.is_some() {
        return Some((
            "pool",
            "sends requests through pools: what they open depends on what was refused before.",
            PLAIN,
        ));
    }
    if let Traffic::Open { mix, .. } = &workload.traffic {
        let breaks = |outbound: &crate::model::Outbound| {
            let plan = outbound.plan.as_ref().ok()?;
            let mut endpoints = mix.endpoints.iter();
            endpoints.find_map(|(endpoint, _)| {
                workload.quiet(model.endpoints[*endpoint as usize].protocol, plan)
            })
        };
        if model
            .outbounds
            .iter()
            .any(|outbound| breaks(outbound).is_some())
        {
            let field = match workload.packets.gap {
                Some(_) => "activity",
                None => "keepalive",
            };
            return Some((
                field,
                "has connections that may idle out: how long those hold a port has no law to draw from.",
                PLAIN,
            ));
        }
    }
    match &workload.traffic {
        Traffic::Trace(_) => Some((
            "arrivals/trace",
            "replays a trace: its load varies in time, so there is no steady state to speak of.",
            PLAIN,
        )),
        Traffic::Closed { .. } => Some((
            "arrivals/closed",
            "has clients that wait: what they open depends on what was refused before.",
            PLAIN,
        )),
        Traffic::Open {
            process: OpenProcess::Constant,
            ..
        } => Some((
            "arrivals/constant",
            "opens connections evenly spaced: what a SYN finds depends on when it comes.",
            "Write \"poisson\" instead of \"constant\", or leave out --rare.",
        )),
        Traffic::Open {
            process: OpenProcess::Bursty(_),
            ..
        } => Some((
            "arrivals/bursty",
            "opens connections at one of two rates: how full a pool is depends on which.",
            PLAIN,
        )),
        Traffic::Open {
            process: OpenProcess::Batch(_),
            ..
        } => Some((
            "arrivals/batch",
            "opens connections in batches: a SYN meets those of its own batch.",
            PLAIN,
        )),
        Traffic::Open {
            profile: Some(_), ..
        } => Some((
            "profile",
            "has a profile: its load varies in time, so there is no steady state to speak of.",
            "Leave out --rare, or remove the profile and give the rate of the peak.",
        )),
        Traffic::Open { bursts, .. } if !bursts.is_empty() => Some((
            "bursts",
            "has bursts by the clock: its load varies in time, so there is no steady state to speak of.",
            PLAIN,
        )),
        Traffic::Open { mix, .. } if !mix.lifetime.mean().is_finite() => Some((
            "lifetime",
            "has a lifetime without a mean: it fills any pool in the end.",
            "Give the law a mean (pareto: a shape above 1, or a max).",
        )),
        Traffic::Open { mix, .. } => {
            let tcp = |(endpoint, _): &(u32, f64)| {
                model.endpoints[*endpoint as usize].protocol == Protocol::Tcp
            };
            let holds_several = mix.close.unanswered > 0.0
                && workload.retry.attempts > 1
                && mix.endpoints.iter().any(tcp);
            holds_several.then_some((
                "close/unanswered",
                "tries again what was not answered: one connection then takes several ports.",
                "Set retry.attempts to 1, or leave out --rare.",
            ))
        }
    }
}

/// Estimates, for every outbound of `model` that Azure would accept, how often a first SYN is refused in the steady
/// state; `model` has no [`obstacles`].
///
/// A pure function of the model (its seed included): the same for any number of threads.
/// `progress` hears (clusters drawn, clusters to draw as far as is known), from several threads.
pub fn rare(
    model: &Model,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Vec<Option<Result<Rare, WhyNot>>> {
    let seed = model.seed.stream(&[STREAM]);
    let outbounds = model.outbounds.iter();
    outbounds
        .map(|outbound| {
            let plan = outbound.plan.as_ref().ok()?;
            let sum = Sum::of(&model.reaching(outbound), plan);
            Some(sum.estimate(seed, progress))
        })
        .collect()
}

/// Tells these draws from those of replications, which are numbered from 0.
const STREAM: u64 = u64::MAX;

/// A bound above which clusters of refusals cannot be told apart.
const RARE_BELOW: f64 = 0.01;
/// A bound below which nothing is worth drawing.
const NEVER_BELOW: f64 = 1e-18;
/// What cells that are left out may add, relative to the bound of all.
const NEGLIGIBLE: f64 = 1e-3;
/// Clusters that may run into others.
const MOST_UNSEEN: f64 = 0.02;
/// Clusters drawn of a cell at first, and at most as a multiple of that.
const FEWEST_CLUSTERS: u64 = 256;
const MOST_CLUSTERS: u64 = 128 * FEWEST_CLUSTERS;
/// Connections drawn for the clusters of an outbound type after which no more are begun, and the relative error that is
/// good enough to stop at.
const MOST_CONNECTIONS: f64 = 1e8;
const GOOD_ERROR: f64 = 0.03;
/// Connections of the fewest clusters that are not drawn any more.
const TOO_MANY_CONNECTIONS: f64 = 1e9;

/// What makes cells alike: the ports of their pool, whether they are UDP's, and the bits of the rate of every workload.
type Likeness = (u32, bool, Vec<(usize, u64)>);

/// Cells that are alike.
struct Alike {
    cell: SteadyCell,
    /// The pool of each.
    pools: Vec<usize>,
    /// Share of all connections that meet these cells.
    share: f64,
}

/// An outbound type as the sum of its cells.
struct Sum {
    /// What matters most first.
    alike: Vec<Alike>,
    cells: u64,
    /// A bound of the probability that the ceiling over all keys binds.
    ceiling: f64,
}

impl Sum {
    fn of(model: &Model, plan: &PoolPlan) -> Sum {
        let mut found: BTreeMap<Likeness, Vec<usize>> = BTreeMap::new();
        for (pool, udp, flows) in cells_of(model, plan) {
            let same = flows
                .iter()
                .map(|(workload, rate)| (*workload, rate.to_bits()))
                .collect();
            let limit = plan.of_pool(pool).limit;
            found.entry((limit, udp, same)).or_default().push(pool);
        }
        let alike = found.into_iter().map(|((_, udp, flows), pools)| {
            let flows: Flows = flows
                .into_iter()
                .map(|(workload, bits)| (workload, f64::from_bits(bits)))
                .collect();
            let protocol = if udp { Protocol::Udp } else { Protocol::Tcp };
            let rate: f64 = flows.iter().map(|(_, rate)| rate).sum();
            Alike {
                cell: SteadyCell::new(model, &plan.of_pool(pools[0]), protocol, &flows),
                share: pools.len() as f64 * rate,
                pools,
            }
        });
        let mut alike: Vec<Alike> = alike.collect();
        let rate: f64 = alike.iter().map(|alike| alike.share).sum();
        alike.iter_mut().for_each(|alike| alike.share /= rate);
        alike.sort_by(|a, b| (b.share * b.cell.bound()).total_cmp(&(a.share * a.cell.bound())));
        let scopes = plan.ceiling_scopes();
        let ceiling = plan.ceiling.filter(|_| scopes > 0).map_or(0.0, |ceiling| {
            let stocks_a_scope = f64::from(stocks(plan).0) / scopes as f64;
            let gateways = match plan.grouping {
                Grouping::ByGateway(_) => plan.pools(model.nodes.len()),
                _ => 1,
            };
            // Every gateway has a ceiling of its own; the one with the highest load matters.
            let mut loads = vec![0.0; gateways];
            for alike in &alike {
                let active = alike.cell.load(Phase::Active) / f64::from(alike.cell.stocks);
                for pool in &alike.pools {
                    loads[pool % gateways] += active;
                }
            }
            let load = loads.into_iter().fold(0.0, f64::max) * stocks_a_scope;
            poisson_tail(load, ceiling.limit)
        });
        Sum {
            cells: alike.iter().map(|alike| alike.pools.len() as u64).sum(),
            alike,
            ceiling,
        }
    }

    fn estimate(&self, seed: Seed, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Rare, WhyNot> {
        let bounds: Vec<f64> = self
            .alike
            .iter()
            .map(|alike| alike.share * alike.cell.bound())
            .collect();
        let all: f64 = bounds.iter().sum();
        let fullest = self
            .alike
            .iter()
            .max_by(|a, b| a.cell.bound().total_cmp(&b.cell.bound()));
        if let Some(fullest) = fullest.filter(|fullest| fullest.cell.bound() > RARE_BELOW) {
            return Err(fullest.not_rare());
        }
        if all < NEVER_BELOW {
            return Err(WhyNot::Never(NEVER_BELOW));
        }
        if self.ceiling > NEGLIGIBLE * all {
            return Err(WhyNot::Ceiling);
        }
        let mut left = all;
        let mut sum = Rare {
            estimate: 0.0,
            relative_error: 0.0,
            clusters: 0,
            cells: self.cells,
            matter: 0,
        };
        let mut variance = 0.0;
        for (index, (alike, bound)) in self.alike.iter().zip(&bounds).enumerate() {
            if left <= NEGLIGIBLE * all {
                break;
            }
            let part = alike.estimate(seed.stream(&[index as u64]), bound / all, progress)?;
            sum.estimate += alike.share * part.mean;
            variance += (alike.share * part.error).powi(2);
            sum.clusters += part.clusters;
            sum.matter += alike.pools.len() as u64;
            left -= bound;
        }
        sum.relative_error = variance.sqrt() / sum.estimate;
        Ok(sum)
    }
}

/// What was found of cells that are alike.
struct Found {
    mean: f64,
    error: f64,
    clusters: u64,
}

impl Alike {
    fn not_rare(&self) -> WhyNot {
        let (load, limit) = self.cell.shortest();
        WhyNot::NotRare {
            pool: self.pools[0],
            load,
            limit,
        }
    }

    /// Draws clusters, twice as many each time, until the estimate is good enough; `weight` of all effort is spent here.
    fn estimate(
        &self,
        seed: Seed,
        weight: f64,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<Found, WhyNot> {
        let clusters = Clusters::new(&self.cell, seed.stream(&[u64::MAX]));
        let least = FEWEST_CLUSTERS as f64 * clusters.effort();
        if least > TOO_MANY_CONNECTIONS {
            return Err(WhyNot::TooLong(least));
        }
        let affordable = MOST_CONNECTIONS * weight / clusters.effort();
        let most = (affordable as u64).clamp(FEWEST_CLUSTERS, MOST_CLUSTERS);
        let full: f64 = self.cell.ln_full().into_iter().map(libm::exp).sum();
        let mut drawn: Vec<Drawn> = Vec::new();
        loop {
            let from = drawn.len() as u64;
            let to = (2 * from).clamp(FEWEST_CLUSTERS, most);
            let done = AtomicU64::new(from);
            let more = (from..to).into_par_iter().map(|number| {
                let drawn = clusters.draw(seed.stream(&[number]));
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, to);
                drawn
            });
            drawn.extend(more.collect::<Vec<Drawn>>());
            let n = drawn.len() as f64;
            let unseen = drawn.iter().filter(|drawn| !drawn.whole).count() as f64;
            if unseen > MOST_UNSEEN * n {
                return Err(self.not_rare());
            }
            let mean = drawn.iter().map(|drawn| drawn.ratio).sum::<f64>() / n;
            let squares: f64 = drawn.iter().map(|drawn| (drawn.ratio - mean).powi(2)).sum();
            let error = (squares / (n - 1.0) / n).sqrt();
            if error <= GOOD_ERROR * mean || to == most {
                return Ok(Found {
                    mean: full * mean,
                    error: full * error,
                    clusters: to,
                });
            }
        }
    }
}

/// Every cell: its pool (the first of those dealt to), whether it is UDP's, and what arrives at it.
fn cells_of(model: &Model, plan: &PoolPlan) -> Vec<(usize, bool, Flows)> {
    let keys = model.keys(plan);
    let mut shares: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let mut udp = BTreeMap::new();
    for (index, workload) in model.workloads.iter().enumerate() {
        for (endpoint, share) in open_mix(workload)
            .into_iter()
            .flat_map(|mix| &mix.endpoints)
        {
            let key = keys[*endpoint as usize];
            *shares.entry((key, index)).or_insert(0.0) += share;
            udp.insert(
                key,
                model.endpoints[*endpoint as usize].protocol == Protocol::Udp,
            );
        }
    }
    let pools = match plan.grouping {
        Grouping::ByNode | Grouping::ByGateway(_) => plan.pools(model.nodes.len()),
        Grouping::Shared | Grouping::Buckets { .. } => 1,
    };
    let mut cells = Vec::new();
    for pool in 0..pools {
        let mut flows: BTreeMap<usize, Flows> = BTreeMap::new();
        for ((key, index), share) in &shares {
            let Traffic::Open {
                per_second, mix, ..
            } = &model.workloads[*index].traffic
            else {
                continue;
            };
            let here = match plan.grouping {
                Grouping::ByNode => share_of(mix, pool as u32),
                Grouping::ByGateway(_) => mix
                    .nodes
                    .iter()
                    .filter(|(node, _)| plan.pool_of(*node) == Some(pool as u32))
                    .map(|(_, share)| share)
                    .sum(),
                Grouping::Shared | Grouping::Buckets { .. } => 1.0,
            };
            let rate = per_second * here * share;
            if rate > 0.0 {
                flows.entry(*key).or_default().push((*index, rate));
            }
        }
        cells.extend(
            flows
                .into_iter()
                .map(|(key, flows)| (pool, udp[&key], flows)),
        );
    }
    cells
}

fn share_of(mix: &Mix, node: u32) -> f64 {
    let found = mix.nodes.binary_search_by_key(&node, |(index, _)| *index);
    found.map_or(0.0, |place| mix.nodes[place].1)
}

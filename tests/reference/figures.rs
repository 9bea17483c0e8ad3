//! Every figure of a replication, counted from the history of a reference run.

use crate::simulator::{Fate, History, Key, Port, Story, Syn, Verdict};
use snatsim::engine::{Grouping, PoolPlan};
use snatsim::model::{Model, Traffic};
use snatsim::record::{Latencies, Slot, Tally, UsedCounts};
use snatsim::simulate::{FirstFailure, Minutes, ReplicationRun, slots_in};
use snatsim::units::SimTime;
use std::collections::BTreeSet;

/// What a run of one replication comes to.
pub struct Figures {
    /// The counters.
    pub replication: ReplicationRun,
    /// Latencies of offered connections that were established.
    pub connect_latency: Latencies,
    /// Holds of the ports of offered connections.
    pub port_hold: Latencies,
    /// Mean use of the fullest pool and key, of the limit at which ports active or held are refused.
    pub fullest_mean_use: f64,
}

/// Counts everything.
pub fn figures(model: &Model, plan: &PoolPlan, history: &History) -> Figures {
    let book = Book {
        model,
        plan,
        history,
        pools: plan.pools(model.nodes.len()),
    };
    Figures {
        replication: book.replication(),
        connect_latency: book.connect_latency(),
        port_hold: book.port_hold(),
        fullest_mean_use: book.fullest_mean_use(),
    }
}

struct Book<'a> {
    model: &'a Model,
    plan: &'a PoolPlan,
    history: &'a History,
    pools: usize,
}

impl Book<'_> {
    fn replication(&self) -> ReplicationRun {
        let window = (self.model.warmup, self.model.duration);
        let destination_of = |story: &Story| {
            self.model.endpoints[story.connection.endpoint as usize].destination as usize
        };
        let workload_of = |story: &Story| story.connection.workload as usize;
        let story_of = |port: &Port| &self.history.stories[port.connection];
        let pools = 0..self.pools;
        let destinations = 0..self.model.destinations.len();
        let workloads = 0..self.model.workloads.len();
        let by_destination = destinations.clone();
        ReplicationRun {
            taken_back: Vec::new(),
            highest_use: None,
            total: self.tally(|_| true, |_| true),
            by_pool: pools
                .clone()
                .map(|i| self.tally(|story| story.syns[0].pool == i, |port| port.pool == i))
                .collect(),
            by_destination: by_destination
                .map(|i| {
                    self.tally(
                        |story| destination_of(story) == i,
                        |port| destination_of(story_of(port)) == i,
                    )
                })
                .collect(),
            by_workload: workloads
                .clone()
                .map(|i| {
                    self.tally(
                        |story| workload_of(story) == i,
                        |port| workload_of(story_of(port)) == i,
                    )
                })
                .collect(),
            slots: self.slots(),
            first_failure: self.first_failure(),
            peak_used: pools
                .clone()
                .map(|i| self.peak_of_cells(&self.cells_of_pool(i), window))
                .collect(),
            peak_active: pools
                .clone()
                .map(|i| self.peak_toward_second_limit(&self.cells_of_pool(i), window))
                .collect(),
            refused: pools
                .map(|i| self.syns(Verdict::Refused, i, window) > 0)
                .collect(),
            peak_by_destination: destinations
                .map(|i| self.peak_of_cells(&self.cells_of_destination(i), window))
                .collect(),
            peak_by_workload: workloads
                .map(|i| self.peak_of_cells(&self.cells_of_workload(i), window))
                .collect(),
            minutes: Some(self.minutes()),
        }
    }

    /// Whether a connection is counted.
    fn is_offered(&self, story: &Story) -> bool {
        story.connection.at >= self.model.warmup
    }

    fn tally(&self, counts: impl Fn(&Story) -> bool, holds: impl Fn(&Port) -> bool) -> Tally {
        let mut tally = Tally::default();
        for story in &self.history.stories {
            if !self.is_offered(story) || !counts(story) {
                continue;
            }
            let refused = story.syns.iter().map(|syn| syn.verdict == Verdict::Refused);
            tally.offered += 1;
            tally.tries += u64::from(story.tries);
            tally.syns += story.syns.len() as u64;
            tally.refused_first += u64::from(story.syns[0].verdict == Verdict::Refused);
            tally.refused_syns += refused.filter(|refused| *refused).count() as u64;
            match story.fate {
                Fate::Established(_) => {
                    tally.established += 1;
                    tally.delayed += u64::from(story.syns.len() > 1);
                }
                Fate::Failed => tally.failed += 1,
                Fate::Unanswered => tally.unanswered += 1,
                Fate::Pending => tally.pending += 1,
            }
            tally.broken += u64::from(story.broken);
        }
        for port in self.history.ports.iter().filter(|port| holds(port)) {
            let mut from = port.granted;
            for (cause, span) in &port.spans {
                tally.port_nanos[*cause as usize] += u128::from(self.in_window(from, from + *span));
                from = from + *span;
            }
        }
        tally
    }

    /// Nanoseconds of [from, to) inside [warmup, duration).
    fn in_window(&self, from: SimTime, to: SimTime) -> u64 {
        let from = from.max(self.model.warmup);
        let to = to.min(self.model.duration);
        to.saturating_sub(from).as_nanos()
    }

    fn slots(&self) -> Vec<Slot> {
        let mut slots = vec![Slot::default(); slots_in(self.model)];
        let window = (self.model.duration - self.model.warmup).as_nanos();
        for story in self
            .history
            .stories
            .iter()
            .filter(|story| self.is_offered(story))
        {
            let since = (story.connection.at - self.model.warmup).as_nanos();
            let index = u128::from(since) * slots.len() as u128 / u128::from(window);
            let slot = &mut slots[index as usize];
            slot.offered += 1;
            slot.failed += u64::from(story.fate == Fate::Failed);
            slot.pending += u64::from(story.fate == Fate::Pending);
        }
        slots
    }

    fn first_failure(&self) -> Option<FirstFailure> {
        let stories = self.history.stories.iter();
        stories
            .filter(|story| story.fate == Fate::Failed)
            .map(|story| {
                let endpoint = self.model.endpoints[story.connection.endpoint as usize];
                let mut syns = story.syns.iter();
                let refused = syns
                    .find(|syn| syn.verdict == Verdict::Refused)
                    .expect("a failed connection was refused");
                FirstFailure {
                    at: refused.at,
                    pool: refused.pool as u32,
                    destination: endpoint.destination,
                }
            })
            .min()
    }

    /// SYNs with `verdict` sent to `pool` in [from, to).
    fn syns(&self, verdict: Verdict, pool: usize, (from, to): (SimTime, SimTime)) -> u32 {
        let matches = |syn: &&Syn| {
            syn.verdict == verdict && syn.pool == pool && from <= syn.at && syn.at < to
        };
        let stories = self.history.stories.iter();
        stories
            .flat_map(|story| &story.syns)
            .filter(matches)
            .count() as u32
    }

    /// Pools and keys toward which ports were ever granted.
    fn cells_of_pool(&self, pool: usize) -> BTreeSet<(usize, Key)> {
        let ports = self.history.ports.iter().filter(|port| port.pool == pool);
        ports.map(|port| (port.pool, port.key)).collect()
    }

    /// The keys of a destination's endpoints to which some workload goes, in every pool.
    fn cells_of_destination(&self, destination: usize) -> BTreeSet<(usize, Key)> {
        let workloads = 0..self.model.workloads.len();
        let routes = workloads.flat_map(|workload| self.routes_of_workload(workload));
        let endpoints = routes.map(|route| self.model.endpoints[route.1 as usize]);
        endpoints
            .filter(|endpoint| endpoint.destination as usize == destination)
            .flat_map(|endpoint| {
                let key = Key::of(self.plan, &endpoint);
                (0..self.pools).map(move |pool| (pool, key))
            })
            .collect()
    }

    /// The pools that the connections of a workload can use, each with all the keys that they can use.
    fn cells_of_workload(&self, workload: usize) -> BTreeSet<(usize, Key)> {
        let routes = self.routes_of_workload(workload);
        let pools: BTreeSet<usize> = match self.plan.grouping {
            Grouping::ByNode => routes.iter().map(|route| route.0 as usize).collect(),
            Grouping::ByGateway(ref gateways) => routes
                .iter()
                .map(|route| gateways.of_node[route.0 as usize] as usize)
                .collect(),
            _ => (0..self.pools).collect(),
        };
        let endpoints = routes
            .iter()
            .map(|route| &self.model.endpoints[route.1 as usize]);
        let keys: BTreeSet<Key> = endpoints
            .map(|endpoint| Key::of(self.plan, endpoint))
            .collect();
        let of_pool = |pool: usize| keys.iter().map(move |key| (pool, *key));
        pools.into_iter().flat_map(of_pool).collect()
    }

    /// Pairs of node and endpoint that the connections of a workload can have.
    fn routes_of_workload(&self, workload: usize) -> Vec<(u32, u32)> {
        match &self.model.workloads[workload].traffic {
            Traffic::Trace(rows) => rows.iter().map(|row| (row.node, row.endpoint)).collect(),
            Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => {
                let nodes = mix.nodes.iter();
                nodes
                    .flat_map(|(node, _)| {
                        mix.endpoints.iter().map(|(endpoint, _)| (*node, *endpoint))
                    })
                    .collect()
            }
        }
    }

    fn ports_of(&self, cell: (usize, Key)) -> impl Iterator<Item = &Port> {
        let ports = self.history.ports.iter();
        ports.filter(move |port| (port.pool, port.key) == cell)
    }

    /// The largest of a count over [from, to): what there is when it begins, and after every grant in it.
    fn peak(
        &self,
        cells: &BTreeSet<(usize, Key)>,
        (from, to): (SimTime, SimTime),
        until: impl Fn(&Port) -> SimTime,
        then: impl Fn(&Port) -> u32,
    ) -> u32 {
        let peak_of_cell = |cell: &(usize, Key)| {
            let at_start = self
                .ports_of(*cell)
                .filter(|port| port.granted < from && until(port) > from)
                .count() as u32;
            let after_grants = self
                .ports_of(*cell)
                .filter(|port| from <= port.granted && port.granted < to)
                .map(&then)
                .max();
            at_start.max(after_grants.unwrap_or(0))
        };
        cells.iter().map(peak_of_cell).max().unwrap_or(0)
    }

    fn peak_of_cells(&self, cells: &BTreeSet<(usize, Key)>, span: (SimTime, SimTime)) -> u32 {
        self.peak(cells, span, |port| port.released, |port| port.held_then)
    }

    fn peak_toward_second_limit(
        &self,
        cells: &BTreeSet<(usize, Key)>,
        span: (SimTime, SimTime),
    ) -> u32 {
        match self.plan.active_limit {
            None => 0,
            Some(second) if second.counts_held => self.peak_of_cells(cells, span),
            Some(_) => self.peak(
                cells,
                span,
                |port| port.active_until,
                |port| port.active_then,
            ),
        }
    }

    fn minutes(&self) -> Minutes {
        let (warmup, duration) = (self.model.warmup, self.model.duration);
        let first = warmup.minute();
        let minutes = duration.as_nanos().div_ceil(SimTime::MINUTE.as_nanos()) as usize - first;
        let spans: Vec<(SimTime, SimTime)> = (first..first + minutes)
            .map(|minute| {
                let starts = SimTime::from_secs(60 * minute as u64);
                let ends = starts + SimTime::MINUTE;
                (starts.max(warmup), ends.min(duration))
            })
            .collect();
        let each = |figure: &dyn Fn(usize, (SimTime, SimTime)) -> u32| -> Vec<u32> {
            let pools = 0..self.pools;
            pools
                .flat_map(|pool| spans.iter().map(move |span| figure(pool, *span)))
                .collect()
        };
        let used = |cells: BTreeSet<(usize, Key)>, pools: BTreeSet<usize>| {
            let mut counts = UsedCounts::default();
            for pool in pools {
                let here = cells
                    .iter()
                    .copied()
                    .filter(|cell| cell.0 == pool)
                    .collect();
                for span in &spans {
                    counts.add(self.peak_of_cells(&here, *span), 1);
                }
            }
            counts
        };
        Minutes {
            minutes,
            first,
            peak: each(&|pool, span| self.peak_of_cells(&self.cells_of_pool(pool), span)),
            granted: each(&|pool, span| self.syns(Verdict::Granted, pool, span)),
            refused: each(&|pool, span| self.syns(Verdict::Refused, pool, span)),
            active: each(&|pool, span| match self.plan.active_limit {
                Some(_) => self.active_at(pool, span.1),
                None => 0,
            }),
            by_destination: (0..self.model.destinations.len())
                .map(|i| used(self.cells_of_destination(i), (0..self.pools).collect()))
                .collect(),
            by_workload: (0..self.model.workloads.len())
                .map(|i| {
                    let cells = self.cells_of_workload(i);
                    let pools = cells.iter().map(|cell| cell.0).collect();
                    used(cells, pools)
                })
                .collect(),
        }
    }

    /// Connections of `pool` active when a minute ends: what ends with it has ended. Counted where the plan has a
    /// second limit, which is where it is a metric.
    fn active_at(&self, pool: usize, end: SimTime) -> u32 {
        let active = |port: &&Port| port.granted < end && port.active_until > end;
        let ports = self.history.ports.iter().filter(|port| port.pool == pool);
        ports.filter(active).count() as u32
    }

    fn connect_latency(&self) -> Latencies {
        let mut latencies = Latencies::default();
        for story in self
            .history
            .stories
            .iter()
            .filter(|story| self.is_offered(story))
        {
            if let Fate::Established(at) = story.fate {
                latencies.record(at - story.connection.at);
            }
        }
        latencies
    }

    fn port_hold(&self) -> Latencies {
        let mut latencies = Latencies::default();
        for port in &self.history.ports {
            if self.is_offered(&self.history.stories[port.connection]) {
                latencies.record(port.released - port.granted);
            }
        }
        latencies
    }

    fn fullest_mean_use(&self) -> f64 {
        let cells: BTreeSet<(usize, Key)> = (0..self.pools)
            .flat_map(|pool| self.cells_of_pool(pool))
            .collect();
        let window = (self.model.duration - self.model.warmup).as_secs_f64();
        let limit = match self.plan.active_limit {
            Some(second) if second.counts_held => second.limit.min(self.plan.limit),
            _ => self.plan.limit,
        };
        let use_of = |cell: &(usize, Key)| {
            let held: u64 = self
                .ports_of(*cell)
                .map(|port| self.in_window(port.granted, port.released))
                .sum();
            let size = match &self.plan.grouping {
                Grouping::ByGateway(gateways) => gateways.sizes[cell.0],
                _ => 1,
            };
            held as f64 / 1e9 / window / f64::from(size * limit)
        };
        cells.iter().map(use_of).fold(0.0, f64::max)
    }
}

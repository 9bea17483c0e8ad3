//! One cluster of refusals, met at an instant at which a stock would be full if nothing had been refused.

use super::cell::{FOREVER, Part, Phase, SteadyCell};
use crate::engine::{
    Arrival, Cell, Class, Context, Grant, OpenLoop, Period, Recorder, ReleaseSize, Releases, Sort,
    Tag, WheelReleases,
};
use crate::traffic::Draws;
use crate::units::{Seed, SimTime};

/// The instant at which the cluster is met, in nanoseconds: no connection is older than half of it.
const MET: u64 = FOREVER.as_nanos() / 2;

/// What came of one draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Drawn {
    /// First SYNs refused in the cluster, over arrivals in it that would meet a full stock if nothing had been refused.
    pub ratio: f64,
    /// Whether the beginning and the end of the cluster were seen.
    pub whole: bool,
}

/// A cell, and how far one looks around the instant at which a cluster is met.
#[derive(Clone, Debug)]
pub(super) struct Clusters<'a> {
    cell: &'a SteadyCell,
    /// Nanoseconds after which few of the ports in use are those of before.
    memory: u64,
    /// Probability that it is the first limit at which a stock would be full, not the second.
    first_limit: f64,
    size: ReleaseSize,
}

/// How many memories before the instant the cell begins.
const HISTORY: u64 = 3;
/// After how many memories a cluster that does not end is given up.
const LONGEST: u64 = 20;
/// The longest memory: about a year, so that all its multiples are still times.
const LONGEST_MEMORY: u64 = 1 << 55;
/// Steps in which a memory is simulated.
const STEPS: u64 = 8;

/// A connection, and what becomes of it where nothing is refused.
#[derive(Clone, Copy)]
struct Connection {
    arrival: Arrival,
    inactive_at: u64,
    release_at: u64,
}

impl Connection {
    fn new(part: &Part, at: u64, life: u64, id: u32) -> Connection {
        let (active, held) = part.spans(life);
        Connection {
            arrival: Arrival {
                at,
                life,
                id,
                sort: part.sort(),
            },
            inactive_at: at + active,
            release_at: at + held,
        }
    }
}

impl<'a> Clusters<'a> {
    /// The clusters of `cell`, whose memory is measured with draws of `seed`.
    pub fn new(cell: &'a SteadyCell, seed: Seed) -> Self {
        const MET_AT_AN_INSTANT: usize = 2_000;
        const STILL_THERE: usize = MET_AT_AN_INSTANT / 50;
        let mut draws = Draws::new(seed);
        let mut left: Vec<u64> = (0..MET_AT_AN_INSTANT)
            .map(|_| {
                let part = cell.present(Phase::InUse, &mut draws);
                let (life, age) = part.met(Phase::InUse, &mut draws);
                part.spans(life).1 - age
            })
            .collect();
        left.sort_unstable_by_key(|left| std::cmp::Reverse(*left));
        let memory = left[STILL_THERE].clamp(STEPS, LONGEST_MEMORY);
        let [ln_used, ln_active] = cell.ln_full();
        Clusters {
            cell,
            memory,
            first_limit: 1.0 / (1.0 + libm::exp(ln_active - ln_used)),
            size: ReleaseSize {
                per_second: cell.rate / f64::from(cell.stocks),
                horizon: memory as f64 / 1e9,
                ports: u64::from(cell.limit),
            },
        }
    }

    /// Connections drawn for one cluster, about.
    pub fn effort(&self) -> f64 {
        let spans = (HISTORY + 1) as f64 * self.memory as f64 / 1e9;
        self.cell.rate * spans + 2.0 * self.cell.load(Phase::InUse)
    }

    /// Draws one cluster.
    pub fn draw(&self, seed: Seed) -> Drawn {
        let mut run = Run::new(self, seed);
        let start = MET - HISTORY * self.memory;
        run.residents_at(start);
        run.arrivals(start, MET, true);
        run.residents_when_full();
        run.tagged();
        run.connections
            .sort_by_key(|connection| connection.arrival.at);
        let step = self.memory / STEPS;
        let mut until = start;
        while until < MET {
            until = (until + step).min(MET);
            run.simulate(until);
        }
        while until < MET + LONGEST * self.memory {
            run.arrivals(until, until + step, false);
            until += step;
            run.simulate(until);
            let (from, to) = run.cluster();
            if to <= until {
                return Drawn {
                    ratio: run.ratio(from, to),
                    whole: from >= start + self.memory,
                };
            }
        }
        Drawn {
            ratio: 0.0,
            whole: false,
        }
    }
}

/// One draw under way. Times in nanoseconds.
struct Run<'a> {
    clusters: &'a Clusters<'a>,
    draws: Draws,
    classes: Vec<Class>,
    /// In order of arrival from the first that is not simulated on.
    connections: Vec<Connection>,
    simulated: usize,
    cell: Cell<WheelReleases>,
    refused: Refused,
    /// What is in use if nothing is refused, by stock.
    unlimited: Vec<Unlimited>,
    /// Arrivals that would meet a full stock, with the number of limits it is at.
    full: Vec<(u64, u32)>,
}

/// A stock that refuses nothing.
#[derive(Clone)]
struct Unlimited {
    granted: u64,
    releases: WheelReleases,
    ends: WheelReleases,
}

impl<'a> Run<'a> {
    fn new(clusters: &'a Clusters<'a>, seed: Seed) -> Self {
        let cell = clusters.cell;
        let mut draws = Draws::new(seed);
        let mut classes = cell.classes.clone();
        classes
            .iter_mut()
            .for_each(|class| class.seed = draws.word());
        let releases = WheelReleases::sized(clusters.size);
        let unlimited = Unlimited {
            granted: 0,
            releases: releases.clone(),
            ends: releases.clone(),
        };
        Run {
            clusters,
            draws,
            classes,
            connections: Vec::new(),
            simulated: 0,
            cell: Cell::new(&cell.rules, 1, releases),
            refused: Refused::default(),
            unlimited: vec![unlimited; cell.stocks as usize],
            full: Vec::new(),
        }
    }

    /// The stock a connection is dealt to.
    fn stock(&self, sort: Sort, at: u64, id: u32) -> u32 {
        self.clusters
            .cell
            .rules
            .place(&self.classes[sort.class() as usize], sort, at, id, 1)
    }

    /// A connection that is dealt to the first stock.
    fn in_first_stock(&mut self, part: &Part, at: u64, life: u64) {
        let id = loop {
            let id = self.draws.word() as u32;
            if self.stock(part.sort(), at, id) == 0 {
                break id;
            }
        };
        self.connections.push(Connection::new(part, at, life, id));
    }

    /// Adds a connection, unless it is one of those that are in the first stock when the cluster is met: they are drawn apart.
    fn add(&mut self, part: &Part, at: u64, life: u64) {
        let id = self.draws.word() as u32;
        let connection = Connection::new(part, at, life, id);
        if connection.release_at <= MET || self.stock(part.sort(), at, id) != 0 {
            self.connections.push(connection);
        }
    }

    /// What is in use at `start`.
    fn residents_at(&mut self, start: u64) {
        let cell = self.clusters.cell;
        for _ in 0..self.poisson(cell.load(Phase::InUse)) {
            let part = cell.present(Phase::InUse, &mut self.draws);
            let (life, age) = part.met(Phase::InUse, &mut self.draws);
            self.add(part, start - age, life);
        }
    }

    /// What arrives from `from` to `to`; `before` the cluster is met.
    fn arrivals(&mut self, from: u64, to: u64, before: bool) {
        let cell = self.clusters.cell;
        let mut at = from;
        loop {
            at += (self.draws.exponential() / cell.rate * 1e9) as u64;
            if at >= to {
                return;
            }
            let part = cell.arriving(&mut self.draws);
            let life = part.life(&mut self.draws);
            if before {
                self.add(part, at, life);
            } else {
                let id = self.draws.word() as u32;
                self.connections.push(Connection::new(part, at, life, id));
            }
        }
    }

    /// What is in the first stock when the cluster is met: as much as one of the limits allows.
    fn residents_when_full(&mut self) {
        let cell = self.clusters.cell;
        let stocks = f64::from(cell.stocks);
        let present: Vec<(Phase, u64)> = match cell.active_limit {
            Some(limit) if self.draws.unit() > self.clusters.first_limit => {
                let held = self.poisson(cell.load(Phase::Held) / stocks);
                vec![(Phase::Active, u64::from(limit)), (Phase::Held, held)]
            }
            _ => vec![(Phase::InUse, u64::from(cell.limit))],
        };
        for (phase, count) in present {
            for _ in 0..count {
                let part = cell.present(phase, &mut self.draws);
                let (life, age) = part.met(phase, &mut self.draws);
                self.in_first_stock(part, MET - age, life);
            }
        }
    }

    /// The connection that meets it.
    fn tagged(&mut self) {
        let part = self.clusters.cell.arriving(&mut self.draws);
        let life = part.life(&mut self.draws);
        self.in_first_stock(part, MET, life);
    }

    /// A Poisson variable.
    fn poisson(&mut self, mean: f64) -> u64 {
        let (mut count, mut sum) = (0, self.draws.exponential());
        while sum < mean {
            count += 1;
            sum += self.draws.exponential();
        }
        count
    }

    /// Simulates what arrives before `until`, with refusals and without.
    fn simulate(&mut self, until: u64) {
        let cell = self.clusters.cell;
        let waiting = &self.connections[self.simulated..];
        let count = waiting.partition_point(|connection| connection.arrival.at < until);
        let arriving = &waiting[..count];
        for connection in arriving {
            let Arrival { at, id, sort, .. } = connection.arrival;
            let stock = cell
                .rules
                .place(&self.classes[sort.class() as usize], sort, at, id, 1);
            let stock = &mut self.unlimited[stock as usize];
            let used = stock.granted - stock.releases.advance(at);
            let mut limits = u32::from(used == u64::from(cell.limit));
            if let Some(limit) = cell.active_limit {
                let active = stock.granted - stock.ends.advance(at);
                limits += u32::from(active == u64::from(limit));
                stock.ends.push(connection.inactive_at);
            }
            stock.granted += 1;
            stock.releases.push(connection.release_at);
            if limits > 0 {
                self.full.push((at, limits));
            }
        }
        let arrivals: Vec<Arrival> = arriving
            .iter()
            .map(|connection| connection.arrival)
            .collect();
        let mut context = Context {
            rules: &cell.rules,
            classes: &self.classes,
            source: &mut OpenLoop(&arrivals),
            recorder: &mut self.refused,
        };
        self.cell.run(&mut context, until);
        self.simulated += count;
        self.settle(until);
    }

    /// Says of what was refused how long it makes a difference.
    fn settle(&mut self, until: u64) {
        let connections = &self.connections;
        let memory = self.clusters.memory;
        let pure_loss = |tag: Tag| self.classes[tag.class as usize].schedule.is_pure_loss();
        for (tag, grant) in self.refused.settled.drain(..) {
            let place = connections.partition_point(|known| known.arrival.at < tag.first_at);
            // A port is there until it would have come back, or has come back; a failed one was waited for until now.
            let (at, released) = match grant {
                Some(grant) => (grant.at, grant.release_at),
                None if pure_loss(tag) => (tag.first_at, tag.first_at),
                None => (until, until),
            };
            let to = released.max(connections[place].release_at).min(at + memory);
            let known = self
                .refused
                .spans
                .iter_mut()
                .rev()
                .find(|span| span.0 == tag.first_at);
            known.expect("what is settled was refused").1 = to;
        }
    }

    /// The cluster that is met: from its first refusal to when nothing in the cell differs any more from what would be
    /// there without refusals; that is never where it is not known yet.
    fn cluster(&self) -> (u64, u64) {
        let (mut from, mut to) = (MET, MET);
        let (mut first, mut last) = (0, 0);
        for (refused, settled) in &self.refused.spans {
            if *refused >= last {
                first = *refused;
            }
            last = last.max(*settled);
            if first <= MET && last > MET {
                (from, to) = (first, last);
            } else if first > MET {
                break;
            }
        }
        (from, to)
    }

    fn ratio(&self, from: u64, to: u64) -> f64 {
        let within = |at: &u64| (from..to).contains(at);
        let refused = self
            .refused
            .spans
            .iter()
            .filter(|(at, _)| within(at))
            .count();
        let full = self.full.iter().filter(|(at, _)| within(at));
        let full: u32 = full.map(|(_, limits)| limits).sum();
        match full {
            0 => 0.0,
            full => refused as f64 / f64::from(full),
        }
    }
}

/// Connections whose first SYN was refused.
#[derive(Default)]
struct Refused {
    /// When, and until when it makes a difference; in order.
    spans: Vec<(u64, u64)>,
    /// Those whose fate was decided since one looked: the port they got, if they got one.
    settled: Vec<(Tag, Option<Grant>)>,
}

impl Recorder for Refused {
    fn offered(&mut self, _: Tag) {}
    fn sent(&mut self, _: Tag, _: u64, _: u64) {}

    fn refused(&mut self, tag: Tag) {
        self.spans.push((tag.first_at, u64::MAX));
    }

    fn refused_again(&mut self, _: Tag, _: u64) {}

    fn granted(&mut self, tag: Tag, _: u32, grant: Grant) {
        // A retry without a pause comes at the instant of the refusal.
        let just_refused = self.spans.last().is_some_and(|span| span.0 == tag.first_at);
        if grant.at > tag.first_at || just_refused {
            self.settled.push((tag, Some(grant)));
        }
    }

    fn established(&mut self, _: Tag, _: u64, _: bool) {}
    fn broken(&mut self, _: Tag) {}

    fn failed(&mut self, tag: Tag, _: SimTime, _: u32) {
        self.settled.push((tag, None));
    }

    fn lost(&mut self, tag: Tag, arrivals: &[Arrival]) {
        for arrival in arrivals {
            let tag = Tag {
                first_at: arrival.at,
                ..tag
            };
            self.refused(tag);
            self.settled.push((tag, None));
        }
    }

    fn unanswered(&mut self, _: Tag) {}
    fn pending(&mut self, _: Tag) {}
    fn period(&mut self, _: u32, _: Period) {}
}

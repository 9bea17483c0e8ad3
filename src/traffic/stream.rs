//! Arrival streams: connections that wait for nothing, drawn by the batch, and clients that wait for their verdict.

use super::batches::{BatchSize, Batches};
use super::bursts::BurstPart;
use super::course::{Course, CoursePlan};
use super::dealt::Dealt;
use super::lanes::{self, Lanes};
use super::quiet::{Quiet, can_break};
use super::{Close, Law};
use crate::engine::{Arrival, End, Outcome, Sort, Verdict};
use crate::units::{Seed, SimTime, mix};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Draws at a time; lognormal draws come in pairs of lanes.
const BATCH: usize = 256;
pub(super) const GRAIN: usize = 2 * lanes::LANES;

/// What each random stream of a unit of drawing is for.
#[derive(Clone, Copy)]
enum Purpose {
    Gaps,
    Lives,
    Marks,
    Sizes,
    Spots,
}

impl Purpose {
    fn seed(self, seed: Seed) -> Seed {
        seed.stream(&[self as u64])
    }

    fn lanes(self, seed: Seed) -> Lanes {
        Lanes::new(self.seed(seed))
    }
}

/// Draws `out.len()` spans of `law`, in nanoseconds; a multiple of [`GRAIN`].
pub(super) fn draw_spans(law: &Law, lanes: &mut Lanes, out: &mut [u64]) {
    match law {
        Law::Constant(span) => out.fill(span.as_nanos()),
        Law::Exponential { mean } => lanes::exponential(lanes, mean * 1e9, out),
        Law::Lognormal { mu, sigma } => {
            lanes::lognormal(lanes, mu + libm::log(1e9), *sigma, out);
        }
        Law::Uniform { min, max } => lanes::uniform(lanes, min * 1e9, max * 1e9, out),
        Law::Pareto { scale, shape, max } => {
            let kept_from = if max.is_finite() {
                libm::pow(scale / max, *shape)
            } else {
                0.0
            };
            lanes::pareto(lanes, scale * 1e9, *shape, kept_from, out);
        }
        Law::Weibull { scale, shape } => lanes::weibull(lanes, scale * 1e9, *shape, out),
        Law::Empirical(values) => {
            lanes::words(lanes, out);
            for out in out {
                let index = (u128::from(*out) * values.len() as u128) >> 64;
                *out = values[index as usize].as_nanos();
            }
        }
    }
}

/// How connections end, as thresholds for 32 random bits.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    fin: u64,
    rst: u64,
    abandon: u64,
    only: Option<End>,
}

impl Ends {
    /// Ends of TCP connections.
    pub fn tcp(close: Close) -> Ends {
        const WHOLE: f64 = (1u64 << 32) as f64;
        let only = [
            (close.fin, End::Fin),
            (close.rst, End::Rst),
            (close.abandon, End::Abandon),
            (close.unanswered, End::Unanswered),
        ];
        // Sums of weights may fall short of 1 by a rounding: what has no weight is never drawn.
        let until = |sum: f64, later: f64| {
            if later > 0.0 {
                (sum * WHOLE) as u64
            } else {
                WHOLE as u64
            }
        };
        let Close {
            fin,
            rst,
            abandon,
            unanswered,
        } = close;
        Ends {
            fin: until(fin, rst + abandon + unanswered),
            rst: until(fin + rst, abandon + unanswered),
            abandon: until(fin + rst + abandon, unanswered),
            only: only
                .iter()
                .find(|(weight, _)| *weight >= 1.0)
                .map(|(_, end)| *end),
        }
    }

    /// Ends of UDP flows.
    pub fn udp() -> Ends {
        Ends {
            fin: 0,
            rst: 0,
            abandon: 0,
            only: Some(End::Udp),
        }
    }

    #[inline]
    fn end(&self, word: u64) -> End {
        let bits = word >> 32;
        match self.only {
            Some(end) => end,
            None if bits < self.fin => End::Fin,
            None if bits < self.rst => End::Rst,
            None if bits < self.abandon => End::Abandon,
            None => End::Unanswered,
        }
    }
}

/// How an arrival finds its cell: alias tables over the nodes of a block (Walker, 1977).
#[derive(Clone, Debug)]
pub struct CellMarks {
    /// Threshold below which the column's own cell is taken, its own cell, its alias.
    columns: Vec<(u32, u32, u32)>,
}

impl CellMarks {
    /// All arrivals go to `cell`.
    pub fn one(cell: u32) -> CellMarks {
        CellMarks {
            columns: vec![(u32::MAX, cell, cell)],
        }
    }

    /// Arrivals go to `(cell, weight)`; weights are above 0 and need not sum to 1.
    pub fn weighted(cells: &[(u32, f64)]) -> CellMarks {
        const WHOLE: f64 = u32::MAX as f64;
        let mean = cells.iter().map(|(_, weight)| weight).sum::<f64>() / cells.len() as f64;
        let mut scaled: Vec<f64> = cells.iter().map(|(_, weight)| weight / mean).collect();
        let mut columns: Vec<_> = cells
            .iter()
            .map(|(cell, _)| (u32::MAX, *cell, *cell))
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..cells.len()).partition(|i| scaled[*i] < 1.0);
        while let (Some(poor), Some(rich)) = (small.pop(), large.last().copied()) {
            columns[poor].0 = (scaled[poor] * WHOLE) as u32;
            columns[poor].2 = cells[rich].0;
            scaled[rich] -= 1.0 - scaled[poor];
            if scaled[rich] < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        CellMarks { columns }
    }

    /// Cell `i` is cell `new[i]` from now on.
    pub fn renumber(&mut self, new: &[u32]) {
        for (_, own, alias) in &mut self.columns {
            *own = new[*own as usize];
            *alias = new[*alias as usize];
        }
    }

    fn is_one(&self) -> bool {
        self.columns.len() == 1
    }

    /// The first cell, if all have the same weight and follow each other.
    fn even_from(&self) -> Option<u32> {
        const NEARLY_ALL: u32 = u32::MAX - 8;
        let first = self.columns[0].1;
        let even = (first..)
            .zip(&self.columns)
            .all(|(cell, (threshold, own, _))| *own == cell && *threshold >= NEARLY_ALL);
        even.then_some(first)
    }

    #[inline]
    fn cell(&self, word: u64) -> u32 {
        let scaled = (word & 0xFFFF_FFFF) * self.columns.len() as u64;
        let (threshold, own, alias) = self.columns[(scaled >> 32) as usize];
        if (scaled as u32) < threshold {
            own
        } else {
            alias
        }
    }
}

/// What one stream draws.
#[derive(Clone, Debug)]
pub struct StreamPlan {
    /// Class of its arrivals.
    pub class: u32,
    /// When they arrive.
    pub process: Process,
    /// What moves their rate; none where it stays the same.
    pub course: Option<CoursePlan>,
    /// Which cell each goes to.
    pub cells: CellMarks,
    /// How long they live.
    pub lifetime: Law,
    /// How they end.
    pub ends: Ends,
    /// Which of them idle out inside their lives; none where no packet is late enough, or whoever opened them sees to it.
    pub quiet: Option<Quiet>,
    /// Names the unit of drawing: (workload, endpoint, block of nodes), or a finer one.
    pub unit: [u64; 3],
    /// Number of the first arrival: connections of a class that arrive at one instant have different numbers.
    pub first_id: u32,
}

impl StreamPlan {
    /// Arrivals to expect in a run of this length.
    pub fn expected(&self, duration: SimTime) -> f64 {
        let seconds = duration.as_secs_f64();
        let steady = match &self.process {
            Process::Poisson(per_second)
            | Process::Constant { per_second, .. }
            | Process::Batch { per_second, .. } => per_second * seconds,
            Process::Burst(part) => part.expected(duration),
        };
        match &self.course {
            Some(course) => steady * course.mean(),
            None => steady,
        }
    }

    /// Whether it is Poisson or evenly spaced at one rate all along.
    pub fn is_steady(&self) -> bool {
        let steady = matches!(self.process, Process::Poisson(_) | Process::Constant { .. });
        steady && self.course.is_none()
    }

    /// The sorts of arrivals with these marks.
    fn sort(&self, marks: &[u64], out: &mut [Sort]) {
        match (self.cells.even_from(), self.ends.only) {
            (Some(first), Some(end)) => {
                let cells = self.cells.columns.len() as u64;
                for (sort, mark) in out.iter_mut().zip(marks) {
                    let cell = first + (((mark & 0xFFFF_FFFF) * cells) >> 32) as u32;
                    *sort = Sort::new(self.class, cell, end);
                }
            }
            _ => {
                for (sort, mark) in out.iter_mut().zip(marks) {
                    *sort = Sort::new(self.class, self.cells.cell(*mark), self.ends.end(*mark));
                }
            }
        }
    }
}

/// When the arrivals of a stream come; rates are in operational time where the stream has a course.
#[derive(Clone, Copy, Debug)]
pub enum Process {
    /// Poisson, connections per second.
    Poisson(f64),
    /// Evenly spaced: arrival j at (j + phase) / rate.
    Constant {
        /// Connections per second.
        per_second: f64,
        /// In [0, 1).
        phase: f64,
    },
    /// Poisson batches, all of a batch at one instant to one cell.
    Batch {
        /// Connections, not batches, per second.
        per_second: f64,
        /// How many a batch has.
        size: BatchSize,
    },
    /// By the clock, whatever the course.
    Burst(BurstPart),
}

/// One stream of arrivals.
#[derive(Clone, Debug)]
pub struct Stream<'a> {
    plan: &'a StreamPlan,
    /// Seed of the class, by which quiet connections are known.
    class_seed: u64,
    gaps: Lanes,
    lives: Lanes,
    marks: Lanes,
    course: Option<Course<'a>>,
    batches: Option<Batches>,
    at: Vec<u64>,
    life: Vec<u64>,
    mark: Vec<u64>,
    /// Of batches, the bits that say where.
    spot: Vec<u64>,
    sort: Vec<Sort>,
    next: usize,
    drawn: u64,
    clock: u64,
}

impl<'a> Stream<'a> {
    /// The stream of `plan` in the replication whose seed is `seed`, for about `expected` arrivals.
    pub fn new(plan: &'a StreamPlan, seed: Seed, expected: f64) -> Self {
        let course = plan.course.as_ref().map(|course| Course::new(course, seed));
        let class_seed = class_seed(seed, plan.unit[0], plan.unit[1]);
        let seed = seed.stream(&plan.unit);
        let wanted = (expected * 1.2) as usize + GRAIN;
        let batch = wanted.next_multiple_of(GRAIN).min(BATCH);
        let marks = if plan.cells.is_one() && plan.ends.only.is_some() {
            0
        } else {
            batch
        };
        let batches = match plan.process {
            Process::Batch { per_second, size } => {
                let purposes = [Purpose::Gaps, Purpose::Sizes, Purpose::Spots];
                let seeds = purposes.map(|purpose| purpose.seed(seed));
                Some(Batches::new(size, per_second, seeds))
            }
            _ => None,
        };
        Stream {
            plan,
            class_seed,
            gaps: Purpose::Gaps.lanes(seed),
            lives: Purpose::Lives.lanes(seed),
            marks: Purpose::Marks.lanes(seed),
            course,
            at: vec![0; batch],
            life: vec![0; batch],
            mark: vec![0; marks],
            spot: vec![0; if batches.is_some() { marks } else { 0 }],
            batches,
            sort: vec![Sort::new(plan.class, plan.cells.cell(0), plan.ends.end(0)); batch],
            next: batch,
            drawn: 0,
            clock: 0,
        }
    }

    fn draw(&mut self) {
        match self.plan.process {
            Process::Poisson(per_second) => {
                lanes::exponential(&mut self.gaps, 1e9 / per_second, &mut self.at);
                let mut clock = self.clock;
                for at in &mut self.at {
                    clock = clock.saturating_add(*at);
                    *at = clock;
                }
                self.clock = clock;
            }
            Process::Constant { per_second, phase } => {
                for (j, at) in (self.drawn..).zip(&mut self.at) {
                    *at = ((j as f64 + phase) / per_second * 1e9 + 0.5) as u64;
                }
            }
            Process::Batch { .. } => {
                let batches = self.batches.as_mut().expect("the process has batches");
                batches.fill(&mut self.at, &mut self.spot);
            }
            Process::Burst(part) => {
                for (j, at) in (self.drawn..).zip(&mut self.at) {
                    *at = part.at(j);
                }
            }
        }
        if let Some(course) = &mut self.course {
            for at in &mut self.at {
                *at = course.at(*at);
            }
        }
        draw_spans(&self.plan.lifetime, &mut self.lives, &mut self.life);
        lanes::words(&mut self.marks, &mut self.mark);
        // The lower half of a mark says where, the upper how a connection ends.
        for (mark, spot) in self.mark.iter_mut().zip(&self.spot) {
            *mark = *mark >> 32 << 32 | spot & 0xFFFF_FFFF;
        }
        let plan = self.plan;
        plan.sort(&self.mark, &mut self.sort);
        if let Some(quiet) = &plan.quiet {
            self.break_quiet(quiet);
        }
        self.drawn += self.at.len() as u64;
        self.next = 0;
    }

    /// Cuts the lives of those that idle out to their last packet.
    #[cold]
    #[inline(never)]
    fn break_quiet(&mut self, quiet: &Quiet) {
        let plan = self.plan;
        if self.mark.is_empty() {
            // Where all are of one sort, it was not drawn anew since the last batch.
            let sort = Sort::new(plan.class, plan.cells.cell(0), plan.ends.end(0));
            self.sort.fill(sort);
        }
        let first_id = plan.first_id.wrapping_add(self.drawn as u32);
        for (i, (at, sort)) in self.at.iter().zip(&mut self.sort).enumerate() {
            if !can_break(sort.end()) {
                continue;
            }
            let id = first_id.wrapping_add(i as u32);
            if let Some(found) = quiet.breaks(self.class_seed, *at, id, self.life[i]) {
                self.life[i] = found.last_packet;
                *sort = Sort::new(sort.class(), sort.cell(), End::Broken);
            }
        }
    }

    /// When the next arrives.
    pub fn peek(&mut self) -> u64 {
        if self.next == self.at.len() {
            self.draw();
        }
        self.at[self.next]
    }

    /// The next, after [`Stream::peek`].
    pub fn take(&mut self) -> Arrival {
        let next = self.next;
        self.next += 1;
        let before = self.drawn - (self.at.len() - next) as u64;
        Arrival {
            at: self.at[next],
            life: self.life[next],
            id: self.plan.first_id.wrapping_add(before as u32),
            sort: self.sort[next],
        }
    }

    /// Deals all arrivals before `until` to their cells, in time order.
    pub fn deal(&mut self, until: u64, dealt: &mut Dealt) {
        self.batches(until, |arrivals| dealt.deal(arrivals.iter()));
    }

    /// Hands over all arrivals before `until` in time order, batch by batch.
    #[inline(always)]
    pub fn batches(&mut self, until: u64, mut take: impl FnMut(Batch)) {
        loop {
            if self.next == self.at.len() {
                self.draw();
            }
            let rest = &self.at[self.next..];
            let ready = if rest[rest.len() - 1] < until {
                rest.len()
            } else {
                rest.partition_point(|at| *at < until)
            };
            let drawn = self.next..self.next + ready;
            take(Batch {
                first_id: self
                    .plan
                    .first_id
                    .wrapping_add((self.drawn - (self.at.len() - self.next) as u64) as u32),
                at: &self.at[drawn.clone()],
                life: &self.life[drawn.clone()],
                sort: &self.sort[drawn],
            });
            self.next += ready;
            if self.next < self.at.len() {
                return;
            }
        }
    }
}

/// Arrivals of one stream that were drawn together.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    first_id: u32,
    at: &'a [u64],
    life: &'a [u64],
    sort: &'a [Sort],
}

impl Batch<'_> {
    /// Arrival `i` in time order.
    #[inline(always)]
    pub fn get(&self, i: usize) -> Option<Arrival> {
        Some(Arrival {
            at: *self.at.get(i)?,
            life: *self.life.get(i)?,
            id: self.first_id.wrapping_add(i as u32),
            sort: *self.sort.get(i)?,
        })
    }

    /// How many from arrival `from` on are to be passed by, all before the first that is not, by when and at which cell
    /// they arrive. A function of its own: in the midst of a larger loop nothing of it stays in registers.
    #[inline(never)]
    pub fn pass_by(&self, from: usize, mut pass: impl FnMut(u64, u32) -> bool) -> usize {
        let arrivals = self.at[from..].iter().zip(&self.sort[from..]);
        arrivals
            .take_while(|(at, sort)| pass(**at, sort.cell()))
            .count()
    }

    /// The arrivals in time order.
    #[inline(always)]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Arrival> {
        let count = self.at.len();
        let (life, sort) = (&self.life[..count], &self.sort[..count]);
        (0..count).map(move |i| Arrival {
            at: self.at[i],
            life: life[i],
            id: self.first_id.wrapping_add(i as u32),
            sort: sort[i],
        })
    }
}

/// What the clients of one pair of node and endpoint do.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// Class of their connections.
    pub class: u32,
    /// Clients.
    pub clients: u32,
    /// Law of the think time.
    pub think: Law,
    /// Law of the lifetime.
    pub lifetime: Law,
    /// How connections end.
    pub ends: Ends,
    /// Which of them idle out inside their lives; none where no packet is late enough.
    pub quiet: Option<Quiet>,
    /// Names the pair: (workload, endpoint, node).
    pub unit: [u64; 3],
}

/// The clients of one cell; each thinks, connects, lives, and thinks again.
#[derive(Clone, Debug)]
pub struct Clients<'a> {
    plans: &'a [ClientPlan],
    seeds: Vec<Seed>,
    /// By plan, the seed of its class.
    class_seeds: Vec<u64>,
    /// By client, from the grant of its port until it is free again.
    busy: Vec<u64>,
    /// First client of each plan.
    first: Vec<u32>,
    /// (when it opens, plan, client), earliest first.
    opening: BinaryHeap<Reverse<(u64, u32, u32)>>,
    /// Connections opened, by client.
    opened: Vec<u64>,
}

impl<'a> Clients<'a> {
    /// The clients of `plans` in the replication whose seed is `seed`; all begin with a think. At one instant the
    /// earlier plan goes first.
    pub fn new(plans: &'a [ClientPlan], seed: Seed) -> Self {
        let mut clients = Clients {
            plans,
            seeds: plans.iter().map(|plan| seed.stream(&plan.unit)).collect(),
            class_seeds: plans
                .iter()
                .map(|plan| class_seed(seed, plan.unit[0], plan.unit[1]))
                .collect(),
            busy: Vec::new(),
            first: Vec::with_capacity(plans.len()),
            opening: BinaryHeap::new(),
            opened: Vec::new(),
        };
        for plan in plans {
            let first = clients.opened.len() as u32;
            clients.first.push(first);
            clients
                .opened
                .resize(first as usize + plan.clients as usize, 0);
        }
        clients.busy = vec![0; clients.opened.len()];
        for client in 0..clients.opened.len() as u32 {
            clients.think(client, 0);
        }
        clients
    }

    fn plan(&self, client: u32) -> usize {
        self.first.partition_point(|first| *first <= client) - 1
    }

    fn word(&self, client: u32, purpose: Purpose) -> u64 {
        let plan = self.plan(client);
        let number = u64::from(client - self.first[plan]);
        let ordinal = self.opened[client as usize];
        self.seeds[plan]
            .stream(&[number, ordinal, purpose as u64])
            .0
    }

    fn think(&mut self, client: u32, from: u64) {
        let plan = self.plan(client);
        let think = draw_span(&self.plans[plan].think, self.word(client, Purpose::Gaps));
        let opens_at = from.saturating_add(think);
        self.opening.push(Reverse((opens_at, plan as u32, client)));
    }
}

impl Clients<'_> {
    /// When the next opens a connection, and the class of that; none where all wait or have none.
    pub fn next(&self) -> Option<(u64, u32)> {
        let Reverse((at, plan, _)) = self.opening.peek()?;
        Some((*at, self.plans[*plan as usize].class))
    }

    /// The connection of [`Clients::next`].
    pub fn take(&mut self) -> Arrival {
        let Reverse((at, place, client)) = self.opening.pop().expect("there is a next client");
        let plan = &self.plans[place as usize];
        let life = draw_span(&plan.lifetime, self.word(client, Purpose::Lives));
        let end = plan.ends.end(self.word(client, Purpose::Marks));
        self.opened[client as usize] += 1;
        let class_seed = self.class_seeds[place as usize];
        let found = plan.quiet.as_ref().filter(|_| can_break(end));
        let found = found.and_then(|quiet| quiet.breaks(class_seed, at, client, life));
        self.busy[client as usize] = found.map_or(life, |found| found.learned);
        Arrival {
            at,
            life: found.map_or(life, |found| found.last_packet),
            id: client,
            sort: Sort::new(plan.class, 0, found.map_or(end, |_| End::Broken)),
        }
    }

    /// A client's connection is settled: it thinks when it is free of it.
    pub fn verdict(&mut self, verdict: Verdict) {
        let client = verdict.id;
        let free_at = match verdict.outcome {
            Outcome::Established { at, .. } => at.saturating_add(self.busy[client as usize]),
            Outcome::Settled { at } => at,
        };
        self.think(client, free_at);
    }
}

/// One span of `law` from 64 random bits, in nanoseconds.
fn draw_span(law: &Law, word: u64) -> u64 {
    let mut lanes = Lanes::new(Seed(word));
    let mut spans = [0; GRAIN];
    draw_spans(law, &mut lanes, &mut spans);
    spans[0]
}

/// 64 random bits that only the connections of (workload, endpoint) in one replication have in common.
pub fn class_seed(replication: Seed, workload: u64, endpoint: u64) -> u64 {
    mix(replication.stream(&[workload, endpoint]).0, 0x5EED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SimTime;

    const DRAWS: usize = 1 << 20;

    fn spans(law: &Law) -> Vec<f64> {
        let mut out = vec![0; DRAWS];
        draw_spans(law, &mut Lanes::new(Seed(11)), &mut out);
        out.into_iter().map(|nanos| nanos as f64 / 1e9).collect()
    }

    /// Kolmogorov and Smirnov's distance against the law's own distribution function; 1.95 / sqrt(n) is exceeded by
    /// chance once in a thousand.
    #[test]
    fn draws_follow_their_law() {
        let laws = [
            Law::Exponential { mean: 20.0 },
            Law::Lognormal {
                mu: 2.0,
                sigma: 1.2,
            },
            Law::Uniform { min: 1.0, max: 4.0 },
            Law::Pareto {
                scale: 0.5,
                shape: 1.5,
                max: f64::INFINITY,
            },
            Law::Pareto {
                scale: 0.5,
                shape: 0.8,
                max: 90.0,
            },
            Law::Weibull {
                scale: 3.0,
                shape: 0.6,
            },
        ];
        for law in laws {
            let mut spans = spans(&law);
            spans.sort_by(f64::total_cmp);
            let n = spans.len() as f64;
            let distance = spans.iter().enumerate().map(|(i, x)| {
                let below = law.cdf(*x);
                (below - i as f64 / n)
                    .abs()
                    .max((below - (i + 1) as f64 / n).abs())
            });
            let distance = distance.fold(0.0, f64::max);
            assert!(distance < 1.95 / n.sqrt(), "{law:?}: {distance}");
        }
    }

    /// Our batches against `rand_distr`, by the means and variances of logarithms: within 4.5 standard errors.
    #[test]
    fn lognormal_draws_agree_with_rand_distr() {
        use rand_distr::Distribution;
        let mut rng = rand_xoshiro::rand_core::SeedableRng::seed_from_u64(3);
        let rng: &mut rand_xoshiro::Xoshiro256PlusPlus = &mut rng;
        let published = rand_distr::LogNormal::<f64>::new(1.0, 0.7).unwrap();
        let theirs: Vec<f64> = (0..DRAWS).map(|_| published.sample(rng).ln()).collect();
        let ours: Vec<f64> = spans(&Law::Lognormal {
            mu: 1.0,
            sigma: 0.7,
        })
        .iter()
        .map(|x| x.ln())
        .collect();
        let moments = |x: &[f64]| {
            let n = x.len() as f64;
            let mean = x.iter().sum::<f64>() / n;
            (mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
        };
        let ((mean_a, var_a), (mean_b, var_b)) = (moments(&ours), moments(&theirs));
        let se_mean = (2.0 * 0.49 / DRAWS as f64).sqrt();
        let se_var = (2.0 * 2.0 * 0.49f64.powi(2) / DRAWS as f64).sqrt();
        assert!((mean_a - mean_b).abs() < 4.5 * se_mean);
        assert!((var_a - var_b).abs() < 4.5 * se_var);
    }

    #[test]
    fn marks_share_arrivals_out_by_weight() {
        let weights = [(0, 0.5), (3, 0.25), (4, 0.125), (9, 0.125)];
        let marks = CellMarks::weighted(&weights);
        let mut lanes = Lanes::new(Seed(5));
        let mut words = vec![0; DRAWS];
        lanes::words(&mut lanes, &mut words);
        for (cell, weight) in weights {
            let n = words
                .iter()
                .filter(|word| marks.cell(**word) == cell)
                .count() as f64;
            let se = (DRAWS as f64 * weight * (1.0 - weight)).sqrt();
            assert!(
                (n - DRAWS as f64 * weight).abs() < 4.5 * se,
                "cell {cell}: {n}"
            );
        }
    }

    fn plan(process: Process) -> StreamPlan {
        StreamPlan {
            class: 0,
            process,
            cells: CellMarks::weighted(&[(0, 1.0), (1, 1.0)]),
            lifetime: Law::Exponential { mean: 1.0 },
            ends: Ends::tcp(Close {
                fin: 0.5,
                rst: 0.5,
                abandon: 0.0,
                unanswered: 0.0,
            }),
            course: None,
            quiet: None,
            unit: [0, 0, 0],
            first_id: 0,
        }
    }

    #[test]
    fn a_stream_is_the_same_however_it_is_cut_into_windows() {
        let plan = plan(Process::Poisson(50.0));
        let until = SimTime::from_secs(100).as_nanos();
        let mut whole = Dealt::new(2);
        Stream::new(&plan, Seed(1), 1.0).deal(until, &mut whole);
        let mut pieces = Dealt::new(2);
        let mut stream = Stream::new(&plan, Seed(1), 5_000.0);
        for end in (0..=until).step_by(7_777_777_777).skip(1).chain([until]) {
            stream.deal(end, &mut pieces);
        }
        let mut arrivals = 0;
        for cell in 0..2 {
            assert_eq!(whole.of(cell), pieces.of(cell));
            assert!(whole.of(cell).is_sorted_by_key(|arrival| arrival.at));
            arrivals += whole.of(cell).len();
        }
        // Poisson with mean 5,000: within 4.5 standard deviations.
        assert!((arrivals as f64 - 5_000.0).abs() < 4.5 * 5_000f64.sqrt());
    }

    #[test]
    fn constant_arrivals_are_evenly_spaced_from_their_phase() {
        let plan = plan(Process::Constant {
            per_second: 20.0,
            phase: 0.5,
        });
        let mut out = Dealt::new(2);
        Stream::new(&plan, Seed(1), 20.0).deal(1_000_000_000, &mut out);
        let both = out.of(0).iter().chain(out.of(1));
        let mut at: Vec<u64> = both.map(|arrival| arrival.at).collect();
        at.sort_unstable();
        assert_eq!(
            at,
            (0..20)
                .map(|j| 25_000_000 + j * 50_000_000)
                .collect::<Vec<u64>>()
        );
    }
}

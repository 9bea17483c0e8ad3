//! Streams of connections that wait for nothing, many drawn at once.

use super::batches::{BatchSize, Batches};
use super::bursts::BurstPart;
use super::course::{Course, CoursePlan};
use super::dealt::Dealt;
use super::draws::{GRAIN, draw_spans};
use super::lanes::{self, Lanes};
use super::quiet::{Quiet, can_break};
use super::{CellMarks, Ends, Law};
use crate::engine::{Arrival, End, Sort};
use crate::units::{Seed, SimTime, mix};

/// The most that is drawn at once.
const AT_ONCE: usize = 256;

/// What each random stream of a unit of drawing is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
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
        let at_once = wanted.next_multiple_of(GRAIN).min(AT_ONCE);
        let marks = if plan.cells.is_one() && plan.ends.only.is_some() {
            0
        } else {
            at_once
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
            at: vec![0; at_once],
            life: vec![0; at_once],
            mark: vec![0; marks],
            spot: vec![0; if batches.is_some() { marks } else { 0 }],
            batches,
            sort: vec![Sort::new(plan.class, plan.cells.cell(0), plan.ends.end(0)); at_once],
            next: at_once,
            drawn: 0,
            clock: 0,
        }
    }

    fn draw(&mut self) {
        match self.plan.process {
            Process::Poisson(per_second) => {
                lanes::words(&mut self.gaps, &mut self.at);
                lanes::exponential(1e9 / per_second, &mut self.at);
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
        self.hand_over(until, |arrivals| dealt.deal(arrivals.iter()));
    }

    /// Hands over all arrivals before `until` in time order, in the pieces in which they were drawn.
    #[inline(always)]
    pub fn hand_over(&mut self, until: u64, mut take: impl FnMut(Drawn)) {
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
            take(Drawn {
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
pub struct Drawn<'a> {
    first_id: u32,
    at: &'a [u64],
    life: &'a [u64],
    sort: &'a [Sort],
}

impl Drawn<'_> {
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

/// 64 random bits that only the connections of (workload, endpoint) in one replication have in common.
pub fn class_seed(replication: Seed, workload: u64, endpoint: u64) -> u64 {
    mix(replication.stream(&[workload, endpoint]).0, 0x5EED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::Close;

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

//! A cell in its steady state: what arrives, and what is found in it as long as nothing is refused.

use crate::engine::{
    CellRules, Class, End, Grouping, IpChoice, PoolPlan, Protocol, Schedule, Sort,
};
use crate::model::{Mix, Model, Workload};
use crate::traffic::{Draws, Lifetimes};
use crate::units::SimTime;

/// Connections of one workload that end in one way.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub class: u32,
    pub end: End,
    /// None where the life does not count.
    lives: Option<Lifetimes>,
    /// Mean life in nanoseconds.
    mean_life: f64,
    /// Nanoseconds after the life in which the port is active, and in which it is held.
    silence: u64,
    hold_down: u64,
    /// Connections per second.
    rate: f64,
}

impl Part {
    /// Its connections as a cell sees them.
    pub fn sort(&self) -> Sort {
        Sort::new(self.class, 0, self.end)
    }
}

/// Ports that are met at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Active or held.
    InUse,
    /// Active.
    Active,
    /// In a hold-down.
    Held,
}

impl Part {
    /// Mean nanoseconds that a connection spends in `phase`.
    fn mean(&self, phase: Phase) -> f64 {
        let active = self.mean_life + self.silence as f64;
        match phase {
            Phase::InUse => active + self.hold_down as f64,
            Phase::Active => active,
            Phase::Held => self.hold_down as f64,
        }
    }

    /// A life as it arrives, in nanoseconds.
    pub fn life(&self, draws: &mut Draws) -> u64 {
        let lives = self.lives.as_ref();
        lives.map_or(0, |lives| lives.of_an_arrival(draws))
    }

    /// Nanoseconds from the grant of the port to the end of activity and to the release.
    pub fn spans(&self, life: u64) -> (u64, u64) {
        let active = life + self.silence;
        (active, active + self.hold_down)
    }

    /// A connection met in `phase`: its life, and the nanoseconds since its grant.
    ///
    /// In a steady state it is met in proportion to the time it spends there, and at any instant of that alike.
    pub fn met(&self, phase: Phase, draws: &mut Draws) -> (u64, u64) {
        let by_length = phase != Phase::Held && draws.unit() * self.mean(phase) <= self.mean_life;
        let life = match &self.lives {
            Some(lives) if by_length => lives.of_a_resident(draws),
            _ => self.life(draws),
        };
        let (active, held) = self.spans(life);
        let (from, to) = match phase {
            Phase::InUse => (0, held),
            Phase::Active => (0, active),
            Phase::Held => (active, held),
        };
        // At least a nanosecond before the end, so that it is still there at the instant.
        let age = from + ((1.0 - draws.unit()) * (to - from) as f64) as u64;
        (life, age.min(to.saturating_sub(1)))
    }
}

/// What a cell is made from: (index of the workload, connections per second), ascending.
pub(super) type Flows = Vec<(usize, f64)>;

/// A cell in its steady state.
#[derive(Clone, Debug)]
pub(super) struct SteadyCell {
    pub rules: CellRules,
    /// Stocks a try is dealt to; one where nothing couples them.
    pub stocks: u32,
    /// Ports of a stock, active or held.
    pub limit: u32,
    /// Active connections of a stock, where that is limited apart.
    pub active_limit: Option<u32>,
    pub parts: Vec<Part>,
    /// One per flow; their seeds are set for every draw.
    pub classes: Vec<Class>,
    /// Connections per second.
    pub rate: f64,
    /// Cumulated rates, and ports by phase, over parts.
    by_rate: Vec<f64>,
    by_phase: [Vec<f64>; 3],
}

/// The end of all time, and so of the run: nothing is pending when a cluster is over.
pub(super) const FOREVER: SimTime = SimTime::from_nanos(1 << 62);

impl SteadyCell {
    /// The cell of `flows` over `protocol` under `plan`.
    pub fn new(model: &Model, plan: &PoolPlan, protocol: Protocol, flows: &Flows) -> SteadyCell {
        let (buckets, limit) = stocks(plan);
        let again = flows
            .iter()
            .any(|(workload, _)| model.workloads[*workload].retry.attempts > 1);
        // A SYN and its retransmits meet one bucket; only another try meets another.
        let stocks = if again { buckets } else { 1 };
        let share = f64::from(stocks) / f64::from(buckets);
        let alike = PoolPlan {
            grouping: match stocks {
                1 => Grouping::Shared,
                _ => Grouping::Buckets {
                    ips: 1,
                    instances: stocks,
                    choice: IpChoice::Random,
                },
            },
            limit,
            ..plan.clone()
        };
        let rules = CellRules::new(&alike, SimTime::ZERO, FOREVER, FOREVER, false);
        let mut parts = Vec::new();
        let mut classes = Vec::new();
        for (class, (workload, rate)) in (0..).zip(flows) {
            let workload = &model.workloads[*workload];
            let schedule = workload.schedule(protocol);
            parts.extend(parts_of(
                workload,
                class,
                rate * share,
                protocol,
                &schedule,
                plan,
                &rules,
            ));
            classes.push(Class {
                key: 0,
                first_node: 0,
                seed: 0,
                schedule,
            });
        }
        let cumulated = |size: &dyn Fn(&Part) -> f64| {
            let mut sum = 0.0;
            let sums = parts.iter().map(|part| {
                sum += size(part);
                sum
            });
            sums.collect::<Vec<f64>>()
        };
        let ports = |phase| cumulated(&|part| part.rate * part.mean(phase) / 1e9);
        SteadyCell {
            stocks,
            limit: alike.binding_limit(),
            active_limit: plan
                .active_limit
                .filter(|active| !active.counts_held)
                .map(|active| active.limit),
            rate: flows.iter().map(|(_, rate)| rate * share).sum(),
            by_rate: cumulated(&|part| part.rate),
            by_phase: [
                ports(Phase::InUse),
                ports(Phase::Active),
                ports(Phase::Held),
            ],
            parts,
            classes,
            rules,
        }
    }

    /// Ports of all stocks in `phase` on average, if none is refused.
    pub fn load(&self, phase: Phase) -> f64 {
        self.by_phase[phase as usize].last().copied().unwrap_or(0.0)
    }

    /// The part of a connection that arrives.
    pub fn arriving(&self, draws: &mut Draws) -> &Part {
        &self.parts[pick(&self.by_rate, draws)]
    }

    /// The part of a connection that is met in `phase`.
    pub fn present(&self, phase: Phase, draws: &mut Draws) -> &Part {
        &self.parts[pick(&self.by_phase[phase as usize], draws)]
    }

    /// The logarithms of the probabilities that a stock from which nothing is refused has exactly as many ports in use,
    /// or active, as its limits allow.
    pub fn ln_full(&self) -> [f64; 2] {
        let stocks = f64::from(self.stocks);
        let active = self.active_limit.map_or(f64::NEG_INFINITY, |limit| {
            ln_poisson(self.load(Phase::Active) / stocks, limit)
        });
        [
            ln_poisson(self.load(Phase::InUse) / stocks, self.limit),
            active,
        ]
    }

    /// Of the two limits the one that is reached more often: what a stock from which nothing is refused has of it on
    /// average, and the limit.
    pub fn shortest(&self) -> (f64, u32) {
        let load = |phase| self.load(phase) / f64::from(self.stocks);
        let (used, active) = (load(Phase::InUse), load(Phase::Active));
        let reached = |load, limit| poisson_tail(load, u64::from(limit));
        match self.active_limit {
            Some(limit) if reached(active, limit) > reached(used, self.limit) => (active, limit),
            _ => (used, self.limit),
        }
    }

    /// A bound of the probability that a stock from which nothing is refused is at a limit or above.
    pub fn bound(&self) -> f64 {
        let stocks = f64::from(self.stocks);
        let active = self.active_limit.map_or(0.0, |limit| {
            poisson_tail(self.load(Phase::Active) / stocks, u64::from(limit))
        });
        poisson_tail(self.load(Phase::InUse) / stocks, u64::from(self.limit)) + active
    }
}

/// Stocks that a try is dealt to, and the ports of each: a try that looks at all addresses of its instance has theirs.
pub(super) fn stocks(plan: &PoolPlan) -> (u32, u32) {
    match plan.grouping {
        Grouping::Buckets {
            ips,
            instances,
            choice: IpChoice::Random,
        } => (ips * instances, plan.limit),
        Grouping::Buckets {
            ips,
            instances,
            choice: IpChoice::Fallback,
        } => (instances, plan.limit * ips),
        Grouping::ByNode | Grouping::Shared | Grouping::ByGateway(_) => (1, plan.limit),
    }
}

fn parts_of(
    workload: &Workload,
    class: u32,
    rate: f64,
    protocol: Protocol,
    schedule: &Schedule,
    plan: &PoolPlan,
    rules: &CellRules,
) -> Vec<Part> {
    let Some(Mix {
        lifetime, close, ..
    }) = super::open_mix(workload)
    else {
        return Vec::new();
    };
    let ends = match protocol {
        Protocol::Udp => vec![(1.0, End::Udp)],
        Protocol::Tcp => vec![
            (close.fin, End::Fin),
            (close.rst, End::Rst),
            (close.abandon, End::Abandon),
            (close.unanswered, End::Unanswered),
        ],
    };
    let part = |(weight, end): (f64, End)| {
        let answered = end != End::Unanswered;
        let last_syn = schedule.syns.last().copied().unwrap_or(0);
        let (silence, hold_down) = match answered {
            true => rules.after(end),
            false => (last_syn + plan.holds.half_open.as_nanos(), 0),
        };
        Part {
            class,
            end,
            lives: answered.then(|| Lifetimes::new(lifetime)),
            mean_life: if answered { lifetime.mean() * 1e9 } else { 0.0 },
            silence,
            hold_down,
            rate: rate * weight,
        }
    };
    ends.into_iter()
        .filter(|(weight, _)| *weight > 0.0)
        .map(part)
        .collect()
}

/// An index, in proportion to what it adds to `cumulated`.
fn pick(cumulated: &[f64], draws: &mut Draws) -> usize {
    if cumulated.len() == 1 {
        return 0;
    }
    let wanted = draws.unit() * cumulated[cumulated.len() - 1];
    cumulated
        .partition_point(|sum| *sum < wanted)
        .min(cumulated.len() - 1)
}

/// The logarithm of the probability that a Poisson variable of this mean is `count`.
fn ln_poisson(mean: f64, count: u32) -> f64 {
    if mean <= 0.0 {
        return if count == 0 { 0.0 } else { f64::NEG_INFINITY };
    }
    let count = f64::from(count);
    count * libm::log(mean) - mean - libm::lgamma(count + 1.0)
}

/// The probability that a Poisson variable of this mean is `count` or more; 1 for a count that does not exceed the mean.
pub(super) fn poisson_tail(mean: f64, count: u64) -> f64 {
    let count = count as f64;
    if count <= mean {
        return 1.0;
    }
    if mean <= 0.0 {
        return 0.0;
    }
    let (mut term, mut sum, mut next) = (1.0, 1.0, count);
    while term > 1e-17 * sum {
        next += 1.0;
        term *= mean / next;
        sum += term;
    }
    let ln_first = count * libm::log(mean) - mean - libm::lgamma(count + 1.0);
    (libm::exp(ln_first) * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_probabilities_are_those_of_the_formula() {
        let close = |found: f64, expected: f64| {
            assert!(
                (found / expected - 1.0).abs() < 1e-9,
                "{found} is not {expected}"
            );
        };
        close(libm::exp(ln_poisson(3.0, 2)), 4.5 * (-3f64).exp());
        close(poisson_tail(1.0, 2), 1.0 - 2.0 * (-1f64).exp());
        assert_eq!(poisson_tail(5.0, 5), 1.0);
        assert_eq!(poisson_tail(0.0, 5), 0.0);
        assert_eq!(ln_poisson(0.0, 0), 0.0);
    }
}

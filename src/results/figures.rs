//! From a run to the document: every figure of every outbound, and what they come to.

use super::analytic::{self, Analysis};
use super::document::*;
use super::events;
use super::findings;
use super::holds::{HoldTimes, hold_times};
use super::interval::{self, Share};
use super::limits::PoolLimits;
use super::timeline;
use super::varying;
use crate::engine::PoolPlan;
use crate::model::{Model, Outbound, Path};
use crate::record::{Cause, Slot, Tally, UsedCounts};
use crate::simulate::{HighestUse, Minutes, OutboundRun, ReplicationRun, RunResult};
use crate::units::SimTime;

/// What a document says that neither the model nor the run knows.
#[derive(Clone, Debug)]
pub struct About {
    /// SHA-256 of the scenario after overrides and of every file it names, in hexadecimal.
    pub scenario_sha256: String,
    /// Whether outbounds are compared with each other.
    pub compare: bool,
}

/// The document of a run. A run with [`Detail::Table`](crate::simulate::Detail::Table) leaves out what needs minute series.
pub fn document(model: &Model, run: &RunResult, about: &About) -> Document {
    let subjects: Vec<Option<Subject>> = model
        .outbounds
        .iter()
        .zip(&run.outbounds)
        .map(|(outbound, run)| Subject::of(model, outbound, run.as_ref()))
        .collect();
    let outbounds = model
        .outbounds
        .iter()
        .zip(&subjects)
        .map(|(outbound, subject)| match (&outbound.plan, subject) {
            (Err(faults), _) => findings::refused(outbound, faults),
            (Ok(_), Some(subject)) => subject.result(about),
            (Ok(_), None) => unreachable!("every outbound that Azure accepts was simulated"),
        })
        .collect();
    Document {
        schema_version: SCHEMA_VERSION,
        snatsim: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: model.name.clone(),
        scenario_sha256: about.scenario_sha256.clone(),
        seed: model.seed.0,
        replications: model.replications,
        duration: model.duration.as_secs_f64(),
        warmup: model.warmup.as_secs_f64(),
        confidence: model.confidence,
        outbounds,
        comparisons: if about.compare {
            comparisons(model, &subjects)
        } else {
            Vec::new()
        },
        assumptions: serde_json::to_value(&model.assumptions)
            .expect("assumptions are plain values"),
    }
}

/// Paired differences of all outbounds that were simulated, in the order of the file.
fn comparisons(model: &Model, subjects: &[Option<Subject>]) -> Vec<Comparison> {
    let simulated: Vec<&Subject> = subjects.iter().flatten().collect();
    let mut found = Vec::new();
    for (index, a) in simulated.iter().enumerate() {
        for b in &simulated[index + 1..] {
            let (of_a, of_b) = (a.shares(|run| &run.total), b.shares(|run| &run.total));
            let paired = interval::paired_difference(&of_a, &of_b, model.confidence);
            found.extend(paired.map(|(difference, bounds)| Comparison {
                a: a.outbound.name.clone(),
                b: b.outbound.name.clone(),
                metric: "failureProbability".to_owned(),
                difference,
                low: bounds.map(|bounds| bounds.low),
                high: bounds.map(|bounds| bounds.high),
                pairs: of_a.len() as u32,
            }));
        }
    }
    found
}

/// One outbound that was simulated, with what its figures are made from.
pub(super) struct Subject<'a> {
    pub model: &'a Model,
    pub outbound: &'a Outbound,
    pub plan: &'a PoolPlan,
    pub run: &'a OutboundRun,
    /// Counters summed over replications.
    pub total: Tally,
    /// Hold times that the model implies; none without connections.
    pub holds: Option<HoldTimes>,
    analysis: Analysis,
}

impl<'a> Subject<'a> {
    fn of(model: &'a Model, outbound: &'a Outbound, run: Option<&'a OutboundRun>) -> Option<Self> {
        let (Ok(plan), Some(run)) = (&outbound.plan, run) else {
            return None;
        };
        let reaching = model.reaching(outbound);
        Some(Subject {
            model,
            outbound,
            plan,
            run,
            total: sum(run.replications.iter().map(|run| &run.total)),
            holds: hold_times(&reaching, plan),
            analysis: analytic::analyse(&reaching, plan),
        })
    }

    fn result(&self, about: &About) -> OutboundResult {
        let figures = self.figures();
        let verdict = self.verdict();
        OutboundResult {
            name: self.outbound.name.clone(),
            outbound_type: self.outbound.kind.word().to_owned(),
            verdict,
            summary: findings::summary(verdict, &figures, self),
            depends_on: self.depends_on(verdict),
            alternatives: None,
            findings: findings::findings(verdict, &figures, self, about),
            figures: Some(figures),
        }
    }

    /// The verdict of what was simulated; `refused` never comes here.
    fn verdict(&self) -> Verdict {
        if self.total.failed > 0 {
            Verdict::Exhausted
        } else if self.total.refused_syns > 0 {
            Verdict::Slow
        } else if self.peak_use() >= TIGHT {
            Verdict::Tight
        } else {
            Verdict::Clear
        }
    }

    /// The assumptions whose other value would give another verdict, as far as that shows without another run: ports in
    /// use above the second limit, if held ports counted toward it, would have been refused.
    fn depends_on(&self, verdict: Verdict) -> Vec<String> {
        let used = self.peak(|run| &run.peak_used);
        let flips = verdict <= Verdict::Tight
            && self
                .plan
                .active_limit
                .is_some_and(|second| !second.counts_held && used > second.limit);
        match flips && self.outbound.kind.is_nat_gateway() {
            true => vec!["natHeldPortsCountToEndpointLimit".to_owned()],
            false => Vec::new(),
        }
    }

    /// The highest use of any pool, by the limit that it came nearest to; 1 is full.
    pub fn peak_use(&self) -> f64 {
        self.peak_of_limit().max(self.peak_of_second_limit())
    }

    /// The highest use of any pool against its ports.
    pub fn peak_of_limit(&self) -> f64 {
        if let Some(highest) = self.highest_use() {
            return highest.ports;
        }
        match self.plan.limit {
            0 => 0.0,
            limit => f64::from(self.peak(|run| &run.peak_used)) / f64::from(limit),
        }
    }

    /// The highest use of any pool against the second limit, 0 where there is none.
    pub fn peak_of_second_limit(&self) -> f64 {
        if let Some(highest) = self.highest_use() {
            return highest.active;
        }
        self.plan.active_limit.map_or(0.0, |second| {
            f64::from(self.peak(|run| &run.peak_active)) / f64::from(second.limit)
        })
    }

    /// The highest use where limits change in the course of the run, each epoch's by its own.
    fn highest_use(&self) -> Option<HighestUse> {
        let runs = self.run.replications.iter();
        runs.filter_map(|run| run.highest_use)
            .reduce(HighestUse::max)
    }

    fn peak(&self, of: impl Fn(&ReplicationRun) -> &Vec<u32>) -> u32 {
        let peaks = self.run.replications.iter().flat_map(of);
        peaks.copied().max().unwrap_or(0)
    }

    /// One share of failures per replication.
    fn shares(&self, of: impl Fn(&ReplicationRun) -> &Tally) -> Vec<Share> {
        let share = |run| {
            let tally = of(run);
            Share {
                failed: tally.failed,
                decided: tally.decided(),
            }
        };
        self.run.replications.iter().map(share).collect()
    }

    /// The failure probability of all connections: over replications, or over batches of time.
    fn failure_probability(&self) -> Estimate {
        let (units, method) = match self.batches() {
            Some(batches) => (batches, IntervalMethod::Batches),
            None => (self.shares(|run| &run.total), self.method()),
        };
        self.estimate(&units, method)
    }

    /// The failure probability of a group of connections, for which no batches are kept.
    fn part_probability(&self, of: impl Fn(&ReplicationRun) -> &Tally) -> Estimate {
        self.estimate(&self.shares(of), self.method())
    }

    fn estimate(&self, units: &[Share], method: IntervalMethod) -> Estimate {
        interval::failure_probability(
            units,
            method,
            self.model.confidence,
            match self.model.has_events() || self.model.workloads.iter().any(varying::moves) {
                // Refusals would begin at the peak, whatever the mean.
                true => self.run.fullest_mean_use.max(self.peak_of_limit()),
                false => self.run.fullest_mean_use,
            },
        )
    }

    fn method(&self) -> IntervalMethod {
        if self.run.replications.len() >= interval::ENOUGH_REPLICATIONS {
            IntervalMethod::Replications
        } else {
            IntervalMethod::None
        }
    }

    /// Batches of time, where there are too few replications and enough time.
    fn batches(&self) -> Option<Vec<Share>> {
        let replications = &self.run.replications;
        if self.method() == IntervalMethod::Replications {
            return None;
        }
        let slots = replications.iter().map(|run| run.slots.len()).min()?;
        let cut = interval::batches(
            self.window().as_secs_f64(),
            slots,
            replications.len(),
            self.holds.as_ref()?.mean.max(varying::memory(self.model)?),
        )?;
        let batches = replications.iter().flat_map(|run| {
            (0..cut).map(move |batch| {
                let (from, to) = (batch * slots / cut, (batch + 1) * slots / cut);
                share_of_slots(&run.slots[from..to])
            })
        });
        Some(batches.collect())
    }

    fn window(&self) -> SimTime {
        self.model.duration.saturating_sub(self.model.warmup)
    }

    fn figures(&self) -> Figures {
        let latency = &self.run.connect_latency;
        Figures {
            connections: connections(&self.total, self.aside(|_, _| true)),
            failure_probability: self.failure_probability(),
            replications_with_failure: self.replications_with_failure(),
            pools: self.pools(),
            first_failure: self.first_failure(),
            refused_minutes: self.refused_minutes(),
            connect_latency: ConnectLatency {
                p50: latency.quantile(0.5),
                p90: latency.quantile(0.9),
                p99: latency.quantile(0.99),
                p999: latency.quantile(0.999),
                max: latency.max(),
            },
            port_hold: self.has_minutes().then(|| PortHold {
                mean: self.run.port_hold.mean(),
                p50: self.run.port_hold.quantile(0.5),
                p99: self.run.port_hold.quantile(0.99),
            }),
            port_seconds: self.port_seconds(&self.total),
            analytic: self.analysis.total.clone(),
            rare: None,
            by_pool: self.by_pool(),
            by_destination: self.by_destination(),
            by_workload: self.by_workload(),
            paths: self.paths(),
            events: events::of(self),
            timeline: timeline::fleet(
                self.outbound.kind.metrics(),
                &PoolLimits::of(self.model, self.outbound),
                &self.run.replications,
            ),
        }
    }

    /// What took no port, by path, workload and destination.
    fn paths(&self) -> Vec<PathResult> {
        let decisions = self.outbound.paths.decisions();
        let asides = self.run.asides.iter();
        asides
            .map(|((path, workload, destination), connections)| {
                let decision = &decisions[*path];
                let (path, reason) = decision.path.words();
                PathResult {
                    workload: self.model.workloads[*workload as usize].name.clone(),
                    destination: self.model.destinations[*destination as usize].clone(),
                    path: path.to_owned(),
                    reason: reason.to_owned(),
                    rule: decision.rule.clone(),
                    connections: *connections,
                }
            })
            .collect()
    }

    /// Connections that took no port, of the workloads and destinations that `of` picks.
    fn aside(&self, of: impl Fn(usize, usize) -> bool) -> Aside {
        let decisions = self.outbound.paths.decisions();
        let mut sum = Aside::default();
        for ((path, workload, destination), connections) in &self.run.asides {
            if !of(*workload as usize, *destination as usize) {
                continue;
            }
            match decisions[*path].path {
                Path::Snat => {}
                Path::Bypassed(_) => sum.bypassed += connections,
                Path::Denied(_) => sum.denied += connections,
            }
        }
        sum
    }

    /// The minute series of all replications; none where they were not recorded.
    fn minutes(&self) -> Option<Vec<&Minutes>> {
        let all = self.run.replications.iter().map(|run| run.minutes.as_ref());
        all.collect()
    }

    fn has_minutes(&self) -> bool {
        self.minutes().is_some()
    }

    fn replications_with_failure(&self) -> ReplicationsWithFailure {
        let of = self.run.replications.len() as u64;
        let with = self.run.replications.iter();
        let count = with.filter(|run| run.total.failed > 0).count() as u64;
        let bounds = interval::clopper_pearson(count, of, self.model.confidence);
        ReplicationsWithFailure {
            count: count as u32,
            of: of as u32,
            low: bounds.low,
            high: bounds.high,
        }
    }

    fn pools(&self) -> Pools {
        let count = self.plan.pools(self.model.nodes.len());
        let refused = |pool: &usize| self.run.replications.iter().any(|run| run.refused[*pool]);
        Pools {
            count: count as u64,
            limit: self.outbound.most_ports().unwrap_or(0),
            exhausted: (0..count).filter(refused).count() as u64,
            peak_used: self.peak(|run| &run.peak_used),
            used_percentiles: self.minutes().map(|runs| {
                let limits = PoolLimits::of(self.model, self.outbound);
                let there = |run: &Minutes, at: usize| {
                    let (pool, minute) = (at / run.minutes, at % run.minutes);
                    limits.in_minute(pool, run.first + minute).is_some()
                };
                let peaks = runs.iter().flat_map(|run| {
                    let all = run.peak.iter().copied().enumerate();
                    all.filter_map(|(at, peak)| there(run, at).then_some(peak))
                });
                percentiles(peaks.collect())
            }),
        }
    }

    fn first_failure(&self) -> Option<FirstFailure> {
        let failures = self.run.replications.iter().enumerate();
        let (replication, first) = failures
            .filter_map(|(index, run)| Some((index, run.first_failure?)))
            .min_by_key(|(index, first)| (first.at, *index))?;
        Some(FirstFailure {
            at: first.at.as_secs_f64(),
            pool: self.pool_name(first.pool as usize),
            destination: self.model.destinations[first.destination as usize].clone(),
            replication: replication as u32,
            during_warmup: first.at < self.model.warmup,
        })
    }

    pub fn pool_name(&self, pool: usize) -> String {
        self.model.pool_name(self.outbound, self.plan, pool)
    }

    fn refused_minutes(&self) -> Option<RefusedMinutes> {
        let (mut count, mut longest, mut minutes) = (0, 0, 0);
        for run in self.minutes()? {
            minutes += run.minutes as u64;
            let mut in_a_row = 0;
            for minute in 0..run.minutes {
                let mut pools = run.refused.iter().skip(minute).step_by(run.minutes);
                in_a_row = if pools.any(|refused| *refused > 0) {
                    in_a_row + 1
                } else {
                    0
                };
                count += u64::from(in_a_row > 0);
                longest = longest.max(in_a_row);
            }
        }
        Some(RefusedMinutes {
            count,
            fraction: if minutes == 0 {
                0.0
            } else {
                count as f64 / minutes as f64
            },
            longest,
        })
    }

    fn port_seconds(&self, tally: &Tally) -> Option<PortSeconds> {
        let seconds = |cause: Cause| tally.port_nanos[cause as usize] as f64 / 1e9;
        self.has_minutes().then(|| PortSeconds {
            open: seconds(Cause::Open),
            fin_hold: seconds(Cause::FinHold),
            rst_hold: seconds(Cause::RstHold),
            idle: seconds(Cause::Idle),
            udp: seconds(Cause::Udp),
            half_open: seconds(Cause::HalfOpen),
        })
    }

    fn by_pool(&self) -> Vec<Part> {
        let pools = 0..self.plan.pools(self.model.nodes.len());
        pools
            .map(|pool| {
                let percentiles = self.minutes().map(|runs| {
                    let peaks = runs.iter().flat_map(|run| {
                        let own = pool * run.minutes..(pool + 1) * run.minutes;
                        run.peak[own].iter().copied()
                    });
                    percentiles(peaks.collect())
                });
                self.part(
                    self.pool_name(pool),
                    |run| &run.by_pool[pool],
                    |run| run.peak_used[pool],
                    percentiles,
                    &self.analysis.by_pool[pool],
                    // What takes no port belongs to no pool.
                    Aside::default(),
                )
            })
            .collect()
    }

    fn by_destination(&self) -> Vec<Part> {
        let names = self.model.destinations.iter().enumerate();
        names
            .map(|(index, name)| {
                self.part(
                    name.clone(),
                    |run| &run.by_destination[index],
                    |run| run.peak_by_destination[index],
                    self.merged(|minutes| &minutes.by_destination[index]),
                    &self.analysis.by_destination[index],
                    self.aside(|_, destination| destination == index),
                )
            })
            .collect()
    }

    fn by_workload(&self) -> Vec<Part> {
        let workloads = self.model.workloads.iter().enumerate();
        workloads
            .map(|(index, workload)| {
                self.part(
                    workload.name.clone(),
                    |run| &run.by_workload[index],
                    |run| run.peak_by_workload[index],
                    self.merged(|minutes| &minutes.by_workload[index]),
                    &self.analysis.by_workload[index],
                    self.aside(|workload, _| workload == index),
                )
            })
            .collect()
    }

    /// Percentiles of counts that are kept per replication.
    fn merged(&self, of: impl Fn(&Minutes) -> &UsedCounts) -> Option<UsedPercentiles> {
        let mut all = UsedCounts::default();
        for minutes in self.minutes()? {
            all.merge(of(minutes));
        }
        Some(UsedPercentiles {
            p50: all.quantile(0.5),
            p95: all.quantile(0.95),
            p99: all.quantile(0.99),
            p999: all.quantile(0.999),
        })
    }

    fn part(
        &self,
        name: String,
        tally: impl Fn(&ReplicationRun) -> &Tally,
        peak: impl Fn(&ReplicationRun) -> u32,
        used_percentiles: Option<UsedPercentiles>,
        analytic: &Analytic,
        aside: Aside,
    ) -> Part {
        let all = sum(self.run.replications.iter().map(&tally));
        Part {
            name,
            connections: connections(&all, aside),
            failure_probability: self.part_probability(&tally),
            peak_used: self.run.replications.iter().map(peak).max().unwrap_or(0),
            limit: self.outbound.most_ports().unwrap_or(0),
            used_percentiles,
            port_seconds: self.port_seconds(&all),
            analytic: analytic.clone(),
        }
    }
}

/// The use from which on a pool without refusals is called tight.
const TIGHT: f64 = 0.8;

fn sum<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Tally {
    tallies.fold(Tally::default(), |mut sum, tally| {
        sum.add(tally);
        sum
    })
}

fn share_of_slots(slots: &[Slot]) -> Share {
    slots.iter().fold(Share::default(), |sum, slot| Share {
        failed: sum.failed + slot.failed,
        decided: sum.decided + slot.offered - slot.pending,
    })
}

/// Nearest-rank percentiles of minutes' peaks.
fn percentiles(mut peaks: Vec<u32>) -> UsedPercentiles {
    peaks.sort_unstable();
    let n = peaks.len();
    let at = |p: f64| {
        let rank = ((p * n as f64).ceil() as usize).clamp(1, n.max(1));
        peaks.get(rank - 1).copied().unwrap_or(0)
    };
    UsedPercentiles {
        p50: at(0.5),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
    }
}

/// Connections that took no port.
#[derive(Clone, Copy, Default)]
struct Aside {
    bypassed: u64,
    denied: u64,
}

/// The published counters.
fn connections(tally: &Tally, aside: Aside) -> Connections {
    Connections {
        offered: tally.offered,
        established: tally.established,
        failed: tally.failed,
        unanswered: tally.unanswered,
        pending: tally.pending,
        broken: tally.broken,
        delayed: tally.delayed,
        refused_first: tally.refused_first,
        bypassed: aside.bypassed,
        denied: aside.denied,
        tries: tally.tries,
        syns: tally.syns,
        refused_syns: tally.refused_syns,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Code, Fault};
    use crate::model::Traffic;
    use crate::results::{fixture, schema};
    use crate::simulate::slots_in;
    use crate::traffic::Profile;

    fn about() -> About {
        About {
            scenario_sha256: "00".to_owned(),
            compare: true,
        }
    }

    fn of(model: &Model, run: &RunResult) -> Document {
        document(model, run, &about())
    }

    fn figures(document: &Document, index: usize) -> &Figures {
        document.outbounds[index].figures.as_ref().unwrap()
    }

    fn codes(outbound: &OutboundResult) -> Vec<&str> {
        let findings = outbound.findings.iter();
        findings.map(|finding| finding.code.as_str()).collect()
    }

    fn refuse(model: &mut Model, run: &mut RunResult, index: usize) {
        model.outbounds[index].plan = Err(vec![Fault {
            code: Code::E0101,
            pointer: String::new(),
            found: "1,001 ports were asked for.".to_owned(),
            allowed: "A multiple of 8.".to_owned(),
            remedy: "Ask for 1,000.".to_owned(),
        }]);
        run.outbounds[index] = None;
    }

    #[test]
    fn a_real_document_keeps_to_its_schema_and_survives_the_way_there_and_back() {
        let (mut model, mut run) = fixture::comparison(&[5, 0, 9]);
        refuse(&mut model, &mut run, 1);
        let document = of(&model, &run);
        let json = serde_json::to_value(&document).unwrap();
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0]);
        assert_eq!(serde_json::from_value::<Document>(json).unwrap(), document);
    }

    #[test]
    fn the_schema_refuses_a_document_with_a_figure_missing_or_unknown() {
        let (model, run) = fixture::comparison(&[5]);
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let good = serde_json::to_value(of(&model, &run)).unwrap();
        assert!(validator.is_valid(&good));
        let mut unknown = good.clone();
        unknown["outbounds"][0]["moreover"] = 1.into();
        assert!(!validator.is_valid(&unknown));
        let mut wrong = good.clone();
        wrong["outbounds"][0]["connections"]["failed"] = "many".into();
        assert!(!validator.is_valid(&wrong));
        let mut without = good;
        without["outbounds"][0]["pools"]
            .as_object_mut()
            .unwrap()
            .remove("usedPercentiles");
        assert!(!validator.is_valid(&without));
    }

    #[test]
    fn failed_connections_are_exhaustion_with_a_place_and_a_time() {
        let (model, run) = fixture::comparison(&[0, 5, 9]);
        let document = of(&model, &run);
        let outbound = &document.outbounds[0];
        assert_eq!(outbound.verdict, Verdict::Exhausted);
        assert_eq!(
            outbound.summary,
            "Ports ran out: 0.47 % of connections failed, first on apps-0 toward to-0, 20m05s into the run; \
             1 of 2 nodes ran full."
        );
        let figures = figures(&document, 0);
        assert_eq!(figures.connections.failed, 14);
        assert_eq!(figures.failure_probability.estimate, Some(14.0 / 3000.0));
        assert_eq!(figures.replications_with_failure.count, 2);
        let first = figures.first_failure.as_ref().unwrap();
        assert_eq!((first.replication, first.at), (1, 1205.0));
        assert!(!first.during_warmup);
        let refused = figures.refused_minutes.as_ref().unwrap();
        assert_eq!((refused.count, refused.longest), (2, 1));
        assert_eq!(refused.fraction, 2.0 / 180.0);
        assert_eq!(figures.pools.exhausted, 1);
        assert_eq!(figures.pools.peak_used, 1024);
        let used = figures.pools.used_percentiles.as_ref().unwrap();
        assert_eq!((used.p50, used.p999), (512, 1024));
        let seconds = figures.port_seconds.as_ref().unwrap();
        assert_eq!((seconds.open, seconds.fin_hold), (3_000.0, 720_000.0));
    }

    #[test]
    fn refused_syns_alone_are_slow() {
        let (model, mut run) = fixture::comparison(&[0]);
        let outbound = run.outbounds[0].as_mut().unwrap();
        outbound.replications[0].total.refused_syns = 3;
        outbound.replications[0].total.refused_first = 3;
        outbound.replications[0].total.delayed = 3;
        outbound.connect_latency.record(SimTime::from_secs(7));
        let document = of(&model, &run);
        assert_eq!(document.outbounds[0].verdict, Verdict::Slow);
        assert_eq!(
            document.outbounds[0].summary,
            "No connection failed, but 0.30 % of them waited for a free port, up to 7.0 s."
        );
        assert_eq!(codes(&document.outbounds[0])[0], "F0102");
    }

    #[test]
    fn eighty_per_cent_is_tight_and_less_is_clear() {
        for (peak, verdict) in [(819, Verdict::Clear), (820, Verdict::Tight)] {
            let (model, mut run) = fixture::comparison(&[0]);
            run.outbounds[0].as_mut().unwrap().replications[0].peak_used[1] = peak;
            assert_eq!(of(&model, &run).outbounds[0].verdict, verdict);
        }
    }

    #[test]
    fn a_nat_gateway_is_tight_by_the_nearer_of_its_limits() {
        let (model, mut run) = fixture::comparison(&[0]);
        let replication = &mut run.outbounds[1].as_mut().unwrap().replications[0];
        replication.peak_used[0] = 45_000;
        replication.peak_active[0] = 41_000;
        let document = of(&model, &run);
        let outbound = &document.outbounds[1];
        assert_eq!(outbound.verdict, Verdict::Tight);
        assert!(
            outbound.summary.contains(
                "the gateway peaked at 41,000 of the 50,000 connections it may have to one endpoint (82 %)"
            ),
            "{}",
            outbound.summary
        );
        assert!(codes(outbound).contains(&"F0112"));
        assert!(outbound.depends_on.is_empty());
    }

    #[test]
    fn ports_in_use_above_the_second_limit_make_the_verdict_an_assumption() {
        let (model, mut run) = fixture::comparison(&[0]);
        run.outbounds[1].as_mut().unwrap().replications[0].peak_used[0] = 50_001;
        let document = of(&model, &run);
        assert_eq!(
            document.outbounds[1].depends_on,
            ["natHeldPortsCountToEndpointLimit"]
        );
        assert!(document.outbounds[0].depends_on.is_empty());
    }

    #[test]
    fn what_azure_refuses_is_a_row_with_its_reasons() {
        let (mut model, mut run) = fixture::comparison(&[5]);
        refuse(&mut model, &mut run, 0);
        let document = of(&model, &run);
        let outbound = &document.outbounds[0];
        assert_eq!(outbound.verdict, Verdict::Refused);
        assert!(outbound.figures.is_none());
        assert_eq!(outbound.findings[0].code, "E0101");
        assert_eq!(
            outbound.findings[0].text,
            "1,001 ports were asked for. Allowed: A multiple of 8. Ask for 1,000."
        );
        assert!(document.comparisons.is_empty());
    }

    #[test]
    fn ten_replications_make_an_interval_and_batches_where_they_are_fewer() {
        let (model, run) = fixture::comparison(&[5, 9, 7, 5, 9, 7, 5, 9, 7, 6]);
        let found = of(&model, &run);
        let interval = &figures(&found, 0).failure_probability;
        assert_eq!(interval.method, IntervalMethod::Replications);
        assert!(interval.low.unwrap() > 0.005 && interval.high.unwrap() < 0.009);

        // Holds of 241 s: an hour is one and a half batches, two replications never make 20.
        let (mut model, run) = fixture::comparison(&[5, 9]);
        let found = of(&model, &run);
        let none = &figures(&found, 0).failure_probability;
        assert_eq!((none.low, none.method), (None, IntervalMethod::None));
        assert!(codes(&found.outbounds[0]).contains(&"F0105"));

        // Without the hold-down 1 s: 60 batches.
        let mut run = run;
        if let Ok(plan) = &mut model.outbounds[0].plan {
            plan.holds.after_fin = SimTime::ZERO;
        }
        let slots = slots_in(&model);
        for replication in &mut run.outbounds[0].as_mut().unwrap().replications {
            let slot = |index| Slot {
                offered: 2,
                failed: u64::from(index % 400 == 0),
                pending: 0,
            };
            replication.slots = (0..slots).map(slot).collect();
            replication.total.offered = 2 * slots as u64;
            replication.total.failed = slots.div_ceil(400) as u64;
            replication.total.pending = 0;
        }
        let found = of(&model, &run);
        let batches = &figures(&found, 0).failure_probability;
        assert_eq!(batches.method, IntervalMethod::Batches);
        assert!(batches.low < batches.estimate && batches.estimate < batches.high);
    }

    /// A clock moves the load: no stretch of time repeats another, and refusals would begin at the peak.
    #[test]
    fn a_load_that_moves_has_no_batches_and_is_bounded_at_its_peak() {
        let (mut model, mut run) = fixture::comparison(&[0, 0]);
        for replication in &mut run.outbounds[0].as_mut().unwrap().replications {
            replication.peak_used[0] = 768;
        }
        let bound = |model: &Model, run: &RunResult| {
            let found = of(model, run);
            figures(&found, 0).failure_probability.high.unwrap()
        };
        let mean_use = run.outbounds[0].as_ref().unwrap().fullest_mean_use;
        let peak = 768.0 / f64::from(model.outbounds[0].plan.as_ref().unwrap().limit);
        assert!(mean_use < peak);
        let steady = bound(&model, &run);
        let Traffic::Open { profile, .. } = &mut model.workloads[0].traffic else {
            unreachable!("the fixture is open-loop")
        };
        let s = SimTime::from_secs;
        *profile = Some(Profile::new(vec![(s(0), 1.0), (s(60), 2.0)], None, s(0)));
        let moved = bound(&model, &run);
        assert!((moved / steady - (1.0 - mean_use) / (1.0 - peak)).abs() < 1e-12);
        assert_eq!(varying::memory(&model), None);
        let found = of(&model, &run);
        assert!(codes(&found.outbounds[0]).contains(&"F0150"));
    }

    #[test]
    fn comparisons_are_paired_and_only_made_when_asked_for() {
        let (model, run) = fixture::comparison(&[5, 9, 7]);
        let compared = of(&model, &run);
        let [difference] = &compared.comparisons[..] else {
            panic!("one pair of outbounds")
        };
        assert_eq!(difference.difference, -0.007);
        assert!(difference.low.unwrap() < -0.007 && difference.high.unwrap() > -0.007);
        assert_eq!(difference.pairs, 3);
        let plain = document(
            &model,
            &run,
            &About {
                compare: false,
                ..about()
            },
        );
        assert!(plain.comparisons.is_empty());
    }

    #[test]
    fn a_run_for_the_table_says_the_same_but_for_the_series() {
        let (model, mut run) = fixture::comparison(&[5, 0, 9]);
        let full = of(&model, &run);
        for outbound in run.outbounds.iter_mut().flatten() {
            for replication in &mut outbound.replications {
                replication.minutes = None;
            }
        }
        let table = of(&model, &run);
        for (full, table) in full.outbounds.iter().zip(&table.outbounds) {
            assert_eq!(full.summary, table.summary);
            assert_eq!(full.findings, table.findings);
            let (full, table) = (
                full.figures.as_ref().unwrap(),
                table.figures.as_ref().unwrap(),
            );
            assert_eq!(full.failure_probability, table.failure_probability);
            assert_eq!(full.pools.peak_used, table.pools.peak_used);
            assert!(full.timeline.is_some() && table.timeline.is_none());
            assert!(
                full.pools.used_percentiles.is_some() && table.pools.used_percentiles.is_none()
            );
        }
    }

    #[test]
    fn failures_before_counting_are_a_finding_and_no_verdict() {
        let (model, mut run) = fixture::comparison(&[0]);
        run.outbounds[0].as_mut().unwrap().replications[0].first_failure =
            Some(crate::simulate::FirstFailure {
                at: SimTime::from_secs(30),
                pool: 1,
                destination: 0,
            });
        let document = of(&model, &run);
        assert_eq!(document.outbounds[0].verdict, Verdict::Clear);
        assert!(codes(&document.outbounds[0]).contains(&"F0108"));
        assert!(
            figures(&document, 0)
                .first_failure
                .as_ref()
                .unwrap()
                .during_warmup
        );
    }

    #[test]
    fn an_hour_with_the_ports_of_others_out_of_reach_is_said() {
        let (model, mut run) = fixture::comparison(&[5]);
        run.outbounds[0].as_mut().unwrap().replications[0].peak_used[1] = 100;
        let document = of(&model, &run);
        let hot = document.outbounds[0]
            .findings
            .iter()
            .find(|finding| finding.code == "F0109")
            .unwrap();
        assert_eq!(
            hot.text,
            "apps-0 peaked at 1,024 of 1,024 ports while half of the nodes never used more than 100: \
             a node cannot borrow what others have free."
        );
        // 1,024 is all that automatic allocation gives: a second IP adds nothing.
        assert!(codes(&document.outbounds[0]).contains(&"F0110"));
        assert!(codes(&document.outbounds[0]).contains(&"F0113"));
    }
}

//! Every figure of one outbound: in all, by pool, by destination and by workload.

use super::{Subject, sum};
use crate::engine::Grouping;
use crate::model::{Path, Traffic, Workload};
use crate::record::{Cause, Latencies, Tally, UsedCounts};
use crate::results::document::*;
use crate::results::limits::PoolLimits;
use crate::results::{events, interval, nodes, timeline};
use crate::simulate::{Minutes, ReplicationRun};
use std::collections::BTreeSet;

impl PortSeconds {
    /// The seconds of each cause, in the order of [`Cause::ALL`].
    pub(in crate::results) fn by_cause(&self) -> [f64; 6] {
        [
            self.open,
            self.fin_hold,
            self.rst_hold,
            self.idle,
            self.udp,
            self.half_open,
        ]
    }
}

impl Subject<'_> {
    /// Ports of the largest pool that connections use which come from any of `workloads`.
    fn limit_for<'w>(&self, workloads: impl Iterator<Item = &'w Workload>) -> u32 {
        if !matches!(self.plan.grouping, Grouping::ByGateway(_)) && !self.outbound.migrates() {
            return self.most_ports(0);
        }
        let pools = workloads.flat_map(|workload| self.pools_of(workload));
        let limits = pools.map(|pool| self.most_ports(pool));
        limits.max().unwrap_or(self.plan.limit)
    }

    /// The pools that connections of a workload may use, ascending.
    fn pools_of(&self, workload: &Workload) -> BTreeSet<usize> {
        let nodes: BTreeSet<u32> = match &workload.traffic {
            Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => {
                mix.nodes.iter().map(|(node, _)| *node).collect()
            }
            Traffic::Trace(rows) => rows.iter().map(|row| row.node).collect(),
        };
        let mut pools = BTreeSet::new();
        for stage in self.outbound.stages(self.model.nodes.len()) {
            let first = stage.pools.start;
            match stage.plan().grouping {
                Grouping::Shared | Grouping::Buckets { .. } => pools.extend(stage.pools.clone()),
                _ => {
                    let own = nodes.iter().filter_map(|node| stage.plan().pool_of(*node));
                    pools.extend(own.map(|pool| first + pool as usize));
                }
            }
        }
        pools
    }

    /// Ports of a pool when it has most.
    fn most_ports(&self, pool: usize) -> u32 {
        let nodes = self.model.nodes.len();
        self.outbound
            .most_ports(pool, nodes)
            .unwrap_or(self.plan.limit)
    }

    /// Whether a workload goes to destination `index`.
    fn goes_to(&self, workload: &Workload, index: usize) -> bool {
        let is_there =
            |endpoint: u32| self.model.endpoints[endpoint as usize].destination as usize == index;
        match &workload.traffic {
            Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => mix
                .endpoints
                .iter()
                .any(|(endpoint, _)| is_there(*endpoint)),
            Traffic::Trace(rows) => rows.iter().any(|row| is_there(row.endpoint)),
        }
    }

    pub(super) fn figures(&self) -> Figures {
        Figures {
            connections: connections(&self.total, self.aside(|_, _| true)),
            failure_probability: self.failure_probability(),
            replications_with_failure: self.replications_with_failure(),
            pools: self.pools(),
            first_failure: self.first_failure(),
            refused_minutes: self.refused_minutes(),
            connect_latency: latency(&self.run.connect_latency),
            port_hold: self.has_minutes().then(|| PortHold {
                mean: self.run.port_hold.mean(),
                p50: self.run.port_hold.quantile(0.5),
                p99: self.run.port_hold.quantile(0.99),
            }),
            port_seconds: self.port_seconds(&self.total),
            analytic: self.analysis.total.clone(),
            rare: None,
            by_replication: self.by_replication(),
            by_pool: self.by_pool(),
            by_destination: self.by_destination(),
            by_workload: self.by_workload(),
            paths: self.paths(),
            node_nat: nodes::figures(self),
            events: events::of(self),
            timeline: timeline::fleet(
                &timeline::metrics(self.model, self.outbound),
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
        let count = self.pool_count();
        let fullest = self.fullest();
        let refused = |pool: &usize| self.run.replications.iter().any(|run| run.refused[*pool]);
        Pools {
            count: count as u64,
            kind: self.pool_kind(),
            limit: fullest.limit,
            exhausted: (0..count).filter(refused).count() as u64,
            peak_used: fullest.used,
            used_percentiles: self.minutes().map(|runs| {
                let limits = PoolLimits::of(self.model, self.outbound);
                let peaks = runs.iter().flat_map(|run| {
                    let pools = 0..count;
                    pools.flat_map(|pool| peaks_of_pool(run, pool, &limits))
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

    fn by_replication(&self) -> Vec<ReplicationShare> {
        let shares = self.shares(|run| &run.total).into_iter();
        shares
            .map(|share| ReplicationShare {
                failed: share.failed,
                decided: share.decided,
            })
            .collect()
    }

    fn by_pool(&self) -> Vec<Part> {
        let limits = PoolLimits::of(self.model, self.outbound);
        let pools = 0..self.pool_count();
        pools
            .map(|pool| {
                let percentiles = self.minutes().map(|runs| {
                    let runs = runs.into_iter();
                    let peaks = runs.flat_map(|run| peaks_of_pool(run, pool, &limits));
                    percentiles(peaks.collect())
                });
                self.part(
                    (self.pool_name(pool), self.most_ports(pool)),
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
                let workloads = self.model.workloads.iter();
                let to_here = workloads.filter(|workload| self.goes_to(workload, index));
                self.part(
                    (name.clone(), self.limit_for(to_here)),
                    |run| &run.by_destination[index],
                    |run| run.peak_by_destination[index],
                    self.merged(
                        |minutes| &minutes.by_destination[index],
                        &(0..self.pool_count()).collect(),
                    ),
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
                let part = self.part(
                    (
                        workload.name.clone(),
                        self.limit_for(std::iter::once(workload)),
                    ),
                    |run| &run.by_workload[index],
                    |run| run.peak_by_workload[index],
                    self.merged(
                        |minutes| &minutes.by_workload[index],
                        &self.pools_of(workload),
                    ),
                    &self.analysis.by_workload[index],
                    self.aside(|workload, _| workload == index),
                );
                Part {
                    pool: workload.pool.map(|_| self.requests(index as u32)),
                    ..part
                }
            })
            .collect()
    }

    /// What became of the requests of a workload.
    fn requests(&self, workload: u32) -> Requests {
        let counted = self
            .run
            .requests
            .get(&workload)
            .cloned()
            .unwrap_or_default();
        let decided = counted.reused + counted.opened + counted.failed;
        Requests {
            requests: counted.made,
            reused: counted.reused,
            opened: counted.opened,
            reuse_ratio: (decided > 0).then(|| counted.reused as f64 / decided as f64),
            waited: counted.queued,
            broken: counted.broken,
            failed: counted.failed,
            wait_latency: latency(&counted.wait),
        }
    }

    /// Percentiles of counts over `pools` that are kept per replication.
    fn merged(
        &self,
        of: impl Fn(&Minutes) -> &UsedCounts,
        pools: &BTreeSet<usize>,
    ) -> Option<UsedPercentiles> {
        let mut all = UsedCounts::default();
        for minutes in self.minutes()? {
            all.merge(of(minutes));
            if self.model.has_events() {
                // Where a pool is not there nothing of it is in use, and was counted so.
                let limits = PoolLimits::of(self.model, self.outbound);
                let pools_there = pools
                    .iter()
                    .map(|pool| peaks_of_pool(minutes, *pool, &limits).count());
                let counted = pools.len() * minutes.minutes;
                let absent = (counted - pools_there.sum::<usize>()) as u64;
                let zeros = all.0.entry(0).or_default();
                *zeros = zeros
                    .checked_sub(absent)
                    .expect("nothing of a pool that is not there is in use");
            }
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
        (name, limit): (String, u32),
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
            limit,
            used_percentiles,
            port_seconds: self.port_seconds(&all),
            analytic: analytic.clone(),
            pool: None,
        }
    }
}

/// The peaks of a pool in the minutes in which it is there.
fn peaks_of_pool<'r>(
    run: &'r Minutes,
    pool: usize,
    limits: &'r PoolLimits,
) -> impl Iterator<Item = u32> + 'r {
    let own = &run.peak[pool * run.minutes..(pool + 1) * run.minutes];
    let minutes = (run.first..).zip(own);
    minutes.filter_map(move |(minute, peak)| limits.in_minute(pool, minute).map(|_| *peak))
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

fn latency(spans: &Latencies) -> ConnectLatency {
    ConnectLatency {
        p50: spans.quantile(0.5),
        p90: spans.quantile(0.9),
        p99: spans.quantile(0.99),
        p999: spans.quantile(0.999),
        max: spans.max(),
    }
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

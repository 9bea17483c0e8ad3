//! Minute series in Azure Monitor's metric names: per pool for `timeline.csv`, over the fleet for `result.json`.

use super::document::{Series, Timeline};
use super::limits::PoolLimits;
use crate::model::{Model, Outbound};
use crate::outbound::{Metric, MetricSource};
use crate::simulate::{Minutes, OutboundRun, ReplicationRun, RunResult};
use std::collections::BTreeMap;
use std::io;

/// Azure Firewall reports 50 % health from this share of its SNAT ports on.
/// `articles/firewall/monitor-firewall-reference.md`.
const DEGRADED_PERCENT: u64 = 95;

/// The value of a metric in one pool and minute, in which it has `limit` ports.
pub fn value(source: MetricSource, limit: u32, minutes: &Minutes, at: usize) -> f64 {
    let limit = u64::from(limit);
    let peak = u64::from(minutes.peak[at]);
    let of = |series: &[u32]| f64::from(series[at]);
    match source {
        MetricSource::Allocated => limit as f64,
        MetricSource::Used => peak as f64,
        MetricSource::UsedPercent => 100.0 * peak as f64 / limit as f64,
        MetricSource::Granted => of(&minutes.granted),
        MetricSource::Refused => of(&minutes.refused),
        MetricSource::Attempted => of(&minutes.granted) + of(&minutes.refused),
        MetricSource::Active => of(&minutes.active),
        MetricSource::Health if 100 * peak > DEGRADED_PERCENT * limit => 50.0,
        MetricSource::Health => 100.0,
    }
}

/// Which statistic over pools a series is.
#[derive(Clone, Copy)]
enum OverPools {
    Minimum,
    Median,
    Maximum,
    Sum,
}

impl OverPools {
    /// The word of the dimension `pools`.
    fn word(self) -> &'static str {
        match self {
            OverPools::Minimum => "minimum",
            OverPools::Median => "median",
            OverPools::Maximum => "maximum",
            OverPools::Sum => "sum",
        }
    }

    /// The statistics of a metric that tell something over several pools.
    fn of(metric: &Metric) -> &'static [OverPools] {
        match (metric.source, metric.aggregation) {
            // A firewall is degraded as soon as one of its pools is.
            (MetricSource::Health, _) => &[OverPools::Minimum],
            // Azure Monitor adds up totals over all that it does not split by.
            (_, "total") => &[OverPools::Sum],
            _ => &[OverPools::Minimum, OverPools::Median, OverPools::Maximum],
        }
    }

    /// The statistic of one minute's values, which are sorted; the median is the ⌈n / 2⌉-th smallest.
    fn take(self, sorted: &[f64]) -> f64 {
        match self {
            OverPools::Minimum => sorted[0],
            OverPools::Median => sorted[(sorted.len() - 1) / 2],
            OverPools::Maximum => sorted[sorted.len() - 1],
            OverPools::Sum => sorted.iter().sum(),
        }
    }
}

/// The metrics of an outbound type, in the order they are published; where the type changes those of all of them, each once.
pub fn metrics(model: &Model, outbound: &Outbound) -> Vec<Metric> {
    let mut metrics: Vec<Metric> = Vec::new();
    for stage in outbound.stages(model.nodes.len()) {
        for metric in stage.kind.metrics() {
            if !metrics.contains(metric) {
                metrics.push(*metric);
            }
        }
    }
    metrics
}

/// The fleet's series: a statistic over pools, averaged over replications. None without minute series.
pub fn fleet(
    metrics: &[Metric],
    limits: &PoolLimits,
    replications: &[ReplicationRun],
) -> Option<Timeline> {
    let runs: Vec<&Minutes> = replications
        .iter()
        .map(|replication| replication.minutes.as_ref())
        .collect::<Option<_>>()?;
    Some(Timeline {
        interval: 60.0,
        series: metrics
            .iter()
            .flat_map(|metric| metric_series(metric, limits, &runs))
            .collect(),
    })
}

fn metric_series(metric: &Metric, limits: &PoolLimits, runs: &[&Minutes]) -> Vec<Series> {
    let minutes = runs.first().map_or(0, |run| run.minutes);
    let pools = runs.first().map_or(0, |run| run.peak.len() / run.minutes);
    let statistics = OverPools::of(metric);
    let mut series: Vec<Series> = statistics
        .iter()
        .map(|statistic| Series {
            metric: metric.id.to_owned(),
            unit: metric.unit.to_owned(),
            aggregation: metric.aggregation.to_owned(),
            dimensions: dimensions(metric, *statistic, pools),
            values: vec![0.0; minutes],
        })
        .collect();
    let mut sorted = Vec::with_capacity(pools);
    for run in runs {
        for minute in 0..minutes {
            sorted.clear();
            sorted.extend((0..pools).filter_map(|pool| {
                if !limits.publishes(pool, metric) {
                    return None;
                }
                let limit = limits.in_minute(pool, run.first + minute)?;
                Some(value(metric.source, limit, run, pool * minutes + minute))
            }));
            sorted.sort_unstable_by(f64::total_cmp);
            if sorted.is_empty() {
                // Of a type that is not in force.
                continue;
            }
            for (statistic, series) in statistics.iter().zip(&mut series) {
                series.values[minute] += statistic.take(&sorted);
            }
        }
    }
    for value in series.iter_mut().flat_map(|series| &mut series.values) {
        *value /= runs.len() as f64;
    }
    if pools == 1 {
        // All statistics of one pool are its value.
        series.truncate(1);
    }
    series
}

fn dimensions(metric: &Metric, statistic: OverPools, pools: usize) -> BTreeMap<String, String> {
    let of_pools = (pools > 1).then(|| ("pools", statistic.word()));
    metric
        .dimension
        .into_iter()
        .chain(of_pools)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Writes every pool's minute series, row by row: `outbound,replication,pool,minute,metric,dimension,value`.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_csv(out: impl io::Write, model: &Model, run: &RunResult) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "outbound",
        "replication",
        "pool",
        "minute",
        "metric",
        "dimension",
        "value",
    ])?;
    for (outbound, run) in model.outbounds.iter().zip(&run.outbounds) {
        if let Some(run) = run {
            write_outbound(&mut csv, model, outbound, run)?;
        }
    }
    csv.flush()
}

fn write_outbound(
    csv: &mut csv::Writer<impl io::Write>,
    model: &Model,
    outbound: &Outbound,
    run: &OutboundRun,
) -> io::Result<()> {
    let with_dimension = |metric: &'static Metric| {
        let dimension = metric
            .dimension
            .map(|(name, value)| format!("{name}={value}"));
        (metric, dimension.unwrap_or_default())
    };
    let limits = PoolLimits::of(model, outbound);
    let runs = run.replications.iter().map(|run| run.minutes.as_ref());
    for (replication, minutes) in runs.enumerate() {
        let Some(minutes) = minutes else { continue };
        let replication = replication.to_string();
        for pool in 0..minutes.peak.len() / minutes.minutes {
            let metrics = limits.stage_of(pool).kind.metrics().iter();
            let metrics: Vec<(&Metric, String)> = metrics.map(with_dimension).collect();
            let name = model.pool_name(outbound, pool);
            for minute in 0..minutes.minutes {
                let Some(limit) = limits.in_minute(pool, minutes.first + minute) else {
                    continue;
                };
                let in_run = (minutes.first + minute).to_string();
                for (metric, dimension) in &metrics {
                    let at = pool * minutes.minutes + minute;
                    csv.write_record([
                        &outbound.name,
                        &replication,
                        &name,
                        &in_run,
                        metric.id,
                        dimension,
                        &value(metric.source, limit, minutes, at).to_string(),
                    ])?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;

    const USED: Metric = Metric {
        id: "UsedSnatPorts",
        unit: "count",
        aggregation: "max",
        dimension: None,
        source: MetricSource::Used,
    };
    const FAILED: Metric = Metric {
        id: "SnatConnectionCount",
        unit: "count",
        aggregation: "total",
        dimension: Some(("ConnectionState", "Failed")),
        source: MetricSource::Refused,
    };
    const HEALTH: Metric = Metric {
        id: "FirewallHealth",
        unit: "percent",
        aggregation: "average",
        dimension: None,
        source: MetricSource::Health,
    };

    #[test]
    fn gauges_show_their_spread_and_totals_their_sum() {
        let model = fixture::model(3, 1, Vec::new());
        let plan = fixture::load_balancer(100);
        let mut model = model;
        model.workloads = vec![fixture::poisson(
            "w",
            1.0,
            crate::traffic::Law::Exponential { mean: 1.0 },
            &[(0, 1.0)],
            &[(0, 1.0)],
        )];
        let mut runs = vec![fixture::quiet(&model, &plan), fixture::quiet(&model, &plan)];
        for run in &mut runs {
            let minutes = run.minutes.as_mut().unwrap();
            for (pool, peak) in [(0, 10), (1, 96), (2, 30)] {
                minutes.peak[pool * 60] = peak;
            }
        }
        runs[1].minutes.as_mut().unwrap().refused[60] = 5;
        let outbound = fixture::outbound("LB", crate::outbound::OutboundType::LoadBalancer, plan);
        let limits = PoolLimits::of(&model, &outbound);
        let found = fleet(&[USED, FAILED, HEALTH], &limits, &runs).unwrap();
        let first: Vec<(&str, Option<&str>, f64)> = found
            .series
            .iter()
            .map(|series| {
                let statistic = series.dimensions.get("pools").map(String::as_str);
                (series.metric.as_str(), statistic, series.values[0])
            })
            .collect();
        assert_eq!(
            first,
            [
                ("UsedSnatPorts", Some("minimum"), 10.0),
                ("UsedSnatPorts", Some("median"), 30.0),
                ("UsedSnatPorts", Some("maximum"), 96.0),
                ("SnatConnectionCount", Some("sum"), 2.5),
                ("FirewallHealth", Some("minimum"), 50.0),
            ]
        );
        assert_eq!(found.series[3].dimensions["ConnectionState"], "Failed");
        assert_eq!(found.series[0].values.len(), 60);
    }

    #[test]
    fn one_pool_has_one_series_a_metric() {
        let (model, run) = fixture::comparison(&[0]);
        let limits = PoolLimits::of(&model, &model.outbounds[1]);
        let replications = &run.outbounds[1].as_ref().unwrap().replications;
        let found = fleet(&[USED, FAILED], &limits, replications).unwrap();
        assert_eq!(found.series.len(), 2);
        assert!(found.series[0].dimensions.is_empty());
    }

    #[test]
    fn the_csv_has_a_row_for_every_pool_minute_and_metric() {
        let (model, run) = fixture::comparison(&[7, 0]);
        let mut text = Vec::new();
        write_csv(&mut text, &model, &run).unwrap();
        let text = String::from_utf8(text).unwrap();
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some("outbound,replication,pool,minute,metric,dimension,value")
        );
        let rows: Vec<&str> = lines.collect();
        let metrics = |index: usize| model.outbounds[index].kind.metrics().len();
        assert_eq!(rows.len(), 2 * 60 * (2 * metrics(0) + metrics(1)));
        // Minutes are those of the run: ten of warm-up come before the first.
        assert!(rows.contains(&"LB default,0,apps-0,10,UsedSnatPorts,,512"));
        assert!(
            rows.contains(&"LB default,0,apps-0,20,SnatConnectionCount,ConnectionState=Failed,7")
        );
    }
}

//! The engine's own account of a model, held against the reference counter by counter.

use crate::expand::expand;
use crate::figures::{Figures, figures};
use crate::simulator::{Choices, run};
use snatsim::engine::PoolPlan;
use snatsim::model::Model;
use snatsim::record::Latencies;
use snatsim::simulate::{Detail, Minutes, OutboundRun, ReplicationRun, RunResult, simulate};

/// What the reference counts under the first outbound of `model`, after the engine was seen to count the same.
///
/// # Panics
/// When the engine counts otherwise.
pub fn both(model: &Model) -> Figures {
    let reference = reference(model, &Choices::FIXED);
    let result = engine(model, Detail::Full);
    assert_same(&result, &reference);
    reference
}

/// What the engine makes of a model.
pub fn engine(model: &Model, detail: Detail) -> RunResult {
    simulate(model, detail, &|_, _| {})
}

/// The plan of the first outbound.
pub fn first_plan(model: &Model) -> &PoolPlan {
    model.outbounds[0]
        .plan
        .as_ref()
        .expect("a plan to simulate")
}

/// What the reference counts under the first outbound of `model`.
pub fn reference(model: &Model, choices: &Choices<'_>) -> Figures {
    let plan = first_plan(model);
    figures(model, plan, &run(model, plan, expand(model), choices))
}

/// Asserts that every replication of the first outbound is what the reference counted.
pub fn assert_same(result: &RunResult, reference: &Figures) {
    let outbound = first(result);
    for replication in &outbound.replications {
        assert_same_replication(replication, &reference.replication);
    }
    let times = outbound.replications.len();
    assert_same_spans(
        "connect latency",
        &outbound.connect_latency,
        &reference.connect_latency,
        times,
    );
    assert_same_spans(
        "port hold",
        &outbound.port_hold,
        &reference.port_hold,
        times,
    );
    let (found, expected) = (outbound.fullest_mean_use, reference.fullest_mean_use);
    assert!(
        (found - expected).abs() <= 1e-9,
        "mean use {found} for {expected}"
    );
}

/// The first outbound of a result.
pub fn first(result: &RunResult) -> &OutboundRun {
    result.outbounds[0]
        .as_ref()
        .expect("a run of the first outbound")
}

/// One figure at a time, so that a failure names the figure.
fn assert_same_replication(found: &ReplicationRun, expected: &ReplicationRun) {
    assert_eq!(found.total, expected.total, "total");
    assert_eq!(found.by_pool, expected.by_pool, "by pool");
    assert_eq!(
        found.by_destination, expected.by_destination,
        "by destination"
    );
    assert_eq!(found.by_workload, expected.by_workload, "by workload");
    assert_eq!(found.first_failure, expected.first_failure, "first failure");
    assert_eq!(found.refused, expected.refused, "pools that refused");
    assert_eq!(found.peak_used, expected.peak_used, "peak used");
    assert_eq!(found.peak_active, expected.peak_active, "peak active");
    assert_eq!(
        found.peak_by_destination, expected.peak_by_destination,
        "peak by destination"
    );
    assert_eq!(
        found.peak_by_workload, expected.peak_by_workload,
        "peak by workload"
    );
    assert_same_minutes(
        found.minutes.as_ref().expect("minutes in full detail"),
        expected.minutes.as_ref().expect("minutes of the reference"),
    );
    assert!(found.slots == expected.slots, "slots differ");
}

fn assert_same_minutes(found: &Minutes, expected: &Minutes) {
    assert_eq!(
        (found.first, found.minutes),
        (expected.first, expected.minutes),
        "which minutes"
    );
    assert_eq!(found.peak, expected.peak, "peak by minute");
    assert_eq!(found.granted, expected.granted, "granted by minute");
    assert_eq!(found.refused, expected.refused, "refused by minute");
    assert_eq!(found.active, expected.active, "active by minute");
    assert_eq!(
        found.by_destination, expected.by_destination,
        "peaks by destination"
    );
    assert_eq!(found.by_workload, expected.by_workload, "peaks by workload");
}

/// The same spans, `times` over.
fn assert_same_spans(name: &str, found: &Latencies, once: &Latencies, times: usize) {
    let mut expected = Latencies::default();
    (0..times).for_each(|_| expected.merge(once));
    assert_eq!(found.count(), expected.count(), "{name}");
    assert_eq!(found.zeros(), expected.zeros(), "{name} of zero");
    assert_eq!(found.max(), expected.max(), "longest {name}");
    assert_eq!(found.mean(), expected.mean(), "mean {name}");
    for p in [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99] {
        assert_eq!(found.quantile(p), expected.quantile(p), "{name} at {p}");
    }
}

//! Intervals hold the truth as often as they say.

#[path = "support/coverage.rs"]
mod coverage;
#[path = "support/models.rs"]
#[allow(dead_code)]
mod models;

use coverage::Coverage;

fn hold(all: Vec<Coverage>) {
    for found in &all {
        println!(
            "{}: {} of {}, {} clusters a run",
            found.name, found.held, found.runs, found.clusters
        );
    }
    let wrong: Vec<&str> = all
        .iter()
        .filter(|found| !found.is_right())
        .map(|found| found.name.as_str())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn over_replications() {
    hold(coverage::replications(false));
}

#[test]
fn over_batches_of_time() {
    hold(coverage::batches(false));
}

#[test]
fn where_none_failed() {
    hold(coverage::zero_failures());
}

#[test]
fn where_a_run_stopped_when_it_was_precise_enough() {
    hold(coverage::stopped(false));
}

//! Documents of made-up runs: verdicts, figures, intervals and what is left out.

use super::*;
use crate::engine::{ActiveLimit, Ceiling};
use crate::fault::{Code, Fault};
use crate::model::Traffic;
use crate::outbound::{Allocation, BeyondTable};
use crate::record::Slot;
use crate::results::{fixture, schema, varying};
use crate::simulate::slots_in;
use crate::traffic::Profile;
use crate::units::SimTime;

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
fn refusals_while_no_pool_is_full_are_put_down_to_the_ceiling() {
    for peak in [64_511, 64_512] {
        let (mut model, mut run) = fixture::comparison(&[5]);
        let ceiling = Some(Ceiling { limit: 2_000_000 });
        model.outbounds[1].plan.as_mut().unwrap().ceiling = ceiling;
        let outbound = run.outbounds[1].as_mut().unwrap();
        outbound.replications[0].total.failed = 5;
        outbound.replications[0].peak_used[0] = peak;
        let document = of(&model, &run);
        let outbound = &document.outbounds[1];
        assert_eq!(outbound.verdict, Verdict::Exhausted);
        let says_so = outbound
            .summary
            .starts_with("The ceiling of 2,000,000 connections that a gateway carries was reached");
        assert_eq!(says_so, peak == 64_511, "{}", outbound.summary);
        assert_eq!(codes(outbound).contains(&"F0133"), says_so);
    }
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
    // Where a second limit is nearer, refusals would begin there.
    let plan = model.outbounds[0].plan.as_mut().unwrap();
    plan.active_limit = Some(ActiveLimit {
        limit: 800,
        counts_held: true,
    });
    for replication in &mut run.outbounds[0].as_mut().unwrap().replications {
        replication.peak_active[0] = 768;
    }
    let nearer = bound(&model, &run);
    assert!((nearer / moved - (1.0 - peak) / (1.0 - 768.0 / 800.0)).abs() < 1e-12);
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
        assert!(full.pools.used_percentiles.is_some() && table.pools.used_percentiles.is_none());
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
    let (mut model, mut run) = fixture::comparison(&[5]);
    run.outbounds[0].as_mut().unwrap().replications[0].peak_used[1] = 100;
    model.outbounds[0].setup.allocation = Some(Allocation {
        ports: 1_024,
        automatic: true,
        ips: 1,
        inbound_blocks: 0,
        nodes: 2,
        counted: Vec::new(),
        beyond: BeyondTable::Refuse,
    });
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

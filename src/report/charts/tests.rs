//! What the charts of a small comparison say, and that drawing them again gives the same bytes.

mod moments;

use super::{of_runs, of_sweeps};
use crate::report::Sweeps;
use crate::report::chart::{Chart, Mark, Shape};
use crate::report::draw::{self, Theme};
use crate::report::page::{self, Contents};
use crate::report::saved::Saved;
use crate::report::vega;
use crate::results::{
    About, Alternative, Estimate, IntervalMethod, ResultDir, Verdict, document, fixture,
};
use crate::sweep::{Row, SavedAxis, SavedSweep, Shard};
use rayon::prelude::*;
use serde_json::json;

/// A comparison of which the Load Balancer fails so many connections in each replication, saved and read back.
pub(in crate::report) fn saved(failed: &[u64], label: &str) -> Saved {
    let (model, run) = fixture::comparison(failed);
    let about = About {
        scenario_sha256: "0".repeat(64),
        compare: true,
    };
    let dir = tempfile::tempdir().unwrap();
    let files = ResultDir::open(dir.path()).unwrap();
    files
        .write(&document(&model, &run, &about), &model, &run)
        .unwrap();
    Saved::read(dir.path(), label).unwrap()
}

fn of(failed: &[u64]) -> Vec<Chart> {
    of_runs(&[saved(failed, "results")])
}

pub(in crate::report) const FAILED: [u64; 10] = [5, 9, 7, 5, 9, 7, 5, 9, 7, 6];

/// Nodes by public IPs, failing at 51 nodes with one IP.
fn sweep() -> SavedSweep {
    let axis = |name: &str, pointer: &str, values: &[u64]| SavedAxis {
        name: name.to_owned(),
        pointers: vec![pointer.to_owned()],
        values: values.iter().map(|value| json!(value)).collect(),
        labels: values.iter().map(u64::to_string).collect(),
    };
    let axes = vec![
        axis(
            "publicIPs",
            "/outbound/0/loadBalancerProfile/managedOutboundIPs/count",
            &[1, 2],
        ),
        axis("nodes", "/cluster/nodePools/0/count", &[49, 50, 51]),
    ];
    let row = |point: u64| {
        let at = vec![point as usize / 3, point as usize % 3];
        let full = at == [0, 2];
        Row {
            point,
            outbound: "LB".to_owned(),
            outbound_type: "loadBalancer".to_owned(),
            verdict: if full {
                Verdict::Exhausted
            } else {
                Verdict::Clear
            },
            failure_probability: match full {
                true => Estimate {
                    estimate: Some(0.0124),
                    low: Some(0.0117),
                    high: Some(0.0132),
                    method: IntervalMethod::Replications,
                },
                false => Estimate {
                    estimate: Some(0.0),
                    low: Some(0.0),
                    high: Some(4.1e-6),
                    method: IntervalMethod::ZeroFailures,
                },
            },
            limit: Some(if at[1] == 2 { 512 } else { 1_024 }),
            peak_used: Some(500),
            at,
        }
    };
    SavedSweep {
        name: "steps".to_owned(),
        snatsim: "0.1.0".to_owned(),
        sha256: "0".repeat(64),
        scenario: "calls".to_owned(),
        seed: 1,
        replications: 10,
        overrides: Vec::new(),
        points: 6,
        of: Shard::WHOLE,
        axes,
        rows: (0..6).map(row).collect(),
    }
}

/// What is written about charts, and which marks they have.
fn words(charts: &[Chart]) -> serde_json::Value {
    let mark = |mark: &Mark| {
        let (kind, points) = match &mark.shape {
            Shape::Line(line) => ("line", line.points.len()),
            Shape::Band(band) => ("band", band.points.len()),
            Shape::Intervals(all) => ("intervals", all.points.len()),
            Shape::Bars(bars) => ("bars", bars.len()),
            Shape::Cells(all) => ("cells", all.cells.len()),
            Shape::Rule(_) => ("rule", 1),
            Shape::Uprights(uprights) => ("uprights", uprights.len()),
            Shape::Spans(spans) => ("spans", spans.len()),
            Shape::Segments(segments) => ("segments", segments.len()),
            Shape::Swings(swings) => ("swings", swings.len()),
            Shape::Words(words) => ("words", words.len()),
        };
        format!("{}: {kind} of {points}", mark.series)
    };
    let of = |chart: &Chart| {
        json!({
            "id": chart.id, "title": chart.title, "subtitle": chart.subtitle, "description": chart.description,
            "notes": chart.notes, "x": chart.x.title,
            "panels": chart.panels.iter().map(|panel| json!({
                "title": panel.title, "y": panel.y.title, "marks": panel.marks.iter().map(mark).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
        })
    };
    charts.iter().map(of).collect()
}

#[test]
fn the_charts_of_a_comparison_say_what_was_found() {
    insta::assert_json_snapshot!(words(&of(&FAILED)));
}

#[test]
fn the_charts_of_a_sweep_say_where_it_breaks() {
    insta::assert_json_snapshot!(words(&of_sweeps(&Sweeps::one(sweep()))));
}

#[test]
fn sweeps_over_the_same_axes_share_their_charts() {
    let mut after = sweep();
    for row in &mut after.rows {
        row.failure_probability.estimate = Some(0.0);
        row.failure_probability.high = Some(4.1e-6);
        row.failure_probability.method = IntervalMethod::ZeroFailures;
    }
    let both = vec![("before".to_owned(), sweep()), ("after".to_owned(), after)];
    let charts = of_sweeps(&Sweeps::beside(both).unwrap());
    let by_axis = &charts[0];
    let titles: Vec<_> = by_axis
        .panels
        .iter()
        .map(|panel| panel.title.as_deref())
        .collect();
    assert_eq!(titles, [Some("before: LB"), Some("after: LB")]);
    let pareto = charts.iter().find(|chart| chart.id == "pareto").unwrap();
    assert!(
        pareto.description.contains("before: LB, 2 IPs: none seen"),
        "{}",
        pareto.description
    );
}

/// One reading that makes all go well, and one that makes it worse.
fn uncertain(mut one: Saved) -> Saved {
    let reading = |assumption: &str, value: serde_json::Value, p: f64| Alternative {
        assumption: assumption.to_owned(),
        value,
        verdict: if p == 0.0 {
            Verdict::Clear
        } else {
            Verdict::Exhausted
        },
        failure_probability: Some(Estimate {
            estimate: Some(p),
            low: Some(0.9 * p),
            high: Some(if p == 0.0 { 2e-6 } else { 1.1 * p }),
            method: if p == 0.0 {
                IntervalMethod::ZeroFailures
            } else {
                IntervalMethod::Replications
            },
        }),
    };
    let mut refused = reading("automaticPortsAbove1000Nodes", json!("refuse"), 0.0);
    refused.failure_probability = None;
    one.document.outbounds[0].alternatives = Some(vec![
        reading("refusedSyn", json!("reset"), 0.02),
        reading("loadBalancerReleaseTimers", json!(false), 0.0),
        refused,
    ]);
    one.document.outbounds[1].alternatives = Some(vec![reading("refusedSyn", json!("reset"), 0.0)]);
    one
}

#[test]
fn what_assumptions_change_is_a_tornado() {
    let charts = of_runs(&[uncertain(saved(&FAILED, "results"))]);
    let chart = charts
        .iter()
        .find(|chart| chart.id == "uncertainty")
        .unwrap();
    insta::assert_json_snapshot!(words(std::slice::from_ref(chart)));
    // Nothing is seen to fail under the gateway, so that nothing moves there.
    let swings = |panel: usize| {
        chart.panels[panel]
            .marks
            .iter()
            .find_map(|mark| match &mark.shape {
                Shape::Swings(swings) => Some(swings.clone()),
                _ => None,
            })
    };
    let (lb, nat) = (swings(0).unwrap(), swings(1).unwrap());
    assert!(nat.is_empty() && lb.len() == 2);
    // The farthest first, from the bound to where it stands.
    assert!(lb[0].from == 2e-6 && lb[0].to == 0.0069, "{lb:?}");
}

#[test]
fn readings_that_change_nothing_are_said_to() {
    let charts = of_runs(&[uncertain(saved(&[0; 10], "results"))]);
    assert!(charts.iter().all(|chart| chart.id != "uncertainty"
        || chart.title.contains("none is seen to fail as assumed")));
    let mut quiet = uncertain(saved(&[0; 10], "results"));
    quiet.document.outbounds[0]
        .alternatives
        .as_mut()
        .unwrap()
        .remove(0);
    let charts = of_runs(&[quiet]);
    let chart = charts
        .iter()
        .find(|chart| chart.id == "uncertainty")
        .unwrap();
    assert_eq!(
        chart.title,
        "No connection failed, under no reading of what Azure leaves open"
    );
}

#[test]
fn lines_of_the_page_are_named_at_their_ends() {
    let charts = of(&FAILED);
    let ports = charts.iter().find(|chart| chart.id == "ports").unwrap();
    let spec = vega::spec(ports);
    let layers = spec["vconcat"][0]["layer"].as_array().unwrap();
    let ends = layers.iter().filter(|layer| {
        layer["name"]
            .as_str()
            .is_some_and(|name| name.starts_with("end-"))
    });
    let named: Vec<&str> = ends
        .map(|layer| {
            let rows = &spec["datasets"][layer["data"]["name"].as_str().unwrap()];
            rows[0]["sign"].as_str().unwrap()
        })
        .collect();
    assert_eq!(named, ["1,024 ports a node", "apps-1", "apps-0"]);
}

#[test]
fn the_data_of_a_chart_are_those_of_the_result() {
    insta::assert_json_snapshot!(of(&FAILED)[0]);
}

#[test]
fn a_chart_has_one_specification_and_one_drawing() {
    let chart = &of(&FAILED)[0];
    insta::assert_json_snapshot!(vega::spec(chart));
    insta::assert_snapshot!(draw::svg(chart, &Theme::LIGHT));
}

#[test]
fn zero_failures_are_a_bound_and_never_a_point() {
    let chart = &of(&[0, 0, 0])[0];
    let Shape::Intervals(all) = &chart.panels[0].marks[0].shape else {
        panic!("the failure probability is drawn with its interval");
    };
    for point in &all.points {
        assert_eq!((point.estimate, point.low), (None, None));
        assert!(point.high.unwrap() > 0.0 && chart.x.shows(point.high.unwrap()));
    }
}

#[test]
fn before_and_after_stand_side_by_side() {
    let charts = of_runs(&[saved(&FAILED, "before"), saved(&[0; 10], "after")]);
    let words = charts[0].description.clone();
    assert!(
        words.contains("before: LB default: 0.7 % (0.6 to 0.8)"),
        "{words}"
    );
    assert!(words.contains("after: LB default: none seen"), "{words}");
}

#[test]
fn the_same_chart_gives_the_same_bytes_on_any_number_of_threads() {
    let (charts, again) = (of(&FAILED), of(&FAILED));
    assert!(charts.len() > 4);
    for theme in [Theme::LIGHT, Theme::DARK] {
        let one: Vec<String> = charts
            .iter()
            .map(|chart| draw::svg(chart, &theme))
            .collect();
        let many: Vec<String> = again
            .par_iter()
            .map(|chart| draw::svg(chart, &theme))
            .collect();
        assert_eq!(one, many);
    }
    let svg = draw::svg(&charts[0], &Theme::LIGHT);
    assert_eq!(draw::png(&svg).unwrap(), draw::png(&svg).unwrap());
}

/// Names that would be markup, code, another direction or a page of their own.
const HOSTILE: [&str; 5] = [
    "</script><script>alert(1)</script>",
    "\u{202e}desrever \u{0}\u{8} שלום",
    "🚀 {{ 7 * 7 }} ${x} '); alert(2); ('",
    "@series0",
    "]]></svg><img src=x onerror=alert(3)>",
];

#[test]
fn hostile_names_are_text_everywhere() {
    let mut names: Vec<String> = HOSTILE.map(str::to_owned).to_vec();
    names.push("W".repeat(1_000));
    for name in names {
        let mut one = saved(&FAILED, &name);
        one.document.scenario.clone_from(&name);
        one.document.outbounds[0].name.clone_from(&name);
        one.document.outbounds[0].summary.clone_from(&name);
        let charts = of_runs(std::slice::from_ref(&one));
        for chart in &charts {
            let svg = draw::svg(chart, &Theme::LIGHT);
            draw::png(&svg).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!svg.contains("<script") && !svg.contains("<img"), "{svg}");
        }
        let contents = Contents::of_runs(&[one], Some(&name));
        let page = page::page(&contents, &charts, None);
        assert!(
            !page.contains("<script>alert") && !page.contains("<img"),
            "{name}"
        );
        assert_eq!(
            name.contains("{{ 7 * 7 }}"),
            page.contains("{{ 7 * 7 }}"),
            "a template ran inside a name"
        );
    }
}

//! What happens in the course of a run is marked in every chart over time, in its drawing, on the page and in its table.

use super::{FAILED, saved};
use crate::report::chart::{Chart, Shape, Upright};
use crate::report::charts::of_runs;
use crate::report::draw::{self, Theme};
use crate::report::saved::Saved;
use crate::report::vega;
use crate::results::{BurstResult, EventResult};

const OVER_TIME: [&str; 3] = ["ports", "refusals", "nodes-over-time"];

/// A result in which so many events happen, a second apart from the first minute that counts on.
fn eventful(events: u32) -> Saved {
    let mut one = saved(&FAILED, "results");
    let first = one.document.warmup;
    let happened: Vec<EventResult> = (0..events)
        .map(|i| EventResult {
            at: first + 60.0 + f64::from(i),
            what: format!("apps scales from {} to {} nodes", 50 + i, 51 + i),
            limit_before: 1_024,
            limit: 1_024,
            ports_taken_back: 0,
            broken: 0,
        })
        .collect();
    for outbound in &mut one.document.outbounds {
        outbound.figures.as_mut().unwrap().events = happened.clone();
    }
    one
}

fn over_time(one: Saved) -> Vec<Chart> {
    let mut charts = of_runs(&[one]);
    charts.retain(|chart| OVER_TIME.contains(&chart.id.as_str()));
    assert_eq!(charts.len(), OVER_TIME.len());
    charts
}

/// The lines of each panel.
fn uprights(chart: &Chart) -> Vec<Vec<Upright>> {
    let of = |panel: &crate::report::chart::Panel| {
        let marks = panel.marks.iter();
        let found = marks.filter_map(|mark| match &mark.shape {
            Shape::Uprights(uprights) => Some(uprights.clone()),
            _ => None,
        });
        found.flatten().collect()
    };
    chart.panels.iter().map(of).collect()
}

#[test]
fn an_event_is_marked_in_every_chart_over_time_and_named_once() {
    let what = "apps scales from 50 to 51 nodes";
    for chart in over_time(eventful(1)) {
        let panels = uprights(&chart);
        assert!(panels.iter().all(|lines| lines.len() == 1), "{}", chart.id);
        assert_eq!(panels[0][0].sign, what);
        assert!(panels[1..].iter().all(|lines| lines[0].sign.is_empty()));
        assert!(panels.iter().all(|lines| lines[0].words == what));
        assert!(chart.description.contains(what), "{}", chart.description);
        let table = chart.data().pop().unwrap();
        assert_eq!(table.caption, "What happens in the course of the run");
        assert_eq!(table.rows.len(), 1);
        assert_eq!(table.rows[0][1].text, what);
        let svg = draw::svg(&chart, &Theme::DARK);
        assert_eq!(svg.matches(&format!(">{what}</text>")).count(), 1);
        let spec = vega::spec(&chart).to_string();
        assert!(spec.contains("\"name\":\"signs-0\"") && !spec.contains("\"name\":\"signs-1\""));
    }
}

#[test]
fn many_events_are_numbered_and_told_in_notes_and_a_crowd_is_joined() {
    for chart in over_time(eventful(9)) {
        let lines = &uprights(&chart)[0];
        let signs: Vec<&str> = lines.iter().map(|line| line.sign.as_str()).collect();
        assert_eq!(signs, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        let notes = chart.notes.join(" ");
        assert!(
            notes.contains("9: apps scales from 58 to 59 nodes at "),
            "{notes}"
        );
    }
    for chart in over_time(eventful(90)) {
        let lines = &uprights(&chart)[0];
        assert!(lines.iter().all(|line| line.sign.is_empty()));
        assert!(
            lines.len() < 20 && lines[0].words.contains(" times: "),
            "{lines:?}"
        );
        assert!(chart.notes.join(" ").contains("74 more events"));
    }
}

#[test]
fn a_long_name_is_numbered_and_told_whole_in_a_note() {
    let what = "Load Balancer gets managedOutboundIPs 1 and allocatedOutboundPorts 3,200";
    let mut one = eventful(1);
    for outbound in &mut one.document.outbounds {
        outbound.figures.as_mut().unwrap().events[0].what = what.to_owned();
    }
    for chart in over_time(one) {
        assert_eq!(uprights(&chart)[0][0].sign, "1");
        let told = format!("Dashed: 1: {what} at ");
        assert!(
            chart.notes.iter().any(|note| note.starts_with(&told)),
            "{:?}",
            chart.notes
        );
    }
}

#[test]
fn bursts_are_marked_and_what_lies_in_the_warm_up_is_not() {
    let mut one = eventful(0);
    let (from, to) = (one.document.warmup, one.document.duration);
    let burst = |at, every| BurstResult {
        workload: "pulls".to_owned(),
        at,
        every,
        connections: 40,
    };
    one.document.bursts = vec![burst(from - 30.0, None), burst(to - 90.0, Some(60.0))];
    for chart in over_time(one) {
        let lines = uprights(&chart).remove(0);
        let at: Vec<f64> = lines.iter().map(|line| line.at).collect();
        assert_eq!(at, [to - 90.0, to - 30.0]);
        assert_eq!(lines[0].words, "burst of 40 by pulls");
    }
}

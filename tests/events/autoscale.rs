//! Autoscalers: a rule is the events that it gives, in every figure.

use super::support::{model, runs};
use super::with;
use serde_json::{Value, json};
use snatsim::model::{Autoscaler, build};
use snatsim::results::{About, document, explain, explanation::Explanation};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, simulate};

/// A load that doubles after 20 minutes and falls again after 40, under all types of Azure.
fn moving() -> Value {
    json!({
        "duration": "1h10m", "warmup": "5m", "replications": 2, "seed": 5,
        "cluster": { "nodePools": [{ "name": "system", "count": 1 }, { "name": "apps", "count": 3, "maxCount": 6 }] },
        "destinations": [{ "name": "sql", "port": 1433 }, { "name": "near", "port": 443, "route": "privateEndpoint" }],
        "workloads": [{
            "name": "queries", "nodePool": "apps", "destination": "sql",
            "arrivals": { "poisson": { "perSecond": 20 } },
            "profile": { "factors": [{ "at": "0s", "factor": 1 }, { "at": "20m", "factor": 2 }, { "at": "40m", "factor": 0.5 }] },
            "lifetime": { "exponential": { "mean": "1m" } },
            "close": { "fin": 0.7, "rst": 0.1, "abandon": 0.2 },
            "connect": { "timeout": "15s" }, "retry": { "attempts": 2, "backoff": "1s", "jitter": 0.5 },
        }],
        "outbound": [
            { "outboundType": "loadBalancer", "loadBalancerProfile": { "allocatedOutboundPorts": 1600, "idleTimeoutInMinutes": 4 } },
            { "outboundType": "managedNATGateway" },
            { "outboundType": "userDefinedRouting", "azureFirewall": { "publicIPs": 1, "instances": 2 } },
        ],
    })
}

fn scaled_by_rule() -> Value {
    let mut scenario = moving();
    scenario["cluster"]["nodePools"][1] = json!({
        "name": "apps", "count": 3, "minCount": 2, "maxCount": 6,
        "autoscale": { "connectionsPerSecondPerNode": 8, "scaleUpAfter": "2m30s" },
    });
    scenario
}

fn firewall_by_rule() -> Value {
    let mut scenario = moving();
    scenario["outbound"][2]["azureFirewall"] = json!({
        "publicIPs": 1,
        "autoscaleConfiguration": {
            "maxCapacity": 5, "connectionsPerSecondPerInstance": 25, "scaleOutAfter": "5m", "scaleInAfter": "6m",
        },
    });
    scenario
}

fn only(scenario: &Value) -> Autoscaler {
    model(scenario).autoscalers.remove(0)
}

/// (there at, in seconds, how many from then on).
fn schedule(scaler: &Autoscaler) -> Vec<(f64, u32)> {
    let steps = scaler.steps.iter();
    steps.map(|step| (step.at.as_secs_f64(), step.to)).collect()
}

/// The same connections with the same fate. By hand every change of a firewall is looked after 45 s later, which divides the
/// run once more and changes nothing.
fn assert_same(found: &[OutboundRun], expected: &[OutboundRun]) {
    let figures = |run: &OutboundRun| -> Vec<_> {
        let mut replications = run.replications.clone();
        for replication in &mut replications {
            replication.taken_back.retain(|taken| taken.ports > 0);
            replication.highest_use = None;
        }
        replications
    };
    assert_eq!(found.len(), expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(figures(found) == figures(expected), "outbound {place}");
        assert_eq!(found.port_hold.counts(), expected.port_hold.counts());
    }
}

#[test]
fn a_node_pool_that_scales_by_a_rule_is_one_with_those_events() {
    let scenario = scaled_by_rule();
    // 20, 40 and 10 connections a second take 3, 5 and 2 nodes; 40 come from 20 min on, 10 from 40 min on.
    assert_eq!(
        schedule(&only(&scenario)),
        [(21.0 * 60.0 + 150.0, 5), (50.0 * 60.0, 2)]
    );
    let events = json!([
        { "at": "23m30s", "scale": { "nodePool": "apps", "count": 5 } },
        { "at": "50m", "scale": { "nodePool": "apps", "count": 2 } },
    ]);
    let by_hand = runs(&model(&with(&moving(), events)));
    assert!(by_hand[0].replications[0].taken_back[1].ports > 0);
    assert_same(&runs(&model(&scenario)), &by_hand);
}

#[test]
fn a_firewall_that_scales_by_a_rule_is_one_with_those_events() {
    let scenario = firewall_by_rule();
    // 40 a second are 80 % of two instances and 53 % of three; 10 a second 13 % of three and 20 % of two.
    assert_eq!(
        schedule(&only(&scenario)),
        [(26.0 * 60.0, 3), (46.0 * 60.0, 2)]
    );
    let to = |at: &str, instances: u32| json!({ "at": at, "setOutbound": { "name": "userDefinedRouting", "azureFirewall": { "instances": instances } } });
    let by_hand = runs(&model(&with(
        &moving(),
        json!([to("26m", 3), to("46m", 2)]),
    )));
    assert_same(&runs(&model(&scenario)), &by_hand);
}

#[test]
fn what_an_instance_breaks_as_it_leaves_counts_with_that_step() {
    let model = model(&firewall_by_rule());
    let run = simulate(&model, Detail::Full, &|_, _| {});
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    let document = document(&model, &run, &about);
    let figures = document.outbounds[2].figures.as_ref().expect("simulated");
    let broken: Vec<bool> = figures
        .events
        .iter()
        .map(|event| event.broken > 0)
        .collect();
    assert_eq!(broken, [false, true], "{:?}", figures.events);
    assert_eq!(
        figures.events[1].what,
        "userDefinedRouting scales from 3 to 2 instances by its rule"
    );
}

#[test]
fn a_rule_that_changes_nothing_changes_no_figure() {
    let mut scenario = scaled_by_rule();
    scenario["cluster"]["nodePools"][1]["autoscale"]["connectionsPerSecondPerNode"] = 1000.into();
    scenario["cluster"]["nodePools"][1]["minCount"] = 3.into();
    assert!(schedule(&only(&scenario)).is_empty());
    assert_same(&runs(&model(&scenario)), &runs(&model(&moving())));
}

#[test]
fn what_goes_past_a_firewall_does_not_make_it_scale() {
    let mut scenario = firewall_by_rule();
    scenario["workloads"][0]["destination"] = "near".into();
    let scaler = only(&scenario);
    assert!(scaler.steps.is_empty(), "{scaler:?}");
}

#[test]
fn connections_at_a_time_are_those_opened_so_far_that_are_still_active() {
    // Two of ten live on for the idle timeout of 240 s: 20 a second are 20 x (60 + 48) = 2,160 at a time by then, and the
    // 20 more of the last minute 20 x (48 (1 - 1/e) + 12) = 847.
    let mut scenario = firewall_by_rule();
    let why = &only(&scenario).steps[0].why;
    assert!(why.starts_with("3,007 connections at a time"), "{why}");
    // 400,000 of 500,000 are what connections alone take. Five minutes after the load has doubled there are
    // 3,800 x 108 - 1,900 x (48 / e^5 + 12 / e) = 401,397; a minute before 385,929.
    scenario["workloads"][0]["arrivals"]["poisson"]["perSecond"] = 1900.into();
    let config = &mut scenario["outbound"][2]["azureFirewall"]["autoscaleConfiguration"];
    config["connectionsPerSecondPerInstance"] = Value::Null;
    let scaler = only(&scenario);
    let (first, _) = schedule(&scaler)[0];
    assert_eq!(first, 30.0 * 60.0);
    assert!(
        scaler
            .unseen
            .iter()
            .any(|unseen| unseen.contains("throughput")),
        "{scaler:?}"
    );
}

/// A burst of connections that live for hours is no more connections than it has, and an empty run begins with none.
#[test]
fn long_lives_do_not_make_connections_that_were_never_opened() {
    let mut scenario = firewall_by_rule();
    let config = &mut scenario["outbound"][2]["azureFirewall"]["autoscaleConfiguration"];
    config["connectionsPerSecondPerInstance"] = Value::Null;
    scenario["workloads"][0] = json!({
        "name": "long", "nodePool": "apps", "destination": "sql", "lifetime": { "constant": "2h" },
        "arrivals": { "poisson": { "perSecond": 1 } }, "bursts": [{ "at": "10m", "connections": 4000 }],
    });
    assert!(only(&scenario).steps.is_empty());
    // 1,000 a second are 60,000 more every minute: 420,000 of 500,000 after seven.
    scenario["workloads"][0]["arrivals"]["poisson"]["perSecond"] = 1000.into();
    let scaler = only(&scenario);
    assert_eq!(scaler.steps[0].asked_at.as_secs_f64(), 7.0 * 60.0);
    let why = &scaler.steps[0].why;
    assert!(why.starts_with("420,000 connections at a time"), "{why}");
}

/// Connections that nobody answers are opened anew: a firewall sees every try.
#[test]
fn tries_count_as_new_connections() {
    let mut scenario = firewall_by_rule();
    let workload = &mut scenario["workloads"][0];
    workload["profile"] = Value::Null;
    workload["close"] = json!({ "unanswered": 1 });
    workload["retry"] = json!({ "attempts": 2 });
    // 20 a second are 40 % of two instances of 25, and twice that 80 %.
    assert_eq!(only(&scenario).steps[0].asked_at.as_secs_f64(), 60.0);
    scenario["workloads"][0]["retry"] = json!({ "attempts": 1 });
    assert!(only(&scenario).steps.is_empty());
}

/// What happens to one firewall is told of that.
#[test]
fn steps_of_a_firewall_are_no_events_of_other_types() {
    let model = model(&firewall_by_rule());
    let run = simulate(&model, Detail::Full, &|_, _| {});
    let about = About {
        scenario_sha256: String::new(),
        compare: true,
    };
    let told = document(&model, &run, &about).outbounds.into_iter();
    let events: Vec<usize> = told
        .map(|outbound| outbound.figures.map_or(0, |figures| figures.events.len()))
        .collect();
    assert_eq!(events, [0, 0, 2]);
}

#[test]
fn bursts_count_and_clients_are_not_seen() {
    let mut scenario = scaled_by_rule();
    scenario["workloads"][0] = json!({
        "name": "bursts", "nodePool": "apps", "destination": "sql", "lifetime": { "constant": "1s" },
        "bursts": [{ "at": "9m", "connections": 2400, "over": "1m", "stagger": "1m" }],
    });
    // 20 a second for two minutes: three nodes all along until the minutes of which none is wanted.
    let steps = schedule(&only(&scenario));
    assert_eq!(steps, [(21.0 * 60.0, 2)]);
    scenario["workloads"] = json!([{
        "name": "clients", "nodePool": "system", "destination": "sql", "lifetime": { "constant": "1s" },
        "arrivals": { "closed": { "clients": 10, "think": { "constant": "1s" } } },
    }]);
    scenario["cluster"]["nodePools"][0] = json!({
        "name": "system", "count": 1, "minCount": 1, "maxCount": 2,
        "autoscale": { "connectionsPerSecondPerNode": 1000 },
    });
    let scaler = only(&scenario);
    assert!(scaler.unseen[0].contains("\"clients\""), "{scaler:?}");
}

#[test]
fn the_schedule_stands_in_the_explanation_and_reads_back() {
    let explanation = explain(&model(&scaled_by_rule()));
    let text = serde_json::to_string(&explanation).expect("plain values");
    let read: Explanation = serde_json::from_str(&text).expect("what was written");
    let row = &read.autoscalers[0];
    assert_eq!((row.start, row.highest, row.steps.len()), (3, 5, 2));
    assert_eq!(
        row.steps[0].why,
        "40.0 connections/s / 8.00 a node: 5 wanted"
    );
}

#[test]
fn before_anything_happens_a_rule_is_what_it_begins_with() {
    let mut scenario = scaled_by_rule();
    scenario["outbound"] = firewall_by_rule()["outbound"].clone();
    let loaded = load(&scenario.to_string(), "test", &[]).expect("known words");
    let before = loaded.before_events();
    let mut none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
    let before = build(&before, &mut none).unwrap_or_else(|all| panic!("{all}"));
    assert!(!before.has_events() && before.autoscalers.is_empty());
    assert_same(&runs(&before), &runs(&model(&moving())));
}

#[test]
fn a_scale_to_the_number_that_there_is_already_is_told() {
    let events = json!([{ "at": "30m", "scale": { "nodePool": "apps", "count": 3 } }]);
    let model = model(&with(&moving(), events));
    let told: Vec<&str> = model.notes.iter().map(|note| note.code.id()).collect();
    assert_eq!(told, ["F0205"]);
}

#[test]
fn the_nodes_own_layer_takes_no_autoscaler() {
    for (scenario, place) in [
        (scaled_by_rule(), "/cluster/nodePools/1/autoscale"),
        (
            firewall_by_rule(),
            "/outbound/2/azureFirewall/autoscaleConfiguration",
        ),
    ] {
        let mut scenario = scenario;
        scenario["cluster"]["networkPlugin"] = "kubenet".into();
        scenario["cluster"]["nodeNat"] = json!({});
        let loaded = load(&scenario.to_string(), "test", &[]).expect("known words");
        let mut none = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let refused = build(&loaded, &mut none).expect_err("it is refused");
        let faults = refused.problems().iter().map(|problem| &problem.fault);
        let found: Vec<(&str, &str)> = faults
            .map(|fault| (fault.code.id(), fault.pointer.as_str()))
            .collect();
        assert_eq!(found, [("E0283", place)]);
    }
}

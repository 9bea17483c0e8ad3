//! Reruns on a small scenario.

use super::*;
use crate::results::Verdict;
use crate::scenario;
use serde_json::{Value, json};

/// 512 ports held 240 s after FIN carry 2.1 a second and node; 3 come.
fn shop(outbound: Value) -> Value {
    json!({
        "name": "shop", "duration": "20m", "replications": 2,
        "cluster": { "nodePools": [ { "name": "apps", "count": 2 } ] },
        "destinations": [ { "name": "sql", "port": 1433 } ],
        "workloads": [ { "name": "orders", "destination": "sql",
            "arrivals": { "poisson": { "perSecond": 6 } }, "lifetime": { "constant": "1s" },
            "connect": { "synRetries": 0 } } ],
        "outbound": outbound
    })
}

fn about() -> About {
    About {
        scenario_sha256: String::new(),
        compare: false,
    }
}

fn ran(value: &Value) -> (Loaded, Model, Document) {
    let loaded = scenario::load(&value.to_string(), "test.json", &[]).expect("known words");
    let model =
        model::build(&loaded, &mut no_files).unwrap_or_else(|problems| panic!("{problems}"));
    let run = simulate(&model, Detail::Table, &|_, _| ());
    let document = results::document(&model, &run, &about());
    (loaded, model, document)
}

fn no_files(_: &str) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::NotFound.into())
}

fn tried(value: &Value) -> (Vec<Trial>, Document) {
    let (loaded, model, mut document) = ran(value);
    let found = trials(&loaded, &model, &document, &mut no_files).expect("no files");
    run_trials(&found, &mut document, &about(), &|_, _| ());
    (found.runs, document)
}

fn names(trials: &[Trial]) -> Vec<(&str, &str)> {
    trials
        .iter()
        .map(|trial| (trial.assumption, trial.value))
        .collect()
}

fn short_of_ports() -> Value {
    json!([{ "name": "LB", "outboundType": "loadBalancer",
        "loadBalancerProfile": { "allocatedOutboundPorts": 512 } },
        { "name": "NAT", "outboundType": "managedNATGateway" }])
}

#[test]
fn the_verdict_hangs_on_release_timers_and_the_result_says_so() {
    let (_, document) = tried(&shop(short_of_ports()));
    let [lb, nat] = &document.outbounds[..] else {
        panic!("two outbounds");
    };
    assert_eq!(lb.verdict, Verdict::Exhausted);
    assert_eq!(lb.depends_on, ["loadBalancerReleaseTimers"]);
    assert!(lb.findings.iter().any(|finding| finding.code == "F0140"));
    assert_eq!(nat.verdict, Verdict::Clear);
    assert_eq!(nat.depends_on, [""; 0]);
    assert!(nat.findings.iter().all(|finding| finding.code != "F0140"));
    assert!(nat.alternatives.is_some());
}

#[test]
fn only_what_can_matter_is_run_again() {
    // All connections end by FIN and are answered: neither idle nor half-open times are met, nor those of UDP.
    let (trials, document) = tried(&shop(short_of_ports()));
    assert_eq!(
        names(&trials),
        [
            ("natHeldPortsCountToEndpointLimit", "true"),
            ("loadBalancerReleaseTimers", "false"),
            ("refusedSyn", "\"reset\"")
        ]
    );
    // Without a refusal it does not matter what one looks like.
    assert_eq!(trials[2].outbounds, [0]);
    let of_nat = document.outbounds[1]
        .alternatives
        .as_deref()
        .expect("tried");
    assert_eq!(of_nat.len(), 1);
}

#[test]
fn abandoned_connections_bring_the_hold_after_idle_into_it() {
    let mut value = shop(json!([{ "outboundType": "managedNATGateway" }]));
    value["workloads"][0]["close"] = json!({ "fin": 0.5, "abandon": 0.5 });
    let (trials, _) = tried(&value);
    assert!(names(&trials).contains(&("natHoldAfterIdle", "\"1m5s\"")));
    value["assumptions"] = json!({ "natHoldAfterIdle": "1m5s" });
    let (trials, _) = tried(&value);
    assert!(names(&trials).contains(&("natHoldAfterIdle", "\"0s\"")));
}

#[test]
fn a_surge_that_azure_would_refuse_flips_the_verdict() {
    let mut value = shop(json!([{ "outboundType": "loadBalancer",
        "loadBalancerProfile": { "allocatedOutboundPorts": 2_904 } }]));
    // 20 nodes and one of surge need 60,984 ports, 2 of surge 63,888, and 3 too many.
    value["cluster"]["nodePools"][0]["maxCount"] = 20.into();
    let (trials, document) = tried(&value);
    assert!(!names(&trials).contains(&("maxSurge", "\"10%\"")));
    value["cluster"]["nodePools"][0]["maxCount"] = 21.into();
    let (_, with_21) = tried(&value);
    assert_ne!(document.outbounds[0].depends_on, ["maxSurge"]);
    assert!(
        with_21.outbounds[0]
            .depends_on
            .contains(&"maxSurge".to_owned())
    );
}

#[test]
fn beside_an_event_too_only_what_can_matter_is_run_again() {
    let tried_beside = |nodes: u32, event: Value| {
        let mut value = shop(json!([{ "outboundType": "loadBalancer" }]));
        value["cluster"]["nodePools"][0]["count"] = nodes.into();
        value["events"] = json!([event]);
        let (trials, _) = tried(&value);
        let names = trials.iter().map(|trial| trial.assumption);
        names.collect::<Vec<_>>()
    };
    // Nothing is refused, nobody is left unanswered, and no node comes for an upgrade.
    let scale = json!({ "at": "10m", "scale": { "nodePool": "apps", "count": 3 } });
    assert_eq!(tried_beside(2, scale), ["loadBalancerReleaseTimers"]);
    let silence = json!({ "at": "10m", "stopAnswering": { "destination": "sql", "for": "1m" } });
    assert!(tried_beside(2, silence).contains(&"loadBalancerHalfOpen"));
    // 10 percent of 2 nodes are 1, as is the default, and of 12 they are 2; ports are the same beside all of them.
    let upgrade = json!({ "at": "5m", "upgrade": { "nodePool": "apps", "batchTime": "1m" } });
    assert!(!tried_beside(2, upgrade.clone()).contains(&"maxSurge"));
    assert!(tried_beside(12, upgrade).contains(&"maxSurge"));
}

#[test]
fn an_alternative_is_the_run_with_that_assumption() {
    let value = shop(short_of_ports());
    let (_, document) = tried(&value);
    let found = document.outbounds[0]
        .alternatives
        .as_deref()
        .expect("tried");
    let mut other = value.clone();
    other["assumptions"] = json!({ "refusedSyn": "reset" });
    let (_, _, direct) = ran(&other);
    let of_reset = found
        .iter()
        .find(|alternative| alternative.assumption == "refusedSyn")
        .expect("tried");
    let figures = direct.outbounds[0].figures.as_ref().expect("simulated");
    assert_eq!(
        of_reset.failure_probability.as_ref(),
        Some(&figures.failure_probability)
    );
}

#[test]
fn what_cannot_be_simulated_is_not_tried_and_the_result_says_so() {
    let mut moved = shop(json!([{ "name": "egress", "outboundType": "loadBalancer" }]));
    moved["workloads"][0]["pool"] = json!({ "maxIdle": 4, "idleTimeout": "30s" });
    moved["events"] =
        json!([{ "at": "10m", "setOutbound": { "outboundType": "managedNATGateway" } }]);
    let (_, document) = tried(&moved);
    let known = results::NotTried {
        assumption: "natGatewayBreaksOpenConnections".to_owned(),
        value: json!(false),
    };
    assert_eq!(document.not_tried, [known]);
    assert_eq!(
        results::not_tried(&document).as_deref(),
        Some(
            "Not tried, because this scenario cannot be simulated that way: natGatewayBreaksOpenConnections false."
        )
    );
    let mut alone = document.outbounds[0].clone();
    alone.alternatives = Some(Vec::new());
    assert_eq!(
        results::hangs_on(&alone, false),
        Some(format!(
            "{}; of what Azure leaves open, nothing that could be tried bears on it.",
            alone.verdict.word()
        ))
    );
    let text = serde_json::to_string(&document).expect("plain values");
    assert_eq!(serde_json::from_str::<Document>(&text).ok(), Some(document));

    let (_, document) = tried(&shop(short_of_ports()));
    assert_eq!(document.not_tried, []);
    assert_eq!(results::not_tried(&document), None);
}

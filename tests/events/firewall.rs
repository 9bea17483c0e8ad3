//! Instances of a firewall that are drained, lost and replaced.

use super::*;

/// Three instances with one public IP each, two connections a second that live for ever and have one SYN.
fn firewall() -> Value {
    let mut scenario = by_the_clock(1);
    scenario["duration"] = json!("4m");
    scenario["workloads"][0]["arrivals"] = json!({ "constant": { "perSecond": 2 } });
    scenario["outbound"] = json!([{
        "name": "Firewall", "outboundType": "userDefinedRouting",
        "azureFirewall": { "publicIPs": 1, "instances": 3 },
    }]);
    scenario
}

#[test]
fn an_instance_that_is_scaled_in_drains_for_45_seconds_and_resets_what_is_left() {
    let events = json!([
        { "at": "1m", "setOutbound": { "azureFirewall": { "instances": 2 } } }
    ]);
    let run = only(&with(&firewall(), events));
    let replication = &run.replications[0];
    let minutes = replication.minutes.as_ref().expect("full detail");
    let series = |values: &[u32]| values[2 * 4..].to_vec();
    let granted = minutes.granted[2 * 4];
    assert!(granted > 20, "about a third of 120");
    assert_eq!(series(&minutes.granted), [granted, 0, 0, 0]);
    assert_eq!(series(&minutes.peak), [granted, granted, 0, 0]);
    let taken: Vec<(u64, u64)> = replication
        .taken_back
        .iter()
        .map(|taken| (taken.ports, taken.broken))
        .collect();
    assert_eq!(taken, [(0, 0), (u64::from(granted), u64::from(granted))]);
    assert_eq!(
        (replication.total.established, replication.total.failed),
        (480, 0)
    );
}

#[test]
fn a_lost_instance_loses_its_connections_and_is_replaced() {
    let events = json!([{ "at": "1m", "loseInstance": { "instance": 1, "for": "1m" } }]);
    let run = only(&with(&firewall(), events));
    let replication = &run.replications[0];
    let minutes = replication.minutes.as_ref().expect("full detail");
    let granted = &minutes.granted[4..8];
    assert_eq!(replication.taken_back[0].broken, u64::from(granted[0]));
    assert_eq!(granted[1], 0);
    assert!(
        granted[2] > 20 && granted[3] > 20,
        "about a third of 120 each"
    );
    assert_eq!(minutes.peak[6], granted[2]);
    // What would have gone to it goes to the others: two a second all along.
    for minute in 0..4 {
        let all: u32 = (0..3).map(|pool| minutes.granted[pool * 4 + minute]).sum();
        assert_eq!(all, 120);
    }
}

/// (ports, broken) that were taken back at each border.
fn taken(run: &OutboundRun) -> Vec<(u64, u64)> {
    let taken = run.replications[0].taken_back.iter();
    taken.map(|taken| (taken.ports, taken.broken)).collect()
}

/// Connections that each of the instances got in the first minute.
fn in_first_minute(run: &OutboundRun) -> Vec<u64> {
    let minutes = run.replications[0].minutes.as_ref().expect("full detail");
    let granted = minutes.granted.chunks(4);
    granted.map(|granted| u64::from(granted[0])).collect()
}

#[test]
fn instances_that_azures_default_does_away_with_drain_as_well() {
    for firewall_of_event in [json!({ "instances": null }), json!(null)] {
        let events = json!([{ "at": "1m", "setOutbound": { "azureFirewall": firewall_of_event } }]);
        let run = only(&with(&firewall(), events));
        let broken = in_first_minute(&run)[2];
        assert_eq!(taken(&run), [(0, 0), (broken, broken)]);
    }
    let as_many = json!([{ "at": "1m", "setOutbound": { "azureFirewall": { "publicIPs": 1 } } }]);
    let run = only(&with(&firewall(), as_many));
    assert_eq!(taken(&run), [(0, 0)]);
}

#[test]
fn each_instance_drains_for_45_seconds_of_its_own() {
    let to = |at: &str, instances: u32| json!({ "at": at, "setOutbound": { "azureFirewall": { "instances": instances } } });
    let mut scenario = firewall();
    scenario["outbound"][0]["azureFirewall"]["instances"] = json!(4);
    let events = json!([to("50s", 4), to("1m", 3), to("1m30s", 2)]);
    let run = only(&with(&scenario, events));
    let minutes = run.replications[0].minutes.as_ref().expect("full detail");
    let of_third = u64::from(minutes.granted[8] + minutes.granted[9]);
    let of_fourth = in_first_minute(&run)[3];
    // At 50 s nothing changes, so nothing drains 45 s later; the others leave at 1m45s and 2m15s.
    assert_eq!(
        taken(&run),
        [
            (0, 0),
            (0, 0),
            (0, 0),
            (0, 0),
            (of_fourth, of_fourth),
            (of_third, of_third)
        ]
    );
}

#[test]
fn what_an_event_takes_back_later_is_its_own() {
    let mut scenario = with(
        &firewall(),
        json!([
            { "at": "1m", "setOutbound": { "azureFirewall": { "instances": 2 } } },
            { "at": "1m30s", "stopAnswering": { "destination": "other", "for": "1m" } },
        ]),
    );
    scenario["destinations"]
        .as_array_mut()
        .expect("a list")
        .push(json!({ "name": "other", "port": 1 }));
    let model = model(&scenario);
    let result = simulate(&model, Detail::Full, &|_, _| {});
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    let document = document(&model, &result, &about);
    let figures = document.outbounds[0].figures.as_ref().expect("figures");
    let events = &figures.events;
    let broken: Vec<(f64, bool)> = events
        .iter()
        .map(|event| (event.at, event.broken > 0))
        .collect();
    assert_eq!(broken, [(60.0, true), (90.0, false), (150.0, false)]);
}

#[test]
fn a_firewall_keeps_an_instance_and_a_lost_one_stays_away_as_long_as_it_is_said() {
    let lose = |at: &str, instance: u32, span: &str| json!({ "at": at, "loseInstance": { "instance": instance, "for": span } });
    let scenario = with(
        &firewall(),
        json!([
            lose("1m", 0, "2m"),
            lose("1m", 1, "2m"),
            { "at": "2m", "setOutbound": { "azureFirewall": { "instances": 2 } } },
        ]),
    );
    let loaded = load(&scenario.to_string(), "events.json", &[]).expect("it can be read");
    let problems = build(&loaded, &mut |_| unreachable!("it names no file")).expect_err("refused");
    assert!(
        problems
            .render(false)
            .contains("no instance of the firewall"),
        "{}",
        problems.render(false)
    );
    // Lost for two minutes, and once more for ten seconds meanwhile.
    let run = only(&with(
        &firewall(),
        json!([lose("1m", 1, "2m"), lose("2m", 1, "10s")]),
    ));
    let minutes = run.replications[0].minutes.as_ref().expect("full detail");
    let granted = &minutes.granted[4..8];
    assert!(granted[0] > 20 && granted[3] > 20);
    assert_eq!(granted[1..3], [0, 0]);
}

#[test]
fn a_new_try_is_dealt_to_the_instances_there_are_when_it_begins() {
    // One port a bucket would not do: every connection is refused at once by two instances that are full, and tries again
    // a minute later, when four more are there; the two that are full stay so.
    let mut scenario = firewall();
    scenario["duration"] = json!("4m");
    scenario["workloads"] = json!([
        { "name": "fill", "destination": "to", "bursts": [{ "at": "1s", "connections": 12_000 }],
          "lifetime": { "constant": "1h" }, "connect": { "synRetries": 0 } },
        { "name": "late", "destination": "to", "bursts": [{ "at": "30s", "connections": 400 }],
          "lifetime": { "constant": "1h" }, "connect": { "synRetries": 0 },
          "retry": { "attempts": 2, "backoff": "1m", "jitter": 0 } },
    ]);
    scenario["outbound"][0]["azureFirewall"]["instances"] = json!(2);
    let events = json!([{ "at": "1m", "setOutbound": { "azureFirewall": { "instances": 8 } } }]);
    let run = only(&with(&scenario, events));
    let late = &run.replications[0].by_workload[1];
    // Of eight instances two are full: three in four get a port, 300 of 400 with a standard error of 8.7.
    assert_eq!(late.established + late.failed, 400);
    assert!(late.established.abs_diff(300) < 44, "{}", late.established);
}

#[test]
fn instances_that_come_and_are_lost_at_one_instant_are_counted_after_the_change() {
    let at_once = |from: u32, to: u32| {
        let mut scenario = firewall();
        scenario["outbound"][0]["azureFirewall"]["instances"] = json!(from);
        with(
            &scenario,
            json!([
                { "at": "1m", "setOutbound": { "azureFirewall": { "instances": to } } },
                { "at": "1m", "loseInstance": { "instance": 3, "for": "1m" } },
            ]),
        )
    };
    let refused = |scenario: &Value| {
        let loaded = load(&scenario.to_string(), "events.json", &[]).expect("it can be read");
        let built = build(&loaded, &mut |_| unreachable!("it names no file"));
        built.err().map(|problems| problems.render(false))
    };
    assert_eq!(refused(&at_once(2, 4)), None);
    let text = refused(&at_once(4, 2)).expect("there is no instance 3");
    assert_eq!(text.matches("error[E0412]").count(), 1, "{text}");
}

#[test]
fn a_silence_within_another_is_none_of_its_own() {
    let silent = |at: &str, span: &str| json!({ "at": at, "stopAnswering": { "destination": "to", "for": span } });
    let events = json!([silent("30s", "90s"), silent("1m", "2m")]);
    let model = model(&with(&firewall(), events));
    let what: Vec<String> = model
        .epochs
        .iter()
        .map(|epoch| {
            let phrases = epoch.what.iter().map(|what| what.phrase.as_str());
            phrases.collect::<Vec<_>>().join(", ")
        })
        .collect();
    assert_eq!(what, ["", "to stops answering", "", "", "to answers again"]);
    let silent: Vec<bool> = model
        .epochs
        .iter()
        .map(|epoch| !epoch.silent.is_empty())
        .collect();
    assert_eq!(silent, [false, true, true, true, false]);
}

#[test]
fn clients_beside_the_ports_wait_for_a_silent_destination_too() {
    let mut scenario = firewall();
    scenario["destinations"][0]["route"] = json!("privateEndpoint");
    let workload = scenario["workloads"][0].as_object_mut().expect("fields");
    workload.insert(
        "arrivals".to_owned(),
        json!({ "closed": { "clients": 10, "think": { "constant": "1s" } } }),
    );
    workload.insert("lifetime".to_owned(), json!({ "constant": "1s" }));
    workload.insert("connect".to_owned(), json!({ "timeout": "10s" }));
    let opened = |scenario: &Value| {
        let model = model(scenario);
        let result = simulate(&model, Detail::Full, &|_, _| {});
        let about = About {
            scenario_sha256: String::new(),
            compare: false,
        };
        let document = document(&model, &result, &about);
        document.outbounds[0]
            .figures
            .as_ref()
            .expect("figures")
            .connections
            .bypassed
    };
    let events = json!([{ "at": "1m", "stopAnswering": { "destination": "to", "for": "2m" } }]);
    // Every two seconds for four minutes, or for two, and every eleven for the other two.
    let (plain, silenced) = (opened(&scenario), opened(&with(&scenario, events)));
    assert!((1_150..=1_200).contains(&plain), "{plain}");
    assert!((660..=740).contains(&silenced), "{silenced}");
}

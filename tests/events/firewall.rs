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

//! No address has more connections in the table toward a key than it uses local ports: what Linux did with a range of ten
//! ports in a network namespace behind a masquerade (kernel 6.18), and what follows from that.

use super::*;

/// A pod of ten local ports, and what it connects: start, lifetime and end.
fn ten_ports(rows: impl Iterator<Item = (f64, f64, &'static str)>) -> Model {
    let mut scenario = cluster(1);
    scenario["workloads"] = json!([{
        "name": "pod", "arrivals": { "trace": { "file": "trace.csv" } },
        "localPortRange": "40000 40009", "connect": { "synRetries": 0 },
    }]);
    traced(&scenario, &rows.collect::<Vec<_>>())
}

/// Connections established, and the peaks of the table and of the masquerade.
fn came(model: &Model) -> (u64, u64, u64) {
    let run = only(model);
    let peaks = nodes(&run);
    (
        run.replications[0].total.established,
        peaks.conntrack.expect("a peak").used,
        peaks.masquerade.expect("a peak").used,
    )
}

/// The kernel had 5 entries: `connect()` goes through the ports of one parity.
#[test]
fn two_hundred_resets_in_two_seconds_leave_five_entries() {
    let rows = (0..200).map(|i| (f64::from(i) / 100.0, 0.001, "rst"));
    assert_eq!(came(&ten_ports(rows)), (200, 5, 5));
}

/// The kernel had 10 entries: TIME_WAIT held the ports of one parity, so that those of the other were taken too, and a
/// minute later each SYN ended the entry of its port.
#[test]
fn ten_that_follow_ten_closed_by_fin_replace_their_entries() {
    let first = (0..10).map(|i| (f64::from(i) / 100.0, 0.001, "fin"));
    let then = (0..10).map(|i| (62.0 + f64::from(i) / 100.0, 0.001, "fin"));
    assert_eq!(came(&ten_ports(first.chain(then))), (20, 10, 10));
    // Local ports are the limit before that: of twenty at once ten fail.
    let rows = (0..20).map(|i| (f64::from(i) / 100.0, 0.001, "fin"));
    assert_eq!(came(&ten_ports(rows)), (10, 10, 10));
}

/// An entry that a SYN replaced is gone for the table of the node, not only for its pod.
#[test]
fn a_replaced_entry_makes_room_for_others() {
    let rows = (0..200).map(|i| (f64::from(i) / 100.0, 0.001, "rst"));
    let mut model = ten_ports(rows);
    model.node_nat.as_mut().expect("a layer").rules.conntrack = 5;
    assert_eq!(came(&model), (200, 5, 5));
    model.node_nat.as_mut().expect("a layer").rules.conntrack = 4;
    // Four have ports of their own and no entry is replaced before there are five: until the first is forgotten, after
    // ten seconds, all others are dropped.
    assert_eq!(came(&model), (4, 4, 4));
}

/// Two pods that connect 400 times a second each, closed by FIN: more than 64,512 in 120 s, and never more entries than
/// the 28,232 local ports of each.
#[test]
fn two_pods_cannot_use_up_the_masquerade() {
    let mut scenario = cluster(1);
    scenario["duration"] = json!("10m");
    scenario["workloads"] = json!([{
        "name": "pods", "destination": "sql", "replicas": 2,
        "arrivals": { "constant": { "perSecond": 800 } },
        "lifetime": { "constant": "200ms" }, "connect": { "synRetries": 0 },
    }]);
    let run = only(&model(&scenario));
    let total = &run.replications[0].total;
    assert_eq!((total.failed, total.kept), (0, [0; 3]));
    let masquerade = nodes(&run).masquerade.expect("a peak").used;
    let local = nodes(&run).local_ports.expect("a peak").used;
    assert!(local < 28_232, "{local}");
    assert!((48_000..=2 * 28_232).contains(&masquerade), "{masquerade}");
}

/// From kernel 6.3 on a SYN that finds no port of the node's address ends a connection that is closed: the kernel had 10
/// entries after 60 connections through ten ports, all of which were answered.
#[test]
fn a_masquerade_that_evicts_keeps_as_many_entries_as_ports() {
    let rows = (0..60).map(|i| (f64::from(i) / 10.0, 0.001, "fin"));
    let mut model = ten_ports(rows);
    let rules = &mut model.node_nat.as_mut().expect("a layer").rules;
    rules.pod_local_ports.fill(1_000);
    rules.masquerade_ports = 10;
    assert_eq!(came(&model), (10, 10, 10));
    model
        .node_nat
        .as_mut()
        .expect("a layer")
        .rules
        .reuses_closed = true;
    assert_eq!(came(&model), (60, 10, 10));
}

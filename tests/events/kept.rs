//! Connections that somebody keeps: what is simulated beside events, and what is refused.

use super::gateways::two_gateways;
use super::*;

/// A pool that keeps no connection opens one for each request, whatever happens to the ports.
#[test]
fn pools_meet_ports_that_are_added() {
    let events = json!([{ "at": "50s", "setOutbound": { "custom": { "portsPerPool": 20 } } }]);
    let mut plain = with(&by_the_clock(8), events);
    plain["workloads"][0]["lifetime"] = json!({ "constant": "30s" });
    let mut pooled = plain.clone();
    pooled["workloads"][0]["pool"] = json!({ "maxIdle": 0 });
    let (plain, pooled) = (only(&plain), only(&pooled));
    assert_eq!(plain.replications, pooled.replications);
    let requests = &pooled.requests[&0];
    let total = &pooled.replications[0].total;
    assert_eq!((requests.made, requests.opened), (100, total.established));
}

#[test]
fn what_keeps_connections_and_is_not_told_of_an_event_is_refused() {
    let refused = |extra: Value, event: Value| {
        let mut scenario = with(&busy(), json!([event]));
        let destinations = scenario["destinations"].as_array_mut().unwrap();
        destinations.push(json!({ "name": "api", "address": "203.0.113.60", "port": 443 }));
        let workloads = scenario["workloads"].as_array_mut().unwrap();
        workloads.truncate(1);
        let words = workloads[0].as_object_mut().unwrap();
        words.extend(extra.as_object().unwrap().clone());
        let loaded = load(&scenario.to_string(), "events.json", &[]).expect("it can be read");
        match build(&loaded, &mut |_| unreachable!("it names no file")) {
            Ok(_) => None,
            Err(problems) => {
                let told = problems.render(false);
                assert_eq!(told.matches("error[").count(), 1, "{told}");
                Some(told.split("error[").nth(1).unwrap()[..5].to_owned())
            }
        }
    };
    let pool = json!({ "pool": { "maxIdle": 2 } });
    let quiet = json!({ "activity": { "gap": { "exponential": { "mean": "9m" } } } });
    let again =
        json!({ "activity": { "gap": { "exponential": { "mean": "9m" } } }, "reconnect": true });
    let alive = json!({ "keepalive": "30s", "reconnect": true });
    let (two, four) = (json!({ "replicas": 2 }), json!({ "replicas": 4 }));
    let ports = |ports: u32| json!({ "at": "20m", "setOutbound": { "name": "small", "custom": { "portsPerPool": ports } } });
    let idle = json!({ "at": "20m", "setOutbound": { "name": "managedNATGateway",
        "natGatewayProfile": { "idleTimeoutInMinutes": 6 } } });
    let after_fin = json!({ "at": "20m", "setOutbound": { "name": "small", "timers": { "holdAfterFin": "30s" } } });
    let joins = json!({ "at": "20m", "scale": { "nodePool": "apps", "count": 4 } });
    let leaves = json!({ "at": "20m", "scale": { "nodePool": "apps", "count": 2 } });
    let silence = json!({ "at": "20m", "stopAnswering": { "destination": "sql", "for": "1m" } });
    let other = json!({ "at": "20m", "stopAnswering": { "destination": "api", "for": "1m" } });
    for (extra, event, code) in [
        (&pool, ports(1_000), None),
        (&pool, ports(800), Some("E0416")),
        (&pool, idle.clone(), Some("E0416")),
        (&pool, after_fin.clone(), Some("E0416")),
        (&pool, silence.clone(), Some("E0416")),
        (&pool, other.clone(), None),
        (&pool, joins.clone(), Some("E0415")),
        (&quiet, ports(800), None),
        (&quiet, idle.clone(), Some("E0416")),
        (&quiet, after_fin.clone(), None),
        (&quiet, leaves.clone(), None),
        (&again, ports(1_000), None),
        (&again, ports(800), Some("E0416")),
        (&again, joins.clone(), None),
        (&again, leaves.clone(), Some("E0416")),
        (&again, silence.clone(), None),
        (&alive, ports(800), None),
        (&alive, idle.clone(), None),
        // The scheduler has put two on nodes 0 and 1, which stay.
        (&two, joins.clone(), None),
        (&two, leaves.clone(), None),
        (&four, joins.clone(), Some("E0415")),
        (&four, leaves.clone(), Some("E0415")),
        (&four, ports(800), None),
    ] {
        assert_eq!(
            refused(extra.clone(), event.clone()).as_deref(),
            code,
            "{extra} {event}"
        );
    }
    let moves = with(
        &two_gateways(),
        json!([{ "at": "20s", "scale": { "nodePool": "apps", "count": 4 } }]),
    );
    let loaded = load(&moves.to_string(), "events.json", &[]).expect("it can be read");
    let problems = build(&loaded, &mut |_| unreachable!("it names no file")).expect_err("refused");
    assert!(problems.render(false).contains("error[E0415]"));
}

/// Every connection falls silent at once and idles out after 20 s.
fn silent_by_the_clock(ports: u32) -> Value {
    let mut scenario = by_the_clock(ports);
    scenario["workloads"][0]["keepalive"] = json!("30s");
    scenario["outbound"][0]["timers"] = json!({ "idle": "20s" });
    scenario
}

#[test]
fn what_idles_out_later_breaks_once_by_what_comes_first() {
    // 20 of 20 ports are in use at 50.5 s, all of connections that were to idle out.
    let events = json!([{ "at": "50.5s", "setOutbound": { "custom": { "portsPerPool": 10 } } }]);
    let run = only(&with(&silent_by_the_clock(20), events));
    let replication = &run.replications[0];
    let taken = replication.taken_back[0];
    assert_eq!((taken.ports, taken.broken), (10, 10));
    // All break but the ten that have the ports at the end, each of which one a second and 20 s of silence keep in use.
    let total = &replication.total;
    assert_eq!(total.broken, total.established - 10);
    // Nothing breaks on a node that leaves: ten connections of the last 20 s end with it.
    let mut two_nodes = silent_by_the_clock(100);
    two_nodes["cluster"]["nodePools"][0]["count"] = json!(2);
    let events = json!([{ "at": "50.5s", "scale": { "nodePool": "apps", "count": 1 } }]);
    let plain = only(&two_nodes);
    let run = only(&with(&two_nodes, events));
    let taken = run.replications[0].taken_back[0];
    assert_eq!((taken.ports, taken.broken), (10, 0));
    assert_eq!(plain.replications[0].total.broken, 80);
    assert_eq!(run.replications[0].total.broken, 70);
}

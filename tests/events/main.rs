//! What happens in the course of a run: by hand where that can be, by identities, and by theory.

mod autoscale;
mod firewall;
mod gateways;
mod kept;
mod migration;
mod nodes;
#[path = "../support/runs.rs"]
mod support;

use serde_json::{Value, json};
use snatsim::model::{Model, build};
use snatsim::results::{About, document};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, simulate};
use support::{model, runs};

fn only(scenario: &Value) -> OutboundRun {
    runs(&model(scenario)).remove(0)
}

/// Whether a run comes to the same bytes on any number of threads.
fn threads_never_matter_to(model: &Model) {
    let about = About {
        scenario_sha256: String::new(),
        compare: true,
    };
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let result = simulate(model, Detail::Full, &|_, _| {});
            let document = document(model, &result, &about);
            serde_json::to_string(&document).expect("a document prints")
        })
    };
    let alone = on(1);
    assert_eq!(alone, on(2));
    assert_eq!(alone, on(5));
}

/// The scenario with these events.
fn with(scenario: &Value, events: Value) -> Value {
    let mut scenario = scenario.clone();
    scenario["events"] = events;
    scenario
}

/// Everything that is random, under all types of Azure.
fn busy() -> Value {
    json!({
        "duration": "40m", "warmup": "5m", "replications": 2, "seed": 3,
        "cluster": { "nodePools": [{ "name": "apps", "count": 3 }] },
        "destinations": [
            { "name": "sql", "port": 1433 },
            { "name": "dns", "port": 53, "protocol": "udp", "endpoints": 2 },
        ],
        "workloads": [
            { "name": "queries", "destination": "sql",
              "arrivals": { "poisson": { "perSecond": 12 } },
              "lifetime": { "exponential": { "mean": "20s" } },
              "close": { "fin": 0.6, "rst": 0.2, "abandon": 0.15, "unanswered": 0.05 },
              "connect": { "timeout": "15s" }, "retry": { "attempts": 2, "backoff": "1s", "jitter": 0.5 } },
            { "name": "names", "destination": "dns",
              "arrivals": { "constant": { "perSecond": 3 } },
              "lifetime": { "constant": "1s" } },
            { "name": "clients", "destination": "sql",
              "arrivals": { "closed": { "clients": 30, "think": { "exponential": { "mean": "10s" } } } },
              "lifetime": { "exponential": { "mean": "5s" } } },
            { "name": "requests", "destination": "sql",
              "arrivals": { "poisson": { "perSecond": 5 } },
              "lifetime": { "exponential": { "mean": "1s" } },
              "pool": { "perNode": 2, "maxIdle": 3, "idleTimeout": "30s" } },
            { "name": "subscriptions", "destination": "sql",
              "arrivals": { "poisson": { "perSecond": 0.2 } },
              "lifetime": { "exponential": { "mean": "10m" } },
              "activity": { "gap": { "exponential": { "mean": "2m" } } }, "reconnect": true },
        ],
        "outbound": [
            { "outboundType": "loadBalancer", "loadBalancerProfile": { "allocatedOutboundPorts": 800, "idleTimeoutInMinutes": 4 } },
            { "outboundType": "managedNATGateway" },
            { "outboundType": "userDefinedRouting" },
            { "name": "small", "outboundType": "custom",
              "custom": { "scope": "shared", "portsPerPool": 900, "activePerPool": 300 },
              "timers": { "holdAfterFin": "60s" } },
        ],
    })
}

#[test]
fn events_that_change_nothing_change_no_figure() {
    let plain = runs(&model(&busy()));
    let idle = json!({ "idleTimeoutInMinutes": 4 });
    let events = json!([
        { "at": "7m30s", "setOutbound": { "name": "loadBalancer", "loadBalancerProfile": idle } },
        { "at": "10m", "setOutbound": { "name": "managedNATGateway", "natGatewayProfile": idle } },
        { "at": "20m17s", "setOutbound": { "name": "userDefinedRouting", "azureFirewall": idle } },
        { "at": "33m", "setOutbound": { "name": "small", "custom": { "portsPerPool": 900 } } },
    ]);
    let eventful = runs(&model(&with(&busy(), events)));
    for (plain, eventful) in plain.iter().zip(&eventful) {
        assert_eq!(
            plain.connect_latency.counts(),
            eventful.connect_latency.counts()
        );
        assert_eq!(plain.port_hold.counts(), eventful.port_hold.counts());
        assert_eq!(plain.mean_uses, eventful.mean_uses);
        for (plain, eventful) in plain.replications.iter().zip(&eventful.replications) {
            let mut eventful = eventful.clone();
            assert!(eventful.taken_back.iter().all(|taken| taken.ports == 0));
            eventful.taken_back.clear();
            eventful.highest_use = None;
            assert_eq!(*plain, eventful);
        }
    }
}

/// One node, one connection a second that lives for ever and has one SYN.
fn by_the_clock(ports: u32) -> Value {
    json!({
        "duration": "100s", "replications": 1,
        "cluster": { "nodePools": [{ "name": "apps", "count": 1 }] },
        "destinations": [{ "name": "to", "port": 443 }],
        "workloads": [{
            "name": "w", "destination": "to",
            "arrivals": { "constant": { "perSecond": 1 } },
            "lifetime": { "constant": "1h" },
            "connect": { "synRetries": 0 },
        }],
        "outbound": [{
            "outboundType": "custom",
            "custom": { "scope": "perNode", "portsPerPool": ports },
        }],
    })
}

#[test]
fn ports_that_are_taken_away_break_their_connections_and_are_booked_until_then() {
    // Ports are full from the eighth connection on; at 50.5 s half of them go, and all that follows is refused.
    let events = json!([{ "at": "50.5s", "setOutbound": { "custom": { "portsPerPool": 4 } } }]);
    let run = only(&with(&by_the_clock(8), events));
    let replication = &run.replications[0];
    assert_eq!(
        (
            replication.taken_back[0].ports,
            replication.taken_back[0].broken
        ),
        (4, 4)
    );
    let total = &replication.total;
    assert_eq!((total.established, total.broken, total.failed), (8, 4, 91));
    // Who lost the port is drawn: each of eight was granted at 0 s to 7 s.
    let open = total.port_nanos[0] as f64 / 1e9;
    let granted: f64 = (0..8).map(f64::from).sum();
    assert_eq!(open, 4.0 * 50.5 + 4.0 * 100.0 - granted);
    let minutes = replication.minutes.as_ref().expect("full detail");
    assert_eq!(minutes.peak, [8, 4]);
    assert_eq!(run.port_hold.max(), Some(3_600.0));
    assert_eq!(
        replication.highest_use.map(|highest| highest.ports.share()),
        Some(1.0)
    );
}

#[test]
fn ports_that_are_added_are_there_at_once() {
    let events = json!([{ "at": "50s", "setOutbound": { "custom": { "portsPerPool": 20 } } }]);
    let run = only(&with(&by_the_clock(8), events));
    let total = &run.replications[0].total;
    // The SYN at 50 s comes after the event; twelve more get a port, the last at 61 s.
    assert_eq!((total.established, total.failed, total.broken), (20, 79, 0));
}

#[test]
fn an_idle_timeout_counts_for_connections_granted_after_it() {
    let mut scenario = by_the_clock(1_000);
    scenario["duration"] = json!("10m");
    scenario["workloads"][0]["lifetime"] = json!({ "constant": "0s" });
    scenario["workloads"][0]["close"] = json!({ "abandon": 1 });
    scenario["outbound"][0]["timers"] = json!({ "idle": "10s" });
    let events = json!([{ "at": "5m", "setOutbound": { "timers": { "idle": "60s" } } }]);
    let run = only(&with(&scenario, events));
    let minutes = run.replications[0].minutes.as_ref().expect("full detail");
    assert_eq!(minutes.peak, [10, 10, 10, 10, 10, 60, 60, 60, 60, 60]);
    assert_eq!(
        run.port_hold.counts().sum_nanos,
        (300 * 10 + 300 * 60) * 1_000_000_000
    );
}

#[test]
fn connections_of_a_destination_that_is_silent_have_a_port_and_no_answer() {
    let events = json!([{ "at": "20s", "stopAnswering": { "destination": "to", "for": "10s" } }]);
    let run = only(&with(&by_the_clock(200), events.clone()));
    let total = &run.replications[0].total;
    assert_eq!(
        (total.established, total.unanswered, total.refused_syns),
        (90, 10, 0)
    );
    // Each of the ten holds its port for the half-open time after its only SYN: custom's 30 s.
    assert_eq!(total.port_nanos[5], 10 * 30 * 1_000_000_000);
    // With a try more, after a pause that reaches beyond the outage, all are answered.
    let mut patient = by_the_clock(200);
    patient["workloads"][0]["retry"] = json!({ "attempts": 2, "backoff": "20s" });
    let run = only(&with(&patient, events));
    let total = &run.replications[0].total;
    assert_eq!(
        (total.established, total.unanswered, total.delayed),
        (100, 0, 10)
    );
}

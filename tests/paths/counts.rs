//! How many connections take a port, and that nothing moves where they do not.

use super::{aside, documented, mixture, model, model_with, offered, plain, run};
use serde_json::{Value, json};
use snatsim::model::{Bypass, Denial, Path};
use snatsim::simulate::OutboundRun;

/// However few connections each node opens, the share that takes the route is the one asked for, within one connection.
#[test]
fn bursts_and_clients_keep_to_the_share() {
    for share in [0.3, 0.4, 0.6, 0.9] {
        for arrivals in [
            json!({ "bursts": [{ "at": "5m", "connections": 280 }] }),
            json!({ "arrivals": { "closed": { "clients": 280, "think": { "constant": "10m" } } } }),
        ] {
            let mut scenario = plain(json!({
                "port": 443, "route": "privateEndpoint", "routeShare": share,
            }));
            scenario["replications"] = json!(1);
            scenario["warmup"] = json!("0s");
            scenario["cluster"]["nodePools"][0]["count"] = json!(280);
            let workload = scenario["workloads"][0].as_object_mut().unwrap();
            workload.remove("arrivals");
            workload.extend(arrivals.as_object().unwrap().clone());
            scenario["outbound"] = json!([{ "outboundType": "loadBalancer" }]);
            let connections = &documented(&model(&scenario)).outbounds[0]
                .figures
                .as_ref()
                .unwrap()
                .connections
                .clone();
            let all = (connections.offered + connections.bypassed) as f64;
            let times = all / 280.0;
            let off = (connections.bypassed as f64 - all * share).abs();
            assert!(off <= 4.0 * times, "{share} {arrivals}: {connections:?}");
        }
    }
}

/// Open-loop arrivals are the same whatever becomes of them, so their sum does not depend on the outbound type.
#[test]
fn offered_bypassed_and_denied_are_all_that_arrives() {
    let mut scenario = mixture(1.0);
    let workloads = scenario["workloads"].as_array_mut().expect("a list");
    workloads.retain(|workload| workload["arrivals"]["closed"].is_null());
    let model = model(&scenario);
    let runs = run(&model);
    let arrived: Vec<u64> = runs.iter().map(|run| offered(run) + aside(run)).collect();
    assert!(
        arrived[0] > 0 && arrived.iter().all(|sum| *sum == arrived[0]),
        "{arrived:?}"
    );
    // Evenly spaced arrivals can be counted by hand: 7 a second for 12 minutes, thrice.
    for run in &runs {
        let even: u64 = run
            .asides
            .iter()
            .filter(|((_, w, _), _)| *w == 1)
            .map(|(_, n)| n)
            .sum();
        let taken: u64 = run
            .replications
            .iter()
            .map(|r| r.by_workload[1].offered)
            .sum();
        assert_eq!(even + taken, 3 * 7 * 12 * 60);
    }
    // Ten standard deviations of a Poisson variable.
    let mean = 3.0 * 12.0 * 60.0 * (9.0 + 7.0 + 2.0 + 3.0 + 4.0);
    assert!(
        (arrived[0] as f64 - mean).abs() < 10.0 * mean.sqrt(),
        "{} of {mean}",
        arrived[0]
    );
}

#[test]
fn what_takes_a_port_is_the_same_under_every_outbound_type() {
    let model = model(&mixture(1.0));
    let runs = run(&model);
    let by = |name: &str| {
        let place = model
            .outbounds
            .iter()
            .position(|outbound| outbound.name == name);
        &runs[place.expect("an outbound of this name")]
    };
    // Under a Load Balancer nodes of pool b go their own way: of nat's connections what is left is lb's.
    let queries = |run: &OutboundRun| -> u64 {
        run.replications
            .iter()
            .map(|r| r.by_workload[0].offered)
            .sum()
    };
    let own: u64 = by("lb")
        .asides
        .iter()
        .filter(|((path, workload, _), _)| {
            let lb = &model.outbounds[0].paths.decisions()[*path];
            *workload == 0 && lb.path == Path::Bypassed(Bypass::NodePublicIp)
        })
        .map(|(_, n)| n)
        .sum();
    assert!(own > 0);
    assert_eq!(queries(by("lb")) + own, queries(by("nat")));
    for name in ["firewall", "firewall nat", "custom"] {
        assert_eq!(queries(by(name)), queries(by("nat")), "{name}");
    }
}

#[test]
fn a_document_says_what_took_no_port_and_adds_it_up() {
    let model = model(&mixture(1.0));
    let found = documented(&model);
    for outbound in &found.outbounds {
        let figures = outbound.figures.as_ref().expect("it was simulated");
        let of = |which: &str| -> u64 {
            let paths = figures.paths.iter().filter(|path| path.path == which);
            paths.map(|path| path.connections).sum()
        };
        assert_eq!(
            figures.connections.bypassed,
            of("bypassed"),
            "{}",
            outbound.name
        );
        assert_eq!(
            figures.connections.denied,
            of("denied"),
            "{}",
            outbound.name
        );
        for parts in [&figures.by_destination, &figures.by_workload] {
            let sum = |of: fn(&snatsim::results::Connections) -> u64| -> u64 {
                parts.iter().map(|part| of(&part.connections)).sum()
            };
            assert_eq!(sum(|c| c.bypassed), figures.connections.bypassed);
            assert_eq!(sum(|c| c.denied), figures.connections.denied);
        }
        assert!(
            outbound
                .findings
                .iter()
                .any(|finding| finding.code == "F0131")
        );
        assert!(
            outbound.summary.contains("denied before any NAT"),
            "{}",
            outbound.summary
        );
    }
}

#[test]
fn threads_and_repetition_change_nothing() {
    let model = model(&mixture(1.0));
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| run(&model))
    };
    for (one, two) in on(1).iter().zip(&on(3)) {
        assert_eq!(one.asides, two.asides);
        assert_eq!(one.replications, two.replications);
    }
}

/// Everything by private endpoint is as if the workload were not there: for ports, failures and all other workloads.
#[test]
fn a_share_of_one_is_the_workload_absent() {
    let with = |queries: bool, share: f64| {
        let mut scenario = mixture(30.0);
        scenario["destinations"][0]["routeShare"] = json!(share);
        if !queries {
            let workloads = scenario["workloads"].as_array_mut().expect("a list");
            workloads.rotate_left(1);
            workloads.pop();
        } else {
            let workloads = scenario["workloads"].as_array_mut().expect("a list");
            workloads.rotate_left(1);
        }
        run(&model(&scenario))
    };
    for (present, absent) in with(true, 1.0).iter().zip(&with(false, 1.0)) {
        for (present, absent) in present.replications.iter().zip(&absent.replications) {
            assert_eq!(present.total, absent.total);
            assert_eq!(present.peak_used, absent.peak_used);
            assert_eq!(present.first_failure, absent.first_failure);
        }
    }
    let failed =
        |run: &OutboundRun| -> u64 { run.replications.iter().map(|r| r.total.failed).sum() };
    let present = with(true, 1.0);
    assert!(
        present.iter().any(|run| failed(run) > 0),
        "something runs out"
    );
    assert!(
        with(true, 0.0)
            .iter()
            .zip(&present)
            .any(|(more, less)| failed(more) > failed(less))
    );
}

/// A share of 0 is the destination without a route, byte for byte.
#[test]
fn a_share_of_zero_is_no_route() {
    let with = |route: bool| {
        let mut scenario = mixture(1.0);
        for destination in scenario["destinations"].as_array_mut().expect("a list") {
            let fields = destination.as_object_mut().expect("fields");
            if fields.contains_key("route") {
                fields.insert("routeShare".to_owned(), json!(0));
            }
            if !route {
                fields.remove("route");
                fields.remove("routeShare");
            }
        }
        run(&model(&scenario))
    };
    for (with, without) in with(true).iter().zip(&with(false)) {
        assert_eq!(with.replications, without.replications);
        assert_eq!(with.asides, without.asides);
    }
}

/// A client alone: think 9 s, live 1 s, so the first SYN of turn k is at 9 + 10 k. Denied, it gives up after 3 SYNs of a
/// 5 s timeout and thinks again: 9 + 14 k.
#[test]
fn clients_run_on_where_nothing_limits_them_and_time_out_where_they_are_denied() {
    let with = |route: Value, destination: Value| {
        let mut destination = destination;
        destination["name"] = json!("to");
        let scenario = json!({
            "duration": "1000s", "warmup": "100s", "replications": 2,
            "cluster": { "nodePools": [{ "name": "n", "count": 2 }] },
            "network": { "routeTable": route },
            "destinations": [destination],
            "workloads": [{
                "name": "w", "destination": "to", "lifetime": { "constant": "1s" },
                "arrivals": { "closed": { "clients": 3, "think": { "constant": "9s" } } },
                "connect": { "timeout": "5s" },
            }],
            "outbound": [{ "outboundType": "loadBalancer" }, { "outboundType": "managedNATGateway" }],
        });
        let model = model(&scenario);
        let runs = run(&model);
        assert_eq!(offered(&runs[0]), 0);
        assert_eq!(aside(&runs[0]), aside(&runs[1]));
        let path = &model.paths(&model.outbounds[0])[0].decision.path;
        (*path, aside(&runs[0]))
    };
    let (path, count) = with(json!([]), json!({ "port": 443, "route": "vnet" }));
    assert_eq!(path, Path::Bypassed(Bypass::Vnet));
    let turns = |step: u64| {
        (0..200)
            .filter(|k| (100..1000).contains(&(9 + step * k)))
            .count() as u64
    };
    assert_eq!(count, 2 * 3 * turns(10));
    let nowhere = json!([{ "addressPrefix": "0.0.0.0/0", "nextHopType": "None" }]);
    let (path, count) = with(nowhere, json!({ "port": 443 }));
    assert_eq!(path, Path::Denied(Denial::NextHopNone));
    assert_eq!(count, 2 * 3 * turns(14));
}

#[test]
fn rows_of_a_trace_are_dealt_evenly_and_private_ones_take_no_port() {
    let mut csv = "start,node,protocol,address,port,lifetime,close\n".to_owned();
    for i in 0..1_000 {
        let address = ["203.0.113.40", "10.0.0.5", "224.0.0.251", "198.51.100.1"][i % 4];
        csv += &format!("{}.5,10.0.0.{},tcp,{address},443,1,fin\n", i, 1 + i % 3);
    }
    let scenario = json!({
        "duration": "2000s", "replications": 2,
        "network": { "routeTable": [{ "addressPrefix": "198.51.100.0/24", "nextHopType": "None" }] },
        "destinations": [{
            "name": "sql", "address": "203.0.113.40", "port": 443, "route": "privateEndpoint", "routeShare": 0.3,
        }],
        "workloads": [{ "name": "log", "arrivals": { "trace": { "file": "log.csv" } } }],
        "outbound": [{ "outboundType": "loadBalancer" }, { "outboundType": "managedNATGateway" }],
    });
    let model = model_with(&scenario, &mut |_| Ok(csv.clone().into_bytes()));
    for (outbound, run) in model.outbounds.iter().zip(&run(&model)) {
        let decisions = outbound.paths.decisions();
        let of = |path: Path| -> u64 {
            let asides = run.asides.iter();
            asides
                .filter(|((index, ..), _)| decisions[*index].path == path)
                .map(|(_, n)| n)
                .sum()
        };
        assert_eq!(offered(run), 2 * 175);
        assert_eq!(of(Path::Bypassed(Bypass::PrivateEndpoint)), 2 * 75);
        assert_eq!(of(Path::Bypassed(Bypass::Vnet)), 2 * 250);
        assert_eq!(of(Path::Bypassed(Bypass::Local)), 2 * 250);
        assert_eq!(of(Path::Denied(Denial::NextHopNone)), 2 * 250);
    }
}

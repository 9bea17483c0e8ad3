//! What takes a port and what does not: rules against a matcher of its own, counts that add up, streams that do not move.

use proptest::prelude::*;
use serde_json::{Value, json};
use snatsim::model::{Bypass, Denial, Model, Path, build};
use snatsim::results::erlang::erlang_b;
use snatsim::results::{About, Document, document};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, rare, simulate};

fn model(scenario: &Value) -> Model {
    model_with(scenario, &mut |_| unreachable!("it names no file"))
}

fn model_with(scenario: &Value, files: &mut dyn FnMut(&str) -> std::io::Result<Vec<u8>>) -> Model {
    let loaded = load(&scenario.to_string(), "paths.json", &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    build(&loaded, files).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn run(model: &Model) -> Vec<OutboundRun> {
    let result = simulate(model, Detail::Full, &|_, _| {});
    let runs = result.outbounds.into_iter();
    runs.map(|run| run.expect("Azure accepts it")).collect()
}

fn documented(model: &Model) -> Document {
    let result = simulate(model, Detail::Table, &|_, _| {});
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    document(model, &result, &about)
}

fn offered(run: &OutboundRun) -> u64 {
    run.replications.iter().map(|r| r.total.offered).sum()
}

fn aside(run: &OutboundRun) -> u64 {
    run.asides.values().sum()
}

/// The five kinds of outbound, and those without egress.
fn every_outbound() -> Value {
    json!([
        { "name": "lb", "outboundType": "loadBalancer" },
        { "name": "nat", "outboundType": "managedNATGateway" },
        { "name": "firewall", "outboundType": "userDefinedRouting" },
        { "name": "firewall nat", "outboundType": "userDefinedRouting",
          "azureFirewall": { "natGateway": {} } },
        { "name": "custom", "outboundType": "custom",
          "custom": { "scope": "perNode", "portsPerPool": 100 } },
        { "name": "none", "outboundType": "none" },
        { "name": "block", "outboundType": "block" },
    ])
}

/// One destination, one workload, one connection a second.
fn plain(destination: Value) -> Value {
    let mut destination = destination;
    destination["name"] = json!("to");
    json!({
        "duration": "20m", "warmup": "2m", "replications": 2,
        "cluster": { "nodePools": [{ "name": "apps", "count": 3 }] },
        "destinations": [destination],
        "workloads": [{
            "name": "w", "destination": "to",
            "arrivals": { "poisson": { "perSecond": 1 } },
            "lifetime": { "constant": "1s" },
        }],
        "outbound": every_outbound(),
    })
}

/// By outbound, the words of the only path.
fn words(scenario: &Value) -> Vec<(String, String)> {
    let model = model(scenario);
    model
        .outbounds
        .iter()
        .map(|outbound| {
            let paths = model.paths(outbound);
            assert_eq!(paths.len(), 1, "{paths:?}");
            assert_eq!(paths[0].share, 1.0);
            let (path, reason) = paths[0].decision.path.words();
            assert!(!paths[0].decision.rule.is_empty());
            (path.to_owned(), reason.to_owned())
        })
        .collect()
}

/// The reasons by outbound in the order of [`every_outbound`].
fn assert_reasons(scenario: &Value, reasons: [&str; 7]) {
    let found = words(scenario);
    let found: Vec<&str> = found
        .iter()
        .map(|(path, reason)| if path == "snat" { "snat" } else { reason })
        .collect();
    assert_eq!(found, reasons, "{}", scenario["destinations"]);
}

const SNAT: &str = "snat";
const OUT: &str = "outboundType";

#[test]
fn declared_routes_take_no_port_whatever_the_outbound_type() {
    for route in [
        "privateEndpoint",
        "peering",
        "vnet",
        "internalLoadBalancer",
        "onPremises",
    ] {
        for address in [json!(null), json!("203.0.113.4"), json!("10.1.2.3")] {
            let scenario = plain(json!({ "port": 443, "route": route, "address": address }));
            assert_reasons(&scenario, [route; 7]);
        }
    }
    let internet = plain(json!({ "port": 443, "route": "internet" }));
    assert_reasons(&internet, [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT]);
    let service = plain(json!({ "port": 443, "route": "serviceEndpoint" }));
    let by = "serviceEndpoint";
    assert_reasons(&service, [by, by, by, by, by, by, OUT]);
    let storage = plain(json!({ "port": 443, "route": "sameRegionStorage" }));
    let by = "sameRegionStorage";
    assert_reasons(&storage, [by, by, SNAT, SNAT, SNAT, OUT, OUT]);
}

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

#[test]
fn literal_addresses_follow_azures_system_routes() {
    let to = |address: &str| plain(json!({ "port": 443, "address": address }));
    for address in [
        "10.9.9.9",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd00::1",
    ] {
        assert_reasons(&to(address), ["vnet"; 7]);
    }
    for address in ["172.32.0.1", "100.128.0.1", "192.169.0.1", "11.0.0.1"] {
        assert_reasons(&to(address), [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT]);
    }
    for address in [
        "169.254.169.254",
        "224.0.0.251",
        "255.255.255.255",
        "127.0.0.1",
        "fe80::1",
        "ff02::fb",
    ] {
        assert_reasons(&to(address), ["local"; 7]);
    }
    assert_reasons(&to("168.63.129.16"), ["azurePlatform"; 7]);
    let mut outside = to("10.9.9.9");
    outside["network"] = json!({ "vnetAddressSpace": ["10.0.0.0/16"] });
    // Behind a firewall the default route is a user's, and Azure's routes to None are gone.
    const NONE: &str = "nextHopNone";
    const FIREWALL: &str = "firewallPrivateRange";
    assert_reasons(&outside, [NONE, NONE, FIREWALL, FIREWALL, NONE, NONE, NONE]);
    let mut by_gateway = outside.clone();
    by_gateway["network"]["routeTable"] =
        json!([{ "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualNetworkGateway" }]);
    assert_reasons(&by_gateway, ["onPremises"; 7]);
    let mut inside = to("10.0.9.9");
    inside["network"] = outside["network"].clone();
    assert_reasons(&inside, ["vnet"; 7]);
    // A route to the internet makes the outbound type carry it, as anything public.
    outside["network"]["routeTable"] =
        json!([{ "addressPrefix": "10.9.0.0/16", "nextHopType": "Internet" }]);
    assert_reasons(
        &outside,
        [SNAT, SNAT, "noPublicPath", "noPublicPath", SNAT, OUT, OUT],
    );
}

#[test]
fn user_routes_go_before_the_outbound_type() {
    let with = |routes: Value, address: Value| {
        let mut scenario = plain(json!({ "port": 443, "address": address }));
        scenario["network"] = json!({ "routeTable": routes });
        scenario
    };
    let appliance = json!([
        { "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.4" },
        { "addressPrefix": "198.51.100.0/24", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.5" },
        { "addressPrefix": "203.0.113.0/24", "nextHopType": "None" },
        { "addressPrefix": "203.0.113.8/29", "nextHopType": "Internet" },
        { "addressPrefix": "192.0.2.0/24", "nextHopType": "VirtualNetworkGateway" },
        { "addressPrefix": "192.0.2.128/25", "nextHopType": "VnetLocal" },
        { "addressPrefix": "10.0.0.0/8", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.4" },
    ]);
    let (nva, none, home) = ("virtualAppliance", "nextHopNone", "onPremises");
    let cases = [
        (json!(null), [nva, nva, SNAT, SNAT, nva, nva, OUT]),
        (json!("198.51.100.1"), [nva, nva, nva, nva, nva, nva, OUT]),
        (
            json!("203.0.113.1"),
            [none, none, none, none, none, none, OUT],
        ),
        (
            json!("203.0.113.9"),
            [SNAT, SNAT, "noPublicPath", "noPublicPath", SNAT, OUT, OUT],
        ),
        (
            json!("192.0.2.1"),
            [home, home, home, home, home, home, OUT],
        ),
        (json!("192.0.2.129"), ["vnet"; 7]),
        (
            json!("10.3.3.3"),
            [
                nva,
                nva,
                "firewallPrivateRange",
                "firewallPrivateRange",
                nva,
                nva,
                nva,
            ],
        ),
    ];
    for (address, reasons) in cases {
        let found = words(&with(appliance.clone(), address.clone()));
        for ((outbound, expected), (path, reason)) in every_outbound()
            .as_array()
            .expect("a list")
            .iter()
            .zip(reasons)
            .zip(&found)
        {
            let found = if path == "snat" { SNAT } else { reason };
            assert_eq!(found, expected, "{address} by {}", outbound["name"]);
        }
    }
    let to_internet = json!([{ "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet" }]);
    let model = model(&with(to_internet, json!(null)));
    for outbound in &model.outbounds {
        let refused = outbound.name.starts_with("firewall");
        let codes: Vec<&str> = outbound
            .plan
            .as_ref()
            .err()
            .into_iter()
            .flatten()
            .map(|fault| fault.code.id())
            .collect();
        assert_eq!(codes, if refused { vec!["E0340"] } else { vec![] });
    }
}

/// In the form in which `az` prints them, with every field that it prints.
#[test]
fn what_az_prints_can_be_pasted() {
    let mut scenario = plain(json!({ "port": 587 }));
    scenario["network"] = json!({
        "nsg": { "subnet": [{
            "access": "Deny", "description": "no mail", "destinationAddressPrefix": "Internet",
            "destinationAddressPrefixes": [], "destinationPortRange": null,
            "destinationPortRanges": ["25", "465", "587"], "direction": "Outbound",
            "etag": "W/\"0a\"", "id": "/subscriptions/0/securityRules/no-mail", "name": "no-mail", "priority": 200,
            "protocol": "TCP", "provisioningState": "Succeeded", "resourceGroup": "MC_rg_sim_westeurope",
            "sourceAddressPrefix": "*", "sourceAddressPrefixes": [], "sourcePortRange": "*", "sourcePortRanges": [],
            "destinationApplicationSecurityGroups": null, "sourceApplicationSecurityGroups": [],
            "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        }] },
        "routeTable": [{
            "addressPrefix": "198.51.100.0/24", "etag": "W/\"0a\"", "hasBgpOverride": false,
            "id": "/subscriptions/0/routes/r", "name": "r", "nextHopType": "None", "nextHopIpAddress": null,
            "provisioningState": "Succeeded", "resourceGroup": "rg", "type": "Microsoft.Network/routeTables/routes",
        }],
        "httpProxyConfig": {
            "effectiveNoProxy": [], "enabled": true, "httpProxy": "http://10.1.0.4:3128/", "httpsProxy": null,
            "noProxy": null, "trustedCa": null,
        },
    });
    assert_reasons(&scenario, ["nsg"; 7]);
    scenario["destinations"][0]["port"] = json!(443);
    assert_reasons(&scenario, [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT]);
}

#[test]
fn a_nodes_own_public_ip_goes_before_a_load_balancer_and_after_all_else() {
    let mut scenario = plain(json!({ "port": 443 }));
    scenario["cluster"]["nodePools"][0]["enableNodePublicIP"] = json!(true);
    let own = "nodePublicIP";
    assert_reasons(&scenario, [own, SNAT, SNAT, SNAT, SNAT, own, OUT]);
}

#[test]
fn the_http_proxy_takes_what_cooperates_and_nothing_else() {
    let with = |destination: Value, workload: Value| {
        let mut scenario = plain(destination);
        scenario["destinations"][0]["name"] = json!("api.contoso.com");
        scenario["workloads"][0]["destination"] = json!("api.contoso.com");
        for (field, value) in workload.as_object().expect("fields") {
            scenario["workloads"][0][field] = value.clone();
        }
        scenario["network"] = json!({ "httpProxyConfig": {
            "httpsProxy": "http://10.1.0.4:3128",
            "noProxy": ["fabrikam.com", ".corp", "192.0.2.0/24"],
        } });
        scenario
    };
    let internet = [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT];
    let proxied = ["httpProxy"; 7];
    assert_reasons(&with(json!({ "port": 443 }), json!({})), proxied);
    // What the client decides comes before what the network would.
    assert_reasons(
        &with(json!({ "port": 443, "address": "10.8.8.8" }), json!({})),
        proxied,
    );
    assert_reasons(
        &with(
            json!({ "port": 443, "route": "privateEndpoint" }),
            json!({}),
        ),
        proxied,
    );
    let opted_out = json!({ "noHttpProxyVars": true });
    assert_reasons(&with(json!({ "port": 443 }), opted_out), internet);
    assert_reasons(&with(json!({ "port": 80 }), json!({})), internet);
    assert_reasons(&with(json!({ "port": 1433 }), json!({})), internet);
    assert_reasons(
        &with(json!({ "port": 443, "protocol": "udp" }), json!({})),
        internet,
    );
    assert_reasons(
        &with(json!({ "port": 443, "address": "192.0.2.9" }), json!({})),
        internet,
    );
    for (suffix, direct) in [
        ("contoso.com", true),
        (".contoso.com", true),
        ("ontoso.com", false),
        ("*", true),
    ] {
        let mut scenario = with(json!({ "port": 443 }), json!({}));
        scenario["network"]["httpProxyConfig"]["noProxy"] = json!([suffix]);
        assert_reasons(&scenario, if direct { internet } else { proxied });
    }
}

/// Poisson, evenly spaced, closed loops and UDP on nodes of both kinds, to destinations on every kind of path.
fn mixture(scale: f64) -> Value {
    let workload = |name: &str, to: &str, arrivals: Value| {
        json!({
            "name": name, "destination": to, "arrivals": arrivals,
            "lifetime": { "exponential": { "mean": "2s" } },
            "connect": { "timeout": "5s" }, "retry": { "attempts": 2, "jitter": 0.5 },
        })
    };
    let poisson = |rate: f64| json!({ "poisson": { "perSecond": rate * scale } });
    json!({
        "duration": "15m", "warmup": "3m", "replications": 3, "seed": 7,
        "cluster": { "nodePools": [
            { "name": "a", "count": 3 },
            { "name": "b", "count": 70, "enableNodePublicIP": true },
            { "name": "c", "count": 2 },
        ] },
        "network": {
            "nsg": { "nic": [
                { "name": "no-mail", "priority": 100, "direction": "Outbound", "access": "Deny",
                  "protocol": "*", "destinationAddressPrefix": "*", "destinationPortRange": "25" },
            ] },
            "routeTable": [{ "addressPrefix": "198.51.100.0/24", "nextHopType": "None" }],
        },
        "destinations": [
            { "name": "sql", "address": "203.0.113.40", "port": 1433, "route": "privateEndpoint", "routeShare": 0.3 },
            { "name": "web", "port": 443, "endpoints": 5, "popularity": { "zipf": 1 },
              "route": "serviceEndpoint", "routeShare": 0.5 },
            { "name": "mail", "port": 25 },
            { "name": "gone", "address": "198.51.100.1", "port": 443 },
            { "name": "inside", "address": "10.0.0.7", "port": 443 },
            { "name": "dns", "address": "203.0.113.53", "port": 53, "protocol": "udp" },
        ],
        "workloads": [
            workload("queries", "sql", poisson(9.0)),
            workload("even", "web", json!({ "constant": { "perSecond": 7.0 * scale } })),
            workload("clients", "web", json!({ "closed": { "clients": 60, "think": { "exponential": { "mean": "9s" } } } })),
            workload("mails", "mail", poisson(2.0)),
            workload("stubborn", "gone", json!({ "closed": { "clients": 7, "think": { "constant": "11s" } } })),
            workload("near", "inside", poisson(3.0)),
            workload("lookups", "dns", poisson(4.0)),
        ],
        "outbound": every_outbound(),
    })
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

/// Pure loss on one node with 64 ports: 100 Erlang, of which a share goes by private endpoint.
fn loss(share: f64, replications: u32) -> Value {
    json!({
        "duration": "2h", "warmup": "5m", "replications": replications, "seed": 11,
        "cluster": { "nodePools": [{ "name": "n", "count": 1 }] },
        "destinations": [{ "name": "to", "port": 443, "route": "privateEndpoint", "routeShare": share }],
        "workloads": [{
            "name": "w", "destination": "to",
            "arrivals": { "poisson": { "perSecond": 10 } },
            "lifetime": { "exponential": { "mean": "10s" } },
            "connect": { "synRetries": 0 },
        }],
        "outbound": [{
            "outboundType": "custom", "custom": { "scope": "perNode", "portsPerPool": 64 },
        }],
    })
}

/// Loss of 64 ports at 100 (1 - s) Erlang by Erlang's formula, which the result prints too; 20 replications, the mean
/// within 3.883 standard errors of it (Student's t with 19 degrees of freedom, two-sided 0.1 %).
#[test]
fn a_share_is_a_thinned_workload() {
    const T: f64 = 3.883;
    for share in [0.25, 0.4, 0.5] {
        let model = model(&loss(share, 20));
        let run = &run(&model)[0];
        let shares: Vec<f64> = run
            .replications
            .iter()
            .map(|r| r.total.failed as f64 / r.total.decided() as f64)
            .collect();
        let n = shares.len() as f64;
        let mean = shares.iter().sum::<f64>() / n;
        let variance = shares.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let theory = erlang_b(100.0 * (1.0 - share), 64);
        let half = T * (variance / n).sqrt();
        assert!(
            (mean - theory).abs() < half,
            "{share}: {mean} ± {half}, {theory}"
        );
        let figures = documented(&model)
            .outbounds
            .remove(0)
            .figures
            .expect("figures");
        let blocking = figures.analytic.blocking.expect("the formula applies");
        assert!(
            (blocking / theory - 1.0).abs() < 1e-9,
            "{share}: {blocking}, {theory}"
        );
        let load = figures.analytic.offered_load.expect("a load");
        assert!((load / (100.0 * (1.0 - share)) - 1.0).abs() < 1e-9);
    }
}

/// 64 ports at 35 Erlang: rare, and Erlang's formula says how rare.
#[test]
fn rare_refusals_are_those_of_what_takes_a_port() {
    let model = model(&loss(0.65, 1));
    assert!(rare::obstacles(&model).is_empty());
    let found = rare::rare(&model, &|_, _| {}).remove(0);
    let found = found.expect("a plan").expect("rare enough");
    let theory = erlang_b(35.0, 64);
    // Four of its own standard errors.
    let error = 4.0 * found.relative_error;
    assert!(
        (found.estimate / theory - 1.0).abs() < error,
        "{} of {theory}",
        found.estimate
    );
    // A closed loop that takes no port stands in nobody's way.
    let mut scenario = loss(0.65, 1);
    let destinations = scenario["destinations"].as_array_mut().expect("a list");
    destinations.push(json!({ "name": "inside", "port": 443, "route": "vnet" }));
    let workloads = scenario["workloads"].as_array_mut().expect("a list");
    workloads.push(json!({
        "name": "c", "destination": "inside", "lifetime": { "constant": "1s" },
        "arrivals": { "closed": { "clients": 3, "think": { "constant": "1s" } } },
    }));
    assert!(rare::obstacles(&self::model(&scenario)).is_empty());
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

/// An IPv4 prefix as two numbers, for a matcher that shares nothing with the model's.
type Net = (u32, u32);

fn text(net: Net) -> String {
    let [a, b, c, d] = net.0.to_be_bytes();
    format!("{a}.{b}.{c}.{d}/{}", net.1)
}

fn holds(net: Net, address: u32) -> bool {
    let mask = if net.1 == 0 {
        0
    } else {
        u32::MAX << (32 - net.1)
    };
    address & mask == net.0 & mask
}

const PRIVATE: [Net; 4] = [
    (0x0A00_0000, 8),
    (0xAC10_0000, 12),
    (0xC0A8_0000, 16),
    (0x6440_0000, 10),
];

#[derive(Clone, Debug)]
struct Rule {
    priority: u32,
    allow: bool,
    tcp: Option<bool>,
    /// None: a tag, by the number beside it.
    net: Option<Net>,
    tag: usize,
    ports: (u16, u16),
}

#[derive(Clone, Debug)]
struct Hop {
    net: Net,
    kind: usize,
}

const KINDS: [&str; 5] = [
    "Internet",
    "None",
    "VnetLocal",
    "VirtualNetworkGateway",
    "VirtualAppliance",
];
const TAGS: [&str; 3] = ["*", "Internet", "VirtualNetwork"];

/// Prefixes and addresses from a handful of bits, so that they meet.
fn address() -> impl Strategy<Value = u32> {
    (
        prop::sample::select(vec![0x0A00_0000u32, 0xCB00_7100, 0xAC10_0000, 0xC633_6400]),
        0u32..16,
        0u32..4,
    )
        .prop_map(|(base, low, high)| base | low | high << 16)
}

fn net() -> impl Strategy<Value = Net> {
    (
        address(),
        prop::sample::select(vec![0u32, 8, 12, 14, 16, 24, 28, 30, 32]),
    )
}

prop_compose! {
    fn rule()(
        allow: bool, tcp in prop::option::of(any::<bool>()), net in prop::option::of(net()), tag in 0usize..3,
        from in 440u16..446, more in 0u16..4,
    ) -> Rule {
        Rule { priority: 0, allow, tcp, net, tag, ports: (from, from + more) }
    }
}

fn rules() -> impl Strategy<Value = Option<Vec<Rule>>> {
    let numbered = prop::collection::btree_map(100u32..120, rule(), 0..6).prop_map(|rules| {
        let rules = rules.into_iter();
        rules
            .map(|(priority, rule)| Rule { priority, ..rule })
            .collect::<Vec<Rule>>()
    });
    prop::option::of(numbered.prop_shuffle())
}

fn hops() -> impl Strategy<Value = Vec<Hop>> {
    prop::collection::vec(
        (net(), 0usize..5).prop_map(|(net, kind)| Hop { net, kind }),
        0..6,
    )
}

/// The first rule that matches, by looking at all of them in the order of their numbers; then Azure's own.
fn lets_through(
    rules: &[Rule],
    (virtual_network, in_space): (bool, bool),
    address: u32,
    tcp: bool,
    port: u16,
) -> bool {
    let private = PRIVATE.iter().any(|net| holds(*net, address));
    for priority in 100..120 {
        let Some(rule) = rules.iter().find(|rule| rule.priority == priority) else {
            continue;
        };
        let to = match (rule.net, rule.tag) {
            (Some(net), _) => holds(net, address),
            (None, 0) => true,
            (None, 1) => !private && !in_space,
            (None, _) => virtual_network,
        };
        if to
            && rule.tcp.is_none_or(|only| only == tcp)
            && (rule.ports.0..=rule.ports.1).contains(&port)
        {
            return rule.allow;
        }
    }
    virtual_network || !private
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn rules_and_routes_decide_as_one_by_one(
        nic in rules(), subnet in rules(), hops in hops(), address in address(), tcp: bool, port in 438u16..450,
        space in prop::option::of(prop::collection::vec(net(), 0..3)),
    ) {
        let mut table: Vec<Hop> = Vec::new();
        for hop in hops {
            let same = |other: &Hop| other.net.1 == hop.net.1 && holds(other.net, hop.net.0);
            if !table.iter().any(same) {
                table.push(hop);
            }
        }
        let listed = |rules: &Option<Vec<Rule>>| rules.as_ref().map(|rules| {
            rules.iter().map(|rule| json!({
                "name": format!("r{}", rule.priority), "priority": rule.priority, "direction": "Outbound",
                "access": if rule.allow { "Allow" } else { "Deny" },
                "protocol": match rule.tcp { None => "*", Some(true) => "Tcp", Some(false) => "Udp" },
                "destinationAddressPrefix": rule.net.map_or(TAGS[rule.tag].to_owned(), text),
                "destinationPortRange": format!("{}-{}", rule.ports.0, rule.ports.1),
            })).collect::<Vec<Value>>()
        });
        let routes: Vec<Value> = table.iter().map(|hop| json!({
            "addressPrefix": text(hop.net), "nextHopType": KINDS[hop.kind],
            "nextHopIpAddress": (hop.kind == 4).then_some("10.0.0.99"),
        })).collect();
        let mut scenario = plain(json!({
            "port": port, "protocol": if tcp { "tcp" } else { "udp" },
            "address": std::net::Ipv4Addr::from(address).to_string(),
        }));
        scenario["outbound"] = json!([{ "outboundType": "managedNATGateway" }]);
        scenario["network"] = json!({
            "vnetAddressSpace": space.as_ref().map(|nets| nets.iter().map(|net| text(*net)).collect::<Vec<_>>()),
            "nsg": { "nic": listed(&nic), "subnet": listed(&subnet) },
            "routeTable": routes,
        });

        // By looking at every length from the longest, the user's first.
        let space: Vec<Net> = space.unwrap_or_else(|| PRIVATE.to_vec());
        let in_space = space.iter().any(|net| holds(*net, address));
        let virtual_network = table.iter().any(|hop| holds(hop.net, address)) || in_space;
        let has_default = table.iter().any(|hop| hop.net.1 == 0);
        let mut expected = None;
        for length in (0..=32).rev() {
            let here = |net: &Net| net.1 == length && holds(*net, address);
            let user = table.iter().find(|hop| here(&hop.net)).map(|hop| hop.kind);
            let own = space.iter().any(here).then_some(2);
            let none = (!has_default && PRIVATE.iter().any(here)).then_some(1);
            let rest = (length == 0).then_some(0);
            if let Some(kind) = user.or(own).or(none).or(rest) {
                expected = Some(kind);
                break;
            }
        }
        let through = [&nic, &subnet].into_iter().flatten().all(|rules| {
            lets_through(rules, (virtual_network, in_space), address, tcp, port)
        });
        let expected = match (through, expected.expect("a default route")) {
            (false, _) => Path::Denied(Denial::Nsg),
            (true, 0) => Path::Snat,
            (true, 1) => Path::Denied(Denial::NextHopNone),
            (true, 2) => Path::Bypassed(Bypass::Vnet),
            (true, 3) => Path::Bypassed(Bypass::OnPremises),
            (true, _) => Path::Bypassed(Bypass::VirtualAppliance),
        };
        let model = model(&scenario);
        let found = model.paths(&model.outbounds[0]);
        prop_assert_eq!(found[0].decision.path, expected, "{}", scenario);
    }
}

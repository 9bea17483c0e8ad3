//! What takes a port and what does not: rules against a matcher of its own, counts that add up, streams that do not move.

mod counts;
mod decisions;
mod matcher;
mod theory;

use serde_json::{Value, json};
use snatsim::model::{Model, build};
use snatsim::results::{About, Document, document};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, simulate};

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

//! The node's own layer: by hand where that can be, by identities, and by theory.

mod by_hand;
mod by_theory;
#[path = "../support/runs.rs"]
mod support;
mod told;
mod tuples;
mod unchanged;
mod windows;

use serde_json::{Value, json};
use snatsim::model::{Model, build};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, NodeRun, OutboundRun, simulate};
use support::{model, runs};

fn only(model: &Model) -> OutboundRun {
    runs(model).remove(0)
}

fn nodes(run: &OutboundRun) -> &NodeRun {
    run.nodes.as_ref().expect("the nodes were looked at")
}

/// The scenario with these words for the layer.
fn with_layer(scenario: &Value, words: Value) -> Value {
    let mut scenario = scenario.clone();
    scenario["cluster"]["nodeNat"] = words;
    scenario
}

/// An overlay cluster of `nodes` nodes behind more than enough ports.
fn cluster(nodes: u32) -> Value {
    json!({
        "duration": "1h", "replications": 1,
        "cluster": {
            "networkPlugin": "azure", "networkPluginMode": "overlay",
            "nodePools": [{ "name": "apps", "count": nodes }],
            "nodeNat": {},
        },
        "destinations": [{ "name": "sql", "port": 1433 }],
        "outbound": [{
            "outboundType": "custom",
            "custom": { "scope": "shared", "portsPerPool": 1_000_000 },
        }],
    })
}

/// The scenario with rows of start, lifetime and end, all of one node to one endpoint.
fn traced(scenario: &Value, rows: &[(f64, f64, &str)]) -> Model {
    let mut csv = "start,node,protocol,address,port,lifetime,close\n".to_owned();
    for (start, lifetime, close) in rows {
        csv += &format!("{start},apps-0,tcp,203.0.113.9,443,{lifetime},{close}\n");
    }
    let loaded = load(&scenario.to_string(), "nodes.json", &[]).expect("a scenario");
    build(&loaded, &mut |_| Ok(csv.clone().into_bytes()))
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

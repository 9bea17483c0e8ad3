//! The node's own layer: by hand where that can be, by identities, and by theory.

mod by_hand;
mod by_theory;
#[path = "../support/runs.rs"]
mod support;
mod told;
mod tuples;
mod unchanged;

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

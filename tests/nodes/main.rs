//! The node's own layer: by hand where that can be, by identities, and by theory.

mod by_hand;
mod by_theory;
mod told;
mod unchanged;

use serde_json::{Value, json};
use snatsim::model::{Model, build};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, NodeRun, OutboundRun, simulate};

fn model(scenario: &Value) -> Model {
    let schema = include_str!("../../schemas/scenario.schema.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    if let Err(error) = schema.validate(scenario) {
        panic!("{}: {error}", error.instance_path());
    }
    let loaded = load(&scenario.to_string(), "nodes.json", &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    build(&loaded, &mut |_| unreachable!("it names no file"))
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn runs(model: &Model) -> Vec<OutboundRun> {
    let result = simulate(model, Detail::Full, &|_, _| {});
    let runs = result.outbounds.into_iter();
    runs.map(|run| run.expect("Azure accepts it")).collect()
}

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

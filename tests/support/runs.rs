//! Scenarios as users write them, built and run.

use serde_json::Value;
use snatsim::model::{Model, build};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, simulate};

/// Whether the published schema takes it, as an editor would ask.
fn assert_in_schema(scenario: &Value) {
    let schema = include_str!("../../schemas/scenario.schema.json");
    let schema = serde_json::from_str(schema).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    if let Err(error) = schema.validate(scenario) {
        panic!("{}: {error}", error.instance_path());
    }
}

/// The model of a scenario that the schema takes and nothing stands against.
pub fn model(scenario: &Value) -> Model {
    assert_in_schema(scenario);
    let loaded = load(&scenario.to_string(), "scenario.json", &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    build(&loaded, &mut |_| unreachable!("it names no file"))
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

/// All outbound types of a model, everything recorded.
pub fn runs(model: &Model) -> Vec<OutboundRun> {
    let result = simulate(model, Detail::Full, &|_, _| {});
    let runs = result.outbounds.into_iter();
    runs.map(|run| run.expect("Azure accepts it")).collect()
}

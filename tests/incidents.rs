//! Incidents that were told in public come out as they were told: the verdicts and figures of
//! `configs/incidents/index.json` hold.

#[path = "../examples/publish.rs"]
#[allow(dead_code)]
mod publish;

use serde::Deserialize;
use serde_json::Value;
use snatsim::cli::{Example, INCIDENTS};
use snatsim::results::erlang::erlang_b;
use std::collections::BTreeMap;

/// What must come out of one scenario.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    scenario: String,
    /// Where it is told; none where the place has no address.
    sources: Vec<String>,
    /// By outbound, in the file's words.
    verdicts: BTreeMap<String, String>,
    holds: Vec<Hold>,
}

/// Something that holds of the result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Hold {
    outbound: String,
    /// Into the outbound's part of `result.json`.
    pointer: String,
    equals: Option<Value>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    contains: Option<String>,
    /// The outbound that has the same there.
    same_as: Option<String>,
    because: String,
}

impl Hold {
    fn check(&self, result: &Value) -> Result<(), String> {
        let of = |outbound: &str| {
            let outbounds = result["outbounds"].as_array().expect("a list");
            let mut outbounds = outbounds.iter();
            let outbound = outbounds.find(|one| one["name"] == outbound);
            outbound.and_then(|one| one.pointer(&self.pointer).cloned())
        };
        let Some(found) = of(&self.outbound) else {
            return Err("is not there".to_owned());
        };
        let number = || found.as_f64().ok_or("is no number".to_owned());
        let says = |text: &str| found.as_str().is_some_and(|found| found.contains(text));
        let mut looked_at = false;
        let mut look = |fits: bool| {
            looked_at = true;
            match fits {
                true => Ok(()),
                false => Err(format!("is {found}")),
            }
        };
        if let Some(value) = &self.equals {
            // 1024 and 1024.0 are the same figure.
            look(found == *value || number()? == value.as_f64().unwrap_or(f64::NAN))?;
        }
        if let Some(bound) = self.at_least {
            look(number()? >= bound)?;
        }
        if let Some(bound) = self.at_most {
            look(number()? <= bound)?;
        }
        if let Some(text) = &self.contains {
            look(says(text))?;
        }
        if let Some(other) = &self.same_as {
            look(of(other).as_ref() == Some(&found))?;
        }
        match looked_at {
            true => Ok(()),
            false => Err("is held to nothing".to_owned()),
        }
    }
}

fn index() -> Vec<Entry> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/incidents/index.json");
    let text = std::fs::read_to_string(path).expect("the index is there");
    serde_json::from_str(&text).expect("entries")
}

fn result(example: &Example) -> Value {
    let (loaded, model) = publish::load(example, false);
    let document = publish::document(example, &loaded, &model, false);
    serde_json::to_value(&document).expect("a document is plain values")
}

#[test]
fn every_incident_has_an_entry_and_no_entry_is_for_nothing() {
    let index = index();
    let entries: Vec<&str> = index.iter().map(|entry| entry.scenario.as_str()).collect();
    let incidents: Vec<&str> = INCIDENTS.iter().map(|example| example.name).collect();
    assert_eq!(entries, incidents);
    for source in index.iter().flat_map(|entry| &entry.sources) {
        assert!(source.starts_with("https://"), "{source}");
    }
}

#[test]
fn every_incident_comes_out_as_it_was_told() {
    let mut wrong = Vec::new();
    for entry in index() {
        let example = Example::find(&entry.scenario).expect("an incident");
        let result = result(example);
        let outbounds = result["outbounds"].as_array().expect("a list");
        let verdicts: BTreeMap<String, String> = outbounds
            .iter()
            .map(|one| [&one["name"], &one["verdict"]])
            .map(|pair| pair.map(|text| text.as_str().expect("a text").to_owned()))
            .map(|[name, verdict]| (name, verdict))
            .collect();
        if verdicts != entry.verdicts {
            wrong.push(format!("{}: {verdicts:?}", entry.scenario));
        }
        for hold in &entry.holds {
            if let Err(how) = hold.check(&result) {
                wrong.push(format!(
                    "{}, {}: {} {how}, but {}",
                    entry.scenario, hold.outbound, hold.pointer, hold.because
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// R01: a node whose connections nobody closes carries ports / idle timeout of them.
#[test]
fn fewer_idle_minutes_and_more_ports_multiply_what_a_leak_may_be() {
    let leaks = |ports: f64, idle_minutes: f64| ports / (60.0 * idle_minutes);
    let gain = leaks(2_560.0, 4.0) / leaks(1_024.0, 30.0);
    assert_eq!(gain, 18.75);
    // The largest loads that lose one in a thousand, by tables of Erlang's formula.
    let (few, many) = (953.63, 2_458.1);
    for (load, ports) in [(few, 1_024), (many, 2_560)] {
        assert!(
            (erlang_b(load, ports) / 1e-3 - 1.0).abs() < 0.01,
            "{ports} ports"
        );
    }
    let gain = leaks(many, 4.0) / leaks(few, 30.0);
    assert!((gain - 19.3).abs() < 0.05, "{gain}");
}

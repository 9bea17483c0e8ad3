//! The scenario file: its words, its rules with codes, the places of its errors, its schema.

mod diagnostics;
mod places;
mod sets;
mod spec;
mod typed;

pub use diagnostics::{Diagnostics, Excerpt, Problem};
pub use spec::{
    ClusterSpec, DestinationSpec, NetworkPlugin, NetworkPluginMode, NodePoolSpec, ProtocolSpec,
    ScenarioSpec, WorkloadSpec,
};

pub(crate) use typed::suggestion;

use places::Places;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// A scenario that was read, not yet held against its rules.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the file says.
    pub spec: ScenarioSpec,
    /// The text that diagnostics speak of: the file's own, or the pretty-printed one after overrides.
    pub text: String,
    /// What to call it: the file's name.
    pub origin: String,
}

/// Reads a scenario. `sets` are overrides: pointer and value, applied in order.
///
/// # Errors
/// Text that is not JSON, a field given twice, an override that leads nowhere, or the first value of the wrong kind.
pub fn load(text: &str, origin: &str, sets: &[(String, String)]) -> Result<Loaded, Diagnostics> {
    // Some editors of Windows put a byte order mark before UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut loaded_text = text.to_owned();
    let mut loaded_origin = origin.to_owned();
    let refuse = |text: &str, origin: &str, problems: Vec<Problem>| {
        Err(Diagnostics::new(origin, text, problems))
    };
    let mut value = match places::parse(text) {
        Ok(value) => value,
        Err(problems) => return refuse(text, origin, problems),
    };
    if !sets.is_empty() {
        let problems: Vec<Problem> = sets
            .iter()
            .filter_map(|(pointer, word)| sets::apply(&mut value, pointer, word).err())
            .map(|fault| Problem::from(*fault))
            .collect();
        if !problems.is_empty() {
            return refuse(text, origin, problems);
        }
        loaded_text = serde_json::to_string_pretty(&value).expect("JSON prints") + "\n";
        loaded_origin = format!("{origin} with --set");
    }
    let places = Places::of(&loaded_text).expect("text that was just read or printed");
    match typed::read(&value, &places) {
        Ok(spec) => Ok(Loaded {
            spec,
            text: loaded_text,
            origin: loaded_origin,
        }),
        Err(problem) => refuse(&loaded_text, &loaded_origin, vec![*problem]),
    }
}

impl Loaded {
    /// The files it names, each once, in the order of the workloads.
    pub fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for workload in &self.spec.workloads {
            let lifetime = workload.lifetime.as_ref().and_then(|law| law.file());
            for file in workload.arrivals.file().into_iter().chain(lifetime) {
                if !files.iter().any(|known| known == file) {
                    files.push(file.to_owned());
                }
            }
        }
        files
    }

    /// Adds Load Balancer, NAT Gateway and Azure Firewall as Azure makes them, where the scenario lacks one.
    pub fn fill_in_azure_types(&mut self) {
        let outbound = self.spec.outbound.get_or_insert_default();
        let missing = crate::outbound::azure_types_missing(outbound);
        outbound.extend(missing);
    }

    /// Diagnostics about this scenario.
    pub fn diagnostics(&self, problems: Vec<Problem>) -> Diagnostics {
        Diagnostics::new(&self.origin, &self.text, problems)
    }
}

/// SHA-256 in hexadecimal over the scenario after overrides and the bytes of the files it names, in
/// the order of [`Loaded::files`]. Spaces and line ends of the scenario do not count, nor does
/// what [`Loaded::fill_in_azure_types`] adds.
pub fn sha256(loaded: &Loaded, files: &[(String, Vec<u8>)]) -> String {
    let value: serde_json::Value =
        serde_json::from_str(&loaded.text).expect("the text of a loaded scenario is JSON");
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        // The length first, so that no two lists of parts run together to the same bytes.
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(value.to_string().as_bytes());
    for (name, bytes) in files {
        part(name.as_bytes());
        part(bytes);
    }
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes all");
            text
        })
}

/// The JSON Schema of a scenario.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(ScenarioSpec).to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "snatsim scenario".into());
    }
    schema
}

#[cfg(test)]
mod tests;

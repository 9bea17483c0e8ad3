//! The scenario file: its words, its rules with codes, the places of its errors, its schema.

mod autoscale;
mod diagnostics;
mod events;
mod network;
mod node_nat;
mod places;
mod sets;
mod spec;
mod system_traffic;
mod typed;

pub use autoscale::NodePoolAutoscaleSpec;
pub use diagnostics::{Diagnostics, Excerpt, Problem};
pub use events::{EventSpec, LoseInstanceSpec, ScaleSpec, StopAnsweringSpec, UpgradeSpec};
pub use network::{
    AccessSpec, DirectionSpec, HttpProxyConfigSpec, NetworkSpec, NextHopTypeSpec, NsgRuleSpec,
    NsgSpec, ProxySpec, RouteSpec, RuleProtocolSpec,
};
pub use node_nat::{ConntrackTimeoutsSpec, NodeNatSpec};
pub use spec::{
    ClusterSpec, DestinationSpec, NetworkPlugin, NetworkPluginMode, NodePoolSpec, OsType,
    PodIpAllocationMode, ProtocolSpec, RouteWord, ScenarioSpec, ServiceFrontend, ServiceSpec,
    StaticEgressGatewaySpec, WindowsProfileSpec, WorkloadSpec,
};
pub use system_traffic::SystemTrafficSpec;

pub(crate) use sets::{put, resolve};
pub(crate) use typed::suggestion;

use crate::fault::{self, Code, Fault};
use crate::outbound::AzureFirewallBlock;
use places::Places;
use serde::de::DeserializeOwned;
use serde_json::Value;
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
    expect_kind(
        text,
        origin,
        ("axes", "workloads"),
        "This file is a sweep: it has axes.",
        (
            "a scenario: \"duration\", \"workloads\" and so on",
            "Run it with `snatsim sweep`; the scenario that it varies is under \"scenario\".",
        ),
    )?;
    if sets.is_empty() {
        let (spec, _) = parse(text, origin)?;
        return Ok(Loaded {
            spec,
            text: without_mark(text).to_owned(),
            origin: origin.to_owned(),
        });
    }
    let mut value = parse_value(text, origin)?;
    let problems: Vec<Problem> = sets
        .iter()
        .filter_map(|(pointer, word)| sets::apply(&mut value, pointer, word).err())
        .map(|fault| Problem::from(*fault))
        .collect();
    if !problems.is_empty() {
        return Err(Diagnostics::new(origin, without_mark(text), problems));
    }
    load_value(&value, &format!("{origin} with --set"))
}

/// Reads a scenario that is JSON already; diagnostics speak of its pretty-printed text.
///
/// # Errors
/// The first value of the wrong kind.
pub fn load_value(value: &Value, origin: &str) -> Result<Loaded, Diagnostics> {
    let text = serde_json::to_string_pretty(value).expect("JSON prints") + "\n";
    Ok(Loaded {
        spec: typed(value, &text, origin)?,
        text,
        origin: origin.to_owned(),
    })
}

/// Reads a file in the manner of a scenario: strict JSON in the words of `T`, and the value itself.
///
/// # Errors
/// Text that is not JSON, a field given twice, or the first value of the wrong kind.
pub(crate) fn parse<T: DeserializeOwned>(
    text: &str,
    origin: &str,
) -> Result<(T, Value), Diagnostics> {
    let value = parse_value(text, origin)?;
    Ok((typed(&value, without_mark(text), origin)?, value))
}

/// Refuses a file that has `key`, which makes it another kind of file than is wanted, and not `own`, which makes it one.
///
/// # Errors
/// That it is `found`, with the remedy.
pub(crate) fn expect_kind(
    text: &str,
    origin: &str,
    (key, own): (&str, &str),
    found: &str,
    (allowed, remedy): (&str, &str),
) -> Result<(), Diagnostics> {
    // What cannot be read at all is told by who reads it.
    let value = serde_json::from_str(without_mark(text)).unwrap_or(Value::Null);
    if value.get(key).is_none() || value.get(own).is_some() {
        return Ok(());
    }
    let fault = Fault {
        code: Code::E0109,
        pointer: fault::step("", key),
        found: found.to_owned(),
        allowed: allowed.to_owned(),
        remedy: remedy.to_owned(),
    };
    Err(Diagnostics::new(
        origin,
        without_mark(text),
        vec![fault.into()],
    ))
}

fn parse_value(text: &str, origin: &str) -> Result<Value, Diagnostics> {
    let text = without_mark(text);
    places::parse(text).map_err(|problems| Diagnostics::new(origin, text, problems))
}

fn typed<T: DeserializeOwned>(value: &Value, text: &str, origin: &str) -> Result<T, Diagnostics> {
    let places = Places::of(text).expect("text that was just read or printed");
    typed::read(value, &places).map_err(|problem| Diagnostics::new(origin, text, vec![*problem]))
}

/// Some editors of Windows put a byte order mark before UTF-8.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl Loaded {
    /// The files it names, each once, in the order of the workloads.
    pub fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for workload in &self.spec.workloads {
            let lifetime = workload.lifetime.as_ref().and_then(|law| law.file());
            let arrivals = workload.arrivals.as_ref().and_then(|words| words.file());
            let gap = workload
                .activity
                .as_ref()
                .and_then(|words| words.gap.file());
            for file in arrivals.into_iter().chain(lifetime).chain(gap) {
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

    /// The scenario as it is before anything happens in the course of the run: without events, and with the nodes and
    /// instances that autoscalers begin with.
    pub fn before_events(&self) -> Loaded {
        let mut before = self.clone();
        before.spec.events = None;
        let cluster = before.spec.cluster.as_mut();
        let pools = cluster.and_then(|cluster| cluster.node_pools.as_mut());
        for pool in pools.into_iter().flatten() {
            (pool.min_count, pool.autoscale) = (None, None);
        }
        for entry in before.spec.outbound.iter_mut().flatten() {
            entry
                .azure_firewall
                .iter_mut()
                .for_each(AzureFirewallBlock::fix_instances);
        }
        before
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
    let value: Value =
        serde_json::from_str(&loaded.text).expect("the text of a loaded scenario is JSON");
    let text = value.to_string();
    let files = files
        .iter()
        .flat_map(|(name, bytes)| [name.as_bytes(), bytes]);
    digest([text.as_bytes()].into_iter().chain(files))
}

/// SHA-256 in hexadecimal over a list of parts.
pub(crate) fn digest<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // The length first, so that no two lists of parts run together to the same bytes.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
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

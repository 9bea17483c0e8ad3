//! What a pasted `networkProfile` says of the cluster.

use crate::scenario::{NetworkPlugin, ScenarioSpec};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Gives the cluster the network plugin of the first entry of `outbound` that names one, where the cluster names none. It
/// is one cluster: `az aks show` prints the same in every profile.
pub(super) fn adopt_plugin(spec: &mut ScenarioSpec) {
    let Some(cluster) = spec
        .cluster
        .as_mut()
        .filter(|one| one.network_plugin.is_none())
    else {
        return;
    };
    let entries = spec.outbound.iter().flatten();
    let mut found = entries.filter_map(|entry| {
        let plugin: NetworkPlugin = word(entry.network_plugin.as_ref())?;
        Some((entry, plugin))
    });
    let Some((entry, plugin)) = found.next() else {
        return;
    };
    cluster.network_plugin = Some(plugin);
    cluster.network_plugin_mode = cluster
        .network_plugin_mode
        .or_else(|| word(entry.network_plugin_mode.as_ref()));
    cluster.pod_cidr = cluster.pod_cidr.take().or_else(|| entry.pod_cidr.clone());
}

/// What `text` says, if it is a word that AKS has.
fn word<T: DeserializeOwned>(text: Option<&String>) -> Option<T> {
    serde_json::from_value(Value::String(text?.clone())).ok()
}

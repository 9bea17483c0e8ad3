//! The words for what nodes and system pods open by themselves.

use schemars::JsonSchema;
use serde::Deserialize;

/// What every node and its system pods open by themselves, to the names that AKS requires
/// (`aks:articles/aks/outbound-rules-control-egress.md`). How often no document says: every default is assumed, 0 leaves out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object: {} for assumed rates"
)]
pub struct SystemTrafficSpec {
    /// Connections that a node has open to the API server, each for 30 minutes on average, default 6; 0 in a private
    /// cluster.
    pub api_server_connections: Option<f64>,
    /// Connections an hour and node to management.azure.com and its like, default 12.
    pub azure_api_per_hour: Option<f64>,
    /// Images an hour and node from mcr.microsoft.com, 4 connections each, default 2.
    pub image_pulls_per_hour: Option<f64>,
    /// Connections a minute and node to Azure Monitor, default 2; 0 without it.
    pub monitoring_per_minute: Option<f64>,
}

//! The words for packets on open connections, and for pools of connections.

use super::LawSpec;
use crate::fault::{Code, Fault, Faults, step};
use crate::traffic::PoolSettings;
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// When packets flow on open connections.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object, such as { \"gap\": { \"exponential\": { \"mean\": \"1m\" } } }"
)]
pub struct ActivitySpec {
    /// Law of the gaps between packets.
    pub gap: LawSpec,
}

/// The pools of connections that requests go through, one for every application instance and endpoint.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object, such as { \"perNode\": 4, \"maxIdle\": 2, \"idleTimeout\": \"90s\" }"
)]
pub struct PoolSpec {
    /// Application instances on a node, each with a pool of its own to every endpoint, 1 to 64, default 1.
    pub per_node: Option<u32>,
    /// Idle connections that a pool keeps; one that comes back beyond that is closed. No limit if left out; 0 for a
    /// connection a request. Go: `MaxIdleConnsPerHost`, `SetMaxIdleConns`.
    pub max_idle: Option<u32>,
    /// Connections that a pool has open at a time, at least 1; requests beyond that wait. No limit if left out. .NET:
    /// `MaxConnectionsPerServer`; HikariCP: `maximumPoolSize`; Go: `MaxConnsPerHost`, `SetMaxOpenConns`.
    pub max_open: Option<u32>,
    /// A connection is closed when it has been idle for so long, above 0; never if left out. .NET:
    /// `PooledConnectionIdleTimeout`; Go: `IdleConnTimeout`, `SetConnMaxIdleTime`; HikariCP: `idleTimeout`.
    pub idle_timeout: Option<SimTime>,
    /// A connection is not used again when it is this old, above 0; never if left out. .NET: `PooledConnectionLifetime`; Go:
    /// `SetConnMaxLifetime`; HikariCP: `maxLifetime`.
    pub max_lifetime: Option<SimTime>,
    /// Gap between the packets on an idle connection, above 0; there are none if left out. HikariCP: `keepaliveTime`.
    pub keepalive: Option<SimTime>,
}

/// Nothing and one more fault where a span that has to take time takes none.
fn above_zero(span: Option<SimTime>, field: &str, code: Code, pointer: &str, faults: &mut Faults) {
    if span == Some(SimTime::ZERO) {
        faults.push(Fault {
            code,
            pointer: step(pointer, field),
            found: format!("{field} is 0s."),
            allowed: "a duration above 0".to_owned(),
            remedy: format!("Remove \"{field}\" to do without."),
        });
    }
}

/// Checks the gap between keepalives of the workload at `pointer`.
pub fn check_keepalive(keepalive: Option<SimTime>, pointer: &str, faults: &mut Faults) {
    above_zero(keepalive, "keepalive", Code::E0290, pointer, faults);
}

impl PoolSpec {
    /// The settings of the pools.
    pub fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<PoolSettings> {
        /// Requests find their pool by 6 bits.
        const MOST: u32 = 64;
        let before = faults.len();
        let per_node = self.per_node.unwrap_or(1);
        if !(1..=MOST).contains(&per_node) {
            faults.push(Fault {
                code: Code::E0292,
                pointer: step(pointer, "perNode"),
                found: format!("{per_node} pools on every node."),
                allowed: format!("1 to {MOST}"),
                remedy: "Count the instances of the application on a node; split those of more into two workloads."
                    .to_owned(),
            });
        }
        if self.max_open == Some(0) {
            faults.push(Fault {
                code: Code::E0292,
                pointer: step(pointer, "maxOpen"),
                found: "A pool that may open no connection serves no request.".to_owned(),
                allowed: "1 or more".to_owned(),
                remedy: "Remove \"maxOpen\" for no limit.".to_owned(),
            });
        }
        let spans = [
            ("idleTimeout", self.idle_timeout),
            ("maxLifetime", self.max_lifetime),
            ("keepalive", self.keepalive),
        ];
        for (field, span) in spans {
            above_zero(span, field, Code::E0292, pointer, faults);
        }
        (faults.len() == before).then_some(PoolSettings {
            per_node,
            max_idle: self.max_idle,
            max_open: self.max_open,
            idle_timeout: self.idle_timeout,
            max_lifetime: self.max_lifetime,
            keepalive: self.keepalive,
        })
    }
}

//! The words for packets on open connections, and for pools of connections.

use super::{LawSpec, Replicas};
use crate::fault::{Code, Fault, Faults, step};
use crate::traffic::{Instances, PoolSettings};
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;

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
    /// Application instances on a node, each with a pool of its own to every endpoint, 1 to 64, default 1; beside `replicas`
    /// it is left out: every replica is one.
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
    /// The instances on `nodes` of an application that has these replicas, if it says how many.
    fn instances(
        &self,
        replicas: Option<Replicas>,
        nodes: &Range<usize>,
        pointer: &str,
        faults: &mut Faults,
    ) -> Instances {
        /// Requests find their pool by 6 bits.
        const MOST: usize = 64;
        let mut fault = |found: String, allowed: String, remedy: &str| {
            faults.push(Fault {
                code: Code::E0292,
                pointer: step(pointer, "perNode"),
                found,
                allowed,
                remedy: remedy.to_owned(),
            });
        };
        let most = match (replicas, self.per_node) {
            (Some(_), Some(_)) => {
                fault(
                    "\"perNode\" beside \"replicas\": both say how many instances a node has."
                        .to_owned(),
                    "one of the two".to_owned(),
                    "Remove \"perNode\": every replica has a pool of its own.",
                );
                1
            }
            (Some(replicas), None) => replicas.pods(0, nodes.len().max(1)),
            (None, per_node) => per_node.unwrap_or(1) as usize,
        };
        if most > MOST || self.per_node == Some(0) {
            fault(
                format!("{most} pools on a node."),
                format!("1 to {MOST}"),
                "Count the instances of the application on a node; split those of more into two workloads.",
            );
        }
        match replicas {
            Some(replicas) => Instances::Replicas {
                replicas,
                first: nodes.start as u32,
                nodes: nodes.len() as u32,
            },
            None => Instances::PerNode(most as u32),
        }
    }

    /// The settings of the pools, on `nodes`, of an application that has these replicas, if it says how many.
    pub fn resolve(
        &self,
        replicas: Option<Replicas>,
        nodes: &Range<usize>,
        pointer: &str,
        faults: &mut Faults,
    ) -> Option<PoolSettings> {
        let before = faults.len();
        let instances = self.instances(replicas, nodes, pointer, faults);
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
            instances,
            max_idle: self.max_idle,
            max_open: self.max_open,
            idle_timeout: self.idle_timeout,
            max_lifetime: self.max_lifetime,
            keepalive: self.keepalive,
        })
    }
}

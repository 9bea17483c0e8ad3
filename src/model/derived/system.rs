//! What nodes and system pods open by themselves.

use super::{Implied, Origin};
use crate::fault::{Code, Fault, step};
use crate::model::Note;
use crate::model::build::Review;
use crate::outbound::plural;
use crate::scenario::{DestinationSpec, ScenarioSpec, SystemTrafficSpec, WorkloadSpec};
use crate::traffic::words::{ArrivalsSpec, LawSpec};
use crate::units::SimTime;

const POINTER: &str = "/cluster/systemTraffic";

/// What nodes connect to: the names in `aks:articles/aks/outbound-rules-control-egress.md` (2023-06-13). How often, and for how
/// long, no document says: rates are those of the words, lifetimes are chosen.
struct Kind {
    workload: &'static str,
    destination: &'static str,
    /// Connections per second and node.
    per_second: f64,
    lifetime: SimTime,
    /// Whether it goes past an HTTP proxy. Chosen for the API server, with which a proxy of custom certificates is not
    /// supported (`aks:articles/aks/http-proxy.md`).
    goes_direct: bool,
    /// The field that says how many, and what it says.
    field: &'static str,
    number: f64,
}

pub(super) fn implied(spec: &ScenarioSpec, review: &mut Review) -> Implied {
    let mut implied = Implied::default();
    let cluster = spec.cluster.as_ref();
    let Some((cluster, words)) =
        cluster.and_then(|cluster| Some((cluster, cluster.system_traffic.as_ref()?)))
    else {
        return implied;
    };
    let pools = cluster.node_pools.iter().flatten();
    let nodes: u64 = pools.map(|pool| u64::from(pool.count)).sum();
    if nodes == 0 {
        review.fault(Fault {
            code: Code::E0219,
            pointer: POINTER.to_owned(),
            found: "The system traffic of a cluster of which no node is named.".to_owned(),
            allowed: "\"systemTraffic\" beside \"nodePools\" with a node at least".to_owned(),
            remedy:
                "Add \"nodePools\", or remove it: a trace has the connections of its nodes already."
                    .to_owned(),
        });
        return implied;
    }
    for kind in kinds(words) {
        if !(kind.number >= 0.0 && kind.number.is_finite()) {
            review.fault(Fault {
                code: Code::E0219,
                pointer: step(POINTER, kind.field),
                found: format!("{} is {}.", kind.field, kind.number),
                allowed: "a number of at least 0".to_owned(),
                remedy: "Write 0 for none of it, or leave it out for the default.".to_owned(),
            });
        } else if kind.number > 0.0 {
            let mut declared = spec.destinations.iter().flatten();
            let is_declared = declared.any(|known| known.name == kind.destination);
            implied.add(&kind, nodes, is_declared);
        }
    }
    if !implied.workloads.is_empty() {
        review.notes.push(Note {
            code: Code::F0164,
            text: format!(
                "The workloads named \"system: …\" stand for what nodes and system pods open by themselves, from {}: where \
                 to is documented, how often is assumed.",
                plural(nodes, "node")
            ),
        });
    }
    implied
}

fn kinds(words: &SystemTrafficSpec) -> [Kind; 4] {
    let minutes = |minutes: u64| SimTime::from_secs(60 * minutes);
    let [held, azure, pulls, monitor] = [
        ("apiServerConnections", words.api_server_connections, 6.0),
        ("azureApiPerHour", words.azure_api_per_hour, 12.0),
        ("imagePullsPerHour", words.image_pulls_per_hour, 2.0),
        ("monitoringPerMinute", words.monitoring_per_minute, 2.0),
    ]
    .map(|(field, said, default)| (field, said.unwrap_or(default)));
    let api_server = minutes(30);
    [
        Kind {
            workload: "system: API server",
            destination: "hcp.azmk8s.io",
            per_second: held.1 / api_server.as_secs_f64(),
            lifetime: api_server,
            goes_direct: true,
            field: held.0,
            number: held.1,
        },
        Kind {
            workload: "system: Azure API",
            destination: "management.azure.com",
            per_second: azure.1 / 3_600.0,
            lifetime: SimTime::from_secs(5),
            goes_direct: false,
            field: azure.0,
            number: azure.1,
        },
        Kind {
            workload: "system: image pulls",
            destination: "mcr.microsoft.com",
            per_second: pulls.1 * CONNECTIONS_PER_PULL / 3_600.0,
            lifetime: SimTime::from_secs(10),
            goes_direct: false,
            field: pulls.0,
            number: pulls.1,
        },
        Kind {
            workload: "system: monitoring",
            destination: "ods.opinsights.azure.com",
            per_second: monitor.1 / 60.0,
            lifetime: SimTime::from_secs(2),
            goes_direct: false,
            field: monitor.0,
            number: monitor.1,
        },
    ]
}

/// A pull asks the registry and fetches some layers at a time (`max-concurrent-downloads` of containerd is 3); chosen.
const CONNECTIONS_PER_PULL: f64 = 4.0;

impl Implied {
    /// A destination that the file declares is where it is.
    fn add(&mut self, kind: &Kind, nodes: u64, is_declared: bool) {
        let destination = DestinationSpec {
            name: kind.destination.to_owned(),
            port: 443,
            ..DestinationSpec::default()
        };
        if !is_declared {
            self.destinations.push((destination, POINTER.to_owned()));
        }
        let workload = WorkloadSpec {
            name: kind.workload.to_owned(),
            destination: Some(kind.destination.to_owned()),
            arrivals: Some(ArrivalsSpec::Poisson {
                per_second: nodes as f64 * kind.per_second,
            }),
            lifetime: Some(LawSpec::Exponential {
                mean: kind.lifetime,
            }),
            host_network: Some(true),
            no_http_proxy_vars: Some(kind.goes_direct),
            ..WorkloadSpec::default()
        };
        let origin = Origin {
            block: POINTER.to_owned(),
            copied: None,
        };
        self.workloads.push((workload, origin));
    }
}

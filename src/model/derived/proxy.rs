//! What an HTTP proxy in the cluster opens for the workloads that go to it.

use super::{Implied, Origin, WORKLOADS, pool_names};
use crate::fault::{Code, Fault, step};
use crate::model::Note;
use crate::model::build::{Review, among};
use crate::model::network::Proxy;
use crate::scenario::{DestinationSpec, ProtocolSpec, ProxySpec, ScenarioSpec, WorkloadSpec};
use crate::traffic::words::ArrivalsSpec;

const POINTER: &str = "/network/proxy";

/// Port on which requests are plain, so that a proxy sees them.
const PLAIN: u16 = 80;

pub(super) fn implied(spec: &ScenarioSpec, review: &mut Review) -> Implied {
    let mut implied = Implied::default();
    let network = spec.network.as_ref();
    let Some(words) = network.and_then(|network| network.proxy.as_ref()) else {
        return implied;
    };
    let before = review.problems.len();
    let config = network.and_then(|network| network.http_proxy_config.as_ref());
    let config = config.filter(|config| config.enabled != Some(false));
    if config.is_none() {
        review.fault(Fault {
            code: Code::E0240,
            pointer: POINTER.to_owned(),
            found: "The cluster has a proxy, and no httpProxyConfig leads to it.".to_owned(),
            allowed: "\"proxy\" beside \"httpProxyConfig\"".to_owned(),
            remedy: "Add \"httpProxyConfig\": { \"httpsProxy\": \"http://10.1.0.4:3128\", … } as the cluster has it."
                .to_owned(),
        });
    }
    let pools = pool_names(spec);
    if !pools.contains(&words.node_pool) {
        let (allowed, remedy) = among("node pool", &words.node_pool, &pools);
        review.fault(Fault {
            code: Code::E0240,
            pointer: step(POINTER, "nodePool"),
            found: format!("There is no node pool \"{}\".", words.node_pool),
            allowed,
            remedy,
        });
    }
    if review.problems.len() > before {
        return implied;
    }
    // What is wrong with it is told where the network is read.
    let proxy = Proxy::read(config, "/network/httpProxyConfig", &mut Review::default());
    for (place, workload) in spec.workloads.iter().enumerate() {
        if is_trace(workload) && workload.no_http_proxy_vars == Some(false) {
            review.fault(traced(workload, place));
            continue;
        }
        let Some(destination) = goes_to(&proxy, workload, spec) else {
            continue;
        };
        let pointer = step(WORKLOADS, place);
        let folds =
            words.pool.is_some() && (destination.port == PLAIN || words.opens_tls == Some(true));
        if let Some(fault) = obstacle(workload, folds, &pointer) {
            review.fault(fault);
            continue;
        }
        let upstream = upstream(workload, words, folds);
        review
            .notes
            .push(note(workload, words, folds, &upstream.name));
        let origin = Origin {
            block: POINTER.to_owned(),
            copied: Some(pointer),
        };
        implied.workloads.push((upstream, origin));
    }
    if implied.workloads.is_empty() && review.problems.len() == before {
        review.notes.push(Note {
            code: Code::F0163,
            text: "No workload goes to the HTTP proxy: it opens nothing.".to_owned(),
        });
    }
    implied
}

/// The destination of `workload`, where its connections go to the proxy.
fn goes_to<'s>(
    proxy: &Proxy,
    workload: &WorkloadSpec,
    spec: &'s ScenarioSpec,
) -> Option<&'s DestinationSpec> {
    if workload.no_http_proxy_vars == Some(true) || is_trace(workload) {
        return None;
    }
    let name = workload.destination.as_ref()?;
    let mut destinations = spec.destinations.iter().flatten();
    let destination = destinations.find(|destination| destination.name == *name)?;
    let address = destination.address.as_ref();
    let address = address.and_then(|address| address.parse().ok());
    let protocol = destination.protocol.unwrap_or(ProtocolSpec::Tcp).into();
    proxy.instead(name, address, protocol, destination.port)?;
    Some(destination)
}

fn is_trace(workload: &WorkloadSpec) -> bool {
    matches!(workload.arrivals, Some(ArrivalsSpec::Trace(_)))
}

/// The rows of a trace say where connections went: through a proxy each would be another.
fn traced(workload: &WorkloadSpec, place: usize) -> Fault {
    Fault {
        code: Code::E0240,
        pointer: step(&step(WORKLOADS, place), "noHttpProxyVars"),
        found: format!(
            "Workload \"{}\" is a trace that goes to the HTTP proxy, and nobody can say what the proxy opened for it.",
            workload.name
        ),
        allowed: "a trace beside \"proxy\" that takes no notice of it".to_owned(),
        remedy: "Leave noHttpProxyVars out: a trace says where connections went.".to_owned(),
    }
}

/// Why nobody can say what the proxy opens for `workload`.
fn obstacle(workload: &WorkloadSpec, folds: bool, pointer: &str) -> Option<Fault> {
    let waits = matches!(workload.arrivals, Some(ArrivalsSpec::Closed { .. }));
    let (field, why) = match folds {
        true if waits => (
            "arrivals",
            "has clients that wait, and a pool knows arrivals only",
        ),
        true if workload.activity.is_some() => (
            "activity",
            "falls silent between its exchanges, and a proxy that sees requests opens a connection for each of them",
        ),
        false if workload.pool.is_some() => (
            "pool",
            "has pools of connections of its own, whose connections the proxy would have to open one for one",
        ),
        _ => return None,
    };
    Some(Fault {
        code: Code::E0240,
        pointer: step(pointer, field),
        found: format!(
            "Workload \"{}\" goes to the HTTP proxy and {why}.",
            workload.name
        ),
        allowed: "beside \"proxy\": arrivals that wait for nothing; clients where the proxy keeps no pool; pools where \
                  it keeps one"
            .to_owned(),
        remedy: format!(
            "Give the workload poisson arrivals of single requests, or \"noHttpProxyVars\": true; without \"proxy\" its upstream \
             connections are a workload to declare, as `snatsim example {EXAMPLE}` does."
        ),
    })
}

/// The scenario that declares them by hand.
const EXAMPLE: &str = "http-proxy";

/// What the proxy opens for `workload`.
fn upstream(workload: &WorkloadSpec, words: &ProxySpec, folds: bool) -> WorkloadSpec {
    let mut upstream = WorkloadSpec {
        name: format!("{} by proxy", workload.name),
        node_pool: Some(words.node_pool.clone()),
        placement: None,
        replicas: words.replicas,
        noisy_replica: None,
        no_http_proxy_vars: Some(true),
        static_egress_gateway: None,
        host_network: None,
        ..workload.clone()
    };
    if folds {
        upstream.pool = words.pool.clone();
        // Keepalives are the client's own.
        (upstream.keepalive, upstream.reconnect) = (None, None);
    }
    upstream
}

fn note(workload: &WorkloadSpec, words: &ProxySpec, folds: bool, upstream: &str) -> Note {
    let how = match (folds, &words.pool) {
        (true, _) => "sends its requests on through a pool of connections",
        (false, Some(_)) => {
            "opens a connection for each of its own, because TLS goes through the proxy as a tunnel and cannot share one"
        }
        (false, None) => "opens a connection for each of its own",
    };
    Note {
        code: Code::F0163,
        text: format!(
            "Workload \"{}\" goes to the HTTP proxy, which {how}, from node pool \"{}\": workload \"{upstream}\".",
            workload.name, words.node_pool
        ),
    }
}

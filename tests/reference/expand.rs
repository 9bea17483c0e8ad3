//! What a model asks for, as a plain list of connections, where nothing is left to chance.

use snatsim::model::{Mix, Model, OpenProcess, Traffic};
use snatsim::traffic::{Close, CloseKind, Law};
use snatsim::units::SimTime;
use std::collections::BTreeMap;

/// One connection that an application wants.
///
/// The order of the fields is the order of arrivals at one instant: workload, node, endpoint, ordinal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// First SYN.
    pub at: SimTime,
    /// Index of the workload.
    pub workload: u32,
    /// Index of the node.
    pub node: u32,
    /// Index of the endpoint.
    pub endpoint: u32,
    /// Which of its (workload, node, endpoint) it is.
    pub ordinal: u64,
    /// From the grant to the end.
    pub lifetime: SimTime,
    /// How it ends.
    pub close: CloseKind,
    /// Gap between packets.
    pub keepalive: Option<SimTime>,
    /// The client that waits for its end, in a closed loop.
    pub client: Option<u64>,
}

/// The connections of a model; of clients only the first of each.
#[derive(Clone, Debug, Default)]
pub struct Expansion {
    /// The connections.
    pub connections: Vec<Connection>,
    /// Think times of closed workloads.
    pub think: BTreeMap<u32, SimTime>,
}

/// Expands a model of traces, and of constant arrivals and clients with constant laws and one kind of end.
///
/// # Panics
/// When something is left to chance.
pub fn expand(model: &Model) -> Expansion {
    let mut expansion = Expansion::default();
    for (workload, w) in (0u32..).zip(&model.workloads) {
        match &w.traffic {
            Traffic::Trace(rows) => {
                let mut seen = BTreeMap::<_, u64>::new();
                for row in rows {
                    let ordinal = seen.entry((row.node, row.endpoint)).or_default();
                    expansion.connections.push(Connection {
                        at: row.start,
                        workload,
                        node: row.node,
                        endpoint: row.endpoint,
                        ordinal: *ordinal,
                        lifetime: row.lifetime,
                        close: row.close,
                        keepalive: row.keepalive,
                        client: None,
                    });
                    *ordinal += 1;
                }
            }
            Traffic::Open {
                process,
                per_second,
                mix,
            } => {
                assert_eq!(
                    *process,
                    OpenProcess::Constant,
                    "Poisson arrivals are drawn"
                );
                evenly_spaced(
                    model,
                    workload,
                    *per_second,
                    mix,
                    &mut expansion.connections,
                );
            }
            Traffic::Closed {
                clients,
                think,
                mix,
            } => {
                let think = constant(think);
                expansion.think.insert(workload, think);
                first_of_clients(workload, *clients, think, mix, &mut expansion.connections);
            }
        }
    }
    expansion
}

/// Pairs of node and endpoint by node, then endpoint, with their shares.
fn pairs(mix: &Mix) -> Vec<(u32, u32, f64)> {
    let mut pairs = Vec::new();
    for (node, node_share) in &mix.nodes {
        for (endpoint, endpoint_share) in &mix.endpoints {
            pairs.push((*node, *endpoint, node_share * endpoint_share));
        }
    }
    pairs
}

fn evenly_spaced(
    model: &Model,
    workload: u32,
    per_second: f64,
    mix: &Mix,
    connections: &mut Vec<Connection>,
) {
    let mut shares_before = 0.0;
    for (node, endpoint, share) in pairs(mix) {
        for ordinal in 0.. {
            let at =
                SimTime::from_secs_f64((ordinal as f64 + shares_before) / (per_second * share));
            if at >= model.duration {
                break;
            }
            connections.push(Connection {
                at,
                workload,
                node,
                endpoint,
                ordinal,
                lifetime: constant(&mix.lifetime),
                close: only(&mix.close),
                keepalive: None,
                client: None,
            });
        }
        shares_before += share;
    }
}

fn first_of_clients(
    workload: u32,
    clients: u64,
    think: SimTime,
    mix: &Mix,
    connections: &mut Vec<Connection>,
) {
    let pairs = pairs(mix);
    let dealt = deal(
        clients,
        &pairs.iter().map(|pair| pair.2).collect::<Vec<_>>(),
    );
    for ((node, endpoint, _), clients) in pairs.into_iter().zip(dealt) {
        for client in 0..clients {
            connections.push(Connection {
                at: think,
                workload,
                node,
                endpoint,
                ordinal: client,
                lifetime: constant(&mix.lifetime),
                close: only(&mix.close),
                keepalive: None,
                client: Some(client),
            });
        }
    }
}

/// Deals `clients` by largest remainder of clients × share, ties to the lower index.
pub fn deal(clients: u64, shares: &[f64]) -> Vec<u64> {
    let quotas: Vec<f64> = shares.iter().map(|share| clients as f64 * share).collect();
    let mut dealt: Vec<u64> = quotas.iter().map(|quota| quota.floor() as u64).collect();
    let left = clients - dealt.iter().sum::<u64>();
    let mut by_remainder: Vec<usize> = (0..shares.len()).collect();
    by_remainder.sort_by(|a, b| quotas[*b].fract().total_cmp(&quotas[*a].fract()));
    for pair in by_remainder.into_iter().take(left as usize) {
        dealt[pair] += 1;
    }
    dealt
}

fn constant(law: &Law) -> SimTime {
    match law {
        Law::Constant(value) => *value,
        drawn => panic!("{drawn:?} is drawn"),
    }
}

fn only(close: &Close) -> CloseKind {
    let weights = [
        (close.fin, CloseKind::Fin),
        (close.rst, CloseKind::Rst),
        (close.abandon, CloseKind::Abandon),
        (close.unanswered, CloseKind::Unanswered),
    ];
    let whole = weights.iter().find(|(weight, _)| *weight == 1.0);
    whole
        .expect("ends are drawn unless one has the whole weight")
        .1
}

//! What a model asks for, as a plain list of connections, where nothing is left to chance.

use snatsim::model::{Mix, Model, OpenProcess, Traffic};
use snatsim::traffic::{Burst, Close, CloseKind, Law, Profile};
use snatsim::units::SimTime;
use std::collections::BTreeMap;

/// One connection that an application wants.
///
/// The order of the fields is the order of arrivals at one instant: workload, arrivals before bursts, node, endpoint,
/// ordinal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Connection {
    /// First SYN.
    pub at: SimTime,
    /// Index of the workload.
    pub workload: u32,
    /// 0 for arrivals, i + 1 for burst i.
    pub burst: u32,
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
                        burst: 0,
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
                profile,
                bursts,
                mix,
            } => {
                assert_eq!(
                    *process,
                    OpenProcess::Constant,
                    "Poisson arrivals are drawn"
                );
                let connections = &mut expansion.connections;
                evenly_spaced(
                    model,
                    workload,
                    *per_second,
                    profile.as_ref(),
                    mix,
                    connections,
                );
                for (burst, words) in (1..).zip(bursts) {
                    by_the_clock(model, workload, (burst, words), mix, connections);
                }
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
    profile: Option<&Profile>,
    mix: &Mix,
    connections: &mut Vec<Connection>,
) {
    let mut shares_before = 0.0;
    for (node, endpoint, share) in pairs(mix) {
        let mut clock = ProfileClock::default();
        for ordinal in 0.. {
            let mut at =
                SimTime::from_secs_f64((ordinal as f64 + shares_before) / (per_second * share));
            if let Some(profile) = profile {
                at = clock.after(at, profile, model.duration);
            }
            if at >= model.duration {
                break;
            }
            connections.push(Connection {
                at,
                workload,
                burst: 0,
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

/// Half seconds of a profile that have passed, and the operational time that passed in them.
#[derive(Default)]
struct ProfileClock {
    halves: u64,
    operational: f64,
}

const HALF: SimTime = SimTime::from_nanos(500_000_000);

impl ProfileClock {
    /// When so much operational time has passed under a profile whose times are multiples of half a second: half a second
    /// after the other, whatever the factor.
    fn after(&mut self, operational: SimTime, profile: &Profile, end: SimTime) -> SimTime {
        loop {
            let at = SimTime::from_nanos(self.halves * HALF.as_nanos());
            if at >= end {
                return end;
            }
            let factor = factor(profile, at);
            let passes = factor * HALF.as_secs_f64();
            let left = operational.as_secs_f64() - self.operational;
            if left < passes {
                return at + SimTime::from_secs_f64(left / factor);
            }
            self.operational += passes;
            self.halves += 1;
        }
    }
}

fn factor(profile: &Profile, at: SimTime) -> f64 {
    let mut at = at + profile.start();
    if let Some(every) = profile.every() {
        while at >= every {
            at = at - every;
        }
    }
    let steps = profile.steps().iter().rev();
    let mut holds = steps.filter(|(from, _)| *from <= at);
    holds.next().expect("a factor from 0 on").1
}

fn by_the_clock(
    model: &Model,
    workload: u32,
    (burst, words): (u32, &Burst),
    mix: &Mix,
    connections: &mut Vec<Connection>,
) {
    let shares: Vec<f64> = mix.nodes.iter().map(|(_, share)| *share).collect();
    let of_nodes = deal(words.connections, &shares);
    let mut pairs = Vec::new();
    let mut dealt = Vec::new();
    for (place, (node, _)) in mix.nodes.iter().enumerate() {
        let whole = of_nodes[place] as f64;
        let offset = (place as f64 * 0.618_033_988_749_894_9).fract();
        let mut share_before = 0.0;
        for (endpoint, share) in &mix.endpoints {
            let below = (whole * share_before + offset).floor();
            share_before += share;
            let is_last = Some(*endpoint) == mix.endpoints.last().map(|(endpoint, _)| *endpoint);
            let above = if is_last {
                whole
            } else {
                (whole * share_before + offset).floor().min(whole)
            };
            pairs.push((*node, *endpoint, *share));
            dealt.push((above - below.min(whole)) as u64);
        }
    }
    let fraction = |span: SimTime, of: u128, all: u128| {
        SimTime::from_nanos((u128::from(span.as_nanos()) * of / all) as u64)
    };
    let all = u128::from(words.connections);
    let mut before = 0;
    for ((node, endpoint, _), count) in pairs.into_iter().zip(dealt) {
        let place = mix.nodes.iter().position(|(known, _)| *known == node);
        let place = place.expect("a node of the workload") as u128;
        let mut begins = words.at + fraction(words.stagger, place, mix.nodes.len() as u128);
        let mut ordinal = 0;
        while begins < model.duration {
            for i in 0..u128::from(count) {
                let turn = i * all + before;
                connections.push(Connection {
                    at: begins + fraction(words.over, turn, u128::from(count) * all),
                    workload,
                    burst,
                    node,
                    endpoint,
                    ordinal,
                    lifetime: constant(&mix.lifetime),
                    close: only(&mix.close),
                    keepalive: None,
                    client: None,
                });
                ordinal += 1;
            }
            match words.every {
                Some(every) => begins = begins + every,
                None => break,
            }
        }
        before += u128::from(count);
    }
    connections.retain(|connection| connection.at < model.duration);
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
                burst: 0,
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

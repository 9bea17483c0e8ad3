//! How bursts and clients are dealt to nodes and endpoints.

use crate::model::{Mix, Model};
use std::collections::BTreeMap;

/// A burst as its connections are dealt to nodes and endpoints.
pub(super) struct DealtBurst {
    /// By endpoint, its parts in the order of nodes.
    parts: BTreeMap<u32, Vec<Part>>,
}

/// What one node opens to one endpoint.
pub(super) struct Part {
    /// Index into the model's nodes.
    pub node: u32,
    /// Which of the workload's nodes it is.
    pub place: u64,
    /// Connections it opens there.
    pub count: u64,
    /// Connections dealt to the pairs before it.
    pub before: u64,
}

impl DealtBurst {
    pub fn new(connections: u64, mix: &Mix) -> Self {
        let mut parts: BTreeMap<u32, Vec<Part>> = BTreeMap::new();
        let mut before = 0;
        let shares: Vec<f64> = mix.nodes.iter().map(|(_, share)| *share).collect();
        let of_nodes = largest_remainder(connections, &shares);
        for (place, ((node, _), of_node)) in (0..).zip(mix.nodes.iter().zip(of_nodes)) {
            for (endpoint, count) in spread(of_node, place, &mix.endpoints) {
                parts.entry(endpoint).or_default().push(Part {
                    node: *node,
                    place,
                    count,
                    before,
                });
                before += count;
            }
        }
        DealtBurst { parts }
    }

    /// The parts that go to `endpoint`.
    pub fn of(&self, endpoint: u32) -> &[Part] {
        self.parts.get(&endpoint).map_or(&[], Vec::as_slice)
    }
}

/// Shares of everything before each entry.
pub(super) fn shares_before(shares: &[(u32, f64)]) -> BTreeMap<u32, f64> {
    let mut before = 0.0;
    let mut map = BTreeMap::new();
    for (index, share) in shares {
        map.insert(*index, before);
        before += share;
    }
    map
}

/// The share of `index`, which may have none.
pub(super) fn share_of(shares: &[(u32, f64)], index: u32) -> f64 {
    match shares.binary_search_by_key(&index, |(index, _)| *index) {
        Ok(place) => shares[place].1,
        Err(_) => 0.0,
    }
}

/// By endpoint of `mix`, the place of the first that is the same one, by another way.
pub(super) fn ways(mix: &Mix, model: &Model) -> Vec<usize> {
    let mut firsts = BTreeMap::new();
    let first = |(i, (endpoint, _)): (usize, &(u32, f64))| {
        let endpoint = model.endpoints[*endpoint as usize];
        let same = (endpoint.destination, endpoint.address, endpoint.port);
        *firsts.entry(same).or_insert(i)
    };
    mix.endpoints.iter().enumerate().map(first).collect()
}

/// Clients by (node, endpoint), in the order of both: by largest remainder of clients × share, ties to the lower index.
/// `ways` says which endpoints are two ways to one: of its clients, node by node, every second way has its share.
pub(super) fn deal(clients: u64, mix: &Mix, ways: &[usize]) -> Vec<(u32, u32, u32)> {
    let endpoints = &mix.endpoints;
    // By endpoint, the first way to it; the ways share what is dealt to the first.
    let mut together = vec![0.0; endpoints.len()];
    for (way, (_, share)) in ways.iter().zip(endpoints) {
        together[*way] += share;
    }
    let firsts: Vec<usize> = (0..endpoints.len()).filter(|i| ways[*i] == *i).collect();
    let mut shares = Vec::with_capacity(mix.nodes.len() * firsts.len());
    for (_, node_share) in &mix.nodes {
        shares.extend(firsts.iter().map(|first| node_share * together[*first]));
    }
    let dealt = largest_remainder(clients, &shares);
    let mut seen = vec![0u64; endpoints.len()];
    let mut pairs = Vec::with_capacity(dealt.len());
    for ((node, _), counts) in mix.nodes.iter().zip(dealt.chunks(firsts.len().max(1))) {
        for (first, count) in firsts.iter().zip(counts) {
            let before = seen[*first];
            seen[*first] += count;
            let mut cumulative = 0.0;
            for (i, way) in ways.iter().enumerate().filter(|(_, way)| **way == *first) {
                let up_to = |share: f64, clients: u64| {
                    (clients as f64 * (share / together[*way]).min(1.0) + 1e-9) as u64
                };
                let (from, until) = (cumulative, cumulative + endpoints[i].1);
                cumulative = until;
                let of = |clients| up_to(until, clients) - up_to(from, clients);
                let count = of(seen[*first]) - of(before);
                pairs.push((*node, endpoints[i].0, count as u32));
            }
        }
    }
    pairs
}

/// `number` by `shares`, which sum to 1: by largest remainder, ties to the lower index.
fn largest_remainder(number: u64, shares: &[f64]) -> Vec<u64> {
    let fair: Vec<f64> = shares.iter().map(|share| number as f64 * share).collect();
    let mut dealt: Vec<u64> = fair.iter().map(|fair| *fair as u64).collect();
    let left = number.saturating_sub(dealt.iter().sum());
    let mut order: Vec<usize> = (0..shares.len()).collect();
    // Shares are sums of floats: remainders closer than this are ties.
    let remainder = |i: usize| ((fair[i] - fair[i].floor()) * 1e9).round() as i64;
    order.sort_by_key(|i| (-remainder(*i), *i));
    for i in order.into_iter().take(left as usize) {
        dealt[i] += 1;
    }
    dealt
}

/// The endpoints to which the node at `place` opens its `number` connections of a burst, and how many to each: evenly
/// along the cumulated shares. Where it begins there goes round from node to node by the golden ratio, so that all nodes
/// together keep to the shares as well, however few each opens.
fn spread(number: u64, place: u64, endpoints: &[(u32, f64)]) -> Vec<(u32, u64)> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let begins = (place as f64 * GOLDEN).fract();
    let last = endpoints.len() - 1;
    let (mut share_before, mut dealt) = (0.0, 0);
    let mut parts = Vec::new();
    for (i, (endpoint, share)) in endpoints.iter().enumerate() {
        share_before += share;
        let until = match i == last {
            true => number,
            false => ((number as f64 * share_before + begins) as u64).clamp(dealt, number),
        };
        if until > dealt {
            parts.push((*endpoint, until - dealt));
        }
        dealt = until;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::{Close, Law};
    use crate::units::SimTime;

    #[test]
    fn clients_are_dealt_by_largest_remainder() {
        let mix = Mix {
            nodes: vec![(0, 0.5), (1, 0.3), (2, 0.2)],
            endpoints: vec![(0, 0.5), (1, 0.5)],
            lifetime: Law::Constant(SimTime::from_secs(1)),
            close: Close {
                fin: 1.0,
                rst: 0.0,
                abandon: 0.0,
                unanswered: 0.0,
            },
        };
        let dealt = deal(7, &mix, &[0, 1]);
        let counts: Vec<u32> = dealt.into_iter().map(|(.., count)| count).collect();
        // 1.75 1.75 1.05 1.05 0.7 0.7
        assert_eq!(counts, [2, 2, 1, 1, 1, 0]);
    }
}

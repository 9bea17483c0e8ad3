//! What of a model reaches the pools of an outbound type.

use super::super::{Mix, Model, Outbound, Traffic};
use super::Paths;
use std::borrow::Cow;

impl Model {
    /// The model as the pools of `outbound` see it: without what takes no port. Names, nodes and endpoints keep their
    /// places; a workload of which nothing is left opens nothing ([`Traffic::is_empty`]).
    ///
    /// For rates and laws; the simulation leaves out the very connections instead, so that those left stay the same.
    pub fn reaching(&self, outbound: &Outbound) -> Cow<'_, Model> {
        if outbound.paths.all_take_ports() {
            return Cow::Borrowed(self);
        }
        let mut model = self.clone();
        for (workload, of) in (0u32..).zip(&mut model.workloads) {
            match &mut of.traffic {
                Traffic::Open {
                    per_second,
                    bursts,
                    mix,
                    ..
                } => {
                    let share = mix.keep(workload, &outbound.paths);
                    *per_second *= share;
                    for burst in bursts.iter_mut() {
                        burst.connections = (burst.connections as f64 * share).round() as u64;
                    }
                    bursts.retain(|burst| burst.connections > 0);
                }
                Traffic::Closed { clients, mix, .. } => {
                    let share = mix.keep(workload, &outbound.paths);
                    *clients = (*clients as f64 * share).round() as u64;
                }
                Traffic::Trace(rows) => {
                    rows.retain(|row| outbound.paths.takes_port(workload, row.node, row.endpoint))
                }
            }
        }
        Cow::Owned(model)
    }
}

impl Mix {
    /// Keeps what takes a port and says which share of the connections that is; where it is none, the mix stays what it is.
    ///
    /// It is always all connections from some nodes to some endpoints: a node's own public IP goes before an outbound type
    /// whatever the destination.
    fn keep(&mut self, workload: u32, paths: &Paths) -> f64 {
        let to = |node: u32| -> Vec<(u32, f64)> {
            let endpoints = self.endpoints.iter().copied();
            let takes = |(endpoint, _): &(u32, f64)| paths.takes_port(workload, node, *endpoint);
            endpoints.filter(takes).collect()
        };
        let kinds = paths.one_of_each_kind(self.nodes.iter().map(|(node, _)| *node));
        let kinds: Vec<(bool, Vec<(u32, f64)>)> = kinds
            .into_iter()
            .map(|node| (paths.has_own_ip(node), to(node)))
            .filter(|(_, endpoints)| !endpoints.is_empty())
            .collect();
        let Some((_, endpoints)) = kinds.first().cloned() else {
            return 0.0;
        };
        let takes = |node: u32| {
            let own_ip = paths.has_own_ip(node);
            kinds.iter().any(|(kind, _)| *kind == own_ip)
        };
        let nodes = self.nodes.iter().copied();
        let nodes: Vec<(u32, f64)> = nodes.filter(|(node, _)| takes(*node)).collect();
        normalise(nodes, &mut self.nodes) * normalise(endpoints, &mut self.endpoints)
    }
}

/// Puts `kept` in the place of `shares`, adding up to 1, and says what they added up to.
fn normalise(mut kept: Vec<(u32, f64)>, shares: &mut Vec<(u32, f64)>) -> f64 {
    let sum = kept.iter().map(|(_, share)| share).sum::<f64>();
    if kept.len() == shares.len() {
        return 1.0;
    }
    kept.iter_mut().for_each(|(_, share)| *share /= sum);
    *shares = kept;
    sum
}

//! The node's own layer before an outbound type: one loop in the order of time over all that shares a node or a gateway.

mod order;
mod running;

use super::aside::{Asides, plan_of};
use super::epochs::Epochs;
use super::groups::{Cells, ClassPlan, Group, Side, node_of};
use crate::engine::{AtNode, Grouping, NodeLayer, NodePeaks, PoolPlan, Sort};
use crate::model::{Bypass, Decision, Model, NodeNat, Outbound, Path, Pods};
use crate::record::{Accumulator, Detail, Parts, Tally, Totals, Window};
use crate::traffic::Caller;
use crate::units::Seed;
use order::{Lane, Lanes, Order};
use rayon::prelude::*;
use running::Running;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;

/// Nodes that are run together where they share nothing but the streams that their connections are drawn from.
const BLOCK: usize = Sort::CELLS;

/// What the node's own layer came to: peaks are of the time that counts, of the fullest of their kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRun {
    /// Local ports of one address toward one endpoint.
    pub local_ports: Option<NodePeak>,
    /// Ports of one node's address toward one endpoint.
    pub masquerade: Option<NodePeak>,
    /// Connections in one node's table.
    pub conntrack: Option<NodePeak>,
    /// Tries and SYNs of connections that take no port of the outbound type, kept on their node, by [`AtNode`].
    pub aside_kept: [u64; 3],
    /// Of those connections the ones that failed, refused last by their node, by [`AtNode`].
    pub aside_failed: [u64; 3],
}

/// The most that was in use at a time, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodePeak {
    /// How many.
    pub used: u64,
    /// Of how many.
    pub limit: u64,
    /// Index of the node.
    pub node: u32,
    /// The workload of the pod; none where it is the node's.
    pub workload: Option<u32>,
    /// Toward what; none where that does not matter.
    pub toward: Option<Toward>,
}

/// What ports are busy toward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// An endpoint of the destination with this index.
    Destination(u32),
    /// The HTTP proxy of the path with this index.
    Proxy(u32),
}

impl NodeRun {
    /// Adds another run's, of the same model; of equal peaks its own stay.
    pub(super) fn merge(&mut self, other: &NodeRun) {
        let higher = |mine: &mut Option<NodePeak>, theirs: Option<NodePeak>| {
            let is_fuller = |theirs: &NodePeak, mine: &NodePeak| {
                theirs.used * mine.limit > mine.used * theirs.limit
            };
            if theirs.is_some_and(|theirs| mine.is_none_or(|mine| is_fuller(&theirs, &mine))) {
                *mine = theirs;
            }
        };
        higher(&mut self.local_ports, other.local_ports);
        higher(&mut self.masquerade, other.masquerade);
        higher(&mut self.conntrack, other.conntrack);
        for why in 0..AtNode::ALL.len() {
            self.aside_kept[why] += other.aside_kept[why];
            self.aside_failed[why] += other.aside_failed[why];
        }
    }
}

/// One outbound type with the nodes before it.
pub(super) struct Nodes<'a> {
    model: &'a Model,
    nat: &'a NodeNat,
    window: Window,
    /// What a key stands for.
    keys: Vec<Toward>,
    units: Vec<Unit>,
}

/// Nodes that are run together, with all that they connect to.
struct Unit {
    nodes: Range<usize>,
    /// Connections that take ports, if any do, then those of each other path.
    sides: Vec<UnitSide>,
    /// By workload and node of the unit: pods, and the share that the first has.
    pods: Vec<Vec<(u32, f64)>>,
}

/// The connections of a unit that take one path.
struct UnitSide {
    /// Index of the path; none of those that take ports.
    path: Option<usize>,
    taken: Path,
    plan: PoolPlan,
    parts: Parts,
    group: Group,
    /// By class, the key that its ports are busy toward.
    keys: Vec<u32>,
    /// By node of the unit, whether these connections leave it with its address.
    as_node: Vec<bool>,
    /// By node of the unit, its cell.
    cells: Vec<usize>,
}

impl<'a> Nodes<'a> {
    pub fn new(
        model: &'a Model,
        nat: &'a NodeNat,
        outbound: &'a Outbound,
        plan: &PoolPlan,
        window: Window,
    ) -> Self {
        let decisions = outbound.paths.decisions();
        let (by_endpoint, mut keys) = keys(model);
        // What is reached at a private address is busy toward that.
        let first_private = keys.len() as u32;
        keys.extend_from_within(..);
        let first_proxy = keys.len() as u32;
        keys.extend((0..decisions.len() as u32).map(Toward::Proxy));
        let nodes = model.nodes.len();
        let step = match plan.grouping {
            Grouping::ByNode => BLOCK,
            _ => nodes.max(1),
        };
        let units = (0..nodes).step_by(step).map(|from| {
            let nodes = from..(from + step).min(nodes);
            let side = |path: Option<usize>, plan: PoolPlan, which: Side| {
                let taken = path.map_or(Path::Snat, |path| decisions[path].path);
                let (group, parts) = {
                    let cells = Cells::new(model, Cow::Borrowed(&plan), &outbound.paths, which);
                    let cells = cells.with_nodes_apart();
                    (cells.within(nodes.clone())?, cells.parts())
                };
                let key = |class: &ClassPlan| {
                    let key = by_endpoint[class.endpoint as usize];
                    match (taken, path) {
                        (Path::Bypassed(Bypass::HttpProxy), Some(path)) => {
                            let proxy = decisions[path].proxy();
                            let mut same = decisions.iter().map(Decision::proxy);
                            let first = same.position(|other| other == proxy);
                            first_proxy + first.unwrap_or(path) as u32
                        }
                        (taken, _) if is_private(taken) => first_private + key,
                        _ => key,
                    }
                };
                // A node without traffic has no cell, and needs none.
                let cell = |node: usize| {
                    let pool = plan.pool_of(node as u32)?;
                    let mut cells = group.layout.cell_pools.iter();
                    cells.position(|cell| *cell == pool)
                };
                Some(UnitSide {
                    path,
                    taken,
                    keys: group.classes.iter().map(key).collect(),
                    cells: nodes.clone().map(|node| cell(node).unwrap_or(0)).collect(),
                    as_node: nodes
                        .clone()
                        .map(|node| nat.leaves_as_node(node, taken))
                        .collect(),
                    parts,
                    group,
                    plan,
                })
            };
            let pool = side(None, plan.clone(), Side::Pool);
            let aside = decisions.iter().enumerate();
            let aside = aside.filter(|_| !outbound.paths.all_take_ports());
            let aside = aside.filter_map(|(index, decision)| {
                side(
                    Some(index),
                    plan_of(decision.path, plan)?,
                    Side::Aside(index),
                )
            });
            Unit {
                pods: pods(nat, &nodes),
                sides: pool.into_iter().chain(aside).collect(),
                nodes,
            }
        });
        Nodes {
            model,
            nat,
            window,
            keys,
            units: units.collect(),
        }
    }

    /// Pieces that a replication is run in.
    pub fn pieces(&self) -> usize {
        self.units.len()
    }

    /// A replication: adds what takes ports to `run` and `totals`, and says what came of the nodes and what clients opened
    /// on other paths.
    pub fn replication(
        &self,
        epochs: &Epochs,
        seed: Seed,
        detail: Detail,
        run: &Mutex<Accumulator>,
        totals: &Mutex<Totals>,
        tick: &(dyn Fn() + Sync),
    ) -> (NodeRun, Asides) {
        let pieces: Vec<(NodeRun, Asides)> = self
            .units
            .par_iter()
            .map(|unit| {
                let piece = match detail {
                    Detail::Table => self.unit::<false>(unit, epochs, seed, run, totals),
                    Detail::Full => self.unit::<true>(unit, epochs, seed, run, totals),
                };
                tick();
                piece
            })
            .collect();
        let mut all = (NodeRun::default(), Asides::new());
        for (nodes, asides) in &pieces {
            all.0.merge(nodes);
            super::add(&mut all.1, asides.clone());
        }
        all
    }

    fn unit<const FULL: bool>(
        &self,
        unit: &Unit,
        epochs: &Epochs,
        seed: Seed,
        run: &Mutex<Accumulator>,
        totals: &Mutex<Totals>,
    ) -> (NodeRun, Asides) {
        let (from, until) = (
            self.window.warmup.as_nanos(),
            self.window.duration.as_nanos(),
        );
        let mut heard: Vec<Totals> = unit
            .sides
            .iter()
            .map(|_| Totals::new(&self.window))
            .collect();
        let mut layer = NodeLayer::new(&self.nat.rules, from, until);
        // What takes no port is counted by itself.
        let mut asides: Vec<Option<Accumulator>> = unit
            .sides
            .iter()
            .map(|side| {
                side.path
                    .map(|_| Accumulator::new(&side.parts, &self.window, Detail::Table))
            })
            .collect();
        let mut sides: Vec<Running<FULL>> = (0..)
            .zip(&unit.sides)
            .zip(&mut heard)
            .map(|(side, totals)| Running::new(self, side, epochs, seed, totals))
            .collect();
        let sizes = sides.iter().map(Running::lanes);
        let mut order = Order::new(Lanes::of(&sizes.collect::<Vec<_>>()), until);
        for number in 0..order.lanes().count() {
            let lane = order.lanes().get(number);
            order.requeue(number, sides[lane.side()].next(lane));
        }
        while let Some((at, number)) = order.next(|lane| sides[lane.side()].next(lane)) {
            let lane = order.lanes().get(number);
            let index = lane.side();
            let side = &mut sides[index];
            let (cell, arrival) = match lane {
                Lane::Syn(_, cell) => (cell, None),
                _ => {
                    let arrival = side.take(lane);
                    let node = node_of(arrival.sort, unit.nodes.len());
                    (side.side.cells[node], Some(arrival))
                }
            };
            side.run((unit, self.nat), &mut layer, cell, arrival, at);
            if side.recorder.has_many_minutes() {
                let parts = &side.side.parts;
                match &mut asides[index] {
                    Some(aside) => side.recorder.give_minutes(parts, aside),
                    None => {
                        let run = &mut run.lock().expect(super::NO_PANIC);
                        side.recorder.give_minutes(parts, run);
                    }
                }
            }
            let [syns, clients] = order.lanes().of_cell(index, cell);
            for number in [number, syns, clients] {
                let lane = order.lanes().get(number);
                order.requeue(number, side.next(lane));
            }
        }
        let mut opened = Asides::new();
        let mut came = self.named(layer.finish());
        for (running, aside) in sides.into_iter().zip(asides) {
            let side = running.side;
            match (side.path, aside) {
                (Some(path), Some(mut own)) => {
                    running.finish(&mut own);
                    let own = own.finish(&side.parts, Vec::new());
                    for why in 0..AtNode::ALL.len() {
                        came.aside_kept[why] += own.total.kept[why];
                        came.aside_failed[why] += own.total.failed_at_node[why];
                    }
                    self.add_clients(path, &side.group, &own.by_workload, &mut opened);
                }
                _ => running.finish(&mut run.lock().expect(super::NO_PANIC)),
            }
        }
        for (side, heard) in unit.sides.iter().zip(&heard) {
            if side.path.is_none() {
                totals.lock().expect(super::NO_PANIC).merge(heard);
            }
        }
        (came, opened)
    }

    /// What clients opened on a path of their own.
    fn add_clients(&self, path: usize, group: &Group, by_workload: &[Tally], asides: &mut Asides) {
        let of_clients = group.classes.iter().zip(&group.waiting);
        let of_clients = of_clients.filter(|(_, who)| **who == Caller::Client);
        // All clients of a workload connect to one destination.
        let opened: BTreeMap<u32, u32> = of_clients
            .map(|(class, _)| {
                let endpoint = &self.model.endpoints[class.endpoint as usize];
                (class.workload, endpoint.destination)
            })
            .collect();
        for (workload, destination) in opened {
            let offered = by_workload[workload as usize].offered;
            if offered > 0 {
                asides.insert((path, workload, destination), offered);
            }
        }
    }

    fn named(&self, peaks: NodePeaks) -> NodeRun {
        let toward = |key: u32| Some(self.keys[key as usize]);
        let rules = &self.nat.rules;
        NodeRun {
            local_ports: peaks.local_ports.map(|(used, address, key)| NodePeak {
                used,
                limit: rules.local_ports_of(address),
                node: address.node,
                workload: address.pod.map(|(workload, _)| workload),
                toward: toward(key),
            }),
            masquerade: peaks.masquerade.map(|(used, node, key)| NodePeak {
                used,
                limit: rules.ports_of(node),
                node,
                workload: None,
                toward: key.and_then(toward),
            }),
            conntrack: peaks.conntrack.map(|(used, node)| NodePeak {
                used,
                limit: rules.conntrack,
                node,
                workload: None,
                toward: None,
            }),
            ..NodeRun::default()
        }
    }
}

/// Whether what takes `path` goes to a private address of its destination: of one that is reached two ways, another than
/// the public one.
fn is_private(path: Path) -> bool {
    use Bypass::{InternalLoadBalancer, OnPremises, Peering, PrivateEndpoint, Vnet};
    matches!(
        path,
        Path::Bypassed(PrivateEndpoint | Vnet | Peering | InternalLoadBalancer | OnPremises)
    )
}

/// By endpoint its key (protocol, address and port), and what each key stands for.
fn keys(model: &Model) -> (Vec<u32>, Vec<Toward>) {
    let mut known = BTreeMap::new();
    let mut keys = Vec::new();
    let by_endpoint = model.endpoints.iter().map(|endpoint| {
        *known
            .entry((endpoint.protocol, endpoint.address, endpoint.port))
            .or_insert_with(|| {
                keys.push(Toward::Destination(endpoint.destination));
                keys.len() as u32 - 1
            })
    });
    let by_endpoint = by_endpoint.collect();
    (by_endpoint, keys)
}

fn pods(nat: &NodeNat, nodes: &Range<usize>) -> Vec<Vec<(u32, f64)>> {
    let on = |pods: &Pods, node: usize| match pods.nodes.contains(&node) {
        false => (1, 1.0),
        true => {
            let shares = pods.on(node as u32);
            // Pods that open nothing have no shares.
            let all = shares.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            (shares.len() as u32, shares[0] / all)
        }
    };
    let of_workload = |pods: &Pods| nodes.clone().map(|node| on(pods, node)).collect();
    nat.pods.iter().map(of_workload).collect()
}

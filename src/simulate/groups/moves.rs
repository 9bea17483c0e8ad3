//! Nodes that come and go: what a node that is not there would have opened, those that are there open.

use super::{BLOCK, ClassPlan, Group, parts_of_class};
use crate::engine::{Arrival, Sort};
use crate::model::{Model, Traffic};
use crate::traffic::{Process, StreamPlan};
use crate::units::mix;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Tells the hash that chooses a node from all others.
const CHOICE: u64 = 0x6d6f_7665;

/// How the arrivals of a group's streams are dealt to the nodes that are there.
///
/// Streams are drawn as if all nodes that are ever there were always there, so that every outbound type meets the same
/// connections. Streams of other groups whose nodes come and go are drawn here once more, for what of them falls to the
/// nodes of this group.
#[derive(Clone, Debug)]
pub(in crate::simulate) struct Moves {
    /// By stream, the node of each of its marks, and its workload.
    streams: Vec<Origin>,
    places: Places,
    there: Arc<There>,
}

/// Where the arrivals of a node go.
#[derive(Clone, Debug)]
enum Places {
    /// By node of this group, its cell.
    Cells(BTreeMap<u32, u32>),
    /// All to one cell, marked with the node, of so many nodes.
    Marks(usize),
}

#[derive(Clone, Debug)]
struct Origin {
    nodes: Arc<Vec<u32>>,
    workload: u32,
    /// Whether connections that arrive together stay together.
    batches: bool,
}

impl Origin {
    fn of(stream: &StreamPlan, classes: &[ClassPlan], nodes: Arc<Vec<u32>>) -> Origin {
        Origin {
            nodes,
            workload: classes[stream.class as usize].workload,
            batches: matches!(stream.process, Process::Batch { .. }),
        }
    }
}

/// Who is there.
#[derive(Debug)]
struct There {
    /// By epoch and node.
    present: Vec<Vec<bool>>,
    /// By epoch and workload, the nodes that are there with the share of all of them up to each.
    shares: Vec<Vec<Vec<(u32, f64)>>>,
}

impl There {
    fn new(model: &Model) -> There {
        let shares = model.epochs.iter().map(|epoch| {
            let workloads = model.workloads.iter();
            let cumulated = workloads.map(|workload| {
                let (Traffic::Open { mix, .. } | Traffic::Closed { mix, .. }) = &workload.traffic
                else {
                    return Vec::new();
                };
                let here = mix.nodes.iter().filter(|(node, _)| epoch.has(*node));
                here.scan(0.0, |sum, (node, share)| {
                    *sum += share;
                    Some((*node, *sum))
                })
                .collect()
            });
            cumulated.collect()
        });
        There {
            shares: shares.collect(),
            present: model
                .epochs
                .iter()
                .map(|epoch| epoch.present.clone())
                .collect(),
        }
    }

    /// The node that opens what `node` would.
    fn stand_in(&self, epoch: usize, workload: u32, node: u32, bits: u64) -> Option<u32> {
        if self.present[epoch][node as usize] {
            return Some(node);
        }
        let shares = &self.shares[epoch][workload as usize];
        let (_, all) = shares.last()?;
        // 53 bits, uniform in [0, 1).
        let drawn = (bits >> 11) as f64 / (1u64 << 53) as f64 * all;
        let place = shares.partition_point(|(_, until)| *until <= drawn);
        Some(shares[place.min(shares.len() - 1)].0)
    }
}

impl Moves {
    /// `arrival` of stream `stream` as it comes to a cell of this group in an epoch; none where another group has it.
    /// `seed` is that of its class.
    pub fn deal(
        &self,
        epoch: usize,
        stream: usize,
        seed: u64,
        arrival: Arrival,
    ) -> Option<Arrival> {
        let origin = &self.streams[stream];
        let sort = arrival.sort;
        let node = origin.nodes[sort.cell() as usize];
        let id = if origin.batches { 0 } else { arrival.id };
        let bits = mix(mix(seed ^ arrival.at, u64::from(id)), CHOICE);
        let node = self.there.stand_in(epoch, origin.workload, node, bits)?;
        let (class, mark) = match &self.places {
            Places::Cells(cells) => (sort.class(), *cells.get(&node)?),
            Places::Marks(nodes) => {
                let parts = parts_of_class(*nodes) as u32;
                let block = BLOCK as u32;
                (sort.class() / parts * parts + node / block, node % block)
            }
        };
        Some(Arrival {
            sort: Sort::new(class, mark, sort.end()),
            ..arrival
        })
    }
}

/// Adds to groups with a cell for every node what moves between them, where nodes come and go.
pub(super) fn add(model: &Model, groups: &mut [Group]) {
    let moves = |node: u32| model.epochs.iter().any(|epoch| !epoch.has(node));
    if !some_move(model) {
        return;
    }
    let there = Arc::new(There::new(model));
    // Which other groups have the same classes and nodes that come and go: their streams, and the nodes of their marks.
    let lent: Vec<Lent> = groups
        .iter()
        .map(|group| Lent {
            key: key_of(group),
            nodes: Arc::new(group.layout.cell_pools.clone()),
            streams: group.streams.clone(),
            come_and_go: group.layout.cell_pools.iter().copied().any(moves),
        })
        .collect();
    for (index, group) in groups.iter_mut().enumerate() {
        let origin = |stream: &StreamPlan, nodes: &Arc<Vec<u32>>| {
            Origin::of(stream, &group.classes, nodes.clone())
        };
        let own = &lent[index];
        let mut streams: Vec<Origin> = group
            .streams
            .iter()
            .map(|stream| origin(stream, &own.nodes))
            .collect();
        let mut further = Vec::new();
        for (other, from) in lent.iter().enumerate() {
            if other != index && from.come_and_go && from.key == own.key {
                streams.extend(
                    from.streams
                        .iter()
                        .map(|stream| origin(stream, &from.nodes)),
                );
                further.extend(from.streams.iter().cloned());
            }
        }
        group.streams.extend(further);
        let cells = group.layout.cell_pools.iter().copied().zip(0..).collect();
        group.moves = Some(Moves {
            streams,
            places: Places::Cells(cells),
            there: there.clone(),
        });
    }
}

/// The same for a group of one cell in which arrivals are marked with their node.
pub(in crate::simulate) fn add_apart(model: &Model, group: &mut Group) {
    if !some_move(model) {
        return;
    }
    let origin = |stream: &StreamPlan| {
        let first = group.classes[stream.class as usize].first_node;
        let nodes = first..first + BLOCK as u32;
        Origin::of(stream, &group.classes, Arc::new(nodes.collect()))
    };
    group.moves = Some(Moves {
        streams: group.streams.iter().map(origin).collect(),
        places: Places::Marks(model.nodes.len()),
        there: Arc::new(There::new(model)),
    });
}

/// Whether any node is not there at times.
fn some_move(model: &Model) -> bool {
    let moves = |node: u32| model.epochs.iter().any(|epoch| !epoch.has(node));
    (0..model.nodes.len() as u32).any(moves)
}

/// What a group lends to others.
struct Lent {
    key: (u32, u32),
    nodes: Arc<Vec<u32>>,
    streams: Vec<StreamPlan>,
    come_and_go: bool,
}

/// Groups with the same classes have the same first one.
fn key_of(group: &Group) -> (u32, u32) {
    let first = &group.classes[0];
    (first.workload, first.endpoint)
}

//! The connections of one path while they are run, each from its pod over its node.

use super::order::{Lane, Next};
use super::{Nodes, Unit, UnitSide};
use crate::engine::{
    Arrival, AtNode, Cell, CellRules, Class, Context, Fate, HeapReleases, NodeLayer, OnIdle,
    Origin, Protocol, Recorder, Releases, Source, Syn, Verdict,
};
use crate::model::{Bypass, NodeNat, Path};
use crate::record::{Accumulator, GroupRecorder, Totals};
use crate::simulate::epochs::Epochs;
use crate::simulate::groups::node_of;
use crate::simulate::run::{Job, Queue};
use crate::traffic::{Caller, Callers, Stream};
use crate::units::{Seed, SimTime, mix};

/// One path while it is run.
pub(super) struct Running<'a, 'r, const FULL: bool> {
    /// Index of the side.
    index: u32,
    pub side: &'a UnitSide,
    rules: Vec<CellRules>,
    classes: Vec<Class>,
    cells: Vec<Cell<HeapReleases>>,
    callers: Vec<Callers<'a>>,
    streams: Vec<Stream<'a>>,
    traced: std::iter::Peekable<std::slice::Iter<'a, Arrival>>,
    pub recorder: GroupRecorder<'r, FULL>,
    /// By class, the protocol of its endpoint.
    protocols: Vec<Protocol>,
}

impl<'a: 'r, 'r, const FULL: bool> Running<'a, 'r, FULL> {
    pub fn new(
        nodes: &Nodes,
        (index, side): (u32, &'a UnitSide),
        epochs: &Epochs,
        seed: Seed,
        totals: &'r mut Totals,
    ) -> Self {
        let (group, window) = (&side.group, &nodes.window);
        let own;
        let epochs = match side.path {
            None => epochs,
            Some(_) => {
                own = Epochs::under(nodes.model, &side.plan);
                &own
            }
        };
        let job = Job {
            epochs,
            window,
            seed,
            queue: Queue::Heap,
            // A ceiling over all keys costs nothing here: all of them are at hand.
            coupled: true,
            most_chunks: 1,
            alone: false,
        };
        let step = if FULL {
            SimTime::MINUTE
        } else {
            window.duration
        };
        let rules = job.rules(0, group, step);
        let keys = group.layout.keys.len() as u32;
        let cells = group.cells.iter().enumerate().map(|(index, cell)| {
            let rules = &rules[index.min(rules.len() - 1)];
            Cell::new(rules, keys, HeapReleases::sized(cell.size))
        });
        let streams = group.streams.iter();
        let streams = streams.map(|plan| Stream::new(plan, seed, plan.expected(window.duration)));
        let endpoints = &nodes.model.endpoints;
        let protocols = group.classes.iter();
        Running {
            index,
            cells: cells.collect(),
            classes: job.classes(group),
            callers: group
                .cells
                .iter()
                .map(|cell| job.callers(group, cell))
                .collect(),
            streams: streams.collect(),
            traced: group.traced.iter().peekable(),
            recorder: GroupRecorder::new(&group.layout, *window, totals),
            protocols: protocols
                .map(|class| endpoints[class.endpoint as usize].protocol)
                .collect(),
            rules,
            side,
        }
    }

    /// Its streams and cells.
    pub fn lanes(&self) -> (usize, usize) {
        (self.streams.len(), self.cells.len())
    }

    /// The next arrival of a lane.
    pub fn take(&mut self, lane: Lane) -> Arrival {
        match lane {
            Lane::Stream(_, index) => self.streams[index].take(),
            Lane::Trace(_) => *self.traced.next().expect("a row is next"),
            Lane::Clients(_, cell) => self.callers[cell].clients.take(),
            Lane::Syn(..) => unreachable!("it is no arrival"),
        }
    }

    /// When a lane has something to do, the workload and the unit it is of.
    pub fn next(&mut self, lane: Lane) -> Option<Next> {
        let workload = |class: u32| self.side.group.classes[class as usize].workload;
        match lane {
            Lane::Syn(_, cell) => Some((self.cells[cell].next_due(), 0, [0, 0])),
            Lane::Stream(_, index) => {
                let plan = &self.side.group.streams[index];
                let [_, endpoint, node] = plan.unit;
                let at = self.streams[index].peek();
                Some((at, workload(plan.class), [node, endpoint]))
            }
            Lane::Trace(_) => {
                let row = self.traced.peek()?;
                Some((row.at, workload(row.sort.class()), [0, 0]))
            }
            Lane::Clients(_, cell) => {
                let clients = &mut self.callers[cell].clients;
                let at = clients.next_at();
                (at < u64::MAX).then(|| (at, workload(clients.next_class()), [0, 0]))
            }
        }
    }

    /// Runs `cell` at `at`: SYNs that are due, then `arrival`.
    pub fn run(
        &mut self,
        (unit, nat): (&Unit, &NodeNat),
        layer: &mut NodeLayer,
        cell: usize,
        arrival: Option<Arrival>,
        at: u64,
    ) {
        self.recorder.listen_to(cell);
        let source = &mut FromNodes {
            arrival,
            callers: &mut self.callers[cell],
            kept: None,
            layer,
            index: self.index,
            door: Door {
                unit,
                side: self.side,
                classes: &self.classes,
                protocols: &self.protocols,
                nat,
            },
        };
        let rules = &self.rules[cell.min(self.rules.len() - 1)];
        let mut context = Context {
            rules,
            classes: &self.classes,
            source,
            recorder: &mut self.recorder,
        };
        self.cells[cell].run(&mut context, at + 1);
    }

    pub fn finish(mut self, run: &mut Accumulator) {
        for (index, cell) in self.cells.iter_mut().enumerate() {
            self.recorder.listen_to(index);
            let rules = &self.rules[index.min(self.rules.len() - 1)];
            cell.finish(rules, &mut self.recorder);
        }
        self.recorder.add_to(&self.side.parts, run);
    }
}

/// Where connections of a side start.
#[derive(Clone, Copy)]
struct Door<'a> {
    unit: &'a Unit,
    side: &'a UnitSide,
    classes: &'a [Class],
    protocols: &'a [Protocol],
    nat: &'a NodeNat,
}

impl Door<'_> {
    fn origin(&self, syn: &Syn) -> Origin {
        /// Tells the hash that chooses a pod from all others.
        const POD: u64 = 0x70_6f64;
        let index = syn.sort.class() as usize;
        let class = &self.side.group.classes[index];
        let within = node_of(syn.sort, self.unit.nodes.len());
        let node = (self.unit.nodes.start + within) as u32;
        // A client stays in its pod; a connection that nobody waits for may be any pod's.
        let named_by = match self.side.group.waiting[index] {
            Caller::Client => u64::from(node),
            _ => syn.first_at,
        };
        let (pods, first) = self.unit.pods[class.workload as usize][within];
        let bits = mix(
            mix(self.classes[index].seed ^ named_by, u64::from(syn.id)),
            POD,
        );
        let pods_of = &self.nat.pods[class.workload as usize];
        Origin {
            address: pods_of.address(class.workload, node, pod(pods, first, bits)),
            key: self.side.keys[index],
            // The interface of an egress gateway lies in the pod's own network namespace.
            tracked: self.side.taken != Path::Bypassed(Bypass::StaticEgressGateway),
            as_node: pods_of.host_network || self.side.as_node[within],
            udp: self.protocols[index] == Protocol::Udp,
            // What takes no port of the outbound type meets no idle timeout.
            resets: self.side.path.is_none() && self.side.plan.on_idle == OnIdle::Reset,
        }
    }
}

/// One of `pods` pods by random bits: the first with this probability, each other as often as the next.
fn pod(pods: u32, first: f64, bits: u64) -> u32 {
    let u = (bits >> 11) as f64 / (1u64 << 53) as f64;
    if pods == 1 || u < first {
        return 0;
    }
    let other = (u - first) / (1.0 - first) * f64::from(pods - 1);
    1 + (other as u32).min(pods - 2)
}

/// One arrival at a cell, or none, which has to leave its node first.
struct FromNodes<'a, 'l, 'c, 'n> {
    arrival: Option<Arrival>,
    callers: &'a mut Callers<'c>,
    /// What kept the last SYN on its node.
    kept: Option<AtNode>,
    layer: &'a mut NodeLayer<'l>,
    /// Index of the side.
    index: u32,
    door: Door<'n>,
}

impl Source for FromNodes<'_, '_, '_, '_> {
    const GATED: bool = true;

    fn peek(&self) -> u64 {
        self.arrival.map_or(u64::MAX, |arrival| arrival.at)
    }

    fn take(&mut self) -> Arrival {
        self.arrival.take().expect("peek saw an arrival")
    }

    fn at_hand(&self) -> &[Arrival] {
        &[]
    }

    fn skip(&mut self, _count: usize) {}

    fn verdict<T: Recorder>(&mut self, verdict: Verdict, _recorder: &mut T) {
        let waiting = &self.door.side.group.waiting;
        if waiting[verdict.tag.class as usize] == Caller::Client {
            self.callers.clients.verdict(verdict);
        }
    }

    fn leave_node(&mut self, syn: &Syn) -> Option<AtNode> {
        let origin = self.door.origin(syn);
        self.kept = self.layer.leave(self.index, syn, &origin);
        self.kept
    }

    fn settle_at_node(&mut self, syn: &Syn, fate: Fate) {
        let origin = self.door.origin(syn);
        self.layer.settle(self.index, syn, &origin, fate);
    }

    fn kept_at_node(&self) -> Option<AtNode> {
        self.kept
    }
}

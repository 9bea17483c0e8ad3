//! The node's own layer: what a connection needs on its node before it may ask the outbound type for a port.

use super::connection::{End, Sort};
use super::releases::{HeapReleases, Releases};
use crate::units::SimTime;
use std::collections::BTreeMap;

/// Limits and time-outs of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRules {
    /// Local ports of one address toward one key.
    pub local_ports: u64,
    /// Ports of the node's address toward one key.
    pub masquerade_ports: u64,
    /// Connections in the node's table.
    pub conntrack: u64,
    /// How long a local port is taken after its owner closed the connection (TIME_WAIT).
    pub time_wait: SimTime,
    /// How long a connection that nobody closes stays in the table, from its last packet.
    pub tracked_established: SimTime,
    /// How long one stays there after FIN.
    pub tracked_after_fin: SimTime,
    /// How long one stays there after RST.
    pub tracked_after_rst: SimTime,
    /// How long a SYN without an answer stays there.
    pub tracked_syn: SimTime,
    /// How long a UDP flow stays there, from its last packet.
    pub tracked_udp: SimTime,
    /// Whether the port of a closed connection serves a new one while the closed one is still in the table.
    pub reuses_closed: bool,
    /// Whether an abandoned connection keeps its local port until a reset comes.
    pub abandoned_stay_open: bool,
}

/// What keeps a connection on its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AtNode {
    /// Its address has no local port toward the key: `connect()` fails at once (EADDRNOTAVAIL) and nothing is sent.
    LocalPorts = 0,
    /// The node's table is full: the SYN is dropped without a word.
    Conntrack = 1,
    /// The node's address has no port toward the key: the SYN is dropped without a word.
    Masquerade = 2,
}

impl AtNode {
    /// All of them, in index order: the one in which a SYN meets them.
    pub const ALL: [AtNode; 3] = [AtNode::LocalPorts, AtNode::Conntrack, AtNode::Masquerade];
}

/// An address that connections start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// Its node.
    pub node: u32,
    /// The workload and the number on the node of the pod whose address it is; none where it is the node's.
    pub pod: Option<(u32, u32)>,
}

/// Where a connection starts and what it goes to, as its node sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Its address.
    pub address: Address,
    /// What its ports are busy toward.
    pub key: u32,
    /// Whether it leaves the node with the node's address.
    pub as_node: bool,
    /// Whether it is a UDP flow.
    pub udp: bool,
    /// Whether both ends get a reset when it has idled out on its way.
    pub resets: bool,
}

/// A SYN that is about to leave its node; the first two name its connection together with `first_at`. Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Syn {
    /// Its class, mark and end.
    pub sort: Sort,
    /// Number of its connection.
    pub id: u32,
    /// When the first SYN of its connection was sent.
    pub first_at: u64,
    /// When it is sent.
    pub at: u64,
    /// Whether it begins a try.
    pub begins: bool,
}

/// What became of a SYN. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has a port and an answer.
    Open {
        /// When the last packet is sent.
        open_until: u64,
        /// When it has idled out; that of the last packet where it does not.
        inactive_at: u64,
        /// How it ends.
        end: End,
    },
    /// It has a port, and no answer comes to this try.
    Unanswered {
        /// When the last SYN of the try is sent.
        last_syn: u64,
        /// When the try ends.
        ends: u64,
    },
    /// It has no port, on its node or beyond.
    Refused {
        /// When the next SYN of the try is due; none where the try is over.
        next: Option<u64>,
        /// When the try ends, where it is over.
        ends: u64,
        /// Whether a reset said so.
        reset: bool,
    },
}

/// What a run of the layer came to: the most that was in use at a time from warm-up on, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodePeaks {
    /// Local ports of one address toward one key.
    pub local_ports: Option<(u64, Address, u32)>,
    /// Ports of one node's address toward one key: how many, node, key.
    pub masquerade: Option<(u64, u32, u32)>,
    /// Connections in one node's table: how many, node.
    pub conntrack: Option<(u64, u32)>,
}

/// The layer of all nodes that are run together.
#[derive(Debug)]
pub struct NodeLayer<'a> {
    rules: &'a NodeRules,
    from: u64,
    until: u64,
    local: BTreeMap<(Address, u32), Places>,
    /// By node and key.
    masquerade: BTreeMap<(u32, u32), Places>,
    /// By node.
    tables: BTreeMap<u32, Places>,
    /// By side and connection whose try goes on, whether it is in the table.
    waiting: BTreeMap<(u32, TryName), bool>,
    /// Whether the try of the SYN in hand is in the table; none where it has no local port.
    tracked: Option<bool>,
}

/// When its connection began, its class, its mark, its number.
type TryName = (u64, u32, u32, u32);

impl Syn {
    fn name(&self) -> TryName {
        (self.first_at, self.sort.class(), self.sort.cell(), self.id)
    }
}

impl<'a> NodeLayer<'a> {
    /// A layer in which nothing is in use; peaks are those in [`from`, `until`), in nanoseconds.
    pub fn new(rules: &'a NodeRules, from: u64, until: u64) -> Self {
        NodeLayer {
            rules,
            from,
            until,
            local: BTreeMap::new(),
            masquerade: BTreeMap::new(),
            tables: BTreeMap::new(),
            waiting: BTreeMap::new(),
            tracked: None,
        }
    }

    /// A SYN of a connection from `origin`: what keeps it on its node, if anything. `side` tells connections apart that
    /// are named alike.
    pub fn leave(&mut self, side: u32, syn: &Syn, origin: &Origin) -> Option<AtNode> {
        let (at, from) = (syn.at, self.from);
        self.tracked = match syn.begins {
            false => {
                let tracked = self.waiting.remove(&(side, syn.name()));
                Some(tracked.expect("a try that goes on waits"))
            }
            true => {
                let local = self.local.entry((origin.address, origin.key)).or_default();
                if local.used(at, from) >= self.rules.local_ports {
                    self.tracked = None;
                    return Some(AtNode::LocalPorts);
                }
                local.take();
                Some(false)
            }
        };
        if self.tracked == Some(true) {
            return None;
        }
        let table = self.tables.entry(origin.address.node).or_default();
        if table.used(at, from) >= self.rules.conntrack {
            return Some(AtNode::Conntrack);
        }
        if origin.as_node {
            let key = (origin.address.node, origin.key);
            let ports = self.masquerade.entry(key).or_default();
            if ports.used(at, from) >= self.rules.masquerade_ports {
                return Some(AtNode::Masquerade);
            }
            ports.take();
        }
        table.take();
        self.tracked = Some(true);
        None
    }

    /// What became of the SYN that [`NodeLayer::leave`] saw last.
    pub fn settle(&mut self, side: u32, syn: &Syn, origin: &Origin, fate: Fate) {
        // Without a local port there is nothing to give back.
        let Some(tracked) = self.tracked.take() else {
            return;
        };
        let rules = self.rules;
        let after = |at: u64, span: SimTime| at.saturating_add(span.as_nanos());
        let back = match fate {
            Fate::Open {
                open_until,
                inactive_at,
                end,
            } => Back::of_open(rules, origin.resets, open_until, inactive_at, end),
            Fate::Unanswered { last_syn, ends } => {
                Back::tracked(ends, after(last_syn, rules.tracked_syn))
            }
            Fate::Refused { next, ends, reset } => {
                let span = match origin.udp {
                    true => rules.tracked_udp,
                    false => rules.tracked_syn,
                };
                // A reset in answer to a SYN takes it from the table at once.
                let forgotten = match reset {
                    true => syn.at,
                    false => after(syn.at, span),
                };
                let back = Back::tracked(ends, forgotten);
                if let Some(next) = next {
                    let stays = tracked && next < forgotten;
                    self.waiting.insert((side, syn.name()), stays);
                    if tracked && !stays {
                        self.untrack(origin, back);
                    }
                    return;
                }
                back
            }
        };
        if back.local < self.until {
            let local = self.local.entry((origin.address, origin.key)).or_default();
            local.give_back(back.local);
        }
        if tracked {
            self.untrack(origin, back);
        }
    }

    fn untrack(&mut self, origin: &Origin, back: Back) {
        let node = origin.address.node;
        if back.table < self.until {
            self.tables.entry(node).or_default().give_back(back.table);
        }
        if origin.as_node && back.port < self.until {
            let ports = self.masquerade.entry((node, origin.key)).or_default();
            ports.give_back(back.port);
        }
    }

    /// Ends the run: the peaks, each of the first of those that are equally full.
    pub fn finish(mut self) -> NodePeaks {
        let from = self.from;
        let mut peaks = NodePeaks::default();
        for ((address, key), places) in &mut self.local {
            let peak = places.highest(from);
            if peaks.local_ports.is_none_or(|(most, ..)| peak > most) {
                peaks.local_ports = Some((peak, *address, *key));
            }
        }
        for ((node, key), places) in &mut self.masquerade {
            let peak = places.highest(from);
            if peaks.masquerade.is_none_or(|(most, ..)| peak > most) {
                peaks.masquerade = Some((peak, *node, *key));
            }
        }
        for (node, places) in &mut self.tables {
            let peak = places.highest(from);
            if peaks.conntrack.is_none_or(|(most, _)| peak > most) {
                peaks.conntrack = Some((peak, *node));
            }
        }
        peaks
    }
}

/// When what a try holds is free again, in nanoseconds.
#[derive(Clone, Copy)]
struct Back {
    local: u64,
    table: u64,
    port: u64,
}

impl Back {
    /// The port of the node's address is taken for as long as the connection is in the table.
    fn tracked(local: u64, table: u64) -> Back {
        Back {
            local,
            table,
            port: table,
        }
    }

    /// Of a connection that is answered.
    fn of_open(
        rules: &NodeRules,
        resets: bool,
        open_until: u64,
        inactive_at: u64,
        end: End,
    ) -> Back {
        let after = |at: u64, span: SimTime| at.saturating_add(span.as_nanos());
        let forgotten = after(open_until, rules.tracked_established);
        match end {
            End::Fin => Back {
                local: after(open_until, rules.time_wait),
                ..rules.closed(open_until, rules.tracked_after_fin)
            },
            End::Rst => rules.closed(open_until, rules.tracked_after_rst),
            End::Udp => Back::tracked(open_until, after(open_until, rules.tracked_udp)),
            End::Abandon | End::Broken => {
                let is_kept = end == End::Broken || rules.abandoned_stay_open;
                let (local, reset_at) = match resets {
                    true => (inactive_at, inactive_at),
                    false => (u64::MAX, u64::MAX),
                };
                let local = if is_kept { local } else { open_until };
                if reset_at >= forgotten {
                    return Back::tracked(local, forgotten);
                }
                Back {
                    local,
                    ..rules.closed(reset_at, rules.tracked_after_rst)
                }
            }
            End::Unanswered => unreachable!("it is not answered"),
        }
    }
}

impl NodeRules {
    /// Of a connection that was closed at `at`, whose local port is free then, and that stays in the table for `span`.
    fn closed(&self, at: u64, span: SimTime) -> Back {
        let table = at.saturating_add(span.as_nanos());
        Back {
            local: at,
            table,
            port: if self.reuses_closed { at } else { table },
        }
    }
}

/// What is taken of one limit.
#[derive(Debug, Default)]
struct Places {
    taken: u64,
    back: HeapReleases,
    /// In use when it was looked at last.
    used: u64,
    /// Whether it was looked at since peaks count.
    counts: bool,
    peak: u64,
}

impl Places {
    /// In use at `at`; what is in use from `from` on counts toward the peak.
    fn used(&mut self, at: u64, from: u64) -> u64 {
        if at >= from && !self.counts {
            self.counts = true;
            self.peak = self.taken - self.back.advance(from);
        }
        self.used = self.taken - self.back.advance(at);
        self.used
    }

    /// Takes one more, after [`Places::used`].
    fn take(&mut self) {
        self.taken += 1;
        self.used += 1;
        if self.counts {
            self.peak = self.peak.max(self.used);
        }
    }

    fn give_back(&mut self, at: u64) {
        self.back.push(at);
    }

    /// The most that was in use at a time from `from` on.
    fn highest(&mut self, from: u64) -> u64 {
        if !self.counts {
            self.used(from, from);
        }
        self.peak
    }
}

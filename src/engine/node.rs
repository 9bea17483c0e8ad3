//! The node's own layer: what a connection needs on its node before it may ask the outbound type for a port.

use super::connection::{End, Sort};
use super::releases::{HeapReleases, Releases};
use crate::units::SimTime;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Limits and time-outs of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRules {
    /// Local ports of a node's own address toward one key.
    pub local_ports: u64,
    /// By workload, local ports of the address of one of its pods toward one key.
    pub pod_local_ports: Vec<u64>,
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
    /// How long one that lasted for more than two seconds stays there.
    pub tracked_udp_stream: SimTime,
    /// Whether the port of a closed connection serves a new one while the closed one is still in the table.
    pub reuses_closed: bool,
    /// Whether an abandoned connection keeps its local port until a reset comes.
    pub abandoned_stay_open: bool,
}

/// A UDP flow with a packet later than this after its first is a stream (`nf_conntrack_udp_packet` of the kernel's
/// net/netfilter/nf_conntrack_proto_udp.c).
const UDP_STREAM: SimTime = SimTime::from_secs(2);

impl NodeRules {
    /// Local ports of `address` toward one key.
    pub fn local_ports_of(&self, address: Address) -> u64 {
        address.pod.map_or(self.local_ports, |(workload, _)| {
            self.pod_local_ports[workload as usize]
        })
    }
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
    /// Whether its node keeps it in its table; what the pod itself puts into a tunnel passes as one flow.
    pub tracked: bool,
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
    /// Local ports of one address toward one key, the largest share of what it has: how many, address, key.
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
    sockets: BTreeMap<(Address, u32), Sockets>,
    /// By node and key.
    masquerade: BTreeMap<(u32, u32), Masquerade>,
    /// By node.
    tables: BTreeMap<u32, Places>,
    entries: Entries,
    /// By side and connection whose try goes on, whether it is in the table.
    waiting: BTreeMap<(u32, TryName), bool>,
    /// Whether the try of the SYN in hand is in the table; none where it has no local port.
    tracked: Option<bool>,
}

/// What an address has toward a key.
#[derive(Debug, Default)]
struct Sockets {
    local: Places,
    /// Its connections in the table.
    tracked: Places,
    /// Those of them whose local port is free again, by when it was or will be.
    stale: BinaryHeap<Reverse<(u64, EntryName)>>,
}

/// What a node's address has toward a key.
#[derive(Debug, Default)]
struct Masquerade {
    ports: Places,
    /// Connections that were or will be closed and are still in the table then, by when; kept where they may be evicted.
    closed: BinaryHeap<Reverse<(u64, EntryName)>>,
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
            sockets: BTreeMap::new(),
            masquerade: BTreeMap::new(),
            tables: BTreeMap::new(),
            entries: Entries::default(),
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
                let key = (origin.address, origin.key);
                let local = &mut self.sockets.entry(key).or_default().local;
                if local.used(at, from) >= self.rules.local_ports_of(origin.address) {
                    self.tracked = None;
                    return Some(AtNode::LocalPorts);
                }
                local.take();
                Some(false)
            }
        };
        if self.tracked == Some(true) || !origin.tracked {
            return None;
        }
        self.replace_stale(at, origin);
        let node = origin.address.node;
        if self.tables.entry(node).or_default().used(at, from) >= self.rules.conntrack {
            return Some(AtNode::Conntrack);
        }
        if origin.as_node && !self.masquerade(at, (node, origin.key)) {
            return Some(AtNode::Masquerade);
        }
        let table = self.tables.entry(node).or_default();
        table.used(at, from);
        table.take();
        let sockets = self.sockets.entry((origin.address, origin.key));
        let tracked = &mut sockets.or_default().tracked;
        tracked.used(at, from);
        tracked.take();
        self.tracked = Some(true);
        None
    }

    /// A SYN whose local port another connection had before ends that one's entry, if it is still there: no address has
    /// more entries toward a key than it uses local ports. Linux goes through the ports of one parity in turn, and takes
    /// one of the other parity only where all of those are taken; UDP takes any.
    ///
    /// `nf_conntrack_tcp_packet` of the kernel's net/netfilter/nf_conntrack_proto_tcp.c ("Attempt to reopen a
    /// closed/aborted connection") and `__inet_hash_connect` of its net/ipv4/inet_hashtables.c.
    fn replace_stale(&mut self, at: u64, origin: &Origin) {
        let all = self.rules.local_ports_of(origin.address);
        let sockets = self.sockets.entry((origin.address, origin.key));
        let sockets = sockets.or_default();
        let most = match origin.udp {
            true => all,
            false => all.div_ceil(2).max(sockets.local.used(at, self.from)),
        };
        if sockets.tracked.used(at, self.from) >= most
            && let Some(entry) = self.entries.first_there(&mut sockets.stale, at)
        {
            self.evict(entry, at);
        }
    }

    /// Takes a port of a node's address, the key given with its node; false where none is to be had.
    fn masquerade(&mut self, at: u64, key: (u32, u32)) -> bool {
        let masquerade = self.masquerade.entry(key).or_default();
        if masquerade.ports.used(at, self.from) >= self.rules.masquerade_ports {
            // None are noted where they may not be evicted.
            let Some(entry) = self.entries.first_there(&mut masquerade.closed, at) else {
                return false;
            };
            self.evict(entry, at);
        }
        let masquerade = self.masquerade.entry(key).or_default();
        masquerade.ports.used(at, self.from);
        masquerade.ports.take();
        true
    }

    /// Takes a connection from the table before its time.
    fn evict(&mut self, entry: Entry, at: u64) {
        let Entry {
            address,
            key,
            as_node,
            until,
        } = entry;
        let was = (until < self.until).then_some(until);
        let sockets = self.sockets.entry((address, key)).or_default();
        sockets.tracked.give_back_early(at, was);
        self.tables
            .entry(address.node)
            .or_default()
            .give_back_early(at, was);
        if as_node {
            let masquerade = self.masquerade.entry((address.node, key)).or_default();
            masquerade.ports.give_back_early(at, was);
        }
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
            } => {
                let open = Open {
                    at: syn.at,
                    open_until,
                    inactive_at,
                    end,
                };
                Back::of_open(rules, origin.resets, &open)
            }
            Fate::Unanswered { last_syn, ends } => {
                Back::of_try(ends, after(last_syn, rules.tracked_syn))
            }
            Fate::Refused { next, ends, reset } => {
                let span = match origin.udp {
                    true => rules.tracked_udp,
                    false => rules.tracked_syn,
                };
                // A reset in answer to a SYN takes it from the table at once; UDP knows none.
                let forgotten = match reset && !origin.udp {
                    true => syn.at,
                    false => after(syn.at, span),
                };
                let back = Back::of_try(ends, forgotten);
                if let Some(next) = next {
                    let stays = tracked && next < forgotten;
                    self.waiting.insert((side, syn.name()), stays);
                    if tracked && !stays {
                        // Its local port is not free before that.
                        self.untrack(syn.at, origin, Back::of_try(u64::MAX, forgotten));
                    }
                    return;
                }
                back
            }
        };
        if back.local < self.until {
            let sockets = self.sockets.entry((origin.address, origin.key));
            sockets.or_default().local.give_back(back.local);
        }
        if tracked {
            self.untrack(syn.at, origin, back);
        }
    }

    /// A connection is in the table until it is forgotten; `at` is now.
    fn untrack(&mut self, at: u64, origin: &Origin, back: Back) {
        let Origin {
            address,
            key,
            as_node,
            ..
        } = *origin;
        let until = back.table;
        let sockets = self.sockets.entry((address, key)).or_default();
        let masquerade = as_node.then(|| self.masquerade.entry((address.node, key)).or_default());
        if until < self.until {
            let table = self.tables.entry(address.node).or_default();
            sockets.tracked.give_back(until);
            table.give_back(until);
        }
        let ends_later = |than: u64| than < until && than < self.until;
        let is_stale = ends_later(back.local);
        let closed = back
            .closed
            .filter(|at| self.rules.reuses_closed && ends_later(*at));
        let name = (is_stale || closed.is_some()).then(|| {
            self.entries.add(Entry {
                address,
                key,
                as_node,
                until,
            })
        });
        if let Some(name) = name.filter(|_| is_stale) {
            self.entries.forget_past(&mut sockets.stale, at);
            sockets.stale.push(Reverse((back.local, name)));
        }
        let Some(masquerade) = masquerade else {
            return;
        };
        if until < self.until {
            masquerade.ports.give_back(until);
        }
        if let Some((closed, name)) = closed.zip(name) {
            self.entries.forget_past(&mut masquerade.closed, at);
            masquerade.closed.push(Reverse((closed, name)));
        }
    }

    /// Ends the run: the peaks, each of the first of those that are equally full.
    pub fn finish(mut self) -> NodePeaks {
        let from = self.from;
        let mut peaks = NodePeaks::default();
        for ((address, key), sockets) in &mut self.sockets {
            let peak = sockets.local.highest(from);
            let limit = self.rules.local_ports_of(*address);
            let is_fuller = |(most, of, _): (u64, Address, u32)| {
                peak * self.rules.local_ports_of(of) > most * limit
            };
            if peaks.local_ports.is_none_or(is_fuller) {
                peaks.local_ports = Some((peak, *address, *key));
            }
        }
        for ((node, key), masquerade) in &mut self.masquerade {
            let peak = masquerade.ports.highest(from);
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

/// A connection in the table, until it is forgotten or evicted.
#[derive(Clone, Copy, Debug)]
struct Entry {
    address: Address,
    key: u32,
    as_node: bool,
    until: u64,
}

/// The place of an entry, and how many had it before.
type EntryName = (u32, u32);

/// Connections in the table that may be evicted.
#[derive(Debug, Default)]
struct Entries {
    places: Vec<(u32, Entry)>,
    free: Vec<u32>,
}

impl Entries {
    fn add(&mut self, entry: Entry) -> EntryName {
        if let Some(place) = self.free.pop() {
            let (before, at) = &mut self.places[place as usize];
            *at = entry;
            return (place, *before);
        }
        self.places.push((0, entry));
        (self.places.len() as u32 - 1, 0)
    }

    /// Removes an entry; none where it is gone.
    fn remove(&mut self, (place, before): EntryName) -> Option<Entry> {
        let (now, entry) = &mut self.places[place as usize];
        if *now != before {
            return None;
        }
        *now = now.wrapping_add(1);
        self.free.push(place);
        Some(*entry)
    }

    /// Removes the first of those of `queue` whose time has come by `at` and that are not forgotten.
    fn first_there(
        &mut self,
        queue: &mut BinaryHeap<Reverse<(u64, EntryName)>>,
        at: u64,
    ) -> Option<Entry> {
        while queue.peek().is_some_and(|Reverse((since, _))| *since <= at) {
            let Reverse((_, name)) = queue.pop()?;
            if let Some(entry) = self.remove(name).filter(|entry| entry.until > at) {
                return Some(entry);
            }
        }
        None
    }

    /// Removes those at the head of `queue` that are forgotten by `at`.
    fn forget_past(&mut self, queue: &mut BinaryHeap<Reverse<(u64, EntryName)>>, at: u64) {
        while let Some(Reverse((_, name))) = queue.peek() {
            let (now, entry) = &self.places[name.0 as usize];
            if *now == name.1 && entry.until > at {
                return;
            }
            self.remove(*name);
            queue.pop();
        }
    }
}

/// When what a try holds is free again, in nanoseconds.
#[derive(Clone, Copy)]
struct Back {
    local: u64,
    /// Its place in the table, and with it the port of the node's address.
    table: u64,
    /// When it was closed, if it was.
    closed: Option<u64>,
}

/// A connection that is answered. Times in nanoseconds.
struct Open {
    at: u64,
    open_until: u64,
    inactive_at: u64,
    end: End,
}

impl Back {
    /// Of a try without an answer.
    fn of_try(local: u64, table: u64) -> Back {
        Back {
            local,
            table,
            closed: None,
        }
    }

    /// Of a connection that is answered.
    fn of_open(rules: &NodeRules, resets: bool, open: &Open) -> Back {
        let Open {
            at,
            open_until,
            inactive_at,
            end,
        } = *open;
        let after = |at: u64, span: SimTime| at.saturating_add(span.as_nanos());
        let closed = |at: u64, local: u64, span: SimTime| Back {
            local,
            table: after(at, span),
            closed: Some(at),
        };
        match end {
            End::Fin => closed(
                open_until,
                after(open_until, rules.time_wait),
                rules.tracked_after_fin,
            ),
            End::Rst => closed(open_until, open_until, rules.tracked_after_rst),
            End::Udp => {
                let span = match open_until - at > UDP_STREAM.as_nanos() {
                    true => rules.tracked_udp_stream,
                    false => rules.tracked_udp,
                };
                Back::of_try(open_until, after(open_until, span))
            }
            End::Abandon | End::Broken => {
                let is_kept = end == End::Broken || rules.abandoned_stay_open;
                let forgotten = after(open_until, rules.tracked_established);
                if !resets || inactive_at >= forgotten {
                    // A reset finds no way to the pod where its node has forgotten the connection.
                    let local = if is_kept { u64::MAX } else { open_until };
                    return Back::of_try(local, forgotten);
                }
                let local = if is_kept { inactive_at } else { open_until };
                closed(inactive_at, local, rules.tracked_after_rst)
            }
            End::Unanswered => unreachable!("it is not answered"),
        }
    }
}

/// What is taken of one limit.
#[derive(Debug, Default)]
struct Places {
    taken: u64,
    back: HeapReleases,
    /// When would have come back what came back early.
    early: HeapReleases,
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
            self.peak = self.taken + self.early.advance(from) - self.back.advance(from);
        }
        self.used = self.taken + self.early.advance(at) - self.back.advance(at);
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

    /// Gives back at `at` what was to come back at `was`, if it was to come back at all.
    fn give_back_early(&mut self, at: u64, was: Option<u64>) {
        self.back.push(at);
        if let Some(was) = was {
            self.early.push(was);
        }
    }

    /// The most that was in use at a time from `from` on.
    fn highest(&mut self, from: u64) -> u64 {
        if !self.counts {
            self.used(from, from);
        }
        self.peak
    }
}

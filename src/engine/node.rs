//! The node's own layer: what a connection needs on its node before it may ask the outbound type for a port.

mod back;
mod entries;
mod outbound_nat;
mod places;
mod words;

pub use words::{Address, AtNode, Fate, NodeRules, Origin, OutboundNat, Syn, System};

use crate::units::SimTime;
use back::{Back, Open};
use entries::{Entries, Entry, EntryName};
use outbound_nat::OutboundNatPorts;
use places::Places;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// What a run of the layer came to: the most that was in use at a time from warm-up on, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NodePeaks {
    /// Local ports of one address toward one key, the largest share of what it has: how many, address, key.
    pub local_ports: Option<(u64, Address, u32)>,
    /// Ports of one node's address, the largest share of what it has: how many, node, the key if they are one's.
    pub masquerade: Option<(u64, u32, Option<u32>)>,
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
    /// Of the nodes that are not Linux.
    outbound_nat: OutboundNatPorts,
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
            outbound_nat: OutboundNatPorts::default(),
        }
    }

    /// A SYN of a connection from `origin`: what keeps it on its node, if anything. `side` tells connections apart that
    /// are named alike.
    pub fn leave(&mut self, side: u32, syn: &Syn, origin: &Origin) -> Option<AtNode> {
        let (at, from) = (syn.at, self.from);
        match self.rules.system(origin) {
            System::Linux => {}
            System::Open => return None,
            System::OutboundNat => {
                let rules = &self.rules.outbound_nat;
                let leaves = self.outbound_nat.leave(rules, (side, syn), origin, from);
                return (!leaves).then_some(AtNode::Masquerade);
            }
        }
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
        match self.rules.system(origin) {
            System::Linux => {}
            System::Open => return,
            System::OutboundNat => {
                let this = (side, syn);
                return self
                    .outbound_nat
                    .settle(self.rules, this, origin, fate, self.until);
            }
        }
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
        let masqueraded = self.masquerade.iter_mut();
        let masqueraded = masqueraded
            .map(|((node, key), masquerade)| (masquerade.ports.highest(from), *node, Some(*key)));
        for found in masqueraded.chain(self.outbound_nat.peaks(from)) {
            let is_fuller = |most: (u64, u32, Option<u32>)| {
                found.0 * self.rules.ports_of(most.1) > most.0 * self.rules.ports_of(found.1)
            };
            if peaks.masquerade.is_none_or(is_fuller) {
                peaks.masquerade = Some(found);
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

//! What the layer of a node is told: its limits, where a connection starts, what becomes of its SYNs.

use crate::engine::connection::{End, Sort};
use crate::units::SimTime;

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
    /// By node, what it makes of connections; nodes beyond it are as Linux makes them.
    pub systems: Vec<System>,
    /// What nodes of Windows translate to.
    pub outbound_nat: OutboundNat,
}

/// What a node makes of the connections of its pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum System {
    /// Local ports, a masquerade and a table, as Linux has them.
    #[default]
    Linux,
    /// Windows: its pods are translated to ports of its address.
    OutboundNat,
    /// They pass, whatever they are.
    Open,
}

/// The ports of its address that a node of Windows translates its pods to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundNat {
    /// How many a node has.
    pub ports: u64,
    /// Whether it has so many toward each key, or in all.
    pub by_key: bool,
    /// How long one is held after its connection, from when that is closed or has idled out on its way.
    pub hold: SimTime,
}

/// A UDP flow with a packet later than this after its first is a stream (`nf_conntrack_udp_packet` of the kernel's
/// net/netfilter/nf_conntrack_proto_udp.c).
pub(super) const UDP_STREAM: SimTime = SimTime::from_secs(2);

impl NodeRules {
    /// Local ports of `address` toward one key.
    pub fn local_ports_of(&self, address: Address) -> u64 {
        address.pod.map_or(self.local_ports, |(workload, _)| {
            self.pod_local_ports[workload as usize]
        })
    }

    /// What the node makes of a connection from `origin`.
    pub(super) fn system(&self, origin: &Origin) -> System {
        let node = origin.address.node as usize;
        match self.systems.get(node).copied().unwrap_or_default() {
            // What has the node's own address already, and what is not translated.
            System::OutboundNat if origin.address.pod.is_none() || !origin.as_node => System::Open,
            system => system,
        }
    }

    /// Ports of a node's address toward one key.
    pub fn ports_of(&self, node: u32) -> u64 {
        match self.systems.get(node as usize) {
            Some(System::OutboundNat) => self.outbound_nat.ports,
            _ => self.masquerade_ports,
        }
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

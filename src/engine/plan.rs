//! What an outbound type is to the engine: which ports there are, who shares them, how long they are held.

use crate::units::SimTime;
use std::borrow::Cow;
use std::sync::Arc;

/// Transport protocol; TCP and UDP have separate stocks of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP: connections with a handshake.
    Tcp,
    /// UDP: flows without one.
    Udp,
}

/// Who shares a pool of ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// One pool per node.
    ByNode,
    /// One pool for all nodes.
    Shared,
    /// One pool per gateway, shared by the nodes that leave by it.
    ByGateway(Arc<Gateways>),
    /// One pool ("bucket") per public IP and instance, all serving all nodes; bucket index = instance × ips + ip.
    Buckets {
        /// Public IPs.
        ips: u32,
        /// Instances.
        instances: u32,
        /// How a try finds its IP; the instance is always drawn uniformly.
        choice: IpChoice,
    },
}

/// Which nodes leave by which gateway, and how large each is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateways {
    /// By node, its gateway.
    pub of_node: Vec<u32>,
    /// By gateway, how many times the limits of the plan it has: its public IPs. At least 1.
    pub sizes: Vec<u32>,
}

/// How a try finds its public IP on the instance that was drawn for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IpChoice {
    /// Uniform, kept for all SYNs of the try.
    Random,
    /// Uniform, then the next IP of the same instance that has a free port, at every SYN.
    Fallback,
}

/// What a UDP port is busy toward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpKey {
    /// The destination address, whatever the port (Load Balancer's port-restricted cone).
    Address,
    /// The destination address and port.
    AddressAndPort,
}

/// The second limit of a pool and key: connections that are active, or active and held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveLimit {
    /// Connections, at least 1.
    pub limit: u32,
    /// Whether ports in a hold-down count too.
    pub counts_held: bool,
}

/// What a client sees of a SYN for which there is no port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedSyn {
    /// Nothing: it is dropped.
    Silent,
    /// A reset: the try ends at once.
    Reset,
}

/// How the owner of a TCP connection learns that it idled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnIdle {
    /// Both ends get a reset when it does.
    Reset,
    /// Whoever sends the next packet gets a reset.
    ResetNextPacket,
    /// The next packet is dropped, and so are its retransmissions.
    Silent,
}

impl OnIdle {
    /// From the next packet on a connection that has idled out until its sender knows; none where it knows before.
    /// Linux gives up after about 924.6 s (`tcp_retries2` 15: Documentation/networking/ip-sysctl.rst).
    pub fn learns_after_packet(self) -> Option<SimTime> {
        match self {
            OnIdle::Reset => None,
            OnIdle::ResetNextPacket => Some(SimTime::ZERO),
            OnIdle::Silent => Some(SimTime::from_nanos(924_600_000_000)),
        }
    }
}

/// How long a port is held after the life of what used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holds {
    /// TCP idle timeout, from the last packet.
    pub idle: SimTime,
    /// Hold-down after FIN.
    pub after_fin: SimTime,
    /// Hold-down after RST.
    pub after_rst: SimTime,
    /// Hold-down after the idle timeout.
    pub after_idle: SimTime,
    /// From the last unanswered SYN to the release.
    pub half_open: SimTime,
    /// UDP idle timeout, from the last packet.
    pub udp_idle: SimTime,
    /// Hold-down after the UDP idle timeout.
    pub after_udp: SimTime,
}

/// A ceiling on active connections over all keys, enforced as an admission rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ceiling {
    /// Active connections, per instance for [`Grouping::Buckets`], else per gateway; without effect for
    /// [`Grouping::ByNode`].
    pub limit: u64,
}

/// An outbound type as the engine sees it. Limits are per pool and key; of [`Grouping::ByGateway`] they are those of a
/// gateway of size 1 ([`PoolPlan::of_pool`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolPlan {
    /// Who shares a pool.
    pub grouping: Grouping,
    /// Ports per pool and key.
    pub limit: u32,
    /// The second limit, if there is one.
    pub active_limit: Option<ActiveLimit>,
    /// Hold times.
    pub holds: Holds,
    /// How the owner of a connection learns that it idled out.
    pub on_idle: OnIdle,
    /// What a UDP port is busy toward.
    pub udp_key: UdpKey,
    /// Active connections over all keys, if limited.
    pub ceiling: Option<Ceiling>,
    /// What a refused SYN looks like.
    pub refused_syn: RefusedSyn,
}

impl PoolPlan {
    /// Pools of this plan in a cluster of `nodes` nodes.
    pub fn pools(&self, nodes: usize) -> usize {
        match &self.grouping {
            Grouping::ByNode => nodes,
            Grouping::Shared => 1,
            Grouping::ByGateway(gateways) => gateways.sizes.len(),
            Grouping::Buckets { ips, instances, .. } => *ips as usize * *instances as usize,
        }
    }

    /// The pool in which `node` finds its ports; none where all nodes use all pools.
    pub fn pool_of(&self, node: u32) -> Option<u32> {
        match &self.grouping {
            Grouping::ByNode => Some(node),
            Grouping::ByGateway(gateways) => Some(gateways.of_node[node as usize]),
            Grouping::Shared | Grouping::Buckets { .. } => None,
        }
    }

    /// The plan of pool `pool` by itself: of one of several gateways that of a gateway alone, else the plan.
    pub fn of_pool(&self, pool: usize) -> Cow<'_, PoolPlan> {
        let Grouping::ByGateway(gateways) = &self.grouping else {
            return Cow::Borrowed(self);
        };
        let size = gateways.sizes[pool];
        Cow::Owned(PoolPlan {
            grouping: Grouping::Shared,
            limit: self.limit * size,
            active_limit: self.active_limit.map(|active| ActiveLimit {
                limit: active.limit * size,
                ..active
            }),
            ..self.clone()
        })
    }

    /// Sums of active connections that are watched for the ceiling: of the gateway, of all gateways together (what stays
    /// below it in sum does so in each), or of each instance; 0 where there is none.
    pub fn ceiling_scopes(&self) -> usize {
        match (self.ceiling, &self.grouping) {
            (None, _) | (_, Grouping::ByNode) => 0,
            (_, Grouping::Shared | Grouping::ByGateway(_)) => 1,
            (_, Grouping::Buckets { instances, .. }) => *instances as usize,
        }
    }

    /// The limit at which a SYN is refused for ports active or held.
    pub fn binding_limit(&self) -> u32 {
        match self.active_limit {
            Some(active) if active.counts_held => self.limit.min(active.limit),
            _ => self.limit,
        }
    }
}

//! How pools of connections are set up, and what the network does to them.

use crate::engine::OnIdle;
use crate::traffic::stream::StreamPlan;
use crate::traffic::words::Replicas;
use crate::units::SimTime;

/// How the connection pools of a workload are set up; what is none has no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoolSettings {
    /// Instances of the application on a node, each with a pool to each endpoint.
    pub instances: Instances,
    /// Idle connections that a pool keeps.
    pub max_idle: Option<u32>,
    /// Connections that a pool has open at a time, at least 1.
    pub max_open: Option<u32>,
    /// A connection is closed when it has been idle for so long.
    pub idle_timeout: Option<SimTime>,
    /// An idle connection is closed when it is this old, one in use when it comes back.
    pub max_lifetime: Option<SimTime>,
    /// Gap between the packets on an idle connection; none: there are none.
    pub keepalive: Option<SimTime>,
}

/// Instances of an application on a node, 1 to 64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instances {
    /// As many on every node, each with the same share of the requests.
    PerNode(u32),
    /// Those that the scheduler puts there.
    Replicas {
        /// All of them.
        replicas: Replicas,
        /// The first of the nodes that they are dealt to.
        first: u32,
        /// How many nodes those are.
        nodes: u32,
    },
}

impl Instances {
    /// The weights of the instances on `node`; at least one is there.
    pub fn on(&self, node: u32) -> Vec<f64> {
        match self {
            Instances::PerNode(count) => vec![1.0; *count as usize],
            Instances::Replicas {
                replicas,
                first,
                nodes,
            } => replicas.on((node - first) as usize, *nodes as usize),
        }
    }
}

/// What the network does to an idle connection. Spans in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct IdleLoss {
    /// Silence after which it is lost.
    pub idle: u64,
    /// How the pool learns of it.
    pub on_idle: OnIdle,
}

impl IdleLoss {
    /// What a network with this idle timeout does to the idle connections of pools with these settings; none where
    /// keepalives see to it.
    pub fn under(settings: &PoolSettings, idle: SimTime, on_idle: OnIdle) -> Option<IdleLoss> {
        let kept = settings.keepalive.is_some_and(|gap| gap < idle);
        (!kept).then(|| IdleLoss {
            idle: idle.as_nanos(),
            on_idle,
        })
    }
}

/// The pools of one node to one endpoint.
#[derive(Clone, Debug)]
pub struct PooledPlan {
    /// Class of their connections.
    pub class: u32,
    /// The cell that their connections are marked with; a source of one cell has no use for it.
    pub mark: u32,
    /// Requests, each with the pool that it goes to for its cell.
    pub requests: Vec<StreamPlan>,
    /// How many pools there are.
    pub pools: usize,
    /// How they are set up.
    pub settings: PoolSettings,
    /// What the network does to idle connections; none where keepalives or nobody else sees to it.
    pub loss: Option<IdleLoss>,
    /// Names the pools: (workload, endpoint, node).
    pub unit: [u64; 3],
}

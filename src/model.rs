//! What a scenario means: every default applied, indices dense, nothing left to refuse.

mod autoscale;
mod build;
mod cluster;
mod derived;
mod destinations;
mod events;
mod network;
mod node_nat;
mod paths;
pub mod pod_network;
mod replay;
mod services;
mod stages;
mod workloads;

pub use crate::traffic::OpenProcess;
pub use autoscale::{Autoscaler, ScalingStep};
pub use build::{build, refusals};
pub use events::{Buckets, Epoch, Happening};
pub use node_nat::{NodeNat, Pods, TableSize};
pub use paths::{Bypass, Decision, Denial, Path, PathShare, Paths};
pub use pod_network::PodNetwork;
pub use stages::{Migration, Stage};

use crate::engine::{PoolPlan, Protocol, Schedule, UdpKey};
use crate::fault::Fault;
use crate::outbound::{Assumptions, CountedPool, OutboundType, Setup};
use crate::traffic::{
    Burst, Close, Connect, Law, Packets, PoolSettings, Profile, Quiet, Retry, TraceRow,
};
use crate::units::{Seed, SimTime};
use std::collections::BTreeMap;

/// A scenario that can be simulated.
#[derive(Clone, Debug)]
pub struct Model {
    /// Scenario name.
    pub name: String,
    /// One sentence, may be empty.
    pub description: String,
    /// Length of a run, warm-up included.
    pub duration: SimTime,
    /// Start of counting.
    pub warmup: SimTime,
    /// Independent replications, at least 1.
    pub replications: u32,
    /// Seed of the run.
    pub seed: Seed,
    /// Confidence of all intervals, in (0, 1).
    pub confidence: f64,
    /// The node pools and their addresses, for explanations.
    pub cluster: CountedCluster,
    /// Names of the nodes, in the order of pools; of all that are ever there.
    pub nodes: Vec<String>,
    /// Names of the destinations as reported: the declared ones, then those only traces name.
    pub destinations: Vec<String>,
    /// Every destination endpoint.
    pub endpoints: Vec<Endpoint>,
    /// The workloads.
    pub workloads: Vec<Workload>,
    /// The outbound types to simulate, in the order of the file.
    pub outbounds: Vec<Outbound>,
    /// What connections pass on their nodes before the outbound type; none where nodes have room for everything.
    pub node_nat: Option<NodeNat>,
    /// The epochs that events divide the run into, the first from 0 on; one where there are no events.
    pub epochs: Vec<Epoch>,
    /// What autoscalers do in the course of the run; the epochs have it already.
    pub autoscalers: Vec<Autoscaler>,
    /// The assumptions in force.
    pub assumptions: Assumptions,
    /// What a reader of the result should know about the input (skipped trace rows, a mean that does not exist).
    pub notes: Vec<Note>,
}

/// The node pools as Azure counts them, and where their pods have addresses from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountedCluster {
    /// The pools; the sources of traces where the scenario has none.
    pub pools: Vec<CountedPool>,
    /// Addresses of nodes and pods.
    pub addresses: pod_network::Addresses,
}

/// Something worth saying about the input; becomes a finding of every outbound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its code, as in `snatsim explain CODE`.
    pub code: crate::fault::Code,
    /// One sentence.
    pub text: String,
}

/// One destination endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Index into [`Model::destinations`].
    pub destination: u32,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Dense index of its address: endpoints with the same address share it.
    pub address: u32,
    /// Destination port.
    pub port: u16,
}

/// One workload.
#[derive(Clone, Debug)]
pub struct Workload {
    /// Name.
    pub name: String,
    /// Where its connections come from.
    pub traffic: Traffic,
    /// SYN schedule of a try. Ignored for UDP.
    pub connect: Connect,
    /// Tries of a connection.
    pub retry: Retry,
    /// When packets flow on its connections. Ignored for UDP and traces, which have it row by row.
    pub packets: Packets,
    /// The pools of connections that its arrivals go through as requests, if any.
    pub pool: Option<PoolSettings>,
}

/// Where the connections of a workload come from.
#[derive(Clone, Debug)]
pub enum Traffic {
    /// Arrivals that do not wait for anything.
    Open {
        /// Their process.
        process: OpenProcess,
        /// Connections per second over the whole cluster in the long run, where the factor of the profile is 1; 0 where
        /// there are bursts only.
        per_second: f64,
        /// What moves the rate in the course of the run; none where nothing does.
        profile: Option<Profile>,
        /// What comes by the clock beside that.
        bursts: Vec<Burst>,
        /// From where to where, how long, which end.
        mix: Mix,
    },
    /// Clients that think, connect, live and think again.
    Closed {
        /// Clients over the whole cluster.
        clients: u64,
        /// Law of the think time.
        think: Law,
        /// From where to where, how long, which end.
        mix: Mix,
    },
    /// Recorded connections, sorted by start, equal ones in file order, all before `duration`.
    Trace(Vec<TraceRow>),
}

/// From where to where a workload's connections go, how long they live and how they end.
#[derive(Clone, Debug)]
pub struct Mix {
    /// Nodes with their share of the connections, above 0, adding up to 1; ascending node index.
    pub nodes: Vec<(u32, f64)>,
    /// Endpoints with their share, above 0, adding up to 1; ascending endpoint index. All of one protocol.
    pub endpoints: Vec<(u32, f64)>,
    /// Law of the lifetime.
    pub lifetime: Law,
    /// Weights of the ends.
    pub close: Close,
}

/// One outbound type of the scenario.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Name as reported.
    pub name: String,
    /// Its type.
    pub kind: OutboundType,
    /// What the engine simulates, or why Azure would refuse it.
    pub plan: Result<PoolPlan, Vec<Fault>>,
    /// The plans of the model's later epochs; empty where nothing changes it and where Azure refuses it.
    pub later_plans: Vec<PoolPlan>,
    /// The changes of its type, in the order of time; mostly none.
    pub migrations: Vec<Migration>,
    /// By epoch, which of a firewall's buckets there are; empty where that stays. The plans then have the buckets of all
    /// public IPs and instances that are ever there. Where the type changes, by epoch which of the pools of all types.
    pub buckets: Vec<Buckets>,
    /// Public IPs, where the type has them; for sentences.
    pub public_ips: Option<u32>,
    /// How its figures came about, for explanations.
    pub setup: Setup,
    /// What a reader of its result should know about how it was set up.
    pub notes: Vec<Note>,
    /// Which connections take its ports.
    pub paths: Paths,
}

impl Traffic {
    /// Whether it opens nothing; of workloads, only where [`Model::reaching`] left nothing of them.
    pub fn is_empty(&self) -> bool {
        match self {
            Traffic::Open {
                per_second, bursts, ..
            } => *per_second == 0.0 && bursts.is_empty(),
            Traffic::Closed { clients, .. } => *clients == 0,
            Traffic::Trace(rows) => rows.is_empty(),
        }
    }

    /// Connections per second in `[from, until)` of a run, averaged over all runs; none for clients and traces.
    pub fn mean_rate(&self, from: SimTime, until: SimTime) -> Option<f64> {
        let Traffic::Open {
            per_second,
            profile,
            bursts,
            ..
        } = self
        else {
            return None;
        };
        let rate = match profile {
            Some(profile) => per_second * profile.mean(from, until),
            None => *per_second,
        };
        if bursts.is_empty() {
            return Some(rate);
        }
        let within = bursts.iter().map(|burst| burst.begun(from, until));
        Some(rate + within.sum::<f64>() / (until - from).as_secs_f64())
    }

    /// Whether the rate of arrivals that wait for nothing is the same all along, however they come.
    pub fn is_stationary(&self) -> bool {
        matches!(self, Traffic::Open { profile: None, bursts, .. } if bursts.is_empty())
    }
}

impl Workload {
    /// When SYNs and tries of its connections over `protocol` are due.
    pub fn schedule(&self, protocol: Protocol) -> Schedule {
        let Connect {
            timeout,
            syn_retries,
            syn_linear_timeouts,
        } = self.connect;
        let Retry {
            attempts,
            backoff,
            factor,
            jitter,
        } = self.retry;
        let schedule = match protocol {
            Protocol::Tcp => Schedule::tcp(syn_retries, syn_linear_timeouts, timeout),
            Protocol::Udp => Schedule::udp(),
        };
        schedule.with_retry(attempts, backoff, factor, jitter)
    }

    /// Which of its connections over `protocol` idle out inside their lives under `plan`, if any can.
    pub fn quiet(&self, protocol: Protocol, plan: &PoolPlan) -> Option<Quiet> {
        match (protocol, &self.pool) {
            (Protocol::Tcp, None) => self.packets.under(plan.holds.idle, plan.on_idle),
            _ => None,
        }
    }
}

impl Outbound {
    /// Its plans in the order of epochs; none where Azure refuses it.
    pub fn plans(&self) -> impl Iterator<Item = &PoolPlan> {
        self.plan.as_ref().into_iter().chain(&self.later_plans)
    }
}

impl Model {
    /// Whether something happens in the course of a run.
    pub fn has_events(&self) -> bool {
        self.epochs.len() > 1
    }

    /// The key of every endpoint under `plan`, dense, in the order of first use: what a port is busy toward.
    pub fn keys(&self, plan: &PoolPlan) -> Vec<usize> {
        keys_of(&self.endpoints, plan)
    }
}

fn keys_of(endpoints: &[Endpoint], plan: &PoolPlan) -> Vec<usize> {
    let mut dense = BTreeMap::new();
    let key = |endpoint: &Endpoint| {
        let by_address = endpoint.protocol == Protocol::Udp && plan.udp_key == UdpKey::Address;
        let port = (!by_address).then_some(endpoint.port);
        let next = dense.len();
        *dense
            .entry((endpoint.protocol, endpoint.address, port))
            .or_insert(next)
    };
    endpoints.iter().map(key).collect()
}

#[cfg(test)]
mod tests;

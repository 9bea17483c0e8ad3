//! Traffic: the words for it in a scenario, its laws, and the arrival streams drawn from them.

mod batches;
mod bursts;
mod callers;
mod clients;
mod course;
mod dealt;
mod draws;
mod lanes;
mod law;
mod marks;
mod owners;
mod pools;
mod quiet;
mod stream;
pub mod trace;
pub mod words;

pub use batches::BatchSize;
pub use bursts::{Burst, BurstPart};
pub use callers::{Caller, Callers, Mixed};
pub use clients::{ClientPlan, Clients};
pub use course::{Bursty, Correlation, CoursePlan, Profile, State};
pub use dealt::Dealt;
pub use draws::{Draws, Lifetimes};
pub use law::{Law, LawError, quantile_of};
pub use marks::{CellMarks, Ends};
pub use owners::{OwnerPlan, Owners};
pub use pools::{ConnectionPools, IdleLoss, Instances, PoolSettings, PooledPlan};
pub use quiet::{Break, Packets, Quiet};
pub use stream::{Process, Stream, StreamPlan, class_seed};

use crate::engine::Jitter;
use crate::units::SimTime;

/// Weights of the ways a connection ends; they sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Close {
    /// Closed by FIN.
    pub fin: f64,
    /// Closed by RST.
    pub rst: f64,
    /// Left open without a word.
    pub abandon: f64,
    /// Never answered.
    pub unanswered: f64,
}

/// The way one connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseKind {
    /// Closed by FIN.
    Fin,
    /// Closed by RST.
    Rst,
    /// Left open without a word.
    Abandon,
    /// Never answered.
    Unanswered,
}

/// SYN schedule of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connect {
    /// The application's own patience; none means the kernel's.
    pub timeout: Option<SimTime>,
    /// Retransmits with doubling gaps.
    pub syn_retries: u32,
    /// Retransmits one second apart before those.
    pub syn_linear_timeouts: u32,
}

/// Tries of a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Tries in all, at least 1.
    pub attempts: u32,
    /// Pause before the second try.
    pub backoff: SimTime,
    /// Growth of the pause, at least 1.
    pub factor: f64,
    /// How the pause spreads.
    pub jitter: Jitter,
}

/// The process of arrivals that wait for nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OpenProcess {
    /// Independent exponential gaps.
    Poisson,
    /// Evenly spaced for every pair of node and endpoint.
    Constant,
    /// Poisson at one of two rates, for exponential times.
    Bursty(Bursty),
    /// Poisson batches, each from one node to one endpoint.
    Batch(BatchSize),
}

/// One recorded connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceRow {
    /// First SYN.
    pub start: SimTime,
    /// Index into the model's nodes.
    pub node: u32,
    /// Index into the model's endpoints.
    pub endpoint: u32,
    /// From the grant to the end, packets all along unless `keepalive` says otherwise.
    pub lifetime: SimTime,
    /// How it ends.
    pub close: CloseKind,
    /// Gap between packets; none: packets all along.
    pub keepalive: Option<SimTime>,
}

//! The words for when connections are opened.

use super::LawSpec;
use crate::fault::{Code, Fault, Faults, step};
use crate::traffic::{BatchSize, Bursty, Correlation, OpenProcess, State};
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// When the connections of a workload are opened. Rates are over the whole cluster.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum ArrivalsSpec {
    /// Independent of each other, with exponential gaps.
    Poisson {
        /// Connections per second, above 0.
        per_second: f64,
    },
    /// Evenly spaced for every pair of node and endpoint.
    Constant {
        /// Connections per second, above 0.
        per_second: f64,
    },
    /// Poisson at one of two rates, each for exponential times: a Markov-modulated Poisson process.
    Bursty(BurstySpec),
    /// Batches that come at instants of a Poisson process; all connections of a batch are opened at once, on one node
    /// and to one endpoint.
    Batch {
        /// Batches per second, above 0. Connections per second are that times the mean size.
        batches_per_second: f64,
        /// How many connections a batch has.
        size: BatchSizeSpec,
    },
    /// Clients that think, connect, live, and think again.
    Closed {
        /// Clients over the whole cluster, at least 1.
        clients: u64,
        /// Law of the think time.
        think: LawSpec,
    },
    /// Recorded connections, replayed.
    Trace(TraceSpec),
}

/// Two states with a rate each, whose times are exponential. A run begins in either as in the long run.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "two states, such as { \"on\": { \"perSecond\": 500, \"mean\": \"30s\" }, \"off\": { \"perSecond\": 5, \"mean\": \"5m\" } }"
)]
pub struct BurstySpec {
    /// The busy state.
    pub on: StateSpec,
    /// The quiet state.
    pub off: StateSpec,
    /// Who is in the same state at the same time, default `workload`.
    pub correlation: Option<CorrelationSpec>,
}

/// One of the two states.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "a state, such as { \"perSecond\": 500, \"mean\": \"30s\" }"
)]
pub struct StateSpec {
    /// Connections per second over the whole cluster, at least 0, were all of it in this state.
    pub per_second: f64,
    /// Mean time until the state ends, at least 1ms.
    pub mean: SimTime,
}

/// Who bursts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum CorrelationSpec {
    /// All nodes and endpoints of the workload.
    Workload,
    /// Every node for itself.
    Node,
}

/// How many connections a batch has, in whole numbers from 1 to 1,000,000.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum BatchSizeSpec {
    /// Always so many.
    Constant(u32),
    /// Any number from min to max, each as likely.
    Uniform {
        /// The fewest.
        min: u32,
        /// The most.
        max: u32,
    },
    /// 1, 2, 3, … with probabilities that fall by the same factor from each to the next.
    Geometric {
        /// Mean, at least 1; need not be whole.
        mean: f64,
    },
}

/// A recorded trace: CSV, or a Zeek `conn.log`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a trace, such as { \"file\": \"conn.log\" }"
)]
pub struct TraceSpec {
    /// The file, relative to the scenario.
    pub file: String,
    /// Sources that count, as networks such as `10.0.0.0/24`; all when left out.
    pub nodes: Option<Vec<String>>,
}

impl ArrivalsSpec {
    /// Whether the connections come from a trace.
    pub fn is_trace(&self) -> bool {
        matches!(self, ArrivalsSpec::Trace(_))
    }

    /// Names of the files it needs.
    pub fn file(&self) -> Option<&str> {
        match self {
            ArrivalsSpec::Trace(trace) => Some(&trace.file),
            ArrivalsSpec::Closed { think, .. } => think.file(),
            _ => None,
        }
    }

    /// The process of arrivals that wait for nothing, and its connections per second in the long run; none for clients
    /// and traces.
    pub fn open(&self, pointer: &str, faults: &mut Faults) -> Option<(OpenProcess, f64)> {
        match self {
            ArrivalsSpec::Poisson { per_second } => {
                rate(*per_second, "poisson", pointer, faults)?;
                Some((OpenProcess::Poisson, *per_second))
            }
            ArrivalsSpec::Constant { per_second } => {
                rate(*per_second, "constant", pointer, faults)?;
                Some((OpenProcess::Constant, *per_second))
            }
            ArrivalsSpec::Bursty(words) => {
                let bursty = words.resolve(&step(pointer, "bursty"), faults)?;
                Some((OpenProcess::Bursty(bursty), bursty.per_second()))
            }
            ArrivalsSpec::Batch {
                batches_per_second,
                size,
            } => {
                let pointer = step(pointer, "batch");
                let size = size.resolve(&step(&pointer, "size"), faults);
                let per_second = batches_per_second * size.map_or(1.0, |size| size.mean());
                batch_rate(*batches_per_second, per_second, &pointer, faults)?;
                Some((OpenProcess::Batch(size?), per_second))
            }
            ArrivalsSpec::Closed { .. } | ArrivalsSpec::Trace(_) => None,
        }
    }
}

/// Clients of one workload; each takes some memory.
const MOST_CLIENTS: u64 = 10_000_000;

/// Checks a number of clients.
pub fn check_clients(clients: u64, pointer: &str, faults: &mut Faults) {
    let (found, remedy) = match clients {
        0 => (
            "0 clients never open a connection.".to_owned(),
            "Give the number of clients over the whole cluster, or remove the workload.",
        ),
        clients if clients > MOST_CLIENTS => (
            format!("{clients} clients are more than memory holds."),
            "Give the number of clients over the whole cluster, or their connections per second as `poisson`.",
        ),
        _ => return,
    };
    faults.push(Fault {
        code: Code::E0209,
        pointer: step(&step(pointer, "closed"), "clients"),
        found,
        allowed: match clients {
            0 => "1 client or more".to_owned(),
            _ => "1 to 10,000,000 clients".to_owned(),
        },
        remedy: remedy.to_owned(),
    });
}

/// Connections per second of one workload: far above what any NAT carries, and gaps stay well above a nanosecond.
pub(super) const FASTEST: f64 = 10_000_000.0;

/// Checks a rate of arrivals.
fn rate(per_second: f64, process: &str, pointer: &str, faults: &mut Faults) -> Option<()> {
    if per_second > 0.0 && per_second <= FASTEST {
        return Some(());
    }
    faults.push(Fault {
        code: Code::E0209,
        pointer: step(&step(pointer, process), "perSecond"),
        found: format!("The rate is {per_second} connections per second."),
        allowed: "a rate above 0 and at most 10,000,000, over the whole cluster; fractions such as 0.01 are fine"
            .to_owned(),
        remedy: "Give the connections per second of all nodes together, or remove the workload to have none."
            .to_owned(),
    });
    None
}

/// Checks a rate of batches, which come to `per_second` connections.
fn batch_rate(batches: f64, per_second: f64, pointer: &str, faults: &mut Faults) -> Option<()> {
    if batches > 0.0 && per_second <= FASTEST {
        return Some(());
    }
    faults.push(Fault {
        code: Code::E0209,
        pointer: step(pointer, "batchesPerSecond"),
        found: format!(
            "The rate is {batches} batches per second, which are {per_second} connections."
        ),
        allowed: "a rate above 0 that comes to at most 10,000,000 connections per second"
            .to_owned(),
        remedy: "Give the batches per second of all nodes together; 0.1 is one in ten seconds."
            .to_owned(),
    });
    None
}

/// Checks the highest rate that a profile, at `pointer`, comes to.
pub fn check_highest(per_second: f64, pointer: &str, faults: &mut Faults) {
    if per_second > FASTEST {
        faults.push(Fault {
            code: Code::E0271,
            pointer: pointer.to_owned(),
            found: format!("The highest factor makes {per_second} connections per second."),
            allowed: "at most 10,000,000 at any time".to_owned(),
            remedy: "Lower the factor, or the rate of the arrivals.".to_owned(),
        });
    }
}

impl BurstySpec {
    fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<Bursty> {
        let on = self.on.resolve(&step(pointer, "on"), faults);
        let off = self.off.resolve(&step(pointer, "off"), faults);
        let (on, off) = (on?, off?);
        if on.per_second + off.per_second == 0.0 {
            faults.push(Fault {
                code: Code::E0272,
                pointer: pointer.to_owned(),
                found: "Both rates are 0: nothing ever arrives.".to_owned(),
                allowed: "at least one rate above 0".to_owned(),
                remedy: "Give the busy state the connections per second of all nodes together."
                    .to_owned(),
            });
            return None;
        }
        Some(Bursty {
            on,
            off,
            correlation: match self.correlation {
                None | Some(CorrelationSpec::Workload) => Correlation::Workload,
                Some(CorrelationSpec::Node) => Correlation::Node,
            },
        })
    }
}

impl StateSpec {
    fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<State> {
        const SHORTEST: SimTime = SimTime::from_nanos(1_000_000);
        let before = faults.len();
        if !(self.per_second >= 0.0 && self.per_second <= FASTEST) {
            faults.push(Fault {
                code: Code::E0272,
                pointer: step(pointer, "perSecond"),
                found: format!("The rate is {} connections per second.", self.per_second),
                allowed: "0 to 10,000,000, over the whole cluster".to_owned(),
                remedy: "Write 0 for a state in which nothing arrives.".to_owned(),
            });
        }
        if self.mean < SHORTEST {
            faults.push(Fault {
                code: Code::E0272,
                pointer: step(pointer, "mean"),
                found: format!("The state lasts {} in the mean.", self.mean),
                allowed: "a mean time of at least 1ms".to_owned(),
                remedy: "States that change faster than ports come back are as good as one rate between them: use `poisson`."
                    .to_owned(),
            });
        }
        (faults.len() == before).then_some(State {
            per_second: self.per_second,
            mean: self.mean,
        })
    }
}

/// Connections of one batch; they are at hand together.
const LARGEST_BATCH: u32 = 1_000_000;

impl BatchSizeSpec {
    fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<BatchSize> {
        let within = |size: u32| (1..=LARGEST_BATCH).contains(&size);
        let (fits, found, size) = match *self {
            BatchSizeSpec::Constant(size) => (
                within(size),
                format!("A batch has {size} connections."),
                BatchSize::Constant(size),
            ),
            BatchSizeSpec::Uniform { min, max } => (
                within(min) && within(max) && min <= max,
                format!("A batch has {min} to {max} connections."),
                BatchSize::Uniform { min, max },
            ),
            BatchSizeSpec::Geometric { mean } => (
                (1.0..=f64::from(LARGEST_BATCH)).contains(&mean),
                format!("A batch has {mean} connections in the mean."),
                BatchSize::Geometric { mean },
            ),
        };
        if fits {
            return Some(size);
        }
        faults.push(Fault {
            code: Code::E0273,
            pointer: pointer.to_owned(),
            found,
            allowed: "sizes from 1 to 1,000,000, min not above max".to_owned(),
            remedy: "A batch of one is a single connection; for a larger one use \"bursts\", which spread over a span."
                .to_owned(),
        });
        None
    }
}

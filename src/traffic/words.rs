//! The words of traffic in a scenario, and the rules each must keep.

mod arrivals;
mod bursts;
mod check;
mod law;
mod pool;
mod profile;
mod replicas;

pub use arrivals::{
    ArrivalsSpec, BatchSizeSpec, BurstySpec, CorrelationSpec, StateSpec, TraceSpec, check_clients,
    check_highest,
};
pub use bursts::BurstSpec;
pub use law::LawSpec;
pub use pool::{ActivitySpec, PoolSpec, check_keepalive};
pub use profile::{NamedProfile, ProfileSpec, StepSpec};
pub use replicas::Replicas;

use super::{Close, Connect, Retry};
use crate::engine::Jitter;
use crate::fault::{Code, Fault, Faults, step};
use crate::units::SimTime;
use check::Range;
use schemars::JsonSchema;
use serde::Deserialize;

/// How connections spread over the nodes of a pool.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PlacementSpec {
    /// The same share for every node.
    Even,
    /// This share for the first node, in [0, 1]; the others split the rest evenly.
    HotNode(f64),
    /// Node i = 0, 1, … has a share proportional to (i+1)^−s.
    Zipf(f64),
    /// One weight a node, in the order of the pools; they need not sum to 1.
    Weights(Vec<f64>),
}

/// How connections spread over the endpoints of a destination.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PopularitySpec {
    /// The same share for every endpoint.
    Even,
    /// Endpoint i = 1, 2, … has a share proportional to i^−s.
    Zipf(f64),
}

/// Weights of the ways a connection ends; what is left out is 0, and they sum to 1.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "the shares of the ends, such as { \"fin\": 0.95, \"abandon\": 0.05 }"
)]
pub struct CloseSpec {
    /// Closed by FIN.
    pub fin: Option<f64>,
    /// Closed by RST.
    pub rst: Option<f64>,
    /// Left open without a word.
    pub abandon: Option<f64>,
    /// Never answered.
    pub unanswered: Option<f64>,
}

/// SYN schedule of a try. `synRetries` 6 with 0 linear ones is Ubuntu 22.04, with 4 a kernel from 6.5 on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "an object, such as { \"timeout\": \"10s\" }"
)]
pub struct ConnectSpec {
    /// The application's own patience, above 0; left out, the kernel's own end.
    pub timeout: Option<SimTime>,
    /// Retransmits with doubling gaps, 0 to 127, default 6 (Linux `net.ipv4.tcp_syn_retries`).
    pub syn_retries: Option<u32>,
    /// Retransmits one second apart before those, 0 to 127, default 0 (Linux `net.ipv4.tcp_syn_linear_timeouts`).
    pub syn_linear_timeouts: Option<u32>,
}

/// What the application does when a try fails.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object, such as { \"attempts\": 3, \"backoff\": \"1s\" }"
)]
pub struct RetrySpec {
    /// Tries in all, at least 1, the default.
    pub attempts: Option<u32>,
    /// Pause before the second try, default `1s`.
    pub backoff: Option<SimTime>,
    /// Growth of the pause from try to try, at least 1, default 2.
    pub factor: Option<f64>,
    /// How the pause spreads; left out, it does not.
    pub jitter: Option<JitterSpec>,
}

/// How the pauses between tries spread.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a fraction of the pause, such as 0.5, or \"exponential\""
)]
pub enum JitterSpec {
    /// Evenly, by up to this fraction of the pause, in [0, 1].
    Uniform(f64),
    /// By a law.
    Law(JitterLaw),
}

/// A law of pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum JitterLaw {
    /// Exponentially, with the pause as mean: tries that remember nothing, as those of people.
    Exponential,
}

/// Most that Linux accepts for `tcp_syn_retries` and `tcp_syn_linear_timeouts` (`MAX_TCP_SYNCNT` in `include/net/tcp.h`).
const MAX_SYN_RETRIES: u32 = 127;

impl PlacementSpec {
    /// Share of every node of `nodes`, adding up to 1; some may be 0.
    pub fn resolve(&self, nodes: usize, pointer: &str, faults: &mut Faults) -> Option<Vec<f64>> {
        match self {
            PlacementSpec::Even => Some(even(nodes)),
            PlacementSpec::HotNode(share) => {
                let pointer = step(pointer, "hotNode");
                Range::UNIT.check(*share, "The share of the hot node", &pointer, faults)?;
                if nodes == 1 {
                    return Some(vec![1.0]);
                }
                let mut shares = vec![(1.0 - share) / (nodes - 1) as f64; nodes];
                shares[0] = *share;
                Some(shares)
            }
            PlacementSpec::Zipf(exponent) => zipf(*exponent, nodes, &step(pointer, "zipf"), faults),
            PlacementSpec::Weights(weights) => {
                normalised(weights, nodes, &step(pointer, "weights"), faults)
            }
        }
    }
}

impl PopularitySpec {
    /// Share of every endpoint of `endpoints`, adding up to 1; some may be 0.
    pub fn resolve(
        &self,
        endpoints: usize,
        pointer: &str,
        faults: &mut Faults,
    ) -> Option<Vec<f64>> {
        match self {
            PopularitySpec::Even => Some(even(endpoints)),
            PopularitySpec::Zipf(exponent) => {
                zipf(*exponent, endpoints, &step(pointer, "zipf"), faults)
            }
        }
    }
}

fn even(count: usize) -> Vec<f64> {
    vec![1.0 / count as f64; count]
}

/// Shares i^−s / Σ for i = 1 … `count`.
fn zipf(exponent: f64, count: usize, pointer: &str, faults: &mut Faults) -> Option<Vec<f64>> {
    Range::AT_LEAST_ZERO.check(exponent, "The Zipf exponent", pointer, faults)?;
    let weights: Vec<f64> = (1..=count)
        .map(|i| libm::pow(i as f64, -exponent))
        .collect();
    let sum: f64 = weights.iter().sum();
    Some(weights.into_iter().map(|weight| weight / sum).collect())
}

/// Weights divided by their sum.
fn normalised(
    weights: &[f64],
    nodes: usize,
    pointer: &str,
    faults: &mut Faults,
) -> Option<Vec<f64>> {
    let before = faults.len();
    let sum: f64 = weights.iter().sum();
    if weights.len() != nodes {
        faults.push(Fault {
            code: Code::E0207,
            pointer: pointer.to_owned(),
            found: format!(
                "There are {} for {}.",
                check::counted(weights.len(), "weight"),
                check::counted(nodes, "node")
            ),
            allowed: "one weight a node, in the order of the pools".to_owned(),
            remedy: match weights.len().cmp(&nodes) {
                std::cmp::Ordering::Less => format!(
                    "Add {}; 0 keeps a node idle.",
                    check::counted(nodes - weights.len(), "weight")
                ),
                _ => format!(
                    "Remove {}.",
                    check::counted(weights.len() - nodes, "weight")
                ),
            },
        });
    }
    for (i, weight) in weights.iter().enumerate() {
        Range::AT_LEAST_ZERO.check(*weight, "A weight", &step(pointer, i), faults);
    }
    if faults.len() == before && !(sum > 0.0 && sum.is_finite()) {
        faults.push(Fault {
            code: Code::E0207,
            pointer: pointer.to_owned(),
            found: format!("The weights sum to {sum}."),
            allowed: "at least one weight above 0".to_owned(),
            remedy: "Give the nodes that open connections a weight above 0.".to_owned(),
        });
    }
    (faults.len() == before).then(|| weights.iter().map(|weight| weight / sum).collect())
}

/// How far the shares of the ends may be from 1 in sum.
const CLOSE_TOLERANCE: f64 = 1e-9;

impl CloseSpec {
    /// The weights of the ends.
    pub fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<Close> {
        let before = faults.len();
        let named = [
            ("fin", self.fin),
            ("rst", self.rst),
            ("abandon", self.abandon),
            ("unanswered", self.unanswered),
        ];
        for (name, share) in named {
            let what = format!("The share of {name}");
            Range::UNIT.check(share.unwrap_or(0.0), &what, &step(pointer, name), faults);
        }
        let [fin, rst, abandon, unanswered] = named.map(|(_, share)| share.unwrap_or(0.0));
        let sum = fin + rst + abandon + unanswered;
        if faults.len() == before && (sum - 1.0).abs() > CLOSE_TOLERANCE {
            faults.push(sum_fault(&named, sum, pointer));
        }
        (faults.len() == before).then_some(Close {
            fin,
            rst,
            abandon,
            unanswered,
        })
    }
}

/// The fault of ends that do not sum to 1, with the arithmetic.
fn sum_fault(named: &[(&str, Option<f64>)], sum: f64, pointer: &str) -> Fault {
    let terms: Vec<String> = named
        .iter()
        .filter_map(|(name, share)| share.map(|share| format!("{name} {share}")))
        .collect();
    // Ten digits are enough to show the gap and hide the noise of binary fractions.
    let round = |x: f64| libm::round(x * 1e10) / 1e10;
    let rest = round(1.0 - sum);
    Fault {
        code: Code::E0208,
        pointer: pointer.to_owned(),
        found: match terms.is_empty() {
            true => "No end is given.".to_owned(),
            false => format!("The shares sum to {} = {}.", terms.join(" + "), round(sum)),
        },
        allowed: "fin, rst, abandon and unanswered that sum to 1".to_owned(),
        remedy: match rest > 0.0 {
            true => format!(
                "Add the missing {rest}, for example \"fin\": {}.",
                round(named[0].1.unwrap_or(0.0) + rest)
            ),
            false => format!("Take away {}.", -rest),
        },
    }
}

impl ConnectSpec {
    /// The SYN schedule.
    pub fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<Connect> {
        let before = faults.len();
        if self.timeout == Some(SimTime::ZERO) {
            faults.push(Fault {
                code: Code::E0210,
                pointer: step(pointer, "timeout"),
                found: "A try that may take 0s ends before its first SYN.".to_owned(),
                allowed: "a timeout above 0".to_owned(),
                remedy: "Remove it to wait as long as the kernel does: 127 s with 6 SYN retries."
                    .to_owned(),
            });
        }
        let named = [
            ("synRetries", self.syn_retries.unwrap_or(6)),
            ("synLinearTimeouts", self.syn_linear_timeouts.unwrap_or(0)),
        ];
        for (name, value) in named {
            if value > MAX_SYN_RETRIES {
                faults.push(Fault {
                    code: Code::E0210,
                    pointer: step(pointer, name),
                    found: format!("{name} is {value}."),
                    allowed: format!("0 to {MAX_SYN_RETRIES}, as in Linux"),
                    remedy: "Ubuntu 22.04 nodes retransmit 6 times, none of them linear."
                        .to_owned(),
                });
            }
        }
        (faults.len() == before).then_some(Connect {
            timeout: self.timeout,
            syn_retries: named[0].1,
            syn_linear_timeouts: named[1].1,
        })
    }
}

impl RetrySpec {
    /// The tries of a connection.
    pub fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<Retry> {
        let before = faults.len();
        let retry = Retry {
            attempts: self.attempts.unwrap_or(1),
            backoff: self.backoff.unwrap_or(SimTime::from_secs(1)),
            factor: self.factor.unwrap_or(2.0),
            jitter: match self.jitter {
                None => Jitter::NONE,
                Some(JitterSpec::Uniform(most)) => Jitter::Uniform(most),
                Some(JitterSpec::Law(JitterLaw::Exponential)) => Jitter::Exponential,
            },
        };
        if retry.attempts == 0 {
            faults.push(Fault {
                code: Code::E0210,
                pointer: step(pointer, "attempts"),
                found: "With 0 attempts nothing ever connects.".to_owned(),
                allowed: "1 or more; attempts counts all tries, so 1 means no retry".to_owned(),
                remedy: "Write 1 for no retry.".to_owned(),
            });
        }
        Range::AT_LEAST_ONE.check(
            retry.factor,
            "The growth of the pause",
            &step(pointer, "factor"),
            faults,
        );
        if let Jitter::Uniform(most) = retry.jitter {
            Range::UNIT.check(most, "The jitter", &step(pointer, "jitter"), faults);
        }
        (faults.len() == before).then_some(retry)
    }
}

#[cfg(test)]
mod tests;

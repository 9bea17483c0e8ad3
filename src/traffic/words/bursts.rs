//! The words for bursts by the clock.

use super::arrivals::FASTEST;
use crate::fault::{Code, Fault, Faults, step};
use crate::traffic::Burst;
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// A burst: so many connections from an instant on, once or again and again. They add to the arrivals.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a burst, such as { \"at\": \"9h\", \"connections\": 2000, \"over\": \"1m\" }"
)]
pub struct BurstSpec {
    /// When it begins, from the start of the run.
    pub at: SimTime,
    /// After which time it comes again, at least `over`; once when left out.
    pub every: Option<SimTime>,
    /// Connections over the whole cluster, 1 to 10,000,000. They are dealt to nodes by largest remainder, and
    /// from each node to endpoints along their shares: nothing about their number is left to chance.
    pub connections: u64,
    /// Span over which each node opens its part, evenly spaced, default `0s`: all at once.
    pub over: Option<SimTime>,
    /// Span over which the starts of the nodes are spread, default `0s`: node i = 0, 1, … of n begins i/n of it later.
    pub stagger: Option<SimTime>,
}

/// Connections of one burst; each takes some memory.
const MOST_CONNECTIONS: u64 = 10_000_000;

impl BurstSpec {
    /// The burst.
    pub fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<Burst> {
        let before = faults.len();
        let over = self.over.unwrap_or(SimTime::ZERO);
        if !(1..=MOST_CONNECTIONS).contains(&self.connections) {
            faults.push(Fault {
                code: Code::E0274,
                pointer: step(pointer, "connections"),
                found: format!("A burst of {} connections.", self.connections),
                allowed: "1 to 10,000,000 connections over the whole cluster".to_owned(),
                remedy: "Remove the burst to have none of it.".to_owned(),
            });
        }
        match self.every {
            Some(SimTime::ZERO) => faults.push(Fault {
                code: Code::E0274,
                pointer: step(pointer, "every"),
                found: "The burst comes again after 0s.".to_owned(),
                allowed: "a time above 0".to_owned(),
                remedy: "Remove \"every\" for a burst that comes once.".to_owned(),
            }),
            Some(every) if over > every => faults.push(Fault {
                code: Code::E0274,
                pointer: step(pointer, "over"),
                found: format!("The burst takes {over} and comes again after {every}, before it is over."),
                allowed: format!("at most {every}, as \"every\" says"),
                remedy: "Shorten \"over\", or lengthen \"every\"; a load that never pauses is `constant`."
                    .to_owned(),
            }),
            Some(every) if self.connections as f64 > FASTEST * every.as_secs_f64() => {
                faults.push(Fault {
                    code: Code::E0274,
                    pointer: step(pointer, "every"),
                    found: format!("{} connections every {every}.", self.connections),
                    allowed: "at most 10,000,000 connections per second".to_owned(),
                    remedy: "Lengthen \"every\", or open fewer.".to_owned(),
                });
            }
            _ => {}
        }
        (faults.len() == before).then_some(Burst {
            at: self.at,
            every: self.every,
            connections: self.connections,
            over,
            stagger: self.stagger.unwrap_or(SimTime::ZERO),
        })
    }
}

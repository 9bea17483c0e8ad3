//! When the connections of a workload that waits for nothing are opened: its process, its profile, its bursts.

use super::Context;
use crate::fault::{Code, Fault, step};
use crate::model::build::Review;
use crate::traffic::words::{ArrivalsSpec, check_highest};
use crate::traffic::{Burst, OpenProcess, Profile};

/// When connections are opened.
pub(super) struct Opening {
    pub(super) process: OpenProcess,
    pub(super) per_second: f64,
    pub(super) profile: Option<Profile>,
    pub(super) bursts: Vec<Burst>,
}

impl Context<'_> {
    /// When the connections are opened; what breaks a rule is reported and left out.
    pub(super) fn opening(
        &self,
        arrivals: Option<&ArrivalsSpec>,
        review: &mut Review,
    ) -> Option<Opening> {
        let bursts = self.bursts(review);
        let profile = self.spec.profile.as_ref();
        let profile = profile
            .and_then(|words| review.check(|faults| words.resolve(&self.at("profile"), faults)));
        let Some(arrivals) = arrivals else {
            if self.spec.bursts.as_ref().is_none_or(Vec::is_empty) {
                review.fault(Fault {
                    code: Code::E0213,
                    pointer: self.pointer.clone(),
                    found: format!("Workload \"{}\" never opens a connection.", self.spec.name),
                    allowed: "\"arrivals\", \"bursts\", or both".to_owned(),
                    remedy: "Say when connections are opened, such as \"arrivals\": { \"poisson\": { \"perSecond\": 120 } }."
                        .to_owned(),
                });
            } else if self.spec.profile.is_some() {
                review.fault(self.nothing_to_move("profile", "Bursts come by the clock."));
            }
            return Some(Opening {
                process: OpenProcess::Poisson,
                per_second: 0.0,
                profile: None,
                bursts,
            });
        };
        let pointer = self.at("arrivals");
        let (process, per_second) = review.check(|faults| arrivals.open(&pointer, faults))?;
        if let Some(profile) = &profile {
            let highest = profile.highest()
                * match process {
                    OpenProcess::Bursty(bursty) => bursty.highest(),
                    _ => per_second,
                };
            review.check(|faults| check_highest(highest, &self.at("profile"), faults));
        }
        Some(Opening {
            process,
            per_second,
            profile,
            bursts,
        })
    }

    fn bursts(&self, review: &mut Review) -> Vec<Burst> {
        let words = self.spec.bursts.iter().flatten().enumerate();
        words
            .filter_map(|(i, burst)| {
                let pointer = step(&self.at("bursts"), i);
                review.check(|faults| burst.resolve(&pointer, faults))
            })
            .collect()
    }

    /// Clients have no rate.
    pub(super) fn refuse_moving_clients(&self, review: &mut Review) {
        const WHY: &str = "Clients open when they have thought, however late it is.";
        if self.spec.profile.is_some() {
            review.fault(self.nothing_to_move("profile", WHY));
        }
        if self.spec.bursts.is_some() {
            review.fault(self.nothing_to_move("bursts", WHY));
        }
    }

    fn nothing_to_move(&self, field: &str, why: &str) -> Fault {
        Fault {
            code: Code::E0270,
            pointer: self.at(field),
            found: format!("Workload \"{}\" has no rate to move: {why}", self.spec.name),
            allowed: "\"profile\" beside poisson, constant, bursty and batch; \"bursts\" beside those or alone"
                .to_owned(),
            remedy: format!(
                "Remove \"{field}\", or give what it is about a workload of its own."
            ),
        }
    }
}

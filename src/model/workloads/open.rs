//! When the connections of a workload that waits for nothing are opened: its process, its profile, its bursts.

use super::Context;
use crate::fault::{Code, Fault, step};
use crate::model::build::Review;
use crate::scenario::WorkloadSpec;
use crate::traffic::words::check_highest;
use crate::traffic::{Burst, OpenProcess, Profile};

/// When connections are opened.
pub(in crate::model) struct Opening {
    pub(in crate::model) process: OpenProcess,
    pub(in crate::model) per_second: f64,
    pub(in crate::model) profile: Option<Profile>,
    pub(in crate::model) bursts: Vec<Burst>,
}

/// When the connections of the workload `spec` at `pointer` are opened; what breaks a rule is reported and left out.
pub(in crate::model) fn opening(
    spec: &WorkloadSpec,
    pointer: &str,
    review: &mut Review,
) -> Option<Opening> {
    let bursts = bursts(spec, pointer, review);
    let at = |field| step(pointer, field);
    let profile = spec.profile.as_ref();
    let profile =
        profile.and_then(|words| review.check(|faults| words.resolve(&at("profile"), faults)));
    let Some(arrivals) = &spec.arrivals else {
        if spec.bursts.as_ref().is_none_or(Vec::is_empty) {
            review.fault(Fault {
                code: Code::E0213,
                pointer: pointer.to_owned(),
                found: format!("Workload \"{}\" never opens a connection.", spec.name),
                allowed: "\"arrivals\", \"bursts\", or both".to_owned(),
                remedy: "Say when connections are opened, such as \"arrivals\": { \"poisson\": { \"perSecond\": 120 } }."
                    .to_owned(),
            });
        } else if spec.profile.is_some() {
            let fault = nothing_to_move(spec, pointer, "profile", "Bursts come by the clock.");
            review.fault(fault);
        }
        return Some(Opening {
            process: OpenProcess::Poisson,
            per_second: 0.0,
            profile: None,
            bursts,
        });
    };
    let (process, per_second) = review.check(|faults| arrivals.open(&at("arrivals"), faults))?;
    if let Some(profile) = &profile {
        let highest = profile.highest()
            * match process {
                OpenProcess::Bursty(bursty) => bursty.highest(),
                _ => per_second,
            };
        review.check(|faults| check_highest(highest, &at("profile"), faults));
    }
    Some(Opening {
        process,
        per_second,
        profile,
        bursts,
    })
}

fn bursts(spec: &WorkloadSpec, pointer: &str, review: &mut Review) -> Vec<Burst> {
    let words = spec.bursts.iter().flatten().enumerate();
    words
        .filter_map(|(i, burst)| {
            let pointer = step(&step(pointer, "bursts"), i);
            review.check(|faults| burst.resolve(&pointer, faults))
        })
        .collect()
}

impl Context<'_> {
    /// Clients have no rate.
    pub(super) fn refuse_moving_clients(&self, review: &mut Review) {
        const WHY: &str = "Clients open when they have thought, however late it is.";
        let moved = [
            ("profile", self.spec.profile.is_some()),
            ("bursts", self.spec.bursts.is_some()),
        ];
        for (field, _) in moved.iter().filter(|(_, said)| *said) {
            review.fault(nothing_to_move(self.spec, &self.pointer, field, WHY));
        }
    }
}

fn nothing_to_move(spec: &WorkloadSpec, pointer: &str, field: &str, why: &str) -> Fault {
    Fault {
        code: Code::E0270,
        pointer: step(pointer, field),
        found: format!("Workload \"{}\" has no rate to move: {why}", spec.name),
        allowed: "\"profile\" beside poisson, constant, bursty and batch; \"bursts\" beside those or alone"
            .to_owned(),
        remedy: format!("Remove \"{field}\", or give what it is about a workload of its own."),
    }
}

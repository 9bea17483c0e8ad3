//! Connections that fall silent, and pools that keep them: the rules of `keepalive`, `activity`, `reconnect`, `pool`.

use super::Context;
use crate::engine::Protocol;
use crate::fault::{Code, Fault, step};
use crate::model::build::{Files, Review};
use crate::model::{Mix, Traffic};
use crate::traffic::words::check_keepalive;
use crate::traffic::{Law, Packets, PoolSettings};
use std::ops::Range;

impl Context<'_> {
    /// When packets flow on open connections of `traffic`.
    pub(super) fn packets(
        &self,
        traffic: &Traffic,
        files: Files,
        review: &mut Review,
    ) -> Option<Packets> {
        let spec = self.spec;
        let before = review.problems.len();
        review.check(|faults| check_keepalive(spec.keepalive, &self.pointer, faults));
        let pointer = step(&self.at("activity"), "gap");
        let gap = match &spec.activity {
            Some(words) => Some(self.law(&words.gap, &pointer, files, review)?),
            None => None,
        };
        if let (Some(gap), Some(mix)) = (&gap, mix(traffic)) {
            check_gap(gap, &mix.lifetime, &pointer, review);
        }
        let reconnects = spec.reconnect.unwrap_or(false);
        let packets = spec.keepalive.is_some() || spec.activity.is_some();
        if reconnects && matches!(traffic, Traffic::Closed { .. }) {
            let found =
                "Clients think before they open their next connection: they do not reconnect.";
            review.fault(self.has_no_place("reconnect", found));
        } else if reconnects && !packets {
            let found = "Packets flow all along on these connections: none is lost that could be opened again.";
            review.fault(self.has_no_place("reconnect", found));
        }
        (review.problems.len() == before).then_some(Packets {
            gap,
            keepalive: spec.keepalive,
            reconnects,
        })
    }

    /// The pools on `nodes` that requests go through; none inside where there are none.
    pub(super) fn pool(
        &self,
        traffic: &Traffic,
        nodes: &Range<usize>,
        review: &mut Review,
    ) -> Option<Option<PoolSettings>> {
        let spec = self.spec;
        let Some(words) = &spec.pool else {
            return Some(None);
        };
        let before = review.problems.len();
        let settings =
            review.check(|faults| words.resolve(self.replicas(), nodes, &self.at("pool"), faults));
        if matches!(traffic, Traffic::Closed { .. }) {
            let found =
                "Clients of a closed loop have a connection each: there is no pool to share.";
            review.fault(self.has_no_place("pool", found));
        }
        let endpoints = &self.destinations.endpoints;
        let flows = |mix: &Mix| {
            let mut to = mix.endpoints.iter();
            to.any(|(endpoint, _)| endpoints[*endpoint as usize].protocol == Protocol::Udp)
        };
        if mix(traffic).is_some_and(flows) {
            let found = "A UDP flow is no connection that a pool could keep.";
            review.fault(self.has_no_place("pool", found));
        }
        let elsewhere = [
            ("keepalive", spec.keepalive.is_some()),
            ("activity", spec.activity.is_some()),
            ("reconnect", spec.reconnect.is_some()),
        ];
        for (field, _) in elsewhere.iter().filter(|(_, said)| *said) {
            let found = "Connections of a pool are silent while they are idle, but for the keepalive of the pool.";
            review.fault(self.has_no_place(field, found));
        }
        (review.problems.len() == before).then_some(settings)
    }

    fn has_no_place(&self, field: &str, found: &str) -> Fault {
        Fault {
            code: Code::E0291,
            pointer: self.at(field),
            found: found.to_owned(),
            allowed: "\"keepalive\" and \"activity\" beside arrivals that open connections, \"reconnect\" beside one of \
                      these where nobody waits; \"pool\" beside arrivals that are requests over TCP, its \"keepalive\" \
                      inside it"
                .to_owned(),
            remedy: format!("Remove \"{field}\"."),
        }
    }
}

fn mix(traffic: &Traffic) -> Option<&Mix> {
    match traffic {
        Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => Some(mix),
        Traffic::Trace(_) => None,
    }
}

/// Gaps are drawn one by one along a lifetime.
fn check_gap(gap: &Law, lifetime: &Law, pointer: &str, review: &mut Review) {
    const MOST: f64 = 100_000.0;
    let packets = lifetime.quantile(0.99) / gap.mean();
    if packets.is_nan() || packets > MOST {
        review.fault(Fault {
            code: Code::E0290,
            pointer: pointer.to_owned(),
            found: format!(
                "With gaps of {} s on average, a long connection has more than {MOST} packets.",
                gap.mean()
            ),
            allowed: format!("gaps that make at most {MOST} packets of all but the longest lifetimes"),
            remedy: "Give the law of the pauses that matter: those between bursts of packets, of seconds or minutes."
                .to_owned(),
        });
    }
}

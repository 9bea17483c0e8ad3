//! What events did: for the document, and in sentences.

use super::document::{EventResult, Figures, Finding, Severity};
use super::figures::Subject;
use super::words::{count, counted};
use crate::engine::{Grouping, PoolPlan};
use crate::fault::Code;
use crate::model::Happening;
use crate::record::TakenBack;
use crate::units::SimTime;
use std::collections::BTreeMap;

/// What happened to this outbound type, instant by instant. What an event takes back later, such as batch after batch of
/// an upgrade, counts with its beginning.
pub fn of(subject: &Subject) -> Vec<EventResult> {
    let epochs = subject.model.epochs.iter().zip(subject.outbound.plans());
    let outbounds = &subject.model.outbounds;
    let own = outbounds
        .iter()
        .position(|of| of.name == subject.outbound.name);
    let mut found: Vec<EventResult> = Vec::new();
    let mut place_of_epoch: BTreeMap<usize, usize> = BTreeMap::new();
    let mut limit = largest(subject.plan);
    for (index, (epoch, plan)) in epochs.enumerate().skip(1) {
        let before = std::mem::replace(&mut limit, largest(plan));
        let mut taken = TakenBack::default();
        let of_runs = subject.run.replications.iter();
        of_runs
            .filter_map(|run| run.taken_back.get(index - 1))
            .for_each(|more| taken.add(more));
        let began = epoch.goes_on.unwrap_or(index);
        let concerns = |what: &&Happening| what.outbound.is_none() || what.outbound == own;
        let what: Vec<&str> = epoch
            .what
            .iter()
            .filter(concerns)
            .map(|what| what.phrase.as_str())
            .collect();
        if !what.is_empty() {
            place_of_epoch.insert(index, found.len());
            found.push(EventResult {
                at: epoch.at.as_secs_f64(),
                what: what.join(", "),
                limit_before: before,
                limit,
                ports_taken_back: 0,
                broken: 0,
            });
        }
        if let Some(last) = found.last_mut() {
            last.limit = limit;
        }
        if let Some(event) = place_of_epoch.get(&began) {
            found[*event].ports_taken_back += taken.ports;
            found[*event].broken += taken.broken;
        }
    }
    found
}

/// Ports of the largest pool.
fn largest(plan: &PoolPlan) -> u32 {
    let pools = match &plan.grouping {
        Grouping::ByGateway(gateways) => gateways.sizes.len(),
        _ => 1,
    };
    let limits = (0..pools).map(|pool| plan.of_pool(pool).limit);
    limits.max().unwrap_or(plan.limit)
}

impl Figures {
    /// Whether events change how many ports a pool has: a limit is then that of its time.
    pub fn limits_change(&self) -> bool {
        let mut events = self.events.iter();
        events.any(|event| event.limit != event.limit_before)
    }

    /// The ports of the pool that came nearest to its limit, in words: `64,512 ports`, or where events change them
    /// `512 ports that it had then`.
    pub fn ports_at_peak(&self) -> String {
        let ports = counted(u64::from(self.pools.limit), "port");
        match self.limits_change() {
            true => format!("{ports} that it had then"),
            false => ports,
        }
    }
}

/// A sentence an event that changed something under this outbound type.
pub fn findings(subject: &Subject, events: &[EventResult]) -> Vec<Finding> {
    let whose = match subject.plan.grouping {
        Grouping::ByGateway(_) => "the largest gateway",
        _ => "a pool",
    };
    let of_those = match subject.model.warmup {
        SimTime::ZERO => "",
        _ => " of those opened after the warm-up",
    };
    let mut found = Vec::new();
    for event in events {
        let (was, now) = (event.limit_before, event.limit);
        let mut text = format!("At {} {}", SimTime::from_secs_f64(event.at), event.what);
        match was == now {
            true => text.push('.'),
            false => {
                text += &format!(
                    ": {whose} has {} from then on, after {}.",
                    counted(u64::from(now), "port"),
                    count(u64::from(was))
                )
            }
        }
        if event.ports_taken_back > 0 {
            let broke = match event.broken {
                0 => String::new(),
                broken => format!(", which broke {}{of_those}", counted(broken, "connection")),
            };
            text += &format!(
                " Over all replications {} in use came back before the time{broke}.",
                counted(event.ports_taken_back, "port"),
            );
        }
        let severity = match event.broken {
            0 => Severity::Info,
            _ => Severity::Warning,
        };
        found.push(Finding {
            code: Code::F0170.id().to_owned(),
            severity,
            text,
        });
    }
    found
}

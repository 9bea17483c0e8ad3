//! Events under their rules, taken apart into changes.

mod pools;
mod settings;

use super::{Change, Events, What};
use crate::fault::{Code, Fault, step};
use crate::model::build::{Review, among};
use crate::model::derived::Derived;
use crate::outbound::{Assumptions, OutboundSpec, OutboundType, stray_profiles};
use crate::scenario::{EventSpec, LoseInstanceSpec, ProtocolSpec, ScenarioSpec};
use crate::units::SimTime;
use serde_json::Value;
use settings::settings;
use std::collections::BTreeSet;

/// From when on an instance that is scaled in answers every packet with RST, after it took no new connections.
/// `articles/firewall/firewall-faq.yml`.
pub(super) const DRAIN: SimTime = SimTime::from_secs(45);

/// How long it takes until a lost instance is replaced: `articles/firewall/firewall-faq.yml`.
const REPLACED_AFTER: SimTime = SimTime::from_secs(10);

const POINTER: &str = "/events";

/// What is read while events are taken apart.
struct Reader<'a> {
    spec: &'a ScenarioSpec,
    assumptions: &'a Assumptions,
    file: Value,
    pools: Vec<String>,
    counts: Vec<u32>,
    /// Outbound entries and node pools, by when they are changed.
    changed: BTreeSet<(SimTime, &'static str, usize)>,
    /// By pool, until when its last upgrade takes.
    upgraded: Vec<SimTime>,
    /// By outbound entry, its type as events leave it.
    types: Vec<Option<OutboundType>>,
    events: Events,
}

impl Events {
    /// Reads all events; what breaks a rule is reported and left out.
    pub(in crate::model) fn read(
        derived: &Derived,
        assumptions: &Assumptions,
        review: &mut Review,
    ) -> Events {
        let loaded = &derived.loaded;
        let spec = &loaded.spec;
        let declared = spec
            .cluster
            .as_ref()
            .and_then(|cluster| cluster.node_pools.as_deref())
            .unwrap_or_default();
        let counts: Vec<u32> = declared.iter().map(|pool| pool.count).collect();
        let mut reader = Reader {
            spec,
            assumptions,
            file: serde_json::from_str(&loaded.text).expect("the text of a scenario is JSON"),
            pools: declared.iter().map(|pool| pool.name.clone()).collect(),
            changed: BTreeSet::new(),
            upgraded: vec![SimTime::ZERO; counts.len()],
            events: Events {
                changes: Vec::new(),
                most: counts.clone(),
                autoscalers: Vec::new(),
            },
            counts,
            types: spec
                .outbound
                .iter()
                .flatten()
                .map(|entry| OutboundType::find(entry.outbound_type.as_deref()?))
                .collect(),
        };
        let mut in_time: Vec<(usize, &EventSpec)> =
            spec.events.iter().flatten().enumerate().collect();
        in_time.sort_by_key(|(_, event)| event.at);
        for (index, event) in in_time {
            reader.event(event, &step(POINTER, index), review);
        }
        let mut events = reader.events;
        events.changes.retain(|change| change.at < spec.duration);
        events.scale_pools(derived, review);
        events.sort();
        events
    }
}

impl Reader<'_> {
    fn push(&mut self, at: SimTime, pointer: &str, what: What, phrase: Option<String>) {
        self.events.changes.push(Change {
            at,
            pointer: pointer.to_owned(),
            what,
            phrase,
        });
    }

    fn event(&mut self, event: &EventSpec, pointer: &str, review: &mut Review) {
        if event.at == SimTime::ZERO || event.at >= self.spec.duration {
            review.fault(Fault {
                code: Code::E0411,
                pointer: step(pointer, "at"),
                found: format!("An event at {} of a run of {}.", event.at, self.spec.duration),
                allowed: format!("a time above 0s and below {}", self.spec.duration),
                remedy: "What is so from the start belongs into the scenario itself; for what comes later, lengthen the \
                         duration."
                    .to_owned(),
            });
        }
        let kinds = [
            ("setOutbound", event.set_outbound.is_some()),
            ("scale", event.scale.is_some()),
            ("upgrade", event.upgrade.is_some()),
            ("stopAnswering", event.stop_answering.is_some()),
            ("loseInstance", event.lose_instance.is_some()),
        ];
        let given: Vec<&str> = kinds
            .iter()
            .filter(|kind| kind.1)
            .map(|kind| kind.0)
            .collect();
        if given.len() != 1 {
            review.fault(Fault {
                code: Code::E0410,
                pointer: pointer.to_owned(),
                found: match given.len() {
                    0 => "An event that says when, but not what.".to_owned(),
                    _ => format!("An event of several kinds: {}.", given.join(", ")),
                },
                allowed: "\"at\" and one of setOutbound, scale, upgrade, stopAnswering, loseInstance".to_owned(),
                remedy: "Make each an event of its own; at one instant they happen in the order of the list."
                    .to_owned(),
            });
            return;
        }
        let at = event.at;
        if let Some(patch) = &event.set_outbound {
            self.set_outbound(at, patch, &step(pointer, "setOutbound"), review);
        }
        if let Some(scale) = &event.scale {
            self.scale(
                at,
                &scale.node_pool,
                scale.count,
                &step(pointer, "scale"),
                review,
            );
        }
        if let Some(upgrade) = &event.upgrade {
            self.upgrade(at, upgrade, &step(pointer, "upgrade"), review);
        }
        if let Some(loss) = &event.lose_instance {
            self.lose_instance(at, loss, &step(pointer, "loseInstance"), review);
        }
        if let Some(silence) = &event.stop_answering {
            let pointer = step(pointer, "stopAnswering");
            self.silence(at, &silence.destination, silence.span, &pointer, review);
        }
    }

    /// The entry of `outbound` called `name`, or the only one; its index and name.
    fn outbound(
        &self,
        name: Option<&String>,
        pointer: String,
        review: &mut Review,
    ) -> Option<(usize, String)> {
        let entries = self.spec.outbound.as_deref().unwrap_or_default();
        let names: Vec<String> = entries
            .iter()
            .map(|entry| entry.name.as_ref().or(entry.outbound_type.as_ref()))
            .map(|name| name.cloned().unwrap_or_default())
            .collect();
        let written = self.file.get("outbound").and_then(Value::as_array);
        let index = match name {
            Some(name) => names.iter().position(|known| known == name),
            None if written.is_some_and(|entries| entries.len() == 1) => Some(0),
            None => None,
        };
        let Some(index) = index else {
            let name = name.map(String::as_str);
            let (allowed, remedy) = among("outbound", name.unwrap_or_default(), &names);
            review.fault(Fault {
                code: Code::E0412,
                pointer,
                found: match name {
                    Some(name) => format!("There is no outbound \"{name}\"."),
                    None => "The scenario has several outbound types, and the event names none."
                        .to_owned(),
                },
                allowed,
                remedy: match name {
                    Some(_) => remedy,
                    None => "Say which: one of these.".to_owned(),
                },
            });
            return None;
        };
        Some((index, names[index].clone()))
    }

    fn set_outbound(
        &mut self,
        at: SimTime,
        words: &OutboundSpec,
        pointer: &str,
        review: &mut Review,
    ) {
        let Some((index, name)) = self.outbound(words.name.as_ref(), step(pointer, "name"), review)
        else {
            return;
        };
        self.once_at(at, "outbound entry", index, pointer, review);
        let entry = &self.spec.outbound.as_deref().unwrap_or_default()[index];
        let begins = words
            .azure_firewall
            .as_ref()
            .is_some_and(|block| block.autoscale_configuration.is_some());
        if begins || entry.firewall_scaling(self.assumptions).is_some() {
            review.fault(Fault {
                code: Code::E0418,
                pointer: pointer.to_owned(),
                found: match begins {
                    true => format!("\"{name}\" gets another rule to scale by in the course of the run."),
                    false => format!("\"{name}\" scales by a rule, and an event configures it anew."),
                },
                allowed: "setOutbound of entries without autoscaleConfiguration, or with one whose minCapacity is its maxCapacity"
                    .to_owned(),
                remedy: "Let the rule stand from the start and leave the event out, or let events set \"instances\"."
                    .to_owned(),
            });
            return;
        }
        let was = self.types[index];
        let becomes = match words.outbound_type.as_deref() {
            Some(word) => OutboundType::find(word),
            None => was,
        };
        if let Some(kind) = becomes
            && let Some(profile) = stray_profiles(words, kind).next()
        {
            review.fault(Fault {
                code: Code::E0303,
                pointer: step(pointer, profile),
                found: format!(
                    "The event sets \"{profile}\", and \"{name}\" is \"{}\" from then on: it would change nothing.",
                    kind.word()
                ),
                allowed: "the profile of the outboundType that the entry then has".to_owned(),
                remedy: "Take it out, name the entry that it is for, or let the event set that outboundType."
                    .to_owned(),
            });
            return;
        }
        let mut patch = self.file.pointer(pointer).cloned().unwrap_or_default();
        if let Some(patch) = patch.as_object_mut() {
            patch.remove("name");
        }
        // Without a word about instances there are as many as before; null is Azure's default.
        let scales = match patch.get("azureFirewall") {
            Some(Value::Object(firewall)) => firewall.contains_key("instances"),
            other => other.is_some(),
        };
        let phrase = match becomes {
            Some(is) if was != becomes => {
                self.types[index] = becomes;
                format!("{name} becomes {}", is.word())
            }
            _ => format!("{name} gets {}", settings(&patch)),
        };
        self.push(at, pointer, What::Outbound { index, patch }, Some(phrase));
        if scales {
            self.push(at.saturating_add(DRAIN), pointer, What::Drained, None);
        }
    }

    /// Refuses a second change of one thing at one instant: what lies between them would be there for no time, and take
    /// nothing away.
    fn once_at(
        &mut self,
        at: SimTime,
        what: &'static str,
        index: usize,
        pointer: &str,
        review: &mut Review,
    ) {
        if !self.changed.insert((at, what, index)) {
            review.fault(Fault {
                code: Code::E0417,
                pointer: pointer.to_owned(),
                found: format!("The same {what} changes twice at {at}."),
                allowed: "one change of a thing at an instant".to_owned(),
                remedy: "Let the second come later, by a second say: what the first takes away is then taken."
                    .to_owned(),
            });
        }
    }

    fn lose_instance(
        &mut self,
        at: SimTime,
        words: &LoseInstanceSpec,
        pointer: &str,
        review: &mut Review,
    ) {
        let place = step(pointer, "outbound");
        let Some((index, name)) = self.outbound(words.outbound.as_ref(), place, review) else {
            return;
        };
        let entries = self.spec.outbound.as_deref().unwrap_or_default();
        let became_one = matches!(self.types[index], Some(OutboundType::UserDefinedRouting))
            && entries[index].outbound_type.as_deref()
                != Some(OutboundType::UserDefinedRouting.word());
        if !entries[index].is_firewall() && !became_one {
            let firewalls = entries.iter().filter(|entry| entry.is_firewall());
            let names: Vec<String> = firewalls
                .filter_map(|entry| entry.name.as_ref().or(entry.outbound_type.as_ref()))
                .map(|name| format!("\"{name}\""))
                .collect();
            review.fault(Fault {
                code: Code::E0412,
                pointer: pointer.to_owned(),
                found: format!("\"{name}\" loses an instance, and has none."),
                allowed: match names.is_empty() {
                    true => {
                        "an entry of \"outbound\" with the ports of a firewall, and there is none"
                            .to_owned()
                    }
                    false => format!("a firewall: {}", names.join(", ")),
                },
                remedy: match names.first() {
                    Some(one) => format!("Write \"outbound\": {one}."),
                    None => "Remove the event.".to_owned(),
                },
            });
            return;
        }
        let instance = words.instance.unwrap_or(0);
        let turn = |there| What::Instance {
            index,
            instance,
            there,
        };
        let phrase = Some(format!("{name} loses instance {instance}"));
        self.push(at, pointer, turn(false), phrase);
        let back = at.saturating_add(words.span.unwrap_or(REPLACED_AFTER));
        self.push(back, pointer, turn(true), None);
    }

    fn silence(
        &mut self,
        at: SimTime,
        name: &str,
        span: SimTime,
        pointer: &str,
        review: &mut Review,
    ) {
        let declared = self.spec.destinations.as_deref().unwrap_or_default();
        let names: Vec<String> = declared.iter().map(|known| known.name.clone()).collect();
        let Some(destination) = names.iter().position(|known| known == name) else {
            let (allowed, remedy) = among("destination", name, &names);
            review.fault(Fault {
                code: Code::E0412,
                pointer: step(pointer, "destination"),
                found: format!("There is no destination \"{name}\"."),
                allowed,
                remedy,
            });
            return;
        };
        if declared[destination].protocol == Some(ProtocolSpec::Udp) {
            review.fault(Fault {
                code: Code::E0417,
                pointer: step(pointer, "destination"),
                found: format!("\"{name}\" is UDP, and stops answering."),
                allowed: "a TCP destination".to_owned(),
                remedy: "Leave the event out: a UDP flow takes its port with the first packet and keeps it for the idle \
                         timeout, answered or not."
                    .to_owned(),
            });
        }
        if span == SimTime::ZERO {
            review.fault(Fault {
                code: Code::E0411,
                pointer: step(pointer, "for"),
                found: "A destination that stops answering for 0s.".to_owned(),
                allowed: "a span above 0s".to_owned(),
                remedy: "Two minutes are a short outage: \"2m\".".to_owned(),
            });
        }
        let destination = destination as u32;
        let turn = |answers| What::Answers {
            destination,
            answers,
        };
        self.push(
            at,
            pointer,
            turn(false),
            Some(format!("{name} stops answering")),
        );
        let ends = at.saturating_add(span);
        self.push(
            ends,
            pointer,
            turn(true),
            Some(format!("{name} answers again")),
        );
    }
}

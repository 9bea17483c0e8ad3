//! The ports of a Windows node's address, which its pods are translated to (OutboundNAT).

use super::TryName;
use super::places::Places;
use super::words::{Fate, NodeRules, Origin, OutboundNat, Syn};
use std::collections::BTreeMap;

/// The ports of all nodes that translate so.
#[derive(Debug, Default)]
pub(super) struct OutboundNatPorts {
    /// By node and key.
    ports: BTreeMap<(u32, u32), Places>,
    /// By side and connection whose try goes on, whether it has a port.
    waiting: BTreeMap<(u32, TryName), bool>,
    /// Whether the try of the SYN in hand has a port.
    has_port: bool,
}

/// What ports are busy toward where none may serve two destinations.
const ANYTHING: u32 = u32::MAX;

impl OutboundNat {
    fn key(&self, origin: &Origin) -> (u32, u32) {
        let key = if self.by_key { origin.key } else { ANYTHING };
        (origin.address.node, key)
    }
}

impl OutboundNatPorts {
    /// Whether a SYN finds a port; peaks count from `from` on, in nanoseconds.
    pub fn leave(
        &mut self,
        rules: &OutboundNat,
        (side, syn): (u32, &Syn),
        origin: &Origin,
        from: u64,
    ) -> bool {
        self.has_port = match syn.begins {
            true => false,
            false => {
                let waits = self.waiting.remove(&(side, syn.name()));
                waits.expect("a try that goes on waits")
            }
        };
        if !self.has_port {
            let ports = self.ports.entry(rules.key(origin)).or_default();
            self.has_port = ports.used(syn.at, from) < rules.ports;
            if self.has_port {
                ports.take();
            }
        }
        self.has_port
    }

    /// What became of the SYN that was seen last; what comes back at `until` or later stays taken.
    pub fn settle(
        &mut self,
        rules: &NodeRules,
        (side, syn): (u32, &Syn),
        origin: &Origin,
        fate: Fate,
        until: u64,
    ) {
        let nat = &rules.outbound_nat;
        let back = match fate {
            Fate::Refused { next: Some(_), .. } => {
                self.waiting.insert((side, syn.name()), self.has_port);
                return;
            }
            Fate::Open { inactive_at, .. } => inactive_at.saturating_add(nat.hold.as_nanos()),
            Fate::Unanswered { ends, .. } | Fate::Refused { ends, .. } => ends,
        };
        if self.has_port && back < until {
            let ports = self.ports.get_mut(&nat.key(origin));
            ports.expect("it has one of them").give_back(back);
        }
    }

    /// The most that were in use at a time from `from` on, by node and what they were busy toward, if that is known.
    pub fn peaks(&mut self, from: u64) -> impl Iterator<Item = (u64, u32, Option<u32>)> {
        self.ports.iter_mut().map(move |((node, key), ports)| {
            let toward = (*key != ANYTHING).then_some(*key);
            (ports.highest(from), *node, toward)
        })
    }
}

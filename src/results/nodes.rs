//! What the node's own layer came to: its figures, its part of the verdict, and the sentences about it.

use super::document::{Finding, NodeLimit, NodeNatResult, Severity, Verdict};
use super::figures::{Subject, TIGHT};
use super::words::{count, counted, share};
use crate::engine::AtNode;
use crate::fault::Code;
use crate::simulate::{NodePeak, Toward};

/// The figures; none where nodes have room for everything.
pub(super) fn figures(subject: &Subject) -> Option<NodeNatResult> {
    let (nat, run) = (
        subject.model.node_nat.as_ref()?,
        subject.run.nodes.as_ref()?,
    );
    let limit = |why: AtNode, limit: u64, peak: Option<NodePeak>| {
        let index = why as usize;
        NodeLimit {
            limit: peak.map_or(limit, |peak| peak.limit),
            peak_used: peak.map_or(0, |peak| peak.used),
            at: peak.map(|peak| place(subject, &peak)),
            refused: subject.total.kept[index] + run.aside_kept[index],
            failed: subject.total.failed_at_node[index] + run.aside_failed[index],
        }
    };
    let rules = &nat.rules;
    Some(NodeNatResult {
        local_ports: limit(AtNode::LocalPorts, rules.local_ports, run.local_ports),
        masquerade: limit(AtNode::Masquerade, rules.masquerade_ports, run.masquerade),
        conntrack: limit(AtNode::Conntrack, rules.conntrack, run.conntrack),
        failed_without_snat: run.aside_failed.iter().sum(),
    })
}

/// `apps-0 (checkout) toward sql`.
fn place(subject: &Subject, peak: &NodePeak) -> String {
    let model = subject.model;
    let node = &model.nodes[peak.node as usize];
    let pod = peak.workload.map_or_else(String::new, |workload| {
        format!(" ({})", model.workloads[workload as usize].name)
    });
    let toward = match peak.toward {
        None => String::new(),
        Some(Toward::Destination(index)) => {
            format!(" toward {}", model.destinations[index as usize])
        }
        Some(Toward::Proxy(path)) => {
            let decisions = subject.outbound.paths.decisions();
            format!(" toward {}", decisions[path as usize].rule)
        }
    };
    format!("{node}{pod}{toward}")
}

impl NodeLimit {
    fn share(&self) -> f64 {
        self.peak_used as f64 / self.limit.max(1) as f64
    }
}

impl NodeNatResult {
    /// The limits in the order in which a connection meets them, each with what runs out there.
    fn limits(&self) -> [(&NodeLimit, &'static str); 3] {
        [
            (&self.local_ports, "local ports of a pod"),
            (&self.conntrack, "connection table of a node"),
            (&self.masquerade, "masquerade ports of a node"),
        ]
    }

    fn refused(&self) -> u64 {
        self.limits().iter().map(|(limit, _)| limit.refused).sum()
    }

    /// Connections that failed on their node, those included that take no SNAT port.
    pub fn failed(&self) -> u64 {
        self.limits().iter().map(|(limit, _)| limit.failed).sum()
    }

    /// The limit that came nearest to being used up.
    fn fullest(&self) -> (&NodeLimit, &'static str) {
        let limits = self.limits().into_iter();
        let fullest = limits.reduce(|best, next| match next.0.share() > best.0.share() {
            true => next,
            false => best,
        });
        fullest.expect("there are three")
    }

    /// The highest use of any limit; 1 is full.
    pub(super) fn peak_use(&self) -> f64 {
        self.fullest().0.share()
    }

    /// What the nodes alone would make of it.
    pub(super) fn verdict(&self) -> Verdict {
        if self.failed() > 0 {
            Verdict::Exhausted
        } else if self.refused() > 0 {
            Verdict::Slow
        } else if self.peak_use() >= TIGHT {
            Verdict::Tight
        } else {
            Verdict::Clear
        }
    }

    /// What became of connections on their nodes, where that is worse than clear: one sentence. `alone` where SNAT ports
    /// were not short.
    pub(super) fn sentence(&self, alone: bool) -> Option<String> {
        let (prefix, near) = match alone {
            true => ("Not SNAT", "Not SNAT, but near"),
            false => ("And on nodes", "Near on nodes, too"),
        };
        let most_by = |of: fn(&NodeLimit) -> u64| {
            let limits = self.limits().into_iter();
            let most = limits.reduce(|a, b| if of(b.0) > of(a.0) { b } else { a });
            most.expect("there are three")
        };
        let (most, what) = match self.verdict() {
            Verdict::Exhausted => most_by(|limit| limit.failed),
            _ => most_by(|limit| limit.refused),
        };
        match self.verdict() {
            Verdict::Exhausted => Some(format!(
                "{prefix}: {} failed on the node, mostly for want of {what} ({} of {} used{}).",
                counted(self.failed(), "connection"),
                count(most.peak_used),
                count(most.limit),
                at(most)
            )),
            Verdict::Slow => Some(format!(
                "{prefix}: {} by nodes, mostly for want of {what} ({} of {} used{}); no connection failed for that.",
                counted(self.refused(), "refusal"),
                count(most.peak_used),
                count(most.limit),
                at(most)
            )),
            Verdict::Tight => Some(format!("{near}: {}.", self.nearest())),
            Verdict::Clear | Verdict::Refused => None,
        }
    }

    fn nearest(&self) -> String {
        let (limit, what) = self.fullest();
        format!(
            "{what}: {} of {} ({}) used{}",
            count(limit.peak_used),
            count(limit.limit),
            share(limit.share()),
            at(limit)
        )
    }
}

fn at(limit: &NodeLimit) -> String {
    let at = limit.at.as_ref();
    at.map_or_else(String::new, |at| format!(" on {at}"))
}

/// What a reader should know of the nodes.
pub(super) fn finding(nodes: &NodeNatResult) -> Finding {
    let finding = |code: Code, severity: Severity, text: String| Finding {
        code: code.id().to_owned(),
        severity,
        text,
    };
    let peaks: Vec<String> = nodes
        .limits()
        .iter()
        .map(|(limit, what)| {
            format!(
                "{what} {} of {}{}",
                count(limit.peak_used),
                count(limit.limit),
                at(limit)
            )
        })
        .collect();
    let peaks = peaks.join("; ");
    match nodes.verdict() {
        Verdict::Exhausted | Verdict::Slow => {
            let refused: Vec<String> = nodes
                .limits()
                .iter()
                .filter(|(limit, _)| limit.refused > 0)
                .map(|(limit, what)| {
                    format!(
                        "{what} {} refused, {} failed",
                        count(limit.refused),
                        count(limit.failed)
                    )
                })
                .collect();
            let elsewhere = match nodes.failed_without_snat {
                0 => String::new(),
                n => format!(
                    " {} of those that failed take no SNAT port and are not in the failure probability.",
                    count(n)
                ),
            };
            finding(
                Code::F0180,
                Severity::Warning,
                format!(
                    "Not SNAT: connections were refused by their own nodes: {}. At the peak {peaks}.{elsewhere}",
                    refused.join("; ")
                ),
            )
        }
        Verdict::Tight => finding(
            Code::F0182,
            Severity::Warning,
            format!("Little room is left on a node: {}.", nodes.nearest()),
        ),
        Verdict::Clear | Verdict::Refused => finding(
            Code::F0181,
            Severity::Info,
            format!("No connection was refused on its node. At the peak {peaks}."),
        ),
    }
}

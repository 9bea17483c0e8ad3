//! Sentences about connections that took no port: how many, which way, what stopped them.

use super::document::{Figures, PathResult};
use super::words::{count, counted, share};
use crate::model::{Bypass, Denial};
use std::collections::BTreeMap;

/// Named at most in one sentence; the rest is in `paths`.
const NAMED: usize = 4;

/// What took no port, in one sentence without its full stop; none where every connection took one.
pub fn sentence(figures: &Figures) -> Option<String> {
    let connections = &figures.connections;
    let (bypassed, denied) = (connections.bypassed, connections.denied);
    let all = connections.offered + bypassed + denied;
    let part = |which: &str, verb: &str, n: u64| {
        (n > 0).then(|| {
            format!(
                "{} ({}) {verb}: {}",
                counted(n, "connection"),
                share(n as f64 / all as f64),
                reasons(figures, which)
            )
        })
    };
    let parts = [
        part("bypassed", "took no SNAT port", bypassed),
        part("denied", "denied before any NAT", denied),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join("; "))
}

/// The same in few words; none where every connection took a port.
pub fn shares(figures: &Figures) -> Option<String> {
    let connections = &figures.connections;
    let (bypassed, denied) = (connections.bypassed, connections.denied);
    let all = (connections.offered + bypassed + denied) as f64;
    let part = |n: u64, verb: &str| (n > 0).then(|| format!("{} {verb}", share(n as f64 / all)));
    let parts = [
        part(bypassed, "took no SNAT port"),
        part(denied, "were denied before any NAT"),
    ];
    let said: Vec<String> = parts.into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("Of all connections {}", said.join(" and ")))
}

/// `9,000 by private endpoint, 200 inside the virtual network`.
fn reasons(figures: &Figures, which: &str) -> String {
    let mut by_reason: BTreeMap<&str, u64> = BTreeMap::new();
    for path in figures.paths.iter().filter(|path| path.path == which) {
        *by_reason.entry(&path.reason).or_insert(0) += path.connections;
    }
    let mut by_reason: Vec<(&str, u64)> = by_reason.into_iter().collect();
    by_reason.sort_by_key(|(reason, connections)| (std::cmp::Reverse(*connections), *reason));
    if let [(reason, _)] = by_reason[..] {
        return text(which, reason).to_owned();
    }
    let texts: Vec<String> = by_reason
        .into_iter()
        .map(|(reason, connections)| format!("{} {}", count(connections), text(which, reason)))
        .collect();
    texts.join(", ")
}

/// The rules that decided, with whom they concern: one finding's worth of text.
pub fn rules(figures: &Figures, which: &str) -> String {
    let mut paths: Vec<&PathResult> = figures
        .paths
        .iter()
        .filter(|path| path.path == which)
        .collect();
    paths.sort_by_key(|path| std::cmp::Reverse(path.connections));
    let mut texts: Vec<String> = paths
        .iter()
        .take(NAMED)
        .map(|path| {
            format!(
                "{} of {} to {} {} ({})",
                count(path.connections),
                path.workload,
                path.destination,
                text(which, &path.reason),
                path.rule
            )
        })
        .collect();
    if paths.len() > NAMED {
        texts.push(format!("and {} more kinds", paths.len() - NAMED));
    }
    texts.join("; ")
}

/// A reason in a sentence.
fn text<'a>(which: &str, reason: &'a str) -> &'a str {
    let found = match which {
        "denied" => Denial::ALL
            .iter()
            .find(|denial| denial.word() == reason)
            .map(|denial| denial.text()),
        _ => Bypass::ALL
            .iter()
            .find(|bypass| bypass.word() == reason)
            .map(|bypass| bypass.text()),
    };
    found.unwrap_or(reason)
}

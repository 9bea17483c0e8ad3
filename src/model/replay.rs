//! Places traces: which node each source is, which endpoint each connection goes to.

use super::build::Review;
use super::cluster::Cluster;
use super::destinations::Destinations;
use super::workloads::{Draft, Source};
use super::{Note, Traffic, Workload};
use crate::fault::{Code, Fault};
use crate::traffic::TraceRow;
use crate::traffic::trace::Trace;
use crate::units::SimTime;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A log to be placed.
struct Log {
    trace: Trace,
    nodes: Range<usize>,
    pointer: String,
}

/// Makes workloads of drafts. One mapping of sources to nodes serves all traces.
pub(super) fn place(
    drafts: Vec<Draft>,
    duration: SimTime,
    cluster: &mut Cluster,
    destinations: &mut Destinations,
    review: &mut Review,
) -> Vec<Workload> {
    let mut logs = Vec::new();
    let mut workloads = Vec::new();
    for draft in drafts {
        let (traffic, log) = match draft.source {
            Source::Drawn(traffic) => (traffic, None),
            Source::Logged {
                mut trace,
                file,
                nodes,
                pointer,
            } => {
                let whole = trace.rows.len() as u64;
                let late = drop_late(&mut trace, duration);
                report(&trace, &draft.name, &file, whole, late, &pointer, review);
                logs.push(Log {
                    trace,
                    nodes,
                    pointer,
                });
                (Traffic::Trace(Vec::new()), Some(logs.len() - 1))
            }
        };
        let workload = Workload {
            name: draft.name,
            traffic,
            connect: draft.connect,
            retry: draft.retry,
            packets: draft.packets,
            pool: draft.pool,
        };
        workloads.push((workload, log));
    }
    let nodes = place_sources(&logs, cluster, review);
    let endpoints = place_endpoints(&logs, destinations);
    workloads
        .into_iter()
        .map(|(mut workload, log)| {
            if let Some(log) = log {
                workload.traffic = Traffic::Trace(rows(
                    &logs[log].trace,
                    &nodes[log],
                    &endpoints[log],
                    destinations,
                ));
            }
            workload
        })
        .collect()
}

/// Drops the rows at or after the end of the run; says how many.
fn drop_late(trace: &mut Trace, end: SimTime) -> u64 {
    let kept = trace.rows.partition_point(|row| row.start < end);
    let late = trace.rows.len() - kept;
    trace.rows.truncate(kept);
    late as u64
}

/// Says what of a trace is not replayed; nothing left is a fault.
fn report(
    trace: &Trace,
    workload: &str,
    file: &str,
    whole: u64,
    late: u64,
    pointer: &str,
    review: &mut Review,
) {
    let all = whole + trace.other_protocols + trace.other_sources;
    let mut left_out = Vec::new();
    for (count, why) in [
        (trace.other_protocols, "neither TCP nor UDP"),
        (trace.other_sources, "of sources that \"nodes\" leaves out"),
    ] {
        if count > 0 {
            left_out.push(format!("{count} {why}"));
        }
    }
    if trace.rows.is_empty() {
        if late > 0 {
            left_out.push(format!("{late} at or after the end of the run"));
        }
        review.fault(Fault {
            code: Code::E0407,
            pointer: pointer.to_owned(),
            found: match left_out.is_empty() {
                true => format!("{file} has no rows."),
                false => format!("Every row of {file} is left out: {}.", left_out.join(", ")),
            },
            allowed: "at least one TCP or UDP connection before the end of the run".to_owned(),
            remedy: if late > 0 {
                "Count start from the start of the run, not from 1970, or lengthen duration."
            } else if trace.other_sources > 0 {
                "Check \"nodes\" against the sources in the file."
            } else {
                "Check that this is the right file."
            }
            .to_owned(),
        });
        return;
    }
    if !left_out.is_empty() {
        review.notes.push(Note {
            code: Code::F0202,
            text: format!(
                "Of {all} rows of {file} workload \"{workload}\" leaves out {}.",
                left_out.join(" and ")
            ),
        });
    }
    if late > 0 {
        review.notes.push(Note {
            code: Code::F0203,
            text: format!(
                "{late} of {whole} connections of {file} start after the end of the run and are not replayed by \
                 workload \"{workload}\"."
            ),
        });
    }
}

/// In order of first start over all logs: (log, index of the source or endpoint).
fn by_first_start(
    logs: &[Log],
    of: impl Fn(&crate::traffic::trace::Recorded) -> u32,
) -> Vec<(usize, u32)> {
    let mut firsts = Vec::new();
    for (log, Log { trace, .. }) in logs.iter().enumerate() {
        let count = trace.sources.len().max(trace.endpoints.len());
        let mut seen = vec![false; count];
        for (row, recorded) in trace.rows.iter().enumerate() {
            let index = of(recorded);
            if !std::mem::replace(&mut seen[index as usize], true) {
                firsts.push((recorded.start, log, row, index));
            }
        }
    }
    firsts.sort_unstable();
    firsts
        .into_iter()
        .map(|(_, log, _, index)| (log, index))
        .collect()
}

/// The node of every source of every log.
fn place_sources(logs: &[Log], cluster: &mut Cluster, review: &mut Review) -> Vec<Vec<u32>> {
    let order = by_first_start(logs, |row| row.source);
    let text = |(log, source): (usize, u32)| logs[log].trace.sources[source as usize].as_str();
    let mut node_of: HashMap<&str, u32> = HashMap::new();
    if cluster.is_declared() {
        let names: HashMap<&str, u32> = cluster.nodes.iter().map(String::as_str).zip(0..).collect();
        for place in &order {
            if let Some(node) = names.get(text(*place)) {
                node_of.insert(text(*place), *node);
            }
        }
        give_free_nodes(logs, &order, cluster.nodes.len(), &mut node_of, review);
    } else {
        let mut sources = Vec::new();
        for place in &order {
            node_of.entry(text(*place)).or_insert_with(|| {
                sources.push(text(*place).to_owned());
                sources.len() as u32 - 1
            });
        }
        if let Some(first) = logs.first() {
            cluster.adopt(sources, &first.pointer, review);
        }
    }
    logs.iter()
        .map(|log| {
            let node = |source: &String| node_of.get(source.as_str()).copied().unwrap_or(0);
            log.trace.sources.iter().map(node).collect()
        })
        .collect()
}

/// Every source that is not the name of a node takes the next free node of its workload's pool.
fn give_free_nodes<'l>(
    logs: &'l [Log],
    order: &[(usize, u32)],
    nodes: usize,
    node_of: &mut HashMap<&'l str, u32>,
    review: &mut Review,
) {
    let mut taken = vec![false; nodes];
    for node in node_of.values() {
        taken[*node as usize] = true;
    }
    let mut homeless = vec![0usize; logs.len()];
    let mut counted: HashSet<&str> = HashSet::new();
    for (log, source) in order {
        let Log { trace, nodes, .. } = &logs[*log];
        let text = trace.sources[*source as usize].as_str();
        if node_of.contains_key(text) {
            continue;
        }
        match nodes.clone().find(|node| !taken[*node]) {
            Some(node) => {
                taken[node] = true;
                node_of.insert(text, node as u32);
            }
            None => homeless[*log] += usize::from(counted.insert(text)),
        }
    }
    for (log, missing) in logs
        .iter()
        .zip(homeless)
        .filter(|(_, missing)| *missing > 0)
    {
        let have = log.nodes.len();
        review.fault(Fault {
            code: Code::E0405,
            pointer: log.pointer.clone(),
            found: format!("Besides the sources that took the {have} nodes of the workload, {missing} more need one."),
            allowed: "as many nodes as sources".to_owned(),
            remedy: format!(
                "Give the workload's pool {} nodes, pick with \"nodes\" the sources that count, or leave nodePools \
                 out to make every source a node.",
                have + missing
            ),
        });
    }
}

/// The endpoint of every destination of every log.
fn place_endpoints(logs: &[Log], destinations: &mut Destinations) -> Vec<Vec<u32>> {
    let mut placed: Vec<Vec<u32>> = logs
        .iter()
        .map(|log| vec![0; log.trace.endpoints.len()])
        .collect();
    for (log, endpoint) in by_first_start(logs, |row| row.endpoint) {
        let (protocol, address, port) = logs[log].trace.endpoints[endpoint as usize];
        placed[log][endpoint as usize] = destinations.traced(protocol, address, port);
    }
    placed
}

/// The rows with their nodes and endpoints. Where a share of the connections takes a second way, they are dealt to it
/// evenly: the first k rows to an endpoint hold ⌊k × share⌋ of them.
fn rows(
    trace: &Trace,
    nodes: &[u32],
    endpoints: &[u32],
    destinations: &Destinations,
) -> Vec<TraceRow> {
    let second: Vec<Option<(u32, f64)>> = endpoints
        .iter()
        .map(|endpoint| destinations.second_way(*endpoint))
        .collect();
    let mut before = vec![0u64; endpoints.len()];
    let mut endpoint = |index: usize| {
        let Some((second, share)) = second[index] else {
            return endpoints[index];
        };
        let of = |rows: u64| (rows as f64 * share + 1e-9) as u64;
        before[index] += 1;
        match of(before[index]) > of(before[index] - 1) {
            true => second,
            false => endpoints[index],
        }
    };
    trace
        .rows
        .iter()
        .map(|row| TraceRow {
            start: row.start,
            node: nodes[row.source as usize],
            endpoint: endpoint(row.endpoint as usize),
            lifetime: row.lifetime,
            close: row.close,
            keepalive: row.keepalive,
        })
        .collect()
}

//! The findings an engineer needs: what stands out in a result, a rule each.

use super::asides;
use super::document::*;
use super::events;
use super::figures::{About, Subject};
use super::interval::MEAN_HOLDS_A_BATCH;
use super::nodes;
use super::summary::{fullest, only_the_ceiling};
use super::varying;
use super::words::{count, counted, estimate, share, span};
use crate::fault::{Code, Fault};
use crate::model::{Outbound, Traffic, Workload};
use crate::record::Cause;

/// The result of an outbound that Azure would not accept.
pub fn refused(outbound: &Outbound, faults: &[Fault]) -> OutboundResult {
    let reason = faults.first().map_or("", |fault| fault.found.as_str());
    OutboundResult {
        name: outbound.name.clone(),
        outbound_type: outbound.kind.word().to_owned(),
        verdict: Verdict::Refused,
        summary: format!("Azure would refuse this: {reason}"),
        depends_on: Vec::new(),
        alternatives: None,
        findings: faults.iter().map(refusal).collect(),
        figures: None,
    }
}

/// A broken rule as a finding.
pub fn refusal(fault: &Fault) -> Finding {
    Finding {
        code: fault.code.id().to_owned(),
        severity: Severity::Error,
        text: format!(
            "{} Allowed: {} {}",
            fault.found, fault.allowed, fault.remedy
        ),
    }
}

/// What a reader should know, what matters most first; `verdict` is that of the ports.
pub fn findings(
    verdict: Verdict,
    figures: &Figures,
    subject: &Subject,
    about: &About,
) -> Vec<Finding> {
    let rules = [
        ports_ran_out,
        ceiling_was_reached,
        ports_were_waited_for,
        little_room_left,
        failures_in_the_warmup,
        one_pool_full_others_idle,
        buckets_fail_early,
        second_limit_binds,
        one_destination_fills_the_pool,
        held_longer_than_used,
        more_ips_change_nothing,
        retries_add_load,
        broken_connections,
        requests_met_broken_connections,
        requests_failed,
        requests_share_connections,
        unanswered_connections,
        denied,
        bypassed,
        short_warmup,
        waves,
        much_undecided,
        no_interval,
        trace_replays_itself,
        formula_says,
    ];
    let seen = Seen {
        verdict,
        figures,
        subject,
    };
    let mut found: Vec<Finding> = rules.iter().filter_map(|rule| rule(&seen)).collect();
    if let Some(of_nodes) = figures.node_nat.as_ref().map(nodes::finding) {
        let place = match of_nodes.severity {
            Severity::Info => found.len(),
            _ => 0,
        };
        found.insert(place, of_nodes);
    }
    found.extend(events::findings(subject, &figures.events));
    found.extend(varying::findings(subject.model));
    if about.compare {
        found.extend(closed_loops_differ(&seen));
    }
    let notes = subject.outbound.notes.iter().chain(&subject.model.notes);
    found.extend(notes.map(|note| match note.code.id().starts_with("F02") {
        // What was left out of the input may be what matters.
        true => warning(note.code, note.text.clone()),
        false => info(note.code, note.text.clone()),
    }));
    found
}

/// What a rule looks at.
struct Seen<'a> {
    verdict: Verdict,
    figures: &'a Figures,
    subject: &'a Subject<'a>,
}

impl Seen<'_> {
    /// Whether SNAT ports are short, or nearly.
    fn is_short(&self) -> bool {
        self.verdict != Verdict::Clear
    }
}

fn warning(code: Code, text: String) -> Finding {
    Finding {
        code: code.id().to_owned(),
        severity: Severity::Warning,
        text,
    }
}

fn info(code: Code, text: String) -> Finding {
    Finding {
        severity: Severity::Info,
        ..warning(code, text)
    }
}

fn ports_ran_out(seen: &Seen) -> Option<Finding> {
    let connections = &seen.figures.connections;
    let failed = seen.subject.failed_for_ports();
    (seen.verdict == Verdict::Exhausted).then(|| {
        let with_others = match connections.failed - failed {
            0 => String::new(),
            others => format!(" with {} that their nodes refused", count(others)),
        };
        warning(
            Code::F0101,
            format!(
                "{} of {} failed {}{with_others}: {}.",
                count(failed),
                counted(
                    connections.offered - connections.pending,
                    "decided connection"
                ),
                match only_the_ceiling(seen.verdict, seen.subject) {
                    Some(_) => "at the ceiling on connections",
                    None => "for lack of a SNAT port",
                },
                estimate(&seen.figures.failure_probability)
            ),
        )
    })
}

fn ceiling_was_reached(seen: &Seen) -> Option<Finding> {
    let ceiling = only_the_ceiling(seen.verdict, seen.subject)?;
    Some(warning(
        Code::F0133,
        format!(
            "No pool was full: {}. What refused SYNs is the ceiling of {ceiling}, to all destinations together; \
             more ports do not raise it.",
            fullest(seen.figures, seen.subject)
        ),
    ))
}

fn denied(seen: &Seen) -> Option<Finding> {
    let denied = seen.figures.connections.denied;
    (denied > 0).then(|| {
        warning(
            Code::F0131,
            format!(
                "{} stopped before any NAT, which no number of ports helps: {}.",
                counted(denied, "connection"),
                asides::rules(seen.figures, "denied")
            ),
        )
    })
}

fn bypassed(seen: &Seen) -> Option<Finding> {
    let bypassed = seen.figures.connections.bypassed;
    (bypassed > 0).then(|| {
        info(
            Code::F0130,
            format!(
                "{} took no SNAT port: {}.",
                counted(bypassed, "connection"),
                asides::rules(seen.figures, "bypassed")
            ),
        )
    })
}

fn ports_were_waited_for(seen: &Seen) -> Option<Finding> {
    let connections = &seen.figures.connections;
    // Beside a destination that falls silent, others wait for its answer.
    let wait_for_ports = seen
        .subject
        .model
        .epochs
        .iter()
        .all(|epoch| epoch.silent.is_empty());
    // What waited for its node alone found a port at once when it left.
    let by_nodes = seen.figures.node_nat.is_some() && connections.refused_syns == 0;
    let waited = connections.delayed > 0 && !by_nodes || seen.verdict == Verdict::Slow;
    (waited && connections.refused_first > 0).then(|| {
        let wait = match seen.figures.connect_latency.max {
            Some(longest) if connections.delayed > 0 && wait_for_ports => format!(
                "; {} got one on a later SYN, after up to {}",
                count(connections.delayed),
                span(longest)
            ),
            _ => String::new(),
        };
        warning(
            Code::F0102,
            format!(
                "{} found no port on the first SYN{wait}.",
                counted(connections.refused_first, "connection")
            ),
        )
    })
}

fn little_room_left(seen: &Seen) -> Option<Finding> {
    (seen.verdict == Verdict::Tight).then(|| {
        warning(
            Code::F0103,
            format!(
                "At the peak {}; a little more load, or one more leak, and connections fail.",
                fullest(seen.figures, seen.subject)
            ),
        )
    })
}

fn failures_in_the_warmup(seen: &Seen) -> Option<Finding> {
    let first = seen.figures.first_failure.as_ref()?;
    (first.during_warmup && seen.figures.connections.failed == 0).then(|| {
        warning(
            Code::F0108,
            format!(
                "Connections failed during the warm-up, first on {} after {}, and none after it: \
                 the start is harder on the ports than what follows.",
                first.pool,
                span(first.at)
            ),
        )
    })
}

fn one_pool_full_others_idle(seen: &Seen) -> Option<Finding> {
    let pools = &seen.figures.by_pool;
    let by_node = seen.subject.pool_kind() == PoolKind::Node;
    if !seen.is_short() || !by_node || pools.len() < 2 {
        return None;
    }
    let mut peaks: Vec<u32> = pools.iter().map(|pool| pool.peak_used).collect();
    peaks.sort_unstable();
    let median = peaks[(peaks.len() - 1) / 2];
    let hottest = pools.iter().max_by_key(|pool| pool.peak_used)?;
    (2 * median < hottest.peak_used).then(|| {
        // Where events change the ports, the peak may lie in another time than the most there are.
        let of_limit = match seen.figures.limits_change() {
            true => String::new(),
            false => format!(" of {}", count(u64::from(hottest.limit))),
        };
        warning(
            Code::F0109,
            format!(
                "{} peaked at {}{of_limit} ports while half of the nodes never used more than {}: \
                 a node cannot borrow what others have free.",
                hottest.name,
                count(u64::from(hottest.peak_used)),
                count(u64::from(median))
            ),
        )
    })
}

fn buckets_fail_early(seen: &Seen) -> Option<Finding> {
    let pools = &seen.figures.pools;
    let buckets = seen.subject.pool_kind() == PoolKind::Bucket;
    let by_ports = only_the_ceiling(seen.verdict, seen.subject).is_none();
    (buckets && by_ports && pools.count > 1 && pools.exhausted > 0).then(|| {
        info(
            Code::F0111,
            format!(
                "A connection is dealt one of {} of {} ports at random and finds no port when that one \
                 is full, so refusals begin before all {} ports are in use.",
                counted(pools.count, "bucket"),
                count(u64::from(pools.limit)),
                count(pools.count * u64::from(pools.limit))
            ),
        )
    })
}

fn second_limit_binds(seen: &Seen) -> Option<Finding> {
    let ports = seen.subject.fullest();
    let second = seen.subject.fullest_of_second_limit();
    (seen.is_short() && second.share() > ports.share()).then(|| {
        let ports = seen.subject.ports_beside_second_limit();
        info(
            Code::F0112,
            format!(
                "The limit of {} connections to one endpoint binds before the {} ports do: \
                 at the peak {} of the one and {} of the other were in use.",
                count(u64::from(second.limit)),
                count(u64::from(ports.limit)),
                share(second.share()),
                share(ports.share())
            ),
        )
    })
}

fn one_destination_fills_the_pool(seen: &Seen) -> Option<Finding> {
    let destinations = &seen.figures.by_destination;
    let failed = seen.figures.connections.failed;
    let busiest = destinations
        .iter()
        .max_by_key(|destination| destination.connections.failed)?;
    let others = destinations
        .iter()
        .filter(|other| other.name != busiest.name && other.connections.offered > 0)
        .map(|other| other.peak_used)
        .max()?;
    let lopsided = busiest.connections.failed * 10 >= failed * 9 && 2 * others < busiest.peak_used;
    let one_type = !seen.subject.outbound.migrates();
    (seen.verdict == Verdict::Exhausted && lopsided && one_type).then(|| {
        let (of_limit, then) = match seen.figures.limits_change() {
            true => {
                let limit = count(u64::from(seen.figures.pools.limit));
                (String::new(), format!("; a pool that was full had {limit}"))
            }
            false => (format!(" of {}", count(u64::from(busiest.limit))), String::new()),
        };
        info(
            Code::F0117,
            format!(
                "It is {} that fails: a port is busy toward one endpoint at a time, and toward no other \
                 destination were more than {}{of_limit} in use{then}.",
                busiest.name,
                count(u64::from(others))
            ),
        )
    })
}

fn more_ips_change_nothing(seen: &Seen) -> Option<Finding> {
    let allocation = seen.subject.outbound.setup.allocation.as_ref()?;
    let helps = allocation.with_one_more_ip() > allocation.ports;
    (seen.is_short() && !helps && !seen.subject.model.has_events()).then(|| {
        info(
            Code::F0110,
            format!(
                "More public IPs would not change this: a node has {} ports however many IPs there are, \
                 until allocatedOutboundPorts asks for more.",
                count(u64::from(allocation.ports))
            ),
        )
    })
}

fn held_longer_than_used(seen: &Seen) -> Option<Finding> {
    let holds = seen.subject.holds.as_ref()?;
    // What was measured where it was, as charts and tables have it; else what the scenario implies.
    let measured = seen
        .figures
        .port_seconds
        .as_ref()
        .map(PortSeconds::by_cause);
    let measured = measured.filter(|seconds| seconds.iter().sum::<f64>() > 0.0);
    let mean = seen.figures.port_hold.as_ref().and_then(|hold| hold.mean);
    let (by_cause, mean) = match measured.zip(mean) {
        Some((seconds, mean)) => (seconds, mean),
        None => (holds.by_cause, holds.mean),
    };
    let (cause, seconds) = Cause::ALL
        .iter()
        .map(|cause| (*cause, by_cause[*cause as usize]))
        .filter(|(cause, _)| *cause != Cause::Open)
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let part = seconds / by_cause.iter().sum::<f64>();
    let what = match cause {
        Cause::Open => return None,
        Cause::FinHold => "the hold-down after FIN: connections that are used again spare it",
        Cause::RstHold => "the hold-down after RST: connections that are used again spare it",
        Cause::Idle => {
            "the idle timeout of connections that nobody closed: close them, or shorten the timeout"
        }
        Cause::Udp => "UDP, which gives a port back only after its idle timeout",
        Cause::HalfOpen => "connections that nobody answers",
    };
    (seen.is_short() && part >= 0.5).then(|| {
        info(
            Code::F0113,
            format!(
                "A port is held for {} on average, and {} of that is {what}.",
                span(mean),
                share(part)
            ),
        )
    })
}

fn retries_add_load(seen: &Seen) -> Option<Finding> {
    let connections = &seen.figures.connections;
    (seen.is_short() && connections.tries * 10 > connections.offered * 11).then(|| {
        info(
            Code::F0119,
            format!(
                "Retries turned {} into {}.",
                counted(connections.offered, "connection"),
                counted(connections.tries, "connect() call")
            ),
        )
    })
}

fn broken_connections(seen: &Seen) -> Option<Finding> {
    let by_events: u64 = seen.figures.events.iter().map(|event| event.broken).sum();
    let broken = seen.figures.connections.broken - by_events;
    (broken > 0).then(|| {
        warning(
            Code::F0114,
            format!(
                "{} lost the port in use by falling silent for the idle timeout of {}. \
                 A keepalive below it would have kept it.",
                counted(broken, "connection"),
                shortest_idle_timeout(seen.subject)
            ),
        )
    })
}

/// The idle timeout, the shortest that there is in the course of the run.
fn shortest_idle_timeout(subject: &Subject) -> String {
    let all = subject.outbound.plans().map(|plan| plan.holds.idle);
    span(all.min().unwrap_or(subject.plan.holds.idle).as_secs_f64())
}

/// Workloads whose requests go through pools, with what became of those.
fn pooled<'s>(seen: &'s Seen) -> impl Iterator<Item = (&'s str, &'s Requests)> {
    let parts = seen.figures.by_workload.iter();
    parts.filter_map(|part| Some((part.name.as_str(), part.pool.as_ref()?)))
}

fn requests_share_connections(seen: &Seen) -> Option<Finding> {
    let told: Vec<String> = pooled(seen)
        .filter_map(|(name, requests)| {
            Some(format!(
                "{} of workload \"{name}\" found an open connection {} of the time",
                counted(requests.requests, "request"),
                share(requests.reuse_ratio?)
            ))
        })
        .collect();
    (!told.is_empty()).then(|| {
        info(
            Code::F0160,
            format!(
                "{}: what is counted as connections are those that their pools opened.",
                told.join("; ")
            ),
        )
    })
}

fn requests_met_broken_connections(seen: &Seen) -> Option<Finding> {
    let broken: u64 = pooled(seen).map(|(_, requests)| requests.broken).sum();
    (broken > 0).then(|| {
        warning(
            Code::F0161,
            format!(
                "{} met a connection that had idled out in its pool without the pool's knowledge. \
                 An idleTimeout of the pool, or a keepalive, below {} would have spared that.",
                counted(broken, "request"),
                shortest_idle_timeout(seen.subject)
            ),
        )
    })
}

fn requests_failed(seen: &Seen) -> Option<Finding> {
    let failed: u64 = pooled(seen).map(|(_, requests)| requests.failed).sum();
    (failed > 0).then(|| {
        warning(
            Code::F0162,
            format!(
                "{} failed with the connection that was to be opened for it.",
                counted(failed, "request")
            ),
        )
    })
}

fn unanswered_connections(seen: &Seen) -> Option<Finding> {
    let connections = &seen.figures.connections;
    (connections.unanswered > 0).then(|| {
        info(
            Code::F0116,
            format!(
                "{} had a port and no answer: that is the destination or the path to it, not SNAT.",
                counted(connections.unanswered, "connection")
            ),
        )
    })
}

fn short_warmup(seen: &Seen) -> Option<Finding> {
    let warmup = seen.subject.model.warmup.as_secs_f64();
    let of_all = seen.subject.holds.as_ref().map(|holds| holds.p99);
    let why = match (of_all, &seen.subject.slowest) {
        (Some(p99), _) if warmup * (1.0 + 2e-6) < p99 => {
            format!("is shorter than the p99 hold of {}", span(p99))
        }
        // Fewer than one connection in a hundred, or beside connections of which nobody knows for how long they hold.
        (_, Some(slowest)) => format!(
            "fills the ports of workload \"{}\" to {} of what they come to",
            slowest.workload,
            share(slowest.reached)
        ),
        _ => return None,
    };
    Some(warning(
        Code::F0104,
        format!(
            "The warm-up of {} {why}: counting starts with fewer ports in use than later, and failures come out \
             too low.",
            span(warmup)
        ),
    ))
}

fn waves(seen: &Seen) -> Option<Finding> {
    /// Below it ports are free again and again, and what came back together is spread.
    const DEEP: f64 = 0.01;
    let (model, holds) = (seen.subject.model, seen.subject.holds.as_ref()?);
    let failed = seen.figures.failure_probability.estimate?;
    let counted = (model.duration - model.warmup).as_secs_f64();
    let short = counted < MEAN_HOLDS_A_BATCH * holds.mean && holds.mean.is_finite();
    let steady = |workload: &Workload| workload.traffic.is_stationary();
    (failed >= DEEP && short && model.workloads.iter().all(steady)).then(|| {
        warning(
            Code::F0121,
            format!(
                "What is counted, {}, is less than 10 times the {} for which ports are held on average: full pools get \
                 theirs back in waves since the empty start, and this may be a crest or a trough of them.",
                span(counted),
                span(holds.mean)
            ),
        )
    })
}

fn much_undecided(seen: &Seen) -> Option<Finding> {
    let connections = &seen.figures.connections;
    (connections.pending > 0 && connections.pending * 100 >= connections.offered).then(|| {
        warning(
            Code::F0115,
            format!(
                "{} of {} were undecided when the run ended, and are in no probability.",
                count(connections.pending),
                counted(connections.offered, "connection")
            ),
        )
    })
}

fn no_interval(seen: &Seen) -> Option<Finding> {
    let found = &seen.figures.failure_probability;
    (found.estimate.is_some() && found.method == IntervalMethod::None).then(|| {
        let runs = u64::from(seen.subject.model.replications);
        info(
            Code::F0105,
            match varying::memory(seen.subject.model) {
                Some(_) => format!(
                    "{} of this length: too little for an interval. Ask for 10 (--replications 10), \
                     or for a duration of 200 mean holds or more.",
                    counted(runs, "replication")
                ),
                None => format!(
                    "{} of a load that moves: too little for an interval. Ask for 10 (--replications 10).",
                    counted(runs, "replication")
                ),
            },
        )
    })
}

fn trace_replays_itself(seen: &Seen) -> Option<Finding> {
    let workloads = &seen.subject.model.workloads;
    let traced = workloads
        .iter()
        .any(|workload| matches!(workload.traffic, Traffic::Trace(_)));
    traced.then(|| {
        info(
            Code::F0106,
            "A trace is the same in every replication, and counted in each: intervals and bounds speak of \
             what is drawn beside it, not of other days."
                .to_owned(),
        )
    })
}

fn formula_says(seen: &Seen) -> Option<Finding> {
    let blocking = seen.figures.analytic.blocking?;
    Some(info(
        Code::F0118,
        format!(
            "The Erlang-B formula is exact here and gives {}; the simulation gives {}.",
            // It is never 0, but soon too small for a number.
            match blocking == 0.0 {
                true => "practically none".to_owned(),
                false => share(blocking),
            },
            estimate(&seen.figures.failure_probability)
        ),
    ))
}

fn closed_loops_differ(seen: &Seen) -> Option<Finding> {
    let workloads = &seen.subject.model.workloads;
    let closed = workloads
        .iter()
        .any(|workload| matches!(workload.traffic, Traffic::Closed { .. }));
    let reopen = |workload: &Workload| workload.pool.is_some() || workload.packets.reconnects;
    let told = match closed {
        true => {
            "Clients that wait for their connections open others under each outbound type: \
             only the seeds are common, so differences are less certain."
        }
        false if workloads.iter().any(reopen) => {
            "Pools, and owners that reconnect, open other connections under each outbound type; \
             the requests and the first connections are the same."
        }
        false => return None,
    };
    Some(info(Code::F0107, told.to_owned()))
}

//! One sentence about a result that a manager can read.

use super::asides;
use super::document::{Figures, Verdict};
use super::figures::Subject;
use super::words::{count, counted, share, span};
use crate::engine::Grouping;
use crate::record::Peak;

/// One sentence a manager can read, or two where nodes have a part in it; `verdict` is that of the ports.
pub fn summary(verdict: Verdict, figures: &Figures, subject: &Subject) -> String {
    let nodes = figures.node_nat.as_ref();
    let of_nodes = nodes.and_then(|nodes| nodes.sentence(verdict <= Verdict::Tight));
    let of_ports = with_asides(verdict, figures, subject);
    match of_nodes {
        None => of_ports,
        // What is worse comes first.
        Some(of_nodes) if verdict <= Verdict::Tight => format!("{of_nodes} {of_ports}"),
        Some(of_nodes) => format!("{of_ports} {of_nodes}"),
    }
}

fn with_asides(verdict: Verdict, figures: &Figures, subject: &Subject) -> String {
    let Some(aside) = asides::shares(figures) else {
        return of_ports(verdict, figures, subject);
    };
    match (figures.connections.offered, verdict) {
        (0, Verdict::Clear) => format!("No connection came to need a SNAT port. {aside}."),
        _ => format!("{} {aside}.", of_ports(verdict, figures, subject)),
    }
}

/// What became of the connections that take ports.
fn of_ports(verdict: Verdict, figures: &Figures, subject: &Subject) -> String {
    match verdict {
        Verdict::Exhausted => exhausted(figures, subject),
        Verdict::Slow if subject.total.failed > 0 => {
            format!("Where SNAT ports ran short, {}.", waited(figures))
        }
        Verdict::Slow => format!("No connection failed, but {}.", waited(figures)),
        Verdict::Tight | Verdict::Clear if subject.total.failed > 0 => {
            format!("SNAT ports never ran short: {}.", fullest(figures, subject))
        }
        Verdict::Tight => format!(
            "Every connection got a port at once, but little room is left: {}.",
            fullest(figures, subject)
        ),
        Verdict::Clear => format!("Ports never ran short: {}.", fullest(figures, subject)),
        Verdict::Refused => unreachable!("what Azure refuses has no figures"),
    }
}

/// The failure probability less what failed on nodes.
pub fn for_want_of_ports(figures: &Figures) -> f64 {
    let all = figures.failure_probability.estimate.unwrap_or(0.0);
    let failed = figures.connections.failed;
    let nodes = figures.node_nat.as_ref();
    let on_nodes = nodes.map_or(0, |nodes| nodes.failed() - nodes.failed_without_snat);
    match on_nodes {
        0 => all,
        _ => all * failed.saturating_sub(on_nodes) as f64 / failed.max(1) as f64,
    }
}

fn exhausted(figures: &Figures, subject: &Subject) -> String {
    let probability = for_want_of_ports(figures);
    let first = figures
        .first_failure
        .as_ref()
        .map_or_else(String::new, |first| {
            format!(
                ", first on {} toward {}, {} into the run",
                first.pool,
                first.destination,
                span(first.at)
            )
        });
    if let Some(ceiling) = only_the_ceiling(Verdict::Exhausted, subject) {
        return format!(
            "The ceiling of {ceiling} was reached before ports were short: {} of connections failed{first}.",
            share(probability)
        );
    }
    let (ports, second) = (subject.fullest(), subject.fullest_of_second_limit());
    if second.share() > ports.share() && ports.used < ports.limit {
        return format!(
            "The {} connections that a gateway may have to one endpoint ran out, at {} of {} ports: {} of connections \
             failed{first}.",
            count(u64::from(second.limit)),
            count(u64::from(ports.used)),
            count(u64::from(ports.limit)),
            share(probability)
        );
    }
    let full = match figures.pools.count {
        1 => String::new(),
        pools => format!(
            "; {} of {} ran full",
            count(figures.pools.exhausted),
            counted(pools, noun(subject))
        ),
    };
    format!(
        "Ports ran out: {} of connections failed{first}{full}.",
        share(probability)
    )
}

fn waited(figures: &Figures) -> String {
    let connections = &figures.connections;
    if connections.delayed == 0 {
        return format!(
            "{} found no free port at first and {} undecided when the run ends",
            counted(connections.refused_first, "connection"),
            if connections.refused_first == 1 {
                "is"
            } else {
                "are"
            }
        );
    }
    let longest = figures.connect_latency.max.unwrap_or(0.0);
    format!(
        "{} of them waited for a free port, up to {}",
        share(connections.delayed as f64 / connections.offered as f64),
        span(longest)
    )
}

/// How near the fullest pool came to its limit: the one of the two that it came nearest to.
pub(super) fn fullest(figures: &Figures, subject: &Subject) -> String {
    let pools = &figures.pools;
    let who = match pools.count {
        1 => format!("the {}", noun(subject)),
        n => format!("the fullest of {}", counted(n, noun(subject))),
    };
    let use_of_ports = subject.peak_of_limit();
    let second = subject.fullest_of_second_limit();
    match second.share() > use_of_ports {
        true => format!(
            "{who} peaked at {} of the {} connections it may have to one endpoint ({})",
            count(u64::from(second.used)),
            count(u64::from(second.limit)),
            share(second.share())
        ),
        false => format!(
            "{who} peaked at {} of {} ({})",
            count(u64::from(pools.peak_used)),
            match figures.limits_change() {
                true => format!("the {}", figures.ports_at_peak()),
                false => figures.ports_at_peak(),
            },
            share(use_of_ports)
        ),
    }
}

/// The ceiling on connections over all destinations, in words, where SYNs were refused and no pool was full: nothing else can
/// have refused them.
pub(super) fn only_the_ceiling(verdict: Verdict, subject: &Subject) -> Option<String> {
    let refused = matches!(verdict, Verdict::Exhausted | Verdict::Slow);
    let is_full = |peak: Peak| peak.limit > 0 && peak.used >= peak.limit;
    if !refused || is_full(subject.fullest()) || is_full(subject.fullest_of_second_limit()) {
        return None;
    }
    // Of several types that follow one another, the first that has one.
    let mut plans = subject.outbound.plans();
    let (ceiling, grouping) = plans.find_map(|plan| Some((plan.ceiling?, &plan.grouping)))?;
    let scope = match grouping {
        Grouping::ByNode => return None,
        Grouping::Buckets { .. } => "an instance",
        Grouping::ByGateway(_) | Grouping::Shared => "a gateway",
    };
    Some(format!(
        "{} connections that {scope} carries",
        count(ceiling.limit)
    ))
}

/// What a pool is to a reader.
fn noun(subject: &Subject) -> &'static str {
    subject.pool_kind().word()
}

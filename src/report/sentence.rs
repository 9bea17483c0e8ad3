//! One sentence of finding: what the outbound types of a result come to, side by side.

use crate::results::words::{counted, estimate, list, share};
use crate::results::{
    Document, Finding, OutboundResult, Severity, Verdict, for_want_of_ports, not_tried,
};
use std::cmp::Ordering;

/// What the result comes to, in one sentence.
pub fn finding(document: &Document) -> String {
    let outbounds = &document.outbounds;
    let Some(worst) = outbounds.iter().max_by(|a, b| nearness(a, b)) else {
        return "There is no outbound type to speak of.".to_owned();
    };
    let of = |wanted: fn(Verdict) -> bool| -> Vec<&OutboundResult> {
        outbounds
            .iter()
            .filter(|outbound| wanted(outbound.verdict))
            .collect()
    };
    let fails = of(|verdict| verdict == Verdict::Exhausted);
    // What rules stop under all of them alike says nothing about any.
    let simulated = outbounds
        .iter()
        .filter(|outbound| outbound.figures.is_some());
    let least = simulated.map(denied).min().unwrap_or(0);
    let mut carries = of(|verdict| verdict <= Verdict::Tight);
    carries.retain(|outbound| denied(outbound) == least);
    if outbounds.len() == 1 {
        return worst.summary.clone();
    }
    let denies: Vec<String> = outbounds
        .iter()
        .filter(|outbound| denied(outbound) > least)
        .map(|outbound| outbound.name.clone())
        .collect();
    let denies = match &denies[..] {
        [] => String::new(),
        [one] => format!(" {one} denies connections that others let through."),
        names => format!(" {} deny connections that others let through.", list(names)),
    };
    // What is denied never connects, and takes no port.
    let otherwise =
        |outbound: &OutboundResult| denied(outbound) + unanswered(outbound) + broken(outbound);
    let nobody = match outbounds.iter().any(|outbound| otherwise(outbound) > 0) {
        true => "No connection failed for want of a port",
        false => "No connection failed",
    };
    let denies = denies + &without_an_answer(outbounds);
    match (&fails[..], &carries[..]) {
        ([], _) if worst.verdict == Verdict::Refused => {
            let refused = of(|verdict| verdict == Verdict::Refused).into_iter();
            let refused: Vec<String> = refused
                .map(|outbound| format!("{}: {}", outbound.name, outbound.summary))
                .collect();
            refused.join(" ")
        }
        ([], _) if peak_use(worst) == 0.0 => {
            format!("{nobody} under any of them. {}{denies}", worst.summary)
        }
        ([], _) => format!(
            "{nobody} under any of them; {} came nearest to it. {}{denies}",
            worst.name, worst.summary
        ),
        (fails, []) => format!(
            "{}.{denies}",
            list(&fails.iter().map(failing).collect::<Vec<_>>())
        ),
        (fails, carries) => {
            let names: Vec<String> = carries.iter().map(|one| one.name.clone()).collect();
            let carry = if names.len() == 1 { "carries" } else { "carry" };
            let load = match document.comparisons.is_empty() {
                true => "the same load",
                false => "the same connections",
            };
            format!(
                "{}; {} {carry} {load} without a refusal.{denies}",
                list(&fails.iter().map(failing).collect::<Vec<_>>()),
                list(&names)
            )
        }
    }
}

/// Which of two is nearer to running out of ports, or worse off.
pub(super) fn nearness(a: &OutboundResult, b: &OutboundResult) -> Ordering {
    let by_use = || peak_use(a).total_cmp(&peak_use(b));
    a.verdict.cmp(&b.verdict).then_with(by_use)
}

fn peak_use(outbound: &OutboundResult) -> f64 {
    let figures = outbound.figures.as_ref();
    let with_ports = figures.filter(|figures| figures.pools.limit > 0);
    with_ports.map_or(0.0, |figures| {
        f64::from(figures.pools.peak_used) / f64::from(figures.pools.limit)
    })
}

/// Connections that were stopped before any NAT.
fn denied(outbound: &OutboundResult) -> u64 {
    let figures = outbound.figures.as_ref();
    figures.map_or(0, |figures| figures.connections.denied)
}

fn unanswered(outbound: &OutboundResult) -> u64 {
    let figures = outbound.figures.as_ref();
    figures.map_or(0, |figures| figures.connections.unanswered)
}

fn broken(outbound: &OutboundResult) -> u64 {
    let figures = outbound.figures.as_ref();
    figures.map_or(0, |figures| figures.connections.broken)
}

/// What went wrong without a lack of ports: connections that had a port and no answer, and those that broke.
fn without_an_answer(outbounds: &[OutboundResult]) -> String {
    let told = |of: fn(&OutboundResult) -> u64, noun: &str, what: &str| {
        let some = outbounds.iter().filter(|outbound| of(outbound) > 0);
        let some: Vec<String> = some
            .map(|outbound| format!("{} under {}", counted(of(outbound), noun), outbound.name))
            .collect();
        match some.is_empty() {
            true => String::new(),
            false => format!(" {} {what}.", list(&some)),
        }
    };
    told(unanswered, "connection", "had a port and no answer")
        + &told(broken, "established connection", "lost their ports")
}

fn failing(outbound: &&OutboundResult) -> String {
    if let Some(words) = failing_on_nodes(outbound) {
        return words;
    }
    let found = outbound
        .figures
        .as_ref()
        .map(|figures| &figures.failure_probability);
    let failed = found
        .and_then(|found| found.estimate)
        .map_or_else(|| found.map(estimate).unwrap_or_default(), share);
    let name = &outbound.name;
    let figures = outbound.figures.as_ref();
    match figures
        .map(for_want_of_ports)
        .zip(found.and_then(|found| found.estimate))
    {
        Some((ports, all)) if ports < all => format!(
            "{name} fails {failed} of connections, {} for want of SNAT ports and the others on their own nodes",
            share(ports)
        ),
        _ => format!("{name} runs out of ports and fails {failed} of connections"),
    }
}

/// What fails where no connection did for want of a SNAT port.
fn failing_on_nodes(outbound: &OutboundResult) -> Option<String> {
    let figures = outbound.figures.as_ref()?;
    let nodes = figures.node_nat.as_ref()?;
    let (all, beside) = (figures.connections.failed, nodes.failed_without_snat);
    if all + beside > nodes.failed() {
        return None;
    }
    let name = &outbound.name;
    Some(match figures.failure_probability.estimate {
        Some(failed) if all > 0 => format!(
            "{name} fails {} of connections on their own nodes, not for want of SNAT ports",
            share(failed)
        ),
        _ => format!(
            "{name} has {} that take no SNAT port and fail on their own nodes",
            counted(beside, "connection")
        ),
    })
}

/// What speaks against trusting the figures as they stand: warnings about the input and the length of the run, each
/// once, with whom it concerns where that is not all.
pub fn doubts(document: &Document) -> Vec<String> {
    const ABOUT_THE_RUN: [&str; 7] = [
        "F0104", "F0108", "F0115", "F0121", "F0151", "F0152", "F0153",
    ];
    let doubtful = |finding: &&Finding| {
        let about_input = finding.code.starts_with("F02");
        finding.severity == Severity::Warning
            && (about_input || ABOUT_THE_RUN.contains(&finding.code.as_str()))
    };
    let mut doubts: Vec<(&Finding, Vec<String>)> = Vec::new();
    for outbound in &document.outbounds {
        for finding in outbound.findings.iter().filter(doubtful) {
            match doubts.iter_mut().find(|(known, _)| *known == finding) {
                Some((_, names)) => names.push(outbound.name.clone()),
                None => doubts.push((finding, vec![outbound.name.clone()])),
            }
        }
    }
    let line = |(finding, names): &(&Finding, Vec<String>)| {
        let whom = match names.len() == document.outbounds.len() {
            true => String::new(),
            false => format!("{}: ", list(names)),
        };
        format!("{} {whom}{}", finding.code, finding.text)
    };
    let mut lines: Vec<String> = doubts.iter().map(line).collect();
    for outbound in &document.outbounds {
        // After reruns the table says more.
        if outbound.alternatives.is_none() && !outbound.depends_on.is_empty() {
            lines.push(format!(
                "{}: the verdict depends on what Azure does not document: {}.",
                outbound.name,
                list(&outbound.depends_on)
            ));
        }
    }
    lines.extend(not_tried(document));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture::compared as of;

    #[test]
    fn a_comparison_says_who_fails_and_who_does_not() {
        assert_eq!(
            finding(&of(&[5, 9])),
            "LB default runs out of ports and fails 0.70 % of connections; \
             NAT gateway carries the same connections without a refusal."
        );
    }

    #[test]
    fn where_nobody_fails_the_worst_one_speaks() {
        let mut of = of(&[0]);
        of.outbounds[0].figures.as_mut().unwrap().pools.peak_used = 700;
        let text = finding(&of);
        let start =
            "No connection failed under any of them; LB default came nearest to it. Ports never";
        assert!(text.starts_with(start), "{text}");
    }

    #[test]
    fn where_all_fail_all_are_named() {
        let mut all = of(&[5]);
        all.outbounds[1] = OutboundResult {
            name: "NAT gateway".to_owned(),
            ..all.outbounds[0].clone()
        };
        assert_eq!(
            finding(&all),
            "LB default runs out of ports and fails 0.50 % of connections and \
             NAT gateway runs out of ports and fails 0.50 % of connections."
        );
    }

    #[test]
    fn all_that_break_connections_are_named() {
        let mut both = of(&[0]);
        for (outbound, broken) in both.outbounds.iter_mut().zip([7, 1]) {
            outbound.figures.as_mut().unwrap().connections.broken = broken;
        }
        let told = "7 established connections under LB default and 1 established connection under NAT gateway lost their ports.";
        let text = finding(&both);
        assert!(text.ends_with(told), "{text}");
    }

    #[test]
    fn one_outbound_speaks_for_itself() {
        let mut one = of(&[5]);
        one.outbounds.truncate(1);
        assert_eq!(finding(&one), one.outbounds[0].summary);
    }

    #[test]
    fn lists_end_with_and() {
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(list(&names), "a, b and c");
        assert_eq!(list(&names[..2]), "a and b");
    }
}

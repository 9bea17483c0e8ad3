//! What reruns under other values of assumptions came to, in words.

use super::document::{Alternative, Document, Finding, NotTried, OutboundResult, Severity};
use super::words::{counted, list, share};
use crate::fault::Code;

/// Writes the alternatives that were tried into `outbound`: what its verdict hangs on, and a finding that says so.
pub fn add_alternatives(outbound: &mut OutboundResult, alternatives: Vec<Alternative>) {
    for alternative in &alternatives {
        let name = &alternative.assumption;
        if alternative.verdict != outbound.verdict && !outbound.depends_on.contains(name) {
            outbound.depends_on.push(name.clone());
        }
    }
    let flips = alternatives
        .iter()
        .any(|alternative| alternative.verdict != outbound.verdict);
    outbound.alternatives = Some(alternatives);
    if let (true, Some(text)) = (flips, hangs_on(outbound, true)) {
        outbound.findings.push(Finding {
            code: Code::F0140.id().to_owned(),
            severity: Severity::Warning,
            text: format!("The verdict is {text}"),
        });
    }
}

/// What the verdict of `outbound` hangs on, to put after its name; none where that was not asked. `all_tried` unless there
/// are readings that could not be.
pub fn hangs_on(outbound: &OutboundResult, all_tried: bool) -> Option<String> {
    let alternatives = outbound.alternatives.as_deref()?;
    let verdict = outbound.verdict.word();
    let flips: Vec<String> = alternatives
        .iter()
        .filter(|alternative| alternative.verdict != outbound.verdict)
        .map(flip)
        .collect();
    let tried = alternatives.len() as u64;
    Some(match (tried, flips.as_slice()) {
        (0, _) if all_tried => format!("{verdict}; nothing that Azure leaves open bears on it."),
        (0, _) => format!(
            "{verdict}; of what Azure leaves open, nothing that could be tried bears on it."
        ),
        (_, []) => format!(
            "{verdict}, and no other under {} of what Azure leaves open.",
            counted(tried, "other reading")
        ),
        (_, flips) => format!(
            "{verdict}, but {}; {} tried, one at a time.",
            flips.join(", "),
            counted(tried, "other reading")
        ),
    })
}

/// What could not be tried, as a sentence; none where everything was, or nothing was asked.
pub fn not_tried(document: &Document) -> Option<String> {
    let readings: Vec<String> = document
        .not_tried
        .iter()
        .map(|NotTried { assumption, value }| format!("{assumption} {value}"))
        .collect();
    (!readings.is_empty()).then(|| {
        format!(
            "Not tried, because this scenario cannot be simulated that way: {}.",
            list(&readings)
        )
    })
}

/// `exhausted (1.3 % failed) with natHeldPortsCountToEndpointLimit true`.
fn flip(alternative: &Alternative) -> String {
    let found = alternative.failure_probability.as_ref();
    let failed = found
        .and_then(|found| found.estimate)
        .filter(|failed| *failed > 0.0)
        .map_or_else(String::new, |failed| format!(" ({} failed)", share(failed)));
    let Alternative {
        assumption,
        value,
        verdict,
        ..
    } = alternative;
    format!("{}{failed} with {assumption} {value}", verdict.word())
}

//! What `--uncertainty` found: which assumptions a verdict hangs on.

use super::sentence::list;
use crate::results::words::{counted, estimate, wrapped};
use crate::results::{Alternative, Document, OutboundResult};

/// A paragraph an outbound type, where that was asked; lines of at most `width` letters.
pub(super) fn uncertainties(document: &Document, width: usize) -> String {
    let tried = document.outbounds.iter().filter_map(|outbound| {
        let alternatives = outbound.alternatives.as_deref()?;
        let sentence = format!("{}: {}", outbound.name, sentence(outbound, alternatives));
        Some(wrapped(&sentence, width))
    });
    tried.collect()
}

fn sentence(outbound: &OutboundResult, alternatives: &[Alternative]) -> String {
    let verdict = outbound.verdict.word();
    let flips: Vec<String> = alternatives
        .iter()
        .filter(|alternative| alternative.verdict != outbound.verdict)
        .map(|alternative| {
            let found = alternative.failure_probability.as_ref();
            let found = found.map_or_else(String::new, |found| format!(", {}", estimate(found)));
            let Alternative {
                assumption, value, ..
            } = alternative;
            format!(
                "{} with {assumption} {value}{found}",
                alternative.verdict.word()
            )
        })
        .collect();
    match (alternatives.len(), flips.as_slice()) {
        (0, _) => format!("{verdict}; nothing that Azure leaves open bears on it."),
        (tried, []) => format!(
            "{verdict} all the same under {} of what Azure leaves open.",
            counted(tried as u64, "other reading")
        ),
        (tried, flips) => format!(
            "{verdict}, but {}; {} tried, one at a time.",
            list(flips),
            counted(tried as u64, "other reading")
        ),
    }
}

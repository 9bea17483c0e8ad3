//! What `--uncertainty` found: which assumptions a verdict hangs on.

use crate::results::words::wrapped;
use crate::results::{Document, hangs_on};

/// A paragraph an outbound type, where that was asked; lines of at most `width` letters.
pub(super) fn uncertainties(document: &Document, width: usize) -> String {
    let all_tried = document.not_tried.is_empty();
    let tried = document.outbounds.iter().filter_map(|outbound| {
        let verdict = hangs_on(outbound, all_tried)?;
        Some(format!("{}: {verdict}", outbound.name))
    });
    tried.map(|sentence| wrapped(&sentence, width)).collect()
}

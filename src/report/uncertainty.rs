//! What `--uncertainty` found: which assumptions a verdict hangs on.

use crate::results::words::wrapped;
use crate::results::{Document, hangs_on};

/// A paragraph an outbound type, where that was asked; lines of at most `width` letters.
pub(super) fn uncertainties(document: &Document, width: usize) -> String {
    let tried = document
        .outbounds
        .iter()
        .filter_map(|outbound| Some(format!("{}: {}", outbound.name, hangs_on(outbound)?)));
    tried.map(|sentence| wrapped(&sentence, width)).collect()
}

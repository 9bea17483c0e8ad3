//! The published documents, one file a format; written whole or not at all.

pub mod analytic;
pub mod asides;
mod change;
pub mod counts;
mod document;
pub mod erlang;
mod events;
pub mod explanation;
mod figures;
mod files;
mod findings;
#[cfg(test)]
pub(crate) mod fixture;
pub mod hgrm;
pub mod holds;
pub mod interval;
mod limits;
mod nodes;
mod precision;
mod rare;
mod refusal;
mod summary;
pub use summary::for_want_of_ports;
mod timeline;
mod uncertainty;
mod use_by_minute;
mod varying;
mod visits;
pub mod words;

pub use change::{Change, ChangeMethod, change};
pub use document::*;
pub use explanation::{Explanation, explain};
pub use figures::{About, document};
pub use files::{ResultDir, TEMPORARY, histogram_names, write_document};
pub use precision::{Precision, precision};
pub use rare::add_rare;
pub use refusal::refused;
pub use uncertainty::{add_alternatives, hangs_on, not_tried};
pub use use_by_minute::{UseByMinute, use_by_minute};

/// The JSON Schema of `result.json`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "snatsim result".into());
    }
    schema
}

//! The published documents, one file a format; written whole or not at all.

pub mod analytic;
mod document;
pub mod erlang;
mod figures;
mod files;
mod findings;
#[cfg(test)]
pub(crate) mod fixture;
mod hgrm;
pub mod holds;
pub mod interval;
mod precision;
mod rare;
mod timeline;
pub mod words;

pub use document::*;
pub use figures::{About, document};
pub use files::ResultDir;
pub use precision::{Precision, precision};
pub use rare::add_rare;

/// The JSON Schema of `result.json`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Document).to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), "snatsim result".into());
    }
    schema
}

//! The published documents, one file a format; written whole or not at all.

pub mod analytic;
mod document;
mod figures;
mod files;
mod findings;
#[cfg(test)]
pub(crate) mod fixture;
mod hgrm;
pub mod interval;
mod timeline;
pub mod words;

pub use document::*;
pub use figures::{About, document};
pub use files::ResultDir;

/// The JSON Schema of `result.json`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Document)
}

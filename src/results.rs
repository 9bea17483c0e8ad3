//! The published documents, one file a format; written whole or not at all.

pub mod analytic;
mod document;
mod figures;
mod findings;
#[cfg(test)]
pub(crate) mod fixture;
pub mod interval;
mod timeline;
pub mod words;

pub use document::*;
pub use figures::{About, document};

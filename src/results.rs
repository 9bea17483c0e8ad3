//! The published documents, one file a format; written whole or not at all.

pub mod analytic;
mod document;
#[cfg(test)]
pub(crate) mod fixture;
pub mod interval;

pub use document::*;

//! The published documents, one file a format; written whole or not at all.

mod document;
pub mod interval;

pub use document::*;

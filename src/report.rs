//! A result for people: the table, and the sentence that says what it comes to.

pub mod chart;
pub mod charts;
pub mod draw;
mod explanation;
mod files;
pub mod page;
pub mod saved;
mod sentence;
mod summary;
mod sweep;
mod table;
mod uncertainty;
pub mod vega;

pub use explanation::explanation;
pub use files::{Subject, Wishes, write as write_report};
pub use sentence::{doubts, finding};
pub use sweep::sweep;
pub use table::{Style, table};

//! A result for people: the table, and the sentence that says what it comes to.

mod explanation;
mod sentence;
mod sweep;
mod table;
mod uncertainty;

pub use explanation::explanation;
pub use sentence::{doubts, finding};
pub use sweep::sweep;
pub use table::{Style, table};

//! A result for people: the table, the sentence that says what it comes to, charts and a page.
//!
//! [`saved`] reads what `-o` wrote, [`charts`] makes renderer-neutral [`chart`]s of it, [`draw`] draws them as SVG and
//! PNG, [`vega`] says them to Vega-Lite, and [`page`] puts everything on one page. In a terminal, [`plot()`] draws the ports
//! over time with letters.

pub mod chart;
pub mod charts;
pub mod draw;
mod explanation;
mod files;
mod moments;
pub mod page;
mod plot;
pub mod saved;
mod sentence;
mod shell;
mod summary;
mod sweep;
mod sweeps;
mod table;
mod uncertainty;
pub mod vega;

pub use explanation::explanation;
pub use files::{Subject, Wishes, Written, write as write_report};
pub use plot::{NARROWEST as NARROWEST_PLOT, plot};
pub use sentence::{doubts, finding};
pub use shell::quoted;
pub use sweep::sweep;
pub use sweeps::Sweeps;
pub use table::{Style, table};

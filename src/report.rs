//! A result for people: the table, the sentence that says what it comes to, charts and a page.
//!
//! [`saved`] reads what `-o` wrote, [`charts`] makes renderer-neutral [`chart`]s of it, [`draw`] draws them as SVG and
//! PNG, [`vega`] says them to Vega-Lite, and [`page`] puts everything on one page. In a terminal, [`with_plot()`] draws
//! the ports over time with letters.

mod beside;
pub mod chart;
pub mod charts;
pub mod draw;
mod explanation;
mod files;
mod moments;
pub mod page;
mod plainly;
mod plot;
pub mod saved;
mod sentence;
mod shell;
mod summary;
mod sweep;
mod sweeps;
mod table;
mod uncertainty;
mod unnamed;
pub mod vega;

pub use beside::with_plot;
pub use explanation::explanation;
pub use files::{Subject, Unwritten, Wishes, Written, write as write_report};
pub use plainly::plainly;
pub use plot::NARROWEST as NARROWEST_PLOT;
pub use sentence::{doubts, finding};
pub use shell::quoted;
pub use sweep::sweep;
pub use sweeps::Sweeps;
pub use table::{Style, table};

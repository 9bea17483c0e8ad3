//! Charts as files: SVG, and PNG made from it; the same bytes for the same chart.

mod fonts;
mod layout;
mod marks;
mod png;
mod signs;
mod svg;
pub mod theme;

pub use fonts::lacking;
pub use layout::height;
pub use marks::{SWING, apart, dash};
pub use png::png;
pub use theme::Theme;

use super::chart::Chart;

/// A chart as an SVG document of its own.
pub fn svg(chart: &Chart, theme: &Theme) -> String {
    layout::draw(chart, theme)
}

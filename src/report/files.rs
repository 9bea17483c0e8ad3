//! The files of a report, each written whole or not at all.

use super::chart::Chart;
use super::charts;
use super::draw::{self, Theme};
use super::page::{self, Contents};
use super::saved::Saved;
use super::summary;
use crate::results::ResultDir;
use std::io::{self, Write};
use std::path::Path;

/// What a reader asks of a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wishes {
    /// Colours of the files, light by default; the page follows its reader unless this says otherwise.
    pub theme: Option<Theme>,
    /// Title of the page, the name of the scenario by default.
    pub title: Option<String>,
    /// Names of the charts to make; all by default.
    pub only: Vec<String>,
}

/// Where pictures go.
const FOLDER: &str = "charts";

/// Writes the report on some results into a directory: the charts as SVG and PNG, the page and the summary.
///
/// # Errors
/// When a file cannot be written; it is then as it was before.
pub fn write(directory: &Path, saved: &[Saved], wishes: &Wishes) -> io::Result<()> {
    let made = charts::of_runs(saved);
    let wanted = |chart: &Chart| wishes.only.is_empty() || wishes.only.contains(&chart.id);
    let made: Vec<Chart> = made.into_iter().filter(wanted).collect();
    let files = ResultDir::open(directory)?;
    write_charts(directory, &files, &made, wishes.theme.unwrap_or(Theme::LIGHT))?;
    let contents = Contents::of_runs(saved, wishes.title.as_deref());
    files.file("summary.md", |out| out.write_all(summary::summary(&contents, &made, FOLDER).as_bytes()))?;
    let page = page::page(&contents, &made, wishes.theme);
    files.file("report.html", |out| out.write_all(page.as_bytes()))
}

fn write_charts(
    directory: &Path,
    files: &ResultDir,
    made: &[Chart],
    theme: Theme,
) -> io::Result<()> {
    let folder = directory.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    // A chart of an earlier result would pass for one of this.
    for name in charts::names().filter(|name| !made.iter().any(|chart| chart.id == *name)) {
        for kind in ["svg", "png"] {
            match std::fs::remove_file(folder.join(format!("{name}.{kind}"))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    for chart in made {
        let svg = draw::svg(chart, &theme);
        let png = draw::png(&svg).map_err(io::Error::other)?;
        let name = |kind: &str| format!("{FOLDER}/{}.{kind}", chart.id);
        files.file(&name("svg"), |out| out.write_all(svg.as_bytes()))?;
        files.file(&name("png"), |out| out.write_all(&png))?;
    }
    Ok(())
}

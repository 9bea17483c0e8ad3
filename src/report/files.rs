//! The files of a report, each written whole or not at all.

use super::chart::Chart;
use super::charts;
use super::draw::{self, Theme};
use super::page::{self, Contents};
use super::saved::Saved;
use super::summary;
use super::sweeps::Sweeps;
use crate::results::ResultDir;
use rayon::prelude::*;
use std::collections::BTreeSet;
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

/// What a report is on.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// One result, or several side by side.
    Runs(Vec<Saved>),
    /// A sweep, or several over the same axes.
    Sweeps(Sweeps),
}

/// What is to be said of a report that was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Names of charts that were asked for and have nothing to show.
    pub missing: Vec<String>,
    /// Letters that the font of the pictures lacks: boxes in PNG, while SVG and the page have the fonts of their reader.
    pub boxes: BTreeSet<char>,
}

/// Why a report was not written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritten {
    /// None of the charts asked for has anything to show; these have.
    #[error("there is nothing to show in {asked}; {}", there_are(.there))]
    NoSuchChart {
        /// The charts asked for.
        asked: String,
        /// The charts that there are.
        there: Vec<String>,
    },
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] io::Error),
}

fn there_are(charts: &[String]) -> String {
    match charts {
        [] => "this result has no chart".to_owned(),
        [one] => format!("the chart there is: {one}"),
        charts => format!("the charts there are: {}", charts.join(", ")),
    }
}

/// Writes a report into a directory: the charts as SVG and PNG, the page and the summary.
///
/// # Errors
/// When none of the charts asked for is there, and nothing is written then; or when a file cannot be written, which is then
/// as it was before.
pub fn write(directory: &Path, subject: &Subject, wishes: &Wishes) -> Result<Written, Unwritten> {
    let title = wishes.title.as_deref();
    let (mut made, contents) = match subject {
        Subject::Runs(saved) => (charts::of_runs(saved), Contents::of_runs(saved, title)),
        Subject::Sweeps(saved) => (charts::of_sweeps(saved), Contents::of_sweeps(saved, title)),
    };
    let wanted = |chart: &Chart| wishes.only.is_empty() || wishes.only.contains(&chart.id);
    if !wishes.only.is_empty() && !made.iter().any(wanted) {
        return Err(Unwritten::NoSuchChart {
            asked: wishes.only.join(", "),
            there: made.into_iter().map(|chart| chart.id).collect(),
        });
    }
    made.retain(wanted);
    let is_made = |name: &str| made.iter().any(|chart| chart.id == name);
    let missing = wishes
        .only
        .iter()
        .filter(|name| !is_made(name))
        .cloned()
        .collect();
    let files = ResultDir::open(directory)?;
    if wishes.only.is_empty() {
        // A chart of an earlier result would pass for one of this.
        for name in charts::names().filter(|name| !is_made(name)) {
            remove(&directory.join(FOLDER), name)?;
        }
    }
    let boxes = write_charts(
        directory,
        &files,
        &made,
        wishes.theme.unwrap_or(Theme::LIGHT),
    )?;
    let summary = summary::summary(&contents, &made, FOLDER);
    files.file("summary.md", |out| out.write_all(summary.as_bytes()))?;
    let page = page::page(&contents, &made, wishes.theme);
    files.file("report.html", |out| out.write_all(page.as_bytes()))?;
    Ok(Written { missing, boxes })
}

/// Removes the pictures of a chart, if there are any.
fn remove(folder: &Path, name: &str) -> io::Result<()> {
    for kind in ["svg", "png"] {
        match std::fs::remove_file(folder.join(format!("{name}.{kind}"))) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn write_charts(
    directory: &Path,
    files: &ResultDir,
    made: &[Chart],
    theme: Theme,
) -> io::Result<BTreeSet<char>> {
    let folder = directory.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let pictures: Vec<(&Chart, String, Vec<u8>)> = made
        .par_iter()
        .map(|chart| {
            let svg = draw::svg(chart, &theme);
            let png = draw::png(&svg).map_err(io::Error::other)?;
            Ok((chart, svg, png))
        })
        .collect::<io::Result<_>>()?;
    let mut boxes = BTreeSet::new();
    for (chart, svg, png) in pictures {
        boxes.extend(draw::lacking(&svg));
        let name = |kind: &str| format!("{FOLDER}/{}.{kind}", chart.id);
        files.file(&name("svg"), |out| out.write_all(svg.as_bytes()))?;
        files.file(&name("png"), |out| out.write_all(&png))?;
    }
    Ok(boxes)
}

//! `snatsim report`: charts and a page from results that were saved.

use super::{Failure, Outcome, say};
use crate::report::draw::Theme;
use crate::report::saved::Saved;
use crate::report::{Subject, Sweeps, Unwritten, Wishes, Written, charts, quoted, write_report};
use crate::sweep::SavedSweep;
use anyhow::Context;
use clap::builder::PossibleValuesParser;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Make charts and a page from results that were saved
///
/// Reads what `run`, `compare` and `sweep` wrote with -o, and writes report.html, summary.md and
/// charts as SVG and PNG. Several directories of `run` and `compare`, or of sweeps over the same axes, are
/// put into one report, as in before and after; the name of each directory then stands before its
/// outbounds. The report on several results tells what changed from the first to each of the others, in every outbound that
/// has the same name in both.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directories that -o wrote
    #[arg(required = true, value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// Where the report goes; by default into the directory, if it is one
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    wishes: Wanted,
    /// No hints
    #[arg(short, long)]
    quiet: bool,
}

/// How a report is to be.
#[derive(Debug, clap::Args)]
pub struct Wanted {
    /// Colours of the charts, and of the page, which follows its reader by default
    #[arg(long, value_enum)]
    theme: Option<Colours>,
    /// Title of the page
    #[arg(long)]
    title: Option<String>,
    /// Only this chart; can be given several times
    #[arg(long, value_name = "CHART", value_parser = PossibleValuesParser::new(charts::names()))]
    only: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Colours {
    /// Dark on white
    Light,
    /// Light on dark
    Dark,
}

impl Wanted {
    /// The same for the library.
    pub(super) fn wishes(&self) -> Wishes {
        Wishes {
            theme: self.theme.map(|colours| match colours {
                Colours::Light => Theme::LIGHT,
                Colours::Dark => Theme::DARK,
            }),
            title: self.title.clone(),
            only: self.only.clone(),
        }
    }
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let output = match (&args.output, &args.directories[..]) {
        (Some(output), _) => output,
        (None, [one]) => one,
        (None, _) => {
            return Err(Failure::input(
                "a report on several directories needs one of its own: -o DIR",
            ));
        }
    };
    let subject = subject(&args.directories)?;
    let written = match write_report(output, &subject, &args.wishes.wishes()) {
        Err(why @ Unwritten::NoSuchChart { .. }) => return Err(Failure::input(why)),
        written => written.with_context(|| format!("cannot write to {}", output.display()))?,
    };
    for name in &written.missing {
        say(&format!(
            "no chart {name}: there is nothing to show of it here\n"
        ));
    }
    if !args.quiet {
        tell_boxes(&written);
        point_to(output);
    }
    Ok(Outcome::Done)
}

/// Says where the page is.
pub(super) fn point_to(directory: &Path) {
    let page = directory.join("report.html").display().to_string();
    say(&format!("report     {}\n", quoted(&[page])));
}

/// Says which letters the pictures could not draw.
fn tell_boxes(written: &Written) {
    const MOST: usize = 12;
    if written.boxes.is_empty() {
        return;
    }
    let some: String = written.boxes.iter().take(MOST).collect();
    let more = match written.boxes.len() > MOST {
        true => " and others",
        false => "",
    };
    say(&format!(
        "note: the font of the PNG pictures has no {some}{more}, and they show boxes there; report.html and the SVG \
         files have the fonts of their reader\n"
    ));
}

/// The report on what was just written to a directory; `quiet` leaves out what could be said of it.
pub(super) fn write(directory: &Path, quiet: bool) -> Result<(), Failure> {
    let subject = subject(&[directory.to_owned()])?;
    let written = write_report(directory, &subject, &Wishes::default())
        .with_context(|| format!("cannot write to {}", directory.display()))?;
    if !quiet {
        tell_boxes(&written);
    }
    Ok(())
}

/// What these directories hold.
fn subject(directories: &[PathBuf]) -> Result<Subject, Failure> {
    let sweeps = directories
        .iter()
        .filter(|path| SavedSweep::is_in(path))
        .count();
    let label = |path: &Path| label(path, directories);
    match sweeps {
        0 => {
            let saved = directories
                .iter()
                .map(|path| Saved::read(path, &label(path)));
            let saved = saved.collect::<Result<_, _>>().map_err(Failure::input)?;
            Ok(Subject::Runs(saved))
        }
        _ if sweeps == directories.len() => {
            let mut saved = Vec::new();
            for path in directories {
                saved.push((label(path), SavedSweep::read(path)?));
            }
            let saved = Sweeps::beside(saved).map_err(Failure::input)?;
            Ok(Subject::Sweeps(saved))
        }
        _ => Err(Failure::input(
            "sweeps do not stand beside results of run or compare: name directories of one kind",
        )),
    }
}

/// What a directory is called in a report on several: its last name, or the whole path where that is not enough.
fn label(path: &Path, all: &[PathBuf]) -> String {
    let last = |path: &Path| path.file_name().map(OsStr::to_owned);
    let alike = all.iter().filter(|other| last(other) == last(path)).count();
    match last(path).filter(|_| alike == 1) {
        Some(name) => name.to_string_lossy().into_owned(),
        None => path.display().to_string(),
    }
}

//! A result as `-o DIR` wrote it, read back for its charts and its page.

mod hgrm;
mod timeline;

pub use hgrm::Percentile;
pub use timeline::{Minutes, PoolMinutes, Worst};

use super::chart::short;
use crate::results::{Document, histogram_names};
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// The file with the command that makes a result again.
pub const COMMAND: &str = "command.txt";

/// A result that was saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// What it is called beside others.
    pub label: String,
    /// `result.json`.
    pub document: Document,
    /// The command that makes it again, where it is known.
    pub command: Option<String>,
    /// What else is known of each outbound; none where nothing was simulated.
    pub details: Vec<Option<Details>>,
}

/// What was recorded of an outbound beside its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// From `timeline.csv`.
    pub minutes: Minutes,
    /// Connect latencies in seconds, by percentile.
    pub connect_latency: Vec<Percentile>,
    /// Port holds in seconds, by percentile.
    pub port_hold: Vec<Percentile>,
}

/// Why a directory cannot be reported on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is not there or cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{} is not what `-o` writes: {reason}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Error {
        |source| Error::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn damaged(path: &Path, reason: impl ToString) -> Error {
        Error::Damaged {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// Letters of a name on the page.
const NAME: usize = 100;

/// Cuts names that would fill a page; the data keep them whole.
fn shorten(document: &mut Document) {
    let cut = |name: &mut String| *name = short(name, NAME);
    cut(&mut document.scenario);
    for outbound in &mut document.outbounds {
        cut(&mut outbound.name);
    }
    for pair in &mut document.comparisons {
        cut(&mut pair.a);
        cut(&mut pair.b);
    }
}

impl Saved {
    /// Reads a directory that `run -o` or `compare -o` wrote.
    ///
    /// # Errors
    /// When a file is missing or is not what it should be.
    pub fn read(directory: &Path, label: &str) -> Result<Saved, Error> {
        let path = directory.join("result.json");
        let file = File::open(&path).map_err(Error::read(&path))?;
        let document: Document = serde_json::from_reader(BufReader::new(file))
            .map_err(|error| Error::damaged(&path, error))?;
        let command = std::fs::read_to_string(directory.join(COMMAND)).ok();
        let mut document = document;
        let names = histogram_names(document.outbounds.iter().map(|one| one.name.as_str()));
        let mut minutes = timeline::read(&directory.join("timeline.csv"))?;
        let mut details = Vec::new();
        for (outbound, [latency, hold]) in document.outbounds.iter().zip(&names) {
            if outbound.figures.is_none() {
                details.push(None);
                continue;
            }
            let of_outbound = minutes.iter().position(|(name, _)| *name == outbound.name);
            details.push(Some(Details {
                // What has no pool has no minutes either.
                minutes: of_outbound.map_or_else(Minutes::default, |at| minutes.swap_remove(at).1),
                connect_latency: hgrm::read(&directory.join(latency))?,
                port_hold: hgrm::read(&directory.join(hold))?,
            }));
        }
        shorten(&mut document);
        Ok(Saved {
            label: label.to_owned(),
            document,
            command: command.map(|command| command.trim().to_owned()),
            details,
        })
    }
}

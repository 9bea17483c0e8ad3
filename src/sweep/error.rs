//! Why a sweep or a merge could not be done.

use crate::scenario::Diagnostics;
use std::io;
use std::path::{Path, PathBuf};

/// Why a sweep or a merge could not be done. What was finished before is kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or directory cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Whoever reads the table has gone, or it cannot be written.
    #[error("{0}")]
    Output(#[from] io::Error),
    /// Threads cannot be started.
    #[error("cannot start threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Another process works in the directory.
    #[error("another snatsim is at work in {}; wait for it, or name another directory", .0.display())]
    Busy(PathBuf),
    /// The directory has files, but none of a sweep.
    #[error(
        "{} has files in it and no manifest.json, so it is no directory of a sweep; name one that is empty or new",
        .0.display()
    )]
    Occupied(PathBuf),
    /// The directory holds another sweep.
    #[error("{} holds another sweep: {}", path.display(), reasons.join("; "))]
    Differs {
        /// Which directory.
        path: PathBuf,
        /// What differs.
        reasons: Vec<String>,
    },
    /// A file is not what it was when it was written.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it, and how to go on.
        reason: String,
    },
    /// The directories do not make a whole sweep.
    #[error("{0}")]
    Merge(String),
    /// The scenario of a point does not parse.
    #[error("{0}")]
    Point(Box<Diagnostics>),
}

impl Error {
    /// Whether the command line or its input was wrong, rather than something on the way.
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Error::Occupied(_) | Error::Differs { .. } | Error::Merge(_) | Error::Point(_)
        )
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Write {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Read {
            path: path.to_owned(),
            source,
        }
    }
}

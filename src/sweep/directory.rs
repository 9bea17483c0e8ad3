//! The directory of a sweep: every file and every point appears whole, by one rename.
//!
//! ```text
//! manifest.json                   what it is; the first file, and never changed
//! points/000/000017/              a point, a thousand to a folder
//!     result.json                 as `run -o` writes it
//!     histograms.json             exact counts behind the .hgrm
//!     OUTBOUND.connect-latency.hgrm, OUTBOUND.port-hold.hgrm
//! table.csv                       all points; written when all are there
//! OUTBOUND.connect-latency.hgrm, OUTBOUND.port-hold.hgrm    over all points
//! report.html, summary.md, charts/ what `report` makes of them
//! .lock                           empty; locked while a process works here
//! .unfinished/                    what is not whole; cleared when work begins
//! ```

use super::error::Error;
use super::manifest::Manifest;
use super::point::PointResult;
use crate::results::counts::{self, OutboundHistograms};
use crate::results::{Document, ResultDir, TEMPORARY, hgrm, histogram_names, write_document};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

const MANIFEST: &str = "manifest.json";
const POINTS: &str = "points";
const LOCK: &str = ".lock";
const UNFINISHED: &str = ".unfinished";
const RESULT: &str = "result.json";
const HISTOGRAMS: &str = "histograms.json";

/// What `report` writes beside them, and the folder of its pictures.
const REPORT: [&str; 2] = ["report.html", "summary.md"];
const PICTURES: &str = "charts";

/// Points in one folder, so that no folder grows too long to list.
const TO_A_FOLDER: u64 = 1_000;

/// A directory of a sweep that this process alone works in.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    files: ResultDir,
    /// The kernel releases the lock when the process ends, however it ends.
    _lock: File,
}

impl Directory {
    /// Opens the directory of `manifest`, making it or going on where it is; with `restart` all that it held is removed.
    ///
    /// # Errors
    /// When it holds something else, another process works in it, or it cannot be written to.
    pub fn open(path: &Path, manifest: &Manifest, restart: bool) -> Result<Directory, Error> {
        fs::create_dir_all(path).map_err(Error::write(path))?;
        if has_other_files(path)? {
            return Err(Error::Occupied(path.to_owned()));
        }
        let lock = lock(path)?;
        clear_unfinished(path)?;
        let directory = Directory {
            path: path.to_owned(),
            files: ResultDir::open(path).map_err(Error::write(path))?,
            _lock: lock,
        };
        if restart {
            directory.clear()?;
        }
        // Once more: another process may have come between.
        if path.join(MANIFEST).exists() {
            let reasons = read_manifest(path)?.differences(manifest);
            if !reasons.is_empty() {
                return Err(Error::Differs {
                    path: path.to_owned(),
                    reasons,
                });
            }
        } else {
            directory.write(MANIFEST, |out| {
                serde_json::to_writer_pretty(&mut *out, manifest)?;
                out.write_all(b"\n")
            })?;
        }
        make(&path.join(POINTS))?;
        make(&path.join(UNFINISHED))?;
        Ok(directory)
    }

    /// Whether a point is there, which means that it is whole.
    pub fn has(&self, point: u64) -> bool {
        self.point(point).exists()
    }

    /// Where a point is.
    pub fn point(&self, point: u64) -> PathBuf {
        point_path(&self.path, point)
    }

    /// Stores a point.
    ///
    /// # Errors
    /// When it cannot be written; it is then not there.
    pub fn store(&self, point: u64, result: &PointResult) -> Result<(), Error> {
        self.put(point, |folder| {
            whole(&folder.join(RESULT), |out| {
                write_document(out, &result.document)
            })?;
            whole(&folder.join(HISTOGRAMS), |out| {
                counts::write(out, &result.histograms)
            })?;
            write_histograms(&result.histograms, |name, spans| {
                whole(&folder.join(name), |out| hgrm::write(out, spans))
            })
        })
    }

    /// Takes over a point from another directory.
    ///
    /// # Errors
    /// When it cannot be read or written; it is then not there.
    pub fn adopt(&self, point: u64, from: &Path) -> Result<(), Error> {
        self.put(point, |folder| {
            for name in file_names(from)? {
                let bytes = read(&from.join(&name))?;
                whole(&folder.join(&name), |out| out.write_all(&bytes))?;
            }
            Ok(())
        })
    }

    /// Makes a point beside its place and then puts it there.
    fn put(&self, point: u64, write: impl FnOnce(&Path) -> Result<(), Error>) -> Result<(), Error> {
        let place = self.point(point);
        let unfinished = self.path.join(UNFINISHED).join(point.to_string());
        make(&unfinished)?;
        write(&unfinished)?;
        make(place.parent().expect("points lie in a folder"))?;
        fs::rename(&unfinished, &place).map_err(Error::write(&place))
    }

    /// Writes a file of the directory itself.
    ///
    /// # Errors
    /// When it cannot be written; what stood in its place is then still there.
    pub fn write(
        &self,
        name: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Error> {
        self.files
            .file(name, |out| content(out))
            .map_err(Error::write(&self.path.join(name)))
    }

    /// Writes a file of the directory itself from what is read on the way.
    ///
    /// # Errors
    /// When something cannot be read or the file not be written; what stood in its place is then still there.
    pub fn write_from(
        &self,
        name: &str,
        content: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let written = self.files.file(name, |out| content(out));
        written.map_err(|error| match error {
            Error::Output(source) => Error::write(&self.path.join(name))(source),
            other => other,
        })
    }

    /// Writes the histograms over all points.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write_histograms(&self, histograms: &[OutboundHistograms]) -> Result<(), Error> {
        write_histograms(histograms, |name, spans| {
            self.write(name, |mut out| hgrm::write(&mut out, spans))
        })
    }

    /// What came of a point that is there.
    ///
    /// # Errors
    /// When its files are not as they were written.
    pub fn read(&self, point: u64) -> Result<PointResult, Error> {
        let folder = self.point(point);
        let damaged = |name: &str, error: serde_json::Error| Error::Damaged {
            path: folder.join(name),
            reason: format!("{error}; remove the folder, and the same command makes it again"),
        };
        let document: Document = serde_json::from_slice(&read(&folder.join(RESULT))?)
            .map_err(|error| damaged(RESULT, error))?;
        let histograms = counts::read(&read(&folder.join(HISTOGRAMS))?)
            .map_err(|error| damaged(HISTOGRAMS, error))?;
        Ok(PointResult {
            document,
            histograms,
        })
    }

    /// Removes all that a sweep wrote, in an order that leaves a sound directory at every moment.
    fn clear(&self) -> Result<(), Error> {
        let points = self.path.join(POINTS);
        if points.exists() {
            let unfinished = self.path.join(UNFINISHED);
            make(&unfinished)?;
            // At once: half a point would be taken for a whole one.
            fs::rename(&points, unfinished.join(POINTS)).map_err(Error::write(&points))?;
        }
        for name in file_names(&self.path)? {
            let ours = name.starts_with("table.")
                || name.ends_with(".hgrm")
                || REPORT.contains(&name.as_str());
            if ours && name != MANIFEST {
                remove(&self.path.join(name))?;
            }
        }
        let pictures = self.path.join(PICTURES);
        match fs::remove_dir_all(&pictures) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::write(&pictures)(error));
            }
            _ => {}
        }
        if self.path.join(MANIFEST).exists() {
            remove(&self.path.join(MANIFEST))?;
        }
        clear_unfinished(&self.path)
    }
}

/// Leaves nothing behind that is not part of the result.
impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.path.join(UNFINISHED));
    }
}

/// Where `root` has a point.
pub fn point_path(root: &Path, point: u64) -> PathBuf {
    let folder = format!("{:03}", point / TO_A_FOLDER);
    root.join(POINTS).join(folder).join(format!("{point:06}"))
}

/// The manifest of a directory.
///
/// # Errors
/// When there is none, or it is none.
pub fn read_manifest(root: &Path) -> Result<Manifest, Error> {
    let path = root.join(MANIFEST);
    serde_json::from_slice(&read(&path)?).map_err(|error| Error::Damaged {
        path,
        reason: format!("{error}; it may be of another version of snatsim (--restart starts over)"),
    })
}

/// Whether two folders have the same files with the same bytes.
///
/// # Errors
/// When one cannot be read.
pub fn same_files(a: &Path, b: &Path) -> Result<bool, Error> {
    let names = file_names(a)?;
    if names != file_names(b)? {
        return Ok(false);
    }
    for name in names {
        if read(&a.join(&name))? != read(&b.join(&name))? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the directory for this process.
fn lock(path: &Path) -> Result<File, Error> {
    let path_of_lock = path.join(LOCK);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path_of_lock)
        .map_err(Error::write(&path_of_lock))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Busy(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(Error::write(&path_of_lock)(error)),
    }
}

/// Whether there is something, and no manifest: more than a sweep leaves behind that has only begun.
fn has_other_files(path: &Path) -> Result<bool, Error> {
    let ours = |name: &str| name == LOCK || name == UNFINISHED || name.starts_with(TEMPORARY);
    let names = names(path)?;
    let known = names.iter().any(|name| name == MANIFEST);
    Ok(!known && names.iter().any(|name| !ours(name)))
}

/// Removes what an earlier process left half-written.
fn clear_unfinished(path: &Path) -> Result<(), Error> {
    let unfinished = path.join(UNFINISHED);
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::write(&unfinished)(error));
        }
        _ => {}
    }
    for name in file_names(path)? {
        if name.starts_with(TEMPORARY) {
            remove(&path.join(name))?;
        }
    }
    Ok(())
}

fn write_histograms(
    histograms: &[OutboundHistograms],
    write: impl Fn(&str, &crate::record::Latencies) -> Result<(), Error>,
) -> Result<(), Error> {
    let names = histogram_names(histograms.iter().map(|one| one.name.as_str()));
    for ([latency, hold], one) in names.iter().zip(histograms) {
        write(latency, &one.connect_latency)?;
        write(hold, &one.port_hold)?;
    }
    Ok(())
}

/// Writes a file and has it on the disk before the rename that makes it count.
fn whole(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), Error> {
    let write = || {
        let mut out = BufWriter::new(File::create(path)?);
        content(&mut out)?;
        out.into_inner()?.sync_all()
    };
    write().map_err(Error::write(path))
}

fn make(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(Error::write(path))
}

fn remove(path: &Path) -> Result<(), Error> {
    fs::remove_file(path).map_err(Error::write(path))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(Error::read(path))
}

/// The names of what is in a directory, sorted.
fn names(path: &Path) -> Result<Vec<String>, Error> {
    let entries = fs::read_dir(path).map_err(Error::read(path))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(Error::read(path))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The names of the files in it, sorted.
fn file_names(path: &Path) -> Result<Vec<String>, Error> {
    let names = names(path)?.into_iter();
    Ok(names.filter(|name| path.join(name).is_file()).collect())
}

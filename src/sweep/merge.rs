//! Puts the shards of a sweep together: the same directory as one process would have made.

use super::directory::{Directory, point_path, read_manifest, same_files};
use super::error::Error;
use super::manifest::{Manifest, Shard};
use super::run::{Progress, finish};
use super::summary::Summary;
use crate::results::Document;
use std::path::{Path, PathBuf};

/// A directory to merge from.
struct Part<'a> {
    path: &'a Path,
    manifest: Manifest,
}

/// Merges the directories of all shards of a sweep into `out`, in any order and however often each is named.
///
/// # Errors
/// When they are not of one sweep, shards or points are missing, or a file cannot be read or written. What is merged is
/// kept, and the same call goes on from there.
pub fn merge(
    inputs: &[PathBuf],
    out: &Path,
    progress: &mut dyn FnMut(Progress),
    visit: &mut dyn FnMut(u64, &Document),
) -> Result<Summary, Error> {
    let parts: Vec<Part> = inputs
        .iter()
        .map(|path| {
            Ok(Part {
                path,
                manifest: read_manifest(path)?,
            })
        })
        .collect::<Result<_, Error>>()?;
    let whole = one_sweep(&parts)?;
    all_there(&parts)?;
    let directory = Directory::open(out, &whole, false)?;
    let before = (0..whole.points)
        .filter(|point| directory.has(*point))
        .count();
    let mut at = Progress {
        done: 0,
        before: before as u64,
        of: whole.points,
    };
    for point in 0..whole.points {
        let copies = parts
            .iter()
            .filter(|part| holds(part, point))
            .map(|part| point_path(part.path, point))
            .filter(|path| path.exists());
        for copy in copies {
            if !directory.has(point) {
                directory.adopt(point, &copy)?;
            } else if !same_files(&copy, &directory.point(point))? {
                return Err(Error::Merge(format!(
                    "point {point} is not the same in {} and in {}, though both say they are of one sweep and \
                     version; one was made by another build, or is damaged",
                    copy.display(),
                    directory.point(point).display()
                )));
            }
        }
        at.done += 1;
        progress(at);
    }
    finish(&directory, &whole, visit)
}

fn holds(part: &Part, point: u64) -> bool {
    let Shard { index, of } = part.manifest.part();
    point % of == index
}

/// The manifest of the whole sweep that all parts are of.
fn one_sweep(parts: &[Part]) -> Result<Manifest, Error> {
    let Some((first, others)) = parts.split_first() else {
        return Err(Error::Merge("there is nothing to merge".to_owned()));
    };
    let whole = first.manifest.whole();
    for other in others {
        let (one, two) = (first.path.display(), other.path.display());
        let reasons = first.manifest.whole().differences(&other.manifest.whole());
        if !reasons.is_empty() {
            return Err(Error::Merge(format!(
                "{one} (there) and {two} (here) are not of one sweep: {}",
                reasons.join("; ")
            )));
        }
        let (a, b) = (first.manifest.part().of, other.manifest.part().of);
        if a != b {
            return Err(Error::Merge(format!(
                "{one} is one of {a} shards and {two} one of {b}; merge shards of one division"
            )));
        }
    }
    Ok(whole)
}

/// No shard is missing, and every point of each is in one of its directories.
fn all_there(parts: &[Part]) -> Result<(), Error> {
    let Manifest { points, .. } = parts[0].manifest;
    let of = parts[0].manifest.part().of;
    let mut lacks = Vec::new();
    let mut missing = Vec::new();
    for index in 0..of {
        let shard = Shard { index, of };
        let copies: Vec<&Part> = parts
            .iter()
            .filter(|part| part.manifest.part() == shard)
            .collect();
        let Some(first) = copies.first() else {
            missing.push(shard.to_string());
            continue;
        };
        let there = |point: &u64| {
            copies
                .iter()
                .any(|part| point_path(part.path, *point).exists())
        };
        let absent = shard.points(points).filter(|point| !there(point)).count();
        if absent > 0 {
            let option = match first.manifest.shard {
                Some(shard) => format!(" --shard {shard}"),
                None => String::new(),
            };
            lacks.push(format!(
                "{dir} lacks {absent} of {} points; this goes on with it: snatsim sweep SWEEP -o {dir}{option}",
                shard.points(points).count(),
                dir = first.path.display(),
            ));
        }
    }
    if !missing.is_empty() {
        let plural = if missing.len() == 1 { "" } else { "s" };
        lacks.push(format!(
            "shard{plural} {} of \"{}\" missing",
            missing.join(", "),
            parts[0].manifest.sweep
        ));
    }
    match lacks.is_empty() {
        true => Ok(()),
        false => Err(Error::Merge(lacks.join("\n       "))),
    }
}

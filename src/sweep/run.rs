//! Runs a sweep: into a directory that can be continued, or as a table on the way.

use super::directory::Directory;
use super::error::Error;
use super::manifest::{Manifest, Shard};
use super::parallel::in_order;
use super::plan::Sweep;
use super::point::{PointResult, simulate_point};
use super::summary::Summary;
use super::table;
use crate::results::Document;
use crate::results::counts::OutboundHistograms;
use std::io::Write;
use std::path::Path;

/// How a sweep is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// The part of the points, all of them by default.
    pub shard: Option<Shard>,
    /// Threads, all cores by default; the result is the same.
    pub threads: Option<usize>,
    /// Whether a directory that holds something already is begun anew.
    pub restart: bool,
}

/// How far a sweep has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Points that are done.
    pub done: u64,
    /// Of those, done by an earlier process.
    pub before: u64,
    /// Points to do in all.
    pub of: u64,
}

/// Runs a sweep into a directory. Points that are there already stay; the table and the histograms over all points are
/// made when none is missing. `progress` hears of every point, `visit` of every result, in order.
///
/// # Errors
/// What stands in the way. What is finished is kept, and the same call goes on from there.
pub fn run(
    sweep: &Sweep,
    work: Work,
    path: &Path,
    progress: &mut (dyn FnMut(Progress) + Send),
    visit: &mut dyn FnMut(u64, &Document),
) -> Result<Summary, Error> {
    let manifest = sweep.manifest(work.shard);
    let directory = Directory::open(path, &manifest, work.restart)?;
    let points = || manifest.part().points(manifest.points);
    let before = points().filter(|point| directory.has(*point)).count() as u64;
    let mut at = Progress {
        done: before,
        before,
        of: points().count() as u64,
    };
    progress(at);
    each_point(
        sweep,
        work.threads,
        points().filter(|point| !directory.has(*point)),
        |point, result| directory.store(point, &result),
        |_, ()| {
            at.done += 1;
            progress(at);
            Ok(())
        },
    )?;
    finish(&directory, &manifest, visit)
}

/// Runs a sweep and writes the table as CSV, in the order of the points, as they are done; nothing is stored.
///
/// # Errors
/// When the table cannot be written.
pub fn stream(
    sweep: &Sweep,
    work: Work,
    out: &mut (dyn Write + Send),
    progress: &mut (dyn FnMut(Progress) + Send),
    visit: &mut (dyn FnMut(u64, &Document) + Send),
) -> Result<Summary, Error> {
    let manifest = sweep.manifest(work.shard);
    let grid = &manifest.axes;
    let points = manifest.part().points(manifest.points);
    let mut at = Progress {
        done: 0,
        before: 0,
        of: points.clone().count() as u64,
    };
    let mut summary = Summary::new(&manifest);
    let mut csv = table::Csv::new(out, grid)?;
    progress(at);
    each_point(
        sweep,
        work.threads,
        points,
        |_, result| Ok(result.document),
        |point, document| {
            csv.rows(&table::rows(grid, point, &document))?;
            csv.flush()?;
            summary.add(grid, point, &document);
            visit(point, &document);
            at.done += 1;
            progress(at);
            Ok(())
        },
    )?;
    csv.flush()?;
    Ok(summary)
}

/// Simulates points in parallel, and the cells of each: `keep` has each as soon as it is done, `then` in order.
fn each_point<T: Send>(
    sweep: &Sweep,
    threads: Option<usize>,
    points: impl Iterator<Item = u64> + Send,
    keep: impl Fn(u64, PointResult) -> Result<T, Error> + Sync,
    then: impl FnMut(u64, T) -> Result<(), Error> + Send,
) -> Result<(), Error> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .build()?;
    let work = |point| {
        let result = pool.install(|| simulate_point(sweep, point))?;
        keep(point, result)
    };
    in_order(points, pool.current_num_threads(), work, then)
}

/// Makes the table and the histograms over all points of a directory that has them all, one point at a time.
pub(super) fn finish(
    directory: &Directory,
    manifest: &Manifest,
    visit: &mut dyn FnMut(u64, &Document),
) -> Result<Summary, Error> {
    let grid = &manifest.axes;
    let mut summary = Summary::new(manifest);
    let mut histograms: Vec<OutboundHistograms> = Vec::new();
    let rows = |sink: Sink| {
        for point in manifest.part().points(manifest.points) {
            let result = directory.read(point)?;
            sink(&table::rows(grid, point, &result.document))?;
            summary.add(grid, point, &result.document);
            visit(point, &result.document);
            merge_histograms(&mut histograms, result.histograms);
        }
        Ok(())
    };
    directory.write_from("table.csv", |out| {
        let mut csv = table::Csv::new(out, grid)?;
        write_rows(directory, manifest, rows, &mut csv)?;
        Ok(csv.flush()?)
    })?;
    directory.write_histograms(&histograms)?;
    Ok(summary)
}

/// Takes the rows of a point.
type Sink<'a> = &'a mut dyn FnMut(&[Vec<table::Cell>]) -> Result<(), Error>;

#[cfg(not(feature = "parquet"))]
fn write_rows<W: Write>(
    _: &Directory,
    _: &Manifest,
    rows: impl FnOnce(Sink) -> Result<(), Error>,
    csv: &mut table::Csv<W>,
) -> Result<(), Error> {
    rows(&mut |rows| Ok(csv.rows(rows)?))
}

/// The same rows into `table.parquet` beside it.
#[cfg(feature = "parquet")]
fn write_rows<W: Write>(
    directory: &Directory,
    manifest: &Manifest,
    rows: impl FnOnce(Sink) -> Result<(), Error>,
    csv: &mut table::Csv<W>,
) -> Result<(), Error> {
    directory.write_from("table.parquet", |out| {
        let mut parquet = super::parquet::Parquet::new(out, &manifest.axes)?;
        rows(&mut |rows| {
            parquet.rows(rows)?;
            Ok(csv.rows(rows)?)
        })?;
        Ok(parquet.finish()?)
    })
}

fn merge_histograms(all: &mut Vec<OutboundHistograms>, of_point: Vec<OutboundHistograms>) {
    for one in of_point {
        match all.iter_mut().find(|known| known.name == one.name) {
            Some(known) => {
                known.connect_latency.merge(&one.connect_latency);
                known.port_hold.merge(&one.port_hold);
            }
            None => all.push(one),
        }
    }
}

//! The files of a result in one directory, each written whole or not at all.

use super::document::Document;
use super::{hgrm, timeline};
use crate::model::Model;
use crate::simulate::RunResult;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A directory that results can be written to.
///
/// `result.json` is the document, `timeline.csv` every pool's minute series, and
/// `<outbound>.connect-latency.hgrm` and `<outbound>.port-hold.hgrm` the histograms, the
/// outbound's name in lower case with hyphens. Files of an earlier result are replaced.
#[derive(Clone, Debug)]
pub struct ResultDir(PathBuf);

impl ResultDir {
    /// Makes the directory, if need be, and tries whether it can be written to.
    ///
    /// # Errors
    /// Says what stands in the way, before anything was simulated.
    pub fn open(path: &Path) -> io::Result<ResultDir> {
        std::fs::create_dir_all(path)?;
        let dir = ResultDir(path.to_owned());
        // Dropped at once, it leaves nothing behind.
        dir.temporary()?;
        Ok(dir)
    }

    /// Writes all files of a result.
    ///
    /// # Errors
    /// When a file cannot be written; it is then as it was before.
    pub fn write(&self, document: &Document, model: &Model, run: &RunResult) -> io::Result<()> {
        self.file("result.json", |out| write_document(out, document))?;
        self.file("timeline.csv", |out| timeline::write_csv(out, model, run))?;
        let names = model
            .outbounds
            .iter()
            .map(|outbound| outbound.name.as_str());
        for (names, run) in histogram_names(names).iter().zip(&run.outbounds) {
            let Some(run) = run else { continue };
            for (name, spans) in names.iter().zip([&run.connect_latency, &run.port_hold]) {
                self.file(name, |out| hgrm::write(out, spans))?;
            }
        }
        Ok(())
    }

    /// Writes one file beside its place and then puts it there.
    ///
    /// # Errors
    /// When it cannot be written; what stood in its place is then still there.
    pub fn file<E: From<io::Error>>(
        &self,
        name: &str,
        content: impl FnOnce(&mut BufWriter<&mut NamedTempFile>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut temporary = self.temporary()?;
        let mut out = BufWriter::new(&mut temporary);
        content(&mut out)?;
        out.flush()?;
        drop(out);
        // Else a loss of power may keep the new name and lose what it names.
        temporary.as_file().sync_all()?;
        temporary
            .persist(self.0.join(name))
            .map_err(io::Error::from)?;
        Ok(())
    }

    fn temporary(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY);
        // A temporary file is for its owner only by default; a result is as readable as any other file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(&self.0)
    }
}

/// How the names of files begin that are not whole yet; what is left of them after a crash may be deleted.
pub const TEMPORARY: &str = ".snatsim-";

/// Writes `result.json`.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_document(out: &mut impl Write, document: &Document) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, document)?;
    out.write_all(b"\n")
}

/// The files of the connect latency and the port hold of every outbound, in the order of `names`.
pub fn histogram_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<[String; 2]> {
    let mut taken = Vec::new();
    names
        .map(|name| {
            let slug = slug(name, &mut taken);
            ["connect-latency", "port-hold"].map(|what| format!("{slug}.{what}.hgrm"))
        })
        .collect()
}

/// Bytes of a name in a file name; file systems take 255 for all of it.
const LONGEST_SLUG: usize = 150;

/// A name as part of a file name, different from all in `taken`, which it joins.
fn slug(name: &str, taken: &mut Vec<String>) -> String {
    let words: Vec<String> = name
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let mut base = words.join("-");
    base.truncate(base.floor_char_boundary(LONGEST_SLUG));
    if base.is_empty() {
        base = "outbound".to_owned();
    }
    let free = (1..)
        .map(|n| match n {
            1 => base.clone(),
            n => format!("{base}-{n}"),
        })
        .find(|slug| !taken.contains(slug))
        .expect("numbers do not end");
    taken.push(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{About, document, fixture};

    #[test]
    fn names_become_file_names_that_differ() {
        let mut taken = Vec::new();
        let names = [
            "LB default",
            "lb  default!",
            "NAT/gateway (2)",
            "…",
            "LB-default",
        ];
        let slugs = names.map(|name| slug(name, &mut taken));
        assert_eq!(
            slugs,
            [
                "lb-default",
                "lb-default-2",
                "nat-gateway-2",
                "outbound",
                "lb-default-3"
            ]
        );
        let long = "é".repeat(1_000);
        let slugs = [slug(&long, &mut taken), slug(&long, &mut taken)];
        assert_eq!(slugs[1].len(), LONGEST_SLUG + 2);
        assert_eq!(slugs[1], format!("{}-2", slugs[0]));
    }

    #[test]
    fn a_result_is_four_kinds_of_files_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (model, run) = fixture::comparison(&[5]);
        let about = About {
            scenario_sha256: String::new(),
            compare: true,
        };
        let document = document(&model, &run, &about);
        let out = ResultDir::open(&dir.path().join("new/results")).unwrap();
        out.write(&document, &model, &run).unwrap();
        // Again: what is there is replaced.
        out.write(&document, &model, &run).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(&out.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "lb-default.connect-latency.hgrm",
                "lb-default.port-hold.hgrm",
                "nat-gateway.connect-latency.hgrm",
                "nat-gateway.port-hold.hgrm",
                "result.json",
                "timeline.csv",
            ]
        );
        let text = std::fs::read_to_string(out.0.join("result.json")).unwrap();
        assert_eq!(serde_json::from_str::<Document>(&text).unwrap(), document);
    }

    #[test]
    fn a_file_in_the_way_is_an_error_before_the_run() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(ResultDir::open(file.path()).is_err());
    }

    #[test]
    fn what_fails_half_way_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let out = ResultDir::open(dir.path()).unwrap();
        out.file("a", |out| out.write_all(b"old")).unwrap();
        let failed = out.file("a", |out| {
            out.write_all(b"new")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(dir.path().join("a")).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

//! Reads the percentiles of a `.hgrm` file.

use super::Error;
use std::path::Path;

/// A row of a `.hgrm` file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentile {
    /// Share of values that are at most this one, in [0, 1].
    pub share: f64,
    /// The value in seconds.
    pub value: f64,
    /// How many values that is.
    pub count: u64,
}

/// The percentiles of a file, ascending.
pub(super) fn read(path: &Path) -> Result<Vec<Percentile>, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    let rows = text
        .lines()
        .filter(|line| line.starts_with(' ') && !line.contains("Percentile"));
    rows.filter(|line| !line.trim().is_empty())
        .map(|line| {
            row(line).ok_or_else(|| Error::damaged(path, format!("{line:?} is no percentile")))
        })
        .collect()
}

fn row(line: &str) -> Option<Percentile> {
    let mut fields = line.split_whitespace();
    Some(Percentile {
        value: fields.next()?.parse().ok()?,
        share: fields.next()?.parse().ok()?,
        count: fields.next()?.parse().ok()?,
    })
}

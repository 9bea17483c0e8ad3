//! Recorded traces: CSV and Zeek `conn.log` files, gzipped or not, recognised by content.

mod csv;
mod number;
mod sheet;
mod values;
mod zeek;

pub use values::read_values;

use super::CloseKind;
use crate::engine::Protocol;
use crate::fault::Code;
use crate::units::SimTime;
use sheet::Lines;
use std::collections::HashMap;
use std::io::{BufReader, Read};
use std::net::IpAddr;
use std::ops::Range;

/// A recorded trace, as in its file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// Texts of the sources, in order of appearance.
    pub sources: Vec<String>,
    /// Destination endpoints, in order of appearance.
    pub endpoints: Vec<(Protocol, IpAddr, u16)>,
    /// The connections, sorted by start, equal ones in file order.
    pub rows: Vec<Recorded>,
    /// Rows that are neither TCP nor UDP.
    pub other_protocols: u64,
    /// Rows of sources that do not count.
    pub other_sources: u64,
}

/// One recorded connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// First SYN, from the start of the trace.
    pub start: SimTime,
    /// Index into [`Trace::sources`].
    pub source: u32,
    /// Index into [`Trace::endpoints`].
    pub endpoint: u32,
    /// From the grant to the end.
    pub lifetime: SimTime,
    /// How it ends.
    pub close: CloseKind,
    /// Gap between packets; none: packets all along.
    pub keepalive: Option<SimTime>,
}

/// Why a file cannot be read, with the place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Which rule.
    pub code: Code,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u64,
    /// The text of that line.
    pub text: String,
    /// What to underline in it, in bytes.
    pub span: Range<usize>,
    /// What is wrong.
    pub found: String,
    /// What is allowed.
    pub allowed: String,
    /// How to mend it.
    pub remedy: String,
}

/// Reads a trace. `counts` says of a source's text whether its rows count.
///
/// # Errors
/// The first place that cannot be read.
pub fn read(bytes: &[u8], counts: &dyn Fn(&str) -> bool) -> Result<Trace, Box<FileError>> {
    let mut lines = Lines::new(Box::new(BufReader::with_capacity(1 << 16, plain(bytes))));
    let Some(first) = lines.first()? else {
        return Err(Box::new(FileError {
            code: Code::E0402,
            line: 0,
            text: String::new(),
            span: 0..0,
            found: "The file is empty.".to_owned(),
            allowed: FORMATS.to_owned(),
            remedy: "Check the name of the file.".to_owned(),
        }));
    };
    let reader = Reader::new(counts);
    match first.trim_start().bytes().next() {
        Some(b'{') => zeek::read_json(lines, reader),
        Some(b'#') => zeek::read_tsv(lines, reader),
        _ => csv::read(lines, reader),
    }
}

/// What a trace may be.
const FORMATS: &str = "CSV with a header line, or a Zeek conn.log (TSV or JSON), gzipped or not";

/// The bytes without the gzip around them, if there is any.
fn plain(bytes: &[u8]) -> Box<dyn Read + '_> {
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        false => Box::new(bytes),
    }
}

/// Gathers the rows of a trace, each source and endpoint once.
struct Reader<'a> {
    counts: &'a dyn Fn(&str) -> bool,
    trace: Trace,
    /// Index of every source seen; none where its rows do not count.
    sources: HashMap<String, Option<u32>>,
    endpoints: HashMap<(Protocol, IpAddr, u16), u32>,
}

impl<'a> Reader<'a> {
    fn new(counts: &'a dyn Fn(&str) -> bool) -> Self {
        Reader {
            counts,
            trace: Trace::default(),
            sources: HashMap::new(),
            endpoints: HashMap::new(),
        }
    }

    /// Index of a source, none when its rows do not count.
    fn source(&mut self, text: &str) -> Option<u32> {
        let index = match self.sources.get(text) {
            Some(index) => *index,
            None => {
                let index = (self.counts)(text).then_some(self.trace.sources.len() as u32);
                if index.is_some() {
                    self.trace.sources.push(text.to_owned());
                }
                self.sources.insert(text.to_owned(), index);
                index
            }
        };
        self.trace.other_sources += u64::from(index.is_none());
        index
    }

    fn endpoint(&mut self, protocol: Protocol, address: IpAddr, port: u16) -> u32 {
        let endpoints = &mut self.trace.endpoints;
        *self
            .endpoints
            .entry((protocol, address, port))
            .or_insert_with(|| {
                endpoints.push((protocol, address, port));
                endpoints.len() as u32 - 1
            })
    }

    /// The trace, its rows in order and counted from `origin`.
    fn finish(mut self, origin: SimTime) -> Trace {
        for row in &mut self.trace.rows {
            row.start = row.start.saturating_sub(origin);
        }
        self.trace.rows.sort_by_key(|row| row.start);
        self.trace
    }
}

#[cfg(test)]
mod tests;

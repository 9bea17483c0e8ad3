//! Zeek's `conn.log`, TSV or JSON; time 0 is its earliest `ts`.
//!
//! Fields and states: <https://docs.zeek.org/en/master/logs/conn.html>.

use super::sheet::{Field, Line, Lines};
use super::{FileError, Reader, Recorded, Trace};
use crate::engine::Protocol;
use crate::fault::Code;
use crate::traffic::CloseKind;
use crate::units::SimTime;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The fields of a row that matter, unset ones empty.
struct Row<'a> {
    ts: Field<'a>,
    node: Field<'a>,
    address: Field<'a>,
    port: Field<'a>,
    protocol: Field<'a>,
    duration: &'a str,
    state: &'a str,
}

/// Names of the fields that every row must have, and of those it may have.
const REQUIRED: [&str; 5] = ["ts", "id.orig_h", "id.resp_h", "id.resp_p", "proto"];
const OPTIONAL: [&str; 2] = ["duration", "conn_state"];

/// Reads rows into a trace.
struct Rows<'a> {
    reader: Reader<'a>,
    /// The earliest `ts` of the rows that count.
    origin: SimTime,
}

impl Rows<'_> {
    fn push(&mut self, row: Row) -> Result<(), Box<FileError>> {
        let start = row.ts.seconds().map_err(|mut error| {
            if row.ts.text.contains('T') {
                error.remedy =
                    "Write the log with LogAscii::json_timestamps=JSON::TS_EPOCH, as is the default.".to_owned();
            }
            error
        })?;
        let Some(protocol) = row.protocol.protocol() else {
            self.reader.trace.other_protocols += 1;
            return Ok(());
        };
        let address = row.address.address()?;
        let port = row.port.port()?;
        let lifetime = match row.duration {
            "" => SimTime::ZERO,
            text => Field {
                column: OPTIONAL[0],
                text,
                ..row.ts
            }
            .seconds()?,
        };
        if row.node.text.is_empty() {
            return Err(row
                .node
                .error("the address of the originator", "Remove the row."));
        }
        if let Some(source) = self.reader.source(row.node.text) {
            self.origin = self.origin.min(start);
            let endpoint = self.reader.endpoint(protocol, address, port);
            self.reader.trace.rows.push(Recorded {
                start,
                source,
                endpoint,
                lifetime,
                close: close(protocol, row.state),
                keepalive: None,
            });
        }
        Ok(())
    }

    fn finish(self) -> Trace {
        self.reader.finish(self.origin)
    }
}

/// How a connection in this `conn_state` ended; a flow ends by falling silent, whatever its state.
fn close(protocol: Protocol, state: &str) -> CloseKind {
    match (protocol, state) {
        (Protocol::Udp, _) => CloseKind::Fin,
        (_, "S0") => CloseKind::Unanswered,
        (_, "S1" | "OTH") => CloseKind::Abandon,
        (_, "REJ" | "RSTO" | "RSTR" | "RSTOS0" | "RSTRH") => CloseKind::Rst,
        _ => CloseKind::Fin,
    }
}

/// How a TSV log is written, as its header lines say.
struct Layout {
    separator: String,
    unset: String,
    /// The log's name, `conn` for the one that is wanted.
    path: String,
    /// Places of [`REQUIRED`] and [`OPTIONAL`] fields; none before a `#fields` line.
    columns: Option<[Option<usize>; 7]>,
    width: usize,
}

pub(super) fn read_tsv(mut lines: Lines, reader: Reader) -> Result<Trace, Box<FileError>> {
    let mut rows = Rows {
        reader,
        origin: SimTime::MAX,
    };
    let mut layout = Layout {
        separator: "\t".to_owned(),
        unset: "-".to_owned(),
        path: String::new(),
        columns: None,
        width: 0,
    };
    while let Some(line) = lines.next()? {
        match line.text.strip_prefix('#') {
            Some(header) => layout.read(header, line)?,
            None => rows.push(layout.row(line)?)?,
        }
    }
    Ok(rows.finish())
}

impl Layout {
    /// Takes in a header line, without its `#`.
    fn read(&mut self, header: &str, line: Line) -> Result<(), Box<FileError>> {
        if let Some(separator) = header.strip_prefix("separator ") {
            self.separator = unescape(separator);
            return Ok(());
        }
        let mut words = header.split(self.separator.as_str());
        match words.next() {
            Some("unset_field") => self.unset = words.next().unwrap_or("-").to_owned(),
            Some("path") => self.path = words.next().unwrap_or_default().to_owned(),
            Some("fields") => self.fields(&words.collect::<Vec<_>>(), line)?,
            _ => {}
        }
        Ok(())
    }

    fn fields(&mut self, names: &[&str], line: Line) -> Result<(), Box<FileError>> {
        let place = |wanted: &&str| names.iter().position(|name| name == wanted);
        let mut columns = [None; 7];
        for (column, wanted) in columns.iter_mut().zip(REQUIRED.iter().chain(&OPTIONAL)) {
            *column = place(wanted);
        }
        let missing: Vec<&str> = REQUIRED
            .iter()
            .zip(columns)
            .filter(|(_, column)| column.is_none())
            .map(|(name, _)| *name)
            .collect();
        if !missing.is_empty() {
            let log = match self.path.as_str() {
                "" | "conn" => String::new(),
                path => format!(": this is Zeek's {path}.log"),
            };
            return Err(line.whole(
                Code::E0403,
                format!("There is no field {}{log}.", missing.join(", ")),
                format!("a Zeek conn.log with the fields {}", REQUIRED.join(", ")),
                "Give the conn.log of the same capture.",
            ));
        }
        self.columns = Some(columns);
        self.width = names.len();
        Ok(())
    }

    fn row<'a>(&self, line: Line<'a>) -> Result<Row<'a>, Box<FileError>> {
        let Some(columns) = self.columns else {
            return Err(line.whole(
                Code::E0403,
                "A row comes before any #fields line.",
                "a Zeek conn.log with its header lines",
                "Keep the lines that begin with # when cutting a log.",
            ));
        };
        let mut cells = [""; 7];
        let mut width = 0;
        for (place, cell) in line.text.split(self.separator.as_str()).enumerate() {
            width += 1;
            if let Some(slot) = columns.iter().position(|column| *column == Some(place)) {
                cells[slot] = if cell == self.unset { "" } else { cell };
            }
        }
        if width != self.width {
            return Err(line.whole(
                Code::E0404,
                format!("{width} fields where #fields has {}.", self.width),
                "as many fields as the #fields line names",
                "A log that was cut off in mid-line lacks fields in its last line: remove that line.",
            ));
        }
        let field = |slot: usize| Field {
            line,
            column: REQUIRED[slot],
            text: cells[slot],
        };
        Ok(Row {
            ts: field(0),
            node: field(1),
            address: field(2),
            port: field(3),
            protocol: field(4),
            duration: cells[5],
            state: cells[6],
        })
    }
}

/// The text of a `#separator`, in which `\x09` is a tab.
fn unescape(text: &str) -> String {
    match text
        .strip_prefix("\\x")
        .and_then(|hex| u8::from_str_radix(hex, 16).ok())
    {
        Some(byte) => char::from(byte).to_string(),
        None => text.to_owned(),
    }
}

/// A row as JSON; numbers stay text, so that no digit is lost.
#[derive(Deserialize)]
struct JsonRow<'a> {
    #[serde(borrow)]
    ts: Option<&'a RawValue>,
    #[serde(borrow, rename = "id.orig_h")]
    node: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "id.resp_h")]
    address: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "id.resp_p")]
    port: Option<&'a RawValue>,
    #[serde(borrow)]
    proto: Option<Cow<'a, str>>,
    #[serde(borrow)]
    duration: Option<&'a RawValue>,
    #[serde(borrow)]
    conn_state: Option<Cow<'a, str>>,
}

pub(super) fn read_json(mut lines: Lines, reader: Reader) -> Result<Trace, Box<FileError>> {
    let mut rows = Rows {
        reader,
        origin: SimTime::MAX,
    };
    while let Some(line) = lines.next()? {
        let row: JsonRow =
            serde_json::from_str(line.text).map_err(|error| not_json(line, &error))?;
        let texts = [
            raw(row.ts),
            row.node.as_deref().unwrap_or_default(),
            row.address.as_deref().unwrap_or_default(),
            raw(row.port),
            row.proto.as_deref().unwrap_or_default(),
        ];
        if let Some(missing) = texts.iter().position(|text| text.is_empty()) {
            return Err(line.whole(
                Code::E0404,
                format!("There is no {} in this line.", REQUIRED[missing]),
                format!("a Zeek conn.log with the fields {}", REQUIRED.join(", ")),
                "Give the conn.log of the capture, with one JSON object a line.",
            ));
        }
        let field = |slot: usize| Field {
            line,
            column: REQUIRED[slot],
            text: texts[slot],
        };
        rows.push(Row {
            ts: field(0),
            node: field(1),
            address: field(2),
            port: field(3),
            protocol: field(4),
            duration: raw(row.duration),
            state: row.conn_state.as_deref().unwrap_or_default(),
        })?;
    }
    Ok(rows.finish())
}

/// The text of a number or string, empty where it is unset.
fn raw(value: Option<&RawValue>) -> &str {
    match value.map(RawValue::get) {
        Some("null") | None => "",
        Some(text) => text.trim_matches('"'),
    }
}

fn not_json(line: Line, error: &serde_json::Error) -> Box<FileError> {
    let column = error.column().saturating_sub(1).min(line.text.len());
    let start = (0..=column)
        .rev()
        .find(|at| line.text.is_char_boundary(*at))
        .unwrap_or(0);
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    line.error(
        Code::E0404,
        start..line.text.len(),
        format!("The line is no row of a Zeek log: {words}."),
        "one JSON object a line, as Zeek writes them",
        "Remove a last line that was cut off; undo pretty-printing with jq -c . FILE.",
    )
}

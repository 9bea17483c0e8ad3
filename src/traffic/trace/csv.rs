//! Traces as CSV: columns by header name, `start` in seconds from the start of the run.

use super::sheet::{Field, Line, Lines};
use super::{FileError, Reader, Recorded, Trace};
use crate::engine::Protocol;
use crate::fault::Code;
use crate::traffic::CloseKind;
use crate::units::SimTime;
use std::borrow::Cow;

/// The columns, in the order of [`Columns`]; the last two may be left out.
const NAMES: [&str; 8] = [
    "start",
    "node",
    "protocol",
    "address",
    "port",
    "lifetime",
    "close",
    "keepalive",
];
const REQUIRED: usize = 6;

/// Place of every known column in a row.
type Columns = [Option<usize>; NAMES.len()];

pub(super) fn read(mut lines: Lines, mut reader: Reader) -> Result<Trace, Box<FileError>> {
    let Some(header) = lines.next()? else {
        return Ok(reader.finish(SimTime::ZERO));
    };
    let (columns, width) = columns(header)?;
    while let Some(line) = lines.next()? {
        let cells = split(line)?;
        if cells.len() != width {
            return Err(line.whole(
                Code::E0404,
                format!("{} fields where the header has {width}.", cells.len()),
                "as many fields as the header, separated by commas",
                "Quote a field that has a comma in it; a last line that was cut off is best removed.",
            ));
        }
        let row = |name: usize| {
            columns[name].map(|at| Field {
                line,
                column: NAMES[name],
                text: cells[at].trim(),
            })
        };
        read_row(row, &mut reader)?;
    }
    Ok(reader.finish(SimTime::ZERO))
}

/// Reads one row; `field` gives the field of a column of [`NAMES`].
fn read_row<'a>(
    field: impl Fn(usize) -> Option<Field<'a>>,
    reader: &mut Reader,
) -> Result<(), Box<FileError>> {
    let required = |name: usize| field(name).expect("a required column is in the header");
    let start = required(0).seconds()?;
    let node = required(1);
    if node.text.is_empty() {
        return Err(node.error(
            "the name of a node, or an address",
            "Say which node opened the connection.",
        ));
    }
    let Some(protocol) = required(2).protocol() else {
        return Err(required(2).error(
            "tcp or udp",
            "Remove the rows of other protocols: they use no SNAT port.",
        ));
    };
    let address = required(3).address()?;
    let port = required(4).port()?;
    let lifetime = required(5).seconds()?;
    // Ends and keepalives are words of TCP; a flow has neither.
    let (close, keepalive) = match protocol {
        Protocol::Udp => (CloseKind::Fin, None),
        Protocol::Tcp => (
            field(6).map_or(Ok(CloseKind::Fin), close)?,
            field(7).map_or(Ok(None), keepalive)?,
        ),
    };
    if let Some(source) = reader.source(node.text) {
        let endpoint = reader.endpoint(protocol, address, port);
        reader.trace.rows.push(Recorded {
            start,
            source,
            endpoint,
            lifetime,
            close,
            keepalive,
        });
    }
    Ok(())
}

/// How a connection ends; empty means by FIN.
fn close(field: Field) -> Result<CloseKind, Box<FileError>> {
    match field.text.to_ascii_lowercase().as_str() {
        "" | "fin" => Ok(CloseKind::Fin),
        "rst" => Ok(CloseKind::Rst),
        "abandon" => Ok(CloseKind::Abandon),
        "unanswered" => Ok(CloseKind::Unanswered),
        _ => Err(field.error("fin, rst, abandon or unanswered", "Leave it empty for fin.")),
    }
}

/// Gap between packets; empty or 0 means packets all along.
fn keepalive(field: Field) -> Result<Option<SimTime>, Box<FileError>> {
    match field.text {
        "" => Ok(None),
        _ => Ok(Some(field.seconds()?).filter(|gap| *gap > SimTime::ZERO)),
    }
}

/// Where the known columns are, and how many columns there are in all.
fn columns(header: Line) -> Result<(Columns, usize), Box<FileError>> {
    let names: Vec<String> = split(header)?
        .iter()
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let columns = NAMES.map(place);
    let missing: Vec<&str> = (0..REQUIRED)
        .filter(|i| columns[*i].is_none())
        .map(|i| NAMES[i])
        .collect();
    if missing.len() == REQUIRED {
        return Err(header.whole(
            Code::E0402,
            "The first line has none of the columns of a trace.",
            super::FORMATS,
            format!("A CSV begins with the line {}", NAMES.join(",")),
        ));
    }
    if !missing.is_empty() {
        return Err(header.whole(
            Code::E0403,
            format!("There is no column {}.", missing.join(", ")),
            format!(
                "columns named {}; close and keepalive may be left out, the order is free, others are ignored",
                NAMES.join(", ")
            ),
            renaming(&names, &missing),
        ));
    }
    // A misspelt optional column would be ignored in silence and change the result.
    for name in names.iter().filter(|name| !NAMES.contains(&name.as_str())) {
        for (i, wanted) in NAMES.iter().enumerate().skip(REQUIRED) {
            if columns[i].is_none() && strsim::jaro_winkler(name, wanted) > 0.85 {
                return Err(header.whole(
                    Code::E0403,
                    format!("There is no column {wanted}, but one called {name}."),
                    format!("columns named {}", NAMES.join(", ")),
                    format!(
                        "Rename {name} to {wanted}, or to something unlike it to have it ignored."
                    ),
                ));
            }
        }
    }
    Ok((columns, names.len()))
}

/// Which of the columns there are could be a missing one under another name.
fn renaming(names: &[String], missing: &[&str]) -> String {
    let mut free: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !NAMES.contains(name))
        .collect();
    let mut pairs = Vec::new();
    for wanted in missing {
        let alias = |name: &&str| ALIASES.contains(&(*name, *wanted));
        let alike =
            |name: &&str| name.contains(wanted) || strsim::jaro_winkler(name, wanted) > 0.85;
        let place = free
            .iter()
            .position(alias)
            .or_else(|| free.iter().position(alike));
        if let Some(place) = place {
            pairs.push(format!("{} to {wanted}", free.remove(place)));
        }
    }
    match pairs.is_empty() {
        true => "Rename or add the columns; times and lifetimes are in seconds.".to_owned(),
        false => format!("Rename {}.", pairs.join(", ")),
    }
}

/// What others call the same columns.
const ALIASES: [(&str, &str); 12] = [
    ("time", "start"),
    ("timestamp", "start"),
    ("ts", "start"),
    ("source", "node"),
    ("src_ip", "node"),
    ("proto", "protocol"),
    ("destination", "address"),
    ("dst_ip", "address"),
    ("dst_port", "port"),
    ("dport", "port"),
    ("duration", "lifetime"),
    ("active_s", "lifetime"),
];

/// The cells of a line; a quoted cell may hold commas and doubled quotes, but no line end.
fn split<'a>(line: Line<'a>) -> Result<Vec<Cow<'a, str>>, Box<FileError>> {
    if !line.text.contains('"') {
        return Ok(line.text.split(',').map(Cow::Borrowed).collect());
    }
    let mut cells = Vec::new();
    let mut rest = line.text;
    loop {
        let (cell, tail) = match rest.strip_prefix('"') {
            None => match rest.split_once(',') {
                Some((cell, tail)) => (Cow::Borrowed(cell), Some(tail)),
                None => (Cow::Borrowed(rest), None),
            },
            Some(quoted) => {
                let Some((cell, tail)) = unquote(quoted) else {
                    return Err(line.error(
                        Code::E0404,
                        line.text.len() - rest.len()..line.text.len(),
                        "A quoted field does not end properly.",
                        "a field in double quotes, with a comma or the end of the line after it",
                        "Close the quotes; a quote inside is written twice.",
                    ));
                };
                (cell, tail)
            }
        };
        cells.push(cell);
        match tail {
            Some(tail) => rest = tail,
            None => return Ok(cells),
        }
    }
}

/// The cell whose opening quote was taken off, and what follows the comma after it.
fn unquote(text: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let mut from = 0;
    let end = loop {
        let quote = from + text[from..].find('"')?;
        if text[quote + 1..].starts_with('"') {
            from = quote + 2;
        } else {
            break quote;
        }
    };
    let cell = match text[..end].contains('"') {
        true => Cow::Owned(text[..end].replace("\"\"", "\"")),
        false => Cow::Borrowed(&text[..end]),
    };
    match &text[end + 1..] {
        "" => Some((cell, None)),
        tail => Some((cell, Some(tail.strip_prefix(',')?))),
    }
}

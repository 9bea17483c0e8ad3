//! Files of observed durations, one a line, for empirical laws.

use super::sheet::Lines;
use super::{FileError, number, plain};
use crate::fault::Code;
use crate::units::{SimTime, parse_duration};
use std::io::BufReader;

/// Reads one value a line: a duration with a unit, or plain seconds. Lines that begin with `#` are skipped.
///
/// # Errors
/// The first line that is neither.
pub fn read_values(bytes: &[u8]) -> Result<Vec<SimTime>, Box<FileError>> {
    let mut lines = Lines::new(Box::new(BufReader::new(plain(bytes))));
    let mut values = Vec::new();
    while let Some(line) = lines.next()? {
        let text = line.text.trim();
        if text.starts_with('#') {
            continue;
        }
        let value = number::seconds(text).or_else(|| parse_duration(text).ok());
        values.push(value.ok_or_else(|| {
            line.whole(
                Code::E0404,
                format!("\"{text}\" is no duration."),
                "one value a line: a duration such as 250ms, or plain seconds such as 0.25",
                "Mend or remove the line; a line that begins with # is skipped.",
            )
        })?);
    }
    Ok(values)
}

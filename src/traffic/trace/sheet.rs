//! Lines and fields of a text file, with the places for its errors.

use super::FileError;
use crate::engine::Protocol;
use crate::fault::Code;
use crate::units::SimTime;
use std::io::BufRead;
use std::net::IpAddr;
use std::ops::Range;

/// Reads a file line by line and knows where it is.
pub(super) struct Lines<'a> {
    input: Box<dyn BufRead + 'a>,
    text: String,
    number: u64,
    /// Whether `text` is still to be handed out.
    peeked: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(input: Box<dyn BufRead + 'a>) -> Self {
        Lines {
            input,
            text: String::new(),
            number: 0,
            peeked: false,
        }
    }

    /// The first line that is not blank; [`Lines::next`] yields it again.
    pub(super) fn first(&mut self) -> Result<Option<&str>, Box<FileError>> {
        let found = self.next()?.is_some();
        self.peeked = found;
        Ok(found.then_some(&self.text))
    }

    /// The next line that is not blank, with its number, without the line end.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>, Box<FileError>> {
        if !std::mem::take(&mut self.peeked) {
            loop {
                self.text.clear();
                self.number += 1;
                match self.input.read_line(&mut self.text) {
                    Ok(0) => return Ok(None),
                    Ok(_) => {}
                    Err(error) => return Err(self.unreadable(&error)),
                }
                let kept = self.text.trim_end_matches(['\n', '\r']).len();
                self.text.truncate(kept);
                if self.number == 1 && self.text.starts_with('\u{feff}') {
                    self.text.drain(..'\u{feff}'.len_utf8());
                }
                if !self.text.trim().is_empty() {
                    break;
                }
            }
        }
        Ok(Some(Line {
            text: &self.text,
            number: self.number,
        }))
    }

    fn unreadable(&self, error: &std::io::Error) -> Box<FileError> {
        Box::new(FileError {
            code: Code::E0401,
            line: 0,
            text: String::new(),
            span: 0..0,
            found: format!("Line {} cannot be read: {error}.", self.number),
            allowed: "UTF-8 text, gzipped or not".to_owned(),
            remedy: "Check that the file is whole and not of some other format.".to_owned(),
        })
    }
}

/// One line of a file.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) number: u64,
}

impl<'a> Line<'a> {
    /// An error about `span` of this line.
    pub(super) fn error(
        self,
        code: Code,
        span: Range<usize>,
        found: impl Into<String>,
        allowed: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Box<FileError> {
        Box::new(FileError {
            code,
            line: self.number,
            text: self.text.to_owned(),
            span,
            found: found.into(),
            allowed: allowed.into(),
            remedy: remedy.into(),
        })
    }

    /// An error about the whole line.
    pub(super) fn whole(
        self,
        code: Code,
        found: impl Into<String>,
        allowed: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Box<FileError> {
        self.error(code, 0..self.text.len(), found, allowed, remedy)
    }
}

/// One field of a line: its column's name and its text.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) line: Line<'a>,
    pub(super) column: &'a str,
    pub(super) text: &'a str,
}

impl Field<'_> {
    /// An error about this field.
    pub(super) fn error(
        self,
        allowed: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Box<FileError> {
        // The field is a slice of the line where it was not unescaped; else the line stands for it.
        let start = (self.text.as_ptr() as usize).wrapping_sub(self.line.text.as_ptr() as usize);
        let end = start.wrapping_add(self.text.len());
        let span = match self.line.text.get(start..end) {
            Some(_) if end >= start => start..end,
            _ => 0..self.line.text.len(),
        };
        let found = match self.text {
            "" => format!("{} is empty.", self.column),
            text => format!("{} is \"{text}\".", self.column),
        };
        self.line.error(Code::E0404, span, found, allowed, remedy)
    }

    /// Seconds as decimal text.
    pub(super) fn seconds(self) -> Result<SimTime, Box<FileError>> {
        super::number::seconds(self.text).ok_or_else(|| {
            let remedy = match self.text.starts_with('-') {
                true => "Times count from the start of the run, which is 0.",
                false => "Write plain seconds, without a unit.",
            };
            self.error(
                "seconds as a decimal number of at least 0, such as 12.345",
                remedy,
            )
        })
    }

    /// An IP address.
    pub(super) fn address(self) -> Result<IpAddr, Box<FileError>> {
        self.text.parse().map_err(|_| {
            self.error(
                "an IPv4 or IPv6 address, such as 203.0.113.40",
                "Names are not resolved: write the address they stand for.",
            )
        })
    }

    /// A port.
    pub(super) fn port(self) -> Result<u16, Box<FileError>> {
        self.text.parse().map_err(|_| {
            self.error(
                "a port from 0 to 65535",
                "Write the destination port as a number.",
            )
        })
    }

    /// TCP or UDP, in any case; none for another protocol.
    pub(super) fn protocol(self) -> Option<Protocol> {
        if self.text.eq_ignore_ascii_case("tcp") {
            Some(Protocol::Tcp)
        } else if self.text.eq_ignore_ascii_case("udp") {
            Some(Protocol::Udp)
        } else {
            None
        }
    }
}

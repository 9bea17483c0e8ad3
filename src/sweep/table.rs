//! `table.csv`: one row a point and outbound type, one column a figure.

use super::axes::{Dimension, Grid};
use crate::results::{Document, Figures, OutboundResult};
use serde::Serialize;
use std::fmt;
use std::io;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers.
    Count,
    /// Numbers.
    Number,
    /// True or false.
    Flag,
    /// Text.
    Text,
}

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing to say, as where nothing was simulated.
    Empty,
    /// A whole number.
    Count(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// Text.
    Text(String),
}

/// Numbers as in `result.json`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Empty => Ok(()),
            Cell::Count(count) => write!(f, "{count}"),
            Cell::Number(number) => write!(f, "{}", serde_json::Value::from(*number)),
            Cell::Flag(flag) => write!(f, "{flag}"),
            Cell::Text(text) => f.write_str(text),
        }
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Cell {
        i64::try_from(count).map_or(Cell::Number(count as f64), Cell::Count)
    }
}

impl From<u32> for Cell {
    fn from(count: u32) -> Cell {
        Cell::Count(i64::from(count))
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Cell {
        Cell::Number(number)
    }
}

impl From<bool> for Cell {
    fn from(flag: bool) -> Cell {
        Cell::Flag(flag)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Empty, Into::into)
    }
}

/// A column after those of the axes.
struct Column {
    name: &'static str,
    kind: Kind,
    of: fn(&OutboundResult) -> Cell,
}

/// A column about what was simulated; empty where nothing was.
macro_rules! figure {
    ($name:literal, $kind:ident, $of:expr) => {
        Column {
            name: $name,
            kind: Kind::$kind,
            of: |outbound| {
                let of: fn(&Figures) -> Cell = $of;
                outbound.figures.as_ref().map_or(Cell::Empty, of)
            },
        }
    };
}

/// A column about the outbound type.
macro_rules! text {
    ($name:literal, $of:expr) => {
        Column {
            name: $name,
            kind: Kind::Text,
            of: |outbound| {
                let of: fn(&OutboundResult) -> String = $of;
                Cell::Text(of(outbound))
            },
        }
    };
}

/// Named by their path in `result.json` where they have one.
const COLUMNS: &[Column] = &[
    text!("outbound", |outbound| outbound.name.clone()),
    text!("outboundType", |outbound| outbound.outbound_type.clone()),
    text!("verdict", |outbound| outbound.verdict.word().to_owned()),
    text!("codes", codes),
    figure!("failureProbability.estimate", Number, |f| f
        .failure_probability
        .estimate
        .into()),
    figure!("failureProbability.low", Number, |f| f
        .failure_probability
        .low
        .into()),
    figure!("failureProbability.high", Number, |f| f
        .failure_probability
        .high
        .into()),
    figure!("failureProbability.method", Text, |f| Cell::Text(word(
        &f.failure_probability.method
    ))),
    figure!("refusedFirstProbability", Number, refused_first),
    figure!("connections.offered", Count, |f| f
        .connections
        .offered
        .into()),
    figure!("connections.established", Count, |f| f
        .connections
        .established
        .into()),
    figure!("connections.failed", Count, |f| f.connections.failed.into()),
    figure!("connections.unanswered", Count, |f| f
        .connections
        .unanswered
        .into()),
    figure!("connections.pending", Count, |f| f
        .connections
        .pending
        .into()),
    figure!("connections.broken", Count, |f| f.connections.broken.into()),
    figure!("connections.delayed", Count, |f| f
        .connections
        .delayed
        .into()),
    figure!("connections.refusedFirst", Count, |f| f
        .connections
        .refused_first
        .into()),
    figure!("connections.refusedSyns", Count, |f| f
        .connections
        .refused_syns
        .into()),
    figure!("replicationsWithFailure.count", Count, |f| f
        .replications_with_failure
        .count
        .into()),
    figure!("pools.count", Count, |f| f.pools.count.into()),
    figure!("pools.exhausted", Count, |f| f.pools.exhausted.into()),
    figure!("pools.limit", Count, |f| f.pools.limit.into()),
    figure!("pools.peakUsed", Count, |f| f.pools.peak_used.into()),
    figure!("firstFailure.at", Number, |f| f
        .first_failure
        .as_ref()
        .map(|first| first.at)
        .into()),
    figure!("refusedMinutes.fraction", Number, |f| {
        f.refused_minutes
            .as_ref()
            .map(|minutes| minutes.fraction)
            .into()
    }),
    figure!("connectLatency.p50", Number, |f| f
        .connect_latency
        .p50
        .into()),
    figure!("connectLatency.p99", Number, |f| f
        .connect_latency
        .p99
        .into()),
    figure!("connectLatency.max", Number, |f| f
        .connect_latency
        .max
        .into()),
    figure!("portHold.mean", Number, |f| f
        .port_hold
        .as_ref()
        .and_then(|hold| hold.mean)
        .into()),
    figure!("portHold.p50", Number, |f| f
        .port_hold
        .as_ref()
        .and_then(|hold| hold.p50)
        .into()),
    figure!("portHold.p99", Number, |f| f
        .port_hold
        .as_ref()
        .and_then(|hold| hold.p99)
        .into()),
    figure!("analytic.offeredLoad", Number, |f| f
        .analytic
        .offered_load
        .into()),
    figure!("analytic.blocking", Number, |f| f.analytic.blocking.into()),
    figure!("analytic.applies", Flag, |f| f.analytic.applies.into()),
    text!("dependsOn", |outbound| outbound.depends_on.join(" ")),
];

/// The number of the point.
const POINT: &str = "point";

/// Codes of the findings, each once, in their order.
fn codes(outbound: &OutboundResult) -> String {
    let mut codes: Vec<&str> = Vec::new();
    for finding in &outbound.findings {
        if !codes.contains(&finding.code.as_str()) {
            codes.push(&finding.code);
        }
    }
    codes.join(" ")
}

/// refusedFirst / offered: the share of connections whose first SYN found no port.
fn refused_first(figures: &Figures) -> Cell {
    let connections = &figures.connections;
    match connections.offered {
        0 => Cell::Empty,
        offered => Cell::Number(connections.refused_first as f64 / offered as f64),
    }
}

/// The word of a choice, as in `result.json`.
fn word(choice: &impl Serialize) -> String {
    let value = serde_json::to_value(choice).expect("a choice is a plain value");
    value.as_str().unwrap_or_default().to_owned()
}

/// Whether the table has this column whatever the axes are.
pub fn is_fixed(name: &str) -> bool {
    name == POINT || COLUMNS.iter().any(|column| column.name == name)
}

/// Names and kinds of all columns.
pub fn header(grid: &Grid) -> Vec<(String, Kind)> {
    let axes = grid
        .dimensions()
        .map(|dimension| (dimension.name.clone(), kind(dimension)));
    let fixed = COLUMNS
        .iter()
        .map(|column| (column.name.to_owned(), column.kind));
    [(POINT.to_owned(), Kind::Count)]
        .into_iter()
        .chain(axes)
        .chain(fixed)
        .collect()
}

fn kind(dimension: &Dimension) -> Kind {
    let cells: Vec<Cell> = (0..dimension.values.len())
        .map(|position| value(dimension, position))
        .collect();
    let all = |fits: fn(&Cell) -> bool| cells.iter().all(fits);
    if all(|cell| matches!(cell, Cell::Count(_))) {
        Kind::Count
    } else if all(|cell| matches!(cell, Cell::Count(_) | Cell::Number(_))) {
        Kind::Number
    } else if all(|cell| matches!(cell, Cell::Flag(_))) {
        Kind::Flag
    } else {
        Kind::Text
    }
}

/// The value of an axis; its label where it has one of its own.
fn value(dimension: &Dimension, position: usize) -> Cell {
    let (value, label) = (&dimension.values[position], &dimension.labels[position]);
    let plain = value.to_string();
    if plain != *label {
        return Cell::Text(label.clone());
    }
    match (value.as_i64(), value.as_f64(), value.as_bool()) {
        (Some(count), _, _) => Cell::Count(count),
        (None, Some(number), _) => Cell::Number(number),
        (None, None, Some(flag)) => Cell::Flag(flag),
        _ => Cell::Text(label.clone()),
    }
}

/// The rows of a point, one an outbound type.
pub fn rows(grid: &Grid, point: u64, document: &Document) -> Vec<Vec<Cell>> {
    let mut start = vec![Cell::from(point)];
    let at = grid.at(point);
    start.extend(
        at.iter()
            .map(|(dimension, position)| value(dimension, *position)),
    );
    document
        .outbounds
        .iter()
        .map(|outbound| {
            let figures = COLUMNS.iter().map(|column| (column.of)(outbound));
            start.iter().cloned().chain(figures).collect()
        })
        .collect()
}

/// Writes the table as CSV.
pub struct Csv<W: io::Write>(csv::Writer<W>);

impl<W: io::Write> Csv<W> {
    /// With the header written.
    pub fn new(out: W, grid: &Grid) -> io::Result<Csv<W>> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(header(grid).iter().map(|(name, _)| name))
            .map_err(plain)?;
        Ok(Csv(csv))
    }

    /// Writes the rows of a point.
    pub fn rows(&mut self, rows: &[Vec<Cell>]) -> io::Result<()> {
        for row in rows {
            self.0
                .write_record(row.iter().map(Cell::to_string))
                .map_err(plain)?;
        }
        Ok(())
    }

    /// Everything written reaches the output.
    pub fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The error underneath, so that a broken pipe is known for one.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

//! The table of `run` and `compare`: one line an outbound type, or a block each where the terminal is narrow.

use super::uncertainty::uncertainties;
use super::unnamed::unnamed;
use crate::results::asides;
use crate::results::words::{GLUE, count, counted, estimate, glued, span, wrapped};
use crate::results::{ConnectLatency, Document, Figures, IntervalMethod, OutboundResult, Verdict};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};

/// How a table is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether verdicts are coloured.
    pub color: bool,
}

/// Columns below which every outbound type gets a block of its own.
pub(super) const NARROW: usize = 100;

pub(super) const HEADER: [&str; 6] = [
    "outbound",
    "verdict",
    "connections\nfailed",
    "ports at peak",
    "first failure",
    "connect\np50 / p99 / max",
];

/// The table of a result, with a line above it that says what was simulated, and one below it on how to read it.
pub fn table(document: &Document, style: Style) -> String {
    let body = if style.width >= NARROW {
        lines(document, style)
    } else {
        blocks(document, style)
    };
    format!(
        "{}\n{body}{}{}{}{}{}",
        headline(document),
        signs(document, style.width.min(NARROW)),
        reasons(document),
        asides(document, style),
        rarities(document, style),
        uncertainties(document, style.width.min(NARROW))
    )
}

/// Set after a time that lies in the warm-up.
const IN_WARMUP: char = '*';

/// How to read the intervals, and the times in the warm-up; nothing where there are neither.
fn signs(document: &Document, width: usize) -> String {
    let figures = || {
        document
            .outbounds
            .iter()
            .filter_map(|one| one.figures.as_ref())
    };
    let has = |wanted: fn(&IntervalMethod) -> bool| {
        let mut methods = figures().map(|figures| &figures.failure_probability.method);
        methods.any(wanted)
    };
    let percent = (1e4 * document.confidence).round() / 100.0;
    let intervals = has(|method| {
        matches!(
            method,
            IntervalMethod::Replications | IntervalMethod::Batches
        )
    })
    .then(|| format!("in brackets {percent} % intervals"));
    let bounds = has(|method| *method == IntervalMethod::ZeroFailures)
        .then(|| format!("<: upper bound at {percent} %"));
    let in_warmup = |figures: &Figures| {
        let first = figures.first_failure.as_ref();
        first.is_some_and(|first| first.during_warmup)
    };
    let warmup = figures()
        .any(in_warmup)
        .then(|| format!("{IN_WARMUP}: in the warm-up, which counts for nothing else here"));
    let parts = [intervals, bounds, warmup, unnamed(document)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        true => String::new(),
        false => wrapped(&format!("({})", parts.join("; ")), width),
    }
}

/// What was simulated: name, time, replications and seed.
fn headline(document: &Document) -> String {
    let warmup = match document.warmup {
        0.0 => String::new(),
        warmup => format!(" (counted from {} on)", span(warmup)),
    };
    format!(
        "{}: {}{warmup}, {}, seed {}",
        document.scenario,
        span(document.duration),
        counted(u64::from(document.replications), "replication"),
        document.seed
    )
}

/// One rule below the header, none between rows.
const LINES: TableStyle = UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none());

/// Columns that stay on one line: name, verdict and ports.
const WHOLE: [usize; 3] = [0, 1, 3];

/// Letters up to which a name stays on one line.
const LONGEST_NAME: usize = 24;

/// A line an outbound type; what does not fit the terminal wraps between words.
fn lines(document: &Document, style: Style) -> String {
    let mut table = Table::new();
    table
        .load_style(LINES)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(style.width).unwrap_or(u16::MAX))
        .set_header(HEADER);
    if style.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    for outbound in &document.outbounds {
        let cells = cells(outbound);
        table.add_row(cells.into_iter().enumerate().map(|(column, text)| {
            let cell = Cell::new(glued(&text));
            match column {
                1 => cell
                    .fg(color(outbound.verdict))
                    .add_attribute(Attribute::Bold),
                _ => cell,
            }
        }));
    }
    let last = HEADER.len() - 1;
    let long = |outbound: &OutboundResult| outbound.name.chars().count() > LONGEST_NAME;
    let names_are_long = document.outbounds.iter().any(long);
    for (index, column) in table.column_iter_mut().enumerate() {
        // The rule below the header adds one more column between two.
        column.set_padding((0, if index == last { 0 } else { 1 }));
        if WHOLE.contains(&index) && !(index == 0 && names_are_long) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    table.trim_fmt().replace(GLUE, " ") + "\n"
}

/// A table of plain texts in the manner of that of a result.
pub(super) fn plain_table(header: &[&str], rows: Vec<Vec<String>>, width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(LINES)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .force_no_tty()
        .set_header(header)
        .add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        let last = index + 1 == header.len();
        column.set_padding((0, if last { 0 } else { 1 }));
    }
    table.trim_fmt() + "\n"
}

fn blocks(document: &Document, style: Style) -> String {
    let mut text = String::new();
    for outbound in &document.outbounds {
        let cells = cells(outbound);
        text += "\n";
        for (column, (name, value)) in HEADER.iter().zip(&cells).enumerate() {
            let value = match (column, style.color) {
                (1, true) => painted(value, outbound.verdict),
                _ => value.clone(),
            };
            text += &format!("{:<24}{value}\n", name.replace('\n', " "));
        }
    }
    text
}

/// Why Azure would refuse what it would refuse.
fn reasons(document: &Document) -> String {
    let refused = document
        .outbounds
        .iter()
        .filter(|outbound| outbound.verdict == Verdict::Refused);
    refused
        .map(|outbound| format!("{}: {}\n", outbound.name, outbound.summary))
        .collect()
}

/// What took no port, the same once for all outbound types where it is the same.
fn asides(document: &Document, style: Style) -> String {
    let mut said: Vec<(String, Vec<&str>)> = Vec::new();
    for outbound in &document.outbounds {
        let figures = outbound.figures.as_ref();
        let Some(aside) = figures.and_then(asides::sentence) else {
            continue;
        };
        match said.iter_mut().find(|(known, _)| *known == aside) {
            Some((_, names)) => names.push(&outbound.name),
            None => said.push((aside, vec![&outbound.name])),
        }
    }
    let line = |(aside, names): (String, Vec<&str>)| {
        let whom = match names.len() == document.outbounds.len() && names.len() > 1 {
            true => "all".to_owned(),
            false => names.join(", "),
        };
        wrapped(&format!("{whom}: {aside}"), style.width.min(NARROW))
    };
    said.into_iter().map(line).collect()
}

/// How rarely a first SYN is refused, where that was asked.
fn rarities(document: &Document, style: Style) -> String {
    let asked = document.outbounds.iter().filter_map(|outbound| {
        let rare = outbound.figures.as_ref()?.rare.as_ref()?;
        let found = match (&rare.refused_first, &rare.why) {
            (Some(found), _) => format!(
                "first SYN refused {:.1e} ({:.1e} to {:.1e}) in the steady state",
                found.estimate, found.low, found.high
            ),
            (None, why) => why.clone().unwrap_or_default(),
        };
        let line = format!("{}: {found}", outbound.name);
        Some(wrapped(&line, style.width.min(NARROW)))
    });
    asked.collect()
}

/// The values of one outbound type, in the order of the header.
pub(super) fn cells(outbound: &OutboundResult) -> [String; 6] {
    let name = outbound.name.clone();
    let verdict = outbound.verdict.word().to_owned();
    let Some(figures) = &outbound.figures else {
        let none = || "-".to_owned();
        return [name, verdict, none(), none(), none(), none()];
    };
    [
        name,
        verdict,
        estimate(&figures.failure_probability),
        match figures.pools.limit {
            0 => "no ports".to_owned(),
            limit => format!(
                "{} of {}",
                count(u64::from(figures.pools.peak_used)),
                count(u64::from(limit))
            ),
        },
        first_failure(figures),
        latency(&figures.connect_latency),
    ]
}

/// When and where: `12m05s apps-0`; the destination where there are several.
fn first_failure(figures: &Figures) -> String {
    let Some(first) = &figures.first_failure else {
        return match figures.connections.failed {
            0 => "none".to_owned(),
            // The first is that for want of a SNAT port.
            _ => "on nodes only".to_owned(),
        };
    };
    let mut at = span(first.at);
    if first.during_warmup {
        at.push(IN_WARMUP);
    }
    let place = match (figures.pools.count, figures.by_destination.len()) {
        (1, 1) => String::new(),
        (1, _) => format!(" to {}", first.destination),
        _ => format!(" {}", first.pool),
    };
    format!("{at}{place}")
}

fn latency(latency: &ConnectLatency) -> String {
    match (latency.p50, latency.p99, latency.max) {
        (Some(p50), Some(p99), Some(max)) => {
            format!("{} / {} / {}", short(p50), short(p99), short(max))
        }
        _ => "-".to_owned(),
    }
}

/// A span; none at all needs no unit.
fn short(seconds: f64) -> String {
    if seconds == 0.0 {
        "0".to_owned()
    } else {
        span(seconds)
    }
}

fn color(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Clear => Color::Green,
        Verdict::Tight | Verdict::Slow => Color::Yellow,
        Verdict::Exhausted | Verdict::Refused => Color::Red,
    }
}

/// A verdict in colour, by the escape sequences that all terminals know.
fn painted(text: &str, verdict: Verdict) -> String {
    let code = match color(verdict) {
        Color::Green => 32,
        Color::Yellow => 33,
        _ => 31,
    };
    format!("\u{1b}[1;{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::beside::columns;
    use crate::results::fixture::compared as of;

    fn at(width: usize, color: bool) -> String {
        let document = of(&[5, 9, 7, 5, 9, 7, 5, 9, 7, 6]);
        table(&document, Style { width, color })
    }

    #[test]
    fn a_hundred_columns_hold_the_table() {
        let text = at(100, false);
        assert!(text.lines().all(|line| columns(line) <= 100));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn fewer_columns_get_a_block_each() {
        insta::assert_snapshot!(at(80, false));
    }

    #[test]
    fn colour_is_escape_sequences_and_changes_no_width() {
        for width in [80, 100] {
            let plain = at(width, false);
            let colored = at(width, true);
            assert!(!plain.contains('\u{1b}'));
            assert!(colored.contains('\u{1b}'));
            let widths = |text: &str| text.lines().map(columns).collect::<Vec<_>>();
            assert_eq!(widths(&plain), widths(&colored));
        }
    }

    #[test]
    fn a_first_failure_in_the_warmup_has_a_star_that_is_explained() {
        let style = Style {
            width: 100,
            color: false,
        };
        let mut document = of(&[5, 9, 7, 5, 9, 7, 5, 9, 7, 6]);
        let first = |document: &mut Document, during_warmup| {
            let figures = document.outbounds[0].figures.as_mut().unwrap();
            let first = figures.first_failure.as_mut().unwrap();
            (first.at, first.during_warmup) = (238.0, during_warmup);
        };
        first(&mut document, true);
        let text = table(&document, style);
        assert!(
            text.contains(" 3m58s* ") && text.contains("; *: in the warm-up"),
            "{text}"
        );
        assert!(text.contains("(in brackets 95 % intervals; <: upper bound at 95 %; "));
        first(&mut document, false);
        let text = table(&document, style);
        assert!(text.contains(" 3m58s ") && !text.contains('*'), "{text}");
    }

    #[test]
    fn a_refused_outbound_is_a_row_with_its_reason_below() {
        let mut refused = of(&[5]);
        refused.outbounds[0].verdict = Verdict::Refused;
        refused.outbounds[0].figures = None;
        refused.outbounds[0].summary = "Azure would refuse this: 1,001 ports.".to_owned();
        let text = table(
            &refused,
            Style {
                width: 100,
                color: false,
            },
        );
        assert!(text.ends_with("LB default: Azure would refuse this: 1,001 ports.\n"));
    }
}

//! A small plot for the terminal: ports in use over the ports that there are, minute by minute, a panel an outbound type.

use super::chart::short;
use super::moments::{self, Moment};
use super::sentence::nearness;
use super::table::Style;
use crate::results::words::{counted, span, wrapped};
use crate::results::{Document, OutboundResult, UseByMinute};
use unicode_width::UnicodeWidthStr;

/// Columns of the narrowest terminal that has room for a plot.
pub const NARROWEST: usize = 60;

/// Panels that are drawn.
const MOST: usize = 6;

/// The same side by side.
pub(super) const BESIDE: usize = 3;

/// Columns between panels, of the narrowest and of the widest one.
pub(super) const GAP: usize = 2;
pub(super) const LEAST: usize = 30;
pub(super) const WIDEST: usize = 64;

/// Lines that a full pool fills.
const LINES: usize = 4;

/// Columns left of the first minute.
const LABEL: usize = 6;

/// A column of a letter from empty to full, in eighths.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Marks minutes in which SYNs are refused; a colour alone would say nothing to many.
const REFUSES: char = '×';

/// Marks what happens, in a line of its own.
const HAPPENS: char = '▲';

/// What is drawn of one outbound type.
type Drawn<'a> = (&'a OutboundResult, &'a UseByMinute);

/// The time that is drawn, and what happens in it.
struct Time<'a> {
    document: &'a Document,
    moments: Vec<Moment>,
}

impl<'a> Time<'a> {
    fn of(document: &'a Document, drawn: &[Drawn]) -> Time<'a> {
        let ends = (document.warmup, document.duration);
        let mut moments = Vec::new();
        for (outbound, _) in drawn {
            let figures = outbound.figures.as_ref();
            let events = figures.map_or(&[][..], |figures| figures.events.as_slice());
            moments.extend(moments::between(events, &document.bursts, ends).0);
        }
        moments::sort(&mut moments);
        Time { document, moments }
    }

    /// In which of so many columns a time lies.
    fn column(&self, at: f64, columns: usize) -> usize {
        let Document {
            warmup, duration, ..
        } = self.document;
        let place = (at - warmup) / (duration - warmup);
        ((place * columns as f64) as usize).min(columns - 1)
    }

    /// A line of `columns` with a sign wherever something happens; none where nothing does.
    fn line(&self, columns: usize) -> Option<String> {
        let mut line = vec![' '; columns];
        for moment in &self.moments {
            line[self.column(moment.at, columns)] = HAPPENS;
        }
        (!self.moments.is_empty()).then(|| line.into_iter().collect())
    }

    /// What the signs stand for.
    fn words(&self) -> String {
        let told = moments::told(&moments::kinds(&self.moments), false, span);
        match told.is_empty() {
            true => String::new(),
            false => format!(" {HAPPENS}: {}.", told.join("; ")),
        }
    }
}

/// The plot of a result, with `uses` of its outbound types in their order; none where there are no ports to draw.
pub(super) fn plot(
    document: &Document,
    uses: &[Option<UseByMinute>],
    style: Style,
) -> Option<String> {
    let pairs = document.outbounds.iter().zip(uses);
    let mut drawn: Vec<(usize, Drawn)> = pairs
        .filter_map(|(outbound, used)| Some((outbound, used.as_ref()?)))
        .enumerate()
        .collect();
    let in_all = drawn.len();
    if drawn.is_empty() {
        return None;
    }
    drawn.sort_by(|(_, (a, _)), (_, (b, _))| nearness(b, a));
    drawn.truncate(MOST);
    drawn.sort_by_key(|(place, _)| *place);
    let drawn: Vec<Drawn> = drawn.into_iter().map(|(_, one)| one).collect();
    let room = (style.width + GAP) / (LEAST + GAP);
    let beside = drawn.len().min(BESIDE).min(room).max(1);
    let width = ((style.width + GAP) / beside - GAP).min(WIDEST);
    let time = Time::of(document, &drawn);
    let mut text = String::new();
    for row in drawn.chunks(beside) {
        let panels: Vec<Vec<String>> = row
            .iter()
            .map(|one| panel(one, &time, width, style.color))
            .collect();
        for line in 0..panels[0].len() {
            let pieces: Vec<&str> = panels.iter().map(|panel| panel[line].as_str()).collect();
            text += pieces.join(&" ".repeat(GAP)).trim_end();
            text += "\n";
        }
    }
    let refuses = drawn.iter().any(|(_, used)| used.refuses.contains(&true));
    let words = words(document, (drawn.len(), in_all), refuses) + &time.words();
    text += &wrapped(&words, style.width.min(100));
    Some(text)
}

/// What is drawn, below it.
fn words(document: &Document, (drawn, in_all): (usize, usize), refuses: bool) -> String {
    let whose = match document.replications {
        1 => String::new(),
        many => format!(" in any of {}", counted(u64::from(many), "replication")),
    };
    let sign = match refuses {
        true => format!(" {REFUSES}: SYNs are refused."),
        false => String::new(),
    };
    let left_out = match drawn < in_all {
        true => format!(
            " Drawn are {drawn} of {}, those nearest to their limit.",
            counted(in_all as u64, "outbound")
        ),
        false => String::new(),
    };
    format!(
        "Ports in use, of those there are: the fullest pool of each minute{whose}.{sign}{left_out}"
    )
}

/// The lines of a panel, each `width` columns wide, escape sequences aside.
fn panel((outbound, used): &Drawn, time: &Time, width: usize, color: bool) -> Vec<String> {
    let columns = width - LABEL;
    let buckets: Vec<(f64, bool)> = (0..columns)
        .map(|column| bucket(used, column, columns))
        .collect();
    let mut lines = vec![padded(&title(&outbound.name, width), width)];
    for line in (0..LINES).rev() {
        let label = match line {
            0 => "    0┤",
            line if line == LINES - 1 => "100 %┤",
            _ => "     │",
        };
        let letters = buckets.iter().map(|(share, refuses)| {
            let filled = eighths(*share).saturating_sub(8 * line).min(8);
            (EIGHTHS[filled], *refuses)
        });
        lines.push(format!("{label}{}", painted(letters, color)));
    }
    let base = buckets
        .iter()
        .map(|(_, refuses)| (if *refuses { REFUSES } else { '─' }, *refuses));
    lines.push(format!("     └{}", painted(base, color)));
    let indented = |line: String| format!("{}{line}", " ".repeat(LABEL));
    lines.extend(time.line(columns).map(indented));
    let [from, to] = [time.document.warmup, time.document.duration].map(span);
    let between = columns.saturating_sub(from.len() + to.len());
    lines.push(format!(
        "{}{from}{}{to}",
        " ".repeat(LABEL),
        " ".repeat(between)
    ));
    lines
}

/// The highest use of the minutes that a column stands for, and whether SYNs were refused in one of them.
fn bucket(used: &UseByMinute, column: usize, columns: usize) -> (f64, bool) {
    let minutes = used.highest.len();
    let from = column * minutes / columns;
    let to = ((column + 1) * minutes / columns).max(from + 1);
    let highest = used.highest[from..to].iter().flatten();
    (
        highest.copied().fold(0.0, f64::max),
        used.refuses[from..to].contains(&true),
    )
}

/// Eighths of a line that a share fills: what is more than nothing is seen, and only a full pool reaches the top.
fn eighths(share: f64) -> usize {
    let most = 8 * LINES;
    match share {
        share if share >= 1.0 => most,
        share if share > 0.0 => ((share * most as f64) as usize).clamp(1, most - 1),
        _ => 0,
    }
}

/// Letters in the colours that all terminals know, red where SYNs are refused.
fn painted(letters: impl Iterator<Item = (char, bool)>, color: bool) -> String {
    let letters: Vec<(char, bool)> = letters.collect();
    let pieces = letters.chunk_by(|a, b| a.1 == b.1);
    let painted = pieces.map(|piece| {
        let text: String = piece.iter().map(|(letter, _)| letter).collect();
        match (color, piece[0].1) {
            (false, _) => text,
            (true, true) => format!("\u{1b}[31m{text}\u{1b}[0m"),
            (true, false) => format!("\u{1b}[36m{text}\u{1b}[0m"),
        }
    });
    painted.collect()
}

/// A name that fits.
fn title(name: &str, width: usize) -> String {
    let mut letters = width;
    let mut fits = short(name, letters);
    // Some letters take two columns.
    while fits.width() > width {
        letters -= 1;
        fits = short(name, letters);
    }
    fits
}

/// A text filled up to `width` columns.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{EventResult, fixture, use_by_minute};

    fn of(failed: &[u64]) -> (Document, Vec<Option<UseByMinute>>) {
        let (model, run) = fixture::comparison(failed);
        (fixture::compared(failed), use_by_minute(&model, &run))
    }

    fn at(width: usize, color: bool) -> String {
        let (document, mut uses) = of(&[5, 9, 7]);
        let first = uses[0].as_mut().unwrap();
        for (minute, used) in first.highest.iter_mut().enumerate() {
            *used = Some((0.05 * minute as f64).min(1.0));
        }
        plot(&document, &uses, Style { width, color }).unwrap()
    }

    #[test]
    fn panels_stand_side_by_side_where_there_is_room() {
        insta::assert_snapshot!(at(100, false));
    }

    #[test]
    fn in_a_narrow_terminal_they_stand_one_above_the_other() {
        let text = at(60, false);
        assert!(text.lines().all(|line| line.width() <= 60), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn colour_is_added_and_nothing_else() {
        let colored = at(100, true);
        assert!(colored.contains("\u{1b}[31m") && colored.contains("\u{1b}[36m"));
        let mut plain = colored;
        for code in ["\u{1b}[31m", "\u{1b}[36m", "\u{1b}[0m"] {
            plain = plain.replace(code, "");
        }
        // Blanks at the end of a line stand before the code that ends its colour.
        let trimmed = |text: &str| -> Vec<String> {
            text.lines()
                .map(|line| line.trim_end().to_owned())
                .collect()
        };
        assert_eq!(trimmed(&plain), trimmed(&at(100, false)));
    }

    #[test]
    fn a_little_is_seen_and_only_a_full_pool_is_full() {
        assert_eq!(
            [0.0, 1e-6, 0.5, 0.999, 1.0, 1.5].map(eighths),
            [0, 1, 16, 31, 32, 32]
        );
    }

    #[test]
    fn what_happens_is_marked_where_it_happens() {
        let (mut document, uses) = of(&[5]);
        let (from, to) = (document.warmup, document.duration);
        let figures = document.outbounds[0].figures.as_mut().unwrap();
        figures.events = vec![EventResult {
            at: (from + to) / 2.0,
            what: "apps scales from 50 to 51 nodes".to_owned(),
            limit_before: 1_024,
            limit: 512,
            ports_taken_back: 0,
            broken: 0,
        }];
        let style = Style {
            width: 60,
            color: false,
        };
        let text = plot(&document, &uses, style).unwrap();
        let line = text.lines().find(|line| line.contains(HAPPENS)).unwrap();
        // Half way between the ends of what is 54 columns wide.
        assert_eq!(line, format!("{}{HAPPENS}", " ".repeat(LABEL + 27)));
        let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = format!(
            "{HAPPENS}: apps scales from 50 to 51 nodes at {}.",
            span((from + to) / 2.0)
        );
        assert!(words.ends_with(&told), "{text}");
    }

    #[test]
    fn of_many_those_nearest_to_their_limit_are_drawn_in_their_order() {
        let (mut document, mut uses) = of(&[5, 9]);
        for number in 0..7 {
            let mut other = document.outbounds[1].clone();
            other.name = format!("other {number}");
            other.figures.as_mut().unwrap().pools.peak_used = 1_000 * number;
            document.outbounds.push(other);
            uses.push(uses[1].clone());
        }
        let style = Style {
            width: 100,
            color: false,
        };
        let text = plot(&document, &uses, style).unwrap();
        let places =
            ["LB default", "NAT gateway", "other 3", "other 6"].map(|name| text.find(name));
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{text}"
        );
        assert!(
            !text.contains("other 2") && text.contains("6 of 9 outbounds"),
            "{text}"
        );
    }

    #[test]
    fn wide_letters_do_not_move_what_stands_beside_them() {
        let (mut document, uses) = of(&[0]);
        document.outbounds[0].name = "負荷分散".repeat(20);
        let text = plot(
            &document,
            &uses,
            Style {
                width: 100,
                color: false,
            },
        )
        .unwrap();
        let before = text.lines().next().unwrap().split("NAT").next().unwrap();
        assert_eq!(before.width(), 51);
    }
}

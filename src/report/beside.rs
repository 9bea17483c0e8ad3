//! The table of a result with its plot: beside it where the terminal is wide enough for a row of panels, else below.

use super::plot::{BESIDE, GAP, LEAST, WIDEST, plot};
use super::table::{NARROW, Style, table};
use crate::results::{Document, UseByMinute};
use unicode_width::UnicodeWidthChar;

/// Columns between the table and its plot.
const APART: usize = 4;

/// The table, and the plot of `uses`, one an outbound type in their order, where there is something to draw.
pub fn with_plot(
    document: &Document,
    uses: Option<&[Option<UseByMinute>]>,
    style: Style,
) -> String {
    let whole = || table(document, style);
    let Some(uses) = uses else { return whole() };
    let panels = uses.iter().flatten().count();
    let row = |widest: usize| panels * (widest + GAP) - GAP;
    if !(1..=BESIDE).contains(&panels) || style.width < NARROW + APART + row(LEAST) {
        return match plot(document, uses, style) {
            Some(plot) => format!("{}\n{plot}", whole()),
            None => whole(),
        };
    }
    let left = table(
        document,
        Style {
            width: NARROW,
            ..style
        },
    );
    let wide = left.lines().map(columns).max().unwrap_or(0);
    let width = (style.width - wide - APART).min(row(WIDEST));
    let right = plot(document, uses, Style { width, ..style }).unwrap_or_default();
    let lines = left.lines().count().max(right.lines().count());
    let (mut left, mut right) = (left.lines(), right.lines());
    let mut text = String::new();
    for _ in 0..lines {
        let (left, right) = (left.next().unwrap_or(""), right.next().unwrap_or(""));
        let blanks = match right {
            "" => 0,
            _ => wide + APART - columns(left),
        };
        text += &format!("{left}{}{right}\n", " ".repeat(blanks));
    }
    text
}

/// Columns a line takes on a terminal, escape sequences aside.
pub(super) fn columns(line: &str) -> usize {
    let mut width = 0;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' {
            letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            width += letter.width().unwrap_or(0);
        }
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{fixture, use_by_minute};

    fn at(width: usize, color: bool) -> String {
        let failed = [5, 9, 7];
        let (model, run) = fixture::comparison(&failed);
        let uses = use_by_minute(&model, &run);
        with_plot(
            &fixture::compared(&failed),
            Some(&uses),
            Style { width, color },
        )
    }

    #[test]
    fn a_wide_terminal_has_the_plot_beside_the_table() {
        let text = at(170, false);
        assert!(text.lines().all(|line| columns(line) <= 170), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn colour_moves_nothing() {
        let widths = |text: String| {
            text.lines()
                .map(|line| columns(line.trim_end()))
                .collect::<Vec<_>>()
        };
        let plain = widths(at(170, false));
        assert!(
            widths(at(170, true))
                .iter()
                .zip(&plain)
                .all(|(a, b)| a >= b)
        );
    }

    #[test]
    fn a_narrower_one_has_it_below() {
        let text = at(120, false);
        let blank = text.lines().position(str::is_empty).unwrap();
        assert!(
            text.lines()
                .nth(blank + 1)
                .unwrap()
                .starts_with("LB default"),
            "{text}"
        );
    }
}

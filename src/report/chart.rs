//! A chart as plain data: axes, marks and words, and nothing about how it is drawn.

pub mod axis;
pub mod data;
pub mod ticks;

pub use axis::{Axis, Scale, Unit};

use serde::Serialize;

/// A chart; its panels stand one above the other and share the x axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Chart {
    /// Its name in file names, in `--only` and in addresses inside the page.
    pub id: String,
    /// The finding, in one sentence.
    pub title: String,
    /// What is drawn, of which scenario and seed.
    pub subtitle: String,
    /// What is to be seen, for those who do not see it.
    pub description: String,
    /// The axis that all panels share.
    pub x: Axis,
    /// The panels, from the top.
    pub panels: Vec<Panel>,
    /// What was left out or put together, and how to read what is unusual.
    pub notes: Vec<String>,
    /// Whether the x axis is one of time that a reader may want to look into.
    pub zoom: bool,
}

/// One frame with its own y axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Panel {
    /// Whom it shows, where there are several.
    pub title: Option<String>,
    /// The y axis.
    pub y: Axis,
    /// What is drawn, the later above the earlier.
    pub marks: Vec<Mark>,
}

/// What is drawn of one series.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// Whose it is: marks of one name share a colour, and are shown and hidden together.
    pub series: String,
    /// Its colour, by what it stands for.
    pub tone: Tone,
    /// The form.
    pub shape: Shape,
}

/// Colours by what they stand for; a theme says which they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Tone {
    /// One of several equals, by number.
    Series(usize),
    /// A limit.
    Limit,
    /// Where something ran out.
    Alarm,
    /// In the background.
    Muted,
    /// By the value of each cell.
    Heat,
}

/// The forms.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Shape {
    /// A line through points.
    Line(Line),
    /// The area between two lines.
    Band(Band),
    /// Estimates with their intervals.
    Intervals(Intervals),
    /// Horizontal bars, each in a row of a category axis.
    Bars(Vec<Bar>),
    /// Coloured cells.
    Cells(Cells),
    /// A level line across the panel.
    Rule(Rule),
    /// Thin upright lines across the panel.
    Uprights(Vec<Upright>),
    /// Stretches of the x axis.
    Spans(Vec<(f64, f64)>),
    /// Straight lines between two points each.
    Segments(Vec<Segment>),
    /// Broad strokes along rows of a category axis.
    Swings(Vec<Swing>),
    /// Names of places.
    Words(Vec<Word>),
}

/// A straight line: its ends, each as x and y.
pub type Segment = ((f64, f64), (f64, f64));

/// A broad stroke along a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Swing {
    /// Its row on the category axis.
    pub row: f64,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

/// A name of a place, written beside it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Word {
    /// The place, as x and y.
    pub at: (f64, f64),
    /// The name.
    pub text: String,
}

/// A line through points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// x and y, ascending in x; a missing y breaks the line.
    pub points: Vec<(f64, Option<f64>)>,
    /// Whether a value stays until the next x.
    pub step: bool,
    /// Whether it is drawn with gaps.
    pub dashed: bool,
    /// What to write at its end; the series is in the legend where this is none.
    pub label: Option<String>,
}

/// The area between two lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Band {
    /// x, low and high, ascending in x; missing values break the band.
    pub points: Vec<(f64, Option<(f64, f64)>)>,
    /// Whether values stay until the next x.
    pub step: bool,
}

/// Estimates with their intervals.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Intervals {
    /// The estimates.
    pub points: Vec<Interval>,
    /// Whether the estimate is read on the x axis, in a row of a category axis; else on the y axis.
    pub across: bool,
    /// Whether a line joins the estimates.
    pub joined: bool,
    /// What to write at the end of that line.
    pub label: Option<String>,
}

/// An estimate with its interval.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// Where it stands on the other axis.
    pub at: f64,
    /// Where it is drawn there: beside its place if others would hide it.
    pub drawn: f64,
    /// The estimate; none where only a bound is known.
    pub estimate: Option<f64>,
    /// Lower end, where there is one.
    pub low: Option<f64>,
    /// Upper end; with no estimate it is a bound, and is drawn as one.
    pub high: Option<f64>,
    /// In words.
    pub label: String,
}

/// A piece of a stacked bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bar {
    /// Its row on the category axis.
    pub row: f64,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// In words.
    pub label: String,
}

/// Coloured cells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cells {
    /// What the colour means.
    pub legend: Axis,
    /// The cells.
    pub cells: Vec<Cell>,
}

/// A coloured cell, from a corner to the other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Left and right.
    pub x: (f64, f64),
    /// Bottom and top.
    pub y: (f64, f64),
    /// The value; none where there is nothing to say.
    pub value: Option<f64>,
    /// Whether something ran out there, which is drawn over the colour.
    pub alarm: bool,
    /// A sign in its middle, where it has room.
    pub sign: Option<char>,
    /// In words, where that is more than its place and value.
    pub label: String,
}

/// A level line across the panel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// Where on the y axis.
    pub at: f64,
    /// What it is.
    pub label: String,
}

/// A thin upright line across the panel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Upright {
    /// Where on the x axis.
    pub at: f64,
    /// What is written above it; nothing where another panel or a note says it.
    pub sign: String,
    /// What it stands for, in full.
    pub words: String,
}

impl Panel {
    /// The title of its y axis as it is drawn; rows that are named one by one need none.
    pub fn y_title(&self) -> &str {
        let heat = self.marks.iter().any(|mark| mark.tone == Tone::Heat);
        match (&self.y.scale, heat) {
            (Scale::Categories(_), false) => "",
            _ => &self.y.title,
        }
    }

    /// The lines that are named at their ends: each with its name, and the last y that is drawn.
    pub fn named_ends(&self) -> impl Iterator<Item = (&Mark, &str, f64)> {
        self.marks.iter().filter_map(|mark| {
            let (label, last) = match &mark.shape {
                Shape::Line(line) => {
                    let mut ys = line.points.iter().rev().filter_map(|(_, y)| *y);
                    (&line.label, ys.next())
                }
                Shape::Intervals(all) if !all.across => {
                    let points = all.points.iter().rev();
                    let mut ys = points.filter_map(|point| point.estimate.or(point.high));
                    (&all.label, ys.next())
                }
                Shape::Rule(rule) => return Some((mark, rule.label.as_str(), rule.at)),
                _ => return None,
            };
            Some((mark, label.as_deref()?, last?))
        })
    }
}

impl Mark {
    /// Whether there is nothing to draw of it.
    pub fn is_empty(&self) -> bool {
        match &self.shape {
            Shape::Line(line) => line.points.is_empty(),
            Shape::Band(band) => band.points.is_empty(),
            Shape::Intervals(intervals) => intervals.points.is_empty(),
            Shape::Bars(bars) => bars.is_empty(),
            Shape::Cells(cells) => cells.cells.is_empty(),
            Shape::Spans(spans) => spans.is_empty(),
            Shape::Segments(segments) => segments.is_empty(),
            Shape::Swings(swings) => swings.is_empty(),
            Shape::Words(words) => words.is_empty(),
            Shape::Uprights(uprights) => uprights.is_empty(),
            Shape::Rule(_) => false,
        }
    }
}

impl Chart {
    /// Names and colours of the series that are drawn, each once, in the order they are drawn.
    pub fn series(&self) -> Vec<(&str, Tone)> {
        let mut series: Vec<(&str, Tone)> = Vec::new();
        let marks = self.panels.iter().flat_map(|panel| &panel.marks);
        for mark in marks.filter(|mark| !mark.is_empty()) {
            if !series.iter().any(|(name, _)| *name == mark.series) {
                series.push((&mark.series, mark.tone));
            }
        }
        series
    }
}

/// A name that fits a chart: cut in the middle, and without what would turn or break a line.
pub fn short(name: &str, letters: usize) -> String {
    let plain: Vec<char> = plain(name).chars().collect();
    if plain.len() <= letters {
        return plain.into_iter().collect();
    }
    let head = letters / 2;
    let tail = letters - head - 1;
    let start: String = plain[..head].iter().collect();
    let end: String = plain[plain.len() - tail..].iter().collect();
    format!("{}…{}", start.trim_end(), end.trim_start())
}

/// Names that fit a chart, and of which no two are the same: where cutting makes them so, they are counted.
pub fn distinct(names: &[&str], letters: usize) -> Vec<String> {
    let cut: Vec<String> = names.iter().map(|name| short(name, letters)).collect();
    let all_differ = (1..cut.len()).all(|i| !cut[..i].contains(&cut[i]));
    match all_differ {
        true => cut,
        false => (1..)
            .zip(names)
            .map(|(number, name)| format!("{number} {}", short(name, letters - 2)))
            .collect(),
    }
}

/// A text without control characters, which XML forbids, and without marks that turn the direction of what follows.
pub fn plain(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let allowed = |letter: char| !matches!(letter, '\u{fffe}' | '\u{ffff}');
    text.chars()
        .filter(|letter| !turns(*letter) && allowed(*letter))
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart_when_they_are_cut() {
        assert_eq!(distinct(&["before", "after"], 10), ["before", "after"]);
        let alike = ["sweep of monday, all", "sweep of friday, all"];
        assert_eq!(distinct(&alike, 10), ["1 swee…all", "2 swee…all"]);
        assert_eq!(distinct(&["a", "a"], 10), ["1 a", "2 a"]);
    }

    #[test]
    fn long_names_are_cut_in_the_middle_and_turn_nothing() {
        assert_eq!(short("NAT Gateway", 20), "NAT Gateway");
        assert_eq!(short("abcdefghij", 7), "abc…hij");
        assert_eq!(short("a\u{202e}b\nc\u{0}", 20), "ab c ");
        assert_eq!(short(&"x".repeat(1_000), 24).chars().count(), 24);
    }
}

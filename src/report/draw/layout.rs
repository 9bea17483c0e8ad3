//! Where everything stands: title, legend, panels, axes, labels and notes.

use super::fonts::{Weight, balanced, width, wrapped};
use super::marks;
use super::signs::{draw_signs, signs};
use super::svg::{Anchor, Number, Svg, Type};
use super::theme::Theme;
use crate::report::chart::ticks::ticks;
use crate::report::chart::{Axis, Chart, Mark, Panel, Scale, Shape, Tone};

/// Width of a drawing in pixels.
pub const WIDTH: f64 = 960.0;
pub const EDGE: f64 = 28.0;
const TITLE: f64 = 23.0;
const SUBTITLE: f64 = 15.0;
pub const LABEL: f64 = 14.0;
pub const NOTE: f64 = 13.0;

/// Room that the name of a row has.
const ROW_NAME: f64 = 290.0;

/// A panel's frame, and the axes that place what is in it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Left, top, right and bottom.
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub x: &'a Axis,
    pub y: &'a Axis,
    pub theme: &'a Theme,
}

impl Frame<'_> {
    /// Where a value of the x axis is drawn.
    pub fn x(&self, value: f64) -> f64 {
        self.left + self.x.place(value) * (self.right - self.left)
    }

    /// Where a value of the y axis is drawn; categories count from the top.
    pub fn y(&self, value: f64) -> f64 {
        let place = match self.y.scale {
            Scale::Categories(_) => self.y.place(value),
            _ => 1.0 - self.y.place(value),
        };
        self.top + place * (self.bottom - self.top)
    }
}

/// Draws a chart.
pub fn draw(chart: &Chart, theme: &Theme) -> String {
    let room = WIDTH - 2.0 * EDGE;
    let title = balanced(&chart.title, room, 3, TITLE, Weight::SemiBold);
    let subtitle = balanced(&chart.subtitle, room, 2, SUBTITLE, Weight::Regular);
    let notes: Vec<String> = chart
        .notes
        .iter()
        .flat_map(|note| wrapped(note, room, 3, NOTE, Weight::Regular))
        .collect();
    let legend = legend(chart, room);
    let left = EDGE + left_of(chart);
    let right = WIDTH - EDGE - right_of(chart);
    let mut y = EDGE + 2.0 + 30.0 * title.len() as f64 + 21.0 * subtitle.len() as f64;
    let legend_top = y + 8.0;
    y += match legend.last() {
        Some(last) => 26.0 * (last.row + 1) as f64 + 6.0,
        None => 0.0,
    };
    let heat_top = y + 8.0;
    if heat(chart).is_some() {
        y += 50.0;
    }
    let mut frames = Vec::new();
    for panel in &chart.panels {
        let headed = panel.title.is_some() || !panel.y_title().is_empty();
        let apart = if frames.is_empty() { 0.0 } else { 14.0 };
        y += if headed { 34.0 + apart } else { 14.0 };
        y += signs(panel, chart, left, right).1;
        let height = height(panel, chart.panels.len());
        frames.push(Frame {
            left,
            top: y,
            right,
            bottom: y + height,
            x: &chart.x,
            y: &panel.y,
            theme,
        });
        y += height;
    }
    let axis = y;
    y += if chart.x.title.is_empty() { 34.0 } else { 58.0 };
    let notes_top = y;
    y += 18.0 * notes.len() as f64;
    let total = (y + EDGE - 8.0).ceil();

    let mut svg = Svg::new(WIDTH, total, &chart.title, &chart.description);
    svg.rect((0.0, 0.0), (WIDTH, total), theme.background, 1.0);
    let mut base = EDGE + 22.0;
    for line in &title {
        let look = Type {
            size: TITLE,
            weight: Weight::SemiBold,
            fill: theme.text,
            anchor: Anchor::Start,
        };
        svg.text((EDGE, base), look, line);
        base += 30.0;
    }
    base -= 5.0;
    for line in &subtitle {
        svg.text((EDGE, base), plain(SUBTITLE, theme.faint), line);
        base += 21.0;
    }
    for entry in &legend {
        draw_entry(&mut svg, entry, legend_top, theme);
    }
    if let Some((axis, alarm)) = heat(chart) {
        heat_legend(&mut svg, chart, axis, alarm, heat_top, theme);
    }
    for (number, (panel, frame)) in chart.panels.iter().zip(&frames).enumerate() {
        let is_last = number + 1 == frames.len();
        draw_panel(&mut svg, chart, panel, frame, number, is_last);
    }
    if !chart.x.title.is_empty() {
        let look = Type {
            anchor: Anchor::Middle,
            ..plain(LABEL, theme.faint)
        };
        svg.text(((left + right) / 2.0, axis + 46.0), look, &chart.x.title);
    }
    for (i, line) in notes.iter().enumerate() {
        let at = notes_top + 14.0 + 18.0 * i as f64;
        svg.text((EDGE, at), plain(NOTE, theme.faint), line);
    }
    svg.finish()
}

/// A plain text that begins at its place.
pub fn plain(size: f64, fill: &'static str) -> Type {
    Type {
        size,
        weight: Weight::Regular,
        fill,
        anchor: Anchor::Start,
    }
}

/// Room for what stands left of the panels.
fn left_of(chart: &Chart) -> f64 {
    let labels = chart
        .panels
        .iter()
        .flat_map(|panel| ticks(&panel.y, 7))
        .map(|tick| width(&tick.label, LABEL, Weight::Regular));
    labels.fold(24.0, f64::max).min(ROW_NAME + 10.0) + 12.0
}

/// Room for what stands right of them.
fn right_of(chart: &Chart) -> f64 {
    let labels = chart
        .panels
        .iter()
        .flat_map(|panel| &panel.marks)
        .flat_map(marks::labels_beside)
        .map(|label| width(&label, LABEL, Weight::SemiBold) + 18.0);
    labels.fold(12.0, f64::max).min(320.0)
}

/// Height of a panel, by what it has to hold.
pub fn height(panel: &Panel, panels: usize) -> f64 {
    let heat = panel.marks.iter().any(|mark| mark.tone == Tone::Heat);
    match (&panel.y.scale, heat, panels) {
        (Scale::Categories(rows), true, _) => {
            rows.len() as f64 * (420.0 / rows.len() as f64).clamp(13.0, 26.0)
        }
        (Scale::Categories(rows), false, _) => (rows.len() as f64 * 46.0).max(60.0),
        (_, true, _) => 380.0,
        (_, _, 1) => 340.0,
        (_, _, 2) => 210.0,
        _ => 160.0,
    }
}

/// An entry of the legend: a series whose marks say nothing of themselves.
struct Entry<'a> {
    mark: &'a Mark,
    x: f64,
    row: usize,
}

fn legend(chart: &Chart, room: f64) -> Vec<Entry<'_>> {
    let all = || chart.panels.iter().flat_map(|panel| &panel.marks);
    let says_itself = |name: &str| {
        all().any(|mark| {
            mark.series == name && (marks::names_itself(mark) || mark.tone == Tone::Heat)
        })
    };
    let mut entries: Vec<Entry> = Vec::new();
    let (mut x, mut row) = (EDGE, 0);
    for mark in all() {
        let known = entries.iter().any(|entry| entry.mark.series == mark.series);
        if known || says_itself(&mark.series) || mark.is_empty() {
            continue;
        }
        let width = 34.0 + width(&mark.series, LABEL, Weight::Regular) + 22.0;
        if x + width > EDGE + room && x > EDGE {
            x = EDGE;
            row += 1;
        }
        entries.push(Entry { mark, x, row });
        x += width;
    }
    // A chart of one thing says in its title what that is.
    if chart.series().len() == 1 {
        entries.clear();
    }
    entries
}

fn draw_entry(svg: &mut Svg, entry: &Entry, top: f64, theme: &Theme) {
    let y = top + 26.0 * entry.row as f64;
    let colour = theme.colour(entry.mark.tone);
    match &entry.mark.shape {
        Shape::Line(_) => {
            let dash = marks::dash(entry.mark);
            svg.line(
                (entry.x, y + 8.0),
                (entry.x + 26.0, y + 8.0),
                colour,
                2.5,
                dash,
            );
        }
        Shape::Band(_) => svg.rect((entry.x, y + 1.0), (26.0, 14.0), colour, marks::BAND),
        Shape::Spans(_) => svg.rect((entry.x, y + 1.0), (26.0, 14.0), colour, marks::SPAN),
        Shape::Segments(_) => {
            let (from, to) = ((entry.x, y + 8.0), (entry.x + 26.0, y + 8.0));
            svg.line(from, to, colour, 3.0, "");
        }
        _ => svg.rect((entry.x, y + 1.0), (26.0, 14.0), colour, 1.0),
    }
    let place = (entry.x + 34.0, y + 13.0);
    svg.text(place, plain(LABEL, theme.text), &entry.mark.series);
}

/// The colours' meaning of a heat map, and whether it marks where something ran out.
fn heat(chart: &Chart) -> Option<(&Axis, bool)> {
    let mut cells = chart
        .panels
        .iter()
        .flat_map(|panel| &panel.marks)
        .filter_map(|mark| match &mark.shape {
            Shape::Cells(cells) => Some(cells),
            _ => None,
        });
    let first = cells.next()?;
    let alarm = |cells: &crate::report::chart::Cells| cells.cells.iter().any(|cell| cell.alarm);
    Some((&first.legend, alarm(first) || cells.any(alarm)))
}

fn heat_legend(svg: &mut Svg, chart: &Chart, axis: &Axis, alarm: bool, top: f64, theme: &Theme) {
    let (left, long) = (EDGE, 220.0);
    let id = format!("{}-heat", chart.id);
    svg.start("defs", &[]);
    svg.start("linearGradient", &[("id", &id)]);
    for (i, colour) in theme.heat.iter().enumerate() {
        let offset = i as f64 / (theme.heat.len() - 1) as f64;
        svg.element(
            "stop",
            &[("offset", &Number(offset)), ("stop-color", colour)],
        );
    }
    svg.end("linearGradient");
    svg.end("defs");
    svg.rect((left, top), (long, 14.0), &format!("url(#{id})"), 1.0);
    for tick in ticks(axis, 4) {
        let x = left + axis.place(tick.at) * long;
        let look = Type {
            anchor: Anchor::Middle,
            ..plain(NOTE, theme.faint)
        };
        svg.text((x.max(left + 8.0), top + 30.0), look, &tick.label);
    }
    svg.text(
        (left + long + 24.0, top + 12.0),
        plain(LABEL, theme.text),
        &axis.title,
    );
    if alarm {
        let x = left + long + 48.0 + width(&axis.title, LABEL, Weight::Regular);
        svg.rect((x, top), (18.0, 14.0), theme.alarm, 1.0);
        svg.text(
            (x + 26.0, top + 12.0),
            plain(LABEL, theme.text),
            "refuses SYNs",
        );
    }
}

fn draw_panel(
    svg: &mut Svg,
    chart: &Chart,
    panel: &Panel,
    frame: &Frame,
    number: usize,
    is_last: bool,
) {
    let theme = frame.theme;
    let (signs, room) = signs(panel, chart, frame.left, frame.right);
    let head = frame.top - 12.0 - room;
    let mut x = frame.left;
    if let Some(title) = &panel.title {
        let title = wrapped(title, frame.right - frame.left, 1, 15.0, Weight::SemiBold);
        let look = Type {
            weight: Weight::SemiBold,
            ..plain(15.0, theme.text)
        };
        svg.text((x, head), look, &title[0]);
        x += width(&title[0], 15.0, Weight::SemiBold) + 12.0;
    }
    let title = panel.y_title();
    let fits = x + width(title, LABEL, Weight::Regular) < WIDTH - EDGE;
    if fits && !title.is_empty() {
        svg.text((x, head), plain(LABEL, theme.faint), title);
    }
    grid(svg, chart, panel, frame, is_last);
    let id = format!("{}-{number}", chart.id);
    svg.start("clipPath", &[("id", &id)]);
    // A dot at the very edge is whole.
    let over = 7.0;
    let place = (frame.left - over, frame.top - over);
    let size = (
        frame.right - frame.left + 2.0 * over,
        frame.bottom - frame.top + 2.0 * over,
    );
    svg.rect(place, size, "#000", 1.0);
    svg.end("clipPath");
    svg.start("g", &[("clip-path", &format!("url(#{id})"))]);
    for mark in &panel.marks {
        marks::draw(svg, mark, frame);
    }
    svg.end("g");
    draw_signs(svg, &signs, frame);
    marks::draw_labels(svg, panel, frame);
}

fn grid(svg: &mut Svg, chart: &Chart, panel: &Panel, frame: &Frame, is_last: bool) {
    let theme = frame.theme;
    let heat = panel.marks.iter().any(|mark| mark.tone == Tone::Heat);
    let rows = matches!(panel.y.scale, Scale::Categories(_));
    let wanted = ((frame.bottom - frame.top) / 48.0).round().max(3.0) as usize;
    let mut labelled = f64::NEG_INFINITY;
    for tick in ticks(&panel.y, wanted.min(7)) {
        let y = frame.y(tick.at);
        if !rows {
            svg.line((frame.left, y), (frame.right, y), theme.grid, 1.0, "");
        }
        if rows && y - labelled < LABEL {
            continue;
        }
        labelled = y;
        let size = if rows && heat { NOTE } else { LABEL };
        let look = Type {
            anchor: Anchor::End,
            ..plain(size, if rows { theme.text } else { theme.faint })
        };
        let label = wrapped(&tick.label, ROW_NAME, 1, size, Weight::Regular);
        svg.text((frame.left - 10.0, y + 5.0), look, &label[0]);
    }
    let upright = rows && !heat || chart.x.scale == Scale::Percentile;
    let widest = ticks(&chart.x, 8)
        .iter()
        .map(|tick| width(&tick.label, LABEL, Weight::Regular))
        .fold(40.0, f64::max);
    let wanted = ((frame.right - frame.left) / (widest + 36.0))
        .floor()
        .max(2.0) as usize;
    let mut labelled = f64::NEG_INFINITY;
    for tick in ticks(&chart.x, wanted.min(8)) {
        let x = frame.x(tick.at);
        if upright {
            svg.line((x, frame.top), (x, frame.bottom), theme.grid, 1.0, "");
        }
        svg.line(
            (x, frame.bottom),
            (x, frame.bottom + 5.0),
            theme.axis,
            1.0,
            "",
        );
        let half = width(&tick.label, LABEL, Weight::Regular) / 2.0;
        if is_last && x - half > labelled + 8.0 {
            let look = Type {
                anchor: Anchor::Middle,
                ..plain(LABEL, theme.faint)
            };
            svg.text((x, frame.bottom + 23.0), look, &tick.label);
            labelled = x + half;
        }
    }
    svg.line(
        (frame.left, frame.bottom),
        (frame.right, frame.bottom),
        theme.axis,
        1.0,
        "",
    );
}

//! The marks of a panel: lines, bands, intervals, bars, cells, rules and spans.

use super::fonts::{Weight, width};
use super::layout::{EDGE, Frame, LABEL, WIDTH};
use super::svg::{Anchor, Number, Path, Svg, Type};
use crate::report::chart::{
    Band, Bar, Cell, Cells, Intervals, Line, Mark, Panel, Shape, Tone, Upright, Word,
};

/// How much of what is behind it a band hides.
pub const BAND: f64 = 0.2;

/// The same of a span.
pub const SPAN: f64 = 0.16;

/// The same of a swing.
pub const SWING: f64 = 0.35;

/// Intervals of one series above which they are drawn smaller.
const DENSE: usize = 40;

/// Gaps of a dashed line.
const DASHED: &str = "6 4";

/// Pixels from one label to the next.
const GAP: f64 = 17.0;

/// Whether a mark is labelled where it is drawn.
pub fn names_itself(mark: &Mark) -> bool {
    match &mark.shape {
        Shape::Line(line) => line.label.is_some(),
        Shape::Intervals(intervals) => intervals.label.is_some() || intervals.across,
        Shape::Rule(_) | Shape::Uprights(_) | Shape::Words(_) => true,
        _ => false,
    }
}

/// What is written to the right of the panel.
pub fn labels_beside(mark: &Mark) -> Vec<String> {
    match &mark.shape {
        Shape::Line(line) => line.label.iter().cloned().collect(),
        Shape::Intervals(all) if all.across => {
            all.points.iter().map(|point| point.label.clone()).collect()
        }
        Shape::Intervals(all) => all.label.iter().cloned().collect(),
        Shape::Rule(rule) => vec![rule.label.clone()],
        _ => Vec::new(),
    }
}

/// Draws a mark.
pub fn draw(svg: &mut Svg, mark: &Mark, frame: &Frame) {
    let colour = frame.theme.colour(mark.tone);
    match &mark.shape {
        Shape::Line(line) => draw_line(svg, line, dash(mark), colour, frame),
        Shape::Band(band) => draw_band(svg, band, colour, frame),
        Shape::Intervals(all) if all.across => draw_across(svg, all, colour, frame),
        Shape::Intervals(all) => draw_upright(svg, all, colour, frame),
        Shape::Bars(bars) => draw_bars(svg, bars, colour, frame),
        Shape::Cells(cells) => draw_cells(svg, cells, frame),
        Shape::Rule(rule) => {
            let y = frame.y(rule.at);
            svg.line((frame.left, y), (frame.right, y), colour, 1.4, "");
        }
        Shape::Uprights(uprights) => draw_uprights(svg, uprights, colour, frame),
        Shape::Segments(segments) => {
            for (from, to) in segments {
                let place = |(x, y): (f64, f64)| (frame.x(x), frame.y(y));
                svg.line(place(*from), place(*to), colour, 3.0, "");
            }
        }
        Shape::Swings(swings) => {
            for swing in swings {
                let (left, right) = (frame.x(swing.from), frame.x(swing.to));
                let (top, bottom) = (frame.y(swing.row - 0.24), frame.y(swing.row + 0.24));
                svg.rect((left, top), (right - left, bottom - top), colour, SWING);
            }
        }
        // Over everything else, and not cut at the frame.
        Shape::Words(_) => {}
        Shape::Spans(spans) => {
            for (from, to) in spans {
                let (left, right) = (frame.x(*from), frame.x(*to));
                let size = ((right - left).max(1.0), frame.bottom - frame.top);
                svg.rect((left, frame.top), size, colour, SPAN);
            }
        }
    }
}

fn stroke(svg: &mut Svg, path: &Path, colour: &str, width: f64, dash: &str) {
    let width = Number(width);
    let mut attributes: Vec<(&str, &dyn std::fmt::Display)> = vec![
        ("d", &path.0),
        ("fill", &"none"),
        ("stroke", &colour),
        ("stroke-width", &width),
        ("stroke-linejoin", &"round"),
    ];
    if !dash.is_empty() {
        attributes.push(("stroke-dasharray", &dash));
    }
    svg.element("path", &attributes);
}

fn draw_line(svg: &mut Svg, line: &Line, dash: &str, colour: &str, frame: &Frame) {
    let mut path = Path::default();
    let mut before: Option<f64> = None;
    for (x, value) in &line.points {
        let x = frame.x(*x);
        let Some(value) = value else {
            before = None;
            continue;
        };
        let y = frame.y(*value);
        if let Some(before) = before.filter(|_| line.step) {
            path.to((x, before), true);
        }
        path.to((x, y), before.is_some());
        before = Some(y);
    }
    stroke(
        svg,
        &path,
        colour,
        if line.dashed { 1.8 } else { 2.2 },
        dash,
    );
}

/// Gaps of a line: those of several equals differ, so that they are told apart without their colours, and where one
/// lies on another both are seen.
pub fn dash(mark: &Mark) -> &'static str {
    match (&mark.shape, mark.tone) {
        (Shape::Line(line), _) if line.dashed => DASHED,
        (Shape::Line(_), Tone::Series(i)) => DASHES[i % DASHES.len()],
        _ => "",
    }
}

const DASHES: [&str; 6] = ["", "9 4", "3 3", "14 4 3 4", "6 2", "2 5"];

fn draw_band(svg: &mut Svg, band: &Band, colour: &str, frame: &Frame) {
    let mut path = Path::default();
    for piece in band.points.split(|(_, ends)| ends.is_none()) {
        let mut back = Vec::new();
        let mut before: Option<(f64, f64)> = None;
        for (x, ends) in piece {
            let (low, high) = ends.expect("pieces have values");
            let x = frame.x(*x);
            let (low, high) = (frame.y(low), frame.y(high));
            if let Some((low, high)) = before.filter(|_| band.step) {
                path.to((x, high), true);
                back.push((x, low));
            }
            path.to((x, high), before.is_some());
            back.push((x, low));
            before = Some((low, high));
        }
        for point in back.into_iter().rev() {
            path.to(point, true);
        }
        if before.is_some() {
            path.close();
        }
    }
    let opacity = Number(BAND);
    svg.element(
        "path",
        &[
            ("d", &path.0),
            ("fill", &colour),
            ("fill-opacity", &opacity),
        ],
    );
}

fn dot(svg: &mut Svg, (x, y): (f64, f64), radius: f64, colour: &str, fill: &str) {
    let (x, y, radius) = (Number(x), Number(y), Number(radius));
    svg.element(
        "circle",
        &[
            ("cx", &x),
            ("cy", &y),
            ("r", &radius),
            ("fill", &fill),
            ("stroke", &colour),
            ("stroke-width", &2),
        ],
    );
}

fn triangle(svg: &mut Svg, corners: [(f64, f64); 3], colour: &str, fill: &str) {
    let mut path = Path::default();
    for (i, corner) in corners.into_iter().enumerate() {
        path.to(corner, i > 0);
    }
    path.close();
    svg.element(
        "path",
        &[
            ("d", &path.0),
            ("fill", &fill),
            ("stroke", &colour),
            ("stroke-width", &2),
            ("stroke-linejoin", &"round"),
        ],
    );
}

fn draw_across(svg: &mut Svg, all: &Intervals, colour: &str, frame: &Frame) {
    let background = frame.theme.background;
    for point in &all.points {
        let y = frame.y(point.at);
        let cap = |svg: &mut Svg, x: f64| svg.line((x, y - 8.0), (x, y + 8.0), colour, 2.2, "");
        match (point.estimate, point.low, point.high) {
            (None, _, Some(high)) => {
                let x = frame.x(high);
                svg.line((frame.left + 10.0, y), (x, y), colour, 2.2, DASHED);
                cap(svg, x);
                let tip = frame.left + 2.0;
                triangle(
                    svg,
                    [(tip, y), (tip + 11.0, y - 6.0), (tip + 11.0, y + 6.0)],
                    colour,
                    background,
                );
            }
            (Some(estimate), Some(low), Some(high)) => {
                let (low, high) = (frame.x(low), frame.x(high));
                svg.line((low, y), (high, y), colour, 2.2, "");
                cap(svg, low);
                cap(svg, high);
                dot(svg, (frame.x(estimate), y), 4.5, colour, colour);
            }
            (Some(estimate), ..) => dot(svg, (frame.x(estimate), y), 4.5, colour, background),
            (None, ..) => {}
        }
    }
}

fn draw_upright(svg: &mut Svg, all: &Intervals, colour: &str, frame: &Frame) {
    let background = frame.theme.background;
    if all.joined {
        for pair in all.points.windows(2) {
            let place = |i: usize| {
                let point = &pair[i];
                let value = point.estimate.or(point.high)?;
                Some((frame.x(point.drawn), frame.y(value)))
            };
            let (Some(from), Some(to)) = (place(0), place(1)) else {
                continue;
            };
            let sure = pair[0].estimate.is_some() && pair[1].estimate.is_some();
            svg.line(
                from,
                to,
                colour,
                if sure { 2.2 } else { 1.4 },
                if sure { "" } else { "2 4" },
            );
        }
    }
    // Where many stand close together they are smaller, and have no caps.
    let dense = all.points.len() > DENSE;
    let size = if dense { 0.5 } else { 1.0 };
    for point in &all.points {
        let x = frame.x(point.drawn);
        match (point.estimate, point.low, point.high) {
            (None, _, Some(high)) => {
                let y = frame.y(high);
                let half = 5.5 * size;
                let corners = [(x - half, y), (x + half, y), (x, y + 9.0 * size)];
                if !dense {
                    svg.line((x - 7.0, y - 2.0), (x + 7.0, y - 2.0), colour, 2.0, "");
                }
                triangle(svg, corners, colour, background);
            }
            (Some(estimate), low, high) => {
                if let (Some(low), Some(high)) = (low, high) {
                    let (low, high) = (frame.y(low), frame.y(high));
                    svg.line((x, low), (x, high), colour, 1.8, "");
                    for y in [low, high].into_iter().filter(|_| !dense) {
                        svg.line((x - 5.0, y), (x + 5.0, y), colour, 1.8, "");
                    }
                }
                let fill = if high.is_some() { colour } else { background };
                dot(svg, (x, frame.y(estimate)), 4.5 * size, colour, fill);
            }
            (None, ..) => {}
        }
    }
}

fn draw_bars(svg: &mut Svg, bars: &[Bar], colour: &str, frame: &Frame) {
    for bar in bars {
        let (left, right) = (frame.x(bar.from), frame.x(bar.to));
        let (top, bottom) = (frame.y(bar.row - 0.32), frame.y(bar.row + 0.32));
        // A gap the colour of the background tells neighbours apart without their colours.
        let gap = if right - left > 4.0 { 1.5 } else { 0.0 };
        svg.rect(
            (left, top),
            ((right - left - gap).max(0.5), bottom - top),
            colour,
            1.0,
        );
        if width(&bar.label, LABEL, Weight::SemiBold) + 12.0 < right - left {
            let look = Type {
                size: LABEL,
                weight: Weight::SemiBold,
                fill: frame.theme.background,
                anchor: Anchor::Middle,
            };
            svg.text(
                ((left + right) / 2.0, (top + bottom) / 2.0 + 5.0),
                look,
                &bar.label,
            );
        }
    }
}

fn draw_cells(svg: &mut Svg, all: &Cells, frame: &Frame) {
    let rows = (frame.bottom - frame.top) / frame.y.domain.1.max(1.0);
    let gap = if rows > 16.0 { 1.0 } else { 0.0 };
    let fill = |cell: &Cell| match (cell.alarm, cell.value) {
        (true, _) => frame.theme.alarm.to_owned(),
        (false, Some(value)) => frame.theme.heat(all.legend.place(value)),
        (false, None) => frame.theme.grid.to_owned(),
    };
    let mut cells = all.cells.iter().peekable();
    while let Some(cell) = cells.next() {
        let colour = fill(cell);
        let mut end = cell.x.1;
        // Neighbours of one colour are one rectangle.
        while let Some(next) = cells.next_if(|next| {
            next.y == cell.y
                && next.x.0 == end
                && next.sign.is_none()
                && cell.sign.is_none()
                && fill(next) == colour
        }) {
            end = next.x.1;
        }
        let (left, right) = (frame.x(cell.x.0), frame.x(end));
        let (a, b) = (frame.y(cell.y.0), frame.y(cell.y.1));
        let (top, bottom) = (a.min(b), a.max(b));
        // A little over its edge, so that no background shines through between neighbours.
        let size = (right - left + 0.3, bottom - top - gap + 0.3);
        svg.rect((left, top), size, &colour, 1.0);
        if let Some(sign) = cell
            .sign
            .filter(|_| right - left > 14.0 && bottom - top > 14.0)
        {
            let place = cell.value.map_or(0.0, |value| all.legend.place(value));
            let look = Type {
                size: LABEL,
                weight: Weight::SemiBold,
                fill: frame.theme.on_heat(place),
                anchor: Anchor::Middle,
            };
            svg.text(
                ((left + right) / 2.0, (top + bottom) / 2.0 + 5.0),
                look,
                &sign.to_string(),
            );
        }
    }
}

/// Dashed, and on a strip of background, so that they are seen on cells of any colour.
fn draw_uprights(svg: &mut Svg, uprights: &[Upright], colour: &str, frame: &Frame) {
    for upright in uprights {
        let x = frame.x(upright.at);
        let (left, height) = (x - 1.5, frame.bottom - frame.top);
        svg.rect(
            (left, frame.top),
            (3.0, height - 1.0),
            frame.theme.background,
            0.7,
        );
        svg.line((x, frame.top), (x, frame.bottom), colour, 1.0, "3 3");
    }
}

/// Writes what is beside the panel, moved apart where it would lie on another.
pub fn draw_labels(svg: &mut Svg, panel: &Panel, frame: &Frame) {
    let mut beside: Vec<(f64, String, &'static str)> = Vec::new();
    for (mark, label, y) in panel.named_ends() {
        let colour = frame.theme.colour(mark.tone);
        beside.push((frame.y(y), label.to_owned(), colour));
    }
    for mark in &panel.marks {
        match &mark.shape {
            Shape::Intervals(all) if all.across => {
                for point in &all.points {
                    // Of several in a row the middle is that of the row.
                    let here = all.points.iter().filter(|other| other.at == point.at);
                    let up = 0.5 * GAP * (here.count() - 1) as f64;
                    let y = frame.y(point.at) - up;
                    beside.push((y, point.label.clone(), frame.theme.text));
                }
            }
            Shape::Words(words) => {
                for word in words {
                    draw_word(svg, word, frame);
                }
            }
            _ => {}
        }
    }
    beside.sort_by(|a, b| a.0.total_cmp(&b.0));
    let places: Vec<f64> = beside.iter().map(|(y, ..)| *y).collect();
    for (y, (_, label, fill)) in apart(&places, GAP, frame.top, frame.bottom)
        .iter()
        .zip(&beside)
    {
        let look = Type {
            size: LABEL,
            weight: Weight::SemiBold,
            fill,
            anchor: Anchor::Start,
        };
        svg.text((frame.right + 10.0, y + 5.0), look, label);
    }
}

/// Writes a name above its place and to its right, or to its left where there is no room.
fn draw_word(svg: &mut Svg, word: &Word, frame: &Frame) {
    let (x, y) = (frame.x(word.at.0), frame.y(word.at.1));
    let long = width(&word.text, LABEL, Weight::SemiBold);
    let fits = x + 9.0 + long < WIDTH - EDGE;
    let look = Type {
        size: LABEL,
        weight: Weight::SemiBold,
        fill: frame.theme.text,
        anchor: if fits { Anchor::Start } else { Anchor::End },
    };
    let x = if fits { x + 9.0 } else { x - 9.0 };
    // What is above the panel stays clear.
    let y = if y - 24.0 < frame.top {
        y + 20.0
    } else {
        y - 8.0
    };
    let left = if fits { x } else { x - long };
    // A line passes behind it.
    let size = (long + 4.0, LABEL + 1.0);
    svg.rect(
        (left - 2.0, y - LABEL + 2.0),
        size,
        frame.theme.background,
        0.8,
    );
    svg.text((x, y), look, &word.text);
}

/// Ascending places moved as little as need be to keep `gap` apart, inside both ends where there is room.
pub fn apart(places: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut moved: Vec<f64> = Vec::with_capacity(places.len());
    for place in places {
        let least = moved.last().map_or(low, |last| last + gap);
        moved.push(place.max(least));
    }
    let mut most = high;
    for place in moved.iter_mut().rev() {
        *place = place.min(most);
        most = *place - gap;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::apart;

    #[test]
    fn labels_keep_apart_and_inside() {
        assert_eq!(apart(&[10.0, 50.0], 17.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(
            apart(&[100.0, 100.0, 100.0], 17.0, 0.0, 100.0),
            [66.0, 83.0, 100.0]
        );
        assert_eq!(apart(&[20.0, 22.0], 17.0, 0.0, 100.0), [20.0, 37.0]);
    }
}

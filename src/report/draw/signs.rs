//! Signs above a panel: what its upright lines stand for.

use super::fonts::{Weight, width};
use super::layout::{EDGE, Frame, NOTE, WIDTH, plain};
use super::svg::{Anchor, Svg, Type};
use crate::report::chart::{Chart, Panel, Shape};

/// A sign above an upright line.
pub struct Sign<'a> {
    x: f64,
    text: &'a str,
    /// Whether it ends at its line, where it would not fit to the right of it.
    ends: bool,
    /// Counted from the panel, so that none lies on another.
    row: usize,
}

/// The signs above a panel, and the room they take.
pub fn signs<'a>(panel: &'a Panel, chart: &Chart, left: f64, right: f64) -> (Vec<Sign<'a>>, f64) {
    let uprights = panel.marks.iter().flat_map(|mark| match &mark.shape {
        Shape::Uprights(uprights) => uprights.as_slice(),
        _ => &[],
    });
    let mut placed: Vec<Sign> = Vec::new();
    // What is taken in each row.
    let mut rows: Vec<Vec<(f64, f64)>> = Vec::new();
    for upright in uprights.filter(|upright| !upright.sign.is_empty()) {
        let x = left + chart.x.place(upright.at) * (right - left);
        let wide = width(&upright.sign, NOTE, Weight::Regular) + 4.0;
        let ends = x + wide > WIDTH - EDGE;
        let (from, to) = if ends { (x - wide, x) } else { (x, x + wide) };
        let is_free = |taken: &Vec<(f64, f64)>| {
            let mut taken = taken.iter();
            taken.all(|(left, right)| from > *right + 10.0 || to < *left - 10.0)
        };
        let row = rows.iter().position(is_free).unwrap_or_else(|| {
            rows.push(Vec::new());
            rows.len() - 1
        });
        rows[row].push((from, to));
        placed.push(Sign {
            x,
            text: &upright.sign,
            ends,
            row,
        });
    }
    let above = if rows.is_empty() { 0.0 } else { 8.0 };
    (placed, above + 18.0 * rows.len() as f64)
}

/// Writes the signs, each with a stem down to its line.
pub fn draw_signs(svg: &mut Svg, signs: &[Sign], frame: &Frame) {
    let theme = frame.theme;
    let height = |row: usize| frame.top - 14.0 - 18.0 * row as f64;
    for sign in signs {
        let top = height(sign.row) - 10.0;
        svg.line((sign.x, top), (sign.x, frame.top), theme.axis, 1.0, "");
    }
    for sign in signs {
        let y = height(sign.row);
        let wide = width(sign.text, NOTE, Weight::Regular) + 4.0;
        // The stems of others pass behind.
        let left = if sign.ends {
            sign.x - 2.0 - wide
        } else {
            sign.x + 2.0
        };
        svg.rect((left, y - 11.0), (wide, 15.0), theme.background, 1.0);
        let look = Type {
            anchor: if sign.ends {
                Anchor::End
            } else {
                Anchor::Start
            },
            ..plain(NOTE, theme.faint)
        };
        let x = if sign.ends {
            sign.x - 4.0
        } else {
            sign.x + 4.0
        };
        svg.text((x, y), look, sign.text);
    }
}

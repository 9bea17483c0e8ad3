//! Tornadoes: how far the failure probability moves from where it stands, a row a reason, the farthest first.

use super::failure::{interval, range};
use crate::report::chart::{
    Axis, Interval, Intervals, Mark, Panel, Shape, Swing, Tone, Unit, Upright,
};
use crate::results::words::{estimate, share};
use crate::results::{Estimate, IntervalMethod};

/// A tornado around one base.
pub(super) struct Tornado {
    /// Whose it is, where there are several.
    pub title: Option<String>,
    /// What the base is called, and what it is.
    pub base: (String, Estimate),
    /// The rows.
    pub rows: Vec<Row>,
}

/// A reason to move, and where to.
pub(super) struct Row {
    /// What it is called.
    pub name: String,
    /// Where failures stand then: a word for it, which may be empty, and the probability.
    pub ends: Vec<(String, Estimate)>,
}

/// Where a probability is drawn, and whether that is an upper bound only; none without a number.
fn place(found: &Estimate) -> Option<(f64, bool)> {
    match found.estimate? {
        p if p > 0.0 => Some((p, false)),
        _ => Some((found.high?, true)),
    }
}

impl Row {
    /// The least and the most over its ends and the base; none where nothing was seen to fail at any of them.
    fn reach(&self, base: &Estimate) -> Option<(f64, f64)> {
        let ends = self.ends.iter().map(|(_, found)| found);
        let places: Vec<(f64, bool)> = ends.chain([base]).filter_map(place).collect();
        let low = places.iter().map(|(p, _)| *p).fold(f64::INFINITY, f64::min);
        let high = places.iter().map(|(p, _)| *p).fold(0.0, f64::max);
        places
            .iter()
            .any(|(_, bound)| !bound)
            .then_some((low, high))
    }

    /// How many times the least the most is, at least; 1 where that is all that is known.
    pub fn factor(&self, base: &Estimate) -> f64 {
        let ends = self.ends.iter().map(|(_, found)| found);
        let places: Vec<(f64, bool)> = ends.chain([base]).filter_map(place).collect();
        let least = places.iter().map(|(p, _)| *p).fold(f64::INFINITY, f64::min);
        // What is a bound may be much less, and is no most.
        let seen = places.iter().filter(|(_, bound)| !bound).map(|(p, _)| *p);
        (seen.fold(0.0, f64::max) / least).max(1.0)
    }

    /// Whether it may move by more than its factor: there is a place at which none was seen to fail, and one at which
    /// some were.
    pub fn may_be_more(&self, base: &Estimate) -> bool {
        let ends = self.ends.iter().map(|(_, found)| found);
        let places: Vec<(f64, bool)> = ends.chain([base]).filter_map(place).collect();
        let is_bound = |(_, bound): &(f64, bool)| *bound;
        places.iter().any(is_bound) && !places.iter().all(is_bound)
    }

    /// In words: `maxSurge 10%: none seen (< 1.2e-6)`, `nodes 50: none seen (< 4e-6) to 51: 1.2 %`.
    pub fn words(&self) -> String {
        let ends: Vec<String> = self.ends.iter().map(label).collect();
        let begins = match self.ends.first() {
            Some((word, _)) if !word.is_empty() => " ",
            _ => ": ",
        };
        format!("{}{begins}{}", self.name, ends.join(" to "))
    }
}

fn label((word, found): &(String, Estimate)) -> String {
    match word.as_str() {
        "" => estimate(found),
        word => format!("{word}: {}", estimate(found)),
    }
}

impl Tornado {
    /// The farthest first; of equals in their order.
    pub fn sort(&mut self) {
        let base = &self.base.1;
        self.rows
            .sort_by(|a, b| b.factor(base).total_cmp(&a.factor(base)));
    }

    /// How many times the least the most is, over all rows.
    pub fn factor(&self) -> f64 {
        let factors = self.rows.iter().map(|row| row.factor(&self.base.1));
        factors.fold(1.0, f64::max)
    }

    /// Everything that is drawn with an interval.
    fn points(&self) -> (Interval, Vec<Interval>) {
        let ends = self.rows.iter().enumerate().flat_map(|(i, row)| {
            row.ends.iter().map(move |end| Interval {
                label: label(end),
                ..interval(1.0 + i as f64, &end.1)
            })
        });
        (interval(0.0, &self.base.1), ends.collect())
    }

    /// How the intervals were made.
    pub fn methods(&self) -> impl Iterator<Item = IntervalMethod> + Clone {
        let ends = self.rows.iter().flat_map(|row| &row.ends);
        let ends = ends.map(|(_, found)| found.method);
        std::iter::once(self.base.1.method).chain(ends)
    }

    fn panel(&self, rows: &str, moved: &str) -> Panel {
        let (name, found) = &self.base;
        let (base, ends) = self.points();
        let swings = self.rows.iter().enumerate().filter_map(|(i, row)| {
            let (from, to) = row.reach(found)?;
            Some(Swing {
                row: 1.0 + i as f64,
                from,
                to,
            })
        });
        let across = |points: Vec<Interval>| {
            Shape::Intervals(Intervals {
                points,
                across: true,
                joined: false,
                label: None,
            })
        };
        let mark = |series: &str, tone, shape| Mark {
            series: series.to_owned(),
            tone,
            shape,
        };
        let mut marks = vec![mark(
            moved,
            Tone::Series(0),
            Shape::Swings(swings.collect()),
        )];
        if let Some((p, false)) = place(found) {
            let upright = Upright {
                at: p,
                sign: share(p),
                words: share(p),
            };
            marks.push(mark(name, Tone::Limit, Shape::Uprights(vec![upright])));
        }
        marks.push(mark(name, Tone::Limit, across(vec![base])));
        marks.push(mark(moved, Tone::Series(0), across(ends)));
        let names = self.rows.iter().map(|row| row.name.clone());
        Panel {
            title: self.title.clone(),
            y: Axis::categories(rows, std::iter::once(name.clone()).chain(names).collect()),
            marks,
        }
    }
}

/// The x axis that several tornadoes share, and a panel each, in which `rows` says what a row is and `moved` what moves;
/// none without a number to draw.
pub(super) fn panels(tornadoes: &[Tornado], rows: &str, moved: &str) -> Option<(Axis, Vec<Panel>)> {
    let points = tornadoes.iter().flat_map(|one| {
        let (base, ends) = one.points();
        std::iter::once(base).chain(ends)
    });
    let (low, high) = range(&points.collect::<Vec<_>>())?;
    let x = Axis::log(
        "probability that a connection fails",
        Unit::Share,
        low / 2.0,
        high,
    );
    let panels = tornadoes.iter().map(|one| one.panel(rows, moved));
    Some((x, panels.collect()))
}

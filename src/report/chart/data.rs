//! The data of a chart as tables, for those who read or compute rather than look.

use super::ticks::written;
use super::{Axis, Chart, Interval, Panel, Scale, Shape, Unit};
use crate::results::words::bound;
use std::collections::BTreeSet;

/// A table of a panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// What it is of.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// The rows; a cell is what is written and the number behind it.
    pub rows: Vec<Vec<Entry>>,
    /// Rows that there would be without leaving any out.
    pub in_all: usize,
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What is written.
    pub text: String,
    /// The number behind it, where it is one.
    pub value: Option<f64>,
}

/// Rows of a table over the x axis; of more, some are left out evenly, and none that has the highest value of a column.
const MOST: usize = 60;

impl Chart {
    /// A table for every panel.
    pub fn data(&self) -> Vec<Data> {
        let several = self.panels.len() > 1;
        let of_panels = self.panels.iter().map(|panel| {
            let mut data = table(self, panel);
            data.caption = match (&panel.title, several) {
                (Some(title), true) => title.clone(),
                _ => self.title.clone(),
            };
            data
        });
        of_panels.chain(self.moments()).collect()
    }

    /// What the upright lines over time stand for.
    fn moments(&self) -> Option<Data> {
        let marks = self.panels.iter().flat_map(|panel| &panel.marks);
        let uprights = marks.flat_map(|mark| match &mark.shape {
            Shape::Uprights(uprights) if self.x.unit == Unit::Clock => uprights.as_slice(),
            _ => &[],
        });
        let mut moments: Vec<(f64, &str)> = uprights
            .map(|upright| (upright.at, upright.words.as_str()))
            .collect();
        moments.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(b.1)));
        moments.dedup();
        let rows: Vec<Vec<Entry>> = moments
            .into_iter()
            .map(|(at, words)| vec![number(self.x.unit, at), text(words)])
            .collect();
        let header = [self.x.title.as_str(), "what happens"].map(str::to_owned);
        (!rows.is_empty()).then(|| Data {
            caption: "What happens in the course of the run".to_owned(),
            ..thinned(header.to_vec(), rows)
        })
    }
}

fn number(unit: Unit, value: f64) -> Entry {
    Entry {
        text: written(unit, value),
        value: Some(value),
    }
}

fn text(text: impl Into<String>) -> Entry {
    Entry {
        text: text.into(),
        value: None,
    }
}

/// A value of an axis; the name of a category.
fn on(axis: &Axis, value: f64) -> Entry {
    match &axis.scale {
        Scale::Categories(names) => text(names.get(value as usize).cloned().unwrap_or_default()),
        _ => number(axis.unit, value),
    }
}

fn table(chart: &Chart, panel: &Panel) -> Data {
    let shapes = || panel.marks.iter().map(|mark| &mark.shape);
    if shapes().any(|shape| matches!(shape, Shape::Cells(_))) {
        return cells(chart, panel);
    }
    if shapes().any(|shape| matches!(shape, Shape::Bars(_))) {
        return bars(chart, panel);
    }
    if shapes().any(|shape| matches!(shape, Shape::Intervals(_))) {
        return intervals(chart, panel);
    }
    lines(chart, panel)
}

/// One row a place on the x axis, a column for every line and band.
fn lines(chart: &Chart, panel: &Panel) -> Data {
    let mut header = vec![chart.x.title.clone()];
    let mut places: Vec<f64> = Vec::new();
    for mark in &panel.marks {
        match &mark.shape {
            Shape::Line(line) => {
                header.push(line.label.clone().unwrap_or(mark.series.clone()));
                places.extend(line.points.iter().map(|(x, _)| *x));
            }
            Shape::Band(band) => {
                header.extend(["lowest", "highest"].map(|end| format!("{}, {end}", mark.series)));
                places.extend(band.points.iter().map(|(x, _)| *x));
            }
            _ => {}
        }
    }
    places.sort_by(f64::total_cmp);
    places.dedup();
    let unit = panel.y.unit;
    let row = |x: f64| {
        let mut row = vec![number(chart.x.unit, x)];
        let entry = |value: Option<f64>| value.map_or(text(""), |value| number(unit, value));
        for mark in &panel.marks {
            match &mark.shape {
                Shape::Line(line) => {
                    let value = at(&line.points, x, line.step).flatten();
                    row.push(entry(value));
                }
                Shape::Band(band) => {
                    let ends = at(&band.points, x, band.step).flatten();
                    row.push(entry(ends.map(|(low, _)| low)));
                    row.push(entry(ends.map(|(_, high)| high)));
                }
                _ => {}
            }
        }
        row
    };
    thinned_to(MOST, header, places.into_iter().map(row).collect())
}

/// What points say at `x`: their own value there, or with steps that of the last before.
fn at<T: Copy>(points: &[(f64, T)], x: f64, step: bool) -> Option<T> {
    let after = points.partition_point(|(place, _)| *place <= x);
    let last = points[..after].last()?;
    (step || last.0 == x).then_some(last.1)
}

fn intervals(chart: &Chart, panel: &Panel) -> Data {
    let mut rows = Vec::new();
    let mut across = true;
    for mark in &panel.marks {
        let Shape::Intervals(all) = &mark.shape else {
            continue;
        };
        across = all.across;
        let (own, other) = match all.across {
            true => (&chart.x, &panel.y),
            false => (&panel.y, &chart.x),
        };
        for point in &all.points {
            rows.push(interval(point, &mark.series, own, other, all.across));
        }
    }
    let (own, other) = match across {
        true => (&chart.x, panel.y.title.as_str()),
        false => (&panel.y, chart.x.title.as_str()),
    };
    let mut header = vec![other.to_owned()];
    if !across {
        header.push("series".to_owned());
    }
    header.extend([
        own.title.clone(),
        "low".to_owned(),
        "high".to_owned(),
        "in words".to_owned(),
    ]);
    thinned(header, rows)
}

fn interval(point: &Interval, series: &str, own: &Axis, other: &Axis, across: bool) -> Vec<Entry> {
    let entry = |value: Option<f64>| value.map_or(text(""), |value| number(own.unit, value));
    let mut row = vec![on(other, point.at)];
    if !across {
        row.push(text(series));
    }
    row.push(entry(point.estimate));
    row.push(entry(point.low));
    row.push(match (point.estimate, point.high) {
        (None, Some(high)) if own.unit == Unit::Share => Entry {
            text: bound(high),
            value: Some(high),
        },
        (_, high) => entry(high),
    });
    row.push(text(point.label.clone()));
    row
}

fn bars(chart: &Chart, panel: &Panel) -> Data {
    let mut rows = Vec::new();
    for mark in &panel.marks {
        let Shape::Bars(bars) = &mark.shape else {
            continue;
        };
        for bar in bars {
            rows.push(vec![
                on(&panel.y, bar.row),
                text(mark.series.clone()),
                number(chart.x.unit, bar.to - bar.from),
                text(bar.label.clone()),
            ]);
        }
    }
    let header = [
        panel.y.title.as_str(),
        "part",
        chart.x.title.as_str(),
        "share",
    ];
    thinned(header.map(str::to_owned).to_vec(), rows)
}

/// A matrix where it is narrow; else one row a row, with its largest value and how often something ran out.
fn cells(chart: &Chart, panel: &Panel) -> Data {
    let (mut header, mut rows) = (Vec::new(), Vec::new());
    for mark in &panel.marks {
        let Shape::Cells(all) = &mark.shape else {
            continue;
        };
        let unit = all.legend.unit;
        let names = match &panel.y.scale {
            Scale::Categories(names) => names.clone(),
            _ => Vec::new(),
        };
        let columns = match &chart.x.scale {
            Scale::Categories(columns) if columns.len() <= 24 => columns.clone(),
            _ => Vec::new(),
        };
        header = vec![match panel.y.title.as_str() {
            "" => "pool".to_owned(),
            title => title.to_owned(),
        }];
        let over_time = !matches!(chart.x.scale, Scale::Categories(_));
        match columns.is_empty() {
            true => {
                header.push(format!("{}, highest", all.legend.title));
                header.extend(over_time.then(|| "refuses SYNs in".to_owned()));
            }
            // Said with each: numbers alone would be those of either axis.
            false => header.extend(
                columns
                    .iter()
                    .map(|name| format!("{} {name}", chart.x.title)),
            ),
        }
        for (i, name) in names.iter().enumerate() {
            let here = all
                .cells
                .iter()
                .filter(|cell| ((cell.y.0 + cell.y.1) / 2.0 - i as f64).abs() < 0.5);
            let mut row = vec![text(name.clone())];
            if columns.is_empty() {
                let valued = here.clone().filter_map(|cell| Some((cell, cell.value?)));
                let most = valued.max_by(|a, b| a.1.total_cmp(&b.1));
                let (alarms, in_all) =
                    (here.clone().filter(|cell| cell.alarm).count(), here.count());
                row.push(match most {
                    Some((cell, value)) if !cell.label.is_empty() => Entry {
                        text: cell.label.clone(),
                        value: Some(value),
                    },
                    _ => number(unit, most.map_or(0.0, |(_, value)| value)),
                });
                row.extend(over_time.then(|| text(format!("{alarms} of {in_all} columns"))));
            } else {
                row.resize(columns.len() + 1, text(""));
                for cell in here {
                    let column = ((cell.x.0 + cell.x.1) / 2.0).round() as usize;
                    if let Some(place) = row.get_mut(column + 1) {
                        *place = Entry {
                            text: cell.label.clone(),
                            value: cell.value,
                        };
                    }
                }
            }
            rows.push(row);
        }
    }
    thinned(header, rows)
}

fn thinned(header: Vec<String>, rows: Vec<Vec<Entry>>) -> Data {
    thinned_to(2 * MOST, header, rows)
}

/// Every so many rows, so that a table stays one that can be read, and those with the highest value of a column: what
/// charts are looked at for.
fn thinned_to(most: usize, header: Vec<String>, rows: Vec<Vec<Entry>>) -> Data {
    let in_all = rows.len();
    let every = in_all.div_ceil(most).max(1);
    let highest = |column: usize| {
        let values = rows.iter().enumerate();
        let values = values.filter_map(|(i, row)| Some((i, row.get(column)?.value?)));
        // Of equals the first.
        values.rev().max_by(|a, b| a.1.total_cmp(&b.1))
    };
    let peaks: BTreeSet<usize> = (1..header.len())
        .filter_map(highest)
        .map(|(row, _)| row)
        .collect();
    let kept = rows.into_iter().enumerate();
    let kept = kept.filter(|(i, _)| i % every == 0 || peaks.contains(i));
    Data {
        caption: String::new(),
        header,
        rows: kept.map(|(_, row)| row).collect(),
        in_all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_never_a_peak() {
        let rows = (0..600).map(|minute| {
            let used = if minute == 77 { 1_024.0 } else { 100.0 };
            vec![
                number(Unit::Clock, 60.0 * f64::from(minute)),
                number(Unit::Whole, used),
            ]
        });
        let header = ["time", "ports"].map(str::to_owned).to_vec();
        let data = thinned_to(60, header, rows.collect());
        assert_eq!((data.rows.len(), data.in_all), (61, 600));
        assert!(data.rows.iter().any(|row| row[1].text == "1,024"));
        assert!(data.rows.is_sorted_by(|a, b| a[0].value < b[0].value));
    }

    #[test]
    fn a_step_keeps_its_value_and_a_line_does_not() {
        let points = [(1.0, "a"), (2.0, "b")];
        assert_eq!(at(&points, 1.5, true), Some("a"));
        assert_eq!(at(&points, 1.5, false), None);
        assert_eq!(at(&points, 2.0, false), Some("b"));
        assert_eq!(at(&points, 0.5, true), None);
    }
}

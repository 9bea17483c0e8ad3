//! The layers that a mark becomes, each with its data.

use super::{HEAT_TICKS, MOST_SIGNS, colour, ends as ends_of, heat_labels, place};
use crate::report::chart::ticks::{round_to, ticks};
use crate::report::chart::{
    Axis, Cells, Chart, Interval, Intervals, Mark, Panel, Scale, Shape, Upright, Word,
};
use crate::report::draw;
use serde_json::{Map, Value, json};

/// Lines of a panel that are named at their ends; of more, the buttons alone tell.
const MOST_ENDS: usize = 8;

/// Pixels from one of these names to the next.
const END: f64 = 15.0;

/// Where a sign above a panel stands, in pixels from its top.
const SIGN_UP: f64 = -8.0;

/// Where on its axis a place is so high that its name stands below it.
const HIGH: f64 = 0.92;

/// What the layers of a panel share.
pub(super) struct Sheet<'a> {
    pub chart: &'a Chart,
    pub panel: &'a Panel,
    pub names: &'a [&'a str],
    pub number: usize,
    pub x: &'a Map<String, Value>,
    pub y: &'a Map<String, Value>,
}

impl Sheet<'_> {
    fn x(&self, value: f64) -> f64 {
        place(&self.chart.x, value)
    }

    /// To six digits, more than any screen shows.
    fn y(&self, value: f64) -> f64 {
        round_to(place(&self.panel.y, value), 6)
    }

    /// A layer: rows of data, a mark, and which fields it shows on the two axes.
    fn layer(&self, mark: &Mark, rows: Vec<Value>, look: Value, fields: [&str; 4]) -> Value {
        let series = self.names.iter().position(|name| *name == mark.series);
        let mut encoding = Map::new();
        let axes = [
            ("x", Some(self.x)),
            ("x2", None),
            ("y", Some(self.y)),
            ("y2", None),
        ];
        for (field, (name, axis)) in fields.into_iter().zip(axes) {
            if !field.is_empty() {
                let mut channel = axis.cloned().unwrap_or_default();
                channel.insert("field".to_owned(), json!(field));
                encoding.insert(name.to_owned(), Value::Object(channel));
            }
        }
        let mut look = look;
        look["clip"] = json!(true);
        json!({
            "data": { "values": rows },
            "transform": [{ "filter": format!("indexof(hidden, {}) < 0", series.unwrap_or(0)) }],
            "mark": look,
            "encoding": encoding,
        })
    }

    /// The layers of a mark.
    pub fn layers(&self, mark: &Mark) -> Vec<Value> {
        let tone = colour(mark.tone);
        let series = self.names.iter().position(|name| *name == mark.series);
        match &mark.shape {
            Shape::Line(line) => {
                let rows = line.points.iter().map(|(x, y)| {
                    let mut row =
                        json!({ "x": self.x(*x), "y": y.map(|y| self.y(y)), "s": series });
                    // Elsewhere it can be told from where it is drawn.
                    if self.chart.x.scale == Scale::Percentile {
                        row["X"] = json!(x);
                    }
                    row
                });
                let rows: Vec<Value> = rows.collect();
                let step = if line.step { "step-after" } else { "linear" };
                let dash: Vec<f64> = draw::dash(mark)
                    .split_whitespace()
                    .filter_map(|gap| gap.parse().ok())
                    .collect();
                let look = json!({
                    "type": "line", "interpolate": step, "color": tone, "strokeWidth": 2, "strokeDash": dash,
                });
                let dots = json!({
                    "type": "point", "size": 180, "filled": true, "color": tone, "opacity": 0,
                    "tooltip": { "content": "data" },
                });
                vec![
                    self.layer(mark, rows.clone(), look, ["x", "", "y", ""]),
                    self.layer(mark, rows, dots, ["x", "", "y", ""]),
                ]
            }
            Shape::Band(band) => {
                let rows = band.points.iter().map(|(x, ends)| {
                    json!({
                        "x": self.x(*x), "l": ends.map(|(low, _)| self.y(low)), "h": ends.map(|(_, high)| self.y(high)),
                    })
                });
                let step = if band.step { "step-after" } else { "linear" };
                let look = json!({
                    "type": "area", "interpolate": step, "color": tone, "opacity": 0.2, "line": false,
                });
                vec![self.layer(mark, rows.collect(), look, ["x", "", "l", "h"])]
            }
            Shape::Spans(spans) => {
                let rows = spans.iter().map(
                    |(from, to)| json!({ "x": self.x(*from), "x2": self.x(*to), "s": series }),
                );
                let look = json!({ "type": "rect", "color": tone, "opacity": 0.16, "tooltip": { "content": "data" } });
                vec![self.layer(mark, rows.collect(), look, ["x", "x2", "", ""])]
            }
            Shape::Rule(rule) => {
                let rows = vec![json!({ "at": self.y(rule.at), "t": rule.label, "s": series })];
                let fields = ["", "", "at", ""];
                let line =
                    json!({ "type": "rule", "color": tone, "tooltip": { "content": "data" } });
                vec![self.layer(mark, rows, line, fields)]
            }
            Shape::Uprights(uprights) => self.uprights(mark, uprights, &tone, series),
            Shape::Segments(segments) => {
                let rows = segments.iter().map(|((x, y), (x2, y2))| {
                    json!({ "x": self.x(*x), "y": self.y(*y), "x2": self.x(*x2), "y2": self.y(*y2) })
                });
                let look = json!({ "type": "rule", "color": tone, "strokeWidth": 3 });
                vec![self.layer(mark, rows.collect(), look, ["x", "x2", "y", "y2"])]
            }
            Shape::Swings(swings) => {
                let rows = swings.iter().map(|swing| {
                    json!({
                        "x": self.x(swing.from), "x2": self.x(swing.to), "y": swing.row - 0.24, "y2": swing.row + 0.24,
                    })
                });
                let look = json!({ "type": "rect", "color": tone, "opacity": draw::SWING });
                vec![self.layer(mark, rows.collect(), look, ["x", "x2", "y", "y2"])]
            }
            Shape::Words(words) => {
                // What is above the panel stays clear.
                let is_high = |word: &&Word| self.panel.y.place(word.at.1) > HIGH;
                let (high, others): (Vec<&Word>, Vec<&Word>) = words.iter().partition(is_high);
                let layer = |words: Vec<&Word>, down: i32| {
                    let rows = words.into_iter().map(|word| {
                        json!({ "x": self.x(word.at.0), "y": self.y(word.at.1), "sign": word.text })
                    });
                    self.words(mark, rows.collect(), "@text", down)
                };
                vec![layer(high, 16), layer(others, -9)]
            }
            Shape::Intervals(all) => self.intervals(mark, all, &tone, series),
            Shape::Bars(bars) => {
                let rows = bars.iter().map(|bar| {
                    json!({
                        "x": bar.from, "x2": bar.to, "y": bar.row - 0.32, "y2": bar.row + 0.32,
                        "d": bar.to - bar.from, "r": bar.row, "t": bar.label, "s": series,
                    })
                });
                let look = json!({ "type": "rect", "color": tone, "stroke": "@background", "tooltip": { "content": "data" } });
                vec![self.layer(mark, rows.collect(), look, ["x", "x2", "y", "y2"])]
            }
            Shape::Cells(all) => {
                let rows = all.cells.iter().map(|cell| {
                    let mut row = json!({
                        "x": self.x(cell.x.0), "x2": self.x(cell.x.1), "y": cell.y.0, "y2": cell.y.1, "v": cell.value,
                    });
                    if cell.alarm {
                        row["a"] = json!(true);
                    }
                    if self.number > 0 {
                        row["p"] = json!(self.number);
                    }
                    if !cell.label.is_empty() {
                        row["t"] = json!(cell.label);
                    }
                    row
                });
                let look = json!({ "type": "rect", "tooltip": { "content": "data" } });
                let mut layer = self.layer(mark, rows.collect(), look, ["x", "x2", "y", "y2"]);
                let kind = if all.legend.scale == Scale::Log {
                    "log"
                } else {
                    "linear"
                };
                let ticks = ticks(&all.legend, HEAT_TICKS);
                let values: Vec<f64> = ticks.iter().map(|tick| tick.at).collect();
                let (low, high) = all.legend.domain;
                let words = format!(
                    "{}[indexof({}, datum.value)] || ''",
                    heat_labels(self.number),
                    json!(values)
                );
                layer["encoding"]["color"] = json!({
                    "condition": { "test": "datum.a", "value": "@alarm" },
                    "field": "v", "type": "quantitative",
                    "scale": { "type": kind, "domain": [low, high], "range": "@heat", "interpolate": "rgb", "clamp": true },
                    "legend": {
                        "title": all.legend.title, "orient": "top", "values": values, "labelExpr": words,
                        "gradientLength": 200, "titleLimit": 400,
                    },
                });
                [Some(layer), self.signs(mark, all)]
                    .into_iter()
                    .flatten()
                    .collect()
            }
        }
    }

    /// Upright lines, a broad one that nobody sees for the pointer, and their signs above the panel.
    fn uprights(
        &self,
        mark: &Mark,
        uprights: &[Upright],
        tone: &str,
        series: Option<usize>,
    ) -> Vec<Value> {
        let row =
            |upright: &Upright| json!({ "x": self.x(upright.at), "t": upright.words, "s": series });
        let rows: Vec<Value> = uprights.iter().map(row).collect();
        let rule = |look: Value| {
            let mut rule = json!({ "type": "rule", "tooltip": { "content": "data" } });
            if let (Some(rule), Some(look)) = (rule.as_object_mut(), look.as_object()) {
                rule.extend(look.clone());
            }
            self.layer(mark, rows.clone(), rule, ["x", "", "", ""])
        };
        let strip = rule(json!({ "color": "@background", "strokeWidth": 3, "opacity": 0.7 }));
        let line = rule(json!({ "color": tone, "strokeDash": [3, 3] }));
        let broad = rule(json!({ "color": tone, "strokeWidth": 11, "opacity": 0 }));
        let signed = uprights.iter().filter(|upright| !upright.sign.is_empty());
        let signs: Vec<Value> = signed
            .map(|upright| {
                let place = round_to(self.chart.x.place(upright.at), 4);
                json!({ "x": self.x(upright.at), "sign": upright.sign, "place": place, "up": SIGN_UP, "ends": false })
            })
            .collect();
        let mut layers = vec![strip, line, broad];
        if !signs.is_empty() {
            layers.push(self.signs_above(mark, signs));
        }
        layers
    }

    /// Signs above the panel, each while its place is in sight; the page moves those up that would lie on others.
    fn signs_above(&self, mark: &Mark, rows: Vec<Value>) -> Value {
        let look = json!({
            "type": "text", "baseline": "middle", "fontSize": 12, "color": "@faint",
            "align": { "expr": "datum.ends ? 'right' : 'left'" }, "dx": { "expr": "datum.ends ? -3 : 3" },
        });
        let mut layer = self.layer(mark, rows, look, ["x", "", "", ""]);
        layer["name"] = json!(format!("signs-{}", self.number));
        layer["mark"]["clip"] = json!(false);
        layer["encoding"]["y"] = json!({ "field": "up", "type": "quantitative", "scale": null });
        layer["encoding"]["text"] = json!({ "field": "sign", "type": "nominal" });
        if let Some(filters) = layer["transform"].as_array_mut() {
            filters.push(json!({ "filter": "datum.x >= from && datum.x <= to" }));
        }
        layer
    }

    /// Words at places, of which all are seen.
    fn words(&self, mark: &Mark, rows: Vec<Value>, tone: &str, down: i32) -> Value {
        let look = json!({
            "type": "text", "align": "left", "baseline": "middle", "dx": 9, "dy": down, "fontSize": 12,
            "fontWeight": "bold", "color": tone,
        });
        let mut layer = self.layer(mark, rows, look, ["x", "", "y", ""]);
        layer["mark"]["clip"] = json!(false);
        layer["encoding"]["text"] = json!({ "field": "sign", "type": "nominal" });
        layer
    }

    /// The names of lines at their ends, to the right of a panel of this height: as many as have room one below the
    /// other, and while the end is in sight.
    pub fn ends(&self, height: f64) -> Vec<Value> {
        let mut ends: Vec<(&Mark, &str, f64)> = self.panel.named_ends().collect();
        if ends.len() > MOST_ENDS || END * ends.len() as f64 > height {
            return Vec::new();
        }
        let down = |y: f64| (1.0 - self.panel.y.place(y)) * height;
        ends.sort_by(|a, b| down(a.2).total_cmp(&down(b.2)));
        let places: Vec<f64> = ends.iter().map(|(.., y)| down(*y)).collect();
        let places = draw::apart(&places, END, 0.0, height);
        let (_, last) = ends_of(&self.chart.x);
        let layer = |(number, ((mark, label, _), place)): (usize, (&(&Mark, &str, f64), f64))| {
            let rows = vec![json!({ "sign": label, "place": round_to(place, 6) })];
            let mut layer = self.words(mark, rows, &colour(mark.tone), 0);
            layer["name"] = json!(format!("end-{}-{number}", self.number));
            layer["encoding"]["x"] = json!({ "value": "width" });
            layer["encoding"]["y"] =
                json!({ "field": "place", "type": "quantitative", "scale": null });
            if let Some(filters) = layer["transform"].as_array_mut() {
                filters.push(json!({ "filter": format!("to >= {last}") }));
            }
            layer
        };
        ends.iter().zip(places).enumerate().map(layer).collect()
    }

    /// Lines from estimate to estimate; dotted where one end is a bound.
    fn joints(&self, mark: &Mark, all: &Intervals, tone: &str) -> Vec<Value> {
        let ends = |sure: bool| -> Vec<Value> {
            let pairs = all.points.windows(2).filter(|pair| {
                let estimated = pair.iter().all(|point| point.estimate.is_some());
                estimated == sure
            });
            let row = |pair: &[Interval]| {
                let value = |point: &Interval| point.estimate.or(point.high).map(|y| self.y(y));
                json!({
                    "x": self.x(pair[0].drawn), "x2": self.x(pair[1].drawn), "y": value(&pair[0]), "y2": value(&pair[1]),
                })
            };
            pairs.map(row).collect()
        };
        let look = |dash: &[f64]| json!({ "type": "rule", "color": tone, "strokeWidth": 2, "strokeDash": dash });
        let kinds = [(ends(true), look(&[])), (ends(false), look(&[2.0, 4.0]))];
        let kinds = kinds.into_iter().filter(|(rows, _)| !rows.is_empty());
        kinds
            .map(|(rows, look)| self.layer(mark, rows, look, ["x", "x2", "y", "y2"]))
            .collect()
    }

    /// The signs in the middle of cells.
    fn signs(&self, mark: &Mark, all: &Cells) -> Option<Value> {
        let signed = all.cells.iter().filter_map(|cell| Some((cell, cell.sign?)));
        let rows = signed.map(|(cell, sign)| {
            let middle = |(from, to): (f64, f64)| (from + to) / 2.0;
            let dark = cell
                .value
                .is_some_and(|value| all.legend.place(value) >= 0.5);
            json!({ "x": self.x(middle(cell.x)), "y": middle(cell.y), "sign": sign, "dark": dark })
        });
        let rows: Vec<Value> = rows.collect();
        if rows.is_empty() || rows.len() > MOST_SIGNS {
            return None;
        }
        let look = json!({ "type": "text", "fontSize": 13, "fontWeight": "bold" });
        let mut layer = self.layer(mark, rows, look, ["x", "", "y", ""]);
        layer["encoding"]["text"] = json!({ "field": "sign", "type": "nominal" });
        layer["encoding"]["color"] = json!({
            "condition": { "test": "datum.dark", "value": "@background" }, "value": "@text",
        });
        Some(layer)
    }

    fn intervals(
        &self,
        mark: &Mark,
        all: &Intervals,
        tone: &str,
        series: Option<usize>,
    ) -> Vec<Value> {
        let (own, other): (&Axis, &Axis) = match all.across {
            true => (&self.chart.x, &self.panel.y),
            false => (&self.panel.y, &self.chart.x),
        };
        let start = own.domain.0;
        let rows = |wanted: &dyn Fn(&Interval) -> bool| -> Vec<Value> {
            let points = all.points.iter().filter(|point| wanted(point));
            let row = |point: &Interval| {
                let value = |value: Option<f64>| value.map(|value| place(own, value));
                let mut row = json!({
                    "at": round_to(place(other, point.drawn), 9), "v": value(point.estimate.or(point.high)),
                    "l": value(point.low.or(point.estimate.is_none().then_some(start))), "h": value(point.high),
                    "t": point.label, "s": series,
                });
                if !all.across {
                    row["X"] = json!(point.at);
                }
                row
            };
            points.map(row).collect()
        };
        let fields = |value: &'static str, end: &'static str| match all.across {
            true => [value, end, "at", ""],
            false => ["at", "", value, end],
        };
        let seen = |point: &Interval| point.estimate.is_some();
        let bound = |point: &Interval| point.estimate.is_none();
        let range = |point: &Interval| point.low.is_some() && point.high.is_some();
        let hollow = |point: &Interval| point.estimate.is_some() && point.high.is_none();
        let mut layers = Vec::new();
        if all.joined {
            layers.extend(self.joints(mark, all, tone));
        }
        let whisker = json!({ "type": "rule", "color": tone, "strokeWidth": 2, "tooltip": { "content": "data" } });
        layers.push(self.layer(mark, rows(&range), whisker, fields("l", "h")));
        if all.across {
            let open = json!({
                "type": "rule", "color": tone, "strokeWidth": 2, "strokeDash": [6, 4], "tooltip": { "content": "data" },
            });
            layers.push(self.layer(mark, rows(&bound), open, fields("l", "h")));
        }
        let dot = json!({
            "type": "point", "size": 80, "filled": true, "opacity": 1, "color": tone, "tooltip": { "content": "data" },
        });
        layers.push(self.layer(mark, rows(&seen), dot, fields("v", "")));
        let ring = json!({
            "type": "point", "size": 80, "filled": true, "opacity": 1, "color": "@background", "stroke": tone,
            "tooltip": { "content": "data" },
        });
        layers.push(self.layer(mark, rows(&hollow), ring, fields("v", "")));
        let shape = if all.across {
            "triangle-left"
        } else {
            "triangle-down"
        };
        let limit = json!({
            "type": "point", "shape": shape, "size": 110, "filled": true, "opacity": 1, "color": "@background",
            "stroke": tone, "strokeWidth": 2, "tooltip": { "content": "data" },
        });
        layers.push(self.layer(mark, rows(&bound), limit, fields("v", "")));
        layers
    }
}

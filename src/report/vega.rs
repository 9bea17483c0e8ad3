//! A chart as a Vega-Lite specification, with colours by name: the page puts in those of its theme.

mod layers;

use super::chart::ticks::{Tick, ticks};
use super::chart::{Axis, Chart, Mark, Panel, Scale, Shape, Tone, Unit};
use super::draw;
use layers::Sheet;
use serde_json::{Map, Value, json};

/// The specification. Strings that begin with `@` where a colour stands are names of colours.
pub fn spec(chart: &Chart) -> Value {
    let series = chart.series();
    let names: Vec<&str> = series.iter().map(|(name, _)| *name).collect();
    let tones: Vec<String> = series.iter().map(|(_, tone)| colour(*tone)).collect();
    let (low, high) = ends(&chart.x);
    let last = chart.panels.len().saturating_sub(1);
    let panels: Vec<Value> = chart
        .panels
        .iter()
        .enumerate()
        .map(|(i, one)| panel(chart, one, &names, i, i == last))
        .collect();
    let (panels, datasets) = apart(panels);
    let mut params = vec![
        json!({ "name": "hidden", "value": [] }),
        json!({ "name": "from", "value": low }),
        json!({ "name": "to", "value": high }),
        json!({ "name": X_LABELS, "value": labels(&ticks(&chart.x, X_TICKS)) }),
    ];
    for (i, one) in chart.panels.iter().enumerate() {
        params.push(json!({ "name": y_labels(i), "value": labels(&ticks(&one.y, Y_TICKS)) }));
        let heat = one.marks.iter().find_map(legend_of);
        if let Some(legend) = heat {
            params.push(
                json!({ "name": heat_labels(i), "value": labels(&ticks(legend, HEAT_TICKS)) }),
            );
        }
    }
    json!({
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": { "text": chart.title, "subtitle": chart.subtitle },
        "description": chart.description,
        "usermeta": {
            "series": names, "colours": tones, "x": about(&chart.x), "y": about_rows(chart), "heat": about_heat(chart),
        },
        "params": params,
        "spacing": 28,
        "datasets": datasets,
        "vconcat": panels,
    })
}

/// Moves the data of all layers to one place, where layers on the same data share them.
fn apart(mut panels: Vec<Value>) -> (Vec<Value>, Map<String, Value>) {
    let mut datasets: Map<String, Value> = Map::new();
    let layers = panels
        .iter_mut()
        .filter_map(|panel| panel["layer"].as_array_mut());
    for layer in layers.flatten() {
        let values = layer["data"]["values"].take();
        let known = datasets.iter().find(|(_, known)| **known == values);
        let name = known.map_or_else(
            || format!("data{}", datasets.len()),
            |(name, _)| name.clone(),
        );
        layer["data"] = json!({ "name": name });
        datasets.insert(name, values);
    }
    (panels, datasets)
}

/// Texts at ticks stand in parameters: an expression that held them would have to be trusted with them.
const X_LABELS: &str = "xLabels";

fn y_labels(panel: usize) -> String {
    format!("yLabels{panel}")
}

fn heat_labels(panel: usize) -> String {
    format!("heatLabels{panel}")
}

/// Signs of a heat map that there is room for.
const MOST_SIGNS: usize = 400;

/// About how many ticks an axis has.
const X_TICKS: usize = 7;
const Y_TICKS: usize = 5;
const HEAT_TICKS: usize = 4;

fn labels(ticks: &[Tick]) -> Vec<&str> {
    ticks.iter().map(|tick| tick.label.as_str()).collect()
}

/// What the colours of cells mean.
fn legend_of(mark: &Mark) -> Option<&Axis> {
    match &mark.shape {
        Shape::Cells(cells) => Some(&cells.legend),
        _ => None,
    }
}

/// What the page needs to write values of an axis.
fn about(axis: &Axis) -> Value {
    let names = match &axis.scale {
        Scale::Categories(names) => names.as_slice(),
        _ => &[],
    };
    json!({ "title": axis.title, "unit": axis.unit, "names": names })
}

fn about_heat(chart: &Chart) -> Value {
    let mut marks = chart.panels.iter().flat_map(|panel| &panel.marks);
    marks.find_map(legend_of).map_or(Value::Null, about)
}

fn about_rows(chart: &Chart) -> Value {
    chart
        .panels
        .first()
        .map_or(Value::Null, |panel| about(&panel.y))
}

/// The name of a colour.
fn colour(tone: Tone) -> String {
    match tone {
        Tone::Series(i) => format!("@series{}", i % super::charts::COLOURS),
        Tone::Limit => "@text".to_owned(),
        Tone::Alarm => "@alarm".to_owned(),
        Tone::Muted => "@muted".to_owned(),
        Tone::Heat => "@heat".to_owned(),
    }
}

/// A value as the specification has it: instants in milliseconds, percentiles spread by their nines.
fn place(axis: &Axis, value: f64) -> f64 {
    match (axis.unit, &axis.scale) {
        (Unit::Clock, _) => value * 1e3,
        (_, Scale::Percentile) => axis.spread(value),
        _ => value,
    }
}

fn ends(axis: &Axis) -> (f64, f64) {
    (place(axis, axis.domain.0), place(axis, axis.domain.1))
}

/// The scale and axis of a channel. The x axis moves with the parameters `from` and `to`.
fn channel(axis: &Axis, labels: &str, moves: bool, labelled: bool) -> Map<String, Value> {
    let clock = axis.unit == Unit::Clock;
    let rows = matches!(axis.scale, Scale::Categories(_));
    let kind = match axis.scale {
        _ if clock => "utc",
        Scale::Log => "log",
        _ => "linear",
    };
    let (low, high) = ends(axis);
    let mut scale = json!({ "type": kind, "nice": false, "zero": false });
    if moves {
        scale["domainMin"] = json!({ "expr": "from" });
        scale["domainMax"] = json!({ "expr": "to" });
    } else {
        scale["domain"] = json!([low, high]);
    }
    if rows {
        scale["reverse"] = json!(!moves);
    }
    let mut look =
        json!({ "title": if labelled { axis.title.as_str() } else { "" }, "labels": labelled });
    if clock {
        look["tickCount"] = json!(8);
        look["labelExpr"] = json!(
            "(+datum.value >= 864e5 ? floor(+datum.value / 864e5) + 'd ' : '') + utcFormat(datum.value, \
             +datum.value % 6e4 ? '%-H:%M:%S' : '%-H:%M')"
        );
    } else {
        let ticks = ticks(axis, if moves { X_TICKS } else { Y_TICKS });
        let values: Vec<f64> = ticks.iter().map(|tick| place(axis, tick.at)).collect();
        let last = values.len().saturating_sub(1);
        look["labelExpr"] = json!(format!("{labels}[round(datum.index * {last})]"));
        look["values"] = json!(values);
    }
    look["labelSeparation"] = json!(6);
    look["labelOverlap"] = json!(if rows && !moves { "greedy" } else { "parity" });
    look["grid"] = json!(!rows && (!moves || axis.scale == Scale::Percentile));
    if rows {
        look["ticks"] = json!(false);
        look["domain"] = json!(moves);
    }
    let mut channel = Map::new();
    let kind = if clock { "temporal" } else { "quantitative" };
    channel.insert("type".to_owned(), json!(kind));
    channel.insert("scale".to_owned(), scale);
    channel.insert("axis".to_owned(), look);
    channel
}

fn panel(chart: &Chart, panel: &Panel, names: &[&str], number: usize, is_last: bool) -> Value {
    let x = channel(&chart.x, X_LABELS, true, is_last);
    let mut y = channel(&panel.y, &y_labels(number), false, true);
    y["axis"]["title"] = json!(panel.y_title());
    let height = draw::height(panel, chart.panels.len());
    let sheet = Sheet {
        chart,
        panel,
        names,
        number,
        x: &x,
        y: &y,
    };
    let drawn = panel.marks.iter().filter(|mark| !mark.is_empty());
    let layers: Vec<Value> = drawn
        .flat_map(|mark| sheet.layers(mark))
        .chain(sheet.ends(height))
        .collect();
    let mut made = json!({
        "width": 640,
        "height": height,
        "layer": layers,
    });
    if let Some(title) = &panel.title {
        made["title"] = json!({ "text": title, "anchor": "start", "fontSize": 14, "offset": 8 });
    }
    made
}

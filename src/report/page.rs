//! `report.html`: one page with everything in it, which asks nobody for anything.

mod contents;

pub use contents::{Changes, Contents, Known, Listed, Table};

use super::chart::Chart;
use super::draw::{self, Theme};
use super::plainly::each_text;
use super::vega;
use crate::results::words::glued;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const PAGE: &str = include_str!("../../assets/page/page.html");
const STYLE: &str = include_str!("../../assets/page/style.css");

/// What runs on the page, in this order: Vega, Vega-Lite, the interpreter that stands in for `eval`, and ours.
const SCRIPTS: [&str; 4] = [
    include_str!("../../assets/vega/vega.min.js"),
    include_str!("../../assets/vega/vega-lite.min.js"),
    include_str!("../../assets/vega/vega-interpreter.js"),
    include_str!("../../assets/page/page.js"),
];
const LICENSES: &str = include_str!("../../assets/vega/LICENSES.txt");

/// The page.
pub fn page(contents: &Contents, charts: &[Chart], theme: Option<Theme>) -> String {
    let mut scripts: Vec<String> = SCRIPTS.map(str::to_owned).to_vec();
    scripts[0] = format!("/*\n{LICENSES}*/\n{}", scripts[0]);
    if charts.is_empty() {
        scripts.clear();
    }
    let hashes: Vec<String> = scripts
        .iter()
        .map(|script| format!("'{}'", hash(script)))
        .collect();
    let specs: Vec<Value> = charts.iter().map(vega::spec).collect();
    let specs = json!({
        "charts": specs,
        "themes": { "light": colours(&Theme::LIGHT), "dark": colours(&Theme::DARK) },
    });
    let drawn: Vec<Value> = charts.iter().map(drawn).collect();
    let mut environment = Environment::new();
    environment
        .add_template("page.html", PAGE)
        .expect("the template is well-formed");
    let template = environment.get_template("page.html").expect("it was added");
    template
        .render(context! {
            ..minijinja::Value::from(Serde(unbroken(contents))),
            ..context! {
                charts => Serde(drawn),
                theme => theme.map(|theme| theme.name),
                style => minijinja::Value::from_safe_string(STYLE.to_owned()),
                style_hash => hash(STYLE),
                script_hashes => minijinja::Value::from_safe_string(match hashes.is_empty() {
                    true => "'none'".to_owned(),
                    false => hashes.join(" "),
                }),
                scripts => scripts,
                specs => inlined(&specs),
                version => env!("CARGO_PKG_VERSION"),
            }
        })
        .expect("the template fits what it is given")
}

/// Contents in which no line breaks between a number and its sign; what is to be typed stays as it is.
fn unbroken(contents: &Contents) -> Value {
    let mut value = serde_json::to_value(contents).expect("contents are words");
    if let Value::Object(parts) = &mut value {
        let told = parts.iter_mut().filter(|(name, _)| *name != "runs");
        told.for_each(|(_, part)| each_text(part, &glued));
    }
    value
}

/// What the template shows of a chart.
fn drawn(chart: &Chart) -> Value {
    let tables: Vec<Table> = chart
        .data()
        .into_iter()
        .map(|data| {
            let left_out = data.rows.len() < data.in_all;
            Table {
                note: left_out.then(|| {
                    format!(
                        "{} of {} rows: evenly, and those with the highest value of a column. The CSV has all.",
                        data.rows.len(),
                        data.in_all
                    )
                }),
                ..Table::of(data)
            }
        })
        .collect();
    let mut shown = json!({
        "id": chart.id, "title": chart.title, "subtitle": chart.subtitle, "description": chart.description,
        "notes": chart.notes, "zoom": chart.zoom, "tables": tables,
    });
    each_text(&mut shown, &glued);
    shown["svg"] = json!(draw::svg(chart, &Theme::LIGHT));
    shown
}

/// The colours of a theme by the names that specifications have for them.
fn colours(theme: &Theme) -> Value {
    let mut colours = json!({
        "background": theme.background, "text": theme.text, "faint": theme.faint, "grid": theme.grid,
        "axis": theme.axis, "alarm": theme.alarm, "muted": theme.muted, "heat": theme.heat,
    });
    for (i, colour) in theme.series.iter().enumerate() {
        colours[format!("series{i}")] = json!(colour);
    }
    colours
}

/// JSON that may stand inside a script element: nothing in it ends the element or begins a comment.
fn inlined(value: &Value) -> String {
    value
        .to_string()
        .replace('<', "\\u003c")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

/// A hash as a content policy writes it.
fn hash(text: &str) -> String {
    format!("sha256-{}", base64(&Sha256::digest(text.as_bytes())))
}

/// Base64 with padding, RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut bits = 0;
        for i in 0..3 {
            bits = bits << 8 | u32::from(three.get(i).copied().unwrap_or(0));
        }
        for i in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * i) & 63) as usize];
            text.push(if i > three.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let of = |text: &str| base64(text.as_bytes());
        assert_eq!(
            [of(""), of("f"), of("fo"), of("foo"), of("foob")],
            ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]
        );
        // The example of the Content Security Policy, level 3, section 8.3.
        assert_eq!(
            hash("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }

    #[test]
    fn data_inside_a_script_cannot_end_it() {
        let text = inlined(&json!({ "name": "</script><!-- \u{2028}" }));
        assert!(!text.contains('<') && !text.contains('\u{2028}'), "{text}");
    }
}

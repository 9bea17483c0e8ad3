//! A small writer of SVG: elements, attributes, and text that stays text.

use super::fonts::{self, FAMILIES, Weight};
use std::fmt::{Display, Write};

/// A document that is being written.
#[derive(Debug, Default)]
pub struct Svg {
    text: String,
}

/// Which side of its place a text keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// It is centred there.
    Middle,
    /// It ends there.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Type {
    /// In pixels.
    pub size: f64,
    /// Plain or not.
    pub weight: Weight,
    /// Its colour.
    pub fill: &'static str,
    /// Which side of its place it keeps to.
    pub anchor: Anchor,
}

impl Svg {
    /// Begins a document of this size with its text alternative.
    pub fn new(width: f64, height: f64, title: &str, description: &str) -> Svg {
        let mut svg = Svg::default();
        let (width, height) = (Number(width), Number(height));
        let _ = write!(
            svg.text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-family=\"{}\">\n\
             <title>{}</title>\n<desc>{}</desc>\n",
            escaped(FAMILIES),
            escaped(title),
            escaped(description)
        );
        svg
    }

    /// The document.
    pub fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }

    /// An element without content.
    pub fn element(&mut self, name: &str, attributes: &[(&str, &dyn Display)]) {
        self.start(name, attributes);
        self.text.truncate(self.text.len() - 2);
        self.text.push_str("/>\n");
    }

    /// Begins an element that has content.
    pub fn start(&mut self, name: &str, attributes: &[(&str, &dyn Display)]) {
        let _ = write!(self.text, "<{name}");
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"{}\"", escaped(&value.to_string()));
        }
        self.text.push_str(">\n");
    }

    /// Ends it.
    pub fn end(&mut self, name: &str) {
        let _ = writeln!(self.text, "</{name}>");
    }

    /// A text at a place; y is its base line.
    pub fn text(&mut self, (x, y): (f64, f64), look: Type, text: &str) {
        let anchor = match look.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = match look.weight {
            Weight::Regular => 400,
            Weight::SemiBold => 600,
        };
        // Where the font is not installed, a wider one keeps to the room that was measured.
        let room = match fonts::lacking(text).is_empty() {
            true => format!(
                " textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"",
                Number(fonts::width(text, look.size, look.weight))
            ),
            false => String::new(),
        };
        let _ = writeln!(
            self.text,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" font-weight=\"{weight}\" fill=\"{}\" \
             text-anchor=\"{anchor}\"{room}>{}</text>",
            Number(x),
            Number(y),
            Number(look.size),
            look.fill,
            escaped(text)
        );
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64, dash: &str) {
        let (x1, y1, x2, y2) = (Number(from.0), Number(from.1), Number(to.0), Number(to.1));
        let width = Number(width);
        let mut attributes: Vec<(&str, &dyn Display)> = vec![
            ("x1", &x1),
            ("y1", &y1),
            ("x2", &x2),
            ("y2", &y2),
            ("stroke", &stroke),
            ("stroke-width", &width),
        ];
        if !dash.is_empty() {
            attributes.push(("stroke-dasharray", &dash));
        }
        self.element("line", &attributes);
    }

    /// A filled rectangle.
    pub fn rect(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), fill: &str, opacity: f64) {
        let (x, y, w, h, opacity) = (Number(x), Number(y), Number(w), Number(h), Number(opacity));
        let mut attributes: Vec<(&str, &dyn Display)> = vec![
            ("x", &x),
            ("y", &y),
            ("width", &w),
            ("height", &h),
            ("fill", &fill),
        ];
        if opacity.0 < 1.0 {
            attributes.push(("fill-opacity", &opacity));
        }
        self.element("rect", &attributes);
    }
}

/// A path through points.
#[derive(Debug, Default)]
pub struct Path(pub String);

impl Path {
    /// Moves there, or draws a line there if it has begun.
    pub fn to(&mut self, (x, y): (f64, f64), begun: bool) {
        let letter = if begun { 'L' } else { 'M' };
        let _ = write!(self.0, "{letter}{} {}", Number(x), Number(y));
    }

    /// Closes the area.
    pub fn close(&mut self) {
        self.0.push('Z');
    }
}

/// A number with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number(pub f64);

impl Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.2}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

/// Text as XML takes it.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_text_is_escaped() {
        assert_eq!(Number(3.0).to_string(), "3");
        assert_eq!(Number(-0.001).to_string(), "0");
        assert_eq!(Number(12.345).to_string(), "12.35");
        assert_eq!(
            escaped("<a href=\"x\">&"),
            "&lt;a href=&quot;x&quot;&gt;&amp;"
        );
    }
}

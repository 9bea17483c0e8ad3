//! A result whose words turn and break no line, whatever its scenario calls things; and the walk over all words of a value.

use super::chart::plain;
use crate::results::Document;
use serde_json::Value;

/// The same result, with a blank for each control character in a name or a sentence, and without marks that turn the direction
/// of what follows.
pub fn plainly(document: &Document) -> Document {
    let mut value = serde_json::to_value(document).expect("a document is plain values");
    each_text(&mut value, &plain);
    serde_json::from_value(value).expect("it is a document still")
}

/// Changes every text in a value, wherever it stands.
pub fn each_text(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(values) => values.iter_mut().for_each(|value| each_text(value, change)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|value| each_text(value, change)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture::compared;

    #[test]
    fn names_turn_and_break_no_line() {
        let mut document = compared(&[5, 9]);
        assert_eq!(plainly(&document), document);
        document.outbounds[0].name = "a\u{202e}b\nc".to_owned();
        document.outbounds[0].summary = "a\u{202e}b\nc runs out".to_owned();
        let plain = plainly(&document);
        assert_eq!(plain.outbounds[0].name, "ab c");
        assert_eq!(plain.outbounds[0].summary, "ab c runs out");
    }
}

//! Where things are in the text of a scenario: JSON pointers to byte ranges.

use super::Problem;
use crate::fault::{Code, Fault, step};
use jsonc_parser::ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::ops::Range;

/// Strict JSON: every extension that the parser knows is turned off.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// The places of every value of a JSON text.
pub(super) struct Places<'a> {
    text: &'a str,
    root: ast::Value<'a>,
}

/// A value's place, and its key's where it has one.
struct Place<'p, 'a> {
    value: &'p ast::Value<'a>,
    key: Option<Range<usize>>,
}

impl<'a> Places<'a> {
    /// The places of `text`, if it is strict JSON.
    pub(super) fn of(text: &'a str) -> Option<Places<'a>> {
        let root = parse_to_ast(text, &CollectOptions::default(), &STRICT)
            .ok()?
            .value?;
        Some(Places { text, root })
    }

    /// What to underline for `pointer`: the value, its key where the value takes several lines, or the
    /// nearest that is there when the value is not.
    pub(super) fn value(&self, pointer: &str) -> Range<usize> {
        let place = self.nearest(pointer);
        let range = range(place.value);
        match (self.text[range.clone()].contains('\n'), place.key) {
            (false, _) => range,
            (true, Some(key)) => key,
            (true, None) => range.start..range.start + 1,
        }
    }

    /// What to underline when the key at `pointer` is wrong, not its value.
    pub(super) fn key(&self, pointer: &str) -> Range<usize> {
        self.nearest(pointer)
            .key
            .unwrap_or_else(|| self.value(pointer))
    }

    fn nearest(&self, pointer: &str) -> Place<'_, 'a> {
        let mut place = Place {
            value: &self.root,
            key: None,
        };
        for token in tokens(pointer) {
            let next = match place.value {
                ast::Value::Object(object) => {
                    // The last of equal keys, as the value is read.
                    let property = object.properties.iter().rev();
                    property
                        .into_iter()
                        .find(|property| property.name.as_str() == token)
                        .map(|property| Place {
                            value: &property.value,
                            key: Some(range(&property.name)),
                        })
                }
                ast::Value::Array(array) => token
                    .parse()
                    .ok()
                    .and_then(|index: usize| array.elements.get(index))
                    .map(|value| Place { value, key: None }),
                _ => None,
            };
            match next {
                Some(next) => place = next,
                None => break,
            }
        }
        place
    }
}

fn range(node: &impl Ranged) -> Range<usize> {
    node.start()..node.end()
}

/// The unescaped steps of a JSON pointer.
pub(super) fn tokens(pointer: &str) -> impl Iterator<Item = String> {
    pointer
        .split('/')
        .skip(1)
        .map(|token| token.replace("~1", "/").replace("~0", "~"))
}

/// Parses strict JSON in which no key is given twice.
pub(super) fn parse(text: &str) -> Result<serde_json::Value, Vec<Problem>> {
    let ast = parse_to_ast(text, &CollectOptions::default(), &STRICT)
        .map_err(|error| vec![not_json(&error, text)])?;
    let Some(root) = ast.value else {
        return Err(vec![syntax(
            0..0,
            "The file is empty.",
            "a JSON object { … }",
            "Start from one of `snatsim example`.",
        )]);
    };
    let mut twice = Vec::new();
    duplicates(&root, "", text, &mut twice);
    if !twice.is_empty() {
        return Err(twice);
    }
    serde_json::from_str(text).map_err(|error| vec![not_json_either(&error, text)])
}

/// A syntax error at `span`.
fn syntax(span: Range<usize>, found: &str, allowed: &str, remedy: &str) -> Problem {
    Problem {
        fault: Fault {
            code: Code::E0101,
            pointer: String::new(),
            found: found.to_owned(),
            allowed: allowed.to_owned(),
            remedy: remedy.to_owned(),
        },
        span: Some(span),
        excerpt: None,
    }
}

/// The words for a syntax error.
fn not_json(error: &ParseError, text: &str) -> Problem {
    use ParseErrorKind as Kind;
    let mut span = error.range().start..error.range().end.max(error.range().start);
    let (found, allowed, remedy) = match error.kind() {
        Kind::CommentsNotAllowed => (
            "There is a comment.",
            "JSON without comments",
            "Put what you want to say into \"description\".",
        ),
        Kind::TrailingCommasNotAllowed => (
            "There is a comma after the last entry.",
            "commas between entries only",
            "Remove the comma.",
        ),
        Kind::ExpectedComma => (
            "The next entry begins without a comma before it.",
            "a comma between two entries",
            "Put a comma here.",
        ),
        Kind::SingleQuotedStringsNotAllowed => (
            "A text stands in single quotes.",
            "texts and keys in double quotes",
            "Write \" instead of '.",
        ),
        Kind::ExpectedStringObjectProperty | Kind::UnexpectedWord => (
            "A word stands there without quotes.",
            "keys and texts in double quotes, numbers, true, false, null",
            "Put the word in double quotes.",
        ),
        Kind::UnterminatedObject => (
            "This object is not closed.",
            "a } for every {",
            "Close it with a }, or look for one that is missing further down.",
        ),
        Kind::UnterminatedArray => (
            "This list is not closed.",
            "a ] for every [",
            "Close it with a ], or look for one that is missing further down.",
        ),
        Kind::UnexpectedCloseBrace | Kind::UnexpectedCloseBracket => (
            "There is a closing bracket too many.",
            "as many closing brackets as opening ones",
            "Remove it.",
        ),
        Kind::ExpectedColonAfterObjectKey => (
            "The key has no colon after it.",
            "\"key\": value",
            "Put a colon and a value after the key.",
        ),
        Kind::ExpectedObjectValue => (
            "The key has no value.",
            "\"key\": value",
            "Give the value, or remove the key.",
        ),
        Kind::MultipleRootJsonValues => (
            "Something follows the end of the scenario.",
            "one JSON object",
            "Remove what follows the last }.",
        ),
        Kind::BareDecimalPointNumbersNotAllowed
        | Kind::HexadecimalNumbersNotAllowed
        | Kind::UnaryPlusNumbersNotAllowed
        | Kind::NonFiniteNumbersNotAllowed => (
            "JSON does not write a number so.",
            "plain decimal numbers, such as 0.5, 12 or 1e6",
            "Write it in decimal, with a digit on both sides of the point and no + before it.",
        ),
        kind => {
            let found = format!("{kind}.");
            if span.is_empty() {
                span.end = (span.start + 1).min(text.len());
            }
            return syntax(
                span,
                &found,
                "strict JSON",
                "Compare with a scenario of `snatsim example`.",
            );
        }
    };
    syntax(span, found, allowed, remedy)
}

/// What only the second parser minds, such as a number beyond 64 bits.
fn not_json_either(error: &serde_json::Error, text: &str) -> Problem {
    let line_start = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum::<usize>();
    let at = (line_start + error.column().saturating_sub(1)).min(text.len());
    let at = (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let words = error.to_string();
    let words = words.split(" at line ").next().unwrap_or_default();
    syntax(
        at..at,
        &format!("This cannot be read: {words}."),
        "strict JSON",
        "Compare with a scenario of `snatsim example`.",
    )
}

/// Gathers the keys that stand twice in one object.
fn duplicates(value: &ast::Value, pointer: &str, text: &str, problems: &mut Vec<Problem>) {
    match value {
        ast::Value::Object(object) => {
            for (i, property) in object.properties.iter().enumerate() {
                let name = property.name.as_str();
                let pointer = step(pointer, name);
                let earlier = object.properties[..i]
                    .iter()
                    .find(|earlier| earlier.name.as_str() == name);
                if let Some(earlier) = earlier {
                    let line = text[..earlier.start()].matches('\n').count() + 1;
                    problems.push(Problem {
                        fault: Fault {
                            code: Code::E0107,
                            pointer: pointer.clone(),
                            found: format!("\"{name}\" stands here again, after line {line}."),
                            allowed: "every field once in an object".to_owned(),
                            remedy: "Remove one of the two.".to_owned(),
                        },
                        span: Some(range(&property.name)),
                        excerpt: None,
                    });
                }
                duplicates(&property.value, &pointer, text, problems);
            }
        }
        ast::Value::Array(array) => {
            for (i, element) in array.elements.iter().enumerate() {
                duplicates(element, &step(pointer, i), text, problems);
            }
        }
        _ => {}
    }
}

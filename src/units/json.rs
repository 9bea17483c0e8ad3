//! How a span of time stands in a file: as text with a unit, such as `"1h30m"`.

use super::{SimTime, parse_duration};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

impl Serialize for SimTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SimTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(DurationText)
    }
}

struct DurationText;

impl Visitor<'_> for DurationText {
    type Value = SimTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration with a unit, such as \"250ms\", \"4m\" or \"1h30m\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SimTime, E> {
        parse_duration(text)
            .map_err(|expected| E::invalid_value(Unexpected::Str(text), &expected.as_str()))
    }
}

impl JsonSchema for SimTime {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration: numbers with a unit (d, h, m, s, ms, us, ns) in falling order, such as \"250ms\" or \"1h30m\".",
            "type": "string",
            "pattern": r"^((\d+\.?\d*|\.\d+)(d|h|ms|m|s|us|ns))+$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_survives_the_file() {
        let text = "\"1h30m0.5s\"";
        let span: SimTime = serde_json::from_str(text).expect("a duration");
        assert_eq!(
            serde_json::to_string(&span).expect("text"),
            "\"1h30m500ms\""
        );
    }

    #[test]
    fn a_number_without_a_unit_is_told_what_is_missing() {
        let message = |text| {
            serde_json::from_str::<SimTime>(text)
                .expect_err("no duration")
                .to_string()
        };
        assert!(message("6").contains("expected a duration with a unit"));
        assert!(message("\"6\"").contains("expected a unit after 6"));
    }
}

//! JSON to the words of a scenario; the first value of the wrong kind becomes a message for people.

use super::Problem;
use super::places::Places;
use crate::fault::{Code, Fault, step};
use crate::units::{SimTime, parse_duration};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// Reads the words.
pub(super) fn read<T: DeserializeOwned>(value: &Value, places: &Places) -> Result<T, Box<Problem>> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = pointer(error.path(), value);
        Box::new(explain(&error.inner().to_string(), pointer, value, places))
    })
}

/// The path of an error as a JSON pointer, as far as it leads through the value.
fn pointer(path: &Path, root: &Value) -> String {
    let mut pointer = String::new();
    for segment in path {
        let token = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => break,
        };
        let next = step(&pointer, token);
        if root.pointer(&next).is_none() {
            break;
        }
        pointer = next;
    }
    pointer
}

/// What is planned but not simulated yet: fields and words.
const NOT_YET: [&str; 1] = ["rules"];

/// Turns serde's message about the value at `pointer` into ours.
fn explain(message: &str, pointer: String, root: &Value, places: &Places) -> Problem {
    let quoted = |lead: &str| {
        let rest = message.strip_prefix(lead)?;
        Some(rest.split('`').next().unwrap_or_default().to_owned())
    };
    if let Some(name) = quoted("unknown field `") {
        return unknown(Code::E0103, &name, message, pointer, root, places);
    }
    if let Some(name) = quoted("unknown variant `") {
        return unknown(Code::E0104, &name, message, pointer, root, places);
    }
    if let Some(name) = quoted("missing field `") {
        return missing(&name, pointer, places);
    }
    wrong_kind(message, pointer, root, places)
}

fn unknown(
    code: Code,
    name: &str,
    message: &str,
    pointer: String,
    root: &Value,
    places: &Places,
) -> Problem {
    let known = known(message);
    let at = root.pointer(&pointer);
    // The path of an unknown key may end at the object or at the key itself.
    let is_key = at.is_some_and(|value| value.get(name).is_some());
    let pointer = if is_key {
        step(&pointer, name)
    } else {
        pointer
    };
    let ends_at_key = pointer.rsplit('/').next() == Some(step("", name).trim_start_matches('/'));
    let span = match is_key || ends_at_key {
        true => places.key(&pointer),
        false => places.value(&pointer),
    };
    let kind_of = named(if is_key { parent(&pointer) } else { &pointer }).to_owned();
    let kind_of = kind_of.as_str();
    let fault = if NOT_YET.contains(&name) && !known.iter().any(|word| word == name) {
        Fault {
            code: Code::E0106,
            found: format!("\"{name}\" is not simulated yet."),
            allowed: one_of(&known),
            remedy: match code {
                Code::E0103 => "Remove it; the result then answers for a cluster without it.",
                _ => "Use one of those that are; the result then answers for that.",
            }
            .to_owned(),
            pointer,
        }
    } else {
        Fault {
            found: match code {
                Code::E0103 => format!("There is no field \"{name}\" here."),
                _ => format!("\"{name}\" is no kind of \"{kind_of}\"."),
            },
            allowed: one_of(&known),
            remedy: match (suggestion(name, &known), example(kind_of)) {
                (Some(likely), _) => format!("Did you mean \"{likely}\"?"),
                _ if parse_duration(name).is_ok() && matches!(kind_of, "lifetime" | "think") => {
                    format!("Write \"{kind_of}\": {{ \"constant\": \"{name}\" }}.")
                }
                (None, Some(example)) if code == Code::E0104 => {
                    format!("For example \"{kind_of}\": {example}.")
                }
                _ => "Remove it, or look it up with `snatsim schema`.".to_owned(),
            },
            code,
            pointer,
        }
    };
    Problem {
        fault,
        span: Some(span),
        excerpt: None,
    }
}

/// The last step of a pointer that is a name, not the place in a list.
fn named(pointer: &str) -> &str {
    pointer
        .rsplit('/')
        .find(|token| token.parse::<usize>().is_err())
        .unwrap_or_default()
}

fn parent(pointer: &str) -> &str {
    pointer.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The words that serde lists after "expected".
fn known(message: &str) -> Vec<String> {
    let list = message
        .split_once(", expected ")
        .map_or("", |(_, list)| list);
    list.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn one_of(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [word] => format!("\"{word}\""),
        _ => words.join(", "),
    }
}

/// The known word that `name` was probably meant to be.
pub(crate) fn suggestion<'w>(name: &str, known: &'w [String]) -> Option<&'w str> {
    if let [only] = known {
        return Some(only);
    }
    let folded = name.to_lowercase();
    known
        .iter()
        .map(|word| (strsim::jaro_winkler(&folded, &word.to_lowercase()), word))
        .filter(|(likeness, _)| *likeness > 0.8)
        // Ties go to the first, so that the message does not depend on the float's noise.
        .fold(None, |best: Option<(f64, &String)>, next| match best {
            Some(best) if best.0 >= next.0 => Some(best),
            _ => Some(next),
        })
        .map(|(_, word)| word.as_str())
}

fn missing(name: &str, pointer: String, places: &Places) -> Problem {
    let place = match pointer.as_str() {
        "" => "The file".to_owned(),
        pointer => pointer.to_owned(),
    };
    Problem {
        span: Some(places.value(&pointer)),
        fault: Fault {
            code: Code::E0105,
            found: format!("{place} has no \"{name}\"."),
            allowed: match example(name) {
                Some(example) => format!("\"{name}\": {example}"),
                None => format!("an object with \"{name}\""),
            },
            remedy: format!("Add \"{name}\"."),
            pointer,
        },
        excerpt: None,
    }
}

fn wrong_kind(message: &str, pointer: String, root: &Value, places: &Places) -> Problem {
    let value = root.pointer(&pointer).unwrap_or(&Value::Null);
    let expected = message
        .split_once(", expected ")
        .map_or(message, |(_, expected)| expected);
    let field = named(&pointer);
    let allowed = in_words(expected);
    Problem {
        span: Some(places.value(&pointer)),
        fault: Fault {
            code: Code::E0102,
            found: format!("There is {}.", describe(value)),
            remedy: remedy(value, &allowed, field),
            allowed,
            pointer,
        },
        excerpt: None,
    }
}

/// What serde expected, in the words of a person.
fn in_words(expected: &str) -> String {
    match expected {
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "i64" | "i32" => "a whole number".to_owned(),
        "u32" | "u64" | "usize" => "a whole number of at least 0".to_owned(),
        "f64" | "f32" => "a number".to_owned(),
        "a sequence" => "a list: [ … ]".to_owned(),
        "a string" => "a text in double quotes".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "string or map" | "map with a single key" | "enum" => {
            "an object with exactly one key, which names the kind".to_owned()
        }
        other if other.starts_with("struct") => "an object: { … }".to_owned(),
        other => other.to_owned(),
    }
}

/// What stands there.
fn describe(value: &Value) -> String {
    const MOST: usize = 40;
    let text = value.to_string();
    let shown = match text.chars().count() > MOST {
        true => text.chars().take(MOST).chain(['…']).collect(),
        false => text,
    };
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => shown,
        Value::Number(_) => format!("the number {shown}"),
        Value::String(_) => format!("the text {shown}"),
        Value::Array(list) if list.is_empty() => "an empty list".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(object) if object.is_empty() => "an empty object".to_owned(),
        Value::Object(object) => {
            let keys: Vec<String> = object.keys().map(|key| format!("\"{key}\"")).collect();
            format!("an object with {}", keys.join(", "))
        }
    }
}

fn remedy(value: &Value, allowed: &str, field: &str) -> String {
    let wants_duration = allowed.starts_with("a duration") || allowed.starts_with("a unit");
    let wants_number = allowed.contains("number") && !allowed.contains("such as");
    match value {
        Value::String(text) if wants_number && text.trim().parse::<f64>().is_ok() => {
            format!("Leave out the quotes: {}.", text.trim())
        }
        Value::Number(number) if wants_duration => {
            format!("Say which unit: \"{number}s\" for seconds, \"{number}m\" for minutes.")
        }
        Value::String(text) if wants_duration && text.parse::<f64>().is_ok() => {
            format!("Say which unit: \"{text}s\" for seconds, \"{text}m\" for minutes.")
        }
        Value::String(text) if field.ends_with("InMinutes") && parse_duration(text).is_ok() => {
            let minutes = parse_duration(text).map_or(0.0, SimTime::as_secs_f64) / 60.0;
            format!("Azure counts it in minutes: {minutes}.")
        }
        Value::Number(number) if number.is_f64() && allowed.starts_with("a whole number") => {
            "Write it without a fraction.".to_owned()
        }
        Value::String(text) if wants_duration && text.starts_with('-') => {
            "A duration is not negative: write \"0s\" for none.".to_owned()
        }
        Value::Null => "Give a value, or remove the field for its default.".to_owned(),
        _ => match example(field) {
            Some(example) => format!("For example \"{field}\": {example}."),
            None => "Compare with a scenario of `snatsim example`.".to_owned(),
        },
    }
}

/// What a field looks like.
fn example(field: &str) -> Option<&'static str> {
    Some(match field {
        "address" => "\"203.0.113.40\"",
        "arrivals" => "{ \"poisson\": { \"perSecond\": 120 } }",
        "assumptions" | "custom" | "timers" => "{ … }",
        "attempts" => "3",
        "axes" => {
            "[ { \"name\": \"nodes\", \"pointer\": \"/cluster/nodePools/0/count\", \"values\": [50, 51] } ]"
        }
        "allocatedOutboundPorts" => "1024",
        "at" => "\"9h\"",
        "backoff" => "\"1s\"",
        "batchesPerSecond" => "0.5",
        "bursts" => "[ { \"at\": \"9h\", \"connections\": 2000, \"over\": \"1m\" } ]",
        "close" => "{ \"fin\": 0.95, \"abandon\": 0.05 }",
        "cluster" => "{ \"nodePools\": [ { \"name\": \"apps\", \"count\": 3 } ] }",
        "confidence" => "0.95",
        "connections" => "2000",
        "correlation" => "\"node\"",
        "connect" => "{ \"timeout\": \"10s\", \"synRetries\": 6 }",
        "count" | "endpoints" | "clients" | "replicas" | "replications" => "10",
        "destinations" => "[ { \"name\": \"sql\", \"port\": 1433 } ]",
        "duration" => "\"1h\"",
        "factor" => "1.5",
        "factors" => "[ { \"at\": \"0h\", \"factor\": 0.2 }, { \"at\": \"8h\", \"factor\": 1.5 } ]",
        "file" => "\"conn.log\"",
        "hotNode" | "noisyReplica" => "0.2",
        "idleTimeoutInMinutes" => "30",
        "lifetime" => "{ \"lognormal\": { \"median\": \"400ms\", \"p99\": \"8s\" } }",
        "maxSurge" => "\"10%\"",
        "name" => "\"apps\"",
        "nodePools" => "[ { \"name\": \"apps\", \"count\": 3 } ]",
        "nodes" => "[\"10.0.0.0/24\"]",
        "off" => "{ \"perSecond\": 5, \"mean\": \"5m\" }",
        "on" => "{ \"perSecond\": 500, \"mean\": \"30s\" }",
        "outbound" => "[ { \"outboundType\": \"loadBalancer\" } ]",
        "outboundType" => "\"loadBalancer\"",
        "perSecond" => "120",
        "logRange" => "{ \"from\": 1, \"to\": 1000, \"count\": 10 }",
        "placement" => "{ \"hotNode\": 0.2 }, or \"even\"",
        "popularity" => "{ \"zipf\": 1.1 }, or \"even\"",
        "pointer" => "\"/cluster/nodePools/0/count\"",
        "port" => "443",
        "profile" => "{ \"named\": \"officeHours\" }",
        "protocol" => "\"tcp\"",
        "range" => "{ \"from\": 4, \"to\": 120, \"step\": 4 }",
        "retry" => "{ \"attempts\": 3, \"backoff\": \"1s\" }",
        "scenario" => "{ \"file\": \"shop.json\" }",
        "seed" => "1",
        "size" => "{ \"geometric\": { \"mean\": 20 } }",
        "think" => "{ \"exponential\": { \"mean\": \"5s\" } }",
        "timeout" => "\"10s\"",
        "trace" => "{ \"file\": \"conn.log\" }",
        "values" => "[\"200ms\", \"1s\", \"30s\"]",
        "warmup" => "\"10m\"",
        "weights" => "[3, 1, 1]",
        "workloads" => "[ { \"name\": …, \"destination\": …, \"arrivals\": …, \"lifetime\": … } ]",
        _ => return None,
    })
}

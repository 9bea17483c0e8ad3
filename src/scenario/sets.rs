//! Overrides: `--set POINTER=VALUE` and the axes of a sweep, where an element of a list may be named.

use super::places::tokens;
use crate::fault::{Code, Fault};
use serde_json::{Map, Value};

/// Puts `word` (JSON, or else a bare text) where `pointer` leads.
pub(super) fn apply(root: &mut Value, pointer: &str, word: &str) -> Result<(), Box<Fault>> {
    let value = serde_json::from_str(word).unwrap_or_else(|_| Value::String(word.to_owned()));
    put(root, pointer, value)
}

/// Puts `value` where `pointer` leads.
pub(crate) fn put(root: &mut Value, pointer: &str, value: Value) -> Result<(), Box<Fault>> {
    if !pointer.starts_with('/') {
        return Err(fault(
            pointer,
            "The pointer does not begin with a slash.".to_owned(),
            "a JSON pointer, such as /duration or /workloads/0/retry/attempts".to_owned(),
            format!("Write /{pointer}."),
        ));
    }
    let mut place = root;
    let mut walked = String::new();
    for token in tokens(pointer) {
        place = enter(place, &token, &walked, pointer)?;
        walked = crate::fault::step(&walked, &token);
    }
    *place = value;
    Ok(())
}

/// `pointer` with the elements of lists counted, which is how it leads to the same place whatever they are called.
pub(crate) fn resolve(root: &Value, pointer: &str) -> Result<String, Box<Fault>> {
    // What is not there yet would be made on the way.
    put(&mut root.clone(), pointer, Value::Null)?;
    let mut place = root;
    let mut counted = String::new();
    for token in tokens(pointer) {
        let step = match place {
            Value::Array(list) => find(list, &token).map_or(token, |index| index.to_string()),
            _ => token,
        };
        counted = crate::fault::step(&counted, step);
        place = root.pointer(&counted).unwrap_or(&Value::Null);
    }
    Ok(counted)
}

/// The value under `token` of `place`; objects on the way are made.
fn enter<'v>(
    place: &'v mut Value,
    token: &str,
    walked: &str,
    pointer: &str,
) -> Result<&'v mut Value, Box<Fault>> {
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    let kind = match place {
        Value::Object(_) | Value::Array(_) => "",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        _ => "true or false",
    };
    match place {
        Value::Object(object) => Ok(object.entry(token).or_insert(Value::Null)),
        Value::Array(list) => match find(list, token) {
            Some(index) => Ok(&mut list[index]),
            None => Err(fault(
                pointer,
                format!("{walked} has no element \"{token}\"."),
                elements(list),
                "Name an element that exists, or count from 0.".to_owned(),
            )),
        },
        _ => Err(fault(
            pointer,
            format!("{walked} is {kind} and has no field \"{token}\"."),
            "a pointer through objects and lists".to_owned(),
            format!("Did you mean {walked}?"),
        )),
    }
}

/// The element of this name, or else at this place.
fn find(list: &[Value], token: &str) -> Option<usize> {
    list.iter()
        .position(|element| name(element) == Some(token))
        .or_else(|| token.parse().ok().filter(|index| *index < list.len()))
}

/// What an element is called; an outbound without a name is called by its type.
fn name(element: &Value) -> Option<&str> {
    ["name", "outboundType"]
        .iter()
        .find_map(|key| element.get(key)?.as_str())
}

fn elements(list: &[Value]) -> String {
    let names: Vec<String> = list
        .iter()
        .filter_map(name)
        .map(|name| format!("\"{name}\""))
        .collect();
    match (list.len(), names.is_empty()) {
        (0, _) => "nothing: the list is empty".to_owned(),
        (1, true) => "0".to_owned(),
        (count, true) => format!("0 to {}", count - 1),
        (_, false) => names.join(", "),
    }
}

fn fault(pointer: &str, found: String, allowed: String, remedy: String) -> Box<Fault> {
    Box::new(Fault {
        code: Code::E0108,
        pointer: pointer.to_owned(),
        found,
        allowed,
        remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(pointer: &str, word: &str) -> Result<Value, Box<Fault>> {
        let mut value = json!({
            "duration": "1h",
            "outbound": [
                { "outboundType": "loadBalancer", "loadBalancerProfile": null },
                { "name": "a/b", "outboundType": "managedNATGateway" }
            ],
            "weights": [1, 2]
        });
        apply(&mut value, pointer, word).map(|()| value)
    }

    #[test]
    fn a_value_is_json_or_else_text() {
        assert_eq!(set("/duration", "2h").unwrap()["duration"], "2h");
        assert_eq!(set("/duration", "\"2h\"").unwrap()["duration"], "2h");
        assert_eq!(set("/seed", "7").unwrap()["seed"], 7);
        assert_eq!(set("/close", "{\"fin\":1}").unwrap()["close"]["fin"], 1);
    }

    #[test]
    fn elements_are_found_by_name_by_type_and_by_place() {
        for pointer in ["/outbound/0/x/y", "/outbound/loadBalancer/x/y"] {
            assert_eq!(set(pointer, "5").unwrap()["outbound"][0]["x"]["y"], 5);
        }
        assert_eq!(set("/outbound/a~1b/x", "5").unwrap()["outbound"][1]["x"], 5);
        assert_eq!(set("/weights/1", "5").unwrap()["weights"][1], 5);
    }

    #[test]
    fn a_profile_that_is_null_becomes_an_object() {
        let value = set("/outbound/0/loadBalancerProfile/idleTimeoutInMinutes", "4").unwrap();
        assert_eq!(
            value["outbound"][0]["loadBalancerProfile"]["idleTimeoutInMinutes"],
            4
        );
    }

    #[test]
    fn a_resolved_pointer_counts_the_elements_of_lists() {
        let root = json!({ "outbound": [{ "name": "a" }, { "name": "b/c" }], "weights": [1, 2] });
        for (pointer, counted) in [
            ("/outbound/b~1c/x/y", "/outbound/1/x/y"),
            ("/outbound/a", "/outbound/0"),
            ("/weights/1", "/weights/1"),
            ("/new/0", "/new/0"),
        ] {
            assert_eq!(resolve(&root, pointer).unwrap(), counted);
        }
        assert!(resolve(&root, "/outbound/c").is_err());
    }

    #[test]
    fn a_pointer_that_leads_nowhere_says_what_there_is() {
        let fault = set("/outbound/Firewall/x", "1").unwrap_err();
        assert_eq!(fault.allowed, "\"loadBalancer\", \"a/b\"");
        assert_eq!(set("/weights/2", "1").unwrap_err().allowed, "0 to 1");
        assert!(
            set("/duration/x", "1")
                .unwrap_err()
                .found
                .contains("a text")
        );
        assert!(
            set("duration", "1")
                .unwrap_err()
                .remedy
                .contains("/duration")
        );
    }
}

//! What a patch of an entry of `outbound` sets, in a few words.

use crate::outbound::thousands;
use serde_json::Value;

/// Settings that are told; more are counted.
const TOLD: usize = 3;

/// What `patch` sets, as the end of a sentence: `idleTimeoutInMinutes 4 and the default allocatedOutboundPorts`.
pub(super) fn settings(patch: &Value) -> String {
    let mut found = Vec::new();
    gather(patch, &mut Vec::new(), &mut found);
    let more = found.len().saturating_sub(TOLD);
    if more > 0 {
        // One more takes no less room than its name.
        found.truncate(TOLD - 1);
        found.push(format!("{} more settings", more + 1));
    }
    match found.split_last() {
        None => "no new settings".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
    }
}

fn gather<'a>(value: &'a Value, path: &mut Vec<&'a str>, found: &mut Vec<String>) {
    if let Value::Object(members) = value {
        for (key, value) in members {
            path.push(key);
            gather(value, path, found);
            path.pop();
        }
        return;
    }
    // The type that it has already: one that becomes another is told otherwise.
    if *path == ["outboundType"] {
        return;
    }
    // The name of a profile says no more than that of the outbound type, and that of a count no more than the number.
    let counted = path.strip_suffix(&["count"]).unwrap_or(path);
    let name = match counted {
        ["timers", ..] | [_] => counted.join("."),
        _ => counted[1..].join("."),
    };
    found.push(match value {
        Value::Null => format!("the default {name}"),
        Value::Array(_) => format!("new {name}"),
        Value::String(text) => format!("{name} {text}"),
        Value::Number(number) => {
            let number = number.as_i64().map(thousands);
            format!("{name} {}", number.unwrap_or_else(|| value.to_string()))
        }
        _ => format!("{name} {value}"),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_told_by_their_names_and_many_are_counted() {
        let told = |patch| settings(&patch);
        assert_eq!(
            told(json!({ "loadBalancerProfile": { "idleTimeoutInMinutes": 4 } })),
            "idleTimeoutInMinutes 4"
        );
        assert_eq!(
            told(json!({
                "loadBalancerProfile": { "managedOutboundIPs": { "count": 2 }, "allocatedOutboundPorts": 3200 },
                "timers": { "idle": "4m" },
            })),
            "managedOutboundIPs 2, allocatedOutboundPorts 3,200 and timers.idle 4m"
        );
        assert_eq!(
            told(json!({ "azureFirewall": { "instances": null }, "natGateways": [] })),
            "the default instances and new natGateways"
        );
        assert_eq!(
            told(json!({ "custom": { "a": 1, "b": true, "c": 0.5, "d": "x" } })),
            "a 1, b true and 2 more settings"
        );
        assert_eq!(
            told(json!({ "outboundType": "loadBalancer" })),
            "no new settings"
        );
    }
}

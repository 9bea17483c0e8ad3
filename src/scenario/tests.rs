//! The file, its overrides, its hash and its schema.

use super::*;
use crate::units::SimTime;
use serde_json::json;

/// The scenario of the documentation, with everything in it that is simulated.
const SHOP: &str = r#"{
  "$schema": "scenario.schema.json",
  "name": "shop", "description": "one sentence",
  "duration": "24h", "warmup": "1h", "replications": 10, "seed": 1,
  "cluster": {
    "networkPlugin": "azure", "networkPluginMode": "overlay",
    "nodePools": [
      { "name": "system", "count": 3 },
      { "name": "apps", "count": 17, "maxCount": 30, "maxSurge": "10%" }
    ]
  },
  "destinations": [
    { "name": "sql", "address": "203.0.113.40", "port": 1433, "protocol": "tcp" },
    { "name": "partners", "port": 443, "endpoints": 2000, "popularity": { "zipf": 1.1 } }
  ],
  "workloads": [
    { "name": "checkout", "nodePool": "apps", "placement": { "hotNode": 0.2 },
      "destination": "sql",
      "arrivals": { "poisson": { "perSecond": 120 } },
      "lifetime": { "lognormal": { "median": "400ms", "p99": "8s" } },
      "close": { "fin": 0.95, "rst": 0.01, "abandon": 0.04 },
      "connect": { "timeout": "10s", "synRetries": 6, "synLinearTimeouts": 0 },
      "retry": { "attempts": 3, "backoff": "1s", "factor": 2.0, "jitter": 0.5 } }
  ],
  "outbound": [
    { "name": "LB default", "outboundType": "loadBalancer",
      "loadBalancerProfile": { "managedOutboundIPs": { "count": 1 }, "allocatedOutboundPorts": 0, "idleTimeoutInMinutes": 30 } },
    { "name": "NAT gateway", "outboundType": "managedNATGateway",
      "natGatewayProfile": { "managedOutboundIPProfile": { "count": 1 }, "idleTimeoutInMinutes": 4 } },
    { "name": "Firewall", "outboundType": "userDefinedRouting",
      "azureFirewall": { "publicIPs": 2, "instances": 2, "idleTimeoutInMinutes": 4 } },
    { "name": "anything", "outboundType": "custom",
      "custom": { "scope": "perNode", "portsPerPool": 64 },
      "timers": { "idle": "6s", "holdAfterFin": "0s", "holdAfterRst": "0s", "halfOpen": "30s" } }
  ],
  "assumptions": { "natHeldPortsCountToEndpointLimit": false }
}"#;

fn set(pointer: &str, value: &str) -> (String, String) {
    (pointer.to_owned(), value.to_owned())
}

#[test]
fn the_scenario_of_the_documentation_becomes_a_model() {
    let loaded = load(SHOP, "shop.json", &[]).unwrap_or_else(|d| panic!("{d}"));
    let model =
        crate::model::build(&loaded, &mut |_| unreachable!()).unwrap_or_else(|d| panic!("{d}"));
    assert_eq!(model.nodes.len(), 20);
    assert!(model.outbounds.iter().all(|outbound| outbound.plan.is_ok()));
}

#[test]
fn the_schema_takes_it_and_refuses_what_is_unknown() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(SHOP).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    value["workloads"][0]["keepAlive"] = json!("60s");
    assert!(!validator.is_valid(&value));
}

#[test]
fn overrides_apply_in_order_and_diagnostics_speak_of_the_new_text() {
    let sets = [
        set("/duration", "2h"),
        set("/duration", "3h"),
        set(
            "/outbound/NAT gateway/natGatewayProfile/idleTimeoutInMinutes",
            "10",
        ),
    ];
    let loaded = load(SHOP, "shop.json", &sets).unwrap();
    assert_eq!(loaded.spec.duration, SimTime::from_secs(3 * 3_600));
    assert_eq!(loaded.origin, "shop.json with --set");
    assert!(loaded.text.contains("\"idleTimeoutInMinutes\": 10"));
}

#[test]
fn the_hash_is_of_meaning_and_files_not_of_spaces() {
    let hash = |text: &str, sets: &[(String, String)], files: &[(String, Vec<u8>)]| {
        sha256(&load(text, "shop.json", sets).unwrap(), files)
    };
    let plain = hash(SHOP, &[], &[]);
    assert_eq!(plain.len(), 64);
    assert_eq!(hash(&SHOP.replace("  ", " "), &[], &[]), plain);
    assert_eq!(hash(SHOP, &[set("/seed", "1")], &[]), plain);
    assert_ne!(hash(SHOP, &[set("/seed", "2")], &[]), plain);
    let file = |name: &str, bytes: &str| (name.to_owned(), bytes.as_bytes().to_vec());
    assert_ne!(
        hash(SHOP, &[], &[file("a", "bc")]),
        hash(SHOP, &[], &[file("ab", "c")])
    );
}

#[test]
fn every_file_is_named_once_in_the_order_of_the_workloads() {
    let traced = |file: &str| json!({ "name": file, "arrivals": { "trace": { "file": file } } });
    let text = json!({ "duration": "1s", "workloads": [
        traced("b"), traced("a"), traced("b"),
        { "name": "x", "arrivals": { "closed": { "clients": 1, "think": { "empirical": { "file": "t" } } } },
          "lifetime": { "empirical": { "file": "l" } } }
    ] });
    let loaded = load(&text.to_string(), "x.json", &[]).unwrap();
    assert_eq!(loaded.files(), ["b", "a", "t", "l"]);
}

#[test]
fn nulls_mean_defaults() {
    let nothing = json!({ "duration": "1s", "warmup": null, "seed": null, "cluster": null, "workloads": [], "outbound": null });
    assert!(load(&nothing.to_string(), "x.json", &[]).is_ok());
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_text() {
    assert!(load(&format!("\u{feff}{SHOP}"), "shop.json", &[]).is_ok());
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let diagnostics = load("{ \"duration\": 5 }", "x.json", &[]).unwrap_err();
    let coloured = diagnostics.render(true);
    assert!(coloured.contains("\u{1b}["));
    let mut plain = String::new();
    let mut rest = coloured.as_str();
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        rest = &rest[rest.find('m').unwrap() + 1..];
    }
    plain.push_str(rest);
    assert_eq!(plain, diagnostics.render(false));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_scenario_cut_anywhere_is_refused_without_a_panic(cut in 0..SHOP.len() - 1) {
            prop_assume!(SHOP.is_char_boundary(cut));
            let message = load(&SHOP[..cut], "cut.json", &[]).unwrap_err().to_string();
            prop_assert!(message.starts_with("error[E0101]"), "{}", message);
        }

        #[test]
        fn a_scenario_with_any_character_replaced_never_panics(at in 0..SHOP.len(), with in "[\\PC\n]") {
            let mut text: Vec<char> = SHOP.chars().collect();
            text[at] = with.chars().next().unwrap_or(' ');
            let text: String = text.into_iter().collect();
            match load(&text, "x.json", &[]) {
                Err(diagnostics) => prop_assert!(!diagnostics.render(true).is_empty()),
                Ok(loaded) => {
                    if let Err(diagnostics) = crate::model::build(&loaded, &mut |_| Ok(Vec::new())) {
                        prop_assert!(!diagnostics.render(true).is_empty());
                    }
                }
            }
        }

        #[test]
        fn a_duration_survives_the_file(nanos: u64) {
            let at = SimTime::from_nanos(nanos);
            prop_assert_eq!(crate::units::parse_duration(&at.to_string()), Ok(at));
        }
    }
}

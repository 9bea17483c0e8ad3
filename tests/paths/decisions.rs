//! Which path a connection takes: declared routes, addresses, user routes, NSGs, proxies and IPs of nodes, by outbound type.

use super::{every_outbound, model, plain};
use serde_json::{Value, json};

/// By outbound, the words of the only path.
fn words(scenario: &Value) -> Vec<(String, String)> {
    let model = model(scenario);
    model
        .outbounds
        .iter()
        .map(|outbound| {
            let paths = model.paths(outbound);
            assert_eq!(paths.len(), 1, "{paths:?}");
            assert_eq!(paths[0].share, 1.0);
            let (path, reason) = paths[0].decision.path.words();
            assert!(!paths[0].decision.rule.is_empty());
            (path.to_owned(), reason.to_owned())
        })
        .collect()
}

/// The reasons by outbound in the order of [`every_outbound`].
fn assert_reasons(scenario: &Value, reasons: [&str; 7]) {
    let found = words(scenario);
    let found: Vec<&str> = found
        .iter()
        .map(|(path, reason)| if path == "snat" { "snat" } else { reason })
        .collect();
    assert_eq!(found, reasons, "{}", scenario["destinations"]);
}

const SNAT: &str = "snat";
const OUT: &str = "outboundType";

#[test]
fn declared_routes_take_no_port_whatever_the_outbound_type() {
    for route in [
        "privateEndpoint",
        "peering",
        "vnet",
        "internalLoadBalancer",
        "onPremises",
    ] {
        for address in [json!(null), json!("203.0.113.4"), json!("10.1.2.3")] {
            let scenario = plain(json!({ "port": 443, "route": route, "address": address }));
            assert_reasons(&scenario, [route; 7]);
        }
    }
    let internet = plain(json!({ "port": 443, "route": "internet" }));
    assert_reasons(&internet, [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT]);
    let service = plain(json!({ "port": 443, "route": "serviceEndpoint" }));
    let by = "serviceEndpoint";
    assert_reasons(&service, [by, by, by, by, by, by, OUT]);
    let storage = plain(json!({ "port": 443, "route": "sameRegionStorage" }));
    let by = "sameRegionStorage";
    assert_reasons(&storage, [by, by, SNAT, SNAT, SNAT, OUT, OUT]);
}

#[test]
fn literal_addresses_follow_azures_system_routes() {
    let to = |address: &str| plain(json!({ "port": 443, "address": address }));
    for address in [
        "10.9.9.9",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "fd00::1",
    ] {
        assert_reasons(&to(address), ["vnet"; 7]);
    }
    for address in ["172.32.0.1", "100.128.0.1", "192.169.0.1", "11.0.0.1"] {
        assert_reasons(&to(address), [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT]);
    }
    for address in [
        "169.254.169.254",
        "224.0.0.251",
        "255.255.255.255",
        "127.0.0.1",
        "fe80::1",
        "ff02::fb",
    ] {
        assert_reasons(&to(address), ["local"; 7]);
    }
    assert_reasons(&to("168.63.129.16"), ["azurePlatform"; 7]);
    let mut outside = to("10.9.9.9");
    outside["network"] = json!({ "vnetAddressSpace": ["10.0.0.0/16"] });
    // Behind a firewall the default route is a user's, and Azure's routes to None are gone.
    const NONE: &str = "nextHopNone";
    const FIREWALL: &str = "firewallPrivateRange";
    assert_reasons(&outside, [NONE, NONE, FIREWALL, FIREWALL, NONE, NONE, NONE]);
    let mut by_gateway = outside.clone();
    by_gateway["network"]["routeTable"] =
        json!([{ "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualNetworkGateway" }]);
    assert_reasons(&by_gateway, ["onPremises"; 7]);
    let mut inside = to("10.0.9.9");
    inside["network"] = outside["network"].clone();
    assert_reasons(&inside, ["vnet"; 7]);
    // A route to the internet makes the outbound type carry it, as anything public.
    outside["network"]["routeTable"] =
        json!([{ "addressPrefix": "10.9.0.0/16", "nextHopType": "Internet" }]);
    assert_reasons(
        &outside,
        [SNAT, SNAT, "noPublicPath", "noPublicPath", SNAT, OUT, OUT],
    );
}

#[test]
fn user_routes_go_before_the_outbound_type() {
    let with = |routes: Value, address: Value| {
        let mut scenario = plain(json!({ "port": 443, "address": address }));
        scenario["network"] = json!({ "routeTable": routes });
        scenario
    };
    let appliance = json!([
        { "addressPrefix": "0.0.0.0/0", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.4" },
        { "addressPrefix": "198.51.100.0/24", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.5" },
        { "addressPrefix": "203.0.113.0/24", "nextHopType": "None" },
        { "addressPrefix": "203.0.113.8/29", "nextHopType": "Internet" },
        { "addressPrefix": "192.0.2.0/24", "nextHopType": "VirtualNetworkGateway" },
        { "addressPrefix": "192.0.2.128/25", "nextHopType": "VnetLocal" },
        { "addressPrefix": "10.0.0.0/8", "nextHopType": "VirtualAppliance", "nextHopIpAddress": "10.1.0.4" },
    ]);
    let (nva, none, home) = ("virtualAppliance", "nextHopNone", "onPremises");
    let cases = [
        (json!(null), [nva, nva, SNAT, SNAT, nva, nva, OUT]),
        (json!("198.51.100.1"), [nva, nva, nva, nva, nva, nva, OUT]),
        (
            json!("203.0.113.1"),
            [none, none, none, none, none, none, OUT],
        ),
        (
            json!("203.0.113.9"),
            [SNAT, SNAT, "noPublicPath", "noPublicPath", SNAT, OUT, OUT],
        ),
        (
            json!("192.0.2.1"),
            [home, home, home, home, home, home, OUT],
        ),
        (json!("192.0.2.129"), ["vnet"; 7]),
        (
            json!("10.3.3.3"),
            [
                nva,
                nva,
                "firewallPrivateRange",
                "firewallPrivateRange",
                nva,
                nva,
                nva,
            ],
        ),
    ];
    for (address, reasons) in cases {
        let found = words(&with(appliance.clone(), address.clone()));
        for ((outbound, expected), (path, reason)) in every_outbound()
            .as_array()
            .expect("a list")
            .iter()
            .zip(reasons)
            .zip(&found)
        {
            let found = if path == "snat" { SNAT } else { reason };
            assert_eq!(found, expected, "{address} by {}", outbound["name"]);
        }
    }
    let to_internet = json!([{ "addressPrefix": "0.0.0.0/0", "nextHopType": "Internet" }]);
    let model = model(&with(to_internet, json!(null)));
    for outbound in &model.outbounds {
        let refused = outbound.name.starts_with("firewall");
        let codes: Vec<&str> = outbound
            .plan
            .as_ref()
            .err()
            .into_iter()
            .flatten()
            .map(|fault| fault.code.id())
            .collect();
        assert_eq!(codes, if refused { vec!["E0340"] } else { vec![] });
    }
}

/// In the form in which `az` prints them, with every field that it prints.
#[test]
fn what_az_prints_can_be_pasted() {
    let mut scenario = plain(json!({ "port": 587 }));
    scenario["network"] = json!({
        "nsg": { "subnet": [{
            "access": "Deny", "description": "no mail", "destinationAddressPrefix": "Internet",
            "destinationAddressPrefixes": [], "destinationPortRange": null,
            "destinationPortRanges": ["25", "465", "587"], "direction": "Outbound",
            "etag": "W/\"0a\"", "id": "/subscriptions/0/securityRules/no-mail", "name": "no-mail", "priority": 200,
            "protocol": "TCP", "provisioningState": "Succeeded", "resourceGroup": "MC_rg_sim_westeurope",
            "sourceAddressPrefix": "*", "sourceAddressPrefixes": [], "sourcePortRange": "*", "sourcePortRanges": [],
            "destinationApplicationSecurityGroups": null, "sourceApplicationSecurityGroups": [],
            "type": "Microsoft.Network/networkSecurityGroups/securityRules",
        }] },
        "routeTable": [{
            "addressPrefix": "198.51.100.0/24", "etag": "W/\"0a\"", "hasBgpOverride": false,
            "id": "/subscriptions/0/routes/r", "name": "r", "nextHopType": "None", "nextHopIpAddress": null,
            "provisioningState": "Succeeded", "resourceGroup": "rg", "type": "Microsoft.Network/routeTables/routes",
        }],
        "httpProxyConfig": {
            "effectiveNoProxy": [], "enabled": true, "httpProxy": "http://10.1.0.4:3128/", "httpsProxy": null,
            "noProxy": null, "trustedCa": null,
        },
    });
    assert_reasons(&scenario, ["nsg"; 7]);
    // Without httpsProxy, httpProxy is for both.
    scenario["destinations"][0]["port"] = json!(443);
    assert_reasons(&scenario, ["httpProxy"; 7]);
    scenario["destinations"][0]["port"] = json!(8443);
    assert_reasons(&scenario, [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT]);
}

#[test]
fn a_nodes_own_public_ip_goes_before_a_load_balancer_and_after_all_else() {
    let mut scenario = plain(json!({ "port": 443 }));
    scenario["cluster"]["nodePools"][0]["enableNodePublicIP"] = json!(true);
    let own = "nodePublicIP";
    assert_reasons(&scenario, [own, SNAT, SNAT, SNAT, SNAT, own, OUT]);
}

#[test]
fn a_static_egress_gateway_stands_where_node_public_ips_stand_but_for_what_it_excludes() {
    let to = |destination: Value, excluded: Value| {
        let mut scenario = plain(destination);
        scenario["cluster"]["staticEgressGateways"] = json!([
            { "name": "other", "gatewayPrefixSize": 31, "gatewayNodes": 2 },
            { "name": "partners", "gatewayPrefixSize": 28, "gatewayNodes": 16, "excludeCidrs": excluded },
        ]);
        scenario["workloads"][0]["staticEgressGateway"] = json!("partners");
        scenario
    };
    let by = "staticEgressGateway";
    let through = [by, SNAT, SNAT, SNAT, SNAT, by, OUT];
    let normal = [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT];
    let public = json!({ "port": 443, "address": "203.0.113.4" });
    assert_reasons(&to(public.clone(), json!(null)), through);
    assert_reasons(&to(public.clone(), json!(["203.0.113.0/29"])), normal);
    assert_reasons(&to(public, json!(["203.0.113.8/29"])), through);
    let unnamed = json!({ "port": 443 });
    assert_reasons(&to(unnamed.clone(), json!(["10.0.0.0/8"])), through);
    assert_reasons(&to(unnamed, json!(["0.0.0.0/0"])), normal);
    // Which node it would have left by does not matter.
    let mut both = to(json!({ "port": 443 }), json!(null));
    both["cluster"]["nodePools"][0]["enableNodePublicIP"] = json!(true);
    assert_reasons(&both, through);
    assert_eq!(
        model(&both).paths(&model(&both).outbounds[0])[0]
            .decision
            .rule,
        "static egress gateway partners"
    );
    // A workload that names none keeps its own way.
    let mut none = to(json!({ "port": 443 }), json!(null));
    none["workloads"][0]
        .as_object_mut()
        .expect("fields")
        .remove("staticEgressGateway");
    assert_reasons(&none, normal);
}

#[test]
fn the_http_proxy_takes_what_cooperates_and_nothing_else() {
    let with = |destination: Value, workload: Value| {
        let mut scenario = plain(destination);
        scenario["destinations"][0]["name"] = json!("api.contoso.com");
        scenario["workloads"][0]["destination"] = json!("api.contoso.com");
        for (field, value) in workload.as_object().expect("fields") {
            scenario["workloads"][0][field] = value.clone();
        }
        scenario["network"] = json!({ "httpProxyConfig": {
            "httpsProxy": "http://10.1.0.4:3128",
            "noProxy": ["fabrikam.com", ".corp", "192.0.2.0/24"],
        } });
        scenario
    };
    let internet = [SNAT, SNAT, SNAT, SNAT, SNAT, OUT, OUT];
    let proxied = ["httpProxy"; 7];
    assert_reasons(&with(json!({ "port": 443 }), json!({})), proxied);
    // What the client decides comes before what the network would.
    assert_reasons(
        &with(json!({ "port": 443, "address": "10.8.8.8" }), json!({})),
        proxied,
    );
    assert_reasons(
        &with(
            json!({ "port": 443, "route": "privateEndpoint" }),
            json!({}),
        ),
        proxied,
    );
    let opted_out = json!({ "noHttpProxyVars": true });
    assert_reasons(&with(json!({ "port": 443 }), opted_out), internet);
    assert_reasons(&with(json!({ "port": 80 }), json!({})), internet);
    assert_reasons(&with(json!({ "port": 1433 }), json!({})), internet);
    // `httpProxy` alone is for both ports.
    let alone = |port: u16| {
        let mut scenario = with(json!({ "port": port }), json!({}));
        scenario["network"] = json!({ "httpProxyConfig": { "httpProxy": "http://10.1.0.4:3128" } });
        scenario
    };
    assert_reasons(&alone(80), proxied);
    assert_reasons(&alone(443), proxied);
    assert_reasons(
        &with(json!({ "port": 443, "protocol": "udp" }), json!({})),
        internet,
    );
    assert_reasons(
        &with(json!({ "port": 443, "address": "192.0.2.9" }), json!({})),
        internet,
    );
    for (suffix, direct) in [
        ("contoso.com", true),
        (".contoso.com", true),
        ("ontoso.com", false),
        ("*", true),
    ] {
        let mut scenario = with(json!({ "port": 443 }), json!({}));
        scenario["network"]["httpProxyConfig"]["noProxy"] = json!([suffix]);
        assert_reasons(&scenario, if direct { internet } else { proxied });
    }
}

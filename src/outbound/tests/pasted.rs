//! Entries that are taken as they are pasted, in both spellings.

use super::*;

/// What `az aks show --query networkProfile -o json` prints for an untouched cluster.
fn pasted() -> Value {
    json!({
        "advancedNetworking": null, "dnsServiceIp": "10.0.0.10", "ipFamilies": ["IPv4"], "kubeProxyConfig": null,
        "loadBalancerProfile": {
            "allocatedOutboundPorts": null, "backendPoolType": "nodeIPConfiguration",
            "clusterServiceLoadBalancerHealthProbeMode": null,
            "effectiveOutboundIPs": [{ "id": "/subscriptions/s/publicIPAddresses/3d", "resourceGroup": "MC_rg" }],
            "enableMultipleStandardLoadBalancers": null, "idleTimeoutInMinutes": null,
            "managedOutboundIPs": { "count": 1, "countIpv6": null },
            "outboundIPs": null, "outboundIpPrefixes": null
        },
        "loadBalancerSku": "standard", "natGatewayProfile": null, "networkDataplane": "azure", "networkMode": null,
        "networkPlugin": "azure", "networkPluginMode": "overlay", "networkPolicy": "none",
        "outboundType": "loadBalancer", "podCidr": "10.244.0.0/16", "podCidrs": ["10.244.0.0/16"],
        "podLinkLocalAccess": null, "serviceCidr": "10.0.0.0/16", "serviceCidrs": ["10.0.0.0/16"],
        "staticEgressGatewayProfile": null
    })
}

#[test]
fn a_pasted_network_profile_is_the_default_load_balancer() {
    assert_eq!(
        plan(pasted(), &nodes(3)),
        plan(json!({ "outboundType": "loadBalancer" }), &nodes(3))
    );
}

#[test]
fn the_schema_takes_a_pasted_network_profile_too() {
    let schema = schemars::schema_for!(OutboundSpec).to_value();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let faults: Vec<String> = validator
        .iter_errors(&pasted())
        .map(|fault| fault.to_string())
        .collect();
    assert_eq!(faults, Vec::<String>::new());
    assert!(!validator.is_valid(&json!({ "outboundType": "loadBalancer", "idle": 4 })));
    assert!(!validator.is_valid(&json!({ "outboundType": "loadBalancers" })));
}

#[test]
fn parser_and_schema_know_the_same_words_in_both_spellings() {
    fn check<T: DeserializeOwned + schemars::JsonSchema + std::fmt::Debug>(spellings: usize) {
        let schema = schemars::schema_for!(T).to_value();
        let properties = schema["properties"].as_object().expect("properties");
        for name in properties.keys() {
            let alone = json!({ name: null });
            assert!(serde_json::from_value::<T>(alone).is_ok(), "{name}");
        }
        let both = properties.keys().filter(|name| name.contains("Ip")).count();
        assert!(both >= spellings, "{both} of {spellings}");
        assert!(serde_json::from_value::<T>(json!({ "surprise": null })).is_err());
    }
    check::<OutboundSpec>(1);
    check::<LoadBalancerProfile>(4);
    check::<NatGatewayProfile>(5);
    check::<ManagedOutboundIps>(1);
    check::<OutboundIps>(1);
    check::<OutboundIpPrefixes>(1);
    check::<AzureFirewallBlock>(1);
    check::<CustomBlock>(0);
    check::<Timers>(0);
    check::<AssumptionsSpec>(0);
}

#[test]
fn own_addresses_and_those_of_prefixes_add_up() {
    let value = json!({ "outboundType": "loadBalancer", "loadBalancerProfile": {
        "managedOutboundIPs": { "count": null },
        "outboundIps": { "publicIps": [{ "id": "a", "resourceGroup": "rg" }, { "id": "b" }] },
        "outboundIPPrefixes": { "publicIPPrefixes": [{ "id": "p", "prefixLength": 28 }, { "id": "q", "prefixLength": 30 }] }
    } });
    assert_eq!(resolved(value, &nodes(3)).public_ips, Some(2 + 16 + 4));
}

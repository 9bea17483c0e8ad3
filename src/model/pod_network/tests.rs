//! Clusters against the limits of AKS, with the arithmetic of its own documents.

use super::*;
use crate::model::{Model, build};
use crate::scenario;
use serde_json::{Value, json};

fn built(cluster: &Value) -> Result<Model, String> {
    let value = json!({
        "duration": "1h", "cluster": cluster,
        "destinations": [ { "name": "sql", "port": 1433 } ],
        "workloads": [ { "name": "orders", "destination": "sql",
            "arrivals": { "poisson": { "perSecond": 1 } }, "lifetime": { "constant": "1s" } } ],
        "outbound": [ { "outboundType": "managedNATGateway" } ]
    });
    let loaded = scenario::load(&value.to_string(), "test.json", &[]).expect("known words");
    build(&loaded, &mut |_| Err(std::io::ErrorKind::NotFound.into())).map_err(|all| all.to_string())
}

fn addresses(cluster: &Value) -> Addresses {
    let model = built(cluster).unwrap_or_else(|message| panic!("{message}"));
    let told: Vec<Fault> = model.outbounds[0].plan.clone().err().unwrap_or_default();
    assert_eq!(
        told, model.cluster.addresses.refusals,
        "the outbound type is refused for it"
    );
    model.cluster.addresses
}

/// What AKS says of a pool of `count` nodes and no surge in such a cluster.
fn codes(cluster: Value, count: u32) -> Vec<&'static str> {
    let refusals = addresses(&of(cluster, count, 0)).refusals;
    refusals.iter().map(|fault| fault.code.id()).collect()
}

/// The cluster with one pool of `count` nodes.
fn of(mut cluster: Value, count: u32, surge: u32) -> Value {
    let mut pool = cluster["pool"].take();
    pool["name"] = "apps".into();
    pool["count"] = count.into();
    pool["maxSurge"] = surge.to_string().into();
    cluster["nodePools"] = json!([pool]);
    cluster.as_object_mut().expect("an object").remove("pool");
    cluster
}

fn largest(cluster: &Value) -> u32 {
    (1..=1_000)
        .take_while(|count| codes(cluster.clone(), *count).is_empty())
        .last()
        .expect("one node fits")
}

#[test]
fn w37_a_slash_24_is_enough_for_251_nodes_of_kubenet_and_8_of_node_subnet() {
    let kubenet =
        json!({ "networkPlugin": "kubenet", "subnetAddressPrefix": "10.240.0.0/24", "pool": {} });
    assert_eq!(largest(&kubenet), 251);
    assert_eq!(251 * PodNetwork::Kubenet.default_max_pods(), 27_610);
    let azure =
        json!({ "networkPlugin": "azure", "subnetAddressPrefix": "10.240.0.0/24", "pool": {} });
    assert_eq!(largest(&azure), 8);
    assert_eq!(8 * PodNetwork::NodeSubnet.default_max_pods(), 240);
}

#[test]
fn w38_50_nodes_and_one_of_surge_need_1581_addresses_and_60_need_1891() {
    for (count, needed) in [(50, 1_581), (60, 1_891)] {
        let cluster =
            json!({ "networkPlugin": "azure", "subnetAddressPrefix": "10.240.0.0/16", "pool": {} });
        let found = addresses(&of(cluster, count, 1));
        assert_eq!(found.ranges[0].needed, needed);
        assert_eq!(found.ranges[0].available, 65_536 - 5);
        assert_eq!(found.refusals, []);
    }
}

#[test]
fn a_pod_cidr_too_small_is_told_in_the_words_of_aks() {
    let cluster = json!({ "networkPlugin": "azure", "networkPluginMode": "overlay", "podCidr": "10.240.100.0/22",
        "pool": { "maxCount": 5 } });
    let found = addresses(&of(cluster, 1, 0));
    insta::assert_snapshot!(found.refusals[0].found, @r#"Azure refuses it as InsufficientSubnetSize: "Pre-allocated IPs 1280 exceeds IPs available 1024 in Subnet Cidr 10.240.100.0/22, Subnet Name networkProfile.podCIDR." Counted are the most nodes of each pool and its maxSurge: apps (5 + 0) x 256 (a /24) = 1,280."#);
    insta::assert_snapshot!(found.refusals[0].allowed, @"at most 1,024 addresses: a /22 has 1,024");
    insta::assert_snapshot!(found.refusals[0].remedy, @"Take a /21 or larger, or lower count, maxCount or maxSurge of a pool.");
}

#[test]
fn without_a_pod_cidr_overlay_has_room_for_256_nodes() {
    let overlay = json!({ "networkPlugin": "azure", "networkPluginMode": "overlay", "pool": {} });
    assert_eq!(largest(&overlay), 256);
}

#[test]
fn a_pod_subnet_of_256_addresses_is_enough_for_15_nodes() {
    let dynamic = json!({ "networkPlugin": "azure",
        "pool": { "podSubnetAddressPrefix": "10.241.0.0/24", "podSubnetID": "/subscriptions/s/subnets/pods" } });
    assert_eq!(largest(&dynamic), 15);
}

#[test]
fn static_blocks_have_room_for_the_pods_and_one_address_of_the_node() {
    for (max_pods, per_node) in [(30, 32), (31, 32), (32, 48), (250, 256)] {
        let cluster = json!({ "networkPlugin": "azure", "podSubnetAddressPrefix": "10.40.0.0/13",
            "pool": { "maxPods": max_pods, "podIPAllocationMode": "StaticBlock" } });
        let found = addresses(&of(cluster, 2, 1));
        assert_eq!(found.networks, [PodNetwork::PodSubnetStatic]);
        assert_eq!(found.ranges[0].needed, 3 * per_node);
    }
}

#[test]
fn pools_that_name_the_same_subnet_share_it() {
    let pool = |name: &str, prefix: Option<&str>| json!({ "name": name, "count": 5, "maxSurge": "0", "subnetAddressPrefix": prefix });
    let found = addresses(&json!({
        "networkPlugin": "azure", "subnetAddressPrefix": "10.240.0.0/24",
        "nodePools": [pool("a", None), pool("b", Some("10.240.0.0/24")), pool("c", Some("10.241.0.0/24"))]
    }));
    assert_eq!(found.ranges.len(), 2);
    assert_eq!((found.ranges[0].needed, found.ranges[1].needed), (310, 155));
    assert_eq!(found.refusals.len(), 1);
    assert_eq!(found.ranges[1].nodes_left, (251 - 155) / 31);
}

#[test]
fn kubenet_ends_at_400_nodes_and_a_pool_at_1000() {
    let kubenet = json!({ "networkPlugin": "kubenet", "podCidr": "10.128.0.0/10", "pool": {} });
    assert_eq!(codes(kubenet.clone(), 400), [""; 0]);
    assert_eq!(codes(kubenet, 401), ["E0250"]);
    assert_eq!(codes(json!({ "pool": {} }), 1_000), [""; 0]);
    assert_eq!(codes(json!({ "pool": {} }), 1_001), ["E0251"]);
    assert_eq!(
        codes(json!({ "pool": { "maxCount": 1_001 } }), 3),
        ["E0251"]
    );
}

#[test]
fn a_node_has_room_for_10_to_250_pods() {
    for (pods, told) in [(9, 1), (10, 0), (250, 0), (251, 1)] {
        let found = codes(json!({ "pool": { "maxPods": pods } }), 1);
        assert_eq!(found, vec!["E0252"; told], "{pods}");
    }
}

#[test]
fn a_cluster_elsewhere_is_not_held_against_the_limits_of_aks() {
    let value = json!({
        "duration": "1h", "cluster": { "nodePools": [ { "name": "apps", "count": 2_000 } ] },
        "destinations": [ { "name": "sql", "port": 1433 } ],
        "workloads": [ { "name": "orders", "destination": "sql",
            "arrivals": { "poisson": { "perSecond": 1 } }, "lifetime": { "constant": "1s" } } ],
        "outbound": [ { "outboundType": "custom", "custom": { "scope": "shared", "portsPerPool": 8 } },
                      { "outboundType": "managedNATGateway" } ]
    });
    let loaded = scenario::load(&value.to_string(), "test.json", &[]).expect("known words");
    let model = build(&loaded, &mut |_| Err(std::io::ErrorKind::NotFound.into())).expect("a model");
    assert!(model.outbounds[0].plan.is_ok());
    assert!(model.outbounds[1].plan.is_err());
}

#[test]
fn words_that_do_not_go_together_are_errors() {
    for cluster in [
        json!({ "networkPlugin": "kubenet", "networkPluginMode": "overlay", "pool": {} }),
        json!({ "networkPlugin": "kubenet", "pool": { "podIPAllocationMode": "StaticBlock" } }),
        json!({ "networkPlugin": "azure", "pool": { "podIPAllocationMode": "StaticBlock" } }),
        json!({ "networkPlugin": "azure", "podCidr": "10.244.0.0/16", "pool": {} }),
        json!({ "subnetAddressPrefix": "10.240.0.0/16", "pool": {} }),
    ] {
        let message = built(&of(cluster.clone(), 3, 1)).expect_err("refused");
        assert_eq!(
            message.matches("error[E0254]").count(),
            1,
            "{cluster}: {message}"
        );
    }
    let message = built(&of(
        json!({ "networkPlugin": "azure", "subnetAddressPrefix": "10.240.0.7/16", "pool": {} }),
        3,
        1,
    ));
    assert!(message.expect_err("refused").contains("E0255"));
}

//! A few connections, each worked out by hand.

use super::*;
use snatsim::engine::AtNode;
use snatsim::units::SimTime;

/// A cluster of one node whose pods have two local ports, and a trace of what one pod of it connects.
fn two_ports() -> Value {
    let mut scenario = cluster(1);
    scenario["workloads"] = json!([{
        "name": "pod", "arrivals": { "trace": { "file": "trace.csv" } },
        "localPortRange": "60999 61000",
    }]);
    scenario
}

/// Makes room for everything but `limit`.
fn only_limit(model: &mut Model, why: AtNode, limit: u64) {
    let rules = &mut model.node_nat.as_mut().expect("a layer").rules;
    rules.pod_local_ports.fill(1_000_000);
    rules.conntrack = 1_000_000;
    rules.masquerade_ports = 1_000_000;
    match why {
        AtNode::LocalPorts => rules.pod_local_ports.fill(limit),
        AtNode::Conntrack => rules.conntrack = limit,
        AtNode::Masquerade => rules.masquerade_ports = limit,
    }
}

fn set(scenario: &mut Value, pointer: &str, value: Value) {
    *scenario.pointer_mut(pointer).expect("it is there") = value;
}

#[test]
fn a_local_port_is_taken_for_a_minute_after_fin_and_not_after_rst() {
    let rows = [
        (0.0, 10.0, "fin"), // taken until 70
        (1.0, 10.0, "rst"), // taken until 11
        (2.0, 1.0, "fin"),  // none is free
        (12.0, 1.0, "fin"), // taken until 73
        (69.9, 1.0, "fin"), // none is free
        (70.0, 1.0, "fin"), // the one that came back at this instant
    ];
    let run = only(&traced(&two_ports(), &rows));
    let total = &run.replications[0].total;
    assert_eq!((total.offered, total.established, total.failed), (6, 4, 2));
    assert_eq!((total.kept, total.failed_at_node), ([2, 0, 0], [2, 0, 0]));
    // What finds no local port sends nothing.
    assert_eq!((total.tries, total.syns), (6, 4));
    assert_eq!((total.refused_syns, total.refused_first), (0, 0));
    let peak = nodes(&run).local_ports.expect("a peak");
    assert_eq!((peak.used, peak.node, peak.workload), (2, 0, Some(0)));
    assert_eq!(run.replications[0].first_failure, None);
}

#[test]
fn connect_fails_at_once_without_a_local_port_and_the_application_may_try_again() {
    let mut scenario = two_ports();
    scenario["workloads"][0]["retry"] = json!({ "attempts": 2, "backoff": "10s" });
    // The pause runs from the failure: at 12 s the port of the second is free, since 11.
    let rows = [(0.0, 10.0, "fin"), (1.0, 10.0, "rst"), (2.0, 1.0, "fin")];
    let run = only(&traced(&scenario, &rows));
    let total = &run.replications[0].total;
    assert_eq!((total.established, total.delayed, total.failed), (3, 1, 0));
    assert_eq!((total.tries, total.syns), (4, 3));
    assert_eq!(run.connect_latency.max(), Some(10.0));
}

#[test]
fn a_syn_without_a_masquerade_port_is_dropped_and_sent_again() {
    let mut model = traced(
        &two_ports(),
        &[(0.0, 10.0, "fin"), (0.0, 1.0, "rst"), (2.0, 1.0, "fin")],
    );
    only_limit(&mut model, AtNode::Masquerade, 2);
    // In the table until 130 and until 11. The SYNs of the third are sent at 2, 3, 5, 9 and 17 s.
    let run = only(&model);
    let total = &run.replications[0].total;
    assert_eq!((total.established, total.delayed, total.failed), (3, 1, 0));
    assert_eq!((total.kept, total.syns), ([0, 0, 4], 7));
    assert_eq!(run.connect_latency.max(), Some(15.0));
    assert_eq!(nodes(&run).masquerade.map(|peak| peak.used), Some(2));

    // Linux from 6.3 on takes the ports of those that were closed.
    model
        .node_nat
        .as_mut()
        .expect("a layer")
        .rules
        .reuses_closed = true;
    let total = only(&model).replications.remove(0).total;
    assert_eq!(
        (total.established, total.delayed, total.kept),
        (3, 0, [0; 3])
    );
}

#[test]
fn a_full_table_drops_syns_wherever_they_go() {
    let mut scenario = two_ports();
    scenario["workloads"][0]["connect"] = json!({ "synRetries": 0 });
    let csv = "start,node,protocol,address,port,lifetime,close\n\
        0,apps-0,tcp,203.0.113.1,443,5,fin\n\
        0,apps-0,tcp,203.0.113.2,443,5,rst\n\
        0,apps-0,udp,203.0.113.3,53,2,\n\
        10,apps-0,tcp,203.0.113.4,443,5,fin\n\
        16,apps-0,tcp,203.0.113.4,443,5,fin\n\
        31,apps-0,tcp,203.0.113.5,443,5,fin\n\
        33,apps-0,tcp,203.0.113.6,443,5,fin\n\
        124,apps-0,tcp,203.0.113.7,443,5,fin\n\
        125,apps-0,tcp,203.0.113.8,443,5,fin\n";
    let loaded = load(&scenario.to_string(), "nodes.json", &[]).expect("a scenario");
    let mut model = build(&loaded, &mut |_| Ok(csv.as_bytes().to_vec())).expect("a model");
    only_limit(&mut model, AtNode::Conntrack, 3);
    // In the table: until 125 (FIN), 15 (RST) and 32 (UDP), so the one at 10 is dropped and the one at 16, until 141, is
    // not; the one at 31 is dropped and the one at 33, until 158, is not; and at 125 the first is gone, at 124 it is not.
    let run = only(&model);
    let total = &run.replications[0].total;
    assert_eq!((total.offered, total.established, total.failed), (9, 6, 3));
    assert_eq!((total.kept, total.failed_at_node), ([0, 3, 0], [0, 3, 0]));
    assert_eq!((total.tries, total.syns), (9, 9));
    let peak = nodes(&run).conntrack.expect("a peak");
    assert_eq!((peak.used, peak.node, peak.toward), (3, 0, None));
}

#[test]
fn a_syn_that_is_refused_beyond_the_node_stays_in_its_table() {
    let mut scenario = two_ports();
    scenario["workloads"][0]["connect"] = json!({ "timeout": "10s" });
    set(&mut scenario, "/outbound/0/custom/portsPerPool", json!(1));
    // The first has the only port. SYNs of the second at 1, 2, 4 and 8 s: in the table until 128.
    let peak = |third: f64| {
        let rows = [
            (0.0, 1_000.0, "fin"),
            (1.0, 1.0, "fin"),
            (third, 1.0, "fin"),
        ];
        let mut model = traced(&scenario, &rows);
        only_limit(&mut model, AtNode::Conntrack, 100);
        let run = only(&model);
        let total = &run.replications[0].total;
        assert_eq!((total.failed, total.failed_at_node), (2, [0; 3]));
        assert_eq!(total.refused_syns, 8);
        (
            nodes(&run).conntrack.expect("a peak").used,
            nodes(&run).local_ports.expect("a peak").used,
        )
    };
    assert_eq!(peak(127.9), (3, 2));
    assert_eq!(peak(128.0), (2, 2));
    // The local port of the second is free when its try ends, at 11 s.
    assert_eq!(peak(10.9), (3, 3));
    assert_eq!(peak(11.0), (3, 2));
}

#[test]
fn a_syn_without_an_answer_stays_for_two_minutes() {
    let mut scenario = two_ports();
    scenario["workloads"][0]["connect"] = json!({ "timeout": "10s" });
    // Its last SYN is sent at 7 s.
    let peak = |second: f64| {
        let mut model = traced(&scenario, &[(0.0, 1.0, "unanswered"), (second, 1.0, "fin")]);
        only_limit(&mut model, AtNode::Conntrack, 100);
        let run = only(&model);
        (
            nodes(&run).conntrack.expect("a peak").used,
            nodes(&run).local_ports.expect("a peak").used,
        )
    };
    assert_eq!((peak(126.9), peak(127.0)), ((2, 1), (1, 1)));
    assert_eq!((peak(9.9), peak(10.0)), ((2, 2), (2, 1)));
}

#[test]
fn an_abandoned_connection_stays_until_a_reset_comes() {
    // Idle for 4 minutes after 10 s of life, then a reset, and 10 s more in the table.
    let mut scenario = two_ports();
    scenario["outbound"][0]["timers"] = json!({ "idle": "4m" });
    scenario["outbound"][0]["custom"]["onIdle"] = json!("reset");
    let peaks = |scenario: &Value, second: f64| {
        let mut model = traced(scenario, &[(0.0, 10.0, "abandon"), (second, 1.0, "fin")]);
        only_limit(&mut model, AtNode::Conntrack, 100);
        let run = only(&model);
        (
            nodes(&run).local_ports.expect("a peak").used,
            nodes(&run).conntrack.expect("a peak").used,
        )
    };
    assert_eq!(peaks(&scenario, 249.9), (2, 2));
    assert_eq!(peaks(&scenario, 250.0), (1, 2));
    assert_eq!(peaks(&scenario, 259.9), (1, 2));
    assert_eq!(peaks(&scenario, 260.0), (1, 1));
    // An application that is gone keeps no socket; the table knows nothing of that.
    let mut gone = scenario.clone();
    gone["assumptions"] = json!({ "abandonedSocketsStayOpen": false });
    assert_eq!(peaks(&gone, 9.9), (2, 2));
    assert_eq!(peaks(&gone, 10.0), (1, 2));
    assert_eq!(peaks(&gone, 260.0), (1, 1));
    // Without a reset the socket stays, and the table forgets after its own time.
    let mut silent = scenario.clone();
    silent["outbound"][0]["custom"]["onIdle"] = json!("silent");
    silent["cluster"]["nodeNat"]["conntrackTimeouts"] = json!({ "tcpEstablished": "5m" });
    assert_eq!(peaks(&silent, 309.9), (2, 2));
    assert_eq!(peaks(&silent, 310.0), (2, 1));
}

/// A connection every second from a node of two pods and one on the host network, of a life of 100 s.
fn pods(host_network: bool) -> Value {
    let mut scenario = cluster(1);
    let workload = |name: &str| {
        json!({
            "name": name, "destination": "sql", "hostNetwork": host_network,
            "arrivals": { "constant": { "perSecond": 1 } },
            "lifetime": { "constant": "100s" }, "close": { "rst": 1 },
        })
    };
    scenario["workloads"] = json!([workload("one"), workload("two")]);
    scenario
}

#[test]
fn pods_on_the_host_network_share_the_ports_of_their_node() {
    let peaks = |host_network: bool| {
        let run = only(&model(&pods(host_network)));
        let (local, all) = (nodes(&run).local_ports, nodes(&run).masquerade);
        (local.expect("a peak"), all.expect("a peak").used)
    };
    let (own, all) = peaks(false);
    assert_eq!((own.used, own.workload), (100, Some(0)));
    // Each stays in the table for 10 s after its RST.
    assert_eq!(all, 220);
    let (shared, all) = peaks(true);
    assert_eq!((shared.used, shared.workload), (200, None));
    assert_eq!(all, 220);
}

#[test]
fn the_plugin_says_what_is_masqueraded() {
    let masqueraded = |plugin: Value, private: bool| {
        let mut scenario = pods(false);
        let cluster = scenario["cluster"].as_object_mut().expect("an object");
        cluster.remove("networkPlugin");
        cluster.remove("networkPluginMode");
        for (word, value) in plugin.as_object().expect("words") {
            cluster.insert(word.clone(), value.clone());
        }
        if private {
            scenario["destinations"][0]["route"] = json!("privateEndpoint");
        }
        let run = only(&model(&scenario));
        let tracked = nodes(&run).conntrack.expect("a peak").used;
        assert_eq!(tracked, 220, "every connection is in the table");
        assert_eq!(nodes(&run).local_ports.expect("a peak").used, 100);
        nodes(&run).masquerade.map_or(0, |peak| peak.used)
    };
    let overlay = json!({ "networkPlugin": "azure", "networkPluginMode": "overlay" });
    let kubenet = json!({ "networkPlugin": "kubenet" });
    let node_subnet = json!({ "networkPlugin": "azure" });
    let pod_subnet = json!({ "networkPlugin": "azure", "podSubnetAddressPrefix": "10.1.0.0/16" });
    assert_eq!(masqueraded(overlay.clone(), false), 220);
    assert_eq!(masqueraded(overlay, true), 220);
    assert_eq!(masqueraded(kubenet, true), 220);
    assert_eq!(masqueraded(node_subnet.clone(), false), 220);
    assert_eq!(masqueraded(node_subnet, true), 0);
    assert_eq!(masqueraded(pod_subnet, false), 0);
}

#[test]
fn connections_that_take_no_snat_port_meet_their_node_too() {
    let mut scenario = pods(false);
    scenario["destinations"][0]["route"] = json!("privateEndpoint");
    let mut model = model(&scenario);
    only_limit(&mut model, AtNode::LocalPorts, 50);
    let run = only(&model);
    // Of each workload 50 of every 100 connections.
    assert_eq!(nodes(&run).aside_failed, [3_600, 0, 0]);
    assert_eq!(run.replications[0].total.offered, 0);
    assert_eq!(run.asides.values().sum::<u64>(), 7_200);
}

/// Half of the connections go to the private endpoint's own address: two keys, and one table.
#[test]
fn a_private_endpoint_is_another_address() {
    let mut scenario = pods(false);
    scenario["destinations"][0]["route"] = json!("privateEndpoint");
    scenario["destinations"][0]["routeShare"] = json!(0.5);
    let run = only(&model(&scenario));
    assert_eq!(nodes(&run).local_ports.expect("a peak").used, 50);
    assert_eq!(nodes(&run).masquerade.expect("a peak").used, 110);
    assert_eq!(nodes(&run).conntrack.expect("a peak").used, 220);
}

#[test]
fn every_assumption_about_nodes_works_through_to_the_layer() {
    let layer = |assumptions: Value| {
        let mut scenario = pods(false);
        scenario["assumptions"] = assumptions;
        model(&scenario).node_nat.expect("a layer").rules
    };
    let default = layer(json!({}));
    for other in [
        json!({ "conntrackSize": "documented" }),
        json!({ "masqueradeReusesClosed": true }),
        json!({ "abandonedSocketsStayOpen": false }),
    ] {
        assert_ne!(layer(other.clone()), default, "{other}");
    }
}

#[test]
fn the_limits_are_those_of_the_documents() {
    let layer = |words: Value, assumed: &str| {
        let mut scenario = with_layer(&pods(false), words);
        scenario["assumptions"] = json!({ "conntrackSize": assumed });
        model(&scenario).node_nat.expect("a layer").rules
    };
    // articles/aks/custom-node-configuration-reference.md: 32768 to 60999; Linux masquerades to 1024 to 65535.
    let default = layer(json!({}), "observed");
    assert_eq!(
        (default.local_ports, default.masquerade_ports),
        (28_232, 64_512)
    );
    // The same document: memory / 16,384, 524,288 for 8 GiB. Azure/AKS issues 3051 and 5529: 131,072 with 4 vCPUs, 262,144
    // with 8.
    let size = |words: Value, assumed: &str| layer(words, assumed).conntrack;
    assert_eq!(size(json!({ "memoryGiB": 8 }), "documented"), 524_288);
    assert_eq!(size(json!({ "vCPUs": 4 }), "observed"), 131_072);
    assert_eq!(size(json!({ "vCPUs": 8 }), "observed"), 262_144);
    assert_eq!(size(json!({ "vCPUs": 2 }), "observed"), 131_072);
    // Issue 3051: what the node is set to has no effect.
    let set = json!({ "vCPUs": 8, "netNetfilterNfConntrackMax": 200_000 });
    assert_eq!(size(set.clone(), "observed"), 262_144);
    assert_eq!(size(set, "documented"), 200_000);
    // A network namespace begins with the kernel's range, whatever its node has.
    let wide = layer(
        json!({ "netIpv4IpLocalPortRange": "1024 65535" }),
        "observed",
    );
    assert_eq!(wide.local_ports, 64_512);
    assert_eq!(wide.pod_local_ports, [28_232, 28_232]);
    let mut own = pods(false);
    own["workloads"][1]["localPortRange"] = json!("1024 65535");
    let own = model(&own).node_nat.expect("a layer").rules;
    assert_eq!(own.pod_local_ports, [28_232, 64_512]);
}

/// A `connect()` that found no local port refused no SYN: the first failure is of the SYN that the pool refused.
#[test]
fn the_first_failure_is_that_of_a_refused_syn() {
    let mut scenario = two_ports();
    scenario["workloads"][0]["retry"] = json!({ "attempts": 2, "backoff": "10s" });
    scenario["workloads"][0]["connect"] = json!({ "synRetries": 0 });
    set(&mut scenario, "/outbound/0/custom/portsPerPool", json!(3));
    scenario["outbound"][0]["timers"] = json!({ "holdAfterRst": "60s" });
    // No local port for the third at 1 s. It has one at its second try at 11 s, and no SNAT port: the second and the fourth
    // hold theirs for a minute after they are closed.
    let rows = [
        (0.0, 100.0, "fin"),
        (0.5, 4.0, "rst"),
        (1.0, 1.0, "fin"),
        (5.0, 0.5, "rst"),
    ];
    let run = only(&traced(&scenario, &rows));
    let total = &run.replications[0].total;
    assert_eq!((total.established, total.kept), (3, [1, 0, 0]));
    assert_eq!((total.failed, total.failed_at_node), (1, [0; 3]));
    let first = run.replications[0].first_failure.expect("a failure");
    assert_eq!(first.at, SimTime::from_secs(11));
}

#[test]
fn a_udp_flow_of_more_than_two_seconds_is_a_stream() {
    let mut scenario = two_ports();
    let came = |scenario: &Value, lifetime: f64, second: f64| {
        let csv = format!(
            "start,node,protocol,address,port,lifetime,close\n\
             0,apps-0,udp,203.0.113.3,53,{lifetime},\n{second},apps-0,udp,203.0.113.4,53,1,\n"
        );
        let loaded = load(&scenario.to_string(), "nodes.json", &[]).expect("a scenario");
        let mut model = build(&loaded, &mut |_| Ok(csv.clone().into_bytes())).expect("a model");
        only_limit(&mut model, AtNode::Conntrack, 100);
        nodes(&only(&model)).conntrack.expect("a peak").used
    };
    assert_eq!(
        (came(&scenario, 2.0, 31.9), came(&scenario, 2.0, 32.0)),
        (2, 1)
    );
    assert_eq!(
        (came(&scenario, 3.0, 122.9), came(&scenario, 3.0, 123.0)),
        (2, 1)
    );
    scenario["cluster"]["nodeNat"]["conntrackTimeouts"] = json!({ "udpStream": "10s" });
    assert_eq!(
        (came(&scenario, 3.0, 12.9), came(&scenario, 3.0, 13.0)),
        (2, 1)
    );
}

/// A firewall resets a TCP connection that it has no port for; a UDP flow stays in the table of its node.
#[test]
fn no_reset_takes_a_udp_flow_from_the_table() {
    let peak = |protocol: &str| {
        let mut scenario = two_ports();
        scenario["workloads"][0]["connect"] = json!({ "synRetries": 0 });
        set(&mut scenario, "/outbound/0/custom/portsPerPool", json!(1));
        scenario["assumptions"] = json!({ "refusedSyn": "reset" });
        let mut csv = "start,node,protocol,address,port,lifetime,close\n".to_owned();
        for start in 0..5 {
            csv += &format!("{start},apps-0,{protocol},203.0.113.3,53,100,\n");
        }
        let loaded = load(&scenario.to_string(), "nodes.json", &[]).expect("a scenario");
        let mut model = build(&loaded, &mut |_| Ok(csv.clone().into_bytes())).expect("a model");
        only_limit(&mut model, AtNode::Conntrack, 100);
        let run = only(&model);
        assert_eq!(run.replications[0].total.failed, 4, "{protocol}");
        nodes(&run).conntrack.expect("a peak").used
    };
    // The first is there all along, and each of the others leaves at the instant of its reset.
    assert_eq!(peak("tcp"), 2);
    assert_eq!(peak("udp"), 5);
}

/// A reset finds no way to a pod whose node has forgotten the connection: its socket stays.
#[test]
fn a_reset_after_the_table_forgot_reaches_nobody() {
    let mut scenario = two_ports();
    scenario["outbound"][0]["timers"] = json!({ "idle": "4m" });
    scenario["outbound"][0]["custom"]["onIdle"] = json!("reset");
    scenario["cluster"]["nodeNat"]["conntrackTimeouts"] = json!({ "tcpEstablished": "2m" });
    let rows = [
        (0.0, 10.0, "abandon"),
        (1.0, 10.0, "abandon"),
        (251.0, 1.0, "fin"),
        (252.0, 1.0, "fin"),
    ];
    let total = only(&traced(&scenario, &rows)).replications.remove(0).total;
    assert_eq!((total.established, total.failed_at_node), (2, [2, 0, 0]));
    scenario["cluster"]["nodeNat"]["conntrackTimeouts"] = json!({});
    let total = only(&traced(&scenario, &rows)).replications.remove(0).total;
    assert_eq!((total.established, total.failed_at_node), (4, [0; 3]));
}

/// `httpProxy` and `httpsProxy` are most often one proxy: one address and port.
#[test]
fn one_proxy_is_one_key_whatever_it_is_called() {
    let mut scenario = pods(true);
    scenario["network"] = json!({ "httpProxyConfig": {
        "httpProxy": "http://10.1.2.3:3128/", "httpsProxy": "http://10.1.2.3:3128",
    } });
    scenario["destinations"] = json!([
        { "name": "plain", "port": 80 }, { "name": "tls", "port": 443 },
    ]);
    scenario["workloads"][0]["destination"] = json!("plain");
    scenario["workloads"][1]["destination"] = json!("tls");
    let used = |scenario: &Value| {
        let run = only(&model(scenario));
        (
            nodes(&run).local_ports.expect("a peak").used,
            nodes(&run).masquerade.expect("a peak").used,
        )
    };
    assert_eq!(used(&scenario), (200, 220));
    scenario["network"]["httpProxyConfig"]["httpsProxy"] = json!("http://10.1.2.4:3128");
    assert_eq!(used(&scenario), (100, 110));
}

/// What goes to a static egress gateway enters its tunnel in the pod's own namespace.
#[test]
fn a_tunnel_is_no_entry_for_each_connection() {
    let mut scenario = pods(false);
    scenario["outbound"] = json!([{ "outboundType": "loadBalancer" }]);
    scenario["cluster"]["staticEgressGateways"] =
        json!([{ "name": "egress", "gatewayPrefixSize": 31, "gatewayNodes": 2 }]);
    scenario["workloads"][1]["staticEgressGateway"] = json!("egress");
    let run = only(&model(&scenario));
    // Of the first workload only.
    assert_eq!(nodes(&run).conntrack.expect("a peak").used, 110);
    assert_eq!(nodes(&run).masquerade.expect("a peak").used, 110);
    scenario["workloads"][0]["staticEgressGateway"] = json!("egress");
    let run = only(&model(&scenario));
    assert_eq!(nodes(&run).conntrack, None);
    assert_eq!(nodes(&run).local_ports.expect("a peak").used, 100);
}

//! An outbound type that becomes another: before it the first alone, after it the second alone, and what breaks between.

use super::*;
use snatsim::engine::Ceiling;
use snatsim::record::Cause;
use snatsim::simulate::{Minutes, ReplicationRun};

const MINUTE: usize = 60;

fn to(name: &str, kind: &str, at: &str) -> Value {
    json!({ "at": at, "setOutbound": { "name": name, "outboundType": kind } })
}

/// Three nodes with connections of constant lifetimes: Load Balancer has too few ports for them, the others have enough.
fn short_of_ports() -> Value {
    json!({
        "duration": "40m", "warmup": "0s", "replications": 2, "seed": 5,
        "cluster": { "nodePools": [{ "name": "apps", "count": 3 }] },
        "destinations": [
            { "name": "sql", "port": 1433 },
            { "name": "api", "port": 443, "endpoints": 2 },
            { "name": "dns", "port": 53, "protocol": "udp" },
        ],
        "workloads": [
            { "name": "queries", "destination": "sql",
              "arrivals": { "poisson": { "perSecond": 14 } },
              "lifetime": { "constant": "3s" },
              "placement": { "hotNode": 0.4 },
              "close": { "fin": 0.9, "rst": 0.1 },
              "connect": { "timeout": "15s" }, "retry": { "attempts": 3, "backoff": "1s", "jitter": 0.5 } },
            { "name": "calls", "destination": "api",
              "arrivals": { "poisson": { "perSecond": 2 } },
              "lifetime": { "constant": "20s" } },
            { "name": "names", "destination": "dns",
              "arrivals": { "constant": { "perSecond": 3 } },
              "lifetime": { "constant": "1s" } },
        ],
        "outbound": [
            { "name": "migrates", "outboundType": "loadBalancer",
              "loadBalancerProfile": { "allocatedOutboundPorts": 1_000, "idleTimeoutInMinutes": 4 } },
            { "name": "LB", "outboundType": "loadBalancer",
              "loadBalancerProfile": { "allocatedOutboundPorts": 1_000, "idleTimeoutInMinutes": 4 } },
            { "name": "NAT", "outboundType": "managedNATGateway" },
            { "name": "firewall", "outboundType": "userDefinedRouting" },
        ],
    })
}

/// The series of one pool in some minutes.
fn of_pool(minutes: &Minutes, pool: usize, from: usize, until: usize) -> [Vec<u32>; 3] {
    let all = [&minutes.peak, &minutes.granted, &minutes.refused];
    let first = pool * minutes.minutes;
    all.map(|series| series[first + from - minutes.first..first + until - minutes.first].to_vec())
}

fn minutes(run: &ReplicationRun) -> &Minutes {
    run.minutes.as_ref().expect("full detail")
}

/// In the same scenario beside both alone: to the connection the first until then, and the second once all that was open
/// before has left that one too.
#[test]
fn before_a_migration_it_is_the_first_alone_and_later_the_second_alone() {
    for (kind, alone, pools) in [("managedNATGateway", 2, 1), ("userDefinedRouting", 3, 2)] {
        let events = json!([to("migrates", kind, "20m")]);
        let whole = runs(&model(&with(&short_of_ports(), events.clone())));
        let (migrated, first, second) = (&whole[0], &whole[1], &whole[alone]);
        let all = migrated.replications.iter();
        for ((migrated, first), second) in all.zip(&first.replications).zip(&second.replications) {
            assert!(first.total.failed > 1_000, "{}", first.total.failed);
            assert_eq!(migrated.by_pool.len(), 3 + pools);
            for pool in 0..3 {
                let before = of_pool(minutes(migrated), pool, 0, 20);
                assert_eq!(before, of_pool(minutes(first), pool, 0, 20));
                assert_eq!(
                    of_pool(minutes(migrated), pool, 20, 40),
                    [(); 3].map(|()| vec![0; 20])
                );
            }
            for pool in 0..pools {
                let nothing = of_pool(minutes(migrated), 3 + pool, 0, 20);
                assert_eq!(nothing, [(); 3].map(|()| vec![0; 20]));
                // 20 s of life and 240 s of silence of a flow are the longest.
                let later = of_pool(minutes(migrated), 3 + pool, 26, 40);
                assert_eq!(later, of_pool(minutes(second), pool, 26, 40));
            }
            assert_eq!(migrated.first_failure, first.first_failure);
        }
        // Counted from then on, nothing tells it from the second.
        let mut late = short_of_ports();
        late["warmup"] = json!("26m");
        let whole = runs(&model(&with(&late, events)));
        let (migrated, second) = (&whole[0], &whole[alone]);
        assert_eq!(
            migrated.connect_latency.counts(),
            second.connect_latency.counts()
        );
        assert_eq!(migrated.port_hold.counts(), second.port_hold.counts());
        for (migrated, second) in migrated.replications.iter().zip(&second.replications) {
            assert!(second.total.established > 10_000);
            assert_eq!(migrated.total, second.total);
            assert_eq!(migrated.by_workload, second.by_workload);
            assert_eq!(migrated.by_destination, second.by_destination);
            assert_eq!(migrated.by_pool[3..], second.by_pool[..]);
            assert_eq!(migrated.peak_used[3..], second.peak_used[..]);
            assert_eq!(migrated.slots, second.slots);
        }
    }
}

/// One node, one connection a second that lives for ever, under a Load Balancer that becomes a NAT Gateway at 50.5 s.
fn becomes_a_gateway(ports: u32) -> Value {
    let mut scenario = by_the_clock(1);
    scenario["outbound"] = json!([{
        "name": "out", "outboundType": "loadBalancer",
        "loadBalancerProfile": { "allocatedOutboundPorts": ports, "idleTimeoutInMinutes": 4 },
    }]);
    with(&scenario, json!([to("out", "managedNATGateway", "50.5s")]))
}

#[test]
fn a_migration_breaks_what_is_open_and_books_its_ports_until_then() {
    let run = only(&becomes_a_gateway(1_024));
    let replication = &run.replications[0];
    let taken = replication.taken_back[0];
    // Those of 0 s to 50 s.
    assert_eq!((taken.ports, taken.broken), (51, 51));
    let total = &replication.total;
    assert_eq!(
        (total.established, total.failed, total.broken),
        (100, 0, 51)
    );
    let before: f64 = (0..51).map(|at| 50.5 - f64::from(at)).sum();
    let after: f64 = (51..100).map(|at| 100.0 - f64::from(at)).sum();
    assert_eq!(total.port_nanos[0] as f64 / 1e9, before + after);
    let pools: Vec<u128> = replication
        .by_pool
        .iter()
        .map(|pool| pool.port_nanos[0])
        .collect();
    assert_eq!(pools[0] as f64 / 1e9, before);
    assert_eq!(minutes(replication).peak, [51, 0, 9, 49]);
    assert_eq!(minutes(replication).granted, [51, 0, 9, 40]);
    // A connection belongs to the pool of its first SYN.
    assert_eq!(replication.by_pool[0].broken, 51);
    assert_eq!(replication.by_pool[1].established, 49);
}

#[test]
fn connections_that_a_new_gateway_leaves_alone_keep_their_ports_until_they_end() {
    let mut scenario = becomes_a_gateway(1_024);
    scenario["duration"] = json!("10m");
    scenario["workloads"][0]["lifetime"] = json!({ "constant": "70s" });
    scenario["assumptions"] = json!({ "natGatewayBreaksOpenConnections": false });
    let run = only(&scenario);
    let replication = &run.replications[0];
    let (total, taken) = (&replication.total, replication.taken_back[0]);
    assert_eq!((taken.ports, taken.broken, total.broken), (0, 0, 0));
    // Each of the 51 for 70 s and Load Balancer's 240 s after FIN, the last until 360 s; then NAT Gateway's 65 s.
    assert_eq!(
        replication.by_pool[0].port_nanos[1],
        51 * 240 * 1_000_000_000
    );
    let peaks = &minutes(replication).peak;
    assert_eq!(peaks[..10], [51, 51, 51, 51, 51, 51, 0, 0, 0, 0]);
    assert_eq!(peaks[10..], [9, 69, 129, 135, 135, 135, 135, 135, 135, 135]);
    // The last to have left the Load Balancer does so at 50 + 310 s, and the sixth minute begins just then.
    assert_eq!(minutes(replication).granted[..2], [51, 0]);
    // Only what becomes a NAT Gateway is documented to leave them alone.
    scenario["events"] = json!([to("out", "userDefinedRouting", "50.5s")]);
    assert_eq!(only(&scenario).replications[0].total.broken, 51);
}

#[test]
fn syns_that_wait_go_to_the_new_type() {
    let mut scenario = becomes_a_gateway(8);
    scenario["workloads"][0]["connect"] = json!({});
    let run = only(&scenario);
    let total = &run.replications[0].total;
    // Refused from 8 s on, each sends SYNs 1, 3, 7, 15, 31, 63 s after its first; the first of those after 50.5 s is granted.
    let next = |at: u32| (1..7).map(|i| at + (1 << i) - 1).find(|at| *at > 50);
    let waited: Vec<u32> = (8..51).filter_map(next).collect();
    let granted = waited.iter().filter(|at| **at < 100).count() as u64;
    assert_eq!(waited.len(), 43);
    assert_eq!((total.delayed, total.pending), (granted, 43 - granted));
    assert_eq!((total.established, total.failed), (8 + 49 + granted, 0));
    let latency: u64 = (8..51)
        .filter_map(|at| Some(u64::from(next(at).filter(|next| *next < 100)? - at)))
        .sum();
    assert_eq!(
        run.connect_latency.counts().sum_nanos,
        u128::from(latency) * 1_000_000_000
    );
    // And new tries: with one SYN, two tries and 60 s between them, the second is at the gateway.
    scenario["workloads"][0]["connect"] = json!({ "synRetries": 0 });
    scenario["workloads"][0]["retry"] = json!({ "attempts": 2, "backoff": "30s" });
    let run = only(&scenario);
    let total = &run.replications[0].total;
    // Refused at 8 s to 50 s, and again 31 s later: at 39 s to 50 s by the Load Balancer still, from 51 s on granted.
    assert_eq!((total.failed, total.delayed, total.pending), (12, 31, 0));
}

/// An unanswered try sends SYNs 1, 3, 7, 15, 31 and 63 s after its first, and a NAT Gateway holds its port for 30 s more.
#[test]
fn tries_without_an_answer_go_on_with_ports_of_the_new_type() {
    const AFTER: [u32; 7] = [0, 1, 3, 7, 15, 31, 63];
    let mut scenario = becomes_a_gateway(1_024);
    scenario["duration"] = json!("600s");
    scenario["workloads"][0]["connect"] = json!({});
    scenario["workloads"][0]["close"] = json!({ "unanswered": 1 });
    let run = only(&scenario);
    let replication = &run.replications[0];
    let total = &replication.total;
    let syns = (0..600).flat_map(|at| AFTER.map(|after| at + after));
    assert_eq!(total.syns, syns.filter(|at| *at < 600).count() as u64);
    assert_eq!(
        (total.refused_syns, total.broken, total.established),
        (0, 0, 0)
    );
    let half_open =
        |pool: usize| replication.by_pool[pool].port_nanos[Cause::HalfOpen as usize] as f64 / 1e9;
    let of_the_first: f64 = (0..51).map(|at| 50.5 - f64::from(at)).sum();
    // A connection belongs to the pool of its first SYN, whichever pools its ports are of.
    let from_then_on: u32 = (0..51)
        .map(|at| {
            let next = AFTER.iter().find(|after| at + **after > 50);
            63 + 30 - next.expect("the last is later")
        })
        .sum();
    assert_eq!(half_open(0), of_the_first + f64::from(from_then_on));
    let later: u32 = (51..600).map(|at| (63 + 30).min(600 - at)).sum();
    assert_eq!(half_open(1), f64::from(later));
    // At the gateway at 93 s: those of before that sent a SYN again and are not back, and all since.
    let at_the_end_of_the_second_minute = (0..51).filter(|at| at + 93 > 119).count() + 69;
    assert_eq!(
        minutes(replication).peak[10 + 1],
        93.max(at_the_end_of_the_second_minute as u32)
    );
    // Where open connections stay on the old way out, so do half-open ones.
    scenario["assumptions"] = json!({ "natGatewayBreaksOpenConnections": false });
    let stay = &only(&scenario).replications[0];
    assert_eq!((stay.total.syns, stay.total.refused_syns), (total.syns, 0));
    assert_eq!(minutes(stay).granted.iter().sum::<u32>(), 600);
}

/// A node that leaves takes along the SYNs that wait on it, and those alone: under each type as under that type by itself.
#[test]
fn syns_that_wait_leave_with_their_node_by_the_type_that_there_is_then() {
    let pending = |first: &Value, second: &Value| {
        let mut scenario = by_the_clock(1);
        scenario["duration"] = json!("200s");
        scenario["cluster"]["nodePools"][0]["count"] = json!(2);
        scenario["workloads"][0]["connect"] = json!({ "timeout": "20s" });
        scenario["outbound"] = json!([{
            "name": "out", "outboundType": "custom", "custom": { "scope": "shared", "portsPerPool": 1 },
        }]);
        let merge = |into: &mut Value, from: &Value| {
            for (word, value) in from.as_object().expect("an object") {
                into[word] = value.clone();
            }
        };
        merge(&mut scenario["outbound"][0], first);
        let mut change = json!({ "name": "out" });
        merge(&mut change, second);
        let events = json!([
            { "at": "100s", "setOutbound": change },
            { "at": "100.001s", "scale": { "nodePool": "apps", "count": 1 } },
        ]);
        let run = only(&with(&scenario, events));
        run.replications[0].total.pending
    };
    let shared =
        json!({ "outboundType": "custom", "custom": { "scope": "shared", "portsPerPool": 1 } });
    let per_node =
        json!({ "outboundType": "custom", "custom": { "scope": "perNode", "portsPerPool": 1 } });
    let balancer = json!({ "outboundType": "loadBalancer", "loadBalancerProfile": { "allocatedOutboundPorts": 8_000 } });
    let gateway = json!({ "outboundType": "userAssignedNATGateway" });
    // With the last ports of their own, then with the pool that they shared.
    let with_the_node = pending(&per_node, &balancer);
    assert!(with_the_node > 0);
    assert_eq!(pending(&shared, &balancer), with_the_node);
    // A gateway has ports for all of them, those of the node that leaves included, as if it had been there before.
    assert_eq!(pending(&per_node, &gateway), 0);
    assert_eq!(pending(&shared, &gateway), 0);
}

/// Nothing fails, and what is still held on the old way out does not make it seem fuller than it ever was.
#[test]
fn the_bound_of_no_failure_goes_by_the_fullest_that_a_pool_ever_was() {
    let mut scenario = becomes_a_gateway(1_024);
    scenario["duration"] = json!("2000s");
    scenario["warmup"] = json!("40s");
    scenario["workloads"][0]["lifetime"] = json!({ "constant": "10s" });
    let bound = |breaks: bool| {
        let mut scenario = scenario.clone();
        scenario["assumptions"] = json!({ "natGatewayBreaksOpenConnections": breaks });
        let model = model(&scenario);
        let result = simulate(&model, Detail::Full, &|_, _| {});
        let about = About {
            scenario_sha256: String::new(),
            compare: true,
        };
        let document = serde_json::to_value(document(&model, &result, &about)).expect("it prints");
        let found = &document["outbounds"][0]["failureProbability"];
        assert_eq!(found["estimate"], 0.0);
        found["high"].as_f64().expect("a bound")
    };
    // 51 of 1,024 ports at most, of 1,960 connections.
    let expected = -(0.05f64.ln()) / (1_960.0 * (1.0 - 51.0 / 1_024.0));
    for breaks in [true, false] {
        assert!(
            (bound(breaks) / expected - 1.0).abs() < 1e-9,
            "{}",
            bound(breaks)
        );
    }
}

#[test]
fn ports_are_handed_out_and_come_back_once_whatever_becomes_what() {
    let events = json!([
        to("migrates", "userAssignedNATGateway", "11m30s"),
        { "at": "14m", "setOutbound": { "name": "migrates",
            "natGatewayProfile": { "managedOutboundIPProfile": { "count": 2 } } } },
        to("migrates", "userDefinedRouting", "16m10s"),
        { "at": "18m", "loseInstance": { "outbound": "migrates", "instance": 1 } },
        { "at": "20m", "setOutbound": { "name": "migrates", "azureFirewall": { "instances": 3 } } },
        { "at": "24m", "setOutbound": { "name": "migrates", "azureFirewall": { "natGateway": {} } } },
        { "at": "28m", "scale": { "nodePool": "apps", "count": 5 } },
        { "at": "30m", "setOutbound": { "name": "migrates", "outboundType": "loadBalancer",
            "loadBalancerProfile": { "allocatedOutboundPorts": 1_000, "idleTimeoutInMinutes": 4 } } },
        { "at": "34m", "scale": { "nodePool": "apps", "count": 2 } },
    ]);
    let mut scenario = with(&short_of_ports(), events);
    scenario["workloads"][0]["placement"] = json!("even");
    let model = model(&scenario);
    let run = runs(&model).remove(0);
    let outbound = &model.outbounds[0];
    let names: Vec<String> = (0..5 + 1 + 3 + 1 + 5)
        .map(|pool| model.pool_name(outbound, pool))
        .collect();
    assert_eq!(
        names[5..10],
        [
            "gateway",
            "instance-0/ip-0",
            "instance-1/ip-0",
            "instance-2/ip-0",
            "gateway from 24m"
        ]
    );
    assert_eq!(names[10], "apps-0 from 30m");
    let stages = outbound.stages(model.nodes.len());
    for replication in &run.replications {
        let total = &replication.total;
        assert_eq!(
            total.offered,
            total.established + total.failed + total.unanswered + total.pending
        );
        let by_pool: u64 = replication.by_pool.iter().map(|pool| pool.offered).sum();
        assert_eq!(by_pool, total.offered);
        assert!(total.failed > 500 && total.broken > 100, "{total:?}");
        assert_eq!(replication.by_pool.len(), names.len());
        for (pool, peak) in replication.peak_used.iter().enumerate() {
            let most = outbound
                .most_ports(pool, model.nodes.len())
                .expect("it is accepted");
            assert!(*peak <= most, "{}: {peak} of {most}", names[pool]);
        }
        // Nothing is in use, granted or refused where the type is not in force, nor at a node that is not there.
        for stage in &stages {
            let begins = model.epochs[stage.epochs.start].at.minute();
            let ends = model.epochs.get(stage.epochs.end);
            let ends = ends.map_or(40, |epoch| epoch.at.minute() + 1);
            for pool in stage.pools.clone() {
                for (from, until) in [(0, begins), (ends, 40)] {
                    let idle = of_pool(minutes(replication), pool, from, until);
                    assert!(
                        idle.iter().flatten().all(|value| *value == 0),
                        "{}",
                        names[pool]
                    );
                }
            }
        }
        let late_node = of_pool(minutes(replication), 10 + 4, 35, 40);
        assert!(late_node.iter().flatten().all(|value| *value == 0));
        // The gateway and the firewall have ports for all: in their minutes nothing is refused.
        for (pool, name) in names.iter().enumerate().take(10).skip(5) {
            let refused: u32 = of_pool(minutes(replication), pool, 0, 40)[2].iter().sum();
            assert_eq!(refused, 0, "{name}");
        }
        // Every port that was booked was held: what pools were granted, each for as long as it was in use.
        let booked: u128 = total.port_nanos.iter().sum();
        let by_pool: u128 = replication
            .by_pool
            .iter()
            .flat_map(|pool| pool.port_nanos)
            .sum();
        assert_eq!(booked, by_pool);
    }
}

#[test]
fn clients_and_traffic_of_every_kind_go_on_after_a_migration() {
    let mut scenario = busy();
    let workloads = scenario["workloads"].as_array_mut().expect("a list");
    // Those two are told of in tests of their own.
    workloads
        .retain(|workload| workload["name"] != "subscriptions" && workload["name"] != "requests");
    let events = json!([
        to("loadBalancer", "managedNATGateway", "13m"),
        to("userDefinedRouting", "loadBalancer", "13m"),
    ]);
    let model = model(&with(&scenario, events));
    let all = runs(&model);
    for run in [&all[0], &all[2]] {
        for replication in &run.replications {
            let total = &replication.total;
            assert_eq!(
                total.offered,
                total.established + total.failed + total.unanswered + total.pending
            );
            assert!(
                replication
                    .by_workload
                    .iter()
                    .all(|workload| workload.established > 500)
            );
        }
    }
}

/// A request a second that takes 10.2 s, through one pool: eleven connections, of which ten are in use at 50.5 s.
#[test]
fn pools_of_connections_lose_all_and_open_others_for_what_is_under_way() {
    let mut scenario = becomes_a_gateway(1_024);
    scenario["workloads"][0]["lifetime"] = json!({ "constant": "10.2s" });
    scenario["workloads"][0]["pool"] = json!({ "maxIdle": 20 });
    let run = only(&scenario);
    let replication = &run.replications[0];
    let (total, taken) = (&replication.total, replication.taken_back[0]);
    assert_eq!((taken.ports, taken.broken, total.broken), (11, 11, 11));
    // Ten for the requests under way at once, and one for that of 51 s.
    assert_eq!((total.established, total.failed), (11 + 10 + 1, 0));
    assert_eq!(minutes(replication).granted, [11, 0, 11, 0]);
    assert_eq!(minutes(replication).peak, [11, 0, 11, 11]);
    let requests = &run.requests[&0];
    assert_eq!(
        (requests.made, requests.opened, requests.reused),
        (100, 12, 88)
    );
    let before: f64 = (0..11).map(|at| 50.5 - f64::from(at)).sum();
    assert_eq!(replication.by_pool[0].port_nanos[0] as f64 / 1e9, before);
    assert_eq!(
        replication.by_pool[0].port_nanos.iter().sum::<u128>() as f64 / 1e9,
        before
    );
    let after = 10.0 * 49.5 + 49.0;
    let held: u128 = replication
        .by_pool
        .iter()
        .map(|pool| pool.port_nanos[0])
        .sum();
    assert_eq!(held as f64 / 1e9, before + after);
}

/// From then on the pools know the idle timeout of the gateway: a request every 5 min finds its connection idled out.
#[test]
fn pools_go_by_the_idle_timeout_of_the_new_type() {
    let mut scenario = becomes_a_gateway(1_024);
    scenario["duration"] = json!("2h");
    scenario["outbound"][0]["loadBalancerProfile"]["idleTimeoutInMinutes"] = json!(30);
    scenario["events"][0]["at"] = json!("1h");
    scenario["workloads"][0]["arrivals"] = json!({ "constant": { "perSecond": 1.0 / 300.0 } });
    scenario["workloads"][0]["lifetime"] = json!({ "constant": "1s" });
    scenario["workloads"][0]["pool"] = json!({ "maxIdle": 1, "idleTimeout": "2h" });
    let run = only(&scenario);
    let requests = &run.requests[&0];
    // 12 in the first hour over one connection; the request at 1 h opens another, and each after it finds that one lost.
    assert_eq!(
        (requests.made, requests.opened, requests.reused),
        (24, 1 + 12, 11)
    );
    assert_eq!(requests.broken, 11);
}

#[test]
fn a_gateway_that_came_in_the_course_of_a_run_keeps_to_its_ceiling() {
    let mut model = model(&becomes_a_gateway(1_024));
    model.outbounds[0].later_plans[0].ceiling = Some(Ceiling { limit: 30 });
    let run = runs(&model).remove(0);
    let replication = &run.replications[0];
    let total = &replication.total;
    // The last is refused at 99 s and given up when the run is over.
    assert_eq!((total.established, total.failed), (51 + 30, 18));
    assert_eq!(minutes(replication).peak, [51, 0, 9, 30]);
}

#[test]
fn threads_never_matter() {
    let events = json!([
        to("migrates", "managedNATGateway", "20m"),
        to("LB", "userDefinedRouting", "21m30s"),
        { "at": "25m", "setOutbound": { "name": "migrates", "outboundType": "loadBalancer" } },
    ]);
    let model = model(&with(&short_of_ports(), events));
    threads_never_matter_to(&model);
}

#[test]
fn what_is_reported_tells_the_types_apart() {
    let events = json!([to("migrates", "managedNATGateway", "20m")]);
    let model = model(&with(&short_of_ports(), events));
    let result = simulate(&model, Detail::Full, &|_, _| {});
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    let document = serde_json::to_value(document(&model, &result, &about)).expect("JSON");
    let migrated = &document["outbounds"][0];
    let event = &migrated["events"][0];
    assert_eq!(event["what"], "migrates becomes managedNATGateway");
    assert_eq!(
        (&event["limitBefore"], &event["limit"]),
        (&json!(1_000), &json!(64_512))
    );
    assert!(event["broken"].as_u64() > Some(50));
    assert_eq!(migrated["pools"]["count"], 4);
    assert_eq!(migrated["pools"]["kind"], "pool");
    assert_eq!(
        (&migrated["pools"]["peakUsed"], &migrated["pools"]["limit"]),
        (&json!(1_000), &json!(1_000))
    );
    assert_eq!(migrated["byPool"][3]["name"], "gateway");
    assert_eq!(migrated["byPool"][3]["limit"], 64_512);
    let series = migrated["timeline"]["series"].as_array().expect("a list");
    let of = |metric: &str| {
        let mut found = series.iter().filter(|series| series["metric"] == metric);
        let maximum = |series: &&Value| {
            ["maximum", "sum"]
                .contains(&series["dimensions"]["pools"].as_str().unwrap_or("maximum"))
        };
        let values = found.find(maximum).map(|series| series["values"].clone());
        values
            .and_then(|values| values.as_array().cloned())
            .unwrap_or_default()
    };
    let at = |metric: &str, minute: usize| of(metric)[minute].as_f64().expect("a number");
    // Load Balancer's metric is of its nodes, and of nothing once it is gone; NAT Gateway's the other way round.
    assert_eq!(
        (at("AllocatedSnatPorts", 10), at("AllocatedSnatPorts", 30)),
        (1_000.0, 0.0)
    );
    assert_eq!(at("TotalConnectionCount", 10), 0.0);
    assert!(at("TotalConnectionCount", 30) > 20.0);
    assert_eq!(at("snatsim.usedPorts", 15), 1_000.0);
    assert!(at("snatsim.usedPorts", 35) > 500.0);
    assert_eq!(of("snatsim.usedPorts").len(), 40 * MINUTE / 60);
}

#[test]
fn what_cannot_become_something_else_is_refused() {
    let problems = |scenario: &Value| {
        let loaded = load(&scenario.to_string(), "events.json", &[]).expect("it can be read");
        let built = build(&loaded, &mut |_| unreachable!("it names no file"));
        built
            .err()
            .map_or_else(String::new, |problems| problems.render(false))
    };
    let becomes = |name: &str, kind: &str| with(&short_of_ports(), json!([to(name, kind, "20m")]));
    assert_eq!(problems(&becomes("NAT", "loadBalancer")), "");
    assert_eq!(problems(&becomes("firewall", "userAssignedNATGateway")), "");
    // Azure's own refusal makes the outbound type a refused one, as at the start.
    let refused = model(&becomes("NAT", "userDefinedRouting"))
        .outbounds
        .remove(2)
        .plan;
    assert_eq!(refused.expect_err("AKS does not")[0].code.id(), "E0341");
    let mut own_ips = becomes("LB", "managedNATGateway");
    own_ips["cluster"]["nodePools"][0]["enableNodePublicIP"] = json!(true);
    assert!(problems(&own_ips).contains("error[E0419]"));
    let mut gateways = becomes("LB", "userAssignedNATGateway");
    gateways["events"][0]["setOutbound"]["natGateways"] = json!([{ "nodePools": ["apps"] }]);
    assert!(
        problems(&gateways).contains("error[E0419]"),
        "{}",
        problems(&gateways)
    );
    let mut many = becomes("LB", "managedNATGateway");
    let pools = (0..5).map(|pool| json!({ "name": format!("p{pool}"), "count": 1_000 }));
    many["cluster"]["nodePools"] = pools.collect();
    many["outbound"][1]["loadBalancerProfile"]["allocatedOutboundPorts"] = json!(8);
    let there_and_back = (0..28).map(|index| {
        let kind = ["managedNATGateway", "loadBalancer"][index % 2];
        to("LB", kind, &format!("{}s", 60 + index))
    });
    many["events"] = there_and_back.collect();
    let found = problems(&many);
    assert!(
        found.contains("error[E0419]") && found.contains("at most 65,535"),
        "{found}"
    );
    let none = problems(&becomes("firewall", "none"));
    assert!(
        none.contains("error[E0419]") && none.contains("have none under the other"),
        "{none}"
    );
    let mut later = becomes("firewall", "loadBalancer");
    let lost = json!({ "at": "30m", "loseInstance": { "outbound": "firewall", "instance": 0 } });
    later["events"].as_array_mut().expect("a list").push(lost);
    let later = problems(&later);
    assert!(
        later.contains("error[E0412]") && later.contains("no instances by then"),
        "{later}"
    );
    // Of what happens at one instant, what is refused is named.
    let mut owners = becomes("LB", "managedNATGateway");
    owners["workloads"][1]["activity"] = json!({ "gap": { "exponential": { "mean": "2m" } } });
    owners["workloads"][1]["reconnect"] = json!(true);
    let change = owners["events"][0].clone();
    let scale = json!({ "at": change["at"], "scale": { "nodePool": "apps", "count": 4 } });
    owners["events"] = json!([scale, change]);
    let owners = problems(&owners);
    assert!(
        owners.contains("error[E0416]") && owners.contains("/events/1/setOutbound"),
        "{owners}"
    );
    // And where it is the nodes that leave, they are.
    let mut leave = becomes("LB", "managedNATGateway");
    leave["workloads"][1]["activity"] = json!({ "gap": { "exponential": { "mean": "2m" } } });
    leave["workloads"][1]["reconnect"] = json!(true);
    leave["events"] = json!([
        { "at": "20m", "setOutbound": { "name": "LB", "loadBalancerProfile": { "allocatedOutboundPorts": 1_096 } } },
        { "at": "20m", "scale": { "nodePool": "apps", "count": 2 } },
    ]);
    let leave = problems(&leave);
    assert!(
        leave.contains("nodes leave") && leave.contains("/events/1/scale"),
        "{leave}"
    );
    let mut udp = becomes("LB", "managedNATGateway");
    udp["destinations"][0] =
        json!({ "name": "sql", "address": "203.0.113.7", "port": 1433, "protocol": "udp" });
    udp["destinations"][2] =
        json!({ "name": "dns", "address": "203.0.113.7", "port": 53, "protocol": "udp" });
    assert!(problems(&udp).contains("error[E0419]"));
}

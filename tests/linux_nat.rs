//! Replays what clients did behind a real NAT, a Linux masquerade with few ports, and compares what came of it.
//!
//! The measurements lie beside the repository; where they do not, the tests say so and pass. How a kernel's states
//! become a custom outbound type is told in `docs/validation.md`.

#[path = "support/models.rs"]
#[allow(dead_code)]
mod models;

use models::{NO_HOLDS, model, plan, s, workload};
use serde_json::Value;
use snatsim::engine::{Grouping, Holds, PoolPlan, Protocol};
use snatsim::model::{Endpoint, Model, Traffic, Workload};
use snatsim::simulate::{Detail, ReplicationRun, simulate};
use snatsim::traffic::{CloseKind, Connect, TraceRow};
use snatsim::units::SimTime;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A kernel's timers count whole ticks from the last packet, which passes the NAT after the client's own clock
/// (0.5 ms of round trip, 1 ms of lateness at the median): no port is back at the nominal instant.
const TICK: SimTime = SimTime::from_nanos(4_000_000);

/// The client gives a `connect()` up before its first retransmit.
const CONNECT: Connect = Connect {
    timeout: Some(SimTime::from_nanos(900_000_000)),
    syn_retries: 6,
    syn_linear_timeouts: 4,
};

/// One experiment: what was run and what was measured.
struct Experiment {
    setting: Value,
    bars: Value,
    attempts: Vec<Attempt>,
}

/// One line of a schedule.
struct Attempt {
    start: SimTime,
    node: u32,
    destination: String,
    lifetime: SimTime,
    close: CloseKind,
    half_closed: bool,
}

fn experiment(name: &str) -> Option<Experiment> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/validation/linux-nat");
    if !folder.exists() {
        eprintln!("skipped: no measurements in {}", folder.display());
        return None;
    }
    let json = |file: &str| -> Value {
        let text = std::fs::read_to_string(folder.join(file)).expect("a readable file");
        let whole: Value = serde_json::from_str(&text).expect("JSON");
        whole[name].clone()
    };
    let setting = json("experiments.json");
    let schedule = folder
        .join("schedules")
        .join(setting["schedule"].as_str().unwrap());
    Some(Experiment {
        bars: json("bars.json"),
        attempts: attempts(&schedule),
        setting,
    })
}

fn attempts(schedule: &PathBuf) -> Vec<Attempt> {
    let mut reader = csv::Reader::from_path(schedule).expect("a readable schedule");
    let rows = reader.deserialize::<BTreeMap<String, String>>();
    let mut attempts: Vec<Attempt> = rows
        .map(|row| {
            let row = row.expect("a row");
            let seconds = |column: &str| s(row[column].parse().unwrap());
            assert_eq!(
                (row["proto"].as_str(), row["max_attempts"].as_str()),
                ("tcp", "1")
            );
            Attempt {
                start: seconds("t_start"),
                node: row["node"].parse().unwrap(),
                destination: format!("{}:{}", row["dst_ip"], row["dst_port"]),
                lifetime: seconds("active_s"),
                half_closed: row["close"] == "halfclose",
                close: match row["close"].as_str() {
                    "fin" | "halfclose" => CloseKind::Fin,
                    "leak" => CloseKind::Abandon,
                    other => panic!("close {other}"),
                },
            }
        })
        .collect();
    attempts.sort_by_key(|attempt| attempt.start);
    attempts
}

impl Experiment {
    /// The masquerade as a custom outbound type.
    fn plan(&self) -> PoolPlan {
        let pools = self.setting["pools"].as_array().unwrap();
        let ports = |pool: &Value| {
            pool["port_hi"].as_u64().unwrap() - pool["port_lo"].as_u64().unwrap() + 1
        };
        assert!(pools.iter().all(|pool| ports(pool) == ports(&pools[0])));
        let grouping = if pools.len() > 1 {
            Grouping::ByNode
        } else {
            Grouping::Shared
        };
        let timer = |name: &str, default: f64| {
            let seconds = self.setting["timeouts"][name].as_f64();
            s(seconds.unwrap_or(default)) + TICK
        };
        let holds = Holds {
            // What the experiments set where they say nothing else; no connection of theirs is silent so long.
            idle: timer("tcp_timeout_established", 60.0),
            after_fin: match self.attempts[0].half_closed {
                true => timer("tcp_timeout_close_wait", 20.0),
                // TIME_WAIT is given away to whoever needs the port.
                false => SimTime::ZERO,
            },
            ..NO_HOLDS
        };
        plan(grouping, ports(&pools[0]) as u32, holds)
    }

    /// One workload a client node, one destination an endpoint.
    fn model(&self, plan: PoolPlan, pool_of: impl Fn(&Attempt) -> u32) -> Model {
        let names = self.destinations();
        let clients = self.setting["nodes"].as_u64().unwrap() as u32;
        let endpoints = (0..names.len() as u32).map(|i| Endpoint {
            destination: i,
            protocol: Protocol::Tcp,
            address: i,
            port: 443,
        });
        let workloads = (0..clients).map(|client| {
            let rows = self
                .attempts
                .iter()
                .filter(|attempt| attempt.node == client);
            let rows = rows.map(|attempt| TraceRow {
                start: attempt.start,
                node: pool_of(attempt),
                endpoint: names
                    .iter()
                    .position(|name| *name == attempt.destination)
                    .unwrap() as u32,
                lifetime: attempt.lifetime,
                close: attempt.close,
                // The client writes every second, and no idle timer is that short.
                keepalive: Some(SimTime::from_secs(1)),
            });
            Workload {
                name: client.to_string(),
                connect: CONNECT,
                ..workload(Traffic::Trace(rows.collect()))
            }
        });
        let last = self.attempts.last().unwrap().start;
        model(
            last + SimTime::from_secs(10),
            clients as usize,
            endpoints.collect(),
            workloads.collect(),
            [plan],
        )
    }

    fn destinations(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .attempts
            .iter()
            .map(|a| a.destination.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }

    fn tolerance(&self) -> u64 {
        self.bars["failed_tolerance"].as_u64().unwrap()
    }

    fn assert_near(&self, what: &str, found: u64, bar: &Value) {
        let bar = bar.as_u64().unwrap_or(0);
        let near = found.abs_diff(bar) <= self.tolerance();
        assert!(near, "{what}: {found} failed, measured {bar}");
    }

    /// Holds the failed connections of `run` against those measured: all, and by destination.
    fn assert_failures(&self, run: &ReplicationRun) {
        let bars = &self.bars;
        assert_eq!(run.total.offered, bars["connections"].as_u64().unwrap());
        self.assert_near("all", run.total.failed, &bars["failed_bar"]);
        for (name, tally) in self.destinations().iter().zip(&run.by_destination) {
            self.assert_near(name, tally.failed, &bars["failed_per_dst"][name]);
        }
    }

    fn assert_failures_by_client(&self, run: &ReplicationRun) {
        for (client, tally) in run.by_workload.iter().enumerate() {
            let client = client.to_string();
            self.assert_near(
                &client,
                tally.failed,
                &self.bars["failed_per_node"][&client],
            );
        }
    }

    fn assert_first_failure(&self, run: &ReplicationRun) {
        let found = run.first_failure.map(|first| first.at.as_secs_f64());
        let measured = self.bars["first_failure_measured"][0].as_f64();
        match (found, measured) {
            (Some(found), Some(measured)) => {
                let tolerance = self.bars["first_failure_tolerance_s"].as_f64().unwrap();
                assert!(
                    (found - measured).abs() <= tolerance,
                    "{found} s, measured {measured} s"
                );
            }
            both => assert_eq!(both, (None, None)),
        }
    }

    /// Holds `peak` of `address` toward `destination` against the one measured.
    fn assert_peak(&self, address: &str, destination: &str, peak: u32) {
        let measured = &self.bars["peak_ports"][format!("{address}|{destination}")];
        let (found, measured) = (u64::from(peak), measured.as_u64().unwrap());
        let tolerance = self.bars["peak_tolerance"].as_u64().unwrap();
        assert!(
            found.abs_diff(measured) <= tolerance,
            "peak {found}, measured {measured}"
        );
    }
}

fn run(model: &Model) -> ReplicationRun {
    let result = simulate(model, Detail::Full, &|_, _| {});
    let outbound = result.outbounds.into_iter().next().flatten();
    outbound.expect("a run").replications.remove(0)
}

/// Ports held over all pools, at its largest: pools that share one address are told apart by nothing else.
fn peak_over_pools(model: &Model) -> u32 {
    let Traffic::Trace(_) = &model.workloads[0].traffic else {
        unreachable!("a replay")
    };
    let held_at = |now: SimTime| {
        let until = now + SimTime::from_nanos(1);
        let workloads = model.workloads.iter().map(|workload| {
            let Traffic::Trace(rows) = &workload.traffic else {
                unreachable!("a replay")
            };
            let rows = rows
                .iter()
                .copied()
                .filter(|row| row.start < until)
                .collect();
            Workload {
                traffic: Traffic::Trace(rows),
                ..workload.clone()
            }
        });
        let moment = Model {
            workloads: workloads.collect(),
            warmup: now,
            duration: until,
            ..model.clone()
        };
        run(&moment).peak_used.iter().sum::<u32>()
    };
    let starts = model
        .workloads
        .iter()
        .flat_map(|workload| match &workload.traffic {
            Traffic::Trace(rows) => rows.iter().map(|row| row.start).collect::<Vec<_>>(),
            _ => unreachable!("a replay"),
        });
    starts.map(held_at).max().unwrap_or(0)
}

const ADDRESS: &str = "203.0.113.1";

/// Replays an experiment on pools that all have `ADDRESS`.
fn replay(name: &str) {
    let Some(experiment) = experiment(name) else {
        return;
    };
    let by_client = experiment.model(experiment.plan(), |attempt| attempt.node);
    let replayed = run(&by_client);
    experiment.assert_failures(&replayed);
    experiment.assert_failures_by_client(&replayed);
    experiment.assert_first_failure(&replayed);
    let destinations = experiment.destinations();
    if experiment.plan().grouping == Grouping::ByNode {
        assert_eq!(destinations.len(), 1);
        experiment.assert_peak(ADDRESS, &destinations[0], peak_over_pools(&by_client));
    } else {
        for (name, peak) in destinations.iter().zip(&replayed.peak_by_destination) {
            experiment.assert_peak(ADDRESS, name, *peak);
        }
    }
}

#[test]
fn e02_a_hot_node_runs_out_of_its_32_ports_while_others_have_some_left() {
    replay("e02_hot_node");
}

#[test]
fn e03_the_same_load_on_one_shared_pool_loses_nothing() {
    replay("e03_hot_node_shared");
}

#[test]
fn e07_half_closed_connections_hold_their_ports_through_close_wait() {
    replay("e07_halfclose");
}

#[test]
fn e14_a_constant_rate_of_leaked_connections_fills_the_pool_in_saw_teeth() {
    replay("e14_constant_rate");
}

#[test]
fn e18_real_tls_arrivals_exhaust_one_destination_and_spare_the_others() {
    replay("e18_real_tls_burst");
}

/// A kernel evicts entries in TIME_WAIT when a new connection needs their port: toward who gets one they are a hold
/// of zero, while a count of entries sees them until their timer runs out or the pool is full.
#[test]
fn e05_ports_in_time_wait_are_given_away_when_they_are_needed() {
    let Some(experiment) = experiment("e05_fin") else {
        return;
    };
    let soft = experiment.plan();
    let replayed = run(&experiment.model(soft.clone(), |attempt| attempt.node));
    experiment.assert_failures(&replayed);
    experiment.assert_first_failure(&replayed);
    let time_wait = experiment.setting["timeouts"]["tcp_timeout_time_wait"]
        .as_f64()
        .unwrap();
    let endless = PoolPlan {
        limit: u32::MAX,
        holds: Holds {
            after_fin: s(time_wait) + TICK,
            ..soft.holds
        },
        ..soft
    };
    let entries = run(&experiment.model(endless, |attempt| attempt.node)).peak_used[0];
    experiment.assert_peak(
        ADDRESS,
        &experiment.destinations()[0],
        entries.min(soft.limit),
    );
}

/// Linux looks at a bounded number of ports, so it refuses a few connections while some are free and serves them
/// later: the totals are ours, the first refusal and which client it hits are not.
#[test]
fn e10_a_pool_of_1024_serves_as_many_as_linux_does() {
    let Some(experiment) = experiment("e10_large_pool_fill") else {
        return;
    };
    let replayed = run(&experiment.model(experiment.plan(), |attempt| attempt.node));
    assert_eq!(
        replayed.total.failed,
        experiment.bars["failed_bar"].as_u64().unwrap()
    );
    experiment.assert_peak(
        ADDRESS,
        &experiment.destinations()[0],
        replayed.peak_used[0],
    );
    let first = replayed.first_failure.unwrap().at.as_secs_f64();
    let measured = experiment.bars["first_failure_measured"]
        .as_array()
        .unwrap();
    assert!(
        measured.iter().all(|m| m.as_f64().unwrap() < first),
        "Linux refuses earlier"
    );
}

/// Linux pins every pair of client and destination to one of the public addresses. With the pinning observed as the
/// pool of a connection, the rest follows; which of the clients that share an address is refused does not.
#[test]
fn e13_with_every_pair_pinned_to_its_address_two_addresses_fail_as_on_linux() {
    let Some(experiment) = experiment("e13_two_public_ips") else {
        return;
    };
    let addresses = ["203.0.113.1", "203.0.113.2"];
    let pinned = |attempt: &Attempt| {
        let host = attempt.destination.split(':').next().unwrap();
        let pair = format!("{}>{host}", attempt.node);
        let address = experiment.setting["observed_ip_choice"][pair]
            .as_str()
            .unwrap();
        addresses
            .iter()
            .position(|known| *known == address)
            .unwrap() as u32
    };
    let by_address = PoolPlan {
        grouping: Grouping::ByNode,
        ..experiment.plan()
    };
    let replayed = run(&experiment.model(by_address, pinned));
    experiment.assert_failures(&replayed);
    experiment.assert_first_failure(&replayed);
    assert_eq!(replayed.peak_used[..2], [32, 32]);
}

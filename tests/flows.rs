//! Replays real connection logs under the three outbound types and holds the results against the log's own rows.
//!
//! The logs lie beside the repository; where they do not, the test says so and passes.

use snatsim::model::{Model, Traffic, build};
use snatsim::scenario::load;
use snatsim::simulate::{Detail, OutboundRun, simulate};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// A row of a log that counts, as this test reads it.
#[derive(Clone, Debug)]
struct Row {
    start: f64,
    source: String,
    destination: (String, String, String),
    lifetime: f64,
    state: String,
}

impl Row {
    fn is_tcp(&self) -> bool {
        self.destination.2 == "tcp"
    }

    /// Whether it goes to a public address: by the standard library's notions, not by the model's.
    fn is_public(&self) -> bool {
        match self.destination.0.parse().expect("an address") {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                let shared = a == 100 && b & 0xC0 == 64;
                let nowhere = v4.is_loopback() || v4.is_link_local() || a == 0 || a >= 224;
                !(v4.is_private() || shared || nowhere)
            }
            IpAddr::V6(v6) => {
                let nowhere = v6.is_loopback() || v6.is_multicast() || v6.is_unicast_link_local();
                !(v6.is_unique_local() || v6.is_unspecified() || nowhere)
            }
        }
    }
}

fn logs() -> Vec<PathBuf> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/validation/flows/dev/zeek");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: no logs in {}", folder.display());
        return Vec::new();
    };
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut logs: Vec<PathBuf> = paths
        .filter(|path| path.to_string_lossy().contains("conn."))
        .collect();
    logs.sort();
    logs
}

/// The rows of TCP and UDP, by start.
fn rows(log: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(log).expect("a readable log");
    let mut fields: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for line in text.lines() {
        if let Some(names) = line.strip_prefix("#fields\t") {
            fields = names.split('\t').map(str::to_owned).collect();
        }
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        let values: BTreeMap<String, String> = if line.starts_with('{') {
            let json: BTreeMap<String, serde_json::Value> =
                serde_json::from_str(line).expect("a row of JSON");
            json.into_iter()
                .map(|(k, v)| (k, v.to_string().trim_matches('"').to_owned()))
                .collect()
        } else {
            fields
                .iter()
                .cloned()
                .zip(line.split('\t').map(str::to_owned))
                .collect()
        };
        let text = |name: &str| values.get(name).cloned().unwrap_or_else(|| "-".to_owned());
        if ["tcp", "udp"].contains(&text("proto").as_str()) {
            rows.push(Row {
                start: text("ts").parse().expect("a time"),
                source: text("id.orig_h"),
                destination: (text("id.resp_h"), text("id.resp_p"), text("proto")),
                lifetime: text("duration").parse().unwrap_or(0.0),
                state: text("conn_state"),
            });
        }
    }
    rows.sort_by(|a, b| a.start.total_cmp(&b.start));
    rows
}

/// Time after the last row in which every try is over, the longest wait for an answer being 127 s.
const TAIL_SECONDS: f64 = 200.0;

fn replay(log: &Path, rows: &[Row]) -> Model {
    let span = rows.last().expect("rows").start - rows[0].start;
    let scenario = serde_json::json!({
        "duration": format!("{}s", (span + TAIL_SECONDS).ceil()),
        "replications": 1,
        "workloads": [{ "name": "log", "arrivals": { "trace": { "file": "log" } } }],
        "outbound": [
            { "outboundType": "loadBalancer" },
            { "outboundType": "managedNATGateway" },
            { "outboundType": "userDefinedRouting", "azureFirewall": {} },
        ],
    });
    let loaded = load(&scenario.to_string(), "replay", &[]).unwrap_or_else(|d| panic!("{d:?}"));
    let mut bytes = |_: &str| std::fs::read(log);
    build(&loaded, &mut bytes).unwrap_or_else(|d| panic!("{}: {d:?}", log.display()))
}

/// Most rows of one (group, destination) whose lifetime and `hold` overlap.
fn most_at_once(rows: &[Row], hold: f64, group: impl Fn(&Row) -> String, by_address: bool) -> u32 {
    let mut cells: BTreeMap<_, Vec<(f64, i32)>> = BTreeMap::new();
    for row in rows {
        let (address, port, protocol) = row.destination.clone();
        let port = if by_address && protocol == "udp" {
            String::new()
        } else {
            port
        };
        let changes = cells
            .entry((group(row), address, port, protocol))
            .or_default();
        changes.push((row.start, 1));
        changes.push((row.start + row.lifetime + hold, -1));
    }
    let peak = |mut changes: Vec<(f64, i32)>| {
        changes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut held = 0;
        let levels = changes.iter().map(|change| {
            held += change.1;
            held
        });
        levels.max().unwrap_or(0) as u32
    };
    cells.into_values().map(peak).max().unwrap_or(0)
}

/// What the log itself says about a run of it.
fn assert_plausible(name: &str, run: &OutboundRun, rows: &[Row], least: u32, most: u32) {
    let replication = &run.replications[0];
    let total = &replication.total;
    assert_eq!(
        total.offered,
        rows.len() as u64,
        "{name}: every TCP and UDP row to a public address takes a port"
    );
    assert_eq!(
        total.established + total.failed + total.unanswered + total.pending,
        total.offered
    );
    let peak = *replication.peak_used.iter().max().expect("pools");
    if total.refused_syns == 0 {
        let silent = rows
            .iter()
            .filter(|row| row.is_tcp() && row.state == "S0")
            .count() as u64;
        assert_eq!(
            (total.unanswered, total.pending),
            (silent, 0),
            "{name}: S0 has no answer"
        );
        assert!(
            least <= peak && peak <= most,
            "{name}: peak {peak}, by the log {least} to {most}"
        );
    }
    let minutes = replication.minutes.as_ref().expect("full detail");
    let granted: u64 = minutes.granted.iter().map(|count| u64::from(*count)).sum();
    assert_eq!(run.port_hold.count(), granted, "{name}");
    assert!(
        granted >= total.established + total.unanswered,
        "{name}: at least a port each"
    );
    let held: u128 = total.port_nanos.iter().sum();
    let lived: f64 = rows.iter().map(|row| row.lifetime).sum();
    assert!(
        held as f64 / 1e9 <= lived + 2_000.0 * granted as f64,
        "{name}: no port is held for ever"
    );
}

#[test]
fn logs_of_real_traffic_make_sense_under_all_three_types() {
    for log in logs() {
        let name = log
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        let rows = rows(&log);
        let model = replay(&log, &rows);
        let sources: BTreeSet<&String> = rows.iter().map(|row| &row.source).collect();
        assert_eq!(
            model.nodes.len(),
            sources.len(),
            "{name}: every source is a node"
        );
        let Traffic::Trace(replayed) = &model.workloads[0].traffic else {
            panic!("a trace")
        };
        assert_eq!(replayed.len(), rows.len(), "{name}");
        let result = simulate(&model, Detail::Full, &|_, _| {});
        let [Some(load_balancer), Some(gateway), Some(firewall)] = &result.outbounds[..] else {
            panic!("{name}: all three accept it")
        };
        let public: Vec<Row> = rows.iter().filter(|row| row.is_public()).cloned().collect();
        let elsewhere = (rows.len() - public.len()) as u64;
        for run in [load_balancer, gateway, firewall] {
            let aside: u64 = run.asides.values().sum();
            assert_eq!(aside, elsewhere, "{name}: every other row takes none");
        }
        let rows = public;
        let by_source = |row: &Row| row.source.clone();
        let together = |_: &Row| String::new();
        // The shortest and the longest hold after a lifetime: RST and idle timeout; RST and UDP; none and idle.
        let least = most_at_once(&rows, 15.0, by_source, true);
        let most = most_at_once(&rows, 1_800.0, by_source, true);
        assert_plausible(
            &format!("{name}, Load Balancer"),
            load_balancer,
            &rows,
            least,
            most,
        );
        let least = most_at_once(&rows, 16.0, together, false);
        let most = most_at_once(&rows, 305.0, together, false);
        assert_plausible(&format!("{name}, NAT Gateway"), gateway, &rows, least, most);
        // Two instances share what comes: one of them has half at least.
        let least = most_at_once(&rows, 0.0, together, false).div_ceil(2);
        let most = most_at_once(&rows, 240.0, together, false);
        assert_plausible(&format!("{name}, Firewall"), firewall, &rows, least, most);
    }
}

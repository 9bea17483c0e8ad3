//! Real connection logs read whole, where they are at hand; counts are checked against plain text tools' way of counting.

use flate2::read::MultiGzDecoder;
use snatsim::engine::Protocol;
use snatsim::traffic::trace::{self, Trace};
use snatsim::{model, scenario};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The logs of the validation data beside the repository, none where it is not at hand.
fn logs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/validation/flows/dev/zeek");
    let Ok(entries) = fs::read_dir(&folder) else {
        println!("skipped: no validation data at {}", folder.display());
        return Vec::new();
    };
    let mut logs: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.to_string_lossy().contains("conn."))
        .collect();
    logs.sort();
    logs
}

fn text(path: &Path) -> String {
    let bytes = fs::read(path).expect("a log can be read");
    let mut text = String::new();
    match bytes.starts_with(&[0x1f, 0x8b]) {
        true => MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text),
        false => (&bytes[..]).read_to_string(&mut text),
    }
    .expect("a log is text");
    text
}

fn read(path: &Path) -> Trace {
    let bytes = fs::read(path).expect("a log can be read");
    trace::read(&bytes, &|_| true).unwrap_or_else(|error| panic!("{}: {error:?}", path.display()))
}

#[test]
fn every_row_of_every_log_is_read_or_counted_as_skipped() {
    for path in logs() {
        let lines = text(&path)
            .lines()
            .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
            .count() as u64;
        let trace = read(&path);
        assert_eq!(
            trace.rows.len() as u64 + trace.other_protocols,
            lines,
            "{}",
            path.display()
        );
        let udp = trace
            .rows
            .iter()
            .filter(|row| trace.endpoints[row.endpoint as usize].0 == Protocol::Udp)
            .count();
        println!(
            "{}: {} rows ({udp} UDP), {} of other protocols, {} sources, {} endpoints, {} long",
            path.file_name().expect("a file").to_string_lossy(),
            trace.rows.len(),
            trace.other_protocols,
            trace.sources.len(),
            trace.endpoints.len(),
            trace.rows.last().expect("rows").start,
        );
        assert!(trace.rows.is_sorted_by_key(|row| row.start));
    }
}

#[test]
fn every_log_becomes_a_model_whose_rows_lie_in_the_run() {
    for path in logs() {
        let text = r#"{ "duration": "1h", "workloads": [ { "name": "log", "arrivals": { "trace": { "file": "log" } } } ],
                        "outbound": [ { "outboundType": "loadBalancer" } ] }"#;
        let loaded = scenario::load(text, "log.json", &[]).expect("a scenario");
        let model =
            model::build(&loaded, &mut |_| fs::read(&path)).unwrap_or_else(|d| panic!("{d}"));
        let model::Traffic::Trace(rows) = &model.workloads[0].traffic else {
            panic!("a trace");
        };
        assert!(!rows.is_empty());
        for row in rows {
            assert!(row.start < model.duration);
            assert!((row.node as usize) < model.nodes.len());
            assert!((row.endpoint as usize) < model.endpoints.len());
        }
    }
}

#[test]
fn a_log_without_lifetimes_is_refused_by_name() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/validation/flows/dev/zeek");
    let Ok(bytes) = fs::read(folder.join("wrccdc-2018-tls-arrivals.ssl.log.gz")) else {
        println!("skipped: no validation data at {}", folder.display());
        return;
    };
    let error = trace::read(&bytes, &|_| true).expect_err("an ssl.log");
    assert!(error.found.contains("ssl.log"), "{error:?}");
}

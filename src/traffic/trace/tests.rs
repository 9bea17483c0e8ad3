//! Traces in all their shapes.

use super::*;
use std::io::Write;

fn all(bytes: &[u8]) -> Result<Trace, Box<FileError>> {
    read(bytes, &|_| true)
}

fn nanos(trace: &Trace) -> Vec<u64> {
    trace.rows.iter().map(|row| row.start.as_nanos()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const CSV: &str = "\
keepalive,start,node,protocol,address,port,lifetime,close,comment
,1.5,apps-0,tcp,203.0.113.40,443,0.25,rst,\"late, but first in the file\"
60,0.000000001,10.0.0.7,TCP,2001:db8::1,443,1e3,,
0,1.5,apps-0,Udp,203.0.113.40,53,0,anything,
";

#[test]
fn a_csv_is_read_by_the_names_of_its_columns_and_sorted_by_start() {
    let trace = all(CSV.as_bytes()).unwrap();
    assert_eq!(nanos(&trace), [1, 1_500_000_000, 1_500_000_000]);
    assert_eq!(trace.sources, ["apps-0", "10.0.0.7"]);
    let [first, second, third] = trace.rows[..] else {
        panic!("three rows");
    };
    assert_eq!(first.close, CloseKind::Fin);
    assert_eq!(first.keepalive, Some(SimTime::from_secs(60)));
    assert_eq!(first.lifetime, SimTime::from_secs(1_000));
    assert_eq!((second.close, second.keepalive), (CloseKind::Rst, None));
    assert_eq!(third.close, CloseKind::Fin);
    assert_eq!(
        trace.endpoints[third.endpoint as usize],
        (Protocol::Udp, "203.0.113.40".parse().unwrap(), 53)
    );
}

#[test]
fn gzip_line_ends_and_a_byte_order_mark_change_nothing() {
    let plain = all(CSV.as_bytes()).unwrap();
    let windows = format!("\u{feff}{}", CSV.replace('\n', "\r\n"));
    assert_eq!(all(windows.as_bytes()).unwrap(), plain);
    assert_eq!(all(&gzip(CSV.as_bytes())).unwrap(), plain);
}

#[test]
fn close_and_keepalive_columns_may_be_left_out() {
    let text = "start,node,protocol,address,port,lifetime\n0,a,tcp,203.0.113.40,443,1\n";
    let row = all(text.as_bytes()).unwrap().rows[0];
    assert_eq!((row.close, row.keepalive), (CloseKind::Fin, None));
}

const ZEEK: &str = "\
#separator \\x09
#set_separator\t,
#empty_field\t(empty)
#unset_field\t-
#path\tconn
#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tduration\tconn_state
#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tinterval\tstring
1521911722.123456789\tC1\t10.0.0.1\t50000\t203.0.113.40\t443\ttcp\t0.25\tSF
1521911721.123456789\tC2\t10.0.0.2\t50001\t203.0.113.40\t443\ttcp\t-\tS0
1521911720.123456789\tC3\t10.0.0.2\t8\t203.0.113.40\t0\ticmp\t-\tOTH
1521911722.123456789\tC4\t10.0.0.2\t50002\t203.0.113.41\t53\tudp\t0.001\tS0
#close\t2018-03-24-18-00-00
";

#[test]
fn a_zeek_log_counts_from_the_earliest_row_that_counts() {
    let trace = all(ZEEK.as_bytes()).unwrap();
    assert_eq!(nanos(&trace), [0, 1_000_000_000, 1_000_000_000]);
    assert_eq!(trace.other_protocols, 1);
    let lifetimes: Vec<u64> = trace
        .rows
        .iter()
        .map(|row| row.lifetime.as_nanos())
        .collect();
    assert_eq!(lifetimes, [0, 250_000_000, 1_000_000]);
    let only_first = read(ZEEK.as_bytes(), &|source| source == "10.0.0.1").unwrap();
    assert_eq!(nanos(&only_first), [0]);
    assert_eq!(only_first.other_sources, 2);
}

#[test]
fn json_says_the_same_as_tsv() {
    let json = r#"{"ts":1521911722.123456789,"uid":"C1","id.orig_h":"10.0.0.1","id.orig_p":50000,"id.resp_h":"203.0.113.40","id.resp_p":443,"proto":"tcp","duration":0.25,"conn_state":"SF"}
{"ts":1521911721.123456789,"id.orig_h":"10.0.0.2","id.resp_h":"203.0.113.40","id.resp_p":443,"proto":"tcp","conn_state":"S0"}
{"ts":1521911720.123456789,"id.orig_h":"10.0.0.2","id.resp_h":"203.0.113.40","id.resp_p":0,"proto":"icmp","duration":null,"conn_state":"OTH"}
{"ts":1521911722.123456789,"id.orig_h":"10.0.0.2","id.resp_h":"203.0.113.41","id.resp_p":53,"proto":"udp","duration":1e-3,"conn_state":"S0"}
"#;
    let tsv = all(ZEEK.as_bytes()).unwrap();
    assert_eq!(all(json.as_bytes()).unwrap(), tsv);
    assert_eq!(all(&gzip(json.as_bytes())).unwrap(), tsv);
}

#[test]
fn every_state_of_zeek_has_its_end() {
    let end = |state: &str| {
        let text = ZEEK.replace("\tS0", &format!("\t{state}"));
        all(text.as_bytes()).unwrap().rows[0].close
    };
    for (states, close) in [
        (&["S0"][..], CloseKind::Unanswered),
        (&["S1", "OTH"], CloseKind::Abandon),
        (&["SF", "S2", "S3", "SH", "SHR", "-", "new"], CloseKind::Fin),
        (&["REJ", "RSTO", "RSTR", "RSTOS0", "RSTRH"], CloseKind::Rst),
    ] {
        for state in states {
            assert_eq!(end(state), close, "{state}");
        }
    }
}

#[test]
fn logs_put_after_one_another_are_one_log() {
    let twice = format!("{ZEEK}{}", ZEEK.replace("\tuid\t", "\tother\t"));
    assert_eq!(all(twice.as_bytes()).unwrap().rows.len(), 6);
}

#[test]
fn an_error_names_line_column_and_field() {
    let text = CSV.replace("203.0.113.40,53", "203.0.113.400,53");
    let error = all(text.as_bytes()).unwrap_err();
    assert_eq!((error.code, error.line), (Code::E0404, 4));
    assert_eq!(&error.text[error.span], "203.0.113.400");
}

#[test]
fn an_empty_file_and_broken_gzip_are_told_apart() {
    assert_eq!(all(b"\n \n").unwrap_err().code, Code::E0402);
    let mut broken = gzip(CSV.as_bytes());
    broken.truncate(40);
    assert_eq!(all(&broken).unwrap_err().code, Code::E0401);
    assert_eq!(all(b"\xff\xfe\x00").unwrap_err().code, Code::E0401);
}

#[test]
fn iso_times_are_refused_with_the_setting_that_mends_them() {
    let json = r#"{"ts":"2018-03-24T17:15:20.6Z","id.orig_h":"10.0.0.1","id.resp_h":"203.0.113.40","id.resp_p":443,"proto":"tcp"}"#;
    let error = all(json.as_bytes()).unwrap_err();
    assert!(error.remedy.contains("TS_EPOCH"), "{error:?}");
}

#[test]
fn observed_values_are_durations_or_seconds() {
    let values = read_values(b"# from production\n250ms\n0.4\n\n1h30m\n").unwrap();
    let nanos: Vec<u64> = values.iter().map(|value| value.as_nanos()).collect();
    assert_eq!(nanos, [250_000_000, 400_000_000, 5_400_000_000_000]);
    assert_eq!(read_values(b"1s\nfast\n").unwrap_err().line, 2);
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = all(&bytes);
            for head in ["start,node,protocol,address,port,lifetime\n", "#fields\tts\n", "{"] {
                let _ = all(&[head.as_bytes(), &bytes].concat());
            }
        }

        #[test]
        fn a_quoted_csv_reads_as_the_plain_one(comment in "[a-z, \"]{0,12}") {
            let text = format!(
                "start,node,protocol,address,port,lifetime,comment\n1,\"a\",tcp,203.0.113.40,443,1,\"{}\"\n",
                comment.replace('"', "\"\"")
            );
            prop_assert_eq!(all(text.as_bytes()).unwrap().sources, ["a"]);
        }
    }
}

//! The program as a person meets it: what it prints, where, and how it ends.
//!
//! `tests/cli/*.trycmd` are sessions. To accept new ones after reading them: `TRYCMD=overwrite cargo test --test cli`.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const SMALL: &str = r#"{
  "name": "small", "duration": "12m", "warmup": "5m", "replications": 2,
  "cluster": { "nodePools": [ { "name": "apps", "count": 2 } ] },
  "destinations": [ { "name": "sql", "port": 1433 } ],
  "workloads": [ {
    "name": "orders", "destination": "sql",
    "arrivals": { "poisson": { "perSecond": 12 } },
    "lifetime": { "exponential": { "mean": "1s" } },
    "connect": { "synRetries": 0 } } ],
  "outbound": [ { "name": "LB", "outboundType": "loadBalancer" } ]
}"#;

fn snatsim(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_snatsim"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that fails early does not read its input.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("the program ends")
}

fn status(output: &Output) -> i32 {
    output.status.code().expect("no signal ended it")
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("text")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("text")
}

#[test]
fn sessions_go_as_written() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd");
}

#[test]
fn a_run_ends_with_a_finding_and_the_commands_that_follow() {
    let output = snatsim(&["run", "-"], SMALL);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("small: 12m00s (counted from 5m00s on), 2 replications, seed 1\n"));
    assert!(text.contains("LB"));
    assert!(
        text.ends_with("\nreproduce  snatsim run - --seed 1\n"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "no colour outside a terminal");
    assert!(stderr(&output).starts_with("try next   snatsim explain F"));
}

#[test]
fn quiet_leaves_the_table_alone() {
    let output = snatsim(&["run", "-", "--quiet"], SMALL);
    assert!(!stdout(&output).contains("reproduce"));
    assert_eq!(stderr(&output), "");
}

/// Overrides under which a few connections in a hundred fail.
const A_FEW_FAIL: [&str; 2] = ["--set", "/workloads/orders/arrivals/poisson/perSecond=8.6"];

#[test]
fn a_run_to_a_precision_is_the_run_with_the_replications_it_took() {
    let json = |more: &[&str]| {
        let arguments = [&["run", "-", "--format", "json"], &A_FEW_FAIL[..], more].concat();
        let output = snatsim(&arguments, SMALL);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        (output.stdout.clone(), stderr(&output).to_owned())
    };
    let (reached, words) = json(&["--precision", "5%"]);
    let result: serde_json::Value = serde_json::from_slice(&reached).expect("JSON");
    let took = result["replications"].as_u64().expect("a number");
    assert!(took > 20, "it doubled at least once");
    let start =
        format!("--precision: Intervals are as narrow as asked, 5.0 %, after {took} replications.");
    assert!(words.starts_with(&start), "{words}");
    assert_eq!(
        json(&["--replications", &took.to_string()]),
        (reached, String::new())
    );
    let found = &result["outbounds"][0]["failureProbability"];
    let figure = |name: &str| found[name].as_f64().expect("a number");
    assert!(figure("high") <= 1.05 * figure("estimate"));
}

#[test]
fn a_precision_out_of_reach_says_how_many_replications_would_do() {
    let arguments = [
        &[
            "run",
            "-",
            "--precision",
            "0.5%",
            "--max-replications",
            "30",
        ],
        &A_FEW_FAIL[..],
    ]
    .concat();
    let output = snatsim(&arguments, SMALL);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let words = stderr(&output).replace('\n', " ");
    assert!(
        words.contains("30 replications are not enough for 0.50 %; about "),
        "{words}"
    );
    assert!(stdout(&output).contains("reproduce  snatsim run - --seed 1 --replications 30 "));
    let none_fails = [
        "run",
        "-",
        "--precision",
        "5%",
        "--set",
        "/workloads/orders/arrivals/poisson/perSecond=1",
    ];
    let output = snatsim(&none_fails, SMALL);
    assert_eq!(status(&output), 0);
    assert!(
        stderr(&output).contains("--precision: Under LB no connection failed"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn refusals_too_rare_to_see_are_estimated_where_that_was_asked() {
    let small_pool = [
        "--set",
        "/outbound/LB/loadBalancerProfile/allocatedOutboundPorts=64",
        "--set",
        "/workloads/orders/arrivals/poisson/perSecond=0.25",
    ];
    let of = |more: &[&str]| snatsim(&[&["run", "-"], &small_pool[..], more].concat(), SMALL);
    let json = of(&["--rare", "--format", "json"]);
    let result: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let schema = serde_json::from_slice(&snatsim(&["schema", "result"], "").stdout).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    assert!(schema.is_valid(&result));
    let rare = &result["outbounds"][0]["rare"];
    let found = rare["refusedFirst"]["estimate"].as_f64().expect("a number");
    // Pure loss: 0.125 x 241 Erlang on 64 ports, by the formula.
    let exact = snatsim::results::erlang::erlang_b(0.125 * 241.0, 64);
    assert!(
        (found / exact - 1.0).abs() < 0.12,
        "{found:e} for {exact:e}"
    );
    assert_eq!(rare["cells"]["of"], 2);
    let plain = of(&["--format", "json"]);
    assert!(!stdout(&plain).contains("\"rare\""));
    let table = of(&["--rare"]);
    let line = "LB: first SYN refused ";
    assert!(stdout(&table).contains(line), "{}", stdout(&table));
    assert!(stdout(&table).contains("/perSecond=0.25\n") && stdout(&table).contains(" --rare "));
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let json = |more: &[&str]| {
        let output = snatsim(&[&["run", "-", "--format", "json"], more].concat(), SMALL);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        output.stdout
    };
    let one = json(&["--threads", "1"]);
    assert_eq!(one, json(&["--threads", "3"]));
    assert_ne!(one, json(&["--seed", "2"]));
}

#[test]
fn a_result_on_standard_output_keeps_to_the_schema_that_the_program_prints() {
    let parse = |output: &Output| -> serde_json::Value {
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let schema = parse(&snatsim(&["schema", "result"], ""));
    let result = parse(&snatsim(&["compare", "-", "--format", "json"], SMALL));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&result)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, [""; 0]);
    let outbounds = result["outbounds"].as_array().expect("a list");
    assert_eq!(outbounds.len(), 3, "compare fills in what is missing");
    assert_eq!(result["comparisons"].as_array().expect("a list").len(), 3);
    let scenario = parse(&snatsim(&["schema"], ""));
    assert!(jsonschema::validator_for(&scenario).is_ok());
}

#[test]
fn a_report_is_made_again_from_what_was_saved() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| {
        dir.path()
            .join(name)
            .to_str()
            .expect("a plain name")
            .to_owned()
    };
    let (one, bare, both) = (path("one"), path("bare"), path("both"));
    let page = |folder: &str| std::fs::read(format!("{folder}/report.html"));
    assert_eq!(status(&snatsim(&["run", "-", "-q", "-o", &one], SMALL)), 0);
    let first = page(&one).expect("a page");
    let run = snatsim(&["run", "-", "-q", "--no-report", "-o", &bare], SMALL);
    assert_eq!(status(&run), 0);
    assert!(page(&bare).is_err());
    for folder in [&one, &bare] {
        let output = snatsim(&["report", "-q", folder], "");
        assert_eq!(status(&output), 0, "{}", stderr(&output));
    }
    assert!(
        page(&one).expect("a page") == first,
        "the same result has the same page"
    );
    assert!(page(&bare).expect("a page") == first, "wherever it lies");
    let several = snatsim(&["report", &one, &bare], "");
    assert_eq!(status(&several), 2);
    assert!(stderr(&several).contains("-o DIR"), "{}", stderr(&several));
    let several = snatsim(
        &[
            "report", &one, &bare, "-o", &both, "--only", "ports", "--theme", "dark",
        ],
        "",
    );
    assert_eq!(status(&several), 0, "{}", stderr(&several));
    let pictures = std::fs::read_dir(format!("{both}/charts")).expect("a folder");
    assert_eq!(pictures.count(), 2);
    let nothing = snatsim(&["report", &path("nowhere")], "");
    assert_eq!(status(&nothing), 2);
    assert!(
        stderr(&nothing).contains("cannot read"),
        "{}",
        stderr(&nothing)
    );
}

#[test]
fn sweeps_over_the_same_axes_are_reported_side_by_side() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let sweep = |name: &str, values: &str, lifetime: &str| {
        let text = format!(
            r#"{{ "name": "rates", "scenario": {{ "inline": {} }},
                 "axes": [ {{ "name": "rate", "pointer": "/workloads/orders/arrivals/poisson/perSecond",
                              "values": {values} }} ] }}"#,
            SMALL.replace("\"1s\"", lifetime)
        );
        let file = path(&format!("{name}.json"));
        std::fs::write(&file, text).expect("a file");
        let out = path(name);
        let done = snatsim(&["sweep", &file, "-q", "--no-report", "-o", &out], "");
        assert_eq!(status(&done), 0, "{}", stderr(&done));
        out
    };
    let before = sweep("before", "[4, 12]", "\"1s\"");
    let after = sweep("after", "[4, 12]", "\"9s\"");
    let other = sweep("other", "[4, 13]", "\"1s\"");
    let both = path("both");
    let output = snatsim(&["report", &before, &after, "-q", "-o", &both], "");
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let summary = std::fs::read_to_string(format!("{both}/summary.md")).expect("a summary");
    for words in ["# before and after", "| before: LB |", "| after: LB |"] {
        assert!(summary.contains(words), "{words}: {summary}");
    }
    assert!(std::fs::exists(format!("{both}/charts/failure-by-axis.svg")).expect("a folder"));
    let output = snatsim(&["report", &before, &other, "-o", &both], "");
    assert_eq!(status(&output), 2);
    let said = "the values of rate are 4, 12 in before and 4, 13 in other";
    assert!(stderr(&output).contains(said), "{}", stderr(&output));
    let run = path("run");
    assert_eq!(status(&snatsim(&["run", "-", "-q", "-o", &run], SMALL)), 0);
    let output = snatsim(&["report", &before, &run, "-o", &both], "");
    assert_eq!(status(&output), 2);
}

#[test]
fn letters_that_pictures_lack_are_told() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = dir.path().join("out").display().to_string();
    let named = SMALL.replace("\"LB\"", "\"負荷 LB\"");
    let output = snatsim(&["run", "-", "-o", &out], &named);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("has no 荷負, and"),
        "{}",
        stderr(&output)
    );
    let output = snatsim(&["run", "-", "-o", &out], SMALL);
    assert!(!stderr(&output).contains("boxes"), "{}", stderr(&output));
}

#[test]
fn minus_o_writes_the_files_of_a_result() {
    let dir = tempfile::tempdir().expect("a directory");
    let out = dir.path().join("out");
    let path = out.to_str().expect("a plain name");
    let output = snatsim(&["run", "-", "-q", "-o", path], SMALL);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let mut names: Vec<String> = std::fs::read_dir(&out)
        .expect("a directory")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a plain name")
        })
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "charts",
            "command.txt",
            "lb.connect-latency.hgrm",
            "lb.port-hold.hgrm",
            "report.html",
            "result.json",
            "summary.md",
            "timeline.csv"
        ]
    );
    let csv = std::fs::read_to_string(out.join("timeline.csv")).expect("a file");
    assert!(
        csv.starts_with("outbound,replication,pool,minute,metric,dimension,value\nLB,0,apps-0,5,")
    );
}

#[test]
fn a_file_where_results_should_go_is_an_error_before_anything_is_simulated() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let path = file.path().to_str().expect("a plain name");
    let output = snatsim(&["run", "-", "-o", path], SMALL);
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("cannot write to"));
    assert_eq!(stdout(&output), "");
}

#[test]
fn a_condition_that_holds_is_status_3() {
    // 6 a second on each node times 241 s is 1,446 ports of 1,024.
    for (condition, expected) in [
        ("exhausted", 3),
        ("tight", 3),
        ("refused", 0),
        ("failureProbability>1e-4", 3),
        ("failureProbability>0.9", 0),
    ] {
        let output = snatsim(&["run", "-", "-q", "--fail-on", condition], SMALL);
        assert_eq!(status(&output), expected, "{condition}");
        assert_eq!(
            stderr(&output).contains("--fail-on holds for LB"),
            expected == 3
        );
    }
}

#[test]
fn what_azure_refuses_is_an_error_of_run_and_a_row_of_compare() {
    let set = [
        "--set",
        "/outbound/LB/loadBalancerProfile/allocatedOutboundPorts=1001",
    ];
    let run = snatsim(&[&["run", "-"], &set[..]].concat(), SMALL);
    assert_eq!(status(&run), 2);
    assert!(stderr(&run).contains("E0310"), "{}", stderr(&run));
    let compare = snatsim(&[&["compare", "-"], &set[..]].concat(), SMALL);
    assert_eq!(status(&compare), 0, "{}", stderr(&compare));
    assert!(stdout(&compare).contains("LB: Azure would refuse this: "));
}

#[test]
fn files_are_looked_for_beside_the_scenario() {
    let dir = tempfile::tempdir().expect("a directory");
    let scenario = dir.path().join("replay.json");
    std::fs::write(
        dir.path().join("log.csv"),
        "start,node,protocol,address,port,lifetime,close\n0,web,tcp,203.0.113.4,443,1,fin\n",
    )
    .expect("a file");
    std::fs::write(
        &scenario,
        r#"{ "name": "replay", "duration": "10m",
             "workloads": [ { "name": "log", "arrivals": { "trace": { "file": "log.csv" } } } ],
             "outbound": [ { "outboundType": "loadBalancer" } ] }"#,
    )
    .expect("a file");
    let output = snatsim(&["run", scenario.to_str().expect("a plain name")], "");
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    std::fs::remove_file(dir.path().join("log.csv")).expect("it was there");
    let output = snatsim(&["run", scenario.to_str().expect("a plain name")], "");
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("log.csv"), "{}", stderr(&output));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_snatsim"))
        .args(["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(status(&output), 0);
    assert_eq!(stderr(&output), "");
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = tempfile::tempdir().expect("a directory");
    let output = snatsim(&["man", dir.path().to_str().expect("a plain name")], "");
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    for page in [
        "snatsim.1",
        "snatsim-run.1",
        "snatsim-compare.1",
        "snatsim-explain.1",
    ] {
        assert!(dir.path().join(page).exists(), "{page}");
    }
}

#[test]
fn an_explanation_keeps_to_the_schema_that_the_program_prints() {
    let parse = |output: &Output| -> serde_json::Value {
        assert_eq!(status(output), 0, "{}", stderr(output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let schema = parse(&snatsim(&["schema", "explanation"], ""));
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let arguments = ["explain", "--format", "json"];
    for subject in ["default-cluster", "replayed-trace", "queue-workers", "-"] {
        let found = parse(&snatsim(&[&arguments[..], &[subject]].concat(), SMALL));
        assert!(schema.is_valid(&found), "{subject}");
    }
}

#[test]
fn a_scenario_without_outbound_types_is_explained_under_those_of_azure() {
    let mut value: serde_json::Value = serde_json::from_str(SMALL).expect("JSON");
    value.as_object_mut().expect("an object").remove("outbound");
    let output = snatsim(&["explain", "-"], &value.to_string());
    for kind in ["loadBalancer", "managedNATGateway", "userDefinedRouting"] {
        assert!(stdout(&output).contains(&format!("\n{kind}\n=")), "{kind}");
    }
}

#[test]
fn what_aks_refuses_of_the_cluster_is_explained_once() {
    let sets = [
        "--set",
        "/cluster/nodePools/apps/maxPods=9",
        "--set",
        "/outbound/LB/name=LB",
    ];
    let output = snatsim(&[&["explain", "-"], &sets[..]].concat(), SMALL);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output).matches("E0252").count(), 1);
    assert!(stdout(&output).contains("1,024 ports per node"));
    assert_eq!(
        status(&snatsim(&[&["run", "-"], &sets[..]].concat(), SMALL)),
        2
    );
}

#[test]
fn what_a_verdict_hangs_on_stands_under_the_table_and_in_the_result() {
    let output = snatsim(&["run", "-", "--uncertainty"], SMALL);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let text = stdout(&output).replace('\n', " ");
    assert!(
        text.contains(
            "LB: exhausted, but clear with loadBalancerReleaseTimers false; 2 other readings tried"
        ),
        "{text}"
    );
    assert!(text.contains("reproduce  snatsim run - --seed 1 --uncertainty"));
    assert!(stderr(&output).starts_with("--uncertainty: 3 runs instead of one\n"));
    let json = snatsim(&["run", "-", "--uncertainty", "--format", "json"], SMALL);
    let result: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let schema = serde_json::from_slice(&snatsim(&["schema", "result"], "").stdout).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    assert!(schema.is_valid(&result));
    let outbound = &result["outbounds"][0];
    assert_eq!(outbound["dependsOn"][0], "loadBalancerReleaseTimers");
    assert_eq!(outbound["alternatives"].as_array().map(Vec::len), Some(2));
}

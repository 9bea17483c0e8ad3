//! Sweeps through the program: the same bytes however often it is killed, on any number of threads, in any shards.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Twelve points of a few milliseconds; three of them Azure refuses, and three break a rule of scenarios.
const SWEEP: &str = r#"{
  "name": "small", "replications": 2,
  "scenario": { "file": "base.json" },
  "axes": [
    { "name": "nodes", "pointer": "/cluster/nodePools/apps/count", "values": [0, 2, 3, 20] },
    { "name": "ports", "pointer": "/outbound/LB/loadBalancerProfile/allocatedOutboundPorts", "values": [64, 1001, 1024] }
  ]
}"#;

const BASE: &str = r#"{
  "name": "base", "duration": "20m", "warmup": "5m",
  "cluster": { "nodePools": [ { "name": "apps", "count": 2 } ] },
  "destinations": [ { "name": "sql", "port": 1433 } ],
  "workloads": [ {
    "name": "orders", "destination": "sql",
    "arrivals": { "poisson": { "perSecond": 12 } },
    "lifetime": { "exponential": { "mean": "1s" } },
    "connect": { "timeout": "10s" } } ],
  "outbound": [ { "name": "LB", "outboundType": "loadBalancer" },
                { "name": "NAT", "outboundType": "managedNATGateway" } ]
}"#;

/// A folder with the sweep in it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempfile::tempdir().expect("a directory"));
        desk.write("sweep.json", SWEEP);
        desk.write("base.json", BASE);
        desk
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_snatsim"));
        command
            .args(args)
            .current_dir(self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the program starts")
    }

    /// Runs it, and it has to work.
    fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}: {}",
            stderr(&output)
        );
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs it, and it has to fail so; what it says.
    fn fails(&self, status: i32, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(
            output.status.code(),
            Some(status),
            "{args:?}: {}",
            stderr(&output)
        );
        stderr(&output).to_owned()
    }

    /// Every file under a directory with its bytes.
    fn tree(&self, name: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path(name);
        let mut found = BTreeMap::new();
        gather(&root, &root, &mut found);
        assert!(found.len() > 10, "{name} has files");
        found
    }
}

fn gather(root: &Path, folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(root, &path, found);
        } else {
            let inside = path.strip_prefix(root).expect("under the root").to_owned();
            found.insert(inside, fs::read(&path).expect("a readable file"));
        }
    }
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("text")
}

/// Says which files differ rather than printing all.
fn assert_same(a: &BTreeMap<PathBuf, Vec<u8>>, b: &BTreeMap<PathBuf, Vec<u8>>) {
    let names = |tree: &BTreeMap<PathBuf, Vec<u8>>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(a), names(b));
    for (name, bytes) in a {
        assert!(b[name] == *bytes, "{} differs", name.display());
    }
}

/// Numbers that look random, from a fixed seed.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    })
}

#[test]
fn the_table_has_a_row_for_every_point_and_outbound_refused_ones_too() {
    let desk = Desk::new();
    let table = desk.done(&["sweep", "sweep.json", "-q"]);
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|known| known == name)
            .expect("a column")
    };
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    let words = |row: &csv::StringRecord, columns: &[&str]| {
        let words: Vec<&str> = columns.iter().map(|name| &row[column(name)]).collect();
        words.join(" ")
    };
    let starts: Vec<String> = rows
        .iter()
        .map(|row| {
            words(
                row,
                &["point", "nodes", "ports", "outbound", "verdict", "codes"],
            )
        })
        .collect();
    assert_eq!(rows.len(), 24);
    assert_eq!(starts[0], "0 0 64 LB refused E0202");
    assert_eq!(starts[1], "0 0 64 NAT refused E0202");
    assert!(
        starts[6].starts_with("3 2 64 LB exhausted F0101"),
        "{}",
        starts[6]
    );
    assert_eq!(starts[8], "4 2 1001 LB refused E0310");
    assert!(starts[9].starts_with("4 2 1001 NAT clear"), "{}", starts[9]);
    assert!(
        starts[23].starts_with("11 20 1024 NAT clear"),
        "{}",
        starts[23]
    );
    assert_eq!(
        words(&rows[0], &["connections.offered", "pools.limit"]),
        " "
    );
    // Common random numbers: NAT Gateway meets the same connections whatever the Load Balancer's ports.
    let of = |row: usize| {
        words(
            &rows[row],
            &["connections.offered", "pools.peakUsed", "portHold.mean"],
        )
    };
    assert_eq!(of(7), of(9));
    assert_eq!(of(7), of(11));
}

#[test]
fn a_point_is_what_run_gives_with_set() {
    let desk = Desk::new();
    desk.done(&["sweep", "sweep.json", "-q", "-o", "out"]);
    let set = "/outbound/LB/loadBalancerProfile/allocatedOutboundPorts=1024";
    let run = desk.done(&[
        "run",
        "base.json",
        "--replications",
        "2",
        "--set",
        "/cluster/nodePools/apps/count=3",
        "--set",
        set,
        "--format",
        "json",
    ]);
    let point =
        fs::read_to_string(desk.path("out/points/000/000008/result.json")).expect("a point");
    assert!(point == run, "the hash of the scenario too");
}

#[test]
fn the_same_bytes_on_any_number_of_threads_stored_or_printed() {
    let desk = Desk::new();
    desk.done(&["sweep", "sweep.json", "-q", "-o", "one", "--threads", "1"]);
    desk.done(&["sweep", "sweep.json", "-q", "-o", "many", "--threads", "7"]);
    let one = desk.tree("one");
    assert_same(&one, &desk.tree("many"));
    let printed = desk.done(&["sweep", "sweep.json", "-q"]);
    assert_eq!(printed.as_bytes(), one[Path::new("table.csv")]);
    // Done already: nothing changes.
    desk.done(&["sweep", "sweep.json", "-q", "-o", "one"]);
    assert_same(&one, &desk.tree("one"));
}

/// Starts the sweep again and again and kills it after some milliseconds, until it ends by itself; how often it was
/// killed.
fn kill_until_done(
    desk: &Desk,
    args: &[&str],
    longest: u64,
    numbers: &mut impl Iterator<Item = u64>,
) -> u32 {
    for killed in 0..500 {
        let mut child: Child = desk.command(args).spawn().expect("the program starts");
        // The longer it takes, the longer it may: it has to end on a slow machine too.
        let most = longest + u64::from(killed / 20) * longest;
        std::thread::sleep(Duration::from_millis(
            numbers.next().expect("numbers do not end") % most,
        ));
        let _ = child.kill();
        let output = child.wait_with_output().expect("it ends");
        if output.status.success() {
            return killed;
        }
        assert_eq!(output.status.code(), None, "{}", stderr(&output));
    }
    panic!("it never came to an end");
}

#[test]
fn killed_at_any_moment_it_goes_on_and_ends_with_the_same_bytes() {
    let desk = Desk::new();
    desk.done(&["sweep", "sweep.json", "-q", "--no-report", "-o", "whole"]);
    let whole = desk.tree("whole");
    let mut numbers = numbers();
    let mut kills = 0;
    for round in 0..8 {
        let out = format!("killed-{round}");
        let args = ["sweep", "sweep.json", "-q", "--no-report", "-o", &out];
        kills += kill_until_done(&desk, &args, 40, &mut numbers);
        assert_same(&whole, &desk.tree(&out));
    }
    assert!(kills >= 8, "it was killed {kills} times only");
}

#[test]
fn what_is_there_after_a_kill_is_whole() {
    let desk = Desk::new();
    desk.done(&["sweep", "sweep.json", "-q", "-o", "whole"]);
    let whole = desk.tree("whole");
    for millis in [3, 6, 10, 15, 20, 30, 45, 60] {
        let mut child = desk
            .command(&["sweep", "sweep.json", "-q", "-o", "out", "--restart"])
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(millis));
        let _ = child.kill();
        child.wait().expect("it ends");
        if !desk.path("out").exists() {
            continue;
        }
        let mut found = BTreeMap::new();
        gather(&desk.path("out"), &desk.path("out"), &mut found);
        let unfinished = |name: &Path| {
            let name = name.to_string_lossy();
            name.starts_with(".unfinished") || name.starts_with(".snatsim-")
        };
        for (name, bytes) in found.iter().filter(|(name, _)| !unfinished(name)) {
            assert!(
                whole[name] == *bytes,
                "{} after {millis} ms",
                name.display()
            );
        }
    }
}

#[test]
fn shards_in_any_order_make_the_whole() {
    let desk = Desk::new();
    desk.done(&["sweep", "sweep.json", "-q", "-o", "whole"]);
    let whole = desk.tree("whole");
    for of in [1, 2, 3, 5, 13] {
        let names: Vec<String> = (0..of)
            .map(|index| format!("shard-{index}-of-{of}"))
            .collect();
        for (index, name) in names.iter().enumerate() {
            let shard = format!("{index}/{of}");
            desk.done(&["sweep", "sweep.json", "-q", "-o", name, "--shard", &shard]);
        }
        let mut inputs: Vec<&str> = names.iter().map(String::as_str).collect();
        for turn in 0..2 {
            let out = format!("merged-{of}-{turn}");
            inputs.reverse();
            let twice = [&inputs[..], &inputs[..1]].concat();
            let merge =
                |inputs: &[&str]| desk.done(&[&["merge", "-q", "-o", &out], inputs].concat());
            let first = merge(&twice);
            assert_same(&whole, &desk.tree(&out));
            assert_eq!(first, merge(&inputs), "merged already: nothing changes");
            assert_same(&whole, &desk.tree(&out));
        }
    }
}

#[test]
fn a_merge_that_was_killed_goes_on() {
    let desk = Desk::new();
    desk.done(&["sweep", "sweep.json", "-q", "--no-report", "-o", "whole"]);
    for shard in ["0/2", "1/2"] {
        let out = format!("shard-{}", &shard[..1]);
        desk.done(&["sweep", "sweep.json", "-q", "-o", &out, "--shard", shard]);
    }
    // A report is made anew each time, and takes longer than this waits on a busy machine.
    let args = [
        "merge",
        "-q",
        "--no-report",
        "shard-0",
        "shard-1",
        "-o",
        "out",
    ];
    kill_until_done(&desk, &args, 15, &mut numbers());
    assert_same(&desk.tree("whole"), &desk.tree("out"));
}

#[test]
fn a_merge_says_what_is_missing_and_what_does_not_belong() {
    let desk = Desk::new();
    for index in 0..3 {
        let (out, shard) = (format!("s{index}"), format!("{index}/4"));
        desk.done(&["sweep", "sweep.json", "-q", "-o", &out, "--shard", &shard]);
    }
    let words = desk.fails(2, &["merge", "s2", "s0", "-o", "out"]);
    assert!(
        words.contains("shards 1/4, 3/4 of \"small\" missing"),
        "{words}"
    );
    assert!(!desk.path("out").exists(), "nothing was begun");
    desk.done(&["sweep", "sweep.json", "-q", "-o", "s3", "--shard", "3/4"]);
    fs::remove_dir_all(desk.path("s1/points/000/000005")).expect("it was there");
    let words = desk.fails(2, &["merge", "s0", "s1", "s2", "s3", "-o", "out"]);
    assert!(
        words.contains(
            "s1 lacks 1 of 3 points; this goes on with it: snatsim sweep SWEEP -o s1 --shard 1/4"
        ),
        "{words}"
    );
    desk.done(&["sweep", "sweep.json", "-q", "-o", "s1", "--shard", "1/4"]);
    desk.done(&["sweep", "sweep.json", "-q", "-o", "half", "--shard", "1/2"]);
    let words = desk.fails(2, &["merge", "s0", "half", "-o", "out"]);
    assert!(
        words.contains("s0 is one of 4 shards and half one of 2"),
        "{words}"
    );
    desk.done(&[
        "sweep",
        "sweep.json",
        "-q",
        "-o",
        "other",
        "--shard",
        "1/4",
        "--seed",
        "7",
    ]);
    let words = desk.fails(2, &["merge", "s0", "other", "s2", "s3", "-o", "out"]);
    assert!(
        words.contains("s0 (there) and other (here) are not of one sweep"),
        "{words}"
    );
    assert!(words.contains("the seed there is 1, here 7"), "{words}");
    desk.done(&["merge", "-q", "s0", "s1", "s2", "s3", "-o", "out"]);
    // The same shard twice, but not the same figures.
    let result = desk.path("s1/points/000/000001/result.json");
    let text = fs::read_to_string(&result).expect("a result");
    fs::write(&result, text.replace("base", "bass")).expect("a result");
    let words = desk.fails(2, &["merge", "s0", "s1", "s2", "s3", "-o", "out"]);
    assert!(words.contains("point 1 is not the same"), "{words}");
}

#[test]
fn another_sweep_scenario_seed_version_or_shard_is_refused_and_restart_starts_over() {
    let desk = Desk::new();
    let go = ["sweep", "sweep.json", "-q", "-o", "out"];
    desk.done(&go);
    let refused = |more: &[&str], reason: &str| {
        let words = desk.fails(2, &[&go[..], more].concat());
        assert!(
            words.contains("out holds another sweep") && words.contains(reason),
            "{words}"
        );
        assert!(words.contains("--restart"), "{words}");
    };
    refused(&["--seed", "2"], "the seed there is 1, here 2");
    refused(
        &["--replications", "3"],
        "the number of replications there is 2, here 3",
    );
    refused(
        &["--shard", "0/2"],
        "the part there is the whole sweep, here shard 0/2",
    );
    refused(
        &["--set", "/duration=21m"],
        "the base scenario \"base\", a file that it names or an override",
    );
    desk.write(
        "base.json",
        &BASE.replace("\"perSecond\": 12", "\"perSecond\": 13"),
    );
    refused(&[], "the base scenario \"base\"");
    desk.write("base.json", BASE);
    desk.write("sweep.json", &SWEEP.replace("[64, 1001", "[72, 1001"));
    refused(&[], "the axes are not the same");
    desk.write(
        "sweep.json",
        &SWEEP.replace(
            "\"replications\"",
            "\"description\": \"x\", \"replications\"",
        ),
    );
    refused(&[], "the sweep file is not the same");
    desk.write("sweep.json", SWEEP);
    let manifest = desk.path("out/manifest.json");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let version = format!("\"snatsim\": \"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(&manifest, text.replace(&version, "\"snatsim\": \"0.0.9\"")).expect("a manifest");
    refused(&[], "the version of snatsim there is 0.0.9");
    // Over, with another sweep: the same as if nothing had been there.
    desk.done(&[&go[..], &["--restart", "--seed", "2"]].concat());
    desk.done(&["sweep", "sweep.json", "-q", "-o", "new", "--seed", "2"]);
    assert_same(&desk.tree("new"), &desk.tree("out"));
}

#[test]
fn a_directory_with_other_files_is_left_alone() {
    let desk = Desk::new();
    fs::create_dir(desk.path("home")).expect("a directory");
    desk.write("home/thesis.txt", "years of work");
    for more in [&[][..], &["--restart"]] {
        let words = desk.fails(2, &[&["sweep", "sweep.json", "-o", "home"], more].concat());
        assert!(
            words.contains("has files in it and no manifest.json"),
            "{words}"
        );
    }
    let left: Vec<_> = fs::read_dir(desk.path("home"))
        .expect("a directory")
        .collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn a_second_process_in_the_same_directory_is_refused_and_changes_nothing() {
    let desk = Desk::new();
    desk.done(&["sweep", "sweep.json", "-q", "-o", "whole"]);
    fs::create_dir(desk.path("out")).expect("a directory");
    let lock = fs::File::create(desk.path("out/.lock")).expect("a lock");
    lock.lock().expect("nobody else has it");
    let words = desk.fails(1, &["sweep", "sweep.json", "-o", "out"]);
    assert!(
        words.contains("another snatsim is at work in out"),
        "{words}"
    );
    drop(lock);
    // Two at once: each does it all or is refused.
    let start = || {
        desk.command(&["sweep", "sweep.json", "-q", "-o", "out"])
            .spawn()
    };
    let children = [start(), start(), start()].map(|child| child.expect("the program starts"));
    let codes = children.map(|child| child.wait_with_output().expect("it ends").status.code());
    assert!(
        codes.contains(&Some(0)) && codes.iter().all(|code| [Some(0), Some(1)].contains(code)),
        "{codes:?}"
    );
    assert_same(&desk.tree("whole"), &desk.tree("out"));
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_status_1_with_the_reason_and_the_same_command_goes_on() {
    let desk = Desk::new();
    desk.done(&["sweep", "sweep.json", "-q", "-o", "whole"]);
    // Files of at most 8 blocks of 512 bytes stand for a disk that is full; without the trap a signal would end it.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" sweep sweep.json -q -o out";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_snatsim")])
        .current_dir(desk.0.path())
        .output()
        .expect("a shell");
    let words = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(
        words.contains("cannot write out/") && words.contains("File too large"),
        "{words}"
    );
    assert!(words.contains("goes on from there"), "{words}");
    assert!(
        !desk.path("out/.unfinished").exists(),
        "nothing half-written is left"
    );
    desk.done(&["sweep", "sweep.json", "-q", "-o", "out"]);
    assert_same(&desk.tree("whole"), &desk.tree("out"));
}

#[cfg(unix)]
#[test]
fn an_interrupt_is_status_130_and_says_how_to_go_on() {
    let desk = Desk::new();
    // Of a person, and of Kubernetes.
    for signal in ["INT", "TERM"] {
        let long = [
            "sweep",
            "sweep.json",
            "-o",
            signal,
            "--set",
            "/duration=300h",
        ];
        let child = desk.command(&long).spawn().expect("the program starts");
        while !desk.path(signal).join("points").exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let interrupt = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(interrupt.expect("kill").success());
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("the same command goes on from there"),
            "{}",
            stderr(&output)
        );
        assert_eq!(output.stdout, b"");
        assert!(!desk.path(signal).join("table.csv").exists());
    }
}

#[test]
fn a_condition_that_holds_at_a_point_is_status_3_on_every_call() {
    let desk = Desk::new();
    for _ in 0..2 {
        let words = desk.fails(
            3,
            &[
                "sweep",
                "sweep.json",
                "-q",
                "-o",
                "out",
                "--fail-on",
                "failureProbability>0.1",
            ],
        );
        assert!(
            words.contains("--fail-on holds at point 3 for LB"),
            "{words}"
        );
    }
    desk.fails(3, &["sweep", "sweep.json", "-q", "--fail-on", "refused"]);
    desk.done(&[
        "sweep",
        "sweep.json",
        "-q",
        "--fail-on",
        "connectLatency.max>60",
    ]);
}

#[test]
fn the_summary_says_what_came_of_it_and_where_to_look() {
    let desk = Desk::new();
    let text = desk.done(&["sweep", "sweep.json", "-o", "out"]);
    assert!(
        text.starts_with("small: 12 points, 2 replications, seed 1\n24 rows: "),
        "{text}"
    );
    assert!(
        text.contains("first at point 3 (nodes 2, ports 64): "),
        "{text}"
    );
    assert!(
        text.ends_with("every figure  out/table.csv\nevery point   out/points\n"),
        "{text}"
    );
    let quiet = desk.done(&["sweep", "sweep.json", "-q", "-o", "out", "--threads", "1"]);
    assert!(text.starts_with(&quiet), "{quiet}");
}

#[test]
fn a_damaged_point_is_named_and_made_again_when_it_is_removed() {
    let desk = Desk::new();
    let go = ["sweep", "sweep.json", "-q", "-o", "out"];
    desk.done(&go);
    let whole = desk.tree("out");
    let point = desk.path("out/points/000/000007");
    fs::write(point.join("result.json"), "{").expect("a file");
    let words = desk.fails(1, &go);
    assert!(
        words.contains("000007/result.json is damaged") && words.contains("remove the folder"),
        "{words}"
    );
    fs::remove_dir_all(&point).expect("it was there");
    desk.done(&go);
    assert_same(&whole, &desk.tree("out"));
}

#[test]
fn compare_fills_in_the_azure_types_and_paired_axes_advance_together() {
    let desk = Desk::new();
    let inline = BASE.replace(
        r#",
  "outbound": [ { "name": "LB", "outboundType": "loadBalancer" },
                { "name": "NAT", "outboundType": "managedNATGateway" } ]"#,
        "",
    );
    desk.write(
        "paired.json",
        &format!(
            r#"{{ "scenario": {{ "inline": {inline} }}, "compare": true, "replications": 2, "axes": [ {{ "paired": [
              {{ "name": "nodes", "pointer": "/cluster/nodePools/0/count", "values": [1, 4] }},
              {{ "name": "rate", "pointer": "/workloads/0/arrivals/poisson/perSecond", "range": {{ "from": 2, "to": 8, "step": 6 }} }}
            ] }} ] }}"#
        ),
    );
    let table = desk.done(&["sweep", "paired.json", "-q"]);
    let starts: Vec<String> = table
        .lines()
        .map(|line| line.split(',').take(4).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        starts,
        [
            "point nodes rate outbound",
            "0 1 2 loadBalancer",
            "0 1 2 managedNATGateway",
            "0 1 2 userDefinedRouting",
            "1 4 8 loadBalancer",
            "1 4 8 managedNATGateway",
            "1 4 8 userDefinedRouting",
        ]
    );
}

#[test]
fn a_reader_of_the_table_that_has_seen_enough_is_no_error() {
    let desk = Desk::new();
    let mut child = desk
        .command(&["sweep", "sweep.json", "-q"])
        .spawn()
        .expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_shard_is_written_as_it_is_counted() {
    let desk = Desk::new();
    for (shard, reason) in [
        ("4/4", "the last of 4 is 3/4"),
        ("0/0", "at least one shard"),
        ("x", "expected I/N"),
    ] {
        let words = desk.fails(2, &["sweep", "sweep.json", "--shard", shard]);
        assert!(words.contains(reason), "{words}");
    }
}

//! Programs run to their end, and what they took.

use serde::{Deserialize, Serialize};
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;
use wait4::Wait4;

/// The argument that makes this program run another, with its path and arguments after it.
pub const RUN: &str = "run";

/// What one run of a program took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Used {
    /// Time of its processors, user and system, start-up included, in seconds.
    pub cpu: f64,
    /// Time on the wall, in seconds.
    pub wall: f64,
    /// Most memory it had at a time, in bytes.
    pub peak: f64,
}

/// Runs `command` to its end; what it took, and what it printed.
///
/// Linux counts what a process had before it became another program, a copy of the one that started it, among what
/// that program took. So it is started by a process that has nothing yet: this program, anew.
pub fn run(command: &Command) -> (Used, String) {
    let this = std::env::current_exe().expect("this program has a path");
    let output = Command::new(this)
        .arg(RUN)
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be run");
    assert!(output.status.success(), "{command:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).expect("it prints what `print_run` does")
}

/// Runs `program` to its end and prints what it took, and what it printed, for [`run`].
pub fn print_run(program: &str, arguments: &[String]) {
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut printed = String::new();
    let output = child.stdout.as_mut().expect("it is piped");
    output.read_to_string(&mut printed).expect("it prints text");
    let done = child.wait4().expect("it was started");
    let wall = start.elapsed().as_secs_f64();
    assert!(done.status.success(), "{program}: {}", done.status);
    let used = Used {
        cpu: (done.rusage.utime + done.rusage.stime).as_secs_f64(),
        wall,
        peak: done.rusage.maxrss as f64,
    };
    let took = serde_json::to_string(&(used, printed)).expect("figures and text");
    println!("{took}");
}

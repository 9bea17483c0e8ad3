//! Programs run to their end, and what they took.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;
use wait4::Wait4;

/// What one run of a program took.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// Time of its processors, user and system, start-up included, in seconds.
    pub cpu: f64,
    /// Time on the wall, in seconds.
    pub wall: f64,
    /// Most memory it had at a time, in bytes.
    pub peak: f64,
}

/// Runs `command` to its end; what it took, and what it printed.
pub fn run(command: &mut Command) -> (Used, String) {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut printed = String::new();
    let output = child.stdout.as_mut().expect("it is piped");
    output.read_to_string(&mut printed).expect("it prints text");
    let done = child.wait4().expect("it was started");
    let wall = start.elapsed().as_secs_f64();
    assert!(done.status.success(), "{command:?}: {}", done.status);
    let used = Used {
        cpu: (done.rusage.utime + done.rusage.stime).as_secs_f64(),
        wall,
        peak: done.rusage.maxrss as f64,
    };
    (used, printed)
}

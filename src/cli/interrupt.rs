//! What happens when somebody, or the machinery that a sweep runs under, asks it to stop.

use super::{Failure, say};
use anyhow::Context;
use std::io::{self, IsTerminal};
use std::path::Path;

/// Says how to go on and ends with status 130, on Ctrl-C as on the SIGTERM of `kill`, Kubernetes and Docker. What is
/// finished is whole already.
pub(super) fn on_interrupt(path: &Path, quiet: bool) -> Result<(), Failure> {
    // The bar stands on the line.
    let start = if io::stderr().is_terminal() { "\n" } else { "" };
    let words = format!(
        "{start}interrupted; what is finished stays in {}, and the same command goes on from there\n",
        path.display()
    );
    on_signal(move || {
        if !quiet {
            say(&words);
        }
        std::process::exit(130);
    })
    .context("cannot listen for Ctrl-C")?;
    Ok(())
}

/// SIGTERM too: the kernel takes no notice of it for a container's first process that does not ask for it. Not SIGHUP,
/// which `nohup` has ignored.
#[cfg(unix)]
fn on_signal(stop: impl FnOnce() + Send + 'static) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            stop();
        }
    });
    Ok(())
}

#[cfg(not(unix))]
fn on_signal(stop: impl FnMut() + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(stop)
}

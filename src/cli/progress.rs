//! Progress on standard error: a bar on a terminal, now and then a line elsewhere.

use super::say;
use crate::results::words::{count, span};
use crate::sweep::Progress;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

/// Between two lines, at least.
const PAUSE: Duration = Duration::from_secs(5);

/// Tells how far a sweep has come, with its rate and the time left.
pub enum Meter {
    /// Says nothing.
    Quiet,
    /// A bar.
    Bar(ProgressBar),
    /// Lines.
    Lines {
        /// When counting began.
        start: Instant,
        /// When the last line was said.
        last: Instant,
    },
}

impl Meter {
    /// For standard error as it is.
    pub fn new(quiet: bool) -> Meter {
        let now = Instant::now();
        if quiet {
            Meter::Quiet
        } else if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template(
                "{bar:40} {human_pos} of {human_len} points, {per_sec}, {eta} left",
            );
            Meter::Bar(ProgressBar::new(0).with_style(style.expect("the template is well-formed")))
        } else {
            Meter::Lines {
                start: now,
                last: now,
            }
        }
    }

    /// Hears of a point that is done.
    pub fn hear(&mut self, progress: Progress) {
        let Progress { done, before, of } = progress;
        match self {
            Meter::Quiet => {}
            Meter::Bar(bar) if bar.length() != Some(of) => {
                bar.set_length(of);
                bar.set_position(done);
                // What an earlier process did says nothing about the rate of this one.
                bar.reset_eta();
            }
            Meter::Bar(bar) => bar.set_position(done),
            Meter::Lines { start, last } => {
                if last.elapsed() < PAUSE || done == before {
                    return;
                }
                *last = Instant::now();
                let rate = (done - before) as f64 / start.elapsed().as_secs_f64();
                let left = span((of - done) as f64 / rate);
                say(&format!(
                    "{} of {} points, {rate:.1} a second, {left} left\n",
                    count(done),
                    count(of)
                ));
            }
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Meter::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

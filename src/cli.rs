//! What a person types: one file a subcommand, which opens files, calls the library and prints.

mod compare;
mod completions;
mod example;
mod examples;
mod explain;
mod fail_on;
mod interrupt;
mod man;
mod merge;
mod plot;
mod precision;
mod progress;
mod report;
mod run;
mod schema;
mod simulation;
mod sweep;

pub use examples::{EXAMPLES, Example, INCIDENTS, SCENARIOS, SWEEPS};
pub use simulation::Source;

use clap::{CommandFactory, Parser, Subcommand};
use std::io;
use std::process::ExitCode;

const ABOUT: &str = "Simulates SNAT port exhaustion on AKS egress: \
    Load Balancer, NAT Gateway and Azure Firewall";

const AFTER_HELP: &str = "\
A first look:
  snatsim compare                                 the built-in cluster under all three Azure types
  snatsim example                                 scenarios to start from
  snatsim example default-cluster > shop.json     take one and make it yours
  snatsim explain shop.json                       what would Azure say of it? nothing is simulated
  snatsim compare shop.json                       which outbound type carries it?
  snatsim run shop.json --set /duration=4h -o out every figure, and a report with charts
  snatsim sweep --example node-tiers              where does it break? a table over many variations
  snatsim report before after -o both             charts of saved results, side by side
  snatsim explain F0101                           the story behind a code

Exit status:
  0 done   1 failed while running   2 the command line or the input was wrong
  3 a --fail-on condition holds     130 interrupted";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "snatsim", version, about = ABOUT, after_help = AFTER_HELP, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Compare(compare::Args),
    Sweep(sweep::Args),
    Merge(merge::Args),
    Report(report::Args),
    Example(example::Args),
    Explain(explain::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// The command line as clap knows it, for help, completions and manual pages.
fn command() -> clap::Command {
    Cli::command()
}

/// What came of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It did what was asked.
    Done,
    /// It did, and a condition of `--fail-on` holds.
    ConditionHolds,
}

/// Why a command failed.
#[derive(Debug)]
enum Failure {
    /// The command line or the input was wrong. The text is complete.
    Input(String),
    /// Something went wrong on the way.
    Running(anyhow::Error),
}

impl Failure {
    fn input(reason: impl std::fmt::Display) -> Failure {
        Failure::Input(format!("error: {reason}\n"))
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Running(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Running(error.into())
    }
}

/// Parses the command line, does what it asks for, and says how it went.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Sweep(args) => sweep::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Example(args) => example::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    exit_code(done)
}

fn exit_code(done: Result<Outcome, Failure>) -> ExitCode {
    match done {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::ConditionHolds) => ExitCode::from(3),
        Err(Failure::Input(text)) => {
            say(&text);
            ExitCode::from(2)
        }
        // Whoever read our output has seen enough.
        Err(Failure::Running(error)) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(Failure::Running(error)) => {
            say(&format!("error: {error:#}\n"));
            ExitCode::from(1)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Words on standard error; that nobody reads them is no failure.
fn say(text: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Writes to standard output.
fn print(text: &str) -> Result<(), Failure> {
    use io::Write;
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}

//! `snatsim run`: simulate every outbound type of a scenario.

use super::simulation::{Options, Verb, simulate};
use super::{Failure, Outcome};

/// Simulate every outbound type of a scenario
///
/// Prints a table: verdict, failure probability with its interval, peak ports against the limit,
/// the first failure, and how long connecting took. An outbound type that Azure would refuse is an
/// error here; `compare` shows it as a row.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario file; `-` reads standard input
    scenario: Option<String>,
    #[command(flatten)]
    options: Options,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    simulate(Verb::Run, args.scenario.as_deref(), &args.options)
}

//! `snatsim schema`: the JSON Schemas, for editors and for readers of results.

use super::{Failure, Outcome, print};
use crate::{results, scenario, sweep};

/// Print the JSON Schema of scenarios, of sweeps, of results or of explanations
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Of what
    #[arg(value_enum, default_value_t = Format::Scenario)]
    of: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// The file that is simulated
    Scenario,
    /// The file that `sweep` takes
    Sweep,
    /// result.json
    Result,
    /// What `explain SCENARIO --format json` prints
    Explanation,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let schema = match args.of {
        Format::Scenario => scenario::schema(),
        Format::Sweep => sweep::schema(),
        Format::Result => results::schema(),
        Format::Explanation => results::explanation::schema(),
    };
    print(&format!("{schema:#}\n"))?;
    Ok(Outcome::Done)
}

//! `snatsim merge`: the shards of a sweep put together.

use super::interrupt::on_interrupt;
use super::progress::Meter;
use super::sweep::{show, with_hint};
use super::{Failure, Outcome};
use crate::sweep;
use std::path::PathBuf;

/// Put the shards of a sweep together
///
/// The result is the same, byte for byte, as if one process had run the whole sweep. The order of
/// the directories does not matter, nor does it if one is named twice or the result is there
/// already. Shards of different sweeps, scenarios, seeds or versions are refused.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Directories that `snatsim sweep --shard I/N -o DIR` wrote
    #[arg(required = true, value_name = "DIR")]
    directories: Vec<PathBuf>,
    /// Where the whole sweep goes
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Write the data only; `snatsim report` makes the report later
    #[arg(long)]
    no_report: bool,
    /// Only the result: no progress, no hints
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    on_interrupt(&args.output, args.quiet)?;
    let mut meter = Meter::new(args.quiet);
    let mut progress = |at| meter.hear(at);
    let merged = sweep::merge(
        &args.directories,
        &args.output,
        &mut progress,
        &mut |_, _| (),
    );
    meter.end();
    let summary = merged.map_err(|error| with_hint(error, "merge"))?;
    if !args.no_report {
        super::report::write(&args.output, args.quiet)?;
    }
    show(&summary, &args.output, args.quiet)?;
    Ok(Outcome::Done)
}

//! `snatsim example`: list the embedded scenarios, incidents and sweeps, or print one to start from.

use super::{EXAMPLES, Example, Failure, INCIDENTS, Outcome, SWEEPS, print};
use crate::scenario;

/// List the built-in scenarios, incidents and sweeps, or print one to start from
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print this one
    name: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    match &args.name {
        Some(name) => print(find(name, &[EXAMPLES, INCIDENTS, SWEEPS])?.text)?,
        None => print(&format!(
            "{}\nIncidents that were told in public, as scenarios:\n{}\nSweeps, for `snatsim sweep --example NAME`:\n{}",
            listing(EXAMPLES),
            listing(INCIDENTS),
            listing(SWEEPS)
        ))?,
    }
    Ok(Outcome::Done)
}

/// The example with this name in one of the lists.
pub(super) fn find(name: &str, lists: &[&'static [Example]]) -> Result<&'static Example, Failure> {
    let all = lists.iter().copied().flatten();
    all.clone()
        .find(|example| example.name == name)
        .ok_or_else(|| {
            let names: Vec<String> = all.map(|example| example.name.to_owned()).collect();
            let hint = scenario::suggestion(name, &names)
                .map(|close| format!("\nDid you mean {close}?"))
                .unwrap_or_default();
            Failure::input(format!(
                "there is no example {name:?}; there are: {}{hint}",
                names.join(", ")
            ))
        })
}

fn listing(examples: &[Example]) -> String {
    let widest = examples.iter().map(|example| example.name.len()).max();
    let width = widest.unwrap_or(0);
    examples
        .iter()
        .map(|example| format!("{:<width$}  {}\n", example.name, example.headline()))
        .collect()
}

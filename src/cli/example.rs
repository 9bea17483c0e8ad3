//! `snatsim example`: list the embedded scenarios, or print one to start from.

use super::{EXAMPLES, Example, Failure, Outcome, print};
use crate::scenario;

/// List the built-in scenarios, or print one to start from
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print this one
    name: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    match &args.name {
        Some(name) => print(find(name)?.text)?,
        None => print(&listing())?,
    }
    Ok(Outcome::Done)
}

/// The example with this name.
pub(super) fn find(name: &str) -> Result<&'static Example, Failure> {
    Example::find(name).ok_or_else(|| {
        let names: Vec<String> = EXAMPLES
            .iter()
            .map(|example| example.name.to_owned())
            .collect();
        let hint = scenario::suggestion(name, &names)
            .map(|close| format!("\nDid you mean {close}?"))
            .unwrap_or_default();
        Failure::input(format!(
            "there is no example {name:?}; there are: {}{hint}",
            names.join(", ")
        ))
    })
}

fn listing() -> String {
    let widest = EXAMPLES.iter().map(|example| example.name.len()).max();
    let width = widest.unwrap_or(0);
    EXAMPLES
        .iter()
        .map(|example| format!("{:<width$}  {}\n", example.name, example.description()))
        .collect()
}

//! `snatsim man`: manual pages.

use super::{Failure, Outcome, command, print};
use anyhow::Context;
use std::path::PathBuf;

/// Print the manual page, or write one for every command into a directory
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where to write the pages
    directory: Option<PathBuf>,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    match &args.directory {
        Some(directory) => std::fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(command(), directory))
            .with_context(|| format!("cannot write manual pages to {}", directory.display()))?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command()).render(&mut page)?;
            print(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(Outcome::Done)
}

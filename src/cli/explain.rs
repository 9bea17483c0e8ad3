//! `snatsim explain`: the story behind a code.

use super::{Failure, Outcome, print};
use crate::fault::Code;
use crate::results::words::wrapped;

/// Tell the story behind a code: E codes are about an input, F codes about a result
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Such as F0101, in any case; all of them are listed without
    code: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let text = match &args.code {
        None => Code::all()
            .iter()
            .map(|code| format!("{}  {}\n", code.id(), code.title()))
            .collect(),
        Some(id) => story(Code::find(id).ok_or_else(|| {
            Failure::input(format!(
                "there is no code {id:?}; `snatsim explain` lists all"
            ))
        })?),
    };
    print(&text)?;
    Ok(Outcome::Done)
}

fn story(code: Code) -> String {
    let paragraphs: Vec<String> = code
        .story()
        .split("\n\n")
        .map(|paragraph| wrapped(paragraph, 80))
        .collect();
    format!(
        "{}: {}\n\n{}",
        code.id(),
        code.title(),
        paragraphs.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_title_and_a_story_of_more_than_a_word() {
        for code in Code::all() {
            assert!(code.title().len() > 5, "{}", code.id());
            assert!(code.story().len() > 60, "{}", code.id());
        }
    }
}

//! `snatsim explain`: the story behind a code.

use super::{Failure, Outcome, print};
use crate::fault::Code;

/// Tell the story behind a code: E codes refuse an input, F codes are findings about a result
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

/// A paragraph in lines of at most `width` letters, where its words allow.
fn wrapped(paragraph: &str, width: usize) -> String {
    let (mut text, mut column) = (String::new(), 0);
    for word in paragraph.split_whitespace() {
        let letters = word.chars().count();
        if column > 0 && column + 1 + letters > width {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text += word;
        column += letters;
    }
    text + "\n"
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

    #[test]
    fn paragraphs_wrap_between_words() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree\n");
        assert_eq!(
            wrapped("a-word-that-does-not-fit b", 5),
            "a-word-that-does-not-fit\nb\n"
        );
    }
}

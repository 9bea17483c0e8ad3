//! What is wrong with a scenario, drawn into its text.

use super::places::Places;
use crate::fault::{Code, Fault};
use crate::traffic::trace::FileError;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// Everything that is wrong with one scenario.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    origin: String,
    text: String,
    problems: Vec<Problem>,
}

/// One broken rule, and where to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The rule, and the JSON pointer to the place.
    pub fault: Fault,
    /// Bytes to underline, where the pointer does not say it best.
    pub span: Option<Range<usize>>,
    /// The line of another file that the scenario names.
    pub excerpt: Option<Excerpt>,
}

/// A line of a file that the scenario names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// Name of the file, as in the scenario.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Its text.
    pub text: String,
    /// What to underline in it, in bytes.
    pub span: Range<usize>,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Problem {
            fault,
            span: None,
            excerpt: None,
        }
    }
}

impl Problem {
    /// A problem in `file`, which the scenario names at `pointer`.
    pub fn in_file(error: FileError, file: &str, pointer: String) -> Self {
        Problem {
            excerpt: (error.line > 0).then(|| Excerpt {
                file: file.to_owned(),
                line: error.line,
                text: error.text,
                span: error.span,
            }),
            fault: Fault {
                code: error.code,
                pointer,
                found: error.found,
                allowed: error.allowed,
                remedy: error.remedy,
            },
            span: None,
        }
    }
}

/// Width that the words under a snippet are wrapped to, and that long lines of a file are cut to.
const WORDS: usize = 92;
const LINES: usize = 120;
/// Most of a line of a data file that is shown: some Zeek rows are very long.
const EXCERPT: usize = 400;

impl Diagnostics {
    /// Diagnostics about the file `text` called `origin`.
    pub(crate) fn new(origin: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        // In the order of the text, which is the order they will be mended in.
        if let Some(places) = Places::of(text) {
            problems.sort_by_key(|problem| match &problem.span {
                Some(span) => span.start,
                None => places.value(&problem.fault.pointer).start,
            });
        }
        Diagnostics {
            origin: origin.to_owned(),
            text: text.to_owned(),
            problems,
        }
    }

    /// The broken rules, in the order they were found.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether nothing but rule `code` is broken.
    pub fn only(&self, code: Code) -> bool {
        self.problems
            .iter()
            .all(|problem| problem.fault.code == code)
    }

    /// The message for people: every problem with its place underlined, and a last line that counts them.
    pub fn render(&self, color: bool) -> String {
        let renderer = match color {
            true => Renderer::styled(),
            false => Renderer::plain(),
        }
        .term_width(LINES);
        let places = Places::of(&self.text);
        let mut out = String::new();
        for problem in &self.problems {
            out.push_str(&renderer.render(&[self.group(problem, places.as_ref())]));
            out.push_str("\n\n");
        }
        let count = self.problems.len();
        let plural = if count == 1 { "" } else { "s" };
        let code = self
            .problems
            .first()
            .map_or("", |problem| problem.fault.code.id());
        out.push_str(&format!(
            "{}: {count} problem{plural}. `snatsim explain {code}` tells the story of a code.\n",
            self.origin
        ));
        out
    }

    fn group<'a>(&'a self, problem: &'a Problem, places: Option<&Places>) -> Group<'a> {
        let fault = &problem.fault;
        let title = Level::ERROR
            .primary_title(fault.code.title())
            .id(fault.code.id());
        let mut elements: Vec<Element> = Vec::new();
        match &problem.excerpt {
            Some(excerpt) => elements.extend(excerpt.snippet()),
            None if fault.code == Code::E0108 => {
                elements.push(Origin::path(format!("--set {}", fault.pointer)).into());
            }
            None => elements.push(self.snippet(problem, places)),
        }
        if problem.excerpt.is_some() {
            let named = format!("by {} at {}", self.origin, fault.pointer);
            elements.push(Level::NOTE.with_name("named").message(named).into());
        }
        for (name, words) in [
            ("found", &fault.found),
            ("allowed", &fault.allowed),
            ("mend", &fault.remedy),
        ] {
            if !words.is_empty() {
                elements.push(Level::NOTE.with_name(name).message(wrapped(words)).into());
            }
        }
        title.elements(elements)
    }

    /// The scenario's text with the place underlined.
    fn snippet<'a>(&'a self, problem: &'a Problem, places: Option<&Places>) -> Element<'a> {
        let pointer = problem.fault.pointer.as_str();
        let span = match (&problem.span, places) {
            (Some(span), _) => Some(span.clone()),
            (None, Some(places)) => Some(places.value(pointer)),
            (None, None) => None,
        };
        let Some(span) = span else {
            return Origin::path(self.origin.as_str()).into();
        };
        // A zero-width place is drawn as one character, which must exist.
        let end = self.text[span.start..]
            .chars()
            .next()
            .filter(|first| *first != '\n')
            .map_or(span.start, |first| span.start + first.len_utf8());
        // One line shows where it is; the rest of a long object would only fill the screen.
        let end = match self.text[span.clone()].find('\n') {
            Some(_) => end,
            None => end.max(span.end),
        };
        Snippet::source(self.text.as_str())
            .path(self.origin.as_str())
            .annotation(
                AnnotationKind::Primary
                    .span(span.start..end)
                    .label((!pointer.is_empty()).then_some(pointer)),
            )
            .into()
    }
}

impl Excerpt {
    fn snippet(&self) -> Option<Element<'_>> {
        let end = (0..=self.text.len().min(EXCERPT.max(self.span.end)))
            .rev()
            .find(|at| self.text.is_char_boundary(*at))?;
        let span = self.span.start.min(end)..self.span.end.min(end);
        Some(
            Snippet::source(&self.text[..end])
                .path(self.file.as_str())
                .line_start(usize::try_from(self.line).ok()?)
                .annotation(AnnotationKind::Primary.span(span))
                .into(),
        )
    }
}

/// Words wrapped to lines of [`WORDS`].
fn wrapped(words: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in words.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WORDS {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

//! `snatsim sweep`: a scenario under every combination of values.

use super::fail_on::Condition;
use super::interrupt::on_interrupt;
use super::progress::Meter;
use super::simulation::{Source, pointer_and_value, terminal_width, use_color};
use super::{Example, Failure, Outcome, SCENARIOS, SWEEPS, example, print, say};
use crate::report::{self, quoted};
use crate::results::Document;
use crate::results::words::{capital, counted};
use crate::sweep::{self, BaseSpec, Inputs, Shard, Summary, Work};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

/// Simulate a scenario under every combination of values
///
/// A sweep names a base scenario and axes: JSON pointers with the values they take. Every
/// combination is a point, with the same seed at all of them, so that points which differ in the
/// outbound only meet the same connections. Without -o the table is printed as CSV, a row for every point and outbound type.
/// With -o every point is stored as it is done: killed at any moment, the same command goes on from
/// there and ends with the same bytes. What Azure would refuse is a row with the verdict refused.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Sweep file; `-` reads standard input
    sweep: Option<String>,
    /// Take a built-in sweep instead of a file; `snatsim example` lists them
    #[arg(long, value_name = "NAME", conflicts_with = "sweep")]
    example: Option<String>,
    /// Store the table, every point, the histograms and a report with charts in this directory, or go on with what
    /// is there
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// With -o, store the data only; `snatsim report` makes the report later
    #[arg(long, requires = "output")]
    no_report: bool,
    /// Only this part of the points, as in 0/4, 1/4, 2/4 and 3/4; `snatsim merge` puts them together
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Remove what a sweep left in the directory and start over
    #[arg(long, requires = "output")]
    restart: bool,
    /// Seed of every point
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Independent replications of every point; 10 or more make an interval
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    replications: Option<u32>,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Override one value of the base scenario, as in --set /duration=2h
    #[arg(long = "set", value_name = "POINTER=VALUE", value_parser = pointer_and_value)]
    sets: Vec<(String, String)>,
    /// End with status 3 if this holds at any point for any outbound type, as in `snatsim run`
    #[arg(long, value_name = "CONDITION")]
    fail_on: Vec<Condition>,
    /// Only the result: no progress, no hints
    #[arg(short, long)]
    quiet: bool,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let source = source(args)?;
    let (text, origin) = source.read()?;
    let sweep = sweep::load(&text, &origin, &overrides(args), &source).map_err(|problems| {
        Failure::Input(problems.render(use_color(io::stderr().is_terminal())))
    })?;
    let work = Work {
        shard: args.shard,
        threads: args.threads.map(usize::from),
        restart: args.restart,
    };
    let mut judge = Judge::new(&args.fail_on);
    let mut visit = |point: u64, document: &Document| judge.hear(point, document);
    let mut meter = Meter::new(args.quiet);
    let mut progress = |at| meter.hear(at);
    match &args.output {
        None => {
            // Not locked: a thread of its own writes.
            let mut out = io::stdout();
            let done = sweep::stream(&sweep, work, &mut out, &mut progress, &mut visit);
            meter.end();
            done?;
        }
        Some(path) => {
            on_interrupt(path, args.quiet)?;
            let done = sweep::run(&sweep, work, path, &mut progress, &mut visit);
            meter.end();
            let summary = done.map_err(|error| with_hint(error, "sweep"))?;
            // A shard is no whole that could be judged.
            if !args.no_report && args.shard.is_none() {
                super::report::write(path, args.quiet)?;
            }
            show(&summary, path, args.quiet)?;
        }
    }
    Ok(judge.outcome())
}

fn source(args: &Args) -> Result<Source, Failure> {
    Ok(match (args.sweep.as_deref(), &args.example) {
        (_, Some(name)) => Source::Embedded(example::find(name, &[SWEEPS])?),
        (Some("-"), None) => Source::Input,
        (Some(path), None) => Source::File(path.into()),
        (None, None) => {
            return Err(Failure::input(
                "sweep needs a sweep: a file, - for standard input, or --example NAME \
                 (`snatsim example` lists them)",
            ));
        }
    })
}

/// All overrides of the base scenario, those with an option of their own last.
fn overrides(args: &Args) -> Vec<(String, String)> {
    let own = [
        ("/seed", args.seed.map(|seed| seed.to_string())),
        ("/replications", args.replications.map(|n| n.to_string())),
    ];
    let own = own
        .into_iter()
        .filter_map(|(pointer, value)| Some((pointer.to_owned(), value?)));
    args.sets.iter().cloned().chain(own).collect()
}

/// A sweep opens its scenario relative to itself, and a scenario its files.
impl Inputs for Source {
    fn scenario(&self, base: &BaseSpec) -> Result<(String, String), String> {
        self.base(base)?.read().map_err(|failure| match failure {
            Failure::Input(text) => sentence(&text),
            Failure::Running(error) => format!("{error:#}."),
        })
    }

    fn file(&self, base: &BaseSpec, name: &str) -> io::Result<Vec<u8>> {
        self.base(base).map_err(io::Error::other)?.file(name)
    }
}

impl Source {
    /// Where the base scenario of this sweep comes from.
    fn base(&self, base: &BaseSpec) -> Result<Source, String> {
        Ok(match (base, self) {
            (BaseSpec::Example(name), _) => {
                Source::Embedded(Example::find(name).ok_or_else(|| unknown(name))?)
            }
            (BaseSpec::File(name), Source::File(sweep)) => {
                Source::File(sweep.parent().unwrap_or(Path::new("")).join(name))
            }
            (BaseSpec::File(name), Source::Input) => Source::File(name.into()),
            (BaseSpec::File(name), Source::Embedded(_)) => {
                return Err(format!(
                    "A built-in sweep has no file \"{name}\" beside it."
                ));
            }
            (BaseSpec::Inline(_), source) => source.clone(),
        })
    }
}

fn unknown(example: &str) -> String {
    let names: Vec<&str> = SCENARIOS
        .iter()
        .copied()
        .flatten()
        .map(|example| example.name)
        .collect();
    format!(
        "There is no example \"{example}\"; there are {}.",
        names.join(", ")
    )
}

/// `error: cannot …` as a sentence.
fn sentence(text: &str) -> String {
    let text = text.trim().trim_start_matches("error: ");
    match text.is_empty() {
        true => String::new(),
        false => format!("{}.", capital(text)),
    }
}

/// How to go on after what went wrong on the way.
pub(super) fn with_hint(error: sweep::Error, verb: &str) -> Failure {
    match error {
        error @ (sweep::Error::Write { .. } | sweep::Error::Read { .. }) => {
            let hint = format!(
                "{error}\nWhat is finished is kept; once that is mended the same {verb} goes on from there"
            );
            Failure::Running(anyhow::Error::msg(hint))
        }
        sweep::Error::Differs { .. } if verb == "sweep" => Failure::input(format!(
            "{error}\n--restart removes it and starts over, -o names another directory"
        )),
        error => error.into(),
    }
}

impl From<sweep::Error> for Failure {
    fn from(error: sweep::Error) -> Failure {
        match error {
            sweep::Error::Point(problems) => Failure::Input(problems.render(false)),
            // As it is, so that a broken pipe is known for one.
            sweep::Error::Output(error) => Failure::Running(error.into()),
            error if error.is_input() => Failure::input(error),
            error => Failure::Running(error.into()),
        }
    }
}

/// Prints what a directory comes to, and where to look.
pub(super) fn show(summary: &Summary, path: &Path, quiet: bool) -> Result<(), Failure> {
    print(&report::sweep(summary, terminal_width().min(100)))?;
    if !quiet {
        let table = quoted(&[path.join("table.csv").display().to_string()]);
        let points = quoted(&[path.join("points").display().to_string()]);
        print(&format!(
            "\nevery figure  {table}\nevery point   {points}\n"
        ))?;
    }
    Ok(())
}

/// Holds results against the conditions of `--fail-on`.
struct Judge<'a> {
    conditions: &'a [Condition],
    held: u64,
    /// The first of them, in words.
    first: Vec<String>,
}

/// Times that a condition holds which are told one by one.
const TOLD: usize = 10;

impl<'a> Judge<'a> {
    fn new(conditions: &'a [Condition]) -> Self {
        Judge {
            conditions,
            held: 0,
            first: Vec::new(),
        }
    }

    fn hear(&mut self, point: u64, document: &Document) {
        let conditions = self.conditions.iter();
        for found in conditions.flat_map(|condition| condition.held_by(document)) {
            self.held += 1;
            if self.first.len() < TOLD {
                self.first.push(format!("point {point} for {found}"));
            }
        }
    }

    fn outcome(&self) -> Outcome {
        for first in &self.first {
            say(&format!("--fail-on holds at {first}\n"));
        }
        let more = self.held - self.first.len() as u64;
        if more > 0 {
            say(&format!("--fail-on holds {}\n", counted(more, "more time")));
        }
        match self.held {
            0 => Outcome::Done,
            _ => Outcome::ConditionHolds,
        }
    }
}

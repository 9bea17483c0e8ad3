//! What `run` and `compare` share: read a scenario, simulate it, write and print what came of it.

use super::fail_on::Condition;
use super::precision::{self, Relative};
use super::{EXAMPLES, Example, Failure, Outcome, SCENARIOS, example, plot, print, say};
use crate::model::{self, Model};
use crate::report::{self, Style, quoted, saved};
use crate::results::words::{counted, wrapped};
use crate::results::{self, About, Document, ResultDir, UseByMinute};
use crate::scenario::{self, Loaded};
use crate::simulate::{self, Detail, rare};
use crate::sweep;
use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

/// Options of everything that simulates.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Take a built-in scenario instead of a file; `snatsim example` lists them
    #[arg(long, value_name = "NAME", conflicts_with = "scenario")]
    pub example: Option<String>,
    /// Seed: the same scenario and seed give the same result on any number of threads
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Independent replications; 10 or more make an interval
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    replications: Option<u32>,
    /// Run 20 replications, and twice as many until the upper end of every failure probability's
    /// interval is at most this part above its estimate, such as 0.1 or 10%
    #[arg(long, value_name = "PART", conflicts_with = "replications")]
    precision: Option<Relative>,
    /// Replications at which --precision gives up, and says how many more it would take
    #[arg(long, value_name = "N", default_value_t = 1_280, requires = "precision",
          value_parser = clap::value_parser!(u32).range(20..=100_000))]
    max_replications: u32,
    /// Estimate as well how rarely a first SYN is refused in the steady state, down to where no run
    /// would see it; Poisson arrivals only
    #[arg(long)]
    rare: bool,
    /// Run again under what else documents say of each assumption that bears on the scenario, one at a
    /// time on the same connections, and tell which of them the verdict hangs on
    #[arg(long)]
    uncertainty: bool,
    /// Threads; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,
    /// Override one value of the scenario; elements of a list by name or number,
    /// as in --set '/outbound/NAT Gateway/natGatewayProfile/idleTimeoutInMinutes=10'
    #[arg(long = "set", value_name = "POINTER=VALUE", value_parser = pointer_and_value)]
    sets: Vec<(String, String)>,
    /// Write result.json, timeline.csv, the histograms and a report with charts into this directory
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// With -o, write the data only; `snatsim report` makes the report later
    #[arg(long, requires = "output")]
    no_report: bool,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// End with status 3 if this holds for any outbound type: tight, slow, exhausted, refused (at
    /// least that bad), or a figure above a bound, such as 'failureProbability>1e-4' (judged by the
    /// upper end of its interval), 'peakUse>0.9', 'connectLatency.p99>1'
    #[arg(long, value_name = "CONDITION")]
    fail_on: Vec<Condition>,
    /// Only the result: no progress, no plot, no hints
    #[arg(short, long)]
    quiet: bool,
}

impl Options {
    /// Whether the table is to have a plot beside or below it.
    fn plotted(&self, model: &Model) -> bool {
        let replications = match self.precision {
            Some(_) => self.max_replications,
            None => model.replications,
        };
        self.format == Format::Table && !self.quiet && plot::fits(model, replications)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// For people
    Table,
    /// For programs: the whole document
    Json,
}

/// Which command simulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `run`: the scenario as it is; what Azure would refuse is an error.
    Run,
    /// `compare`: with the Azure types it lacks; what Azure would refuse is a row.
    Compare,
}

pub(super) fn pointer_and_value(text: &str) -> Result<(String, String), String> {
    let (pointer, value) = text
        .split_once('=')
        .ok_or("expected POINTER=VALUE, such as /duration=2h")?;
    Ok((pointer.to_owned(), value.to_owned()))
}

/// Simulates a scenario and prints what came of it.
pub fn simulate(verb: Verb, scenario: Option<&str>, options: &Options) -> Result<Outcome, Failure> {
    let source = Source::of(verb, scenario, options)?;
    let input = source.read()?;
    let first = options
        .precision
        .map_or(options.replications, |_| Some(precision::FIRST));
    let mut prepared = prepare(verb, &source, &input, options, first)?;
    let directory = options.output.as_deref().map(open_directory).transpose()?;
    let plotted = options.plotted(&prepared.model);
    let detail = match (&directory, options.format) {
        (None, Format::Table) if !plotted => Detail::Table,
        _ => Detail::Full,
    };
    let bar = bar(options);
    let run = with_threads(options.threads, || match options.precision {
        None => simulate::simulate(&prepared.model, detail, &on(&bar)),
        Some(wanted) => {
            let most = options.max_replications;
            precision::simulate(&mut prepared.model, wanted, most, detail, &on(&bar))
        }
    })?;
    let took = Some(prepared.model.replications);
    if took != first && options.precision.is_some() {
        // As if this many had been asked for: the hash of the scenario covers it.
        prepared = prepare(verb, &source, &input, options, took)?;
    }
    let Prepared { model, about, .. } = &prepared;
    let mut document = results::document(model, &run, about);
    if options.rare {
        let drawn = with_threads(options.threads, || rare::rare(model, &on(&bar)))?;
        results::add_rare(&mut document, model, &drawn);
    }
    if options.uncertainty {
        let mut files = |name: &str| source.file(name);
        let trials =
            sweep::trials(&prepared.loaded, model, &document, &mut files).map_err(refused)?;
        if !options.quiet {
            let runs = counted(trials.runs.len() as u64 + 1, "run");
            say(&format!("--uncertainty: {runs} instead of one\n"));
        }
        with_threads(options.threads, || {
            sweep::run_trials(&trials, &mut document, about, &on(&bar));
        })?;
    }
    bar.finish_and_clear();
    if let (Some(directory), Some(path)) = (directory, &options.output) {
        let command = command_line(verb, &source, options, &document);
        directory
            .write(&document, model, &run)
            .and_then(|()| directory.file(saved::COMMAND, |out| writeln!(out, "{command}")))
            .with_context(|| format!("cannot write to {}", path.display()))?;
        if !options.no_report {
            super::report::write(path, options.quiet)?;
        }
    }
    let uses = plotted.then(|| results::use_by_minute(model, &run));
    show(verb, &source, options, &document, uses.as_deref())?;
    if let Some(path) = options
        .output
        .as_deref()
        .filter(|_| !options.quiet && !options.no_report)
    {
        super::report::point_to(path);
    }
    if let Some(wanted) = options.precision.filter(|_| !options.quiet) {
        say(&precision::words(&document, wanted));
    }
    Ok(judge(&options.fail_on, &document))
}

/// Where a scenario or a sweep comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// It is built in.
    Embedded(&'static Example),
    /// Standard input.
    Input,
    /// A file.
    File(PathBuf),
}

impl Source {
    fn of(verb: Verb, scenario: Option<&str>, options: &Options) -> Result<Source, Failure> {
        Ok(match (scenario, &options.example) {
            (_, Some(name)) => Source::Embedded(example::find(name, SCENARIOS)?),
            (Some("-"), None) => Source::Input,
            (Some(path), None) => Source::File(path.into()),
            (None, None) if verb == Verb::Compare => Source::Embedded(&EXAMPLES[0]),
            (None, None) => {
                return Err(Failure::input(
                    "run needs a scenario: a file, - for standard input, or --example NAME \
                     (`snatsim example` lists them)",
                ));
            }
        })
    }

    /// Its text, and what to call it.
    pub(super) fn read(&self) -> Result<(String, String), Failure> {
        let wrong = |origin: &str, error: io::Error| {
            Failure::input(format!("cannot read {origin}: {error}"))
        };
        match self {
            Source::Embedded(example) => Ok((example.text.to_owned(), example.name.to_owned())),
            Source::Input => {
                let mut text = String::new();
                io::stdin()
                    .read_to_string(&mut text)
                    .map_err(|error| wrong("standard input", error))?;
                Ok((text, "standard input".to_owned()))
            }
            Source::File(path) => {
                let origin = path.display().to_string();
                let text = std::fs::read_to_string(path).map_err(|error| wrong(&origin, error))?;
                Ok((text, origin))
            }
        }
    }

    /// A file that the scenario names, relative to it.
    pub(super) fn file(&self, name: &str) -> io::Result<Vec<u8>> {
        match self {
            Source::Embedded(example) => example
                .file(name)
                .map(<[u8]>::to_vec)
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
            Source::Input => std::fs::read(name),
            Source::File(path) => std::fs::read(path.parent().unwrap_or(Path::new("")).join(name)),
        }
    }

    /// How it is named on the command line; nothing for what `verb` takes by default.
    fn words(&self, verb: Verb) -> Vec<String> {
        match self {
            Source::Embedded(example)
                if verb == Verb::Compare && example.name == EXAMPLES[0].name =>
            {
                Vec::new()
            }
            Source::Embedded(example) => vec!["--example".to_owned(), example.name.to_owned()],
            Source::Input => vec!["-".to_owned()],
            Source::File(path) => vec![path.display().to_string()],
        }
    }
}

/// A scenario that is ready to run.
struct Prepared {
    loaded: Loaded,
    model: Model,
    about: About,
}

/// Makes the model of a scenario, given as (text, what to call it), with the files it names, and holds it against all
/// rules.
fn prepare(
    verb: Verb,
    source: &Source,
    (text, origin): &(String, String),
    options: &Options,
    replications: Option<u32>,
) -> Result<Prepared, Failure> {
    let mut loaded =
        scenario::load(text, origin, &overrides(options, replications)).map_err(refused)?;
    if verb == Verb::Compare {
        loaded.fill_in_azure_types();
    }
    let mut files = Vec::new();
    let model = model::build(&loaded, &mut |name| {
        let bytes = source.file(name)?;
        files.push((name.to_owned(), bytes.clone()));
        Ok(bytes)
    })
    .map_err(refused)?;
    if let (Verb::Run, Some(diagnostics)) = (verb, model::refusals(&model, &loaded)) {
        return Err(refused(diagnostics));
    }
    let against = if options.rare {
        rare::obstacles(&model)
    } else {
        Vec::new()
    };
    if !against.is_empty() {
        let problems = against.into_iter().map(scenario::Problem::from).collect();
        return Err(refused(loaded.diagnostics(problems)));
    }
    let about = About {
        scenario_sha256: sha256(&loaded, &files),
        compare: verb == Verb::Compare,
    };
    Ok(Prepared {
        loaded,
        model,
        about,
    })
}

/// What is wrong with a scenario, drawn for the terminal.
pub(super) fn refused(diagnostics: scenario::Diagnostics) -> Failure {
    Failure::Input(diagnostics.render(use_color(io::stderr().is_terminal())))
}

/// The hash over the scenario and its files in the order it names them, each once.
fn sha256(loaded: &Loaded, read: &[(String, Vec<u8>)]) -> String {
    let in_order: Vec<(String, Vec<u8>)> = loaded
        .files()
        .iter()
        .filter_map(|name| read.iter().find(|(known, _)| known == name).cloned())
        .collect();
    scenario::sha256(loaded, &in_order)
}

/// All overrides, those with an option of their own last.
fn overrides(options: &Options, replications: Option<u32>) -> Vec<(String, String)> {
    let own = [
        ("/seed", options.seed.map(|seed| seed.to_string())),
        ("/replications", replications.map(|n| n.to_string())),
    ];
    let own = own
        .into_iter()
        .filter_map(|(pointer, value)| Some((pointer.to_owned(), value?)));
    options.sets.iter().cloned().chain(own).collect()
}

fn open_directory(path: &Path) -> Result<ResultDir, Failure> {
    ResultDir::open(path)
        .map_err(|error| Failure::input(format!("cannot write to {}: {error}", path.display())))
}

/// Runs `work` on this many threads, or on all cores.
fn with_threads<T: Send>(
    threads: Option<u16>,
    work: impl FnOnce() -> T + Send,
) -> Result<T, Failure> {
    let Some(threads) = threads else {
        return Ok(work());
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(usize::from(threads))
        .build()
        .context("cannot start threads")?;
    Ok(pool.install(work))
}

/// A bar on standard error where somebody looks.
fn bar(options: &Options) -> ProgressBar {
    let target = if options.quiet {
        ProgressDrawTarget::hidden()
    } else {
        // Draws nothing where standard error is no terminal.
        ProgressDrawTarget::stderr()
    };
    ProgressBar::with_draw_target(None, target).with_style(
        ProgressStyle::with_template("simulating {bar:40} {percent} % {elapsed}")
            .expect("the template is well-formed"),
    )
}

/// Shows (done, in all) on `bar`.
fn on(bar: &ProgressBar) -> impl Fn(u64, u64) + Sync {
    |done, in_all| {
        bar.set_length(in_all);
        bar.set_position(done);
    }
}

fn show(
    verb: Verb,
    source: &Source,
    options: &Options,
    document: &Document,
    uses: Option<&[Option<UseByMinute>]>,
) -> Result<(), Failure> {
    if options.format == Format::Json {
        let json = serde_json::to_string_pretty(document).context("cannot print the result")?;
        return print(&(json + "\n"));
    }
    let style = Style {
        width: terminal_width(),
        color: use_color(io::stdout().is_terminal()),
    };
    let document = &report::plainly(document);
    print(&report::with_plot(document, uses, style))?;
    if options.quiet {
        return Ok(());
    }
    let again = command_line(verb, source, options, document);
    let finding = wrapped(&report::finding(document), style.width.min(100));
    print(&format!("\n{finding}\n"))?;
    for doubt in report::doubts(document) {
        let doubt = wrapped(&doubt, style.width.min(100));
        print(&format!("{doubt}\n"))?;
    }
    print(&format!("reproduce  {again}\n"))?;
    for (line, command) in ["try next   ", "           "]
        .iter()
        .zip(next_commands(verb, source, options, document))
    {
        say(&format!("{line}{command}\n"));
    }
    Ok(())
}

/// Columns of the terminal that standard output is, 100 where it is none.
pub(super) fn terminal_width() -> usize {
    comfy_table::Table::new().width().map_or(100, usize::from)
}

/// Colour for people only, and not for those who ask for none (<https://no-color.org>).
pub(super) fn use_color(is_terminal: bool) -> bool {
    is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The command that gives this very result again.
fn command_line(verb: Verb, source: &Source, options: &Options, document: &Document) -> String {
    let mut words = vec!["snatsim".to_owned(), verb.word().to_owned()];
    words.extend(source.words(verb));
    words.extend(["--seed".to_owned(), document.seed.to_string()]);
    if options.replications.is_some() || options.precision.is_some() {
        words.extend([
            "--replications".to_owned(),
            document.replications.to_string(),
        ]);
    }
    let flags = [
        (options.rare, "--rare"),
        (options.uncertainty, "--uncertainty"),
    ];
    let flags = flags.iter().filter(|(given, _)| *given);
    words.extend(flags.map(|(_, flag)| (*flag).to_owned()));
    for (pointer, value) in &options.sets {
        words.extend(["--set".to_owned(), format!("{pointer}={value}")]);
    }
    quoted(&words)
}

/// Two commands that lead on from here.
fn next_commands(
    verb: Verb,
    source: &Source,
    options: &Options,
    document: &Document,
) -> [String; 2] {
    let mut outbounds: Vec<_> = document.outbounds.iter().collect();
    outbounds.sort_by_key(|outbound| std::cmp::Reverse(outbound.verdict));
    // What the verdict itself says is in the table; the code after it says why.
    let findings = outbounds.iter().flat_map(|outbound| &outbound.findings);
    let mut codes = findings.map(|finding| finding.code.as_str());
    let why = codes.clone().find(|code| *code > "F0103");
    let explain = why.or(codes.next()).unwrap_or("F0101");
    let second = match source {
        Source::Embedded(example) => {
            format!("snatsim example {0} > {0}.json", example.name)
        }
        Source::Input | Source::File(_) if options.output.is_none() => {
            command_line(verb, source, options, document) + " -o results"
        }
        Source::Input | Source::File(_) => "snatsim example".to_owned(),
    };
    [format!("snatsim explain {explain}"), second]
}

impl Verb {
    fn word(self) -> &'static str {
        match self {
            Verb::Run => "run",
            Verb::Compare => "compare",
        }
    }
}

/// Whether a condition holds, saying which and why on standard error.
fn judge(conditions: &[Condition], document: &Document) -> Outcome {
    let mut outcome = Outcome::Done;
    for found in conditions
        .iter()
        .flat_map(|condition| condition.held_by(document))
    {
        say(&format!("--fail-on holds for {found}\n"));
        outcome = Outcome::ConditionHolds;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_is_a_pointer_and_a_value() {
        assert_eq!(
            pointer_and_value("/a=b=c"),
            Ok(("/a".to_owned(), "b=c".to_owned()))
        );
        assert!(pointer_and_value("/a").is_err());
    }
}

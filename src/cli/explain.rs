//! `snatsim explain`: the arithmetic behind a scenario, or the story behind a code.

use super::simulation::{Format, Source, pointer_and_value, refused, terminal_width};
use super::{Example, Failure, Outcome, SCENARIOS, example, print};
use crate::fault::Code;
use crate::model::{Model, Note};
use crate::results::words::wrapped;
use crate::scenario::Loaded;
use crate::{model, report, results, scenario};
use anyhow::Context;
use std::path::Path;

/// Explain a scenario by arithmetic alone, or tell the story behind a code
///
/// For a scenario: who counts as a node and why, the ports of every outbound type, what Azure would
/// refuse in its own words and how far away that is, what the load asks of the ports, how long ports
/// are kept and which of these times are uncertain. Nothing is simulated. A scenario without outbound
/// types is explained under the three of Azure, as in `compare`. For a code: E codes are
/// about an input, F codes about a result.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Scenario file, `-` for standard input, or a code such as F0101; all codes are listed without
    #[arg(value_name = "SCENARIO|CODE")]
    what: Option<String>,
    /// Take a built-in scenario instead of a file; `snatsim example` lists them
    #[arg(long, value_name = "NAME", conflicts_with = "what")]
    example: Option<String>,
    /// Override one value of the scenario, as in --set /cluster/nodePools/apps/count=51
    #[arg(long = "set", value_name = "POINTER=VALUE", value_parser = pointer_and_value)]
    sets: Vec<(String, String)>,
    /// What to print of a scenario
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<Outcome, Failure> {
    let text = match subject(args)? {
        Subject::Codes => Code::all()
            .iter()
            .map(|code| format!("{}  {}\n", code.id(), code.title()))
            .collect(),
        Subject::Code(code) => story(code),
        Subject::Scenario(source) => explained(&source, args)?,
    };
    print(&text)?;
    Ok(Outcome::Done)
}

/// What is to be explained.
enum Subject {
    Codes,
    Code(Code),
    Scenario(Source),
}

fn subject(args: &Args) -> Result<Subject, Failure> {
    if let Some(name) = &args.example {
        let found = example::find(name, SCENARIOS)?;
        return Ok(Subject::Scenario(Source::Embedded(found)));
    }
    let Some(what) = args.what.as_deref() else {
        return Ok(Subject::Codes);
    };
    Ok(match Code::find(what) {
        _ if what == "-" => Subject::Scenario(Source::Input),
        _ if Path::new(what).exists() => Subject::Scenario(Source::File(what.into())),
        Some(code) => Subject::Code(code),
        None => match Example::find(what) {
            Some(found) => Subject::Scenario(Source::Embedded(found)),
            None => {
                return Err(Failure::input(format!(
                    "there is no file and no code {what:?}; `snatsim explain` lists all codes, `snatsim example` the \
                     built-in scenarios"
                )));
            }
        },
    })
}

fn explained(source: &Source, args: &Args) -> Result<String, Failure> {
    let (text, origin) = source.read()?;
    let mut loaded = scenario::load(&text, &origin, &args.sets).map_err(refused)?;
    if loaded
        .spec
        .outbound
        .as_deref()
        .unwrap_or_default()
        .is_empty()
    {
        loaded.fill_in_azure_types();
    }
    let model = before_events(&loaded, source)?;
    let explanation = results::explain(&model);
    Ok(match args.format {
        Format::Json => {
            serde_json::to_string_pretty(&explanation).context("cannot print the explanation")?
                + "\n"
        }
        Format::Table => report::explanation(&explanation, terminal_width()),
    })
}

/// The model of what is so before anything happens; what Azure would refuse later it refuses here too, and what
/// autoscalers do later it knows.
fn before_events(loaded: &Loaded, source: &Source) -> Result<Model, Failure> {
    let model = model::build(loaded, &mut |name| source.file(name)).map_err(refused)?;
    if !model.has_events() {
        return Ok(model);
    }
    let before = loaded.before_events();
    let mut before = model::build(&before, &mut |name| source.file(name)).map_err(refused)?;
    for (before, eventful) in before.outbounds.iter_mut().zip(&model.outbounds) {
        if eventful.plan.is_err() {
            before.plan = eventful.plan.clone();
        }
        before.notes.push(Note {
            code: Code::F0170,
            text: "The scenario has events: this is what is so before them. `snatsim run` tells what they do.".to_owned(),
        });
    }
    let becomes = model.outbounds.iter().flat_map(|outbound| {
        let stages = outbound.stages(model.nodes.len()).into_iter().skip(1);
        stages.map(|stage| {
            let at = model.epochs[stage.epochs.start].at;
            outbound.as_of(&stage, at)
        })
    });
    before.outbounds.extend(becomes);
    before.autoscalers = model.autoscalers;
    Ok(before)
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

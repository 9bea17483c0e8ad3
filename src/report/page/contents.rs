//! What the page and the summary say in words: findings, tables, assumptions, and how to make the result again.

mod assumptions;
mod changes;
mod sweep;

use crate::report::chart::data::{Data, Entry};
use crate::report::chart::plain;
use crate::report::saved::Saved;
use crate::report::unnamed::unnamed;
use crate::report::{charts, doubts, finding, table};
use crate::results::words::{counted, difference as difference_words, estimate, list, span};
use crate::results::{Comparison, OutboundResult};
use serde::Serialize;

/// Everything in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Contents {
    /// Title of the page.
    pub title: String,
    /// What was simulated.
    pub subtitle: String,
    /// The finding, one sentence a result.
    pub lead: Vec<String>,
    /// What changed from one result to another.
    pub changes: Vec<Changes>,
    /// What speaks against trusting the figures.
    pub doubts: Vec<String>,
    /// What is known of each outbound.
    pub outbounds: Vec<Known>,
    /// Where some are not told one by one.
    pub more_outbounds: Option<String>,
    /// The comparison, and what goes with it.
    pub tables: Vec<Table>,
    /// What is looked up rather than read, after the charts.
    pub lists: Vec<Table>,
    /// What the assumptions are and what they changed.
    pub assumptions_say: String,
    /// The assumptions.
    pub assumptions: Table,
    /// How to make each result again.
    pub runs: Vec<Listed>,
}

/// What changed from one result to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes {
    /// From which to which.
    pub title: String,
    /// A sentence an outbound.
    pub sentences: Vec<String>,
}

/// What is known of an outbound.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Known {
    /// Name.
    pub name: String,
    /// Verdict.
    pub verdict: String,
    /// One sentence.
    pub summary: String,
    /// Findings.
    pub findings: Vec<crate::results::Finding>,
}

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    /// Its name inside the page.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it is of, where it has no heading.
    pub caption: String,
    /// Names of the columns.
    pub header: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// What is to be said below it.
    pub note: Option<String>,
}

/// A cell: what is written, and the number behind it as the result has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// What is written.
    pub text: String,
    /// The number behind it.
    pub value: Option<String>,
}

/// How to make a result again: (name, value, whether it is to be typed).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Listed {
    /// Which result, where there are several.
    pub label: Option<String>,
    /// What is known.
    pub items: Vec<(String, String, bool)>,
}

impl Cell {
    /// Without a number.
    pub fn text(text: impl AsRef<str>) -> Cell {
        Cell {
            text: plain(text.as_ref()),
            value: None,
        }
    }

    /// With the number behind it.
    pub fn number(text: impl AsRef<str>, value: Option<f64>) -> Cell {
        Cell {
            value: value.map(|value| serde_json::Value::from(value).to_string()),
            ..Cell::text(text)
        }
    }
}

impl Table {
    /// The data of a chart.
    pub fn of(data: Data) -> Table {
        let cell = |entry: Entry| Cell::number(entry.text, entry.value);
        Table {
            caption: data.caption,
            header: data.header,
            rows: data
                .rows
                .into_iter()
                .map(|row| row.into_iter().map(cell).collect())
                .collect(),
            ..Table::default()
        }
    }
}

/// Outbounds that are told one by one.
const TOLD: usize = 24;

impl Contents {
    /// Of one result, or of several side by side.
    pub fn of_runs(saved: &[Saved], title: Option<&str>) -> Contents {
        let several = saved.len() > 1;
        let mut contents = Contents {
            title: title.map_or_else(|| heading(saved), plain),
            subtitle: subtitle(saved),
            assumptions_say:
                "What Azure does not document, or documents in two ways, and what was taken for it."
                    .to_owned(),
            ..Contents::default()
        };
        for one in saved {
            let of = |text: String| match several {
                true => format!("{}: {text}", plain(&one.label)),
                false => plain(&text),
            };
            contents.lead.push(of(finding(&one.document)));
            contents
                .doubts
                .extend(doubts(&one.document).into_iter().map(of));
            for outbound in &one.document.outbounds {
                contents.outbounds.push(Known {
                    name: name(one, outbound, several),
                    verdict: outbound.verdict.word().to_owned(),
                    summary: plain(&outbound.summary),
                    findings: outbound.findings.clone(),
                });
            }
            contents.runs.push(run(one, several));
        }
        // One outbound has said it all in the lead.
        if contents.outbounds.len() > TOLD {
            let more = (contents.outbounds.len() - TOLD) as u64;
            contents.more_outbounds =
                Some(format!("{} in the table.", counted(more, "more outbound")));
            contents.outbounds.truncate(TOLD);
        }
        if let Some(change) = charts::change_of(saved) {
            contents.lead.insert(0, plain(&format!("{change}.")));
        }
        contents.tables.push(comparison(saved, several));
        changes::add(&mut contents, saved);
        contents.tables.extend(differences(saved, several));
        contents.tables.extend(alternatives(saved, several));
        contents.assumptions = assumptions::table(saved);
        contents
    }
}

fn name(saved: &Saved, outbound: &OutboundResult, several: bool) -> String {
    match several {
        true => plain(&format!("{}: {}", saved.label, outbound.name)),
        false => plain(&outbound.name),
    }
}

fn heading(saved: &[Saved]) -> String {
    match saved {
        [one] => plain(&one.document.scenario),
        several => {
            let labels: Vec<String> = several.iter().map(|one| one.label.clone()).collect();
            let scenario = &several[0].document.scenario;
            let same = several.iter().all(|one| one.document.scenario == *scenario);
            match same {
                true => plain(&format!("{scenario}: {}", list(&labels))),
                false => plain(&list(&labels)),
            }
        }
    }
}

fn subtitle(saved: &[Saved]) -> String {
    let of = |one: &Saved| {
        let document = &one.document;
        let warmup = match document.warmup {
            0.0 => String::new(),
            warmup => format!(", counted from {} on", span(warmup)),
        };
        format!(
            "{}: {} simulated{warmup}, {}, seed {}",
            plain(&document.scenario),
            span(document.duration),
            counted(u64::from(document.replications), "replication"),
            document.seed
        )
    };
    let mut parts: Vec<String> = saved.iter().map(of).collect();
    parts.dedup();
    parts.join("; ")
}

fn comparison(saved: &[Saved], several: bool) -> Table {
    let mut header: Vec<String> = table::HEADER
        .iter()
        .map(|name| name.replace('\n', " "))
        .collect();
    header[2] = "connections failed".to_owned();
    let mut rows = Vec::new();
    for one in saved {
        for outbound in &one.document.outbounds {
            let [_, verdict, failed, ports, first, latency] = table::cells(outbound);
            let figures = outbound.figures.as_ref();
            rows.push(vec![
                Cell::text(name(one, outbound, several)),
                Cell::text(verdict),
                Cell::number(
                    failed,
                    figures.and_then(|figures| figures.failure_probability.estimate),
                ),
                Cell::number(
                    ports,
                    figures.map(|figures| f64::from(figures.pools.peak_used)),
                ),
                Cell::number(
                    first,
                    figures.and_then(|figures| Some(figures.first_failure.as_ref()?.at)),
                ),
                Cell::number(
                    latency,
                    figures.and_then(|figures| figures.connect_latency.p99),
                ),
            ]);
        }
    }
    Table {
        id: "comparison".to_owned(),
        title: "Side by side".to_owned(),
        header,
        rows,
        note: confidence(saved),
        ..Table::default()
    }
}

fn confidence(saved: &[Saved]) -> Option<String> {
    let confidence = (1e4 * saved.first()?.document.confidence).round() / 100.0;
    let mut note = format!(
        "In brackets the interval at {confidence} % confidence; <: the upper bound at that confidence where none was seen."
    );
    let outbounds = saved.iter().flat_map(|one| &one.document.outbounds);
    let mut firsts = outbounds.filter_map(|one| one.figures.as_ref()?.first_failure.as_ref());
    if firsts.any(|first| first.during_warmup) {
        note += " *: in the warm-up, which counts for nothing else here.";
    }
    let mut unnamed: Vec<String> = saved
        .iter()
        .filter_map(|one| unnamed(&one.document))
        .collect();
    unnamed.dedup();
    note.extend(unnamed.iter().map(|names| format!(" {names}.")));
    Some(note)
}

fn differences(saved: &[Saved], several: bool) -> Option<Table> {
    let pairs = saved
        .iter()
        .flat_map(|one| one.document.comparisons.iter().map(move |pair| (one, pair)));
    let rows: Vec<Vec<Cell>> = pairs
        .map(|(one, pair)| difference(one, pair, several))
        .collect();
    (!rows.is_empty()).then(|| Table {
        id: "differences".to_owned(),
        title: "Differences on the same connections".to_owned(),
        header: ["from", "to", "failure probability", "interval", "pairs"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        note: Some(
            "All outbounds of a comparison meet the same arrivals, so that what differs is the outbound alone; clients, owners \
             and pools of connections react to it, and open others."
                .to_owned(),
        ),
        ..Table::default()
    })
}

fn difference(saved: &Saved, pair: &Comparison, several: bool) -> Vec<Cell> {
    let of = |name: &str| match several {
        true => Cell::text(format!("{}: {name}", saved.label)),
        false => Cell::text(name),
    };
    let bounds = pair.low.zip(pair.high);
    let words = difference_words(pair.difference, bounds);
    vec![
        of(&pair.a),
        of(&pair.b),
        Cell::number(words.value, Some(pair.difference)),
        Cell::text(words.interval.unwrap_or_else(|| "none".to_owned())),
        Cell::number(pair.pairs.to_string(), Some(f64::from(pair.pairs))),
    ]
}

/// What came of other readings, where `--uncertainty` tried them.
fn alternatives(saved: &[Saved], several: bool) -> Option<Table> {
    let mut rows = Vec::new();
    for one in saved {
        for outbound in &one.document.outbounds {
            for tried in outbound.alternatives.iter().flatten() {
                let failed = tried.failure_probability.as_ref();
                let flips = tried.verdict != outbound.verdict;
                rows.push(vec![
                    Cell::text(name(one, outbound, several)),
                    Cell::text(&tried.assumption),
                    Cell::text(value(&tried.value)),
                    Cell::text(match flips {
                        true => format!(
                            "{} instead of {}",
                            tried.verdict.word(),
                            outbound.verdict.word()
                        ),
                        false => tried.verdict.word().to_owned(),
                    }),
                    Cell::number(
                        failed.map_or("-".to_owned(), estimate),
                        failed.and_then(|found| found.estimate),
                    ),
                ]);
            }
        }
    }
    (!rows.is_empty()).then(|| Table {
        id: "uncertainty".to_owned(),
        title: "What the assumptions change".to_owned(),
        header: [
            "outbound",
            "assumption",
            "if it were",
            "verdict",
            "connections failed",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
        ..Table::default()
    })
}

/// A JSON value as a person writes it.
fn value(value: &serde_json::Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn run(one: &Saved, several: bool) -> Listed {
    let document = &one.document;
    let mut items = Vec::new();
    let mut item =
        |name: &str, value: String, typed: bool| items.push((name.to_owned(), value, typed));
    if let Some(command) = &one.command {
        item("Command", plain(command), true);
    }
    item("Scenario", plain(&document.scenario), false);
    item(
        "SHA-256 of the scenario",
        document.scenario_sha256.clone(),
        true,
    );
    item("Seed", document.seed.to_string(), false);
    item("Replications", document.replications.to_string(), false);
    item(
        "Simulated with",
        format!("snatsim {}", plain(&document.snatsim)),
        false,
    );
    Listed {
        label: several.then(|| plain(&one.label)),
        items,
    }
}

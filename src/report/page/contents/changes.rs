//! What changed from one result to another, for every outbound that is in both.

use super::{Cell, Changes, Contents, Table};
use crate::report::chart::plain;
use crate::report::saved::Saved;
use crate::report::table;
use crate::results::words::{counted, difference, estimate, list};
use crate::results::{Change, ChangeMethod, Estimate, Figures, OutboundResult, change};

/// Outbounds whose change is told in a sentence.
const TOLD: usize = 6;

/// An outbound that is in both results.
struct Pair<'a> {
    before: &'a OutboundResult,
    after: &'a OutboundResult,
    /// None where either was not simulated, or decided nothing.
    change: Option<Change>,
}

/// Adds what changed from the first result to each of the others: sentences, and a table each.
pub(super) fn add(contents: &mut Contents, saved: &[Saved]) {
    let Some((first, others)) = saved.split_first() else {
        return;
    };
    for (number, other) in (1..).zip(others) {
        let pairs = pairs(first, other);
        let labels = [plain(&first.label), plain(&other.label)];
        let title = format!("What changed from {} to {}", labels[0], labels[1]);
        let mut sentences: Vec<String> = pairs.iter().take(TOLD).map(sentence).collect();
        if pairs.is_empty() {
            let nothing =
                "No outbound has the same name in both: nothing is held against each other.";
            sentences.push(nothing.to_owned());
        } else {
            contents.tables.push(Table {
                id: format!("changes-{number}"),
                title: title.clone(),
                header: header(&labels),
                rows: pairs.iter().map(row).collect(),
                note: Some(note(&pairs, first, other)),
                ..Table::default()
            });
        }
        if pairs.len() > TOLD {
            let more = counted((pairs.len() - TOLD) as u64, "more outbound");
            sentences.push(format!("{more} in the table."));
        }
        contents.changes.push(Changes { title, sentences });
    }
}

fn pairs<'a>(first: &'a Saved, other: &'a Saved) -> Vec<Pair<'a>> {
    let outbounds = first.document.outbounds.iter();
    let pair = |before: &'a OutboundResult| {
        let mut same = other.document.outbounds.iter();
        let after = same.find(|after| after.name == before.name)?;
        let figures = before.figures.as_ref().zip(after.figures.as_ref());
        Some(Pair {
            before,
            after,
            change: figures.and_then(|(a, b)| change((&first.document, a), (&other.document, b))),
        })
    };
    outbounds.filter_map(pair).collect()
}

fn failed(outbound: &OutboundResult) -> Option<&Estimate> {
    let figures = outbound.figures.as_ref();
    figures.map(|figures| &figures.failure_probability)
}

/// `Load Balancer: exhausted, then tight. Fewer connections fail, by 0.26 percentage points (…): …`.
fn sentence(pair: &Pair) -> String {
    let then = |(before, after): (String, String)| match before == after {
        true => format!("{after} in both"),
        false => format!("{before}, then {after}"),
    };
    let name = plain(&pair.before.name);
    let verdict = then(
        [pair.before, pair.after]
            .map(|one| one.verdict.word().to_owned())
            .into(),
    );
    let ports = then(ports(pair));
    let failed = [pair.before, pair.after].map(failed);
    let ([Some(before), Some(after)], Some(change)) = (failed, pair.change) else {
        return format!("{name}: {verdict}. Ports at peak: {ports}.");
    };
    if pair.before == pair.after {
        return format!(
            "{name}: {verdict}, the same to the last figure. Connections failed: {}. Ports at peak: {ports}.",
            estimate(after)
        );
    }
    let failed = then((estimate(before), estimate(after)));
    let bounds = change.bounds.map(|bounds| (bounds.low, bounds.high));
    let words = difference(change.difference, bounds);
    let what = match (change.bounds, words.interval) {
        (Some(bounds), _) if change.is_shown() => {
            let (which, low, high) = match change.difference < 0.0 {
                true => ("Fewer", -bounds.high, -bounds.low),
                false => ("More", bounds.low, bounds.high),
            };
            let sizes = difference(change.difference.abs(), Some((low, high)));
            let interval = sizes.interval.unwrap_or_default();
            format!("{which} connections fail, by {} ({interval})", sizes.size)
        }
        (_, Some(_)) if change.difference == 0.0 => "No change of failures is shown".to_owned(),
        (_, Some(interval)) => format!(
            "No change of failures is shown: {} ({interval}) may be chance",
            words.value
        ),
        (_, None) => {
            "Without an interval nobody can say whether failures changed by more than chance"
                .to_owned()
        }
    };
    format!("{name}: {verdict}. {what}; {failed}. Ports at peak: {ports}.")
}

/// Ports at peak over those there are, before and after.
fn ports(pair: &Pair) -> (String, String) {
    let of = |one: &OutboundResult| {
        let [_, _, _, ports, _, _] = table::cells(one);
        ports
    };
    (of(pair.before), of(pair.after))
}

fn header(labels: &[String; 2]) -> Vec<String> {
    let [before, after] = labels;
    vec![
        "outbound".to_owned(),
        "verdict".to_owned(),
        format!("connections failed, {before}"),
        format!("connections failed, {after}"),
        "difference".to_owned(),
        "interval".to_owned(),
        "shown".to_owned(),
        "ports at peak".to_owned(),
    ]
}

fn row(pair: &Pair) -> Vec<Cell> {
    let arrow = |(before, after): (String, String)| match before == after {
        true => after,
        false => format!("{before} → {after}"),
    };
    let verdicts = [pair.before, pair.after].map(|one| one.verdict.word().to_owned());
    let estimate = |one: &OutboundResult| {
        let found = failed(one);
        Cell::number(
            found.map_or("-".to_owned(), estimate),
            found.and_then(|found| found.estimate),
        )
    };
    let none = || Cell::text("-");
    let change = pair.change;
    let words = change.map(|change| {
        let bounds = change.bounds.map(|bounds| (bounds.low, bounds.high));
        difference(change.difference, bounds)
    });
    let interval = words.as_ref().and_then(|words| words.interval.clone());
    let peak = |one: &OutboundResult| {
        let figures = one.figures.as_ref();
        figures.map(|figures: &Figures| f64::from(figures.pools.peak_used))
    };
    vec![
        Cell::text(&pair.before.name),
        Cell::text(arrow(verdicts.into())),
        estimate(pair.before),
        estimate(pair.after),
        words.map_or_else(none, |words| {
            Cell::number(words.value, change.map(|change| change.difference))
        }),
        interval.map_or_else(none, Cell::text),
        change.map_or_else(none, |change| {
            Cell::text(if change.is_shown() { "yes" } else { "no" })
        }),
        Cell::number(arrow(ports(pair)), peak(pair.after)),
    ]
}

/// How the intervals were made, and what is in one result only.
fn note(pairs: &[Pair], first: &Saved, other: &Saved) -> String {
    let has = |method| {
        let mut changes = pairs.iter().filter_map(|pair| pair.change);
        changes.any(|change| change.method == method)
    };
    let confidence = (1e4 * first.document.confidence).round() / 100.0;
    let mut note = format!(
        "Differences in percentage points, or as plain probabilities where they are tiny, with their intervals at \
         {confidence} % confidence, each by itself; one is shown where its interval leaves out zero."
    );
    if has(ChangeMethod::Paired) {
        note += &format!(
            " Paired by replication: both have seed {} and {}, and what they draw alike cancels.",
            first.document.seed,
            counted(u64::from(first.document.replications), "replication")
        );
    }
    if has(ChangeMethod::Independent) {
        note += match has(ChangeMethod::Paired) {
            true => " Where none failed in either, from the bounds of both.",
            false => {
                " From the intervals of both, as if independent: for want of failures, of the same seed, of as many \
                 replications, or of figures by replication in what was saved."
            }
        };
    }
    let names = |one: &Saved, than: &Saved| -> Vec<String> {
        let known = |name: &str| {
            than.document
                .outbounds
                .iter()
                .any(|other| other.name == name)
        };
        let only = one
            .document
            .outbounds
            .iter()
            .filter(|outbound| !known(&outbound.name));
        only.map(|outbound| plain(&outbound.name)).collect()
    };
    for (one, than) in [(first, other), (other, first)] {
        let only = names(one, than);
        if !only.is_empty() {
            note += &format!(" Only in {}: {}.", plain(&one.label), list(&only));
        }
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::charts::tests::{FAILED, saved};
    use crate::results::Verdict;

    fn changes(before: Saved, after: Saved) -> (Vec<String>, Option<Table>) {
        let contents = Contents::of_runs(&[before, after], None);
        let [changes] = &contents.changes[..] else {
            panic!("two results are one pair");
        };
        assert_eq!(changes.title, "What changed from before to after");
        let mut tables = contents.tables.into_iter();
        let table = tables.find(|table| table.id == "changes-1");
        (changes.sentences.clone(), table)
    }

    #[test]
    fn a_change_that_the_interval_shows_is_told_with_it() {
        let many = FAILED.map(|failed| 10 * failed);
        let (told, table) = changes(saved(&many, "before"), saved(&[0; 10], "after"));
        let start = "LB default: exhausted, then clear. Fewer connections fail, by 7 percentage points (5 to 8); \
                     7 % (6 to 8), then none seen (< 0.60 %). Ports at peak: 1,024 of 1,024, then ";
        assert!(told[0].starts_with(start), "{}", told[0]);
        assert!(
            told[1].contains(
                "clear in both, the same to the last figure. Connections failed: none seen"
            )
        );
        let table = table.unwrap();
        let cells: Vec<&str> = table.rows[0]
            .iter()
            .map(|cell| cell.text.as_str())
            .collect();
        assert_eq!(cells[1], "exhausted → clear");
        assert_eq!(cells[6], "yes");
        assert_eq!(table.rows[1][6].text, "no");
        let note = table.note.unwrap();
        assert!(note.contains("Paired by replication: both have seed 1 and 10 replications"));
    }

    #[test]
    fn what_may_be_chance_is_said_to() {
        let mut after = saved(&FAILED.map(|failed| failed + 1), "after");
        after.document.seed += 1;
        let (told, table) = changes(saved(&FAILED, "before"), after);
        let chance = "No change of failures is shown: 0.1 points (−0.1 to 0.3) may be chance";
        assert!(told[0].contains(chance), "{}", told[0]);
        assert!(table.unwrap().note.unwrap().contains("as if independent"));
        let (told, table) = changes(saved(&[5], "before"), saved(&[6], "after"));
        assert!(told[0].contains("nobody can say"), "{}", told[0]);
        assert_eq!(table.unwrap().rows[0][5].text, "-");
    }

    #[test]
    fn a_result_beside_itself_is_the_same() {
        let (told, table) = changes(saved(&FAILED, "before"), saved(&FAILED, "after"));
        assert_eq!(
            told[0],
            "LB default: exhausted in both, the same to the last figure. Connections failed: 0.7 % (0.6 to 0.8). \
             Ports at peak: 1,024 of 1,024 in both."
        );
        assert_eq!(table.unwrap().rows[0][6].text, "no");
    }

    #[test]
    fn what_is_in_one_only_or_refused_has_no_difference() {
        let mut after = saved(&FAILED, "after");
        after.document.outbounds[1].name = "another".to_owned();
        after.document.outbounds[0].verdict = Verdict::Refused;
        after.document.outbounds[0].figures = None;
        let (told, table) = changes(saved(&FAILED, "before"), after.clone());
        assert_eq!(
            told,
            ["LB default: exhausted, then refused. Ports at peak: 1,024 of 1,024, then -."]
        );
        let table = table.unwrap();
        assert_eq!(table.rows.len(), 1);
        let note = table.note.unwrap();
        assert!(
            note.ends_with("Only in before: NAT gateway. Only in after: another."),
            "{note}"
        );
        after.document.outbounds[0].name = "a third".to_owned();
        let (told, table) = changes(saved(&FAILED, "before"), after);
        assert_eq!(table, None);
        assert!(told[0].starts_with("No outbound has the same name in both"));
    }
}

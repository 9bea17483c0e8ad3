//! `summary.md`: what the page says, for pull requests and wikis.

use super::chart::Chart;
use super::page::{Contents, Known, Table};
use crate::results::words::glued;
use std::fmt::Write;

/// The summary, with the pictures that lie in `folder`.
pub fn summary(contents: &Contents, charts: &[Chart], folder: &str) -> String {
    let mut text = String::new();
    let mut line = |words: &str| {
        let _ = writeln!(text, "{words}");
    };
    line(&format!(
        "# {}\n\n{}\n",
        escaped(&contents.title),
        escaped(&contents.subtitle)
    ));
    for lead in &contents.lead {
        line(&format!("**{}**\n", escaped(lead)));
    }
    for changes in &contents.changes {
        line(&format!("### {}\n", escaped(&changes.title)));
        list(&mut line, changes.sentences.iter().map(|one| escaped(one)));
    }
    list(
        &mut line,
        contents.doubts.iter().map(|doubt| escaped(doubt)),
    );
    for table in &contents.tables {
        line(&format!("## {}\n\n{}", escaped(&table.title), rows(table)));
        if let Some(note) = &table.note {
            line(&format!("{}\n", escaped(note)));
        }
    }
    let findings: Vec<String> = contents.outbounds.iter().flat_map(findings).collect();
    if !findings.is_empty() {
        line("## Findings\n");
    }
    list(&mut line, findings.into_iter());
    if !charts.is_empty() {
        line("## Charts\n");
    }
    for chart in charts {
        let (title, id) = (escaped(&chart.title), &chart.id);
        line(&format!(
            "### {title}\n\n![{}]({folder}/{id}.svg)\n",
            escaped(&chart.description)
        ));
    }
    line("## The same again\n");
    for run in &contents.runs {
        if let Some(label) = &run.label {
            line(&format!("{}:\n", escaped(label)));
        }
        let items = run.items.iter().map(|(name, value, typed)| match typed {
            true => format!("{name}: `{}`", value.replace('`', "'")),
            false => format!("{name}: {}", escaped(value)),
        });
        list(&mut line, items);
    }
    text.truncate(text.trim_end().len());
    text + "\n"
}

/// The findings of an outbound, one an entry.
fn findings(outbound: &Known) -> impl Iterator<Item = String> {
    outbound.findings.iter().map(|finding| {
        format!(
            "{}: {} ({})",
            escaped(&outbound.name),
            escaped(&finding.text),
            finding.code
        )
    })
}

/// A list, and the empty line without which what follows would belong to its last entry.
fn list(line: &mut impl FnMut(&str), entries: impl Iterator<Item = String>) {
    let mut entries = entries.peekable();
    let is_list = entries.peek().is_some();
    for entry in entries {
        line(&format!("- {entry}"));
    }
    if is_list {
        line("");
    }
}

fn rows(table: &Table) -> String {
    let mut text = String::new();
    let header: Vec<String> = table.header.iter().map(|name| escaped(name)).collect();
    let _ = writeln!(
        text,
        "| {} |\n|{}",
        header.join(" | "),
        "---|".repeat(header.len())
    );
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(&cell.text)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

/// Text that Markdown and the HTML inside it leave as it is, and break at no sign.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in glued(text).chars() {
        match letter {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{escaped, summary};
    use crate::report::charts::tests::{FAILED, saved};
    use crate::report::page::Contents;

    #[test]
    fn nothing_is_glued_to_a_list() {
        let contents =
            Contents::of_runs(&[saved(&FAILED, "before"), saved(&[0; 10], "after")], None);
        let text = summary(&contents, &[], "charts");
        let lines: Vec<&str> = text.lines().collect();
        let is_entry = |line: &str| line.starts_with("- ");
        let mut lists = 0;
        for pair in lines.windows(2) {
            lists += usize::from(is_entry(pair[1]) && !is_entry(pair[0]));
            let glued = is_entry(pair[0]) != is_entry(pair[1]);
            assert!(
                !glued || pair[0].is_empty() || pair[1].is_empty(),
                "{pair:?}"
            );
        }
        // Changes, doubts or findings, and how to make each of the two again.
        assert!(lists >= 4, "{text}");
        assert!(text.contains("\n\nafter:\n\n- "), "{text}");
    }

    #[test]
    fn names_stay_text() {
        assert_eq!(
            escaped("a|b <img src=x> [x](y) `c`\n#"),
            "a\\|b &lt;img src=x&gt; \\[x\\](y) \\`c\\` \\#"
        );
    }
}

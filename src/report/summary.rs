//! `summary.md`: what the page says, for pull requests and wikis.

use super::chart::Chart;
use super::page::{Contents, Table};
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
    for doubt in &contents.doubts {
        line(&format!("- {}", escaped(doubt)));
    }
    if !contents.doubts.is_empty() {
        line("");
    }
    for table in &contents.tables {
        line(&format!("## {}\n\n{}", escaped(&table.title), rows(table)));
        if let Some(note) = &table.note {
            line(&format!("{}\n", escaped(note)));
        }
    }
    if contents
        .outbounds
        .iter()
        .any(|outbound| !outbound.findings.is_empty())
    {
        line("## Findings\n");
    }
    for outbound in &contents.outbounds {
        for finding in &outbound.findings {
            line(&format!(
                "- {}: {} ({})",
                escaped(&outbound.name),
                escaped(&finding.text),
                finding.code
            ));
        }
    }
    if !charts.is_empty() {
        line("\n## Charts\n");
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
        for (name, value, typed) in &run.items {
            match typed {
                true => line(&format!("- {name}: `{}`", value.replace('`', "'"))),
                false => line(&format!("- {name}: {}", escaped(value))),
            }
        }
    }
    text
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

/// Text that Markdown and the HTML inside it leave as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
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
    use super::escaped;

    #[test]
    fn names_stay_text() {
        assert_eq!(
            escaped("a|b <img src=x> [x](y) `c`\n#"),
            "a\\|b &lt;img src=x&gt; \\[x\\](y) \\`c\\` \\#"
        );
    }
}

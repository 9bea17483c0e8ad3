//! The assumptions of one result, or of several side by side.

use super::{Cell, Table, value};
use crate::outbound::Assumptions;
use crate::report::saved::Saved;

/// A row an assumption; where results differ in it, a row a value with whose it is.
pub(super) fn table(saved: &[Saved]) -> Table {
    let mut rows = Vec::new();
    for (field, taken) in taken(saved) {
        let known = Assumptions::ALL.iter().find(|known| known.name == field);
        let others: Vec<&str> = known.map_or(Vec::new(), |known| known.alternatives.to_vec());
        let all_agree = taken.len() == 1 && taken[0].1.len() == saved.len();
        for (value, labels) in taken {
            rows.push(vec![
                Cell::text(field),
                Cell::text(match all_agree {
                    true => value,
                    false => format!("{value} ({})", labels.join(", ")),
                }),
                Cell::text(others.join(", ")),
                Cell::text(known.map_or("", |known| known.meaning)),
            ]);
        }
    }
    Table {
        header: ["assumption", "taken", "or", "what it says"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        ..Table::default()
    }
}

/// A value, and the labels of the results that took it.
type Taken<'a> = (String, Vec<&'a str>);

/// Every assumption with what was taken for it.
fn taken(saved: &[Saved]) -> Vec<(&str, Vec<Taken<'_>>)> {
    let mut fields: Vec<(&str, Vec<Taken>)> = Vec::new();
    for one in saved {
        for (field, taken) in one.document.assumptions.as_object().into_iter().flatten() {
            let known = fields.iter().position(|(known, _)| known == field);
            let index = known.unwrap_or_else(|| {
                fields.push((field, Vec::new()));
                fields.len() - 1
            });
            let (taken, values) = (value(taken), &mut fields[index].1);
            match values.iter_mut().find(|(known, _)| *known == taken) {
                Some((_, labels)) => labels.push(&one.label),
                None => values.push((taken, vec![&one.label])),
            }
        }
    }
    fields
}

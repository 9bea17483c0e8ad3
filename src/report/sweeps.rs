//! Sweeps that are reported on: one, or several over the same axes side by side.

use super::chart::{distinct, short};
use crate::results::words::counted;
use crate::sweep::{Row, SavedAxis, SavedSweep, Shard};

/// One sweep, or several over the same axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweeps {
    /// One at least.
    parts: Vec<Part>,
    /// The rows of all; beside others the name of an outbound begins with what its sweep is called.
    rows: Vec<Row>,
}

/// A sweep among others.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    /// What it is called in sentences.
    label: String,
    /// The same in charts and tables.
    short: String,
    saved: SavedSweep,
}

/// An outbound of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Swept {
    /// What it is called here: as in the rows.
    pub shown: String,
    /// What it is called in its scenario.
    pub name: String,
    /// Its place among the outbounds of its scenario.
    pub place: usize,
}

/// Letters of what a sweep is called in a chart, with its outbound; and in a sentence.
const LABEL: usize = 26;
const LONG: usize = 100;

impl Sweeps {
    /// One sweep.
    pub fn one(saved: SavedSweep) -> Sweeps {
        Sweeps {
            rows: saved.rows.clone(),
            parts: vec![Part {
                label: saved.name.clone(),
                short: String::new(),
                saved,
            }],
        }
    }

    /// Sweeps side by side, each with what it is called; a single one is that alone.
    ///
    /// # Errors
    /// When there is none, or when their axes differ, in words.
    pub fn beside(parts: Vec<(String, SavedSweep)>) -> Result<Sweeps, String> {
        let Some(((first, one), others)) = parts.split_first() else {
            return Err("there is no sweep to report on".to_owned());
        };
        if others.is_empty() {
            return Ok(Sweeps::one(one.clone()));
        }
        if let Some((label, _)) = parts.iter().find(|(_, part)| part.of != Shard::WHOLE) {
            return Err(format!(
                "{label} holds a part of a sweep: put the parts together with `snatsim merge` first"
            ));
        }
        for (label, other) in others {
            if let Some(why) = difference((first, &one.axes), (label, &other.axes)) {
                return Err(format!(
                    "{why}; sweeps stand side by side over the same axes and values"
                ));
            }
        }
        let labels: Vec<&str> = parts.iter().map(|(label, _)| label.as_str()).collect();
        let (labels, shorts) = (distinct(&labels, LONG), distinct(&labels, LABEL / 2));
        let parts: Vec<Part> = parts
            .into_iter()
            .zip(labels.into_iter().zip(shorts))
            .map(|((_, saved), (label, short))| Part {
                label,
                short,
                saved,
            })
            .collect();
        let rows = parts.iter().flat_map(|part| {
            part.saved.rows.iter().map(|row| Row {
                outbound: beside(&part.short, &row.outbound),
                ..row.clone()
            })
        });
        Ok(Sweeps {
            rows: rows.collect(),
            parts,
        })
    }

    /// The axes, those of all.
    pub fn axes(&self) -> &[SavedAxis] {
        &self.parts[0].saved.axes
    }

    /// The rows of all.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The outbounds of all, in the order of the rows.
    pub fn outbounds(&self) -> Vec<Swept> {
        let mut all: Vec<Swept> = Vec::new();
        for part in &self.parts {
            let begun = all.len();
            for row in &part.saved.rows {
                if all[begun..].iter().all(|known| known.name != row.outbound) {
                    all.push(Swept {
                        shown: match self.parts.len() {
                            1 => row.outbound.clone(),
                            _ => beside(&part.short, &row.outbound),
                        },
                        name: row.outbound.clone(),
                        place: all.len() - begun,
                    });
                }
            }
        }
        all
    }

    /// Every sweep with what it is called beside the others; none where it is alone.
    pub fn parts(&self) -> impl Iterator<Item = (Option<&str>, &SavedSweep)> {
        let several = self.parts.len() > 1;
        let parts = self.parts.iter();
        parts.map(move |part| (several.then_some(part.label.as_str()), &part.saved))
    }

    /// What they are called: the name of the one, or those of all.
    pub fn title(&self) -> String {
        let names: Vec<&str> = match &self.parts[..] {
            [one] => vec![&one.saved.name],
            several => several.iter().map(|part| part.label.as_str()).collect(),
        };
        names.join(" and ")
    }

    /// Sweep, points, replications and seed; of several what is the same.
    pub fn subtitle(&self) -> String {
        let same = |of: &dyn Fn(&SavedSweep) -> String| -> Option<String> {
            let mut all = self.parts.iter().map(|part| of(&part.saved));
            let first = all.next()?;
            all.all(|other| other == first).then_some(first)
        };
        let parts = [
            Some(
                same(&|one| short(&one.name, 2 * LABEL))
                    .unwrap_or_else(|| counted(self.parts.len() as u64, "sweep")),
            ),
            same(&|one| counted(one.points, "point")),
            same(&|one| counted(u64::from(one.replications), "replication")),
            same(&|one| format!("seed {}", one.seed)),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// What an outbound is called beside those of other sweeps.
fn beside(label: &str, outbound: &str) -> String {
    format!("{label}: {outbound}")
}

/// How the axes of two sweeps differ, if they do.
fn difference(
    (first, axes): (&str, &[SavedAxis]),
    (label, others): (&str, &[SavedAxis]),
) -> Option<String> {
    let names = |axes: &[SavedAxis]| {
        let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        names.join(", ")
    };
    if names(axes) != names(others) {
        return Some(format!(
            "{first} goes over {} and {label} over {}",
            names(axes),
            names(others)
        ));
    }
    let differs = axes
        .iter()
        .zip(others)
        .find(|(one, other)| one.values != other.values)?;
    Some(format!(
        "the values of {} are {} in {first} and {} in {label}",
        differs.0.name,
        short(&differs.0.labels.join(", "), 60),
        short(&differs.1.labels.join(", "), 60)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sweep(name: &str, values: &[u64]) -> SavedSweep {
        SavedSweep {
            name: name.to_owned(),
            snatsim: "0.1.0".to_owned(),
            sha256: String::new(),
            scenario: "calls".to_owned(),
            seed: 1,
            replications: 10,
            overrides: Vec::new(),
            points: values.len() as u64,
            of: Shard::WHOLE,
            axes: vec![SavedAxis {
                name: "nodes".to_owned(),
                pointers: vec!["/cluster/nodePools/0/count".to_owned()],
                values: values.iter().map(|value| json!(value)).collect(),
                labels: values.iter().map(u64::to_string).collect(),
            }],
            rows: Vec::new(),
        }
    }

    #[test]
    fn only_the_same_axes_stand_side_by_side() {
        let beside = |a: SavedSweep, b: SavedSweep| {
            Sweeps::beside(vec![("before".to_owned(), a), ("after".to_owned(), b)])
        };
        let both = beside(sweep("tiers", &[50, 51]), sweep("tiers", &[50, 51])).unwrap();
        assert_eq!(both.title(), "before and after");
        assert_eq!(both.subtitle(), "tiers, 2 points, 10 replications, seed 1");
        assert_eq!(
            beside(sweep("tiers", &[50, 51]), sweep("tiers", &[50, 52])).unwrap_err(),
            "the values of nodes are 50, 51 in before and 50, 52 in after; sweeps stand side by side over the same \
             axes and values"
        );
        let mut other = sweep("tiers", &[50, 51]);
        other.axes[0].name = "rate".to_owned();
        let error = beside(sweep("tiers", &[50, 51]), other).unwrap_err();
        assert!(
            error.starts_with("before goes over nodes and after over rate"),
            "{error}"
        );
    }

    #[test]
    fn sweeps_of_one_name_are_counted() {
        let twice = vec![
            ("a".to_owned(), sweep("tiers", &[1])),
            ("a".to_owned(), sweep("tiers", &[1])),
        ];
        assert_eq!(Sweeps::beside(twice).unwrap().title(), "1 a and 2 a");
    }

    #[test]
    fn what_differs_is_left_out_of_the_subtitle() {
        let mut other = sweep("others", &[1]);
        other.seed = 2;
        let parts = vec![
            ("a".to_owned(), sweep("tiers", &[1])),
            ("b".to_owned(), other),
        ];
        let both = Sweeps::beside(parts).unwrap();
        assert_eq!(both.subtitle(), "2 sweeps, 1 point, 10 replications");
    }
}

//! Sweeps that are reported on: one, or several over the same axes side by side.

use super::chart::{distinct, short};
use crate::results::words::counted;
use crate::sweep::{Row, SavedAxis, SavedSweep, Shard};

/// One sweep, or several over the same axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweeps {
    /// What each is called beside others, and what its directory holds; one at least.
    parts: Vec<(String, SavedSweep)>,
    /// The rows of all; beside others the name of an outbound begins with what its sweep is called.
    rows: Vec<Row>,
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

/// Letters of what a sweep is called.
const LABEL: usize = 26;

impl Sweeps {
    /// One sweep.
    pub fn one(saved: SavedSweep) -> Sweeps {
        Sweeps {
            rows: saved.rows.clone(),
            parts: vec![(saved.name.clone(), saved)],
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
        let labels = distinct(&labels, LABEL / 2);
        let parts: Vec<(String, SavedSweep)> = labels
            .into_iter()
            .zip(parts)
            .map(|(label, (_, part))| (label, part))
            .collect();
        let rows = parts.iter().flat_map(|(label, part)| {
            part.rows.iter().map(move |row| Row {
                outbound: beside(label, &row.outbound),
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
        &self.parts[0].1.axes
    }

    /// The rows of all.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The outbounds of all, in the order of the rows.
    pub fn outbounds(&self) -> Vec<Swept> {
        let mut all: Vec<Swept> = Vec::new();
        for (label, part) in self.parts() {
            let begun = all.len();
            for row in &part.rows {
                if all[begun..].iter().all(|known| known.name != row.outbound) {
                    all.push(Swept {
                        shown: label.map_or_else(
                            || row.outbound.clone(),
                            |label| beside(label, &row.outbound),
                        ),
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
        parts.map(move |(label, part)| (several.then_some(label.as_str()), part))
    }

    /// What they are called: the name of the one, or those of all.
    pub fn title(&self) -> String {
        let names: Vec<&str> = match &self.parts[..] {
            [(_, one)] => vec![&one.name],
            several => several.iter().map(|(label, _)| label.as_str()).collect(),
        };
        names.join(" and ")
    }

    /// Sweep, points, replications and seed; of several what is the same.
    pub fn subtitle(&self) -> String {
        let same = |of: &dyn Fn(&SavedSweep) -> String| -> Option<String> {
            let mut all = self.parts.iter().map(|(_, part)| of(part));
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

//! What happens in the course of a run, as upright lines across the charts over time.

use super::{Shown, ShownOutbound};
use crate::report::chart::ticks::clock;
use crate::report::chart::{Mark, Shape, Tone, Upright, short};
use crate::report::moments::{Moment, between, kinds, sort, told};

/// Lines that are named where they stand; more are numbered, and so are any with longer names than [`NAME`].
const NAMED: usize = 4;

/// Lines that are numbered; more have no sign.
const NUMBERED: usize = 24;

/// Of more lines than that, those nearer to each other than this part of the time are one.
const APART: f64 = 0.01;

/// Letters of a name that stands above a line.
const NAME: usize = 36;

/// Letters of a note; the drawing gives each three lines.
const NOTE: usize = 360;

/// What happens in the panels of a chart.
pub(super) struct Moments {
    panels: Vec<Vec<Upright>>,
    tone: Tone,
    /// What the lines stand for, with their times.
    pub notes: Vec<String>,
}

impl Moments {
    /// Of a chart that shows these outbounds, panel by panel.
    pub fn of(shown: &Shown, panels: &[Vec<&ShownOutbound>]) -> Moments {
        let mut walls: Vec<String> = Vec::new();
        let panels: Vec<Vec<Moment>> = panels
            .iter()
            .map(|outbounds| in_panel(shown, outbounds, &mut walls))
            .collect();
        let mut all: Vec<Moment> = panels.iter().flatten().cloned().collect();
        sort(&mut all);
        let kinds = kinds(&all);
        let is_crowd = all.len() > NUMBERED;
        // The notes have room for it.
        let is_long = |moment: &Moment| moment.what.chars().count() > NAME;
        let numbered = !is_crowd && (all.len() > NAMED || all.iter().any(is_long));
        let lines = |(i, moments): (usize, &Vec<Moment>)| -> Vec<Upright> {
            // What the panel above says need not be said again.
            let is_said = i > 0 && panels[i] == panels[i - 1];
            let sign = |moment: &Moment| match numbered {
                _ if is_said || is_crowd => String::new(),
                true => number_of(&kinds, moment),
                false => short(&moment.what, NAME),
            };
            let uprights = moments.iter().map(|moment| Upright {
                at: moment.at,
                sign: sign(moment),
                words: moment.what.clone(),
            });
            match is_crowd {
                true => joined(uprights, APART * (shown.time.1 - shown.time.0)),
                false => uprights.collect(),
            }
        };
        let drawn = panels.iter().enumerate().map(lines).collect();
        let mut notes = packed(told(&kinds, numbered, clock));
        walls.dedup();
        notes.extend(walls);
        Moments {
            panels: drawn,
            // A crowd stays behind what it is drawn over.
            tone: match is_crowd {
                true => Tone::Muted,
                false => Tone::Limit,
            },
            notes,
        }
    }

    /// The lines of a panel; none where nothing happens.
    pub fn mark(&self, panel: usize) -> Option<Mark> {
        let uprights = &self.panels[panel];
        (!uprights.is_empty()).then(|| Mark {
            series: "what happens".to_owned(),
            tone: self.tone,
            shape: Shape::Uprights(uprights.clone()),
        })
    }

    /// The notes as the end of a description.
    pub fn described(&self) -> String {
        let words = self.notes.iter().map(|note| format!(" {note}"));
        words.collect()
    }
}

/// What happens under some outbounds in the time that is shown; `walls` gets what comes too often to be marked.
fn in_panel(shown: &Shown, outbounds: &[&ShownOutbound], walls: &mut Vec<String>) -> Vec<Moment> {
    let mut found: Vec<Moment> = Vec::new();
    for one in outbounds {
        let start = shown.clock.unwrap_or(0.0);
        let (from, to) = shown.time;
        let time = (from - start, to - start);
        let (moments, more) = between(&one.figures.events, &one.document.bursts, time);
        found.extend(moments.into_iter().map(|moment| Moment {
            at: start + moment.at,
            ..moment
        }));
        walls.extend(more);
    }
    sort(&mut found);
    found
}

fn number_of(kinds: &[(&str, Vec<f64>)], moment: &Moment) -> String {
    let place = kinds.iter().position(|(what, _)| *what == moment.what);
    place.map_or_else(String::new, |place| (place + 1).to_string())
}

/// Lines of which no two are nearer than `apart`: those that would be are one, which says how many.
fn joined(uprights: impl Iterator<Item = Upright>, apart: f64) -> Vec<Upright> {
    let mut found: Vec<(Upright, u64)> = Vec::new();
    for upright in uprights {
        match found.last_mut() {
            Some((last, many)) if upright.at < last.at + apart => {
                *many += 1;
                if !last.words.contains(&upright.words) {
                    last.words += &format!("; {}", upright.words);
                }
            }
            _ => found.push((upright, 1)),
        }
    }
    let told = |(upright, many): (Upright, u64)| match many {
        1 => upright,
        many => Upright {
            words: short(&format!("{many} times: {}", upright.words), 200),
            ..upright
        },
    };
    found.into_iter().map(told).collect()
}

/// Notes of as many entries as have room in one.
fn packed(entries: Vec<String>) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for entry in entries {
        match notes.last_mut() {
            Some(note) if note.chars().count() + entry.chars().count() < NOTE => {
                *note += &format!("; {entry}");
            }
            Some(_) => notes.push(entry),
            None => notes.push(format!("Dashed: {entry}")),
        }
    }
    notes.iter().map(|note| format!("{note}.")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_fill_notes_that_fit() {
        assert_eq!(packed(Vec::new()), [""; 0]);
        let few = ["a at 0:01", "b at 0:02"].map(str::to_owned).to_vec();
        assert_eq!(packed(few), ["Dashed: a at 0:01; b at 0:02."]);
        let notes = packed(vec!["x".repeat(90); 9]);
        assert_eq!(notes.len(), 3);
        assert!(notes.iter().all(|note| note.len() <= NOTE + 20));
    }

    #[test]
    fn lines_that_would_be_a_wall_are_joined() {
        let upright = |at, words: &str| Upright {
            at,
            sign: String::new(),
            words: words.to_owned(),
        };
        let lines = [(0.0, "a"), (4.0, "a"), (8.0, "b"), (20.0, "a")];
        let found = joined(lines.into_iter().map(|(at, what)| upright(at, what)), 10.0);
        assert_eq!(found, [upright(0.0, "3 times: a; b"), upright(20.0, "a")]);
    }
}

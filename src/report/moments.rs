//! What happens in the course of a run: events, and bursts by the clock; when, and in words.

use super::chart::short;
use crate::results::words::{count, counted, span};
use crate::results::{BurstResult, EventResult};

/// Times of one burst beyond which its marks would be a wall.
const MOST_TIMES: f64 = 200.0;

/// Kinds that are told in words.
const TOLD: usize = 16;

/// Letters of what happens, in words.
const NAME: usize = 120;

/// Something that happens.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moment {
    /// Seconds from the start of the run.
    pub at: f64,
    /// What, in a few words.
    pub what: String,
}

/// What happens between two times, in time order; of bursts that come too often to be marked, a sentence each.
pub(super) fn between(
    events: &[EventResult],
    bursts: &[BurstResult],
    (from, to): (f64, f64),
) -> (Vec<Moment>, Vec<String>) {
    let mut found: Vec<Moment> = events
        .iter()
        .map(|event| Moment {
            at: event.at,
            what: event.what.clone(),
        })
        .collect();
    let mut walls = Vec::new();
    for burst in bursts {
        let what = format!(
            "burst of {} by {}",
            count(burst.connections),
            burst.workload
        );
        match times(burst, (from, to)) {
            Some(times) => found.extend(times.into_iter().map(|at| Moment {
                at,
                what: what.clone(),
            })),
            None => walls.push(format!(
                "Not marked: {what}, every {} from {} on.",
                span(burst.every.unwrap_or(0.0)),
                span(burst.at)
            )),
        }
    }
    found.retain(|moment| (from..to).contains(&moment.at));
    sort(&mut found);
    (found, walls)
}

/// In time order, each once.
pub(super) fn sort(moments: &mut Vec<Moment>) {
    moments.sort_by(|a, b| a.at.total_cmp(&b.at).then_with(|| a.what.cmp(&b.what)));
    moments.dedup();
}

/// When a burst comes in this time; none where that is too often to tell one from the other.
fn times(burst: &BurstResult, (from, to): (f64, f64)) -> Option<Vec<f64>> {
    let Some(every) = burst.every else {
        return Some(vec![burst.at]);
    };
    let first = ((from - burst.at) / every).ceil().max(0.0);
    let often = ((to - burst.at) / every).ceil() - first;
    let at = |i: usize| burst.at + (first + i as f64) * every;
    (often <= MOST_TIMES).then(|| (0..often.max(0.0) as usize).map(at).collect())
}

/// What happens, each with all its times, in the order in which they come first.
pub(super) fn kinds(moments: &[Moment]) -> Vec<(&str, Vec<f64>)> {
    let mut kinds: Vec<(&str, Vec<f64>)> = Vec::new();
    for moment in moments {
        match kinds.iter_mut().find(|(what, _)| *what == moment.what) {
            Some((_, times)) => times.push(moment.at),
            None => kinds.push((&moment.what, vec![moment.at])),
        }
    }
    kinds
}

/// What happens with its times, `write` says how: `apps scales from 50 to 51 nodes at 1:30`. Kinds are numbered where
/// their marks are.
pub(super) fn told(
    kinds: &[(&str, Vec<f64>)],
    numbered: bool,
    write: fn(f64) -> String,
) -> Vec<String> {
    let mut told: Vec<String> = kinds
        .iter()
        .enumerate()
        .take(TOLD)
        .map(|(i, (what, times))| {
            let number = match numbered {
                true => format!("{}: ", i + 1),
                false => String::new(),
            };
            format!("{number}{} {}", short(what, NAME), when(times, write))
        })
        .collect();
    if kinds.len() > TOLD {
        let more = counted((kinds.len() - TOLD) as u64, "more event");
        told.push(format!("and {more}"));
    }
    told
}

/// `at 0:05`, `at 0:05 and 0:20`, `12 times from 0:05 to 2:50`.
fn when(times: &[f64], write: fn(f64) -> String) -> String {
    match times {
        [] => String::new(),
        [at] => format!("at {}", write(*at)),
        [first, second] => format!("at {} and {}", write(*first), write(*second)),
        [first, .., last] => format!(
            "{} times from {} to {}",
            times.len(),
            write(*first),
            write(*last)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::chart::ticks::clock;

    fn moment(at: f64, what: &str) -> Moment {
        Moment {
            at,
            what: what.to_owned(),
        }
    }

    #[test]
    fn a_burst_is_marked_each_time_it_comes_in_what_is_shown() {
        let burst = |every| BurstResult {
            workload: "pulls".to_owned(),
            at: 300.0,
            every,
            connections: 11_200,
        };
        let starts = |every, from, to| -> Vec<f64> {
            let (found, walls) = between(&[], &[burst(every)], (from, to));
            assert!(walls.is_empty());
            assert!(
                found
                    .iter()
                    .all(|moment| moment.what == "burst of 11,200 by pulls")
            );
            found.iter().map(|moment| moment.at).collect()
        };
        assert_eq!(starts(None, 240.0, 720.0), [300.0]);
        assert!(starts(None, 240.0, 300.0).is_empty());
        assert!(starts(None, 301.0, 720.0).is_empty());
        assert_eq!(starts(Some(200.0), 500.0, 1_100.0), [500.0, 700.0, 900.0]);
        assert!(starts(Some(200.0), 0.0, 300.0).is_empty());
        let (none, walls) = between(&[], &[burst(Some(1.0))], (0.0, 3_600.0));
        assert_eq!(none, []);
        assert_eq!(
            walls,
            ["Not marked: burst of 11,200 by pulls, every 1.0 s from 5m00s on."]
        );
    }

    #[test]
    fn what_comes_again_is_told_once() {
        let moments = [moment(60.0, "a"), moment(120.0, "b"), moment(180.0, "a")];
        assert_eq!(
            told(&kinds(&moments), true, clock),
            ["1: a at 0:01 and 0:03", "2: b at 0:02"]
        );
        let many: Vec<Moment> = (0..40)
            .map(|i| moment(f64::from(i), &format!("event {i}")))
            .collect();
        let told = told(&kinds(&many), false, clock);
        assert_eq!(told.len(), TOLD + 1);
        assert_eq!(told[TOLD], "and 24 more events");
    }
}

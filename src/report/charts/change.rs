//! Titles of charts on two results: what changed from the one to the other.

use super::{Shown, ShownOutbound};
use crate::report::chart::ticks::{number, round_to};
use crate::results::words::{bound, count, counted, share, span};
use crate::results::{Change, change};

/// An outbound that is in both of two results.
struct Both<'a> {
    before: &'a ShownOutbound<'a>,
    after: &'a ShownOutbound<'a>,
    change: Change,
}

/// The title of a chart on two results; none where there are not two, or no outbound is in both.
pub(super) fn title(chart: &str, shown: &Shown) -> Option<String> {
    let all = all(shown);
    let farthest = all
        .iter()
        .rev()
        .max_by(|a, b| a.rank().total_cmp(&b.rank()))?;
    let name = &farthest.before.own;
    Some(match chart {
        "failure-probability" => failures(farthest, &all),
        "ports" => {
            let [was, is] = farthest.each(|one| {
                format!(
                    "{} of {}",
                    count(u64::from(one.figures.pools.peak_used)),
                    one.figures.ports_at_peak()
                )
            });
            let whose = match farthest.before.figures.pools.count {
                1 => String::new(),
                _ => format!(" of the fullest {}", farthest.before.pool_noun()),
            };
            format!("Peak{whose} under {name}: {}", farthest.then(was, is))
        }
        "refusals" => {
            let [was, is] = farthest.each(|one| match refused_a_minute(one) {
                0.0 => "none".to_owned(),
                mean => format!("{} a minute", number(round_to(mean, 2))),
            });
            format!("SYNs that {name} refuses: {}", farthest.then(was, is))
        }
        "connect-latency" => {
            let [was, is] = farthest.each(|one| {
                let p99 = one.figures.connect_latency.p99;
                p99.map_or_else(|| "none established".to_owned(), span)
            });
            format!(
                "99th percentile of connecting under {name}: {}",
                farthest.then(was, is)
            )
        }
        "port-holds" => {
            let [was, is] = farthest.each(|one| {
                let hold = one.figures.port_hold.as_ref();
                hold.and_then(|hold| hold.p50)
                    .map_or_else(|| "no time".to_owned(), span)
            });
            format!(
                "Half of all ports under {name} are held for at least {}",
                farthest.then(was, is)
            )
        }
        "port-causes" => {
            let [was, is] = farthest.each(|one| {
                let held = one
                    .figures
                    .port_seconds
                    .as_ref()
                    .map_or(0.0, super::causes::sum);
                count((held / one.counted).round() as u64)
            });
            format!(
                "Ports held on average under {name}: {}",
                farthest.then(was, is)
            )
        }
        "nodes-over-time" => {
            let noun = farthest.before.pool_noun();
            let [was, is] = farthest.each(|one| match one.figures.pools.exhausted {
                0 => format!("no {noun}"),
                some => format!(
                    "{} of {}",
                    count(some),
                    counted(one.figures.pools.count, noun)
                ),
            });
            format!(
                "Under {name} SYNs are refused by {}",
                farthest.then(was, is)
            )
        }
        _ => return None,
    })
}

/// What failures come to, and how many other outbounds change.
fn failures(farthest: &Both, all: &[Both]) -> String {
    let name = &farthest.before.own;
    let [before, after] = farthest.whens();
    let [was, is] = farthest.each(|one| {
        let found = &one.figures.failure_probability;
        match (found.estimate, found.high) {
            (Some(p), _) if p > 0.0 => share(p),
            (_, Some(high)) => format!("none seen (< {})", bound(high)),
            _ => "none seen".to_owned(),
        }
    });
    let fails = |one: &ShownOutbound| one.figures.connections.failed > 0;
    if !fails(farthest.before) && !fails(farthest.after) {
        return format!("No connection is seen to fail, {before} or {after}");
    }
    let others = all
        .iter()
        .filter(|both| both.before.own != *name && both.change.is_shown())
        .count();
    let rest = match (farthest.change.is_shown(), others) {
        (false, _) if all.iter().all(Both::is_same) => ": both results are the same".to_owned(),
        (false, _) if farthest.change.difference == 0.0 => String::new(),
        (false, _) => ", which may be chance".to_owned(),
        (true, 0) => String::new(),
        (true, 1) => "; 1 other changes too".to_owned(),
        (true, others) => format!("; {others} others change too"),
    };
    let of = if fails(farthest.before) {
        " of connections"
    } else {
        ""
    };
    match was == is {
        true => format!("{name} fails {is}{of} {before} and {after}{rest}"),
        false => format!("{name} fails {was}{of} {before}, and {is} {after}{rest}"),
    }
}

/// The outbounds that are in both of two results, in the order of the first.
fn all<'a>(shown: &'a Shown<'a>) -> Vec<Both<'a>> {
    if shown.labels.len() != 2 {
        return Vec::new();
    }
    let of = |from: usize| shown.outbounds.iter().filter(move |one| one.from == from);
    let pair = |before: &'a ShownOutbound<'a>| {
        let after = of(1).find(|after| after.result.name == before.result.name)?;
        let (a, b) = (
            (before.document, before.figures),
            (after.document, after.figures),
        );
        Some(Both {
            before,
            after,
            change: change(a, b)?,
        })
    };
    of(0).filter_map(pair).collect()
}

impl<'a> Both<'a> {
    /// Whether nothing differs, to the last figure.
    fn is_same(&self) -> bool {
        self.before.result == self.after.result
    }

    /// Rises with what is shown to change, then with what fails or comes near to it.
    fn rank(&self) -> f64 {
        let change = match self.change.is_shown() {
            true => 1e9 * (1.0 + self.change.difference.abs()),
            false => 0.0,
        };
        change + self.before.worse().max(self.after.worse())
    }

    /// The same of both.
    fn each(&self, of: impl Fn(&ShownOutbound) -> String) -> [String; 2] {
        [of(self.before), of(self.after)]
    }

    /// What it was and what it is, each with its result: `7 before, and 5 after`, `7 before and after`.
    fn then(&self, was: String, is: String) -> String {
        let [before, after] = self.whens();
        match was == is {
            true => format!("{is} {before} and {after}"),
            false => format!("{was} {before}, and {is} {after}"),
        }
    }

    /// What stands for each result in a sentence: `before`, `in monday`.
    fn whens(&self) -> [String; 2] {
        [self.before, self.after].map(|one| match one.label.as_str() {
            word @ ("before" | "after" | "now" | "then") => word.to_owned(),
            label => format!("in {label}"),
        })
    }
}

/// Refused SYNs a minute, mean over minutes and replications.
fn refused_a_minute(one: &ShownOutbound) -> f64 {
    let Some(details) = one.details else {
        return 0.0;
    };
    let runs = details.minutes.refused.iter();
    let (sum, minutes) = runs.fold((0.0, 0), |(sum, minutes), run| {
        (sum + run.iter().sum::<f64>(), minutes + run.len())
    });
    sum / minutes.max(1) as f64
}

#[cfg(test)]
mod tests {
    use crate::report::charts::of_runs;
    use crate::report::charts::tests::{FAILED, saved};
    use crate::report::saved::Saved;

    fn titles(results: &[Saved]) -> Vec<String> {
        of_runs(results)
            .into_iter()
            .map(|chart| chart.title)
            .collect()
    }

    #[test]
    fn titles_tell_what_changed() {
        let many = FAILED.map(|failed| 10 * failed);
        let told = titles(&[saved(&many, "before"), saved(&[0; 10], "after")]);
        insta::assert_snapshot!(told.join("\n"));
    }

    #[test]
    fn what_may_be_chance_is_no_change() {
        let mut after = saved(&FAILED.map(|failed| failed + 1), "friday");
        after.document.seed += 1;
        let told = titles(&[saved(&FAILED, "monday"), after]);
        assert_eq!(
            told[0],
            "LB default fails 0.69 % of connections in monday, and 0.79 % in friday, which may be chance"
        );
        let none = titles(&[saved(&[0; 10], "before"), saved(&[0; 10], "after")]);
        assert_eq!(none[0], "No connection is seen to fail, before or after");
    }

    #[test]
    fn of_the_same_result_twice_nothing_is_chance() {
        let told = titles(&[saved(&FAILED, "one"), saved(&FAILED, "two")]);
        assert_eq!(
            told[0],
            "LB default fails 0.69 % of connections in one and in two: both results are the same"
        );
    }

    #[test]
    fn of_what_has_nothing_in_common_no_change_is_told() {
        let mut after = saved(&FAILED, "after");
        for outbound in &mut after.document.outbounds {
            outbound.name.push('!');
        }
        let told = titles(&[saved(&FAILED, "before"), after]);
        assert!(
            told[0].starts_with("before: LB default fails 0.69 %"),
            "{}",
            told[0]
        );
    }
}

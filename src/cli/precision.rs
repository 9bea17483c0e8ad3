//! `--precision`: as many replications as it takes.

use crate::model::Model;
use crate::results::words::{count, share, wrapped};
use crate::results::{self, About};
use crate::simulate::{self, Detail, RunResult};
use std::str::FromStr;

/// How far the upper end of an interval may lie above its estimate, as a part of the estimate; above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relative(f64);

impl FromStr for Relative {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = match text.trim_end().strip_suffix('%') {
            Some(percent) => (percent, 100.0),
            None => (text, 1.0),
        };
        let part = number.trim().parse::<f64>().map(|number| number / unit);
        let sensible = part.ok().filter(|part| (0.001..=1.0).contains(part));
        sensible
            .map(Relative)
            .ok_or_else(|| "expected a part from 0.001 to 1, such as 0.1 or 10%".to_owned())
    }
}

/// Replications to begin with.
pub const FIRST: u32 = 20;

/// Simulates `model`, whose replications are [`FIRST`], and then twice as many until all intervals are narrow enough
/// or there are `most`; leaves in `model` how many it took. What has run is kept.
pub fn simulate(
    model: &mut Model,
    wanted: Relative,
    most: u32,
    detail: Detail,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> RunResult {
    let about = About {
        scenario_sha256: String::new(),
        compare: false,
    };
    let mut run = simulate::simulate(model, detail, progress);
    loop {
        let found = results::precision(&results::document(model, &run, &about), wanted.0);
        if found.too_wide.is_empty() || model.replications >= most {
            return run;
        }
        model.replications = (2 * model.replications).min(most);
        simulate::simulate_more(model, &mut run, detail, progress);
    }
}

/// What came of it, for people.
pub fn words(document: &results::Document, wanted: Relative) -> String {
    let found = results::precision(document, wanted.0);
    let mut text = String::new();
    for (name, above) in &found.too_wide {
        let width = match above.is_finite() {
            true => format!("{} above the estimate", share(*above)),
            false => "not known: all failures are in one replication".to_owned(),
        };
        text += &format!("{name}: the upper end of the interval is {width}. ");
    }
    let simulated = document
        .outbounds
        .iter()
        .filter(|outbound| outbound.figures.is_some());
    if simulated.count() == found.none_failed.len() {
        // What is said of them below is all there is to say.
    } else if found.too_wide.is_empty() {
        text += &format!(
            "Intervals are as narrow as asked, {}, after {} replications. ",
            share(wanted.0),
            count(u64::from(document.replications))
        );
    } else {
        let more = found.replications.saturating_sub(document.replications);
        text += &match found.replications {
            u32::MAX => "More replications are needed before it can be said how many.".to_owned(),
            _ => format!(
                "{} replications are not enough for {}; about {} more would be (--max-replications {}). ",
                count(u64::from(document.replications)),
                share(wanted.0),
                count(u64::from(more)),
                found.replications
            ),
        };
    }
    if !found.none_failed.is_empty() {
        text += &format!(
            "Under {} no connection failed, which no number of replications makes precise: the upper bound is in the \
             table, and --rare estimates how rarely a SYN is refused.",
            found.none_failed.join(" and ")
        );
    }
    wrapped(&format!("--precision: {text}"), 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_is_a_part_or_a_percentage() {
        assert_eq!("0.1".parse(), Ok(Relative(0.1)));
        assert_eq!("10%".parse(), Ok(Relative(0.1)));
        assert_eq!("2.5 %".parse(), Ok(Relative(0.025)));
        for wrong in ["10", "0", "-5%", "x", "", "NaN", "0.0001"] {
            assert!(wrong.parse::<Relative>().is_err(), "{wrong}");
        }
    }
}

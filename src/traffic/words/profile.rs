//! The words for a rate that follows the time of day or week.

use crate::fault::{Code, Fault, Faults, step};
use crate::traffic::Profile;
use crate::units::SimTime;
use schemars::JsonSchema;
use serde::Deserialize;

/// Factors of the rate of the arrivals by time: either a named profile, or `factors`.
///
/// The rate at a time is that of `arrivals` times the factor, and nothing is normalised. Named profiles have a mean
/// factor of 1 over their period.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a profile, such as { \"named\": \"officeHours\" }"
)]
pub struct ProfileSpec {
    /// A profile that snatsim has.
    pub named: Option<NamedProfile>,
    /// Factors in the order of time, the first at `0s`; each holds until the next.
    pub factors: Option<Vec<StepSpec>>,
    /// After which time `factors` begin anew, 1s or more; left out, the last one holds for ever.
    pub every: Option<SimTime>,
    /// How far into the profile the run begins, default `0s`: midnight, and in a weekly profile Monday.
    pub start: Option<SimTime>,
}

/// A factor and from when on it holds.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a factor, such as { \"at\": \"8h\", \"factor\": 1.5 }"
)]
pub struct StepSpec {
    /// From when on, counted from the beginning of the profile.
    pub at: SimTime,
    /// What the rate is multiplied by, at least 0.
    pub factor: f64,
}

/// Profiles of a day or a week, hour by hour. Shapes of our own making, not measured: for want of your own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NamedProfile {
    /// A day of people at work: 0.2 at night, peaks of 2.4 from 10 to 11 h and 2.3 from 14 to 15 h, 1.6 at noon.
    OfficeHours,
    /// A day of people at home: 0.2 at 3 h, about 1 from 9 to 17 h, 2.2 from 20 to 21 h.
    EveningPeak,
    /// A day of nightly jobs: 5 from 2 to 3 h, 0.3 from 6 to 22 h.
    NightJobs,
    /// A week that begins on Monday: `officeHours` times 1.3 on five days, times 0.25 on two.
    WorkWeek,
}

/// Factors by the hour, in hundredths; each day sums to 2,400.
const OFFICE_HOURS: [u32; 24] = [
    20, 20, 20, 20, 20, 20, 40, 80, 160, 220, 240, 220, 160, 200, 230, 220, 180, 110, 60, 50, 40,
    30, 20, 20,
];
const EVENING_PEAK: [u32; 24] = [
    70, 40, 30, 20, 20, 30, 50, 70, 80, 90, 100, 100, 110, 100, 100, 100, 110, 130, 160, 200, 220,
    210, 160, 100,
];
const NIGHT_JOBS: [u32; 24] = [
    160, 400, 500, 400, 200, 100, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    60, 100,
];

/// Days of a week, in hundredths of a day; they sum to 700.
const WORK_WEEK: [u32; 7] = [130, 130, 130, 130, 130, 25, 25];

impl NamedProfile {
    /// Its factors by the hour.
    fn factors(self) -> Vec<f64> {
        let day = |hours: [u32; 24], times: u32| hours.map(|hour| f64::from(hour * times) / 1e4);
        match self {
            NamedProfile::OfficeHours => day(OFFICE_HOURS, 100).to_vec(),
            NamedProfile::EveningPeak => day(EVENING_PEAK, 100).to_vec(),
            NamedProfile::NightJobs => day(NIGHT_JOBS, 100).to_vec(),
            NamedProfile::WorkWeek => WORK_WEEK
                .iter()
                .flat_map(|times| day(OFFICE_HOURS, *times))
                .collect(),
        }
    }
}

const HOUR: u64 = 3_600;

impl ProfileSpec {
    /// The profile.
    pub fn resolve(&self, pointer: &str, faults: &mut Faults) -> Option<Profile> {
        let before = faults.len();
        let mut say = |path: &[&str], found: String, allowed: &str, remedy: &str| {
            faults.push(Fault {
                code: Code::E0271,
                pointer: path
                    .iter()
                    .fold(pointer.to_owned(), |at, name| step(&at, name)),
                found,
                allowed: allowed.to_owned(),
                remedy: remedy.to_owned(),
            });
        };
        let (steps, every) = match (self.named, &self.factors) {
            (Some(named), None) => {
                if self.every.is_some() {
                    say(
                        &["every"],
                        "A named profile has a period of its own.".to_owned(),
                        "\"every\" beside \"factors\" only",
                        "Remove \"every\".",
                    );
                }
                let hours = (0..).map(|hour| SimTime::from_secs(hour * HOUR));
                let steps: Vec<_> = hours.zip(named.factors()).collect();
                let every = SimTime::from_secs(steps.len() as u64 * HOUR);
                (steps, Some(every))
            }
            (None, Some(factors)) => {
                check_factors(factors, self.every, &mut say);
                let steps = factors.iter().map(|step| (step.at, step.factor));
                (steps.collect(), self.every)
            }
            (named, _) => {
                let found = match named {
                    Some(_) => "The profile is named and has factors of its own.",
                    None => "The profile has neither a name nor factors.",
                };
                say(
                    &[],
                    found.to_owned(),
                    "either \"named\" or \"factors\"",
                    "For example { \"named\": \"officeHours\" }.",
                );
                return None;
            }
        };
        let start = self.start.unwrap_or(SimTime::ZERO);
        if let Some(every) = every
            && start >= every
            && start > SimTime::ZERO
        {
            say(
                &["start"],
                format!("The run begins {start} into a profile of {every}."),
                "a start before the profile is over",
                "Take the period off as often as it fits.",
            );
        }
        (faults.len() == before).then(|| Profile::new(steps, every, start))
    }
}

/// Checks factors against each other and their period.
fn check_factors(
    factors: &[StepSpec],
    every: Option<SimTime>,
    say: &mut impl FnMut(&[&str], String, &str, &str),
) {
    const SHORTEST: SimTime = SimTime::from_secs(1);
    if let Some(every) = every.filter(|every| *every < SHORTEST) {
        say(
            &["every"],
            format!("The profile begins anew after {every}."),
            "1s or more",
            "A day is \"24h\", a week \"7d\".",
        );
    }
    if factors.first().is_none_or(|first| first.at > SimTime::ZERO) {
        say(
            &["factors"],
            match factors.first() {
                None => "There is no factor.".to_owned(),
                Some(first) => format!("Nothing is said of the time before {}.", first.at),
            },
            "a first factor at \"0s\"",
            "Begin with { \"at\": \"0s\", \"factor\": 1 }.",
        );
    }
    for (i, step) in factors.iter().enumerate() {
        let place = i.to_string();
        if !(step.factor >= 0.0 && step.factor.is_finite()) {
            say(
                &["factors", &place, "factor"],
                format!("The factor is {}.", step.factor),
                "a number of at least 0",
                "Write 0 for a time in which nothing arrives.",
            );
        }
        if i > 0 && step.at <= factors[i - 1].at {
            say(
                &["factors", &place, "at"],
                format!("{} comes after {}.", step.at, factors[i - 1].at),
                "times in rising order, each once",
                "Put the factors in the order of time.",
            );
        }
        if every.is_some_and(|every| every >= SHORTEST && step.at >= every) {
            say(
                &["factors", &place, "at"],
                format!("{} is never reached.", step.at),
                "times below \"every\"",
                "Lengthen \"every\", or remove the factor.",
            );
        }
    }
    if !factors.is_empty() && factors.iter().all(|step| step.factor == 0.0) {
        say(
            &["factors"],
            "All factors are 0: nothing ever arrives.".to_owned(),
            "at least one factor above 0",
            "Remove the workload to have none of it.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_profiles_have_a_mean_of_one() {
        let day = SimTime::from_secs(24 * HOUR);
        let week = SimTime::from_secs(7 * 24 * HOUR);
        for (named, period) in [
            (NamedProfile::OfficeHours, day),
            (NamedProfile::EveningPeak, day),
            (NamedProfile::NightJobs, day),
            (NamedProfile::WorkWeek, week),
        ] {
            let words = ProfileSpec {
                named: Some(named),
                ..ProfileSpec::default()
            };
            let profile = words.resolve("/p", &mut Faults::new()).unwrap();
            assert_eq!(profile.every(), Some(period));
            let mean = profile.mean(SimTime::ZERO, period);
            assert!((mean - 1.0).abs() < 1e-12, "{named:?}: {mean}");
        }
        for day in [OFFICE_HOURS, EVENING_PEAK, NIGHT_JOBS] {
            assert_eq!(day.iter().sum::<u32>(), 2_400);
        }
    }
}

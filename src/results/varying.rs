//! Loads that move in the course of a run: what they mean for intervals, and what a reader should know about them.

use super::document::{BurstResult, Finding, Severity};
use super::visits::busy_hardly_met;
use super::words::{count, counted, span};
use crate::fault::Code;
use crate::model::{Model, OpenProcess, Traffic, Workload};
use crate::traffic::{Burst, Bursty, Correlation, Profile};
use crate::units::SimTime;

/// Whether the scenario says that the load of a workload moves: by the clock, between states, or in batches.
pub(super) fn moves(workload: &Workload) -> bool {
    match &workload.traffic {
        Traffic::Open { process, .. } => {
            !workload.traffic.is_stationary()
                || matches!(process, OpenProcess::Bursty(_) | OpenProcess::Batch(_))
        }
        Traffic::Closed { .. } | Traffic::Trace(_) => false,
    }
}

/// Seconds after which the load of a model is as good as drawn anew, at most in the mean; none where the clock moves it,
/// because no two stretches of time are then alike.
pub(super) fn memory(model: &Model) -> Option<f64> {
    if model.has_events() {
        return None;
    }
    let mut memory = 0.0f64;
    for workload in &model.workloads {
        let Traffic::Open { process, .. } = &workload.traffic else {
            continue;
        };
        if !workload.traffic.is_stationary() {
            return None;
        }
        if let OpenProcess::Bursty(bursty) = process {
            memory = memory.max(bursty.on.mean.as_secs_f64() + bursty.off.mean.as_secs_f64());
        }
    }
    Some(memory)
}

/// Seconds after midnight, in weekly profiles after Monday's, at which the run begins; none where no workload follows the
/// clock, or where they follow it from other times.
pub(super) fn clock_at_start(model: &Model) -> Option<f64> {
    let profiles = model
        .workloads
        .iter()
        .filter_map(|workload| match &workload.traffic {
            Traffic::Open { profile, .. } => profile.as_ref(),
            Traffic::Closed { .. } | Traffic::Trace(_) => None,
        });
    let mut starts = profiles.map(Profile::clock_at_start);
    let first = starts.next()??;
    starts
        .all(|start| start == Some(first))
        .then(|| first.as_secs_f64())
}

/// The bursts that begin in the run.
pub(super) fn bursts(model: &Model) -> Vec<BurstResult> {
    let mut found = Vec::new();
    for workload in &model.workloads {
        let Traffic::Open { bursts, .. } = &workload.traffic else {
            continue;
        };
        let in_time = bursts.iter().filter(|burst| burst.at < model.duration);
        found.extend(in_time.map(|burst| BurstResult {
            workload: workload.name.clone(),
            at: burst.at.as_secs_f64(),
            every: burst.every.map(SimTime::as_secs_f64),
            connections: burst.connections,
        }));
    }
    found
}

/// What a reader should know about loads that move.
pub(super) fn findings(model: &Model) -> Vec<Finding> {
    let mut found = Vec::new();
    for workload in &model.workloads {
        let Traffic::Open {
            process,
            per_second,
            profile,
            bursts,
            mix,
        } = &workload.traffic
        else {
            continue;
        };
        let name = &workload.name;
        let unmet = profile
            .iter()
            .filter_map(|profile| peak_not_met(name, profile, model));
        let late = bursts
            .iter()
            .filter_map(|burst| after_the_end(name, burst, model));
        for text in unmet {
            found.push(finding(Code::F0151, Severity::Warning, text));
        }
        for text in late {
            found.push(finding(Code::F0152, Severity::Warning, text));
        }
        let rarely = match process {
            OpenProcess::Bursty(bursty) => busy_hardly_met(name, bursty, mix, model),
            _ => None,
        };
        found.extend(rarely.map(|text| finding(Code::F0153, Severity::Warning, text)));
        let mut parts = Vec::new();
        match process {
            OpenProcess::Bursty(bursty) => parts.push(two_states(bursty)),
            OpenProcess::Batch(size) => parts.push(format!(
                "{} batches a second of {} connections on average",
                rate(per_second / size.mean()),
                rate(size.mean())
            )),
            OpenProcess::Poisson | OpenProcess::Constant => {}
        }
        parts.extend(
            profile
                .as_ref()
                .map(|profile| by_profile(profile, *per_second, model)),
        );
        let in_time = bursts.iter().filter(|burst| burst.at < model.duration);
        parts.extend(in_time.map(in_a_burst));
        if !parts.is_empty() {
            let text = format!(
                "The load of workload \"{name}\" moves: {}.",
                parts.join("; ")
            );
            found.push(finding(Code::F0150, Severity::Info, text));
        }
    }
    found
}

fn finding(code: Code, severity: Severity, text: String) -> Finding {
    Finding {
        code: code.id().to_owned(),
        severity,
        text,
    }
}

fn peak_not_met(name: &str, profile: &Profile, model: &Model) -> Option<String> {
    let met = profile.peak(model.warmup, model.duration);
    (met < profile.highest()).then(|| {
        format!(
            "The profile of workload \"{name}\" goes up to {} times its rate, and to no more than {} times in the {} \
             that count.",
            rate(profile.highest()),
            rate(met),
            span((model.duration - model.warmup).as_secs_f64())
        )
    })
}

fn after_the_end(name: &str, burst: &Burst, model: &Model) -> Option<String> {
    (burst.at >= model.duration).then(|| {
        format!(
            "A burst of workload \"{name}\" is to begin after {}, and the run ends after {}.",
            span(burst.at.as_secs_f64()),
            span(model.duration.as_secs_f64())
        )
    })
}

fn two_states(bursty: &Bursty) -> String {
    format!(
        "{} a second on average, {} for {} at a time and {} for {}, {}",
        rate(bursty.per_second()),
        rate(bursty.on.per_second),
        span(bursty.on.mean.as_secs_f64()),
        rate(bursty.off.per_second),
        span(bursty.off.mean.as_secs_f64()),
        match bursty.correlation {
            Correlation::Workload => "all nodes together",
            Correlation::Node => "every node for itself",
        }
    )
}

fn by_profile(profile: &Profile, per_second: f64, model: &Model) -> String {
    let (from, until) = (model.warmup, model.duration);
    format!(
        "its profile makes that {} connections a second on average and up to {}",
        rate(per_second * profile.mean(from, until)),
        rate(per_second * profile.peak(from, until))
    )
}

fn in_a_burst(burst: &Burst) -> String {
    let seconds = |time: &SimTime| span(time.as_secs_f64());
    let again = burst.every.map_or_else(String::new, |every| {
        format!(" and every {}", seconds(&every))
    });
    let over = match burst.over {
        SimTime::ZERO => "at once".to_owned(),
        over => format!("over {}", seconds(&over)),
    };
    let stagger = match burst.stagger {
        SimTime::ZERO => String::new(),
        stagger => format!(
            ", the nodes one after the other within {}",
            seconds(&stagger)
        ),
    };
    format!(
        "{} {over} after {}{again}{stagger}",
        counted(burst.connections, "connection"),
        seconds(&burst.at)
    )
}

/// A number to about three digits.
pub(super) fn rate(x: f64) -> String {
    match x {
        x if x >= 99.5 => count(x.round() as u64),
        x if x >= 9.95 => trimmed(format!("{x:.1}")),
        x if x >= 0.01 => trimmed(format!("{x:.2}")),
        0.0 => "0".to_owned(),
        x => format!("{x:.1e}"),
    }
}

fn trimmed(text: String) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::fixture;
    use crate::traffic::{BatchSize, Law, State};

    const S: fn(u64) -> SimTime = SimTime::from_secs;

    fn moved(process: OpenProcess, profile: Option<Profile>, bursts: Vec<Burst>) -> Model {
        let law = Law::Exponential { mean: 1.0 };
        let mut workload = fixture::poisson("w", 40.0, law, &[(0, 1.0)], &[(0, 1.0)]);
        if let Traffic::Open { mix, .. } = workload.traffic {
            workload.traffic = Traffic::Open {
                process,
                per_second: 40.0,
                profile,
                bursts,
                mix,
            };
        }
        let mut model = fixture::model(1, 1, vec![workload]);
        (model.warmup, model.duration) = (S(600), S(4_200));
        model
    }

    fn said(model: &Model) -> Vec<(String, String)> {
        let found = findings(model).into_iter();
        found.map(|finding| (finding.code, finding.text)).collect()
    }

    #[test]
    fn a_steady_load_is_not_spoken_of() {
        assert_eq!(said(&moved(OpenProcess::Constant, None, Vec::new())), []);
    }

    #[test]
    fn a_peak_that_is_not_met_and_a_burst_that_is_too_late_are_named() {
        let profile = Profile::new(
            vec![(S(0), 0.5), (S(3_600), 1.5), (S(7_200), 3.0)],
            None,
            S(0),
        );
        let burst = |at| Burst {
            at: S(at),
            every: Some(S(900)),
            connections: 200,
            over: S(30),
            stagger: S(120),
        };
        let model = moved(
            OpenProcess::Poisson,
            Some(profile),
            vec![burst(300), burst(4_200)],
        );
        let found = said(&model);
        let expected = [
            (
                "F0151",
                "The profile of workload \"w\" goes up to 3 times its rate, and to no more than 1.5 times in the 1h00m \
                 that count.",
            ),
            (
                "F0152",
                "A burst of workload \"w\" is to begin after 1h10m, and the run ends after 1h10m.",
            ),
            (
                "F0150",
                "The load of workload \"w\" moves: its profile makes that 26.7 connections a second on average and up to \
                 60; 200 connections over 30 s after 5m00s and every 15m00s, the nodes one after the other within 2m00s.",
            ),
        ];
        let expected = expected.map(|(code, text)| (code.to_owned(), text.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_busy_state_that_is_hardly_met_is_told() {
        let state = |per_second, mean| State {
            per_second,
            mean: S(mean),
        };
        let told = |on, off, correlation, replications| {
            let bursty = Bursty {
                on,
                off,
                correlation,
            };
            let mut model = moved(OpenProcess::Bursty(bursty), None, Vec::new());
            model.replications = replications;
            said(&model)
                .into_iter()
                .find(|(code, _)| code == "F0153")
                .map(|(_, text)| text)
        };
        // An hour counts: 0.1 of a cycle of ten hours, and a hundredth of the time is busy from the start.
        let (busy, quiet) = (|| state(1_500.0, 360), || state(50.0, 35_640));
        assert_eq!(
            told(busy(), quiet(), Correlation::Workload, 10).unwrap(),
            "The busy state of workload \"w\" (1,500 a second for 6m00s at a time) comes 1.1 times on average in all that \
             is counted: figures may know little or nothing of it, and what was not seen to fail is less certain than its \
             bound says. With 46 replications it would come 5 times."
        );
        // Whichever of the two is called busy.
        let turned = told(quiet(), busy(), Correlation::Node, 10).unwrap();
        assert!(turned.contains("(1,500 a second for 6m00s at a time) comes 1.1 times"));
        assert_eq!(told(busy(), quiet(), Correlation::Workload, 46), None);
        assert_eq!(
            told(
                state(50.0, 360),
                state(50.0, 35_640),
                Correlation::Workload,
                1
            ),
            None
        );
    }

    #[test]
    fn states_and_batches_are_put_in_words_and_remembered_for_their_time() {
        let state = |per_second, mean| State {
            per_second,
            mean: S(mean),
        };
        let bursty = Bursty {
            on: state(130.0, 30),
            off: state(10.0, 90),
            correlation: Correlation::Node,
        };
        let model = moved(OpenProcess::Bursty(bursty), None, Vec::new());
        assert_eq!(
            said(&model)[0].1,
            "The load of workload \"w\" moves: 40 a second on average, 130 for 30 s at a time and 10 for 1m30s, every node \
             for itself."
        );
        assert_eq!(memory(&model), Some(120.0));
        let model = moved(
            OpenProcess::Batch(BatchSize::Constant(16)),
            None,
            Vec::new(),
        );
        assert_eq!(
            said(&model)[0].1,
            "The load of workload \"w\" moves: 2.5 batches a second of 16 connections on average."
        );
        assert_eq!(memory(&model), Some(0.0));
    }
}

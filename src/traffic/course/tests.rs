//! Profiles and courses against what can be said of them by hand.

use super::*;

fn s(seconds: f64) -> SimTime {
    SimTime::from_secs_f64(seconds)
}

fn steps(steps: &[(f64, f64)]) -> Vec<(SimTime, f64)> {
    steps.iter().map(|(at, factor)| (s(*at), *factor)).collect()
}

fn plan(profile: Profile, end: SimTime) -> CoursePlan {
    CoursePlan {
        profile: Some(profile),
        states: None,
        end,
    }
}

#[test]
fn a_profile_begins_anew_and_may_begin_in_the_middle() {
    let shape = steps(&[(0.0, 1.0), (10.0, 3.0), (15.0, 0.0)]);
    let profile = Profile::new(shape.clone(), Some(s(20.0)), s(12.0));
    let borders: Vec<(u64, f64)> = std::iter::successors(Some((0, 3.0)), |(at, _)| {
        let (next, _) = profile.segment(*at);
        Some((next, profile.segment(next).1))
    })
    .take(5)
    .map(|(at, factor)| (at / 1_000_000_000, factor))
    .collect();
    assert_eq!(profile.segment(0).1, 3.0);
    assert_eq!(
        borders,
        [(0, 3.0), (3, 0.0), (8, 1.0), (18, 3.0), (23, 0.0)]
    );
    // A period holds 10 + 15 operational seconds.
    assert_eq!(profile.mean(s(0.0), s(2_000.0)), 25.0 / 20.0);
    assert_eq!(profile.mean(s(1.0), s(9.0)), (2.0 * 3.0 + 1.0) / 8.0);
    assert_eq!(profile.peak(s(3.0), s(18.0)), 1.0);
    assert_eq!(profile.peak(s(3.0), s(18.1)), 3.0);
    let once = Profile::new(shape, None, s(0.0));
    assert_eq!(once.mean(s(0.0), s(100.0)), 0.25);
    assert_eq!(once.segment(16_000_000_000), (u64::MAX, 0.0));
}

/// Every instant of operational time is mapped into the piece that it lies in, in order, to the nanosecond.
#[test]
fn no_instant_is_lost_or_met_twice_at_a_border() {
    // 1 s at half speed, 1 ns at triple, nothing for 2 s, then as the clock: odd lengths on purpose.
    let profile = Profile::new(
        vec![
            (SimTime::ZERO, 0.5),
            (SimTime::from_nanos(1_000_000_001), 3.0),
            (SimTime::from_nanos(1_000_000_002), 0.0),
            (SimTime::from_nanos(3_000_000_002), 1.0),
        ],
        Some(SimTime::from_nanos(4_000_000_003)),
        SimTime::ZERO,
    );
    let turn = 4_000_000_003u64;
    // In twice the units: 1,000,000,001 + 6 + 0 + 2,000,000,002 of a turn.
    let twice_a_turn = 3_000_000_009u128;
    let plan = plan(profile, s(1e6));
    let mut course = Course::new(&plan, Seed(1));
    for k in 0..200_000u64 {
        let operational = k * 49_999;
        let twice = u128::from(operational) * 2;
        let turns = (twice / twice_a_turn) as u64;
        let rest = (twice % twice_a_turn) as u64;
        let within = match rest {
            rest if rest < 1_000_000_001 => rest,
            rest if rest < 1_000_000_007 => 1_000_000_001,
            rest => 3_000_000_002 + (rest - 1_000_000_007) / 2,
        };
        let expected = turns * turn + within;
        let found = course.at(operational);
        // One nanosecond of operational time is two at half speed, and may jump the silence where it lies at its edge.
        let at_the_edge = (1_000_000_000..=3_000_000_003).contains(&within);
        assert!(
            expected.abs_diff(found) <= 2
                || at_the_edge && expected.abs_diff(found) <= 2_000_000_003,
            "{operational}: {found} for {expected}"
        );
    }
}

#[test]
fn operational_time_does_not_drift() {
    // A million periods of a third of operational time each, in pieces whose lengths are no whole nanoseconds.
    let third = 1.0 / 3.0;
    let profile = Profile::new(
        steps(&[(0.0, third), (0.3, 2.0 * third), (0.6, 0.0)]),
        Some(s(1.0)),
        s(0.0),
    );
    let plan = plan(profile, s(1e7));
    let mut course = Course::new(&plan, Seed(1));
    let whole = 1e6 * 0.3 * 1e9;
    let found = course.at(whole as u64 + 10);
    assert!(found.abs_diff(1_000_000_000_000_000) < 100, "{found}");
}

#[test]
fn nothing_comes_after_the_end_or_in_silence() {
    let profile = Profile::new(steps(&[(0.0, 1.0), (5.0, 0.0)]), None, s(0.0));
    let plan = plan(profile, s(100.0));
    let mut course = Course::new(&plan, Seed(1));
    assert_eq!(course.at(4_999_999_999), 4_999_999_999);
    assert_eq!(course.at(5_000_000_000), u64::MAX);
    assert_eq!(course.at(u64::MAX), u64::MAX);
}

fn bursty() -> Bursty {
    Bursty {
        on: State {
            per_second: 30.0,
            mean: s(2.0),
        },
        off: State {
            per_second: 5.0,
            mean: s(8.0),
        },
        correlation: Correlation::Workload,
    }
}

/// On at the start and at a later instant with probability 0.2: within 4.5 standard errors. And the same path for the
/// same name, another one for another.
#[test]
fn states_begin_as_in_the_long_run() {
    const RUNS: u64 = 20_000;
    let bursty = bursty();
    let mut on = [0.0, 0.0];
    for run in 0..RUNS {
        let mut chain = Chain::new(&bursty, Seed(run).stream(&[1]));
        for (on, at) in on.iter_mut().zip([0, 3_000_000_000]) {
            let (_, factor) = chain.segment(at);
            *on += f64::from(u8::from(factor > 1.0));
        }
    }
    let error = (0.2 * 0.8 / RUNS as f64).sqrt();
    for on in on {
        assert!((on / RUNS as f64 - 0.2).abs() < 4.5 * error, "{on}");
    }
    let plan = |name: u64| CoursePlan {
        profile: None,
        states: Some((bursty, [0, STATES_OF_A_TEST, name])),
        end: s(1e3),
    };
    let path = |plan: &CoursePlan| -> Vec<u64> {
        let mut course = Course::new(plan, Seed(7));
        (0..1_000).map(|i| course.at(i * 1_000_000_000)).collect()
    };
    assert_eq!(path(&plan(1)), path(&plan(1)));
    assert_ne!(path(&plan(1)), path(&plan(2)));
}

const STATES_OF_A_TEST: u64 = u64::MAX;

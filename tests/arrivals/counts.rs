//! How many connections arrive, and where.

use crate::*;
use snatsim::traffic::{BatchSize, Burst};

/// Offered connections of a replication.
#[derive(Clone, Debug, PartialEq)]
struct Offered {
    all: f64,
    nodes: Vec<f64>,
    endpoints: Vec<f64>,
}

/// Those of every replication.
fn offered(model: &Model) -> Vec<Offered> {
    let counts = |tallies: &[snatsim::record::Tally]| -> Vec<f64> {
        tallies.iter().map(|tally| tally.offered as f64).collect()
    };
    let run = run(model);
    let replications = run.replications.iter();
    replications
        .map(|run| Offered {
            all: run.total.offered as f64,
            nodes: counts(&run.by_pool),
            endpoints: counts(&run.by_destination),
        })
        .collect()
}

/// A covariance and its standard error.
fn covariance(pairs: &[(f64, f64)]) -> (f64, f64) {
    let n = pairs.len() as f64;
    let (a, b) = pairs
        .iter()
        .fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    let products: Vec<f64> = pairs
        .iter()
        .map(|pair| (pair.0 - a / n) * (pair.1 - b / n))
        .collect();
    mean(&products)
}

const ON: (f64, f64) = (30.0, 2.0);
const OFF: (f64, f64) = (5.0, 8.0);
const MEAN_RATE: f64 = 0.2 * 30.0 + 0.8 * 5.0;

/// Variance of the number of arrivals in `t` seconds beyond that of a Poisson process, for two states from the long run
/// on: Heffes and Lucantoni (1986), from the index of dispersion that they give.
fn extra_variance(share: f64, t: f64) -> f64 {
    let (on, off) = (share * ON.0, share * OFF.0);
    let (leave_on, leave_off) = (1.0 / ON.1, 1.0 / OFF.1);
    let sum = leave_on + leave_off;
    let weighted = on * leave_off + off * leave_on;
    let excess = 2.0 * (on - off).powi(2) * leave_on * leave_off / (sum * sum * weighted);
    let dispersion = excess * (1.0 - (1.0 - (-sum * t).exp()) / (sum * t));
    dispersion * share * MEAN_RATE * t
}

const RUNS: u32 = 5_000;

fn two_by_two(process: OpenProcess, seconds: f64) -> Model {
    let mix = mix(&[0.75, 0.25], &[0.5, 0.5], exponential(0.01));
    Model {
        replications: RUNS,
        ..model(
            s(seconds),
            2,
            tcp_endpoints(2),
            vec![open(process, MEAN_RATE, mix)],
            [by_node(PLENTY)],
        )
    }
}

#[test]
fn two_states_disperse_counts_as_the_textbook_says() {
    for seconds in [0.5, 4.0, 40.0] {
        let process = OpenProcess::Bursty(bursty(ON, OFF, Correlation::Workload));
        let counts = offered(&two_by_two(process, seconds));
        let totals: Vec<f64> = counts.iter().map(|count| count.all).collect();
        let what = format!("two states, {seconds} s");
        agrees(&format!("{what}: mean"), mean(&totals), MEAN_RATE * seconds);
        let both: Vec<(f64, f64)> = totals.iter().map(|n| (*n, *n)).collect();
        let variance = MEAN_RATE * seconds + extra_variance(1.0, seconds);
        agrees(&format!("{what}: variance"), covariance(&both), variance);
        let index = variance / (MEAN_RATE * seconds);
        assert!(index > 1.5, "too little dispersion to tell: {index}");
    }
}

/// What bursts together covaries: what two parts of a load have in common is the path of their states.
#[test]
fn a_workload_bursts_together_and_nodes_by_themselves() {
    const SECONDS: f64 = 10.0;
    let extra = extra_variance(1.0, SECONDS);
    for (correlation, nodes, endpoints) in [
        (Correlation::Workload, 0.75 * 0.25 * extra, 0.25 * extra),
        (
            Correlation::Node,
            0.0,
            0.25 * (0.75f64.powi(2) + 0.25f64.powi(2)) * extra,
        ),
    ] {
        let process = OpenProcess::Bursty(bursty(ON, OFF, correlation));
        let counts = offered(&two_by_two(process, SECONDS));
        let what = format!("{correlation:?}");
        let pair = |values: &Vec<f64>| (values[0], values[1]);
        let by_node: Vec<(f64, f64)> = counts.iter().map(|count| pair(&count.nodes)).collect();
        let by_endpoint: Vec<(f64, f64)> =
            counts.iter().map(|count| pair(&count.endpoints)).collect();
        agrees(
            &format!("{what}: between nodes"),
            covariance(&by_node),
            nodes,
        );
        agrees(
            &format!("{what}: between endpoints"),
            covariance(&by_endpoint),
            endpoints,
        );
        let first: Vec<f64> = by_node.iter().map(|pair| pair.0).collect();
        agrees(
            &format!("{what}: first node"),
            mean(&first),
            0.75 * MEAN_RATE * SECONDS,
        );
    }
}

#[test]
fn two_equal_states_are_a_poisson_process() {
    let process = OpenProcess::Bursty(bursty((10.0, 2.0), (10.0, 8.0), Correlation::Workload));
    let totals: Vec<f64> = offered(&two_by_two(process, 3.0))
        .iter()
        .map(|n| n.all)
        .collect();
    let both: Vec<(f64, f64)> = totals.iter().map(|n| (*n, *n)).collect();
    agrees("equal states: mean", mean(&totals), 30.0);
    agrees("equal states: variance", covariance(&both), 30.0);
}

/// A batch goes to one node and one endpoint: nodes do not covary, and each count has E[X²] / E[X] times the variance of
/// a Poisson process.
#[test]
fn batches_land_whole() {
    const BATCHES: f64 = 4.0;
    const SECONDS: f64 = 5.0;
    for (size, second_moment) in [
        (BatchSize::Constant(6), 36.0),
        (BatchSize::Uniform { min: 1, max: 5 }, 11.0),
        // Geometric from 1 on with mean m: variance m (m − 1).
        (BatchSize::Geometric { mean: 4.0 }, 12.0 + 16.0),
    ] {
        let per_second = BATCHES * size.mean();
        let mut model = two_by_two(OpenProcess::Batch(size), SECONDS);
        model.workloads[0] = open(
            OpenProcess::Batch(size),
            per_second,
            mix(&[0.75, 0.25], &[0.5, 0.5], exponential(0.01)),
        );
        let counts = offered(&model);
        let totals: Vec<f64> = counts.iter().map(|count| count.all).collect();
        let both: Vec<(f64, f64)> = totals.iter().map(|n| (*n, *n)).collect();
        let what = format!("{size:?}");
        agrees(
            &format!("{what}: mean"),
            mean(&totals),
            per_second * SECONDS,
        );
        let variance = BATCHES * SECONDS * second_moment;
        agrees(&format!("{what}: variance"), covariance(&both), variance);
        let nodes: Vec<(f64, f64)> = counts
            .iter()
            .map(|count| (count.nodes[0], count.nodes[1]))
            .collect();
        agrees(&format!("{what}: between nodes"), covariance(&nodes), 0.0);
        let first: Vec<(f64, f64)> = nodes.iter().map(|pair| (pair.0, pair.0)).collect();
        agrees(
            &format!("{what}: first node"),
            covariance(&first),
            0.75 * variance,
        );
    }
}

fn profile() -> Profile {
    let steps = [(0.0, 0.25), (60.0, 3.0), (90.0, 0.0), (100.0, 1.0)];
    let steps = steps.map(|(at, factor)| (s(at), factor)).to_vec();
    Profile::new(steps, Some(s(150.0)), s(20.0))
}

/// Borders of the profile's pieces in a run of 290 s that begins 20 s into it, and the factors between them.
const BORDERS: [f64; 9] = [0.0, 40.0, 70.0, 80.0, 130.0, 190.0, 220.0, 230.0, 280.0];
const FACTORS: [f64; 8] = [0.25, 3.0, 0.0, 1.0, 0.25, 3.0, 0.0, 1.0];

fn between(workload: Workload, from: f64, until: f64) -> Model {
    Model {
        warmup: s(from),
        replications: 20,
        ..model(
            s(until),
            2,
            tcp_endpoints(2),
            vec![workload],
            [by_node(PLENTY)],
        )
    }
}

/// In each piece as many as its rate says, within the bounds of a Poisson number; and what the pieces count is what the
/// whole counts: no arrival is lost or met twice at a border.
#[test]
fn a_profile_moves_poisson_arrivals_piece_by_piece() {
    const RATE: f64 = 200.0;
    let plain = || {
        open(
            OpenProcess::Poisson,
            RATE,
            mix(&[0.75, 0.25], &[0.5, 0.5], exponential(0.01)),
        )
    };
    let sum = |from, until| -> f64 {
        let model = between(with_profile(plain(), profile()), from, until);
        offered(&model).iter().map(|count| count.all).sum()
    };
    let mut in_pieces = 0.0;
    for (piece, factor) in BORDERS.windows(2).zip(FACTORS) {
        let found = sum(piece[0], piece[1]);
        let expected = 20.0 * RATE * factor * (piece[1] - piece[0]);
        println!("from {} to {}: {found} for {expected}", piece[0], piece[1]);
        assert!((found - expected).abs() <= ERRORS * expected.sqrt());
        in_pieces += found;
    }
    assert_eq!(in_pieces, sum(0.0, 280.0));
}

/// Evenly spaced arrivals have nothing left to chance: every piece has its number, give or take the one that a border
/// cuts, for each of the four pairs of node and endpoint.
#[test]
fn a_profile_moves_evenly_spaced_arrivals_piece_by_piece() {
    const RATE: f64 = 40.0;
    let plain = || {
        open(
            OpenProcess::Constant,
            RATE,
            mix(&[0.75, 0.25], &[0.5, 0.5], exponential(0.01)),
        )
    };
    for (piece, factor) in BORDERS.windows(2).zip(FACTORS) {
        let model = between(with_profile(plain(), profile()), piece[0], piece[1]);
        for count in offered(&model) {
            let expected = RATE * factor * (piece[1] - piece[0]);
            assert!(
                (count.all - expected).abs() <= 4.0,
                "{} for {expected}",
                count.all
            );
        }
    }
}

/// Pieces of two states, of batches and of both under a profile, cut anywhere, add up to the whole.
#[test]
fn windows_of_any_process_add_up() {
    let processes = [
        OpenProcess::Bursty(bursty((90.0, 3.0), (1.0, 11.0), Correlation::Workload)),
        OpenProcess::Bursty(bursty((90.0, 3.0), (1.0, 11.0), Correlation::Node)),
        OpenProcess::Batch(BatchSize::Geometric { mean: 7.0 }),
    ];
    for process in processes {
        for moved in [false, true] {
            let sum = |from, until| -> f64 {
                let mix = mix(&[0.75, 0.25], &[0.5, 0.5], exponential(0.01));
                let plain = open(process, 20.0, mix);
                let workload = match moved {
                    true => with_profile(plain, profile()),
                    false => plain,
                };
                offered(&between(workload, from, until))
                    .iter()
                    .map(|n| n.all)
                    .sum()
            };
            let cuts = [0.0, 13.37, 40.0, 40.000_000_001, 71.0, 200.5, 280.0];
            let pieces: f64 = cuts.windows(2).map(|cut| sum(cut[0], cut[1])).sum();
            assert_eq!(pieces, sum(0.0, 280.0), "{process:?}");
        }
    }
}

#[test]
fn bursts_have_exactly_their_connections_where_they_belong() {
    let burst = Burst {
        at: s(100.0),
        every: Some(s(300.0)),
        connections: 1_001,
        over: s(20.0),
        stagger: s(40.0),
    };
    let workload = || {
        let mut workload = open(
            OpenProcess::Poisson,
            0.0,
            mix(&[0.75, 0.25], &[0.5, 0.5], exponential(5.0)),
        );
        let Traffic::Open { bursts, .. } = &mut workload.traffic else {
            unreachable!("the workload is open")
        };
        bursts.push(burst);
        workload
    };
    let counts = |from, until| {
        let counts = offered(&between(workload(), from, until));
        assert!(counts.iter().all(|count| *count == counts[0]));
        counts[0].clone()
    };
    // 750.75 and 250.25: the remainder goes to the first node, and its 751 to 375 and 376.
    assert_eq!(
        counts(0.0, 200.0),
        Offered {
            all: 1_001.0,
            nodes: vec![751.0, 250.0],
            endpoints: vec![500.0, 501.0],
        }
    );
    // Of 1,001 in 20 s the first half of the first node's 751: the second node begins 20 s later.
    assert_eq!(counts(100.0, 110.0).nodes, [376.0, 0.0]);
    assert_eq!(counts(120.0, 140.0).nodes, [0.0, 250.0]);
    assert_eq!(counts(0.0, 1_000.0).all, 3_003.0);
    assert_eq!(counts(140.0, 400.0).all, 0.0);
}

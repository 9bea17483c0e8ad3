//! Blocking of a few ports, where the ports in use and what moves the load are a Markov chain that can be solved.

use crate::*;
use snatsim::traffic::BatchSize;

/// The stationary law of a chain whose rate from state i to state j is `rates[i][j]`: Gauss with the largest pivot, the
/// last equation of balance replaced by the sum.
fn stationary(rates: &[Vec<f64>]) -> Vec<f64> {
    let n = rates.len();
    let mut rows: Vec<Vec<f64>> = (0..n)
        .map(|j| {
            let mut row: Vec<f64> = (0..n).map(|i| rates[i][j]).collect();
            row[j] = -(0..n).filter(|k| *k != j).map(|k| rates[j][k]).sum::<f64>();
            row.push(0.0);
            row
        })
        .collect();
    rows[n - 1] = vec![1.0; n + 1];
    for column in 0..n {
        let largest =
            |a: &usize, b: &usize| rows[*a][column].abs().total_cmp(&rows[*b][column].abs());
        let pivot = (column..n).max_by(largest).expect("a row");
        rows.swap(column, pivot);
        let pivot = rows[column].clone();
        for (index, row) in rows.iter_mut().enumerate() {
            let factor = row[column] / pivot[column];
            if index != column && factor != 0.0 {
                row.iter_mut()
                    .zip(&pivot)
                    .for_each(|(x, p)| *x -= factor * p);
            }
        }
    }
    (0..n).map(|i| rows[i][n] / rows[i][i]).collect()
}

/// The chain of M/M/c/c gives Erlang's formula: the solver is right.
#[test]
fn the_solver_gives_erlangs_formula() {
    let (ports, load) = (8usize, 5.0);
    let mut rates = vec![vec![0.0; ports + 1]; ports + 1];
    for n in 0..ports {
        rates[n][n + 1] = load;
        rates[n + 1][n] = (n + 1) as f64;
    }
    let blocking = stationary(&rates)[ports];
    let published = snatsim::results::erlang::erlang_b(load, ports as u64);
    assert!((blocking / published - 1.0).abs() < 1e-12);
}

/// Share of connections that fail in `replications` runs, with the error of the ratio over them.
fn share_failed(workload: Workload, ports: usize, seconds: f64) -> (f64, f64) {
    let model = Model {
        warmup: s(200.0),
        replications: 40,
        ..model(
            s(200.0 + seconds),
            1,
            tcp_endpoints(1),
            vec![workload],
            [by_node(ports as u32)],
        )
    };
    let run = run(&model);
    let counts: Vec<(f64, f64)> = run
        .replications
        .iter()
        .map(|run| (run.total.failed as f64, run.total.offered as f64))
        .collect();
    let failed: f64 = counts.iter().map(|count| count.0).sum();
    let offered: f64 = counts.iter().map(|count| count.1).sum();
    let ratio = failed / offered;
    let residuals: Vec<f64> = counts
        .iter()
        .map(|count| count.0 - ratio * count.1)
        .collect();
    let (_, error) = mean(&residuals);
    (ratio, error / (offered / counts.len() as f64))
}

fn one_cell(process: OpenProcess, per_second: f64) -> Workload {
    open(process, per_second, mix(&[1.0], &[1.0], exponential(1.0)))
}

/// M^[X]/M/c/c, connections of a batch admitted one by one as long as there are ports.
#[test]
fn batches_are_refused_as_their_chain_says() {
    const PORTS: usize = 12;
    const MOST: usize = 400;
    let constant = |size: usize| move |k: usize| f64::from(u8::from(k == size));
    let uniform = |k: usize| if (2..=6).contains(&k) { 0.2 } else { 0.0 };
    let geometric = |k: usize| 0.25 * 0.75f64.powi(k as i32 - 1);
    type Probability<'a> = &'a dyn Fn(usize) -> f64;
    // Laws and batches a second; of one connection each they are plain Poisson arrivals.
    let laws: [(BatchSize, f64, Probability); 4] = [
        (BatchSize::Constant(1), 8.0, &constant(1)),
        (BatchSize::Constant(5), 1.5, &constant(5)),
        (BatchSize::Uniform { min: 2, max: 6 }, 1.5, &uniform),
        (BatchSize::Geometric { mean: 4.0 }, 1.5, &geometric),
    ];
    for (size, batches, probability) in laws {
        let mut rates = vec![vec![0.0; PORTS + 1]; PORTS + 1];
        for n in 0..=PORTS {
            for k in 1..=MOST {
                let to = (n + k).min(PORTS);
                if to > n {
                    rates[n][to] += batches * probability(k);
                }
            }
            if n > 0 {
                rates[n][n - 1] += n as f64;
            }
        }
        let law = stationary(&rates);
        let refused = |n: usize| -> f64 {
            let free = PORTS - n;
            (free + 1..=MOST)
                .map(|k| probability(k) * (k - free) as f64)
                .sum()
        };
        let of_a_batch: f64 = law.iter().enumerate().map(|(n, p)| p * refused(n)).sum();
        let expected = of_a_batch / size.mean();
        let workload = one_cell(OpenProcess::Batch(size), batches * size.mean());
        let found = share_failed(workload, PORTS, 8_000.0);
        agrees(&format!("{size:?}"), found, expected);
    }
}

/// MMPP/M/c/c: what arrives in the busy state meets fuller ports than time does on average.
#[test]
fn two_states_are_refused_as_their_chain_says() {
    const PORTS: usize = 10;
    for (on, off) in [
        ((20.0, 0.5), (2.0, 2.0)),
        ((12.0, 5.0), (4.0, 5.0)),
        ((15.0, 30.0), (0.0, 60.0)),
    ] {
        // States n (on) and PORTS + 1 + n (off).
        let off_at = PORTS + 1;
        let mut rates = vec![vec![0.0; 2 * off_at]; 2 * off_at];
        for n in 0..=PORTS {
            for (first, rate) in [(0, on.0), (off_at, off.0)] {
                if n < PORTS {
                    rates[first + n][first + n + 1] = rate;
                    rates[first + n + 1][first + n] = (n + 1) as f64;
                }
            }
            rates[n][off_at + n] = 1.0 / on.1;
            rates[off_at + n][n] = 1.0 / off.1;
        }
        let law = stationary(&rates);
        let states = bursty(on, off, Correlation::Workload);
        let refused = on.0 * law[PORTS] + off.0 * law[off_at + PORTS];
        let expected = refused / states.per_second();
        let erlang = snatsim::results::erlang::erlang_b(states.per_second(), PORTS as u64);
        assert!(
            expected > 1.2 * erlang,
            "too like a Poisson process: {expected}, {erlang}"
        );
        for correlation in [Correlation::Workload, Correlation::Node] {
            let states = Bursty {
                correlation,
                ..states
            };
            let workload = one_cell(OpenProcess::Bursty(states), states.per_second());
            let found = share_failed(workload, PORTS, 20_000.0);
            agrees(&format!("{on:?} {off:?} {correlation:?}"), found, expected);
        }
    }
}

//! Cells whose refusals are rare and known exactly.

use super::models::*;
use snatsim::engine::PoolPlan;
use snatsim::model::{Model, Workload};
use snatsim::results::erlang::erlang_b;
use snatsim::simulate::rare::{Rare, obstacles, rare};
use snatsim::traffic::Law;
use snatsim::units::Seed;

/// A model of one cell.
pub fn one_cell(plan: PoolPlan, workloads: Vec<Workload>, seed: u64) -> Model {
    Model {
        seed: Seed(seed),
        ..model(s(3_600.0), 1, tcp_endpoints(1), workloads, [plan])
    }
}

/// What `--rare` finds of the only outbound type of `model`.
pub fn found(model: &Model) -> Rare {
    assert_eq!(obstacles(model), []);
    let mut all = rare(model, &|_, _| {});
    all.remove(0).expect("a plan").expect("an estimate")
}

/// Lives of this law, and Load Balancer's 240 s after them, at this load in Erlang.
pub fn held_after(law: Law, load: f64) -> Workload {
    let rate = load / (law.mean() + 240.0);
    workload(poisson(rate, mix(&[1.0], &[1.0], law)))
}

/// Laws of lives.
pub fn laws() -> [(&'static str, Law); 2] {
    [
        (
            "exponential, mean 20 s",
            Law::exponential(20.0).expect("a law"),
        ),
        (
            "lognormal, median 0.4 s, p99 8 s",
            Law::lognormal_median_p99(0.4, 8.0).expect("a law"),
        ),
    ]
}

/// A node of `ports` of which the formula says that it refuses `target`.
pub fn node(ports: u32, target: f64, law: Law, seed: u64) -> Model {
    let load = load_for(ports, target);
    one_cell(load_balancer(ports), vec![held_after(law, load)], seed)
}

/// The load at which the formula gives `target`.
fn load_for(ports: u32, target: f64) -> f64 {
    let (mut low, mut high) = (0.0, f64::from(ports));
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        match erlang_b(middle, u64::from(ports)) <= target {
            true => low = middle,
            false => high = middle,
        }
    }
    low
}

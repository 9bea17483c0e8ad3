//! The scenarios in `benches/scenarios/`, which all that measures shares.

use snatsim::model::{self, Model};
use snatsim::scenario;
use snatsim::units::SimTime;
use std::path::{Path, PathBuf};

/// A scenario to measure, and what is asked of it.
pub struct Workbench {
    /// Its name, and its file's.
    pub name: &'static str,
    /// Least speed, in times that of the naive simulator.
    pub least: f64,
    /// The share of its duration that a bench simulates: about a million connections.
    pub short: f64,
}

const fn workbench(name: &'static str, least: f64, short: f64) -> Workbench {
    Workbench { name, least, short }
}

/// Those held against the naive simulator. The first three are the ones that other simulators were measured on.
pub const WORKBENCHES: [Workbench; 13] = [
    workbench("LB-1", 9.0, 0.05),
    workbench("LB-2", 8.0, 0.05),
    workbench("NAT-1", 8.0, 0.05),
    workbench("pools", 40.0, 0.1),
    workbench("retransmits", 3.0, 0.2),
    workbench("retries", 3.0, 0.2),
    workbench("workloads", 3.0, 0.2),
    workbench("endpoints", 3.0, 0.2),
    workbench("firewall", 3.0, 0.25),
    workbench("overload", 3.0, 0.25),
    workbench("events", 3.0, 0.05),
    workbench("silence", 3.0, 0.2),
    workbench("requests", 3.0, 0.1),
];

/// One pool of a thousand, a hundred thousand and ten million ports, all of them held.
pub const HELD: [&str; 3] = ["held-1e3", "held-1e5", "held-1e7"];

/// The file of scenario `name`.
pub fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("benches/scenarios/{name}.json"))
}

/// The model of scenario `name`, for this share of its duration.
pub fn model(name: &str, share: f64) -> Model {
    let text = std::fs::read_to_string(file(name)).expect("the scenario is there");
    let loaded = scenario::load(&text, name, &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut model = model::build(&loaded, &mut |_| unreachable!("it names no file"))
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let shorter = |time: SimTime| SimTime::from_secs_f64(time.as_secs_f64() * share);
    model.duration = shorter(model.duration);
    for epoch in &mut model.epochs {
        epoch.at = shorter(epoch.at);
    }
    model
}

/// Connections that `model` offers, on average.
pub fn connections(model: &Model) -> f64 {
    let rates = model
        .workloads
        .iter()
        .map(|workload| match &workload.traffic {
            model::Traffic::Open { per_second, .. } => *per_second,
            _ => panic!("{}: arrivals that wait for nothing", workload.name),
        });
    rates.sum::<f64>() * model.duration.as_secs_f64()
}

//! Two threads against one, and the day of a thousand nodes.

use crate::document::{Day, Threads};
use crate::figures::{Rounds, grouped, number};
use crate::process::run;
use crate::workbench;
use std::path::Path;
use std::process::Command;

/// A scenario with this much overridden, of this many cells.
type Shape = (&'static str, &'static str, &'static [&'static str], u32);

/// Runs of 16 cells and more: cells by node, by destination and by replication.
const SHAPES: [Shape; 5] = [
    (
        "16 nodes",
        "LB-2",
        &[
            "/cluster/nodePools/node/count=16",
            "/workloads/churn/arrivals/poisson/perSecond=62.4",
        ],
        16,
    ),
    (
        "16 endpoints of one shared pool",
        "NAT-1",
        &["/destinations/sql={\"name\":\"sql\",\"port\":1433,\"endpoints\":16}"],
        16,
    ),
    (
        "10 nodes, 10 replications",
        "LB-2",
        &["/replications=10", "/duration=100000s"],
        100,
    ),
    ("1,000 nodes", "pools", &[], 1_000),
    ("10 nodes, 2,000 endpoints", "endpoints", &[], 20_000),
];

/// Time on the wall of every shape, with one thread and with two, in turn.
pub fn two_against_one(program: &Path, rounds: usize) -> Vec<(String, Threads)> {
    let measured = SHAPES.iter().map(|(title, name, sets, cells)| {
        let wall = |threads: &str| {
            let mut command = Command::new(program);
            command.args(["run", "--quiet", "--threads", threads]);
            command.arg(workbench::file(name));
            command.args(sets.iter().flat_map(|set| ["--set", set]));
            run(&command).0.wall
        };
        let pairs: Vec<(f64, f64)> = (0..rounds).map(|_| (wall("1"), wall("2"))).collect();
        let threads = Threads {
            cells: *cells,
            rounds,
            one: Rounds::of(pairs.iter().map(|(one, _)| *one)),
            times: Rounds::of(pairs.iter().map(|(one, two)| one / two)),
        };
        println!("{title}: two threads {} times one", threads.times.text());
        ((*title).to_owned(), threads)
    });
    measured.collect()
}

/// The day of a thousand nodes on all cores, with the default table.
pub fn day(program: &Path) -> Vec<(String, Day)> {
    const NAME: &str = "day";
    let model = workbench::model(NAME, 1.0);
    let (used, printed) = run(Command::new(program)
        .args(["run", "--quiet"])
        .arg(workbench::file(NAME)));
    println!("{printed}");
    let connections = workbench::connections(&model);
    let day = Day {
        connections,
        outbounds: model.outbounds.len(),
        wall: used.wall,
        nanos: used.cpu * 1e9 / connections / model.outbounds.len() as f64,
        peak: used.peak,
    };
    println!(
        "{} connections in {} s",
        grouped(connections),
        number(day.wall)
    );
    vec![(model.description, day)]
}

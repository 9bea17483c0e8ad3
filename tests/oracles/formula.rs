//! The formula itself: what is too rare to simulate, and what is a question about dimensions.

use super::*;

/// The load at which Erlang-B blocks just `target`.
fn load_for(ports: u64, target: f64) -> f64 {
    let (mut low, mut high) = (0.0, 2.0 * ports as f64);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if erlang_b(middle, ports) > target {
            high = middle;
        } else {
            low = middle;
        }
    }
    low
}

/// What is too rare to simulate, and what is a question about the formula: nothing here is drawn.
pub fn formula(_: Effort) -> Vec<Check> {
    #[rustfmt::skip]
    let blocking = [
        ("erlang_b_06", 900.0, 1_024, 3.510952895138945e-06, 1e-6),
        ("partition_00", 12.0, 32, 7.981684130288695e-07, 1e-6),
        ("partition_00", 80.0, 128, 1.8441651725167395e-07, 1e-6),
        ("V-22", 900.0, 1_024, 3.51e-6, 0.005),
        ("V-23", 64_000.0, 64_512, 2.08e-4, 0.005),
        ("V-43", 2_350.0, 2_496, 9.39e-5, 0.005),
        ("V-43", 4_700.0, 4_992, 7.8e-7, 0.01),
    ];
    let mut checks = Vec::new();
    for (name, load, ports, expected, relative) in blocking {
        let found = erlang_b(load, ports);
        let label = format!("{name}: blocking of {load} erlang on {ports} ports");
        checks.push(Check::about(label, expected, found, relative));
    }
    for (name, load, target, expected) in [
        ("dimension_00", 50.0, 0.01, 64.0),
        ("dimension_02", 900.0, 1e-6, 1034.0),
    ] {
        let found = ports_for(load, target) as f64;
        let label = format!("{name}: ports for {load} erlang at {target}");
        checks.push(Check::exact(label, expected, found));
    }
    #[rustfmt::skip]
    let loads = [
        ("V-24", 32, 1e-3, 18.20, 1e-3),
        ("V-24", 64, 1e-3, 44.16, 1e-3),
        ("V-24", 128, 1e-3, 100.12, 1e-3),
        ("V-24", 256, 1e-3, 217.51, 1e-3),
        ("V-24", 512, 1e-3, 459.62, 1e-3),
        ("V-24", 1_024, 1e-3, 953.63, 1e-3),
        ("V-24", 2_560, 1e-3, 2_458.1, 1e-3),
        ("V-24", 64_512, 1e-3, 64_234.6, 1e-3),
        ("V-44: 51,200 pooled", 51_200, 1e-4, 50_659.0, 1e-3),
        ("V-44: 26,112 pooled", 26_112, 1e-4, 25_705.0, 1e-3),
    ];
    for (name, ports, target, expected, relative) in loads {
        let label = format!("{name}: erlang that {ports} ports carry at {target}");
        checks.push(Check::about(
            label,
            expected,
            load_for(ports, target),
            relative,
        ));
    }
    for (nodes, ports, expected) in [(50.0, 1_024, 46_388.0), (51.0, 512, 22_574.0)] {
        let label = format!("V-44: erlang that {nodes} nodes of {ports} ports carry at 0.0001");
        checks.push(Check::about(
            label,
            expected,
            nodes * load_for(ports, 1e-4),
            1e-3,
        ));
    }
    // Connections a second that hold a port for so long, at a blocking of at most so much.
    #[rustfmt::skip]
    let rates = [
        ("V-25", 128, 240.0, 1e-3, 0.417),
        ("V-25", 128, 240.0, 1e-2, 0.461),
        ("V-26", 1_024, 241.0, 1e-3, 3.957),
        ("V-30, 4 min", 1_024, 240.0, 1e-3, 3.974),
        ("V-30, 15 min", 1_024, 900.0, 1e-3, 1.060),
        ("V-30, 30 min", 1_024, 1_800.0, 1e-3, 0.530),
        ("V-30, 60 min", 1_024, 3_600.0, 1e-3, 0.265),
        ("V-30, 120 min", 1_024, 7_200.0, 1e-3, 0.132),
    ];
    for (name, ports, hold, target, expected) in rates {
        let label = format!("{name}: connections a second on {ports} ports at {target}");
        checks.push(Check::about(
            label,
            expected,
            load_for(ports, target) / hold,
            0.02,
        ));
    }
    checks
}

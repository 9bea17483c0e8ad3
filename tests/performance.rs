//! The tables of `docs/performance.md` say what `docs/performance.json` holds.

#[path = "../examples/measure/document.rs"]
#[allow(dead_code)]
mod document;
#[path = "../examples/measure/figures.rs"]
#[allow(dead_code)]
mod figures;
#[path = "../examples/support/parts.rs"]
mod parts;
#[path = "../benches/workbench/mod.rs"]
#[allow(dead_code)]
mod workbench;

use document::Measured;
use figures::{Rounds, grouped, number};
use std::path::Path;

#[test]
fn the_tables_are_made_from_the_figures() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let published =
        std::fs::read_to_string(root.join("docs/performance.md")).expect("the document");
    assert!(
        Measured::read(root).document(&published) == published,
        "`cargo run --release --example measure -- tables` writes them anew"
    );
}

#[test]
fn every_scenario_is_measured() {
    let measured = Measured::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let names: Vec<&str> = measured.speed.iter().map(|row| &row.name[..]).collect();
    let benches = workbench::WORKBENCHES.iter().map(|bench| bench.name);
    for name in benches.chain(workbench::HELD) {
        assert!(names.contains(&name), "{name} was never measured");
    }
}

#[test]
fn figures_are_written_short() {
    assert_eq!(number(0.0), "0");
    assert_eq!(number(0.012_34), "0.0123");
    assert_eq!(number(9.456), "9.46");
    assert_eq!(number(1234.5), "1,234");
    assert_eq!(grouped(1_000_000.0), "1,000,000");
    assert_eq!(grouped(999.6), "1,000");
}

#[test]
fn the_median_of_rounds_is_the_middle_one() {
    let three = Rounds::of([3.0, 1.0, 2.0]);
    assert_eq!((three.median, three.min, three.max), (2.0, 1.0, 3.0));
    assert_eq!(Rounds::of([4.0, 1.0]).median, 2.5);
    assert_eq!(three.text(), "2.00 (1.00..3.00)");
}

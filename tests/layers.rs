//! A layer imports only from those under it.

use std::path::{Path, PathBuf};

/// The layers from the bottom; those in one row are siblings, which never import each other.
const ROWS: [&[&str]; 10] = [
    &["units"],
    &["fault"],
    &["engine"],
    &["outbound", "traffic", "record"],
    &["scenario"],
    &["model"],
    &["simulate"],
    &["results"],
    &["sweep"],
    &["report"],
];

/// The layer on top of all.
const TOP: &str = "cli";

fn row(layer: &str) -> usize {
    let row = ROWS.iter().position(|row| row.contains(&layer));
    row.unwrap_or_else(|| {
        assert_eq!(layer, TOP, "an unknown layer");
        ROWS.len()
    })
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            found.push(path);
        }
    }
}

/// Layers that a file names as `crate::layer`, in code; comments, documentation and tests may point anywhere.
fn layers_named_in(text: &str) -> Vec<String> {
    let product = text.split("#[cfg(test)]\nmod tests {").next();
    let code = product
        .unwrap_or(text)
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: String = code.collect::<Vec<_>>().join("\n");
    let names = code.split("crate::").skip(1);
    names.flat_map(first_segments).collect()
}

/// The first segment of a path, or of each path in braces.
fn first_segments(path: &str) -> Vec<String> {
    let segment = |text: &str| -> String {
        let text = text.trim_start().chars();
        text.take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![segment(path)];
    };
    let mut depth = 0;
    let mut paths = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => paths.push(String::new()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                paths.last_mut().expect("one at least").push(c);
            }
        }
    }
    let named = paths.iter().map(|path| segment(path));
    named.filter(|segment| !segment.is_empty()).collect()
}

/// The edges of one file that point up or sideways.
fn wrong_edges(layer: &str, text: &str) -> Vec<String> {
    let named = layers_named_in(text).into_iter();
    named
        .filter(|other| other != layer && row(other) >= row(layer))
        .map(|other| format!("{layer} -> {other}"))
        .collect()
}

#[test]
fn every_layer_imports_only_from_those_under_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&source, &mut files);
    assert!(files.len() > 10, "the sources are found");
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&source).expect("a file of src");
        let first = inside
            .iter()
            .next()
            .expect("a first step")
            .to_string_lossy();
        let layer = first.trim_end_matches(".rs");
        if layer == "lib" || layer == "main" {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a readable file");
        let edges = wrong_edges(layer, &text);
        wrong.extend(
            edges
                .into_iter()
                .map(|edge| format!("{}: {edge}", inside.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_of_the_library_is_a_layer() {
    let library = include_str!("../src/lib.rs");
    let modules = library
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub mod "));
    for module in modules {
        row(module.trim_end_matches(';'));
    }
}

#[test]
fn a_wrong_edge_is_found_however_it_is_written() {
    assert_eq!(
        wrong_edges("engine", "use crate::model::Model;"),
        ["engine -> model"]
    );
    assert_eq!(
        wrong_edges("traffic", "use crate::{units, record::{Tally, Slot}};"),
        ["traffic -> record"]
    );
    assert_eq!(
        wrong_edges("units", "fn f() { crate::fault::step(\"\", 0); }"),
        ["units -> fault"]
    );
    assert_eq!(
        wrong_edges("results", "use crate::{\n    cli::run,\n};"),
        ["results -> cli"]
    );
    let right = "//! See [`crate::cli`].\nuse crate::engine::plan;\nuse crate::{fault::Code, units::{Seed}};";
    assert!(wrong_edges("engine", right).is_empty());
}

//! Every broken scenario of `configs/invalid` is refused with the message beside it.
//!
//! `NAME.json` is the scenario, `NAME.txt` the message, `NAME.set` overrides, one a line, where there are any.
//! To accept new messages after reading them: `BLESS=1 cargo test --test invalid`.

use snatsim::fault::Code;
use snatsim::{model, scenario};
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/invalid")
}

fn scenarios() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder())
        .expect("configs/invalid is there")
        .map(|entry| entry.expect("an entry can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    paths
}

/// The message for a scenario, none where nothing is wrong with it.
fn message(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).expect("a scenario can be read");
    let origin = path.file_name().expect("a file").to_string_lossy();
    let sets: Vec<(String, String)> = fs::read_to_string(path.with_extension("set"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(pointer, value)| (pointer.to_owned(), value.to_owned()))
        .collect();
    let loaded = match scenario::load(&text, &origin, &sets) {
        Ok(loaded) => loaded,
        Err(diagnostics) => return Some(diagnostics.render(false)),
    };
    let mut files = |name: &str| fs::read(folder().join(name));
    match model::build(&loaded, &mut files) {
        Ok(model) => model::refusals(&model, &loaded).map(|diagnostics| diagnostics.render(false)),
        Err(diagnostics) => Some(diagnostics.render(false)),
    }
}

#[test]
fn every_broken_scenario_is_refused_with_its_message() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut wrong = Vec::new();
    for path in scenarios() {
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let Some(found) = message(&path) else {
            wrong.push(format!("{name}: nothing is wrong with it"));
            continue;
        };
        let snapshot = path.with_extension("txt");
        if bless {
            fs::write(&snapshot, &found).expect("a message can be written");
        }
        let expected = fs::read_to_string(&snapshot).unwrap_or_default();
        if expected.replace("\r\n", "\n") != found {
            wrong.push(format!("{name}: the message is now\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn there_are_at_least_thirty_broken_scenarios() {
    assert!(scenarios().len() >= 30);
}

#[test]
fn no_message_is_left_without_its_scenario() {
    for entry in fs::read_dir(folder()).expect("configs/invalid is there") {
        let path = entry.expect("an entry can be read").path();
        if path
            .extension()
            .is_some_and(|ending| ending == "txt" || ending == "set")
        {
            assert!(path.with_extension("json").exists(), "{}", path.display());
        }
    }
}

#[test]
fn every_code_of_the_file_its_rules_and_its_traces_has_a_broken_scenario() {
    let messages: String = scenarios()
        .iter()
        .filter_map(|path| message(path))
        .collect();
    for code in Code::all() {
        let id = code.id();
        if ["E01", "E02", "E04"]
            .iter()
            .any(|group| id.starts_with(group))
        {
            assert!(messages.contains(&format!("error[{id}]")), "{id}");
            assert!(code.story().len() > 80, "{id} has no story");
        }
    }
}

#[test]
fn every_message_names_a_code_and_says_how_to_mend_it() {
    for path in scenarios() {
        let message = message(&path).expect("it is broken");
        assert!(
            message.starts_with("error[E0"),
            "{}:\n{message}",
            path.display()
        );
        assert!(
            message.contains("= mend: "),
            "{}:\n{message}",
            path.display()
        );
    }
}

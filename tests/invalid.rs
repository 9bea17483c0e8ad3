//! Every broken scenario of `configs/invalid`, and every broken sweep of its folder `sweeps`, is refused with the message
//! beside it.
//!
//! `NAME.json` is the file, `NAME.txt` the message, `NAME.set` overrides, one a line, where there are any.
//! To accept new messages after reading them: `BLESS=1 cargo test --test invalid`.

use snatsim::cli::Example;
use snatsim::fault::Code;
use snatsim::sweep::{self, BaseSpec, Inputs};
use snatsim::{model, scenario};
use std::path::{Path, PathBuf};
use std::{fs, io};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/invalid")
}

/// Everything in the folder and in that of the sweeps.
fn entries() -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = [folder(), folder().join("sweeps")]
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("the folder is there"))
        .map(|entry| entry.expect("an entry can be read").path())
        .collect();
    paths.sort();
    paths
}

fn scenarios() -> Vec<PathBuf> {
    let is_json = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    entries().into_iter().filter(is_json).collect()
}

/// The message for a scenario or a sweep, none where nothing is wrong with it.
fn message(path: &Path) -> Option<String> {
    match path
        .parent()
        .is_some_and(|folder| folder.ends_with("sweeps"))
    {
        true => message_for_sweep(path),
        false => message_for_scenario(path),
    }
}

fn message_for_sweep(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).expect("a sweep can be read");
    let origin = path.file_name().expect("a file").to_string_lossy();
    let sweep = sweep::load(&text, &origin, &[], &Shelf);
    sweep.err().map(|diagnostics| diagnostics.render(false))
}

/// What a sweep names: built-in scenarios, and files that are not there.
struct Shelf;

impl Inputs for Shelf {
    fn scenario(&self, base: &BaseSpec) -> Result<(String, String), String> {
        match base {
            BaseSpec::Example(name) => Example::find(name)
                .map(|example| (example.text.to_owned(), name.clone()))
                .ok_or_else(|| format!("There is no example \"{name}\".")),
            _ => Err("There is no such file.".to_owned()),
        }
    }

    fn file(&self, base: &BaseSpec, name: &str) -> io::Result<Vec<u8>> {
        let example = match base {
            BaseSpec::Example(name) => Example::find(name),
            _ => None,
        };
        let bytes = example.and_then(|example| example.file(name));
        bytes
            .map(<[u8]>::to_vec)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn message_for_scenario(path: &Path) -> Option<String> {
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
    for path in entries() {
        if path
            .extension()
            .is_some_and(|ending| ending == "txt" || ending == "set")
        {
            assert!(path.with_extension("json").exists(), "{}", path.display());
        }
    }
}

#[test]
fn every_code_of_the_file_its_rules_its_traces_and_sweeps_has_a_broken_one() {
    let messages: String = scenarios()
        .iter()
        .filter_map(|path| message(path))
        .collect();
    for code in Code::all() {
        let id = code.id();
        if ["E01", "E02", "E04", "E05"]
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

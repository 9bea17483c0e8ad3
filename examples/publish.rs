//! Writes what the repository publishes: results of every scenario and sweep in `configs/`, the JSON
//! Schemas, and the tables inside README.md and `docs/model.md`.
//!
//! `cargo run --profile test --example publish`; the test `published` says when something has drifted.

use snatsim::cli::{EXAMPLES, Example, INCIDENTS, SWEEPS, Source};
use snatsim::model::Model;
use snatsim::outbound::Assumptions;
use snatsim::report::chart::Chart;
use snatsim::report::draw::{self, Theme};
use snatsim::report::saved::Saved;
use snatsim::report::{self, Style, Sweeps, charts};
use snatsim::results::words::wrapped;
use snatsim::results::{self, About, Document};
use snatsim::scenario::Loaded;
use snatsim::simulate::{Detail, simulate};
use snatsim::sweep::{self, SavedSweep, Work};
use snatsim::{model, scenario};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

#[path = "support/parts.rs"]
mod parts;

/// What the marks of its parts call it.
const MAKER: &str = "publish";

/// Path in the repository and content of what is published.
pub type Files = BTreeMap<String, String>;

#[allow(dead_code)]
fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = results();
    files.extend(incidents());
    for example in SWEEPS {
        files.insert(sweep_path(example), sweep_table(example));
    }
    for example in SWEEPS {
        files.extend(sweep_pictures(example));
    }
    files.extend(pictures_of_the_first());
    files.extend(schemas());
    files.extend(documents(root, &files));
    for (path, content) in &files {
        let file = root.join(path);
        let directory = file.parent().expect("a file lies in a directory");
        std::fs::create_dir_all(directory).expect("the repository can be written to");
        std::fs::write(&file, content).expect("the repository can be written to");
        println!("{:>8} bytes  {path}", content.len());
    }
}

/// The result of every embedded scenario, as `run -o` writes it, and the table as it is printed.
pub fn results() -> Files {
    let mut files = Files::new();
    for (i, example) in EXAMPLES.iter().enumerate() {
        // The first is what `compare` takes by default.
        let (loaded, model) = load(example, i == 0);
        let document = document(example, &loaded, &model, i == 0);
        let command = match i {
            0 => "compare".to_owned(),
            _ => format!("run --example {}", example.name),
        };
        let mut json = serde_json::to_string_pretty(&document).expect("a document is plain values");
        json.push('\n');
        files.insert(format!("results/{}/result.json", example.name), json);
        files.insert(
            format!("results/{}/table.txt", example.name),
            printed(&command, &document),
        );
    }
    files
}

/// What `run` prints of every incident: its table, or why Azure refuses it.
pub fn incidents() -> Files {
    let published = |example: &'static Example| {
        let (loaded, model) = load(example, false);
        let command = format!("run --example {}", example.name);
        let text = match model::refusals(&model, &loaded) {
            Some(refusals) => format!("$ snatsim {command}\n{}", refusals.render(false)),
            None => printed(&command, &document(example, &loaded, &model, false)),
        };
        (incident_path(example), text)
    };
    INCIDENTS.iter().map(published).collect()
}

fn incident_path(example: &Example) -> String {
    format!("results/incidents/{}.txt", example.name)
}

/// Where the table of a sweep is published.
pub fn sweep_path(example: &Example) -> String {
    format!("results/sweeps/{}.csv", example.name)
}

/// The table of a sweep, as `snatsim sweep --example` prints it.
pub fn sweep_table(example: &'static Example) -> String {
    let source = Source::Embedded(example);
    let sweep = sweep::load(example.text, example.name, &[], &source)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut table = Vec::new();
    sweep::stream(
        &sweep,
        Work::default(),
        &mut table,
        &mut |_| (),
        &mut |_, _| (),
    )
    .expect("memory takes all");
    String::from_utf8(table).expect("CSV is text")
}

/// Charts of the gallery: what stands in the README, and beside it what shows the most.
const GALLERY: &[(&str, &[&str])] = &[
    (
        "default-cluster",
        &[
            "failure-probability",
            "ports",
            "refusals",
            "connect-latency",
            "port-holds",
            "port-causes",
            "nodes-over-time",
        ],
    ),
    ("node-tiers", &["failure-by-axis"]),
    ("hot-node-share", &["failure-by-axis"]),
    (
        "nat-gateway-ips",
        &["failure-map", "ips-needed", "sensitivity"],
    ),
    ("firewall-ips-instances", &["pareto"]),
];

/// The charts of the gallery of one result or sweep, in both themes.
fn pictures(name: &str, charts: &[Chart]) -> Files {
    let mut files = Files::new();
    let wanted = GALLERY.iter().find(|(known, _)| *known == name);
    for id in wanted.map_or(&[][..], |(_, ids)| ids) {
        let chart = charts.iter().find(|chart| chart.id == *id);
        let chart = chart.unwrap_or_else(|| panic!("{name} has a chart {id}"));
        for theme in [Theme::LIGHT, Theme::DARK] {
            let path = format!("results/gallery/{name}/{id}-{}.svg", theme.name);
            files.insert(path, draw::svg(chart, &theme));
        }
    }
    files
}

/// The pictures of the scenario that `compare` takes by default, from its files.
pub fn pictures_of_the_first() -> Files {
    let example = &EXAMPLES[0];
    let (loaded, model) = load(example, true);
    let run = simulate(&model, Detail::Full, &|_, _| ());
    let about = About {
        scenario_sha256: scenario::sha256(&loaded, &[]),
        compare: true,
    };
    let folder = tempfile::tempdir().expect("a directory");
    let files = results::ResultDir::open(folder.path()).expect("it can be written to");
    let document = results::document(&model, &run, &about);
    files
        .write(&document, &model, &run)
        .expect("it can be written to");
    let saved = Saved::read(folder.path(), example.name).expect("what was written");
    pictures(example.name, &charts::of_runs(&[saved]))
}

/// The pictures of a sweep, none where the gallery has none of it.
pub fn sweep_pictures(example: &'static Example) -> Files {
    if GALLERY.iter().all(|(known, _)| *known != example.name) {
        return Files::new();
    }
    let source = Source::Embedded(example);
    let sweep = sweep::load(example.text, example.name, &[], &source)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let folder = tempfile::tempdir().expect("a directory");
    sweep::run(
        &sweep,
        Work::default(),
        folder.path(),
        &mut |_| (),
        &mut |_, _| (),
    )
    .expect("it can be written to");
    let saved = SavedSweep::read(folder.path()).expect("what was written");
    pictures(example.name, &charts::of_sweeps(&Sweeps::one(saved)))
}

/// An embedded scenario and its model, with the types of Azure that it lacks if it is to `compare`.
pub fn load(example: &Example, compare: bool) -> (Loaded, Model) {
    let mut loaded = scenario::load(example.text, example.name, &[])
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    if compare {
        loaded.fill_in_azure_types();
    }
    let mut files = |name: &str| {
        let bytes = example.file(name).map(<[u8]>::to_vec);
        bytes.ok_or_else(|| std::io::ErrorKind::NotFound.into())
    };
    let model = model::build(&loaded, &mut files)
        .unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    (loaded, model)
}

/// What came of an embedded scenario.
pub fn document(example: &Example, loaded: &Loaded, model: &Model, compare: bool) -> Document {
    let run = simulate(model, Detail::Full, &|_, _| ());
    let named: Vec<(String, Vec<u8>)> = loaded
        .files()
        .into_iter()
        .map(|name| {
            let bytes = example.file(&name).expect("an example has its files");
            (name, bytes.to_vec())
        })
        .collect();
    let about = About {
        scenario_sha256: scenario::sha256(loaded, &named),
        compare,
    };
    results::document(model, &run, &about)
}

/// What a terminal of 100 columns shows.
fn printed(command: &str, document: &Document) -> String {
    let style = Style {
        width: 100,
        color: false,
    };
    let finding = wrapped(&report::finding(document), style.width);
    format!(
        "$ snatsim {command}\n{}\n{finding}",
        report::table(document, style),
    )
}

/// The JSON Schemas, as `snatsim schema` prints them.
pub fn schemas() -> Files {
    let of = |name: &str, schema: serde_json::Value| {
        (
            format!("schemas/{name}.schema.json"),
            format!("{schema:#}\n"),
        )
    };
    Files::from([
        of("scenario", scenario::schema()),
        of("result", results::schema()),
        of("sweep", sweep::schema()),
        of("explanation", results::explanation::schema()),
    ])
}

/// The documents in `root` with their generated parts made anew.
pub fn documents(root: &Path, results: &Files) -> Files {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("the document exists");
    let table = format!(
        "```text\n{}```\n",
        results["results/default-cluster/table.txt"]
    );
    let readme = parts::with_part(&read("README.md"), "compare", MAKER, &table);
    let readme = parts::with_part(&readme, "examples", MAKER, &examples());
    let readme = parts::with_part(&readme, "incidents", MAKER, &incident_table());
    let readme = parts::with_part(&readme, "sweeps", MAKER, &sweeps());
    let refusal = read("configs/invalid/azure-ports-for-25-nodes.txt");
    let readme = parts::with_part(
        &readme,
        "refusal",
        MAKER,
        &format!("```text\n{refusal}```\n"),
    );
    let model = parts::with_part(&read("docs/model.md"), "assumptions", MAKER, &assumptions());
    Files::from([
        ("README.md".to_owned(), readme),
        ("docs/model.md".to_owned(), model),
    ])
}

fn examples() -> String {
    let mut text = "| scenario | what it shows |\n|---|---|\n".to_owned();
    for example in EXAMPLES {
        let name = example.name;
        writeln!(
            text,
            "| [{name}](configs/{name}.json), [result](results/{name}/table.txt) | {} |",
            example.description()
        )
        .expect("a String takes all");
    }
    text
}

fn incident_table() -> String {
    let mut text = "| incident | what it shows |\n|---|---|\n".to_owned();
    for example in INCIDENTS {
        let name = example.name;
        writeln!(
            text,
            "| [{name}](configs/incidents/{name}.json), [result]({}) | {} |",
            incident_path(example),
            example.headline()
        )
        .expect("a String takes all");
    }
    text
}

fn sweeps() -> String {
    let mut text = "| sweep | what it shows |\n|---|---|\n".to_owned();
    for example in SWEEPS {
        let name = example.name;
        writeln!(
            text,
            "| [{name}](configs/sweeps/{name}.json), [table]({}) | {} |",
            sweep_path(example),
            example.description()
        )
        .expect("a String takes all");
    }
    text
}

fn assumptions() -> String {
    let mut text =
        "| assumption | default | or | what it says | why it is one |\n|---|---|---|---|---|\n"
            .to_owned();
    for assumption in Assumptions::ALL {
        let alternatives: Vec<String> = assumption
            .alternatives
            .iter()
            .map(|value| format!("`{value}`"))
            .collect();
        writeln!(
            text,
            "| `{}` | `{}` | {} | {} | {} |",
            assumption.name,
            assumption.default,
            alternatives.join(", "),
            assumption.meaning,
            assumption.source
        )
        .expect("a String takes all");
    }
    text
}

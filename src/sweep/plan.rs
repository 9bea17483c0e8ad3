//! From a sweep file to what is run: the base scenario read, every pointer and value tried, all files at hand.

use super::axes::{self, Dimension, Grid};
use super::manifest::{Manifest, SCHEMA_VERSION, Shard};
use super::spec::{BaseSpec, SweepSpec};
use crate::fault::{Code, Fault, step};
use crate::model::{self, Model};
use crate::scenario::{self, Diagnostics, Loaded, Problem};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;

/// Opens what a sweep names.
pub trait Inputs {
    /// The text of the base scenario, a file or an example, and what to call it; or why it cannot be read.
    ///
    /// # Errors
    /// Words for people.
    fn scenario(&self, base: &BaseSpec) -> Result<(String, String), String>;

    /// The bytes of a file that the base scenario names.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be read.
    fn file(&self, base: &BaseSpec, name: &str) -> io::Result<Vec<u8>>;
}

/// A sweep that can be run.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Name.
    pub name: String,
    /// One sentence, may be empty.
    pub description: String,
    /// Whether Azure types that the scenario lacks are filled in, and outbounds are compared.
    pub(super) compare: bool,
    /// The base scenario after overrides.
    base: Value,
    /// What the base scenario means.
    pub(super) model: Model,
    pub(super) grid: Grid,
    /// Every file that the scenario of some point names.
    files: BTreeMap<String, Vec<u8>>,
    sweep_sha256: String,
    scenario_sha256: String,
    overrides: Vec<(String, String)>,
}

/// Reads a sweep. `sets` are overrides of the base scenario, applied in order after those of the sweep itself.
///
/// # Errors
/// What is wrong with the sweep file or with the base scenario, places and all; a pointer that leads nowhere, and a
/// value that does not fit where it goes.
pub fn load(
    text: &str,
    origin: &str,
    sets: &[(String, String)],
    inputs: &dyn Inputs,
) -> Result<Sweep, Diagnostics> {
    scenario::expect_kind(
        text,
        origin,
        ("workloads", "axes"),
        "This file is a scenario: it has workloads.",
        (
            "a sweep: \"scenario\" and \"axes\"",
            "Simulate it with `snatsim run` or `snatsim compare`; to vary it, write a sweep with \"scenario\": \
             { \"file\": \"…\" } and \"axes\".",
        ),
    )?;
    let (spec, value): (SweepSpec, Value) = scenario::parse(text, origin)?;
    let refuse = |problems| Diagnostics::new(origin, scenario::without_mark(text), problems);
    let refuse_all = |faults: Vec<Fault>| refuse(faults.into_iter().map(Problem::from).collect());
    let grid = axes::read(&spec.axes).map_err(refuse_all)?;
    let base = Base::load(&spec, origin, sets, inputs, &refuse)?;
    let draft = Draft {
        base: &base,
        compare: spec.compare.unwrap_or(false),
        from: &spec.scenario,
        inputs,
    };
    let grid = draft.counted(grid).map_err(refuse_all)?;
    let files = draft.tried(&grid).map_err(refuse_all)?;
    let (sweep_text, base_text) = (value.to_string(), base.value.to_string());
    let file_parts = files
        .iter()
        .flat_map(|(name, bytes)| [name.as_bytes(), bytes]);
    let sweep_sha256 = scenario::digest(
        [sweep_text.as_bytes(), base_text.as_bytes()]
            .into_iter()
            .chain(file_parts),
    );
    Ok(Sweep {
        name: spec.name.unwrap_or_else(|| "sweep".to_owned()),
        description: spec.description.unwrap_or_default(),
        compare: spec.compare.unwrap_or(false),
        scenario_sha256: hash(&base.loaded, &files),
        base: base.value,
        model: base.model,
        grid,
        files,
        sweep_sha256,
        overrides: sets.to_vec(),
    })
}

impl Sweep {
    /// What a directory of this sweep, or of a part of it, says of itself.
    pub fn manifest(&self, shard: Option<Shard>) -> Manifest {
        Manifest {
            schema_version: SCHEMA_VERSION,
            snatsim: env!("CARGO_PKG_VERSION").to_owned(),
            sweep: self.name.clone(),
            sweep_sha256: self.sweep_sha256.clone(),
            scenario: self.model.name.clone(),
            scenario_sha256: self.scenario_sha256.clone(),
            seed: self.model.seed.0,
            replications: self.model.replications,
            overrides: self.overrides.clone(),
            points: self.grid.points(),
            shard,
            axes: self.grid.clone(),
        }
    }

    /// The scenario of a point.
    pub(super) fn scenario(&self, point: u64) -> Result<Loaded, Diagnostics> {
        let value = with_values(&self.base, &self.grid.at(point));
        let mut loaded = scenario::load_value(&value, &format!("{}, point {point}", self.name))?;
        if self.compare {
            loaded.fill_in_azure_types();
        }
        Ok(loaded)
    }

    /// The bytes of a file that a scenario of the sweep names.
    pub(super) fn file(&self, name: &str) -> io::Result<Vec<u8>> {
        let bytes = self.files.get(name).cloned();
        bytes.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The hash of a point's scenario, as `run` would give it.
    pub(super) fn hash(&self, loaded: &Loaded) -> String {
        hash(loaded, &self.files)
    }
}

/// The hash over a scenario and its files in the order it names them.
fn hash(loaded: &Loaded, files: &BTreeMap<String, Vec<u8>>) -> String {
    let named = loaded.files().into_iter().filter_map(|name| {
        let bytes = files.get(&name)?.clone();
        Some((name, bytes))
    });
    scenario::sha256(loaded, &named.collect::<Vec<_>>())
}

/// The base with the values of a point in their places.
fn with_values(base: &Value, at: &[(&Dimension, usize)]) -> Value {
    let mut value = base.clone();
    for (dimension, position) in at {
        for pointer in &dimension.pointers {
            scenario::put(&mut value, pointer, dimension.values[*position].clone())
                .expect("the pointer was tried, and no axis changes what another leads through");
        }
    }
    value
}

/// The base scenario, which is sound by itself.
struct Base {
    value: Value,
    loaded: Loaded,
    model: Model,
}

impl Base {
    fn load(
        spec: &SweepSpec,
        origin: &str,
        sets: &[(String, String)],
        inputs: &dyn Inputs,
        refuse: &dyn Fn(Vec<Problem>) -> Diagnostics,
    ) -> Result<Base, Diagnostics> {
        let own = [
            ("/seed", spec.seed.map(|seed| seed.to_string())),
            ("/replications", spec.replications.map(|n| n.to_string())),
        ];
        let own = own
            .into_iter()
            .filter_map(|(pointer, value)| Some((pointer.to_owned(), value?)));
        let sets: Vec<(String, String)> = own.chain(sets.iter().cloned()).collect();
        let (text, called) = match &spec.scenario {
            BaseSpec::Inline(object) => (
                serde_json::to_string_pretty(object).expect("JSON prints") + "\n",
                format!("the scenario of {origin}"),
            ),
            BaseSpec::File(name) | BaseSpec::Example(name) => {
                inputs.scenario(&spec.scenario).map_err(|found| {
                    let kind = match &spec.scenario {
                        BaseSpec::File(_) => "/scenario/file",
                        _ => "/scenario/example",
                    };
                    refuse(vec![unreadable(kind.to_owned(), name, found).into()])
                })?
            }
        };
        // What is wrong inside the sweep is shown there; after overrides it is not what stands there any more.
        let place = |diagnostics: Diagnostics| match &spec.scenario {
            BaseSpec::Inline(_) if sets.is_empty() => {
                let inside = |problem: &Problem| Problem {
                    fault: Fault {
                        pointer: format!("/scenario/inline{}", problem.fault.pointer),
                        ..problem.fault.clone()
                    },
                    // A place in the printed scenario.
                    span: None,
                    excerpt: problem.excerpt.clone(),
                };
                refuse(diagnostics.problems().iter().map(inside).collect())
            }
            _ => diagnostics,
        };
        let mut loaded = scenario::load(&text, &called, &sets).map_err(place)?;
        let value = serde_json::from_str(&loaded.text).expect("the text of a scenario is JSON");
        if spec.compare.unwrap_or(false) {
            loaded.fill_in_azure_types();
        }
        let model =
            model::build(&loaded, &mut |name| inputs.file(&spec.scenario, name)).map_err(place)?;
        Ok(Base {
            value,
            loaded,
            model,
        })
    }
}

fn unreadable(pointer: String, name: &str, found: String) -> Fault {
    Fault {
        code: Code::E0508,
        pointer,
        found,
        allowed: "a scenario that can be read".to_owned(),
        remedy: format!(
            "Check the name \"{name}\": files are relative to the sweep; `snatsim example` lists examples."
        ),
    }
}

/// A sweep whose axes are not yet held against its base.
struct Draft<'a> {
    base: &'a Base,
    compare: bool,
    from: &'a BaseSpec,
    inputs: &'a dyn Inputs,
}

impl Draft<'_> {
    /// The axes with the elements of lists counted; each leads to a place of its own.
    fn counted(&self, mut grid: Grid) -> Result<Grid, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut taken: Vec<(String, String)> = Vec::new();
        for dimension in grid.0.iter_mut().flat_map(|axis| &mut axis.0) {
            let places = dimension.pointer_places.iter();
            for (pointer, place) in dimension.pointers.iter_mut().zip(places) {
                match scenario::resolve(&self.base.value, pointer) {
                    Ok(counted) => *pointer = counted,
                    Err(fault) => {
                        faults.push(Fault {
                            code: Code::E0501,
                            pointer: place.clone(),
                            ..*fault
                        });
                        continue;
                    }
                }
                let other = taken.iter().find(|(other, _)| overlap(other, pointer));
                if let Some((other, its_place)) = other {
                    faults.push(Fault {
                        code: Code::E0507,
                        pointer: place.clone(),
                        found: format!(
                            "{pointer} and {other} ({its_place}) set the same place, or one lies in the other."
                        ),
                        allowed: "pointers to places apart".to_owned(),
                        remedy: "Remove one, or make one axis of both with whole objects as values."
                            .to_owned(),
                    });
                }
                taken.push((pointer.clone(), place.clone()));
            }
        }
        if faults.is_empty() {
            Ok(grid)
        } else {
            Err(faults)
        }
    }

    /// Tries every value of every axis once; the files that the scenarios name.
    ///
    /// The kinds of values do not depend on each other, so what fits here fits in every combination.
    fn tried(&self, grid: &Grid) -> Result<BTreeMap<String, Vec<u8>>, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut files = BTreeMap::new();
        for (index, axis) in grid.0.iter().enumerate() {
            for position in 0..axis.len() {
                let at: Vec<(&Dimension, usize)> = grid
                    .0
                    .iter()
                    .enumerate()
                    .flat_map(|(other, axis)| {
                        let position = if other == index { position } else { 0 };
                        axis.0.iter().map(move |dimension| (dimension, position))
                    })
                    .collect();
                let places = Places {
                    axis: &axis.0,
                    grid,
                    position,
                };
                if let Err(fault) = self.try_one(&at, places, &mut files) {
                    // The next values would most likely say the same.
                    if !faults.contains(&*fault) {
                        faults.push(*fault);
                    }
                    break;
                }
            }
        }
        if faults.is_empty() {
            Ok(files)
        } else {
            Err(faults)
        }
    }

    fn try_one(
        &self,
        at: &[(&Dimension, usize)],
        places: Places,
        files: &mut BTreeMap<String, Vec<u8>>,
    ) -> Result<(), Box<Fault>> {
        let value = with_values(&self.base.value, at);
        let mut loaded = scenario::load_value(&value, "").map_err(|problems| {
            let problem = &problems.problems()[0].fault;
            Box::new(Fault {
                pointer: places.of_problem(&problem.pointer),
                found: format!("At {} of the scenario: {}", problem.pointer, problem.found),
                ..problem.clone()
            })
        })?;
        if self.compare {
            loaded.fill_in_azure_types();
        }
        for name in loaded.files() {
            if files.contains_key(&name) {
                continue;
            }
            let bytes = self.inputs.file(self.from, &name).map_err(|error| {
                let found = match error.kind() {
                    io::ErrorKind::NotFound => format!("There is no file {name}."),
                    _ => format!("{name} cannot be read: {error}."),
                };
                Box::new(unreadable(places.of_file(&name), &name, found))
            })?;
            files.insert(name, bytes);
        }
        Ok(())
    }
}

/// Whether one pointer leads to, into or around the place of the other.
fn overlap(a: &str, b: &str) -> bool {
    inside(a, b) || inside(b, a)
}

/// Whether `inner` leads to the place of `outer` or into it.
fn inside(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Where the sweep says what is wrong with a position of an axis.
#[derive(Clone, Copy)]
struct Places<'a> {
    axis: &'a [Dimension],
    grid: &'a Grid,
    position: usize,
}

impl Places<'_> {
    /// The value that sets what is at `pointer` of the scenario, or the pointer that leads through it; of several that
    /// of the axis.
    fn of_problem(self, pointer: &str) -> String {
        for dimension in self.axis.iter().chain(self.grid.dimensions()) {
            for (leads, place) in dimension.pointers.iter().zip(&dimension.pointer_places) {
                if inside(pointer, leads) {
                    return self.of_value(dimension);
                }
                if overlap(leads, pointer) {
                    return place.clone();
                }
            }
        }
        self.of_value(&self.axis[0])
    }

    /// The value that names a file; it is one of the axis, as the base has its files.
    fn of_file(self, name: &str) -> String {
        let names = |dimension: &&Dimension| {
            let value = &dimension.values[self.position];
            value.to_string().contains(name)
        };
        self.of_value(self.axis.iter().find(names).unwrap_or(&self.axis[0]))
    }

    fn of_value(self, dimension: &Dimension) -> String {
        match dimension.values_place.ends_with("/values") {
            true => step(&dimension.values_place, self.position),
            false => dimension.values_place.clone(),
        }
    }
}

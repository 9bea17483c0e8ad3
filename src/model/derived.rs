//! Workloads that a scenario implies: what its HTTP proxy opens, and what nodes and system pods open by themselves.
//!
//! They are added to what the file says before anything is made of it, so that every rule holds for them as for others.

mod pasted;
mod proxy;
mod system;

use super::build::Review;
use crate::fault::step;
use crate::scenario::{DestinationSpec, Loaded, Problem, ScenarioSpec, WorkloadSpec};

const WORKLOADS: &str = "/workloads";
const DESTINATIONS: &str = "/destinations";

/// The scenario with what it implies.
pub(super) struct Derived {
    /// All words; what is implied stands after what is written.
    pub(super) loaded: Loaded,
    workloads: Vec<Origin>,
    destinations: Vec<String>,
}

/// Where an implied workload has its words from.
struct Origin {
    /// The block that implies it.
    block: String,
    /// The workload it copies, if any.
    copied: Option<String>,
}

/// What a block of the file implies.
#[derive(Default)]
struct Implied {
    workloads: Vec<(WorkloadSpec, Origin)>,
    destinations: Vec<(DestinationSpec, String)>,
}

impl Derived {
    /// Adds what the scenario implies; what breaks a rule is reported and left out.
    pub(super) fn of(loaded: &Loaded, review: &mut Review) -> Derived {
        let mut derived = Derived {
            loaded: loaded.clone(),
            workloads: Vec::new(),
            destinations: Vec::new(),
        };
        pasted::adopt_plugin(&mut derived.loaded.spec);
        let of_system = system::implied(&derived.loaded.spec, review);
        derived.take(of_system);
        // Nodes and system pods may go to the proxy like all others.
        let of_proxy = proxy::implied(&derived.loaded.spec, review);
        derived.take(of_proxy);
        derived
    }

    fn take(&mut self, implied: Implied) {
        let spec = &mut self.loaded.spec;
        for (workload, origin) in implied.workloads {
            spec.workloads.push(workload);
            self.workloads.push(origin);
        }
        for (destination, block) in implied.destinations {
            spec.destinations.get_or_insert_default().push(destination);
            self.destinations.push(block);
        }
    }

    /// The workloads that autoscalers of node pools go by, each with its index: all but what every node does by itself, unless
    /// a proxy opens it again.
    pub(super) fn seen_by_rules(&self) -> impl Iterator<Item = (usize, &WorkloadSpec)> {
        let workloads = &self.loaded.spec.workloads;
        let written = workloads.len() - self.workloads.len();
        workloads.iter().enumerate().filter(move |(place, _)| {
            let origin = place.checked_sub(written);
            origin.is_none_or(|origin| self.workloads[origin].copied.is_some())
        })
    }

    /// Puts problems with what is implied where the file implies it, and tells each once.
    pub(super) fn place(&self, problems: &mut Vec<Problem>) {
        if self.workloads.is_empty() && self.destinations.is_empty() {
            return;
        }
        let spec = &self.loaded.spec;
        let declared = spec.destinations.as_ref().map_or(0, Vec::len);
        let blocks = self.destinations.iter();
        let of_destinations = (declared - self.destinations.len()..)
            .zip(blocks)
            .map(|(place, block)| (step(DESTINATIONS, place), block.clone()));
        let mut places: Vec<(String, String)> = of_destinations.collect();
        for (place, origin) in (spec.workloads.len() - self.workloads.len()..).zip(&self.workloads)
        {
            let here = step(WORKLOADS, place);
            // What the block says itself stands under the same names there.
            for field in ["pool", "replicas", "nodePool"] {
                places.push((step(&here, field), step(&origin.block, field)));
            }
            let copied = origin.copied.as_ref().unwrap_or(&origin.block);
            places.push((here, copied.clone()));
        }
        for problem in problems.iter_mut() {
            let pointer = &mut problem.fault.pointer;
            let moved = |pointer: &String| {
                places.iter().find_map(|(here, there)| {
                    let rest = pointer.strip_prefix(here.as_str())?;
                    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{there}{rest}"))
                })
            };
            // What the proxy opens for the system leads to what the system opens.
            while let Some(there) = moved(pointer) {
                *pointer = there;
            }
        }
        let mut told: Vec<Problem> = Vec::new();
        for problem in problems.drain(..) {
            if !told.contains(&problem) {
                told.push(problem);
            }
        }
        *problems = told;
    }
}

/// The names of the node pools of a scenario.
fn pool_names(spec: &ScenarioSpec) -> Vec<String> {
    let pools = spec.cluster.iter();
    let pools = pools.flat_map(|cluster| cluster.node_pools.iter().flatten());
    pools.map(|pool| pool.name.clone()).collect()
}

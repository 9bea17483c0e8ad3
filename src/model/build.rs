//! From a scenario to its model: every default applied, every rule checked, all faults at once.

use super::autoscale::Passing;
use super::cluster::Cluster;
use super::derived::Derived;
use super::destinations::Destinations;
use super::events::{Events, check_cuts, check_migrations, check_moves, check_pools_of_all_types};
use super::network::{Hop, Network};
use super::node_nat;
use super::paths::{self, Client, Origins};
use super::{Model, Note, Outbound, pod_network, replay, workloads};
use crate::fault::{Code, Fault, Faults, step};
use crate::outbound::{self, Assumptions, OutboundType, Way};
use crate::scenario::{Diagnostics, Loaded, Problem, ScenarioSpec};
use crate::units::{Seed, SimTime};
use std::io;

/// Gives the bytes of a file that the scenario names.
pub(super) type Files<'a> = &'a mut dyn FnMut(&str) -> io::Result<Vec<u8>>;

/// What stands against a model, and what should be known about it, as found so far.
#[derive(Default)]
pub(super) struct Review {
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Note>,
}

impl Review {
    pub(super) fn fault(&mut self, fault: Fault) {
        self.problems.push(fault.into());
    }

    /// Runs a check that reports faults.
    pub(super) fn check<T>(&mut self, check: impl FnOnce(&mut Faults) -> T) -> T {
        let mut faults = Faults::new();
        let result = check(&mut faults);
        self.problems.extend(faults.into_iter().map(Problem::from));
        result
    }
}

/// Makes the model of a scenario. `files` gives the bytes of the files that the scenario names.
///
/// An outbound type that Azure would refuse is no error here: its plan says why ([`refusals`]).
///
/// # Errors
/// Every rule that the scenario breaks.
pub fn build(loaded: &Loaded, files: Files) -> Result<Model, Diagnostics> {
    let mut review = Review::default();
    let derived = Derived::of(loaded, &mut review);
    let spec = &derived.loaded.spec;
    let run = Run::read(spec, &mut review);
    let assumptions = assumptions(spec, &mut review);
    let mut events = Events::read(&derived, &assumptions, &mut review);
    let mut cluster = Cluster::read(spec, &events, &mut review);
    let mut destinations = Destinations::read(spec, &mut review);
    let network = Network::read(spec, &mut review);
    let drafts = workloads::read(spec, &cluster, &destinations, files, &mut review);
    let clients: Vec<Client> = drafts.iter().map(|draft| draft.client).collect();
    let workloads = replay::place(
        drafts,
        run.duration,
        &mut cluster,
        &mut destinations,
        &mut review,
    );
    let counted = super::CountedCluster::read(spec, &cluster, &assumptions, &mut review);
    let mut outbounds = outbounds(spec, &cluster, &counted, &assumptions, &mut review);
    for outbound in &mut outbounds {
        refuse_default_route(outbound, &network);
    }
    let node_nat = node_nat::read(spec, &cluster, &counted, &assumptions, &mut review);
    if spec
        .cluster
        .as_ref()
        .is_some_and(|cluster| cluster.node_nat.is_some())
    {
        node_nat::refuse_silence(&workloads, &outbounds, &destinations.endpoints, &mut review);
    }
    let origins = Origins::new(cluster.own_ips.clone().into(), &clients);
    let paths = |way: Way| paths::resolve(&destinations.places, &network, way, &origins);
    if review.problems.is_empty() {
        for outbound in &mut outbounds {
            outbound.paths = paths(outbound.kind.way());
        }
        let passing = Passing {
            workloads: &workloads,
            endpoints: &destinations.endpoints,
        };
        events.scale_firewalls(spec, &assumptions, &passing, &mut outbounds);
    }
    let epochs = events.epochs(&cluster, &destinations);
    for (index, outbound) in outbounds.iter_mut().enumerate() {
        let plans = events.plans(
            index,
            outbound,
            &derived.loaded,
            &cluster,
            &assumptions,
            &mut review,
        );
        match plans {
            Ok(later) => later.put_into(outbound, &epochs, cluster.nodes.len()),
            Err(faults) => outbound.plan = Err(faults),
        }
    }
    if review.problems.is_empty() {
        for outbound in &mut outbounds {
            for migration in &mut outbound.migrations {
                migration.paths = paths(migration.kind.way());
            }
        }
        check_migrations(&events, &outbounds, &destinations.endpoints, &mut review);
        check_pools_of_all_types(&events, &outbounds, cluster.nodes.len(), &mut review);
    }
    let written = &spec.workloads;
    check_moves(
        &events,
        &epochs,
        &workloads,
        written,
        &outbounds,
        &cluster,
        &mut review,
    );
    let endpoints = &destinations.endpoints;
    check_cuts(
        &events,
        &epochs,
        &workloads,
        &outbounds,
        endpoints,
        &mut review,
    );
    if !review.problems.is_empty() {
        // Who mends the scenario wants to know what Azure would refuse as well.
        review.problems.extend(refused(&outbounds));
        derived.place(&mut review.problems);
        return Err(loaded.diagnostics(review.problems));
    }
    Ok(Model {
        name: spec.name.clone().unwrap_or_else(|| "scenario".to_owned()),
        description: spec.description.clone().unwrap_or_default(),
        duration: run.duration,
        warmup: run.warmup,
        replications: run.replications,
        seed: run.seed,
        confidence: run.confidence,
        cluster: counted,
        nodes: cluster.nodes,
        destinations: destinations.names,
        endpoints: destinations.endpoints,
        workloads,
        outbounds,
        node_nat,
        epochs,
        autoscalers: events.autoscalers,
        assumptions,
        notes: review.notes,
    })
}

/// AKS checks the default route of userDefinedRouting: `aks:articles/aks/egress-udr.md`.
fn refuse_default_route(outbound: &mut Outbound, network: &Network) {
    let (Way::Firewall, Some((Hop::Internet, pointer))) =
        (outbound.kind.way(), network.routes.default())
    else {
        return;
    };
    let fault = Fault {
        code: Code::E0340,
        pointer: step(pointer, "nextHopType"),
        found: "The default route leads to Internet, and the outbound type is userDefinedRouting."
            .to_owned(),
        allowed: "a route for 0.0.0.0/0 to VirtualAppliance or VirtualNetworkGateway".to_owned(),
        remedy: "Lead it to the firewall: \"nextHopType\": \"VirtualAppliance\" with its \"nextHopIpAddress\"; or use \
                 another outboundType."
            .to_owned(),
    };
    match &mut outbound.plan {
        Ok(_) => outbound.plan = Err(vec![fault]),
        Err(faults) => faults.push(fault),
    }
}

/// Why Azure would refuse outbound types of `model`, with the places in the scenario; none if it refuses nothing.
pub fn refusals(model: &Model, loaded: &Loaded) -> Option<Diagnostics> {
    let problems = refused(&model.outbounds);
    (!problems.is_empty()).then(|| loaded.diagnostics(problems))
}

fn refused(outbounds: &[Outbound]) -> Vec<Problem> {
    let refused = outbounds
        .iter()
        .filter_map(|outbound| outbound.plan.as_ref().err());
    let mut faults: Vec<&Fault> = Vec::new();
    for fault in refused.flatten() {
        // What is wrong with the cluster stands against every outbound type, and is told once.
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    faults.into_iter().cloned().map(Problem::from).collect()
}

/// The longest run; its minute series fit in memory.
const LONGEST: SimTime = SimTime::from_secs(366 * 86_400);

/// Replications of one run; each keeps its counters to the end.
const MOST_REPLICATIONS: u32 = 100_000;

/// The settings of a run.
struct Run {
    duration: SimTime,
    warmup: SimTime,
    replications: u32,
    seed: Seed,
    confidence: f64,
}

impl Run {
    fn read(spec: &ScenarioSpec, review: &mut Review) -> Run {
        let run = Run {
            duration: spec.duration,
            warmup: spec.warmup.unwrap_or(SimTime::ZERO),
            replications: spec.replications.unwrap_or(10),
            seed: Seed(spec.seed.unwrap_or(1)),
            confidence: spec.confidence.unwrap_or(0.95),
        };
        if run.duration == SimTime::ZERO {
            review.fault(Fault {
                code: Code::E0206,
                pointer: "/duration".to_owned(),
                found: "A run of 0s.".to_owned(),
                allowed: "a duration above 0".to_owned(),
                remedy: "An hour is a good start: \"1h\".".to_owned(),
            });
        } else if run.warmup >= run.duration {
            review.fault(Fault {
                code: Code::E0206,
                pointer: "/warmup".to_owned(),
                found: format!(
                    "The warm-up of {} leaves nothing of the duration of {}, which includes it.",
                    run.warmup, run.duration
                ),
                allowed: format!("a warm-up below {}", run.duration),
                remedy: format!(
                    "Lengthen the run to \"{}\", or shorten the warm-up.",
                    run.warmup.saturating_add(run.duration)
                ),
            });
        }
        if run.duration > LONGEST {
            review.fault(Fault {
                code: Code::E0206,
                pointer: "/duration".to_owned(),
                found: format!(
                    "A run of {}: its minute series would not fit in memory.",
                    run.duration
                ),
                allowed: format!("a duration of at most {LONGEST}"),
                remedy: "Simulate a day or a week, with more replications.".to_owned(),
            });
        }
        if run.replications == 0 || run.replications > MOST_REPLICATIONS {
            review.fault(Fault {
                code: Code::E0210,
                pointer: "/replications".to_owned(),
                found: format!("{} replications.", run.replications),
                allowed: "1 to 100,000".to_owned(),
                remedy: "10 give intervals worth having.".to_owned(),
            });
        }
        if !(run.confidence > 0.0 && run.confidence < 1.0) {
            review.fault(Fault {
                code: Code::E0210,
                pointer: "/confidence".to_owned(),
                found: format!("The confidence is {}.", run.confidence),
                allowed: "a number above 0 and below 1".to_owned(),
                remedy: match run.confidence >= 1.0 && run.confidence < 100.0 {
                    true => format!("{} percent is {}.", run.confidence, run.confidence / 100.0),
                    false => "0.95 is usual.".to_owned(),
                },
            });
        }
        run
    }
}

fn assumptions(spec: &ScenarioSpec, review: &mut Review) -> Assumptions {
    let Some(words) = &spec.assumptions else {
        return Assumptions::default();
    };
    words.resolve("/assumptions").unwrap_or_else(|faults| {
        review
            .problems
            .extend(faults.into_iter().map(Problem::from));
        Assumptions::default()
    })
}

impl super::CountedCluster {
    fn read(
        spec: &ScenarioSpec,
        cluster: &Cluster,
        assumptions: &Assumptions,
        review: &mut Review,
    ) -> super::CountedCluster {
        let pools = cluster.facts().counted(assumptions.max_surge);
        let addresses = match &spec.cluster {
            Some(words) => pod_network::read(words, &pools, review),
            None => pod_network::Addresses::default(),
        };
        super::CountedCluster { pools, addresses }
    }
}

/// The outbound types under their rules.
fn outbounds(
    spec: &ScenarioSpec,
    cluster: &Cluster,
    counted: &super::CountedCluster,
    assumptions: &Assumptions,
    review: &mut Review,
) -> Vec<Outbound> {
    let entries = spec.outbound.as_deref().unwrap_or_default();
    if entries.is_empty() {
        review.fault(Fault {
            code: Code::E0216,
            pointer: "/outbound".to_owned(),
            found: "The scenario has no outbound type.".to_owned(),
            allowed: "at least one".to_owned(),
            remedy: "Add \"outbound\": [ { \"outboundType\": \"loadBalancer\" } ], or use `snatsim compare`, which \
                     adds the three types of Azure."
                .to_owned(),
        });
    }
    let facts = cluster.facts();
    let mut outbounds = Vec::new();
    for (i, entry) in entries.iter().enumerate() {
        let mut resolved = outbound::resolve(entry, &facts, assumptions, &step("/outbound", i));
        let refusals = &counted.addresses.refusals;
        // The limits of AKS mean nothing to a cluster elsewhere.
        if resolved.kind != OutboundType::Custom && !refusals.is_empty() {
            let own = resolved.plan.err().into_iter().flatten();
            resolved.plan = Err(refusals.iter().cloned().chain(own).collect());
        }
        review
            .problems
            .extend(resolved.errors.into_iter().map(Problem::from));
        let note = |(code, text)| Note { code, text };
        outbounds.push(Outbound {
            name: resolved.name,
            kind: resolved.kind,
            plan: resolved.plan,
            later_plans: Vec::new(),
            migrations: Vec::new(),
            buckets: Vec::new(),
            public_ips: resolved.public_ips,
            setup: resolved.setup,
            notes: resolved.notes.into_iter().map(note).collect(),
            paths: super::Paths::default(),
        });
    }
    let names = outbounds.iter().map(|outbound| outbound.name.as_str());
    check_names("outbound", "/outbound", names, review);
    outbounds
}

/// Names are there, and each once.
pub(super) fn check_names<'n>(
    noun: &str,
    pointer: &str,
    names: impl Iterator<Item = &'n str>,
    review: &mut Review,
) {
    let names: Vec<&str> = names.collect();
    for (i, name) in names.iter().enumerate() {
        let place = step(&step(pointer, i), "name");
        if name.trim().is_empty() {
            review.fault(Fault {
                code: Code::E0201,
                pointer: place,
                found: format!("A {noun} without a name."),
                allowed: "a name that is not empty".to_owned(),
                remedy: "Give it a name: results and references go by it.".to_owned(),
            });
        } else if let Some(first) = names[..i].iter().position(|earlier| earlier == name) {
            review.fault(Fault {
                code: Code::E0201,
                pointer: place,
                found: format!("\"{name}\" is the name of {pointer}/{first} already."),
                allowed: "a name that no other of the same list has".to_owned(),
                remedy: match noun {
                    "outbound" => {
                        "Give each a \"name\" of its own; without one it is called by its type."
                            .to_owned()
                    }
                    _ => "Rename one of the two, and what refers to it.".to_owned(),
                },
            });
        }
    }
}

/// What to say where a name is not among `known`: the list, and the likeliest.
pub(super) fn among(noun: &str, name: &str, known: &[String]) -> (String, String) {
    let allowed = match known {
        [] => format!("nothing: there is no {noun}"),
        _ => known
            .iter()
            .map(|name| format!("\"{name}\""))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let remedy = match crate::scenario::suggestion(name, known) {
        Some(likely) => format!("Did you mean \"{likely}\"?"),
        None => {
            let article = match noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
                true => "an",
                false => "a",
            };
            format!("Name one that exists, or add {article} {noun} called \"{name}\".")
        }
    };
    (allowed, remedy)
}

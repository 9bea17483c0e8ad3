//! What happens in the course of a run: events under their rules, and the epochs that they divide a run into.

mod firewall;
mod fits;
mod migrate;
mod read;
mod scale;

pub use firewall::Buckets;
pub(super) use fits::{check_cuts, check_moves};
pub(super) use migrate::{check_migrations, check_pools_of_all_types};

use super::autoscale::Autoscaler;
use super::build::Review;
use super::cluster::Cluster;
use super::destinations::Destinations;
use super::{Migration, Paths, pod_network};
use crate::engine::{Grouping, PoolPlan};
use crate::fault::{Code, Fault};
use crate::outbound::{
    self, Assumptions, ClusterFacts, Gateway, MaxSurge, OutboundSpec, OutboundType, PoolFacts,
};
use crate::scenario::Loaded;
use crate::units::SimTime;
use firewall::Firewall;
use read::DRAIN;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// A stretch of a run in which nothing changes but the traffic. It begins with events, unless it is the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epoch {
    /// When it begins; the one before ends there.
    pub at: SimTime,
    /// By node, whether it is there; empty where all are there all along.
    pub present: Vec<bool>,
    /// Destinations that do not answer, by index, ascending.
    pub silent: Vec<u32>,
    /// What happens at its beginning; empty for the first, and where events only go on.
    pub what: Vec<Happening>,
    /// Where events only go on: the index of the epoch in which the first of them began.
    pub goes_on: Option<usize>,
}

/// What an event does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// What, as part of a sentence.
    pub phrase: String,
    /// The entry of `outbound` that alone it concerns, by index; none where it concerns all.
    pub outbound: Option<usize>,
}

impl Epoch {
    /// Whether node `node` is there.
    pub fn has(&self, node: u32) -> bool {
        self.present.get(node as usize).is_none_or(|there| *there)
    }
}

/// What becomes of an outbound type after the first epoch.
pub(super) struct Later {
    plans: Vec<PoolPlan>,
    /// By epoch, the first included; none where it is no firewall.
    firewall: Vec<Option<Firewall>>,
    migrations: Vec<Migration>,
}

impl Later {
    /// Goes on at `at` under `plan`. `turns` are the instances that are lost or replaced then, with where the scenario says
    /// so; they are counted among those that there are from then on.
    fn push(
        &mut self,
        plan: PoolPlan,
        firewall: &mut Option<Firewall>,
        at: SimTime,
        turns: &[(u32, bool, &str)],
        review: &mut Review,
    ) {
        if let Some(firewall) = firewall {
            firewall.go_on(&plan, at, DRAIN);
        }
        for (instance, there, pointer) in turns {
            let found = firewall
                .as_mut()
                .is_some_and(|firewall| firewall.lose(*instance, *there));
            if !found && !there {
                review.fault(no_instance(*instance, firewall.as_ref(), pointer));
            }
        }
        self.firewall.push(firewall.clone());
        self.plans.push(plan);
    }

    /// Lays the outbound type out for all `epochs` of a cluster of `nodes` nodes.
    pub(super) fn put_into(self, outbound: &mut super::Outbound, epochs: &[Epoch], nodes: usize) {
        outbound.later_plans = self.plans;
        outbound.migrations = self.migrations;
        let stages = outbound.stages(nodes).into_iter();
        let stages: Vec<Range<usize>> = stages.map(|stage| stage.epochs).collect();
        let mut of_type: BTreeMap<usize, Buckets> = BTreeMap::new();
        for epochs in stages {
            let Some(firewall) = self.firewall[epochs.clone()].iter().cloned().collect() else {
                continue;
            };
            let firewall: Vec<Firewall> = firewall;
            let first = outbound.plan.as_mut().into_iter();
            let plans = first.chain(&mut outbound.later_plans);
            let plans = plans.skip(epochs.start).take(epochs.len());
            of_type.extend(epochs.zip(firewall::lay_out(&firewall, plans)));
        }
        outbound.buckets = match outbound.migrates() {
            true => outbound.lay_out_stages(
                nodes,
                |epoch, node| epochs[epoch].has(node),
                |epoch| of_type.get(&epoch),
            ),
            false => of_type.into_values().collect(),
        };
    }
}

/// The events of a scenario, taken apart.
pub(super) struct Events {
    /// In the order in which they happen.
    changes: Vec<Change>,
    /// By node pool, the most nodes it has at a time.
    most: Vec<u32>,
    /// What of the changes rules made.
    pub(super) autoscalers: Vec<Autoscaler>,
}

struct Change {
    at: SimTime,
    /// Where the scenario says so.
    pointer: String,
    what: What,
    /// What to say of it; none where an event goes on.
    phrase: Option<String>,
}

enum What {
    /// An entry of `outbound` is patched.
    Outbound { index: usize, patch: Value },
    /// A pool has another number of nodes.
    Count { pool: usize, count: u32 },
    /// A pool has surge nodes, and some of its nodes are away.
    Upgrade {
        pool: usize,
        surge: u32,
        away: Range<u32>,
    },
    /// Instances of a firewall that were to leave may be drained.
    Drained,
    /// A firewall's instance is lost, or replaced.
    Instance {
        index: usize,
        instance: u32,
        there: bool,
    },
    /// A destination no longer answers, or answers again.
    Answers { destination: u32, answers: bool },
}

impl What {
    /// The entry of `outbound` that alone it concerns.
    fn outbound(&self) -> Option<usize> {
        match self {
            What::Outbound { index, .. } | What::Instance { index, .. } => Some(*index),
            _ => None,
        }
    }

    /// Whether nodes come or go.
    fn moves_nodes(&self) -> bool {
        matches!(self, What::Count { .. } | What::Upgrade { .. })
    }

    /// Whether a destination stops answering.
    fn silences(&self) -> bool {
        matches!(self, What::Answers { answers: false, .. })
    }
}

impl Events {
    /// The most nodes that pool `pool` of the file has at a time.
    pub(super) fn most_nodes(&self, pool: usize) -> u32 {
        self.most.get(pool).copied().unwrap_or(0)
    }

    /// Where the first event stands that moves nodes; none if none does.
    pub(super) fn moves_nodes(&self) -> Option<&str> {
        let mut changes = self.changes.iter();
        let first = changes.find(|change| change.what.moves_nodes())?;
        Some(&first.pointer)
    }

    /// Where the scenario says what begins epoch `epoch`: of several things the one that `is_it`.
    fn pointer_at(&self, epoch: usize, is_it: impl Fn(&What) -> bool) -> String {
        let changes = self.by_time().nth(epoch - 1).unwrap_or_default();
        let found = changes.iter().find(|change| is_it(&change.what));
        let change = found.or(changes.first());
        change.map_or_else(|| "/events".to_owned(), |change| change.pointer.clone())
    }

    /// Changes by when they happen.
    fn by_time(&self) -> impl Iterator<Item = &[Change]> {
        self.changes.chunk_by(|a, b| a.at == b.at)
    }

    /// The epochs of the cluster: one without events.
    pub(super) fn epochs(&self, cluster: &Cluster, destinations: &Destinations) -> Vec<Epoch> {
        let mut state = State::new(cluster.facts());
        let mut silences: BTreeMap<u32, i32> = BTreeMap::new();
        let present = |state: &State| match self.moves_nodes() {
            Some(_) => state.present(&self.most),
            None => Vec::new(),
        };
        let mut epochs = vec![Epoch {
            present: present(&state),
            ..Epoch::default()
        }];
        let mut begun: BTreeMap<&str, usize> = BTreeMap::new();
        for changes in self.by_time() {
            let mut what = Vec::new();
            for change in changes {
                state.apply(&change.what);
                let changes_nothing = match change.what {
                    // Within a longer silence of the same destination.
                    What::Answers {
                        destination,
                        answers,
                    } => {
                        let silences = silences.entry(destination).or_default();
                        *silences += if answers { -1 } else { 1 };
                        *silences != i32::from(!answers)
                    }
                    _ => false,
                };
                let phrase = change.phrase.clone().filter(|_| !changes_nothing);
                let began = begun.entry(&change.pointer).or_insert(epochs.len());
                if phrase.is_some() {
                    // A rule makes many events at one place: what goes on is the last of them.
                    *began = epochs.len();
                }
                let outbound = change.what.outbound();
                what.extend(phrase.map(|phrase| Happening { phrase, outbound }));
            }
            let silent = silences.iter().filter(|(_, silences)| **silences > 0);
            let known = |destination: &u32| (*destination as usize) < destinations.names.len();
            epochs.push(Epoch {
                at: changes[0].at,
                present: present(&state),
                silent: silent.map(|(index, _)| *index).filter(known).collect(),
                goes_on: what.is_empty().then(|| begun[changes[0].pointer.as_str()]),
                what,
            });
        }
        epochs
    }

    /// The plans of outbound `index` in all epochs but the first, or why Azure would refuse one.
    pub(super) fn plans(
        &self,
        index: usize,
        first: &super::Outbound,
        loaded: &Loaded,
        cluster: &Cluster,
        assumptions: &Assumptions,
        review: &mut Review,
    ) -> Result<Later, Vec<Fault>> {
        let mut later = Later {
            plans: Vec::new(),
            firewall: Vec::new(),
            migrations: Vec::new(),
        };
        let Ok(first_plan) = &first.plan else {
            return Ok(later);
        };
        let mut firewall = Firewall::of(first_plan);
        later.firewall.push(firewall.clone());
        let mut kind = first.kind;
        let mut state = State::new(cluster.facts());
        let mut entry = entry(index, loaded);
        let mut closed = false;
        for changes in self.by_time() {
            let mut pointer = None;
            let mut turns = Vec::new();
            let at = changes[0].at;
            for change in changes {
                state.apply(&change.what);
                match &change.what {
                    What::Outbound { index: of, patch } if *of == index => {
                        configure(&mut entry, patch);
                        pointer = Some(&change.pointer);
                    }
                    What::Count { .. } | What::Upgrade { .. } => {
                        pointer = pointer.or(Some(&change.pointer));
                    }
                    What::Instance {
                        index: of,
                        instance,
                        there,
                    } if *of == index => turns.push((*instance, *there, change.pointer.as_str())),
                    _ => {}
                }
            }
            let before = later.plans.last().unwrap_or(first_plan).clone();
            let Some(pointer) = pointer else {
                later.push(before, &mut firewall, at, &turns, review);
                closed = check_open(firewall.as_ref(), closed, &changes[0].pointer, review);
                continue;
            };
            let words: OutboundSpec = match serde_json::from_value(entry.clone()) {
                Ok(words) => words,
                Err(error) => {
                    review.fault(unreadable(pointer, &error.to_string()));
                    return Ok(later);
                }
            };
            let resolved = outbound::resolve(&words, &state.facts(), assumptions, pointer);
            let sound = resolved.errors.is_empty();
            for fault in resolved.errors {
                review.fault(fault);
            }
            let plan = resolved.plan?;
            if resolved.kind != OutboundType::Custom {
                refused_by_addresses(&state, loaded, assumptions, at, pointer)?;
            }
            if sound {
                if kind != resolved.kind {
                    migrate::refused_by_aks(kind, resolved.kind, pointer)?;
                    kind = resolved.kind;
                    firewall = Firewall::of(&plan);
                    later.migrations.push(Migration {
                        epoch: later.firewall.len(),
                        kind,
                        public_ips: resolved.public_ips,
                        setup: resolved.setup,
                        paths: Paths::default(),
                        breaks: migrate::breaks(kind, assumptions),
                    });
                } else {
                    let setup = later.migrations.last().map(|migration| &migration.setup);
                    let setup = setup.unwrap_or(&first.setup);
                    let gateways = (&setup.gateways[..], &resolved.setup.gateways[..]);
                    if let Some(fault) = unchangeable(gateways, (&before, &plan), pointer) {
                        review.fault(fault);
                    }
                }
                later.push(plan, &mut firewall, at, &turns, review);
                closed = check_open(firewall.as_ref(), closed, pointer, review);
            }
        }
        Ok(later)
    }
}

/// The node pools at an instant.
struct State {
    facts: ClusterFacts,
    /// By pool, surge nodes and nodes that are away.
    upgrades: Vec<(u32, Range<u32>)>,
}

impl State {
    fn new(facts: ClusterFacts) -> State {
        let upgrades = vec![(0, 0..0); facts.pools.len()];
        State { facts, upgrades }
    }

    fn apply(&mut self, what: &What) {
        match what {
            What::Count { pool, count } => self.facts.pools[*pool].count = *count,
            What::Upgrade { pool, surge, away } => self.upgrades[*pool] = (*surge, away.clone()),
            What::Outbound { .. }
            | What::Drained
            | What::Instance { .. }
            | What::Answers { .. } => {}
        }
    }

    /// The pools as Azure counts them: a surge node is a node like any other, and comes once.
    fn facts(&self) -> ClusterFacts {
        let pools = self.facts.pools.iter().zip(&self.upgrades);
        let pools = pools.map(|(pool, (surge, _))| match surge {
            0 => pool.clone(),
            surge => PoolFacts {
                count: pool.count + surge,
                max_count: pool.max_count.map(|max| max.max(pool.count) + surge),
                max_surge: Some(MaxSurge::Nodes(0)),
                ..pool.clone()
            },
        });
        ClusterFacts {
            pools: pools.collect(),
            ..self.facts.clone()
        }
    }

    /// By node of the largest cluster, whether it is there.
    fn present(&self, most: &[u32]) -> Vec<bool> {
        let mut present = Vec::new();
        for ((pool, (surge, away)), most) in self.facts.pools.iter().zip(&self.upgrades).zip(most) {
            let there = |node: u32| node < pool.count + surge && !away.contains(&node);
            present.extend((0..*most).map(there));
        }
        present
    }
}

/// The entry of `outbound` as the file has it, or as `compare` fills it in.
fn entry(index: usize, loaded: &Loaded) -> Value {
    let file: Value = serde_json::from_str(&loaded.text).expect("the text of a scenario is JSON");
    let written = file.get("outbound").and_then(|entries| entries.get(index));
    written.cloned().unwrap_or_else(|| {
        let entries = loaded.spec.outbound.as_deref().unwrap_or_default();
        let kind = entries[index].outbound_type.clone().unwrap_or_default();
        serde_json::json!({ "outboundType": kind })
    })
}

/// Configures an entry of `outbound` anew. With another outbound type it begins anew: what was said of the type before means
/// nothing to it.
fn configure(entry: &mut Value, patch: &Value) {
    let kind = |words: &Value| {
        let word = words.get("outboundType").and_then(Value::as_str);
        word.and_then(OutboundType::find)
    };
    match kind(patch) {
        Some(is) if kind(entry) != Some(is) => *entry = patch.clone(),
        _ => merge(entry, patch),
    }
}

/// RFC 7396, JSON merge patch, but for null: it stays, because it means Azure's default.
fn merge(target: &mut Value, patch: &Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(target.entry(key).or_insert(Value::Null), value);
            }
        }
        (target, patch) => *target = patch.clone(),
    }
}

fn unreadable(pointer: &str, error: &str) -> Fault {
    Fault {
        code: Code::E0413,
        pointer: pointer.to_owned(),
        found: format!("The entry of \"outbound\" with this change cannot be read: {error}."),
        allowed: "what an entry of \"outbound\" may say".to_owned(),
        remedy: "Spell each field as the entry itself does.".to_owned(),
    }
}

/// What AKS would refuse of the addresses that the nodes of an instant take.
fn refused_by_addresses(
    state: &State,
    loaded: &Loaded,
    assumptions: &Assumptions,
    at: SimTime,
    pointer: &str,
) -> Result<(), Vec<Fault>> {
    let Some(words) = &loaded.spec.cluster else {
        return Ok(());
    };
    let counted = state.facts().counted(assumptions.max_surge);
    // What makes no sense was said of the cluster as it is at the start.
    let found = pod_network::read(words, &counted, &mut Review::default());
    let then = |fault: Fault| Fault {
        pointer: pointer.to_owned(),
        found: format!("At {at}: {}", fault.found),
        ..fault
    };
    match found.refusals.is_empty() {
        true => Ok(()),
        false => Err(found.refusals.into_iter().map(then).collect()),
    }
}

/// Refuses a firewall without an instance that takes new connections, once as long as it is so (`closed`); whether it is.
fn check_open(
    firewall: Option<&Firewall>,
    closed: bool,
    pointer: &str,
    review: &mut Review,
) -> bool {
    let is_closed = firewall.is_some_and(|firewall| !firewall.has_open());
    if is_closed && !closed {
        review.fault(Fault {
            code: Code::E0412,
            pointer: pointer.to_owned(),
            found: "From here on no instance of the firewall takes connections: all that it has are lost."
                .to_owned(),
            allowed: "an instance, while others are lost".to_owned(),
            remedy: "Lose fewer instances at a time, or for a shorter time.".to_owned(),
        });
    }
    is_closed
}

fn no_instance(instance: u32, firewall: Option<&Firewall>, pointer: &str) -> Fault {
    let Some(firewall) = firewall else {
        return Fault {
            code: Code::E0412,
            pointer: pointer.to_owned(),
            found: "The outbound type has no instances by then.".to_owned(),
            allowed: "an event while it is a firewall".to_owned(),
            remedy: "Lose the instance before the type changes, or remove the event.".to_owned(),
        };
    };
    let instances = firewall.open_instances();
    Fault {
        code: Code::E0412,
        pointer: pointer.to_owned(),
        found: format!("Instance {instance} of {instances} is lost."),
        allowed: format!(
            "instance 0 to {}, while another is there",
            instances.saturating_sub(1)
        ),
        remedy: "Count the instances of azureFirewall from 0, and lose one at a time.".to_owned(),
    }
}

/// What stays as it is in the course of a run; each as it was and as it would be.
fn unchangeable(
    gateways: (&[Gateway], &[Gateway]),
    (before, after): (&PoolPlan, &PoolPlan),
    pointer: &str,
) -> Option<Fault> {
    let mut renamed = gateways.0.iter().zip(gateways.1);
    let replaced = renamed.find(|(before, after)| before.name != after.name);
    let found =
        if !divided_alike(&before.grouping, &after.grouping) || before.udp_key != after.udp_key {
            "The pools are divided otherwise in the course of the run.".to_owned()
        } else if let Some((before, after)) = replaced {
            format!(
                "NAT Gateway \"{}\" is replaced by \"{}\" in the course of the run.",
                before.name, after.name
            )
        } else {
            return None;
        };
    Some(Fault {
        code: Code::E0413,
        pointer: pointer.to_owned(),
        found,
        allowed:
            "timers, ports, public IPs and instances; portsPerPool and activePerPool of custom; another outboundType"
                .to_owned(),
        remedy: "Simulate before and after as two outbound entries, and compare them.".to_owned(),
    })
}

/// Whether every node finds its ports in the same pool under both.
fn divided_alike(before: &Grouping, after: &Grouping) -> bool {
    match (before, after) {
        (Grouping::ByGateway(before), Grouping::ByGateway(after)) => {
            before.of_node == after.of_node && before.sizes.len() == after.sizes.len()
        }
        _ => std::mem::discriminant(before) == std::mem::discriminant(after),
    }
}

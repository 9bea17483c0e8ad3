//! Whether what happens in the course of a run fits the connections: which can move with nodes, and which can be cut.

use super::{Epoch, Events, What};
use crate::engine::{Grouping, PoolPlan};
use crate::fault::{Code, Fault};
use crate::model::build::Review;
use crate::model::cluster::Cluster;
use crate::model::{Endpoint, Mix, Outbound, Traffic, Workload};
use crate::scenario::WorkloadSpec;
use crate::traffic::words::PlacementSpec;

/// Refuses events that move nodes whose connections cannot move with them. `specs` are the words of the workloads.
pub(in crate::model) fn check_moves(
    events: &Events,
    epochs: &[Epoch],
    workloads: &[Workload],
    specs: &[WorkloadSpec],
    outbounds: &[Outbound],
    cluster: &Cluster,
    review: &mut Review,
) {
    let Some(pointer) = events.moves_nodes() else {
        return;
    };
    let mut refuse = |found: String, remedy: &str| {
        review.fault(Fault {
            code: Code::E0415,
            pointer: pointer.to_owned(),
            found,
            allowed: "scale and upgrade of node pools whose connections any node can open"
                .to_owned(),
            remedy: remedy.to_owned(),
        });
    };
    if cluster.own_ips.contains(&true) {
        refuse(
            "Nodes come and go, and some have public IPs of their own.".to_owned(),
            "Leave out enableNodePublicIP, or the event.",
        );
    }
    let by_gateway = |outbound: &&Outbound| {
        let mut plans = outbound.plans();
        plans.any(|plan| matches!(plan.grouping, Grouping::ByGateway(_)))
    };
    if let Some(outbound) = outbounds.iter().find(by_gateway) {
        refuse(
            format!(
                "Nodes come and go, and node pools of \"{}\" have NAT Gateways of their own.",
                outbound.name
            ),
            "Simulate the node pools behind each gateway by themselves.",
        );
    }
    let comes_and_goes = |node: u32| epochs.iter().any(|epoch| !epoch.has(node));
    let said = |workload: &Workload, what: fn(&WorkloadSpec) -> bool| {
        let mut specs = specs.iter();
        specs.any(|spec| spec.name == workload.name && what(spec))
    };
    let has_replicas = |workload: &Workload| said(workload, |spec| spec.replicas.is_some());
    let has_hot_node = |workload: &Workload| {
        said(workload, |spec| {
            matches!(spec.placement, Some(PlacementSpec::HotNode(_)))
        })
    };
    let is_left_alone = |mix: &Mix| {
        let has_a_node = |epoch: &Epoch| mix.nodes.iter().any(|(node, _)| epoch.has(*node));
        !epochs.iter().all(has_a_node)
    };
    for workload in workloads {
        let on = |mix: &Mix| mix.nodes.iter().any(|(node, _)| comes_and_goes(*node));
        let (what, leave, moves) = match &workload.traffic {
            Traffic::Open { mix, .. } if has_replicas(workload) => (
                "has replicas, which stay where the scheduler put them",
                "leave out \"replicas\": all nodes then open alike",
                on(mix),
            ),
            Traffic::Open { mix, .. } if has_hot_node(workload) => (
                "has a hot node, whose share would grow by what missing nodes leave",
                "give it another \"placement\"",
                on(mix),
            ),
            Traffic::Open { mix, .. } if is_left_alone(mix) => (
                "runs on nodes of which none is there at times",
                "leave it a node",
                true,
            ),
            Traffic::Open { mix, .. } if workload.pool.is_some() => (
                "has pools of connections, each of which stays on its node",
                "leave out \"pool\" and give the connections that it opens as arrivals (`connections.offered` of a run \
                 without the event)",
                on(mix),
            ),
            Traffic::Open { .. } => continue,
            Traffic::Closed { mix, .. } => (
                "has clients, each of which stays on its node",
                "give it arrivals that wait for nothing",
                on(mix),
            ),
            Traffic::Trace(rows) => (
                "replays a trace, which says which node opened what",
                "give it arrivals that wait for nothing",
                rows.iter().any(|row| comes_and_goes(row.node)),
            ),
        };
        if moves {
            refuse(
                format!(
                    "Workload \"{}\" {what}, and nodes of it come and go.",
                    workload.name
                ),
                &format!("Let it run on a node pool that stays, or {leave}."),
            );
        }
    }
}

/// Refuses events that change what becomes of connections whose fate is known otherwise by those who keep them: in a pool,
/// or to open another when they have idled out.
pub(in crate::model) fn check_cuts(
    events: &Events,
    epochs: &[Epoch],
    workloads: &[Workload],
    outbounds: &[Outbound],
    endpoints: &[Endpoint],
    review: &mut Review,
) {
    for workload in workloads.iter().filter(|one| !one.traffic.is_empty()) {
        let keeper = Keeper {
            workload,
            epochs,
            endpoints,
        };
        let found =
            (1..epochs.len()).find_map(|epoch| Some((epoch, keeper.obstacle(epoch, outbounds)?)));
        let Some((epoch, Obstacle { about, why })) = found else {
            continue;
        };
        review.fault(Fault {
            code: Code::E0416,
            pointer: events.pointer_at(epoch, |what| about.is(what)),
            found: format!("At {} {why}.", epochs[epoch].at),
            allowed: "beside pool and reconnect: events that leave ports, timers and destinations of their connections; \
                      beside keepalive and activity: events that leave the idle timeout"
                .to_owned(),
            remedy: format!(
                "Simulate before and after as two outbound entries, or take {} from workload \"{}\".",
                keeper.words(),
                workload.name
            ),
        });
    }
}

/// Why an event cannot be told to those who keep connections.
struct Obstacle {
    about: About,
    why: String,
}

/// What events an obstacle is about.
enum About {
    Destinations,
    Nodes,
    /// An outbound, by index.
    Outbound(usize),
}

impl About {
    fn is(&self, what: &What) -> bool {
        match self {
            About::Destinations => what.silences(),
            About::Nodes => what.moves_nodes(),
            About::Outbound(index) => what.outbound() == Some(*index),
        }
    }
}

/// A workload whose connections are kept by somebody.
struct Keeper<'a> {
    workload: &'a Workload,
    epochs: &'a [Epoch],
    endpoints: &'a [Endpoint],
}

impl Keeper<'_> {
    /// The words that make somebody keep its connections.
    fn words(&self) -> &'static str {
        match (&self.workload.traffic, self.workload.packets.reconnects) {
            (Traffic::Trace(_), _) => "the keepalive column",
            _ if self.workload.pool.is_some() => "\"pool\"",
            (_, true) => "\"reconnect\", \"keepalive\" and \"activity\"",
            (_, false) => "\"keepalive\" and \"activity\"",
        }
    }

    /// What happens at the beginning of an epoch that its connections are not told of.
    fn obstacle(&self, epoch: usize, outbounds: &[Outbound]) -> Option<Obstacle> {
        let name = &self.workload.name;
        let pooled = self.workload.pool.is_some();
        if pooled && self.falls_silent(epoch) {
            return Some(Obstacle {
                about: About::Destinations,
                why: format!(
                    "a destination stops answering, and pools of workload \"{name}\" have open connections to it"
                ),
            });
        }
        let mut under = outbounds
            .iter()
            .enumerate()
            .filter_map(|(index, outbound)| {
                Some(Obstacle {
                    about: About::Outbound(index),
                    why: self.obstacle_under(epoch, outbound)?,
                })
            });
        under.next().or_else(|| {
            let bears = outbounds.iter().any(|outbound| self.keeps_under(outbound));
            (bears && self.nodes_leave(epoch)).then(|| Obstacle {
                about: About::Nodes,
                why: format!(
                    "nodes leave, and {} of workload \"{name}\" on them do not",
                    self.who()
                ),
            })
        })
    }

    /// Who keeps its connections.
    fn who(&self) -> &'static str {
        match self.workload.pool.is_some() {
            true => "the pools",
            false => "the owners who reconnect",
        }
    }

    /// Whether anybody keeps its connections beyond what the network leaves of them.
    fn keeps_under(&self, outbound: &Outbound) -> bool {
        let breaks = || outbound.plans().any(|plan| self.breaks_under(plan));
        self.workload.pool.is_some() || self.workload.packets.reconnects && breaks()
    }

    /// The same under one outbound type.
    fn obstacle_under(&self, epoch: usize, outbound: &Outbound) -> Option<String> {
        let name = &self.workload.name;
        let pooled = self.workload.pool.is_some();
        let plans: Vec<&PoolPlan> = outbound.plans().collect();
        let (before, after) = (plans.get(epoch - 1)?, plans.get(epoch)?);
        let migration = outbound
            .migrations
            .iter()
            .find(|migration| migration.epoch == epoch);
        match migration {
            // All connections break, and pools open others.
            Some(migration) if pooled && migration.breaks => return None,
            Some(_) if pooled => {
                return Some(format!(
                    "connections of before stay on their ports when \"{}\" changes its type, and pools of workload \
                     \"{name}\" would go on with them under other timers",
                    outbound.name
                ));
            }
            Some(migration) if migration.breaks && self.workload.packets.reconnects => {
                return Some(format!(
                    "open connections break when \"{}\" changes its type, and the owners who reconnect of workload \
                     \"{name}\" do not learn of it",
                    outbound.name
                ));
            }
            _ => {}
        }
        let breaks = plans.iter().any(|plan| self.breaks_under(plan));
        let other_timers = match pooled {
            true => before.holds != after.holds || before.on_idle != after.on_idle,
            false => {
                breaks && (before.holds.idle != after.holds.idle || before.on_idle != after.on_idle)
            }
        };
        if other_timers {
            return Some(match pooled {
                true => format!(
                    "the timers of \"{}\" change, and pools of workload \"{name}\" have connections from before",
                    outbound.name
                ),
                false => format!(
                    "the idle timeout of \"{}\" changes, and which connections of workload \"{name}\" idle out \
                     is known by the one before",
                    outbound.name
                ),
            });
        }
        let takes = self.keeps_under(outbound) && self.takes_ports(outbound, epoch, before, after);
        takes.then(|| {
            format!(
                "\"{}\" loses ports, and {} of workload \"{name}\" do not learn whose",
                outbound.name,
                self.who()
            )
        })
    }

    /// Whether ports that may be in use are taken away.
    fn takes_ports(
        &self,
        outbound: &Outbound,
        epoch: usize,
        before: &PoolPlan,
        after: &PoolPlan,
    ) -> bool {
        let pools = match &before.grouping {
            Grouping::ByGateway(gateways) => gateways.sizes.len(),
            _ => 1,
        };
        let limit = |plan: &PoolPlan, pool: usize| plan.of_pool(pool).limit;
        if outbound.migrations.iter().any(|one| one.epoch == epoch) {
            return false;
        }
        let fewer = (0..pools).any(|pool| limit(after, pool) < limit(before, pool));
        let gone = match (outbound.buckets.get(epoch - 1), outbound.buckets.get(epoch)) {
            (Some(before), Some(after)) => {
                let mut buckets = before.there.iter().zip(&after.there);
                buckets.any(|(was, is)| *was && !is)
            }
            _ => false,
        };
        fewer || gone
    }

    fn mix(&self) -> Option<&Mix> {
        match &self.workload.traffic {
            Traffic::Open { mix, .. } | Traffic::Closed { mix, .. } => Some(mix),
            Traffic::Trace(_) => None,
        }
    }

    /// Whether nodes of it leave.
    fn nodes_leave(&self, epoch: usize) -> bool {
        let (before, after) = (&self.epochs[epoch - 1], &self.epochs[epoch]);
        self.mix().is_some_and(|mix| {
            let mut nodes = mix.nodes.iter();
            nodes.any(|(node, _)| before.has(*node) && !after.has(*node))
        })
    }

    /// Whether a destination of it does not answer in an epoch.
    fn falls_silent(&self, epoch: usize) -> bool {
        let silent = &self.epochs[epoch].silent;
        self.mix().is_some_and(|mix| {
            let to = mix.endpoints.iter();
            let mut to = to.map(|(endpoint, _)| self.endpoints[*endpoint as usize].destination);
            to.any(|destination| silent.contains(&destination))
        })
    }

    /// Whether its connections may idle out inside their lives.
    fn breaks_under(&self, plan: &PoolPlan) -> bool {
        match (&self.workload.traffic, self.mix()) {
            (Traffic::Trace(rows), _) => rows.iter().any(|row| {
                let gap = row.keepalive.map(|gap| gap.min(row.lifetime));
                gap.is_some_and(|gap| gap >= plan.holds.idle)
            }),
            (_, Some(mix)) => mix.endpoints.iter().any(|(endpoint, _)| {
                let protocol = self.endpoints[*endpoint as usize].protocol;
                self.workload.quiet(protocol, plan).is_some()
            }),
            (_, None) => false,
        }
    }
}

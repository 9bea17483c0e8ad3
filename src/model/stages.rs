//! The outbound types that one entry has in the course of a run, one after the other, and which pools are whose.

use super::{Buckets, Model, Note, Outbound, Paths};
use crate::engine::{Grouping, PoolPlan};
use crate::fault::Code;
use crate::outbound::{OutboundType, Setup};
use crate::units::SimTime;
use std::ops::Range;

/// A change of the outbound type in the course of a run.
#[derive(Clone, Debug)]
pub struct Migration {
    /// Index of the epoch that begins with it.
    pub epoch: usize,
    /// The type from then on.
    pub kind: OutboundType,
    /// Its public IPs, where the type has them; for sentences.
    pub public_ips: Option<u32>,
    /// How its figures came about, for explanations.
    pub setup: Setup,
    /// Which connections take its ports: the same as before, by rules of its own.
    pub paths: Paths,
    /// Whether it breaks the connections that are open; if not, they keep their ports until they end.
    pub breaks: bool,
}

/// A stretch of a run in which an outbound has one type, and what it has then.
#[derive(Clone, Debug)]
pub struct Stage<'a> {
    /// The epochs of the stretch, by index.
    pub epochs: Range<usize>,
    /// The type.
    pub kind: OutboundType,
    /// How its figures came about.
    pub setup: &'a Setup,
    /// The plans of its epochs.
    pub plans: Vec<&'a PoolPlan>,
    /// Its pools among those of all types that the outbound has.
    pub pools: Range<usize>,
    /// Whether what was open before breaks when it begins.
    pub breaks: bool,
}

impl Stage<'_> {
    /// The plan of its first epoch.
    pub fn plan(&self) -> &PoolPlan {
        self.plans[0]
    }

    /// Ports of pool `pool` (of all) toward one key when it has most.
    pub fn most_ports(&self, pool: usize) -> u32 {
        let own = pool - self.pools.start;
        let limits = self.plans.iter().map(|plan| plan.of_pool(own).limit);
        limits.max().unwrap_or(0)
    }

    /// The node whose pool `pool` (of all) is; none where nodes share pools.
    pub fn node(&self, pool: usize) -> Option<u32> {
        let by_node = self.plan().grouping == Grouping::ByNode;
        by_node.then(|| (pool - self.pools.start) as u32)
    }
}

impl Outbound {
    /// Whether its type changes in the course of a run.
    pub fn migrates(&self) -> bool {
        !self.migrations.is_empty()
    }

    /// The types that it has one after the other in a cluster of `nodes` nodes; none where Azure refuses it.
    pub fn stages(&self, nodes: usize) -> Vec<Stage<'_>> {
        let plans: Vec<&PoolPlan> = self.plans().collect();
        let first = (0, self.kind, &self.setup, false);
        let later = self.migrations.iter();
        let later = later.map(|later| (later.epoch, later.kind, &later.setup, later.breaks));
        let begins: Vec<_> = std::iter::once(first).chain(later).collect();
        let mut stages: Vec<Stage> = Vec::new();
        for (index, (from, kind, setup, breaks)) in begins.iter().enumerate() {
            let until = begins.get(index + 1).map_or(plans.len(), |next| next.0);
            let Some(of_epochs) = plans.get(*from..until).filter(|plans| !plans.is_empty()) else {
                break;
            };
            let first_pool = stages.last().map_or(0, |stage| stage.pools.end);
            stages.push(Stage {
                epochs: *from..until,
                kind: *kind,
                setup,
                pools: first_pool..first_pool + of_epochs[0].pools(nodes),
                plans: of_epochs.to_vec(),
                breaks: *breaks,
            });
        }
        stages
    }

    /// What it is from `at` on, when `stage` begins, as if it had been so from the start.
    pub fn as_of(&self, stage: &Stage, at: SimTime) -> Outbound {
        let mut migrations = self.migrations.iter();
        let migration = migrations.find(|migration| migration.epoch == stage.epochs.start);
        Outbound {
            name: format!("{} from {at}", self.name),
            kind: stage.kind,
            plan: Ok(stage.plan().clone()),
            later_plans: Vec::new(),
            migrations: Vec::new(),
            buckets: Vec::new(),
            public_ips: migration.and_then(|migration| migration.public_ips),
            setup: stage.setup.clone(),
            notes: vec![Note {
                code: Code::F0170,
                text: format!("\"{}\" becomes this at {at}.", self.name),
            }],
            paths: migration.map_or(&self.paths, |found| &found.paths).clone(),
        }
    }

    /// Ports of a pool toward one key, in the epoch in which there are most; none where Azure refuses it.
    pub fn most_ports(&self, pool: usize, nodes: usize) -> Option<u32> {
        let mut stages = self.stages(nodes).into_iter();
        let stage = stages.find(|stage| stage.pools.contains(&pool))?;
        Some(stage.most_ports(pool))
    }

    /// By epoch, which of the pools of all types there are, and which take new connections: `of_type` says it of the
    /// buckets of a type by themselves, where they come and go. Those of a type that is gone stay as long as connections
    /// on them may.
    pub(super) fn lay_out_stages<'b>(
        &self,
        nodes: usize,
        present: impl Fn(usize, u32) -> bool,
        of_type: impl Fn(usize) -> Option<&'b Buckets>,
    ) -> Vec<Buckets> {
        let stages = self.stages(nodes);
        let all = stages.last().map_or(0, |stage| stage.pools.end);
        let mut laid_out: Vec<Buckets> = Vec::new();
        for stage in &stages {
            let mut stay = match laid_out.last() {
                Some(before) if !stage.breaks => before.there.clone(),
                _ => vec![false; all],
            };
            stay.resize(all, false);
            for epoch in stage.epochs.clone() {
                let own = of_type(epoch);
                let is = |pool: usize, of: fn(&Buckets, usize) -> bool| match own {
                    Some(own) => of(own, pool - stage.pools.start),
                    None => stage.node(pool).is_none_or(|node| present(epoch, node)),
                };
                let open = |own: &Buckets, pool: usize| own.open.contains(&(pool as u32));
                let mut there = stay.clone();
                for pool in stage.pools.clone() {
                    there[pool] = is(pool, |own, pool| own.there[pool]);
                }
                let pools = stage.pools.clone();
                laid_out.push(Buckets {
                    open: pools
                        .filter(|pool| is(*pool, open))
                        .map(|pool| pool as u32)
                        .collect(),
                    there,
                });
            }
        }
        laid_out
    }
}

impl Model {
    /// The name of pool `pool` of `outbound`, of all types that it has; of a type that comes later with its time, where an
    /// earlier one has a pool of that name.
    pub fn pool_name(&self, outbound: &Outbound, pool: usize) -> String {
        let stages = outbound.stages(self.nodes.len());
        let index = stages
            .iter()
            .position(|stage| stage.pools.contains(&pool))
            .expect("a pool is of a type that the outbound has");
        let name_within = |stage: &Stage, pool: usize| {
            let own = pool - stage.pools.start;
            self.pool_name_under(stage.kind, stage.setup, stage.plan(), own)
        };
        let name = name_within(&stages[index], pool);
        let is_taken = stages[..index].iter().any(|before| {
            before
                .pools
                .clone()
                .any(|pool| name_within(before, pool) == name)
        });
        match is_taken {
            true => format!("{name} from {}", self.epochs[stages[index].epochs.start].at),
            false => name,
        }
    }

    /// The name of pool `pool` of one type by itself: the node, the gateway, `shared`, or `instance-i/ip-j`.
    pub fn pool_name_under(
        &self,
        kind: OutboundType,
        setup: &Setup,
        plan: &PoolPlan,
        pool: usize,
    ) -> String {
        match plan.grouping {
            Grouping::ByNode => self.nodes[pool].clone(),
            Grouping::ByGateway(_) => match setup.gateways.get(pool) {
                Some(gateway) => gateway.name.clone(),
                None => format!("gateway-{pool}"),
            },
            Grouping::Shared if kind.is_nat_gateway() => "gateway".to_owned(),
            Grouping::Shared => "shared".to_owned(),
            Grouping::Buckets { ips, .. } => {
                format!(
                    "instance-{}/ip-{}",
                    pool / ips as usize,
                    pool % ips as usize
                )
            }
        }
    }
}

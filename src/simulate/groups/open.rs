//! The streams of a workload that waits for nothing: by blocks of nodes, by node, or by pair of node and endpoint.

use super::builder::GroupBuilder;
use super::shares::share_of;
use super::{BLOCK, ClassPlan};
use crate::engine::Grouping;
use crate::model::{Mix, OpenProcess, Traffic};
use crate::traffic::{BatchSize, Burst, Bursty, CellMarks, Correlation, CoursePlan};
use crate::traffic::{Caller, OwnerPlan, Process, Profile, Quiet, StreamPlan};
use crate::units::mix;

/// Blocks of nodes with a public IP of their own are numbered apart from the others.
const OWN_IP_UNITS: u64 = 1 << 31;

/// Streams of one node are numbered apart from blocks, those of bursts apart from both, each burst by itself.
const NODE_UNITS: u64 = 1 << 32;
const BURST_UNITS: u64 = 2 << 32;

/// Names the random stream of two states, in the place of an endpoint: there is no such endpoint.
const STATES: u64 = u64::MAX;

/// One class of such connections.
struct Open<'c> {
    class: u32,
    plan: &'c ClassPlan,
    mix: &'c Mix,
    profile: Option<&'c Profile>,
    /// Share of the workload's connections that go to the endpoint.
    share: f64,
    /// Mean hold in seconds.
    hold: f64,
    /// Whether every node has streams of its own: its pools have to know their requests from others.
    by_node: bool,
    /// Which connections idle out inside their lives, where nobody waits to reconnect.
    quiet: Option<Quiet>,
}

impl GroupBuilder<'_> {
    pub(super) fn add_open(&mut self, class: u32, plan: &ClassPlan) {
        let model = self.cells.model;
        let Traffic::Open {
            process,
            per_second,
            profile,
            bursts,
            mix,
        } = &model.workloads[plan.workload as usize].traffic
        else {
            unreachable!("the workload waits for nothing");
        };
        let workload = &model.workloads[plan.workload as usize];
        let first = self.streams.len();
        let open = Open {
            class,
            plan,
            mix,
            profile: profile.as_ref(),
            share: share_of(&mix.endpoints, plan.endpoint),
            hold: self.hold(mix, plan),
            by_node: workload.pool.is_some(),
            quiet: self.quiet_unless_reconnected(class, plan),
        };
        let rate = per_second * open.share;
        if *per_second > 0.0 {
            match process {
                OpenProcess::Poisson => self.add_poisson(&open, rate, None),
                OpenProcess::Constant => self.add_constant(&open, *per_second),
                OpenProcess::Bursty(bursty) => match bursty.correlation {
                    Correlation::Workload => self.add_poisson(&open, rate, Some(bursty)),
                    Correlation::Node => self.add_bursty_nodes(&open, rate, bursty),
                },
                OpenProcess::Batch(size) => self.add_batches(&open, rate, *size),
            }
        }
        let in_time = |burst: &Burst| burst.at < model.duration;
        for (index, burst) in bursts
            .iter()
            .enumerate()
            .filter(|(_, burst)| in_time(burst))
        {
            self.add_burst(&open, index, burst);
        }
        if let Some(settings) = &workload.pool {
            self.make_requests(first, class, plan, settings);
        }
    }

    /// Which connections of a class idle out; where their owners reconnect, those see to it.
    fn quiet_unless_reconnected(&mut self, class: u32, plan: &ClassPlan) -> Option<Quiet> {
        let quiet = self.quiet(plan)?;
        let workload = &self.cells.model.workloads[plan.workload as usize];
        if !workload.packets.reconnects {
            return Some(quiet);
        }
        self.waiting[class as usize] = Caller::Owner;
        self.owners[class as usize] = Some(OwnerPlan {
            quiet,
            workload: plan.workload,
            endpoint: plan.endpoint,
        });
        None
    }

    /// What moves the rate of its streams; all of those that name the same `group` of states are in the same one.
    fn course(&self, open: &Open, states: Option<(&Bursty, u64)>) -> Option<CoursePlan> {
        if open.profile.is_none() && states.is_none() {
            return None;
        }
        Some(CoursePlan {
            profile: open.profile.cloned(),
            states: states
                .map(|(bursty, group)| (*bursty, [u64::from(open.plan.workload), STATES, group])),
            end: self.cells.model.duration,
        })
    }

    fn add_poisson(&mut self, open: &Open, rate: f64, bursty: Option<&Bursty>) {
        let course = self.course(open, bursty.map(|bursty| (bursty, STATES)));
        if open.by_node {
            return self.add_nodes(open, rate, |_, _| course.clone(), Process::Poisson);
        }
        self.add_blocks(open, rate, course, Process::Poisson);
    }

    fn add_batches(&mut self, open: &Open, rate: f64, size: BatchSize) {
        let course = self.course(open, None);
        let process = |per_second| Process::Batch { per_second, size };
        match open.by_node {
            true => self.add_nodes(open, rate, |_, _| course.clone(), process),
            false => self.add_blocks(open, rate, course, process),
        }
        for (node, _) in &open.mix.nodes {
            if self.takes(open, *node) {
                let cell = self.cell(*node);
                self.loads[cell] = self.loads[cell].max(size.mean());
            }
        }
    }

    /// One stream for every block of nodes, in which the node is drawn.
    fn add_blocks(
        &mut self,
        open: &Open,
        rate: f64,
        course: Option<CoursePlan>,
        process: impl Fn(f64) -> Process,
    ) {
        let peak = course.as_ref().map_or(1.0, CoursePlan::peak);
        let first_block = self.block.start / BLOCK;
        // Nodes with a public IP of their own may go another way: they have streams of their own.
        let kinds: &[(bool, u64)] = match self.cells.paths.has_own_ips() {
            true => &[(false, 0), (true, OWN_IP_UNITS)],
            false => &[(false, 0)],
        };
        for (offset, from) in self.block.clone().step_by(BLOCK).enumerate() {
            let until = (from + BLOCK).min(self.block.end);
            let inside = |node: u32| (from..until).contains(&(node as usize));
            for (own_ip, units) in kinds.iter().copied() {
                let nodes = open.mix.nodes.iter().copied();
                let paths = self.cells.paths;
                let nodes =
                    nodes.filter(|(node, _)| inside(*node) && paths.has_own_ip(*node) == own_ip);
                let weights: Vec<(u32, f64)> =
                    nodes.filter(|(node, _)| self.takes(open, *node)).collect();
                if weights.is_empty() {
                    continue;
                }
                for (node, share) in &weights {
                    let cell = self.cell(*node);
                    self.expect(cell, rate * share * peak, open.hold);
                }
                let marks: Vec<(u32, f64)> = weights
                    .iter()
                    .map(|(node, share)| (self.place(open.class, *node).1, *share))
                    .collect();
                let share: f64 = weights.iter().map(|(_, share)| share).sum();
                let cells = match self.cells.plan.grouping {
                    Grouping::Shared | Grouping::Buckets { .. } if !self.cells.nodes_apart => {
                        CellMarks::one(0)
                    }
                    _ => CellMarks::weighted(&marks),
                };
                let (class, _) = self.place(open.class, weights[0].0);
                let unit = units + (first_block + offset) as u64;
                self.streams.push(StreamPlan {
                    class,
                    course: course.clone(),
                    cells,
                    ..self.stream(open, process(rate * share), unit)
                });
            }
        }
    }

    /// Whether connections of `node` come to this block's cells.
    fn takes(&self, open: &Open, node: u32) -> bool {
        self.block.contains(&(node as usize))
            && self
                .cells
                .takes(open.plan.workload, node, open.plan.endpoint)
    }

    /// One stream for every node, in states of its own.
    fn add_bursty_nodes(&mut self, open: &Open, rate: f64, bursty: &Bursty) {
        let own_states = |this: &Self, node| this.course(open, Some((bursty, u64::from(node))));
        self.add_nodes(open, rate, own_states, Process::Poisson);
    }

    /// One stream for every node.
    fn add_nodes(
        &mut self,
        open: &Open,
        rate: f64,
        course: impl Fn(&Self, u32) -> Option<CoursePlan>,
        process: impl Fn(f64) -> Process,
    ) {
        for (node, share) in &open.mix.nodes {
            if !self.takes(open, *node) {
                continue;
            }
            let course = course(self, *node);
            let peak = course.as_ref().map_or(1.0, CoursePlan::peak);
            let cell = self.cell(*node);
            self.expect(cell, rate * share * peak, open.hold);
            let (class, mark) = self.place(open.class, *node);
            let unit = NODE_UNITS + u64::from(*node);
            self.streams.push(StreamPlan {
                class,
                course,
                cells: CellMarks::one(mark),
                ..self.stream(open, process(rate * share), unit)
            });
        }
    }

    fn add_constant(&mut self, open: &Open, per_second: f64) {
        let course = self.course(open, None);
        let peak = course.as_ref().map_or(1.0, CoursePlan::peak);
        let cells = self.cells;
        let facts = &cells.facts[open.plan.workload as usize];
        for (node, share) in &open.mix.nodes {
            if !self.takes(open, *node) {
                continue;
            }
            let cell = self.cell(*node);
            let rate = per_second * share * open.share;
            self.expect(cell, rate * peak, open.hold);
            let process = Process::Constant {
                per_second: rate,
                phase: facts.before_node[node] + share * facts.before_endpoint[&open.plan.endpoint],
            };
            let (class, mark) = self.place(open.class, *node);
            let unit = NODE_UNITS + u64::from(*node);
            self.streams.push(StreamPlan {
                class,
                course: course.clone(),
                cells: CellMarks::one(mark),
                ..self.stream(open, process, unit)
            });
        }
    }

    /// One stream for every node that has a part of the burst.
    fn add_burst(&mut self, open: &Open, index: usize, burst: &Burst) {
        let cells = self.cells;
        let facts = &cells.facts[open.plan.workload as usize];
        let nodes = open.mix.nodes.len() as u64;
        for part in facts.bursts[index].of(open.plan.endpoint) {
            if !self.takes(open, part.node) {
                continue;
            }
            let cell = self.cell(part.node);
            let together = burst.every.map_or(1.0, |every| {
                (open.hold / every.as_secs_f64()).ceil().max(1.0)
            });
            let load = part.count as f64 * together;
            self.expect(cell, load / open.hold.max(1e-3), open.hold.max(1e-3));
            let process = burst.part(part.count, part.before, part.place, nodes);
            let (class, mark) = self.place(open.class, part.node);
            let unit = BURST_UNITS + ((index as u64) << 32) + u64::from(part.node);
            self.streams.push(StreamPlan {
                class,
                cells: CellMarks::one(mark),
                // Nodes open connections at one instant, which are told apart by where their numbers begin.
                first_id: mix(index as u64, part.before) as u32,
                ..self.stream(open, Process::Burst(process), unit)
            });
        }
    }

    /// A steady stream to the first cell.
    fn stream(&self, open: &Open, process: Process, unit: u64) -> StreamPlan {
        StreamPlan {
            class: open.class,
            process,
            course: None,
            cells: CellMarks::one(0),
            lifetime: open.mix.lifetime.clone(),
            ends: self.ends(open.mix, open.plan.endpoint),
            quiet: open.quiet.clone(),
            unit: [
                u64::from(open.plan.workload),
                u64::from(open.plan.endpoint),
                unit,
            ],
            first_id: 0,
        }
    }
}

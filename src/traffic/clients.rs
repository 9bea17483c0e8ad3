//! Clients that think, connect and wait for their verdict.

use super::draws::draw_span;
use super::quiet::{Quiet, can_break};
use super::stream::{Purpose, class_seed};
use super::{Ends, Law};
use crate::engine::{Arrival, Calendar, Due, End, Outcome, Sort, Verdict};
use crate::units::Seed;

/// What the clients of one pair of node and endpoint do.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// Class of their connections.
    pub class: u32,
    /// Clients.
    pub clients: u32,
    /// Law of the think time.
    pub think: Law,
    /// Law of the lifetime.
    pub lifetime: Law,
    /// How connections end.
    pub ends: Ends,
    /// Which of them idle out inside their lives; none where no packet is late enough.
    pub quiet: Option<Quiet>,
    /// Names the pair: (workload, endpoint, node).
    pub unit: [u64; 3],
    /// The cell that their connections are marked with; a source of one cell has no use for it.
    pub mark: u32,
}

/// A client that is about to open a connection.
#[derive(Clone, Copy, Debug)]
struct Opening {
    at: u64,
    plan: u32,
    client: u32,
}

impl Due for Opening {
    type Turn = (u32, u32);

    fn due(&self) -> u64 {
        self.at
    }

    fn turn(&self) -> (u32, u32) {
        (self.plan, self.client)
    }
}

/// The clients of one cell; each thinks, connects, lives, and thinks again.
#[derive(Clone, Debug)]
pub struct Clients<'a> {
    plans: &'a [ClientPlan],
    seeds: Vec<Seed>,
    /// By plan, the seed of its class.
    class_seeds: Vec<u64>,
    /// By client, from the grant of its port until it is free again.
    busy: Vec<u64>,
    /// First client of each plan.
    first: Vec<u32>,
    /// Those that think.
    opening: Calendar<Opening>,
    /// Connections opened, by client.
    opened: Vec<u64>,
}

impl<'a> Clients<'a> {
    /// The clients of `plans` in the replication whose seed is `seed`; all begin with a think. At one instant the
    /// earlier plan goes first.
    pub fn new(plans: &'a [ClientPlan], seed: Seed) -> Self {
        let mut clients = Clients {
            plans,
            seeds: plans.iter().map(|plan| seed.stream(&plan.unit)).collect(),
            class_seeds: plans
                .iter()
                .map(|plan| class_seed(seed, plan.unit[0], plan.unit[1]))
                .collect(),
            busy: Vec::new(),
            first: Vec::with_capacity(plans.len()),
            opening: Calendar::default(),
            opened: Vec::new(),
        };
        for plan in plans {
            let first = clients.opened.len() as u32;
            clients.first.push(first);
            clients
                .opened
                .resize(first as usize + plan.clients as usize, 0);
        }
        clients.busy = vec![0; clients.opened.len()];
        for client in 0..clients.opened.len() as u32 {
            clients.think(client, 0);
        }
        clients
    }

    fn plan(&self, client: u32) -> usize {
        self.first.partition_point(|first| *first <= client) - 1
    }

    fn word(&self, client: u32, purpose: Purpose) -> u64 {
        let plan = self.plan(client);
        let number = u64::from(client - self.first[plan]);
        let ordinal = self.opened[client as usize];
        self.seeds[plan]
            .stream(&[number, ordinal, purpose as u64])
            .0
    }

    fn think(&mut self, client: u32, from: u64) {
        let plan = self.plan(client);
        let think = draw_span(&self.plans[plan].think, self.word(client, Purpose::Gaps));
        self.opening.push(Opening {
            at: from.saturating_add(think),
            plan: plan as u32,
            client,
        });
    }

    /// When the next opens a connection; `u64::MAX` where all wait or there are none.
    pub fn next_at(&self) -> u64 {
        self.opening.next_due()
    }

    /// The class of that connection; there must be one.
    pub fn next_class(&mut self) -> u32 {
        self.plans[self.opening.first().plan as usize].class
    }

    /// The connection of [`Clients::next_at`].
    pub fn take(&mut self) -> Arrival {
        self.opening.first();
        let Opening {
            at,
            plan: place,
            client,
        } = self.opening.pop();
        let plan = &self.plans[place as usize];
        let life = draw_span(&plan.lifetime, self.word(client, Purpose::Lives));
        let end = plan.ends.end(self.word(client, Purpose::Marks));
        self.opened[client as usize] += 1;
        let class_seed = self.class_seeds[place as usize];
        let found = plan.quiet.as_ref().filter(|_| can_break(end));
        let found = found.and_then(|quiet| quiet.breaks(class_seed, at, client, life));
        self.busy[client as usize] = found.map_or(life, |found| found.learned);
        Arrival {
            at,
            life: found.map_or(life, |found| found.last_packet),
            id: client,
            sort: Sort::new(plan.class, plan.mark, found.map_or(end, |_| End::Broken)),
        }
    }

    /// A client's connection is settled: it thinks when it is free of it.
    pub fn verdict(&mut self, verdict: Verdict) {
        let client = verdict.id;
        let free_at = match verdict.outcome {
            Outcome::Established { at, .. } => at.saturating_add(self.busy[client as usize]),
            Outcome::Settled { at } => at,
        };
        self.think(client, free_at);
    }
}

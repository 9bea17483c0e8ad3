//! Clients that think, connect and wait for their verdict, alone or beside arrivals that wait for nothing.

use super::draws::draw_span;
use super::stream::Purpose;
use super::{Ends, Law};
use crate::engine::{Arrival, OpenLoop, Sort, Source};
use crate::units::Seed;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
    /// Names the pair: (workload, endpoint, node).
    pub unit: [u64; 3],
}

/// The clients of one cell; each thinks, connects, lives, and thinks again.
#[derive(Clone, Debug)]
pub struct Clients<'a> {
    plans: &'a [ClientPlan],
    seeds: Vec<Seed>,
    /// First client of each plan.
    first: Vec<u32>,
    /// (when it opens, plan, client), earliest first.
    opening: BinaryHeap<Reverse<(u64, u32, u32)>>,
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
            first: Vec::with_capacity(plans.len()),
            opening: BinaryHeap::new(),
            opened: Vec::new(),
        };
        for plan in plans {
            let first = clients.opened.len() as u32;
            clients.first.push(first);
            clients
                .opened
                .resize(first as usize + plan.clients as usize, 0);
        }
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
        let opens_at = from.saturating_add(think);
        self.opening.push(Reverse((opens_at, plan as u32, client)));
    }
}

impl Source for Clients<'_> {
    fn peek(&self) -> u64 {
        self.opening
            .peek()
            .map_or(u64::MAX, |Reverse((at, ..))| *at)
    }

    fn take(&mut self) -> Arrival {
        let Reverse((at, plan, client)) = self.opening.pop().expect("peek saw a client");
        let plan = &self.plans[plan as usize];
        let life = draw_span(&plan.lifetime, self.word(client, Purpose::Lives));
        let end = plan.ends.end(self.word(client, Purpose::Marks));
        self.opened[client as usize] += 1;
        let sort = Sort::new(plan.class, 0, end);
        Arrival {
            at,
            life,
            id: client,
            sort,
        }
    }

    fn at_hand(&self) -> &[Arrival] {
        &[]
    }

    fn skip(&mut self, _count: usize) {}

    fn verdict(&mut self, _class: u32, client: u32, free_at: u64) {
        self.think(client, free_at);
    }
}

/// The clients of a cell beside open-loop arrivals.
#[derive(Debug)]
pub struct Mixed<'a, 'b> {
    /// Arrivals that wait for nothing.
    pub open: OpenLoop<'a>,
    /// The clients.
    pub clients: &'a mut Clients<'b>,
    /// By class, its workload.
    pub workloads: &'a [u32],
    /// By class, whether a client opens its connections.
    pub closed: &'a [bool],
}

impl Mixed<'_, '_> {
    /// At one instant the lower workload goes first.
    fn client_is_next(&self) -> bool {
        let workload = |class: u32| self.workloads[class as usize];
        match (self.clients.opening.peek(), self.open.0.first()) {
            (Some(Reverse((at, plan, _))), Some(open)) => {
                let class = self.clients.plans[*plan as usize].class;
                (*at, workload(class)) < (open.at, workload(open.sort.class()))
            }
            (client, _) => client.is_some(),
        }
    }
}

impl Source for Mixed<'_, '_> {
    fn peek(&self) -> u64 {
        self.open.peek().min(self.clients.peek())
    }

    fn take(&mut self) -> Arrival {
        if self.client_is_next() {
            self.clients.take()
        } else {
            self.open.take()
        }
    }

    fn at_hand(&self) -> &[Arrival] {
        &[]
    }

    fn skip(&mut self, _count: usize) {}

    fn verdict(&mut self, class: u32, id: u32, free_at: u64) {
        if self.closed[class as usize] {
            self.clients.verdict(class, id, free_at);
        }
    }
}

//! Who waits for verdicts, beside connections that nobody waits for: clients, owners of connections that idle out, pools.

use super::clients::Clients;
use super::owners::Owners;
use super::pools::ConnectionPools;
use crate::engine::{Arrival, Closing, OpenLoop, Recorder, Source, Verdict};

/// Who waits for the verdict on the connections of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody.
    Nobody,
    /// A client that thinks, connects, lives and thinks again.
    Client,
    /// An owner that reconnects.
    Owner,
    /// A pool of connections.
    Pool,
}

/// All of a cell who wait for verdicts.
#[derive(Debug)]
pub struct Callers<'a> {
    /// Clients.
    pub clients: Clients<'a>,
    /// Owners that reconnect.
    pub owners: Owners<'a>,
    /// Pools of connections.
    pub pools: ConnectionPools<'a>,
}

/// Those who wait in a cell, beside open-loop arrivals.
#[derive(Debug)]
pub struct Mixed<'a, 'b> {
    /// Arrivals that wait for nothing, and the first connections of owners.
    pub open: OpenLoop<'a>,
    /// Those who wait.
    pub callers: &'a mut Callers<'b>,
    /// By class, its workload.
    pub workloads: &'a [u32],
    /// By class, who waits for its verdicts.
    pub waiting: &'a [Caller],
}

/// Where the next arrival comes from.
#[derive(Clone, Copy)]
enum From {
    Open,
    Clients,
    Owners,
    Pools,
}

impl Mixed<'_, '_> {
    /// Where what arrives next comes from; at one instant the lower workload goes first.
    fn next(&self) -> Option<From> {
        let callers = &self.callers;
        let open = self.open.0.first();
        let open = open.map(|arrival| (arrival.at, arrival.sort.class()));
        let workload = |class: u32| self.workloads[class as usize];
        let mut next = open.map(|first| (first, From::Open));
        for (other, from) in [
            (callers.clients.next(), From::Clients),
            (callers.owners.next(), From::Owners),
            (callers.pools.next(), From::Pools),
        ] {
            let Some((at, class)) = other else {
                continue;
            };
            let goes_before = |(first, of): (u64, u32)| {
                at < first || at == first && workload(class) < workload(of)
            };
            if next.is_none_or(|(first, _)| goes_before(first)) {
                next = Some(((at, class), from));
            }
        }
        next.map(|(_, from)| from)
    }
}

impl Source for Mixed<'_, '_> {
    const CLOSES: bool = true;

    fn peek(&self) -> u64 {
        let callers = &self.callers;
        let waiting = [
            callers.clients.next(),
            callers.owners.next(),
            callers.pools.next(),
        ];
        let waiting = waiting.iter().flatten().map(|(at, _)| *at);
        waiting.fold(self.open.peek(), u64::min)
    }

    fn take(&mut self) -> Arrival {
        match self.next().expect("peek saw an arrival") {
            From::Open => {
                let arrival = self.open.take();
                match self.waiting[arrival.sort.class() as usize] {
                    Caller::Owner => self.callers.owners.open(arrival),
                    _ => arrival,
                }
            }
            From::Clients => self.callers.clients.take(),
            From::Owners => self.callers.owners.take(),
            From::Pools => self.callers.pools.take(),
        }
    }

    fn at_hand(&self) -> &[Arrival] {
        &[]
    }

    fn skip(&mut self, _count: usize) {}

    fn verdict<T: Recorder>(&mut self, verdict: Verdict, recorder: &mut T) {
        match self.waiting[verdict.tag.class as usize] {
            Caller::Nobody => {}
            Caller::Client => self.callers.clients.verdict(verdict),
            Caller::Owner => self.callers.owners.verdict(verdict),
            Caller::Pool => self.callers.pools.verdict(verdict, recorder),
        }
    }

    fn next_step(&self) -> u64 {
        self.callers.pools.next_step()
    }

    fn step<T: Recorder>(&mut self, recorder: &mut T) -> Option<Closing> {
        self.callers.pools.step(recorder)
    }
}

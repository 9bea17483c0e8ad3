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
    /// When the next of each is, in the order of `From`.
    #[inline(always)]
    fn all_next(&self) -> [(u64, From); 4] {
        let callers = &self.callers;
        [
            (self.open.peek(), From::Open),
            (callers.clients.next_at(), From::Clients),
            (callers.owners.next_at(), From::Owners),
            (callers.pools.next_at(), From::Pools),
        ]
    }

    /// Where what arrives next comes from; at one instant the lower workload goes first.
    fn next(&mut self) -> From {
        let all = self.all_next();
        let at = self.peek();
        let mut first = all.into_iter().filter(|(next, _)| *next == at);
        let (_, from) = first.next().expect("it is one of them");
        if first.next().is_none() {
            return from;
        }
        let first = all.into_iter().filter(|(next, _)| *next == at);
        let (_, from) = first
            .min_by_key(|(_, from)| self.workload(*from))
            .expect("there are several");
        from
    }

    /// The workload of the next from there.
    fn workload(&mut self, from: From) -> u32 {
        let class = match from {
            From::Open => self.open.0[0].sort.class(),
            From::Clients => self.callers.clients.next_class(),
            From::Owners => self.callers.owners.next_class(),
            From::Pools => self.callers.pools.next_class(),
        };
        self.workloads[class as usize]
    }
}

impl Source for Mixed<'_, '_> {
    const CLOSES: bool = true;

    #[inline(always)]
    fn peek(&self) -> u64 {
        let all = self.all_next().map(|(at, _)| at);
        all.into_iter().fold(u64::MAX, u64::min)
    }

    fn take(&mut self) -> Arrival {
        match self.next() {
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

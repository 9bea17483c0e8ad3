//! Requests that go through pools of connections, as HTTP clients and database drivers keep them.

mod plan;

pub use plan::{IdleLoss, Instances, PoolSettings, PooledPlan};

use super::stream::{Stream, StreamPlan};
use crate::engine::{
    Arrival, Calendar, Closing, Due, End, Held, OnIdle, Outcome, Recorder, RequestStep, Sort,
    Verdict,
};
use crate::units::{Seed, SimTime};
use std::collections::VecDeque;

/// A request. Times in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Request {
    made_at: u64,
    /// How long it uses a connection.
    life: u64,
    /// The end of the connection, if one is opened for it.
    end: End,
    /// Whether it had a connection before, which it lost; what became of it is told already.
    again: bool,
}

/// What a connection is about.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Opened for this request.
    Opening(Request),
    /// In use.
    Busy,
    /// Idle since then.
    Idle(u64),
    /// Idle since then, and lost without the pool's knowledge.
    Lost(u64),
    /// Lost, and in use by a request that does not know yet.
    Hung(Request),
    /// Lost under a request that goes on over another: the place waits for the time at which that was to be done.
    Left,
    /// None: the place is free.
    Gone,
}

/// A connection of a pool.
#[derive(Clone, Copy, Debug)]
struct Connection {
    site: u32,
    pool: u32,
    state: State,
    end: End,
    /// When it got its port.
    opened_at: u64,
    /// When the request that uses it will be done.
    done_at: u64,
    /// Its port, until it is closed or lost.
    held: Option<Held>,
    /// Whether there is a timer that looks after it.
    timed: bool,
    /// How many had the place before: a timer of one of those is not its own.
    generation: u32,
}

/// A pool of connections.
#[derive(Clone, Debug, Default)]
struct Pool {
    /// Idle connections, the one used last at the back.
    idle: VecDeque<u32>,
    /// Connections, those that are being opened included.
    open: u32,
    waiting: VecDeque<Request>,
}

/// Pools of one plan.
#[derive(Debug)]
struct Site<'a> {
    plan: &'a PooledPlan,
    /// What the network does to idle connections.
    loss: Option<IdleLoss>,
    streams: Vec<Stream<'a>>,
    pools: Vec<Pool>,
}

/// What a pool does at an instant, in the order in which that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A connection's opening came to nothing.
    Failed { connection: u32 },
    /// A request is done with its connection.
    Done { connection: u32 },
    /// Time to look after an idle connection.
    Timer { connection: u32, generation: u32 },
    /// A request learns that its connection is lost.
    Learned { connection: u32 },
    /// A stream has a request.
    Request { site: u32, stream: u32 },
}

/// When a pool does something, and what.
#[derive(Clone, Copy, Debug)]
struct Planned {
    at: u64,
    event: Event,
}

impl Due for Planned {
    type Turn = Event;

    fn due(&self) -> u64 {
        self.at
    }

    fn turn(&self) -> Event {
        self.event
    }
}

/// The pools of a cell.
#[derive(Debug)]
pub struct ConnectionPools<'a> {
    sites: Vec<Site<'a>>,
    connections: Vec<Connection>,
    free: Vec<u32>,
    events: Calendar<Planned>,
    /// Connections to be opened, in time order.
    opening: VecDeque<Arrival>,
}

impl<'a> ConnectionPools<'a> {
    /// The pools of `plans`, all empty, in the replication whose seed is `seed`, for a run of `duration`.
    pub fn new(plans: &'a [PooledPlan], seed: Seed, duration: SimTime) -> Self {
        let site = |plan: &'a PooledPlan| {
            let stream =
                |stream: &'a StreamPlan| Stream::new(stream, seed, stream.expected(duration));
            Site {
                plan,
                loss: plan.loss,
                streams: plan.requests.iter().map(stream).collect(),
                pools: vec![Pool::default(); plan.pools],
            }
        };
        let mut pools = ConnectionPools {
            sites: plans.iter().map(site).collect(),
            connections: Vec::new(),
            free: Vec::new(),
            events: Calendar::default(),
            opening: VecDeque::new(),
        };
        for (site, plan) in (0..).zip(plans) {
            for stream in 0..plan.requests.len() as u32 {
                pools.await_request(site, stream);
            }
        }
        pools
    }

    /// When the next connection is opened; `u64::MAX` where none is.
    pub fn next_at(&self) -> u64 {
        self.opening.front().map_or(u64::MAX, |arrival| arrival.at)
    }

    /// The class of that connection; there must be one.
    pub fn next_class(&self) -> u32 {
        self.opening[0].sort.class()
    }

    /// The connection of [`ConnectionPools::next_at`].
    pub fn take(&mut self) -> Arrival {
        self.opening
            .pop_front()
            .expect("there is a next connection")
    }

    /// When the next thing happens that opens nothing by itself; `u64::MAX` for never.
    pub fn next_step(&self) -> u64 {
        self.events.next_due()
    }

    /// Does that, which must be due; a connection that is closed by it.
    pub fn step<T: Recorder>(&mut self, recorder: &mut T) -> Option<Closing> {
        self.events.first();
        let Planned { at: now, event } = self.events.pop();
        match event {
            Event::Failed { connection } => {
                let State::Opening(request) = self.connections[connection as usize].state else {
                    unreachable!("it was being opened");
                };
                self.tell(connection, request, RequestStep::Failed, recorder);
                let place = self.discard(connection);
                self.serve_waiting(place, now);
                None
            }
            Event::Done { connection } => match self.connections[connection as usize].state {
                State::Left => {
                    self.vacate(connection);
                    None
                }
                _ => self.give_back(connection, now, recorder),
            },
            Event::Timer {
                connection,
                generation,
            } => self.look_after(connection, generation, now),
            Event::Learned { connection } => {
                let State::Hung(request) = self.connections[connection as usize].state else {
                    unreachable!("a request hung on it");
                };
                let (site, pool) = self.discard(connection);
                self.open(site, pool, request, now);
                None
            }
            Event::Request { site, stream } => {
                let arrival = self.sites[site as usize].streams[stream as usize].take();
                self.await_request(site, stream);
                let request = Request {
                    made_at: now,
                    life: arrival.life,
                    end: arrival.sort.end(),
                    again: false,
                };
                self.make(site, arrival.sort.cell(), request, recorder);
                None
            }
        }
    }

    /// A connection is settled.
    pub fn verdict<T: Recorder>(&mut self, verdict: Verdict, recorder: &mut T) {
        let Verdict { tag, id, outcome } = verdict;
        match outcome {
            Outcome::Settled { at } => {
                self.push(at, Event::Failed { connection: id });
            }
            Outcome::Established { at, stock } => {
                let connection = &mut self.connections[id as usize];
                let State::Opening(request) = connection.state else {
                    unreachable!("it was being opened");
                };
                connection.held = Some(Held { tag, stock, at });
                connection.opened_at = at;
                let waited = at - request.made_at;
                self.begin(id, request, at, RequestStep::Opened { waited }, recorder);
            }
        }
    }

    /// Closes at `end` what is open then.
    pub fn close_all(&mut self, end: u64) -> impl Iterator<Item = Closing> {
        self.connections.iter_mut().filter_map(move |connection| {
            let held = connection.held.take()?;
            Some(Closing {
                held,
                last_packet: end,
                end: connection.end,
            })
        })
    }

    /// At `now` all connections break and their pools learn it: idle ones are gone, and a request that uses one opens
    /// another for the rest of its time. From then on the network loses idle connections after `idle`, as `on_idle` says.
    /// What was open is closed as if it had lasted to `end`: whoever broke it knows from when on it did not.
    pub fn lose_all(
        &mut self,
        (now, end): (u64, u64),
        (idle, on_idle): (SimTime, OnIdle),
    ) -> Vec<Closing> {
        for site in &mut self.sites {
            site.loss = IdleLoss::under(&site.plan.settings, idle, on_idle);
        }
        let mut lost = Vec::new();
        for index in 0..self.connections.len() as u32 {
            let of = &mut self.connections[index as usize];
            let Connection { site, pool, .. } = *of;
            let Some(held) = of.held.take() else {
                continue;
            };
            lost.push(Closing {
                held,
                last_packet: end,
                end: of.end,
            });
            if let State::Idle(_) = of.state {
                self.forget_idle(index);
                self.discard(index);
            } else {
                let rest = Request {
                    made_at: now,
                    life: of.done_at - now,
                    end: of.end,
                    again: true,
                };
                of.state = State::Left;
                self.open_one(site, pool, rest, now);
            }
        }
        lost
    }

    fn push(&mut self, at: u64, event: Event) {
        self.events.push(Planned { at, event });
    }

    fn await_request(&mut self, site: u32, stream: u32) {
        let at = self.sites[site as usize].streams[stream as usize].peek();
        if at < u64::MAX {
            self.push(at, Event::Request { site, stream });
        }
    }

    fn pool(&mut self, site: u32, pool: u32) -> &mut Pool {
        &mut self.sites[site as usize].pools[pool as usize]
    }

    fn settings(&self, site: u32) -> &'a PoolSettings {
        &self.sites[site as usize].plan.settings
    }

    fn tell<T: Recorder>(
        &self,
        connection: u32,
        request: Request,
        step: RequestStep,
        recorder: &mut T,
    ) {
        let site = self.connections[connection as usize].site;
        let class = self.sites[site as usize].plan.class;
        if !request.again {
            recorder.request(class, request.made_at, step);
        }
    }

    /// A request comes to a pool.
    fn make<T: Recorder>(&mut self, site: u32, pool: u32, request: Request, recorder: &mut T) {
        let now = request.made_at;
        let class = self.sites[site as usize].plan.class;
        recorder.request(class, now, RequestStep::Made);
        let max_open = self.settings(site).max_open.unwrap_or(u32::MAX);
        let of = self.pool(site, pool);
        if let Some(connection) = of.idle.pop_back() {
            self.use_idle(connection, request, now, recorder);
        } else if of.open < max_open {
            of.open += 1;
            self.open_one(site, pool, request, now);
        } else {
            of.waiting.push_back(request);
            recorder.request(class, now, RequestStep::Queued);
        }
    }

    /// A request takes a connection that was idle.
    fn use_idle<T: Recorder>(
        &mut self,
        connection: u32,
        request: Request,
        now: u64,
        recorder: &mut T,
    ) {
        let of = &mut self.connections[connection as usize];
        if !matches!(of.state, State::Lost(_)) {
            let waited = now - request.made_at;
            self.begin(
                connection,
                request,
                now,
                RequestStep::Reused { waited },
                recorder,
            );
            return;
        }
        of.state = State::Hung(request);
        let loss = self.sites[of.site as usize].loss;
        let learns = loss.and_then(|loss| loss.on_idle.learns_after_packet());
        self.tell(connection, request, RequestStep::Broken, recorder);
        let at = now.saturating_add(learns.unwrap_or_default().as_nanos());
        self.push(at, Event::Learned { connection });
    }

    /// A request has its connection from `at` on.
    fn begin<T: Recorder>(
        &mut self,
        connection: u32,
        request: Request,
        at: u64,
        step: RequestStep,
        recorder: &mut T,
    ) {
        self.tell(connection, request, step, recorder);
        let done_at = at.saturating_add(request.life);
        let of = &mut self.connections[connection as usize];
        (of.state, of.done_at) = (State::Busy, done_at);
        self.push(done_at, Event::Done { connection });
    }

    /// Opens another connection in the place of one that is gone.
    fn open(&mut self, site: u32, pool: u32, request: Request, now: u64) {
        self.pool(site, pool).open += 1;
        self.open_one(site, pool, request, now);
    }

    /// Opens a connection that the pool counts already.
    fn open_one(&mut self, site: u32, pool: u32, request: Request, now: u64) {
        let id = self.free.pop().unwrap_or(self.connections.len() as u32);
        if id as usize == self.connections.len() {
            self.connections.push(Connection {
                site,
                pool,
                state: State::Gone,
                end: End::Fin,
                opened_at: u64::MAX,
                done_at: u64::MAX,
                held: None,
                timed: false,
                generation: 0,
            });
        }
        let generation = self.connections[id as usize].generation;
        self.connections[id as usize] = Connection {
            site,
            pool,
            state: State::Opening(request),
            end: request.end,
            opened_at: u64::MAX,
            done_at: u64::MAX,
            held: None,
            timed: false,
            generation,
        };
        let plan = self.sites[site as usize].plan;
        self.opening.push_back(Arrival {
            at: now,
            life: Arrival::UNTIL_CLOSED,
            id,
            sort: Sort::new(plan.class, plan.mark, request.end),
        });
    }

    /// A request is done with its connection.
    fn give_back<T: Recorder>(
        &mut self,
        connection: u32,
        now: u64,
        recorder: &mut T,
    ) -> Option<Closing> {
        let Connection { site, pool, .. } = self.connections[connection as usize];
        let max_idle = self.settings(site).max_idle.unwrap_or(u32::MAX);
        if self.too_old_at(connection) <= now {
            let closing = self.close(connection, now);
            self.serve_waiting((site, pool), now);
            return closing;
        }
        let of = self.pool(site, pool);
        if let Some(request) = of.waiting.pop_front() {
            let waited = now - request.made_at;
            self.begin(
                connection,
                request,
                now,
                RequestStep::Reused { waited },
                recorder,
            );
            None
        } else if of.idle.len() as u64 >= u64::from(max_idle) {
            self.close(connection, now)
        } else {
            of.idle.push_back(connection);
            self.connections[connection as usize].state = State::Idle(now);
            self.arm(connection);
            None
        }
    }

    /// The first of those who wait opens a connection in a place that is free.
    fn serve_waiting(&mut self, (site, pool): (u32, u32), now: u64) {
        if let Some(request) = self.pool(site, pool).waiting.pop_front() {
            self.open(site, pool, request, now);
        }
    }

    /// When a connection has reached its greatest age.
    fn too_old_at(&self, connection: u32) -> u64 {
        let of = &self.connections[connection as usize];
        let most = self.settings(of.site).max_lifetime;
        most.map_or(u64::MAX, |most| {
            of.opened_at.saturating_add(most.as_nanos())
        })
    }

    /// When the pool closes an idle connection, and when the network has lost it.
    fn ends_at(&self, connection: u32) -> (u64, u64) {
        let of = &self.connections[connection as usize];
        let settings = self.settings(of.site);
        let after = |span: Option<SimTime>, since: u64| {
            span.map_or(u64::MAX, |span| since.saturating_add(span.as_nanos()))
        };
        let closes = |since| after(settings.idle_timeout, since).min(self.too_old_at(connection));
        let loss = self.sites[of.site as usize].loss;
        match of.state {
            State::Idle(since) => {
                let lost = loss.map_or(u64::MAX, |loss| since.saturating_add(loss.idle));
                (closes(since), lost)
            }
            State::Lost(since) => {
                let learns = loss.and_then(|loss| loss.on_idle.learns_after_packet());
                let keepalive = settings.keepalive.zip(learns);
                let learned = after(
                    keepalive.map(|(gap, learns)| gap.saturating_add(learns)),
                    since,
                );
                (closes(since).min(learned), u64::MAX)
            }
            _ => (u64::MAX, u64::MAX),
        }
    }

    /// Sees to it that somebody looks after an idle connection in time.
    fn arm(&mut self, connection: u32) {
        let (closes, lost) = self.ends_at(connection);
        let of = &mut self.connections[connection as usize];
        let at = closes.min(lost);
        if of.timed || at == u64::MAX {
            return;
        }
        of.timed = true;
        let generation = of.generation;
        self.push(
            at,
            Event::Timer {
                connection,
                generation,
            },
        );
    }

    /// Looks whether an idle connection is due.
    fn look_after(&mut self, connection: u32, generation: u32, now: u64) -> Option<Closing> {
        let of = &mut self.connections[connection as usize];
        if of.generation != generation {
            return None;
        }
        of.timed = false;
        let (closes, lost) = self.ends_at(connection);
        let of = &mut self.connections[connection as usize];
        // At one instant the network is first: a gap as long as its timeout is too long.
        if lost <= now {
            let State::Idle(since) = of.state else {
                unreachable!("only what is idle is lost");
            };
            let closing = Closing {
                held: of.held?,
                last_packet: since,
                end: End::Broken,
            };
            let loss = self.sites[of.site as usize].loss;
            if loss.is_some_and(|loss| loss.on_idle == OnIdle::Reset) {
                self.forget_idle(connection);
                self.discard(connection);
            } else {
                of.state = State::Lost(since);
                of.held = None;
                self.arm(connection);
            }
            return Some(closing);
        }
        if closes <= now {
            self.forget_idle(connection);
            return self.close(connection, now);
        }
        self.arm(connection);
        None
    }

    fn forget_idle(&mut self, connection: u32) {
        let Connection { site, pool, .. } = self.connections[connection as usize];
        let idle = &mut self.pool(site, pool).idle;
        if let Some(place) = idle.iter().position(|one| *one == connection) {
            idle.remove(place);
        }
    }

    /// Closes a connection; what is lost needs no closing.
    fn close(&mut self, connection: u32, now: u64) -> Option<Closing> {
        let Connection { held, end, .. } = self.connections[connection as usize];
        self.discard(connection);
        Some(Closing {
            held: held?,
            last_packet: now,
            end,
        })
    }

    /// Frees the place of a connection; the pool that it was of.
    fn discard(&mut self, connection: u32) -> (u32, u32) {
        let place = self.vacate(connection);
        self.pool(place.0, place.1).open -= 1;
        place
    }

    /// Frees the place of what its pool no longer counts as a connection; the pool.
    fn vacate(&mut self, connection: u32) -> (u32, u32) {
        let of = &mut self.connections[connection as usize];
        of.state = State::Gone;
        of.held = None;
        of.generation = of.generation.wrapping_add(1);
        self.free.push(connection);
        (of.site, of.pool)
    }
}

#[cfg(test)]
mod tests;

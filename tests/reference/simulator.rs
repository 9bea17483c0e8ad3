//! A slow simulator written from the definitions alone: one time-ordered list of events, one count of ports
//! for every pool and key, a record of everything that happens. It is what the engine is held against.

use crate::expand::{Connection, Expansion};
use snatsim::engine::{Grouping, Holds, IpChoice, Jitter, PoolPlan, Protocol, RefusedSyn, UdpKey};
use snatsim::model::{Endpoint, Model};
use snatsim::record::Cause;
use snatsim::traffic::{CloseKind, Connect};
use snatsim::units::SimTime;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// What is drawn on refusal, given instead of drawn.
pub struct Choices<'a> {
    /// u in [-1, 1] of the pause after try `k` (from 1) of a connection.
    pub jitter: &'a dyn Fn(&Connection, u32) -> f64,
    /// (instance, IP) of try `k` (from 1) of a connection, where the plan has buckets.
    pub bucket: &'a dyn Fn(&Connection, u32) -> (u32, u32),
}

impl Choices<'_> {
    /// No jitter, always the first bucket.
    pub const FIXED: Choices<'static> = Choices {
        jitter: &|_, _| 0.0,
        bucket: &|_, _| (0, 0),
    };
}

/// What a port is busy toward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    protocol: Protocol,
    address: u32,
    port: Option<u16>,
}

impl Key {
    /// The key of an endpoint under `plan`.
    pub fn of(plan: &PoolPlan, endpoint: &Endpoint) -> Key {
        let port_matters =
            endpoint.protocol == Protocol::Tcp || plan.udp_key == UdpKey::AddressAndPort;
        Key {
            protocol: endpoint.protocol,
            address: endpoint.address,
            port: port_matters.then_some(endpoint.port),
        }
    }
}

/// A port that was granted.
#[derive(Clone, Debug)]
pub struct Port {
    /// Index of the connection.
    pub connection: usize,
    /// Pool it is of.
    pub pool: usize,
    /// Key it is busy toward.
    pub key: Key,
    /// When it was granted.
    pub granted: SimTime,
    /// When the device no longer thinks its connection active.
    pub active_until: SimTime,
    /// When it is free again.
    pub released: SimTime,
    /// What it was held for, one after the other from the grant to the release.
    pub spans: Vec<(Cause, SimTime)>,
    /// Ports held toward the key just after the grant.
    pub held_then: u32,
    /// Ports active toward the key just after the grant.
    pub active_then: u32,
}

/// What came of a SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It got a port.
    Granted,
    /// There was none.
    Refused,
    /// Its try had one already.
    OnGrantedPort,
}

/// A SYN that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Syn {
    /// When.
    pub at: SimTime,
    /// Pool it was sent to.
    pub pool: usize,
    /// What came of it.
    pub verdict: Verdict,
}

/// What became of a connection before the end of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A try got a port and an answer, by this SYN.
    Established(SimTime),
    /// The last try ran out for lack of a port.
    Failed,
    /// The last try had a port and no answer.
    Unanswered,
    /// Undecided.
    Pending,
}

/// A connection with all that happened to it.
#[derive(Clone, Debug)]
pub struct Story {
    /// The connection.
    pub connection: Connection,
    /// Its SYNs, in the order they were sent.
    pub syns: Vec<Syn>,
    /// Tries begun.
    pub tries: u32,
    /// What became of it.
    pub fate: Fate,
    /// Whether its port was lost under its owner before the end of the run.
    pub broken: bool,
    /// Whether the try under way has a port.
    try_has_port: bool,
    /// When the try under way began.
    try_began: SimTime,
    /// Instance and IP drawn for the try under way.
    try_bucket: (u32, u32),
}

/// Everything that happened in a run.
#[derive(Debug, Default)]
pub struct History {
    /// Connections in the order of their first SYN.
    pub stories: Vec<Story>,
    /// Ports in the order they were granted.
    pub ports: Vec<Port>,
}

/// Offsets of the SYNs of a try, and of its end, from its first SYN.
pub fn syn_schedule(connect: &Connect) -> (Vec<SimTime>, SimTime) {
    const LONGEST_GAP: u64 = 120;
    let mut at = 0;
    let mut syns = vec![0];
    for _ in 0..connect.syn_linear_timeouts {
        at += 1;
        syns.push(at);
    }
    let mut gap = 1;
    for _ in 0..connect.syn_retries {
        at += gap.min(LONGEST_GAP);
        syns.push(at);
        gap *= 2;
    }
    let given_up = SimTime::from_secs(at + gap.min(LONGEST_GAP));
    let end = connect
        .timeout
        .map_or(given_up, |timeout| timeout.min(given_up));
    let syns = syns
        .into_iter()
        .map(SimTime::from_secs)
        .filter(|syn| *syn < end)
        .collect();
    (syns, end)
}

/// How long a port granted at 0 stays active, how long it is held, and for what, had nothing else happened.
fn hold(
    holds: &Holds,
    protocol: Protocol,
    connection: &Connection,
    last_syn: SimTime,
) -> (SimTime, Vec<(Cause, SimTime)>) {
    let life = connection.lifetime;
    if protocol == Protocol::Udp {
        let active = life + holds.udp_idle;
        return (active, vec![(Cause::Udp, active + holds.after_udp)]);
    }
    if connection.close == CloseKind::Unanswered {
        let active = last_syn + holds.half_open;
        return (active, vec![(Cause::HalfOpen, active)]);
    }
    if breaks(holds, protocol, connection) {
        return (
            holds.idle,
            vec![(Cause::Idle, holds.idle + holds.after_idle)],
        );
    }
    match connection.close {
        CloseKind::Fin => (
            life,
            vec![(Cause::Open, life), (Cause::FinHold, holds.after_fin)],
        ),
        CloseKind::Rst => (
            life,
            vec![(Cause::Open, life), (Cause::RstHold, holds.after_rst)],
        ),
        CloseKind::Abandon => (
            life + holds.idle,
            vec![
                (Cause::Open, life),
                (Cause::Idle, holds.idle + holds.after_idle),
            ],
        ),
        CloseKind::Unanswered => unreachable!("returned above"),
    }
}

/// Whether the first silence of an answered connection outlasts the idle timeout.
fn breaks(holds: &Holds, protocol: Protocol, connection: &Connection) -> bool {
    protocol == Protocol::Tcp
        && connection.close != CloseKind::Unanswered
        && connection
            .keepalive
            .is_some_and(|gap| gap >= holds.idle && gap.min(connection.lifetime) >= holds.idle)
}

/// What happens at an instant, in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The device takes note of an end.
    PortInactive { pool: usize, key: Key },
    /// A port comes back.
    PortReleased { pool: usize, key: Key },
    /// A try is given up.
    TryEnds { scheduled: u64, story: usize },
    /// A retransmit, scheduled at the SYN before it, or a new try, scheduled at the end of the one before it.
    Syn {
        scheduled: u64,
        story: usize,
        /// Index in the schedule of its try.
        syn: usize,
    },
    /// A new connection.
    Opens(Connection),
}

struct Simulator<'a> {
    model: &'a Model,
    plan: &'a PoolPlan,
    choices: &'a Choices<'a>,
    clients: Expansion,
    events: BinaryHeap<Reverse<(SimTime, Event)>>,
    held: BTreeMap<(usize, Key), u32>,
    active: BTreeMap<(usize, Key), u32>,
    opened: BTreeMap<(u32, u32, u32), u64>,
    scheduled: u64,
    history: History,
}

/// Runs `expansion` of `model` under `plan`, one replication.
pub fn run(model: &Model, plan: &PoolPlan, expansion: Expansion, choices: &Choices<'_>) -> History {
    let mut simulator = Simulator {
        model,
        plan,
        choices,
        clients: expansion,
        events: BinaryHeap::new(),
        held: BTreeMap::new(),
        active: BTreeMap::new(),
        opened: BTreeMap::new(),
        scheduled: 0,
        history: History::default(),
    };
    for connection in std::mem::take(&mut simulator.clients.connections) {
        simulator.schedule(connection.at, Event::Opens(connection));
    }
    while let Some(Reverse((now, event))) = simulator.events.pop() {
        simulator.happen(now, event);
    }
    simulator.history
}

impl Simulator<'_> {
    /// Nothing happens at or after the end of the run.
    fn schedule(&mut self, at: SimTime, event: Event) {
        if at < self.model.duration {
            self.events.push(Reverse((at, event)));
        }
    }

    fn happen(&mut self, now: SimTime, event: Event) {
        match event {
            Event::PortInactive { pool, key } => *self.active.get_mut(&(pool, key)).unwrap() -= 1,
            Event::PortReleased { pool, key } => *self.held.get_mut(&(pool, key)).unwrap() -= 1,
            Event::TryEnds { story, .. } => self.try_ends(now, story),
            Event::Syn { story, syn, .. } => self.syn(now, story, syn),
            Event::Opens(connection) => self.opens(now, connection),
        }
    }

    fn opens(&mut self, now: SimTime, mut connection: Connection) {
        let stream = (connection.workload, connection.node, connection.endpoint);
        let ordinal = self.opened.entry(stream).or_default();
        connection.ordinal = *ordinal;
        *ordinal += 1;
        let story = self.history.stories.len();
        self.history.stories.push(Story {
            connection,
            syns: Vec::new(),
            tries: 0,
            fate: Fate::Pending,
            broken: false,
            try_has_port: false,
            try_began: now,
            try_bucket: (0, 0),
        });
        self.syn(now, story, 0);
    }

    fn endpoint(&self, story: usize) -> &Endpoint {
        &self.model.endpoints[self.history.stories[story].connection.endpoint as usize]
    }

    /// One SYN of a try of UDP, which has no handshake: its first packet.
    fn schedule_of(&self, story: usize) -> (Vec<SimTime>, SimTime) {
        if self.endpoint(story).protocol == Protocol::Udp {
            return (vec![SimTime::ZERO], SimTime::ZERO);
        }
        let workload = self.history.stories[story].connection.workload;
        syn_schedule(&self.model.workloads[workload as usize].connect)
    }

    fn syn(&mut self, now: SimTime, story: usize, index: usize) {
        if index == 0 {
            let this = &mut self.history.stories[story];
            this.tries += 1;
            this.try_began = now;
            this.try_has_port = false;
            this.try_bucket = match self.plan.grouping {
                Grouping::Buckets { .. } => (self.choices.bucket)(&this.connection, this.tries),
                _ => (0, 0),
            };
        }
        let key = Key::of(self.plan, self.endpoint(story));
        let pool = self.pool(story, key);
        let verdict = if self.history.stories[story].try_has_port {
            Verdict::OnGrantedPort
        } else if self.has_room(pool, key) {
            Verdict::Granted
        } else {
            Verdict::Refused
        };
        self.history.stories[story].syns.push(Syn {
            at: now,
            pool,
            verdict,
        });
        if verdict == Verdict::Granted {
            self.grant(now, story, pool, key);
        }
        if matches!(self.history.stories[story].fate, Fate::Established(_)) {
            return;
        }
        let refused = verdict == Verdict::Refused;
        if refused && self.plan.refused_syn == RefusedSyn::Reset {
            return self.try_ends(now, story);
        }
        let (syns, end) = self.schedule_of(story);
        let began = self.history.stories[story].try_began;
        match syns.get(index + 1) {
            Some(offset) => self.schedule_syn(began + *offset, story, index + 1),
            None if end == SimTime::ZERO => self.try_ends(now, story),
            None => {
                self.scheduled += 1;
                let scheduled = self.scheduled;
                self.schedule(began + end, Event::TryEnds { scheduled, story })
            }
        }
    }

    fn schedule_syn(&mut self, at: SimTime, story: usize, syn: usize) {
        self.scheduled += 1;
        let event = Event::Syn {
            scheduled: self.scheduled,
            story,
            syn,
        };
        self.schedule(at, event);
    }

    /// The pool a SYN of the try under way is sent to.
    fn pool(&self, story: usize, key: Key) -> usize {
        let this = &self.history.stories[story];
        match self.plan.grouping {
            Grouping::ByNode => this.connection.node as usize,
            Grouping::Shared => 0,
            Grouping::ByGateway(ref gateways) => {
                gateways.of_node[this.connection.node as usize] as usize
            }
            Grouping::Buckets { ips, choice, .. } => {
                let (instance, drawn) = this.try_bucket;
                let bucket = |step: u32| (instance * ips + (drawn + step) % ips) as usize;
                match choice {
                    IpChoice::Random => bucket(0),
                    IpChoice::Fallback => (0..ips)
                        .map(bucket)
                        .find(|pool| self.has_room(*pool, key))
                        .unwrap_or(bucket(0)),
                }
            }
        }
    }

    /// Whether a SYN to `pool` toward `key` gets a port.
    fn has_room(&self, pool: usize, key: Key) -> bool {
        let count = |counts: &BTreeMap<(usize, Key), u32>| *counts.get(&(pool, key)).unwrap_or(&0);
        let (held, active) = (count(&self.held), count(&self.active));
        let size = match &self.plan.grouping {
            Grouping::ByGateway(gateways) => gateways.sizes[pool],
            _ => 1,
        };
        let below_active_limit = self.plan.active_limit.is_none_or(|second| {
            let counted = if second.counts_held { held } else { active };
            counted < size * second.limit
        });
        let below_ceiling = self
            .plan
            .ceiling
            .is_none_or(|ceiling| self.active_under_ceiling(pool) < ceiling.limit);
        held < size * self.plan.limit && below_active_limit && below_ceiling
    }

    /// Active connections over all keys of the pool; of a bucket, over all IPs of its instance.
    fn active_under_ceiling(&self, pool: usize) -> u64 {
        let device = |pool: usize| match self.plan.grouping {
            Grouping::Buckets { ips, .. } => pool / ips as usize,
            _ => pool,
        };
        let same = self
            .active
            .iter()
            .filter(|((p, _), _)| device(*p) == device(pool));
        same.map(|(_, active)| u64::from(*active)).sum()
    }

    fn grant(&mut self, now: SimTime, story: usize, pool: usize, key: Key) {
        let holds = &self.plan.holds;
        let protocol = self.endpoint(story).protocol;
        let (syns, _) = self.schedule_of(story);
        let this = &mut self.history.stories[story];
        let connection = this.connection.clone();
        let last_syn = this.try_began.saturating_add(*syns.last().unwrap());
        let (active, spans) = hold(holds, protocol, &connection, last_syn - now);
        let active_until = now + active;
        let released = spans.iter().fold(now, |end, (_, span)| end + *span);
        this.try_has_port = true;
        let answered = protocol == Protocol::Udp || connection.close != CloseKind::Unanswered;
        if answered {
            this.fate = Fate::Established(now);
            this.broken =
                breaks(holds, protocol, &connection) && now + holds.idle < self.model.duration;
            self.client_thinks(&connection, now + connection.lifetime);
        }
        let held_then = *self
            .held
            .entry((pool, key))
            .and_modify(|n| *n += 1)
            .or_insert(1);
        let active_then = *self
            .active
            .entry((pool, key))
            .and_modify(|n| *n += 1)
            .or_insert(1);
        self.schedule(active_until, Event::PortInactive { pool, key });
        self.schedule(released, Event::PortReleased { pool, key });
        self.history.ports.push(Port {
            connection: story,
            pool,
            key,
            granted: now,
            active_until,
            released,
            spans,
            held_then,
            active_then,
        });
    }

    fn try_ends(&mut self, now: SimTime, story: usize) {
        let this = &mut self.history.stories[story];
        let connection = this.connection.clone();
        let retry = &self.model.workloads[connection.workload as usize].retry;
        if this.tries < retry.attempts {
            let u = (self.choices.jitter)(&connection, this.tries);
            let Jitter::Uniform(most) = retry.jitter else {
                panic!("the choices of a test are fractions of the pause")
            };
            let pause = retry.backoff.as_secs_f64()
                * retry.factor.powi(this.tries as i32 - 1)
                * (1.0 + most * u);
            self.schedule_syn(now + SimTime::from_secs_f64(pause), story, 0);
        } else {
            this.fate = if this.try_has_port {
                Fate::Unanswered
            } else {
                Fate::Failed
            };
            self.client_thinks(&connection, now);
        }
    }

    /// The client whose connection is over opens its next one after a think.
    fn client_thinks(&mut self, connection: &Connection, over: SimTime) {
        if let Some(client) = connection.client {
            let at = over + self.clients.think[&connection.workload];
            let next = Connection {
                at,
                client: Some(client),
                ..connection.clone()
            };
            self.schedule(at, Event::Opens(next));
        }
    }
}

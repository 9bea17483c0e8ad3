//! Pools against a simulator without heaps, timers or places: at every event it looks at everything there is.

use super::*;
use crate::engine::{Grant, Period, Tag};
use crate::traffic::{CellMarks, Close, Ends, Law, Process};
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;
const END: u64 = 600 * SECOND;

/// What came of a run: per connection (opened, last packet, end), what happened to requests.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcomes {
    connections: Vec<(u64, u64, u8)>,
    queued: u64,
    broken: u64,
    reused: u64,
    opened: u64,
    waited: u128,
}

/// Counts the steps of requests.
impl Recorder for Outcomes {
    fn request(&mut self, _class: u32, _made_at: u64, step: RequestStep) {
        match step {
            RequestStep::Queued => self.queued += 1,
            RequestStep::Broken => self.broken += 1,
            RequestStep::Reused { waited } => {
                self.reused += 1;
                self.waited += u128::from(waited);
            }
            RequestStep::Opened { waited } => {
                self.opened += 1;
                self.waited += u128::from(waited);
            }
            RequestStep::Made | RequestStep::Failed => {}
        }
    }
    fn offered(&mut self, _: Tag) {}
    fn sent(&mut self, _: Tag, _: u64, _: u64) {}
    fn refused(&mut self, _: Tag) {}
    fn refused_again(&mut self, _: Tag, _: u64) {}
    fn granted(&mut self, _: Tag, _: u32, _: Grant) {}
    fn established(&mut self, _: Tag, _: u64, _: bool) {}
    fn broken(&mut self, _: Tag) {}
    fn failed(&mut self, _: Tag, _: SimTime, _: u32) {}
    fn lost(&mut self, _: Tag, _: &[Arrival]) {}
    fn unanswered(&mut self, _: Tag) {}
    fn pending(&mut self, _: Tag) {}
    fn period(&mut self, _: u32, _: Period) {}
}

fn plan(settings: PoolSettings, loss: Option<IdleLoss>, per_second: f64, life: f64) -> PooledPlan {
    let stream = StreamPlan {
        class: 0,
        process: Process::Poisson(per_second),
        course: None,
        cells: CellMarks::one(0),
        lifetime: Law::Exponential { mean: life },
        ends: Ends::tcp(Close {
            fin: 0.5,
            rst: 0.5,
            abandon: 0.0,
            unanswered: 0.0,
        }),
        quiet: None,
        unit: [0, 0, 0],
        first_id: 0,
    };
    PooledPlan {
        class: 0,
        mark: 0,
        requests: vec![stream],
        pools: 1,
        settings,
        loss,
        unit: [0, 0, 0],
    }
}

/// The pools, on a network with a port for everybody.
fn by_pools(plan: &PooledPlan, seed: Seed) -> Outcomes {
    let plans = std::slice::from_ref(plan);
    let mut pools = ConnectionPools::new(plans, seed, SimTime::from_nanos(END));
    let mut out = Outcomes::default();
    let note = |out: &mut Outcomes, closing: Closing| {
        let Closing {
            held,
            last_packet,
            end,
        } = closing;
        out.connections.push((held.at, last_packet, end as u8));
    };
    loop {
        let opens = pools.next_at();
        let step = pools.next_step();
        if step.min(opens) >= END {
            break;
        }
        if step <= opens {
            if let Some(closing) = pools.step(&mut out) {
                note(&mut out, closing);
            }
            continue;
        }
        let arrival = pools.take();
        let tag = Tag {
            class: 0,
            bucket: 0,
            offered: true,
            first_at: arrival.at,
        };
        let outcome = Outcome::Established {
            at: arrival.at,
            stock: 0,
        };
        let id = arrival.id;
        pools.verdict(Verdict { tag, id, outcome }, &mut out);
    }
    for closing in pools.close_all(END).collect::<Vec<_>>() {
        note(&mut out, closing);
    }
    out.connections.sort_unstable();
    out
}

/// A connection of the plain simulator.
struct Plain {
    opened: u64,
    end: u8,
    busy_until: Option<u64>,
    idle_since: u64,
    lost: bool,
    /// A request that hangs on it, and until when.
    hung: Option<(u64, Request)>,
}

/// The same by looking at all connections for whatever is next.
fn plainly(plan: &PooledPlan, seed: Seed) -> Outcomes {
    let mut requests = Vec::new();
    let stream = &plan.requests[0];
    Stream::new(stream, seed, stream.expected(SimTime::from_nanos(END))).hand_over(END, |batch| {
        requests.extend(batch.iter().map(|arrival| Request {
            made_at: arrival.at,
            life: arrival.life,
            end: arrival.sort.end(),
            again: false,
        }));
    });
    let settings = &plan.settings;
    let nanos = |span: Option<SimTime>| span.map_or(u64::MAX, SimTime::as_nanos);
    let oldest = |one: &Plain| one.opened.saturating_add(nanos(settings.max_lifetime));
    let learns = plan.loss.map_or(0, |loss| match loss.on_idle {
        OnIdle::Silent => 924_600_000_000,
        _ => 0,
    });
    let open = |request: &Request, now: u64, out: &mut Outcomes| {
        out.opened += 1;
        out.waited += u128::from(now - request.made_at);
        Plain {
            opened: now,
            end: request.end as u8,
            busy_until: Some(now + request.life),
            idle_since: 0,
            lost: false,
            hung: None,
        }
    };
    let mut out = Outcomes::default();
    let mut all: Vec<Plain> = Vec::new();
    let mut waiting: Vec<Request> = Vec::new();
    let mut next = 0;
    loop {
        // (when, what goes first at one instant, which)
        let mut due: Vec<(u64, u8, usize)> = Vec::new();
        for (index, one) in all.iter().enumerate() {
            if let Some((until, _)) = one.hung {
                due.push((until, 4, index));
            } else if let Some(until) = one.busy_until {
                due.push((until, 1, index));
            } else {
                let closes = one.idle_since.saturating_add(nanos(settings.idle_timeout));
                due.push((closes.min(oldest(one)), 3, index));
                if let Some(loss) = plan.loss.filter(|_| !one.lost) {
                    due.push((one.idle_since.saturating_add(loss.idle), 2, index));
                }
            }
        }
        due.extend(requests.get(next).map(|request| (request.made_at, 5, 0)));
        let Some((now, what, index)) = due.into_iter().min().filter(|(at, ..)| *at < END) else {
            break;
        };
        match what {
            1 => {
                let one = &mut all[index];
                one.busy_until = None;
                one.idle_since = now;
                let idle = all
                    .iter()
                    .filter(|one| one.busy_until.is_none() && one.hung.is_none());
                let too_many =
                    idle.count() as u64 > u64::from(settings.max_idle.unwrap_or(u32::MAX));
                let one = &mut all[index];
                if oldest(one) <= now {
                    out.connections.push((one.opened, now, one.end));
                    all.remove(index);
                    if !waiting.is_empty() {
                        let request = waiting.remove(0);
                        all.push(open(&request, now, &mut out));
                    }
                } else if !waiting.is_empty() {
                    let request = waiting.remove(0);
                    out.reused += 1;
                    out.waited += u128::from(now - request.made_at);
                    one.busy_until = Some(now + request.life);
                } else if too_many {
                    out.connections.push((one.opened, now, one.end));
                    all.remove(index);
                }
            }
            2 => {
                let one = &mut all[index];
                out.connections
                    .push((one.opened, one.idle_since, End::Broken as u8));
                one.lost = true;
                if plan.loss.is_some_and(|loss| loss.on_idle == OnIdle::Reset) {
                    all.remove(index);
                }
            }
            3 => {
                let one = all.remove(index);
                if !one.lost {
                    out.connections.push((one.opened, now, one.end));
                }
            }
            4 => {
                let (_, request) = all.remove(index).hung.expect("it hung");
                all.push(open(&request, now, &mut out));
            }
            _ => {
                let request = requests[next];
                next += 1;
                let idle = (0..all.len())
                    .filter(|i| all[*i].busy_until.is_none() && all[*i].hung.is_none())
                    .max_by_key(|i| all[*i].idle_since);
                if let Some(index) = idle {
                    let one = &mut all[index];
                    if one.lost {
                        out.broken += 1;
                        one.hung = Some((now + learns, request));
                    } else {
                        out.reused += 1;
                        one.busy_until = Some(now + request.life);
                    }
                } else if (all.len() as u64) < u64::from(settings.max_open.unwrap_or(u32::MAX)) {
                    all.push(open(&request, now, &mut out));
                } else {
                    out.queued += 1;
                    waiting.push(request);
                }
            }
        }
    }
    let left = all.iter().filter(|one| !one.lost);
    out.connections
        .extend(left.map(|one| (one.opened, END, one.end)));
    out.connections.sort_unstable();
    out
}

fn seconds(range: std::ops::Range<u64>) -> impl Strategy<Value = Option<SimTime>> {
    prop::option::of(range.prop_map(SimTime::from_secs))
}

prop_compose! {
    fn settings()(
        max_idle in prop::option::of(0u32..5),
        max_open in prop::option::of(1u32..8),
        idle_timeout in seconds(1..60),
        max_lifetime in seconds(1..200),
    ) -> PoolSettings {
        PoolSettings {
            instances: Instances::PerNode(1),
            max_idle,
            max_open,
            idle_timeout,
            max_lifetime,
            keepalive: None,
        }
    }
}

proptest! {
    #[test]
    fn pools_do_what_a_plain_simulator_does(
        settings in settings(),
        idle in prop::option::of(1u64..60),
        on_idle in prop_oneof![Just(OnIdle::Reset), Just(OnIdle::ResetNextPacket), Just(OnIdle::Silent)],
        per_second in 0.02f64..3.0,
        life in 0.1f64..6.0,
        seed in 0u64..1_000_000,
    ) {
        let loss = idle.map(|seconds| IdleLoss { idle: seconds * SECOND, on_idle });
        let plan = plan(settings, loss, per_second, life);
        prop_assert_eq!(by_pools(&plan, Seed(seed)), plainly(&plan, Seed(seed)));
    }
}

//! The loop over one cell: everything that one connection and its retries can touch.

mod gated;
mod tries;

use super::closing::{Closing, Outcome, Verdict};
use super::connection::{Arrival, Class, Draw, End, draw};
use super::pending::{Attempt, Pending};
use super::releases::Releases;
use super::rules::CellRules;
use super::stock::{Stock, UnderCeiling};
use super::{Grant, Recorder, Source, Tag};
use crate::units::SimTime;

/// What a cell runs with: the rules, where connections come from and who listens.
#[derive(Debug)]
pub struct Context<'a, S, T> {
    /// The rules of its outbound type.
    pub rules: &'a CellRules,
    /// Its classes, by index.
    pub classes: &'a [Class],
    /// Yields arrivals in time order.
    pub source: &'a mut S,
    /// Hears what happens.
    pub recorder: &'a mut T,
}

/// One cell: its stocks, and the connections that wait for their next SYN. Times in nanoseconds.
#[derive(Clone, Debug)]
pub struct Cell<R> {
    pub(super) stocks: Vec<Stock<R>>,
    pub(super) under_ceiling: Vec<UnderCeiling>,
    pub(super) pending: Pending,
    next_border: u64,
    pub(super) period_start: u64,
}

/// A connection that is answered, and the stock it was admitted to.
#[derive(Clone, Copy)]
struct Answered {
    stock: u32,
    tag: Tag,
    at: u64,
    life: u64,
    id: u32,
    end: End,
    delayed: bool,
}

/// A port found for a connection.
#[derive(Clone, Copy)]
struct Hold {
    stock: u32,
    tag: Tag,
    at: u64,
    /// From the grant to the last packet of a connection that is answered.
    open: u64,
    /// From the grant to the end of activity.
    active: u64,
    hold_down: u64,
    end: End,
}

impl<R: Releases> Cell<R> {
    /// An empty cell with `keys` keys; `releases` is an empty queue to start each stock with.
    pub fn new(rules: &CellRules, keys: u32, releases: R) -> Self {
        let stocks = (keys * rules.buckets()) as usize;
        Cell {
            stocks: vec![Stock::new(rules, releases); stocks],
            under_ceiling: vec![UnderCeiling::default(); rules.ceilings() as usize],
            pending: Pending::default(),
            next_border: rules.first_border(),
            period_start: 0,
        }
    }

    /// Stocks it has.
    pub fn stocks(&self) -> usize {
        self.stocks.len()
    }

    /// Runs to `until` (not included), at most the end of the run. The source yields no arrival at or after `until`
    /// but those of clients.
    #[inline(always)]
    pub fn run<S: Source, T: Recorder>(&mut self, cx: &mut Context<S, T>, until: u64) {
        loop {
            let arrival_at = cx.source.peek();
            let due = self.pending.next_due();
            if S::CLOSES {
                let step = cx.source.next_step();
                if step < until && step <= due && step <= arrival_at {
                    self.step(cx, step);
                    continue;
                }
            }
            if due < until && due <= arrival_at {
                self.cross_borders(cx.rules, due, cx.recorder);
                if S::GATED {
                    self.syn_again_by_node(cx, due);
                    continue;
                }
                self.syn_again(cx, due);
            } else if arrival_at < until {
                if arrival_at >= self.next_border {
                    self.cross_borders(cx.rules, arrival_at, cx.recorder);
                }
                if S::GATED {
                    let arrival = cx.source.take();
                    self.first_syn_by_node(cx, arrival);
                    continue;
                }
                let at_once = S::IN_RUNS
                    && if self.is_full(arrival_at) {
                        self.lose(cx, until)
                    } else {
                        self.answer(cx, arrival_at, until)
                    };
                if at_once {
                    continue;
                }
                let arrival = cx.source.take();
                self.first_syn(cx, arrival);
            } else {
                return;
            }
        }
    }

    /// When the next SYN of those that wait is due, in nanoseconds; `u64::MAX` when none is.
    pub fn next_due(&self) -> u64 {
        self.pending.next_due()
    }

    /// Ends the run: closes the last period.
    pub fn finish<T: Recorder>(&mut self, rules: &CellRules, recorder: &mut T) {
        self.cross_borders(rules, rules.duration, recorder);
    }

    /// By stock, the most ports that were active or held at a time in the whole run; after [`Cell::finish`].
    pub fn highest(&self) -> impl Iterator<Item = u32> {
        self.stocks.iter().map(Stock::highest)
    }

    /// Forgets the ports that have not come back: (granted in all, forgotten); for checks.
    pub fn drain(&mut self) -> (u64, u64) {
        let drained = self.stocks.iter_mut().map(Stock::drain);
        drained.fold((0, 0), |(granted, left), stock| {
            (granted + stock.0, left + stock.1)
        })
    }

    /// Whether the only stock has no port at `at`, by what is known already.
    #[inline(always)]
    fn is_full(&self, at: u64) -> bool {
        self.stocks.len() == 1 && at < self.stocks[0].full_until()
    }

    /// Until when nothing that arrives gets a port, and every connection is lost with its only SYN; 0 where that is not
    /// known, or connections may try again, or their fate depends on the end of the run.
    #[inline(always)]
    pub fn loses_until(&self, rules: &CellRules, classes: &[Class]) -> u64 {
        let ([stock], [class]) = (&self.stocks[..], classes) else {
            return 0;
        };
        let before = stock.full_until().min(self.next_border);
        if !class.schedule.is_pure_loss()
            || before.saturating_add(class.schedule.end) > rules.duration
            || rules.fallback
            || rules.reset
            || rules.ceiling.is_some()
        {
            return 0;
        }
        before
    }

    /// When its current period ends.
    #[inline(always)]
    pub fn next_border(&self) -> u64 {
        self.next_border
    }

    /// Notes connections lost before [`Cell::loses_until`] without being run.
    #[inline(always)]
    pub fn lose_unseen(&mut self, connections: u64) {
        self.stocks[0].refuse(connections);
    }

    /// Loses what arrives while the only stock is full, all at once; false where that cannot be done.
    #[inline(always)]
    fn lose<S: Source, T: Recorder>(&mut self, cx: &mut Context<S, T>, until: u64) -> bool {
        let before = self.loses_until(cx.rules, cx.classes).min(until);
        let arrivals = cx.source.at_hand();
        let lost = arrivals.iter().take_while(|arrival| arrival.at < before);
        let arrivals = &arrivals[..lost.count()];
        let Some(first) = arrivals.first() else {
            return false;
        };
        self.lose_unseen(arrivals.len() as u64);
        let tag = Tag {
            class: 0,
            bucket: 0,
            offered: first.at >= cx.rules.warmup,
            first_at: first.at,
        };
        cx.recorder.lost(tag, arrivals);
        let count = arrivals.len();
        cx.source.skip(count);
        true
    }

    /// Answers what arrives from `at` on while the only stock has ports for it in any case, all at once; false where
    /// that is not so.
    #[inline(always)]
    fn answer<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        at: u64,
        until: u64,
    ) -> bool {
        /// At most so many at a time: more than a bucket of releases is wide.
        const MOST: usize = 16;
        let [stock] = &mut self.stocks[..] else {
            return false;
        };
        if cx.rules.ceiling.is_some() || cx.rules.some_are_silent() {
            return false;
        }
        let room = stock.room(cx.rules, at);
        let before = room
            .until
            .min(self.next_border)
            .min(until)
            .min(self.pending.next_due());
        let arrivals = cx.source.at_hand();
        let (mut inactive_at, mut release_at) = ([0; MOST], [0; MOST]);
        let mut count = 0;
        for ((arrival, inactive_at), release_at) in arrivals
            .iter()
            .take(room.ports as usize)
            .zip(&mut inactive_at)
            .zip(&mut release_at)
        {
            let end = arrival.sort.end();
            if arrival.at >= before || !end.is_by_itself() {
                break;
            }
            let rule = &cx.rules.ends[end as usize];
            let open_until = arrival.at.saturating_add(arrival.life);
            *inactive_at = open_until.saturating_add(rule.silence);
            *release_at = inactive_at.saturating_add(rule.hold_down);
            count += 1;
        }
        if count == 0 {
            return false;
        }
        let (inactive_at, release_at) = (&inactive_at[..count], &release_at[..count]);
        stock.take_room(room, &arrivals[..count], inactive_at, release_at);
        let tag = Tag {
            class: 0,
            bucket: 0,
            offered: at >= cx.rules.warmup,
            first_at: at,
        };
        cx.recorder.answered(tag, &arrivals[..count], release_at);
        cx.source.skip(count);
        true
    }

    #[inline(always)]
    fn first_syn<S: Source, T: Recorder>(&mut self, cx: &mut Context<S, T>, arrival: Arrival) {
        let Arrival { at, life, id, sort } = arrival;
        let (class, end) = (&cx.classes[sort.class() as usize], sort.end());
        let answered = end != End::Unanswered && !cx.rules.is_silent(sort.class());
        let stock = cx.rules.place(class, sort, at, id, 1);
        let tag = Tag {
            class: sort.class(),
            bucket: stock - class.key * cx.rules.buckets(),
            offered: at >= cx.rules.warmup,
            first_at: at,
        };
        cx.recorder.offered(tag);
        if answered && let Some(stock) = self.admit(cx.rules, stock, at) {
            let grant = Answered {
                stock,
                tag,
                at,
                life,
                id,
                end,
                delayed: false,
            };
            self.establish(cx, grant);
            return;
        }
        let attempt = Attempt::first(arrival, stock, tag.bucket, tag.offered);
        if !answered && let Some(stock) = self.admit(cx.rules, stock, at) {
            return self.leave_unanswered(cx, attempt, stock, at);
        }
        self.stocks[stock as usize].refuse(1);
        cx.recorder.refused(tag);
        self.after_refusal(cx, attempt, at);
    }

    /// The stock that grants a SYN a port, if one does.
    #[inline(always)]
    fn admit(&mut self, rules: &CellRules, stock: u32, at: u64) -> Option<u32> {
        if let Some(limit) = rules.ceiling
            && !self.under_ceiling[rules.scope(stock) as usize].admits(limit, at)
        {
            return None;
        }
        if self.stocks[stock as usize].admits(rules, at) {
            return Some(stock);
        }
        if !rules.fallback {
            return None;
        }
        rules
            .other_ips(stock)
            .find(|other| rules.is_open(*other) && self.stocks[*other as usize].admits(rules, at))
    }

    /// Gives a connection that is answered the port it was admitted to.
    #[inline(always)]
    fn establish<S: Source, T: Recorder>(&mut self, cx: &mut Context<S, T>, grant: Answered) {
        let Answered {
            stock,
            tag,
            at,
            life,
            id,
            end,
            ..
        } = grant;
        if S::CLOSES && life == Arrival::UNTIL_CLOSED {
            self.hold_until_closed(cx.rules, stock);
        } else {
            let rule = &cx.rules.ends[end as usize];
            let hold = Hold {
                stock,
                tag,
                at,
                open: life,
                active: life.saturating_add(rule.silence),
                hold_down: rule.hold_down,
                end,
            };
            if end == End::Broken && at.saturating_add(hold.active) < cx.rules.duration {
                cx.recorder.broken(tag);
            }
            self.hold(cx, hold);
        }
        cx.recorder
            .established(tag, at - tag.first_at, grant.delayed);
        let established = Outcome::Established { at, stock };
        cx.source
            .verdict(Verdict::new(tag, id, established), cx.recorder);
    }

    /// What the source does at `at` besides opening connections.
    fn step<S: Source, T: Recorder>(&mut self, cx: &mut Context<S, T>, at: u64) {
        if let Some(closing) = cx.source.step(cx.recorder) {
            self.cross_borders(cx.rules, at, cx.recorder);
            self.close(cx.rules, closing, cx.recorder);
        }
    }

    fn hold_until_closed(&mut self, rules: &CellRules, stock: u32) {
        self.stocks[stock as usize].take_until_closed();
        if rules.ceiling.is_some() {
            self.under_ceiling[rules.scope(stock) as usize].take_until_closed();
        }
    }

    /// A connection that was opened until closed sends its last packet, or has idled out.
    pub fn close<T: Recorder>(&mut self, rules: &CellRules, closing: Closing, recorder: &mut T) {
        let Closing {
            held,
            last_packet,
            end,
        } = closing;
        let rule = &rules.ends[end as usize];
        let inactive_at = last_packet.saturating_add(rule.silence);
        let release_at = inactive_at.saturating_add(rule.hold_down);
        self.stocks[held.stock as usize].give_back(inactive_at, release_at);
        if rules.ceiling.is_some() {
            self.under_ceiling[rules.scope(held.stock) as usize].give_back(inactive_at);
        }
        if end == End::Broken && inactive_at < rules.duration {
            recorder.broken(held.tag);
        }
        let grant = Grant {
            at: held.at,
            open_until: last_packet,
            release_at,
            end,
        };
        recorder.granted(held.tag, held.stock, grant);
    }

    #[inline(always)]
    fn hold<S: Source, T: Recorder>(&mut self, cx: &mut Context<S, T>, hold: Hold) {
        let Hold { stock, tag, at, .. } = hold;
        let inactive_at = at.saturating_add(hold.active);
        let release_at = inactive_at.saturating_add(hold.hold_down);
        self.stocks[stock as usize].take(inactive_at, release_at);
        if cx.rules.ceiling.is_some() {
            self.under_ceiling[cx.rules.scope(stock) as usize].take(inactive_at);
        }
        let grant = Grant {
            at,
            open_until: at.saturating_add(hold.open),
            release_at,
            end: hold.end,
        };
        cx.recorder.granted(tag, stock, grant);
    }

    /// Closes every period that ends at or before `at`; those in which nothing is in use leave no trace.
    #[inline]
    pub(super) fn cross_borders<T: Recorder>(
        &mut self,
        rules: &CellRules,
        at: u64,
        recorder: &mut T,
    ) {
        while self.next_border <= at {
            self.cross_border(rules, recorder);
            let idle = self.stocks.iter().all(Stock::is_idle);
            let from = if idle {
                at.min(rules.duration)
            } else {
                self.next_border
            };
            self.period_start = rules.border_before(from);
            self.next_border = rules.border_after(from);
        }
    }

    #[cold]
    #[inline(never)]
    fn cross_border<T: Recorder>(&mut self, rules: &CellRules, recorder: &mut T) {
        let border = self.next_border;
        for (index, stock) in self.stocks.iter_mut().enumerate() {
            let period = stock.close_period(self.period_start, border);
            if let Some(period) = period.filter(|_| border > rules.warmup) {
                recorder.period(index as u32, period);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{
        Grouping, HeapReleases, Jitter, LadderReleases, OnIdle, OpenLoop, Period, PoolPlan,
        RefusedSyn, ReleaseSize, Schedule, Sort, UdpKey, WheelReleases,
    };
    use proptest::prelude::*;

    /// Notes every grant.
    #[derive(Default)]
    struct Grants(Vec<Grant>);

    impl Recorder for Grants {
        fn offered(&mut self, _: Tag) {}
        fn sent(&mut self, _: Tag, _: u64, _: u64) {}
        fn refused(&mut self, _: Tag) {}
        fn refused_again(&mut self, _: Tag, _: u64) {}
        fn granted(&mut self, _: Tag, _: u32, grant: Grant) {
            self.0.push(grant);
        }
        fn established(&mut self, _: Tag, _: u64, _: bool) {}
        fn broken(&mut self, _: Tag) {}
        fn failed(&mut self, _: Tag, _: SimTime, _: u32) {}
        fn lost(&mut self, _: Tag, _: &[Arrival]) {}
        fn unanswered(&mut self, _: Tag) {}
        fn pending(&mut self, _: Tag) {}
        fn period(&mut self, _: u32, _: Period) {}
    }

    const DURATION: SimTime = SimTime::from_secs(600);

    fn grants<R: Releases>(ports: u32, arrivals: &[Arrival]) -> (Vec<Grant>, (u64, u64)) {
        let plan = PoolPlan {
            grouping: Grouping::Shared,
            limit: ports,
            active_limit: None,
            holds: crate::engine::tests::holds(),
            on_idle: OnIdle::Reset,
            udp_key: UdpKey::AddressAndPort,
            ceiling: None,
            refused_syn: RefusedSyn::Silent,
        };
        let rules = CellRules::new(&plan, SimTime::ZERO, DURATION, DURATION, false);
        let schedule = Schedule::tcp(2, 0, None).with_retry(
            2,
            SimTime::from_secs(1),
            1.0,
            Jitter::Uniform(0.5),
        );
        let classes = [Class {
            key: 0,
            first_node: 0,
            seed: 7,
            schedule,
        }];
        let size = ReleaseSize {
            per_second: 1.0,
            horizon: 100.0,
            ports: u64::from(ports),
        };
        let mut cell = Cell::new(&rules, 1, R::sized(size));
        let mut recorder = Grants::default();
        let mut context = Context {
            rules: &rules,
            classes: &classes,
            source: &mut OpenLoop(arrivals),
            recorder: &mut recorder,
        };
        cell.run(&mut context, DURATION.as_nanos());
        cell.finish(&rules, &mut recorder);
        (recorder.0, cell.drain())
    }

    proptest! {
        /// At every grant fewer ports than the limit are held by the grants before it, and what has not come back at
        /// the end is exactly what is due later: every port is released once, at its time.
        #[test]
        fn every_granted_port_is_released_exactly_once_and_never_more_than_there_are(
            ports in 1u32..40,
            gaps in prop::collection::vec((0u64..4_000_000_000, 0u64..200_000_000_000, 0usize..5), 1..300)
        ) {
            const ENDS: [End; 5] = [End::Fin, End::Rst, End::Abandon, End::Broken, End::Unanswered];
            let mut at = 0;
            let arrival = |(id, (gap, life, end)): (u32, (u64, u64, usize))| {
                at += gap;
                Arrival { at, life, id, sort: Sort::new(0, 0, ENDS[end]) }
            };
            let mut arrivals: Vec<Arrival> = (0..).zip(gaps).map(arrival).collect();
            arrivals.retain(|arrival| arrival.at < DURATION.as_nanos());
            let (by_heap, drained) = grants::<HeapReleases>(ports, &arrivals);
            let (by_wheel, also_drained) = grants::<WheelReleases>(ports, &arrivals);
            let (by_ladder, drained_too) = grants::<LadderReleases>(ports, &arrivals);
            prop_assert_eq!(&by_heap, &by_wheel);
            prop_assert_eq!(&by_heap, &by_ladder);
            prop_assert_eq!(drained, drained_too);
            prop_assert_eq!(drained, also_drained);
            let left = by_heap.iter().filter(|grant| grant.release_at > DURATION.as_nanos()).count();
            prop_assert_eq!(drained, (by_heap.len() as u64, left as u64));
            for (index, grant) in by_heap.iter().enumerate() {
                let held = by_heap[..index].iter().filter(|before| before.release_at > grant.at);
                prop_assert!(held.count() < ports as usize);
            }
        }
    }
}

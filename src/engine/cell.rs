//! The loop over one cell: everything that one connection and its retries can touch.

use super::connection::{Arrival, Class, Draw, End, EndRule, draw, end_rules};
use super::pending::{Attempt, Pending};
use super::plan::{Grouping, IpChoice, PoolPlan, RefusedSyn};
use super::releases::{HeapReleases, Releases};
use super::{Grant, Period, Recorder, Source, Tag};
use crate::units::SimTime;

/// The rules of a cell; shared by all cells of an outbound type. Times in nanoseconds.
#[derive(Clone, Debug)]
pub struct CellRules {
    limit: u32,
    active_limit: Option<u32>,
    ends: [EndRule; 5],
    half_open: u64,
    instances: u32,
    ips: u32,
    fallback: bool,
    reset: bool,
    ceiling: Option<u64>,
    warmup: u64,
    duration: u64,
    border_step: u64,
}

impl CellRules {
    /// The rules of `plan` for a run of `duration` that counts from `warmup`; a period ends every `step`.
    /// `enforce_ceiling` where the cells under the plan's ceiling are run as one.
    pub fn new(
        plan: &PoolPlan,
        warmup: SimTime,
        duration: SimTime,
        step: SimTime,
        enforce_ceiling: bool,
    ) -> Self {
        let (instances, ips, choice) = match plan.grouping {
            Grouping::Buckets {
                ips,
                instances,
                choice,
            } => (instances, ips, choice),
            _ => (1, 1, IpChoice::Random),
        };
        CellRules {
            limit: plan.binding_limit(),
            active_limit: plan.active_limit.map(|active| match active.counts_held {
                // Counted with the held ones, they are in the binding limit.
                true => u32::MAX,
                false => active.limit,
            }),
            ends: end_rules(&plan.holds),
            half_open: plan.holds.half_open.as_nanos(),
            instances,
            ips,
            fallback: choice == IpChoice::Fallback,
            reset: plan.refused_syn == RefusedSyn::Reset,
            ceiling: plan
                .ceiling
                .filter(|_| enforce_ceiling)
                .map(|ceiling| ceiling.limit),
            warmup: warmup.as_nanos(),
            duration: duration.as_nanos(),
            border_step: step.as_nanos(),
        }
    }

    fn buckets(&self) -> u32 {
        self.instances * self.ips
    }

    /// The instance whose bucket `stock` is; 0 where there are none.
    #[inline]
    pub fn instance(&self, stock: u32) -> u32 {
        stock % self.buckets() / self.ips
    }

    /// The first border after `at`.
    fn border_after(&self, at: u64) -> u64 {
        if at >= self.duration {
            return u64::MAX;
        }
        (at / self.border_step + 1)
            .saturating_mul(self.border_step)
            .min(self.duration)
    }

    /// The last border at or before `at`, from warm-up on.
    fn border_before(&self, at: u64) -> u64 {
        (at / self.border_step * self.border_step).max(self.warmup)
    }

    /// Where a SYN of this try looks for a port: the first stock of its key, and the bucket.
    #[inline(always)]
    fn place(&self, class: &Class, first_at: u64, id: u32, tried: u32) -> u32 {
        let buckets = self.buckets();
        let first = class.key * buckets;
        if buckets == 1 {
            return first;
        }
        let bits = draw(class.seed, first_at, id, tried, Draw::Bucket);
        first + (((bits >> 32) * u64::from(buckets)) >> 32) as u32
    }
}

/// The ports of one pool toward one key.
#[derive(Clone, Debug)]
struct Stock<R> {
    granted: u64,
    releases: R,
    /// Ends of activity, where the plan has a second limit.
    ends: Option<R>,
    /// While the stock is full: nothing comes back before this instant.
    full_until: u64,
    /// Whether the port that was admitted last is the last free one.
    takes_last: bool,
    peak: u32,
    /// The peak of all periods closed.
    highest: u32,
    peak_active: u32,
    period_granted: u64,
    period_refused: u64,
}

impl<R: Releases> Stock<R> {
    #[inline(always)]
    fn used(&mut self, at: u64) -> u32 {
        (self.granted - self.releases.advance(at)) as u32
    }

    #[inline]
    fn active(&mut self, at: u64) -> u32 {
        match &mut self.ends {
            Some(ends) => (self.granted - ends.advance(at)) as u32,
            None => 0,
        }
    }

    #[inline(always)]
    fn admits(&mut self, rules: &CellRules, at: u64) -> bool {
        if at < self.full_until {
            return false;
        }
        let used = self.used(at);
        if used >= rules.limit {
            self.full_until = self.releases.quiet_until();
            return false;
        }
        if let Some(limit) = rules.active_limit {
            let active = self.active(at);
            if active >= limit {
                return false;
            }
            self.peak_active = self.peak_active.max(active + 1);
        }
        self.peak = self.peak.max(used + 1);
        self.takes_last = used + 1 == rules.limit;
        true
    }
}

/// Active connections over all keys, of a gateway or of a firewall instance.
#[derive(Clone, Debug, Default)]
struct Active {
    granted: u64,
    ends: HeapReleases,
}

/// One cell: its stocks, and the connections that wait for their next SYN.
#[derive(Clone, Debug)]
pub struct Cell<R> {
    stocks: Vec<Stock<R>>,
    ceilings: Vec<Active>,
    pending: Pending,
    next_border: u64,
    period_start: u64,
}

impl<R: Releases> Cell<R> {
    /// An empty cell with `keys` keys; `releases` is an empty queue to start each stock with.
    pub fn new(rules: &CellRules, keys: u32, releases: &R) -> Self {
        let stock = Stock {
            granted: 0,
            releases: releases.clone(),
            ends: rules.active_limit.map(|_| releases.clone()),
            full_until: 0,
            takes_last: false,
            peak: 0,
            highest: 0,
            peak_active: 0,
            period_granted: 0,
            period_refused: 0,
        };
        let ceilings = if rules.ceiling.is_some() {
            rules.instances
        } else {
            0
        };
        Cell {
            stocks: vec![stock; (keys * rules.buckets()) as usize],
            ceilings: vec![Active::default(); ceilings as usize],
            pending: Pending::default(),
            next_border: if rules.warmup > 0 {
                rules.warmup
            } else {
                rules.border_after(0)
            },
            period_start: 0,
        }
    }

    /// Runs to `until` (not included), at most the end of the run. The source yields arrivals in time order, none
    /// at or after `until`.
    #[inline]
    pub fn run<S: Source, T: Recorder>(
        &mut self,
        rules: &CellRules,
        classes: &[Class],
        source: &mut S,
        until: u64,
        recorder: &mut T,
    ) {
        loop {
            let arrival_at = source.peek();
            let due = self.pending.next_due();
            if due < until && due <= arrival_at {
                self.cross_borders(rules, due, recorder);
                let attempt = self.pending.pop();
                self.syn_again(rules, classes, attempt, source, recorder);
            } else if arrival_at < until {
                if arrival_at >= self.next_border {
                    self.cross_borders(rules, arrival_at, recorder);
                }
                if self.is_full(arrival_at) && self.lose(rules, classes, source, until, recorder) {
                    continue;
                }
                let arrival = source.take();
                self.first_syn(rules, classes, arrival, source, recorder);
            } else {
                return;
            }
        }
    }

    /// Whether the only stock has no port at `at`, by what is known already.
    #[inline]
    fn is_full(&self, at: u64) -> bool {
        self.stocks.len() == 1 && at < self.stocks[0].full_until
    }

    /// Loses what arrives while the only stock is full, all at once; false where connections may try again, or their
    /// fate depends on the end of the run.
    fn lose<S: Source, T: Recorder>(
        &mut self,
        rules: &CellRules,
        classes: &[Class],
        source: &mut S,
        until: u64,
        recorder: &mut T,
    ) -> bool {
        let [class] = classes else { return false };
        let stock = &mut self.stocks[0];
        let before = stock.full_until.min(self.next_border).min(until);
        if !class.schedule.is_pure_loss()
            || before.saturating_add(class.schedule.end) > rules.duration
            || rules.reset
            || rules.ceiling.is_some()
        {
            return false;
        }
        let arrivals = source.take_before(before);
        let Some(first) = arrivals.first() else {
            return false;
        };
        stock.period_refused += arrivals.len() as u64;
        let offered = first.at >= rules.warmup;
        recorder.lost(
            Tag {
                class: 0,
                bucket: 0,
                offered,
                first_at: first.at,
            },
            arrivals,
        );
        true
    }

    /// Ends the run: closes the last period.
    pub fn finish<T: Recorder>(&mut self, rules: &CellRules, recorder: &mut T) {
        self.cross_borders(rules, rules.duration, recorder);
    }

    #[inline(always)]
    fn first_syn<S: Source, T: Recorder>(
        &mut self,
        rules: &CellRules,
        classes: &[Class],
        arrival: Arrival,
        source: &mut S,
        recorder: &mut T,
    ) {
        let class = &classes[arrival.sort.class() as usize];
        let stock = rules.place(class, arrival.at, arrival.id, 1);
        let tag = Tag {
            class: arrival.sort.class(),
            bucket: stock - class.key * rules.buckets(),
            offered: arrival.at >= rules.warmup,
            first_at: arrival.at,
        };
        recorder.offered(tag);
        if arrival.sort.end() != End::Unanswered
            && let Some(stock) = self.admit(rules, stock, arrival.at)
        {
            self.grant(
                rules,
                stock,
                tag,
                arrival.at,
                arrival.life,
                arrival.sort.end(),
                recorder,
            );
            recorder.established(tag, 0);
            source.verdict(
                tag.class,
                arrival.id,
                arrival.at.saturating_add(arrival.life),
            );
        } else {
            self.troubled(rules, class, arrival, tag, stock, source, recorder);
        }
    }

    /// The first SYN of a connection that was refused or will not be answered.
    #[inline]
    fn troubled<S: Source, T: Recorder>(
        &mut self,
        rules: &CellRules,
        class: &Class,
        arrival: Arrival,
        tag: Tag,
        stock: u32,
        source: &mut S,
        recorder: &mut T,
    ) {
        let Arrival { at, life, id, sort } = arrival;
        let end = sort.end();
        if end != End::Unanswered && class.schedule.is_pure_loss() {
            self.stocks[stock as usize].period_refused += 1;
            recorder.refused(tag, true);
            let ends = at + class.schedule.end;
            if ends < rules.duration {
                recorder.failed(tag, SimTime::from_nanos(at));
                source.verdict(tag.class, id, ends);
            } else {
                recorder.pending(tag);
            }
            return;
        }
        let attempt = Attempt {
            tag,
            life,
            id,
            end,
            stock,
            first_refused: u64::MAX,
            try_start: at,
            tried: 1,
            syn: 0,
        };
        self.syn(
            rules,
            class,
            attempt,
            source,
            recorder,
            end == End::Unanswered,
        );
    }

    /// A retransmitted SYN, or the first of a new try.
    fn syn_again<S: Source, T: Recorder>(
        &mut self,
        rules: &CellRules,
        classes: &[Class],
        attempt: Attempt,
        source: &mut S,
        recorder: &mut T,
    ) {
        let class = &classes[attempt.tag.class as usize];
        recorder.sent(attempt.tag, u64::from(attempt.syn == 0), 1);
        self.syn(rules, class, attempt, source, recorder, true);
    }

    /// Handles the SYN of `attempt` that is due now; `ask` is false where it was refused already.
    #[inline(never)]
    fn syn<S: Source, T: Recorder>(
        &mut self,
        rules: &CellRules,
        class: &Class,
        mut attempt: Attempt,
        source: &mut S,
        recorder: &mut T,
        ask: bool,
    ) {
        let schedule = &class.schedule;
        let at = attempt.try_start + schedule.syns[attempt.syn as usize];
        let granted = if ask {
            self.admit(rules, attempt.stock, at)
        } else {
            None
        };
        match granted {
            Some(stock) if attempt.end == End::Unanswered => {
                self.leave_unanswered(rules, class, attempt, stock, at, source, recorder);
            }
            Some(stock) => {
                let Attempt { tag, life, end, .. } = attempt;
                self.grant(rules, stock, tag, at, life, end, recorder);
                recorder.established(tag, at - tag.first_at);
                source.verdict(tag.class, attempt.id, at.saturating_add(life));
            }
            None => {
                self.stocks[attempt.stock as usize].period_refused += 1;
                let first = attempt.tried == 1 && attempt.syn == 0;
                recorder.refused(attempt.tag, first);
                attempt.first_refused = attempt.first_refused.min(at);
                attempt.syn += 1;
                match schedule.syns.get(attempt.syn as usize) {
                    Some(due) if !rules.reset => {
                        self.wait(rules, attempt, attempt.try_start + due, at, recorder);
                    }
                    _ => {
                        let ends = if rules.reset {
                            at
                        } else {
                            attempt.try_start + schedule.end
                        };
                        self.end_try(rules, class, attempt, ends, true, source, recorder);
                    }
                }
            }
        }
    }

    /// A port for a try that gets no answer: held to its last SYN and the half-open time after it.
    fn leave_unanswered<S: Source, T: Recorder>(
        &mut self,
        rules: &CellRules,
        class: &Class,
        attempt: Attempt,
        stock: u32,
        at: u64,
        source: &mut S,
        recorder: &mut T,
    ) {
        let schedule = &class.schedule;
        let last = schedule.syns.last().expect("a try has at least one SYN");
        let active = attempt.try_start + last - at + rules.half_open;
        self.hold(
            rules,
            stock,
            attempt.tag,
            at,
            0,
            active,
            0,
            End::Unanswered,
            recorder,
        );
        let more = schedule.syns[attempt.syn as usize + 1..]
            .iter()
            .filter(|due| attempt.try_start + **due < rules.duration)
            .count();
        recorder.sent(attempt.tag, 0, more as u64);
        let ends = attempt.try_start + schedule.end;
        self.end_try(rules, class, attempt, ends, false, source, recorder);
    }

    /// What comes after a try that ends at `ends`.
    fn end_try<S: Source, T: Recorder>(
        &mut self,
        rules: &CellRules,
        class: &Class,
        mut attempt: Attempt,
        ends: u64,
        refused: bool,
        source: &mut S,
        recorder: &mut T,
    ) {
        let Attempt { tag, id, tried, .. } = attempt;
        if ends >= rules.duration {
            recorder.pending(tag);
        } else if tried < class.schedule.attempts {
            let bits = draw(class.seed, tag.first_at, id, tried, Draw::Jitter);
            attempt.tried += 1;
            attempt.syn = 0;
            attempt.try_start = ends.saturating_add(class.schedule.pause(tried, bits));
            attempt.stock = rules.place(class, tag.first_at, id, attempt.tried);
            self.wait(rules, attempt, attempt.try_start, ends, recorder);
        } else {
            match refused {
                true => recorder.failed(tag, SimTime::from_nanos(attempt.first_refused)),
                false => recorder.unanswered(tag),
            }
            source.verdict(tag.class, id, ends);
        }
    }

    /// Waits for a SYN due at `due`, known since `since`.
    fn wait<T: Recorder>(
        &mut self,
        rules: &CellRules,
        attempt: Attempt,
        due: u64,
        since: u64,
        recorder: &mut T,
    ) {
        if due < rules.duration {
            self.pending.push(due, since, attempt);
        } else {
            recorder.pending(attempt.tag);
        }
    }

    /// The stock that grants a SYN a port, if one does.
    #[inline(always)]
    fn admit(&mut self, rules: &CellRules, stock: u32, at: u64) -> Option<u32> {
        if let Some(limit) = rules.ceiling {
            let under = &mut self.ceilings[rules.instance(stock) as usize];
            if under.granted - under.ends.advance(at) >= limit {
                return None;
            }
        }
        if self.stocks[stock as usize].admits(rules, at) {
            return Some(stock);
        }
        if !rules.fallback {
            return None;
        }
        let first = stock - stock % rules.ips;
        (1..rules.ips)
            .map(|further| first + (stock - first + further) % rules.ips)
            .find(|other| self.stocks[*other as usize].admits(rules, at))
    }

    #[inline]
    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of a connection, in registers"
    )]
    fn grant<T: Recorder>(
        &mut self,
        rules: &CellRules,
        stock: u32,
        tag: Tag,
        at: u64,
        life: u64,
        end: End,
        recorder: &mut T,
    ) {
        let rule = &rules.ends[end as usize];
        let open = life & rule.life_mask;
        if end == End::Broken && at.saturating_add(rule.silence) < rules.duration {
            recorder.broken(tag);
        }
        self.hold(
            rules,
            stock,
            tag,
            at,
            open,
            open + rule.silence,
            rule.hold_down,
            end,
            recorder,
        );
    }

    #[inline]
    #[allow(
        clippy::too_many_arguments,
        reason = "the parts of a hold, in registers"
    )]
    fn hold<T: Recorder>(
        &mut self,
        rules: &CellRules,
        stock: u32,
        tag: Tag,
        at: u64,
        open: u64,
        active: u64,
        hold_down: u64,
        end: End,
        recorder: &mut T,
    ) {
        let ports = &mut self.stocks[stock as usize];
        let inactive_at = at.saturating_add(active);
        let release_at = inactive_at.saturating_add(hold_down);
        ports.granted += 1;
        ports.releases.push(release_at);
        if ports.takes_last {
            ports.full_until = ports.releases.quiet_until();
        }
        if let Some(ends) = &mut ports.ends {
            ends.push(inactive_at);
        }
        if rules.ceiling.is_some() {
            let under = &mut self.ceilings[rules.instance(stock) as usize];
            under.granted += 1;
            under.ends.push(inactive_at);
        }
        recorder.granted(
            tag,
            stock,
            Grant {
                at,
                open_until: at.saturating_add(open),
                release_at,
                end,
            },
        );
    }

    /// Closes every period that ends at or before `at`; those in which nothing is in use leave no trace.
    #[inline]
    fn cross_borders<T: Recorder>(&mut self, rules: &CellRules, at: u64, recorder: &mut T) {
        while self.next_border <= at {
            self.cross_border(rules, recorder);
            let idle = self.stocks.iter().all(|stock| stock.peak == 0);
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
            let used = stock.used(border);
            let active = stock.active(border);
            if border > rules.warmup && (stock.peak > 0 || stock.period_refused > 0) {
                recorder.period(
                    index as u32,
                    Period {
                        start: SimTime::from_nanos(self.period_start),
                        peak: stock.peak,
                        peak_active: stock.peak_active,
                        granted: stock.granted - stock.period_granted,
                        refused: stock.period_refused,
                        active_at_end: active,
                    },
                );
            }
            stock.highest = stock.highest.max(stock.peak);
            stock.peak = used;
            stock.peak_active = active;
            stock.period_granted = stock.granted;
            stock.period_refused = 0;
        }
    }

    /// The most ports of `stock` that were active or held at a time, in the whole run; after [`Cell::finish`].
    pub fn highest(&self, stock: u32) -> u32 {
        self.stocks[stock as usize].highest
    }

    /// Forgets the ports that have not come back, and says how many of those granted these are; for checks.
    pub fn drain(&mut self) -> (u64, u64) {
        let granted = self.stocks.iter().map(|stock| stock.granted).sum();
        (
            granted,
            self.stocks
                .iter_mut()
                .map(|stock| stock.releases.drain())
                .sum(),
        )
    }
}

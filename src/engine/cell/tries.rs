//! What a connection does after its first SYN: retransmits, waits, tries again or gives up.

use super::*;

impl<R: Releases> Cell<R> {
    /// The SYN that is next among those that wait: a retransmitted one, or the first of a new try, at `at`.
    pub(super) fn syn_again<S: Source, T: Recorder>(&mut self, cx: &mut Context<S, T>, at: u64) {
        let next = self.pending.next();
        if cx.rules.buckets_change() {
            if next.has_port {
                let attempt = self.pending.pop();
                cx.recorder.sent(attempt.tag(), 0, 1);
                return self.send_on(cx, attempt, at);
            }
            if next.syn == 0 {
                // A new try is a new socket, dealt to what is there now.
                next.stock = next.placed(cx.rules, cx.classes);
            }
        }
        let (tag, end) = (next.tag(), next.sort.end());
        let Attempt {
            stock,
            syn,
            first_refused,
            ..
        } = *next;
        let tries = u64::from(syn == 0);
        if cx.rules.is_open(stock)
            && let Some(stock) = self.admit(cx.rules, stock, at)
        {
            cx.recorder.sent(tag, tries, 1);
            let attempt = self.pending.pop();
            return match end != End::Unanswered && !cx.rules.is_silent(tag.class) {
                false => self.leave_unanswered(cx, attempt, stock, at),
                true => {
                    let Attempt { life, id, .. } = attempt;
                    let grant = Answered {
                        stock,
                        tag,
                        at,
                        life,
                        id,
                        end,
                        delayed: true,
                    };
                    self.establish(cx, grant);
                }
            };
        }
        self.stocks[stock as usize].refuse(1);
        cx.recorder.refused_again(tag, tries);
        let schedule = &cx.classes[tag.class as usize].schedule;
        match schedule.retransmit(syn, at) {
            // What follows on a first refusal is noted below.
            Some(due)
                if due < cx.rules.duration && !cx.rules.reset && first_refused != u64::MAX =>
            {
                self.pending.again(due);
            }
            _ => {
                let attempt = self.pending.pop();
                self.after_refusal(cx, attempt, at);
            }
        }
    }

    /// What comes after a refused SYN at `at`.
    pub(super) fn after_refusal<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        mut attempt: Attempt,
        at: u64,
    ) {
        let schedule = &cx.classes[attempt.sort.class() as usize].schedule;
        if attempt.first_refused == u64::MAX {
            attempt.first_refused = at;
            attempt.refused_bucket = (attempt.stock % cx.rules.buckets()) as u16;
        }
        match schedule.retransmit(attempt.syn, at) {
            _ if cx.rules.reset => self.end_try(cx, attempt, at, true),
            Some(due) => {
                attempt.syn += 1;
                self.wait(cx, attempt, due, at);
            }
            None => {
                let ends = at - schedule.syns[usize::from(attempt.syn)] + schedule.end;
                self.end_try(cx, attempt, ends, true);
            }
        }
    }

    /// A port for a try that gets no answer: held to its last SYN and the half-open time after it.
    pub(super) fn leave_unanswered<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        attempt: Attempt,
        stock: u32,
        at: u64,
    ) {
        let tag = attempt.tag();
        let schedule = &cx.classes[tag.class as usize].schedule;
        let try_start = at - schedule.syns[usize::from(attempt.syn)];
        let last = schedule.syns.last().expect("a try has at least one SYN");
        let hold = Hold {
            stock,
            tag,
            at,
            open: 0,
            active: (try_start + last - at).saturating_add(cx.rules.half_open),
            hold_down: 0,
            end: End::Unanswered,
        };
        self.hold(cx, hold);
        if cx.rules.is_one_of_several_types() {
            // The next SYN may meet another type, without a port of it.
            return self.send_on(cx, attempt, at);
        }
        let later = &schedule.syns[usize::from(attempt.syn) + 1..];
        let sent = later
            .iter()
            .filter(|due| try_start + **due < cx.rules.duration);
        cx.recorder.sent(tag, 0, sent.count() as u64);
        self.end_try(cx, attempt, try_start + schedule.end, false);
    }

    /// What comes after the SYN at `at` of a try that has a port and gets no answer.
    fn send_on<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        mut attempt: Attempt,
        at: u64,
    ) {
        let schedule = &cx.classes[attempt.sort.class() as usize].schedule;
        match schedule.retransmit(attempt.syn, at) {
            Some(due) => {
                attempt.syn += 1;
                attempt.has_port = true;
                self.wait(cx, attempt, due, at);
            }
            None => {
                let ends = at - schedule.syns[usize::from(attempt.syn)] + schedule.end;
                attempt.has_port = false;
                self.end_try(cx, attempt, ends, false);
            }
        }
    }

    /// What comes after a try that ends at `ends`.
    pub(super) fn end_try<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        mut attempt: Attempt,
        ends: u64,
        refused: bool,
    ) {
        let tag = attempt.tag();
        let Attempt { id, tried, .. } = attempt;
        let class = &cx.classes[tag.class as usize];
        if ends >= cx.rules.duration {
            cx.recorder.pending(tag);
        } else if tried < class.schedule.attempts {
            let bits = draw(class.seed, tag.first_at, id, tried, Draw::Jitter);
            attempt.tried += 1;
            attempt.syn = 0;
            attempt.stock = cx
                .rules
                .place(class, attempt.sort, tag.first_at, id, attempt.tried);
            let due = ends.saturating_add(class.schedule.pause(tried, bits));
            self.wait(cx, attempt, due, ends);
        } else {
            let settled = Outcome::Settled { at: ends };
            if let Some(why) = cx.source.kept_at_node().filter(|_| refused) {
                cx.recorder.failed_at_node(tag, why);
            } else if refused {
                let first_refused = SimTime::from_nanos(attempt.first_refused);
                cx.recorder
                    .failed(tag, first_refused, u32::from(attempt.refused_bucket));
            } else {
                cx.recorder.unanswered(tag);
            }
            cx.source
                .verdict(Verdict::new(tag, id, settled), cx.recorder);
        }
    }

    /// Waits for a SYN due at `due`, known since `since`.
    pub(super) fn wait<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        attempt: Attempt,
        due: u64,
        since: u64,
    ) {
        if due < cx.rules.duration {
            self.pending.push(due, since, attempt);
        } else {
            cx.recorder.pending(attempt.tag());
        }
    }
}

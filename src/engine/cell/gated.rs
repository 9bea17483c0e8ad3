//! The same loop where SYNs have to leave their nodes before they ask for a port.

use super::super::node::{AtNode, Fate, Syn};
use super::*;

impl<R: Releases> Cell<R> {
    /// The first SYN of a connection.
    #[inline(never)]
    pub(super) fn first_syn_by_node<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        arrival: Arrival,
    ) {
        let Arrival { at, id, sort, .. } = arrival;
        let class = &cx.classes[sort.class() as usize];
        let stock = cx.rules.place(class, sort, at, id, 1);
        let bucket = stock - class.key * cx.rules.buckets();
        let attempt = Attempt::first(arrival, stock, bucket, at >= cx.rules.warmup);
        cx.recorder.offered(attempt.tag());
        self.syn_by_node(cx, attempt, at);
    }

    /// The SYN that is next among those that wait.
    #[inline(never)]
    pub(super) fn syn_again_by_node<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        at: u64,
    ) {
        self.pending.next();
        let attempt = self.pending.pop();
        self.syn_by_node(cx, attempt, at);
    }

    fn syn_by_node<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        mut attempt: Attempt,
        at: u64,
    ) {
        let tag = attempt.tag();
        let Attempt { tried, syn, .. } = attempt;
        // The first try and its SYN come with the connection.
        let is_first = tried == 1 && syn == 0;
        let tries = u64::from(syn == 0 && !is_first);
        let knock = Syn {
            sort: attempt.sort,
            id: attempt.id,
            first_at: attempt.first_at,
            at,
            begins: syn == 0,
        };
        if let Some(why) = cx.source.leave_node(&knock) {
            let is_sent = why != AtNode::LocalPorts;
            if !is_first {
                cx.recorder.sent(tag, tries, u64::from(is_sent));
            }
            cx.recorder.kept(tag, why, is_first && !is_sent);
            // What a node drops it drops without a word.
            return self.refuse_syn(cx, attempt, &knock, !is_sent, false);
        }
        let Some(stock) = self.admit(cx.rules, attempt.stock, at) else {
            self.stocks[attempt.stock as usize].refuse(1);
            match is_first {
                true => cx.recorder.refused(tag),
                false => cx.recorder.refused_again(tag, tries),
            }
            let reset = cx.rules.reset;
            if attempt.first_refused == u64::MAX {
                attempt.first_refused = at;
                attempt.refused_bucket = (attempt.stock % cx.rules.buckets()) as u16;
            }
            return self.refuse_syn(cx, attempt, &knock, reset, reset);
        };
        if !is_first {
            cx.recorder.sent(tag, tries, 1);
        }
        let Attempt { life, id, sort, .. } = attempt;
        let end = sort.end();
        if end == End::Unanswered || cx.rules.is_silent(tag.class) {
            let schedule = &cx.classes[tag.class as usize].schedule;
            let try_start = at - schedule.syns[usize::from(syn)];
            let last = schedule.syns.last().expect("a try has at least one SYN");
            let fate = Fate::Unanswered {
                last_syn: try_start + last,
                ends: try_start + schedule.end,
            };
            cx.source.settle_at_node(&knock, fate);
            return self.leave_unanswered(cx, attempt, stock, at);
        }
        let open_until = at.saturating_add(life);
        let fate = Fate::Open {
            open_until,
            inactive_at: open_until.saturating_add(cx.rules.ends[end as usize].silence),
            end,
        };
        cx.source.settle_at_node(&knock, fate);
        let answered = Answered {
            stock,
            tag,
            at,
            life,
            id,
            end,
            delayed: !is_first,
        };
        self.establish(cx, answered);
    }

    /// A SYN found no port, on its node or beyond; `at_once` where that ends its try, and `reset` where a reset said so.
    fn refuse_syn<S: Source, T: Recorder>(
        &mut self,
        cx: &mut Context<S, T>,
        mut attempt: Attempt,
        knock: &Syn,
        at_once: bool,
        reset: bool,
    ) {
        let at = knock.at;
        let schedule = &cx.classes[knock.sort.class() as usize].schedule;
        let next = schedule.retransmit(attempt.syn, at);
        let next = next.filter(|_| !at_once);
        let ends = match at_once {
            true => at,
            false => at - schedule.syns[usize::from(attempt.syn)] + schedule.end,
        };
        let fate = Fate::Refused { next, ends, reset };
        cx.source.settle_at_node(knock, fate);
        match next {
            Some(due) => {
                attempt.syn += 1;
                self.wait(cx, attempt, due, at);
            }
            None => self.end_try(cx, attempt, ends, true),
        }
    }
}

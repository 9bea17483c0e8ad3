//! What an event does to a cell: other rules, ports taken back, a node that leaves.

use super::Recorder;
use super::cell::Cell;
use super::connection::Class;
use super::ledger::{Ledger, Lottery, Taking};
use super::pending::Attempt;
use super::releases::Releases;
use super::rules::CellRules;

/// What becomes of the ports of a stock at an event.
#[derive(Clone, Copy, Debug)]
pub enum Taken {
    /// They stay.
    None,
    /// Those that the lottery picks are taken away, and connections on them are broken.
    Some(Lottery),
    /// All come back at once, and connections on them are broken.
    All,
    /// All come back at once, and their connections end with the node that opened them; nothing of it that waits for a SYN
    /// is ever decided.
    WithNode,
}

/// What an event does to one cell, between two epochs.
#[derive(Debug)]
pub struct Change<'a> {
    /// When, in nanoseconds.
    pub at: u64,
    /// The rules until then. Those that follow are handed to [`Cell::run`].
    pub before: &'a CellRules,
    /// The outbound type that begins then, where another one does.
    pub migration: Option<NewType<'a>>,
}

/// Another outbound type, as those meet it that wait for a SYN.
#[derive(Clone, Copy, Debug)]
pub struct NewType<'a> {
    /// The rules from then on.
    pub rules: &'a CellRules,
    /// The classes of the cell.
    pub classes: &'a [Class],
    /// Whether what has a port of the type before loses it.
    pub breaks: bool,
}

impl NewType<'_> {
    /// A packet takes the way out that there is now, but of a flow that keeps its old one.
    fn lead(&self, attempt: &mut Attempt) {
        attempt.has_port &= !self.breaks;
        if !attempt.has_port {
            attempt.stock = attempt.placed(self.rules, self.classes);
        }
    }
}

impl<R: Releases> Cell<R> {
    /// Goes through `change`, having run until then: a SYN at that very instant comes after it. `taken` says what becomes
    /// of the ports of each stock; everything in use stands in `ledger`.
    pub fn go_through<T: Recorder>(
        &mut self,
        change: &Change,
        ledger: &mut Ledger,
        taken: impl Fn(u32) -> Taken,
        recorder: &mut T,
    ) {
        let Change {
            at,
            before: rules,
            migration,
        } = *change;
        self.cross_borders(rules, at, recorder);
        if let Some(migration) = migration {
            self.pending.change(|attempt| migration.lead(attempt));
        }
        let mut some_taken = false;
        let mut left = Vec::new();
        for (index, stock) in (0..).zip(&mut self.stocks) {
            let peaks = stock.change_limits(at, self.period_start);
            if at > rules.warmup {
                recorder.peaked(index, peaks);
            }
            let taken = taken(index);
            let taking = Taking {
                owners_leave: matches!(taken, Taken::WithNode),
                duration: rules.duration,
            };
            left.extend(taking.owners_leave.then_some(index));
            let count = match taken {
                Taken::None => 0,
                Taken::Some(mut lottery) => {
                    ledger.take_back(index, at, taking, || lottery.takes(), recorder)
                }
                Taken::All | Taken::WithNode => {
                    ledger.take_back(index, at, taking, || true, recorder)
                }
            };
            if count > 0 {
                stock.keep(at, ledger.times(index));
                some_taken = true;
            }
        }
        if some_taken {
            self.recount_under_ceilings(at, rules, ledger);
        }
        if !left.is_empty() {
            for attempt in self
                .pending
                .remove(|attempt| left.binary_search(&attempt.stock).is_ok())
            {
                recorder.pending(attempt.tag());
            }
        }
    }

    fn recount_under_ceilings(&mut self, at: u64, rules: &CellRules, ledger: &Ledger) {
        let stocks = self.stocks.len() as u32;
        for (scope, under_ceiling) in (0..).zip(&mut self.under_ceiling) {
            let of_scope = (0..stocks).filter(|stock| rules.scope(*stock) == scope);
            let kept = of_scope.flat_map(|stock| ledger.times(stock));
            under_ceiling.keep(at, kept.map(|(inactive_at, _)| inactive_at));
        }
    }
}

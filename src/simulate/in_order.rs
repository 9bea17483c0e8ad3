//! Runs cells that lose most of what arrives: what a full cell loses is counted and not looked at again.

use crate::engine::{Cell, CellRules, Class, Context, OneArrival, Releases, Sort};
use crate::record::GroupRecorder;
use crate::traffic::Stream;

/// Runs the cells of one class in the order of arrivals, not each on its own: what arrives at a cell that is known to be
/// full is only counted, neither dealt nor looked at again.
pub(super) fn run_in_order<R: Releases, const FULL: bool>(
    stream: &mut Stream,
    end: u64,
    cells: &mut [Cell<R>],
    rules: &CellRules,
    classes: &[Class],
    recorder: &mut GroupRecorder<FULL>,
) {
    let mut full = Full::default();
    let mut slot = 0..0;
    stream.hand_over(end, |arrivals| {
        let mut next = 0;
        loop {
            next += arrivals.pass_by(next, |at, cell| full.loses(at, cell));
            let Some(arrival) = arrivals.get(next) else {
                break;
            };
            next += 1;
            if arrival.at >= slot.end {
                for (index, cell) in cells.iter_mut().enumerate() {
                    full.settle(index, cell, recorder);
                }
                slot = recorder.open_slot(arrival.at);
            }
            let index = arrival.sort.cell() as usize;
            let cell = &mut cells[index];
            if arrival.at >= cell.next_border() {
                full.settle(index, cell, recorder);
            }
            recorder.listen_to(index);
            let mut context = Context {
                rules,
                classes,
                source: &mut OneArrival(Some(arrival)),
                recorder: &mut *recorder,
            };
            cell.run(&mut context, arrival.at + 1);
            if recorder.has_failure() {
                full.until[index] = cell.loses_until(rules, classes).min(slot.end);
            }
        }
    });
    for (index, cell) in cells.iter_mut().enumerate() {
        full.settle(index, cell, recorder);
    }
}

/// What is known of full cells that share a stream.
struct Full {
    /// Until when nothing that arrives gets a port.
    until: [u64; Sort::CELLS],
    /// Connections lost since that was known.
    lost: [u64; Sort::CELLS],
}

impl Default for Full {
    fn default() -> Self {
        Full {
            until: [0; Sort::CELLS],
            lost: [0; Sort::CELLS],
        }
    }
}

impl Full {
    /// Counts what arrives at a full cell; false where the cell may have a port for it.
    #[inline(always)]
    fn loses(&mut self, at: u64, cell: u32) -> bool {
        let lost = at < self.until[cell as usize];
        self.lost[cell as usize] += u64::from(lost);
        lost
    }

    /// Tells `cell` and the recorder what was counted, which has to be before the slot or a period of the cell ends.
    fn settle<R: Releases, const FULL: bool>(
        &mut self,
        index: usize,
        cell: &mut Cell<R>,
        recorder: &mut GroupRecorder<FULL>,
    ) {
        let connections = std::mem::take(&mut self.lost[index]);
        cell.lose_unseen(connections);
        recorder.listen_to(index);
        recorder.lost_unseen(connections);
    }
}

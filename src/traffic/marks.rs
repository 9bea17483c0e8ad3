//! Where an arrival goes and how its connection ends, from the random bits of its mark.

use super::Close;
use crate::engine::End;

/// How connections end, as thresholds for 32 random bits.
#[derive(Clone, Copy, Debug)]
pub struct Ends {
    fin: u64,
    rst: u64,
    abandon: u64,
    /// The end of all, where there is only one.
    pub(super) only: Option<End>,
}

impl Ends {
    /// Ends of TCP connections.
    pub fn tcp(close: Close) -> Ends {
        const WHOLE: f64 = (1u64 << 32) as f64;
        let only = [
            (close.fin, End::Fin),
            (close.rst, End::Rst),
            (close.abandon, End::Abandon),
            (close.unanswered, End::Unanswered),
        ];
        // Sums of weights may fall short of 1 by a rounding: what has no weight is never drawn.
        let until = |sum: f64, later: f64| {
            if later > 0.0 {
                (sum * WHOLE) as u64
            } else {
                WHOLE as u64
            }
        };
        let Close {
            fin,
            rst,
            abandon,
            unanswered,
        } = close;
        Ends {
            fin: until(fin, rst + abandon + unanswered),
            rst: until(fin + rst, abandon + unanswered),
            abandon: until(fin + rst + abandon, unanswered),
            only: only
                .iter()
                .find(|(weight, _)| *weight >= 1.0)
                .map(|(_, end)| *end),
        }
    }

    /// Ends of UDP flows.
    pub fn udp() -> Ends {
        Ends {
            fin: 0,
            rst: 0,
            abandon: 0,
            only: Some(End::Udp),
        }
    }

    #[inline]
    pub(super) fn end(&self, word: u64) -> End {
        let bits = word >> 32;
        match self.only {
            Some(end) => end,
            None if bits < self.fin => End::Fin,
            None if bits < self.rst => End::Rst,
            None if bits < self.abandon => End::Abandon,
            None => End::Unanswered,
        }
    }
}

/// How an arrival finds its cell: alias tables over the nodes of a block (Walker, 1977).
#[derive(Clone, Debug)]
pub struct CellMarks {
    /// Threshold below which the column's own cell is taken, its own cell, its alias.
    pub(super) columns: Vec<(u32, u32, u32)>,
}

impl CellMarks {
    /// All arrivals go to `cell`.
    pub fn one(cell: u32) -> CellMarks {
        CellMarks {
            columns: vec![(u32::MAX, cell, cell)],
        }
    }

    /// Arrivals go to `(cell, weight)`; weights are above 0 and need not sum to 1.
    pub fn weighted(cells: &[(u32, f64)]) -> CellMarks {
        const WHOLE: f64 = u32::MAX as f64;
        let mean = cells.iter().map(|(_, weight)| weight).sum::<f64>() / cells.len() as f64;
        let mut scaled: Vec<f64> = cells.iter().map(|(_, weight)| weight / mean).collect();
        let mut columns: Vec<_> = cells
            .iter()
            .map(|(cell, _)| (u32::MAX, *cell, *cell))
            .collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..cells.len()).partition(|i| scaled[*i] < 1.0);
        while let (Some(poor), Some(rich)) = (small.pop(), large.last().copied()) {
            columns[poor].0 = (scaled[poor] * WHOLE) as u32;
            columns[poor].2 = cells[rich].0;
            scaled[rich] -= 1.0 - scaled[poor];
            if scaled[rich] < 1.0 {
                large.pop();
                small.push(rich);
            }
        }
        CellMarks { columns }
    }

    /// Cell `i` is cell `new[i]` from now on.
    pub fn renumber(&mut self, new: &[u32]) {
        for (_, own, alias) in &mut self.columns {
            *own = new[*own as usize];
            *alias = new[*alias as usize];
        }
    }

    pub(super) fn is_one(&self) -> bool {
        self.columns.len() == 1
    }

    /// The first cell, if all have the same weight and follow each other.
    pub(super) fn even_from(&self) -> Option<u32> {
        const NEARLY_ALL: u32 = u32::MAX - 8;
        let first = self.columns[0].1;
        let even = (first..)
            .zip(&self.columns)
            .all(|(cell, (threshold, own, _))| *own == cell && *threshold >= NEARLY_ALL);
        even.then_some(first)
    }

    #[inline]
    pub(super) fn cell(&self, word: u64) -> u32 {
        let scaled = (word & 0xFFFF_FFFF) * self.columns.len() as u64;
        let (threshold, own, alias) = self.columns[(scaled >> 32) as usize];
        if (scaled as u32) < threshold {
            own
        } else {
            alias
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traffic::lanes::{self, Lanes};
    use crate::units::Seed;

    const DRAWS: usize = 1 << 20;

    #[test]
    fn marks_share_arrivals_out_by_weight() {
        let weights = [(0, 0.5), (3, 0.25), (4, 0.125), (9, 0.125)];
        let marks = CellMarks::weighted(&weights);
        let mut lanes = Lanes::new(Seed(5));
        let mut words = vec![0; DRAWS];
        lanes::words(&mut lanes, &mut words);
        for (cell, weight) in weights {
            let n = words
                .iter()
                .filter(|word| marks.cell(**word) == cell)
                .count() as f64;
            let se = (DRAWS as f64 * weight * (1.0 - weight)).sqrt();
            assert!(
                (n - DRAWS as f64 * weight).abs() < 4.5 * se,
                "cell {cell}: {n}"
            );
        }
    }
}

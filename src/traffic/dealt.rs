//! The arrivals of a window, dealt to their cells.

use crate::engine::{Arrival, End, Sort};

/// Arrivals by cell, each cell's in the order in which they were dealt: one buffer with as much room for every cell.
#[derive(Clone, Debug)]
pub struct Dealt {
    slots: Vec<Arrival>,
    /// Arrivals that a cell has room for.
    room: usize,
    cells: usize,
    /// What of an arrival's mark is its cell: nothing where it is marked with something else, and there is one cell.
    mask: usize,
    /// By cell, the slot of its next arrival.
    next: [usize; Sort::CELLS],
}

const NONE: Arrival = Arrival {
    at: 0,
    life: 0,
    id: 0,
    sort: Sort::new(0, 0, End::Fin),
};

impl Dealt {
    /// No arrivals, for `cells` cells, at most [`Sort::CELLS`].
    pub fn new(cells: usize) -> Self {
        let mut dealt = Dealt {
            slots: Vec::new(),
            room: 0,
            cells,
            mask: usize::MAX,
            next: [0; Sort::CELLS],
        };
        dealt.clear();
        dealt
    }

    /// Forgets all arrivals.
    pub fn clear(&mut self) {
        for (cell, next) in self.next.iter_mut().enumerate() {
            *next = cell * self.room;
        }
    }

    /// No arrivals, for `cells` cells from now on.
    pub fn reset(&mut self, cells: usize) {
        self.cells = cells;
        self.mask = usize::MAX;
        self.slots.resize(cells * self.room, NONE);
        self.clear();
    }

    /// No arrivals, for one cell whose arrivals are marked with something else.
    pub fn reset_to_one(&mut self) {
        self.reset(1);
        self.mask = 0;
    }

    /// Cells there are.
    pub fn cells(&self) -> usize {
        self.cells
    }

    fn filled(&self, cell: usize) -> usize {
        self.next[cell] - cell * self.room
    }

    /// The arrivals of `cell`.
    pub fn of(&self, cell: usize) -> &[Arrival] {
        &self.slots[cell * self.room..self.next[cell]]
    }

    /// The arrivals of `cell`, to be put in order.
    pub fn of_mut(&mut self, cell: usize) -> &mut [Arrival] {
        &mut self.slots[cell * self.room..self.next[cell]]
    }

    /// Makes room for `more` further arrivals of any cell.
    fn reserve(&mut self, more: usize) {
        let fullest = (0..self.cells).map(|cell| self.filled(cell)).max();
        let wanted = fullest.unwrap_or(0) + more;
        if wanted <= self.room {
            return;
        }
        let mut wider = Dealt {
            room: wanted.next_power_of_two(),
            ..Dealt::new(0)
        };
        wider.reset(self.cells);
        wider.mask = self.mask;
        for cell in 0..self.cells {
            for arrival in self.of(cell) {
                wider.put(*arrival);
            }
        }
        *self = wider;
    }

    /// Deals one arrival to its cell, for which there must be room.
    #[inline(always)]
    fn put(&mut self, arrival: Arrival) {
        let next = &mut self.next[arrival.sort.cell() as usize & self.mask];
        self.slots[*next] = arrival;
        *next += 1;
    }

    /// Deals arrivals, each to its own cell.
    #[inline(always)]
    pub fn deal(&mut self, arrivals: impl ExactSizeIterator<Item = Arrival>) {
        self.reserve(arrivals.len());
        for arrival in arrivals {
            self.put(arrival);
        }
    }
}

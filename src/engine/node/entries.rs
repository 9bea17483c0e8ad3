//! Connections in the table of a node that may be evicted before their time.

use super::words::Address;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A connection in the table, until it is forgotten or evicted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub address: Address,
    pub key: u32,
    pub as_node: bool,
    pub until: u64,
}

/// The place of an entry, and how many had it before.
pub(super) type EntryName = (u32, u32);

/// Connections in the table that may be evicted.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub places: Vec<(u32, Entry)>,
    pub free: Vec<u32>,
}

impl Entries {
    pub fn add(&mut self, entry: Entry) -> EntryName {
        if let Some(place) = self.free.pop() {
            let (before, at) = &mut self.places[place as usize];
            *at = entry;
            return (place, *before);
        }
        self.places.push((0, entry));
        (self.places.len() as u32 - 1, 0)
    }

    /// Removes an entry; none where it is gone.
    pub fn remove(&mut self, (place, before): EntryName) -> Option<Entry> {
        let (now, entry) = &mut self.places[place as usize];
        if *now != before {
            return None;
        }
        *now = now.wrapping_add(1);
        self.free.push(place);
        Some(*entry)
    }

    /// Removes the first of those of `queue` whose time has come by `at` and that are not forgotten.
    pub fn first_there(
        &mut self,
        queue: &mut BinaryHeap<Reverse<(u64, EntryName)>>,
        at: u64,
    ) -> Option<Entry> {
        while queue.peek().is_some_and(|Reverse((since, _))| *since <= at) {
            let Reverse((_, name)) = queue.pop()?;
            if let Some(entry) = self.remove(name).filter(|entry| entry.until > at) {
                return Some(entry);
            }
        }
        None
    }

    /// Removes those at the head of `queue` that are forgotten by `at`.
    pub fn forget_past(&mut self, queue: &mut BinaryHeap<Reverse<(u64, EntryName)>>, at: u64) {
        while let Some(Reverse((_, name))) = queue.peek() {
            let (now, entry) = &self.places[name.0 as usize];
            if *now == name.1 && entry.until > at {
                return;
            }
            self.remove(*name);
            queue.pop();
        }
    }
}

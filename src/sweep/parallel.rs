//! Work in parallel, its results in order, with a bound on what is in flight.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

/// Most results that wait for an earlier one.
const WINDOW: u64 = 1_024;

/// What the threads share.
struct State<I, T, E, F> {
    next: I,
    emit: F,
    claimed: u64,
    emitted: u64,
    /// By place in the order: the item and its result.
    waiting: BTreeMap<u64, (u64, T)>,
    failed: Option<E>,
    stopped: bool,
}

/// Runs `work` on every item, `at_once` of them at a time, and hands the results to `emit` in the order of the items.
///
/// The items in work are held by threads of their own, which do no work but wait for the pool's: a pool's thread that
/// waits would begin another item inside the first, with no bound on the depth.
///
/// # Errors
/// The first of `work` or `emit`; what is in work then is finished and dropped.
pub fn in_order<T: Send, E: Send>(
    items: impl Iterator<Item = u64> + Send,
    at_once: usize,
    work: impl Fn(u64) -> Result<T, E> + Sync,
    emit: impl FnMut(u64, T) -> Result<(), E> + Send,
) -> Result<(), E> {
    let state = Mutex::new(State {
        next: items,
        emit,
        claimed: 0,
        emitted: 0,
        waiting: BTreeMap::new(),
        failed: None,
        stopped: false,
    });
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                let _alarm = Alarm(&state, &changed);
                while let Some((place, item)) = claim(&state, &changed) {
                    let result = work(item);
                    let mut state = state.lock().expect(NO_PANIC);
                    match result {
                        Err(error) => state.fail(error),
                        Ok(result) => {
                            state.waiting.insert(place, (item, result));
                            state.hand_over();
                        }
                    }
                    changed.notify_all();
                }
            });
        }
    });
    match state.into_inner().expect(NO_PANIC).failed {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// The next item and its place in the order; none when there is no more to do.
fn claim<I: Iterator<Item = u64>, T, E, F>(
    state: &Mutex<State<I, T, E, F>>,
    changed: &Condvar,
) -> Option<(u64, u64)> {
    let state = state.lock().expect(NO_PANIC);
    let mut state = changed
        .wait_while(state, |state| {
            !state.stopped && state.claimed - state.emitted >= WINDOW
        })
        .expect(NO_PANIC);
    if state.stopped {
        return None;
    }
    let item = state.next.next()?;
    state.claimed += 1;
    Some((state.claimed - 1, item))
}

impl<I, T, E, F: FnMut(u64, T) -> Result<(), E>> State<I, T, E, F> {
    /// Emits what is next in the order, as far as it is there.
    fn hand_over(&mut self) {
        while !self.stopped
            && let Some((item, result)) = self.waiting.remove(&self.emitted)
        {
            self.emitted += 1;
            if let Err(error) = (self.emit)(item, result) {
                self.fail(error);
            }
        }
    }

    fn fail(&mut self, error: E) {
        self.stopped = true;
        self.failed.get_or_insert(error);
    }
}

/// Stops the others when its thread panics, so that none waits for what will never come.
struct Alarm<'s, I, T, E, F>(&'s Mutex<State<I, T, E, F>>, &'s Condvar);

impl<I, T, E, F> Drop for Alarm<'_, I, T, E, F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Ok(mut state) = self.0.lock() {
                state.stopped = true;
            }
            self.1.notify_all();
        }
    }
}

/// Locks are poisoned only by a panic, which ends the run anyway.
const NO_PANIC: &str = "no thread panicked";

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn results_come_in_order_whoever_is_first_and_no_more_than_allowed_are_in_work() {
        for at_once in [1, 3, 8] {
            let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
            let mut seen = Vec::new();
            let work = |item: u64| {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Every seventh takes longer than those after it.
                for _ in 0..if item.is_multiple_of(7) { 200 } else { 1 } {
                    std::thread::yield_now();
                }
                now.fetch_sub(1, Ordering::SeqCst);
                Ok::<u64, ()>(item * 2)
            };
            let emit = |item, result| {
                seen.push((item, result));
                Ok(())
            };
            in_order((0..5_000).filter(|item| item % 3 == 0), at_once, work, emit).unwrap();
            let expected: Vec<(u64, u64)> = (0..5_000)
                .filter(|item| item % 3 == 0)
                .map(|item| (item, item * 2))
                .collect();
            assert_eq!(seen, expected);
            assert!(most.into_inner() <= at_once as u64);
        }
    }

    #[test]
    fn the_first_error_stops_the_rest() {
        let begun = AtomicU64::new(0);
        let work = |item| {
            begun.fetch_add(1, Ordering::SeqCst);
            if item == 10 { Err("ten") } else { Ok(item) }
        };
        let failed = in_order(0..1_000_000, 4, work, |_, _| Ok(()));
        assert_eq!(failed, Err("ten"));
        assert!(begun.into_inner() < 100_000);
        let failed = in_order(0..1_000_000, 4, Ok, |item, _| {
            if item == 5 { Err("full") } else { Ok(()) }
        });
        assert_eq!(failed, Err("full"));
    }

    #[test]
    fn a_panic_ends_it_for_all() {
        let work = |item: u64| {
            assert!(item != 3, "a fault of ours");
            Ok::<u64, ()>(item)
        };
        let run = || in_order(0..1_000_000, 4, work, |_, _| Ok(()));
        assert!(std::panic::catch_unwind(run).is_err());
    }
}

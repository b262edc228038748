//! When to do what.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// So many a second, from a moment on.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: f64,
    since: Instant,
    done: u64,
}

impl Pace {
    pub(super) fn new(per_second: f64) -> Self {
        Self { per_second, since: Instant::now(), done: 0 }
    }

    /// How many are due. They are as good as done.
    pub(super) fn due(&mut self, now: Instant) -> u64 {
        let due = (now.duration_since(self.since).as_secs_f64() * self.per_second) as u64;
        due.saturating_sub(std::mem::replace(&mut self.done, due))
    }
}

/// Things to be done later.
#[derive(Debug)]
pub(super) struct Later<T>(BinaryHeap<Reverse<(Instant, T)>>);

impl<T: Ord> Later<T> {
    pub(super) const fn new() -> Self {
        Self(BinaryHeap::new())
    }

    pub(super) fn add(&mut self, when: Instant, what: T) {
        self.0.push(Reverse((when, what)));
    }

    /// The next thing, if it is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<T> {
        self.0.peek().filter(|Reverse((when, _))| *when <= now)?;
        self.0.pop().map(|Reverse((_, what))| what)
    }
}

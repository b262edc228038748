//! The heap, counted.

use std::alloc::System;
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What has been allocated: since the beginning, or in between.
pub(crate) struct Heap(Stats);

impl Heap {
    pub(crate) fn now() -> Self {
        Self(ALLOCATOR.stats())
    }

    /// What was asked for since.
    pub(crate) fn since(&self) -> Self {
        Self(ALLOCATOR.stats() - self.0)
    }

    /// What there is once it has not become less for a while.
    pub(crate) fn settled() -> Self {
        let (mut least, mut since) = (Self::now(), Instant::now());
        while since.elapsed() < Duration::from_millis(500) {
            thread::sleep(Duration::from_millis(1));
            let now = Self::now();
            if now.live() < least.live() {
                (least, since) = (now, Instant::now());
            }
        }
        least
    }

    /// Bytes that were asked for and have not been given back.
    pub(crate) fn live(&self) -> usize {
        self.0.bytes_allocated - self.0.bytes_deallocated
    }

    /// Bytes that were asked for.
    pub(crate) fn bytes(&self) -> usize {
        self.0.bytes_allocated
    }

    /// How often some were.
    pub(crate) fn pieces(&self) -> usize {
        self.0.allocations + self.0.reallocations
    }
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes in {} pieces", self.bytes(), self.pieces())
    }
}

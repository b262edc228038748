//! The heap of this process.

use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pintle_tests::PATIENCE;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What stays of tables and queues that chance has let grow, whoever they belong to.
pub(crate) const SLACK: usize = 64 * 1024;

/// The heap, for one test at a time.
pub(crate) struct Heap {
    _alone: MutexGuard<'static, ()>,
}

impl Heap {
    /// Waits until the tests before are done.
    pub(crate) fn alone() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        // A test that failed leaves nothing broken behind.
        Self { _alone: ALONE.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Bytes that are allocated.
    pub(crate) fn live(&self) -> usize {
        let stats = ALLOCATOR.stats();
        stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
    }

    /// Bytes that were ever allocated.
    pub(crate) fn allocated(&self) -> usize {
        ALLOCATOR.stats().bytes_allocated
    }

    /// What is allocated once it has not become less for a while.
    pub(crate) fn settled(&self) -> usize {
        let (mut least, mut since) = (self.live(), Instant::now());
        while since.elapsed() < Duration::from_millis(300) {
            thread::sleep(Duration::from_millis(1));
            if self.live() < least {
                (least, since) = (self.live(), Instant::now());
            }
        }
        least
    }

    /// Waits until there is no more than this.
    #[track_caller]
    pub(crate) fn falls_to(&self, most: usize) {
        until(|| self.live() <= most, || format!("{} bytes stay, {} more than may", self.live(), self.live() - most));
    }
}

/// Waits until something is so.
#[track_caller]
pub(crate) fn until(is_so: impl Fn() -> bool, otherwise: impl Fn() -> String) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{}", otherwise());
        thread::sleep(Duration::from_millis(1));
    }
}

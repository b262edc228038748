//! What an input costs, counted at the allocator: unlike time, it is the same on a busy machine.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What the test program may ask for meanwhile, in a thread of its own.
const OTHERS: usize = 1024;

/// Runs something, and asserts that it asks for at most `times` its input's bytes, and `more`.
///
/// All that is asked for is counted, whether it is given back or not: so what is copied again and again is seen as well.
/// The count is that of the process. Nothing else of any size may run.
pub(crate) fn bounded<T>(input: usize, times: usize, more: usize, run: impl FnOnce() -> T) -> T {
    let region = Region::new(ALLOCATOR);
    let result = run();
    let asked = region.change().bytes_allocated;
    let most = times * input + more + OTHERS;
    assert!(asked <= most, "{asked} bytes were asked for, and {most} are the most for an input of {input}");
    result
}

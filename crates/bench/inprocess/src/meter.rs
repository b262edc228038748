//! What this process costs.

use std::fs;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// CPU time that this process has taken, in user space and in the kernel.
pub(crate) fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("every process has this clock").into()
}

/// The CPU time that `work` takes.
pub(crate) fn cpu_of(work: impl FnOnce()) -> Duration {
    let before = cpu();
    work();
    cpu() - before
}

/// Bytes of this process that are in memory. What `status` says is a counter that lags behind; this is counted page by page.
pub(crate) fn resident() -> u64 {
    let rollup = fs::read_to_string("/proc/self/smaps_rollup").expect("this is Linux");
    let line = rollup.lines().find_map(|line| line.strip_prefix("Rss:")).expect("Linux says so");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("Linux says it in kB");
    kilobytes * 1024
}

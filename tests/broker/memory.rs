//! What this process occupies.

use std::fs;

use tokio::sync::{Mutex, MutexGuard};

/// Waits until no other test needs much memory: it is that of the process which is measured.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

/// Mebibytes that are resident.
pub(crate) fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the kernel says what a process occupies");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("as long as it runs");
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim_end().parse().expect("a number");
    kibibytes / 1024
}

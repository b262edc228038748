//! Waiting: always for something, never for longer than a broken server deserves.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long a test waits before it calls what it waits for missing. Far above what a loaded machine needs.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The value of `future`.
///
/// # Panics
///
/// When it takes longer than [`PATIENCE`]; `what` says in the message what was missing.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {PATIENCE:?} in vain: {what}"),
    }
}

/// Waits until `condition` holds.
///
/// # Panics
///
/// When it does not hold within [`PATIENCE`]; `what` says in the message what was missing.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

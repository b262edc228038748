//! How a test waits.

use std::time::Duration;

/// Waits for what must come. After a minute, by the clock of the test, it is said to be missing: only a broken program gets
/// there.
pub(crate) async fn within<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("what must come does not")
}

/// Lets every task run until it has nothing left to do. Only for a paused clock, which moves when nobody else does.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

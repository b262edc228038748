//! How a test waits.

use std::time::Duration;

/// Waits for what must come. After a minute, by the clock of the test, it is said to be missing: only a broken program gets
/// there.
pub(crate) async fn within<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("what must come does not")
}

/// Waits until something is so, as long as [`within`] does.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    within(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

/// Lets every task run until it has nothing left to do. Only for a paused clock, which moves when nobody else does.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

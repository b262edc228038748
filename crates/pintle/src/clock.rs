//! The one place of this crate that waits for time to pass.

use std::future::Future;
use std::time::Duration;

/// The output of `future`, or `None` if it takes longer than `limit`.
pub(crate) async fn within<F: Future>(limit: Duration, future: F) -> Option<F::Output> {
    tokio::time::timeout(limit, future).await.ok()
}

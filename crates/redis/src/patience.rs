//! How long Redis may take to answer.

use std::future::Future;
use std::io;

use redis::RedisResult;

/// Waits for an answer, for five seconds at most.
pub(crate) async fn answered<T>(answer: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    let late = || Err(io::Error::new(io::ErrorKind::TimedOut, "the server does not answer").into());
    pintle_broker::answered(answer).await.unwrap_or_else(late)
}

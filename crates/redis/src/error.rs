//! Why there is no connection.

use std::error::Error;
use std::fmt;

use redis::RedisError;

/// A broker that cannot be used: it is not there, turns us away, or is no Redis.
#[derive(Debug)]
pub struct ConnectError {
    what: String,
    cause: RedisError,
}

impl ConnectError {
    /// `place` is an address, and holds no password.
    pub(crate) fn unreachable(place: &str, cause: RedisError) -> Self {
        Self { what: format!("cannot connect to Redis at {place}"), cause }
    }

    /// The URL itself is not shown: there may be a password in it.
    pub(crate) fn bad_url(cause: RedisError) -> Self {
        Self { what: "the URL of Redis cannot be used".to_owned(), cause }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.cause)
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

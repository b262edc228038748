//! Why there is no connection.

use std::error::Error;
use std::fmt;

/// A PostgreSQL that cannot be used: it is not there, turns us away, or lacks what we need. No password is ever in it.
#[derive(Debug)]
pub struct ConnectError {
    what: String,
    cause: Option<tokio_postgres::Error>,
}

impl ConnectError {
    /// `place` holds no password.
    pub(crate) fn unreachable(place: &str, cause: tokio_postgres::Error) -> Self {
        Self { what: format!("cannot use PostgreSQL at {place}"), cause: Some(cause) }
    }

    /// It did not answer in time.
    pub(crate) fn silent(place: &str) -> Self {
        Self { what: format!("PostgreSQL at {place} does not answer"), cause: None }
    }

    /// What was said is no good.
    pub(crate) fn unusable(what: String) -> Self {
        Self { what, cause: None }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => write!(f, "{}: {}", self.what, told(cause)),
            None => f.write_str(&self.what),
        }
    }
}

/// All causes are in the text, so none is named as the source: whoever prints the chain would read them twice.
impl Error for ConnectError {}

/// An error with what caused it: by itself it says little.
pub(crate) fn told(error: &tokio_postgres::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

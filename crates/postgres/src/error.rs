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
        f.write_str(&self.what)?;
        // Its own words are few: what happened is in what caused it.
        let mut cause: Option<&dyn Error> = self.cause.as_ref().map(|cause| cause as _);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// All causes are in the text, so none is named as the source: whoever prints the chain would read them twice.
impl Error for ConnectError {}

//! The one place of this crate that reads the clock.

use std::time::Instant;

/// An instant to count from. The machines compare instants and never ask what time it is, so any will do.
pub(crate) fn start() -> Instant {
    Instant::now()
}

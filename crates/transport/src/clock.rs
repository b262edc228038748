//! The one place of this crate that reads the clock.

use std::time::Instant;

/// The time, as tokio has it: a paused runtime pauses us too.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

//! The one place of this crate that reads the clock.

use std::time::{Instant, SystemTime};

/// The time, as tokio has it: a paused runtime pauses us too.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The time of day, which nothing here waits by.
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

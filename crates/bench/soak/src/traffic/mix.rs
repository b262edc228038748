//! Who takes part.

use std::time::Duration;

use crate::options::{Effort, Heartbeat};

/// How many of whom, and what they do. Rates are per second, of all together.
#[derive(Clone, Debug)]
pub(crate) struct Mix {
    pub(crate) seed: u64,
    /// Clients that stay.
    pub(crate) talkers: usize,
    /// How fast they come.
    pub(crate) ramp: f64,
    /// So many of a hundred come over long-polling.
    pub(crate) polling: u64,
    /// A client that came over long-polling moves to a WebSocket within this time.
    pub(crate) upgrade_within: Duration,
    /// Events from clients that stay, which are answered and acknowledged.
    pub(crate) ups: f64,
    /// So many of a hundred have an attachment.
    pub(crate) binary: u64,
    /// Rooms that clients are in, each in one; 0 for none.
    pub(crate) rooms: usize,
    /// Events to a room.
    pub(crate) says: f64,
    /// The bytes of an event to a room.
    pub(crate) say_bytes: usize,
    /// Clients that come, and soon die, in four ways.
    pub(crate) churn: f64,
    /// Connections on which others send what nobody should.
    pub(crate) hostile: usize,
    /// Clients that read little at a time.
    pub(crate) slow: usize,
    /// Clients that do not read at all.
    pub(crate) stuck: usize,
    /// When the server must have closed those.
    pub(crate) stuck_for: Duration,
    pub(crate) heartbeat: Heartbeat,
}

impl Mix {
    /// Clients that come over WebSockets, and do nothing.
    pub(crate) fn idle(effort: &Effort, talkers: usize) -> Self {
        Self {
            seed: effort.seed,
            talkers,
            ramp: 2000.0,
            polling: 0,
            upgrade_within: Duration::from_secs(10),
            ups: 0.0,
            binary: 5,
            rooms: 0,
            says: 0.0,
            say_bytes: 64,
            churn: 0.0,
            hostile: 0,
            slow: 0,
            stuck: 0,
            stuck_for: Duration::from_secs(40),
            heartbeat: effort.heartbeat(),
        }
    }
}

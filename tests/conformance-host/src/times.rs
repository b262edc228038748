//! How long things take.

use std::time::Duration;

/// The intervals and limits of both servers.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// From the open packet, or an answered heartbeat, to the next heartbeat.
    pub ping_interval: Duration,
    /// From a heartbeat to the end of a client that does not answer.
    pub ping_timeout: Duration,
    /// From the first word about an upgrade to the end of the attempt.
    pub upgrade_timeout: Duration,
    /// From the handshake to the end of a client that joins no namespace.
    pub connect_timeout: Duration,
}

impl Times {
    /// What the official suites expect.
    pub const SUITES: Self = Self {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_millis(200),
        connect_timeout: Duration::from_secs(1),
        ..Self::CALM
    };
    /// Node's defaults: nothing happens of itself while a test runs.
    pub const CALM: Self = Self {
        ping_interval: Duration::from_secs(25),
        ping_timeout: Duration::from_secs(20),
        upgrade_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(45),
    };
}

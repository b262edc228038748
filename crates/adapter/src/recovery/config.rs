//! How much is kept for clients that may come back.

use std::time::Duration;

/// How much is kept for clients that may come back, and for how long: `connectionStateRecovery` in Node.
#[derive(Clone, Debug)]
pub struct RecoveryConfig {
    max_disconnection: Duration,
    max_packets: usize,
    max_bytes: usize,
    max_sessions: usize,
}

/// Times within reason: so little that no clock overflows. Who says `Duration::MAX` means never, and a year is that.
fn bounded(time: Duration) -> Duration {
    time.min(Duration::from_secs(365 * 24 * 3600))
}

impl Default for RecoveryConfig {
    fn default() -> Self {
        Self {
            max_disconnection: Duration::from_secs(120),
            max_packets: 10_000,
            max_bytes: 16 * 1024 * 1024,
            max_sessions: 10_000,
        }
    }
}

impl RecoveryConfig {
    /// The longest time between the loss of a connection and its recovery.
    pub fn max_disconnection(&self) -> Duration {
        self.max_disconnection
    }

    /// Sets within which time a client must come back to find its session. Default: 2 min, as Node's
    /// `maxDisconnectionDuration`.
    ///
    /// A packet is kept as long. It may have been sent before the server noticed that the client was gone, so that a
    /// client of a busy namespace has less by the time that this took: at most a ping's interval and timeout.
    pub fn set_max_disconnection(&mut self, value: Duration) -> &mut Self {
        self.max_disconnection = bounded(value);
        self
    }

    /// The most packets kept of a namespace.
    pub fn max_packets(&self) -> usize {
        self.max_packets
    }

    /// Sets how many packets of a namespace are kept. Default: 10,000; Node keeps all that are young enough.
    ///
    /// It limits what a busy namespace costs in memory, and for how long its log is looked through for one client. When
    /// more is sent in the meantime, clients that missed some of it start afresh.
    pub fn set_max_packets(&mut self, value: usize) -> &mut Self {
        self.max_packets = value;
        self
    }

    /// The most bytes of the packets kept of a namespace.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Sets how many bytes the packets that are kept of a namespace may have together. Default: 16 MiB; Node keeps all
    /// that are young enough.
    ///
    /// A packet that is larger by itself is sent and not kept, and whoever was away then starts afresh.
    pub fn set_max_bytes(&mut self, value: usize) -> &mut Self {
        self.max_bytes = value;
        self
    }

    /// The most sessions kept of a namespace.
    pub fn max_sessions(&self) -> usize {
        self.max_sessions
    }

    /// Sets how many sessions of a namespace are kept. Default: 10,000; Node keeps all that are young enough.
    ///
    /// It limits what clients cost that connect only to be gone again. Beyond it, those that left first start afresh.
    pub fn set_max_sessions(&mut self, value: usize) -> &mut Self {
        self.max_sessions = value;
        self
    }
}

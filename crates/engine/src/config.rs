//! Limits and intervals of a session, each with its reason.

use std::fmt;
use std::time::Duration;

/// A way for packets to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportKind {
    /// HTTP long-polling: a GET waits for what the server has to say, a POST carries what the client says.
    Polling,
    /// One WebSocket.
    WebSocket,
}

impl TransportKind {
    /// The name in queries and in the open packet.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "polling" => Some(Self::Polling),
            "websocket" => Some(Self::WebSocket),
            _ => None,
        }
    }
}

impl fmt::Display for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What becomes of a client that is sent more than may wait for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// Its session closes: what it gets is whole, or it is told that it missed something by being cut off.
    #[default]
    Close,
    /// It goes without the packet that does not fit, all of it. Who sent it is told, and the session goes on.
    Refuse,
}

/// What every session of a server is held to.
///
/// No value is nonsense: times are at least a millisecond and at most a year, and amounts of which none would leave a
/// session that can do nothing are at least 1.
#[derive(Clone, Debug)]
pub struct Config {
    ping_interval: Duration,
    ping_timeout: Duration,
    upgrade_timeout: Duration,
    close_timeout: Duration,
    farewell_timeout: Duration,
    write_timeout: Duration,
    min_write_progress: usize,
    body_idle_timeout: Duration,
    body_timeout: Duration,
    message_timeout: Duration,
    max_fragments: usize,
    max_payload: usize,
    max_queued_bytes: usize,
    max_queued_packets: usize,
    overflow: Overflow,
    polling: bool,
    websocket: bool,
    allow_upgrades: bool,
}

/// Times within reason: at least what a timer can tell from nothing, and so little that no clock overflows. Who says
/// `Duration::MAX` means never, and a year is that.
fn bounded(time: Duration) -> Duration {
    time.clamp(Duration::from_millis(1), Duration::from_secs(365 * 24 * 3600))
}

impl Default for Config {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(30),
            farewell_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(20),
            min_write_progress: 4096,
            body_idle_timeout: Duration::from_secs(20),
            body_timeout: Duration::from_secs(60),
            message_timeout: Duration::from_secs(60),
            max_fragments: 1024,
            max_payload: 1_000_000,
            max_queued_bytes: 1024 * 1024,
            max_queued_packets: 16 * 1024,
            overflow: Overflow::default(),
            polling: true,
            websocket: true,
            allow_upgrades: true,
        }
    }
}

impl Config {
    /// Time between a client's answer and the next heartbeat. 25 s, as in Node; proxies commonly cut at 60 s.
    pub fn set_ping_interval(&mut self, interval: Duration) -> &mut Self {
        self.ping_interval = bounded(interval);
        self
    }

    /// How long a client may take to answer a heartbeat. 20 s, as in Node.
    pub fn set_ping_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.ping_timeout = bounded(timeout);
        self
    }

    /// How long a probed transport may take to become the session's. 10 s, as in Node. It bounds what a client can hold
    /// open without using it.
    pub fn set_upgrade_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.upgrade_timeout = bounded(timeout);
        self
    }

    /// How long a closing session waits for its client to fetch what is left. 30 s, as in Node: it is what a polling client
    /// that does not come back can delay the end by.
    pub fn set_close_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.close_timeout = bounded(timeout);
        self
    }

    /// How long the peer of a WebSocket may take to hang up after the last words of a session that is over. 5 s: to hang up
    /// first, with bytes unread, could have those words dropped on their way. Node's `ws` gives it 30 s.
    pub fn set_farewell_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.farewell_timeout = bounded(timeout);
        self
    }

    /// How long a WebSocket may take for the [least](Self::set_min_write_progress) that it must take. 20 s: a stuck reader
    /// holds its outbox no longer than a silent client holds its session.
    pub fn set_write_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.write_timeout = bounded(timeout);
        self
    }

    /// How many bytes a WebSocket must take within each [write timeout](Self::set_write_timeout), if it does not take all
    /// that waits. 4096: a reader of one byte a second would otherwise hold its outbox for days.
    pub fn set_min_write_progress(&mut self, bytes: usize) -> &mut Self {
        self.min_write_progress = bytes.max(1);
        self
    }

    /// How long the body of a POST may pause. 20 s: what has come of it is held meanwhile.
    pub fn set_body_idle_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.body_idle_timeout = bounded(timeout);
        self
    }

    /// How long the body of a POST may take as a whole. 60 s, however busily it dribbles in.
    pub fn set_body_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.body_timeout = bounded(timeout);
        self
    }

    /// How long a WebSocket message may take from its first byte to its last, in one frame or in several. 60 s: what has
    /// come of it is held meanwhile.
    pub fn set_message_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.message_timeout = bounded(timeout);
        self
    }

    /// The most frames of one WebSocket message. 1024: frames without content cost work, and no limit of size counts them.
    pub fn set_max_fragments(&mut self, fragments: usize) -> &mut Self {
        self.max_fragments = fragments.max(1);
        self
    }

    /// The most bytes of one request's body or of one WebSocket message. 1,000,000, as in Node, and told to the client.
    pub fn set_max_payload(&mut self, bytes: usize) -> &mut Self {
        self.max_payload = bytes.max(1);
        self
    }

    /// The most bytes that wait for a slow client. 1 MiB: a thousand stuck readers cost a gigabyte, and no more. A client
    /// that keeps up may be given eight times as much in one go.
    pub fn set_max_queued_bytes(&mut self, bytes: usize) -> &mut Self {
        self.max_queued_bytes = bytes.max(1);
        self
    }

    /// The most packets that wait for a slow client. 16,384: small packets cost more in the queue than on the wire. A
    /// client that keeps up may be given eight times as many in one go.
    pub fn set_max_queued_packets(&mut self, packets: usize) -> &mut Self {
        self.max_queued_packets = packets.max(1);
        self
    }

    /// What becomes of a client that is sent more than that. Its session [closes](Overflow::Close).
    pub fn set_overflow(&mut self, overflow: Overflow) -> &mut Self {
        self.overflow = overflow;
        self
    }

    /// The transports on offer. Both, as in Node.
    pub fn set_transports(&mut self, transports: impl IntoIterator<Item = TransportKind>) -> &mut Self {
        (self.polling, self.websocket) = (false, false);
        for transport in transports {
            match transport {
                TransportKind::Polling => self.polling = true,
                TransportKind::WebSocket => self.websocket = true,
            }
        }
        self
    }

    /// Whether a polling session may become a WebSocket session. Yes, as in Node.
    pub fn set_allow_upgrades(&mut self, allow: bool) -> &mut Self {
        self.allow_upgrades = allow;
        self
    }

    /// See [`set_ping_interval`](Self::set_ping_interval).
    pub const fn ping_interval(&self) -> Duration {
        self.ping_interval
    }

    /// See [`set_ping_timeout`](Self::set_ping_timeout).
    pub const fn ping_timeout(&self) -> Duration {
        self.ping_timeout
    }

    /// See [`set_upgrade_timeout`](Self::set_upgrade_timeout).
    pub const fn upgrade_timeout(&self) -> Duration {
        self.upgrade_timeout
    }

    /// See [`set_close_timeout`](Self::set_close_timeout).
    pub const fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// See [`set_farewell_timeout`](Self::set_farewell_timeout).
    pub const fn farewell_timeout(&self) -> Duration {
        self.farewell_timeout
    }

    /// See [`set_write_timeout`](Self::set_write_timeout).
    pub const fn write_timeout(&self) -> Duration {
        self.write_timeout
    }

    /// See [`set_min_write_progress`](Self::set_min_write_progress).
    pub const fn min_write_progress(&self) -> usize {
        self.min_write_progress
    }

    /// See [`set_body_idle_timeout`](Self::set_body_idle_timeout).
    pub const fn body_idle_timeout(&self) -> Duration {
        self.body_idle_timeout
    }

    /// See [`set_body_timeout`](Self::set_body_timeout).
    pub const fn body_timeout(&self) -> Duration {
        self.body_timeout
    }

    /// See [`set_message_timeout`](Self::set_message_timeout).
    pub const fn message_timeout(&self) -> Duration {
        self.message_timeout
    }

    /// See [`set_max_fragments`](Self::set_max_fragments).
    pub const fn max_fragments(&self) -> usize {
        self.max_fragments
    }

    /// See [`set_max_payload`](Self::set_max_payload).
    pub const fn max_payload(&self) -> usize {
        self.max_payload
    }

    /// See [`set_max_queued_bytes`](Self::set_max_queued_bytes).
    pub const fn max_queued_bytes(&self) -> usize {
        self.max_queued_bytes
    }

    /// See [`set_max_queued_packets`](Self::set_max_queued_packets).
    pub const fn max_queued_packets(&self) -> usize {
        self.max_queued_packets
    }

    /// See [`set_overflow`](Self::set_overflow).
    pub const fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// Whether a transport is on offer.
    pub const fn allows(&self, transport: TransportKind) -> bool {
        match transport {
            TransportKind::Polling => self.polling,
            TransportKind::WebSocket => self.websocket,
        }
    }

    /// Whether a session on `transport` may move to a WebSocket.
    pub const fn upgrades(&self, transport: TransportKind) -> bool {
        matches!(transport, TransportKind::Polling) && self.websocket && self.allow_upgrades
    }
}

//! The limits of a connection.

use std::time::Duration;

/// What one client may cost: the times it may take and the amounts it may ask for.
///
/// Shared by all connections of a server, in an `Arc`.
///
/// No value is nonsense: times are at least a millisecond and at most a year, and amounts of which none would leave a
/// connection that can do nothing are at least 1.
#[derive(Clone, Debug)]
pub struct Config {
    connect_timeout: Duration,
    attachment_timeout: Duration,
    max_attachments: usize,
    max_attachment_bytes: usize,
    max_namespaces: usize,
    max_namespace_len: usize,
    max_event_len: usize,
    max_pending_acks: usize,
}

/// Times within reason: at least what a timer can tell from nothing, and so little that no clock overflows. Who says
/// `Duration::MAX` means never, and a year is that.
fn bounded(time: Duration) -> Duration {
    time.clamp(Duration::from_millis(1), Duration::from_secs(365 * 24 * 3600))
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(45),
            attachment_timeout: Duration::from_secs(10),
            max_attachments: 10,
            max_attachment_bytes: 10_000_000,
            max_namespaces: 100,
            max_namespace_len: 512,
            max_event_len: 256,
            max_pending_acks: 1000,
        }
    }
}

impl Config {
    /// The time a client may spend without a namespace before it is closed.
    pub fn connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// Sets how long a client may be connected without having joined a namespace. Default: 45 s, as in Node.
    ///
    /// It limits clients that open a connection and never use it. Unlike in Node it starts again when the last
    /// namespace has been left.
    pub fn set_connect_timeout(&mut self, value: Duration) -> &mut Self {
        self.connect_timeout = bounded(value);
        self
    }

    /// The longest wait for the next attachment of a packet.
    pub fn attachment_timeout(&self) -> Duration {
        self.attachment_timeout
    }

    /// Sets how long to wait for the next attachment of a packet that announced some. Default: 10 s.
    ///
    /// It limits how long a client can make the server keep half a packet; Node waits for ever.
    pub fn set_attachment_timeout(&mut self, value: Duration) -> &mut Self {
        self.attachment_timeout = bounded(value);
        self
    }

    /// The most attachments of one packet.
    pub fn max_attachments(&self) -> usize {
        self.max_attachments
    }

    /// Sets how many attachments a packet may announce. Default: 10, as in Node (CVE-2026-33151). With 0 there is no binary.
    ///
    /// It limits what is buffered for a packet that is never completed.
    pub fn set_max_attachments(&mut self, value: usize) -> &mut Self {
        self.max_attachments = value;
        self
    }

    /// The most bytes that the attachments of one packet may have together.
    pub fn max_attachment_bytes(&self) -> usize {
        self.max_attachment_bytes
    }

    /// Sets how many bytes the attachments of one packet may have together. Default: 10 MB, which is ten messages of
    /// the greatest default size.
    ///
    /// It limits the memory of half a packet when messages may be larger than by default.
    pub fn set_max_attachment_bytes(&mut self, value: usize) -> &mut Self {
        self.max_attachment_bytes = value;
        self
    }

    /// The most namespaces of one connection.
    pub fn max_namespaces(&self) -> usize {
        self.max_namespaces
    }

    /// Sets how many namespaces a connection may have joined or be joining. Default: 100.
    ///
    /// It limits a flood of CONNECT packets; a namespace is found by looking at each, so that a great value costs time.
    pub fn set_max_namespaces(&mut self, value: usize) -> &mut Self {
        self.max_namespaces = value.max(1);
        self
    }

    /// The longest name of a namespace, in bytes.
    pub fn max_namespace_len(&self) -> usize {
        self.max_namespace_len
    }

    /// Sets how many bytes the name of a namespace may have. Default: 512.
    ///
    /// It limits what a client can make the server keep, log and send back.
    pub fn set_max_namespace_len(&mut self, value: usize) -> &mut Self {
        self.max_namespace_len = value.max(1);
        self
    }

    /// The longest name of an event, in bytes.
    pub fn max_event_len(&self) -> usize {
        self.max_event_len
    }

    /// Sets how many bytes the name of an event may have. Default: 256.
    ///
    /// It limits what is hashed and logged for an event that nobody knows.
    pub fn set_max_event_len(&mut self, value: usize) -> &mut Self {
        self.max_event_len = value.max(1);
        self
    }

    /// The most acknowledgements that may be awaited from one socket.
    pub fn max_pending_acks(&self) -> usize {
        self.max_pending_acks
    }

    /// Sets how many acknowledgements may be awaited from one socket. Default: 1000. With 0 none can be asked for.
    ///
    /// It limits what a client that never acknowledges costs; Node keeps all of them until the socket is gone.
    pub fn set_max_pending_acks(&mut self, value: usize) -> &mut Self {
        self.max_pending_acks = value;
        self
    }
}

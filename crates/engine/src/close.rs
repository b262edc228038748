//! Why a session ended, in one table.

use std::fmt;

/// Why a session ended. [`as_str`](Self::as_str) gives Node's word for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client closed: a `close` packet, a WebSocket close frame, or the end of the TCP stream.
    TransportClose,
    /// The transport broke, or the client misused it: an aborted or doubled request, a message over the limit, a
    /// heartbeat in the wrong direction.
    TransportError,
    /// No answer to a heartbeat in time.
    PingTimeout,
    /// A packet that cannot be read.
    ParseError,
    /// This side closed.
    ForcedClose,
    /// The client did not read fast enough and its outbox was full. Node has no such limit.
    Overflow,
    /// The client took too little of what waits for it, for too long. Node has no such limit.
    WriteTimeout,
    /// The client began a WebSocket message and did not finish it in time. Node has no such limit.
    MessageTimeout,
}

impl CloseReason {
    /// The reason as Node's server words it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::PingTimeout => "ping timeout",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::Overflow => "outbox overflow",
            Self::WriteTimeout => "write timeout",
            Self::MessageTimeout => "message timeout",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

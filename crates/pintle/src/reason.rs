//! Why a socket was disconnected, in one table.

use std::fmt;

use pintle_proto::Violation;
use pintle_transport::CloseReason;

/// Why a socket was disconnected. [`as_str`](Self::as_str) gives Node's word for it.
///
/// It is an extractor of [`on_disconnect`](crate::Namespace::on_disconnect) handlers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client left the namespace.
    ClientNamespaceDisconnect,
    /// [`Socket::disconnect`](crate::Socket::disconnect) or [`Socket::close`](crate::Socket::close) was called.
    ServerNamespaceDisconnect,
    /// [`SocketIo::close`](crate::SocketIo::close) was called.
    ServerShuttingDown,
    /// The client did not answer a heartbeat.
    PingTimeout,
    /// The connection was closed by the client, or lost.
    TransportClose,
    /// The connection broke, or the client misused it.
    TransportError,
    /// The client sent what is no Engine.IO packet.
    ParseError,
    /// The client sent what is no Socket.IO packet, or [`EngineClient::close`](crate::EngineClient::close) was called.
    ForcedClose,
    /// The client sent a packet that it may not send now.
    ForcedServerClose,
    /// The client did not read fast enough. Node has no such limit.
    Overflow,
    /// The client took too little of what waits for it, for too long. Node has no such limit.
    WriteTimeout,
    /// The client began a WebSocket message and did not finish it in time. Node has no such limit.
    MessageTimeout,
}

impl DisconnectReason {
    /// All there are.
    pub(crate) const ALL: [Self; 12] = [
        Self::ClientNamespaceDisconnect,
        Self::ServerNamespaceDisconnect,
        Self::ServerShuttingDown,
        Self::PingTimeout,
        Self::TransportClose,
        Self::TransportError,
        Self::ParseError,
        Self::ForcedClose,
        Self::ForcedServerClose,
        Self::Overflow,
        Self::WriteTimeout,
        Self::MessageTimeout,
    ];

    /// The reason as Node's server words it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientNamespaceDisconnect => "client namespace disconnect",
            Self::ServerNamespaceDisconnect => "server namespace disconnect",
            Self::ServerShuttingDown => "server shutting down",
            Self::PingTimeout => "ping timeout",
            Self::TransportClose => "transport close",
            Self::TransportError => "transport error",
            Self::ParseError => "parse error",
            Self::ForcedClose => "forced close",
            Self::ForcedServerClose => "forced server close",
            Self::Overflow => "outbox overflow",
            Self::WriteTimeout => "write timeout",
            Self::MessageTimeout => "message timeout",
        }
    }

    /// Whether the client may come back as if nothing had been, if [recovery](crate::SocketIoLayer::recovery) is on: not if
    /// it left the namespace or was disconnected from it, or sent what is no Engine.IO packet.
    pub const fn is_recoverable(self) -> bool {
        !matches!(self, Self::ClientNamespaceDisconnect | Self::ServerNamespaceDisconnect | Self::ParseError)
    }
}

impl From<CloseReason> for DisconnectReason {
    fn from(reason: CloseReason) -> Self {
        match reason {
            CloseReason::PingTimeout => Self::PingTimeout,
            CloseReason::TransportClose => Self::TransportClose,
            CloseReason::ParseError => Self::ParseError,
            CloseReason::ForcedClose => Self::ForcedClose,
            CloseReason::Overflow => Self::Overflow,
            CloseReason::WriteTimeout => Self::WriteTimeout,
            CloseReason::MessageTimeout => Self::MessageTimeout,
            _ => Self::TransportError,
        }
    }
}

impl From<Violation> for DisconnectReason {
    fn from(violation: Violation) -> Self {
        match violation {
            Violation::Decode(_) => Self::ForcedClose,
            Violation::Protocol(_) => Self::ForcedServerClose,
        }
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

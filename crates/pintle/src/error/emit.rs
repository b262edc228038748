//! Why something did not go out, or brought no answer.

use std::error::Error;
use std::fmt;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use pintle_proto::{ArgsError, EncodeError};
use pintle_transport::SendError;

/// Why an event was not emitted.
#[derive(Debug)]
pub struct EmitError(EmitErrorKind);

#[derive(Debug)]
enum EmitErrorKind {
    Encode(EncodeError),
    Send(SendError),
    Disconnected,
    ServerClosed,
}

impl EmitError {
    pub(crate) const fn disconnected() -> Self {
        Self(EmitErrorKind::Disconnected)
    }

    pub(crate) const fn server_closed() -> Self {
        Self(EmitErrorKind::ServerClosed)
    }

    /// Whether the socket is no longer connected, or the whole server [closed](crate::SocketIo::close).
    pub const fn is_disconnected(&self) -> bool {
        use EmitErrorKind::{Disconnected, Send, ServerClosed};
        matches!(self.0, Disconnected | ServerClosed | Send(SendError::Closed))
    }

    /// Whether the client does not read fast enough. Its connection closes, or goes on without what was emitted where
    /// [`overflow`](crate::SocketIoLayer::overflow) says so.
    pub const fn is_full(&self) -> bool {
        matches!(self.0, EmitErrorKind::Send(SendError::Full | SendError::Refused))
    }

    /// Whether the client goes without it.
    pub(crate) const fn is_refused(&self) -> bool {
        matches!(self.0, EmitErrorKind::Send(SendError::Refused))
    }

    /// Whether the data cannot be written as JSON, or the event's name is reserved: a mistake of the caller's.
    pub const fn is_encode(&self) -> bool {
        matches!(self.0, EmitErrorKind::Encode(_))
    }
}

impl From<EncodeError> for EmitError {
    fn from(error: EncodeError) -> Self {
        Self(EmitErrorKind::Encode(error))
    }
}

impl From<SendError> for EmitError {
    fn from(error: SendError) -> Self {
        Self(EmitErrorKind::Send(error))
    }
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            EmitErrorKind::Encode(error) => error.fmt(f),
            EmitErrorKind::Send(error) => error.fmt(f),
            EmitErrorKind::Disconnected => f.write_str("the socket is disconnected"),
            EmitErrorKind::ServerClosed => f.write_str("the server is closed"),
        }
    }
}

impl Error for EmitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            EmitErrorKind::Encode(error) => error.source(),
            EmitErrorKind::Send(error) => error.source(),
            EmitErrorKind::Disconnected | EmitErrorKind::ServerClosed => None,
        }
    }
}

/// For routes that emit: 500, and the log knows why.
impl IntoResponse for EmitError {
    fn into_response(self) -> Response {
        tracing::error!(error = %self, "a route could not emit");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

/// Why a room was not joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinError(pub(crate) pintle_adapter::JoinError);

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for JoinError {}

/// Why there is no acknowledgement.
#[derive(Debug)]
#[non_exhaustive]
pub enum EmitWithAckError {
    /// The event was not even emitted.
    Emit(EmitError),
    /// The client did not answer in time. Node's `operation has timed out`.
    Timeout,
    /// The socket was disconnected while it waited.
    Disconnected,
    /// As many acknowledgements as may be are awaited already.
    TooMany,
    /// The answer is not of the type that was asked for.
    Unexpected(ArgsError),
}

impl From<EmitError> for EmitWithAckError {
    fn from(error: EmitError) -> Self {
        Self::Emit(error)
    }
}

impl fmt::Display for EmitWithAckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emit(error) => error.fmt(f),
            Self::Timeout => f.write_str("operation has timed out"),
            Self::Disconnected => f.write_str("the socket was disconnected"),
            Self::TooMany => f.write_str("too many acknowledgements are awaited"),
            Self::Unexpected(error) => error.fmt(f),
        }
    }
}

impl Error for EmitWithAckError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Emit(error) => error.source(),
            Self::Unexpected(error) => error.source(),
            Self::Timeout | Self::Disconnected | Self::TooMany => None,
        }
    }
}

/// Some of those who were asked did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingAcks<T> {
    /// The answers of those who did, in the order of arrival.
    pub responses: Vec<T>,
    /// How many did not: too slow, gone, or with an answer of another type.
    pub missing: usize,
}

impl<T> fmt::Display for MissingAcks<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "operation has timed out: {} answered, {} did not", self.responses.len(), self.missing)
    }
}

impl<T: fmt::Debug> Error for MissingAcks<T> {}

/// Other nodes of the cluster did not answer in time, or could not be asked.
///
/// What is known without them is still here: in Node it would be lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterError<T> {
    /// What this node and those that answered have.
    pub found: Vec<T>,
    /// How many nodes did not answer: one, if it is not even known how many there are.
    pub missing: usize,
}

impl<T> fmt::Display for ClusterError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "timeout reached: {} nodes of the cluster did not answer", self.missing)
    }
}

impl<T: fmt::Debug> Error for ClusterError<T> {}

//! What can go wrong, on our side and as the client is told.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use pintle_proto::{ArgsError, EncodeError};
use pintle_transport::SendError;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// An error as the client sees it: a message, and data if there is some.
///
/// A handler's error becomes one through [`IntoAckError`], a middleware's through [`IntoConnectError`]. Nothing else of an
/// error reaches the client.
///
/// ```
/// use pintle::ClientError;
///
/// let error = ClientError::new("not allowed").with_data(["admin"]);
/// assert_eq!(serde_json::to_string(&error).unwrap(), r#"{"message":"not allowed","data":["admin"]}"#);
/// ```
#[derive(Clone, Debug)]
pub struct ClientError {
    message: Cow<'static, str>,
    data: Option<Box<RawValue>>,
    /// The arguments were no JSON: it is the connection that fails, not the handler.
    malformed: bool,
}

impl ClientError {
    /// An error with a message.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), data: None, malformed: false }
    }

    /// What went wrong is no business of the client's.
    pub(crate) fn internal() -> Self {
        Self::new("internal error")
    }

    /// Adds data. What cannot be written as JSON is left out.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        self.data = serde_json::value::to_raw_value(&data)
            .inspect_err(|error| tracing::warn!(%error, "the data of an error is no JSON"))
            .ok();
        self
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn data(&self) -> Option<&RawValue> {
        self.data.as_deref()
    }

    pub(crate) const fn is_malformed(&self) -> bool {
        self.malformed
    }
}

impl From<ArgsError> for ClientError {
    fn from(error: ArgsError) -> Self {
        // serde names types and fields of ours: that is for the log.
        tracing::debug!(error = ?error.to_string(), "arguments were refused");
        let malformed = matches!(error, ArgsError::Malformed(_));
        Self { malformed, ..Self::new("unexpected arguments") }
    }
}

impl From<EmitError> for ClientError {
    fn from(error: EmitError) -> Self {
        tracing::debug!(%error, "a handler could not emit");
        Self::internal()
    }
}

impl From<EmitWithAckError> for ClientError {
    fn from(error: EmitWithAckError) -> Self {
        tracing::debug!(%error, "a handler got no acknowledgement");
        Self::internal()
    }
}

impl IntoAckError for EmitWithAckError {
    fn into_ack_error(self) -> ClientError {
        self.into()
    }
}

impl Serialize for ClientError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let fields = 1 + usize::from(self.data.is_some());
        let mut error = serializer.serialize_struct("ClientError", fields)?;
        error.serialize_field("message", &self.message)?;
        if let Some(data) = &self.data {
            error.serialize_field("data", data)?;
        }
        error.end()
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ClientError {}

/// An error that an event handler may return: what of it becomes the acknowledgement.
///
/// ```
/// use pintle::{ClientError, IntoAckError};
///
/// enum ChatError { Muted, Database(std::io::Error) }
///
/// impl IntoAckError for ChatError {
///     fn into_ack_error(self) -> ClientError {
///         match self {
///             Self::Muted => ClientError::new("you are muted"),
///             Self::Database(_) => ClientError::new("try again later"),
///         }
///     }
/// }
/// ```
pub trait IntoAckError {
    /// The error's public face.
    fn into_ack_error(self) -> ClientError;
}

/// An error with which a middleware may refuse a socket: what of it reaches the client's `connect_error`.
pub trait IntoConnectError {
    /// The error's public face.
    fn into_connect_error(self) -> ClientError;
}

impl IntoAckError for ClientError {
    fn into_ack_error(self) -> ClientError {
        self
    }
}

impl IntoConnectError for ClientError {
    fn into_connect_error(self) -> ClientError {
        self
    }
}

impl IntoAckError for EmitError {
    fn into_ack_error(self) -> ClientError {
        self.into()
    }
}

impl IntoConnectError for EmitError {
    fn into_connect_error(self) -> ClientError {
        self.into()
    }
}

impl IntoAckError for Infallible {
    fn into_ack_error(self) -> ClientError {
        match self {}
    }
}

impl IntoConnectError for Infallible {
    fn into_connect_error(self) -> ClientError {
        match self {}
    }
}

/// Why an event was not emitted.
#[derive(Debug)]
pub struct EmitError(EmitErrorKind);

#[derive(Debug)]
enum EmitErrorKind {
    Encode(EncodeError),
    Send(SendError),
    Disconnected,
}

impl EmitError {
    pub(crate) const fn disconnected() -> Self {
        Self(EmitErrorKind::Disconnected)
    }

    /// Whether the socket is no longer connected.
    pub const fn is_disconnected(&self) -> bool {
        matches!(self.0, EmitErrorKind::Disconnected | EmitErrorKind::Send(SendError::Closed))
    }

    /// Whether the client does not read fast enough. Its connection closes.
    pub const fn is_full(&self) -> bool {
        matches!(self.0, EmitErrorKind::Send(SendError::Full))
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
        }
    }
}

impl Error for EmitError {}

/// Why a room was not joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JoinError(pub(crate) pintle_adapter::JoinError);

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for JoinError {}

impl IntoAckError for JoinError {
    fn into_ack_error(self) -> ClientError {
        ClientError::new(self.to_string())
    }
}

impl IntoConnectError for JoinError {
    fn into_connect_error(self) -> ClientError {
        ClientError::new(self.to_string())
    }
}

impl From<JoinError> for ClientError {
    fn from(error: JoinError) -> Self {
        Self::new(error.to_string())
    }
}

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
    Unexpected(String),
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
            Self::Unexpected(message) => f.write_str(message),
        }
    }
}

impl Error for EmitWithAckError {}

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

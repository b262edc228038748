//! What can go wrong, on either side.

use std::error::Error;
use std::fmt;

/// Why the whole connection must close, and on whose account.
///
/// Two families, because Node gives the sockets of the connection two different reasons.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Violation {
    /// The client sent what is no packet; the sockets see `forced close`.
    Decode(DecodeError),
    /// The client sent a packet that it may not send now; the sockets see `forced server close`.
    Protocol(ProtocolError),
}

impl From<DecodeError> for Violation {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<ProtocolError> for Violation {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::Protocol(error) => error.fmt(f),
        }
    }
}

impl Error for Violation {}

/// A message that is no Socket.IO packet, or part of one that never became whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DecodeError {
    /// The first character is not a packet type.
    UnknownPacketType,
    /// The number of attachments, or the number in a placeholder, makes no sense.
    IllegalAttachments,
    /// More attachments were announced than allowed.
    TooManyAttachments,
    /// The attachments of a packet are larger than allowed.
    AttachmentsTooLarge,
    /// The next attachment did not come in time.
    AttachmentTimeout,
    /// The name of the namespace is too long.
    NamespaceTooLong,
    /// The acknowledgement id is beyond what JavaScript can count.
    InvalidAckId,
    /// The payload is not JSON, or not of the shape that the packet type asks for.
    InvalidPayload,
    /// The name of the event is too long.
    EventTooLong,
    /// The name of the event means something else to Socket.IO.
    ReservedEvent,
    /// Text came while attachments were awaited.
    UnexpectedText,
    /// An attachment came while none was awaited.
    UnexpectedBinary,
}

impl DecodeError {
    /// What is wrong.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownPacketType => "unknown packet type",
            Self::IllegalAttachments => "illegal attachments",
            Self::TooManyAttachments => "too many attachments",
            Self::AttachmentsTooLarge => "attachments too large",
            Self::AttachmentTimeout => "attachment did not come in time",
            Self::NamespaceTooLong => "namespace too long",
            Self::InvalidAckId => "invalid acknowledgement id",
            Self::InvalidPayload => "invalid payload",
            Self::EventTooLong => "event name too long",
            Self::ReservedEvent => "reserved event name",
            Self::UnexpectedText => "got plaintext data when reconstructing a packet",
            Self::UnexpectedBinary => "got binary data when not reconstructing a packet",
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error for DecodeError {}

/// A packet that is well-formed, and yet must not come now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A CONNECT for a namespace that is joined or being joined.
    DuplicateConnect,
    /// A packet for a namespace that is not joined, or not joined yet.
    NotJoined,
    /// A CONNECT_ERROR, which only a server sends.
    ConnectError,
    /// No namespace was joined in time.
    ConnectTimeout,
    /// A CONNECT for one namespace more than allowed.
    TooManyNamespaces,
}

impl ProtocolError {
    /// What is wrong.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateConnect => "namespace connected twice",
            Self::NotJoined => "packet for a namespace that is not connected",
            Self::ConnectError => "connection error sent by a client",
            Self::ConnectTimeout => "no namespace connected in time",
            Self::TooManyNamespaces => "too many namespaces",
        }
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error for ProtocolError {}

/// Why [`Args`](crate::Args) did not become what was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ArgsError {
    /// They are no JSON at all: the peer broke the protocol, and the connection closes as for
    /// [`DecodeError::InvalidPayload`].
    Malformed(String),
    /// They are JSON, but not what the handler wants.
    Mismatch(String),
}

impl ArgsError {
    pub(crate) fn malformed(error: &serde_json::Error) -> Self {
        Self::Malformed(brief(error))
    }

    pub(crate) fn mismatch(error: &serde_json::Error) -> Self {
        Self::Mismatch(brief(error))
    }
}

/// The message, cut short: serde quotes the offending value, and the peer decides how long that is.
fn brief(error: &serde_json::Error) -> String {
    const LONGEST: usize = 200;
    let mut message = error.to_string();
    if message.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|&end| message.is_char_boundary(end));
        message.truncate(end.unwrap_or(0));
        message.push('…');
    }
    message
}

impl fmt::Display for ArgsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(message) => write!(f, "malformed arguments: {message}"),
            Self::Mismatch(message) => write!(f, "unexpected arguments: {message}"),
        }
    }
}

impl Error for ArgsError {}

/// Data or an event name that cannot be sent.
#[derive(Debug)]
pub struct EncodeError(Cause);

#[derive(Debug)]
enum Cause {
    ReservedEvent(String),
    Serialize(serde_json::Error),
}

impl EncodeError {
    /// An event whose name is kept by whoever sends it.
    pub fn reserved(event: &str) -> Self {
        Self(Cause::ReservedEvent(event.to_owned()))
    }

    /// Whether the event's name is one that Socket.IO keeps for itself.
    pub fn is_reserved_event(&self) -> bool {
        matches!(self.0, Cause::ReservedEvent(_))
    }
}

impl From<serde_json::Error> for EncodeError {
    fn from(error: serde_json::Error) -> Self {
        Self(Cause::Serialize(error))
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Cause::ReservedEvent(event) => write!(f, "{event:?} is a reserved event name"),
            Cause::Serialize(error) => write!(f, "data cannot be written as JSON: {error}"),
        }
    }
}

impl Error for EncodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_value_does_not_make_a_long_message() {
        let long = format!("\"{}\"", "é".repeat(10_000));
        let error = serde_json::from_str::<u8>(&long).unwrap_err();
        let ArgsError::Mismatch(message) = ArgsError::mismatch(&error) else { unreachable!() };
        assert!(message.len() <= 200 + '…'.len_utf8());
        assert!(message.starts_with("invalid type: string"));
    }
}

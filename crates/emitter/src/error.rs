//! What can go wrong.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use pintle_proto::EncodeError;

/// What a client of a broker has to say: its own type is nobody else's business.
pub(crate) type Cause = Box<dyn Error + Send + Sync>;

/// Why there is no emitter.
#[derive(Debug)]
pub struct ConnectError {
    /// The broker's address, without what is secret of it.
    address: Option<String>,
    cause: Cause,
}

impl ConnectError {
    pub(crate) fn address(cause: impl Into<Cause>) -> Self {
        Self { address: None, cause: cause.into() }
    }

    pub(crate) fn unreachable(address: String, cause: Cause) -> Self {
        Self { address: Some(address), cause }
    }

    /// Whether the address itself is wrong, so that nobody was called there.
    pub const fn is_address(&self) -> bool {
        self.address.is_none()
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.address {
            None => write!(f, "the address of the broker makes no sense: {}", self.cause),
            Some(address) => write!(f, "no connection to {address}: {}", self.cause),
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.cause)
    }
}

/// Why something was not said to the servers, or may not have been.
#[derive(Debug)]
pub struct EmitError(Kind);

#[derive(Debug)]
enum Kind {
    Encode(EncodeError),
    Reserved(String),
    Ghost,
    Unavailable(Duration, Option<Cause>),
    Unanswered(Duration),
    Broken(Cause),
    Refused(Cause),
}

impl EmitError {
    pub(crate) fn reserved(event: &str) -> Self {
        Self(Kind::Reserved(event.to_owned()))
    }

    /// Data with an object in it that passes for the placeholder of an attachment that is not there.
    pub(crate) fn ghost() -> Self {
        Self(Kind::Ghost)
    }

    pub(crate) fn unavailable(waited: Duration, cause: Option<Cause>) -> Self {
        Self(Kind::Unavailable(waited, cause))
    }

    pub(crate) fn unanswered(waited: Duration) -> Self {
        Self(Kind::Unanswered(waited))
    }

    pub(crate) fn broken(cause: impl Into<Cause>) -> Self {
        Self(Kind::Broken(cause.into()))
    }

    pub(crate) fn refused(cause: impl Into<Cause>) -> Self {
        Self(Kind::Refused(cause.into()))
    }

    /// Whether the data cannot be written as JSON, or the event's name is reserved: a mistake of the caller's.
    pub const fn is_encode(&self) -> bool {
        matches!(self.0, Kind::Encode(_) | Kind::Reserved(_) | Kind::Ghost)
    }

    /// Whether the broker could not be reached in time. It was not sent, and may be sent again.
    pub const fn is_unavailable(&self) -> bool {
        matches!(self.0, Kind::Unavailable(..))
    }

    /// Whether it was sent, and the broker did not say that it has it: it may be heard all the same, and who sends it again may
    /// have sent it twice.
    pub const fn is_uncertain(&self) -> bool {
        matches!(self.0, Kind::Unanswered(_) | Kind::Broken(_))
    }

    /// Whether the broker was asked and said no.
    pub const fn is_refused(&self) -> bool {
        matches!(self.0, Kind::Refused(_))
    }
}

impl From<EncodeError> for EmitError {
    fn from(error: EncodeError) -> Self {
        Self(Kind::Encode(error))
    }
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Encode(error) => error.fmt(f),
            Kind::Reserved(event) => write!(f, "{event:?} is a reserved event name"),
            Kind::Ghost => f.write_str("the data names an attachment that is not there, or is nested too deep"),
            Kind::Unavailable(waited, None) => write!(f, "no connection to the broker within {waited:?}"),
            Kind::Unavailable(waited, Some(cause)) => {
                write!(f, "no connection to the broker within {waited:?}: {cause}")
            }
            Kind::Unanswered(waited) => write!(f, "the broker did not answer within {waited:?}"),
            Kind::Broken(cause) => write!(f, "the connection to the broker broke: {cause}"),
            Kind::Refused(cause) => write!(f, "the broker refused it: {cause}"),
        }
    }
}

impl Error for EmitError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Kind::Encode(error) => error.source(),
            Kind::Unavailable(_, Some(cause)) | Kind::Broken(cause) | Kind::Refused(cause) => Some(&**cause),
            Kind::Unavailable(_, None) | Kind::Reserved(_) | Kind::Ghost | Kind::Unanswered(_) => None,
        }
    }
}

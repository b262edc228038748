//! The event, its socket, and what came with them.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{EventParts, FromEventParts};
use crate::ack::AckSender;
use crate::error::{ClientError, IntoAckError};
use crate::reason::DisconnectReason;
use crate::socket::Socket;

impl<S: Sync> FromEventParts<S> for Socket {
    type Rejection = Infallible;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.socket().clone())
    }
}

impl<S: Sync> FromEventParts<S> for AckSender {
    type Rejection = Infallible;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.take_ack())
    }
}

/// The name of the event.
///
/// ```
/// use pintle::Event;
///
/// async fn log(event: Event) {
///     println!("somebody sent {}", &*event);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event(pub Arc<str>);

impl Deref for Event {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<S: Sync> FromEventParts<S> for Event {
    type Rejection = MissingPart;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, MissingPart> {
        parts.event().cloned().map(Self).ok_or(MissingPart("Event"))
    }
}

impl<S: Sync> FromEventParts<S> for DisconnectReason {
    type Rejection = MissingPart;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, MissingPart> {
        parts.reason().ok_or(MissingPart("DisconnectReason"))
    }
}

/// A handler asks for something that there is not where it was registered: the server's mistake.
#[derive(Debug)]
pub struct MissingPart(&'static str);

impl IntoAckError for MissingPart {
    fn into_ack_error(self) -> ClientError {
        tracing::error!("{} was asked for in a handler of another kind", self.0);
        ClientError::internal()
    }
}

/// What the client said for itself when it connected to the namespace, read into `T`; `{}` if it said nothing. Node's
/// `socket.handshake.auth`.
///
/// ```
/// use pintle::{Auth, ClientError};
///
/// #[derive(serde::Deserialize)]
/// struct Credentials { token: String }
///
/// async fn require_token(Auth(auth): Auth<Credentials>) -> Result<(), ClientError> {
///     if auth.token == "secret" { Ok(()) } else { Err(ClientError::new("not authorized")) }
/// }
/// # let _ = require_token;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromEventParts<S> for Auth<T> {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, ClientError> {
        let auth = parts.socket().auth().unwrap_or("{}");
        serde_json::from_str(auth).map(Self).map_err(|error| {
            tracing::debug!(%error, "the auth of a client is not of the wanted type");
            ClientError::new("invalid auth")
        })
    }
}

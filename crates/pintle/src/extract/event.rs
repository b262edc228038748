//! The event, its socket, and what came with them.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::{EventParts, FromEventParts, ViaDisconnectOnly, ViaErrorOnly, ViaEventOnly};
use crate::ack::AckSender;
use crate::error::{ClientError, HandlerError};
use crate::reason::DisconnectReason;
use crate::socket::Socket;

impl<S: Sync> FromEventParts<S> for Socket {
    type Rejection = Infallible;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.socket().clone())
    }
}

impl<S: Sync> FromEventParts<S, ViaEventOnly> for AckSender {
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

impl<S: Sync> FromEventParts<S, ViaEventOnly> for Event {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, ClientError> {
        parts.event().cloned().map(Self).ok_or_else(ClientError::unexplained)
    }
}

impl<S: Sync> FromEventParts<S, ViaDisconnectOnly> for DisconnectReason {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, ClientError> {
        parts.reason().ok_or_else(ClientError::unexplained)
    }
}

impl<S: Sync> FromEventParts<S, ViaErrorOnly> for HandlerError {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, ClientError> {
        parts.error().cloned().ok_or_else(ClientError::unexplained)
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
///
/// # Rejections
///
/// It is of another type: the client is told `invalid auth`. A middleware that tells it something else extracts a
/// `Result<Auth<T>, ClientError>`; `Option<Auth<T>>` is for those who may say nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromEventParts<S> for Auth<T> {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, ClientError> {
        parts.socket().auth().map(Self)
    }
}

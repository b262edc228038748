//! What extractors are, and what they extract from.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::OriginalUri;
use http::request::Parts;
use pintle_proto::Args;

use crate::ack::{AckSender, EventName};
use crate::error::{ClientError, IntoAckError};
use crate::reason::DisconnectReason;
use crate::socket::Socket;

/// What a handler is called with, but for the arguments of the event: what [`FromEventParts`] extracts from.
#[derive(Debug)]
pub struct EventParts {
    socket: Socket,
    event: Option<EventName>,
    ack: Option<u64>,
    reason: Option<DisconnectReason>,
    /// Put together for the first extractor that asks for it.
    request: Option<Box<Parts>>,
}

impl EventParts {
    pub(crate) const fn new(socket: Socket) -> Self {
        Self { socket, event: None, ack: None, reason: None, request: None }
    }

    pub(crate) const fn for_event(socket: Socket, event: EventName, ack: Option<u64>) -> Self {
        Self { socket, event: Some(event), ack, reason: None, request: None }
    }

    pub(crate) const fn for_disconnect(socket: Socket, reason: DisconnectReason) -> Self {
        Self { socket, event: None, ack: None, reason: Some(reason), request: None }
    }

    /// The socket that the event came from.
    pub const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The name of the event; `None` outside of event handlers.
    pub fn event(&self) -> Option<&Arc<str>> {
        self.event.as_ref()
    }

    /// Why the socket was disconnected; `None` outside of disconnect handlers.
    pub const fn reason(&self) -> Option<DisconnectReason> {
        self.reason
    }

    /// The request that opened the connection, in the form that axum's extractors want. It is put together at the first
    /// call, and costs some allocations then.
    pub fn request(&mut self) -> &mut Parts {
        let socket = &self.socket;
        self.request.get_or_insert_with(|| {
            let mut parts = socket.handshake().to_parts();
            parts.extensions.insert(socket.io().clone());
            if parts.extensions.get::<OriginalUri>().is_none() {
                parts.extensions.insert(OriginalUri(parts.uri.clone()));
            }
            Box::new(parts)
        })
    }

    /// The id to acknowledge, if the client asked for that and nobody has taken it.
    pub(crate) const fn ack(&self) -> Option<u64> {
        self.ack
    }

    /// Takes the right to acknowledge. Whoever has it answers; the handler's return value no longer does.
    pub(crate) fn take_ack(&mut self) -> AckSender {
        AckSender::new(self.socket.clone(), self.ack.take())
    }

    /// The right to acknowledge, where nothing else is wanted any more.
    pub(crate) fn into_ack(self) -> AckSender {
        AckSender::new(self.socket, self.ack)
    }

    /// Says no in the name of a handler that is not called. `ack` is the id that the client asked with: an extractor may
    /// have taken it, but the handler cannot have answered.
    pub(crate) fn reject(self, ack: Option<u64>, rejection: impl IntoAckError) -> Result<(), ClientError> {
        let error = rejection.into_ack_error();
        if !error.is_malformed() {
            AckSender::new(self.socket, ack).refuse(&error);
        }
        Err(error)
    }
}

/// Extracts from everything but the arguments of the event.
///
/// A custom extractor is one small impl:
///
/// ```
/// use pintle::{ClientError, EventParts, FromEventParts};
///
/// struct InLobby;
///
/// impl<S: Sync> FromEventParts<S> for InLobby {
///     type Rejection = ClientError;
///
///     async fn from_event_parts(parts: &mut EventParts, _: &S) -> Result<Self, ClientError> {
///         match parts.socket().rooms().iter().any(|room| &**room == "lobby") {
///             true => Ok(Self),
///             false => Err(ClientError::new("join the lobby first")),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted here",
    label = "no extractor for connect, disconnect and event handlers",
    note = "every argument but the last must implement `FromEventParts`: `Socket`, `SocketIo`, `State`, `Auth`, `Event`, \
            `AckSender`, or an axum `FromRequestParts` extractor"
)]
pub trait FromEventParts<S, M = ViaEvent>: Sized {
    /// What the client is told if there is nothing to extract.
    type Rejection: IntoAckError;

    /// Extracts, or says why not.
    fn from_event_parts(
        parts: &mut EventParts,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Extracts from all of an event, its arguments included.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from an event",
    label = "no extractor for event handlers",
    note = "the last argument must implement `FromEvent` or `FromEventParts`: for the event's data use `Data<T>`"
)]
pub trait FromEvent<S, M = ViaEvent>: Sized {
    /// What the client is told if there is nothing to extract.
    type Rejection: IntoAckError;

    /// Extracts, or says why not.
    fn from_event(
        parts: &mut EventParts,
        args: Args,
        state: &S,
    ) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

/// Marks what is extracted from the event itself.
#[derive(Debug)]
pub enum ViaEvent {}

/// Marks axum's extractors.
#[derive(Debug)]
pub enum ViaRequest {}

/// Marks what leaves the arguments alone.
#[derive(Debug)]
pub struct ViaParts<M>(PhantomData<M>);

impl<S, M, T> FromEvent<S, ViaParts<M>> for T
where
    T: FromEventParts<S, M>,
    S: Sync,
{
    type Rejection = ClientError;

    async fn from_event(parts: &mut EventParts, args: Args, state: &S) -> Result<Self, Self::Rejection> {
        // Nobody will read them, so this is the place to find out that they are no JSON.
        args.validate()?;
        drop(args);
        T::from_event_parts(parts, state).await.map_err(IntoAckError::into_ack_error)
    }
}

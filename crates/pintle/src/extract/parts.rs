//! What extractors are, and what they extract from.

use std::future::Future;
use std::sync::Arc;

use axum::extract::OriginalUri;
use http::Extensions;
use http::request::Parts;
use pintle_proto::Args;

use super::via::{InEvent, UsableIn, ViaEvent, ViaParts};
use crate::ack::{AckSender, Asked};
use crate::error::{ClientError, HandlerError, IntoAckError};
use crate::handler::EventKey;
use crate::reason::DisconnectReason;
use crate::socket::Socket;

/// What a handler is called with, but for the arguments of the event: what [`FromEventParts`] extracts from.
#[derive(Debug)]
pub struct EventParts {
    socket: Socket,
    event: Option<EventKey>,
    ack: Option<Asked>,
    reason: Option<DisconnectReason>,
    error: Option<HandlerError>,
    /// Put together for the first extractor that asks for it.
    request: Option<Box<Parts>>,
}

impl EventParts {
    pub(crate) const fn new(socket: Socket) -> Self {
        Self { socket, event: None, ack: None, reason: None, error: None, request: None }
    }

    pub(crate) fn for_event(socket: Socket, event: EventKey, ack: Option<Asked>) -> Self {
        Self { event: Some(event), ack, ..Self::new(socket) }
    }

    pub(crate) fn for_disconnect(socket: Socket, reason: DisconnectReason) -> Self {
        Self { reason: Some(reason), ..Self::new(socket) }
    }

    pub(crate) fn for_error(socket: Socket, error: HandlerError) -> Self {
        Self { error: Some(error), ..Self::new(socket) }
    }

    /// The same event again, for another of its handlers.
    pub(crate) fn again(&self) -> Self {
        Self { event: self.event.clone(), ack: self.ack.clone(), ..Self::new(self.socket.clone()) }
    }

    /// The socket that the event came from.
    pub const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// The name of the event; `None` outside of event handlers.
    pub fn event(&self) -> Option<&Arc<str>> {
        self.event.as_ref().map(|event| self.socket.nsp().handlers().events.name(event))
    }

    /// Why the socket was disconnected; `None` outside of disconnect handlers.
    pub const fn reason(&self) -> Option<DisconnectReason> {
        self.reason
    }

    /// What went wrong; `None` outside of error handlers.
    pub const fn error(&self) -> Option<&HandlerError> {
        self.error.as_ref()
    }

    /// Whether the client asked for an acknowledgement that nobody has taken upon himself yet.
    pub const fn is_ack_wanted(&self) -> bool {
        self.ack.is_some()
    }

    /// The request that opened the connection, in the form that axum's extractors want, with the socket's own
    /// [extensions](Socket::set_extension) among those of the request. It is put together at the first call, and costs some
    /// allocations then.
    pub fn request(&mut self) -> &mut Parts {
        let socket = &self.socket;
        self.request.get_or_insert_with(|| {
            let mut parts = socket.handshake().to_parts();
            complete(&mut parts.extensions, socket);
            Box::new(parts)
        })
    }

    /// The extensions of that request alone.
    pub(super) fn extensions(&self) -> Extensions {
        if let Some(request) = &self.request {
            return request.extensions.clone();
        }
        let mut extensions = self.socket.handshake().extensions().cloned().unwrap_or_default();
        complete(&mut extensions, &self.socket);
        extensions
    }

    /// The right to acknowledge, where nothing else is wanted any more.
    pub(crate) fn into_ack(self) -> AckSender {
        AckSender::new(self.socket, self.ack)
    }

    /// Takes the right to acknowledge. Whoever has it answers; the handler's return value no longer does.
    pub(super) fn take_ack(&mut self) -> AckSender {
        AckSender::new(self.socket.clone(), self.ack.take())
    }
}

/// Adds to the extensions of a request what handlers find there.
fn complete(extensions: &mut Extensions, socket: &Socket) {
    extensions.insert(socket.io().clone());
    if extensions.get::<OriginalUri>().is_none() {
        extensions.insert(OriginalUri(socket.handshake().uri()));
    }
    socket.extend(extensions);
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
///         match parts.socket().is_in("lobby") {
///             true => Ok(Self),
///             false => Err(ClientError::new("join the lobby first")),
///         }
///     }
/// }
/// ```
///
/// What is extracted may also be a `Result<T, T::Rejection>`, so that the handler sees what is wrong and goes on, or an
/// `Option<T>` where `T` is an [`OptionalFromEventParts`](super::OptionalFromEventParts).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted here",
    label = "no extractor for handlers",
    note = "it must implement `FromEventParts<{S}>`: `Socket`, `SocketIo`, `State`, `Auth`, `Params`, or another axum \
            extractor that needs no body; `Data<T>` and `Args` can only be the last argument of an event handler"
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

impl<S, M, T> FromEvent<S, ViaParts<M>> for T
where
    T: FromEventParts<S, M>,
    M: UsableIn<InEvent>,
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

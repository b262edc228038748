//! An event of another server, and what a handler of such can ask for.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use axum::extract::{FromRef, State};
use pintle_proto::Args;
use serde::de::DeserializeOwned;

use super::params::{self, Params};
use super::{Data, Event};
use crate::ack::EventName;
use crate::error::{ClientError, IntoAckError};
use crate::io::SocketIo;
use crate::nsp::Nsp;

/// An event that another server of the cluster emitted: what [`FromServerEvent`] extracts from, and an extractor itself.
#[derive(Clone)]
pub struct ServerEvent {
    io: SocketIo,
    nsp: Arc<Nsp>,
    name: EventName,
    args: Args,
}

impl ServerEvent {
    pub(crate) const fn new(io: SocketIo, nsp: Arc<Nsp>, name: EventName, args: Args) -> Self {
        Self { io, nsp, name, args }
    }

    /// This server.
    pub const fn io(&self) -> &SocketIo {
        &self.io
    }

    /// The namespace that it was emitted in: `io.of(event.namespace())` are its sockets.
    pub fn namespace(&self) -> &str {
        self.nsp.name()
    }

    /// The name of the event.
    pub fn event(&self) -> &str {
        &self.name
    }

    /// The arguments.
    pub const fn args(&self) -> &Args {
        &self.args
    }
}

impl fmt::Debug for ServerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerEvent")
            .field("namespace", &self.namespace())
            .field("event", &self.event())
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// Extracts from an event of another server. No client has to do with that, so there is neither a socket nor a request: it is
/// implemented by [`SocketIo`], axum's `State`, [`Data`], [`Args`], [`Params`], [`Event`] and [`ServerEvent`].
///
/// ```
/// use pintle::{ClientError, FromServerEvent, ServerEvent};
///
/// /// How many sockets there are here, in the namespace of the event.
/// struct Sockets(usize);
///
/// impl<S: Sync> FromServerEvent<S> for Sockets {
///     type Rejection = ClientError;
///
///     async fn from_server_event(event: &ServerEvent, _: &S) -> Result<Self, ClientError> {
///         Ok(Self(event.io().of(event.namespace()).count()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from an event of another server",
    label = "no extractor for events of servers",
    note = "it must implement `FromServerEvent<{S}>`: `SocketIo`, `State`, `Data`, `Args`, `Params` or `ServerEvent`; there is \
            no `Socket`, for no client has to do with it"
)]
pub trait FromServerEvent<S>: Sized {
    /// What the server that asked is told if there is nothing to extract.
    type Rejection: IntoAckError;

    /// Extracts, or says why not.
    fn from_server_event(event: &ServerEvent, state: &S) -> impl Future<Output = Result<Self, Self::Rejection>> + Send;
}

impl<S: Sync> FromServerEvent<S> for ServerEvent {
    type Rejection = Infallible;

    async fn from_server_event(event: &ServerEvent, _: &S) -> Result<Self, Infallible> {
        Ok(event.clone())
    }
}

impl<S: Sync> FromServerEvent<S> for SocketIo {
    type Rejection = Infallible;

    async fn from_server_event(event: &ServerEvent, _: &S) -> Result<Self, Infallible> {
        Ok(event.io.clone())
    }
}

impl<S: Sync> FromServerEvent<S> for Event {
    type Rejection = Infallible;

    async fn from_server_event(event: &ServerEvent, _: &S) -> Result<Self, Infallible> {
        Ok(Self(event.name.clone()))
    }
}

impl<S: Sync, T: FromRef<S>> FromServerEvent<S> for State<T> {
    type Rejection = Infallible;

    async fn from_server_event(_: &ServerEvent, state: &S) -> Result<Self, Infallible> {
        Ok(Self(T::from_ref(state)))
    }
}

impl<S: Sync, T: DeserializeOwned> FromServerEvent<S> for Data<T> {
    type Rejection = ClientError;

    async fn from_server_event(event: &ServerEvent, _: &S) -> Result<Self, ClientError> {
        Ok(Self(event.args.deserialize()?))
    }
}

/// `None` if there is no argument. One that is there must be a `T`.
impl<S: Sync, T: DeserializeOwned> FromServerEvent<S> for Option<Data<T>> {
    type Rejection = ClientError;

    async fn from_server_event(event: &ServerEvent, _: &S) -> Result<Self, ClientError> {
        if event.args.is_empty() { Ok(None) } else { Ok(Some(Data(event.args.deserialize()?))) }
    }
}

impl<S: Sync> FromServerEvent<S> for Args {
    type Rejection = ClientError;

    async fn from_server_event(event: &ServerEvent, _: &S) -> Result<Self, ClientError> {
        Ok(event.args.clone().validated()?)
    }
}

impl<S: Sync, T: DeserializeOwned> FromServerEvent<S> for Params<T> {
    type Rejection = ClientError;

    async fn from_server_event(event: &ServerEvent, _: &S) -> Result<Self, ClientError> {
        let params = event.nsp.child().and_then(|child| child.params.as_ref());
        params::read(event.namespace(), params).map(Self)
    }
}

/// What was extracted, or why not: the handler is called in both cases.
impl<S: Sync, T: FromServerEvent<S>> FromServerEvent<S> for Result<T, T::Rejection> {
    type Rejection = Infallible;

    async fn from_server_event(event: &ServerEvent, state: &S) -> Result<Self, Infallible> {
        Ok(T::from_server_event(event, state).await)
    }
}

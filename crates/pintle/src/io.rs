//! The server as a handle.

use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use hashbrown::HashMap;
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use crate::config::Config;
use crate::error::EmitError;
use crate::nsp::Nsp;
use crate::operator::{Broadcast, IntoRooms};
use crate::socket::Socket;

/// The server: everybody who is connected. Clones are handles to the same one. Node's `Server`.
///
/// It is an axum extractor on every route under the layer, and in every handler of an event. Without
/// [`of`](Self::of) it speaks to the namespace `/`.
///
/// ```
/// use axum::Json;
/// use axum::http::StatusCode;
/// use pintle::SocketIo;
///
/// async fn announce(io: SocketIo, Json(news): Json<String>) -> StatusCode {
///     match io.to("lobby").emit("news", &news) {
///         Ok(()) => StatusCode::ACCEPTED,
///         Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
///     }
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::post(announce));
/// ```
#[derive(Clone)]
pub struct SocketIo(Arc<Server>);

struct Server {
    config: Config,
    namespaces: HashMap<Arc<str>, Arc<Nsp>>,
}

impl SocketIo {
    pub(crate) fn new(config: Config, namespaces: impl IntoIterator<Item = Nsp>) -> Self {
        let namespaces = namespaces.into_iter().map(|nsp| (nsp.name().clone(), Arc::new(nsp))).collect();
        Self(Arc::new(Server { config, namespaces }))
    }

    /// A namespace. One that was never declared has no sockets: nobody is reached there.
    pub fn of(&self, namespace: &str) -> Broadcast {
        let nsp = match namespace.strip_prefix('/') {
            Some(_) => self.nsp(namespace),
            None => self.nsp(&format!("/{namespace}")),
        };
        Broadcast::new(nsp.cloned(), self)
    }

    /// Emits an event to everybody. See [`Broadcast::emit`].
    ///
    /// # Errors
    ///
    /// When the data is no JSON or the name is reserved.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        self.all().emit(event, data)
    }

    /// Those in these rooms. Node's `io.to`.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.all().to(rooms)
    }

    /// The same as [`to`](Self::to). Node's `io.in`.
    pub fn in_(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Everybody but those in these rooms. Node's `io.except`.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.all().except(rooms)
    }

    /// Everybody on this node. Node's `io.local`.
    pub fn local(&self) -> Broadcast {
        self.all().local()
    }

    /// Everybody, if it can go out at once. Node's `io.volatile`.
    pub fn volatile(&self) -> Broadcast {
        self.all().volatile()
    }

    /// The sockets that are connected to `/` at this moment.
    pub fn sockets(&self) -> Vec<Socket> {
        self.all().sockets()
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn nsp(&self, name: &str) -> Option<&Arc<Nsp>> {
        self.0.namespaces.get(name)
    }

    fn all(&self) -> Broadcast {
        Broadcast::new(self.nsp("/").cloned(), self)
    }
}

impl fmt::Debug for SocketIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIo").field("namespaces", &self.0.namespaces.values()).finish_non_exhaustive()
    }
}

impl<S: Sync> FromRequestParts<S> for SocketIo {
    type Rejection = SocketIoRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SocketIoRejection> {
        parts.extensions.get().cloned().ok_or(SocketIoRejection(()))
    }
}

/// The route is not under a [`SocketIoLayer`](crate::SocketIoLayer): the layer must be added after the route.
#[derive(Debug)]
pub struct SocketIoRejection(());

impl fmt::Display for SocketIoRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no SocketIoLayer around this route")
    }
}

impl std::error::Error for SocketIoRejection {}

impl IntoResponse for SocketIoRejection {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

//! The server as a handle.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use pintle_transport::{CloseReason, EngineHandle, SessionHandle};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ack::AckFuture;
use crate::clock;
use crate::cluster::ClusterStatus;
use crate::config::Config;
use crate::engine::Engine;
use crate::error::{ClusterError, EmitError};
use crate::metrics::Metrics;
use crate::namespaces::{Namespaces, NewNamespaces};
use crate::operator::{Broadcast, BroadcastAckError};
use crate::remote::RemoteSocket;
use crate::room_events::RoomEvents;
use crate::rooms::IntoRooms;
use crate::socket::Socket;

/// The server: everybody who is connected. Clones are handles to the same one. Node's `Server`.
///
/// It is an axum extractor on every route under the layer, and so in every handler and middleware of the layer's own. Without
/// [`of`](Self::of) it speaks to the namespace `/`.
///
/// ```
/// use axum::Json;
/// use axum::http::StatusCode;
/// use pintle::{EmitError, SocketIo};
///
/// async fn announce(io: SocketIo, Json(news): Json<String>) -> Result<StatusCode, EmitError> {
///     io.to("lobby").emit("news", &news)?;
///     Ok(StatusCode::ACCEPTED)
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::post(announce));
/// ```
#[derive(Clone)]
pub struct SocketIo(Arc<Server>);

/// The server, which this does not keep alive.
pub(crate) struct WeakSocketIo(Weak<Server>);

impl WeakSocketIo {
    pub(crate) fn upgrade(&self) -> Option<SocketIo> {
        self.0.upgrade().map(SocketIo)
    }
}

/// How long the broker may take for what waits when the server closes.
const FAREWELL: Duration = Duration::from_secs(2);

struct Server {
    config: Config,
    namespaces: Namespaces,
    engine: EngineHandle,
    closing: AtomicBool,
    metrics: Metrics,
}

impl SocketIo {
    pub(crate) fn new(config: Config, namespaces: Namespaces, engine: EngineHandle) -> Self {
        let closing = AtomicBool::new(false);
        let io = Self(Arc::new(Server { config, namespaces, engine, closing, metrics: Metrics::new() }));
        io.0.namespaces.join_cluster(&io);
        io
    }

    pub(crate) fn downgrade(&self) -> WeakSocketIo {
        WeakSocketIo(Arc::downgrade(&self.0))
    }

    /// A namespace, by its name. A pattern under which dynamic ones were declared, such as `/tenant/{id}`, means all of them:
    /// so do not take the name from a client unseen. One that is not there has no sockets, and nobody is reached in it.
    /// Node's `io.of`.
    pub fn of(&self, namespace: &str) -> Broadcast {
        if !namespace.starts_with('/') {
            return self.of(&format!("/{namespace}"));
        }
        match self.0.namespaces.fixed(namespace) {
            Some(nsp) => Broadcast::of_nsp(nsp.clone(), self),
            None => Broadcast::of_dynamic(namespace, self),
        }
    }

    /// The names of all namespaces that there are at this moment, in no particular order.
    pub fn namespace_names(&self) -> Vec<Arc<str>> {
        self.0.namespaces.names()
    }

    /// The names of the dynamic namespaces that come to be from now on. Node's `new_namespace`.
    #[doc(alias = "new_namespace")]
    pub fn new_namespaces(&self) -> NewNamespaces {
        self.0.namespaces.created()
    }

    /// The connections, whatever namespaces are on them. Node's `io.engine`.
    pub fn engine(&self) -> Engine {
        Engine::new(self.0.engine.clone())
    }

    /// Closes the server: no client connects any more, each that is connected gets what waits for it and is told that the
    /// connection ends, and their disconnect handlers run, with
    /// [`ServerShuttingDown`](crate::DisconnectReason::ServerShuttingDown). Returns when all of them are done, or the
    /// [grace period](crate::SocketIoLayer::close_timeout) is over (10 s): then the connections that are left are cut.
    ///
    /// It waits for all handlers: one that calls it must not wait for it, but have a task of its own do that.
    ///
    /// Clients are not told to stay away: they connect again, to another node or the next process. To close it again is to
    /// wait for the same end. From then on emitting is an error. Node's `io.close`.
    ///
    /// ```no_run
    /// # async fn serve(listener: tokio::net::TcpListener, router: axum::Router, layer: pintle::SocketIoLayer) -> std::io::Result<()> {
    /// let io = layer.io();
    /// axum::serve(listener, router.layer(layer))
    ///     .with_graceful_shutdown(async move {
    ///         let _ = tokio::signal::ctrl_c().await;
    ///         io.close().await;
    ///     })
    ///     .await
    /// # }
    /// ```
    pub async fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
        let engine = &self.0.engine;
        engine.close();
        // Each session's task sees for itself that the server closes.
        engine.sessions().iter().for_each(SessionHandle::wake);
        if clock::within(self.config().close_timeout, engine.idle()).await.is_none() {
            tracing::warn!(left = engine.session_count(), "the grace period is over");
            engine.abort_all(CloseReason::ForcedClose);
        }
        if let Some(hub) = self.0.namespaces.hub() {
            hub.close(FAREWELL).await;
        }
    }

    /// Whether the server is closed, or about to be.
    pub fn is_closed(&self) -> bool {
        self.0.closing.load(Ordering::Acquire)
    }

    /// Whether the server speaks to other nodes: for those who ask after its health.
    pub fn cluster_status(&self) -> ClusterStatus {
        self.0.namespaces.hub().map_or(ClusterStatus::Alone, |hub| hub.status())
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
    #[doc(alias = "in")]
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

    /// Sets how long [`emit_with_ack`](Broadcast::emit_with_ack) waits. Node's `io.timeout`.
    pub fn timeout(&self, timeout: Duration) -> Broadcast {
        self.all().timeout(timeout)
    }

    /// Emits the event `message` to everybody. Node's `io.send`.
    ///
    /// # Errors
    ///
    /// As those of [`emit`](Self::emit).
    pub fn send(&self, data: impl Serialize) -> Result<(), EmitError> {
        self.all().send(data)
    }

    /// Emits an event to everybody and waits for all acknowledgements. See [`Broadcast::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// When somebody does not answer in time: with the answers of those who did.
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<Vec<T>, BroadcastAckError<T>>> {
        self.all().emit_with_ack(event, data)
    }

    /// Emits an event to the other nodes of the cluster. See [`Broadcast::server_side_emit`].
    ///
    /// # Errors
    ///
    /// When the data is no JSON, the name is reserved, or the server is closed.
    #[doc(alias = "serverSideEmit")]
    pub fn server_side_emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        self.all().server_side_emit(event, data)
    }

    /// Emits an event to the other nodes of the cluster and waits for their answers. See
    /// [`Broadcast::server_side_emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As those of [`emit_with_ack`](Self::emit_with_ack).
    #[doc(alias = "serverSideEmitWithAck")]
    pub fn server_side_emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<Vec<T>, BroadcastAckError<T>>> {
        self.all().server_side_emit_with_ack(event, data)
    }

    /// The sockets that are connected to `/` at this moment, on this node.
    pub fn sockets(&self) -> Vec<Socket> {
        self.all().sockets()
    }

    /// The sockets that are connected to `/` at this moment, on all nodes. See [`Broadcast::fetch_sockets`].
    ///
    /// # Errors
    ///
    /// When other nodes do not answer; with one node, never.
    #[doc(alias = "fetchSockets")]
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, ClusterError<RemoteSocket>> {
        self.all().fetch_sockets().await
    }

    /// The rooms of `/` that somebody joined. See [`Broadcast::rooms`].
    pub fn rooms(&self) -> Vec<Arc<str>> {
        self.all().rooms()
    }

    /// The rooms of `/` that somebody joined, on all nodes. See [`Broadcast::fetch_rooms`].
    ///
    /// # Errors
    ///
    /// When other nodes do not answer; with one node, never.
    #[doc(alias = "allRooms")]
    pub async fn fetch_rooms(&self) -> Result<Vec<Arc<str>>, ClusterError<Arc<str>>> {
        self.all().fetch_rooms().await
    }

    /// What happens to the rooms of `/` from now on. See [`Broadcast::room_events`].
    pub fn room_events(&self) -> RoomEvents {
        self.all().room_events()
    }

    /// Has all sockets of `/` join rooms. Node's `io.socketsJoin`.
    #[doc(alias = "socketsJoin")]
    pub fn join(&self, rooms: impl IntoRooms) {
        self.all().join(rooms);
    }

    /// Has all sockets of `/` leave rooms. Node's `io.socketsLeave`.
    #[doc(alias = "socketsLeave")]
    pub fn leave(&self, rooms: impl IntoRooms) {
        self.all().leave(rooms);
    }

    /// Disconnects all sockets of `/`. Node's `io.disconnectSockets()`; with `true` it is `io.of("/").close_connections()` here.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect_sockets(&self) {
        self.all().disconnect();
    }

    /// Has what is kept for clients that come back thrown away in time: by one task, which lives as long as there is some
    /// and somebody has the server. To be called within a runtime.
    pub(crate) fn tidy(&self) {
        if let Some(interval) = self.0.namespaces.begin_tidying() {
            let server = Arc::downgrade(&self.0);
            tokio::spawn(async move {
                loop {
                    clock::sleep(interval).await;
                    if !server.upgrade().is_some_and(|server| server.namespaces.tidy()) {
                        return;
                    }
                }
            });
        }
    }

    /// What is emitted by a server that is closed reaches nobody, and that is an error.
    pub(crate) fn ensure_open(&self) -> Result<(), EmitError> {
        if self.is_closed() { Err(EmitError::server_closed()) } else { Ok(()) }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn namespaces(&self) -> &Namespaces {
        &self.0.namespaces
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    fn all(&self) -> Broadcast {
        self.of("/")
    }
}

impl fmt::Debug for SocketIo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketIo").field("namespaces", &self.0.namespaces).finish_non_exhaustive()
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

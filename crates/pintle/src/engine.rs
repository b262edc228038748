//! The engine below: connections, whatever namespaces are on them.

use pintle_transport::{EngineHandle, Handshake, SessionHandle, TransportKind};

/// The connections of a server, whatever namespaces are on them: what [`SocketIo::engine`](crate::SocketIo::engine) gives.
/// Node's `io.engine`.
///
/// ```
/// use pintle::{SocketIo, TransportKind};
///
/// async fn health(io: SocketIo) -> String {
///     let engine = io.engine();
///     format!("{} clients, {} of them polling", engine.clients_count(), engine.clients_on(TransportKind::Polling))
/// }
/// # let _: axum::Router = axum::Router::new().route("/health", axum::routing::get(health));
/// ```
#[derive(Clone, Debug)]
pub struct Engine(EngineHandle);

impl Engine {
    pub(crate) const fn new(handle: EngineHandle) -> Self {
        Self(handle)
    }

    /// How many clients are connected. Node's `clientsCount`.
    #[doc(alias = "clientsCount")]
    pub fn clients_count(&self) -> usize {
        self.0.session_count()
    }

    /// How many clients are on this transport at the moment. It asks every one of them.
    pub fn clients_on(&self, transport: TransportKind) -> usize {
        let counts = self.0.counts();
        match transport {
            TransportKind::Polling => counts.polling,
            TransportKind::WebSocket => counts.websocket,
            _ => 0,
        }
    }

    /// The clients that are connected at this moment. Node's `clients`.
    pub fn clients(&self) -> Vec<EngineClient> {
        self.0.sessions().into_iter().map(EngineClient::new).collect()
    }
}

/// A client's connection, whatever namespaces are on it. Node's `Socket` of Engine.IO, and `socket.conn`.
///
/// Its id is not shown: on long-polling whoever knows it can speak for the client.
#[derive(Clone, Debug)]
pub struct EngineClient(SessionHandle);

impl EngineClient {
    pub(crate) const fn new(session: SessionHandle) -> Self {
        Self(session)
    }

    /// What the connection travels on at the moment. Node's `transport.name`.
    pub fn transport(&self) -> TransportKind {
        self.0.transport()
    }

    /// The request that opened it. Node's `request`.
    pub fn handshake(&self) -> &Handshake {
        self.0.handshake()
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Closes it, once the client has what waits for it. Its sockets see `forced close`; the client is not told to stay away,
    /// and connects again. Node's `conn.close()`.
    pub fn close(&self) {
        self.0.close();
    }
}

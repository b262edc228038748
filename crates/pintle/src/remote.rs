//! A socket as all nodes of a cluster see it.

use std::sync::Arc;
use std::time::Duration;

use pintle_proto::SocketId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ack::AckFuture;
use crate::data::SocketData;
use crate::error::{EmitError, EmitWithAckError, JoinError};
use crate::handshake::HandshakeDetails;
use crate::rooms::IntoRooms;
use crate::socket::Socket;
use crate::unicast::Unicast;

/// A socket as [`fetch_sockets`](crate::Broadcast::fetch_sockets) gives it: what is known of it at that moment, and the means
/// to reach it, on whichever node it is. Node's `RemoteSocket`.
///
/// ```
/// use pintle::{ClusterError, SocketIo};
///
/// async fn who(io: SocketIo) -> Result<(), ClusterError> {
///     for socket in io.to("lobby").fetch_sockets().await? {
///         println!("{} from {} is in {:?}", socket.id(), socket.handshake().address(), socket.rooms());
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RemoteSocket {
    socket: Unicast,
    rooms: Vec<Arc<str>>,
    data: Option<SocketData>,
}

impl RemoteSocket {
    pub(crate) fn local(socket: Socket) -> Self {
        Self { rooms: socket.rooms(), data: socket.raw_data(), socket: Unicast::new(socket) }
    }

    /// The socket's id.
    pub fn id(&self) -> SocketId {
        self.socket.socket().id()
    }

    /// The request that opened its connection.
    pub fn handshake(&self) -> HandshakeDetails {
        self.socket.socket().handshake_details()
    }

    /// The rooms that it was in, its own id first.
    pub fn rooms(&self) -> &[Arc<str>] {
        &self.rooms
    }

    /// The data that it had, if there was some and it is a `T`. See [`Socket::data`].
    pub fn data<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.data.as_ref()?.read()
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits. Node's `timeout`.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.socket = self.socket.timeout(timeout);
        self
    }

    /// Emits an event to it, as [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit`].
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        self.socket.emit(event, data)
    }

    /// Emits an event to it and waits for the acknowledgement, as [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_with_ack`].
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<T, EmitWithAckError>> {
        self.socket.emit_with_ack(event, data)
    }

    /// Has it join rooms.
    ///
    /// # Errors
    ///
    /// As those of [`Socket::join`], as far as they are known at once.
    pub fn join(&self, rooms: impl IntoRooms) -> Result<(), JoinError> {
        self.socket.socket().join(rooms)
    }

    /// Has it leave rooms.
    pub fn leave(&self, rooms: impl IntoRooms) {
        self.socket.socket().leave(rooms);
    }

    /// Disconnects it from its namespace.
    pub fn disconnect(&self) {
        self.socket.socket().disconnect();
    }

    /// Disconnects all sockets of its connection, and closes that. Node's `disconnect(true)`.
    pub fn close(&self) {
        self.socket.socket().close();
    }
}

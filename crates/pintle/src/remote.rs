//! A socket as all nodes of a cluster see it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::cluster;
use pintle_proto::{SocketId, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};

use crate::ack::AckFuture;
use crate::data::SocketData;
use crate::error::{EmitError, EmitWithAckError, JoinError};
use crate::handshake::HandshakeDetails;
use crate::io::SocketIo;
use crate::nsp::Nsp;
use crate::operator::{Broadcast, BroadcastAckError};
use crate::rooms::IntoRooms;
use crate::socket::Socket;
use crate::unicast::Unicast;

/// A socket as [`fetch_sockets`](crate::Broadcast::fetch_sockets) gives it: what is known of it at that moment, and the means
/// to reach it, on whichever node it is. Node's `RemoteSocket`.
///
/// ```
/// use pintle::{ClusterError, RemoteSocket, SocketIo};
///
/// async fn who(io: SocketIo) -> Result<(), ClusterError<RemoteSocket>> {
///     for socket in io.to("lobby").fetch_sockets().await? {
///         println!("{} from {} is in {:?}", socket.id(), socket.handshake().address(), socket.rooms());
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RemoteSocket {
    place: Place,
    rooms: Vec<Arc<str>>,
    data: Option<SocketData>,
}

/// Where it is.
#[derive(Clone, Debug)]
enum Place {
    Here(Unicast),
    Elsewhere(Box<Elsewhere>),
}

/// A socket of another node.
#[derive(Clone, Debug)]
struct Elsewhere {
    id: SocketId,
    handshake: HandshakeDetails,
    /// The room of its id, in which nobody else is.
    room: Broadcast,
}

impl RemoteSocket {
    pub(crate) fn local(socket: Socket) -> Self {
        Self { rooms: socket.rooms(), data: socket.raw_data(), place: Place::Here(Unicast::new(socket)) }
    }

    /// A socket that another node has told of; nothing if what it told makes no sense here.
    pub(crate) fn remote(io: &SocketIo, nsp: &Arc<Nsp>, told: cluster::RemoteSocket) -> Option<Self> {
        let id = SocketId::parse(&told.id)?;
        let handshake = HandshakeDetails::deserialize(&told.handshake)
            .inspect_err(|error| tracing::debug!(socket = %id, %error, "the handshake of another node's socket"))
            .ok()?;
        let data = serde_json::value::to_raw_value(&told.data).ok().map(SocketData::new);
        let room = Broadcast::of_nsp(nsp.clone(), io).to(id);
        Some(Self { place: Place::Elsewhere(Box::new(Elsewhere { id, handshake, room })), rooms: told.rooms, data })
    }

    /// The socket's id.
    pub fn id(&self) -> SocketId {
        match &self.place {
            Place::Here(socket) => socket.socket().id(),
            Place::Elsewhere(socket) => socket.id,
        }
    }

    /// The request that opened its connection.
    pub fn handshake(&self) -> HandshakeDetails {
        match &self.place {
            Place::Here(socket) => socket.socket().handshake_details(),
            Place::Elsewhere(socket) => socket.handshake.clone(),
        }
    }

    /// The rooms that it was in, its own id first if it is of this node.
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
        self.place = match self.place {
            Place::Here(socket) => Place::Here(socket.timeout(timeout)),
            Place::Elsewhere(mut socket) => {
                socket.room = socket.room.timeout(timeout);
                Place::Elsewhere(socket)
            }
        };
        self
    }

    /// Emits an event to it, as [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit`], as far as they are known on this node.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        match &self.place {
            Place::Here(socket) => socket.emit(event, data),
            Place::Elsewhere(socket) => socket.room.emit(event, data),
        }
    }

    /// Emits an event to it and waits for the acknowledgement, as [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_with_ack`]. A socket of another node that is gone is a timeout.
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<T, EmitWithAckError>> {
        match &self.place {
            Place::Here(socket) => socket.emit_with_ack(event, data),
            Place::Elsewhere(socket) => {
                let answers = socket.room.emit_with_ack(event, data);
                AckFuture::new(async move {
                    match answers.await {
                        Ok(answers) => answers.into_iter().next().ok_or(EmitWithAckError::Timeout),
                        Err(BroadcastAckError::Emit(error)) => Err(error.into()),
                        Err(BroadcastAckError::Missing(_)) => Err(EmitWithAckError::Timeout),
                    }
                })
            }
        }
    }

    /// Has it join rooms.
    ///
    /// # Errors
    ///
    /// As those of [`Socket::join`], as far as they are known at once: of another node's socket none.
    pub fn join(&self, rooms: impl IntoRooms) -> Result<(), JoinError> {
        match &self.place {
            Place::Here(socket) => socket.socket().join(rooms),
            Place::Elsewhere(socket) => {
                socket.room.join(rooms);
                Ok(())
            }
        }
    }

    /// Has it leave rooms.
    pub fn leave(&self, rooms: impl IntoRooms) {
        match &self.place {
            Place::Here(socket) => socket.socket().leave(rooms),
            Place::Elsewhere(socket) => socket.room.leave(rooms),
        }
    }

    /// Disconnects it from its namespace.
    pub fn disconnect(&self) {
        match &self.place {
            Place::Here(socket) => socket.socket().disconnect(),
            Place::Elsewhere(socket) => socket.room.disconnect(),
        }
    }

    /// Disconnects all sockets of its connection, and closes that. Node's `disconnect(true)`.
    pub fn close(&self) {
        match &self.place {
            Place::Here(socket) => socket.socket().close(),
            Place::Elsewhere(socket) => socket.room.close_connections(),
        }
    }
}

/// What other nodes are told of a socket of this one.
pub(crate) fn described(socket: &Socket) -> cluster::RemoteSocket {
    cluster::RemoteSocket {
        id: socket.id().to_string(),
        handshake: value(&socket.handshake_details()).unwrap_or(NOTHING),
        rooms: socket.rooms(),
        data: data(socket),
    }
}

/// The data of a socket, as other nodes are told.
pub(crate) fn data(socket: &Socket) -> Value {
    socket.raw_data().and_then(|data| data_of(socket, &data)).unwrap_or(NOTHING)
}

const NOTHING: Value = Value::Object(Vec::new());

/// The data of a socket, which the user's code writes.
fn data_of(socket: &Socket, data: &SocketData) -> Option<Value> {
    let written = catch_unwind(AssertUnwindSafe(|| data.to_json()));
    match written {
        Ok(Ok(json)) => serde_json::from_str(json.get()).ok(),
        Ok(Err(error)) => {
            tracing::warn!(socket = %socket.id(), %error, "the data of a socket cannot be told other nodes");
            None
        }
        Err(_) => {
            tracing::error!(socket = %socket.id(), "the data of a socket panicked when it was written");
            None
        }
    }
}

fn value(written: &impl Serialize) -> Option<Value> {
    let json = serde_json::to_string(written).ok()?;
    serde_json::from_str(&json).ok()
}

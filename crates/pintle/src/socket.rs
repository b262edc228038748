//! A client's connection to one namespace.

mod extras;
mod life;
mod listeners;

use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::Select;
use pintle_proto::{Encoded, SocketId};
use pintle_transport::{Handshake, TransportKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::life::{Farewell, Stage, WeakSocket};
use self::life::{Inner, Membership};
pub use self::listeners::ListenerId;
use crate::ack::AckFuture;
use crate::engine::EngineClient;
use crate::error::{ClientError, EmitError, EmitWithAckError, JoinError};
use crate::handshake::HandshakeDetails;
use crate::io::SocketIo;
use crate::operator::{Broadcast, told};
use crate::rooms::IntoRooms;
use crate::unicast::Unicast;

/// A client's connection to one namespace; clones are handles to the same one. Node's `Socket`.
///
/// It is an extractor in every handler. A handle outlives the connection: what is asked of it after the end is an error
/// value or nothing at all, never a panic.
///
/// ```
/// use pintle::{Data, EmitError, Socket};
///
/// async fn say(socket: Socket, Data(text): Data<String>) -> Result<(), EmitError> {
///     socket.to("lobby").emit("said", (socket.id(), text))
/// }
/// ```
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

impl Socket {
    /// The socket's public id: another for each namespace and each connection, and a room of its own. Node's `socket.id`.
    pub fn id(&self) -> SocketId {
        self.0.id
    }

    /// The name of its namespace. Node's `socket.nsp.name`.
    pub fn namespace(&self) -> &str {
        self.0.nsp.name()
    }

    /// The server.
    pub fn io(&self) -> &SocketIo {
        &self.0.io
    }

    /// What the client said for itself when it connected to the namespace, read into `T`; `{}` if it said nothing. The
    /// extractor [`Auth`](crate::Auth) gives the same. Node's `socket.handshake.auth`.
    ///
    /// # Errors
    ///
    /// When it is of another type.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ClientError> {
        serde_json::from_str(self.auth_json()).map_err(|error| ClientError::new("invalid auth").with_source(error))
    }

    /// Whether this is the socket of before: its client was cut off, and has come back in time. Node's `socket.recovered`.
    #[doc(alias = "recovered")]
    pub fn is_recovered(&self) -> bool {
        self.0.ticket.as_ref().is_some_and(|ticket| ticket.is_recovered())
    }

    /// Whether the socket is connected: accepted by the middleware, and left by nobody. Node's `socket.connected`.
    #[doc(alias = "connected")]
    pub fn is_connected(&self) -> bool {
        self.stage() == Stage::Connected
    }

    /// The request that opened the connection. Node's `socket.handshake`.
    pub fn handshake(&self) -> &Handshake {
        self.0.session.handshake()
    }

    /// All of the handshake, as other nodes of a cluster see it. It is put together at each call.
    pub fn handshake_details(&self) -> HandshakeDetails {
        HandshakeDetails::of(self.handshake(), Some(self.auth_json()))
    }

    /// The connection that this socket shares with the client's other ones. Node's `socket.conn`.
    pub fn conn(&self) -> EngineClient {
        EngineClient::new(self.0.session.clone())
    }

    /// What the connection travels on at the moment. Node's `socket.conn.transport.name`.
    pub fn transport(&self) -> TransportKind {
        self.0.session.transport()
    }

    /// Emits an event to this client. Never blocks: what cannot go out at once waits in the connection's outbox.
    ///
    /// A tuple is several arguments, `()` none, anything else one. An array `[T; N]` is a tuple to serde, so it is several,
    /// too; a slice, a [`Vec`] and a struct are one, and `(array,)` is an array as one. [`bytes::Bytes`] anywhere in it
    /// travels as a binary attachment; a `Vec<u8>` is an array of numbers.
    ///
    /// Where there is [recovery](crate::SocketIoLayer::recovery), what cannot be sent is kept until the client comes back.
    /// While it may, that is no error, and an old handle reaches the socket that came back.
    ///
    /// # Errors
    ///
    /// When the socket is disconnected, its outbox is full (then its connection closes, unless
    /// [`overflow`](crate::SocketIoLayer::overflow) says otherwise), the data is no JSON or the name is reserved.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        let (Some(ticket), Some(log)) = (&self.0.ticket, self.0.nsp.log()) else {
            return self.dispatch(Encoded::event(self.namespace(), None, event, &data)?);
        };
        if let Some((log, link)) = self.0.nsp.keeping()
            && (self.is_connected() || ticket.is_away())
        {
            let event = told(event, &data)?;
            log.keep(&self.0.nsp, link, &Select::all().to(self.id().as_str()), event);
            return Ok(());
        }
        let packet = log.emit_to(self, ticket, Encoded::draft(self.namespace(), event, &data)?)?;
        self.notify_outgoing(&packet);
        Ok(())
    }

    /// Emits the event `message`. Node's `socket.send`.
    ///
    /// # Errors
    ///
    /// As those of [`emit`](Self::emit).
    pub fn send(&self, data: impl Serialize) -> Result<(), EmitError> {
        self.emit("message", data)
    }

    /// Emits an event and waits for the client's acknowledgement, for as long as the
    /// [`ack_timeout`](crate::SocketIoLayer::ack_timeout) says (5 s). Node's `emitWithAck`.
    ///
    /// The event is on its way when this returns; the future only waits. Several arguments of the acknowledgement are read
    /// by a tuple.
    ///
    /// # Errors
    ///
    /// When it cannot be emitted, and when there is no answer of the wanted type in time.
    ///
    /// ```
    /// # use pintle::{EmitWithAckError, Socket};
    /// async fn ask(socket: Socket) {
    ///     match socket.emit_with_ack::<String>("your name?", ()).await {
    ///         Ok(name) => println!("hello {name}"),
    ///         Err(EmitWithAckError::Timeout) => println!("no answer"),
    ///         Err(error) => println!("{error}"),
    ///     }
    /// }
    /// ```
    #[doc(alias = "emitWithAck")]
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<T, EmitWithAckError>> {
        Unicast::new(self.clone()).emit_with_ack(event, data)
    }

    /// Sets how long the next [`emit_with_ack`](Unicast::emit_with_ack) waits.
    pub fn timeout(&self, timeout: Duration) -> Unicast {
        Unicast::new(self.clone()).timeout(timeout)
    }

    /// Emits only if the packet can go out at once, and drops it otherwise. Node's `socket.volatile`.
    pub fn volatile(&self) -> Unicast {
        Unicast::new(self.clone()).volatile()
    }

    /// Everybody in the namespace, this socket included. Node's `socket.nsp`.
    pub fn everybody(&self) -> Broadcast {
        Broadcast::of_nsp(self.0.nsp.clone(), &self.0.io)
    }

    /// Everybody in the namespace but this socket. Node's `socket.broadcast`.
    pub fn broadcast(&self) -> Broadcast {
        self.everybody().except(self.0.id.as_str())
    }

    /// Everybody in these rooms but this socket. Node's `socket.to`.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to). Node's `socket.in`.
    #[doc(alias = "in")]
    pub fn in_(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Everybody in the namespace but this socket and those in these rooms. Node's `socket.except`.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Everybody on this node but this socket. Node's `socket.local`.
    pub fn local(&self) -> Broadcast {
        self.broadcast().local()
    }

    /// Joins rooms. In a middleware it takes effect when the socket is accepted; after the end it does nothing.
    ///
    /// # Errors
    ///
    /// When a room is another socket's id, its name is [too long](crate::SocketIoLayer::max_room_len), or the socket is in
    /// [too many](crate::SocketIoLayer::max_rooms). The others are joined.
    pub fn join(&self, rooms: impl IntoRooms) -> Result<(), JoinError> {
        let mut joined = Ok(());
        rooms.each(|room| {
            let one = self.join_one(room);
            joined = joined.and(one);
        });
        joined
    }

    /// Leaves rooms, if the socket is in them.
    pub fn leave(&self, rooms: impl IntoRooms) {
        rooms.each(|room| self.leave_one(room));
    }

    /// The rooms that the socket is in, its own id first. In a handler of its disconnection: those that it was in.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        let shared = self.lock();
        match &shared.membership {
            Membership::Pending(rooms) => {
                std::iter::once(Arc::from(self.0.id.as_str())).chain(rooms.iter().cloned()).collect()
            }
            Membership::Member(member) => self.0.nsp.rooms().rooms_of(*member),
            Membership::Gone(rooms) => rooms.clone(),
        }
    }

    /// Whether the socket is in a room.
    pub fn is_in(&self, room: impl AsRef<str>) -> bool {
        let room = room.as_ref();
        self.rooms().iter().any(|other| **other == *room)
    }

    /// Disconnects the socket from its namespace. The connection stays, with what other namespaces have on it. Node's
    /// `socket.disconnect()`.
    pub fn disconnect(&self) {
        self.leave_at(Stage::Leaving);
    }

    /// Disconnects all sockets of the connection from their namespaces, and closes it. Node's `socket.disconnect(true)`.
    pub fn close(&self) {
        self.leave_at(Stage::Closing);
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}

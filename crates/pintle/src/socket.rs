//! A client's connection to one namespace.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pintle_adapter::MemberId;
use pintle_proto::{Args, Encoded, PendingAcks, SocketId};
use pintle_transport::{Handshake, SessionHandle, TransportKind};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ack::{self, AckFuture, Waiter};
use crate::error::{EmitError, EmitWithAckError, JoinError};
use crate::io::SocketIo;
use crate::nsp::Nsp;
use crate::operator::{Broadcast, IntoRooms, Unicast};
use crate::pattern::ParamValues;

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

struct Inner {
    id: SocketId,
    nsp: Arc<Nsp>,
    io: SocketIo,
    session: SessionHandle,
    /// What the client said for itself when it connected: a JSON object.
    auth: Option<Box<str>>,
    stage: AtomicU8,
    shared: Mutex<Shared>,
}

/// What changes, and from several sides.
struct Shared {
    membership: Membership,
    acks: PendingAcks<Waiter>,
}

/// Where the socket is found by broadcasts.
enum Membership {
    /// Nowhere yet: the middleware has not accepted it. Rooms that it will be in.
    Pending(Vec<Arc<str>>),
    Member(MemberId),
    /// Nowhere any more. Rooms that it was in, for the handler of its disconnection.
    Gone(Vec<Arc<str>>),
}

/// How far a socket has come. The order matters: it only goes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Stage {
    /// Its middleware runs.
    Pending,
    Connected,
    /// The server disconnects it; its task has yet to notice.
    Leaving,
    /// The same, and with it all of its connection.
    Closing,
    /// It is over.
    Gone,
    /// It is over, and the server wanted that: what the client had said before is not heard any more.
    Dismissed,
}

impl Stage {
    const fn from_u8(stage: u8) -> Self {
        match stage {
            0 => Self::Pending,
            1 => Self::Connected,
            2 => Self::Leaving,
            3 => Self::Closing,
            4 => Self::Gone,
            _ => Self::Dismissed,
        }
    }
}

impl Socket {
    pub(crate) fn new(id: SocketId, nsp: Arc<Nsp>, io: SocketIo, session: SessionHandle, auth: Option<&str>) -> Self {
        let acks = PendingAcks::new(io.config().proto.max_pending_acks());
        Self(Arc::new(Inner {
            id,
            nsp,
            io,
            session,
            auth: auth.map(Into::into),
            stage: AtomicU8::new(Stage::Pending as u8),
            shared: Mutex::new(Shared { membership: Membership::Pending(Vec::new()), acks }),
        }))
    }

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

    /// Whether the socket is connected: accepted by the middleware, and left by nobody. Node's `socket.connected`.
    pub fn is_connected(&self) -> bool {
        self.stage() == Stage::Connected
    }

    /// The request that opened the connection. Node's `socket.handshake`.
    pub fn handshake(&self) -> &Handshake {
        self.0.session.handshake()
    }

    /// What the connection travels on at the moment. Node's `socket.conn.transport.name`.
    pub fn transport(&self) -> TransportKind {
        self.0.session.transport()
    }

    /// Emits an event to this client. Never blocks: what cannot go out at once waits in the connection's outbox.
    ///
    /// A tuple is several arguments, `()` none, anything else one. [`bytes::Bytes`] anywhere in it travels as a binary
    /// attachment.
    ///
    /// # Errors
    ///
    /// When the socket is disconnected, its outbox is full (then its connection closes), the data is no JSON or the name is
    /// reserved.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        self.send(&Encoded::event(self.namespace(), None, event, &data)?)
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
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<T, EmitWithAckError>> {
        self.timeout(self.0.io.config().ack_timeout).emit_with_ack(event, data)
    }

    /// Sets how long the next [`emit_with_ack`](Unicast::emit_with_ack) waits.
    pub fn timeout(&self, timeout: Duration) -> Unicast {
        Unicast::new(self.clone()).timeout(timeout)
    }

    /// Emits only if the packet can go out at once, and drops it otherwise. Node's `socket.volatile`.
    pub fn volatile(&self) -> Unicast {
        Unicast::new(self.clone()).volatile()
    }

    /// Everybody in the namespace but this socket. Node's `socket.broadcast`.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::new(Some(self.0.nsp.clone()), &self.0.io).except(self.0.id.as_str())
    }

    /// Everybody in these rooms but this socket. Node's `socket.to`.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// The same as [`to`](Self::to). Node's `socket.in`.
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

    /// Joins a room. In a middleware it takes effect when the socket is accepted; after the end it does nothing.
    ///
    /// # Errors
    ///
    /// When the room is another socket's id, or its name is longer than 256 bytes.
    pub fn join(&self, room: impl AsRef<str>) -> Result<(), JoinError> {
        let room = room.as_ref();
        let mut shared = self.lock();
        match &mut shared.membership {
            Membership::Pending(rooms) => {
                if !rooms.iter().any(|pending| **pending == *room) {
                    rooms.push(room.into());
                }
            }
            Membership::Member(member) => {
                self.0.nsp.rooms_mut().join(*member, room).map_err(JoinError)?;
            }
            Membership::Gone(_) => {}
        }
        Ok(())
    }

    /// Leaves a room, if the socket is in it.
    pub fn leave(&self, room: impl AsRef<str>) {
        let room = room.as_ref();
        let mut shared = self.lock();
        match &mut shared.membership {
            Membership::Pending(rooms) => rooms.retain(|pending| **pending != *room),
            Membership::Member(member) => {
                self.0.nsp.rooms_mut().leave(*member, room);
            }
            Membership::Gone(_) => {}
        }
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

    /// Disconnects the socket from its namespace. The connection stays, with what other namespaces have on it. Node's
    /// `socket.disconnect()`.
    pub fn disconnect(&self) {
        self.leave_at(Stage::Leaving);
    }

    /// Disconnects all sockets of the connection from their namespaces, and closes it. Node's `socket.disconnect(true)`.
    pub fn close(&self) {
        self.leave_at(Stage::Closing);
    }

    /// Has the socket's task end it. One that is not accepted yet cannot be left: its middleware can refuse it.
    fn leave_at(&self, stage: Stage) {
        let goes_up = |before| {
            let before = Stage::from_u8(before);
            (Stage::Connected <= before && before < stage).then_some(stage as u8)
        };
        if self.0.stage.fetch_update(Ordering::AcqRel, Ordering::Acquire, goes_up).is_ok() {
            self.0.session.wake();
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        Stage::from_u8(self.0.stage.load(Ordering::Acquire))
    }

    /// Whether the server ends the socket, or has done so.
    pub(crate) fn is_dismissed(&self) -> bool {
        matches!(self.stage(), Stage::Leaving | Stage::Closing | Stage::Dismissed)
    }

    /// Whether somebody waits for an acknowledgement of the client's.
    pub(crate) fn is_awaiting_acks(&self) -> bool {
        !self.lock().acks.is_empty()
    }

    pub(crate) fn nsp(&self) -> &Arc<Nsp> {
        &self.0.nsp
    }

    pub(crate) fn auth(&self) -> Option<&str> {
        self.0.auth.as_deref()
    }

    /// The parameters of a dynamic namespace.
    pub(crate) fn params(&self) -> Option<&ParamValues> {
        None
    }

    /// Queues a packet.
    pub(crate) fn send(&self, packet: &Encoded) -> Result<(), EmitError> {
        if self.stage() > Stage::Connected {
            return Err(EmitError::disconnected());
        }
        Ok(self.0.session.send(packet.frames())?)
    }

    /// Queues a packet if it can go out at once.
    pub(crate) fn send_volatile(&self, packet: &Encoded) -> bool {
        self.stage() <= Stage::Connected && self.0.session.send_volatile(packet.frames())
    }

    /// Makes the socket one that broadcasts find, in the rooms that its middleware joined.
    pub(crate) fn accept(&self) {
        let mut shared = self.lock();
        let Membership::Pending(pending) = &mut shared.membership else {
            return;
        };
        let pending = std::mem::take(pending);
        // Before others can find it, so that whoever finds it can disconnect it.
        self.0.stage.fetch_max(Stage::Connected as u8, Ordering::AcqRel);
        let mut rooms = self.0.nsp.rooms_mut();
        let member = rooms.insert(self.0.id, self.clone());
        let join = |room: Arc<str>| rooms.join(member, &room).err().map(|error| (room, error));
        let refused: Vec<_> = pending.into_iter().filter_map(join).collect();
        drop(rooms);
        shared.membership = Membership::Member(member);
        drop(shared);
        // Not under the locks: a subscriber may want to send what it hears to a room.
        for (room, error) in refused {
            tracing::warn!(socket = %self.0.id, ?room, %error, "a room of the middleware was not joined");
        }
    }

    /// Takes the socket out of the namespace and all rooms, and gives up the acknowledgements that it waits for. Whether it
    /// had been accepted. `dismissed` if it was the server that wanted its end.
    pub(crate) fn retire(&self, dismissed: bool) -> bool {
        let stage = if dismissed { Stage::Dismissed } else { Stage::Gone };
        self.0.stage.store(stage as u8, Ordering::Release);
        let mut shared = self.lock();
        let member = match &shared.membership {
            Membership::Member(member) => Some(*member),
            Membership::Pending(_) | Membership::Gone(_) => None,
        };
        let was_in = member.map(|member| {
            let mut rooms = self.0.nsp.rooms_mut();
            let was_in = rooms.rooms_of(member);
            rooms.remove(member);
            was_in
        });
        shared.membership = Membership::Gone(was_in.unwrap_or_default());
        let waiting: Vec<_> = shared.acks.drain().collect();
        drop(shared);
        // Dropped here, outside of the lock: whoever waits is told.
        drop(waiting);
        member.is_some()
    }

    /// Has `waiter` wait for an acknowledgement; it comes back if too many do.
    pub(crate) fn await_ack(&self, id: u64, waiter: Waiter) -> Result<(), Waiter> {
        self.lock().acks.insert(id, waiter)
    }

    /// Nobody waits for it any more.
    pub(crate) fn forget_ack(&self, id: u64) {
        let waiter = self.lock().acks.take(id);
        drop(waiter);
    }

    /// The client has acknowledged. Whoever does not wait is not told.
    pub(crate) fn acknowledged(&self, id: u64, args: Args) {
        let waiter = self.lock().acks.take(id);
        if let Some(waiter) = waiter {
            ack::deliver(waiter, args);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Socket {}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.0.id)
            .field("namespace", &self.0.nsp.name())
            .field("stage", &self.stage())
            .finish_non_exhaustive()
    }
}

//! Whom an event is for, and how it is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::Select;
use pintle_proto::Encoded;
use serde::Serialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use crate::ack::{self, AckFuture, AskedMany, Question};
use crate::error::{ClusterError, EmitError, MissingAcks};
use crate::io::SocketIo;
use crate::nsp::Nsp;
use crate::remote::RemoteSocket;
use crate::room_events::RoomEvents;
use crate::rooms::IntoRooms;
use crate::socket::Socket;

/// Whom a broadcast is for, and how it is sent: what [`SocketIo::to`], [`Socket::to`] and their kin give. Node's
/// `BroadcastOperator`.
///
/// Rooms add up, and each socket gets an event once. Each method gives a new operator; nothing happens before the last.
///
/// ```
/// use pintle::{EmitError, SocketIo};
///
/// fn announce(io: &SocketIo) -> Result<(), EmitError> {
///     io.to("lobby").to("bar").except("muted").emit("news", "it is five o'clock")
/// }
/// ```
#[doc(alias = "BroadcastOperator")]
#[derive(Clone)]
#[must_use = "nothing happens before `emit` or another last call"]
pub struct Broadcast {
    io: SocketIo,
    scope: Scope,
    select: Select,
    volatile: bool,
    timeout: Duration,
}

/// In which namespaces.
#[derive(Clone)]
enum Scope {
    Nsp(Arc<Nsp>),
    /// Whatever dynamic namespaces a name or pattern means when it comes to that.
    Dynamic(Arc<str>),
}

impl Broadcast {
    pub(crate) fn of_nsp(nsp: Arc<Nsp>, io: &SocketIo) -> Self {
        Self::new(Scope::Nsp(nsp), io)
    }

    pub(crate) fn of_dynamic(name: &str, io: &SocketIo) -> Self {
        Self::new(Scope::Dynamic(name.into()), io)
    }

    fn new(scope: Scope, io: &SocketIo) -> Self {
        let timeout = io.config().ack_timeout;
        Self { io: io.clone(), scope, select: Select::all(), volatile: false, timeout }
    }

    /// Adds those in these rooms. As long as no room was named, everybody is meant: an empty list names none. Node's `to`.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        rooms.each(|room| self.select.rooms.push(room.into()));
        self
    }

    /// The same as [`to`](Self::to). Node's `in`.
    #[doc(alias = "in")]
    pub fn in_(self, rooms: impl IntoRooms) -> Self {
        self.to(rooms)
    }

    /// Leaves out those in these rooms. Node's `except`.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        rooms.each(|room| self.select.except.push(room.into()));
        self
    }

    /// Only sockets of this node. Node's `local`.
    ///
    /// There is only one node as long as no cluster adapter is used.
    pub const fn local(self) -> Self {
        self
    }

    /// Drops the event for those to whom it cannot go out at once. Node's `volatile`.
    pub const fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits. Node's `timeout`.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Emits an event, with data as in [`Socket::emit`]. It is encoded once, and never blocks: a client that is too slow is
    /// closed, or goes [without it](crate::SocketIoLayer::overflow), and the others do not notice.
    ///
    /// # Errors
    ///
    /// When the data is no JSON, the name is reserved, or the server is [closed](SocketIo::close). That some of the clients
    /// could not be reached is no error.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        self.io.ensure_open()?;
        for nsp in self.namespaces() {
            let draft = Encoded::draft(nsp.name(), event, &data)?;
            match nsp.log().filter(|_| !self.volatile) {
                Some(log) => log.emit(&nsp, &self.select, draft),
                None => self.deliver(&nsp, &draft.finish(None)),
            }
        }
        Ok(())
    }

    fn deliver(&self, nsp: &Nsp, packet: &Encoded) {
        let mut refused = 0;
        for socket in &nsp.select(&self.select) {
            match socket.deliver_as(packet, self.volatile) {
                Ok(true) => socket.notify_outgoing(packet),
                Ok(false) => {}
                Err(error) if error.is_refused() => refused += 1,
                Err(error) => tracing::trace!(socket = %socket.id(), %error, "a broadcast did not reach a socket"),
            }
        }
        nsp.report_refused(refused);
    }

    /// Emits the event `message`. Node's `send`.
    ///
    /// # Errors
    ///
    /// As those of [`emit`](Self::emit).
    pub fn send(&self, data: impl Serialize) -> Result<(), EmitError> {
        self.emit("message", data)
    }

    /// Emits an event and waits for everybody's acknowledgement. Node's `emitWithAck`.
    ///
    /// The event is on its way when this returns; the future only waits. Who is disconnected meanwhile is waited for no
    /// longer, and counts as missing.
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
        let asked = self.ask(event, &data);
        let timeout = self.timeout;
        AckFuture::new(async move { ack::answers(asked?, timeout).await.map_err(BroadcastAckError::Missing) })
    }

    fn ask(&self, event: &str, data: &impl Serialize) -> Result<AskedMany, EmitError> {
        self.io.ensure_open()?;
        let ask = |nsp: Arc<Nsp>| {
            let id = nsp.next_ack_id();
            let packet = Encoded::event(nsp.name(), Some(id), event, data)?;
            let sockets = nsp.select(&self.select).iter().cloned().collect();
            Ok(Question { sockets, id, packet, volatile: self.volatile })
        };
        let questions: Result<Vec<_>, EmitError> = self.namespaces().into_iter().map(ask).collect();
        Ok(ack::ask_many(questions?))
    }

    /// Emits an event to the other nodes of the cluster, not to clients. With one node there is nobody to hear it. Node's
    /// `serverSideEmit`.
    ///
    /// # Errors
    ///
    /// When the data is no JSON, the name is reserved, or the server is [closed](SocketIo::close).
    #[doc(alias = "serverSideEmit")]
    pub fn server_side_emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        self.io.ensure_open()?;
        Encoded::event("/", None, event, &data)?;
        Ok(())
    }

    /// Emits an event to the other nodes of the cluster, and waits for their answers: with one node there are none. Node's
    /// `serverSideEmitWithAck`.
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
        let emitted = self.server_side_emit(event, data);
        AckFuture::new(async move { emitted.map(|()| Vec::new()).map_err(BroadcastAckError::Emit) })
    }

    /// The sockets that are meant, on all nodes of the cluster. Node's `fetchSockets`.
    ///
    /// # Errors
    ///
    /// When other nodes do not answer; with one node, never.
    #[doc(alias = "fetchSockets")]
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, ClusterError> {
        Ok(self.sockets().into_iter().map(RemoteSocket::local).collect())
    }

    /// The sockets that are meant, at this moment and on this node. Node's `namespace.sockets`.
    pub fn sockets(&self) -> Vec<Socket> {
        let mut sockets = Vec::new();
        for nsp in self.namespaces() {
            sockets.extend(nsp.select(&self.select).iter().cloned());
        }
        sockets
    }

    /// How many sockets are meant, at this moment and on this node.
    pub fn count(&self) -> usize {
        self.namespaces().iter().map(|nsp| nsp.select(&self.select).len()).sum()
    }

    /// The rooms of the namespace that somebody joined, on this node and in no particular order: without those of the
    /// sockets' own ids. Node's `adapter.rooms`.
    pub fn rooms(&self) -> Vec<Arc<str>> {
        let rooms = |nsp: Arc<Nsp>| nsp.rooms().rooms().map(Arc::from).collect::<Vec<_>>();
        self.namespaces().into_iter().flat_map(rooms).collect()
    }

    /// What happens to the rooms of the namespace from now on, on this node. Node's events of an adapter.
    ///
    /// It is about one namespace, and of a dynamic one only if that is there now: [`new_namespaces`](SocketIo::new_namespaces)
    /// says when it comes to be.
    pub fn room_events(&self) -> RoomEvents {
        self.namespaces().first().map_or_else(RoomEvents::none, |nsp| nsp.subscribers().subscribe())
    }

    /// Has all of them join rooms. Node's `socketsJoin`.
    #[doc(alias = "socketsJoin")]
    pub fn join(&self, rooms: impl IntoRooms) {
        let sockets = self.sockets();
        rooms.each(|room| {
            for socket in &sockets {
                if let Err(error) = socket.join(room) {
                    tracing::warn!(socket = %socket.id(), %error, "a socket did not join a room");
                }
            }
        });
    }

    /// Has all of them leave rooms. Node's `socketsLeave`.
    #[doc(alias = "socketsLeave")]
    pub fn leave(&self, rooms: impl IntoRooms) {
        let sockets = self.sockets();
        rooms.each(|room| sockets.iter().for_each(|socket| socket.leave(room)));
    }

    /// Disconnects all of them from the namespace. Node's `disconnectSockets()`.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect(&self) {
        self.sockets().iter().for_each(Socket::disconnect);
    }

    /// Closes the connections of all of them. Node's `disconnectSockets(true)`.
    #[doc(alias = "disconnectSockets")]
    pub fn close_connections(&self) {
        self.sockets().iter().for_each(Socket::close);
    }

    fn namespaces(&self) -> SmallVec<[Arc<Nsp>; 1]> {
        match &self.scope {
            Scope::Nsp(nsp) => [nsp.clone()].into_iter().collect(),
            Scope::Dynamic(name) => self.io.namespaces().dynamic(name),
        }
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let namespace = match &self.scope {
            Scope::Nsp(nsp) => nsp.name(),
            Scope::Dynamic(name) => name,
        };
        f.debug_struct("Broadcast").field("namespace", namespace).field("select", &self.select).finish_non_exhaustive()
    }
}

/// Why [`Broadcast::emit_with_ack`] has not everybody's acknowledgement.
#[derive(Debug)]
#[non_exhaustive]
pub enum BroadcastAckError<T> {
    /// The event was not emitted.
    Emit(EmitError),
    /// Some did not answer.
    Missing(MissingAcks<T>),
}

impl<T> From<EmitError> for BroadcastAckError<T> {
    fn from(error: EmitError) -> Self {
        Self::Emit(error)
    }
}

impl<T> fmt::Display for BroadcastAckError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emit(error) => error.fmt(f),
            Self::Missing(missing) => missing.fmt(f),
        }
    }
}

impl<T: fmt::Debug> std::error::Error for BroadcastAckError<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Emit(error) => error.source(),
            Self::Missing(_) => None,
        }
    }
}

//! Whom an event is for, and how it is sent.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pintle_adapter::{Select, Selection};
use pintle_proto::Encoded;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ack::{self, AckFuture};
use crate::error::{EmitError, EmitWithAckError, MissingAcks};
use crate::io::SocketIo;
use crate::nsp::Nsp;
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
#[derive(Clone)]
#[must_use = "nothing happens before `emit` or another last call"]
pub struct Broadcast {
    /// `None` if there is no such namespace: then nobody is meant.
    nsp: Option<Arc<Nsp>>,
    select: Select,
    volatile: bool,
    timeout: Duration,
}

impl Broadcast {
    pub(crate) fn new(nsp: Option<Arc<Nsp>>, io: &SocketIo) -> Self {
        Self { nsp, select: Select::all(), volatile: false, timeout: io.config().ack_timeout }
    }

    /// Adds those in these rooms. Without any room, everybody is meant. Node's `to`.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        rooms.each(|room| self.select.rooms.push(room.into()));
        self
    }

    /// The same as [`to`](Self::to). Node's `in`.
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

    /// Emits an event. It is encoded once, and never blocks: a client that is too slow is closed, and the others do not
    /// notice.
    ///
    /// # Errors
    ///
    /// When the data is no JSON or the name is reserved. That some of the clients could not be reached is no error.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        let Some(nsp) = &self.nsp else {
            return Ok(());
        };
        let packet = Encoded::event(nsp.name(), None, event, &data)?;
        for socket in &nsp.select(&self.select) {
            if self.volatile {
                socket.send_volatile(&packet);
            } else if let Err(error) = socket.send(&packet) {
                tracing::trace!(socket = %socket.id(), %error, "a broadcast did not reach a socket");
            }
        }
        Ok(())
    }

    /// Emits an event and waits for everybody's acknowledgement. Node's `emitWithAck`.
    ///
    /// The event is on its way when this returns; the future only waits.
    ///
    /// # Errors
    ///
    /// When somebody does not answer in time: with the answers of those who did.
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<Vec<T>, BroadcastAckError<T>>> {
        let timeout = self.timeout;
        let asked = self.nsp.as_ref().map(|nsp| {
            let id = nsp.next_ack_id();
            let packet = Encoded::event(nsp.name(), Some(id), event, &data)?;
            Ok(ack::ask_many(self.sockets(), id, &packet))
        });
        AckFuture::new(async move {
            match asked {
                None => Ok(Vec::new()),
                Some(Err(error)) => Err(BroadcastAckError::Emit(error)),
                Some(Ok(asked)) => ack::answers(asked, timeout).await.map_err(BroadcastAckError::Missing),
            }
        })
    }

    /// The sockets that are meant, at this moment and on this node.
    pub fn sockets(&self) -> Vec<Socket> {
        self.select().map(|selection| selection.iter().cloned().collect()).unwrap_or_default()
    }

    /// Has all of them join a room. Node's `socketsJoin`.
    pub fn join(&self, room: impl AsRef<str>) {
        for socket in self.sockets() {
            if let Err(error) = socket.join(&room) {
                tracing::warn!(socket = %socket.id(), %error, "a socket did not join a room");
            }
        }
    }

    /// Has all of them leave a room. Node's `socketsLeave`.
    pub fn leave(&self, room: impl AsRef<str>) {
        self.sockets().iter().for_each(|socket| socket.leave(&room));
    }

    /// Disconnects all of them from the namespace. Node's `disconnectSockets`.
    pub fn disconnect(&self) {
        self.sockets().iter().for_each(Socket::disconnect);
    }

    /// Closes the connections of all of them. Node's `disconnectSockets(true)`.
    pub fn close(&self) {
        self.sockets().iter().for_each(Socket::close);
    }

    fn select(&self) -> Option<Selection<Socket>> {
        self.nsp.as_ref().map(|nsp| nsp.select(&self.select))
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.nsp.as_ref().map(|nsp| nsp.name()))
            .field("select", &self.select)
            .finish_non_exhaustive()
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

impl<T: fmt::Debug> std::error::Error for BroadcastAckError<T> {}

/// One socket, and how an event is sent to it: what [`Socket::timeout`] and [`Socket::volatile`] give.
#[derive(Clone, Debug)]
#[must_use = "nothing happens before `emit` or another last call"]
pub struct Unicast {
    socket: Socket,
    volatile: bool,
    timeout: Duration,
}

impl Unicast {
    pub(crate) fn new(socket: Socket) -> Self {
        let timeout = socket.io().config().ack_timeout;
        Self { socket, volatile: false, timeout }
    }

    /// How long [`emit_with_ack`](Self::emit_with_ack) waits. Node's `timeout`.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Drops the event if it cannot go out at once. Node's `volatile`.
    pub const fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Emits an event, as [`Socket::emit`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit`]. That a volatile event was dropped, for whatever reason, is no error.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        if !self.volatile {
            return self.socket.emit(event, data);
        }
        self.socket.send_volatile(&Encoded::event(self.socket.namespace(), None, event, &data)?);
        Ok(())
    }

    /// Emits an event and waits for the acknowledgement, as [`Socket::emit_with_ack`].
    ///
    /// # Errors
    ///
    /// As those of [`Socket::emit_with_ack`].
    pub fn emit_with_ack<T: DeserializeOwned + Send + 'static>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<Result<T, EmitWithAckError>> {
        AckFuture::new(ack::answer(ack::ask(&self.socket, event, &data), self.timeout))
    }
}

/// Names of rooms: one, or several in an array, a slice or a vector.
pub trait IntoRooms {
    /// Gives each name to `add`.
    #[doc(hidden)]
    fn each(self, add: impl FnMut(&str));
}

impl IntoRooms for &str {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self);
    }
}

impl IntoRooms for String {
    fn each(self, mut add: impl FnMut(&str)) {
        add(&self);
    }
}

impl IntoRooms for &String {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self);
    }
}

impl IntoRooms for Arc<str> {
    fn each(self, mut add: impl FnMut(&str)) {
        add(&self);
    }
}

impl IntoRooms for &Arc<str> {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self);
    }
}

impl IntoRooms for pintle_proto::SocketId {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self.as_str());
    }
}

impl IntoRooms for &pintle_proto::SocketId {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self.as_str());
    }
}

impl<R: AsRef<str>, const N: usize> IntoRooms for [R; N] {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

impl<R: AsRef<str>, const N: usize> IntoRooms for &[R; N] {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

impl<R: AsRef<str>> IntoRooms for &[R] {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

impl<R: AsRef<str>> IntoRooms for Vec<R> {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

impl<R: AsRef<str>> IntoRooms for &Vec<R> {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

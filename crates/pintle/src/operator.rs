//! Whom an event is for, and how it is sent.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use pintle_adapter::Select;
use pintle_adapter::cluster::{Event, Flags, Message, Targets};
use pintle_proto::{EncodeError, Encoded, SocketId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use smallvec::SmallVec;

use crate::ack::{self, AckFuture, AskedMany, Gathered, Question};
use crate::cluster::{self, Link, Pending};
use crate::error::{ClusterError, EmitError, MissingAcks};
use crate::handler::is_reserved_server_event;
use crate::io::SocketIo;
use crate::nsp::Nsp;
use crate::pattern::Pattern;
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
    local: bool,
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
        Self { io: io.clone(), scope, select: Select::all(), volatile: false, local: false, timeout }
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
    /// There is only one node as long as there is no [adapter](crate::SocketIoLayer::adapter).
    pub const fn local(mut self) -> Self {
        self.local = true;
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
        if self.reaches_others() {
            let event = told(event, &data)?;
            if !self.volatile && self.keep(&event) {
                return Ok(());
            }
            self.tell(|to| Message::Broadcast { event: event.clone(), to, request: None });
            // What the user's code has written once.
            return self.emit_here(&event.name, &event.args);
        }
        self.emit_here(event, &data)
    }

    fn emit_here(&self, event: &str, data: &impl Serialize) -> Result<(), EmitError> {
        for nsp in self.namespaces() {
            let draft = Encoded::draft(nsp.name(), event, data)?;
            nsp.emit(&self.select, self.volatile, draft);
        }
        Ok(())
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
        AckFuture::new(async move {
            let (here, elsewhere) = asked?;
            let elsewhere = join_all(elsewhere.into_iter().map(cluster::values));
            let (here, elsewhere) = join(ack::answers(here, timeout), elsewhere).await;
            Gathered::from_iter(std::iter::once(here).chain(elsewhere)).complete().map_err(BroadcastAckError::Missing)
        })
    }

    fn ask(&self, event: &str, data: &impl Serialize) -> Result<(AskedMany, Vec<Pending>), EmitError> {
        self.io.ensure_open()?;
        let mut elsewhere = Vec::new();
        let mut questions = Vec::new();
        for nsp in self.namespaces() {
            let id = nsp.next_ack_id();
            let packet = Encoded::event(nsp.name(), Some(id), event, data)?;
            if let Some(link) = self.link(&nsp) {
                elsewhere.push(link.broadcast_with_ack(told(event, data)?, self.targets(), self.timeout));
            }
            let sockets = nsp.select(&self.select).iter().cloned().collect();
            questions.push(Question { sockets, id, packet, volatile: self.volatile });
        }
        Ok((ack::ask_many(questions), elsewhere))
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
        let event = told_servers(event, &data)?;
        self.tell(|_| Message::SideEmit { event: event.clone(), request: None });
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
        let asked = self.io.ensure_open().and_then(|()| told_servers(event, &data)).map(|event| {
            let ask = |nsp: Arc<Nsp>| Some(nsp.link()?.side_emit(event.clone(), self.timeout));
            self.namespaces().into_iter().filter_map(ask).collect::<Vec<_>>()
        });
        AckFuture::new(async move {
            let answers = join_all(asked?.into_iter().map(cluster::values)).await;
            Gathered::from_iter(answers).complete().map_err(BroadcastAckError::Missing)
        })
    }

    /// The sockets that are meant, on all nodes of the cluster. Node's `fetchSockets`.
    ///
    /// Other nodes have until the [time limit](Self::timeout). It costs a message for each node, and its answer has all that is
    /// known of each socket: it is for looking, not for doing something with each message.
    ///
    /// # Errors
    ///
    /// When other nodes do not answer, with the sockets of those that did; with one node, never.
    #[doc(alias = "fetchSockets")]
    pub async fn fetch_sockets(&self) -> Result<Vec<RemoteSocket>, ClusterError<RemoteSocket>> {
        let mut found: Vec<_> = self.sockets().into_iter().map(RemoteSocket::local).collect();
        let mut missing = 0;
        let ask = |nsp: Arc<Nsp>| {
            let asked = self.link(&nsp)?.fetch(self.targets(), self.timeout);
            Some((nsp, asked))
        };
        let asked: Vec<_> = self.namespaces().into_iter().filter_map(ask).collect();
        for (nsp, asked) in asked {
            let there = cluster::sockets(asked).await;
            missing += there.missing;
            found.extend(there.answers.into_iter().filter_map(|socket| RemoteSocket::remote(&self.io, &nsp, socket)));
        }
        if missing == 0 { Ok(found) } else { Err(ClusterError { found, missing }) }
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

    /// The same on all nodes of the cluster, each once. Of Node's adapters only the classic one for Redis knows this question;
    /// with others it is [`rooms`](Self::rooms). Node's `adapter.allRooms`.
    ///
    /// # Errors
    ///
    /// When other nodes do not answer, with the rooms of those that did; with one node, never.
    #[doc(alias = "allRooms")]
    pub async fn fetch_rooms(&self) -> Result<Vec<Arc<str>>, ClusterError<Arc<str>>> {
        let mut rooms: BTreeSet<Arc<str>> = self.rooms().into_iter().collect();
        let mut missing = 0;
        let ask = |nsp: Arc<Nsp>| Some(self.link(&nsp)?.fetch_rooms(self.timeout));
        let asked: Vec<_> = self.namespaces().into_iter().filter_map(ask).collect();
        for asked in asked {
            let there = cluster::rooms(asked).await;
            missing += there.missing;
            // Other nodes say those of their sockets' ids, too.
            rooms.extend(there.answers.into_iter().filter(|room| SocketId::parse(room).is_none()));
        }
        let found = rooms.into_iter().collect();
        if missing == 0 { Ok(found) } else { Err(ClusterError { found, missing }) }
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
        let rooms = names(rooms);
        self.tell(|to| Message::Join { to, rooms: rooms.clone() });
        self.namespaces().iter().for_each(|nsp| nsp.put_into(&self.select, &rooms));
    }

    /// Has all of them leave rooms. Node's `socketsLeave`.
    #[doc(alias = "socketsLeave")]
    pub fn leave(&self, rooms: impl IntoRooms) {
        let rooms = names(rooms);
        self.tell(|to| Message::Leave { to, rooms: rooms.clone() });
        self.sockets().iter().for_each(|socket| socket.leave(&rooms));
    }

    /// Disconnects all of them from the namespace. Node's `disconnectSockets()`.
    #[doc(alias = "disconnectSockets")]
    pub fn disconnect(&self) {
        self.tell(|to| Message::Disconnect { to, close: false });
        self.sockets().iter().for_each(Socket::disconnect);
    }

    /// Closes the connections of all of them. Node's `disconnectSockets(true)`.
    #[doc(alias = "disconnectSockets")]
    pub fn close_connections(&self) {
        self.tell(|to| Message::Disconnect { to, close: true });
        self.sockets().iter().for_each(Socket::close);
    }

    /// Emits to all nodes, where what is emitted is kept for all of them. Whether it is.
    fn keep(&self, event: &Event) -> bool {
        let here = self.namespaces();
        let mut keeping = here.iter().filter_map(|nsp| Some((nsp, nsp.keeping()?))).peekable();
        if keeping.peek().is_none() {
            return false;
        }
        keeping.for_each(|(nsp, (log, link))| log.keep(nsp, link, &self.select, event.clone()));
        true
    }

    /// Tells the other nodes, before the same is done here: what is told them stays in this order. A dynamic namespace that
    /// is not here may be there.
    fn tell(&self, message: impl Fn(Targets) -> Message) {
        let Some(hub) = self.io.namespaces().hub().filter(|_| !self.local) else {
            return;
        };
        let here = self.namespaces();
        for link in here.iter().filter_map(|nsp| nsp.link()) {
            link.tell(message(self.targets()));
        }
        match &self.scope {
            Scope::Dynamic(name) if here.is_empty() && !Pattern::is_pattern(name) => {
                hub.tell(name, message(self.targets()));
            }
            Scope::Dynamic(_) | Scope::Nsp(_) => {}
        }
    }

    /// Whether there are other nodes, and they are meant as well.
    fn reaches_others(&self) -> bool {
        !self.local && self.io.namespaces().hub().is_some()
    }

    /// The way to the other nodes, if they are meant as well.
    fn link<'a>(&self, nsp: &'a Nsp) -> Option<&'a Link> {
        nsp.link().filter(|_| !self.local)
    }

    /// Whom it is for, as other nodes are told.
    fn targets(&self) -> Targets {
        Targets { select: self.select.clone(), flags: Flags { volatile: self.volatile, ..Flags::default() } }
    }

    fn namespaces(&self) -> SmallVec<[Arc<Nsp>; 1]> {
        match &self.scope {
            Scope::Nsp(nsp) => [nsp.clone()].into_iter().collect(),
            Scope::Dynamic(name) => self.io.namespaces().dynamic(name),
        }
    }
}

/// An event as other nodes are told.
pub(crate) fn told(event: &str, data: &impl Serialize) -> Result<Event, EmitError> {
    let packet = Encoded::event("/", None, event, data)?;
    // Too deep, or with what passes for an attachment: no client could read it either.
    let unreadable = || EncodeError::from(serde_json::Error::custom("nobody could read it"));
    let (name, args) = packet.event_args().ok_or_else(unreadable)?;
    Ok(Event { name, args })
}

/// An event for other servers, which keep other names for themselves than sockets do.
fn told_servers(event: &str, data: &impl Serialize) -> Result<Event, EmitError> {
    if is_reserved_server_event(event) {
        return Err(EncodeError::reserved(event).into());
    }
    Ok(Event { name: event.to_owned(), ..told("", data)? })
}

fn names(rooms: impl IntoRooms) -> Vec<Arc<str>> {
    let mut names = Vec::new();
    rooms.each(|room| names.push(room.into()));
    names
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

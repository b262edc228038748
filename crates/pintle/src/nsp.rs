//! A namespace at work: its handlers, its sockets and their rooms.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use pintle_adapter::{JoinError, MemberId, Rooms, Select, Selection};
use pintle_proto::{Draft, Encoded, SocketId};

use crate::ack::AckIds;
use crate::cluster::Link;
use crate::config::Config;
use crate::handler::Handlers;
use crate::pattern::ParamValues;
use crate::recovery::Log;
use crate::room_events::Subscribers;
use crate::socket::Socket;

/// A namespace at work. What users declare is a [`Namespace`](crate::Namespace).
pub(crate) struct Nsp {
    name: Arc<str>,
    handlers: Arc<Handlers>,
    rooms: RwLock<Rooms<Socket>>,
    /// For all sockets alike: one broadcast has one id.
    ack_ids: AckIds,
    subscribers: Subscribers,
    /// If connection state recovery is on.
    log: Option<Log>,
    /// If there are other nodes.
    link: Option<Link>,
    ack_timeout: Duration,
    /// If it is a dynamic one.
    child: Option<Child>,
}

/// What a dynamic namespace has besides.
pub(crate) struct Child {
    /// Which declaration it comes from.
    pub(crate) parent: usize,
    pub(crate) params: Option<ParamValues>,
    /// A socket was let in: now there is such a namespace.
    pub(crate) announced: AtomicBool,
}

impl Nsp {
    pub(crate) fn new(
        name: Arc<str>,
        handlers: Arc<Handlers>,
        config: &Config,
        link: Option<Link>,
        child: Option<Child>,
    ) -> Self {
        let mut rooms = Rooms::new();
        rooms.set_max_room_len(config.max_room_len).set_max_rooms(config.max_rooms);
        let is_kept = link.as_ref().is_some_and(Link::keeps);
        let log = config.recovery.as_ref().map(|recovery| Log::new(recovery, is_kept));
        Self {
            name,
            handlers,
            rooms: RwLock::new(rooms),
            ack_ids: AckIds::default(),
            subscribers: Subscribers::default(),
            log,
            link,
            ack_timeout: config.ack_timeout,
            child,
        }
    }

    pub(crate) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    pub(crate) const fn log(&self) -> Option<&Log> {
        self.log.as_ref()
    }

    pub(crate) const fn link(&self) -> Option<&Link> {
        self.link.as_ref()
    }

    /// How long clients may take to acknowledge, where no other time is given.
    pub(crate) const fn ack_timeout(&self) -> Duration {
        self.ack_timeout
    }

    pub(crate) const fn child(&self) -> Option<&Child> {
        self.child.as_ref()
    }

    /// Whether a socket was let in, if it is a dynamic one: only then is it there for others.
    pub(crate) fn is_announced(&self) -> bool {
        self.child.as_ref().is_some_and(|child| child.announced.load(Ordering::Acquire))
    }

    pub(crate) const fn subscribers(&self) -> &Subscribers {
        &self.subscribers
    }

    pub(crate) fn next_ack_id(&self) -> u64 {
        self.ack_ids.next()
    }

    /// A snapshot of those whom a broadcast is for: nothing is locked while it is delivered.
    pub(crate) fn select(&self, select: &Select) -> Selection<Socket> {
        self.rooms().select(select)
    }

    /// Emits an event to those sockets of this node whom it is for.
    pub(crate) fn emit(&self, select: &Select, volatile: bool, draft: Draft) {
        match self.log().filter(|log| !volatile && !log.is_kept()) {
            Some(log) => log.emit(self, select, draft),
            None => self.deliver(select, volatile, &draft.finish(None)),
        }
    }

    /// The book and the way to other nodes, if what is emitted is kept for all of them.
    pub(crate) fn keeping(&self) -> Option<(&Log, &Link)> {
        self.log().filter(|log| log.is_kept()).zip(self.link())
    }

    /// Gives a packet to those sockets of this node whom it is for.
    pub(crate) fn deliver(&self, select: &Select, volatile: bool, packet: &Encoded) {
        let mut refused = 0;
        for socket in &self.select(select) {
            match socket.deliver_as(packet, volatile) {
                Ok(true) => socket.notify_outgoing(packet),
                Ok(false) => {}
                Err(error) if error.is_refused() => refused += 1,
                Err(error) => tracing::trace!(socket = %socket.id(), %error, "a broadcast did not reach a socket"),
            }
        }
        self.report_refused(refused);
    }

    /// Has sockets of this node join rooms.
    pub(crate) fn put_into(&self, select: &Select, rooms: &[Arc<str>]) {
        for socket in &self.select(select) {
            for room in rooms {
                if let Err(error) = socket.join(room) {
                    tracing::warn!(socket = %socket.id(), %error, "a socket did not join a room");
                }
            }
        }
    }

    /// Adds a socket, in the rooms that it is to be in. Gives those that it may not.
    pub(crate) fn insert(&self, socket: &Socket, wanted: Vec<Arc<str>>) -> (MemberId, Vec<(Arc<str>, JoinError)>) {
        let mut rooms = self.rooms_mut();
        let member = rooms.insert(socket.id(), socket.clone());
        self.subscribers.joined(socket.id().as_str(), socket.id(), || 1);
        self.room_filled(socket.id().as_str(), true, &rooms);
        let join = |room: Arc<str>| match rooms.join(member, &room) {
            Ok(true) => {
                self.subscribers.joined(&room, socket.id(), || rooms.room_len(&room));
                self.room_filled(&room, false, &rooms);
                None
            }
            Ok(false) => None,
            Err(error) => Some((room, error)),
        };
        (member, wanted.into_iter().filter_map(join).collect())
    }

    /// Whether the socket was not in the room.
    pub(crate) fn join(&self, member: MemberId, id: SocketId, room: &str) -> Result<bool, JoinError> {
        let mut rooms = self.rooms_mut();
        let is_new = rooms.join(member, room)?;
        if is_new {
            self.subscribers.joined(room, id, || rooms.room_len(room));
            self.room_filled(room, false, &rooms);
        }
        Ok(is_new)
    }

    pub(crate) fn leave(&self, member: MemberId, id: SocketId, room: &str) {
        let mut rooms = self.rooms_mut();
        if rooms.leave(member, room) {
            self.subscribers.left(room, id, || rooms.room_len(room));
            self.room_left(room, id, &rooms);
        }
    }

    /// Takes a socket out of everything, and gives the rooms that it was in.
    pub(crate) fn remove(&self, member: MemberId, id: SocketId) -> Vec<Arc<str>> {
        let mut rooms = self.rooms_mut();
        let was_in = rooms.rooms_of(member);
        rooms.remove(member);
        for room in &was_in {
            self.subscribers.left(room, id, || rooms.room_len(room));
            self.room_left(room, id, &rooms);
        }
        was_in
    }

    /// A socket has joined a room, which may be its `own`: other nodes may want to know that there is somebody in it.
    fn room_filled(&self, room: &str, own: bool, rooms: &Rooms<Socket>) {
        if let Some(link) = self.link().filter(|link| link.knows_rooms() && rooms.room_len(room) == 1) {
            link.open_room(room, own);
        }
    }

    /// A socket has left a room, which other nodes may have known of.
    fn room_left(&self, room: &str, id: SocketId, rooms: &Rooms<Socket>) {
        if let Some(link) = self.link().filter(|link| link.knows_rooms() && rooms.room_len(room) == 0) {
            link.close_room(room, room == id.as_str());
        }
    }

    /// A broadcast went by so many sockets that read too slowly. To be told where no lock is held.
    pub(crate) fn report_refused(&self, sockets: usize) {
        if sockets > 0 {
            tracing::debug!(
                namespace = %self.name,
                sockets,
                "a broadcast did not fit into the outboxes of some sockets"
            );
        }
    }

    // Nothing under this lock can panic half-way, so a poisoned one is still whole.

    pub(crate) fn rooms(&self) -> RwLockReadGuard<'_, Rooms<Socket>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rooms_mut(&self) -> RwLockWriteGuard<'_, Rooms<Socket>> {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Nsp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nsp").field("name", &self.name).field("sockets", &self.rooms().len()).finish_non_exhaustive()
    }
}

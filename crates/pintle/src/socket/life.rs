//! What a socket is inside, and how it comes and goes.

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pintle_adapter::MemberId;
use pintle_proto::{Args, Encoded, PendingAcks, SocketId};
use pintle_transport::{CloseReason, Frame, SessionHandle};

use super::Socket;
use super::extras::Extras;
use crate::ack::{self, Waiter};
use crate::error::{EmitError, JoinError};
use crate::io::SocketIo;
use crate::metrics::Limit;
use crate::nsp::Nsp;
use crate::pattern::ParamValues;
use crate::quoted;
use crate::recovery::{Recalled, Ticket};

pub(super) struct Inner {
    pub(super) id: SocketId,
    pub(super) nsp: Arc<Nsp>,
    pub(super) io: SocketIo,
    pub(super) session: SessionHandle,
    /// What the client said for itself when it connected: a JSON object.
    pub(super) auth: Option<Box<str>>,
    /// If connection state recovery is on.
    pub(super) ticket: Option<Box<Ticket>>,
    pub(super) stage: AtomicU8,
    /// Which kinds of listeners there are: to be asked without the lock.
    pub(super) listening: AtomicU8,
    pub(super) shared: Mutex<Shared>,
}

/// What changes, and from several sides.
pub(super) struct Shared {
    pub(super) membership: Membership,
    /// Made for the first acknowledgement that is waited for.
    acks: Option<Box<PendingAcks<Waiter>>>,
    /// What most sockets do without.
    pub(super) extras: Option<Box<Extras>>,
}

/// Where the socket is found by broadcasts.
pub(super) enum Membership {
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

/// Rooms of the middleware that a socket may not be in.
#[must_use = "to be reported where no lock is held"]
pub(crate) struct Refused(Vec<(Arc<str>, pintle_adapter::JoinError)>);

impl Refused {
    /// Not under a lock: a subscriber may want to send what it hears to a room.
    pub(crate) fn report(self, socket: &Socket) {
        for (room, error) in self.0 {
            let room = quoted::name(&room);
            tracing::warn!(socket = %socket.id(), ?room, %error, "a room of the middleware was not joined");
            socket.io().metrics().room_refused(error);
        }
    }
}

/// A socket that has left, until its disconnect handler has finished. Dropped, it makes room for the socket with which the
/// client comes back: not before, or the goodbye to the old one could come after the welcome to the new one.
#[derive(Debug)]
#[must_use = "to be kept until the disconnect handler has finished"]
pub(crate) struct Farewell(Socket);

impl Farewell {
    pub(crate) const fn socket(&self) -> &Socket {
        &self.0
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        if let (Some(log), Some(ticket)) = (self.0.nsp().log(), self.0.ticket()) {
            log.farewell(&self.0, ticket);
        }
    }
}

/// A socket that may be dropped meanwhile.
#[derive(Clone)]
pub(crate) struct WeakSocket(Weak<Inner>);

impl WeakSocket {
    pub(crate) fn upgrade(&self) -> Option<Socket> {
        self.0.upgrade().map(Socket)
    }

    pub(crate) fn is(&self, socket: &Socket) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&socket.0))
    }
}

impl Socket {
    /// A socket that is not accepted yet.
    pub(crate) fn new(
        id: SocketId,
        nsp: Arc<Nsp>,
        io: SocketIo,
        session: SessionHandle,
        auth: Option<&str>,
        ticket: Option<Ticket>,
    ) -> Self {
        Self(Arc::new(Inner {
            id,
            nsp,
            io,
            session,
            auth: auth.map(Into::into),
            ticket: ticket.map(Box::new),
            stage: AtomicU8::new(Stage::Pending as u8),
            listening: AtomicU8::new(0),
            shared: Mutex::new(Shared { membership: Membership::Pending(Vec::new()), acks: None, extras: None }),
        }))
    }

    /// A socket of before, likewise.
    pub(crate) fn recalled(
        recalled: Recalled,
        nsp: Arc<Nsp>,
        io: SocketIo,
        session: SessionHandle,
        auth: Option<&str>,
    ) -> Self {
        let Recalled { id, mut rooms, data, ticket } = recalled;
        let socket = Self::new(id, nsp, io, session, auth, Some(ticket));
        rooms.retain(|room| **room != *id.as_str());
        let mut shared = socket.lock();
        shared.membership = Membership::Pending(rooms);
        shared.extras = data.map(|data| Box::new(Extras::with_data(data)));
        drop(shared);
        socket
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
        self.lock().acks.as_ref().is_some_and(|acks| !acks.is_empty())
    }

    pub(crate) fn downgrade(&self) -> WeakSocket {
        WeakSocket(Arc::downgrade(&self.0))
    }

    pub(crate) fn nsp(&self) -> &Arc<Nsp> {
        &self.0.nsp
    }

    /// Cuts its connection: the client has another one by now.
    pub(crate) fn abandon(&self) {
        self.0.session.abort(CloseReason::TransportClose);
    }

    pub(crate) fn ticket(&self) -> Option<&Ticket> {
        self.0.ticket.as_deref()
    }

    pub(crate) fn auth_json(&self) -> &str {
        self.0.auth.as_deref().unwrap_or("{}")
    }

    /// What the name of a dynamic namespace says.
    pub(crate) fn params(&self) -> Option<&ParamValues> {
        self.0.nsp.child()?.params.as_ref()
    }

    /// Queues the frames of a packet, or of several, all or none.
    pub(crate) fn deliver(&self, frames: impl IntoIterator<Item = Frame>) -> Result<(), EmitError> {
        if self.stage() > Stage::Connected {
            return Err(EmitError::disconnected());
        }
        Ok(self.0.session.send(frames)?)
    }

    /// Queues what the socket cannot do without: where it does not fit, the connection closes in any case.
    pub(crate) fn welcome(&self, frames: impl IntoIterator<Item = Frame>) -> Result<(), EmitError> {
        if self.stage() > Stage::Connected {
            return Err(EmitError::disconnected());
        }
        Ok(self.0.session.send_or_close(frames)?)
    }

    /// Queues a packet; a volatile one only where it can go out at once, and is otherwise dropped, which is no error.
    /// Whether it was queued.
    pub(crate) fn deliver_as(&self, packet: &Encoded, volatile: bool) -> Result<bool, EmitError> {
        if volatile {
            let sent = self.stage() <= Stage::Connected && self.0.session.send_volatile(packet);
            if !sent {
                self.0.io.metrics().volatile_dropped();
            }
            return Ok(sent);
        }
        self.deliver(packet).map(|()| true)
    }

    /// Queues an event, and tells those who want to know of it.
    pub(super) fn dispatch(&self, packet: Encoded) -> Result<(), EmitError> {
        if !self.is_watched() {
            return self.deliver(packet);
        }
        self.deliver(&packet)?;
        self.notify_outgoing(&packet);
        Ok(())
    }

    pub(super) fn join_one(&self, room: &str) -> Result<(), JoinError> {
        let joined = match (self.0.nsp.log(), &self.0.ticket) {
            (Some(log), Some(ticket)) => log.join(ticket, room, || self.admit_to(room)),
            _ => self.admit_to(room),
        };
        joined.map(drop).inspect_err(|error| {
            self.0.io.metrics().room_refused(error.0);
            tracing::debug!(socket = %self.id(), %error, "a room was not joined");
        })
    }

    pub(super) fn leave_one(&self, room: &str) {
        self.flush();
        match (self.0.nsp.log(), &self.0.ticket) {
            (Some(log), Some(ticket)) => log.leave(ticket, room, || self.take_out_of(room)),
            _ => self.take_out_of(room),
        }
    }

    /// What was emitted before is before what comes now.
    fn flush(&self) {
        if let Some((log, _)) = self.0.nsp.keeping() {
            log.flush(&self.0.nsp);
        }
    }

    /// Whether the socket was not in the room.
    fn admit_to(&self, room: &str) -> Result<bool, JoinError> {
        let mut shared = self.lock();
        match &mut shared.membership {
            Membership::Pending(rooms) => {
                let is_new = rooms.iter().all(|pending| **pending != *room);
                if is_new {
                    if rooms.len() >= self.0.io.config().max_rooms {
                        return Err(JoinError(pintle_adapter::JoinError::TooMany));
                    }
                    rooms.push(room.into());
                }
                Ok(is_new)
            }
            Membership::Member(member) => self.0.nsp.join(*member, self.0.id, room).map_err(JoinError),
            Membership::Gone(_) => Ok(false),
        }
    }

    fn take_out_of(&self, room: &str) {
        let mut shared = self.lock();
        match &mut shared.membership {
            Membership::Pending(rooms) => rooms.retain(|pending| **pending != *room),
            Membership::Member(member) => self.0.nsp.leave(*member, self.0.id, room),
            Membership::Gone(_) => {}
        }
    }

    /// Has the socket's task end it. One that is not accepted yet cannot be left: its middleware can refuse it.
    pub(super) fn leave_at(&self, stage: Stage) {
        self.flush();
        let goes_up = |before| {
            let before = Stage::from_u8(before);
            (Stage::Connected <= before && before < stage).then_some(stage as u8)
        };
        if self.0.stage.fetch_update(Ordering::AcqRel, Ordering::Acquire, goes_up).is_ok() {
            self.0.session.wake();
        }
    }

    /// Makes the socket one that broadcasts find, in the rooms that its middleware joined.
    pub(crate) fn accept(&self) -> Refused {
        let mut shared = self.lock();
        let Membership::Pending(pending) = &mut shared.membership else {
            return Refused(Vec::new());
        };
        let pending = std::mem::take(pending);
        // Before others can find it, so that whoever finds it can disconnect it.
        self.0.stage.fetch_max(Stage::Connected as u8, Ordering::AcqRel);
        let (member, refused) = self.0.nsp.insert(self, pending);
        shared.membership = Membership::Member(member);
        Refused(refused)
    }

    /// Takes the socket out of the namespace and all rooms, and gives up the acknowledgements that it waits for. If it had
    /// been accepted, it is to be said goodbye to. `dismissed` if it was the server that wanted its end, `recoverable` if its
    /// client may come back. To be called once: whoever takes the socket out of the connection machine does.
    pub(crate) fn retire(&self, dismissed: bool, recoverable: bool) -> Option<Farewell> {
        let connected = match (self.0.nsp.log(), &self.0.ticket) {
            (Some(log), Some(ticket)) => log.depart(self, ticket, recoverable, || self.withdraw(dismissed)),
            _ => self.withdraw(dismissed).is_some(),
        };
        if let (Some((log, _)), Some(ticket)) = (self.0.nsp.keeping(), &self.0.ticket) {
            log.save(self, ticket);
        }
        // After the book has it: a dynamic namespace is kept for those who may come back. And not under the book's lock,
        // which is asked whether somebody may.
        self.0.io.namespaces().leave(&self.0.nsp);
        let mut shared = self.lock();
        let waiting: Vec<_> = shared.acks.iter_mut().flat_map(|acks| acks.drain()).collect();
        drop(shared);
        // Dropped here, outside of the lock: whoever waits is told.
        drop(waiting);
        connected.then(|| Farewell(self.clone()))
    }

    /// Takes the socket out of the namespace and all rooms. Gives those that it was in, if it had been accepted.
    fn withdraw(&self, dismissed: bool) -> Option<Vec<Arc<str>>> {
        let stage = if dismissed { Stage::Dismissed } else { Stage::Gone };
        self.0.stage.store(stage as u8, Ordering::Release);
        let mut shared = self.lock();
        let was_in = match &shared.membership {
            Membership::Member(member) => Some(self.0.nsp.remove(*member, self.0.id)),
            Membership::Pending(_) | Membership::Gone(_) => None,
        };
        shared.membership = Membership::Gone(was_in.clone().unwrap_or_default());
        was_in
    }

    /// Has `waiter` wait for an acknowledgement; it comes back if too many do.
    pub(crate) fn await_ack(&self, id: u64, waiter: Waiter) -> Result<(), Waiter> {
        let limit = self.0.io.config().proto.max_pending_acks();
        let mut shared = self.lock();
        let awaited = shared.acks.get_or_insert_with(|| Box::new(PendingAcks::new(limit))).insert(id, waiter);
        drop(shared);
        if awaited.is_err() {
            self.0.io.metrics().reached(Limit::PendingAcks);
            tracing::debug!(socket = %self.id(), "too many acknowledgements are awaited");
        }
        awaited
    }

    /// Nobody waits for it any more.
    pub(crate) fn forget_ack(&self, id: u64) {
        drop(self.take_waiter(id));
    }

    /// The client has acknowledged. Whoever does not wait is not told.
    pub(crate) fn acknowledged(&self, id: u64, args: Args) {
        if let Some(waiter) = self.take_waiter(id) {
            ack::deliver(waiter, args);
        }
    }

    /// Takes what waits for an acknowledgement out of the lock, for it may belong to the user.
    fn take_waiter(&self, id: u64) -> Option<Waiter> {
        self.lock().acks.as_mut()?.take(id)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.0.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.0.id)
            .field("namespace", &self.0.nsp.name())
            .field("stage", &self.stage())
            .finish_non_exhaustive()
    }
}

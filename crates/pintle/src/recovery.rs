//! Connection state recovery: a client that was cut off for a short time gets its socket back, with all that it missed.
//!
//! The book is [`pintle_adapter::Recovery`]'s. Here is what connects it to sockets: in a namespace that keeps one, an event
//! is written down and put into its receivers' outboxes under one lock. So all clients get events in the order of the book,
//! and the last one that a client has seen says what it has not.

mod kept;
mod options;
mod ticket;

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hashbrown::{HashMap, HashSet};
use pintle_adapter::{Claim, Departed, Offset, Pid, Recovery, Select};
use pintle_proto::{Draft, Encoded, SocketId};
use pintle_transport::{CloseReason, SessionHandle};
use tokio::sync::Notify;

use self::kept::Kept;
pub use self::options::StateRecovery;
use self::ticket::{Missed, Progress, WayBack};
pub(crate) use self::ticket::{Past, Ticket};
use crate::clock;
use crate::data::SocketData;
use crate::error::EmitError;
use crate::nsp::Nsp;
use crate::socket::{Socket, WeakSocket};

/// How long a client that comes back waits for the server to notice that it had gone.
const TAKEOVER: Duration = Duration::from_secs(2);

/// The book of a namespace.
pub(crate) struct Log {
    state: Mutex<State>,
    /// Somebody who was there has left, or its goodbye has been said.
    departed: Notify,
    config: StateRecovery,
    /// Whether the book is a copy of what a broker keeps for all nodes.
    is_kept: bool,
}

struct State {
    book: Recovery<Encoded, Session>,
    /// Who is there, by the secrets with which their clients will ask for them.
    present: HashMap<Pid, Presence>,
    /// What there is besides if a broker keeps it.
    kept: Option<Box<Kept>>,
}

/// A socket in whose place another one cannot be yet.
struct Presence {
    stage: Stage,
    /// The client's latest connection that waits for its end.
    heir: Option<WeakSocket>,
}

enum Stage {
    /// Its client came back with this connection, and its middleware runs.
    Returning(SessionHandle),
    /// It is connected.
    Live(Socket),
    /// It has left, and its disconnect handler has not finished.
    Leaving(Socket),
}

/// What is kept of a socket that is away.
struct Session {
    data: Option<SocketData>,
    way_back: WayBack,
}

/// What a client that asks for its socket is to get.
pub(crate) enum Recall {
    /// The socket of before.
    Socket(Box<Recalled>),
    /// The socket of before has not gone yet: see [`Log::departure`].
    Wait,
    Unknown,
}

/// A socket of before.
pub(crate) struct Recalled {
    pub(crate) id: SocketId,
    pub(crate) rooms: Vec<Arc<str>>,
    pub(crate) data: Option<SocketData>,
    pub(crate) ticket: Ticket,
}

impl Log {
    /// A book of this node's, or a copy of what a broker keeps for all.
    pub(crate) fn new(config: &StateRecovery, is_kept: bool) -> Self {
        // Without randomness it starts at 0, which only fails to tell clients of a process before this one apart.
        let mut origin = [0; 8];
        let _ = getrandom::fill(&mut origin);
        let book = Recovery::with_origin(config.config.clone(), u64::from_ne_bytes(origin));
        let state = State { book, present: HashMap::new(), kept: is_kept.then(Box::default) };
        Self { state: Mutex::new(state), departed: Notify::new(), config: config.clone(), is_kept }
    }

    pub(crate) const fn skips_middleware(&self) -> bool {
        self.config.skip_middleware
    }

    /// Whether somebody who is gone may come back.
    pub(crate) fn is_awaiting(&self) -> bool {
        self.lock().book.sessions() > 0
    }

    /// Emits an event to those whom it is for.
    pub(crate) fn emit(&self, nsp: &Nsp, select: &Select, draft: Draft) {
        let mut state = self.lock();
        let (offset, packet) = state.record(select, draft);
        let mut watched = Vec::new();
        let mut refused = 0;
        for socket in &nsp.select(select) {
            refused += usize::from(deliver(socket, &packet, offset).is_err_and(|error| error.is_refused()));
            if socket.is_watched() {
                watched.push(socket.clone());
            }
        }
        drop(state);
        // Not under the lock: who watches is the user.
        nsp.report_refused(refused);
        watched.iter().for_each(|socket| socket.notify_outgoing(&packet));
    }

    /// Emits an event to one socket, which may be away for a while, or have come back as another one. Gives the packet.
    pub(crate) fn emit_to(&self, socket: &Socket, ticket: &Ticket, draft: Draft) -> Result<Encoded, EmitError> {
        let mut state = self.lock();
        let may_be_back = ticket.progress().successor.strong_count() > 0;
        if !socket.is_connected() && !may_be_back {
            // Not in the book yet, or not any more.
            drop(state);
            let packet = draft.finish(None);
            return socket.deliver(&packet).map(|()| packet);
        }
        let (offset, packet) = state.record(&Select::all().to(socket.id().as_str()), draft);
        let mut delivered = Ok(());
        if let Some(Stage::Live(live)) = state.stage(ticket) {
            delivered = deliver(live, &packet, offset);
        }
        drop(state);
        // Who is cut off may come back for it. Who is not, because the server goes on with him, has it not.
        match delivered {
            Err(error) if error.is_refused() => Err(error),
            _ => Ok(packet),
        }
    }

    /// Looks for the socket of a client that comes back with this connection, on which `waiting` has waited for that by now.
    /// Its secret is worth nothing after that.
    pub(crate) fn recall(&self, past: &Past, session: &SessionHandle, waiting: Option<&Socket>) -> Recall {
        let Some(pid) = past.pid() else {
            return Recall::Unknown;
        };
        let mut state = self.lock();
        match state.present.get_mut(&pid) {
            Some(presence) if waiting.is_none() => {
                presence.abandon();
                return Recall::Wait;
            }
            Some(presence) => {
                presence.heir.take_if(|heir| waiting.is_some_and(|waiting| heir.is(waiting)));
                // Only a goodbye that takes too long is not waited for.
                if !matches!(presence.stage, Stage::Leaving(_)) {
                    return Recall::Unknown;
                }
            }
            None => {}
        }
        let claim = state.book.claim(clock::now(), &pid, past.offset.as_deref());
        if claim.is_ok() {
            state.enter(pid, Stage::Returning(session.clone()));
        }
        // What was kept of a session that cannot be had is dropped outside of the lock: it is the user's.
        drop(state);
        let Ok(Claim { session: departed, missed, upto }) = claim else {
            return Recall::Unknown;
        };
        let Departed { id, rooms, delivered, joined, state: Session { data, way_back }, .. } = departed;
        let progress = Progress {
            joined,
            rooms: rooms.iter().filter(|(_, since)| *since > joined).cloned().collect(),
            delivered,
            missed: Some(Missed { packets: missed, upto, rooms: rooms.clone() }),
            way_back: Some(way_back),
            ..Progress::default()
        };
        let ticket = Ticket::recovered(pid, progress);
        let rooms = rooms.into_iter().map(|(room, _)| room).collect();
        Recall::Socket(Box::new(Recalled { id, rooms, data, ticket }))
    }

    /// Waits until the server has noticed that a client had gone, and has said goodbye to it, but not for long. `waiting`
    /// is of the client's latest connection: what has waited before it waits for nothing.
    pub(crate) async fn departure(&self, past: &Past, waiting: WeakSocket) {
        let Some(pid) = past.pid() else {
            return;
        };
        let before = self.lock().present.get_mut(&pid).and_then(|presence| presence.heir.replace(waiting));
        if let Some(before) = before.and_then(|before| before.upgrade()) {
            before.abandon();
        }
        let gone = async {
            loop {
                let mut departed = pin!(self.departed.notified());
                departed.as_mut().enable();
                if !self.lock().present.contains_key(&pid) {
                    return;
                }
                departed.await;
            }
        };
        // In time or not: whoever waited asks again.
        let _ = clock::within(TAKEOVER, gone).await;
    }

    /// Lets a socket in: first what it missed, then the answer to its CONNECT, and from then on what is emitted. `false` if
    /// that is not possible any more, or the session is over.
    pub(crate) fn admit(&self, socket: &Socket, ticket: &Ticket) -> bool {
        let mut state = self.lock();
        let mut progress = ticket.progress();
        let latest = state.book.latest();
        let mut delivered = progress.delivered;
        let mut packets = Vec::new();
        if let Some(Missed { packets: missed, upto, .. }) = &progress.missed {
            let rooms = progress.since(socket.rooms());
            // What was emitted while the middleware ran.
            let Some(later) = state.book.since(*upto, &rooms) else {
                progress.missed = None;
                return false;
            };
            if !later.is_empty() {
                delivered = latest;
            }
            // The middleware may have left rooms.
            let rooms: HashSet<&str> = rooms.iter().map(|(room, _)| &**room).collect();
            let still = missed.iter().filter(|missed| missed.is_for(|room| rooms.contains(room)));
            packets.extend(still.map(|missed| missed.packet.clone()));
            packets.extend(later);
        }
        packets.push(Encoded::connect(socket.namespace(), socket.id().as_str(), Some(ticket.pid.as_str())));
        // At once, as one: what the client missed says nothing about how fast it reads.
        if let Err(error) = socket.welcome(packets.iter().flatten()) {
            // Who is cut off at this moment has not come back yet, and may try again. What is too much will be so again.
            progress.missed.take_if(|_| !error.is_disconnected());
            return false;
        }
        progress.delivered = delivered;
        progress.since = if progress.missed.is_some() { state.emitted() } else { 0 };
        if progress.missed.take().is_none() {
            (progress.joined, progress.delivered) = (latest, latest);
            progress.rooms = HashMap::new();
        }
        drop(progress);
        let refused = socket.accept();
        state.enter(ticket.pid, Stage::Live(socket.clone()));
        drop(state);
        refused.report(socket);
        true
    }

    /// A socket joins a room, as `join` does, which says whether it was not in it. What was sent to the room before is not
    /// for it, whatever its client will say.
    pub(crate) fn join<E>(
        &self,
        ticket: &Ticket,
        room: &str,
        join: impl FnOnce() -> Result<bool, E>,
    ) -> Result<bool, E> {
        let state = self.lock();
        let is_new = join()?;
        let latest = state.book.latest();
        let mut progress = ticket.progress();
        if is_new && progress.joined < latest {
            progress.rooms.insert(room.into(), latest);
        }
        Ok(is_new)
    }

    /// A socket leaves a room, as `leave` does.
    pub(crate) fn leave(&self, ticket: &Ticket, room: &str, leave: impl FnOnce()) {
        let _state = self.lock();
        leave();
        ticket.progress().rooms.remove(room);
    }

    /// A socket leaves; `recoverable` if it may come back. `retire` takes it out of its rooms, and gives those that it was
    /// in if it had been let in.
    pub(crate) fn depart(
        &self,
        socket: &Socket,
        ticket: &Ticket,
        recoverable: bool,
        retire: impl FnOnce() -> Option<Vec<Arc<str>>>,
    ) -> bool {
        let mut state = self.lock();
        let rooms = retire();
        let connected = rooms.is_some();
        let mut evicted = None;
        if connected && recoverable {
            state.enter(ticket.pid, Stage::Leaving(socket.clone()));
        } else {
            state.present.remove(&ticket.pid);
        }
        let mut progress = ticket.progress();
        let way_back = progress.way_back.take();
        let left = rooms.map(|rooms| (progress.since(rooms), state.book.latest()));
        // Who was cut off again while its middleware ran has got nothing yet, and may try again.
        let never_came = progress.missed.take().map(|missed| (missed.rooms, missed.upto));
        if let Some((rooms, left)) = left.or(never_came).filter(|_| recoverable) {
            if self.is_kept {
                progress.is_away = true;
                progress.left = Some(rooms.into_iter().map(|(room, _)| room).collect());
                drop((progress, state));
                self.departed.notify_waiters();
                return connected;
            }
            let way_back = way_back.unwrap_or_default();
            progress.successor = Arc::downgrade(&way_back);
            let session = Departed {
                id: socket.id(),
                rooms,
                joined: progress.joined,
                delivered: progress.delivered,
                left,
                state: Session { data: socket.raw_data(), way_back },
            };
            evicted = state.book.persist(clock::now(), ticket.pid, session);
        }
        drop((progress, state));
        // What is kept of a session is the user's: not under the lock.
        drop(evicted);
        self.departed.notify_waiters();
        connected
    }

    /// The disconnect handler of a socket has finished, if there is one: now another one may take its place, with the data
    /// that it has left behind.
    pub(crate) fn farewell(&self, socket: &Socket, ticket: &Ticket) {
        let mut state = self.lock();
        let mut before = None;
        // It may have taken so long that there is another one by now.
        if matches!(state.stage(ticket), Some(Stage::Leaving(leaving)) if leaving == socket) {
            state.present.remove(&ticket.pid);
            if let Some(session) = state.book.state_mut(&ticket.pid) {
                before = std::mem::replace(&mut session.data, socket.raw_data());
            }
        }
        drop(state);
        // It is the user's: not under the lock.
        drop(before);
        self.departed.notify_waiters();
    }

    /// Throws away what is too old. Whether there was some.
    pub(crate) fn purge(&self) -> bool {
        let purged = self.lock().book.purge(clock::now());
        // What is kept of a session is the user's: not under the lock.
        !purged.is_empty()
    }

    /// Throws everything away: nobody may come back any more.
    pub(crate) fn give_up(&self) {
        let given_up = self.lock().book.clear();
        // What is kept of a session is the user's: not under the lock.
        drop(given_up);
    }

    /// Whether there is nothing to throw away, and will be nothing as things are.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        state.present.is_empty() && state.book.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives an event that is in the book to a socket. Who cannot be reached may come back for it.
fn deliver(socket: &Socket, packet: &Encoded, offset: Offset) -> Result<(), EmitError> {
    let delivered = socket.deliver(packet);
    if let Some(ticket) = socket.ticket() {
        ticket.progress().delivered = offset;
    }
    delivered
}

impl Presence {
    /// Cuts its connection: the client, which has another one by now, knows better than we do that it is lost.
    fn abandon(&self) {
        match &self.stage {
            Stage::Returning(session) => session.abort(CloseReason::TransportClose),
            Stage::Live(socket) => socket.abandon(),
            Stage::Leaving(_) => {}
        }
    }
}

impl State {
    fn stage(&self, ticket: &Ticket) -> Option<&Stage> {
        self.present.get(&ticket.pid).map(|presence| &presence.stage)
    }

    /// A socket comes to a stage. Whoever waits for its end waits on.
    fn enter(&mut self, pid: Pid, stage: Stage) {
        let heir = self.present.remove(&pid).and_then(|presence| presence.heir);
        self.present.insert(pid, Presence { stage, heir });
    }

    /// Writes an event down.
    fn record(&mut self, select: &Select, draft: Draft) -> (Offset, Encoded) {
        self.book.record(clock::now(), select, |offset| {
            let packet = draft.finish(Some(&offset.to_string()));
            let len = packet.len();
            (packet, len)
        })
    }
}

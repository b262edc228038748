//! What a namespace keeps for clients that come back: connection state recovery.
//!
//! Every event that can be recovered is *recorded*: it gets the next [`Offset`] and is kept for a while, with whom it was
//! for. The offset travels at the end of the event, and the client remembers the last one. When a connection is lost, its
//! session is *persisted* under the private id that the client was told, and when the client comes back with both, the
//! session is *claimed*, with what it missed.
//!
//! # When a session can be recovered
//!
//! A claim gives everything that was missed, once and in order, or nothing at all. Let *s* be the client's offset. All is
//! there if
//!
//! - all packets after *s* are, or
//! - the client has everything that it was sent (*s* is not before the last packet for it), and all packets since it left
//!   are there. That is a client to which nobody spoke in a busy namespace; Node, which looks for the client's packet in
//!   its list, cannot recover it.
//!
//! A client without an offset has received no recorded packet, so that *s* is where the log was when it joined; Node
//! cannot recover that one either. An offset from before that is none of this session: official clients keep their last
//! one when they get a new session. It says the same, that nothing was received, and never does anybody get what was
//! sent before it joined: neither the namespace nor, of what was sent to a room, the room.
//!
//! An official client takes the last argument of *any* event for an offset if it is a string, and it keeps its offset
//! when the server starts again. Neither must be mistaken for a position in this log, or packets would be lost or sent
//! twice. So an offset has one spelling, and a log starts at a random one: see [`Recovery::with_origin`].
//!
//! # What the caller owes
//!
//! Packets reach each socket in the order of their offsets, and before the caller says what was
//! [`delivered`](Departed::delivered) and when the socket [`left`](Departed::left). A lock around recording, queueing and
//! leaving does both.
//!
//! Dropping the state of a session may run a user's code. So no session is dropped in here: what is not kept is returned,
//! to be dropped when the lock is released.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use pintle_proto::SocketId;
use smallvec::SmallVec;

use crate::select::Select;
use log::Log;
use sessions::Sessions;

pub use config::RecoveryConfig;
pub use offset::Offset;
pub use pid::Pid;

mod config;
mod log;
mod offset;
mod pid;
mod sessions;

/// The log of a namespace and the sessions of those who left it and may come back.
///
/// `P` is a packet, and cheap to clone; `T` is what the caller keeps of a session. To record takes constant time, to claim
/// time in proportion to the packets after the client's offset, both amortised. Nothing is kept beyond the limits of its
/// [`RecoveryConfig`], and the memory is given back when nothing is.
pub struct Recovery<P, T> {
    config: RecoveryConfig,
    log: Log<P>,
    sessions: Sessions<T>,
}

/// A session whose connection was lost.
#[derive(Clone, Debug)]
pub struct Departed<T> {
    /// The socket's public id.
    pub id: SocketId,
    /// Its rooms when it left, its own id included; each with [`Recovery::latest`] when it was joined, or
    /// [`joined`](Self::joined) if it was in it from the first.
    pub rooms: Vec<(Arc<str>, Offset)>,
    /// [`Recovery::latest`] when it connected. One that was recovered keeps that of its first connection.
    pub joined: Offset,
    /// The last recorded packet that was for it while it was connected, or [`Offset::START`] if none was. One too late is
    /// safe: it recovers fewer.
    pub delivered: Offset,
    /// [`Recovery::latest`] when it left.
    pub left: Offset,
    /// What the caller keeps of it.
    pub state: T,
}

/// A session that was recovered.
#[derive(Clone, Debug)]
pub struct Claim<P, T> {
    /// The session, as it left; [`delivered`](Departed::delivered) counts what it missed.
    pub session: Departed<T>,
    /// What it missed, oldest first.
    pub missed: Vec<Missed<P>>,
    /// Where the log was. What is recorded from here on until the socket is connected, [`Recovery::since`] tells.
    pub upto: Offset,
}

/// A packet that a session missed.
#[derive(Clone, Debug)]
pub struct Missed<P> {
    /// The packet.
    pub packet: P,
    rooms: SmallVec<[Arc<str>; 1]>,
}

impl<P> Missed<P> {
    /// A packet that was for these.
    pub fn new(packet: P, select: &Select) -> Self {
        Self { packet, rooms: select.rooms.clone() }
    }

    /// Whether the packet is still for the session when it is not in all of its rooms any more.
    pub fn is_for(&self, is_in: impl Fn(&str) -> bool) -> bool {
        self.rooms.is_empty() || self.rooms.iter().any(|room| is_in(room))
    }
}

impl<P: Clone, T> Recovery<P, T> {
    /// An empty log whose first packet has the offset 1. For one that may have a successor, or a predecessor, see
    /// [`with_origin`](Self::with_origin).
    pub fn new(config: RecoveryConfig) -> Self {
        Self::with_origin(config, 0)
    }

    /// An empty log that starts at a number of its own, which is best random; its lower 48 bits count.
    ///
    /// The offsets of two logs then differ, so that a client which kept one from before a restart is not believed, and no
    /// short word that a client takes for an offset looks like one of this log.
    pub fn with_origin(config: RecoveryConfig, origin: u64) -> Self {
        Self { config, log: Log::new(Offset::origin(origin)), sessions: Sessions::new() }
    }

    /// The offset of the last packet that was recorded.
    pub fn latest(&self) -> Offset {
        self.log.latest()
    }

    /// Records a packet: `make` makes it with the offset it gets, and says how many bytes it counts for.
    ///
    /// The oldest go when there are too many packets or bytes then. A packet that is too large by itself is returned all
    /// the same, but the log then starts after it.
    pub fn record(&mut self, now: Instant, select: &Select, make: impl FnOnce(Offset) -> (P, usize)) -> (Offset, P) {
        self.log.expire(now);
        let offset = self.log.latest().next();
        let (packet, size) = make(offset);
        self.log.push(now + self.config.max_disconnection(), select, &packet, size, &self.config);
        (offset, packet)
    }

    /// Keeps the session of a socket that lost its connection.
    ///
    /// Gives back the session that must go for it, if one must: the oldest when there are too many, or one of the same
    /// id.
    #[must_use = "to be dropped where no lock is held"]
    pub fn persist(&mut self, now: Instant, pid: Pid, session: Departed<T>) -> Option<Departed<T>> {
        let expires = now + self.config.max_disconnection();
        self.sessions.insert(expires, pid, session, self.config.max_sessions())
    }

    /// Takes a session for a client that comes back, with what it missed after the `offset` it gives.
    ///
    /// Missed is what was for everybody or for one of the session's rooms, and not for one that was left out, judged by
    /// the rooms it was in when it left, each since it had joined it. A session can be claimed once, whatever comes of it.
    ///
    /// # Errors
    ///
    /// If the id is unknown, the session too old, the offset not one of this log, or if something that may have been for
    /// the session is not kept any more. The session, if there was one, comes back to be dropped where no lock is held.
    pub fn claim(&mut self, now: Instant, pid: &Pid, offset: Option<&str>) -> Result<Claim<P, T>, Option<Departed<T>>> {
        self.log.expire(now);
        let (expires, mut session) = self.sessions.remove(pid).ok_or(None)?;
        let start = match self.start(&session, offset) {
            Some(start) if now < expires => start,
            _ => return Err(Some(session)),
        };
        let mut missed = Vec::new();
        for entry in self.log.after(start, &session.rooms) {
            session.delivered = session.delivered.max(entry.offset);
            missed.push(Missed::new(entry.packet.clone(), &entry.select));
        }
        Ok(Claim { session, missed, upto: self.log.latest() })
    }

    /// What the caller keeps of a session, if the session is kept.
    pub fn state_mut(&mut self, pid: &Pid) -> Option<&mut T> {
        self.sessions.get_mut(pid).map(|session| &mut session.state)
    }

    /// The packets after a position that are for someone who is in these rooms since then, oldest first; `None` if some
    /// that may be are not kept any more.
    pub fn since(&self, after: Offset, rooms: &[(Arc<str>, Offset)]) -> Option<Vec<P>> {
        self.log.reaches(after).then(|| self.log.after(after, rooms).map(|entry| entry.packet.clone()).collect())
    }

    /// The same, with whom each is for.
    pub fn missed_since(&self, after: Offset, rooms: &[(Arc<str>, Offset)]) -> Option<Vec<Missed<P>>> {
        let missed = |entry: &log::Entry<P>| Missed::new(entry.packet.clone(), &entry.select);
        self.log.reaches(after).then(|| self.log.after(after, rooms).map(missed).collect())
    }

    /// Drops the packets whose time is over, and gives back the sessions whose time is.
    #[must_use = "to be dropped where no lock is held"]
    pub fn purge(&mut self, now: Instant) -> Vec<Departed<T>> {
        self.log.expire(now);
        self.sessions.expire(now)
    }

    /// Drops all packets, and gives back all sessions.
    #[must_use = "to be dropped where no lock is held"]
    pub fn clear(&mut self) -> Vec<Departed<T>> {
        self.log.clear();
        self.sessions.drain()
    }

    /// When [`purge`](Self::purge) has something to do. Any other call can change it.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.log.next_expiry().into_iter().chain(self.sessions.next_expiry()).min()
    }

    /// Whether neither packets nor sessions are kept.
    pub fn is_empty(&self) -> bool {
        self.packets() == 0 && self.sessions() == 0
    }

    /// How many packets are kept.
    pub fn packets(&self) -> usize {
        self.log.len()
    }

    /// How many bytes the packets that are kept have together.
    pub fn bytes(&self) -> usize {
        self.log.bytes()
    }

    /// How many sessions are kept.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// The position after which a client needs to be told what there is; `None` if not all of it is known.
    fn start(&self, session: &Departed<T>, offset: Option<&str>) -> Option<Offset> {
        let received = match offset {
            None => session.joined,
            Some(text) => {
                let offset = Offset::parse(text).filter(|&offset| self.log.has_assigned(offset))?;
                offset.max(session.joined)
            }
        };
        if self.log.reaches(received) {
            return Some(received);
        }
        let was_quiet = received >= session.delivered && self.log.reaches(session.left);
        was_quiet.then_some(session.left)
    }
}

impl<P: Clone, T> Default for Recovery<P, T> {
    fn default() -> Self {
        Self::new(RecoveryConfig::default())
    }
}

impl<P, T> fmt::Debug for Recovery<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recovery")
            .field("log", &self.log)
            .field("sessions", &self.sessions.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

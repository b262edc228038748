//! How far a socket has come in the book, and what its client says of that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use hashbrown::HashMap;
use pintle_adapter::cluster::Claimed;
use pintle_adapter::{self as book, Offset, Pid};
use pintle_proto::Encoded;
use serde::Deserialize;

/// What a socket has of the book.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(super) pid: Pid,
    recovered: bool,
    /// It changes under the lock of the book alone.
    progress: Mutex<Progress>,
}

/// How far a socket has come in the book.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The book's last event when the socket connected.
    pub(super) joined: Offset,
    /// Where it was when the socket joined a room, if that was later.
    pub(super) rooms: HashMap<Arc<str>, Offset>,
    /// The last event of the book that was for the socket.
    pub(super) delivered: Offset,
    /// What the client missed, until it gets it.
    pub(super) missed: Option<Missed>,
    /// From those before it, if it is one that came back, for those after it.
    pub(super) way_back: Option<WayBack>,
    /// The socket is gone. As long as there is this, it may come back, or has done so.
    pub(super) successor: Weak<()>,
    /// What a broker has kept of the socket before it, until that is looked at.
    pub(super) claimed: Option<Claimed>,
    /// If it came back: how many events this node had emitted until then.
    pub(super) since: u64,
    /// The rooms that it was in, until the broker has them.
    pub(super) left: Option<Vec<Arc<str>>>,
    /// It is gone, and may have come back to any node.
    pub(super) is_away: bool,
}

/// What a client missed that comes back.
#[derive(Debug)]
pub(super) struct Missed {
    pub(super) packets: Vec<book::Missed<Encoded>>,
    /// Where the book was then.
    pub(super) upto: Offset,
    /// The rooms of before.
    pub(super) rooms: Vec<(Arc<str>, Offset)>,
}

/// There is one for all sockets that a client has one after the other, from the end of the first until it cannot come back
/// any more.
pub(super) type WayBack = Arc<()>;

/// What a client that connects says about before.
#[derive(Deserialize)]
pub(crate) struct Past {
    pid: String,
    pub(super) offset: Option<String>,
}

impl Ticket {
    /// For a new socket.
    pub(crate) fn new(entropy: [u8; Pid::ENTROPY]) -> Self {
        Self { pid: Pid::from_entropy(entropy), recovered: false, progress: Mutex::default() }
    }

    /// For a socket that came back.
    pub(super) const fn recovered(pid: Pid, progress: Progress) -> Self {
        Self { pid, recovered: true, progress: Mutex::new(progress) }
    }

    pub(crate) const fn is_recovered(&self) -> bool {
        self.recovered
    }

    /// Whether the socket is gone, and may have come back to any node.
    pub(crate) fn is_away(&self) -> bool {
        self.progress().is_away
    }

    pub(super) fn progress(&self) -> MutexGuard<'_, Progress> {
        // Nothing under this lock can panic half-way, so a poisoned one is still whole.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress {
    /// The rooms, each with where the book was when it was joined.
    pub(super) fn since(&self, rooms: Vec<Arc<str>>) -> Vec<(Arc<str>, Offset)> {
        let since = |room: &Arc<str>| self.rooms.get(room).copied().unwrap_or(self.joined);
        rooms.into_iter().map(|room| (room.clone(), since(&room))).collect()
    }
}

impl Past {
    /// Reads it out of what the client says for itself; `None` if it has no past.
    pub(crate) fn read(auth: Option<&str>) -> Option<Self> {
        serde_json::from_str(auth?).ok()
    }

    pub(super) fn pid(&self) -> Option<Pid> {
        Pid::parse(&self.pid)
    }
}

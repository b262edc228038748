//! The sessions of a server, by id.

use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use pintle_engine::Sid;

use crate::places::Place;
use crate::session::SessionHandle;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Locks enough that two requests rarely meet at one.
const SHARDS: usize = 32;

/// The sessions of a server. Only HTTP requests come here: an established WebSocket never does.
#[derive(Debug)]
pub(crate) struct Registry {
    /// Sessions alone: each knows its id, and the hash of an id finds both the shard and the place in it.
    shards: Box<[RwLock<HashTable<SessionHandle>>]>,
    hasher: DefaultHashBuilder,
    closed: AtomicBool,
}

/// A session's place among the others. To drop it is to take the session out of the world's reach.
#[derive(Debug)]
pub(crate) struct Seat {
    registry: Arc<Registry>,
    session: SessionHandle,
    /// Where places are counted.
    _place: Option<Box<Place>>,
}

/// Why there is no place for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// No session is let in any more.
    Closed,
    /// Another session has this id.
    Taken,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: DefaultHashBuilder::default(),
            closed: AtomicBool::new(false),
        }
    }

    /// Lets others find a session, if no other has its id.
    pub(crate) fn seat(self: &Arc<Self>, session: SessionHandle, place: Option<Box<Place>>) -> Result<Seat, NoSeat> {
        let hash = self.hash(session.sid());
        let mut shard = self.write(hash);
        // Under the lock: who closes the registry and looks through it then sees every session there will ever be.
        if self.is_closed() {
            return Err(NoSeat::Closed);
        }
        match shard.entry(hash, |other| other.sid() == session.sid(), |other| self.hash(other.sid())) {
            Entry::Occupied(_) => return Err(NoSeat::Taken),
            Entry::Vacant(place) => place.insert(session.clone()),
        };
        drop(shard);
        Ok(Seat { registry: self.clone(), session, _place: place })
    }

    pub(crate) fn get(&self, sid: &Sid) -> Option<SessionHandle> {
        let hash = self.hash(sid);
        self.read(shard(hash)).find(hash, |session| session.sid() == sid).cloned()
    }

    /// Every session there is at this moment.
    pub(crate) fn all(&self) -> Vec<SessionHandle> {
        (0..SHARDS).flat_map(|shard| self.read(shard).iter().cloned().collect::<Vec<_>>()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        (0..SHARDS).map(|shard| self.read(shard).len()).sum()
    }

    /// Lets no session in any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn remove(&self, sid: &Sid) {
        let hash = self.hash(sid);
        let mut shard = self.write(hash);
        if let Ok(place) = shard.find_entry(hash, |session| session.sid() == sid) {
            place.remove();
        }
        // A crowd that left must not keep its seats.
        if shard.len() * 4 < shard.capacity() {
            shard.shrink_to_fit(|session| self.hash(session.sid()));
        }
    }

    fn hash(&self, sid: &Sid) -> u64 {
        self.hasher.hash_one(sid)
    }

    // Nothing under these locks can panic half-way, so a poisoned one is still whole.

    fn read(&self, shard: usize) -> RwLockReadGuard<'_, HashTable<SessionHandle>> {
        self.shards[shard].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, hash: u64) -> RwLockWriteGuard<'_, HashTable<SessionHandle>> {
        self.shards[shard(hash)].write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a session of this hash is. Not by the bits at its ends: a table goes by those.
const fn shard(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

impl Seat {
    /// Whose it is.
    pub(crate) const fn session(&self) -> &SessionHandle {
        &self.session
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.remove(self.session.sid());
        self.session.end();
    }
}

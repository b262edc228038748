//! The sessions of a server, by id.

use std::hash::BuildHasher;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use hashbrown::{DefaultHashBuilder, HashMap};
use pintle_engine::Sid;

use crate::session::SessionHandle;

/// Locks enough that two requests rarely meet at one.
const SHARDS: usize = 32;

/// The sessions of a server. Only HTTP requests come here: an established WebSocket never does.
#[derive(Debug)]
pub(crate) struct Registry {
    shards: Box<[RwLock<HashMap<Sid, SessionHandle>>]>,
    hasher: DefaultHashBuilder,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), hasher: DefaultHashBuilder::default() }
    }

    pub(crate) fn insert(&self, sid: Sid, session: SessionHandle) {
        self.write(&sid).insert(sid, session);
    }

    pub(crate) fn remove(&self, sid: &Sid) {
        let mut shard = self.write(sid);
        shard.remove(sid);
        // A crowd that left must not keep its seats.
        if shard.len() * 4 < shard.capacity() {
            shard.shrink_to_fit();
        }
    }

    pub(crate) fn get(&self, sid: &Sid) -> Option<SessionHandle> {
        self.read(self.shard(sid)).get(sid).cloned()
    }

    /// Every session there is at this moment.
    pub(crate) fn all(&self) -> Vec<SessionHandle> {
        (0..SHARDS).flat_map(|shard| self.read(shard).values().cloned().collect::<Vec<_>>()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        (0..SHARDS).map(|shard| self.read(shard).len()).sum()
    }

    fn shard(&self, sid: &Sid) -> usize {
        self.hasher.hash_one(sid) as usize % SHARDS
    }

    // Nothing under these locks can panic half-way, so a poisoned one is still whole.

    fn read(&self, shard: usize) -> RwLockReadGuard<'_, HashMap<Sid, SessionHandle>> {
        self.shards[shard].read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, sid: &Sid) -> RwLockWriteGuard<'_, HashMap<Sid, SessionHandle>> {
        self.shards[self.shard(sid)].write().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A namespace at work: its handlers, its sockets and their rooms.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use pintle_adapter::{Rooms, Select, Selection};

use crate::handler::Handlers;
use crate::socket::Socket;

/// A namespace at work. What users declare is a [`Namespace`](crate::Namespace).
pub(crate) struct Nsp {
    name: Arc<str>,
    handlers: Handlers,
    rooms: RwLock<Rooms<Socket>>,
    /// Acknowledgement ids, from 0, for all sockets alike: one broadcast has one id.
    ack_ids: AtomicU64,
}

impl Nsp {
    pub(crate) fn new(name: Arc<str>, handlers: Handlers) -> Self {
        Self { name, handlers, rooms: RwLock::new(Rooms::new()), ack_ids: AtomicU64::new(0) }
    }

    pub(crate) const fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) const fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    pub(crate) fn next_ack_id(&self) -> u64 {
        self.ack_ids.fetch_add(1, Ordering::Relaxed)
    }

    /// A snapshot of those whom a broadcast is for: nothing is locked while it is delivered.
    pub(crate) fn select(&self, select: &Select) -> Selection<Socket> {
        self.rooms().select(select)
    }

    // Nothing under this lock can panic half-way, so a poisoned one is still whole.

    pub(crate) fn rooms(&self) -> RwLockReadGuard<'_, Rooms<Socket>> {
        self.rooms.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rooms_mut(&self) -> RwLockWriteGuard<'_, Rooms<Socket>> {
        self.rooms.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Nsp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nsp").field("name", &self.name).field("sockets", &self.rooms().len()).finish_non_exhaustive()
    }
}

//! Sessions whose clients may come back.

use std::collections::BTreeMap;
use std::time::Instant;

use hashbrown::HashMap;

use super::Departed;
use super::pid::Pid;

/// Sessions, found by their private ids and dropped in the order in which they came.
pub(super) struct Sessions<T> {
    by_pid: HashMap<Pid, u64>,
    /// By the number of each, which tells the order.
    by_age: BTreeMap<u64, Kept<T>>,
    next: u64,
}

struct Kept<T> {
    pid: Pid,
    expires: Instant,
    session: Departed<T>,
}

impl<T> Sessions<T> {
    pub(super) fn new() -> Self {
        Self { by_pid: HashMap::new(), by_age: BTreeMap::new(), next: 0 }
    }

    /// Adds a session; gives back the one that must go for it: that of the same id, the oldest, or itself.
    pub(super) fn insert(
        &mut self,
        expires: Instant,
        pid: Pid,
        session: Departed<T>,
        limit: usize,
    ) -> Option<Departed<T>> {
        if limit == 0 {
            return Some(session);
        }
        let gone = match self.remove(&pid) {
            Some((_, twin)) => Some(twin),
            None if self.len() >= limit => self.pop(),
            None => None,
        };
        self.by_pid.insert(pid, self.next);
        self.by_age.insert(self.next, Kept { pid, expires, session });
        self.next += 1;
        gone
    }

    pub(super) fn get_mut(&mut self, pid: &Pid) -> Option<&mut Departed<T>> {
        let number = self.by_pid.get(pid)?;
        self.by_age.get_mut(number).map(|kept| &mut kept.session)
    }

    /// Takes a session, whose time may be over.
    pub(super) fn remove(&mut self, pid: &Pid) -> Option<(Instant, Departed<T>)> {
        let number = self.by_pid.remove(pid)?;
        self.shrink();
        let kept = self.by_age.remove(&number).expect("who has a number is kept under it");
        Some((kept.expires, kept.session))
    }

    /// Takes the sessions whose time is over.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Departed<T>> {
        let mut gone = Vec::new();
        while self.next_expiry().is_some_and(|expires| expires <= now) {
            gone.extend(self.pop());
        }
        gone
    }

    /// Takes all sessions, oldest first.
    pub(super) fn drain(&mut self) -> Vec<Departed<T>> {
        self.by_pid = HashMap::new();
        std::mem::take(&mut self.by_age).into_values().map(|kept| kept.session).collect()
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.by_age.first_key_value().map(|(_, kept)| kept.expires)
    }

    pub(super) fn len(&self) -> usize {
        self.by_age.len()
    }

    fn pop(&mut self) -> Option<Departed<T>> {
        let (_, kept) = self.by_age.pop_first()?;
        self.by_pid.remove(&kept.pid);
        self.shrink();
        Some(kept.session)
    }

    /// Gives memory back once most of it is unused; to twice what is needed, so that nothing grows again at once.
    fn shrink(&mut self) {
        if self.by_pid.is_empty() {
            self.by_pid = HashMap::new();
        } else if self.by_pid.len() < self.by_pid.capacity() / 8 {
            self.by_pid.shrink_to(self.by_pid.len() * 2);
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.by_pid.capacity()
    }
}

//! The dynamic namespaces that there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::nsp::Nsp;
use crate::recovery::Log;

/// The dynamic namespaces that there are, by name: those that have users, and those to whose sockets somebody may come back.
#[derive(Default)]
pub(super) struct Children {
    by_name: HashMap<Arc<str>, Entry>,
    /// Those without users, by a number that tells which was left first.
    unused: BTreeMap<u64, Arc<str>>,
    next: u64,
}

struct Entry {
    nsp: Arc<Nsp>,
    /// Sockets that are in it or on their way in.
    users: usize,
    /// Its number, as long as it has no users.
    unused: Option<u64>,
}

impl Children {
    pub(super) fn get(&self, name: &str) -> Option<&Arc<Nsp>> {
        self.by_name.get(name).map(|entry| &entry.nsp)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Nsp>> {
        self.by_name.values().map(|entry| &entry.nsp)
    }

    pub(super) fn insert(&mut self, nsp: Arc<Nsp>) {
        self.by_name.insert(nsp.name().clone(), Entry { nsp, users: 0, unused: None });
    }

    /// Counts one more user of a namespace that is among these.
    pub(super) fn enter(&mut self, name: &str) -> Option<Arc<Nsp>> {
        let entry = self.by_name.get_mut(name)?;
        entry.users += 1;
        if let Some(number) = entry.unused.take() {
            self.unused.remove(&number);
        }
        Some(entry.nsp.clone())
    }

    /// A user of a namespace is gone. If it was the last one, the namespace stays only for those who may come back, and of
    /// such there are at most `limit`. Gives the one that must go for it: that which was left first.
    #[must_use = "its sessions are to be dropped where no lock is held"]
    pub(super) fn leave(&mut self, nsp: &Arc<Nsp>, limit: usize) -> Option<Arc<Nsp>> {
        let entry = self.by_name.get_mut(nsp.name()).filter(|entry| Arc::ptr_eq(&entry.nsp, nsp))?;
        entry.users -= 1;
        if entry.users > 0 {
            return None;
        }
        entry.unused = Some(self.next);
        self.unused.insert(self.next, nsp.name().clone());
        self.next += 1;
        self.forget_unused(nsp);
        if self.unused.len() <= limit {
            return None;
        }
        let (_, oldest) = self.unused.first_key_value()?;
        let oldest = self.by_name.get(oldest)?.nsp.clone();
        self.remove(&oldest);
        Some(oldest)
    }

    /// Removes a namespace that nobody uses and nobody may come back to.
    pub(super) fn forget_unused(&mut self, nsp: &Arc<Nsp>) {
        let unused =
            self.by_name.get(nsp.name()).is_some_and(|entry| entry.unused.is_some() && Arc::ptr_eq(&entry.nsp, nsp));
        if unused && !nsp.log().is_some_and(Log::is_awaiting) {
            self.remove(nsp);
        }
    }

    fn remove(&mut self, nsp: &Arc<Nsp>) {
        let entry = self.by_name.remove(nsp.name());
        if let Some(number) = entry.and_then(|entry| entry.unused) {
            self.unused.remove(&number);
        }
        if let Some(link) = nsp.link() {
            link.hub().detach(nsp);
        }
        if self.by_name.len() < self.by_name.capacity() / 8 {
            self.by_name.shrink_to(self.by_name.len() * 2);
        }
    }
}

//! A list of members that can be had as a snapshot.

use std::sync::Arc;

/// A member where it is listed.
#[derive(Clone, Debug)]
pub(crate) struct Entry<T> {
    /// The member's place among all, which tells members apart within a snapshot.
    pub(crate) index: u32,
    pub(crate) member: T,
}

/// Members in no particular order.
///
/// A snapshot shares the entries, at the cost of one reference count however many there are. Who changes the list while
/// a snapshot is alive makes a copy: a broadcast is neither waited for nor does it see a change half made.
#[derive(Debug)]
pub(crate) struct List<T>(Arc<Vec<Entry<T>>>);

impl<T: Clone> List<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Vec::new()))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn snapshot(&self) -> Arc<Vec<Entry<T>>> {
        Arc::clone(&self.0)
    }

    /// Appends a member; returns its position.
    pub(crate) fn push(&mut self, index: u32, member: T) -> usize {
        let entries = Arc::make_mut(&mut self.0);
        entries.push(Entry { index, member });
        entries.len() - 1
    }

    /// Removes the entry at `position`; returns the index of the member that takes its place, if one does.
    pub(crate) fn swap_remove(&mut self, position: usize) -> Option<u32> {
        /// Capacity that is not worth giving back.
        const SMALL: usize = 16;

        let entries = Arc::make_mut(&mut self.0);
        entries.swap_remove(position);
        if entries.capacity() > SMALL && entries.len() < entries.capacity() / 4 {
            // To the half and not to the last entry, so that the next to join does not make it grow again.
            entries.shrink_to(entries.len() * 2);
        }
        entries.get(position).map(|moved| moved.index)
    }
}

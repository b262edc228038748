//! What was sent to a namespace.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashMap;

use super::config::RecoveryConfig;
use super::offset::Offset;
use crate::select::Select;

/// The packets of a namespace, oldest first.
pub(super) struct Log<P> {
    /// Without a gap up to `latest`.
    entries: VecDeque<Entry<P>>,
    /// Before the first packet.
    origin: Offset,
    latest: Offset,
    /// The last that is not kept any more. [`Offset::START`] as long as all are: whoever missed everything can have it.
    dropped: Offset,
    bytes: usize,
}

pub(super) struct Entry<P> {
    pub(super) offset: Offset,
    expires: Instant,
    pub(super) select: Select,
    size: usize,
    pub(super) packet: P,
}

impl<P: Clone> Log<P> {
    pub(super) fn new(origin: Offset) -> Self {
        Self { entries: VecDeque::new(), origin, latest: origin, dropped: Offset::START, bytes: 0 }
    }

    pub(super) fn latest(&self) -> Offset {
        self.latest
    }

    /// Whether a packet was recorded at this position.
    pub(super) fn has_assigned(&self, offset: Offset) -> bool {
        self.origin < offset && offset <= self.latest
    }

    /// Whether all packets after this position are kept.
    pub(super) fn reaches(&self, after: Offset) -> bool {
        self.dropped <= after
    }

    /// The packets after a position that are for someone who is in these rooms since then, oldest first.
    pub(super) fn after(&self, after: Offset, rooms: &[(Arc<str>, Offset)]) -> impl Iterator<Item = &Entry<P>> {
        let start = self.entries.partition_point(|entry| entry.offset <= after);
        // A socket may be in many rooms.
        let rooms: HashMap<&str, Offset> = rooms.iter().map(|(room, since)| (&**room, *since)).collect();
        self.entries.range(start..).filter(move |entry| concerns(entry, &rooms))
    }

    /// Appends the packet that has the next offset, and drops what is too much then.
    pub(super) fn push(&mut self, expires: Instant, select: &Select, packet: &P, size: usize, config: &RecoveryConfig) {
        self.latest = self.latest.next();
        if size > config.max_bytes() || config.max_packets() == 0 {
            self.clear();
            return;
        }
        while self.bytes > config.max_bytes() - size || self.entries.len() >= config.max_packets() {
            self.pop();
        }
        self.bytes += size;
        let (select, packet) = (select.clone(), packet.clone());
        self.entries.push_back(Entry { offset: self.latest, expires, select, size, packet });
        self.shrink();
    }

    /// Drops the packets whose time is over.
    pub(super) fn expire(&mut self, now: Instant) {
        while self.next_expiry().is_some_and(|expires| expires <= now) {
            self.pop();
        }
        self.shrink();
    }

    /// Drops all packets.
    pub(super) fn clear(&mut self) {
        self.entries = VecDeque::new();
        self.bytes = 0;
        self.dropped = self.latest;
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.entries.front().map(|entry| entry.expires)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn pop(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.size;
            self.dropped = entry.offset;
        }
    }

    /// Gives memory back once most of it is unused.
    fn shrink(&mut self) {
        /// Capacity that is not worth giving back, as long as anything is kept.
        const SMALL: usize = 16;

        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        } else if self.entries.capacity() > SMALL && self.entries.len() < self.entries.capacity() / 4 {
            // To the half and not to the last entry, so that the next packet does not make it grow again.
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }
}

impl<P> fmt::Debug for Log<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("packets", &self.entries.len())
            .field("bytes", &self.bytes)
            .field("latest", &self.latest)
            .finish_non_exhaustive()
    }
}

/// Whether a packet is for someone who is in these rooms since then.
fn concerns<P>(Entry { offset, select, .. }: &Entry<P>, rooms: &HashMap<&str, Offset>) -> bool {
    let was_in = |name: &Arc<str>| rooms.get(&**name).is_some_and(|since| since < offset);
    let among = |names: &[Arc<str>]| names.iter().any(was_in);
    (select.rooms.is_empty() || among(&select.rooms)) && !among(&select.except)
}

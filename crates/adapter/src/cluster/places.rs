//! Where in a stream is what a node keeps.

use std::collections::VecDeque;

use super::entry_id::EntryId;
use crate::recovery::Offset;

/// Where in a stream the packets are that a [`Recovery`](crate::Recovery) keeps: so most of what clients missed need not be asked
/// of the broker.
#[derive(Debug, Default)]
pub struct Places {
    /// Of the latest packets, in the order of both.
    places: VecDeque<(EntryId, Offset)>,
    last: EntryId,
}

impl Places {
    /// An entry was recorded at this offset; so many packets are kept then.
    pub fn record(&mut self, id: EntryId, offset: Offset, kept: usize) {
        self.places.push_back((id, offset));
        self.last = self.last.max(id);
        self.trim(kept);
    }

    /// So many packets are kept.
    pub fn trim(&mut self, kept: usize) {
        let gone = self.places.len().saturating_sub(kept);
        self.places.drain(..gone);
    }

    /// The offset of an entry, if it is kept.
    pub fn find(&self, id: EntryId) -> Option<Offset> {
        let at = self.places.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(self.places[at].1)
    }

    /// The offset of the last entry that is kept and not after this one; [`Offset::START`] if there is none.
    pub fn upto(&self, id: EntryId) -> Offset {
        let after = self.places.partition_point(|(place, _)| *place <= id);
        after.checked_sub(1).map_or(Offset::START, |at| self.places[at].1)
    }

    /// Something between what is recorded and what comes next was not read: where what came before it is does not count.
    pub fn forget(&mut self) {
        self.places.clear();
    }

    /// The last entry that was recorded.
    pub const fn last(&self) -> EntryId {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(seq: u64) -> EntryId {
        EntryId::parse(&format!("5-{seq}")).expect("an id")
    }

    fn offset(text: &str) -> Offset {
        Offset::parse(text).expect("an offset")
    }

    #[test]
    fn nobody_comes_back_over_a_gap() {
        let mut places = Places::default();
        places.record(id(1), offset("1"), 9);
        places.forget();
        places.record(id(5), offset("2"), 9);
        assert_eq!(
            (places.find(id(1)), places.upto(id(3)), places.find(id(5))),
            (None, Offset::START, Some(offset("2")))
        );
    }

    #[test]
    fn entries_are_found_for_as_long_as_they_are_kept() {
        let mut places = Places::default();
        for (seq, at) in [(1, "1"), (3, "2"), (7, "3")] {
            places.record(id(seq), offset(at), 2);
        }
        assert_eq!((places.find(id(1)), places.find(id(3)), places.find(id(4))), (None, Some(offset("2")), None));
        assert_eq!(
            (places.upto(id(2)), places.upto(id(6)), places.upto(id(9))),
            (Offset::START, offset("2"), offset("3"))
        );
        assert_eq!(places.last(), id(7));
        places.trim(0);
        assert_eq!((places.find(id(7)), places.last()), (None, id(7)));
    }
}

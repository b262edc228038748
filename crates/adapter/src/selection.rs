//! The receivers of a broadcast.

use std::fmt;
use std::slice;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::list::Entry;

/// The receivers of a broadcast: a snapshot that owns what it needs, each member in it once.
///
/// Making one only looks up names. Whatever takes time in proportion to the members, leaving some out and telling who is
/// in several rooms, is done while walking it: outside the lock that [`Rooms`](crate::Rooms) is behind. The members come
/// in no particular order, the same one on every walk.
pub struct Selection<T> {
    parts: Parts<T>,
    except: Parts<T>,
}

pub(crate) type Parts<T> = SmallVec<[Part<T>; 1]>;

/// The members of a room.
pub(crate) enum Part<T> {
    /// A socket's own room.
    One(Entry<T>),
    List(Arc<Vec<Entry<T>>>),
}

impl<T> Part<T> {
    fn entries(&self) -> &[Entry<T>] {
        match self {
            Self::One(entry) => slice::from_ref(entry),
            Self::List(entries) => entries,
        }
    }
}

impl<T> Selection<T> {
    pub(crate) fn new(parts: Parts<T>, except: Parts<T>) -> Self {
        Self { parts, except }
    }

    /// The members, one by one.
    pub fn iter(&self) -> Iter<'_, T> {
        let mut marked = Marked::default();
        for part in &self.except {
            part.entries().iter().for_each(|entry| marked.leave_out(entry.index));
        }
        Iter { entries: [].iter(), parts: self.parts.iter(), marked, overlapping: self.parts.len() > 1 }
    }

    /// How many members there are. They are counted, unless they are the whole of one room.
    pub fn len(&self) -> usize {
        match self.parts.as_slice() {
            [] => 0,
            [part] if self.except.is_empty() => part.entries().len(),
            _ => self.iter().count(),
        }
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl<'s, T> IntoIterator for &'s Selection<T> {
    type Item = &'s T;
    type IntoIter = Iter<'s, T>;

    fn into_iter(self) -> Iter<'s, T> {
        self.iter()
    }
}

impl<T> fmt::Debug for Selection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selection")
            .field("rooms", &self.parts.len())
            .field("except", &self.except.len())
            .finish_non_exhaustive()
    }
}

/// The members of a [`Selection`], one by one.
pub struct Iter<'s, T> {
    entries: slice::Iter<'s, Entry<T>>,
    parts: slice::Iter<'s, Part<T>>,
    /// Those left out and, if rooms can overlap, those that were met.
    marked: Marked,
    overlapping: bool,
}

impl<'s, T> Iterator for Iter<'s, T> {
    type Item = &'s T;

    fn next(&mut self) -> Option<&'s T> {
        loop {
            let Some(entry) = self.entries.next() else {
                self.entries = self.parts.next()?.entries().iter();
                continue;
            };
            let meant = !self.marked.has_left_out(entry.index);
            if meant && (!self.overlapping || self.marked.bits.insert(entry.index)) {
                return Some(&entry.member);
            }
        }
    }
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").finish_non_exhaustive()
    }
}

/// A set of members.
#[derive(Default)]
struct Marked {
    /// The first few: a socket's broadcast leaves out itself alone, and needs no bits for that.
    few: SmallVec<[u32; 4]>,
    bits: Bits,
}

impl Marked {
    fn leave_out(&mut self, index: u32) {
        if self.few.len() < self.few.inline_size() {
            self.few.push(index);
        } else {
            self.bits.insert(index);
        }
    }

    #[inline]
    fn has_left_out(&self, index: u32) -> bool {
        // The bits hold those that were met as well, but nobody is left out by them alone.
        !self.few.is_empty() && (self.few.contains(&index) || self.bits.contains(index))
    }
}

/// A set of indexes, one bit each: they are dense, because a place among the members is used again.
#[derive(Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn contains(&self, index: u32) -> bool {
        let (word, bit) = Self::locate(index);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Adds an index; false if it was there.
    fn insert(&mut self, index: u32) -> bool {
        let (word, bit) = Self::locate(index);
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let fresh = self.0[word] & bit == 0;
        self.0[word] |= bit;
        fresh
    }

    fn locate(index: u32) -> (usize, u64) {
        ((index / u64::BITS) as usize, 1 << (index % u64::BITS))
    }
}

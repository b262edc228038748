//! Who is in which room.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use hashbrown::hash_map::EntryRef;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use pintle_proto::SocketId;

use crate::error::JoinError;
use crate::list::{Entry, List};
use crate::select::Select;
use crate::selection::{Part, Parts, Selection};

/// A member of a namespace, by its place.
///
/// It holds for one membership: after the member was removed it names nobody, whoever gets the same place later.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemberId {
    index: u32,
    generation: u32,
}

/// The members of a namespace and their rooms. `T` is a handle to a socket, and cheap to clone.
///
/// Every member is in the room that has the name of its id. That room is not materialised: the map from ids to members
/// serves it, so a socket in no room costs no room.
///
/// Joining and leaving take constant time, as hash maps have it, apart from the copy of a room's list that is made when
/// a [`Selection`] of it is alive: a room is a plain list, a member knows its position in each, and whoever takes the
/// place of one that left is told of the new position.
pub struct Rooms<T> {
    /// All members, at places that are used again, the lowest first, so that indexes stay dense and the end can be cut.
    places: Vec<Option<Member<T>>>,
    /// Places that were left. Some may be beyond the end by now; they are skipped, and no place is in here twice,
    /// because `places` only grows when this has been emptied.
    free: BinaryHeap<Reverse<u32>>,
    /// Members so far, to tell one from another. They would have to be 2^32 for an id to return.
    generation: u32,
    /// The places by the ids of the members there, which are in `places` alone.
    ids: HashTable<u32>,
    hasher: DefaultHashBuilder,
    everybody: List<T>,
    rooms: HashMap<Arc<str>, List<T>>,
    max_room_len: usize,
    max_rooms: usize,
}

struct Member<T> {
    id: SocketId,
    generation: u32,
    handle: T,
    /// The position in the list of everybody.
    position: usize,
    /// The rooms, with the position in the list of each. Made with the first one: many never join any.
    rooms: Option<Box<HashMap<Arc<str>, usize>>>,
}

impl<T: Clone> Rooms<T> {
    /// The longest name of a room in bytes, if [`set_max_room_len`](Self::set_max_room_len) does not say otherwise.
    pub const MAX_ROOM_LEN: usize = 256;

    /// A namespace without members.
    pub fn new() -> Self {
        Self {
            places: Vec::new(),
            free: BinaryHeap::new(),
            generation: 0,
            ids: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            everybody: List::new(),
            rooms: HashMap::new(),
            max_room_len: Self::MAX_ROOM_LEN,
            max_rooms: usize::MAX,
        }
    }

    /// Sets how many bytes the name of a room may have, which limits what a client can make the server keep where rooms
    /// are named by clients.
    pub fn set_max_room_len(&mut self, value: usize) -> &mut Self {
        self.max_room_len = value;
        self
    }

    /// Sets how many rooms a member may be in besides its own: as many as it likes, unless this says otherwise. It limits
    /// what a client costs that has itself put into rooms.
    pub fn set_max_rooms(&mut self, value: usize) -> &mut Self {
        self.max_rooms = value;
        self
    }

    /// Adds a member, in no room but its own.
    ///
    /// A member that has the same id is removed first: ids are unique.
    pub fn insert(&mut self, id: SocketId, member: T) -> MemberId {
        if let Some(twin) = self.place_of(&id).and_then(|index| self.id_at(index)) {
            self.remove(twin);
        }
        let index = self.free_place();
        self.generation = self.generation.wrapping_add(1);
        let generation = self.generation;
        let position = self.everybody.push(index, member.clone());
        self.places[index as usize] = Some(Member { id, generation, handle: member, position, rooms: None });
        let rehash = |&index: &u32| hash_at(&self.hasher, &self.places, index);
        self.ids.insert_unique(self.hasher.hash_one(id), index, rehash);
        MemberId { index, generation }
    }

    /// Removes a member from all its rooms; those that are empty then vanish.
    pub fn remove(&mut self, member: MemberId) -> Option<T> {
        self.member(member)?;
        let gone = self.places[member.index as usize].take()?;
        for (room, &position) in gone.rooms.iter().flat_map(|rooms| rooms.iter()) {
            self.unlist(room, position);
        }
        if let Some(moved) = self.everybody.swap_remove(gone.position) {
            self.place(moved).position = gone.position;
        }
        if let Ok(place) = self.ids.find_entry(self.hasher.hash_one(gone.id), |&index| index == member.index) {
            place.remove();
        }
        if self.ids.len() < self.ids.capacity() / 8 {
            self.ids.shrink_to(self.ids.len() * 2, |&index| hash_at(&self.hasher, &self.places, index));
        }
        self.release(member.index);
        Some(gone.handle)
    }

    /// Puts a member into a room; true if it was not in it. A member is always in the room of its own id.
    ///
    /// # Errors
    ///
    /// If the room is another socket's, its name is too long, there is no such member, or it is in too many rooms.
    pub fn join(&mut self, member: MemberId, room: &str) -> Result<bool, JoinError> {
        self.member(member).ok_or(JoinError::UnknownMember)?;
        match self.owner(room) {
            Some(owner) if owner == member.index => return Ok(false),
            Some(_) => return Err(JoinError::ForeignSocketId),
            None if room.len() > self.max_room_len => return Err(JoinError::TooLong),
            None => {}
        }
        let place = self.places[member.index as usize].as_mut().ok_or(JoinError::UnknownMember)?;
        let joined = place.rooms.get_or_insert_default();
        if joined.contains_key(room) {
            return Ok(false);
        }
        if joined.len() >= self.max_rooms {
            // The box may have been made just now.
            place.rooms.take_if(|rooms| rooms.is_empty());
            return Err(JoinError::TooMany);
        }
        let mut entry = match self.rooms.entry_ref(room) {
            EntryRef::Occupied(entry) => entry,
            EntryRef::Vacant(entry) => entry.insert_entry_with_key(room.into(), List::new()),
        };
        let position = entry.get_mut().push(member.index, place.handle.clone());
        joined.insert(Arc::clone(entry.key()), position);
        Ok(true)
    }

    /// Takes a member out of a room, which vanishes if it is empty then. False if the member was not in it, and for the
    /// room of its own id, which it never leaves.
    pub fn leave(&mut self, member: MemberId, room: &str) -> bool {
        let place = self.places.get_mut(member.index as usize).and_then(Option::as_mut);
        let Some(place) = place.filter(|place| place.generation == member.generation) else {
            return false;
        };
        let Some(joined) = &mut place.rooms else {
            return false;
        };
        let Some(position) = joined.remove(room) else {
            return false;
        };
        shrink(joined);
        if joined.is_empty() {
            place.rooms = None;
        }
        self.unlist(room, position);
        true
    }

    /// The rooms of a member: its own id first, then the others in no particular order. Empty if there is no such
    /// member.
    pub fn rooms_of(&self, member: MemberId) -> Vec<Arc<str>> {
        let Some(member) = self.member(member) else {
            return Vec::new();
        };
        let own = Arc::from(member.id.as_str());
        let joined = member.rooms.iter().flat_map(|rooms| rooms.keys().cloned());
        std::iter::once(own).chain(joined).collect()
    }

    /// The member that has an id.
    pub fn get(&self, id: &SocketId) -> Option<&T> {
        let index = self.place_of(id)?;
        let member = self.places[index as usize].as_ref()?;
        Some(&member.handle)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many members are in a room, which may be the id of one.
    pub fn room_len(&self, room: &str) -> usize {
        match self.owner(room) {
            Some(_) => 1,
            None => self.rooms.get(room).map_or(0, List::len),
        }
    }

    /// The rooms that somebody joined, in no particular order: without those that have the name of a socket's id.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        self.rooms.keys().map(|room| &**room)
    }

    /// All rooms, those of the members' ids among them, in no particular order.
    pub fn all_rooms(&self) -> Vec<Arc<str>> {
        let own = self.places.iter().flatten().map(|member| Arc::from(member.id.as_str()));
        self.rooms.keys().cloned().chain(own).collect()
    }

    /// Takes a snapshot of those whom a broadcast is for, by looking up a list for every name.
    pub fn select(&self, select: &Select) -> Selection<T> {
        let parts = match select.rooms.as_slice() {
            [] => Parts::from_iter([Part::List(self.everybody.snapshot())]),
            rooms => self.parts(rooms),
        };
        Selection::new(parts, self.parts(&select.except))
    }

    fn parts(&self, rooms: &[Arc<str>]) -> Parts<T> {
        rooms.iter().filter_map(|room| self.part(room)).collect()
    }

    fn part(&self, room: &str) -> Option<Part<T>> {
        let Some(index) = self.owner(room) else {
            return Some(Part::List(self.rooms.get(room)?.snapshot()));
        };
        let member = self.places[index as usize].as_ref()?.handle.clone();
        Some(Part::One(Entry { index, member }))
    }

    /// The member whose id is the name of the room.
    fn owner(&self, room: &str) -> Option<u32> {
        self.place_of(&SocketId::parse(room)?)
    }

    fn place_of(&self, id: &SocketId) -> Option<u32> {
        let is_there = |&index: &u32| self.places[index as usize].as_ref().is_some_and(|member| member.id == *id);
        self.ids.find(self.hasher.hash_one(id), is_there).copied()
    }

    /// Takes out of a room's list what is at `position`.
    fn unlist(&mut self, room: &str, position: usize) {
        let list = self.rooms.get_mut(room).expect("a member's rooms exist");
        if let Some(moved) = list.swap_remove(position) {
            let known = self.place(moved).rooms.as_mut().and_then(|rooms| rooms.get_mut(room));
            *known.expect("who is listed in a room knows it") = position;
        } else if list.len() == 0 {
            self.rooms.remove(room);
            shrink(&mut self.rooms);
        }
    }

    fn member(&self, member: MemberId) -> Option<&Member<T>> {
        let place = self.places.get(member.index as usize)?.as_ref()?;
        (place.generation == member.generation).then_some(place)
    }

    fn id_at(&self, index: u32) -> Option<MemberId> {
        let generation = self.places[index as usize].as_ref()?.generation;
        Some(MemberId { index, generation })
    }

    fn place(&mut self, index: u32) -> &mut Member<T> {
        self.places[index as usize].as_mut().expect("whoever is listed has a place")
    }

    fn free_place(&mut self) -> u32 {
        while let Some(Reverse(index)) = self.free.pop() {
            if self.places.get(index as usize).is_some_and(Option::is_none) {
                return index;
            }
        }
        self.places.push(None);
        u32::try_from(self.places.len() - 1)
            .expect("a member is larger than a byte, and memory ends before 2^32 of them")
    }

    /// Gives a place back, and with it what is empty at the end.
    fn release(&mut self, index: u32) {
        self.free.push(Reverse(index));
        while matches!(self.places.last(), Some(None)) {
            self.places.pop();
        }
        if self.places.is_empty() {
            self.free.clear();
        }
        if self.places.len() < self.places.capacity() / 4 {
            self.places.shrink_to(self.places.len() * 2);
            self.free.shrink_to(self.free.len() * 2);
        }
    }
}

impl<T: Clone> Default for Rooms<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Rooms<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rooms")
            .field("members", &self.ids.len())
            .field("rooms", &self.rooms.len())
            .finish_non_exhaustive()
    }
}

/// The hash of the id of the member at a place.
fn hash_at<T>(hasher: &DefaultHashBuilder, places: &[Option<Member<T>>], index: u32) -> u64 {
    hasher.hash_one(places[index as usize].as_ref().expect("whoever has an id has a place").id)
}

/// Gives memory back once most of it is unused; to twice what is needed, so that nothing grows again at once.
fn shrink<K: Eq + Hash, V>(map: &mut HashMap<K, V>) {
    if map.len() < map.capacity() / 8 {
        map.shrink_to(map.len() * 2);
    }
}

#[cfg(test)]
mod tests;

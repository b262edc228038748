//! Who is here, in which rooms, and what was said there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use pintle::SocketId;

use crate::check;
use crate::error::ChatError;
use crate::history::History;
use crate::message::{Announcement, Directory, Draft, Joined, Message, Posted, RoomSize, Who};

/// The rooms that are there from the start, and stay.
const STANDING: [&str; 3] = ["lobby", "pictures", "random"];
const ROOMS: usize = 32;

/// The chat's memory, shared by all handlers. Nothing awaits while it is locked.
#[derive(Clone, Debug)]
pub(crate) struct Chat(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    people: HashMap<SocketId, Who>,
    rooms: BTreeMap<String, Room>,
    newest: u64,
}

#[derive(Debug, Default)]
struct Room {
    members: HashSet<SocketId>,
    history: History,
}

impl Default for Chat {
    fn default() -> Self {
        let rooms = STANDING.map(|name| (name.to_owned(), Room::default()));
        Self(Arc::new(Mutex::new(State { rooms: rooms.into(), ..State::default() })))
    }
}

impl Chat {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change below is complete before anything in it can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody may come in under this name.
    pub(crate) fn admit(&self, who: &Who) -> Result<(), ChatError> {
        check::nickname(&who.nickname)?;
        self.state().free(who)
    }

    /// Takes somebody in.
    pub(crate) fn enter(&self, id: SocketId, who: Who) -> Result<(), ChatError> {
        let mut state = self.state();
        state.free(&who)?;
        state.people.insert(id, who);
        Ok(())
    }

    /// Lets somebody go, and returns the rooms they were in.
    pub(crate) fn exit(&self, id: SocketId) -> Vec<String> {
        let mut state = self.state();
        state.people.remove(&id);
        let left = state.rooms.iter_mut().filter_map(|(name, room)| room.members.remove(&id).then(|| name.clone()));
        left.collect()
    }

    /// Makes sure that there is a room of this name.
    pub(crate) fn open(&self, name: &str) -> Result<(), ChatError> {
        check::room_name(name)?;
        let mut state = self.state();
        if !state.rooms.contains_key(name) {
            if state.rooms.len() >= ROOMS {
                state.close_an_empty_room()?;
            }
            state.rooms.insert(name.to_owned(), Room::default());
        }
        Ok(())
    }

    /// Puts somebody into a room, and returns what was said there after the message `after`.
    pub(crate) fn join(&self, id: SocketId, name: &str, after: u64) -> Result<Joined, ChatError> {
        let mut state = self.state();
        state.nickname(id)?;
        let room = state.rooms.entry(name.to_owned()).or_default();
        room.members.insert(id);
        let (messages, gap) = (room.history.after(after), room.history.gap_after(after));
        Ok(Joined { room: name.to_owned(), people: state.names_in(name), messages, gap })
    }

    pub(crate) fn leave(&self, id: SocketId, name: &str) {
        if let Some(room) = self.state().rooms.get_mut(name) {
            room.members.remove(&id);
        }
    }

    /// Keeps a message. Returns it with what to answer, or only the answer when it was here already.
    pub(crate) fn post(&self, id: SocketId, draft: Draft) -> Result<(Posted, Option<Message>), ChatError> {
        let draft = check::draft(draft)?;
        let mut state = self.state();
        let from = state.nickname_in(id, &draft.room)?;
        let now = now();
        let id = state.stamp(now);
        let history = &mut state.rooms.entry(draft.room.clone()).or_default().history;
        if let Some(known) = history.find(&from, &draft.key) {
            return Ok((Posted { id: known.id, at: known.at }, None));
        }
        let Draft { room, key, text, picture } = draft;
        let message = Message { id, at: now, room, from, key, text, picture };
        history.push(message.clone());
        Ok((Posted { id, at: now }, Some(message)))
    }

    pub(crate) fn picture(&self, id: SocketId, name: &str, message: u64) -> Result<Bytes, ChatError> {
        let state = self.state();
        state.nickname_in(id, name)?;
        let picture = state.rooms.get(name).and_then(|room| room.history.picture(message));
        picture.ok_or(ChatError::PictureGone)
    }

    pub(crate) fn announcement(&self, text: &str) -> Result<Announcement, ChatError> {
        let text = check::announcement(text)?;
        let now = now();
        Ok(Announcement { id: self.state().stamp(now), at: now, text })
    }

    pub(crate) fn people_in(&self, room: &str) -> Vec<String> {
        self.state().names_in(room)
    }

    pub(crate) fn directory(&self) -> Directory {
        let state = self.state();
        let size = |name: &String| RoomSize { name: name.clone(), people: state.names_in(name).len() };
        Directory { online: state.names(state.people.keys()).len(), rooms: state.rooms.keys().map(size).collect() }
    }
}

impl State {
    /// Whether nobody else has this name. The same browser may have it twice: in the moment after a lost connection it
    /// comes back before the old socket is known to be gone.
    fn free(&self, who: &Who) -> Result<(), ChatError> {
        let name = who.nickname.to_lowercase();
        let taken = self.people.values().any(|other| other.nickname.to_lowercase() == name && other.key != who.key);
        if taken { Err(ChatError::NicknameTaken) } else { Ok(()) }
    }

    fn nickname(&self, id: SocketId) -> Result<String, ChatError> {
        self.people.get(&id).map(|who| who.nickname.clone()).ok_or(ChatError::Left)
    }

    fn nickname_in(&self, id: SocketId, room: &str) -> Result<String, ChatError> {
        let room = self.rooms.get(room).ok_or(ChatError::NotInRoom)?;
        if room.members.contains(&id) { self.nickname(id) } else { Err(ChatError::NotInRoom) }
    }

    /// Nicknames in order, each once.
    fn names<'a>(&self, ids: impl Iterator<Item = &'a SocketId>) -> Vec<String> {
        let names: BTreeSet<&String> = ids.filter_map(|id| self.people.get(id)).map(|who| &who.nickname).collect();
        names.into_iter().cloned().collect()
    }

    fn names_in(&self, room: &str) -> Vec<String> {
        self.rooms.get(room).map(|room| self.names(room.members.iter())).unwrap_or_default()
    }

    fn close_an_empty_room(&mut self) -> Result<(), ChatError> {
        let empty = |(name, room): &(&String, &Room)| room.members.is_empty() && !STANDING.contains(&name.as_str());
        let name = self.rooms.iter().find(empty).map(|(name, _)| name.clone()).ok_or(ChatError::TooManyRooms)?;
        self.rooms.remove(&name);
        Ok(())
    }

    /// An id greater than all before it. Made of the clock, so that it stays so when the server starts again and a page
    /// asks for what came after the newest it knows.
    fn stamp(&mut self, now: u64) -> u64 {
        self.newest = now.max(self.newest + 1);
        self.newest
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

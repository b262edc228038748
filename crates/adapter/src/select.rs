//! Who a broadcast is for.

use std::sync::Arc;

use smallvec::SmallVec;

/// Who a broadcast is for: whoever is in one of `rooms`, or everybody if none is named, without those in one of `except`.
///
/// The id of a socket is a room with that socket in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Select {
    /// The rooms whose members are meant; none means everybody.
    pub rooms: SmallVec<[Arc<str>; 1]>,
    /// The rooms whose members are left out.
    pub except: SmallVec<[Arc<str>; 1]>,
}

impl Select {
    /// Everybody.
    pub fn all() -> Self {
        Self::default()
    }

    /// Adds the members of a room.
    #[must_use]
    pub fn to(mut self, room: impl Into<Arc<str>>) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// Leaves out the members of a room.
    #[must_use]
    pub fn except(mut self, room: impl Into<Arc<str>>) -> Self {
        self.except.push(room.into());
        self
    }
}

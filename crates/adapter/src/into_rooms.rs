//! Names of rooms, as methods take them.

use std::sync::Arc;

use pintle_proto::SocketId;

/// Names of rooms: one, or several in an array, a slice or a vector.
pub trait IntoRooms {
    /// Gives each name to `add`.
    #[doc(hidden)]
    fn each(self, add: impl FnMut(&str));
}

impl IntoRooms for &str {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self);
    }
}

impl IntoRooms for String {
    fn each(self, mut add: impl FnMut(&str)) {
        add(&self);
    }
}

impl IntoRooms for &String {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self);
    }
}

impl IntoRooms for Arc<str> {
    fn each(self, mut add: impl FnMut(&str)) {
        add(&self);
    }
}

impl IntoRooms for &Arc<str> {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self);
    }
}

impl IntoRooms for SocketId {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self.as_str());
    }
}

impl IntoRooms for &SocketId {
    fn each(self, mut add: impl FnMut(&str)) {
        add(self.as_str());
    }
}

impl<R: AsRef<str>, const N: usize> IntoRooms for [R; N] {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

impl<R: AsRef<str>, const N: usize> IntoRooms for &[R; N] {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

impl<R: AsRef<str>> IntoRooms for &[R] {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

impl<R: AsRef<str>> IntoRooms for Vec<R> {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

impl<R: AsRef<str>> IntoRooms for &Vec<R> {
    fn each(self, mut add: impl FnMut(&str)) {
        self.iter().for_each(|room| add(room.as_ref()));
    }
}

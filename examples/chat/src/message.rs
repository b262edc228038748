//! What goes over the wire, both ways.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// The `auth` of a connection: who somebody wants to be.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Who {
    pub(crate) nickname: String,
    /// A secret of the browser's, which lets it have its nickname again when it comes back before we know it is gone.
    pub(crate) key: String,
}

/// `join`: into a room, which is made if there is none of that name.
#[derive(Debug, Deserialize)]
pub(crate) struct Join {
    pub(crate) room: String,
    /// The newest message already seen.
    #[serde(default)]
    pub(crate) after: u64,
}

/// The answer to `join`.
#[derive(Debug, Serialize)]
pub(crate) struct Joined {
    pub(crate) room: String,
    pub(crate) people: Vec<String>,
    /// What was said since `after`, without the bytes of pictures.
    pub(crate) messages: Vec<Message>,
    /// Whether some of what was said since `after` is no longer kept.
    pub(crate) gap: bool,
}

/// `leave`: out of a room.
#[derive(Debug, Deserialize)]
pub(crate) struct Leave {
    pub(crate) room: String,
}

/// `message`, as it comes in.
#[derive(Debug, Deserialize)]
pub(crate) struct Draft {
    pub(crate) room: String,
    /// Chosen by the page: a message that is sent again, because its answer was lost, is taken once.
    pub(crate) key: String,
    pub(crate) text: String,
    pub(crate) picture: Option<Picture>,
}

/// The answer to `message`.
#[derive(Debug, Serialize)]
pub(crate) struct Posted {
    pub(crate) id: u64,
    pub(crate) at: u64,
}

/// `message`, as it goes out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Message {
    /// Grows from message to message, also across a restart of the server.
    pub(crate) id: u64,
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) room: String,
    pub(crate) from: String,
    pub(crate) key: String,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<Picture>,
}

/// A picture. `Bytes` travels as a binary attachment, wherever in a message it stands.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Picture {
    pub(crate) kind: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Absent in a room's history: the page asks for the ones it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<Bytes>,
}

/// `picture`: the bytes of a picture in a room's history.
#[derive(Debug, Deserialize)]
pub(crate) struct PictureOf {
    pub(crate) room: String,
    pub(crate) id: u64,
}

/// `typing`, as it comes in.
#[derive(Debug, Deserialize)]
pub(crate) struct Typing {
    pub(crate) room: String,
    pub(crate) typing: bool,
}

/// `typing`, as it goes out.
#[derive(Debug, Serialize)]
pub(crate) struct Types<'a> {
    pub(crate) room: &'a str,
    pub(crate) nickname: &'a str,
    pub(crate) typing: bool,
}

/// `people`: who is in a room, told to those in it.
#[derive(Debug, Serialize)]
pub(crate) struct People {
    pub(crate) room: String,
    pub(crate) people: Vec<String>,
}

/// `rooms`: told to everyone, and `GET /api/rooms`.
#[derive(Debug, Serialize)]
pub(crate) struct Directory {
    pub(crate) online: usize,
    pub(crate) rooms: Vec<RoomSize>,
}

/// A room and how many people are in it.
#[derive(Debug, Serialize)]
pub(crate) struct RoomSize {
    pub(crate) name: String,
    pub(crate) people: usize,
}

/// `announcement`: to everyone, in every room.
#[derive(Debug, Serialize)]
pub(crate) struct Announcement {
    pub(crate) id: u64,
    pub(crate) at: u64,
    pub(crate) text: String,
}

//! A session, as it is kept for whichever node its client comes back to.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pintle_proto::Value;
use pintle_proto::msgpack::{self, Flavour};
use serde::Deserialize;

use super::wire::{Room, names, object, text, texts};

/// A session, as it is kept for whichever node its client comes back to: written as `@socket.io/redis-streams-adapter` does.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedSession {
    /// The socket's public id.
    pub sid: String,
    /// The secret with which its client asks for it.
    pub pid: String,
    /// Its rooms, its own id included.
    pub rooms: Vec<Arc<str>>,
    /// Its data; `{}` if it has none.
    pub data: Value,
}

impl SavedSession {
    /// Writes it.
    pub fn encode(&self) -> String {
        let value = object([
            ("sid", text(&self.sid)),
            ("pid", text(&self.pid)),
            ("rooms", texts(&self.rooms)),
            ("data", self.data.clone()),
        ]);
        let mut bytes = Vec::new();
        msgpack::encode(&value, Flavour::Msgpack, &mut bytes);
        STANDARD.encode(bytes)
    }

    /// Reads it; nothing if it is none.
    pub fn decode(written: &str) -> Option<Self> {
        let value = msgpack::decode(&STANDARD.decode(written).ok()?).ok()?;
        let Parts { sid, pid, rooms, data } = Parts::deserialize(&value).ok()?;
        Some(Self { sid, pid, rooms: names(Some(rooms)), data })
    }
}

#[derive(Deserialize)]
struct Parts {
    sid: String,
    pid: String,
    rooms: Vec<Room>,
    #[serde(default = "nothing")]
    data: Value,
}

const fn nothing() -> Value {
    Value::Object(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_node_writes_it() {
        let session = SavedSession {
            sid: "Xy7sJ9aB0cDeFgHiAAAB".to_owned(),
            pid: "YHcX2sdAF1z452-HAAAW".to_owned(),
            rooms: vec!["Xy7sJ9aB0cDeFgHiAAAB".into(), "room1".into()],
            data: nothing(),
        };
        let nodes = "hKNzaWS0WHk3c0o5YUIwY0RlRmdIaUFBQUKjcGlktFlIY1gyc2RBRjF6NDUyLUhBQUFXpXJvb21zkrRYeTdzSjlhQjBjRGVGZ0hpQUFBQqVyb29tMaRkYXRhgA==";
        assert_eq!(session.encode(), nodes);
        assert_eq!(SavedSession::decode(nodes), Some(session));
    }

    #[test]
    fn what_is_none_is_not_read() {
        for bad in ["", "e30=", "!", "gA==", "hKNzaWS0"] {
            assert_eq!(SavedSession::decode(bad), None, "{bad:?}");
        }
    }
}

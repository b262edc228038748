//! What both dialects are made of: pieces of JSON, or of the values that MessagePack has.

use std::fmt;
use std::sync::Arc;

use pintle_proto::{Args, Value};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Visitor};
use serde_json::value::RawValue;

use super::malformed::Malformed;
use super::message::{Event, Flags, RemoteSocket, Targets};
use crate::select::Select;

/// A part of a message that is a user's, in whichever form the message came.
pub(super) trait Part: DeserializeOwned {
    fn event(self) -> Result<Event, Malformed>;
    fn value(self) -> Result<Value, Malformed>;
    /// The `data` of a packet.
    fn packet_data(self) -> Result<Self, Malformed>;
}

/// A packet as nodes pass it on. Its type is always that of an event.
#[derive(serde::Deserialize)]
#[serde(bound = "D: DeserializeOwned")]
struct Packet<D> {
    data: D,
}

impl Part for Box<RawValue> {
    fn event(self) -> Result<Event, Malformed> {
        let (name, args) = Args::of_event(self.get()).map_err(|_| Malformed::Event)?;
        Ok(Event { name, args })
    }

    fn value(self) -> Result<Value, Malformed> {
        serde_json::from_str(self.get()).map_err(|_| Malformed::Shape)
    }

    fn packet_data(self) -> Result<Self, Malformed> {
        serde_json::from_str(self.get()).map(|Packet { data }| data).map_err(|_| Malformed::Shape)
    }
}

impl Part for Value {
    fn event(self) -> Result<Event, Malformed> {
        let Self::Array(mut values) = self else {
            return Err(Malformed::Event);
        };
        if values.is_empty() {
            return Err(Malformed::Event);
        }
        let name = match values.remove(0) {
            Self::String(name) => name,
            Self::Number(number) => number.to_string(),
            _ => return Err(Malformed::Event),
        };
        match pintle_proto::is_reserved_event(&name) {
            true => Err(Malformed::Event),
            false => Ok(Event { name, args: Args::from_values(values) }),
        }
    }

    fn value(self) -> Result<Value, Malformed> {
        Ok(self)
    }

    fn packet_data(self) -> Result<Self, Malformed> {
        let Self::Object(entries) = self else {
            return Err(Malformed::Shape);
        };
        // The last of a name counts, as in JavaScript.
        entries.into_iter().rev().find(|(name, _)| **name == *"data").map(|(_, data)| data).ok_or(Malformed::Shape)
    }
}

impl Event {
    /// Name and arguments as one array of JSON, unless there are attachments among them.
    pub(super) fn json(&self) -> Option<String> {
        let args = self.args.json()?;
        let name = serde_json::to_string(&self.name).ok()?;
        let comma = if args.is_empty() { "" } else { "," };
        Some(format!("[{name}{comma}{args}]"))
    }

    /// The same as a value.
    pub(super) fn value(&self) -> Value {
        let mut values = vec![Value::String(self.name.clone())];
        // What was checked is JSON.
        values.extend(self.args.values().unwrap_or_default());
        Value::Array(values)
    }
}

/// `opts`.
#[derive(serde::Deserialize, Default)]
#[serde(default)]
pub(super) struct Opts {
    rooms: Option<Vec<Room>>,
    except: Option<Vec<Room>>,
    flags: Option<Wishes>,
}

#[derive(serde::Deserialize, Default)]
#[serde(default)]
struct Wishes {
    volatile: Option<bool>,
    compress: Option<bool>,
    timeout: Option<f64>,
}

/// What is missing names nobody in particular, which is everybody.
pub(super) fn targets(opts: Option<Opts>) -> Targets {
    let Opts { rooms, except, flags } = opts.unwrap_or_default();
    let names = |rooms: Option<Vec<Room>>| rooms.unwrap_or_default().into_iter().map(|Room(name)| name).collect();
    let Wishes { volatile, compress, timeout } = flags.unwrap_or_default();
    let select = Select { rooms: names(rooms), except: names(except) };
    // As whole numbers go: what is none, or less than nothing, is nothing.
    let timeout = timeout.map(|timeout| timeout as u64);
    Targets { select, flags: Flags { volatile: volatile == Some(true), compress, timeout } }
}

/// A room's name, which may be a number to Node.
pub(super) struct Room(pub(super) Arc<str>);

impl<'de> Deserialize<'de> for Room {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RoomVisitor)
    }
}

struct RoomVisitor;

impl Visitor<'_> for RoomVisitor {
    type Value = Room;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a room")
    }

    fn visit_str<E>(self, name: &str) -> Result<Room, E> {
        Ok(Room(name.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Room, E> {
        Ok(Room(number.to_string().into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Room, E> {
        Ok(Room(number.to_string().into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Room, E> {
        Ok(Room(number.to_string().into()))
    }
}

pub(super) fn names(rooms: Vec<Room>) -> Vec<Arc<str>> {
    rooms.into_iter().map(|Room(name)| name).collect()
}

impl Targets {
    /// Always with all three: a Node that misses one of them dies of it.
    pub(super) fn value(&self) -> Value {
        let [rooms, except] = self.sockets();
        object([rooms, except, ("flags", self.flags.value())])
    }

    /// Which sockets, and nothing of the manner.
    pub(super) fn sockets(&self) -> [(&'static str, Value); 2] {
        [("rooms", texts(&self.select.rooms)), ("except", texts(&self.select.except))]
    }
}

impl Flags {
    fn value(self) -> Value {
        let volatile = self.volatile.then_some(("volatile", Value::Bool(true)));
        let compress = self.compress.map(|compress| ("compress", Value::Bool(compress)));
        let timeout = self.timeout.map(|timeout| ("timeout", number(timeout)));
        object([volatile, compress, timeout].into_iter().flatten())
    }
}

impl RemoteSocket {
    pub(super) fn value(&self) -> Value {
        object([
            ("id", text(&self.id)),
            ("handshake", self.handshake.clone()),
            ("rooms", texts(&self.rooms)),
            ("data", self.data.clone()),
        ])
    }
}

pub(super) fn object<'a>(entries: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    Value::Object(entries.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

pub(super) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

pub(super) fn texts(names: &[Arc<str>]) -> Value {
    Value::Array(names.iter().map(|name| text(name)).collect())
}

pub(super) fn number(number: impl Into<serde_json::Number>) -> Value {
    Value::Number(number.into())
}

/// Values as JSON. Bytes among them become arrays of numbers.
pub(super) fn json(value: &Value) -> String {
    serde_json::to_string(value).expect("values have text for names")
}

/// One of `sockets`.
#[derive(serde::Deserialize)]
pub(super) struct SocketPart {
    id: String,
    #[serde(default = "nothing")]
    handshake: Value,
    #[serde(default)]
    rooms: Vec<Room>,
    #[serde(default = "nothing")]
    data: Value,
}

const fn nothing() -> Value {
    Value::Object(Vec::new())
}

impl From<SocketPart> for RemoteSocket {
    fn from(SocketPart { id, handshake, rooms, data }: SocketPart) -> Self {
        Self { id, handshake, rooms: names(rooms), data }
    }
}

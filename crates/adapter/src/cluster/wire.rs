//! What both dialects are made of: pieces of JSON, or of the values that MessagePack has.

use std::fmt;
use std::sync::Arc;

use pintle_proto::{Args, Value, is_reserved_event, mended};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Visitor};
use serde_json::value::RawValue;

use super::malformed::Malformed;
use super::message::{Event, Flags, RemoteSocket, Targets};
use crate::select::Select;

/// A part of a message that is a user's, in whichever form the message came.
pub(super) trait Part: DeserializeOwned {
    /// `{}`.
    fn nothing() -> Self;
    /// An event for servers, among whom there are other names that are reserved: nobody can listen to those.
    fn side_event(self) -> Result<Event, Malformed>;
    fn value(self) -> Result<Value, Malformed>;
    /// The `data` of a packet.
    fn packet_data(self) -> Result<Self, Malformed>;

    /// An event for clients.
    fn event(self) -> Result<Event, Malformed> {
        let event = self.side_event()?;
        if is_reserved_event(&event.name) { Err(Malformed::Event) } else { Ok(event) }
    }
}

/// Reads JSON in which there may be half a surrogate pair: one client can have Node write one, and what is said of others is in
/// the same message.
pub(super) fn from_json<T: DeserializeOwned>(json: &str) -> Result<T, Malformed> {
    let mend = |error| mended(json).map_or(Err(error), |json| serde_json::from_str(&json));
    serde_json::from_str(json).or_else(mend).map_err(|_| Malformed::Shape)
}

/// A packet as nodes pass it on. Its type is always that of an event.
#[derive(serde::Deserialize)]
#[serde(bound = "D: DeserializeOwned")]
struct Packet<D> {
    data: D,
}

impl Part for Box<RawValue> {
    fn nothing() -> Self {
        RawValue::from_string("{}".to_owned()).expect("braces are JSON")
    }

    fn side_event(self) -> Result<Event, Malformed> {
        let (name, args) = Args::of_event(self.get()).map_err(|_| Malformed::Event)?;
        Ok(Event { name, args })
    }

    fn value(self) -> Result<Value, Malformed> {
        from_json(self.get())
    }

    fn packet_data(self) -> Result<Self, Malformed> {
        serde_json::from_str(self.get()).map(|Packet { data }| data).map_err(|_| Malformed::Shape)
    }
}

impl Part for Value {
    fn nothing() -> Self {
        Self::Object(Vec::new())
    }

    fn side_event(self) -> Result<Event, Malformed> {
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
        if values.iter().any(|value| is_deeper(value, DEEPEST)) {
            return Err(Malformed::Event);
        }
        Ok(Event { name, args: Args::from_values(values) })
    }

    fn value(self) -> Result<Value, Malformed> {
        if is_deeper(&self, DEEPEST) { Err(Malformed::Shape) } else { Ok(self) }
    }

    fn packet_data(self) -> Result<Self, Malformed> {
        let Self::Object(entries) = self else {
            return Err(Malformed::Shape);
        };
        // The last of a name counts, as in JavaScript.
        entries.into_iter().rev().find(|(name, _)| **name == *"data").map(|(_, data)| data).ok_or(Malformed::Shape)
    }
}

/// As deep as JSON may be nested: what is read in one form can be said in the other.
const DEEPEST: usize = 127;

fn is_deeper(value: &Value, deepest: usize) -> bool {
    match value {
        Value::Array(values) => deepest == 0 || values.iter().any(|value| is_deeper(value, deepest - 1)),
        Value::Object(entries) => deepest == 0 || entries.iter().any(|(_, value)| is_deeper(value, deepest - 1)),
        _ => false,
    }
}

/// How many sockets were sent an event. It is no number of Node's if JavaScript cannot count to it.
pub(super) fn client_count(count: Option<u64>) -> Result<u64, Malformed> {
    count.filter(|count| *count < 1 << 53).ok_or(Malformed::Shape)
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

/// No rooms name nobody in particular, which is everybody. But they must be said to be none.
pub(super) fn targets(opts: Option<Opts>) -> Result<Targets, Malformed> {
    let Opts { rooms, except, flags } = opts.ok_or(Malformed::Shape)?;
    let Wishes { volatile, compress, timeout } = flags.unwrap_or_default();
    let select = Select { rooms: names(rooms).into(), except: names(except).into() };
    // As whole numbers go: what is none, or less than nothing, is nothing.
    let timeout = timeout.map(|timeout| timeout as u64);
    Ok(Targets { select, flags: Flags { volatile: volatile == Some(true), compress, timeout } })
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

pub(super) fn names(rooms: Option<Vec<Room>>) -> Vec<Arc<str>> {
    rooms.unwrap_or_default().into_iter().map(|Room(name)| name).collect()
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

/// One of `sockets`. What a client has a hand in is read by itself: if it is nested too deep, nothing else is the worse for it.
#[derive(serde::Deserialize)]
#[serde(bound = "D: Part")]
pub(super) struct SocketPart<D> {
    id: String,
    #[serde(default = "D::nothing")]
    handshake: D,
    rooms: Option<Vec<Room>>,
    #[serde(default = "D::nothing")]
    data: D,
}

impl<D: Part> From<SocketPart<D>> for RemoteSocket {
    fn from(SocketPart { id, handshake, rooms, data }: SocketPart<D>) -> Self {
        let value = |part: D| part.value().unwrap_or_else(|_| Value::nothing());
        Self { id, handshake: value(handshake), rooms: names(rooms), data: value(data) }
    }
}

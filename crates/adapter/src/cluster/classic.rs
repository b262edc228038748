//! The language of the classic adapter for Redis: events in MessagePack, requests numbered from 0 to 9 and their answers in
//! JSON, unless there may be attachments in them.

use pintle_proto::Value;
use pintle_proto::msgpack::{self, Flavour};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::malformed::Malformed;
use super::message::{Event, Message, RemoteSocket, Reply, Said, Targets};
use super::wire::{self, Opts, Part, Room, SocketPart, client_count, names, number, object, targets, text, texts};
use crate::select::Select;

/// An event for the sockets of other nodes, as it is published.
#[derive(Clone, Debug)]
pub struct Broadcast {
    /// The sender; `emitter` for one that is no node.
    pub uid: String,
    /// The namespace.
    pub nsp: String,
    /// The event.
    pub event: Event,
    /// For whom.
    pub to: Targets,
}

impl Broadcast {
    /// The bytes that Node has for it.
    pub fn write(&self) -> Vec<u8> {
        encoded(&Value::Array(vec![text(&self.uid), packet(&self.event, &self.nsp), self.to.value()]))
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let Ok(Value::Array(parts)) = msgpack::decode(bytes) else {
            return Err(Malformed::Shape);
        };
        let Ok([uid, packet, opts]) = <[Value; 3]>::try_from(parts) else {
            return Err(Malformed::Shape);
        };
        let Value::String(uid) = uid else {
            return Err(Malformed::Shape);
        };
        let nsp = Addressed::deserialize(&packet).map_err(|_| Malformed::Shape)?.nsp;
        let event = packet.packet_data()?.event()?;
        let opts = Option::<Opts>::deserialize(&opts).map_err(|_| Malformed::Shape)?;
        Ok(Self { uid, nsp: nsp.unwrap_or_else(|| "/".to_owned()), event, to: targets(opts)? })
    }
}

/// A request, or a command that nobody answers.
#[derive(Clone, Debug)]
pub struct Request {
    /// The sender; emitters do not always say theirs.
    pub uid: Option<String>,
    /// What is asked.
    pub message: Message,
}

impl Request {
    /// The bytes that Node has for it; `None` for what is none in this dialect.
    pub fn write(&self, nsp: &str) -> Option<Vec<u8>> {
        let uid = self.uid.as_ref().map(|uid| ("uid", text(uid)));
        let asked = |request: &str| Some(("requestId", text(request)));
        let entries: Vec<Option<(&str, Value)>> = match &self.message {
            Message::Rooms { request } => vec![asked(request), Some(("type", number(1)))],
            Message::Join { to, rooms } => {
                vec![Some(("type", number(2))), Some(("opts", object(to.sockets()))), Some(("rooms", texts(rooms)))]
            }
            Message::Leave { to, rooms } => {
                vec![Some(("type", number(3))), Some(("opts", object(to.sockets()))), Some(("rooms", texts(rooms)))]
            }
            Message::Disconnect { to, close } => {
                let close = Value::Bool(*close);
                vec![Some(("type", number(4))), Some(("opts", object(to.sockets()))), Some(("close", close))]
            }
            Message::Fetch { to, request } => {
                vec![asked(request), Some(("type", number(5))), Some(("opts", object(to.sockets())))]
            }
            Message::SideEmit { event, request } => {
                let asked = request.as_deref().and_then(asked);
                vec![asked, Some(("type", number(6))), Some(("data", event.value()))]
            }
            Message::Broadcast { event, to, request: Some(request) } => {
                let packet = Some(("packet", packet(event, nsp)));
                let entries = [uid, asked(request), Some(("type", number(7))), packet, Some(("opts", to.value()))];
                return Some(encoded(&object(entries.into_iter().flatten())));
            }
            Message::Broadcast { request: None, .. }
            | Message::InitialHeartbeat
            | Message::Heartbeat
            | Message::Close => return None,
        };
        Some(wire::json(&object(std::iter::once(uid).chain(entries).flatten())).into_bytes())
    }

    /// Reads one.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        match parts(bytes)? {
            Parsed::Json(parts) => parts.request(),
            Parsed::Values(parts) => parts.request(),
        }
    }
}

impl Reply {
    /// The bytes that a classic node has for it.
    pub fn write_classic(&self) -> Vec<u8> {
        let request = ("requestId", text(&self.request));
        let entries = match &self.said {
            Said::Sockets(sockets) => {
                let sockets = sockets.iter().map(RemoteSocket::value).collect();
                vec![request, ("sockets", Value::Array(sockets))]
            }
            Said::Rooms(rooms) => vec![request, ("rooms", texts(rooms))],
            Said::SideEmit(answer) => {
                let answer = answer.clone().map(|answer| ("data", answer));
                [("type", number(6)), request].into_iter().chain(answer).collect()
            }
            Said::ClientCount(count) => vec![("type", number(8)), request, ("clientCount", number(*count))],
            Said::Ack(answer) => {
                let answer = answer.clone().map(|answer| ("packet", answer));
                return encoded(&object([("type", number(9)), request].into_iter().chain(answer)));
            }
        };
        wire::json(&object(entries)).into_bytes()
    }

    /// Reads the answer of a classic node.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read_classic(bytes: &[u8]) -> Result<Self, Malformed> {
        match parts(bytes)? {
            Parsed::Json(parts) => parts.reply(),
            Parsed::Values(parts) => parts.reply(),
        }
    }
}

fn packet(event: &Event, nsp: &str) -> Value {
    object([("type", number(2)), ("data", event.value()), ("nsp", text(nsp))])
}

fn encoded(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    msgpack::encode(value, Flavour::Notepack, &mut out);
    out
}

/// What a packet is addressed to.
#[derive(Deserialize)]
struct Addressed {
    nsp: Option<String>,
}

/// All that a request or an answer may have: what its type does not have, it does not look at.
#[derive(Deserialize)]
#[serde(bound = "D: Part")]
struct Parts<D> {
    r#type: Option<u8>,
    uid: Option<String>,
    #[serde(rename = "requestId")]
    request: Option<String>,
    opts: Option<Opts>,
    rooms: Option<Vec<Room>>,
    close: Option<bool>,
    /// What adapters of before 2021 say in place of `opts` and `rooms`.
    sid: Option<Room>,
    room: Option<Room>,
    data: Option<D>,
    packet: Option<D>,
    sockets: Option<Vec<SocketPart<D>>>,
    #[serde(rename = "clientCount")]
    client_count: Option<u64>,
}

enum Parsed {
    Json(Parts<Box<RawValue>>),
    Values(Parts<Value>),
}

fn parts(bytes: &[u8]) -> Result<Parsed, Malformed> {
    if bytes.first() == Some(&b'{') {
        let text = str::from_utf8(bytes).map_err(|_| Malformed::Shape)?;
        return wire::from_json(text).map(Parsed::Json);
    }
    let value = msgpack::decode(bytes).map_err(|_| Malformed::Shape)?;
    Parts::deserialize(&value).map(Parsed::Values).map_err(|_| Malformed::Shape)
}

impl<D: Part> Parts<D> {
    fn request(self) -> Result<Request, Malformed> {
        let to = match self.sid {
            Some(Room(sid)) if self.opts.is_none() => {
                Ok(Targets { select: Select::all().to(sid), ..Targets::default() })
            }
            _ => targets(self.opts),
        };
        let asked = self.request;
        let rooms = self.room.into_iter().map(|Room(name)| name).chain(names(self.rooms)).collect();
        let message = match self.r#type.ok_or(Malformed::Shape)? {
            1 => Message::Rooms { request: asked.ok_or(Malformed::Shape)? },
            2 => Message::Join { to: to?, rooms },
            3 => Message::Leave { to: to?, rooms },
            4 => Message::Disconnect { to: to?, close: self.close.unwrap_or_default() },
            5 => Message::Fetch { to: to?, request: asked.ok_or(Malformed::Shape)? },
            6 => Message::SideEmit { event: self.data.ok_or(Malformed::Event)?.side_event()?, request: asked },
            7 => {
                let event = self.packet.ok_or(Malformed::Event)?.packet_data()?.event()?;
                Message::Broadcast { event, to: to?, request: Some(asked.ok_or(Malformed::Shape)?) }
            }
            _ => return Err(Malformed::Kind),
        };
        Ok(Request { uid: self.uid, message })
    }

    fn reply(self) -> Result<Reply, Malformed> {
        let request = self.request.ok_or(Malformed::Shape)?;
        let said = match (self.r#type, self.sockets, self.rooms) {
            (None, Some(sockets), _) => Said::Sockets(sockets.into_iter().map(Into::into).collect()),
            (None, None, Some(rooms)) => Said::Rooms(names(Some(rooms))),
            (Some(6), ..) => Said::SideEmit(self.data.map(Part::value).transpose()?),
            (Some(8), ..) => Said::ClientCount(client_count(self.client_count)?),
            (Some(9), ..) => Said::Ack(self.packet.map(Part::value).transpose()?),
            (Some(_), ..) => return Err(Malformed::Kind),
            (None, None, None) => return Err(Malformed::Shape),
        };
        Ok(Reply { request, said })
    }
}

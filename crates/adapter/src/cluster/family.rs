//! The language of all adapters but the classic one: a type from 1 to 13, and data of its shape.
//!
//! What carries it differs. Sharded pub/sub has the whole as JSON, or as MessagePack where there are attachments; Redis
//! Streams has its parts as fields of an entry, and what is not kept as MessagePack; PostgreSQL has JSON, or a row of a table.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pintle_proto::Value;
use pintle_proto::msgpack::{self, Flavour};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::malformed::Malformed;
use super::message::{Message, RemoteSocket, Reply, Said};
use super::wire::{self, Opts, Part, Room, SocketPart, client_count, names, number, object, targets, text, texts};

/// What goes over the bus: a message for all, or an answer for one.
#[derive(Clone, Debug)]
pub enum Content {
    /// For all nodes.
    Message(Message),
    /// For the node that asked.
    Reply(Reply),
}

/// Something with its sender.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The sender; `emitter` for one that is no node. Emitters for PostgreSQL say it, and no namespace.
    pub uid: String,
    /// The namespace, unless what carries it says that.
    pub nsp: Option<String>,
    /// What is said.
    pub content: Content,
}

impl Content {
    /// The number of its type.
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Message(message) => match message {
                Message::InitialHeartbeat => 1,
                Message::Heartbeat => 2,
                Message::Broadcast { .. } => 3,
                Message::Join { .. } => 4,
                Message::Leave { .. } => 5,
                Message::Disconnect { .. } => 6,
                Message::Fetch { .. } => 7,
                Message::SideEmit { .. } => 9,
                Message::Close => 13,
                // There is none: who speaks this dialect does not ask.
                Message::Rooms { .. } => 0,
            },
            Self::Reply(reply) => match reply.said {
                Said::Sockets(_) => 8,
                Said::SideEmit(_) => 10,
                Said::ClientCount(_) => 11,
                Said::Ack(_) => 12,
                Said::Rooms(_) => 0,
            },
        }
    }

    /// The data as JSON, unless there are attachments in it. `Some("")` for what has no data.
    fn json(&self) -> Option<String> {
        if let Self::Message(Message::Broadcast { event, to, request }) = self {
            // As it was written, and not by way of values: most of what is said is this.
            let event = event.json()?;
            let request = request.as_ref().map(|request| format!(r#""requestId":{},"#, wire::json(&text(request))));
            let (request, to) = (request.unwrap_or_default(), wire::json(&to.value()));
            return Some(format!(r#"{{"packet":{{"type":2,"data":{event}}},{request}"opts":{to}}}"#));
        }
        match self.value() {
            None => Some(String::new()),
            Some(value) if value.is_binary() => None,
            Some(value) => Some(wire::json(&value)),
        }
    }

    /// The data as values; none for what has no data.
    fn value(&self) -> Option<Value> {
        Some(match self {
            Self::Message(message) => match message {
                Message::InitialHeartbeat | Message::Heartbeat | Message::Close | Message::Rooms { .. } => return None,
                Message::Broadcast { event, to, request } => {
                    let packet = object([("type", number(2)), ("data", event.value())]);
                    let request = request.as_ref().map(|request| ("requestId", text(request)));
                    object([Some(("packet", packet)), request, Some(("opts", to.value()))].into_iter().flatten())
                }
                Message::Join { to, rooms } | Message::Leave { to, rooms } => {
                    object([("opts", to.value()), ("rooms", texts(rooms))])
                }
                Message::Disconnect { to, close } => object([("opts", to.value()), ("close", Value::Bool(*close))]),
                Message::Fetch { to, request } => object([("opts", to.value()), ("requestId", text(request))]),
                Message::SideEmit { event, request } => {
                    let request = request.as_ref().map(|request| ("requestId", text(request)));
                    object(request.into_iter().chain([("packet", event.value())]))
                }
            },
            Self::Reply(Reply { request, said }) => {
                let answer = match said {
                    Said::Sockets(sockets) => {
                        Some(("sockets", Value::Array(sockets.iter().map(RemoteSocket::value).collect())))
                    }
                    Said::Rooms(rooms) => Some(("rooms", texts(rooms))),
                    Said::SideEmit(answer) | Said::Ack(answer) => answer.clone().map(|answer| ("packet", answer)),
                    Said::ClientCount(count) => Some(("clientCount", number(*count))),
                };
                object([Some(("requestId", text(request))), answer].into_iter().flatten())
            }
        })
    }

    fn read<D: Part>(kind: u8, data: Option<Data<D>>) -> Result<Self, Malformed> {
        let data = || data.ok_or(Malformed::Shape);
        Ok(match kind {
            1 => Self::Message(Message::InitialHeartbeat),
            2 => Self::Message(Message::Heartbeat),
            3 => Self::Message(data()?.broadcast()?),
            4 => {
                let data = data()?;
                Self::Message(Message::Join { to: targets(data.opts)?, rooms: names(data.rooms) })
            }
            5 => {
                let data = data()?;
                Self::Message(Message::Leave { to: targets(data.opts)?, rooms: names(data.rooms) })
            }
            6 => {
                let data = data()?;
                Self::Message(Message::Disconnect { to: targets(data.opts)?, close: data.close.unwrap_or_default() })
            }
            7 => {
                let data = data()?;
                let request = data.request.ok_or(Malformed::Shape)?;
                Self::Message(Message::Fetch { to: targets(data.opts)?, request })
            }
            9 => {
                let data = data()?;
                let event = data.packet.ok_or(Malformed::Event)?.side_event()?;
                Self::Message(Message::SideEmit { event, request: data.request })
            }
            13 => Self::Message(Message::Close),
            8 | 10 | 11 | 12 => Self::Reply(data()?.reply(kind)?),
            _ => return Err(Malformed::Kind),
        })
    }
}

impl Envelope {
    /// The whole as sharded pub/sub has it: JSON, or as notepack.io writes it where there are attachments.
    pub fn sharded(&self) -> Vec<u8> {
        self.text().map_or_else(|| self.encoded(Flavour::Notepack), String::into_bytes)
    }

    /// The whole as JSON, unless there are attachments in it: as PostgreSQL has it.
    pub fn text(&self) -> Option<String> {
        let data = self.content.json()?;
        let (kind, uid) = (self.content.kind(), wire::json(&text(&self.uid)));
        let data = if data.is_empty() { data } else { format!(r#""data":{data},"#) };
        let nsp = self.nsp.as_ref().map(|nsp| format!(r#","nsp":{}"#, wire::json(&text(nsp)))).unwrap_or_default();
        Some(format!(r#"{{"type":{kind},{data}"uid":{uid}{nsp}}}"#))
    }

    /// The whole as @msgpack/msgpack writes it.
    pub fn msgpack(&self) -> Vec<u8> {
        self.encoded(Flavour::Msgpack)
    }

    /// The fields of an entry in a Redis stream, in their order.
    pub fn stream_entry(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("uid", self.uid.clone())];
        fields.extend(self.nsp.clone().map(|nsp| ("nsp", nsp)));
        fields.push(("type", self.content.kind().to_string()));
        match self.content.json() {
            Some(data) if data.is_empty() => {}
            Some(data) => fields.push(("data", data)),
            None => {
                let mut data = Vec::new();
                msgpack::encode(&self.content.value().unwrap_or(Value::Null), Flavour::Msgpack, &mut data);
                fields.push(("data", STANDARD.encode(data)));
            }
        }
        fields
    }

    fn encoded(&self, flavour: Flavour) -> Vec<u8> {
        let kind = Some(("type", number(self.content.kind())));
        let mut data = self.content.value().map(|data| ("data", data));
        // One writes what is missing as nothing, the other leaves it out.
        if let (Flavour::Msgpack, Content::Reply(Reply { said: Said::SideEmit(None) | Said::Ack(None), .. })) =
            (flavour, &self.content)
            && let Some((_, Value::Object(entries))) = &mut data
        {
            entries.push(("packet".into(), Value::Null));
        }
        let nsp = self.nsp.as_ref().map(|nsp| ("nsp", text(nsp)));
        let whole = object([kind, data, Some(("uid", text(&self.uid))), nsp].into_iter().flatten());
        let mut out = Vec::new();
        msgpack::encode(&whole, flavour, &mut out);
        out
    }

    /// Reads the whole, however it is written.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.first() == Some(&b'{') {
            let text = str::from_utf8(bytes).map_err(|_| Malformed::Shape)?;
            return wire::from_json::<Whole<Box<RawValue>>>(text)?.envelope();
        }
        let value = msgpack::decode(bytes).map_err(|_| Malformed::Shape)?;
        Whole::<Value>::deserialize(&value).map_err(|_| Malformed::Shape)?.envelope()
    }

    /// Reads the fields of an entry in a Redis stream.
    ///
    /// # Errors
    ///
    /// When they are none.
    pub fn read_stream_entry<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Malformed> {
        let (mut uid, mut nsp, mut kind, mut data) = (None, None, None, None);
        for (name, value) in fields {
            match name {
                "uid" => uid = Some(value.to_owned()),
                "nsp" => nsp = Some(value.to_owned()),
                "type" => kind = value.parse().ok(),
                "data" => data = Some(value),
                _ => {}
            }
        }
        let (uid, kind) = (uid.ok_or(Malformed::Shape)?, kind.ok_or(Malformed::Shape)?);
        let content = match data {
            Some(data) if !data.starts_with('{') => {
                let data = STANDARD.decode(data).map_err(|_| Malformed::Shape)?;
                let data = msgpack::decode(&data).map_err(|_| Malformed::Shape)?;
                let data = Data::<Value>::deserialize(&data).map_err(|_| Malformed::Shape)?;
                Content::read(kind, Some(data))?
            }
            data => {
                let data = data.map(wire::from_json::<Data<Box<RawValue>>>).transpose()?;
                Content::read(kind, data)?
            }
        };
        Ok(Self { uid, nsp, content })
    }
}

/// The whole, in any order.
#[derive(Deserialize)]
#[serde(bound = "D: Part")]
struct Whole<D> {
    r#type: u8,
    uid: String,
    nsp: Option<String>,
    data: Option<Data<D>>,
}

impl<D: Part> Whole<D> {
    fn envelope(self) -> Result<Envelope, Malformed> {
        Ok(Envelope { uid: self.uid, nsp: self.nsp, content: Content::read(self.r#type, self.data)? })
    }
}

/// Data of all shapes: what a type does not have, it does not look at.
#[derive(Deserialize)]
#[serde(bound = "D: Part")]
struct Data<D> {
    packet: Option<D>,
    opts: Option<Opts>,
    #[serde(rename = "requestId")]
    request: Option<String>,
    rooms: Option<Vec<Room>>,
    close: Option<bool>,
    sockets: Option<Vec<SocketPart<D>>>,
    #[serde(rename = "clientCount")]
    client_count: Option<u64>,
}

impl<D: Part> Data<D> {
    fn broadcast(self) -> Result<Message, Malformed> {
        let event = self.packet.ok_or(Malformed::Event)?.packet_data()?.event()?;
        Ok(Message::Broadcast { event, to: targets(self.opts)?, request: self.request })
    }

    fn reply(self, kind: u8) -> Result<Reply, Malformed> {
        let request = self.request.ok_or(Malformed::Shape)?;
        let said = match kind {
            8 => {
                let sockets = self.sockets.ok_or(Malformed::Shape)?;
                Said::Sockets(sockets.into_iter().map(Into::into).collect())
            }
            10 => Said::SideEmit(self.packet.map(Part::value).transpose()?),
            11 => Said::ClientCount(client_count(self.client_count)?),
            _ => Said::Ack(self.packet.map(Part::value).transpose()?),
        };
        Ok(Reply { request, said })
    }
}

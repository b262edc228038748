//! The catalogue of hostile bytes, `tests/hostile/vectors.toml`: what is sent, and what must come of it.
//!
//! The head of the file says how vectors are written. Here they are read, with everything that is short for something
//! spelt out: a vector of a megabyte has a megabyte.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::client::Packet;
use crate::notation::{self, Raw};

/// All vectors, row by row.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The rows that have vectors, in the order of the file.
    pub rows: Vec<Row>,
    /// The rows that have none: the id, and where it is shown instead, or why it does not apply.
    pub elsewhere: BTreeMap<String, String>,
}

/// The vectors of one row of the catalogue of hostile inputs.
#[derive(Clone, Debug)]
pub struct Row {
    /// The row's id, as `A05` or `H-113`.
    pub id: String,
    /// What it is about, in a few words.
    pub what: String,
    /// Its vectors.
    pub vectors: Vec<Vector>,
}

/// Bytes in, verdict out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
    /// The id of its row, and its number in it from 1 on: `A05.2`.
    pub id: String,
    /// What the client did before.
    pub before: Before,
    /// What it sends.
    pub input: Input,
    /// What must come of it.
    pub verdict: Verdict,
}

/// What a client did before it sends a vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Before {
    /// It opened a session.
    Open,
    /// It opened a session and joined `/`.
    #[default]
    Joined,
}

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// An HTTP request without a body, and not of a session; [`SID`] in its query stands for the id of one.
    Request {
        /// The method.
        method: String,
        /// The query, as it is on the wire.
        query: String,
        /// Whether it asks for a WebSocket, correctly.
        websocket: bool,
        /// More headers.
        headers: Vec<(String, String)>,
    },
    /// The body of a POST.
    Payload(Vec<u8>),
    /// Bytes on a WebSocket, as they are on the wire.
    Frames(Vec<u8>),
    /// Packets, on either transport: a frame each, or one POST with all of them.
    Packets(Vec<Packet>),
}

/// Stands in a query for the id of a session that there is, on long-polling.
pub const SID: &str = "{sid}";

/// What must come of a vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request opens a session.
    Opens,
    /// The request, or the POST, is answered with this status and body, and nothing else happens.
    Refuse {
        /// The status of the response.
        status: u16,
        /// Its body.
        body: String,
    },
    /// The session stays open, and the server says this: nothing, if the vector is ignored.
    Says(Vec<Said>),
    /// The session stays open, and what was sent is not whole yet.
    Waits,
    /// The session ends.
    Close(Close),
}

/// How a session ends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Close {
    /// For the reason that its sockets are told.
    Reason(String),
    /// With this code in the WebSocket's close frame.
    Code(u16),
}

/// What the server says, with `*` in place of a socket's id.
#[derive(Clone, PartialEq, Eq)]
pub enum Said {
    /// A packet, its type digit first, or a binary message.
    Packet(Packet),
    /// The answer to a WebSocket's ping.
    Pong(Vec<u8>),
}

impl Catalogue {
    /// The catalogue, read once.
    ///
    /// # Panics
    ///
    /// When something in the file is wrong.
    pub fn get() -> &'static Self {
        static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::read);
        &CATALOGUE
    }

    fn read() -> Self {
        let file: File =
            toml::from_str(include_str!("../hostile/vectors.toml")).expect("vectors.toml is as it should be");
        let rows = file.row.into_iter().map(|row| {
            let number = |(index, raw)| vector(format!("{}.{}", row.id, index + 1), raw);
            let vectors = row.vectors.into_iter().enumerate().map(number).collect();
            Row { id: row.id, what: row.what, vectors }
        });
        Self { rows: rows.collect(), elsewhere: file.elsewhere }
    }

    /// The row with an id.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// The vectors of all rows.
    pub fn vectors(&self) -> impl Iterator<Item = &Vector> {
        self.rows.iter().flat_map(|row| &row.vectors)
    }
}

impl Vector {
    /// How many bytes of it there are, without what carries them.
    pub fn len(&self) -> usize {
        match &self.input {
            Input::Request { query, headers, .. } => {
                query.len() + headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>()
            }
            Input::Payload(bytes) | Input::Frames(bytes) => bytes.len(),
            Input::Packets(packets) => packets.iter().map(packet_len).sum(),
        }
    }

    /// Whether there is nothing of it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Said {
    /// A text packet, with `*` in place of the id of a socket or session that it may tell.
    pub fn text(text: &str) -> Self {
        const BEFORE: &str = r#"{"sid":""#;
        let masked = text.find(BEFORE).and_then(|at| {
            let (head, id) = text.split_at(at + BEFORE.len());
            Some(format!("{head}*{}", &id[id.find('"')?..]))
        });
        Self::Packet(Packet::Text(masked.unwrap_or_else(|| text.to_owned())))
    }

    /// A binary message.
    pub fn binary(data: &[u8]) -> Self {
        Self::Packet(data.into())
    }
}

/// What is said may be a megabyte, of which a failing test need not tell all.
impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LONGEST: usize = 300;
        let (kind, text) = match self {
            Self::Packet(Packet::Text(text)) => ("", format!("{text:?}")),
            Self::Packet(Packet::Binary(data)) => ("binary ", format!("{data:02x?}")),
            Self::Pong(data) => ("pong ", format!("{data:02x?}")),
        };
        let short: String = text.chars().take(LONGEST).collect();
        let more = if short.len() < text.len() { format!("… ({} bytes)", text.len()) } else { String::new() };
        write!(f, "{kind}{short}{more}")
    }
}

/// Long-polling carries binary as base64, and something stands between two packets.
fn packet_len(packet: &Packet) -> usize {
    match packet {
        Packet::Text(text) => text.len() + 1,
        Packet::Binary(data) => data.len().div_ceil(3) * 4 + 2,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    row: Vec<RawRow>,
    elsewhere: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    id: String,
    what: String,
    vectors: Vec<Raw>,
}

fn vector(id: String, raw: Raw) -> Vector {
    let fault = |what: &str| -> ! { panic!("vectors.toml: {id}: {what}") };
    let input = match (raw.query, raw.payload, raw.frames, raw.packet, raw.packets) {
        (Some(query), None, None, None, None) => Input::Request {
            method: raw.method.unwrap_or_else(|| "GET".to_owned()),
            query: query.text(),
            websocket: raw.websocket,
            headers: raw.headers.iter().map(|(name, value)| (name.clone(), value.text())).collect(),
        },
        (None, Some(bytes), None, None, None) => Input::Payload(bytes.expand()),
        (None, None, Some(bytes), None, None) => Input::Frames(bytes.expand()),
        (None, None, None, Some(text), None) => Input::Packets(vec![Packet::Text(text.text())]),
        (None, None, None, None, Some(units)) => Input::Packets(notation::packets(&units)),
        _ => fault("one of query, payload, frames, packet and packets is sent"),
    };
    let verdict = match (raw.opens, raw.refuse, raw.says, raw.waits, raw.close) {
        (true, None, None, false, None) => Verdict::Opens,
        (false, Some(answer), None, false, None) => match answer.split_once(' ') {
            Some((status, body)) => {
                let status = status.parse().unwrap_or_else(|_| fault("a refusal begins with a status"));
                Verdict::Refuse { status, body: body.to_owned() }
            }
            None => fault("a refusal is a status, a space and a body"),
        },
        (false, None, Some(units), false, None) => Verdict::Says(notation::said(&units)),
        (false, None, None, true, None) => Verdict::Waits,
        (false, None, None, false, Some(close)) => Verdict::Close(close),
        _ => fault("one of opens, refuse, says, waits and close comes of it"),
    };
    Vector { id, before: raw.before, input, verdict }
}

//! How the vectors are written: bytes in short, packets, and the fields of a vector.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::client::Packet;
use crate::vectors::{Before, Close, Said};
use crate::websocket::encode_masked;

/// A vector as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Raw {
    #[serde(default)]
    pub(crate) before: Before,
    pub(crate) query: Option<Bytes>,
    pub(crate) method: Option<String>,
    #[serde(default)]
    pub(crate) websocket: bool,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Bytes>,
    pub(crate) payload: Option<Bytes>,
    pub(crate) frames: Option<Bytes>,
    pub(crate) packet: Option<Bytes>,
    pub(crate) packets: Option<Vec<Unit>>,
    #[serde(default)]
    pub(crate) opens: bool,
    pub(crate) refuse: Option<String>,
    pub(crate) says: Option<Vec<Unit>>,
    #[serde(default)]
    pub(crate) waits: bool,
    pub(crate) close: Option<Close>,
}

/// Bytes, in short.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Bytes {
    /// A text; `␞` in it stands for the separator of a payload.
    Text(String),
    /// One after the other.
    Parts(Vec<Self>),
    /// Digits, and spaces anywhere between them.
    Hex { hex: String },
    /// Something, so many times.
    Repeat { repeat: (Box<Self>, usize) },
    /// A WebSocket frame, masked and of the right length: its first byte, and its payload.
    Frame { frame: String, data: Option<Box<Self>> },
}

/// A packet.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Unit {
    Binary { binary: Bytes },
    Pong { pong: Bytes },
    Times { times: usize, packets: Vec<Self> },
    Text(Bytes),
}

impl Bytes {
    pub(crate) fn expand(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.replace('␞', "\u{1e}").into_bytes(),
            Self::Parts(parts) => parts.iter().map(Self::expand).collect::<Vec<_>>().concat(),
            Self::Hex { hex } => decode_hex(hex),
            Self::Repeat { repeat: (bytes, times) } => bytes.expand().repeat(*times),
            Self::Frame { frame, data } => {
                let head = decode_hex(frame)[0];
                encode_masked(head, &data.as_ref().map(|data| data.expand()).unwrap_or_default())
            }
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.expand()).expect("vectors.toml: text is UTF-8")
    }
}

/// What a client sends.
pub(crate) fn packets(units: &[Unit]) -> Vec<Packet> {
    let packets = said(units).into_iter().map(|said| match said {
        Said::Packet(packet) => packet,
        Said::Pong(_) => panic!("vectors.toml: a pong is no packet"),
    });
    packets.collect()
}

/// What the server says.
pub(crate) fn said(units: &[Unit]) -> Vec<Said> {
    let said = units.iter().flat_map(|unit| match unit {
        Unit::Binary { binary } => vec![Said::binary(&binary.expand())],
        Unit::Pong { pong } => vec![Said::Pong(pong.expand())],
        Unit::Times { times, packets } => vec![said(packets); *times].concat(),
        Unit::Text(text) => vec![Said::Packet(Packet::Text(text.text()))],
    });
    said.collect()
}

fn decode_hex(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|digit| !digit.is_whitespace()).collect();
    let byte =
        |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).expect("vectors.toml: hexadecimal digits");
    digits.chunks(2).map(byte).collect()
}

//! The seven packets, read from the wire. What goes out is a [`Frame`](crate::Frame).

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// What a client sent: one text or binary unit of a transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Only servers open; from a client it means nothing.
    Open,
    /// The client closes the session.
    Close,
    /// A probe of a new transport (with `probe`), or a heartbeat in the direction of Engine.IO v3.
    Ping(&'a str),
    /// The answer to our heartbeat.
    Pong,
    /// Data for what runs on the session.
    Message(Message<'a>),
    /// The client moves to the transport that it probed.
    Upgrade,
    /// Nothing, on purpose.
    Noop,
}

/// The payload of a message, borrowed from the buffer it was read into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Text, without the packet's type digit.
    Text(&'a str),
    /// Binary; owned when it came as base64.
    Binary(Cow<'a, [u8]>),
}

/// Why a packet could not be read. The session closes with `parse error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PacketError {
    /// There is not even a type.
    Empty,
    /// The first character is no packet type.
    UnknownType,
    /// What follows `b` is not base64.
    Base64,
    /// The bytes of a text are not UTF-8.
    Utf8,
}

impl PacketError {
    /// What is wrong with it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty packet",
            Self::UnknownType => "unknown packet type",
            Self::Base64 => "binary packet is not base64",
            Self::Utf8 => "text is not UTF-8",
        }
    }
}

impl fmt::Display for PacketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for PacketError {}

/// Standard base64 whose padding may be missing, as some clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The same in the URL-safe alphabet.
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl<'a> Packet<'a> {
    /// Reads a text unit: a WebSocket text message, or one part of a polling payload.
    ///
    /// # Errors
    ///
    /// When it has no known type, or is no base64 after `b`.
    pub fn parse(text: &'a str) -> Result<Self, PacketError> {
        let Some(&kind) = text.as_bytes().first() else {
            return Err(PacketError::Empty);
        };
        // Not `text[1..]`: the first character may be longer than a byte.
        let data = text.get(1..).ok_or(PacketError::UnknownType)?;
        Ok(match kind {
            b'0' => Packet::Open,
            b'1' => Packet::Close,
            b'2' => Packet::Ping(data),
            b'3' => Packet::Pong,
            b'4' => Packet::Message(Message::Text(data)),
            b'5' => Packet::Upgrade,
            b'6' => Packet::Noop,
            b'b' => Packet::Message(Message::Binary(Cow::Owned(decode_base64(data)?))),
            _ => return Err(PacketError::UnknownType),
        })
    }

    /// A binary unit is a message: it has no type byte.
    pub const fn binary(data: &'a [u8]) -> Self {
        Packet::Message(Message::Binary(Cow::Borrowed(data)))
    }
}

fn decode_base64(data: &str) -> Result<Vec<u8>, PacketError> {
    let url_safe = memchr::memchr2(b'-', b'_', data.as_bytes()).is_some();
    let engine = if url_safe { &BASE64_URL } else { &BASE64 };
    engine.decode(data).map_err(|_| PacketError::Base64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binary(bytes: &[u8]) -> Result<Packet<'static>, PacketError> {
        Ok(Packet::Message(Message::Binary(Cow::Owned(bytes.to_vec()))))
    }

    #[test]
    fn every_type_is_read() {
        assert_eq!(Packet::parse("0{}"), Ok(Packet::Open));
        assert_eq!(Packet::parse("1"), Ok(Packet::Close));
        assert_eq!(Packet::parse("2probe"), Ok(Packet::Ping("probe")));
        assert_eq!(Packet::parse("3"), Ok(Packet::Pong));
        assert_eq!(Packet::parse("4"), Ok(Packet::Message(Message::Text(""))));
        assert_eq!(Packet::parse("4é"), Ok(Packet::Message(Message::Text("é"))));
        assert_eq!(Packet::parse("5"), Ok(Packet::Upgrade));
        assert_eq!(Packet::parse("6"), Ok(Packet::Noop));
    }

    #[test]
    fn base64_is_lenient_in_padding_and_alphabet_only() {
        assert_eq!(Packet::parse("b"), binary(&[]));
        assert_eq!(Packet::parse("bAQIDBA=="), binary(&[1, 2, 3, 4]));
        assert_eq!(Packet::parse("bAQIDBA"), binary(&[1, 2, 3, 4]));
        assert_eq!(Packet::parse("b-_8="), binary(&[0xfb, 0xff]));
        for bad in ["b=", "b!!!!", "bA", "bAQ ="] {
            assert_eq!(Packet::parse(bad), Err(PacketError::Base64), "{bad}");
        }
    }

    #[test]
    fn nothing_else_is_a_packet() {
        assert_eq!(Packet::parse(""), Err(PacketError::Empty));
        for bad in ["7", "9", "a", "{", "-1", " 4", "é1234", "\u{1d54a}probe"] {
            assert_eq!(Packet::parse(bad), Err(PacketError::UnknownType), "{bad}");
        }
    }
}

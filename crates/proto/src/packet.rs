//! The text of a packet: `<type>[<attachments>-][<namespace>,][<id>][<JSON>]`.
//!
//! Every part is a slice of the message: nothing is copied and nothing is counted up digit by digit (CVE-2020-36049).

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::config::Config;
use crate::decode::{WHITESPACE, mended};
use crate::error::DecodeError;
use crate::value::MAX_SAFE_INTEGER;

/// The greatest id of an acknowledgement: 2^53 - 1, the greatest integer that JavaScript can count to. A greater one is not
/// read.
pub const MAX_ACK_ID: u64 = MAX_SAFE_INTEGER;

/// Names that mean something to the libraries themselves.
const RESERVED_EVENTS: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// Whether the name of an event is one that Socket.IO keeps for itself, so that neither side can send it.
pub fn is_reserved(event: &str) -> bool {
    RESERVED_EVENTS.contains(&event)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Connect,
    Disconnect,
    Event,
    Ack,
    ConnectError,
}

/// The text of a packet, cut into its parts.
#[derive(Debug)]
pub(crate) struct Packet<'a> {
    pub(crate) kind: Kind,
    /// How many attachments follow; 0 for a text packet, and only for that.
    pub(crate) attachments: usize,
    pub(crate) namespace: &'a str,
    pub(crate) id: Option<u64>,
    /// The JSON, unseen.
    pub(crate) data: &'a str,
}

impl<'a> Packet<'a> {
    pub(crate) fn decode(text: &'a str, config: &Config) -> Result<Self, DecodeError> {
        let (kind, binary) = match text.as_bytes().first() {
            Some(b'0') => (Kind::Connect, false),
            Some(b'1') => (Kind::Disconnect, false),
            Some(b'2') => (Kind::Event, false),
            Some(b'3') => (Kind::Ack, false),
            Some(b'4') => (Kind::ConnectError, false),
            Some(b'5') => (Kind::Event, true),
            Some(b'6') => (Kind::Ack, true),
            _ => return Err(DecodeError::UnknownPacketType),
        };
        let rest = &text[1..];
        let (attachments, rest) = match binary {
            true => split_attachments(rest, config.max_attachments())?,
            false => (0, rest),
        };
        let (namespace, rest) = split_namespace(rest);
        if namespace.len() > config.max_namespace_len() {
            return Err(DecodeError::NamespaceTooLong);
        }
        let (id, data) = split_id(rest)?;
        Ok(Self { kind, attachments, namespace, id, data })
    }

    /// The name of an event and the text of its arguments.
    pub(crate) fn event(&self, config: &Config) -> Result<(Cow<'a, str>, &'a str), DecodeError> {
        let (name, args) = split_event(self.data)?;
        if is_reserved(&name) {
            return Err(DecodeError::ReservedEvent);
        }
        match name.len() > config.max_event_len() {
            true => Err(DecodeError::EventTooLong),
            false => Ok((name, args)),
        }
    }

    /// The text of an acknowledgement's arguments.
    pub(crate) fn ack(&self) -> Result<&'a str, DecodeError> {
        elements(self.data)
    }
}

/// The name of an event that is an array, and the text of its arguments. The name may be reserved.
pub(crate) fn split_event(json: &str) -> Result<(Cow<'_, str>, &str), DecodeError> {
    let elements = elements(json)?;
    let (name, rest) = match elements.as_bytes().first() {
        Some(b'"') => split_string(elements)?,
        Some(b'-' | b'0'..=b'9') => split_number(elements)?,
        _ => return Err(DecodeError::InvalidPayload),
    };
    let rest = rest.trim_start_matches(WHITESPACE);
    if rest.is_empty() {
        return Ok((name, rest));
    }
    let args = rest.strip_prefix(',').ok_or(DecodeError::InvalidPayload)?.trim_start_matches(WHITESPACE);
    if args.is_empty() {
        return Err(DecodeError::InvalidPayload);
    }
    Ok((name, args))
}

fn split_attachments(text: &str, max: usize) -> Result<(usize, &str), DecodeError> {
    let (digits, rest) = split_digits(text);
    let rest = rest.strip_prefix('-').ok_or(DecodeError::IllegalAttachments)?;
    if digits.is_empty() {
        return Err(DecodeError::IllegalAttachments);
    }
    // What does not fit is a number all the same, and too great.
    match digits.parse::<usize>() {
        Ok(0) => Err(DecodeError::IllegalAttachments),
        Ok(count) if count <= max => Ok((count, rest)),
        _ => Err(DecodeError::TooManyAttachments),
    }
}

/// A namespace ends at a comma or with the packet; without one it is the main one.
fn split_namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("/", text);
    }
    match memchr(b',', text.as_bytes()) {
        Some(comma) => (&text[..comma], &text[comma + 1..]),
        None => (text, ""),
    }
}

fn split_id(text: &str) -> Result<(Option<u64>, &str), DecodeError> {
    let (digits, rest) = split_digits(text);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    match digits.parse() {
        Ok(id) if id <= MAX_ACK_ID => Ok((Some(id), rest)),
        _ => Err(DecodeError::InvalidAckId),
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// What is between the brackets of an array, by its ends alone.
fn elements(json: &str) -> Result<&str, DecodeError> {
    json.strip_prefix('[')
        .and_then(|json| json.trim_end_matches(WHITESPACE).strip_suffix(']'))
        .map(|json| json.trim_matches(WHITESPACE))
        .ok_or(DecodeError::InvalidPayload)
}

/// Reads the JSON string that `json` starts with.
fn split_string(json: &str) -> Result<(Cow<'_, str>, &str), DecodeError> {
    let bytes = json.as_bytes();
    let mut escaped = false;
    let mut end = 1;
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        let found = memchr2(b'"', b'\\', rest).ok_or(DecodeError::InvalidPayload)?;
        end += found;
        if bytes[end] == b'"' {
            break;
        }
        escaped = true;
        end += 2;
    }
    let (string, rest) = json.split_at(end + 1);
    if escaped {
        return Ok((Cow::Owned(unescape(string)?), rest));
    }
    let name = &string[1..end];
    if name.bytes().any(|byte| byte < b' ') {
        return Err(DecodeError::InvalidPayload);
    }
    Ok((Cow::Borrowed(name), rest))
}

fn unescape(string: &str) -> Result<String, DecodeError> {
    serde_json::from_str(string)
        .ok()
        .or_else(|| serde_json::from_str(&mended(string)?).ok())
        .ok_or(DecodeError::InvalidPayload)
}

/// Reads the number that `json` starts with, as text: Node takes one for an event's name, and then looks for listeners
/// under its text.
fn split_number(json: &str) -> Result<(Cow<'_, str>, &str), DecodeError> {
    /// Integers of so many digits are written by JavaScript as they are read.
    const EXACT_DIGITS: usize = 15;

    let end = json.find(|c| c == ',' || WHITESPACE.contains(&c)).unwrap_or(json.len());
    let (number, rest) = json.split_at(end);
    let canonical = number.len() <= EXACT_DIGITS
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && (number == "0" || !number.starts_with('0'));
    if canonical {
        return Ok((Cow::Borrowed(number), rest));
    }
    let number: f64 = serde_json::from_str(number).map_err(|_| DecodeError::InvalidPayload)?;
    // The sum turns -0, which JavaScript writes as 0.
    Ok((Cow::Owned((number + 0.0).to_string()), rest))
}

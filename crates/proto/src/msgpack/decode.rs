//! Reading MessagePack.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use bytes::Bytes;
use rmp::Marker;
use serde_json::Number;

use crate::date::iso_string;
use crate::value::{Key, MAX_SAFE_INTEGER, Value};

/// How deep values may be nested: a million brackets would be a million calls (GHSA-c6g7-r2mf-pf5g). As deep as JSON may be,
/// and what a message of a cluster puts around it.
const MAX_DEPTH: usize = 128 + 8;

/// Why bytes are not MessagePack, or say what Socket.IO cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MsgpackError {
    /// They end too early, whatever length was announced.
    Truncated,
    /// There are more of them than one value.
    Trailing,
    /// A string is not UTF-8.
    InvalidText,
    /// A value is nested more than 136 deep.
    TooDeep,
    /// A name in a map is neither text nor an integer.
    InvalidKey,
    /// A byte that begins no value, or an extension that nobody sends.
    Unknown,
}

impl fmt::Display for MsgpackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the value is not whole",
            Self::Trailing => "bytes after the value",
            Self::InvalidText => "text that is not UTF-8",
            Self::TooDeep => "nested too deep",
            Self::InvalidKey => "a name that is no text",
            Self::Unknown => "an unknown kind of value",
        })
    }
}

impl Error for MsgpackError {}

/// Reads one value, which must be all there is.
///
/// Nothing is allocated for a length that is only announced. What is not a number to JSON becomes null, and a date the text
/// that JSON has for it.
///
/// # Errors
///
/// When the bytes are no MessagePack, or nested more than 136 deep.
pub fn decode(bytes: &[u8]) -> Result<Value, MsgpackError> {
    let mut reader = Reader { rest: bytes, depth: 0 };
    let value = reader.value()?;
    if reader.rest.is_empty() { Ok(value) } else { Err(MsgpackError::Trailing) }
}

struct Reader<'a> {
    rest: &'a [u8],
    depth: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Value, MsgpackError> {
        let marker = self.marker()?;
        if let Some(length) = self.text_length(marker)? {
            return self.text(length).map(|text| Value::String(text.into_owned()));
        }
        Ok(match marker {
            Marker::Null => Value::Null,
            Marker::False => Value::Bool(false),
            Marker::True => Value::Bool(true),
            Marker::F32 => float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => float(f64::from_be_bytes(self.array()?)),
            Marker::Bin8 => self.bytes::<1>()?,
            Marker::Bin16 => self.bytes::<2>()?,
            Marker::Bin32 => self.bytes::<4>()?,
            Marker::FixArray(length) => self.nested(|reader| reader.elements(length.into()))?,
            Marker::Array16 => self.nested(|reader| reader.length::<2>().and_then(|length| reader.elements(length)))?,
            Marker::Array32 => self.nested(|reader| reader.length::<4>().and_then(|length| reader.elements(length)))?,
            Marker::FixMap(length) => self.nested(|reader| reader.entries(length.into()))?,
            Marker::Map16 => self.nested(|reader| reader.length::<2>().and_then(|length| reader.entries(length)))?,
            Marker::Map32 => self.nested(|reader| reader.length::<4>().and_then(|length| reader.entries(length)))?,
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => self.length::<1>().and_then(|length| self.extension(length))?,
            Marker::Ext16 => self.length::<2>().and_then(|length| self.extension(length))?,
            Marker::Ext32 => self.length::<4>().and_then(|length| self.extension(length))?,
            other => Value::Number(self.integer(other)?.ok_or(MsgpackError::Unknown)?),
        })
    }

    fn integer(&mut self, marker: Marker) -> Result<Option<Number>, MsgpackError> {
        Ok(Some(match marker {
            Marker::FixPos(value) => value.into(),
            Marker::FixNeg(value) => value.into(),
            Marker::U8 => u8::from_be_bytes(self.array()?).into(),
            Marker::U16 => u16::from_be_bytes(self.array()?).into(),
            Marker::U32 => u32::from_be_bytes(self.array()?).into(),
            Marker::U64 => u64::from_be_bytes(self.array()?).into(),
            Marker::I8 => i8::from_be_bytes(self.array()?).into(),
            Marker::I16 => i16::from_be_bytes(self.array()?).into(),
            Marker::I32 => i32::from_be_bytes(self.array()?).into(),
            Marker::I64 => i64::from_be_bytes(self.array()?).into(),
            _ => return Ok(None),
        }))
    }

    fn elements(&mut self, length: usize) -> Result<Value, MsgpackError> {
        let mut values = Vec::new();
        for _ in 0..length {
            values.push(self.value()?);
        }
        Ok(Value::Array(values))
    }

    fn entries(&mut self, length: usize) -> Result<Value, MsgpackError> {
        let mut entries = Vec::new();
        for _ in 0..length {
            let key = self.key()?;
            entries.push((key, self.value()?));
        }
        Ok(Value::Object(entries))
    }

    /// The names of an object are text to JavaScript, whatever they were.
    fn key(&mut self) -> Result<Key, MsgpackError> {
        let marker = self.marker()?;
        if let Some(length) = self.text_length(marker)? {
            return self.text(length).map(|text| Key::from(&*text));
        }
        let number = self.integer(marker)?.ok_or(MsgpackError::InvalidKey)?;
        Ok(Key::from(&*number.to_string()))
    }

    fn text_length(&mut self, marker: Marker) -> Result<Option<usize>, MsgpackError> {
        Ok(Some(match marker {
            Marker::FixStr(length) => length.into(),
            Marker::Str8 => self.length::<1>()?,
            Marker::Str16 => self.length::<2>()?,
            Marker::Str32 => self.length::<4>()?,
            _ => return Ok(None),
        }))
    }

    fn text(&mut self, length: usize) -> Result<Cow<'a, str>, MsgpackError> {
        let bytes = self.take(length)?;
        // Only who fails pays for finding out why.
        str::from_utf8(bytes).map(Cow::Borrowed).or_else(|_| mended(bytes).map(Cow::Owned))
    }

    fn bytes<const N: usize>(&mut self) -> Result<Value, MsgpackError> {
        let length = self.length::<N>()?;
        // A copy, which keeps no buffer of others alive.
        self.take(length).map(|bytes| Value::Bytes(Bytes::copy_from_slice(bytes)))
    }

    /// A date, or what old versions of notepack.io wrote.
    fn extension(&mut self, length: usize) -> Result<Value, MsgpackError> {
        let [kind] = self.array()?;
        let data = self.take(length)?;
        match (kind as i8, data) {
            (-1, data) => timestamp(data).map(date).ok_or(MsgpackError::Unknown),
            // `undefined`.
            (0, [0]) => Ok(Value::Null),
            // A date, in milliseconds.
            (0, [_, _, _, _, _, _, _, _]) => {
                let ms = i64::from_be_bytes(data.try_into().map_err(|_| MsgpackError::Truncated)?);
                Ok(date((ms.div_euclid(1000), ms.rem_euclid(1000) as u32)))
            }
            // An `ArrayBuffer`.
            (0, data) => Ok(Value::Bytes(Bytes::copy_from_slice(data))),
            _ => Err(MsgpackError::Unknown),
        }
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, MsgpackError>) -> Result<T, MsgpackError> {
        if self.depth == MAX_DEPTH {
            return Err(MsgpackError::TooDeep);
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn marker(&mut self) -> Result<Marker, MsgpackError> {
        let [byte] = self.array()?;
        Ok(Marker::from_u8(byte))
    }

    fn length<const N: usize>(&mut self) -> Result<usize, MsgpackError> {
        let bytes: [u8; N] = self.array()?;
        Ok(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MsgpackError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(MsgpackError::Truncated)?;
        self.rest = rest;
        Ok(*array)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], MsgpackError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(MsgpackError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Half a surrogate pair, which JavaScript can hold and UTF-8 cannot, is read as U+FFFD, as it is in JSON.
fn mended(bytes: &[u8]) -> Result<String, MsgpackError> {
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, others)) = rest.split_first() {
        rest = match rest {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, rest @ ..] => {
                text.extend_from_slice("\u{fffd}".as_bytes());
                rest
            }
            _ => {
                text.push(*first);
                others
            }
        };
    }
    String::from_utf8(text).map_err(|_| MsgpackError::InvalidText)
}

/// JavaScript knows one kind of number: what has no fraction is written as an integer.
fn float(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() <= MAX_SAFE_INTEGER as f64 {
        return Value::Number((value as i64).into());
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// The seconds since 1970 of a timestamp, and the milliseconds besides.
fn timestamp(data: &[u8]) -> Option<(i64, u32)> {
    const NANOS_PER_MS: u32 = 1_000_000;
    const NANOS_PER_SECOND: u32 = 1_000_000_000;
    let (seconds, nanos) = match *data {
        [a, b, c, d] => (u32::from_be_bytes([a, b, c, d]).into(), 0),
        [a, b, c, d, e, f, g, h] => {
            let both = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            ((both & 0x3_ffff_ffff) as i64, (both >> 34) as u32)
        }
        [a, b, c, d, ref seconds @ ..] => {
            (i64::from_be_bytes(seconds.try_into().ok()?), u32::from_be_bytes([a, b, c, d]))
        }
        _ => return None,
    };
    // There may be more of them than a second has.
    let seconds = seconds.saturating_add((nanos / NANOS_PER_SECOND).into());
    Some((seconds, nanos % NANOS_PER_SECOND / NANOS_PER_MS))
}

fn date((seconds, ms): (i64, u32)) -> Value {
    iso_string(seconds, ms).map_or(Value::Null, Value::String)
}

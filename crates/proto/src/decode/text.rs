//! Arguments as raw JSON text.

use std::fmt;
use std::marker::PhantomData;

use memchr::memchr_iter;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Error;

use super::arguments::Result;
use super::arguments::Source;
use super::scan::scan;

/// What JSON allows between its tokens.
pub(crate) const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

/// JSON values separated by commas, read one by one.
pub(crate) struct Text<'de> {
    rest: &'de str,
    /// Whether a value must follow.
    more: bool,
}

impl<'de> Text<'de> {
    pub(crate) fn new(text: &'de str) -> Self {
        Self { rest: text, more: !text.is_empty() }
    }

    /// Reads all that is left.
    pub(crate) fn all<T: Deserialize<'de>, C: Default + Extend<T>>(mut self) -> Result<C> {
        let mut values = C::default();
        while self.more {
            values.extend([self.next(PhantomData)?]);
        }
        Ok(values)
    }
}

impl<'de> Source<'de> for Text<'de> {
    fn more(&self) -> bool {
        self.more
    }

    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value> {
        let mut json = serde_json::Deserializer::from_str(self.rest);
        let value = seed.deserialize(&mut json)?;
        // The way to learn how far it came.
        let read = json.into_iter::<IgnoredAny>().byte_offset();
        let rest = self.rest[read..].trim_start_matches(WHITESPACE);
        if let Some(rest) = rest.strip_prefix(',') {
            self.rest = rest;
        } else if rest.is_empty() {
            self.more = false;
        } else {
            return Err(Error::custom("expected a comma between arguments"));
        }
        Ok(value)
    }
}

/// Checks values separated by commas, and counts them.
///
/// They must be JSON that serde_json can read into anything: unlike [`IgnoredAny`] this has its limit of depth, and looks
/// into numbers and strings.
pub(crate) fn check(text: &str) -> Result<usize> {
    // Only what may be wrong is read in earnest.
    let judge = || count(text).or_else(|error| mended(text).map_or(Err(error), |text| count(&text)));
    scan(text).map_or_else(judge, Ok)
}

pub(super) fn count(text: &str) -> Result<usize> {
    let mut text = Text::new(text);
    let mut values = 0;
    while text.more() {
        text.next(PhantomData::<Json>)?;
        values += 1;
    }
    Ok(values)
}

/// Any JSON value, read and dropped.
struct Json;

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json, E> {
        Ok(Json)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json)
    }

    fn visit_str<E>(self, _: &str) -> Result<Json, E> {
        Ok(Json)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        while seq.next_element::<Json>()?.is_some() {}
        Ok(Json)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        while map.next_entry::<Json, Json>()?.is_some() {}
        Ok(Json)
    }
}

/// The text with U+FFFD for every escape of half a surrogate pair; `None` if it has none.
///
/// JavaScript sends such strings when one was cut in the middle of an emoji, and serde_json refuses them, since a Rust
/// string cannot hold them. Both escapes have six characters, so the text keeps its length.
pub fn mended(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let mut lone = Vec::new();
    let mut next = 0;
    for at in memchr_iter(b'\\', bytes) {
        if at < next {
            continue;
        }
        next = at + 2;
        match escaped_unit(&bytes[at..]) {
            Some(0xd800..=0xdbff) if matches!(escaped_unit(&bytes[at + 6..]), Some(0xdc00..=0xdfff)) => next = at + 12,
            Some(0xd800..=0xdfff) => lone.push(at),
            _ => {}
        }
    }
    if lone.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(json.len());
    let mut done = 0;
    for at in lone {
        text.push_str(&json[done..at]);
        text.push_str("\\ufffd");
        done = at + 6;
    }
    text.push_str(&json[done..]);
    Some(text)
}

/// The UTF-16 code unit of the `\uXXXX` that `bytes` start with.
fn escaped_unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(unit << 4 | u16::try_from(digit).ok()?)
    })
}

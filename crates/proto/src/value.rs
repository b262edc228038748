//! JSON as a tree, for packets with attachments.
//!
//! A placeholder may stand anywhere and its keys in any order, so the arguments of a binary packet are read whole before
//! a user's type is: text packets, which are nearly all, never come here.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Number;

use crate::decode::{Text, mended};
use crate::error::DecodeError;

/// The greatest integer that JavaScript can count to.
pub(crate) const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// What JSON and attachments can say together.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as it was written.
    Number(Number),
    /// Text.
    String(String),
    /// An attachment.
    Bytes(Bytes),
    /// Values, one after another.
    Array(Vec<Self>),
    /// Values with names, in the order of the text; a name can come twice, and then the later one counts.
    Object(Vec<(Key, Self)>),
}

impl Value {
    /// Reads arguments.
    pub(crate) fn parse(args: &str) -> serde_json::Result<Vec<Self>> {
        Text::new(args).all().or_else(|error| match mended(args) {
            Some(args) => Text::new(&args).all(),
            None => Err(error),
        })
    }

    /// Puts attachments where their placeholders are.
    ///
    /// This is Node's rule: `_placeholder` has to be `true` itself, and then `num` must be the index of an attachment
    /// (CVE-2022-2421). One that several placeholders name is shared, and one that none names is dropped. The recursion
    /// is as deep as the text, which serde_json limits to 128.
    pub(crate) fn attach(&mut self, attachments: &[Bytes]) -> Result<(), DecodeError> {
        match self {
            Self::Array(values) => values.iter_mut().try_for_each(|value| value.attach(attachments)),
            Self::Object(entries) if is_placeholder(entries) => {
                let bytes = get(entries, "num")
                    .and_then(Self::as_index)
                    .and_then(|num| attachments.get(num))
                    .ok_or(DecodeError::IllegalAttachments)?;
                *self = Self::Bytes(bytes.clone());
                Ok(())
            }
            Self::Object(entries) => entries.iter_mut().try_for_each(|(_, value)| value.attach(attachments)),
            _ => Ok(()),
        }
    }

    /// Whether there is an attachment in it, at any depth.
    pub fn is_binary(&self) -> bool {
        match self {
            Self::Bytes(_) => true,
            Self::Array(values) => values.iter().any(Self::is_binary),
            Self::Object(entries) => entries.iter().any(|(_, value)| value.is_binary()),
            _ => false,
        }
    }

    pub(crate) fn collect_attachments(&self, found: &mut Vec<Bytes>) {
        match self {
            Self::Bytes(bytes) => found.push(bytes.clone()),
            Self::Array(values) => values.iter().for_each(|value| value.collect_attachments(found)),
            Self::Object(entries) => entries.iter().for_each(|(_, value)| value.collect_attachments(found)),
            _ => {}
        }
    }

    /// An integer, however JavaScript would write it: `1`, `1.0` and `1e0` are one number there.
    fn as_index(&self) -> Option<usize> {
        let Self::Number(number) = self else {
            return None;
        };
        if let Some(index) = number.as_u64() {
            return usize::try_from(index).ok();
        }
        let index = number.as_f64()?;
        // No packet has so many attachments, and up to here every integer is exact.
        let fits = (0.0..=f64::from(u32::MAX)).contains(&index) && index.fract() == 0.0;
        fits.then_some(index as usize)
    }
}

fn is_placeholder(entries: &[(Key, Value)]) -> bool {
    get(entries, "_placeholder") == Some(&Value::Bool(true))
}

fn get<'v>(entries: &'v [(Key, Value)], name: &str) -> Option<&'v Value> {
    entries.iter().rev().find(|(key, _)| **key == *name).map(|(_, value)| value)
}

/// The name of a value in an object. Those of placeholders, which nearly every tree has, take no allocation.
#[derive(Clone, PartialEq, Debug)]
pub struct Key(Cow<'static, str>);

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self(match name {
            "_placeholder" => "_placeholder".into(),
            "num" => "num".into(),
            other => other.to_owned().into(),
        })
    }
}

impl Deref for Key {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(name.into())
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(Bytes::copy_from_slice(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Key>()? {
            if entries.is_empty() && *key == *ARBITRARY_PRECISION && has_arbitrary_precision() {
                let digits: String = map.next_value()?;
                return digits.parse().map(Value::Number).map_err(A::Error::custom);
            }
            entries.push((key, map.next_value_seed(PhantomData)?));
        }
        Ok(Value::Object(entries))
    }
}

/// The name under which serde_json hands out numbers as text, if someone in the build turned its feature
/// `arbitrary_precision` on.
const ARBITRARY_PRECISION: &str = "$serde_json::private::Number";

/// Whether someone did: the feature is not ours to see, but what it changes is.
fn has_arbitrary_precision() -> bool {
    "1e999".parse::<Number>().is_ok()
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(string) => serializer.serialize_str(string),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(entries) => serializer.collect_map(entries.iter().map(|(key, value)| (&**key, value))),
        }
    }
}

//! Values as the commands have them: bytes are written `{ "$bytes": "00ff" }`.

use std::fmt;

use pintle::Args;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap as _, SerializeSeq as _, SerializeTuple as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

/// The arguments of an event.
#[derive(Clone, Debug)]
pub(crate) struct Arguments(pub(crate) Vec<Value>);

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for value in &self.0 {
            tuple.serialize_element(&Sent(value))?;
        }
        tuple.end()
    }
}

/// A value that goes out.
struct Sent<'a>(&'a Value);

impl Serialize for Sent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(&Sent(item))?;
                }
                list.end()
            }
            Value::Object(object) => match object.get("$bytes").and_then(Value::as_str) {
                Some(hex) => serializer.serialize_bytes(&bytes(hex)),
                None => {
                    let mut map = serializer.serialize_map(Some(object.len()))?;
                    for (key, value) in object {
                        map.serialize_entry(key, &Sent(value))?;
                    }
                    map.end()
                }
            },
            plain => plain.serialize(serializer),
        }
    }
}

/// A value that came in.
#[derive(Clone, Debug)]
pub(crate) struct Shown(pub(crate) Value);

impl Shown {
    /// The arguments of an event.
    pub(crate) fn all(args: &Args) -> Vec<Value> {
        args.values().expect("any value can be read").iter().map(shown).collect()
    }
}

fn shown(value: &pintle_proto::Value) -> Value {
    use pintle_proto::Value as From;

    match value {
        From::Null => Value::Null,
        From::Bool(value) => (*value).into(),
        From::Number(number) => number.clone().into(),
        From::String(text) => text.as_str().into(),
        From::Bytes(bytes) => json!({ "$bytes": hex(bytes) }),
        From::Array(items) => items.iter().map(shown).collect(),
        From::Object(entries) => entries.iter().map(|(key, value)| (key.to_string(), shown(value))).collect(),
    }
}

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(json!({ "$bytes": hex(value) }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Shown(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((key, Shown(value))) = entries.next_entry()? {
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|pair| str::from_utf8(pair).expect("digits"));
    digits.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal digits")).collect()
}

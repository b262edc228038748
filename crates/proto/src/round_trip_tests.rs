//! What one side encodes, the other side decodes to the same.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::{Args, Connection, Encoded, Incoming, Violation};

/// JSON with bytes in it.
#[derive(Clone, PartialEq, Debug)]
enum Data {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Self>),
    Object(BTreeMap<String, Self>),
}

impl Data {
    fn attachments(&self) -> usize {
        match self {
            Self::Bytes(_) => 1,
            Self::Array(values) => values.iter().map(Self::attachments).sum(),
            Self::Object(entries) => entries.values().map(Self::attachments).sum(),
            _ => 0,
        }
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(entries) => serializer.collect_map(entries),
        }
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("data")
    }

    fn visit_unit<E>(self) -> Result<Data, E> {
        Ok(Data::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Data, E> {
        Ok(Data::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Data, E> {
        Ok(Data::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Data, E> {
        value.try_into().map(Data::Int).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Data, E> {
        Ok(Data::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Data, E> {
        Ok(Data::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Data, E> {
        Ok(Data::Bytes(value.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Data, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Data::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<String, Data>()? {
            // How serde_json hands out numbers if its feature `arbitrary_precision` is on.
            if let ("$serde_json::private::Number", Data::Text(digits)) = (key.as_str(), &value) {
                return digits.parse().map(Data::Float).map_err(serde::de::Error::custom);
            }
            entries.insert(key, value);
        }
        Ok(Data::Object(entries))
    }
}

fn data() -> impl Strategy<Value = Data> {
    let leaf = prop_oneof![
        Just(Data::Null),
        any::<bool>().prop_map(Data::Bool),
        any::<i64>().prop_map(Data::Int),
        // Not every float survives serde_json's quicker way to read them; halves do.
        any::<i32>().prop_map(|n| Data::Float(f64::from(n) + 0.5)),
        any::<String>().prop_map(Data::Text),
        prop::collection::vec(any::<u8>(), 0..8).prop_map(Data::Bytes),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Data::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..5).prop_map(Data::Object),
        ]
    })
}

fn few_attachments() -> impl Strategy<Value = (Data, Data)> {
    (data(), data()).prop_filter("too many attachments", |(a, b)| a.attachments() + b.attachments() <= 10)
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![Just("/".to_owned()), "/[^,]{0,20}"]
}

/// A client that joined one namespace.
struct Client {
    connection: Connection<()>,
    now: Instant,
}

impl Client {
    #[expect(clippy::disallowed_methods, reason = "an instant to start from")]
    fn joined(namespace: &str) -> Self {
        let now = Instant::now();
        let mut client = Self { connection: Connection::new(Arc::default(), now), now };
        let connect = format!("0{namespace},");
        let Ok(Some(Incoming::Connect { slot, .. })) = client.text(&connect) else {
            unreachable!("a CONNECT asks to join")
        };
        client.connection.begin(slot, ());
        assert!(client.connection.accept(slot));
        client
    }

    fn text<'a>(&mut self, text: &'a str) -> Result<Option<Incoming<'a>>, Violation> {
        self.connection.handle_text(self.now, text)
    }

    /// What the packet is to the other side.
    fn deliver(&mut self, encoded: &Encoded) -> (Option<u64>, Option<String>, Args) {
        let mut delivered = None;
        for frame in encoded.frames() {
            assert!(delivered.is_none(), "a packet is whole with its last frame");
            let incoming = if frame.is_binary() {
                self.connection.handle_binary(self.now, frame.body()).unwrap()
            } else {
                let text = str::from_utf8(frame.body()).unwrap();
                self.text(&text[1..]).unwrap()
            };
            delivered = match incoming {
                Some(Incoming::Event { id, name, args, .. }) => Some((id, Some(name.into_owned()), args)),
                Some(Incoming::Ack { id, args, .. }) => Some((Some(id), None, args)),
                None => None,
                other => unreachable!("{other:?}"),
            };
        }
        delivered.expect("all frames were delivered")
    }
}

proptest! {
    #[test]
    fn events(
        namespace in namespace(),
        id in prop::option::of(0..1_u64 << 53),
        name in any::<String>().prop_filter("too long", |name| name.len() <= 256),
        data in few_attachments(),
    ) {
        let encoded = Encoded::event(&namespace, id, &name, &data).unwrap();
        prop_assert_eq!(encoded.frames().len() - 1, data.0.attachments() + data.1.attachments());
        let (same_id, same_name, args) = Client::joined(&namespace).deliver(&encoded);
        prop_assert_eq!(same_id, id);
        prop_assert_eq!(same_name, Some(name.clone()));
        prop_assert_eq!(&args.deserialize::<(Data, Data)>().unwrap(), &data);
        prop_assert_eq!(&args.deserialize::<Data>().unwrap(), &data.0);
        prop_assert_eq!(args.attachments().len(), encoded.frames().len() - 1);
        prop_assert!(args.validate().is_ok());
        // Sent on, it is the same packet once more.
        let again = Encoded::event(&namespace, id, &name, &args).unwrap();
        prop_assert_eq!(again.frames(), encoded.frames());
        // Whoever listens to what goes out reads the same.
        let (read_name, read) = encoded.event_args().expect("it is an event");
        prop_assert_eq!(read_name, name.clone());
        prop_assert_eq!(read.attachments(), args.attachments());
        prop_assert_eq!(&read.deserialize::<(Data, Data)>().unwrap(), &data);
    }

    #[test]
    fn events_with_an_offset(namespace in namespace(), data in few_attachments(), offset in any::<String>()) {
        let encoded = Encoded::draft(&namespace, "e", &data).unwrap().finish(Some(&offset));
        let (id, name, args) = Client::joined(&namespace).deliver(&encoded);
        prop_assert_eq!((id, name.as_deref()), (None, Some("e")));
        let (a, b, last) = args.deserialize::<(Data, Data, String)>().unwrap();
        prop_assert_eq!(((a, b), last), (data.clone(), offset.clone()));
        let (_, read) = encoded.event_args().expect("it is an event");
        let (a, b, last) = read.deserialize::<(Data, Data, String)>().unwrap();
        prop_assert_eq!(((a, b), last), (data, offset));
    }

    #[test]
    fn acks(namespace in namespace(), id in 0..1_u64 << 53, data in few_attachments()) {
        let encoded = Encoded::ack(&namespace, id, &data).unwrap();
        let (same_id, name, args) = Client::joined(&namespace).deliver(&encoded);
        prop_assert_eq!((same_id, name), (Some(id), None));
        prop_assert_eq!(args.deserialize::<(Data, Data)>().unwrap(), data);
        prop_assert!(encoded.event_args().is_none());
    }

    #[test]
    fn bytes_in_a_users_type(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let data = Bytes::from(bytes);
        let encoded = Encoded::event("/", None, "file", &("name", Some(&data))).unwrap();
        let (_, _, args) = Client::joined("/").deliver(&encoded);
        prop_assert_eq!(args.deserialize::<(String, Option<Bytes>)>().unwrap(), ("name".to_owned(), Some(data)));
    }

    #[test]
    fn noise_is_no_panic(text in r#"[0-6]{0,3}[-/,0-9]{0,3}(\[|\{)?["\\a-z:,0-9\[\]{}du]{0,20}\]?"#) {
        let mut client = Client::joined("/");
        if let Ok(Some(Incoming::Event { args, .. } | Incoming::Ack { args, .. })) = client.text(&text) {
            let valid = args.validate().is_ok();
            prop_assert!(valid || args.deserialize::<serde_json::Value>().is_err());
            prop_assert_eq!(valid, args.deserialize::<()>().is_ok());
            prop_assert_eq!(valid, Encoded::event("/", None, "e", &args).is_ok());
        }
    }
}

//! Reads the parameters of a namespace into a type, through serde.

use std::fmt;
use std::sync::Arc;

use serde::de::value::{BorrowedStrDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{self, DeserializeOwned, Deserializer, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::pattern::ParamValues;

/// Reads the parameters into a `T`.
pub(super) fn from_params<T: DeserializeOwned>(params: &ParamValues) -> Result<T, ParamsError> {
    T::deserialize(Params(params.as_slice()))
}

/// Why the parameters are no `T`, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ParamsError {
    /// The text of one of them: the client's mistake.
    Value(String),
    /// Their names or their number, so it would be no `T` whatever the client sent: the server's mistake.
    Type(String),
}

impl ParamsError {
    /// Says whose text it was.
    fn of(self, param: Param<'_>) -> Self {
        match self {
            Self::Value(message) => Self::Value(format!("`{}`: {message}", param.name)),
            Self::Type(message) => Self::Type(format!("`{}`: {message}", param.name)),
        }
    }
}

/// All parameters.
#[derive(Clone, Copy)]
struct Params<'de>(&'de [(Arc<str>, String)]);

impl<'de> Params<'de> {
    fn iter(self) -> impl Iterator<Item = Param<'de>> {
        self.0.iter().map(|(name, value)| Param { name, value })
    }

    fn only(self) -> Result<Param<'de>, ParamsError> {
        match self.0 {
            [(name, value)] => Ok(Param { name, value }),
            several => Err(wrong_number(several.len(), 1)),
        }
    }

    /// A tuple would ignore those that are too many.
    fn check_len(self, wanted: usize) -> Result<(), ParamsError> {
        match self.0.len() {
            len if len == wanted => Ok(()),
            len => Err(wrong_number(len, wanted)),
        }
    }
}

fn wrong_number(len: usize, wanted: usize) -> ParamsError {
    ParamsError::Type(format!("the namespace has {len} parameters, and {wanted} are asked for"))
}

/// What is no collection takes the only parameter there is.
macro_rules! the_only_one {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
            self.only()?.$method(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Params<'de> {
    type Error = ParamsError;

    the_only_one! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128 deserialize_u8
        deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char
        deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_identifier
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParamsError> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_map(MapDeserializer::new(self.iter().map(|param| (param.name, param))))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParamsError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_seq(SeqDeserializer::new(self.iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, ParamsError> {
        self.check_len(len)?;
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ParamsError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_unit()
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_unit()
    }
}

/// One of the parameters.
#[derive(Clone, Copy)]
struct Param<'de> {
    name: &'de str,
    value: &'de str,
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
            match self.value.parse::<$type>() {
                Ok(value) => visitor.$visit(value),
                Err(error) => Err(ParamsError::Value(format!("{:?} is no {}: {error}", self.value, stringify!($type)))),
            }
            .map_err(|error| error.of(self))
        }
    )*};
}

impl<'de> Deserializer<'de> for Param<'de> {
    type Error = ParamsError;

    parsed! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
        deserialize_char visit_char char,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_borrowed_str(self.value).map_err(|error: ParamsError| error.of(self))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParamsError> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.value)).map_err(|error: ParamsError| error.of(self))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ParamsError> {
        visitor.visit_some(self)
    }

    // Who wants a collection of one text is told that it is a string.
    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, ParamsError> for Param<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// What serde says of the shape of a type is the server's mistake, the rest is about a text.
impl de::Error for ParamsError {
    fn custom<M: fmt::Display>(message: M) -> Self {
        Self::Value(message.to_string())
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Type(format!("{unexpected} cannot become {expected}"))
    }

    fn invalid_length(len: usize, expected: &dyn Expected) -> Self {
        Self::Type(format!("{len} parameters cannot become {expected}"))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::Type(format!("nobody asks for the parameter `{field}`"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Type(format!("the namespace has no parameter `{field}`"))
    }
}

impl fmt::Display for ParamsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(message) | Self::Type(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for ParamsError {}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::num::NonZeroU8;

    use serde::Deserialize;

    use super::*;
    use crate::pattern::Pattern;

    #[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Side {
        Left,
        Right,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(u32);

    fn two<T: DeserializeOwned>(name: &str) -> Result<T, ParamsError> {
        from_params(&Pattern::parse("/{a}/{b}").unwrap().matches(name).unwrap())
    }

    fn one<T: DeserializeOwned>(name: &str) -> Result<T, ParamsError> {
        from_params(&Pattern::parse("/{a}").unwrap().matches(name).unwrap())
    }

    fn none<T: DeserializeOwned>() -> Result<T, ParamsError> {
        from_params(&Pattern::parse("/{{}}").unwrap().matches("/{}").unwrap())
    }

    fn is_the_clients<T>(result: Result<T, ParamsError>) -> bool {
        matches!(result, Err(ParamsError::Value(_)))
    }

    fn is_the_servers<T>(result: Result<T, ParamsError>) -> bool {
        matches!(result, Err(ParamsError::Type(_)))
    }

    #[test]
    fn the_only_one_is_parsed() {
        assert_eq!(one("/-7"), Ok(-7_i8));
        assert_eq!(one("/340282366920938463463374607431768211455"), Ok(u128::MAX));
        assert_eq!(one("/-170141183460469231731687303715884105728"), Ok(i128::MIN));
        assert_eq!(one("/1.5"), Ok(1.5_f64));
        assert_eq!(one("/true"), Ok(true));
        assert_eq!(one("/ü"), Ok('ü'));
        assert_eq!(one("/1 2"), Ok("1 2".to_owned()));
        assert_eq!(one("/left"), Ok(Side::Left));
        assert_eq!(one("/7"), Ok(Id(7)));
        assert_eq!(one("/7"), Ok(Some(7)));
        assert_eq!(one("/7"), Ok((7,)));
        assert_eq!(one("/7"), Ok(vec![7]));
        assert_eq!(one("/7"), Ok(NonZeroU8::new(7).unwrap()));
        assert_eq!(one("/::1"), Ok(std::net::Ipv6Addr::LOCALHOST));
    }

    #[test]
    fn several_are_read_by_their_order() {
        assert_eq!(two("/7/left"), Ok((7, Side::Left)));
        assert_eq!(two("/7/8"), Ok((Id(7), Some(8_u64))));
        assert_eq!(two("/7/8"), Ok([7, 8]));
        assert_eq!(two("/7/8"), Ok(vec!["7".to_owned(), "8".to_owned()]));
        #[derive(Debug, PartialEq, Deserialize)]
        struct Both(u8, char);
        assert_eq!(two("/7/8"), Ok(Both(7, '8')));
    }

    #[test]
    fn several_are_read_by_their_names() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Both {
            b: Option<Side>,
            a: Id,
            c: Option<u8>,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        struct OnlyB {
            b: String,
        }
        assert_eq!(two("/7/right"), Ok(Both { b: Some(Side::Right), a: Id(7), c: None }));
        assert_eq!(two("/7/right"), Ok(OnlyB { b: "right".to_owned() }));
        assert_eq!(two("/7/8"), Ok(BTreeMap::from([("a".to_owned(), 7), ("b".to_owned(), 8)])));
        assert_eq!(two("/7/8"), Ok(HashMap::from([("a".to_owned(), '7'), ("b".to_owned(), '8')])));
        assert_eq!(two("/7/8"), Ok(serde_json::json!({ "a": "7", "b": "8" })));
    }

    #[test]
    fn a_pattern_need_not_have_parameters() {
        assert_eq!(none(), Ok(()));
        assert_eq!(none(), Ok(Vec::<u8>::new()));
        assert!(is_the_servers(none::<u8>()));
    }

    #[test]
    fn a_wrong_text_is_the_clients_mistake() {
        assert!(is_the_clients(one::<u8>("/256")));
        assert!(is_the_clients(one::<u8>("/seven")));
        assert!(is_the_clients(one::<bool>("/1")));
        assert!(is_the_clients(one::<char>("/ab")));
        assert!(is_the_clients(one::<Side>("/top")));
        assert!(is_the_clients(one::<NonZeroU8>("/0")));
        assert!(is_the_clients(one::<std::net::IpAddr>("/here")));
        assert!(is_the_clients(two::<(u8, u8)>("/1/x")));
        let error = one::<u8>("/x\n").unwrap_err().to_string();
        assert_eq!(error, r#"`a`: "x\n" is no u8: invalid digit found in string"#);
    }

    #[test]
    fn a_wrong_type_is_the_servers_mistake() {
        #[derive(Debug, Deserialize)]
        struct Other {
            #[expect(dead_code, reason = "it is never read")]
            other: u8,
        }
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct OnlyA {
            #[expect(dead_code, reason = "it is never read")]
            a: u8,
        }
        #[derive(Debug, Deserialize)]
        enum Full {
            #[expect(dead_code, reason = "it is never made")]
            A(u8),
        }
        assert!(is_the_servers(two::<u8>("/7/8")));
        assert!(is_the_servers(two::<(u8,)>("/7/8")));
        assert!(is_the_servers(two::<(u8, u8, u8)>("/7/8")));
        assert!(is_the_servers(two::<Other>("/7/8")));
        assert!(is_the_servers(two::<OnlyA>("/7/8")));
        assert!(is_the_servers(two::<(Vec<u8>, u8)>("/7/8")));
        assert!(is_the_servers(two::<Vec<(String, u8)>>("/7/8")));
        assert!(is_the_servers(one::<Full>("/A")));
    }
}

//! The outermost serializer: what the user passes as data becomes arguments.

use std::fmt;

use serde::ser::{Serialize, SerializeTuple, Serializer};
use serde_json::{Error, Result};

use super::body::{Body, Json};

/// A serializer that makes several arguments of a tuple, none of unit, and one of anything else.
///
/// That one is serde_json's business; all that is left to do is to lend it a place to stand in, because its compound
/// serializers borrow it.
pub(super) struct Spread<'p, 'b> {
    body: &'b mut Body,
    place: &'p mut Option<Json<'b>>,
}

/// The name of a newtype around text that is to go out as it is: arguments, written before and checked since.
const VERBATIM: &str = "$pintle::verbatim";

/// Writes arguments as they are, if it is our serializer that asks; gives it back if it is another one, which does not know
/// how.
pub(crate) fn verbatim<S: Serializer>(serializer: S, text: &str) -> std::result::Result<Written<S>, S> {
    // Names of types need not be unique, but this one is ours, and to compare them is settled when this is compiled.
    if std::any::type_name::<S>() == std::any::type_name::<Spread<'_, '_>>() {
        Ok(serializer.serialize_newtype_struct(VERBATIM, text))
    } else {
        Err(serializer)
    }
}

/// What serialisation comes to.
type Written<S> = std::result::Result<<S as Serializer>::Ok, <S as Serializer>::Error>;

/// What serialises as text, unquoted.
struct Plain<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> fmt::Display for Plain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.serialize(f)
    }
}

impl<'p, 'b> Spread<'p, 'b> {
    pub(super) fn new(body: &'b mut Body, place: &'p mut Option<Json<'b>>) -> Self {
        Self { body, place }
    }

    fn single(self) -> &'p mut Json<'b> {
        self.place.insert(self.body.next())
    }
}

macro_rules! single {
    ($($method:ident($($arg:ident: $type:ty),*);)*) => {
        $(fn $method(self, $($arg: $type),*) -> Result<()> {
            self.single().$method($($arg),*)
        })*
    };
}

macro_rules! compound {
    ($($method:ident($($arg:ident: $type:ty),*) -> $compound:ident;)*) => {
        $(fn $method(self, $($arg: $type),*) -> Result<Self::$compound> {
            self.single().$method($($arg),*)
        })*
    };
}

impl<'p, 'b> Serializer for Spread<'p, 'b> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = <&'p mut Json<'b> as Serializer>::SerializeSeq;
    type SerializeTuple = Arguments<'b>;
    type SerializeTupleStruct = <&'p mut Json<'b> as Serializer>::SerializeTupleStruct;
    type SerializeTupleVariant = <&'p mut Json<'b> as Serializer>::SerializeTupleVariant;
    type SerializeMap = <&'p mut Json<'b> as Serializer>::SerializeMap;
    type SerializeStruct = <&'p mut Json<'b> as Serializer>::SerializeStruct;
    type SerializeStructVariant = <&'p mut Json<'b> as Serializer>::SerializeStructVariant;

    fn serialize_unit(self) -> Result<()> {
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<()> {
        self.body.string(value)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Arguments<'b>> {
        Ok(Arguments(self.body))
    }

    single! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    compound! {
        serialize_seq(len: Option<usize>) -> SerializeSeq;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, len: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<()> {
        self.single().serialize_some(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<()> {
        if name == VERBATIM {
            return self.body.verbatim(Plain(value));
        }
        self.single().serialize_newtype_struct(name, value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<()> {
        self.single().serialize_newtype_variant(name, index, variant, value)
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, value: &T) -> Result<()> {
        self.single().collect_str(value)
    }
}

/// The elements of the outermost tuple: an argument each.
pub(super) struct Arguments<'b>(&'b mut Body);

impl SerializeTuple for Arguments<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        self.0.argument(value)
    }

    fn end(self) -> Result<()> {
        Ok(())
    }
}

//! The outermost deserializer: arguments become what the user asks for.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;

/// What serde's traits want here, with their own error.
pub(super) type Result<T, E = serde_json::Error> = std::result::Result<T, E>;

/// Arguments that can be read one after another.
pub(crate) trait Source<'de> {
    /// Whether there is another argument.
    fn more(&self) -> bool;

    /// Reads the next argument; there must be one.
    fn next<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value>;

    /// Reads what nobody asked for, which has to be JSON all the same.
    fn finish(&mut self) -> Result<()> {
        while self.more() {
            self.next(std::marker::PhantomData::<IgnoredAny>)?;
        }
        Ok(())
    }
}

/// A deserializer that reads a tuple from several arguments, unit from none, and anything else from the first.
pub(crate) struct Arguments<S>(pub(crate) S);

/// Reads the first argument as the method of the same name of its own deserializer does.
macro_rules! first {
    ($($method:ident($($arg:ident: $type:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(mut self, $($arg: $type,)* visitor: V) -> Result<V::Value> {
            struct First<V> {
                $($arg: $type,)*
                visitor: V,
            }

            impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for First<V> {
                type Value = V::Value;

                fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
                    deserializer.$method($(self.$arg,)* self.visitor)
                }
            }

            if !self.0.more() {
                return Missing.$method($($arg,)* visitor);
            }
            let value = self.0.next(First { $($arg,)* visitor })?;
            self.0.finish()?;
            Ok(value)
        })*
    };
}

impl<'de, S: Source<'de>> Deserializer<'de> for Arguments<S> {
    type Error = Error;

    fn deserialize_unit<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        self.0.finish()?;
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'de>>(mut self, len: usize, visitor: V) -> Result<V::Value> {
        let value = visitor.visit_seq(Elements { source: &mut self.0, left: len })?;
        self.0.finish()?;
        Ok(value)
    }

    first! {
        deserialize_any();
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_bytes();
        deserialize_byte_buf();
        deserialize_option();
        deserialize_unit_struct(name: &'static str);
        deserialize_newtype_struct(name: &'static str);
        deserialize_seq();
        deserialize_tuple_struct(name: &'static str, len: usize);
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
        deserialize_identifier();
        deserialize_ignored_any();
    }
}

/// The elements of the outermost tuple: an argument each, and nothing where arguments run out.
struct Elements<'s, S> {
    source: &'s mut S,
    left: usize,
}

impl<'de, S: Source<'de>> SeqAccess<'de> for Elements<'_, S> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        let Some(left) = self.left.checked_sub(1) else {
            return Ok(None);
        };
        self.left = left;
        if self.source.more() { self.source.next(seed).map(Some) } else { seed.deserialize(Missing).map(Some) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// An argument that was not sent: `None` to those who accept that, an error to the others.
struct Missing;

impl<'de> Deserializer<'de> for Missing {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value> {
        Err(Error::custom("missing argument"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_none()
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit_struct newtype_struct
        seq tuple tuple_struct map struct enum identifier
    }
}

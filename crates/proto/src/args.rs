//! The arguments of an event or acknowledgement.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::ser::{Serialize, SerializeTuple, Serializer};
use serde_json::value::RawValue;
use smallvec::SmallVec;

use crate::decode::{Arguments, Text, Tree, WHITESPACE, check, mended};
use crate::encode::verbatim;
use crate::error::{ArgsError, DecodeError};
use crate::packet;
use crate::value::Value;

/// The arguments of an event or acknowledgement, not yet read into anything.
///
/// Those of a text packet are raw JSON, scanned for the first time by [`deserialize`](Self::deserialize), straight into
/// the type that is asked for. A clone shares them.
///
/// Serialised, they are a tuple: given to [`Encoded`](crate::Encoded) as data, the same arguments go out again, number
/// for number as they were written if there were no attachments.
#[derive(Clone)]
pub struct Args(Repr);

#[derive(Clone)]
enum Repr {
    None,
    /// What is between the brackets, without the event's name: values separated by commas, if the peer is honest.
    /// A copy of its own, so that no read buffer is kept alive by it.
    Text(Arc<str>),
    /// The same, when the peer is known to be.
    Checked(Arc<str>),
    Binary(Arc<Binary>),
}

struct Binary {
    values: Values,
    attachments: Vec<Bytes>,
}

/// What the text of a packet with attachments says.
enum Values {
    Read(Vec<Value>),
    /// To be read again when it is asked for: a tree can take twenty times what its text takes, and arguments may have to wait
    /// for long.
    Text(Box<str>),
}

/// The longest text that is kept as a tree.
const KEPT_AS_TREE: usize = 4096;

impl Args {
    /// No arguments.
    pub fn empty() -> Self {
        Self(Repr::None)
    }

    pub(crate) fn from_text(text: &str) -> Self {
        match text {
            "" => Self::empty(),
            _ => Self(Repr::Text(text.into())),
        }
    }

    pub(crate) fn from_binary(text: &str, attachments: Vec<Bytes>) -> Result<Self, DecodeError> {
        // All of it is read, however long it is: what is wrong with it is the sender's fault now, and nobody's later.
        let values = read_attached(text, &attachments)?;
        let values = if text.len() <= KEPT_AS_TREE { Values::Read(values) } else { Values::Text(text.into()) };
        Ok(Self(Repr::Binary(Arc::new(Binary { values, attachments }))))
    }

    /// Reads an event that is one array of JSON, as the nodes of a cluster pass it on: its name, which may be
    /// [reserved](crate::is_reserved_event), and its arguments, which are checked.
    ///
    /// # Errors
    ///
    /// When it is no array that begins with a name.
    pub fn of_event(json: &str) -> Result<(String, Self), DecodeError> {
        let (name, args) = packet::split_event(json.trim_start_matches(WHITESPACE))?;
        let args = Self::from_text(args).validated().map_err(|_| DecodeError::InvalidPayload)?;
        Ok((name.into_owned(), args))
    }

    /// Arguments that are read already.
    pub fn from_values(values: Vec<Value>) -> Self {
        let mut attachments = Vec::new();
        values.iter().for_each(|value| value.collect_attachments(&mut attachments));
        match values.is_empty() {
            true => Self::empty(),
            false => Self(Repr::Binary(Arc::new(Binary { values: Values::Read(values), attachments }))),
        }
    }

    /// The arguments read into nothing in particular.
    ///
    /// # Errors
    ///
    /// [`ArgsError::Malformed`] if the peer did not send JSON.
    pub fn values(&self) -> Result<Vec<Value>, ArgsError> {
        match &self.0 {
            Repr::None => Ok(Vec::new()),
            Repr::Text(text) | Repr::Checked(text) => Value::parse(text).map_err(|error| ArgsError::malformed(&error)),
            Repr::Binary(binary) => Ok(binary.values().into_owned()),
        }
    }

    /// The arguments as they were written, separated by commas, unless they were read already. What is not
    /// [validated](Self::validated) may be no JSON.
    pub fn json(&self) -> Option<&str> {
        match &self.0 {
            Repr::None => Some(""),
            Repr::Text(text) | Repr::Checked(text) => Some(text),
            Repr::Binary(_) => None,
        }
    }

    /// Reads the arguments into `T`.
    ///
    /// A tuple (or array) takes an argument for each element, `()` takes none, and anything else takes the first one.
    /// Arguments too many are ignored; where one is missing, an `Option` becomes `None` and anything else is an error.
    /// Attachments are bytes, wherever they were: [`Bytes`], or what `serde_bytes` reads, or a `Vec<u8>`.
    ///
    /// Half a surrogate pair, which a Rust string cannot hold, is read as U+FFFD.
    ///
    /// # Errors
    ///
    /// [`ArgsError::Malformed`] if the peer did not send JSON, [`ArgsError::Mismatch`] if it is not the JSON of a `T`.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, ArgsError> {
        let text = match &self.0 {
            Repr::None => "",
            Repr::Text(text) | Repr::Checked(text) => text,
            Repr::Binary(binary) => {
                let values = binary.values();
                return T::deserialize(Arguments(Tree::new(&values))).map_err(|error| ArgsError::mismatch(&error));
            }
        };
        let read = |text: &str| T::deserialize(Arguments(Text::new(text)));
        // Only who fails pays for finding out why.
        read(text).or_else(|error| mended(text).map_or(Err(error), |text| read(&text))).map_err(|error| {
            match check(text) {
                Ok(_) => ArgsError::mismatch(&error),
                Err(error) => ArgsError::malformed(&error),
            }
        })
    }

    /// Checks that the arguments are JSON, for events that nobody reads.
    ///
    /// # Errors
    ///
    /// [`ArgsError::Malformed`] if they are not.
    pub fn validate(&self) -> Result<(), ArgsError> {
        match &self.0 {
            Repr::Text(text) => check(text).map(drop).map_err(|error| ArgsError::malformed(&error)),
            Repr::None | Repr::Checked(_) | Repr::Binary(_) => Ok(()),
        }
    }

    /// The same arguments, [validated](Self::validate) once and for all: what is sent on is not scanned again.
    ///
    /// # Errors
    ///
    /// As [`validate`](Self::validate).
    pub fn validated(self) -> Result<Self, ArgsError> {
        self.validate()?;
        Ok(match self.0 {
            Repr::Text(text) => Self(Repr::Checked(text)),
            other => Self(other),
        })
    }

    /// Whether there are no arguments.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Repr::None => true,
            Repr::Text(_) | Repr::Checked(_) => false,
            Repr::Binary(binary) => matches!(&binary.values, Values::Read(values) if values.is_empty()),
        }
    }

    /// The attachments, in the order in which they came.
    pub fn attachments(&self) -> &[Bytes] {
        match &self.0 {
            Repr::Binary(binary) => &binary.attachments,
            Repr::None | Repr::Text(_) | Repr::Checked(_) => &[],
        }
    }
}

impl Binary {
    fn values(&self) -> Cow<'_, [Value]> {
        match &self.values {
            Values::Read(values) => values.into(),
            Values::Text(text) => read_attached(text, &self.attachments).expect("it could be read before").into(),
        }
    }
}

fn read_attached(text: &str, attachments: &[Bytes]) -> Result<Vec<Value>, DecodeError> {
    let mut values = Value::parse(text).map_err(|_| DecodeError::InvalidPayload)?;
    for value in &mut values {
        value.attach(attachments)?;
    }
    Ok(values)
}

impl Default for Args {
    fn default() -> Self {
        Self::empty()
    }
}

/// What the peer sent may be long and secret: its size is all that is printed.
impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::None => f.write_str("Args(none)"),
            Repr::Text(text) | Repr::Checked(text) => write!(f, "Args({} bytes of JSON)", text.len()),
            Repr::Binary(binary) => write!(f, "Args({} attachments)", binary.attachments.len()),
        }
    }
}

impl Serialize for Args {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Repr::None => serialize_tuple::<_, ()>(serializer, &[]),
            Repr::Checked(text) => match verbatim(serializer, text) {
                Ok(written) => written,
                Err(serializer) => serialize_text(serializer, text),
            },
            Repr::Text(text) => serialize_text(serializer, text),
            Repr::Binary(binary) => serialize_tuple(serializer, &binary.values()),
        }
    }
}

fn serialize_text<S: Serializer>(serializer: S, text: &str) -> Result<S::Ok, S::Error> {
    // Raw values are checked to be JSON on the way, and written as they were. They are an affair between us and serde_json;
    // binary formats get what they mean.
    if serializer.is_human_readable() {
        let values: SmallVec<[&RawValue; 4]> = Text::new(text).all().map_err(serde::ser::Error::custom)?;
        serialize_tuple(serializer, &values)
    } else {
        let values = Value::parse(text).map_err(serde::ser::Error::custom)?;
        serialize_tuple(serializer, &values)
    }
}

fn serialize_tuple<S: Serializer, T: Serialize>(serializer: S, values: &[T]) -> Result<S::Ok, S::Error> {
    let mut tuple = serializer.serialize_tuple(values.len())?;
    for value in values {
        tuple.serialize_element(value)?;
    }
    tuple.end()
}

#[cfg(test)]
mod tests;

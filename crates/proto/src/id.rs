//! The public id of a socket.

use std::fmt;
use std::str::FromStr;

use pintle_engine::Token;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The id of a socket in its namespace: public, unlike the session's id, and a room of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(Token);

impl SocketId {
    /// Random bytes that make one.
    pub const ENTROPY: usize = Token::ENTROPY;

    /// Makes an id of random bytes, which must come from a cryptographic source.
    pub fn from_entropy(bytes: [u8; Self::ENTROPY]) -> Self {
        Self(Token::from_entropy(bytes))
    }

    /// Reads an id back; `None` when it cannot be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        Token::parse(text).map(Self)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl AsRef<str> for SocketId {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for SocketId {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for SocketId {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl From<SocketId> for String {
    fn from(id: SocketId) -> Self {
        id.as_str().to_owned()
    }
}

impl FromStr for SocketId {
    type Err = ParseSocketIdError;

    fn from_str(text: &str) -> Result<Self, ParseSocketIdError> {
        Self::parse(text).ok_or(ParseSocketIdError(()))
    }
}

/// A text is no id of a socket: not 20 characters of the URL-safe base64 alphabet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseSocketIdError(());

impl fmt::Display for ParseSocketIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no id of a socket")
    }
}

impl std::error::Error for ParseSocketIdError {}

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for SocketId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SocketId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl Visitor<'_> for IdVisitor {
            type Value = SocketId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a socket id")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<SocketId, E> {
                SocketId::parse(text).ok_or_else(|| E::custom("not a socket id"))
            }
        }

        deserializer.deserialize_str(IdVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_text() {
        let id = SocketId::from_entropy([7; SocketId::ENTROPY]);
        assert_eq!(id.as_str().parse().ok(), Some(id));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, format!("{:?}", id.as_str()));
        assert_eq!(serde_json::from_str::<SocketId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<SocketId>("\"lobby\"").is_err());
    }
}

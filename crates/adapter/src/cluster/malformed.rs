//! What comes over the bus and is no message.

use std::error::Error;
use std::fmt;

/// Why bytes from the bus are no message. They are to be counted and passed over: who sent them is another node's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Neither JSON nor MessagePack, or not of the shape that its kind asks for.
    Shape,
    /// Of a kind that is not known.
    Kind,
    /// An event whose name is none, or reserved.
    Event,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "not of the shape of a message",
            Self::Kind => "an unknown kind of message",
            Self::Event => "no event that can be sent",
        })
    }
}

impl Error for Malformed {}

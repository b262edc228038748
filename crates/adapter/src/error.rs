//! Why a room is not joined.

use std::error::Error;
use std::fmt;

/// Why a room is not joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum JoinError {
    /// The room is the id of another socket: whoever were in it would read that socket's private messages.
    ForeignSocketId,
    /// The name is longer than allowed.
    TooLong,
    /// The member is in as many rooms as it may.
    TooMany,
    /// There is no such member, or no longer.
    UnknownMember,
}

impl JoinError {
    /// What is wrong.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForeignSocketId => "room is the id of another socket",
            Self::TooLong => "room name too long",
            Self::TooMany => "socket is in too many rooms",
            Self::UnknownMember => "socket is gone",
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error for JoinError {}

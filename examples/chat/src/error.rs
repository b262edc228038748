//! Why the chat says no.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pintle::{ClientError, EmitError, IntoAckError, JoinError};
use serde_json::{Value, json};

/// A refusal, told to the client as `{message, data}`: in the acknowledgement of an event, in the `connect_error` of a
/// connection, or as the body of a response.
#[derive(Debug, PartialEq)]
pub(crate) enum ChatError {
    /// A nickname that nobody could read.
    Nickname,
    NicknameTaken,
    RoomName,
    TooManyRooms,
    NotInRoom,
    /// Neither text nor a picture.
    Empty,
    TooLong {
        what: &'static str,
        most: usize,
    },
    Picture,
    PictureGone,
    /// The socket is on its way out.
    Left,
    NotJoined(String),
    NotSent(String),
}

impl fmt::Display for ChatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nickname => "a name needs at least one letter or digit",
            Self::NicknameTaken => "this name is taken",
            Self::RoomName => "the name of a room is made of letters, digits, - and _",
            Self::TooManyRooms => "there are too many rooms",
            Self::NotInRoom => "join the room first",
            Self::Empty => "there is nothing in it",
            Self::TooLong { what, .. } => return write!(f, "the {what} is too long"),
            Self::Picture => "this is not a picture that can be shown",
            Self::PictureGone => "this picture is no longer kept",
            Self::Left => "not connected",
            Self::NotJoined(error) => return write!(f, "it could not be joined: {error}"),
            Self::NotSent(error) => return write!(f, "it could not be sent: {error}"),
        })
    }
}

impl std::error::Error for ChatError {}

impl ChatError {
    /// What a program may want to know beyond the message.
    fn data(&self) -> Value {
        match self {
            Self::TooLong { most, .. } => json!({ "most": most }),
            _ => Value::Null,
        }
    }
}

impl From<EmitError> for ChatError {
    fn from(error: EmitError) -> Self {
        Self::NotSent(error.to_string())
    }
}

impl From<JoinError> for ChatError {
    fn from(error: JoinError) -> Self {
        Self::NotJoined(error.to_string())
    }
}

impl IntoAckError for ChatError {
    fn into_ack_error(self) -> ClientError {
        ClientError::new(self.to_string()).with_data(self.data())
    }
}

impl IntoResponse for ChatError {
    fn into_response(self) -> Response {
        let body = json!({ "message": self.to_string(), "data": self.data() });
        (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
    }
}

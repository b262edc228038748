//! What can go wrong, and what is told of it: the same to both sides.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use pintle::{ClientError, EmitError, IntoAckError};
use serde::Serialize;

#[derive(Debug)]
pub(crate) enum TodoError {
    NotFound {
        id: u32,
    },
    Empty,
    TooMany,
    /// The change was made, but could not be told.
    Untold,
}

impl From<EmitError> for TodoError {
    fn from(error: EmitError) -> Self {
        tracing::error!(%error, "a change could not be told");
        Self::Untold
    }
}

impl TodoError {
    /// For people, on both sides.
    fn message(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "there is no such todo",
            Self::Empty => "a todo needs a text",
            Self::TooMany => "there is too much to do",
            Self::Untold => "internal error",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Empty => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::INSUFFICIENT_STORAGE,
            Self::Untold => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// To who came over HTTP.
impl IntoResponse for TodoError {
    fn into_response(self) -> Response {
        #[derive(Serialize)]
        struct Body {
            message: &'static str,
        }
        (self.status(), Json(Body { message: self.message() })).into_response()
    }
}

/// To who sent an event.
impl IntoAckError for TodoError {
    fn into_ack_error(self) -> ClientError {
        let error = ClientError::new(self.message());
        match self {
            Self::NotFound { id } => error.with_data(id),
            Self::Empty | Self::TooMany | Self::Untold => error,
        }
    }
}

//! The REST routes.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use pintle::SocketIo;
use serde::Deserialize;

use crate::error::ChatError;
use crate::message::{Announcement, Directory};
use crate::state::Chat;

pub(crate) fn routes() -> Router<Chat> {
    Router::new()
        .route("/health", get(|| async { "ok" }))
        .route("/api/rooms", get(rooms))
        .route("/api/announce", post(announce))
}

async fn rooms(State(chat): State<Chat>) -> Json<Directory> {
    Json(chat.directory())
}

#[derive(Deserialize)]
struct Announce {
    text: String,
}

/// From REST to every browser: `SocketIo` is an extractor like any other.
async fn announce(
    io: SocketIo,
    State(chat): State<Chat>,
    Json(Announce { text }): Json<Announce>,
) -> Result<(StatusCode, Json<Announcement>), ChatError> {
    let announcement = chat.announcement(&text)?;
    io.emit("announcement", &announcement)?;
    Ok((StatusCode::ACCEPTED, Json(announcement)))
}

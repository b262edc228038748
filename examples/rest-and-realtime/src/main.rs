//! A to-do list with a REST API and with events, on one port. Whatever changes it, everybody sees it at once: a client hears
//! of what a POST added, and a GET shows what a client changed.
//!
//! To try it: `cargo run -p example-rest-and-realtime`, and in a folder with npm's `socket.io-client`, in `node`:
//!
//! ```js
//! const socket = require("socket.io-client")("http://localhost:3000");
//! socket.onAny(console.log);
//! // Elsewhere: curl localhost:3000/todos --json '{"text": "buy milk"}'
//! socket.emit("todo:change", 1, { done: true }, console.log);
//! ```

mod error;
mod todos;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, patch};
use axum::{Json, Router};
use pintle::{Ack, Data, EmitError, Socket, SocketIo, SocketIoLayer};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::error::TodoError;
use crate::todos::{Change, Todo, Todos};

fn app() -> Router {
    let todos = Todos::default();
    // One state for both: handlers of events ask for it as those of routes do.
    let realtime = SocketIoLayer::new().on_connect(show).on("todo:change", change_by_event).with_state(todos.clone());
    Router::new()
        .route("/todos", get(list).post(add))
        .route("/todos/{id}", patch(change).delete(remove))
        .with_state(todos)
        // After the routes: those that come later are not under it, and know of no `SocketIo`.
        .layer(realtime)
}

async fn list(State(todos): State<Todos>) -> Json<Vec<Todo>> {
    Json(todos.lock().all())
}

#[derive(Deserialize)]
struct New {
    text: String,
}

/// From REST to every client: `SocketIo` is an extractor like any other.
///
/// The clients are told before anybody else can change the list, so they hear of changes in the order in which those were
/// made. That is no problem for the lock: `emit` only queues, and never waits.
async fn add(
    io: SocketIo,
    State(todos): State<Todos>,
    Json(New { text }): Json<New>,
) -> Result<(StatusCode, Json<Todo>), TodoError> {
    let mut list = todos.lock();
    let todo = list.add(text)?;
    io.emit("todo", &todo)?;
    Ok((StatusCode::CREATED, Json(todo)))
}

async fn change(
    io: SocketIo,
    State(todos): State<Todos>,
    Path(id): Path<u32>,
    Json(change): Json<Change>,
) -> Result<Json<Todo>, TodoError> {
    apply(&io, &todos, id, change).map(Json)
}

/// The same change, asked for by a client. It may fail for the same reasons, too: see how [`TodoError`] becomes a response
/// there and an acknowledgement here.
async fn change_by_event(
    io: SocketIo,
    State(todos): State<Todos>,
    Data((id, change)): Data<(u32, Change)>,
) -> Result<Ack<Todo>, TodoError> {
    apply(&io, &todos, id, change).map(Ack)
}

fn apply(io: &SocketIo, todos: &Todos, id: u32, change: Change) -> Result<Todo, TodoError> {
    let mut list = todos.lock();
    let todo = list.change(id, change)?;
    io.emit("todo", &todo)?;
    Ok(todo)
}

async fn remove(io: SocketIo, State(todos): State<Todos>, Path(id): Path<u32>) -> Result<StatusCode, TodoError> {
    let mut list = todos.lock();
    list.remove(id)?;
    io.emit("todo:removed", id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who comes, or comes back, gets the whole list; from then on, changes. Here too the lock keeps them in order.
async fn show(socket: Socket, State(todos): State<Todos>) -> Result<(), EmitError> {
    let list = todos.lock();
    socket.emit("todos", list.all())
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().init();
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    tracing::info!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app()).await
}

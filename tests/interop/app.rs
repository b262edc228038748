//! The app that the real clients talk to. `reference.mjs` is the same app on Node's server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use pintle::{
    Ack, Args, Auth, ClientError, Data, DisconnectReason, EmitError, Namespace, Socket, SocketIo, SocketIoLayer,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{numbers, rooms};

/// How long the heartbeat takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
}

impl Times {
    /// A busy machine does not miss these.
    pub(crate) const CALM: Self = Self { ping_interval: Duration::from_secs(5), ping_timeout: Duration::from_secs(5) };
    /// Short enough to wait for the end of a client that does not answer.
    pub(crate) const SHORT: Self =
        Self { ping_interval: Duration::from_millis(300), ping_timeout: Duration::from_millis(200) };
}

/// What the handlers share.
#[derive(Clone, Default)]
pub(crate) struct App {
    departures: Arc<Mutex<HashMap<String, watch::Sender<Option<String>>>>>,
    counts: Arc<Mutex<HashMap<String, numbers::Count>>>,
}

impl App {
    /// Where the reason for a socket's end will be, or is.
    fn departure(&self, id: &str) -> watch::Sender<Option<String>> {
        let mut departures = self.departures.lock().unwrap_or_else(PoisonError::into_inner);
        departures.entry(id.to_owned()).or_default().clone()
    }

    /// Changes or reads what a socket has counted.
    pub(crate) fn count<T>(&self, socket: &Socket, with: impl FnOnce(&mut numbers::Count) -> T) -> T {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        with(counts.entry(socket.id().to_string()).or_default())
    }
}

/// The whole app.
pub(crate) fn app(times: Times) -> Router {
    let app = App::default();
    let realtime = SocketIoLayer::new()
        .ping_interval(times.ping_interval)
        .ping_timeout(times.ping_timeout)
        .any_origin()
        .on_connect(tell_auth)
        .on_disconnect(note_departure)
        .on("message", message)
        .on("message-with-ack", message_with_ack)
        .on("fail", fail)
        .on("silence", silence)
        .on("ask-me", ask_me)
        .on("ask-me-in-vain", ask_me_in_vain)
        .on("join", rooms::join)
        .on("leave", rooms::leave)
        .on("to-room", rooms::to_room)
        .on("to-rooms", rooms::to_rooms)
        .on("except-room", rooms::except_room)
        .on("to-others", rooms::to_others)
        .on("to-all", rooms::to_all)
        .on("poll-all", rooms::poll_all)
        .on("leave-namespace", leave_namespace)
        .on("leave-connection", leave_connection)
        .on("number", numbers::number)
        .on("count", numbers::count)
        .on("more", numbers::more)
        .namespace(
            "/custom",
            Namespace::new()
                .on_connect(tell_auth)
                .on_disconnect(note_departure)
                .on("message", message)
                .on("to-all", rooms::to_all_of_custom)
                .on("leave-namespace", leave_namespace),
        )
        .namespace("/secret", Namespace::new().middleware(require_token).on_connect(welcome))
        .with_state(app.clone());
    Router::new()
        .route("/announce", post(announce))
        .route("/departures/{id}", get(departure))
        .with_state(app)
        .layer(realtime)
}

async fn tell_auth(socket: Socket, Auth(auth): Auth<Value>) -> Result<(), EmitError> {
    socket.emit("auth", auth)
}

async fn note_departure(socket: Socket, State(app): State<App>, reason: DisconnectReason) {
    app.departure(socket.id().as_str()).send_replace(Some(reason.to_string()));
}

/// Why a socket left; waits until it has.
async fn departure(State(app): State<App>, Path(id): Path<String>) -> String {
    let mut reason = app.departure(&id).subscribe();
    let known = reason.wait_for(Option::is_some).await.expect("the app keeps the sender");
    known.clone().expect("waited for it")
}

#[derive(Deserialize)]
struct Announcement {
    room: String,
    news: Value,
}

async fn announce(io: SocketIo, Json(it): Json<Announcement>) -> Result<StatusCode, StatusCode> {
    match io.to(it.room).emit("news", it.news) {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn message(socket: Socket, args: Args) -> Result<(), EmitError> {
    socket.emit("message-back", args)
}

async fn message_with_ack(args: Args) -> Ack<Args> {
    Ack(args)
}

async fn fail() -> Result<(), ClientError> {
    Err(ClientError::new("it failed").with_data(json!({ "code": 7 })))
}

/// Acknowledges nothing.
async fn silence() {}

/// Asks the asker, and tells it what it answered.
async fn ask_me(socket: Socket, Data(question): Data<Value>) -> Result<Ack<Value>, ClientError> {
    match socket.emit_with_ack::<Value>("question", question).await {
        Ok(answer) => Ok(Ack(answer)),
        Err(error) => Err(ClientError::new(error.to_string())),
    }
}

/// Asks something that the client leaves without an answer.
async fn ask_me_in_vain(socket: Socket) -> Ack<&'static str> {
    let patience = Duration::from_millis(50);
    match socket.timeout(patience).emit_with_ack::<Value>("question-in-vain", ()).await {
        Ok(_) => Ack("an answer"),
        Err(_) => Ack("no answer"),
    }
}

async fn leave_namespace(socket: Socket) {
    socket.disconnect();
}

async fn leave_connection(socket: Socket) -> Result<(), EmitError> {
    socket.emit("told", "farewell")?;
    socket.close();
    Ok(())
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
}

async fn require_token(Auth(auth): Auth<Token>) -> Result<(), ClientError> {
    if auth.token == "open sesame" {
        return Ok(());
    }
    Err(ClientError::new("not allowed").with_data(json!({ "wanted": "token" })))
}

async fn welcome(socket: Socket) -> Result<(), EmitError> {
    socket.emit("welcome", ())
}

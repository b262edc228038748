//! Tracing of requests, and their ids.

use std::future::ready;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::HeaderValue;
use axum::middleware::map_request;
use pintle::{Ack, SocketIoLayer};
use pintle_tests::{Client, Polling, TestServer, Transport, WebSocket, eventually};
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer};
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, info_span};
use tracing_subscriber::fmt::MakeWriter;

use crate::ask;

fn app() -> Router {
    let trace = TraceLayer::new_for_http()
        // Not the URI, which is the default: its query holds the session's id, and that is a secret.
        .make_span_with(|request: &Request| {
            let id = request.extensions().get::<RequestId>().and_then(|id| id.header_value().to_str().ok());
            info_span!("http", method = %request.method(), path = request.uri().path(), id)
        })
        .on_response(DefaultOnResponse::new().level(Level::INFO));
    Router::new()
        .layer(SocketIoLayer::new().on("request-id", request_id))
        .layer(map_request(copy_request_id))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(trace)
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

/// An id that the request brought is a slice of the buffer that it was read into, and the session would keep all of that.
async fn copy_request_id(mut request: Request) -> Request {
    if let Some(id) = request.extensions_mut().remove::<RequestId>()
        && let Ok(copy) = HeaderValue::from_bytes(id.header_value().as_bytes())
    {
        request.extensions_mut().insert(RequestId::new(copy));
    }
    request
}

async fn request_id(Extension(id): Extension<RequestId>) -> Ack<String> {
    Ack(id.header_value().to_str().unwrap_or_default().to_owned())
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Collects what this thread logs, and with it all of a server that runs there.
    ///
    /// Each test with a `TraceLayer` begins with this, even if it does not look: what is traced for the first time where
    /// nobody collects may stay off for everybody.
    fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_ansi(false);
        (log.clone(), tracing::subscriber::set_default(subscriber.with_writer(log).finish()))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Whether some line has all of these.
    fn has_line(&self, parts: &[&str]) -> bool {
        self.text().lines().any(|line| parts.iter().all(|part| line.contains(part)))
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn requests_and_the_upgrade_are_traced_and_the_secret_is_not() {
    let (log, _guard) = Log::start();
    let server = TestServer::start(app()).await;
    let session = Polling::open(server.socket_io()).await;
    session.push("40").await;
    session.poll().await;
    let mut socket = WebSocket::connect(server.socket_io(), &session.upgrade_query()).await;
    socket.send("2probe").await;
    assert_eq!(socket.text().await, "3probe");

    for (method, status) in [("method=GET", "status=200"), ("method=POST", "status=200"), ("method=GET", "status=101")]
    {
        let parts = [method, r#"path="/socket.io/""#, r#"id=""#, status];
        eventually(&format!("{parts:?} in the log"), || log.has_line(&parts)).await;
    }
    assert!(!log.text().contains(session.sid()), "{}", log.text());
}

/// The task of a session is no part of the request that opened it: its span would be open for days.
#[tokio::test]
async fn the_span_of_the_handshake_ends_with_it() {
    let (log, _guard) = Log::start();
    let io = SocketIoLayer::new().on("log", async || tracing::info!("from a handler"));
    let trace = TraceLayer::new_for_http().make_span_with(|_: &Request| info_span!("a request"));
    let server = TestServer::start(Router::new().layer(io).layer(trace)).await;
    for transport in Transport::BOTH {
        let mut client = Client::join(server.socket_io(), transport).await;
        client.send(r#"42["log"]"#).await;
        client.assert_open().await;
    }
    eventually("both handlers in the log", || log.text().matches("from a handler").count() == 2).await;
    assert!(!log.has_line(&["a request", "from a handler"]), "{}", log.text());
}

#[tokio::test]
async fn each_request_has_an_id_which_its_answer_and_its_handlers_know() {
    let (_log, _guard) = Log::start();
    let server = TestServer::start(app()).await;
    let (socket, _) = WebSocket::open(server.socket_io()).await;
    let id = socket.switched().header("x-request-id").expect("an id").to_owned();
    let mut client = Client::WebSocket(socket);
    client.send("40").await;
    client.connected("").await;
    assert_eq!(ask(&mut client, "request-id").await, format!(r#"430["{id}"]"#));

    let session = Polling::open(server.socket_io()).await;
    let ids = [session.post("40").await, session.get().await].map(|response| {
        assert_eq!(response.status, 200);
        response.header("x-request-id").expect("an id").to_owned()
    });
    assert_ne!(ids[0], ids[1]);
}

#[tokio::test]
async fn an_id_that_a_request_brings_is_kept_as_a_copy() {
    let place = |id: &HeaderValue| id.as_bytes().as_ptr().addr();
    let brought = Arc::<AtomicUsize>::default();
    let note = brought.clone();
    let note = move |request: Request| {
        note.store(place(&request.headers()["x-request-id"]), Ordering::Relaxed);
        ready(request)
    };
    let app = Router::new()
        .layer(SocketIoLayer::new().on("place", async move |Extension(id): Extension<RequestId>| {
            Ack([id.header_value().to_str().unwrap_or_default().to_owned(), place(id.header_value()).to_string()])
        }))
        .layer(map_request(copy_request_id))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(map_request(note));
    let server = TestServer::start(app).await;
    let endpoint = server.socket_io();
    let request = WebSocket::request(endpoint.target("EIO=4&transport=websocket")).header("x-request-id", "7");
    let mut client = Client::WebSocket(WebSocket::ask(endpoint, &request).await.expect("a WebSocket"));
    assert!(client.text().await.starts_with('0'));
    client.send("40").await;
    client.connected("").await;

    let answer = ask(&mut client, "place").await;
    let [id, kept]: [String; 2] = serde_json::from_str(&answer["430".len()..]).expect("an id and its place");
    assert_eq!(id, "7");
    assert_ne!(kept, brought.load(Ordering::Relaxed).to_string());
}

//! What the compiler says of functions that are no handlers, and that `check_handler!` takes all that are.
//!
//! When an error changes on purpose, `TRYBUILD=overwrite cargo test -p pintle --test compile_errors` writes it down anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::too_many_arguments, reason = "as many as there may be")]

use std::process::Command;
use std::sync::Arc;

use axum::extract::{FromRef, State};
use pintle::{
    Ack, AckSender, Args, Auth, ClientError, Data, DisconnectReason, Event, EventParts, EventRequest, EventResponse,
    FromEventParts, HandlerError, Namespace, Next, Socket, SocketIo, SocketIoLayer, check_handler, sequential,
};

/// The compiler whose words are written down in `tests/ui`. Another says the same in other words.
const RELEASE: &str = "rustc 1.95.";

#[test]
fn errors_say_what_is_wrong() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    if version.stdout.starts_with(RELEASE.as_bytes()) {
        trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
    }
}

#[derive(Clone)]
struct App {
    database: Database,
}

#[derive(Clone)]
struct Database;

impl FromRef<App> for Database {
    fn from_ref(app: &App) -> Self {
        app.database.clone()
    }
}

/// An extractor that wants a certain state.
struct Tenant;

impl FromEventParts<App> for Tenant {
    type Rejection = ClientError;

    async fn from_event_parts(_: &mut EventParts, _: &App) -> Result<Self, ClientError> {
        Ok(Self)
    }
}

struct Service;

impl Service {
    async fn chat_message(self: Arc<Self>, socket: Socket, text: String) -> Ack<usize> {
        drop(socket);
        Ack(text.len())
    }
}

async fn generic<T: Send>(_: Socket, _: Data<T>) {}
async fn state(_: State<App>, _: State<Database>, _: Tenant) -> Result<(), ClientError> {
    Ok(())
}
async fn last_is_state(_: State<Database>) -> Result<Ack<u8>, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Ack(1))
}
async fn may_fail(_: Option<Auth<u8>>, _: Result<Auth<u8>, ClientError>, _: Option<Data<u8>>) {}
async fn acknowledges(_: AckSender, _: Event, _: Args) {}
async fn left(_: Socket, _: DisconnectReason) {}
async fn failed(_: HandlerError) {}
async fn around(_: State<App>, _: Event, event: EventRequest, next: Next) -> Result<EventResponse, ClientError> {
    Ok(next.run(event).await)
}
async fn of_servers(_: Args, _: Data<u8>, _: State<Database>, _: SocketIo) -> Result<Ack<u8>, ClientError> {
    Ok(Ack(1))
}
async fn may_connect(_: http::Method, _: State<App>) -> bool {
    true
}

type S = Socket;
async fn twelve(_: S, _: S, _: S, _: S, _: S, _: S, _: S, _: S, _: S, _: S, _: S, _: Data<u8>) {}
async fn fourteen(
    _: S,
    _: S,
    _: S,
    _: S,
    _: S,
    _: S,
    _: S,
    _: S,
    _: S,
    _: S,
    _: S,
    _: Event,
    event: EventRequest,
    next: Next,
) -> EventResponse {
    next.run(event).await
}

/// Whatever is registered here goes through the macro: it must take it, and be worth the very same handler.
#[test]
fn handlers_pass_the_check() {
    let service = Arc::new(Service);
    let method = move |socket: Socket, Data(text): Data<String>| Arc::clone(&service).chat_message(socket, text);
    let namespace: Namespace = Namespace::new()
        .on("method", check_handler!(on: method))
        .on("generic", check_handler!(on: generic::<String>))
        .on("nothing", check_handler!(on: async || ()))
        .on("closure", check_handler!(on: |io: SocketIo| async move { drop(io) }))
        .on("sequential", check_handler!(on: sequential(may_fail)))
        .on("twelve", check_handler!(on: twelve))
        .on_any(check_handler!(on: acknowledges))
        .on_connect(check_handler!(on_connect: async |_: Socket| ()))
        .on_disconnect(check_handler!(on_disconnect: left))
        .on_error(check_handler!(on_error: failed))
        .on_server_event("closure", check_handler!(on_server_event: async || ()))
        .middleware(check_handler!(middleware: async |_: Auth<u8>| Err::<(), _>(ClientError::new("no"))))
        .event_middleware(
            check_handler!(event_middleware: async |event: EventRequest, next: Next| next.run(event).await),
        )
        .event_middleware(check_handler!(event_middleware: fourteen));
    let layer = SocketIoLayer::new()
        .on("state", check_handler!(on: state, state: App))
        .on("last", check_handler!(on: last_is_state, state: App,))
        .on_connect(check_handler!(on_connect: state, state: App))
        .on_server_event("servers", check_handler!(on_server_event: of_servers, state: App))
        .event_middleware(check_handler!(event_middleware: around, state: App))
        .allow_request(check_handler!(allow_request: may_connect, state: App))
        .dynamic_namespace(check_handler!(dynamic_namespace: async |_: Tenant| true, state: App), Namespace::new());
    let layer: SocketIoLayer = layer.with_state(App { database: Database });
    let _ = layer.namespace("/other", namespace);
}

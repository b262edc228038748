//! Extractors of what may be missing or wrong, extractors of one's own, and what becomes of their rejections.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::HashMap;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRef, Query, State};
use pintle::{
    Ack, AckSender, Auth, ClientError, Data, EventParts, FromEventParts, HandlerError, HandlerErrorKind, Namespace,
    OptionalFromEventParts, Params, Socket, SocketIoLayer,
};
use serde::Deserialize;
use support::{Client, Journal, Server, settle};

#[derive(Deserialize)]
struct Token {
    token: String,
}

/// Joins `/` with something to say for oneself.
async fn introduced(server: &Server, auth: &str) -> Client {
    let mut client = server.open().await;
    client.send(&format!("0{auth}")).await;
    assert!(client.hear().await.starts_with(r#"0{"sid""#));
    client
}

#[tokio::test(start_paused = true)]
async fn auth_may_be_missing_but_not_wrong() {
    let who = async |auth: Option<Auth<Token>>| Ack(auth.map(|Auth(auth)| auth.token));
    let server = Server::new(SocketIoLayer::new().on("who", who));
    assert_eq!(introduced(&server, r#"{"token":"abc"}"#).await.ask(r#"["who"]"#).await, r#"["abc"]"#);
    assert_eq!(introduced(&server, "").await.ask(r#"["who"]"#).await, "[null]");
    assert_eq!(introduced(&server, r#"{"token":1}"#).await.ask(r#"["who"]"#).await, r#"[{"message":"invalid auth"}]"#);
}

#[tokio::test(start_paused = true)]
async fn data_may_be_missing_but_not_wrong() {
    let add = async |data: Option<Data<i64>>| Ack(data.map_or(-1, |Data(n)| n + 1));
    let server = Server::new(SocketIoLayer::new().on("add", add));
    let mut client = server.join().await;
    assert_eq!(client.ask(r#"["add",1]"#).await, "[2]");
    assert_eq!(client.ask(r#"["add"]"#).await, "[-1]");
    assert_eq!(client.ask(r#"["add","one"]"#).await, r#"[{"message":"unexpected arguments"}]"#);
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_see_for_itself_what_is_wrong() {
    async fn add(auth: Result<Auth<Token>, ClientError>, data: Result<Data<i64>, ClientError>) -> Ack<(String, i64)> {
        let who = auth.map_or_else(|error| error.message().to_owned(), |Auth(auth)| auth.token);
        Ack((who, data.map_or(-1, |Data(n)| n + 1)))
    }
    let server = Server::new(SocketIoLayer::new().on("add", add));
    let mut client = server.join().await;
    assert_eq!(client.ask(r#"["add",1]"#).await, r#"["invalid auth",2]"#);
    assert_eq!(client.ask(r#"["add","one"]"#).await, r#"["invalid auth",-1]"#);
}

/// axum has results of its own, with the rejections of its extractors.
#[tokio::test(start_paused = true)]
async fn a_handler_can_see_what_is_wrong_with_the_request() {
    async fn which(query: Result<Query<HashMap<String, u8>>, QueryRejection>) -> Ack<u16> {
        Ack(query.map_or_else(|rejection| rejection.status().as_u16(), |Query(query)| query.len() as u16))
    }
    let server = Server::new(SocketIoLayer::new().on("which", which));
    let mut client = server.join().await;
    assert_eq!(client.ask(r#"["which"]"#).await, "[400]", "the transport is no number");
}

#[derive(Clone)]
struct App {
    names: HashMap<&'static str, &'static str>,
}

#[derive(Clone)]
struct Names(HashMap<&'static str, &'static str>);

impl FromRef<App> for Names {
    fn from_ref(app: &App) -> Self {
        Self(app.names.clone())
    }
}

/// Who the client is, by its token.
struct Name(&'static str);

impl OptionalFromEventParts<App> for Name {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, app: &App) -> Result<Option<Self>, ClientError> {
        let Token { token } = parts.socket().auth()?;
        Ok(app.names.get(&*token).map(|name| Self(name)))
    }
}

impl FromEventParts<App> for Name {
    type Rejection = ClientError;

    async fn from_event_parts(parts: &mut EventParts, app: &App) -> Result<Self, ClientError> {
        let name = <Self as OptionalFromEventParts<App>>::from_event_parts(parts, app).await?;
        name.ok_or_else(|| ClientError::new("who are you?"))
    }
}

#[tokio::test(start_paused = true)]
async fn an_extractor_of_ones_own_has_all_forms() {
    let layer = SocketIoLayer::new()
        .on("name", async |name: Name| Ack(name.0))
        .on("maybe", async |name: Option<Name>| Ack(name.map(|name| name.0)))
        .on("either", async |name: Result<Name, ClientError>| {
            Ack(name.map_or_else(|error| error.message().to_owned(), |name| name.0.to_owned()))
        })
        .on("count", async |State(names): State<Names>| Ack(names.0.len()))
        .with_state(App { names: HashMap::from([("abc", "Ada")]) });
    let server = Server::new(layer);
    let mut known = introduced(&server, r#"{"token":"abc"}"#).await;
    let mut unknown = introduced(&server, r#"{"token":"?"}"#).await;
    for (event, one, other) in [
        (r#"["name"]"#, r#"["Ada"]"#, r#"[{"message":"who are you?"}]"#),
        (r#"["maybe"]"#, r#"["Ada"]"#, "[null]"),
        (r#"["either"]"#, r#"["Ada"]"#, r#"["who are you?"]"#),
        (r#"["count"]"#, "[1]", "[1]"),
    ] {
        assert_eq!((&*known.ask(event).await, &*unknown.ask(event).await), (one, other), "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn rejections_reach_the_client_and_the_error_handler() {
    async fn failed(State(journal): State<Journal>, error: HandlerError) {
        assert_eq!(error.event(), Some("add"));
        journal.note(match error.kind() {
            HandlerErrorKind::Extractor => "extractor",
            HandlerErrorKind::Returned => "returned",
            HandlerErrorKind::Panic => "panic",
            _ => "another",
        });
    }
    async fn add(_ack: AckSender, Data(n): Data<u8>) -> Result<(), ClientError> {
        assert!(n < 200, "so much?");
        Err(ClientError::new("no"))
    }
    let journal = Journal::default();
    let layer = SocketIoLayer::new().on("add", add).on_error(failed).with_state(journal.clone());
    let mut client = Server::new(layer).join().await;
    // Whoever takes the right to acknowledge answers, unless the handler is not even called.
    client.send(r#"21["add",1]"#).await;
    settle().await;
    assert_eq!(client.ask(r#"["add","one"]"#).await, r#"[{"message":"unexpected arguments"}]"#);
    assert_eq!(client.ask(r#"["add",255]"#).await, r#"[{"message":"internal error"}]"#);
    settle().await;
    assert_eq!(journal.entries(), ["returned", "extractor", "panic"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_middleware_finds_out_is_there_for_the_handlers() {
    #[derive(Clone)]
    struct User(String);

    async fn authenticate(socket: Socket, Auth(auth): Auth<Token>) {
        assert!(socket.set_extension(User(auth.token)).is_none());
    }
    let layer = SocketIoLayer::new()
        .middleware(authenticate)
        .on("who", async |Extension(user): Extension<User>| Ack(user.0))
        .on("of-socket", async |socket: Socket| Ack(socket.extension::<User>().map(|user| user.0)));
    let mut client = introduced(&Server::new(layer), r#"{"token":"abc"}"#).await;
    assert_eq!(client.ask(r#"["who"]"#).await, r#"["abc"]"#);
    assert_eq!(client.ask(r#"["of-socket"]"#).await, r#"["abc"]"#);
}

#[tokio::test(start_paused = true)]
async fn the_name_of_a_namespace_has_parameters() {
    #[derive(Deserialize)]
    struct Desk {
        tenant: u32,
        desk: String,
    }
    let desk = async |Params(Desk { tenant, desk }): Params<Desk>| Ack((tenant, desk));
    let both = async |Params(both): Params<(u32, String)>| Ack(both);
    let server = Server::new(
        SocketIoLayer::new().namespace("/{tenant}/{desk}", Namespace::new().on("desk", desk).on("both", both)),
    );
    let mut client = server.open().await;
    client.join("/7/sales").await;
    for event in ["desk", "both"] {
        client.send(&format!(r#"2/7/sales,1["{event}"]"#)).await;
        assert_eq!(client.hear().await, r#"3/7/sales,1[7,"sales"]"#);
    }
    client.join("/x/sales").await;
    client.send(r#"2/x/sales,1["desk"]"#).await;
    assert_eq!(client.hear().await, r#"3/x/sales,1[{"message":"invalid namespace parameters"}]"#);
}

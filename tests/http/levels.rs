//! The levels of Pintle's own: the handshake, the namespace, the event.

use std::time::Duration;

use axum::http::HeaderMap;
use axum::{Extension, Router};
use pintle::{
    Ack, Auth, BoxError, ClientError, Data, EventRequest, EventResponse, Namespace, Next, Socket, SocketIo,
    SocketIoLayer,
};
use pintle_tests::{Client, Request, TestServer, Transport};
use serde::Deserialize;
use tower::ServiceBuilder;

use crate::{WAYS, ask, echo, script};

async fn not_too_many(io: SocketIo, headers: HeaderMap) -> Result<(), ClientError> {
    if headers.get("x-api-key").is_none_or(|key| key != "ours") {
        return Err(ClientError::new("a key, please"));
    }
    if io.engine().clients_count() >= 1_000 {
        return Err(ClientError::new("come back later"));
    }
    Ok(())
}

fn guarded() -> SocketIoLayer {
    SocketIoLayer::new().allow_request(not_too_many).on("echo", echo)
}

#[derive(Deserialize)]
struct Credentials {
    token: String,
}

#[derive(Clone)]
struct User(&'static str);

async fn authenticate(socket: Socket, Auth(credentials): Auth<Credentials>) -> Result<(), ClientError> {
    if credentials.token != "ada's" {
        return Err(ClientError::new("not authorized").with_data(["ask for a token"]));
    }
    socket.set_extension(User("Ada"));
    Ok(())
}

async fn whoami(Extension(user): Extension<User>) -> Ack<&'static str> {
    Ack(user.0)
}

fn for_members() -> Namespace {
    Namespace::new().middleware(authenticate).on("whoami", whoami)
}

fn with_limits() -> Namespace {
    let limits = ServiceBuilder::new()
        .map_err(|error: BoxError| ClientError::new("not now").with_source(error))
        .load_shed()
        .concurrency_limit(1)
        .timeout(Duration::from_millis(50));
    Namespace::new().layer(limits).on("sleep", sleep)
}

async fn sleep(Data(millis): Data<u64>) -> Ack<&'static str> {
    tokio::time::sleep(Duration::from_millis(millis)).await;
    Ack("slept")
}

async fn log(event: EventRequest, next: Next) -> EventResponse {
    let name = event.event().to_owned();
    let response = next.run(event).await;
    if let Some(error) = response.errors().first() {
        tracing::warn!(event = ?name, error = ?error.to_string(), "an event went wrong");
    }
    response
}

async fn members_only(socket: Socket, event: EventRequest, next: Next) -> Result<EventResponse, ClientError> {
    if event.event() != "join" && !socket.is_in("members") {
        return Err(ClientError::new("join first"));
    }
    Ok(next.run(event).await)
}

async fn join(socket: Socket) -> Result<Ack<()>, pintle::JoinError> {
    socket.join("members")?;
    Ok(Ack(()))
}

fn with_middleware() -> SocketIoLayer {
    SocketIoLayer::new().on("echo", echo).on("join", join).event_middleware(members_only).event_middleware(log)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_key_gets_no_session() {
    let server = TestServer::start(Router::new().layer(guarded())).await;
    let handshake = || Request::get(server.socket_io().target("EIO=4&transport=polling"));
    let refused = handshake().send(server.address()).await;
    assert_eq!((refused.status, refused.text()), (403, r#"{"code":4,"message":"a key, please"}"#));
    assert_eq!(handshake().header("x-api-key", "ours").send(server.address()).await.status, 200);
    for transports in WAYS {
        let variables = [("TRANSPORTS", transports), ("HEADERS", r#"{ "x-api-key": "ours" }"#)];
        script("echo.mjs", server.address(), &variables).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_middleware_hands_the_user_to_the_handlers() {
    let realtime = SocketIoLayer::new().namespace("/members", for_members());
    let server = TestServer::start(Router::new().layer(realtime)).await;
    for transports in WAYS {
        script("members.mjs", server.address(), &[("TRANSPORTS", transports)]).await;
    }
}

#[tokio::test]
async fn a_namespace_has_limits_of_its_own() {
    let realtime = SocketIoLayer::new().namespace("/limited", with_limits());
    let server = TestServer::start(Router::new().layer(realtime)).await;
    let mut client = Client::open(server.socket_io(), Transport::WebSocket).await;
    client.send("40/limited,").await;
    client.connected("/limited,").await;

    client.send(r#"42/limited,1["sleep",0]"#).await;
    assert_eq!(client.text().await, r#"43/limited,1["slept"]"#);
    // The first one takes too long, and the second one comes meanwhile.
    client.send(r#"42/limited,2["sleep",600000]"#).await;
    client.send(r#"42/limited,3["sleep",0]"#).await;
    assert_eq!(client.text().await, r#"43/limited,3[{"message":"not now"}]"#);
    assert_eq!(client.text().await, r#"43/limited,2[{"message":"not now"}]"#);
}

#[tokio::test]
async fn a_middleware_of_events_decides_and_sees_what_comes_of_them() {
    let server = TestServer::start(Router::new().layer(with_middleware())).await;
    let mut client = Client::join(server.socket_io(), Transport::WebSocket).await;
    assert_eq!(ask(&mut client, "echo").await, r#"430[{"message":"join first"}]"#);
    assert_eq!(ask(&mut client, "join").await, "430[]");
    assert_eq!(ask(&mut client, "echo").await, "430[]");
}

//! axum's extractors on both sides: in the app's routes under the layer, and in handlers over the handshake.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::HashMap;

use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, Query, State};
use axum::routing::get;
use axum::{Extension, Router};
use http::{HeaderMap, Request, StatusCode};
use pintle::{Ack, SocketIo, SocketIoLayer};
use support::{Client, dial};
use tower::ServiceExt as _;

const TARGET: &str = "/socket.io/?EIO=4&transport=websocket&token=abc";

type Told = (String, String, String, u8);

async fn tell(
    State(state): State<u8>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Ack<Told> {
    let host = headers[http::header::HOST].to_str().unwrap();
    Ack((uri.to_string(), host.to_owned(), query["token"].clone(), state))
}

fn layer() -> SocketIoLayer {
    SocketIoLayer::new().on("tell", tell).with_state(7)
}

#[tokio::test(start_paused = true)]
async fn an_event_handler_extracts_from_the_handshake() {
    let mut client = Client::open(dial(&layer().into_service()), TARGET).await;
    client.join("/").await;
    assert_eq!(client.ask(r#"["tell"]"#).await, format!(r#"["{TARGET}","localhost","abc",7]"#));
}

#[tokio::test(start_paused = true)]
async fn an_event_handler_extracts_from_the_handshake_in_an_app() {
    let app: Router = Router::new().route("/", get(async || "home")).layer(layer());
    let mut client = Client::open(dial(&app), TARGET).await;
    client.join("/").await;
    assert_eq!(client.ask(r#"["tell"]"#).await, format!(r#"["{TARGET}","localhost","abc",7]"#));
}

#[tokio::test(start_paused = true)]
async fn the_original_uri_is_among_the_extensions() {
    let tell = async |Extension(OriginalUri(uri)): Extension<OriginalUri>| Ack(uri.to_string());
    let layer: SocketIoLayer = SocketIoLayer::new().on("tell", tell);
    let app: Router = Router::new().route("/", get(async || "home")).layer(layer);
    let mut client = Client::open(dial(&app), TARGET).await;
    client.join("/").await;
    assert_eq!(client.ask(r#"["tell"]"#).await, format!(r#"["{TARGET}"]"#));
}

#[tokio::test(start_paused = true)]
async fn the_original_uri_is_that_of_the_outermost_app() {
    let inner = Router::new().layer(layer());
    let app: Router = Router::new().nest_service("/chat", inner);
    let target = format!("/chat{TARGET}");
    let mut client = Client::open(dial(&app), &target).await;
    client.join("/").await;
    assert_eq!(client.ask(r#"["tell"]"#).await, format!(r#"["{target}","localhost","abc",7]"#));
}

async fn announce(io: SocketIo, OriginalUri(uri): OriginalUri) -> String {
    io.emit("news", uri.path()).unwrap();
    format!("{} at {uri}", io.sockets().len())
}

#[tokio::test(start_paused = true)]
async fn a_route_under_the_layer_extracts_the_server_and_the_original_uri() {
    let app: Router = Router::new().nest("/api", Router::new().route("/announce", get(announce))).layer(layer());
    let mut client = Client::open(dial(&app), TARGET).await;
    client.join("/").await;
    let request = Request::get("/api/announce?x=1").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(to_bytes(response.into_body(), 1000).await.unwrap(), "1 at /api/announce?x=1");
    assert_eq!(client.hear().await, r#"2["news","/api/announce"]"#);
}

#[tokio::test(start_paused = true)]
async fn a_route_outside_of_the_layer_has_no_server() {
    let app: Router = Router::new().layer(layer()).route("/announce", get(announce));
    let request = Request::get("/announce").body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
}

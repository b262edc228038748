//! What layers do to bodies: compression of answers, a limit for what comes in.

use axum::Router;
use axum::routing::post;
use pintle_tests::{Client, Polling, Request, TestServer, Transport, WebSocket};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;
use tower_http::limit::RequestBodyLimitLayer;

use crate::{echoes_over_each_transport, realtime, script};

fn compressed() -> Router {
    Router::new().layer(realtime()).layer(CompressionLayer::new().compress_when(SizeAbove::new(1024)))
}

fn limited() -> Router {
    Router::new()
        .route("/upload", post(async |body: String| body.len().to_string()))
        .layer(RequestBodyLimitLayer::new(1024))
        .layer(realtime().max_payload(100_000))
}

/// Node's own XMLHttpRequest does not ask for compression; `fetch` does, as browsers do.
#[tokio::test(flavor = "multi_thread")]
async fn the_client_understands_compressed_answers() {
    let server = TestServer::start(compressed()).await;
    script("fetch.mjs", server.address(), &[]).await;
    echoes_over_each_transport(server.address(), "{}").await;
}

#[tokio::test]
async fn large_answers_are_compressed_and_small_ones_are_not() {
    let server = TestServer::start(compressed()).await;
    let session = Polling::open(server.socket_io()).await;
    session.push("40").await;
    let get = || Request::get(session.target()).header("accept-encoding", "gzip, deflate, br");
    let small = get().send(server.address()).await;
    assert_eq!((small.status, small.header("content-encoding")), (200, None));
    assert!(small.text().starts_with("40"));

    session.push(format!(r#"420["echo","{}"]"#, "x".repeat(10_000))).await;
    let large = get().send(server.address()).await;
    assert_eq!((large.status, large.header("content-encoding")), (200, Some("gzip")));
    // gzip begins with these.
    assert!(large.body.starts_with(&[0x1f, 0x8b]) && large.body.len() < 1000, "{} bytes", large.body.len());
}

#[tokio::test]
async fn a_websocket_is_left_as_it_is() {
    let server = TestServer::start(compressed()).await;
    let endpoint = server.socket_io();
    let request = WebSocket::request(endpoint.target("EIO=4&transport=websocket"));
    let request = request.header("accept-encoding", "gzip, deflate, br");
    let mut socket = WebSocket::ask(endpoint, &request).await.expect("a WebSocket");
    let switched = socket.switched();
    assert_eq!((switched.header("content-encoding"), switched.header("vary")), (None, None));
    socket.assert_open().await;
}

#[tokio::test]
async fn a_limit_inside_is_the_routes_and_the_layers_own_is_the_clients() {
    let server = TestServer::start(limited()).await;
    let large = "x".repeat(2000);
    let upload = Request::post("/upload", large.as_str()).send(server.address()).await;
    assert_eq!(upload.status, 413);

    let event = format!(r#"420["echo","{large}"]"#);
    for transport in Transport::BOTH {
        let mut client = Client::join(server.socket_io(), transport).await;
        client.send(&event).await;
        assert_eq!(client.text().await, format!(r#"430["{large}"]"#));
    }

    // What the client is told to keep to.
    let session = Polling::open(server.socket_io()).await;
    assert_eq!(session.handshake()["maxPayload"], 100_000);
    assert_eq!(session.post("x".repeat(100_001)).await.status, 413);
}

/// Outside it holds for long-polling too, and the client does not know of it.
#[tokio::test]
async fn a_limit_outside_refuses_what_the_client_may_send() {
    let server = TestServer::start(Router::new().layer(realtime()).layer(RequestBodyLimitLayer::new(1024))).await;
    let session = Polling::open(server.socket_io()).await;
    assert_eq!(session.handshake()["maxPayload"], 1_000_000);
    assert_eq!(session.post("x".repeat(2000)).await.status, 413);
    // It did not see the request, and the client ends the session.
    session.assert_open().await;
}

//! Which requests are the layer's, and which the app's.

use axum::Router;
use pintle::SocketIoLayer;
use pintle_tests::{Endpoint, Polling, Request, TestServer, WebSocket, judging_reference};

use crate::Host;

const OPEN: &str = "EIO=4&transport=polling";

#[tokio::test]
async fn the_apps_routes_are_its_own() {
    let host = Host::start().await;
    let response = Request::get("/health").send(host.address()).await;
    assert_eq!((response.status, response.text()), (200, "ok"));
}

/// E-01, H-018: Node wants the slash.
#[tokio::test]
async fn the_path_is_known_with_and_without_its_last_slash() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    for path in ["/engine.io", "/engine.io/", "/socket.io", "/socket.io/"] {
        let endpoint = Endpoint::new(host.address(), path);
        Polling::open(endpoint).await.assert_open().await;
        WebSocket::open(endpoint).await.0.assert_open().await;
    }
}

/// E-01, H-018: Node answers all that begins with the path.
#[tokio::test]
async fn a_path_that_only_begins_alike_is_the_apps() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    for path in [
        "/socket.io-admin/",
        "/socket.io/x",
        "/socket.io/x/",
        "/socket.io//",
        "//socket.io/",
        "/socket.iofoo",
        "/SOCKET.IO/",
        "/%73ocket.io/",
        "/socket.io/../socket.io/",
    ] {
        let endpoint = Endpoint::new(host.address(), path);
        let response = Request::get(endpoint.target(OPEN)).send(host.address()).await;
        assert_eq!(response.status, 404, "{path}");
        let refused = WebSocket::try_connect(endpoint, "EIO=4&transport=websocket").await;
        assert_eq!(refused.expect_err(path).status, 404, "{path}");
    }
}

/// H-023: a page elsewhere may not use its visitor's cookies here. Node lets it.
#[tokio::test]
async fn a_foreign_page_is_refused() {
    let server = TestServer::start(Router::new().layer(SocketIoLayer::new())).await;
    let endpoint = server.socket_io();
    let session = Polling::open(endpoint).await;
    let requests = [
        Request::get(endpoint.target(OPEN)),
        Request::get(session.target()),
        Request::post(session.target(), "3"),
        WebSocket::request(endpoint.target("EIO=4&transport=websocket")),
        WebSocket::request(endpoint.target(&session.upgrade_query())),
    ];
    for request in requests {
        for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example"] {
            let response = request.clone().header("origin", origin).send(server.address()).await;
            assert_eq!(response.status, 403, "{origin} {request:?}");
            assert!(response.text().starts_with(r#"{"code":4,"message":""#), "{}", response.text());
        }
    }
    session.assert_open().await;
}

/// H-023
#[tokio::test]
async fn a_page_of_the_same_host_is_welcome() {
    let server = TestServer::start(Router::new().layer(SocketIoLayer::new())).await;
    let endpoint = server.socket_io();
    let own = format!("http://{}", server.address());
    // The last is a page of a developer's other server.
    for origin in [&*own, "http://localhost:5173"] {
        let request = Request::get(endpoint.target(OPEN)).header("origin", origin);
        assert_eq!(request.send(server.address()).await.status, 200, "{origin}");
        let request = WebSocket::request(endpoint.target("EIO=4&transport=websocket")).header("origin", origin);
        WebSocket::ask(endpoint, &request).await.expect(origin).assert_open().await;
    }
}

/// H-023: the address behind a name does not count, only the name.
#[tokio::test]
async fn the_origin_is_compared_with_the_host_header() {
    let server = TestServer::start(Router::new().layer(SocketIoLayer::new())).await;
    let request = Request::get(server.socket_io().target(OPEN)).header("host", "chat.example");
    for (origin, status) in [("https://chat.example", 200), ("https://other.example", 403), ("http://127.0.0.1", 403)] {
        let response = request.clone().header("origin", origin).send(server.address()).await;
        assert_eq!(response.status, status, "{origin}");
    }
}

#[tokio::test]
async fn listed_origins_are_welcome() {
    let layer = SocketIoLayer::new().origins(["https://a.example"]);
    let server = TestServer::start(Router::new().layer(layer)).await;
    for (origin, status) in [("https://a.example", 200), ("https://b.example", 403)] {
        let request = Request::get(server.socket_io().target(OPEN)).header("origin", origin);
        assert_eq!(request.send(server.address()).await.status, status, "{origin}");
    }
}

#[tokio::test]
async fn any_origin_is_welcome_when_the_app_says_so() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let request = Request::get(endpoint.target(OPEN)).header("origin", "https://any.example");
        assert_eq!(request.send(host.address()).await.status, 200);
    }
}

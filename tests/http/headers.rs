//! Headers of the app's own on all that is answered, the 101 included.

use axum::Router;
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{HeaderName, HeaderValue};
use axum::routing::get;
use pintle_tests::{Polling, Request, TestServer, WebSocket};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::realtime;

fn app() -> Router {
    let transport = HeaderValue::from_static("max-age=31536000");
    let node = (HeaderName::from_static("x-served-by"), HeaderValue::from_static("node-1"));
    Router::new()
        .route("/", get("hello"))
        .layer(realtime())
        .layer(SetResponseHeaderLayer::if_not_present(STRICT_TRANSPORT_SECURITY, transport))
        .layer(SetResponseHeaderLayer::overriding(node.0, node.1))
}

#[tokio::test]
async fn every_answer_has_them() {
    let server = TestServer::start(app()).await;
    let session = Polling::open(server.socket_io()).await;
    let switched = WebSocket::connect(server.socket_io(), &session.upgrade_query()).await.switched().clone();
    let mut responses = vec![session.post("40").await, session.get().await, switched];
    for target in ["/", "/nowhere", "/socket.io/"] {
        responses.push(Request::get(target).send(server.address()).await);
    }
    assert_eq!(responses.iter().map(|response| response.status).collect::<Vec<_>>(), [200, 200, 101, 200, 404, 400]);
    for response in responses {
        assert_eq!(response.header("strict-transport-security"), Some("max-age=31536000"), "{response:?}");
        assert_eq!(response.header("x-served-by"), Some("node-1"), "{response:?}");
    }
}

//! Panics: those of routes are tower-http's to catch, those of handlers Pintle's.

use axum::Router;
use axum::routing::get;
use pintle::SocketIoLayer;
use pintle_tests::{Client, Request, TestServer, Transport};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{ask, echo};

fn app() -> Router {
    let realtime = SocketIoLayer::new().on("echo", echo).on("panic", panics);
    Router::new().route("/panic", get(panics)).layer(realtime).layer(CatchPanicLayer::new())
}

#[tokio::test]
async fn a_route_that_panics_answers_and_an_event_that_panics_ends_alone() {
    let server = TestServer::start(app()).await;
    assert_eq!(Request::get("/panic").send(server.address()).await.status, 500);
    for transport in Transport::BOTH {
        let mut client = Client::join(server.socket_io(), transport).await;
        client.send(r#"42["panic"]"#).await;
        assert_eq!(ask(&mut client, "echo").await, "430[]");
    }
}

async fn panics() {
    panic!("as it was asked to");
}

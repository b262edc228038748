//! Limits for routes that a GET of long-polling must not have: it waits for as long as there is nothing to say.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use pintle::SocketIoLayer;
use pintle_tests::{HttpConnection, Polling, Request, TestServer};
use tower::limit::GlobalConcurrencyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::{realtime, script};

const PING_INTERVAL: Duration = Duration::from_secs(1);
const PING_TIMEOUT: Duration = Duration::from_secs(20);
/// Less than a GET waits, and more than anything else takes.
const SHORT: Duration = Duration::from_millis(200);

fn inside(realtime: SocketIoLayer, patience: Duration) -> Router {
    Router::new()
        .route("/report", get(report))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, patience))
        .layer(realtime)
}

fn outside(realtime: SocketIoLayer, patience: Duration) -> Router {
    Router::new()
        .route("/report", get(report))
        .layer(realtime)
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, patience))
}

/// Longer than any GET of long-polling waits: the heartbeat answers it, or ends the session.
fn long_enough() -> Router {
    let patience = PING_INTERVAL + PING_TIMEOUT + Duration::from_secs(5);
    Router::new()
        .layer(realtime().ping_interval(PING_INTERVAL).ping_timeout(PING_TIMEOUT))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, patience))
}

fn crowded(realtime: SocketIoLayer, limit: usize) -> Router {
    Router::new().route("/health", get("ok")).layer(GlobalConcurrencyLimitLayer::new(limit)).layer(realtime)
}

/// Takes for ever.
async fn report() -> &'static str {
    std::future::pending().await
}

fn impatient() -> SocketIoLayer {
    realtime().ping_interval(PING_INTERVAL).ping_timeout(PING_TIMEOUT)
}

/// A GET that waits.
async fn start_to_wait(server: &TestServer) -> HttpConnection {
    let session = Polling::open(server.socket_io()).await;
    session.push("40").await;
    session.poll().await;
    session.start_get().await
}

/// A GET that waits, and in whose time the route runs into its limit.
async fn poll_across_a_timeout(server: &TestServer) -> u16 {
    let mut waiting = start_to_wait(server).await;
    let cut = Request::get("/report").send(server.address()).await;
    assert_eq!(cut.status, 408);
    waiting.response().await.status
}

#[tokio::test]
async fn inside_it_cuts_routes_and_leaves_long_polls_alone() {
    let server = TestServer::start(inside(impatient(), SHORT)).await;
    assert_eq!(poll_across_a_timeout(&server).await, 200);
}

#[tokio::test]
async fn outside_it_cuts_long_polls() {
    let server = TestServer::start(outside(impatient(), SHORT)).await;
    assert_eq!(poll_across_a_timeout(&server).await, 408);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_on_polling_lives_through_heartbeats_inside_and_not_outside() {
    let polling = ("TRANSPORTS", r#"["polling"]"#);
    let server = TestServer::start(inside(impatient(), SHORT)).await;
    script("heartbeats.mjs", server.address(), &[polling]).await;
    let server = TestServer::start(long_enough()).await;
    script("heartbeats.mjs", server.address(), &[polling]).await;
    let server = TestServer::start(outside(impatient(), SHORT)).await;
    script("cut.mjs", server.address(), &[polling]).await;
}

/// A WebSocket is answered at once, and what it does then is no request.
#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_does_not_mind_either() {
    let websocket = ("TRANSPORTS", r#"["websocket"]"#);
    for app in [inside(impatient(), SHORT), outside(impatient(), SHORT)] {
        let server = TestServer::start(app).await;
        script("heartbeats.mjs", server.address(), &[websocket]).await;
    }
}

#[tokio::test]
async fn a_long_poll_takes_no_place_of_the_routes() {
    let server = TestServer::start(crowded(impatient(), 1)).await;
    let mut waiting = start_to_wait(&server).await;
    assert_eq!(Request::get("/health").send(server.address()).await.status, 200);
    assert_eq!(waiting.response().await.status, 200);
}

#[tokio::test]
async fn outside_one_long_poll_is_enough_to_make_others_wait() {
    let app = Router::new().layer(impatient()).layer(GlobalConcurrencyLimitLayer::new(1));
    let server = TestServer::start(app).await;
    let mut waiting = start_to_wait(&server).await;
    let mut other = HttpConnection::open(server.address()).await;
    other.request(&Request::get(server.socket_io().target("EIO=4&transport=polling"))).await;
    assert!(other.stays_silent(SHORT).await);
    assert_eq!(waiting.response().await.status, 200);
    assert_eq!(other.response().await.status, 200);
}

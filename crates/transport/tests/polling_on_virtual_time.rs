//! Long-polling through the whole tower service, on a clock that jumps: minutes of protocol in milliseconds, no sleep.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use pintle_transport::{CloseReason, ResponseBody};
use support::{Echo, Server};
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;
use tower::{Layer as _, ServiceExt as _, service_fn};

type Service = BoxCloneSyncService<Request<Full<Bytes>>, Response<ResponseBody<Full<Bytes>>>, Infallible>;

/// A client that speaks to the service without a network.
struct Client {
    service: Service,
    server: Server<Echo>,
    query: String,
}

impl Client {
    /// Opens a session on a server of its own.
    async fn open() -> Self {
        let server = Server::new(Echo);
        let app = service_fn(async |_: Request<Full<Bytes>>| Ok::<_, Infallible>(Response::new(Full::default())));
        let service = BoxCloneSyncService::new(server.layer().layer(app));
        let mut client = Self { service, server, query: "EIO=4&transport=polling".to_owned() };
        let handshake = client.poll().await;
        let sid = handshake.strip_prefix(r#"0{"sid":""#).unwrap().split('"').next().unwrap();
        client.query = format!("{}&sid={sid}", client.query);
        client
    }

    async fn request(&self, method: Method, body: &'static str) -> (StatusCode, String) {
        let uri = format!("/engine.io/?{}", self.query);
        let request = Request::builder().method(method).uri(uri).body(Full::from(body)).unwrap();
        let response = self.service.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn poll(&self) -> String {
        let (status, body) = self.request(Method::GET, "").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body
    }

    async fn push(&self, body: &'static str) -> (StatusCode, String) {
        self.request(Method::POST, body).await
    }

    async fn is_gone(&self) -> bool {
        self.request(Method::GET, "").await
            == (StatusCode::BAD_REQUEST, r#"{"code":1,"message":"Session ID unknown"}"#.to_owned())
    }

    fn ended(&self) -> Vec<CloseReason> {
        self.server.reasons()
    }
}

/// Virtual seconds since `start`.
fn seconds(start: Instant) -> u64 {
    start.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_on_time_for_as_long_as_they_are_answered() {
    let client = Client::open().await;
    for _ in 0..100 {
        let start = Instant::now();
        assert_eq!(client.poll().await, "2");
        assert_eq!(seconds(start), 25);
        assert_eq!(client.push("3").await, (StatusCode::OK, "ok".into()));
    }
    assert!(client.ended().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_without_an_answer_ends_the_session() {
    let client = Client::open().await;
    let start = Instant::now();
    assert_eq!(client.poll().await, "2");
    assert_eq!(client.poll().await, "1", "the poll that waits is told");
    assert_eq!(seconds(start), 45);
    assert!(client.is_gone().await);
    assert_eq!(client.ended(), [CloseReason::PingTimeout]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_polls_does_not_stay() {
    let client = Client::open().await;
    tokio::time::sleep(Duration::from_secs(46)).await;
    assert!(client.is_gone().await);
    assert_eq!(client.ended(), [CloseReason::PingTimeout]);
}

#[tokio::test(start_paused = true)]
async fn messages_come_back_in_one_payload() {
    let client = Client::open().await;
    client.push("4a\u{1e}4b\u{1e}bAQID").await;
    assert_eq!(client.poll().await, "4a\u{1e}4b\u{1e}bAQID");
}

#[tokio::test(start_paused = true)]
async fn a_graceful_close_waits_for_the_last_poll() {
    let client = Client::open().await;
    client.push("4last\u{1e}4bye").await;
    assert!(client.ended().is_empty());
    tokio::time::sleep(Duration::from_secs(29)).await;
    assert_eq!(client.poll().await, "4last");
    assert_eq!(client.poll().await, "6\u{1e}1");
    assert!(client.is_gone().await);
    assert_eq!(client.ended(), [CloseReason::ForcedClose]);
}

#[tokio::test(start_paused = true)]
async fn a_graceful_close_does_not_wait_for_ever() {
    let client = Client::open().await;
    client.push("4bye").await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert!(client.is_gone().await);
    assert_eq!(client.ended(), [CloseReason::ForcedClose]);
}

#[tokio::test(start_paused = true)]
async fn an_aborted_poll_ends_the_session() {
    let client = Client::open().await;
    let aborted = tokio::time::timeout(Duration::from_secs(1), client.poll()).await;
    assert!(aborted.is_err(), "nothing was to be said");
    assert!(client.is_gone().await);
    assert_eq!(client.ended(), [CloseReason::TransportError]);
}

#[tokio::test(start_paused = true)]
async fn a_second_poll_ends_the_session_and_the_first_is_told() {
    let client = Client::open().await;
    let (first, second) = tokio::join!(client.request(Method::GET, ""), client.request(Method::GET, ""));
    assert_eq!(first, (StatusCode::OK, "1".into()));
    assert_eq!(second, (StatusCode::BAD_REQUEST, String::new()));
    assert_eq!(client.ended(), [CloseReason::TransportError]);
}

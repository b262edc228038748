//! Limits of rates: of the events of a socket, and of the handshakes and requests of an address.

use std::future::{Ready, ready};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use futures_util::future::Either;
use governor::clock::QuantaInstant;
use governor::middleware::NoOpMiddleware;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use pintle::{ClientError, EventRequest, EventResponse, SocketIoLayer};
use pintle_tests::{Client, Request, TestServer, Transport};
use tower::{Layer, Service};
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use crate::{WAYS, echo, realtime, script};

/// A quota of events for each socket. What is over it is refused, and who goes on all the same is put out.
struct EventQuota {
    quota: Quota,
    /// So many events may be refused.
    patience: u32,
}

impl<S> Layer<S> for EventQuota {
    type Service = WithinQuota<S>;

    fn layer(&self, inner: S) -> WithinQuota<S> {
        WithinQuota { inner, limiter: RateLimiter::direct(self.quota), patience: self.patience }
    }
}

/// The handlers of one socket, behind its quota.
struct WithinQuota<S> {
    inner: S,
    limiter: DefaultDirectRateLimiter,
    patience: u32,
}

impl<S: Service<EventRequest, Response = EventResponse>> Service<EventRequest> for WithinQuota<S> {
    type Response = EventResponse;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<EventResponse, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, event: EventRequest) -> Self::Future {
        if self.limiter.check().is_ok() {
            return Either::Left(self.inner.call(event));
        }
        match self.patience.checked_sub(1) {
            Some(patience) => self.patience = patience,
            None => event.socket().close(),
        }
        Either::Right(ready(Ok(EventResponse::error(ClientError::new("too many events")))))
    }
}

fn with_event_quota() -> SocketIoLayer {
    // Twenty at once, then one each 100 ms.
    let quota = Quota::with_period(Duration::from_millis(100)).expect("some time");
    let quota = quota.allow_burst(NonZeroU32::new(20).expect("some events"));
    realtime().event_layer(EventQuota { quota, patience: 10 })
}

type Handshakes = Arc<DefaultKeyedRateLimiter<IpAddr>>;

async fn not_too_often(
    State(handshakes): State<Handshakes>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
) -> Result<(), ClientError> {
    handshakes.check_key(&client.ip()).map_err(|_| ClientError::new("too many connections, wait a little"))
}

fn with_handshake_quota(quota: Quota) -> SocketIoLayer {
    let handshakes = Handshakes::new(RateLimiter::keyed(quota));
    SocketIoLayer::new().allow_request(not_too_often).on("echo", echo).with_state(handshakes)
}

fn with_request_quota(requests: u32) -> Router {
    // So many at once, then one each 100 ms.
    let mut quota = GovernorConfigBuilder::default();
    let quota = quota.per_millisecond(100).burst_size(requests).finish().expect("some requests in some time");
    tokio::spawn(forget_who_is_quiet(quota.limiter().clone()));
    Router::new().layer(realtime()).layer(GovernorLayer::new(quota))
}

/// Whose quota is full again need not be remembered.
async fn forget_who_is_quiet(limiter: Arc<DefaultKeyedRateLimiter<IpAddr>>) {
    let mut minutes = tokio::time::interval(Duration::from_secs(60));
    loop {
        minutes.tick().await;
        limiter.retain_recent();
    }
}

/// The client's address as one proxy of ours has it: what the proxy has added comes last. What is before that, a client can
/// say as it likes.
#[derive(Clone, Copy)]
struct BehindOneProxy;

impl KeyExtractor for BehindOneProxy {
    type Key = IpAddr;

    fn extract<T>(&self, request: &axum::http::Request<T>) -> Result<IpAddr, GovernorError> {
        let last = request.headers().get_all("x-forwarded-for").iter().next_back();
        let addresses = last.and_then(|value| value.to_str().ok()).ok_or(GovernorError::UnableToExtractKey)?;
        let added = addresses.rsplit(',').next().unwrap_or_default();
        added.trim().parse().map_err(|_| GovernorError::UnableToExtractKey)
    }
}

fn behind_a_proxy(requests: u32) -> Router {
    let mut quota = GovernorConfigBuilder::default().key_extractor(BehindOneProxy);
    let quota = quota.per_millisecond(100).burst_size(requests).finish().expect("some requests in some time");
    Router::new().layer(realtime()).layer(GovernorLayer::<_, NoOpMiddleware<QuantaInstant>, Body>::new(quota))
}

/// So many at once, and no more for as long as a test takes.
fn once_and_for_all(times: u32) -> Quota {
    let quota = Quota::with_period(Duration::from_secs(3600)).expect("some time");
    quota.allow_burst(NonZeroU32::new(times).expect("more than none"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_events_is_refused_and_then_its_socket_is_closed_and_no_other() {
    let server = TestServer::start(Router::new().layer(with_event_quota())).await;
    let mut other = Client::join(server.socket_io(), Transport::WebSocket).await;
    for transports in WAYS {
        script("flood.mjs", server.address(), &[("TRANSPORTS", transports)]).await;
    }
    other.send(r#"421["echo",1]"#).await;
    assert_eq!(other.text().await, "431[1]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_handshakes_is_refused_and_sessions_that_there_are_go_on() {
    let realtime = with_handshake_quota(once_and_for_all(1 + WAYS.len() as u32));
    let server = TestServer::start(Router::new().layer(realtime)).await;
    let mut first = Client::join(server.socket_io(), Transport::Polling).await;
    for transports in WAYS {
        script("echo.mjs", server.address(), &[("TRANSPORTS", transports)]).await;
    }
    for transports in WAYS {
        script("turned-away.mjs", server.address(), &[("TRANSPORTS", transports)]).await;
    }
    let refused = Request::get(server.socket_io().target("EIO=4&transport=polling")).send(server.address()).await;
    assert_eq!(refused.text(), r#"{"code":4,"message":"too many connections, wait a little"}"#);
    first.send(r#"421["echo",1]"#).await;
    assert_eq!(first.text().await, "431[1]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_requests_is_refused_and_patience_is_served() {
    let server = TestServer::start(with_request_quota(20)).await;
    script("echo.mjs", server.address(), &[("TRANSPORTS", r#"["websocket"]"#)]).await;
    let handshake = Request::get(server.socket_io().target("EIO=4&transport=polling"));
    let mut refused = 0;
    while refused < 3 {
        let response = handshake.send(server.address()).await;
        refused += usize::from(response.status == 429);
        assert!(matches!(response.status, 200 | 429), "{}", response.status);
        assert_eq!(response.header("retry-after").is_some(), response.status == 429);
    }
    // The client tries again by itself until it is let in.
    script("echo.mjs", server.address(), &[("TRANSPORTS", r#"["websocket"]"#)]).await;
}

#[tokio::test]
async fn behind_a_proxy_each_client_has_a_quota_whatever_it_says_itself() {
    let server = TestServer::start(behind_a_proxy(2)).await;
    let ask = async |forwarded: &str| {
        let handshake = Request::get(server.socket_io().target("EIO=4&transport=polling"));
        handshake.header("x-forwarded-for", forwarded).send(server.address()).await.status
    };
    assert_eq!(ask("203.0.113.1").await, 200);
    assert_eq!(ask("198.51.100.7, 203.0.113.1").await, 200);
    assert_eq!(ask("198.51.100.8, 203.0.113.1").await, 429);
    assert_eq!(ask("203.0.113.2").await, 200);
    let direct = Request::get(server.socket_io().target("EIO=4&transport=polling")).send(server.address()).await;
    assert_eq!(direct.status, 500, "nobody comes past the proxy");
}

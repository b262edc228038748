//! Sessions: how they begin, move and end.

use std::cell::Cell;
use std::time::Duration;

use pintle::{ClientError, Overflow, Socket, SocketIoLayer};
use pintle_tests::{Client, Opcode, Polling, Request, Transport, WebSocket};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::Counted;

const ACCEPTED: &str = r#"pintle_handshakes_total{result="accepted"}"#;
const POLLING: &str = r#"pintle_sessions{transport="polling"}"#;
const WEBSOCKET: &str = r#"pintle_sessions{transport="websocket"}"#;

fn closed(reason: &str) -> String {
    format!("pintle_closes_total{{reason={reason:?}}}")
}

fn malformed(error: &str) -> String {
    format!("pintle_malformed_packets_total{{error={error:?}}}")
}

fn refused(reason: &str) -> String {
    format!("pintle_requests_refused_total{{reason={reason:?}}}")
}

fn handshake_result(result: &str) -> String {
    format!("pintle_handshakes_total{{result={result:?}}}")
}

#[tokio::test]
async fn a_session_is_there_until_its_client_closes() {
    let server = Counted::start(SocketIoLayer::new()).await;
    for (transport, gauge) in [(Transport::Polling, POLLING), (Transport::WebSocket, WEBSOCKET)] {
        let mut client = Client::open(server.endpoint(), transport).await;
        server.count(gauge, 1).await;
        client.offend("1").await;
        server.count(gauge, 0).await;
    }
    server.counts(&[(ACCEPTED, 2), (&closed("transport close"), 2)]).await;
}

#[tokio::test]
async fn a_session_is_there_until_its_connection_is_reset() {
    let server = Counted::start(SocketIoLayer::new()).await;
    let (client, _) = WebSocket::open(server.endpoint()).await;
    server.counts(&[(ACCEPTED, 1), (WEBSOCKET, 1)]).await;
    client.abort();
    server.counts(&[(ACCEPTED, 1), (&closed("transport close"), 1)]).await;
}

#[tokio::test]
async fn a_session_is_there_until_a_heartbeat_is_missed() {
    let quick = Duration::from_millis(20);
    let server = Counted::start(SocketIoLayer::new().ping_interval(quick).ping_timeout(quick)).await;
    let _silent = WebSocket::open(server.endpoint()).await;
    let _gone = Polling::open(server.endpoint()).await;
    server.counts(&[(ACCEPTED, 2), (&closed("ping timeout"), 2)]).await;
}

#[tokio::test]
async fn a_session_is_there_until_the_server_closes() {
    let server = Counted::start(SocketIoLayer::new()).await;
    let mut client = Client::join(server.endpoint(), Transport::WebSocket).await;
    server.io.close().await;
    client.closed().await;
    let after = Request::get(server.endpoint().target("EIO=4&transport=polling"));
    assert_eq!(after.send(server.server.address()).await.status, 503);
    server
        .counts(&[
            (ACCEPTED, 1),
            (&handshake_result("closed"), 1),
            (&closed("forced close"), 1),
            (r#"pintle_connects_total{result="accepted"}"#, 1),
            (r#"pintle_disconnects_total{reason="server shutting down"}"#, 1),
        ])
        .await;
}

thread_local! {
    static FRAGILE: Cell<bool> = const { Cell::new(false) };
}

/// Panics at errors, on threads that are fragile. It is the whole program's: a subscriber of one thread may never hear of what
/// another thread logged first.
struct Fragile;

impl<S: Subscriber> Layer<S> for Fragile {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        assert!(*event.metadata().level() != Level::ERROR || !FRAGILE.get(), "on purpose");
    }
}

async fn fall() {
    panic!("on purpose");
}

#[tokio::test]
async fn a_session_is_there_until_its_task_panics() {
    tracing_subscriber::registry().with(Fragile).init();
    FRAGILE.set(true);
    let server = Counted::start(SocketIoLayer::new().on("fall", fall)).await;
    let mut client = Client::join(server.endpoint(), Transport::WebSocket).await;
    server.count(r#"pintle_sockets{namespace="/"}"#, 1).await;
    client.send(r#"42["fall"]"#).await;
    server
        .counts(&[
            (ACCEPTED, 1),
            (&closed("dropped"), 1),
            (r#"pintle_connects_total{result="accepted"}"#, 1),
            (r#"pintle_events_total{namespace="/",event="fall"}"#, 1),
        ])
        .await;
}

#[tokio::test]
async fn a_slow_client_is_an_overflow() {
    let server = Counted::start(SocketIoLayer::new().max_queued(1000, 10)).await;
    let _client = Client::join(server.endpoint(), Transport::Polling).await;
    for _ in 0..100 {
        server.io.emit("news", "x".repeat(500)).expect("what can be written as JSON");
    }
    server
        .counts(&[
            (ACCEPTED, 1),
            (&closed("outbox overflow"), 1),
            (r#"pintle_limits_reached_total{limit="outbox"}"#, 1),
            (r#"pintle_connects_total{result="accepted"}"#, 1),
            (r#"pintle_disconnects_total{reason="outbox overflow"}"#, 1),
        ])
        .await;
}

#[tokio::test]
async fn packets_that_do_not_fit_are_an_overflow_though_the_session_goes_on() {
    let server = Counted::start(SocketIoLayer::new().max_queued(1000, 10).overflow(Overflow::Refuse)).await;
    let mut client = Client::join(server.endpoint(), Transport::Polling).await;
    for _ in 0..20 {
        server.io.emit("news", "x").expect("what can be written as JSON");
    }
    assert_eq!(client.text().await, r#"42["news","x"]"#);
    server
        .counts(&[
            (ACCEPTED, 1),
            (POLLING, 1),
            (r#"pintle_limits_reached_total{limit="outbox"}"#, 10),
            (r#"pintle_connects_total{result="accepted"}"#, 1),
            (r#"pintle_sockets{namespace="/"}"#, 1),
        ])
        .await;
}

#[tokio::test]
async fn who_finds_no_place_is_counted() {
    let server = Counted::start(SocketIoLayer::new().max_sessions(1)).await;
    let handshake = Request::get(server.endpoint().target("EIO=4&transport=polling"));
    assert_eq!(handshake.send(server.server.address()).await.status, 200);
    assert_eq!(handshake.send(server.server.address()).await.status, 503);
    let reached = (r#"pintle_limits_reached_total{limit="sessions"}"#, 1);
    server.counts(&[(ACCEPTED, 1), (POLLING, 1), (&handshake_result("full"), 1), reached]).await;
}

#[tokio::test]
async fn who_is_turned_away_is_counted_by_why() {
    let layer = SocketIoLayer::new().allowed_hosts(["chat.example"]).bind_session(|_, request| {
        assert!(!request.headers.contains_key("x-panic"), "on purpose");
        !request.headers.contains_key("x-stranger")
    });
    let server = Counted::start(layer).await;
    let address = server.server.address();
    let target = server.endpoint().target("EIO=4&transport=polling");
    assert_eq!(Request::get(&target).header("host", "elsewhere.example").send(address).await.status, 403);
    let opened = Request::get(&target).header("host", "chat.example").send(address).await;
    let open: serde_json::Value = serde_json::from_str(&opened.text()[1..]).expect("an open packet");
    let target = format!("{target}&sid={}", open["sid"].as_str().expect("a session id"));
    for (header, status) in [("x-stranger", 400), ("x-panic", 500)] {
        let request = Request::post(&target, "40").header("host", "chat.example").header(header, "1");
        assert_eq!(request.send(address).await.status, status);
    }
    let reasons = ["foreign host", "stranger", "failed"].map(refused);
    let mut expected: Vec<(&str, u64)> = reasons.iter().map(|reason| (reason.as_str(), 1)).collect();
    expected.extend([(ACCEPTED, 1), (POLLING, 1)]);
    server.counts(&expected).await;
}

#[tokio::test]
async fn an_upgrade_moves_a_session_to_the_other_gauge() {
    let server = Counted::start(SocketIoLayer::new()).await;
    let session = Polling::open(server.endpoint()).await;
    server.counts(&[(ACCEPTED, 1), (POLLING, 1)]).await;
    let mut websocket = WebSocket::connect(server.endpoint(), &session.upgrade_query()).await;
    websocket.send("2probe").await;
    assert_eq!(websocket.text().await, "3probe");
    websocket.send("5").await;
    let done = r#"pintle_upgrades_total{result="done"}"#;
    server.counts(&[(ACCEPTED, 1), (WEBSOCKET, 1), (done, 1)]).await;
    websocket.abort();
    server.counts(&[(ACCEPTED, 1), (done, 1), (&closed("transport close"), 1)]).await;
}

#[tokio::test]
async fn an_upgrade_that_fails_leaves_the_session_where_it_is() {
    let server = Counted::start(SocketIoLayer::new()).await;
    let session = Polling::open(server.endpoint()).await;
    let failed = r#"pintle_upgrades_total{result="failed"}"#;
    for (already, words) in ["2probe", "5", "4", "7"].into_iter().enumerate() {
        let mut websocket = WebSocket::connect(server.endpoint(), &session.upgrade_query()).await;
        websocket.send(words).await;
        if words == "2probe" {
            assert_eq!(websocket.text().await, "3probe");
            websocket.abort();
        }
        server.count(failed, already as u64 + 1).await;
    }
    let mut first = WebSocket::connect(server.endpoint(), &session.upgrade_query()).await;
    first.send("2probe").await;
    assert_eq!(first.text().await, "3probe");
    // One at a time.
    let _second = WebSocket::connect(server.endpoint(), &session.upgrade_query()).await;
    server.counts(&[(ACCEPTED, 1), (POLLING, 1), (failed, 5)]).await;
    session.offend("1").await;
    server.counts(&[(ACCEPTED, 1), (failed, 6), (&closed("transport close"), 1)]).await;
}

#[tokio::test]
async fn handshakes_are_counted_by_what_came_of_them() {
    let nobody = async || -> Result<(), ClientError> { Err(ClientError::new("nobody")) };
    let server = Counted::start(SocketIoLayer::new().allow_request(nobody)).await;
    let get = |query| Request::get(server.endpoint().target(query));
    get("EIO=4&transport=polling").send(server.server.address()).await;
    server.counts(&[(&handshake_result("refused"), 1)]).await;

    let generate = |_: &axum::http::request::Parts| "too short".to_owned();
    let server = Counted::start(SocketIoLayer::new().generate_id(generate)).await;
    get("EIO=3&transport=polling").send(server.server.address()).await;
    get("EIO=4&transport=polling").send(server.server.address()).await;
    let old = WebSocket::request(server.endpoint().target("EIO=4&transport=websocket"));
    let old = old.without("sec-websocket-version").header("sec-websocket-version", "8");
    assert!(WebSocket::ask(server.endpoint(), &old).await.is_err());
    let results = [("unsupported version", 1), ("bad request", 1), ("improper upgrade", 1)];
    let results = results.map(|(result, count)| (handshake_result(result), count));
    server.counts(&results.each_ref().map(|(name, count)| (name.as_str(), *count))).await;
}

#[tokio::test]
async fn requests_are_counted_by_what_was_wrong_with_them() {
    let server = Counted::start(SocketIoLayer::new().max_payload(100)).await;
    let address = server.server.address();
    let target = |query: &str| server.endpoint().target(query);
    Request::get(target("EIO=4&transport=pigeons")).send(address).await;
    for _ in 0..3 {
        Request::get(target("EIO=4&transport=polling&sid=aaaaaaaaaaaaaaaaaaaa")).send(address).await;
    }
    Request::post(target("EIO=4&transport=polling"), "4").send(address).await;
    Request::get(target("EIO=4&transport=websocket")).send(address).await;
    Request::get(target("EIO=4&transport=polling")).header("origin", "http://elsewhere").send(address).await;
    let session = Polling::open(server.endpoint()).await;
    assert_eq!(session.post("4".repeat(101)).await.status, 413);
    Request::new("PUT", session.target()).send(address).await;
    server
        .counts(&[
            (&refused("unknown transport"), 1),
            (&refused("unknown session"), 3),
            (&refused("bad handshake method"), 1),
            (&refused("bad request"), 1),
            (&refused("foreign origin"), 1),
            (&refused("body too large"), 1),
            (&refused("unknown method"), 1),
            (ACCEPTED, 1),
            (POLLING, 1),
        ])
        .await;
}

#[tokio::test]
async fn what_is_no_packet_of_the_engine_is_counted_by_what_is_wrong_with_it() {
    let server = Counted::start(SocketIoLayer::new().max_payload(1000)).await;
    for packet in ["x", "b!", ""] {
        let mut client = Client::open(server.endpoint(), Transport::WebSocket).await;
        client.send(packet).await;
        client.closed().await;
    }
    let reserved = [0xf1, 0x80, 0, 0, 0, 0];
    let large = pintle_tests::encode_frame(true, Opcode::Text, &[b'4'; 1001]);
    let not_utf8 = pintle_tests::encode_frame(true, Opcode::Text, b"4\xff");
    let pieces: Vec<u8> = std::iter::once(pintle_tests::encode_frame(false, Opcode::Text, b""))
        .chain(std::iter::repeat_n(pintle_tests::encode_frame(false, Opcode::Continuation, b""), 1024))
        .flatten()
        .collect();
    for bytes in [&reserved[..], &large, &not_utf8, &pieces] {
        let (mut client, _) = WebSocket::open(server.endpoint()).await;
        client.send_raw(bytes).await;
        client.closed().await;
    }
    let errors = [
        "unknown packet type",
        "binary packet is not base64",
        "empty packet",
        "websocket frame",
        "websocket message too large",
        "websocket text is not UTF-8",
        "websocket message in too many pieces",
    ]
    .map(malformed);
    let mut expected: Vec<(&str, u64)> = errors.iter().map(|error| (error.as_str(), 1)).collect();
    let (parse_error, transport_error) = (closed("parse error"), closed("transport error"));
    expected.extend([(ACCEPTED, 7), (&parse_error, 3), (&transport_error, 4)]);
    server.counts(&expected).await;
}

#[tokio::test]
async fn a_client_that_is_not_read_is_a_pause() {
    let never = async |socket: Socket| {
        socket.emit("begun", ()).expect("it is there");
        std::future::pending::<()>().await;
    };
    let server = Counted::start(SocketIoLayer::new().max_running(1).on("never", never)).await;
    let mut client = Client::join(server.endpoint(), Transport::WebSocket).await;
    client.send(r#"42["never"]"#).await;
    assert_eq!(client.text().await, r#"42["begun"]"#);
    server.count(r#"pintle_reading_pauses_total{reason="handlers"}"#, 1).await;
}

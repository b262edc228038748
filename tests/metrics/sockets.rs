//! Sockets, events and handlers.

use std::time::Duration;

use pintle::{ClientError, Data, Namespace, Socket, SocketIoLayer, StateRecovery};
use pintle_tests::{Client, Transport};
use serde_json::Value;

use crate::Counted;

const SESSION: (&str, u64) = (r#"pintle_handshakes_total{result="accepted"}"#, 1);
const HERE: (&str, u64) = (r#"pintle_sessions{transport="websocket"}"#, 1);
const SOCKET: (&str, u64) = (r#"pintle_sockets{namespace="/"}"#, 1);
const CONNECTED: (&str, u64) = (r#"pintle_connects_total{result="accepted"}"#, 1);

#[tokio::test]
async fn a_socket_is_there_until_it_leaves_or_is_put_out() {
    let layer = SocketIoLayer::new().namespace("/room", Namespace::new());
    let server = Counted::start(layer).await;
    let mut client = Client::join(server.endpoint(), Transport::WebSocket).await;
    client.send("40/room,").await;
    client.connected("/room,").await;
    let room = r#"pintle_sockets{namespace="/room"}"#;
    let connected = (CONNECTED.0, 2);
    server.counts(&[SESSION, HERE, SOCKET, (room, 1), connected]).await;
    client.send("41/room,").await;
    let left = (r#"pintle_disconnects_total{reason="client namespace disconnect"}"#, 1);
    server.counts(&[SESSION, HERE, SOCKET, connected, left]).await;
    server.io.disconnect_sockets();
    let put_out = (r#"pintle_disconnects_total{reason="server namespace disconnect"}"#, 1);
    server.counts(&[SESSION, HERE, connected, left, put_out]).await;
}

#[tokio::test]
async fn a_socket_is_gone_though_its_connect_handler_is_not() {
    let forever = async || std::future::pending::<()>().await;
    let server = Counted::start(SocketIoLayer::new().on_connect(forever)).await;
    let client = Client::join(server.endpoint(), Transport::WebSocket).await;
    drop(client);
    let closed = (r#"pintle_closes_total{reason="transport close"}"#, 1);
    let left = (r#"pintle_disconnects_total{reason="transport close"}"#, 1);
    server.counts(&[SESSION, CONNECTED, closed, left]).await;
}

#[tokio::test]
async fn those_who_are_not_let_in_are_counted_and_are_no_error() {
    let nobody = async || -> Result<(), ClientError> { Err(ClientError::new("nobody")) };
    let server = Counted::start(SocketIoLayer::new().middleware(nobody)).await;
    let mut client = Client::open(server.endpoint(), Transport::WebSocket).await;
    for (connect, answer) in [
        ("40", r#"44{"message":"nobody"}"#),
        ("40/x,", r#"44/x,{"message":"Invalid namespace"}"#),
        ("40", r#"44{"message":"nobody"}"#),
    ] {
        client.send(connect).await;
        assert_eq!(client.text().await, answer);
    }
    server
        .counts(&[
            SESSION,
            HERE,
            (r#"pintle_connects_total{result="refused"}"#, 2),
            (r#"pintle_connects_total{result="unknown namespace"}"#, 1),
        ])
        .await;
}

async fn fall() {
    panic!("on purpose");
}

async fn fall_later() {
    tokio::task::yield_now().await;
    panic!("on purpose");
}

#[tokio::test]
async fn handlers_are_counted_by_how_they_fail() {
    let layer = SocketIoLayer::new()
        .on("fails", async || -> Result<(), ClientError> { Err(ClientError::new("no")) })
        .on("reads", async |_: Data<u8>| {})
        .on("panics", fall)
        .on("panics later", fall_later)
        .namespace("/broken", Namespace::new().middleware(fall));
    let server = Counted::start(layer).await;
    let mut client = Client::join(server.endpoint(), Transport::WebSocket).await;
    for event in ["fails", "reads", "panics", "panics later"] {
        client.send(&format!(r#"421["{event}","x"]"#)).await;
        client.text().await;
    }
    client.send("40/broken,").await;
    assert_eq!(client.text().await, r#"44/broken,{"message":"internal error"}"#);
    server
        .counts(&[
            SESSION,
            HERE,
            SOCKET,
            CONNECTED,
            (r#"pintle_connects_total{result="refused"}"#, 1),
            (r#"pintle_events_total{namespace="/",event="fails"}"#, 1),
            (r#"pintle_events_total{namespace="/",event="reads"}"#, 1),
            (r#"pintle_events_total{namespace="/",event="panics"}"#, 1),
            (r#"pintle_events_total{namespace="/",event="panics later"}"#, 1),
            (r#"pintle_handler_errors_total{kind="returned"}"#, 1),
            (r#"pintle_handler_errors_total{kind="extractor"}"#, 1),
            (r#"pintle_handler_errors_total{kind="panic"}"#, 3),
        ])
        .await;
}

#[tokio::test]
async fn what_is_no_packet_of_socket_io_is_counted_by_what_is_wrong_with_it() {
    let layer = SocketIoLayer::new().on("x", async || {}).max_namespaces(1).namespace("/a", Namespace::new());
    let server = Counted::start(layer).await;
    for (packet, error) in [
        ("47", "unknown packet type"),
        ("45x", "illegal attachments"),
        ("4511-[\"x\"]", "too many attachments"),
        (r#"42["x",{]"#, "invalid payload"),
        ("4299999999999999999999[\"x\"]", "invalid acknowledgement id"),
        (r#"42["disconnect"]"#, "reserved event name"),
        ("40", "namespace connected twice"),
        ("42/b,[\"x\"]", "packet for a namespace that is not connected"),
        ("44{}", "connection error sent by a client"),
        ("40/a,", "too many namespaces"),
    ] {
        let mut client = Client::join(server.endpoint(), Transport::WebSocket).await;
        client.send(packet).await;
        client.closed().await;
        server.count(&format!("pintle_malformed_packets_total{{error={error:?}}}"), 1).await;
    }
    server.count(r#"pintle_limits_reached_total{limit="namespaces"}"#, 1).await;
    server.count(r#"pintle_closes_total{reason="forced close"}"#, 10).await;
    server.count(SOCKET.0, 0).await;

    let server = Counted::start(SocketIoLayer::new().connect_timeout(Duration::from_millis(20))).await;
    let _idle = Client::open(server.endpoint(), Transport::WebSocket).await;
    let late = (r#"pintle_malformed_packets_total{error="no namespace connected in time"}"#, 1);
    server.counts(&[SESSION, (r#"pintle_closes_total{reason="forced close"}"#, 1), late]).await;
}

#[tokio::test]
async fn acknowledgements_beyond_the_limit_are_counted() {
    let server = Counted::start(SocketIoLayer::new()).await;
    let _client = Client::join(server.endpoint(), Transport::WebSocket).await;
    let socket = server.io.sockets().pop().expect("the client's");
    let limit = 1000;
    let waiting: Vec<_> = (0..limit + 3).map(|_| socket.emit_with_ack::<()>("?", ())).collect();
    let reached = (r#"pintle_limits_reached_total{limit="pending acknowledgements"}"#, 3);
    server.counts(&[SESSION, HERE, SOCKET, CONNECTED, reached]).await;
    drop(waiting);
}

#[tokio::test]
async fn rooms_that_are_refused_are_counted() {
    let eager = async |socket: Socket| {
        let _ = socket.join("r".repeat(300));
    };
    let server = Counted::start(SocketIoLayer::new().middleware(eager)).await;
    let mut client = Client::open(server.endpoint(), Transport::WebSocket).await;
    client.send("40").await;
    let first = client.connected("").await;
    let _other = Client::join(server.endpoint(), Transport::WebSocket).await;
    for socket in server.io.sockets() {
        let _ = socket.join(&first);
    }
    server.count(r#"pintle_rooms_refused_total{reason="room name too long"}"#, 2).await;
    server.count(r#"pintle_rooms_refused_total{reason="room is the id of another socket"}"#, 1).await;
}

#[tokio::test]
async fn rooms_beyond_the_limit_are_counted() {
    let greedy = async |socket: Socket| {
        for room in ["a", "b", "c"] {
            let _ = socket.join(room);
        }
    };
    let server = Counted::start(SocketIoLayer::new().max_rooms(1).on_connect(greedy)).await;
    let _client = Client::join(server.endpoint(), Transport::WebSocket).await;
    let reached = (r#"pintle_limits_reached_total{limit="rooms"}"#, 2);
    let refused = (r#"pintle_rooms_refused_total{reason="socket is in too many rooms"}"#, 2);
    server.counts(&[SESSION, HERE, SOCKET, CONNECTED, reached, refused]).await;
}

#[tokio::test]
async fn volatile_packets_that_are_dropped_are_counted() {
    let server = Counted::start(SocketIoLayer::new()).await;
    // Nobody asks what there is to hear.
    let _client = Client::join(server.endpoint(), Transport::Polling).await;
    server.io.volatile().emit("now", ()).expect("what can be written as JSON");
    let socket = server.io.sockets().pop().expect("the client's");
    socket.volatile().emit("now", ()).expect("no error");
    server.count("pintle_volatile_dropped_total", 2).await;
}

/// Joins `/`, with what a client says that was there before, and gives its private id.
async fn join(client: &mut Client, past: &str) -> String {
    client.send(&format!("40{past}")).await;
    loop {
        if let Some(welcome) = client.text().await.strip_prefix("40") {
            let welcome: Value = serde_json::from_str(welcome).expect("JSON");
            return welcome["pid"].as_str().expect("a private id").to_owned();
        }
    }
}

#[tokio::test]
async fn clients_that_come_back_are_counted_by_whether_they_get_their_socket() {
    let layer = SocketIoLayer::new().recovery(StateRecovery::new());
    let server = Counted::start(layer).await;
    let mut client = Client::open(server.endpoint(), Transport::WebSocket).await;
    let pid = join(&mut client, "").await;
    drop(client);
    server.count(SOCKET.0, 0).await;
    let mut client = Client::open(server.endpoint(), Transport::WebSocket).await;
    join(&mut client, &format!(r#"{{"pid":"{pid}"}}"#)).await;
    assert!(server.io.sockets()[0].is_recovered());
    server.count(r#"pintle_recoveries_total{result="restored"}"#, 1).await;
    server.count(SOCKET.0, 1).await;
    let mut stranger = Client::open(server.endpoint(), Transport::WebSocket).await;
    join(&mut stranger, r#"{"pid":"aaaaaaaaaaaaaaaaaaaa"}"#).await;
    server.count(r#"pintle_recoveries_total{result="not restored"}"#, 1).await;
    server.count(r#"pintle_recoveries_total{result="restored"}"#, 1).await;
    server.count(SOCKET.0, 2).await;
    drop((client, stranger));
    server.count(SOCKET.0, 0).await;
}

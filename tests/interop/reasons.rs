//! Why a socket left, as the server tells it (S-58). Here the client does by hand what a real one never would.

use std::time::Duration;

use pintle_tests::{
    Client, Endpoint, HttpConnection, Polling, Request, Transport, WebSocket, judging_reference, within,
};

use crate::Host;
use crate::app::Times;

/// A client of either transport in `/`, and its socket's id.
async fn joined(endpoint: Endpoint, transport: Transport) -> (Client, String) {
    let mut client = Client::open(endpoint, transport).await;
    client.send("40").await;
    let id = client.connected("").await;
    assert_eq!(client.text().await, r#"42["auth",{}]"#);
    (client, id)
}

async fn over_polling(endpoint: Endpoint) -> (Polling, String) {
    match joined(endpoint, Transport::Polling).await {
        (Client::Polling(session), id) => (session, id),
        (Client::WebSocket(_), _) => unreachable!("as opened"),
    }
}

async fn over_websocket(endpoint: Endpoint) -> (WebSocket, String) {
    match joined(endpoint, Transport::WebSocket).await {
        (Client::WebSocket(socket), id) => (socket, id),
        (Client::Polling(_), _) => unreachable!("as opened"),
    }
}

/// The reason that the server gives; waits until the socket has left.
async fn departure(host: &Host, id: &str) -> String {
    let request = Request::get(format!("/departures/{id}"));
    within("the socket to leave", request.send(host.address())).await.text().to_owned()
}

#[tokio::test]
async fn ping_timeout() {
    let host = Host::start(Times::SHORT).await;
    for transport in Transport::BOTH {
        let (_silent, id) = joined(host.socket_io(), transport).await;
        assert_eq!(departure(&host, &id).await, "ping timeout");
    }
}

#[tokio::test]
async fn a_client_that_leaves_the_namespace() {
    let host = Host::start(Times::CALM).await;
    for transport in Transport::BOTH {
        let (mut client, id) = joined(host.socket_io(), transport).await;
        client.send("41").await;
        assert_eq!(departure(&host, &id).await, "client namespace disconnect");
        client.assert_open().await;
    }
}

#[tokio::test]
async fn a_client_that_closes_is_a_transport_close() {
    let host = Host::start(Times::CALM).await;
    let (session, id) = over_polling(host.socket_io()).await;
    session.push("1").await;
    assert_eq!(departure(&host, &id).await, "transport close");

    let (mut socket, id) = over_websocket(host.socket_io()).await;
    socket.send_close().await;
    socket.ended().await;
    drop(socket);
    assert_eq!(departure(&host, &id).await, "transport close");

    // The end of the stream without a word.
    let (socket, id) = over_websocket(host.socket_io()).await;
    drop(socket);
    assert_eq!(departure(&host, &id).await, "transport close");
}

#[tokio::test]
async fn a_client_that_dies_is_a_transport_close_or_error() {
    let host = Host::start(Times::CALM).await;
    let (socket, id) = over_websocket(host.socket_io()).await;
    socket.abort();
    let reason = departure(&host, &id).await;
    assert!(["transport close", "transport error"].contains(&&*reason), "{reason}");
}

#[tokio::test]
async fn misuse_of_the_transport_is_a_transport_error() {
    let host = Host::start(Times::CALM).await;
    // Two GETs at a time.
    let (session, id) = over_polling(host.socket_io()).await;
    let _gets = [session.start_get().await, session.start_get().await];
    assert_eq!(departure(&host, &id).await, "transport error");

    // A GET given up.
    let (session, id) = over_polling(host.socket_io()).await;
    let mut get = session.start_get().await;
    assert!(get.stays_silent(Duration::from_millis(50)).await);
    get.abort();
    assert_eq!(departure(&host, &id).await, "transport error");

    // A POST given up.
    let (session, id) = over_polling(host.socket_io()).await;
    let mut post = HttpConnection::open(host.address()).await;
    post.request(&Request::post(session.target(), "").header("content-length", "100")).await;
    assert!(post.stays_silent(Duration::from_millis(50)).await);
    post.abort();
    assert_eq!(departure(&host, &id).await, "transport error");

    // A heartbeat in the wrong direction.
    for transport in Transport::BOTH {
        let (mut client, id) = joined(host.socket_io(), transport).await;
        client.offend("2").await;
        assert_eq!(departure(&host, &id).await, "transport error");
    }

    // A message over the limit.
    let (mut socket, id) = over_websocket(host.socket_io()).await;
    let _ = socket.try_send_raw(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41, 1, 2, 3, 4]).await;
    assert_eq!(departure(&host, &id).await, "transport error");
}

#[tokio::test]
async fn a_malformed_engine_packet_is_a_parse_error() {
    let host = Host::start(Times::CALM).await;
    for transport in Transport::BOTH {
        let (mut client, id) = joined(host.socket_io(), transport).await;
        client.offend("abc").await;
        assert_eq!(departure(&host, &id).await, "parse error");
    }
}

#[tokio::test]
async fn a_malformed_packet_is_a_forced_close() {
    let host = Host::start(Times::CALM).await;
    for transport in Transport::BOTH {
        let (mut client, id) = joined(host.socket_io(), transport).await;
        client.offend("42[").await;
        // Over polling Node waits for the client to hear of it.
        client.closed().await;
        assert_eq!(departure(&host, &id).await, "forced close");
    }
}

#[tokio::test]
async fn a_violation_is_a_forced_server_close() {
    let host = Host::start(Times::CALM).await;
    for transport in Transport::BOTH {
        for packet in ["40", r#"42/custom,["message"]"#] {
            let (mut client, id) = joined(host.socket_io(), transport).await;
            client.offend(packet).await;
            client.closed().await;
            let reason = departure(&host, &id).await;
            // Node says so only where the transport cannot close at once.
            assert!(reason == "forced server close" || judging_reference(), "{reason}");
        }
    }
}

//! The client closes.

use std::time::Duration;

use pintle_tests::{Client, Polling, Transport, WebSocket, judging_reference};

use crate::Host;

/// E-42
#[tokio::test]
async fn a_client_closes_over_polling() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let mut get = session.start_get().await;
        assert!(get.stays_silent(Duration::from_millis(50)).await);
        session.push("1").await;
        assert_eq!(get.response().await.text(), "6");
        session.assert_gone().await;
    }
}

/// E-42
#[tokio::test]
async fn a_client_closes_over_polling_while_nothing_is_pending() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        session.push("1").await;
        session.assert_gone().await;
    }
}

/// H-064
#[tokio::test]
async fn what_follows_a_close_is_ignored() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut get = session.start_get().await;
    assert!(get.stays_silent(Duration::from_millis(50)).await);
    session.push("1\u{1e}4hello").await;
    assert_eq!(get.response().await.text(), "6");
    session.assert_gone().await;
}

/// E-59
#[tokio::test]
async fn a_client_closes_over_a_websocket() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let (mut socket, _) = WebSocket::open(endpoint).await;
        socket.send_close().await;
        let frame = socket.receive().await;
        assert!(frame.close().is_some(), "{frame:?}");
        socket.ended().await;
    }
}

/// E-59: the server has nothing to say about why; that is the business of the packets before.
#[tokio::test]
async fn e_59_the_server_closes_a_websocket_without_a_code() {
    let host = Host::start().await;
    let mut client = Client::join(host.socket_io(), Transport::WebSocket).await;
    client.offend("40").await;
    let Client::WebSocket(mut socket) = client else { unreachable!("as opened") };
    let last = loop {
        let frame = socket.receive().await;
        if frame.close().is_some() {
            break frame;
        }
    };
    assert_eq!(last.close(), Some(None), "{last:?}");
    // Node waits for the answer.
    socket.send_close().await;
    socket.ended().await;
}

/// E-53: Node waits for the heartbeat instead.
#[tokio::test]
async fn a_close_packet_ends_a_websocket_session() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let (mut socket, _) = WebSocket::open(endpoint).await;
        socket.send("1").await;
        socket.closed().await;
    }
}

/// The end of a session of one client is nothing to another.
#[tokio::test]
async fn others_do_not_notice_that_a_client_closes() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut other = Client::open(host.engine_io(), transport).await;
        let session = Polling::open(host.engine_io()).await;
        session.push("1").await;
        let (mut socket, _) = WebSocket::open(host.engine_io()).await;
        socket.send_close().await;
        socket.ended().await;
        WebSocket::open(host.engine_io()).await.0.abort();
        other.send("4still here").await;
        assert_eq!(other.text().await, "4still here");
    }
}

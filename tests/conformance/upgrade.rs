//! From long-polling to a WebSocket.

use std::time::Duration;

use axum::Router;
use conformance_host::Times;
use pintle::SocketIoLayer;
use pintle_tests::{
    Endpoint, HttpConnection, Opcode, Polling, Request, TestServer, WebSocket, encode_frame, judging_reference, within,
};
use serde_json::json;

use crate::Host;

const PROBE: &str = "2probe";
const PROBE_ANSWER: &str = "3probe";
const UPGRADE: &str = "5";
const NOOP: &str = "6";

const SHORT_UPGRADE: Times = Times { upgrade_timeout: Duration::from_millis(150), ..Times::CALM };

/// A WebSocket that the session knows of, and has answered.
async fn probe(endpoint: Endpoint, session: &Polling) -> WebSocket {
    let mut socket = WebSocket::connect(endpoint, &session.upgrade_query()).await;
    socket.send(PROBE).await;
    assert_eq!(socket.text().await, PROBE_ANSWER);
    socket
}

/// A session on a WebSocket that began on polling.
async fn upgraded(endpoint: Endpoint) -> (Polling, WebSocket) {
    let session = Polling::open(endpoint).await;
    let mut socket = probe(endpoint, &session).await;
    socket.send(UPGRADE).await;
    assert_echo(&mut socket, "4upgraded").await;
    (session, socket)
}

async fn assert_echo(socket: &mut WebSocket, packet: &str) {
    socket.send(packet).await;
    assert_eq!(socket.receive().await.text(), Some(packet));
}

/// Asserts that a WebSocket for this session is of no use: refused, or closed at once as by Node.
async fn assert_turned_away(endpoint: Endpoint, query: &str) {
    match WebSocket::try_connect(endpoint, query).await {
        Err(response) => assert_eq!(response.status, 400),
        Ok(mut socket) => {
            socket.closed().await;
        }
    }
}

async fn assert_polling_works(session: &mut Polling) {
    session.push("4still here").await;
    while session.receive().await != "4still here" {}
}

/// E-54
#[tokio::test]
async fn a_session_moves_to_a_websocket() {
    let host = Host::start().await;
    let (_session, mut socket) = upgraded(host.engine_io()).await;
    assert_echo(&mut socket, "4hello").await;
    socket.send_binary(&[1, 2, 3]).await;
    assert_eq!(socket.receive().await.binary(), Some(&[1, 2, 3][..]));
}

/// E-54, H-090: while the client waits for its GET it cannot stop polling.
#[tokio::test]
async fn a_pending_get_is_answered_by_a_noop_once_the_websocket_is_probed() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut get = session.start_get().await;
    assert!(get.stays_silent(Duration::from_millis(50)).await);
    let mut socket = probe(host.engine_io(), &session).await;
    assert_eq!(get.response().await.text(), NOOP);
    // So is the next.
    assert_eq!(session.poll().await, [NOOP]);
    socket.send(UPGRADE).await;
    assert_echo(&mut socket, "4hello").await;
}

/// E-54: messages keep going out on polling until the client says so.
#[tokio::test]
async fn polling_works_until_the_upgrade_is_done() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut socket = probe(host.engine_io(), &session).await;
    session.push("4over polling").await;
    assert_eq!(session.poll().await, ["4over polling"]);
    session.push("4over the websocket").await;
    socket.send(UPGRADE).await;
    assert_eq!(socket.receive().await.text(), Some("4over the websocket"));
}

/// E-54, H-091
#[tokio::test]
async fn messages_keep_their_order_across_the_upgrade() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    session.push("40\u{1e}41\u{1e}42").await;
    let mut socket = probe(host.engine_io(), &session).await;
    session.push("43\u{1e}44").await;
    socket.send(UPGRADE).await;
    for packet in ["45", "46", "47"] {
        socket.send(packet).await;
    }
    for number in 0..8 {
        assert_eq!(socket.receive().await.text(), Some(&*format!("4{number}")));
    }
}

/// H-092: a request that is on its way when the transport changes counts as a whole, or not at all.
#[tokio::test]
async fn a_post_under_way_during_the_upgrade_is_taken_whole_or_refused() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut socket = probe(host.engine_io(), &session).await;
    let mut post = HttpConnection::open(host.address()).await;
    post.request(&Request::post(session.target(), "").header("content-length", "9")).await;
    post.send("4po").await;
    assert!(post.stays_silent(Duration::from_millis(50)).await);
    socket.send(UPGRADE).await;
    assert_echo(&mut socket, "4upgraded").await;
    // Node has cut the connection by now.
    let _ = post.try_send("st\u{1e}4me").await;
    if post.response_or_end().await.is_some_and(|response| response.status == 200) {
        assert_eq!(socket.receive().await.text(), Some("4post"));
        assert_eq!(socket.receive().await.text(), Some("4me"));
    }
    assert_echo(&mut socket, "4still here").await;
}

/// E-55, H-066
#[tokio::test]
async fn polling_is_over_after_the_upgrade() {
    let host = Host::start().await;
    let (session, mut socket) = upgraded(host.engine_io()).await;
    for response in [session.get().await, session.post("4hello").await] {
        assert_eq!((response.status, response.text()), (400, r#"{"code":3,"message":"Bad request"}"#));
    }
    assert_echo(&mut socket, "4still here").await;
}

/// E-28, H-089
#[tokio::test]
async fn a_second_websocket_after_the_upgrade_is_turned_away() {
    let host = Host::start().await;
    let (session, mut socket) = upgraded(host.engine_io()).await;
    assert_turned_away(host.engine_io(), &session.upgrade_query()).await;
    assert_echo(&mut socket, "4still here").await;
}

/// E-28, H-089
#[tokio::test]
async fn a_second_websocket_during_the_upgrade_is_turned_away() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut socket = probe(host.engine_io(), &session).await;
    assert_turned_away(host.engine_io(), &session.upgrade_query()).await;
    socket.send(UPGRADE).await;
    assert_echo(&mut socket, "4still here").await;
}

/// E-28: Node lets the second take over a session that began on a WebSocket.
#[tokio::test]
async fn a_second_websocket_for_a_websocket_session_is_turned_away() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    let (mut socket, open) = WebSocket::open(host.engine_io()).await;
    let sid = open["sid"].as_str().expect("an id");
    assert_turned_away(host.engine_io(), &format!("EIO=4&transport=websocket&sid={sid}")).await;
    assert_echo(&mut socket, "4still here").await;
}

/// E-54, H-086
#[tokio::test]
async fn a_websocket_that_goes_away_leaves_polling_alone() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    WebSocket::connect(host.engine_io(), &session.upgrade_query()).await.abort();
    assert_polling_works(&mut session).await;
    probe(host.engine_io(), &session).await.abort();
    assert_polling_works(&mut session).await;
    let mut socket = probe(host.engine_io(), &session).await;
    socket.send_close().await;
    socket.ended().await;
    assert_polling_works(&mut session).await;
}

/// H-086: a later attempt may do better.
#[tokio::test]
async fn an_upgrade_may_be_tried_again() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut first = probe(host.engine_io(), &session).await;
    first.send_close().await;
    first.ended().await;
    drop(first);
    let mut second = within("a second attempt to be taken", async {
        loop {
            let mut second = WebSocket::connect(host.engine_io(), &session.upgrade_query()).await;
            second.send(PROBE).await;
            let answer = second.frame().await;
            if answer.is_some_and(|answer| answer.text() == Some(PROBE_ANSWER)) {
                break second;
            }
            assert!(judging_reference(), "Node learns of the first one's end a little later");
        }
    })
    .await;
    second.send(UPGRADE).await;
    assert_echo(&mut second, "4hello").await;
}

/// E-54, H-087
#[tokio::test]
async fn a_wrong_first_packet_ends_the_websocket_and_not_the_session() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    for packet in ["4hello", "2", "2probex", "2Probe", "3probe", "1", "6", "abc", ""] {
        let mut socket = WebSocket::connect(host.engine_io(), &session.upgrade_query()).await;
        socket.send(packet).await;
        socket.closed().await;
        assert_polling_works(&mut session).await;
    }
    let mut socket = WebSocket::connect(host.engine_io(), &session.upgrade_query()).await;
    socket.send_binary(b"2probe").await;
    socket.closed().await;
    assert_polling_works(&mut session).await;
}

/// H-087: Node takes it.
#[tokio::test]
async fn an_upgrade_without_a_probe_ends_the_websocket_and_not_the_session() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    let mut socket = WebSocket::connect(host.engine_io(), &session.upgrade_query()).await;
    socket.send(UPGRADE).await;
    socket.closed().await;
    assert_polling_works(&mut session).await;
}

/// E-54
#[tokio::test]
async fn a_message_before_the_upgrade_is_done_ends_the_websocket_and_not_the_session() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    let mut socket = probe(host.engine_io(), &session).await;
    socket.send("4hello").await;
    socket.closed().await;
    assert_polling_works(&mut session).await;
}

/// H-088: Node answers each.
#[tokio::test]
async fn a_second_probe_ends_the_websocket_and_not_the_session() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    let mut socket = probe(host.engine_io(), &session).await;
    socket.send(PROBE).await;
    socket.closed().await;
    assert_polling_works(&mut session).await;
}

/// H-096
#[tokio::test]
async fn a_probe_over_the_limit_ends_the_websocket_and_not_the_session() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    let mut socket = WebSocket::connect(host.engine_io(), &session.upgrade_query()).await;
    // The header of a text frame of 1,000,001 bytes.
    socket.send_raw(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41, 1, 2, 3, 4]).await;
    socket.closed().await;
    assert_polling_works(&mut session).await;
}

/// E-07, E-54, H-085
#[tokio::test]
async fn an_upgrade_that_takes_too_long_leaves_polling_alone() {
    let host = Host::with(SHORT_UPGRADE).await;
    let session = Polling::open(host.socket_io()).await;
    let mut silent = WebSocket::connect(host.socket_io(), &session.upgrade_query()).await;
    silent.closed().await;
    session.assert_open().await;
    let mut probed = probe(host.socket_io(), &session).await;
    probed.closed().await;
    session.assert_open().await;
}

/// E-07: the time for the upgrade is no longer counted afterwards.
#[tokio::test]
async fn a_session_outlives_the_time_for_its_upgrade() {
    let host = Host::with(SHORT_UPGRADE).await;
    let session = Polling::open(host.socket_io()).await;
    let mut socket = probe(host.socket_io(), &session).await;
    socket.send(UPGRADE).await;
    assert!(socket.stays_silent(Duration::from_millis(400)).await);
    socket.assert_open().await;
}

/// H-094
#[tokio::test]
async fn the_end_of_the_session_ends_its_upgrade() {
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut socket = probe(host.engine_io(), &session).await;
    session.push("1").await;
    socket.closed().await;
    session.assert_gone().await;
}

/// E-51: the heartbeat goes on, on the new transport.
#[tokio::test]
async fn the_heartbeat_goes_on_after_the_upgrade() {
    let host = Host::hasty().await;
    let (_session, mut socket) = upgraded(host.engine_io()).await;
    for _ in 0..3 {
        assert_eq!(socket.text().await, "2");
        socket.send("3").await;
    }
    assert_echo(&mut socket, "4still here").await;
}

/// H-085b: a client in a hurry.
#[tokio::test]
async fn what_comes_together_with_the_request_is_not_lost() {
    let host = Host::start().await;
    let endpoint = host.engine_io();
    let session = Polling::open(endpoint).await;
    let early = [PROBE, UPGRADE, "4hello"].map(|packet| encode_frame(true, Opcode::Text, packet.as_bytes()));
    let request = WebSocket::request(endpoint.target(&session.upgrade_query()));
    let mut socket = WebSocket::ask_and_send(endpoint, &request, &early.concat()).await.expect("a WebSocket");
    assert_eq!(socket.text().await, PROBE_ANSWER);
    assert_eq!(socket.receive().await.text(), Some("4hello"));
}

/// H-098
#[tokio::test]
async fn an_upgrade_that_is_not_on_offer_is_refused() {
    if judging_reference() {
        // It honours the request all the same.
        return;
    }
    let layer = SocketIoLayer::new().allow_upgrades(false);
    let server = TestServer::start(Router::new().layer(layer)).await;
    let session = Polling::open(server.socket_io()).await;
    assert_eq!(session.handshake()["upgrades"], json!([]));
    let refused = WebSocket::try_connect(server.socket_io(), &session.upgrade_query()).await;
    assert_eq!(refused.expect_err("refused").status, 400);
    session.assert_open().await;
}

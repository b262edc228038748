//! The WebSocket under the session: RFC 6455, as far as a client can get it wrong.

use pintle_tests::{Opcode, Polling, Request, WebSocket, encode_frame};

use crate::Host;

const QUERY: &str = "EIO=4&transport=websocket";

/// E-26, H-011
#[tokio::test]
async fn a_request_that_asks_wrongly_is_refused() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let proper = WebSocket::request(endpoint.target(QUERY));
        for request in [
            proper.clone().without("sec-websocket-key"),
            proper.clone().header("sec-websocket-key", "c2hvcnQ="),
            proper.clone().header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ!!"),
            proper.clone().without("sec-websocket-version"),
            proper.clone().header("sec-websocket-version", "7"),
        ] {
            let refused = WebSocket::ask(endpoint, &request).await;
            assert_eq!(refused.expect_err("refused").status, 400, "{request:?}");
        }
    }
}

/// E-26: for a session that is there, since without one the method is judged before.
#[tokio::test]
async fn e_26_a_websocket_begins_with_a_get() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let post = Request::new("POST", endpoint.target(&session.upgrade_query()))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(post.send(endpoint.address()).await.status, 405);
        session.assert_open().await;
    }
}

/// E-26
#[tokio::test]
async fn the_first_subprotocol_on_offer_is_taken() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let request = WebSocket::request(endpoint.target(QUERY)).header("sec-websocket-protocol", "first, second");
        let socket = WebSocket::ask(endpoint, &request).await.expect("a WebSocket");
        assert_eq!(socket.switched().header("sec-websocket-protocol"), Some("first"));
    }
}

/// H-085d: browsers offer compression always.
#[tokio::test]
async fn compression_is_not_agreed_to() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let request = WebSocket::request(endpoint.target(QUERY))
            .header("sec-websocket-extensions", "permessage-deflate; client_max_window_bits");
        WebSocket::ask(endpoint, &request).await.expect("a WebSocket").assert_open().await;
    }
}

/// H-077: a ping may come between, and is answered at once.
#[tokio::test]
async fn a_message_may_come_in_fragments() {
    let host = Host::start().await;
    let (mut socket, _) = WebSocket::open(host.engine_io()).await;
    socket.send_frame(false, Opcode::Text, b"4a\xf0\x9d").await;
    socket.assert_open().await;
    socket.send_frame(false, Opcode::Continuation, b"").await;
    socket.send_frame(true, Opcode::Continuation, b"\x95\x8a").await;
    assert_eq!(socket.receive().await.text(), Some("4a\u{1d54a}"));
}

/// H-085c
#[tokio::test]
async fn a_frame_may_come_byte_by_byte() {
    let host = Host::start().await;
    let (mut socket, _) = WebSocket::open(host.engine_io()).await;
    for byte in encode_frame(true, Opcode::Text, b"4hello") {
        socket.send_raw(&[byte]).await;
    }
    assert_eq!(socket.receive().await.text(), Some("4hello"));
}

/// H-074, H-077, H-078, H-079: wrong frames, and the code that says so.
#[tokio::test]
async fn wrong_frames_end_the_session() {
    let host = Host::start().await;
    for (what, bytes, code) in [
        ("not masked", &b"\x81\x01\x34"[..], 1002),
        ("reserved bit", b"\xc1\x81\0\0\0\0\x34", 1002),
        ("unknown opcode", b"\x83\x81\0\0\0\0\x34", 1002),
        ("unknown control opcode", b"\x8b\x80\0\0\0\0", 1002),
        ("continuation of nothing", b"\x80\x80\0\0\0\0", 1002),
        ("fragmented ping", b"\x09\x80\0\0\0\0", 1002),
        ("long ping", b"\x89\xfe\0\x7e\0\0\0\0", 1002),
        ("text within a text", b"\x01\x81\0\0\0\0\x34\x81\x81\0\0\0\0\x34", 1002),
        ("text that is not UTF-8", b"\x81\x82\0\0\0\0\x34\xff", 1007),
        ("close of one byte", b"\x88\x81\0\0\0\0\x03", 1002),
        ("close with a code that is none", b"\x88\x82\0\0\0\0\x03\xed", 1002),
    ] {
        let (mut socket, _) = WebSocket::open(host.engine_io()).await;
        socket.send_raw(bytes).await;
        assert_eq!(socket.closed().await, Some(code), "{what}");
        socket.ended().await;
    }
}

/// H-080
#[tokio::test]
async fn what_follows_a_close_frame_is_ignored() {
    let host = Host::start().await;
    let (mut socket, _) = WebSocket::open(host.engine_io()).await;
    let close_and_more = [encode_frame(true, Opcode::Close, b""), encode_frame(true, Opcode::Text, b"4hello")];
    socket.send_raw(&close_and_more.concat()).await;
    let frame = socket.receive().await;
    assert!(frame.close().is_some(), "{frame:?}");
    socket.ended().await;
}

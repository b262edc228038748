//! What is no Engine.IO packet ends the session, and only that.

use pintle_tests::{
    Client, HttpConnection, Opcode, Polling, Request, Transport, WebSocket, encode_binary, judging_reference,
};

use crate::Host;

/// E-42, H-052, H-053, H-056, H-058
#[tokio::test]
async fn a_malformed_payload_is_refused_and_ends_the_session() {
    let host = Host::start().await;
    for payload in [&b"abc"[..], b"7", b"9", b"{", b" 4a", b"", b"\x1e", b"4a\x1e", b"\x1e4a", b"4a\x1e\x1e4b"] {
        let session = Polling::open(host.engine_io()).await;
        let response = session.offend(payload).await;
        // Node cuts the connection, or says `ok` first.
        if !judging_reference() {
            let response = response.expect("a response");
            assert_eq!((response.status, response.text()), (400, ""), "{payload:?}");
        }
        session.closed().await;
    }
}

/// H-056, H-058: Node guesses what was meant.
#[tokio::test]
async fn what_is_no_text_and_no_base64_ends_the_session() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    for payload in [&b"4\xff"[..], b"4\xc3", b"4\xed\xa0\x80", b"4\xc0\xaf", b"b!!!!", b"b=", b"bA", b"bAQ==AQ=="] {
        let session = Polling::open(host.engine_io()).await;
        let response = session.post(payload).await;
        assert_eq!((response.status, response.text()), (400, ""), "{payload:?}");
        session.closed().await;
    }
}

/// E-47, H-084
#[tokio::test]
async fn a_malformed_websocket_message_ends_the_session() {
    let host = Host::start().await;
    for text in ["abc", "7", "{", " 4a", ""] {
        let (mut socket, _) = WebSocket::open(host.engine_io()).await;
        socket.send(text).await;
        socket.closed().await;
    }
}

/// E-53, H-054
#[tokio::test]
async fn packets_that_mean_nothing_from_a_client_are_ignored() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.engine_io(), transport).await;
        for packet in ["0", "0{}", "5", "6", "6abc", "3", "3probe"] {
            client.send(packet).await;
        }
        client.send("4still here").await;
        assert_eq!(client.text().await, "4still here");
    }
}

/// A malformed packet is its sender's affair.
#[tokio::test]
async fn others_do_not_notice_a_malformed_packet() {
    let host = Host::start().await;
    for transport in Transport::BOTH {
        let mut other = Client::open(host.engine_io(), transport).await;
        let mut culprit = Client::open(host.engine_io(), transport).await;
        culprit.offend("abc").await;
        culprit.closed().await;
        other.send("4still here").await;
        assert_eq!(other.text().await, "4still here");
    }
}

/// E-40, H-049
#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_the_session_lives_on() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let response = session.post("4".repeat(1_000_001)).await;
        assert_eq!((response.status, response.text()), (413, ""));
        session.assert_open().await;
    }
}

/// H-049: nobody has to send a megabyte to learn that it is too much. Node reads it first.
#[tokio::test]
async fn a_body_that_is_announced_as_too_large_is_refused_at_once() {
    if judging_reference() {
        return;
    }
    let host = Host::start().await;
    let session = Polling::open(host.engine_io()).await;
    let mut connection = HttpConnection::open(host.address()).await;
    connection.request(&Request::post(session.target(), "").header("content-length", "1000001")).await;
    let response = connection.response().await;
    assert_eq!((response.status, response.text()), (413, ""));
    session.assert_open().await;
}

/// E-40: the limit is on the whole body, not on a packet.
#[tokio::test]
async fn a_body_at_the_limit_is_taken() {
    let host = Host::start().await;
    let mut session = Polling::open(host.engine_io()).await;
    let half = format!("4{}", "x".repeat(499_998));
    session.push(format!("{half}\u{1e}{half}x")).await;
    assert_eq!(session.receive().await.len(), 499_999);
    assert_eq!(session.receive().await.len(), 500_000);
}

/// E-08, H-075
#[tokio::test]
async fn a_websocket_message_over_the_limit_ends_the_session_with_1009() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let (mut socket, _) = WebSocket::open(endpoint).await;
        // The header of a text frame of 1,000,001 bytes proves it; the bytes need not come.
        socket.send_raw(&[0x81, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41, 1, 2, 3, 4]).await;
        assert_eq!(socket.closed().await, Some(1009));
    }
}

/// H-075
#[tokio::test]
async fn fragments_over_the_limit_end_the_session_with_1009() {
    let host = Host::start().await;
    let (mut socket, _) = WebSocket::open(host.engine_io()).await;
    socket.send_frame(false, Opcode::Text, &[b'4'; 600_000]).await;
    socket.send_frame(false, Opcode::Continuation, &[b'4'; 400_000]).await;
    socket.send_frame(false, Opcode::Continuation, b"4").await;
    assert_eq!(socket.closed().await, Some(1009));
}

/// E-08
#[tokio::test]
async fn a_websocket_message_at_the_limit_is_taken() {
    let host = Host::start().await;
    let (mut socket, _) = WebSocket::open(host.engine_io()).await;
    let text = "4".repeat(1_000_000);
    socket.send(&text).await;
    assert!(socket.receive().await.text() == Some(&text));
    let data = vec![1; 1_000_000];
    socket.send_binary(&data).await;
    assert!(socket.receive().await.binary() == Some(&data));
    // In its polling form it is larger, and counts as what is sent.
    let session = Polling::open(host.engine_io()).await;
    assert_eq!(session.post(encode_binary(&data)).await.status, 413);
}

//! Heads of requests that no client writes: hyper reads them, and what it lets through reaches us.

use std::time::Duration;

use axum::http::HeaderMap;
use pintle::{Ack, Socket};
use pintle_tests::{Endpoint, HttpConnection, Polling, Request, WebSocket};

use crate::attack::{ask_session, leave, withstand};
use crate::scene::realtime;

const OPEN: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";

/// What hyper has read beyond the request for a WebSocket is the first frame, and a wrong one.
#[tokio::test]
async fn a06_bytes_behind_the_request_for_a_websocket_are_judged_as_frames() {
    withstand(realtime(), async |endpoint| {
        let request = WebSocket::request(endpoint.target(WEBSOCKET));
        let mut socket = WebSocket::ask_and_send(endpoint, &request, b"test").await.expect("a WebSocket");
        // "t" has all reserved bits.
        assert_eq!(socket.closed().await, Some(1002));
        socket.ended().await;

        let session = Polling::open(endpoint).await;
        let request = WebSocket::request(endpoint.target(&session.upgrade_query()));
        let mut socket = WebSocket::ask_and_send(endpoint, &request, b"test").await.expect("a WebSocket");
        socket.ended().await;
        leave(&session).await;
    })
    .await;
}

/// A body that is announced with the request never comes: nothing waits for it longer than for anything else.
#[tokio::test]
async fn a06_h011_a_request_for_a_websocket_with_a_body_harms_nobody() {
    withstand(realtime().upgrade_timeout(Duration::from_millis(100)), async |endpoint| {
        for length in ["0", "4", "1000000"] {
            let session = Polling::open(endpoint).await;
            for query in [&session.upgrade_query(), WEBSOCKET] {
                let request = WebSocket::request(endpoint.target(query)).header("content-length", length);
                let mut connection = HttpConnection::open(endpoint.address()).await;
                connection.request(&request).await;
                let _ = connection.try_send("test").await;
                // hyper gives us what is behind the body, and nothing is: the time for a probe ends it, or the heartbeat.
                assert_eq!(connection.response().await.status, 101);
                connection.rest().await;
                if query != WEBSOCKET {
                    leave(&session).await;
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a07_h015_an_upgrade_to_something_else_may_end_in_a_reset() {
    withstand(realtime(), async |endpoint| {
        for protocol in ["h2c", "TLS/1.0", "websocket2", "h2c, websocket"] {
            for path in ["/other", "/socket.io/", "/socket.io/?EIO=4&transport=websocket"] {
                let request = Request::get(path)
                    .header("connection", "Upgrade, HTTP2-Settings")
                    .header("upgrade", protocol)
                    .header("http2-settings", "AAMAAABkAARAAAAAAAIAAAAA");
                let mut connection = HttpConnection::open(endpoint.address()).await;
                connection.request(&request).await;
                connection.abort();

                let mut connection = HttpConnection::open(endpoint.address()).await;
                connection.request(&request).await;
                let status = connection.response().await.status;
                assert!(matches!(status, 400 | 404), "{status}: {request:?}");
                connection.abort();
            }
        }
    })
    .await;
}

/// Each header that somebody reads, ours or the app's, on each way in.
#[tokio::test]
async fn a53_h016_the_bytes_of_no_header_are_taken_for_text() {
    let details = async |socket: Socket, headers: HeaderMap| {
        let details = serde_json::to_value(socket.handshake_details()).expect("it is plain data");
        Ack((headers.len() == socket.handshake().headers().len(), details["headers"].is_object()))
    };
    withstand(realtime().any_origin().on("details", details), async |endpoint| {
        let long = [b'a'; 8_192];
        for name in [
            "origin",
            "host",
            "cookie",
            "user-agent",
            "content-type",
            "authorization",
            "accept-encoding",
            "x-forwarded-for",
            "x-forwarded-proto",
            "sec-websocket-protocol",
            "sec-websocket-extensions",
            "sec-websocket-version",
            "sec-websocket-key",
        ] {
            for value in [&b""[..], b"\xff\xfe", b"\x80", b"\xc3\xa9", b"\t", b",,, ,", b";=;\"", &long] {
                let ours = name.starts_with("sec-websocket");
                try_on_polling(endpoint, name, value).await;
                let head = raw_head(WEBSOCKET, name, value);
                let mut connection = HttpConnection::open(endpoint.address()).await;
                connection.send(head).await;
                let status = connection.response().await.status;
                assert!(status == 101 || (ours || name == "host") && status == 400, "{name} {value:?}: {status}");
            }
        }
    })
    .await;
}

/// A session that was opened with such a header, and a handler that reads it.
async fn try_on_polling(endpoint: Endpoint, name: &str, value: &[u8]) {
    let mut connection = HttpConnection::open(endpoint.address()).await;
    connection.send(raw_head(OPEN, name, value)).await;
    let opened = connection.response().await;
    if name == "host" && opened.status == 400 {
        return;
    }
    assert_eq!(ask_session(endpoint, &opened, "details").await, "[true,true]", "{name} {value:?}");
}

/// A request for a WebSocket, or one that could be, with a header as it is.
fn raw_head(query: &str, name: &str, value: &[u8]) -> Vec<u8> {
    let proper = [
        ("host", "here"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let websocket = query == WEBSOCKET;
    let mut head = format!("GET /socket.io/?{query} HTTP/1.1\r\n");
    for (header, value) in proper {
        if header != name && (websocket || header == "host") {
            head += &format!("{header}: {value}\r\n");
        }
    }
    [head.as_bytes(), name.as_bytes(), b": ", value, b"\r\n\r\n"].concat()
}

#[tokio::test]
async fn h017_a_flood_of_headers_is_refused_by_hyper() {
    withstand(realtime(), async |endpoint| {
        let upgrade = WebSocket::request(endpoint.target(WEBSOCKET));
        let with = |request: &Request, count: usize, length: usize| {
            let value = "a".repeat(length);
            (0..count).fold(request.clone(), |request, number| request.header(&format!("x-{number}"), &value))
        };
        for request in [Request::get(endpoint.target(OPEN)), upgrade] {
            for (count, length, refused) in [(50, 1_000, false), (101, 1, true), (2_000, 1, true), (90, 8_000, true)] {
                let mut connection = HttpConnection::open(endpoint.address()).await;
                connection.request(&with(&request, count, length)).await;
                // What is too much may be cut off in the middle.
                let status = connection.response_or_end().await.map(|response| response.status);
                let expected: &[_] = if refused { &[Some(431), None] } else { &[Some(200), Some(101)] };
                assert!(expected.contains(&status), "{count} of {length}: {status:?}");
            }
        }
    })
    .await;
}

/// hyper looks at each byte once: the search for the end goes on where it was.
#[tokio::test]
async fn a50_h017_a_head_may_come_byte_by_byte() {
    withstand(realtime(), async |endpoint| {
        let head =
            format!("GET {} HTTP/1.1\r\nhost: here\r\nx-long: {}\r\n\r\n", endpoint.target(OPEN), "a".repeat(32_768));
        let mut connection = HttpConnection::open(endpoint.address()).await;
        for byte in head.bytes() {
            connection.send([byte]).await;
        }
        assert_eq!(connection.response().await.status, 200);
    })
    .await;
}

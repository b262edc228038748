//! Pages of other origins, and requests that come from elsewhere than they say.

use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::http::HeaderMap;
use pintle::{Ack, ClientError, Socket};
use pintle_tests::{Client, Endpoint, HttpConnection, Polling, Request, Response, WebSocket};

use crate::attack::{ask, leave, withstand};
use crate::scene::realtime;

const OPEN: &str = "EIO=4&transport=polling";
const WEBSOCKET: &str = "EIO=4&transport=websocket";
const EVIL: &str = "https://evil.example";

/// Every kind of request that a page can make.
fn requests(endpoint: Endpoint, session: &Polling) -> [Request; 5] {
    [
        Request::get(endpoint.target(OPEN)),
        Request::get(session.target()),
        Request::post(session.target(), "3"),
        WebSocket::request(endpoint.target(WEBSOCKET)),
        WebSocket::request(endpoint.target(&session.upgrade_query())),
    ]
}

/// Whether a browser would let the page read something of this.
fn is_readable(response: &Response) -> bool {
    response.headers.iter().any(|(name, _)| name.starts_with("access-control-"))
}

#[tokio::test]
async fn a02_h006_h025_no_page_is_told_that_it_may_read() {
    withstand(realtime(), async |endpoint| {
        let session = Polling::open(endpoint).await;
        for request in requests(endpoint, &session) {
            let refused = ask(endpoint, request.header("origin", EVIL)).await;
            assert!(refused.status == 403 && !is_readable(&refused), "{refused:?}");
            assert!(refused.text().starts_with(r#"{"code":4,"#), "{}", refused.text());
            assert!(!refused.text().contains(EVIL), "reflected: {}", refused.text());
        }
        let preflight = Request::new("OPTIONS", endpoint.target(OPEN))
            .header("origin", EVIL)
            .header("access-control-request-method", "POST");
        let refused = ask(endpoint, preflight).await;
        assert!(refused.status == 400 && !is_readable(&refused), "{refused:?}");
        leave(&session).await;
    })
    .await;
}

/// CORS does not protect a WebSocket: the browser sends the visitor's cookies, and lets the page read.
#[tokio::test]
async fn a60_h023_a_page_elsewhere_cannot_use_its_visitors_cookies() {
    withstand(realtime(), async |endpoint| {
        let session = Polling::open(endpoint).await;
        for origin in [EVIL, "null", "http://127.0.0.1.evil.example", "http://localhost.evil.example", "file://"] {
            for request in requests(endpoint, &session) {
                let request = request.header("origin", origin).header("cookie", "session=the visitor's");
                assert_eq!(ask(endpoint, request.clone()).await.status, 403, "{request:?}");
            }
        }
        leave(&session).await;
    })
    .await;
}

#[tokio::test]
async fn h022_an_origin_of_any_form_is_foreign_unless_it_is_the_same() {
    withstand(realtime(), async |endpoint| {
        let long = format!("http://{}", "a".repeat(8_192));
        for origin in [
            "",
            "null",
            "chat.example",
            "http://",
            "http://chat.example.",
            "http://chat.example:81",
            "http://chat.example:",
            "http://chat.example:80:80",
            "http://chat.example@evil.example",
            "http://evil.example#chat.example",
            "http://evil.example/chat.example",
            "http://evil.example?chat.example",
            "http://chat.example, http://evil.example",
            "http://chat.example http://evil.example",
            "http://xn--cht-qla.example",
            "http://chät.example",
            "http://[::1",
            "http://127.0.0.1",
            &long,
        ] {
            for query in [OPEN, WEBSOCKET] {
                let request = WebSocket::request(endpoint.target(query)).header("host", "chat.example");
                let request = if query == OPEN { request.without("upgrade") } else { request };
                let refused = ask(endpoint, request.header("origin", origin)).await;
                assert_eq!(refused.status, 403, "{origin:.60}");
            }
        }
        for (bytes, status) in [(&b"http://chat.example\xff"[..], 403), (b"\x01\x02", 400), (b"http://chat\x00", 400)] {
            let mut connection = HttpConnection::open(endpoint.address()).await;
            let head = format!("GET {} HTTP/1.1\r\nhost: chat.example\r\norigin: ", endpoint.target(OPEN));
            connection.send([head.as_bytes(), bytes, b"\r\n\r\n"].concat()).await;
            assert_eq!(connection.response().await.status, status, "{bytes:?}");
        }
    })
    .await;
}

/// A name of the attacker's that leads here makes its page one of this host: the browser says nothing else. An app that
/// listens where such a name could lead looks at the host.
#[tokio::test]
async fn h024_an_app_that_knows_its_names_turns_rebound_ones_away() {
    let rebound = |endpoint: Endpoint| {
        let request = Request::get(endpoint.target(OPEN));
        ask(endpoint, request.header("host", "attacker.example").header("origin", "http://attacker.example"))
    };
    withstand(realtime(), async move |endpoint| assert_eq!(rebound(endpoint).await.status, 200)).await;

    let known_names = async |headers: HeaderMap| {
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
        if host.starts_with("127.0.0.1:") { Ok(()) } else { Err(ClientError::new("another name, please")) }
    };
    withstand(realtime().allow_request(known_names), async move |endpoint| {
        assert_eq!(rebound(endpoint).await.status, 403);
    })
    .await;
}

/// Who forwards requests is for the app to know. What the headers say is nothing but what the client wrote.
#[tokio::test]
async fn h029_a_forged_address_is_not_believed() {
    let address = async |socket: Socket, ConnectInfo(address): ConnectInfo<SocketAddr>| {
        Ack([address.ip().to_string(), socket.handshake_details().address().to_owned()])
    };
    withstand(realtime().on("address", address), async |endpoint| {
        let request = WebSocket::request(endpoint.target(WEBSOCKET))
            .header("x-forwarded-for", "203.0.113.7")
            .header("x-real-ip", "203.0.113.7")
            .header("forwarded", "for=203.0.113.7");
        let mut client = Client::WebSocket(WebSocket::ask(endpoint, &request).await.expect("a WebSocket"));
        assert!(client.text().await.starts_with('0'));
        client.send("40").await;
        client.connected("").await;
        client.send(r#"420["address"]"#).await;
        assert_eq!(client.text().await, r#"430["127.0.0.1","127.0.0.1"]"#);
    })
    .await;
}

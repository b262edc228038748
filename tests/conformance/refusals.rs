//! Requests that are refused, with exactly the answer that Node gives: clients read it.

use pintle::{SocketIoLayer, TransportKind};
use pintle_tests::{Endpoint, Polling, Request, Response, WebSocket, judging_reference};
use serde_json::json;

use crate::Host;

const UNKNOWN_TRANSPORT: &str = r#"{"code":0,"message":"Transport unknown"}"#;
const UNKNOWN_SESSION: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
const BAD_METHOD: &str = r#"{"code":2,"message":"Bad handshake method"}"#;
const BAD_REQUEST: &str = r#"{"code":3,"message":"Bad request"}"#;
const UNSUPPORTED_PROTOCOL: &str = r#"{"code":5,"message":"Unsupported protocol version"}"#;

#[track_caller]
fn assert_refused(response: &Response, body: &str, what: &str) {
    let content_type = response.header("content-type");
    assert_eq!((response.status, content_type, response.text()), (400, Some("application/json"), body), "{what}");
    // Ours alone.
    assert!(judging_reference() || response.header("x-content-type-options") == Some("nosniff"), "{what}");
}

async fn assert_each_refused(endpoint: Endpoint, method: &str, queries: &[&str], body: &str) {
    for query in queries {
        let request = Request::new(method, endpoint.target(query));
        assert_refused(&request.send(endpoint.address()).await, body, query);
    }
}

/// E-21, H-001, H-003
#[tokio::test]
async fn a_missing_or_unknown_transport() {
    let host = Host::start().await;
    let queries = [
        "",
        "?",
        "&&",
        "EIO",
        "EIO=4",
        "EIO=4&transport",
        "EIO=4&transport=",
        "EIO=4&transport=abc",
        "EIO=4&transport=POLLING",
        "EIO=4&transport=%20polling",
        "EIO=4&transport=polling%00",
        "EIO=4&transport=webtransport",
        "EIO=4&transport=__proto__",
        "EIO=4&transport=constructor",
        // What is wrong first in Node's order is told.
        "transport=abc&sid=abc",
    ];
    for endpoint in host.endpoints() {
        assert_each_refused(endpoint, "GET", &queries, UNKNOWN_TRANSPORT).await;
        assert_each_refused(endpoint, "POST", &queries, UNKNOWN_TRANSPORT).await;
    }
}

/// E-10: what is switched off is as unknown as what never was, and is not offered.
#[tokio::test]
async fn e_10_a_transport_that_is_switched_off_is_unknown() {
    let only = |transport| SocketIoLayer::new().any_origin().transports([transport]);
    let host = Host::bare(only(TransportKind::WebSocket), r#"{"transports":["websocket"]}"#).await;
    assert_each_refused(host.socket_io(), "GET", &["EIO=4&transport=polling"], UNKNOWN_TRANSPORT).await;
    WebSocket::open(host.socket_io()).await.0.assert_open().await;

    let host = Host::bare(only(TransportKind::Polling), r#"{"transports":["polling"]}"#).await;
    let session = Polling::open(host.socket_io()).await;
    assert_eq!(session.handshake()["upgrades"], json!([]));
    session.assert_open().await;
    if judging_reference() {
        // It does not even listen for upgrades then, and cuts the connection.
        return;
    }
    for query in ["EIO=4&transport=websocket", &session.upgrade_query()] {
        let refused = WebSocket::try_connect(host.socket_io(), query).await.expect_err(query);
        assert_eq!((refused.status, refused.text()), (400, "Transport unknown"), "{query}");
    }
    session.assert_open().await;
}

/// E-21: the path alone, without even a question mark.
#[tokio::test]
async fn a_request_without_a_query() {
    let host = Host::start().await;
    for path in ["/engine.io/", "/socket.io/"] {
        let response = Request::get(path).send(host.address()).await;
        assert_refused(&response, UNKNOWN_TRANSPORT, path);
    }
}

/// E-18, E-21, H-002
#[tokio::test]
async fn another_protocol_version() {
    let host = Host::start().await;
    let queries = [
        "transport=polling",
        "EIO=&transport=polling",
        "EIO=0&transport=polling",
        "EIO=3&transport=polling",
        "EIO=5&transport=polling",
        "EIO=04&transport=polling",
        "EIO=4.0&transport=polling",
        "EIO=4%20&transport=polling",
        "EIO=99999999999&transport=polling",
        "eio=4&transport=polling",
    ];
    for endpoint in host.endpoints() {
        assert_each_refused(endpoint, "GET", &queries, UNSUPPORTED_PROTOCOL).await;
    }
}

/// E-21, H-005
#[tokio::test]
async fn a_handshake_that_is_no_get() {
    let host = Host::start().await;
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for endpoint in host.endpoints() {
            // The method is judged before the version.
            let queries = ["EIO=4&transport=polling", "EIO=3&transport=polling", "EIO=4&transport=websocket"];
            assert_each_refused(endpoint, method, &queries, BAD_METHOD).await;
        }
    }
}

/// E-21, H-007
#[tokio::test]
async fn an_unknown_session() {
    let host = Host::start().await;
    let long = format!("EIO=4&transport=polling&sid={}", "a".repeat(4096));
    let queries = [
        "EIO=4&transport=polling&sid=abc",
        "EIO=4&transport=polling&sid=aaaaaaaaaaaaaaaaaaaa",
        "EIO=4&transport=polling&sid=%C3%A9%FF",
        "EIO=4&transport=polling&sid=__proto__",
        "EIO=4&transport=websocket&sid=abc",
        "EIO=3&transport=polling&sid=abc",
        &long,
    ];
    for endpoint in host.endpoints() {
        assert_each_refused(endpoint, "GET", &queries, UNKNOWN_SESSION).await;
        assert_each_refused(endpoint, "POST", &queries, UNKNOWN_SESSION).await;
    }
}

/// E-20, H-012
#[tokio::test]
async fn a_websocket_handshake_that_asks_for_no_upgrade() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let queries = ["EIO=4&transport=websocket", "EIO=3&transport=websocket"];
        assert_each_refused(endpoint, "GET", &queries, BAD_REQUEST).await;
    }
}

/// E-21 (TRANSPORT_MISMATCH)
#[tokio::test]
async fn a_transport_that_is_not_the_sessions() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let other = format!("EIO=4&transport=websocket&sid={}", session.sid());
        assert_each_refused(endpoint, "GET", &[&other], BAD_REQUEST).await;
        assert_each_refused(endpoint, "POST", &[&other], BAD_REQUEST).await;
        session.assert_open().await;

        let (mut socket, open) = WebSocket::open(endpoint).await;
        let other = format!("EIO=4&transport=polling&sid={}", open["sid"].as_str().expect("an id"));
        assert_each_refused(endpoint, "GET", &[&other], BAD_REQUEST).await;
        assert_each_refused(endpoint, "POST", &[&other], BAD_REQUEST).await;
        socket.assert_open().await;
    }
}

/// E-21 (PROTOCOL_MISMATCH), H-027
#[tokio::test]
async fn a_protocol_version_that_is_not_the_sessions() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let other = format!("EIO=3&transport=polling&sid={}", session.sid());
        let missing = format!("transport=polling&sid={}", session.sid());
        assert_each_refused(endpoint, "GET", &[&other, &missing], BAD_REQUEST).await;
        assert_each_refused(endpoint, "POST", &[&other, &missing], BAD_REQUEST).await;
        session.assert_open().await;
    }
}

/// E-25, H-067
#[tokio::test]
async fn a_method_that_says_nothing_to_a_session() {
    let host = Host::start().await;
    // Its `/socket.io/` answers OPTIONS for CORS, which is another layer's business here.
    let endpoint = host.engine_io();
    let session = Polling::open(endpoint).await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let response = Request::new(method, session.target()).send(endpoint.address()).await;
        assert_eq!((response.status, response.text()), (500, ""), "{method}");
    }
    session.assert_open().await;
}

/// E-25: only CORS would have an answer to it, and that is not here.
#[tokio::test]
async fn e_25_options_without_a_session_is_a_bad_method() {
    let host = Host::start().await;
    assert_each_refused(host.engine_io(), "OPTIONS", &["EIO=4&transport=polling"], BAD_METHOD).await;
}

/// E-22: browsers do not show the body, people who debug do.
#[tokio::test]
async fn e_22_a_refused_websocket_is_told_so_in_plain_text() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let query = "EIO=4&transport=websocket&sid=abc";
        let response = WebSocket::try_connect(endpoint, query).await.expect_err(query);
        assert_eq!((response.status, response.text()), (400, "Session ID unknown"));
        assert!(response.header("content-type").expect("a type").starts_with("text/html"));
        assert_eq!(response.header("content-length"), Some("18"));
        assert!(response.header("connection").expect("its end").eq_ignore_ascii_case("close"));
    }
}

/// E-22: what is wrong is refused before there is a WebSocket.
#[tokio::test]
async fn websocket_requests_are_judged_as_all_others() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        for (query, message) in [
            ("EIO=4", "Transport unknown"),
            ("EIO=4&transport=abc", "Transport unknown"),
            ("EIO=4&transport=websocket&sid=abc", "Session ID unknown"),
        ] {
            let response = WebSocket::try_connect(endpoint, query).await.expect_err(query);
            assert_eq!(response.status, 400, "{query}");
            assert!(response.text().contains(message), "{query}: {}", response.text());
        }
    }
}

/// E-23, E-27, H-013: Node agrees first and closes then.
#[tokio::test]
async fn websockets_without_a_session_to_have_do_not_live() {
    let host = Host::start().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        let polling = format!("EIO=4&transport=polling&sid={}", session.sid());
        for query in ["EIO=3&transport=websocket", "transport=websocket", "EIO=4&transport=polling", &polling] {
            match WebSocket::try_connect(endpoint, query).await {
                Err(response) => assert_eq!(response.status, 400, "{query}"),
                Ok(mut socket) => {
                    assert!(judging_reference(), "{query}: refused in time");
                    socket.closed().await;
                }
            }
        }
        session.assert_open().await;
    }
}

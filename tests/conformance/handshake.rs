//! Opening a session.

use std::collections::HashSet;

use pintle_tests::{Endpoint, Polling, Request, WebSocket};
use serde_json::{Value, json};

use crate::Host;

/// What the open packet says besides the id.
fn assert_handshake(mut open: Value, upgrades: &Value) {
    let sid = open["sid"].take();
    let sid = sid.as_str().expect("an id");
    assert_eq!(sid.len(), 20, "{sid}");
    assert!(sid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{sid}");
    let expected = json!({
        "sid": null,
        "upgrades": upgrades,
        "pingInterval": 300,
        "pingTimeout": 200,
        "maxPayload": 1_000_000,
    });
    // Equality also says that there is no other key.
    assert_eq!(open, expected);
}

async fn get(endpoint: Endpoint, query: &str) -> pintle_tests::Response {
    Request::get(endpoint.target(query)).send(endpoint.address()).await
}

/// E-29, E-30
#[tokio::test]
async fn polling_opens_a_session() {
    let host = Host::hasty().await;
    for endpoint in host.endpoints() {
        let session = Polling::open(endpoint).await;
        assert_handshake(session.handshake().clone(), &json!(["websocket"]));
        session.assert_open().await;
    }
}

/// E-29, E-30
#[tokio::test]
async fn websocket_opens_a_session() {
    let host = Host::hasty().await;
    for endpoint in host.endpoints() {
        let (mut socket, open) = WebSocket::open(endpoint).await;
        assert_handshake(open, &json!([]));
        socket.assert_open().await;
    }
}

/// E-29, E-41
#[tokio::test]
async fn the_open_packet_is_written_as_node_writes_it() {
    let host = Host::hasty().await;
    for endpoint in host.endpoints() {
        let response = get(endpoint, "EIO=4&transport=polling").await;
        let length = response.body.len().to_string();
        assert_eq!(response.status, 200);
        assert_eq!(response.header("content-type"), Some("text/plain; charset=UTF-8"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("content-length"), Some(&*length));
        assert_eq!(response.header("set-cookie"), None);
        let body = response.text();
        assert!(body.starts_with(r#"0{"sid":""#), "{body}");
        assert!(
            body.ends_with(r#"","upgrades":["websocket"],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}"#),
            "{body}"
        );
    }
}

/// E-30
#[tokio::test]
async fn every_session_has_an_id_of_its_own() {
    let host = Host::hasty().await;
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let polling = Polling::open(host.engine_io()).await;
        let (_socket, websocket) = WebSocket::open(host.engine_io()).await;
        assert!(seen.insert(polling.sid().to_owned()));
        assert!(seen.insert(websocket["sid"].as_str().expect("an id").to_owned()));
    }
}

/// E-31: the first response is the open packet alone, though there is more to say by then.
#[tokio::test]
async fn e_31_what_the_server_says_at_once_comes_with_the_second_request() {
    let host = Host::start().await;
    let response = get(host.welcoming(), "EIO=4&transport=polling").await;
    assert!(!response.text().contains('\u{1e}'), "{}", response.text());
    let session = Polling::open(host.welcoming()).await;
    assert_eq!(session.poll().await, ["4welcome"]);
    let (mut socket, _) = WebSocket::open(host.welcoming()).await;
    assert_eq!(socket.text().await, "4welcome");
}

/// E-20, H-009: the query is read as browsers write it, in any order and among other parameters.
#[tokio::test]
async fn the_query_may_be_written_in_any_way() {
    let host = Host::hasty().await;
    for endpoint in host.endpoints() {
        for query in [
            "transport=polling&EIO=4",
            "EIO=4&transport=polling&t=abc&b64=",
            "EIO=4&transport=poll%69ng",
            "&&EIO=4&&transport=polling&",
            "EIO=4&transport=polling&token=%zz%ff%00",
        ] {
            assert_eq!(get(endpoint, query).await.status, 200, "{query}");
        }
    }
}

/// E-20: an empty id is none.
#[tokio::test]
async fn an_empty_session_id_opens_a_session() {
    let host = Host::hasty().await;
    for endpoint in host.endpoints() {
        assert_eq!(get(endpoint, "EIO=4&transport=polling&sid=").await.status, 200);
    }
}

/// H-019: the body of a handshake means nothing, and nobody waits for it.
#[tokio::test]
async fn a_handshake_may_announce_a_body() {
    let host = Host::hasty().await;
    for endpoint in host.endpoints() {
        let request = Request::get(endpoint.target("EIO=4&transport=polling")).header("content-length", "1000000000");
        assert_eq!(request.send(endpoint.address()).await.status, 200);
    }
}

/// H-010: Node takes no more than 16 KiB of headers.
#[tokio::test]
async fn a_query_may_be_long() {
    let host = Host::hasty().await;
    for endpoint in host.endpoints() {
        for more in ["x".repeat(8_000), "a[]=1&".repeat(1_300)] {
            assert_eq!(get(endpoint, &format!("EIO=4&{more}&transport=polling")).await.status, 200);
        }
    }
}

/// E-20, H-008
#[tokio::test]
async fn the_last_of_several_parameters_counts() {
    let host = Host::hasty().await;
    for endpoint in host.endpoints() {
        assert_eq!(get(endpoint, "EIO=3&EIO=4&transport=abc&transport=polling").await.status, 200);
        assert_eq!(get(endpoint, "EIO=4&EIO=3&transport=polling").await.status, 400);
    }
}

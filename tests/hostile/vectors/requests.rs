//! Requests that open sessions, and those that do not.

use pintle_tests::vectors::{Input, SID, Vector, Verdict};
use pintle_tests::{Endpoint, HttpConnection, Polling, Request, WebSocket, split};
use serde_json::Value;

use super::cut::Cut;
use super::wire::send;

pub(super) async fn judge(endpoint: Endpoint, vector: &Vector, cut: Cut) {
    let Input::Request { method, query, websocket, headers } = &vector.input else {
        unreachable!("it is no request");
    };
    let session = match query.contains(SID) {
        true => Some(Polling::open(endpoint).await),
        false => None,
    };
    let target = endpoint.target(&query.replace(SID, session.as_ref().map_or("", Polling::sid)));
    let mut request = if *websocket { WebSocket::request(target).method(method) } else { Request::new(method, target) };
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut connection = HttpConnection::open(endpoint.address()).await;
    send(&mut connection, cut, &request.encode(endpoint.address())).await;
    let response = connection.response().await;
    match &vector.verdict {
        Verdict::Refuse { status, body } => assert_eq!((response.status, response.text()), (*status, &**body)),
        Verdict::Opens if *websocket => {
            assert_eq!(response.status, 101);
            assert_eq!(response.header("sec-websocket-extensions"), None);
        }
        Verdict::Opens => {
            assert_eq!(response.status, 200, "{}", response.text());
            leave(endpoint, response.text()).await;
        }
        other => unreachable!("a request has no such verdict: {other:?}"),
    }
    if let Some(session) = session {
        session.assert_open().await;
        session.push("1").await;
    }
}

/// Ends the session that a response has opened.
async fn leave(endpoint: Endpoint, response: &str) {
    let open = split(response).next().and_then(|open| serde_json::from_str::<Value>(open.strip_prefix('0')?).ok());
    let open = open.expect("an open packet first");
    let sid = open["sid"].as_str().expect("a session id");
    let target = endpoint.target(&format!("EIO=4&transport=polling&sid={sid}"));
    assert_eq!(Request::post(target, "1").send(endpoint.address()).await.status, 200);
}

//! The cookies of a client: axum's `HeaderMap` in the handler of an event.

use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use pintle::{Ack, SocketIoLayer};
use pintle_tests::{Request, TestServer, split};

use crate::hears_over_each_transport;

pub(crate) async fn theme(headers: HeaderMap) -> Ack<String> {
    Ack(cookie(&headers, "theme").unwrap_or("light").to_owned())
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

fn app() -> Router {
    Router::new().layer(SocketIoLayer::new().on("theme", theme))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_reads_the_cookies_of_the_handshake_on_either_transport() {
    let server = TestServer::start(app()).await;
    let expected = [
        (r#"{ "cookie": "session=abc; theme=dark" }"#, "dark"),
        (r#"{ "cookie": "my-theme=dark" }"#, "light"),
        ("{}", "light"),
    ];
    for (headers, theme) in expected {
        hears_over_each_transport(server.address(), headers, "theme", theme).await;
    }
}

/// A session is whose opened it: cookies that change later are those of its next session.
#[tokio::test]
async fn cookies_of_later_requests_change_nothing() {
    let server = TestServer::start(app()).await;
    let (address, endpoint) = (server.address(), server.socket_io());
    let opened = Request::get(endpoint.target("EIO=4&transport=polling")).header("cookie", "theme=dark");
    let opened = opened.send(address).await;
    let sid = opened.text().split('"').nth(3).expect("a session id").to_owned();
    let target = endpoint.target(&format!("EIO=4&transport=polling&sid={sid}"));
    let later = |request: Request| request.header("cookie", "theme=light");

    let pushed = later(Request::post(&target, "40\u{1e}420[\"theme\"]")).send(address).await;
    assert_eq!(pushed.status, 200);
    let mut packets = Vec::new();
    while packets.len() < 2 {
        let polled = later(Request::get(&target)).send(address).await;
        assert_eq!(polled.status, 200);
        packets.extend(split(polled.text()));
    }
    assert_eq!(packets[1], r#"430["dark"]"#);
}

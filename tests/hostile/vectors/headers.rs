//! The head of a request for a WebSocket.

use pintle_tests::{Endpoint, HttpConnection, Opcode, Polling, WebSocket, encode_frame};

use super::mirror::{Departures, mirror};
use crate::scene::Scene;

/// The head of a correct request, but for what asks for a WebSocket and what the test adds.
const BEGINNING: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: localhost\r\n";
const VERSION_AND_KEY: &str = "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// The status of the answer to a request with these lines in it.
async fn status(endpoint: Endpoint, lines: &str) -> u16 {
    let mut connection = HttpConnection::open(endpoint.address()).await;
    // The server may refuse it before it has all.
    let _ = connection.try_send(format!("{BEGINNING}{VERSION_AND_KEY}{lines}\r\n")).await;
    connection.response().await.status
}

#[tokio::test]
async fn a34_a_request_with_more_headers_than_are_counted_is_refused() {
    let scene = Scene::set(mirror(Departures::default())).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let many = |count: usize| (0..count).map(|number| format!("x-{number}: y\r\n")).collect::<String>();
        let ask = "connection: Upgrade\r\nupgrade: websocket\r\n";
        for (lines, expected) in [
            (ask.to_owned(), 101),
            (format!("{}{ask}", many(90)), 101),
            // As many as hyper counts, wherever the upgrade stands.
            (format!("{}{ask}", many(101)), 431),
            (format!("{ask}{}", many(101)), 431),
            (format!("{}{ask}", many(2000)), 431),
            // Without it, it is a GET that contradicts its own query.
            ("connection: Upgrade\r\n".to_owned(), 400),
            ("upgrade: websocket\r\n".to_owned(), 400),
            ("connection: keep-alive\r\nupgrade: websocket\r\n".to_owned(), 400),
            ("connection: Upgrade\r\nupgrade: h2c\r\n".to_owned(), 400),
            ("connection: Upgrade\r\nupgrade: WebSocket\r\n".to_owned(), 101),
            ("connection: keep-alive, Upgrade\r\nupgrade: websocket\r\n".to_owned(), 101),
        ] {
            let begin = &lines[..lines.len().min(60)];
            assert_eq!(status(endpoint, &lines).await, expected, "{begin:?}, {} bytes", lines.len());
        }
        // Whichever of several is meant, it ends well or with a refusal.
        for lines in [
            "upgrade: websocket\r\nupgrade: websocket\r\n",
            "upgrade: websocket, h2c\r\n",
            "upgrade: h2c, websocket\r\n",
        ] {
            let status = status(endpoint, &format!("connection: Upgrade\r\n{lines}")).await;
            assert!([101, 400].contains(&status), "{lines:?}: {status}");
        }
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn h085b_what_comes_with_the_request_is_heard() {
    let scene = Scene::set(mirror(Departures::default())).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let early = ["40", r#"42["x"]"#].map(|packet| encode_frame(true, Opcode::Text, packet.as_bytes())).concat();
        let request = WebSocket::request(endpoint.target("EIO=4&transport=websocket"));
        let mut socket = WebSocket::ask_and_send(endpoint, &request, &early).await.expect("a WebSocket");
        assert!(socket.text().await.starts_with("0{"));
        assert!(socket.text().await.starts_with("40{"));
        assert_eq!(socket.text().await, r#"42["heard","x",[]]"#);
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn a06_bytes_behind_a_request_end_the_websocket_that_they_belong_to() {
    let scene = Scene::set(mirror(Departures::default())).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let request = WebSocket::request(endpoint.target("EIO=4&transport=websocket"));
        let mut socket = WebSocket::ask_and_send(endpoint, &request, b"test").await.expect("a WebSocket");
        assert_eq!(socket.closed().await, Some(1002));
        // One that would take over a session leaves it alone.
        let session = Polling::open(endpoint).await;
        let request = WebSocket::request(endpoint.target(&session.upgrade_query()));
        let mut socket = WebSocket::ask_and_send(endpoint, &request, b"test").await.expect("a WebSocket");
        assert_eq!(socket.closed().await, Some(1002));
        session.assert_open().await;
        session.push("1").await;
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

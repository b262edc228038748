//! Clients that want too much: of connections, of time, of memory.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use pintle::{Ack, Args, Auth, DisconnectReason, Socket, SocketIoLayer};
use pintle_tests::{Endpoint, Opcode, Polling, Request, Response, WebSocket, encode_frame, eventually, within};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::scene::{Scene, realtime};

const POLL: &str = "EIO=4&transport=polling";

async fn handshake(endpoint: Endpoint) -> Response {
    Request::get(endpoint.target(POLL)).send(endpoint.address()).await
}

#[tokio::test]
async fn h020_a_flood_of_handshakes_is_turned_away_and_who_is_there_stays() {
    let scene = Scene::set(realtime().max_sessions(50)).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let mut refused = 0;
        for _ in 0..500 {
            let response = handshake(endpoint).await;
            if response.status == 503 {
                assert_eq!(response.header("retry-after"), Some("5"));
                assert_eq!(response.header("content-type"), Some("application/json"));
                assert_eq!(response.text(), r#"{"code":4,"message":"Too many sessions"}"#);
                refused += 1;
            }
        }
        refused
    };
    let refused = scene.elsewhere.run(attack).await;
    assert!(refused >= 500 - 2 * 50, "{refused}");
    // They never poll, so they do not stay.
    eventually("room again", || scene.io.engine().clients_count() == 1).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn h029_one_address_gets_its_share_whatever_it_says_of_itself() {
    let layer = SocketIoLayer::new().max_sessions_per_address(2);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let endpoint = Endpoint::new(listener.local_addr().expect("a bound listener"), "/socket.io/");
    let app = Router::new().layer(layer).into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move { axum::serve(listener, app).await });
    let (mut first, _) = WebSocket::open(endpoint).await;
    let second = Polling::open(endpoint).await;
    for forwarded in ["192.0.2.1", "192.0.2.2"] {
        let request = Request::get(endpoint.target(POLL)).header("x-forwarded-for", forwarded);
        assert_eq!(request.send(endpoint.address()).await.status, 503);
    }
    first.send("1").await;
    within("the place of who left", async { while handshake(endpoint).await.status != 200 {} }).await;
    second.assert_open().await;
    serving.abort();
}

#[tokio::test]
async fn h150_who_does_not_read_is_closed_while_the_others_hear_everything() {
    let reasons = Arc::<Mutex<Vec<DisconnectReason>>>::default();
    let noted = reasons.clone();
    let note = move |reason: DisconnectReason| {
        noted.lock().expect("no panic").push(reason);
        std::future::ready(())
    };
    let join = async |socket: Socket, Auth(auth): Auth<Value>| match auth["deaf"].as_bool() {
        Some(true) => socket.join("deaf"),
        _ => Ok(()),
    };
    let scene = Scene::set(realtime().on_connect(join).on_disconnect(note)).await;
    let endpoint = scene.endpoint();
    let deaf = async move {
        let (mut socket, _) = WebSocket::open(endpoint).await;
        socket.send(r#"40{"deaf":true}"#).await;
        socket
    };
    let deaf = scene.elsewhere.run(deaf).await;
    let message = Bytes::from(vec![b'x'; 500_000]);
    eventually("the end of the one that does not read", || {
        scene.io.to("deaf").emit("news", message.clone()).expect("what can be written");
        !reasons.lock().expect("no panic").is_empty()
    })
    .await;
    assert_eq!(*reasons.lock().expect("no panic"), [DisconnectReason::Overflow]);
    drop(deaf);
    scene.unharmed().await;
}

async fn echo(args: Args) -> Ack<Args> {
    Ack(args)
}

#[tokio::test]
async fn h159_a_flood_of_questions_is_not_read_from_who_does_not_read_the_answers() {
    let handled = Arc::<AtomicUsize>::default();
    let counted = handled.clone();
    let echo = move |args: Args| {
        counted.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ack(args))
    };
    let short = Duration::from_millis(500);
    let scene = Scene::set(realtime().on("echo", echo).write_timeout(short).farewell_timeout(short)).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let (mut socket, _) = WebSocket::open(endpoint).await;
        socket.send("40").await;
        let question = encode_frame(true, Opcode::Text, format!(r#"427["echo","{}"]"#, "x".repeat(1000)).as_bytes());
        let questions = question.repeat(1000);
        while socket.try_send_raw(&questions).await.is_ok() {}
    };
    within("its end", scene.elsewhere.run(attack)).await;
    // The buffers of the operating system hold some forty megabytes of answers at the most.
    let handled = handled.load(Ordering::Relaxed);
    assert!(handled < 60_000, "{handled} questions were answered");
    scene.unharmed().await;
}

#[tokio::test]
async fn a32_extensions_that_are_none_are_not_agreed_to() {
    let scene = Scene::set(realtime()).await;
    let endpoint = scene.endpoint();
    let commas = ",".repeat(16_000);
    let attack = async move {
        for extensions in ["constructor", "; ; ;", "a;b=\"", &commas, "\u{e9}\u{301}", "permessage-deflate;;=", ""] {
            let request = WebSocket::request(endpoint.target("EIO=4&transport=websocket"))
                .header("sec-websocket-extensions", extensions);
            // It asserts that none was agreed to.
            let mut socket = WebSocket::ask(endpoint, &request).await.expect("a WebSocket");
            socket.assert_open().await;
        }
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn a33_a_subprotocol_full_of_spaces_takes_no_time() {
    let scene = Scene::set(realtime()).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        for protocol in [format!("b{}x", " ".repeat(50_000)), format!("{}x", " ,".repeat(25_000)), ",".repeat(50_000)] {
            let request = WebSocket::request(endpoint.target("EIO=4&transport=websocket"))
                .header("sec-websocket-protocol", &protocol);
            let mut socket = WebSocket::ask(endpoint, &request).await.expect("a WebSocket");
            socket.assert_open().await;
        }
    };
    // Anything quadratic would take minutes.
    within("an answer", scene.elsewhere.run(attack)).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn a34_too_many_headers_and_upgrades_of_any_kind_are_answered() {
    let scene = Scene::set(realtime()).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let ask = |change: fn(Request) -> Request| {
            let request = change(WebSocket::request(endpoint.target("EIO=4&transport=websocket")));
            async move { WebSocket::ask(endpoint, &request).await.map_or_else(|refused| refused.status, |_| 101) }
        };
        let with_headers = |mut request: Request, headers: usize| {
            for number in 0..headers {
                request = request.header(&format!("x-{number}"), "1");
            }
            request
        };
        for (headers, expected) in [(90, 101), (101, 431), (2000, 431)] {
            let request = with_headers(WebSocket::request(endpoint.target("EIO=4&transport=websocket")), headers);
            let answered = WebSocket::ask(endpoint, &request).await.map_or_else(|refused| refused.status, |_| 101);
            assert_eq!(answered, expected, "{headers} headers");
        }
        assert_eq!(ask(|request| request.without("upgrade").header("upgrade", "websocket")).await, 101, "the last");
        assert_eq!(ask(|request| request.header("upgrade", "WebSocket")).await, 101);
        assert_eq!(ask(|request| request.header("upgrade", "websocket, h2c")).await, 101);
        assert_eq!(ask(|request| request.without("upgrade")).await, 400);
        assert_eq!(ask(|request| request.header("upgrade", "h2c")).await, 400);
        assert_eq!(ask(|request| request.header("Upgrade", "")).await, 400);
    };
    scene.elsewhere.run(attack).await;
    scene.unharmed().await;
}

#[tokio::test]
async fn a35_a_large_frame_may_come_byte_by_byte_and_costs_what_it_holds() {
    let scene = Scene::set(realtime().max_payload(100_000).on("echo", echo)).await;
    let endpoint = scene.endpoint();
    let attack = async move {
        let (mut socket, _) = WebSocket::open(endpoint).await;
        socket.send("40").await;
        assert!(socket.text().await.starts_with("40{"));
        let text = "x".repeat(99_980);
        let frame = encode_frame(true, Opcode::Text, format!(r#"427["echo","{text}"]"#).as_bytes());
        for byte in &frame {
            socket.send_raw(&[*byte]).await;
        }
        loop {
            match &*socket.text().await {
                "2" => socket.send("3").await,
                answer => break assert!(answer == format!(r#"437["{text}"]"#)),
            }
        }
    };
    // Anything quadratic would take minutes.
    within("an answer", scene.elsewhere.run(attack)).await;
    scene.unharmed().await;
}

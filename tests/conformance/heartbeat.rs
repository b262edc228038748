//! The heartbeat: the server asks, the client answers. Every 300 ms, within 200 ms.

use std::time::{Duration, Instant};

use pintle_tests::{Client, Opcode, Polling, Transport, WebSocket, encode_frame, within};

use crate::Host;

const INTERVAL: Duration = Duration::from_millis(300);
const TIMEOUT: Duration = Duration::from_millis(200);
/// What the clocks of client and server may differ by: the client reads its clock a little later.
const SLACK: Duration = Duration::from_millis(20);

/// E-51
#[tokio::test]
async fn the_server_asks_each_interval_over_polling() {
    let host = Host::hasty().await;
    let session = Polling::open(host.engine_io()).await;
    for _ in 0..3 {
        let asked = Instant::now();
        assert_eq!(session.poll().await, ["2"]);
        assert!(asked.elapsed() + SLACK >= INTERVAL, "{:?}", asked.elapsed());
        session.push("3").await;
    }
}

/// E-51
#[tokio::test]
async fn the_server_asks_each_interval_over_a_websocket() {
    let host = Host::hasty().await;
    let (mut socket, _) = WebSocket::open(host.engine_io()).await;
    for _ in 0..3 {
        let asked = Instant::now();
        assert_eq!(socket.text().await, "2");
        assert!(asked.elapsed() + SLACK >= INTERVAL, "{:?}", asked.elapsed());
        socket.send("3").await;
    }
}

/// E-51, H-048
#[tokio::test]
async fn no_answer_ends_a_polling_session_that_waits() {
    let host = Host::hasty().await;
    let opened = Instant::now();
    let session = Polling::open(host.engine_io()).await;
    assert_eq!(session.poll().await, ["2"]);
    assert_eq!(session.poll().await, ["1"]);
    assert!(opened.elapsed() + SLACK >= INTERVAL + TIMEOUT, "{:?}", opened.elapsed());
    session.assert_gone().await;
}

/// E-51
#[tokio::test]
async fn no_answer_ends_a_websocket_session() {
    let host = Host::hasty().await;
    let opened = Instant::now();
    let (mut socket, _) = WebSocket::open(host.engine_io()).await;
    assert_eq!(socket.text().await, "2");
    let frame = socket.frame().await.expect("a close frame");
    assert!(frame.close().is_some(), "{frame:?}");
    assert!(opened.elapsed() + SLACK >= INTERVAL + TIMEOUT, "{:?}", opened.elapsed());
}

/// E-51: a client that polls no more cannot be asked, and yet it is gone.
#[tokio::test]
async fn silence_ends_a_polling_session_without_a_pending_get() {
    let host = Host::hasty().await;
    let opened = Instant::now();
    let session = Polling::open(host.engine_io()).await;
    session.vanished().await;
    assert!(opened.elapsed() + SLACK >= INTERVAL + TIMEOUT, "{:?}", opened.elapsed());
}

/// E-51, H-083: neither Engine.IO's messages nor the WebSocket's own pings count as an answer.
#[tokio::test]
async fn other_traffic_is_no_answer() {
    let host = Host::hasty().await;
    for (opcode, payload) in [(Opcode::Text, "4still busy"), (Opcode::Ping, "still busy")] {
        let (mut socket, _) = WebSocket::open(host.engine_io()).await;
        let frame = encode_frame(true, opcode, payload.as_bytes());
        within("the server to close", async {
            // Each is answered, so that this goes as fast as the server can.
            while socket.try_send_raw(&frame).await.is_ok() {
                let answer = socket.frame().await;
                if answer.is_none_or(|answer| answer.close().is_some()) {
                    break;
                }
            }
        })
        .await;
    }
}

/// E-51, H-055
#[tokio::test]
async fn a_client_that_asks_is_turned_away() {
    let host = Host::hasty().await;
    for packet in ["2", "2probe"] {
        for transport in Transport::BOTH {
            let mut client = Client::open(host.engine_io(), transport).await;
            client.offend(packet).await;
            client.closed().await;
        }
    }
}

/// E-51
#[tokio::test]
async fn an_answer_that_nobody_asked_for_does_no_harm() {
    let host = Host::hasty().await;
    for transport in Transport::BOTH {
        let mut client = Client::open(host.engine_io(), transport).await;
        for _ in 0..5 {
            client.send("3").await;
        }
        client.send("4still here").await;
        assert_eq!(client.text().await, "4still here");
    }
}
